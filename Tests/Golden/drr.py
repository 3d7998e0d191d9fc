"""The states of DRR and whole updates of its training."""

import torch

from support import adam, away_from_kink, generator, linear, normal, save, single, uniform


def rows(table, index):
    """A negative index is a row of zeros."""
    return table[index.clamp_min(0)] * (index >= 0)[..., None]


def pool(weights, index, users, items):
    """DRR-ave: s = [u ; u * m ; m], m = sum_j w_j h_j."""
    u, h = rows(users, index[:, 0]), rows(items, index[:, 1:])
    m = torch.einsum("bnk,n->bk", h, weights)
    return torch.cat((u, u * m, m), 1)


def pooling():
    for case, missing in {"pooling": False, "pooling-missing": True}.items():
        g = generator(case)
        users, items = normal(g, 7, 6), normal(g, 11, 6)
        user = torch.randint(7, (9, 1), generator=g)
        index = torch.cat((user, torch.randint(11, (9, 5), generator=g)), 1)
        if missing:
            index[2, 1], index[5, 3:], index[7, 1:], index[8, 0] = -1, -1, -1, -1
        weights = normal(g, 5).requires_grad_()
        state = pool(weights, index, users, items)
        dstate = normal(g, 9, 18)
        (dweights,) = torch.autograd.grad(state, weights, dstate)
        save(case, users=users, items=items, index=index.int(), weights=weights, state=state,
             dstate=dstate, dweights=dweights)


def multiply(weights, index, users, items):
    """DRR-p, and DRR-u where there are users."""
    h = rows(items, index[:, 1:])
    weighted = h * weights[None, :, None]
    first, second = torch.triu_indices(len(weights), len(weights), 1)
    parts = [h, weighted[:, first] * weighted[:, second]]
    if users is not None:
        parts.append(rows(users, index[:, 0])[:, None] * weighted)
    return torch.cat([part.flatten(1) for part in parts], 1)


def attend(p, index, users, items):
    """DRR-att: the history pooled by the softmax of a score of [u ; h_j], the missing left out."""
    u, h = rows(users, index[:, 0]), rows(items, index[:, 1:])
    x = torch.cat((u[:, None].expand_as(h), h), 2)
    before = linear(p, "0", x)
    away_from_kink(before)
    logits = linear(p, "1", torch.relu(before))[..., 0]
    mass = logits.exp() * (index[:, 1:] >= 0)
    attention = mass / mass.sum(1, keepdim=True).clamp_min(1e-300)
    m = torch.einsum("bnk,bn->bk", h, attention)
    return torch.cat((u, u * m, m), 1)


def read(p, index, users, items, rewards=None):
    """DRR-gru: the history by a GRU, oldest item first, beside the user; each item with its reward
    where there are rewards."""
    u, history = rows(users, index[:, 0]), rows(items, index[:, 1:])
    if rewards is not None:
        history = torch.cat((history, rewards[..., None]), 2)
    h = torch.zeros_like(u)
    for x in history.unbind(1):
        i = (x @ p["0.inputWeight"] + p["0.inputBias"]).chunk(3, 1)
        j = (h @ p["0.hiddenWeight"] + p["0.hiddenBias"]).chunk(3, 1)
        r, z = torch.sigmoid(i[0] + j[0]), torch.sigmoid(i[1] + j[1])
        h = (1 - z) * torch.tanh(i[2] + r * j[2]) + z * h
    return torch.cat((u, h), 1)


def states():
    """Every state module over histories some of whose items, or all, are missing."""
    k, n, batch = 6, 4, 9
    modules = {
        "p": lambda p, index, users, items: multiply(p["weights"], index, None, items),
        "u": lambda p, index, users, items: multiply(p["weights"], index, users, items),
        "ave": lambda p, index, users, items: pool(p["weights"], index, users, items),
        "att": attend,
        "gru": read,
        "gru-rewards": lambda p, index, users, items: read(p, index, users, items, rewards),
        "items": lambda p, index, users, items: pool(p["weights"], index, users, items)[:, 2 * k:],
    }
    for name, module in modules.items():
        g = generator(f"state-{name}")
        users, items = normal(g, 7, k), normal(g, 11, k)
        index = torch.cat(
            (torch.randint(7, (batch, 1), generator=g), torch.randint(11, (batch, n), generator=g)),
            1)
        index[2, 1], index[5, 3:], index[7, 1:], index[8, 0] = -1, -1, -1, -1
        rewards = None
        if name == "gru-rewards":
            rewards = uniform(g, batch, n, low=-1.0) * (index[:, 1:] >= 0)
        if name == "att":
            p = {
                "0.weight": normal(g, 2 * k, k, scale=0.6), "0.bias": normal(g, k, scale=0.3),
                "1.weight": normal(g, k, 1), "1.bias": normal(g, 1, scale=0.3),
            }
        elif name.startswith("gru"):
            p = {
                "0.inputWeight": normal(g, k if rewards is None else k + 1, 3 * k, scale=0.5),
                "0.hiddenWeight": normal(g, k, 3 * k, scale=0.5),
                "0.inputBias": normal(g, 3 * k, scale=0.3),
                "0.hiddenBias": normal(g, 3 * k, scale=0.3),
            }
        else:
            p = {"weights": normal(g, n)}
        for value in p.values():
            value.requires_grad_()
        state = module(p, index, users, items)
        dstate = normal(g, *state.shape)
        gradients = torch.autograd.grad(state, list(p.values()), dstate)
        save(f"state-{name}", users=users, items=items, index=index.int(), state=state,
             dstate=dstate, **p, **{f"d{key}": d for key, d in zip(p, gradients)},
             **({} if rewards is None else {"rewards": rewards}))


def ddpg():
    """Three updates of DDPG over DRR-ave (Lillicrap et al. 2016, algorithm 1; Liu et al. 2018)."""
    train("ddpg", "ddpg update")


def td3():
    """The same with twin critics, smoothed target actions and an actor that learns at every second
    update (Fujimoto et al. 2018, algorithm 1)."""
    train("td3", "td3 golden", twin=True, noise_clip=single(0.3), delay=2)


def train(case, stream, twin=False, noise_clip=None, delay=1):
    g = generator(stream)
    k, n, users_count, items_count, hidden, batch, updates = 6, 3, 7, 11, 5, 8, 3
    gamma, tau, clip = single(0.9), single(0.001), 1.0
    users, items = normal(g, users_count, k, scale=0.8), normal(g, items_count, k, scale=0.8)
    wide = k + hidden
    actor_widths = [(3 * k, hidden), (hidden, hidden), (hidden, k)]
    critic_widths = [(3 * k, hidden), (wide, wide), (wide, wide), (wide, 1)]

    def layers(widths):
        parameters = {}
        for i, (inputs, outputs) in enumerate(widths):
            parameters[f"{i}.weight"] = normal(g, inputs, outputs, scale=1.2 / inputs**0.5)
            parameters[f"{i}.bias"] = normal(g, outputs, scale=0.2)
        return parameters

    networks = {}
    for pooling_name, name in (("pooling", "actor"), ("targetPooling", "targetActor")):
        networks[pooling_name] = {"": uniform(g, n, low=0.2, high=1.2)}
        networks[name] = layers(actor_widths)
    for name in ("critic", "targetCritic"):
        networks[name] = layers(critic_widths)
    critics = ["critic"]
    if twin:
        critics.append("criticTwin")
        for name in ("criticTwin", "targetCriticTwin"):
            networks[name] = layers(critic_widths)

    def named(stage):
        return {
            f"{stage}.{network}" + (f".{name}" if name else ""): value.detach().clone()
            for network, parameters in networks.items()
            for name, value in parameters.items()
        }

    def actor(p, s):
        for i in range(2):
            before = linear(p, str(i), s)
            away_from_kink(before)
            s = torch.relu(before)
        return torch.tanh(linear(p, "2", s))

    def critic(p, s, a):
        before = linear(p, "0", s)
        away_from_kink(before)
        x = torch.cat((a, torch.relu(before)), 1)
        for i in (1, 2):
            before = linear(p, str(i), x)
            away_from_kink(before)
            x = torch.relu(before)
        return linear(p, "3", x)[:, 0]

    def state(name, index):
        return pool(networks[name][""], index, users, items)

    arrays = dict(users=users, items=items) | named("initial")
    actor_parameters = [networks["pooling"][""], *networks["actor"].values()]
    critic_parameters = [p for name in critics for p in networks[name].values()]
    for p in actor_parameters + critic_parameters:
        p.requires_grad_()
    actor_optimizer = adam(actor_parameters, 5e-4, 1e-3)
    critic_optimizer = adam(critic_parameters, 1e-3, 1e-3)

    for update in range(updates):
        user = torch.randint(users_count, (batch, 1), generator=g)
        history = torch.randint(items_count, (batch, n + 1), generator=g)
        index = torch.cat((user, history[:, :-1]), 1)
        next_index = torch.cat((user, history[:, 1:]), 1)
        action = single(normal(g, batch, k, scale=0.5).tanh())
        reward = uniform(g, batch, low=-1.0, high=3.0)
        going_on = (torch.rand(batch, generator=g) < 0.7).double()
        weights = uniform(g, batch, low=0.3)

        with torch.no_grad():
            s2 = state("targetPooling", next_index)
            a2 = actor(networks["targetActor"], s2)
            noise = {}
            if noise_clip is not None:
                drawn = normal(g, batch, k, scale=0.3)
                assert (drawn.abs() > noise_clip).any()
                noise = dict(noise=drawn)
                a2 = (a2 + drawn.clamp(-noise_clip, noise_clip)).clamp(-1, 1)
            next_values = [
                critic(networks["target" + name[0].upper() + name[1:]], s2, a2) for name in critics]
            if twin:
                assert (next_values[0] < next_values[1]).any()
                assert (next_values[1] < next_values[0]).any()
            y = reward + gamma * going_on * torch.stack(next_values).min(0).values
        s = state("pooling", index)
        q = critic(networks["critic"], s.detach(), action)
        critic_loss = (weights * (q - y) ** 2).mean()
        if twin:
            q_twin = critic(networks["criticTwin"], s.detach(), action)
            critic_loss = critic_loss + (weights * (q_twin - y) ** 2).mean()
        critic_optimizer.zero_grad()
        critic_loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(critic_parameters, clip)
        assert norm > 1.2, norm
        critic_optimizer.step()

        learned = {}
        if (update + 1) % delay == 0:
            actor_loss = -critic(networks["critic"], s.detach(), actor(networks["actor"], s)).mean()
            actor_optimizer.zero_grad()
            actor_loss.backward()
            dpooling = actor_parameters[0].grad.clone()
            actor_optimizer.step()

            with torch.no_grad():
                for name in ("pooling", "actor", *critics):
                    target = networks["target" + name[0].upper() + name[1:]]
                    for key, value in networks[name].items():
                        target[key].mul_(1 - tau).add_(tau * value)
            learned = dict(actorLoss=actor_loss, dpooling=dpooling)

        batch_arrays = dict(
            index=index.int(), nextIndex=next_index.int(), action=action, reward=reward,
            notTerminated=going_on, weights=weights, q=q, y=y, absoluteTD=(q - y).abs(),
            criticLoss=critic_loss, criticGradientNorm=norm, **noise, **learned)
        arrays |= {f"{update}.{name}": value.detach() for name, value in batch_arrays.items()}
    assert 0 < sum(arrays[f"{u}.notTerminated"].sum() for u in range(updates)) < updates * batch
    save(case, **arrays, **named("final"))


CASES = (pooling, states, ddpg, td3)
