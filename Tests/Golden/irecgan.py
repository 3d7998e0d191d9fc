"""The losses of IRecGAN's three networks, a session at a time, with the gradient of every weight."""

import torch
import torch.nn.functional as F

from support import generator, normal, save, single, uniform

ITEMS, WIDTH, UNITS, LIST = 6, 4, 5, 3
END = ITEMS
# What was shown at each step of every session; nothing at its start.
SHOWN = [[], [3, 0, 5], [1, 2], [4, 0, 3]]
# Clicks, and whether the session was left; else it was cut off.
SESSIONS = [([1, 0, 2, 4], False), ([2, 3], True), ([5], True), ([0, 5, 1], True),
            ([4, 0, 1, 3], True)]


def network(g, name, inputs, layers=1):
    """Item vectors and an LSTM; the parameters by name, those of the LSTM as it has them."""
    lstm = torch.nn.LSTM(inputs, UNITS, num_layers=layers)
    parameters = {f"{name}.items": normal(g, ITEMS + 1, WIDTH).requires_grad_()}
    names = {"weight_ih": "inputWeight", "weight_hh": "hiddenWeight", "bias_ih": "inputBias",
             "bias_hh": "hiddenBias"}
    for key, p in lstm.named_parameters():
        p.data = normal(g, *p.shape, scale=0.5)
        parameters[f"{name}.lstm.{key[-1]}.{names[key[:-3]]}"] = p
    return parameters, parameters[f"{name}.items"], lstm


def dense(g, parameters, name, inputs, outputs):
    """Weights [outputs, inputs], as PyTorch has them."""
    parameters[f"{name}.weight"] = normal(g, outputs, inputs, scale=0.5).requires_grad_()
    parameters[f"{name}.bias"] = normal(g, outputs, scale=0.3).requires_grad_()
    return lambda x: F.linear(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])


def save_network(case, parameters, loss, **arrays):
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    for (name, p), d in zip(parameters.items(), gradients):
        d = torch.zeros_like(p) if d is None else d
        transposed = p.dim() == 2 and not name.endswith("items")
        arrays[name] = p.t() if transposed else p
        arrays["d" + name] = d.t() if transposed else d
    save(case, loss=loss, **arrays)


def training(g):
    """Rewards and q_D of steps, as the sessions' steps follow one another."""
    steps = sum(len(clicks) for clicks, _ in SESSIONS)
    rewards = (torch.rand(steps, generator=g) < 0.5).double()
    # Sixteenths, of which every return is a float32 number too.
    return dict(rewards=rewards, realness=torch.round(16 * uniform(g, steps)) / 16)


def user():
    g = generator("irecgan-user")
    parameters, items, lstm = network(g, "user", WIDTH, layers=2)
    click = dense(g, parameters, "user.click", UNITS, WIDTH)
    reward = dense(g, parameters, "user.reward", UNITS, WIDTH)
    given = training(g)
    clicked, rewarded, start = [], [], 0
    for clicks, ended in SESSIONS:
        states, _ = lstm(items[torch.tensor(clicks)])

        def likelihood(state, shown, choice):
            shown = shown + [END]
            logits = items[torch.tensor(shown)] @ click(state) / 2
            return torch.log_softmax(logits, 0)[shown.index(choice)]

        for step in range(1, len(clicks)):
            # U's gradient has q_D(τ_0:t) of the step alone.
            weight, r = given["realness"][start + step], given["rewards"][start + step]
            clicked.append(-weight * likelihood(states[step - 1], SHOWN[step], clicks[step]))
            logit = items[clicks[step]] @ reward(states[step - 1])
            rewarded.append(weight * (2 if r > 0.5 else 1)
                            * F.binary_cross_entropy_with_logits(logit, r))
        if ended:
            shown = SHOWN[min(len(clicks), len(SHOWN) - 1)]
            q = given["realness"][start + len(clicks) - 1]
            clicked.append(-q * likelihood(states[-1], shown, END))
        start += len(clicks)
    loss = torch.stack(clicked).mean() + 0.75 * torch.stack(rewarded).mean()
    save_network("irecgan-user", parameters, loss, **given)


def agent():
    for case, critic in {"irecgan-agent": False, "irecgan-agent-value": True}.items():
        g = generator(case)
        parameters, items, lstm = network(g, "agent", WIDTH)
        output = dense(g, parameters, "agent.output", UNITS, ITEMS)
        value = dense(g, parameters, "agent.value", UNITS, 1)
        given = training(g)
        terms, start = [], 0
        for clicks, _ in SESSIONS:
            states, _ = lstm(items[torch.tensor(clicks)])
            for step in range(1, len(clicks)):
                # Σ_t′≥t γ^(t′−t) q_D(τ_0:t′)(1 + λ_r r_t′), λ_r 3 and γ 0.5.
                weight = sum(0.5 ** (later - step) * given["realness"][start + later]
                             * (1 + 3 * given["rewards"][start + later])
                             for later in range(step, len(clicks)))
                term = -torch.log_softmax(output(states[step - 1]), 0)[clicks[step]]
                if critic:
                    v = value(states[step - 1])[0]
                    term = (weight - v.detach()) * term + 0.5 * (v - weight) ** 2
                else:
                    term = weight * term
                terms.append(term)
            start += len(clicks)
        save_network(case, parameters, torch.stack(terms).mean(), **given)


def discriminator():
    sessions = [([1, 0, 2, 4], [[], [3, 0, 5], [1, 2], [4, 0, 3]]), ([2, 3], [[], [3, 1, 5]]),
                ([5], [[]]), ([0, 5, 1], [[], [5], [2, 1, 0]])]
    labels = torch.tensor([0.75, 0.25, 0.25, 0.75])
    for form in ("lists", "listless", "expectation"):
        case = f"irecgan-discriminator-{form}"
        g = generator(case)
        inputs = {"lists": WIDTH + 2 + 1, "listless": WIDTH + 1, "expectation": WIDTH}[form]
        parameters, items, lstm = network(g, "discriminator", inputs)
        if form == "lists":
            listed = dense(g, parameters, "discriminator.list", LIST * WIDTH, 2)
        output = dense(g, parameters, "discriminator.output", UNITS,
                       WIDTH if form == "expectation" else 1)
        if form == "expectation":
            match = dense(g, parameters, "discriminator.match", WIDTH, WIDTH)
            gain = dense(g, parameters, "discriminator.reward", 1, 1)
        rewards = [(torch.rand(len(clicks), generator=g) < 0.5).double() for clicks, _ in sessions]
        temperature = single(0.1)
        logits = []
        for (clicks, lists), earned in zip(sessions, rewards):
            x = items[torch.tensor(clicks)]
            if form == "expectation":
                states, _ = lstm(x)
                scores = []
                for step, shown in enumerate(lists):
                    if not shown:
                        scores.append(torch.zeros(()))
                        continue
                    e = items[torch.tensor(shown)]
                    before = states[step - 1] if step > 0 else torch.zeros(UNITS)
                    expected = torch.softmax(e @ output(before) / temperature, 0) @ e
                    scores.append((expected @ match(x[step])) * (gain(earned[step:step + 1])[0] + 1))
                logits.append(torch.stack(scores).mean())
                continue
            parts = [x]
            if form == "lists":
                vectors = [torch.cat([items[torch.tensor(shown)].flatten() if shown
                                      else torch.zeros(0),
                                      torch.zeros((LIST - len(shown)) * WIDTH)])
                           for shown in lists]
                parts.append(listed(torch.stack(vectors)))
            parts.append(earned[:, None])
            states, _ = lstm(torch.cat(parts, 1))
            logits.append(output(states.mean(0))[0])
        logits = torch.stack(logits)
        loss = F.binary_cross_entropy_with_logits(logits, labels)
        save_network(case, parameters, loss, logits=logits, labels=labels,
                     rewards=torch.nn.utils.rnn.pad_sequence(rewards, batch_first=True))


CASES = (user, agent, discriminator)
