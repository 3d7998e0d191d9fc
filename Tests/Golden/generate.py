"""Golden files: inputs and results of PyTorch in float64, small enough to commit.

    python generate.py            writes <case>/<name>.npy and MANIFEST.json beside this script
    python generate.py --check    compares the files with MANIFEST.json; needs no PyTorch

Inputs, learning rates and the like are float32 numbers kept in float64, so that a float32 device
starts from the same ones; everything is computed in float64. Weights are stored [in, out],
y = x W + b, the transpose of torch.nn.Linear's.
"""

import hashlib
import json
import os
import shutil
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
MANIFEST = os.path.join(FOLDER, "MANIFEST.json")
SEED = 20180
LIMIT = 64 * 1024


def stored():
    """Relative path -> SHA-256 of every array below this folder."""
    found = {}
    for case in sorted(os.listdir(FOLDER)):
        folder = os.path.join(FOLDER, case)
        if os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as file:
                    found[f"{case}/{name}"] = hashlib.sha256(file.read()).hexdigest()
    return found


if "--check" in sys.argv[1:]:
    with open(MANIFEST) as manifest:
        expected = json.load(manifest)["sha256"]
    found = stored()
    wrong = sorted(k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k))
    for name in wrong:
        print(f"{name}: differs from MANIFEST.json")
    print(f"{len(found)} files, {len(wrong)} differences")
    sys.exit(1 if wrong else 0)

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def save(case, **arrays):
    folder = os.path.join(FOLDER, case)
    os.makedirs(folder, exist_ok=True)
    for name, value in arrays.items():
        if isinstance(value, torch.Tensor):
            value = value.detach().numpy()
        value = np.atleast_1d(np.asarray(value, order="C"))
        if value.dtype not in (np.float64, np.float32, np.int32, np.int64):
            raise TypeError(f"{case}/{name}: {value.dtype}")
        path = os.path.join(folder, name.replace("__", ".") + ".npy")
        np.save(path, np.ascontiguousarray(value))
        if os.path.getsize(path) > LIMIT:
            raise ValueError(f"{path}: {os.path.getsize(path)} bytes, at most {LIMIT}")


def generator(case):
    """One stream a case, so that adding a case leaves the others as they are."""
    stream = int(hashlib.sha256(case.encode()).hexdigest()[:6], 16)
    return torch.Generator().manual_seed(SEED + stream)


def single(value):
    """The nearest float32."""
    if isinstance(value, torch.Tensor):
        return value.float().double()
    return float(np.float32(value))


def normal(g, *shape, scale=1.0):
    return single(torch.randn(*shape, generator=g) * scale)


def uniform(g, *shape, low=0.0, high=1.0):
    return single(low + (high - low) * torch.rand(*shape, generator=g))


def adam(parameters, rate, decay=0.0):
    return torch.optim.Adam(
        parameters, lr=single(rate), betas=(single(0.9), single(0.999)), eps=single(1e-8),
        weight_decay=single(decay))


def away_from_kink(*values):
    """Float32 must not fall on the other side of a relu."""
    for value in values:
        assert value.abs().min() > 1e-4, value.abs().min()


ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


def reader():
    """The four element types, for the reader of these files."""
    save("npy", float64=np.array([[1.5, -np.inf, 1e-300], [0.1, 2.0, -3.0]]),
         float32=np.array([0.1, -2.5], np.float32), int32=np.array([-(2**31), 2**31 - 1], np.int32),
         int64=np.array([[[-(2**53)]], [[2**53]]], np.int64))


def dense():
    for name, activation in ACTIVATIONS.items():
        case = f"dense-{name}"
        g = generator(case)
        x = normal(g, 7, 5).requires_grad_()
        w = normal(g, 5, 9, scale=0.5).requires_grad_()
        b = normal(g, 9, scale=0.3).requires_grad_()
        dy = normal(g, 7, 9)
        before = x @ w + b
        away_from_kink(before)
        y = activation(before)
        dx, dw, db = torch.autograd.grad(y, (x, w, b), dy)
        save(case, x=x, weight=w, bias=b, y=y, dy=dy, dx=dx, dweight=dw, dbias=db)


def linear(parameters, name, x):
    return x @ parameters[f"{name}.weight"] + parameters[f"{name}.bias"]


def mlp():
    g = generator("mlp")
    widths, activations = (6, 10, 7, 4), ("relu", "relu", "tanh")
    parameters = {}
    for i in range(3):
        parameters[f"{i}.weight"] = normal(g, widths[i], widths[i + 1], scale=0.5)
        parameters[f"{i}.bias"] = normal(g, widths[i + 1], scale=0.2)
    x = normal(g, 8, 6).requires_grad_()
    for p in parameters.values():
        p.requires_grad_()
    y = x
    for i, name in enumerate(activations):
        before = linear(parameters, str(i), y)
        away_from_kink(before)
        y = ACTIVATIONS[name](before)
    dy = normal(g, 8, 4)
    gradients = torch.autograd.grad(y, [x, *parameters.values()], dy)
    save("mlp", x=x, y=y, dy=dy, dx=gradients[0], **parameters,
         **{f"d{name}": d for name, d in zip(parameters, gradients[1:])})


def embedding():
    """Row 3 five times, row 0 twice, rows 1 and 5 never."""
    g = generator("embedding")
    table = normal(g, 7, 5).requires_grad_()
    index = torch.tensor([3, 0, 3, 6, 3, 2, 0, 3, 4, 3, 6])
    dy = normal(g, len(index), 5)
    y = F.embedding(index, table)
    (dtable,) = torch.autograd.grad(y, table, dy)
    save("embedding", table=table, index=index.int(), y=y, dy=dy, dtable=dtable)


def optimizers():
    steps = 3
    for case, make in {
        "adam": lambda p: adam(p, 1e-3),
        "adam-decay": lambda p: adam(p, 1e-3, 1e-3),
        "sgd": lambda p: torch.optim.SGD(p, lr=single(0.05)),
        "sgd-momentum": lambda p: torch.optim.SGD(
            p, lr=single(0.05), momentum=single(0.9), weight_decay=single(1e-3)),
    }.items():
        g = generator(case)
        p = torch.nn.Parameter(normal(g, 50))
        optimizer = make([p])
        arrays = dict(p0=p.detach().clone())
        for step in range(1, steps + 1):
            # Magnitudes from 1e-6 to 1: where epsilon counts and where it does not.
            p.grad = single(normal(g, 50) * 10.0 ** -uniform(g, 50, high=6.0))
            arrays[f"g{step}"] = p.grad.clone()
            optimizer.step()
            arrays[f"p{step}"] = p.detach().clone()
        state = optimizer.state[p]
        if case.startswith("adam"):
            arrays |= dict(m=state["exp_avg"], v=state["exp_avg_sq"])
        elif case == "sgd-momentum":
            arrays["velocity"] = state["momentum_buffer"]
        save(case, **arrays)


def clipping():
    for case, scale in {"clip": 3.0, "clip-inactive": 0.01}.items():
        g = generator(case)
        p = torch.nn.Parameter(torch.zeros(40))
        p.grad = normal(g, 40, scale=scale)
        before = p.grad.clone()
        norm = torch.nn.utils.clip_grad_norm_([p], 1.0)
        assert (norm > 1) == (case == "clip")
        save(case, g=before, squaredNorm=norm**2, maximum=1.0, clipped=p.grad)


def point_losses():
    """loss = mean(weights * l(prediction, target)); dprediction is of scale * loss."""
    kinds = {
        "mse": lambda p, y: (p - y) ** 2,
        "huber": lambda p, y: F.huber_loss(p, y, reduction="none", delta=single(1.3)),
        "bce": lambda p, y: F.binary_cross_entropy_with_logits(p, y, reduction="none"),
    }
    for kind, loss in kinds.items():
        for weighted in (False, True):
            case = f"loss-{kind}" + ("-weighted" if weighted else "")
            g = generator(case)
            p = normal(g, 23, scale=2.0)
            y = uniform(g, 23) if kind == "bce" else normal(g, 23)
            if kind == "bce":
                p[:4] = torch.tensor([60.0, -60.0, 0.0, 30.0])
                y[:4] = torch.tensor([0.0, 1.0, 1.0, 1.0])
            if kind == "huber":
                inside = ((p - y).abs() < 1.3).sum()
                assert 3 < inside < 20
            p.requires_grad_()
            arrays = {}
            weights = 1.0
            if weighted:
                weights = arrays["weights"] = uniform(g, 23, low=0.1, high=1.1)
            scale = single(torch.tensor([1.7]))
            value = (weights * loss(p, y)).mean()
            (dp,) = torch.autograd.grad(value * scale, p)
            save(case, prediction=p, target=y, loss=value, scale=scale, dprediction=dp, **arrays)


def softmax_losses():
    for case, masked in {"softmax": False, "softmax-masked": True}.items():
        g = generator(case)
        logits = normal(g, 6, 11, scale=3.0)
        logits[1] = single(logits[1] + 500.0)
        target = torch.randint(11, (6,), generator=g)
        if masked:
            hidden = torch.rand(6, 11, generator=g) < 0.4
            hidden[torch.arange(6), target] = False
            hidden[4] = True
            hidden[4, target[4]] = False  # one item left: probability 1
            logits[hidden] = -torch.inf
        logits.requires_grad_()
        value = F.cross_entropy(logits, target)
        scale = single(torch.tensor([0.6]))
        (dlogits,) = torch.autograd.grad(value * scale, logits)
        assert not dlogits.isnan().any()
        save(case, logits=logits, target=target.int(), loss=value, scale=scale, dlogits=dlogits,
             logNormalizer=torch.logsumexp(logits, 1), softmax=torch.softmax(logits, 1))


def pool(weights, index, users, items):
    """DRR-ave: s = [u ; u * m ; m], m = sum_j w_j h_j. A negative index is a row of zeros."""

    def rows(table, index):
        return table[index.clamp_min(0)] * (index >= 0)[..., None]

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


def ddpg():
    """Three updates of DDPG over DRR-ave (Lillicrap et al. 2016, algorithm 1; Liu et al. 2018)."""
    g = generator("ddpg update")
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
    critic_parameters = list(networks["critic"].values())
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
            y = reward + gamma * going_on * critic(networks["targetCritic"], s2, a2)
        s = state("pooling", index)
        q = critic(networks["critic"], s.detach(), action)
        critic_loss = (weights * (q - y) ** 2).mean()
        critic_optimizer.zero_grad()
        critic_loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(critic_parameters, clip)
        assert norm > 1.2, norm
        critic_optimizer.step()

        actor_loss = -critic(networks["critic"], s.detach(), actor(networks["actor"], s)).mean()
        actor_optimizer.zero_grad()
        actor_loss.backward()
        dpooling = actor_parameters[0].grad.clone()
        actor_optimizer.step()

        with torch.no_grad():
            for name in ("pooling", "actor", "critic"):
                target = networks["target" + name[0].upper() + name[1:]]
                for key, value in networks[name].items():
                    target[key].mul_(1 - tau).add_(tau * value)
        batch_arrays = dict(
            index=index.int(), nextIndex=next_index.int(), action=action, reward=reward,
            notTerminated=going_on, weights=weights, q=q, y=y, absoluteTD=(q - y).abs(),
            criticLoss=critic_loss, criticGradientNorm=norm, actorLoss=actor_loss,
            dpooling=dpooling)
        arrays |= {f"{update}.{name}": value.detach() for name, value in batch_arrays.items()}
    assert 0 < sum(arrays[f"{u}.notTerminated"].sum() for u in range(updates)) < updates * batch
    save("ddpg", **arrays, **named("final"))


def main():
    for case in filter(os.path.isdir, (os.path.join(FOLDER, e) for e in os.listdir(FOLDER))):
        shutil.rmtree(case)
    for write in (reader, dense, mlp, embedding, optimizers, clipping, point_losses,
                  softmax_losses, pooling, ddpg):
        write()
    manifest = dict(torch=torch.__version__, numpy=np.__version__, seed=SEED, sha256=stored())
    with open(MANIFEST, "w") as file:
        json.dump(manifest, file, indent=1)
        file.write("\n")
    print(f"{len(manifest['sha256'])} files")


main()
