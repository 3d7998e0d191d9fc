"""Whole updates of deep Q-learning and of a softmax policy."""

import torch
import torch.nn.functional as F

from support import adam, away_from_kink, generator, linear, normal, save, single, uniform

STATES, FEATURES, HIDDEN, WIDTH, ACTIONS, BATCH, UPDATES = 7, 6, 5, 4, 9, 8, 3


def layers(g, parameters, name, widths):
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        parameters[f"{name}.{i}.weight"] = normal(g, inputs, outputs, scale=1.2 / inputs**0.5)
        parameters[f"{name}.{i}.bias"] = normal(g, outputs, scale=0.2)


def apply(parameters, name, x, count):
    for i in range(count):
        x = linear(parameters, f"{name}.{i}", x)
        if i < count - 1:
            away_from_kink(x)
            x = torch.relu(x)
    return x


def named(stage, networks):
    return {f"{stage}.{network}.{name}": value.detach().clone()
            for network, parameters in networks.items() for name, value in parameters.items()}


def dqn():
    """Double and duelling (van Hasselt et al. 2016; Wang et al. 2016), and neither of them with the
    conservative term (Kumar et al. 2020)."""
    for case, double, duelling, conservatism in [("dqn", True, True, 0.0),
                                                 ("dqn-plain", False, False, 0.5)]:
        g = generator(case + " 1")
        gamma, tau, clip = single(0.9), single(0.01), single(0.3)
        table = normal(g, STATES, FEATURES)
        networks = {"network": {}, "target": {}}
        for parameters in networks.values():
            layers(g, parameters, "q", [FEATURES, HIDDEN, HIDDEN, WIDTH])
            parameters["q.actions"] = normal(g, ACTIONS, WIDTH)
            if duelling:
                layers(g, parameters, "q.value", [FEATURES, HIDDEN, 1])
        for value in networks["network"].values():
            value.requires_grad_()
        optimizer = adam(list(networks["network"].values()), 1e-3)

        def advantages(p, s):
            return apply(p, "q", s, 3) @ p["q.actions"].t()

        def values(p, s):
            a = advantages(p, s)
            return a + apply(p, "q.value", s, 2) - single(1 / ACTIONS) * a.sum(1, keepdim=True) \
                if duelling else a

        arrays = dict(table=table) | named("initial", networks)
        for update in range(UPDATES):
            state = torch.randint(STATES, (BATCH,), generator=g)
            following = torch.randint(STATES, (BATCH,), generator=g)
            action = torch.randint(ACTIONS, (BATCH,), generator=g)
            reward = uniform(g, BATCH, low=-3.0, high=3.0)
            going_on = (torch.rand(BATCH, generator=g) < 0.7).double()
            weights = uniform(g, BATCH, low=0.3)
            with torch.no_grad():
                ahead = values(networks["target"], table[following])
                chooser = values(networks["network"], table[following]) if double else ahead
                best = chooser.argmax(1)
                top = chooser.topk(2, 1).values
                assert (top[:, 0] - top[:, 1]).min() > 1e-3
                y = reward + gamma * going_on * ahead.gather(1, best[:, None])[:, 0]
            q = values(networks["network"], table[state]).gather(1, action[:, None])[:, 0]
            loss = (weights * F.huber_loss(q, y, reduction="none")).mean()
            if conservatism:
                loss = loss + conservatism * F.cross_entropy(
                    advantages(networks["network"], table[state]), action)
            optimizer.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(list(networks["network"].values()), clip)
            assert norm > 1.2 * clip, norm
            optimizer.step()
            with torch.no_grad():
                for name, value in networks["network"].items():
                    networks["target"][name].mul_(1 - tau).add_(tau * value)
            found = dict(state=state.int(), next=following.int(), action=action.int(),
                         reward=reward, notTerminated=going_on, weights=weights, loss=loss)
            arrays |= {f"{update}.{name}": value.detach() for name, value in found.items()}
        save(case, **arrays, **named("final", networks))


def policy_gradient():
    """A softmax policy's update with a learned value, an entropy bonus, and from a log with the
    off-policy and top-K corrections (Chen et al. 2019)."""
    g = generator("policy-gradient 1")
    cap, top_k, entropy_weight, value_weight = single(1.2), 4, single(0.05), single(0.5)
    table = normal(g, STATES, FEATURES)
    networks = {"policy": {}, "behaviour": {}}
    layers(g, networks["policy"], "policy", [FEATURES, HIDDEN, HIDDEN, WIDTH])
    networks["policy"]["policy.actions"] = normal(g, ACTIONS, WIDTH)
    layers(g, networks["policy"], "policy.value", [FEATURES, HIDDEN, 1])
    layers(g, networks["behaviour"], "behaviour", [FEATURES, HIDDEN, WIDTH])
    networks["behaviour"]["behaviour.actions"] = normal(g, ACTIONS, WIDTH)
    for parameters in networks.values():
        for value in parameters.values():
            value.requires_grad_()
    optimizers = {name: adam(list(p.values()), 1e-3) for name, p in networks.items()}
    arrays = dict(table=table) | named("initial", networks)
    for update in range(UPDATES):
        state = torch.randint(STATES, (BATCH,), generator=g)
        action = torch.randint(ACTIONS, (BATCH,), generator=g)
        returns = uniform(g, BATCH, low=-2.0, high=3.0)
        weights = (torch.rand(BATCH, generator=g) < 0.8).double()
        s = table[state]
        logits = apply(networks["policy"], "policy", s, 3) @ networks["policy"]["policy.actions"].t()
        value = apply(networks["policy"], "policy.value", s, 2)[:, 0]
        behaviour = (apply(networks["behaviour"], "behaviour", s, 2)
                     @ networks["behaviour"]["behaviour.actions"].t())
        chosen = F.log_softmax(logits, 1).gather(1, action[:, None])[:, 0]
        with torch.no_grad():
            pi = chosen.exp()
            ratio = pi / F.softmax(behaviour, 1).gather(1, action[:, None])[:, 0]
            assert (ratio > cap).any() and (ratio < cap).any()
            advantage = (returns - value) * weights * ratio.clamp(max=cap) \
                * top_k * (1 - pi) ** (top_k - 1)
        entropy = -(F.softmax(logits, 1) * F.log_softmax(logits, 1)).sum(1)
        policy_loss = -(advantage * chosen).mean()
        value_loss = (weights * (value - returns) ** 2).mean()
        loss = policy_loss + value_weight * value_loss - entropy_weight * (weights * entropy).mean()
        behaviour_loss = F.cross_entropy(behaviour, action)
        for name, part in (("policy", loss), ("behaviour", behaviour_loss)):
            optimizers[name].zero_grad()
            part.backward()
        torch.nn.utils.clip_grad_norm_(list(networks["policy"].values()), 10)
        for optimizer in optimizers.values():
            optimizer.step()
        found = dict(state=state.int(), action=action.int(), returns=returns, weights=weights,
                     policyLoss=policy_loss, valueLoss=value_loss)
        arrays |= {f"{update}.{name}": value.detach() for name, value in found.items()}
    save("policy-gradient", **arrays, **named("final", networks))


CASES = (dqn, policy_gradient)
