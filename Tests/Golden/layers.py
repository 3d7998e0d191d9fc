"""Layers, losses and an optimizer, one at a time."""

import torch
import torch.nn.functional as F

from support import (ACTIVATIONS, adam, away_from_kink, generator, linear, normal, save, single,
                     uniform)


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


def recurrent():
    """Two layers over unequal lengths, from a state; weights are stored transposed."""
    for case, kind in {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.items():
        g = generator(case)
        b, t, e, h = 4, 6, 5, 7
        layers = kind(e, h, num_layers=2, batch_first=True)
        for p in layers.parameters():
            p.data = normal(g, *p.shape, scale=0.5)
        lengths = torch.tensor([4, 6, 1, 3])
        x = normal(g, b, t, e).requires_grad_()
        states = [normal(g, 2, b, h, scale=0.5).requires_grad_()
                  for _ in range(2 if case == "lstm" else 1)]
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False)
        y, last = layers(packed, tuple(states) if case == "lstm" else states[0])
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=t)
        last = torch.cat(last, 2) if case == "lstm" else last
        dy, dlast = normal(g, *y.shape), normal(g, *last.shape)
        named = dict(layers.named_parameters())
        gradients = torch.autograd.grad(
            (y, last), [x, *states, *named.values()], (dy, dlast))
        names = {"weight_ih": "inputWeight", "weight_hh": "hiddenWeight", "bias_ih": "inputBias",
                 "bias_hh": "hiddenBias"}
        arrays = {}
        for (name, p), d in zip(named.items(), gradients[1 + len(states):]):
            name = f"{name[-1]}.{names[name[:-3]]}"
            arrays[name], arrays[f"d{name}"] = p.t(), d.t()
        save(case, x=x, lengths=lengths.int(), initial=torch.cat(states, 2), y=y, last=last,
             dy=dy, dlast=dlast, dx=gradients[0],
             dinitial=torch.cat(gradients[1:1 + len(states)], 2), **arrays)


def embedding():
    """Row 3 five times, row 0 twice, rows 1 and 5 never."""
    g = generator("embedding")
    table = normal(g, 7, 5).requires_grad_()
    index = torch.tensor([3, 0, 3, 6, 3, 2, 0, 3, 4, 3, 6])
    dy = normal(g, len(index), 5)
    y = F.embedding(index, table)
    (dtable,) = torch.autograd.grad(y, table, dy)
    save("embedding", table=table, index=index.int(), y=y, dy=dy, dtable=dtable)


def optimizer():
    steps = 3
    for case, decay in {"adam": 0.0, "adam-decay": 1e-3}.items():
        g = generator(case)
        p = torch.nn.Parameter(normal(g, 50))
        optimizer = adam([p], 1e-3, decay)
        arrays = dict(p0=p.detach().clone())
        for step in range(1, steps + 1):
            # Magnitudes from 1e-6 to 1: where epsilon counts and where it does not.
            p.grad = single(normal(g, 50) * 10.0 ** -uniform(g, 50, high=6.0))
            arrays[f"g{step}"] = p.grad.clone()
            optimizer.step()
            arrays[f"p{step}"] = p.detach().clone()
        state = optimizer.state[p]
        save(case, m=state["exp_avg"], v=state["exp_avg_sq"], **arrays)


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


def lists():
    """Rows of a table scored by actions, padded by -1, the last item of each list an end; the
    cross-entropy of what was chosen, weighted by rewards of either sign."""
    g = generator("list")
    table = normal(g, 8, 5).requires_grad_()
    action = normal(g, 6, 5).requires_grad_()
    rows = torch.tensor([[3, 0, 5, 7], [1, 2, 7, -1], [6, 7, -1, -1], [0, 3, 3, 7],
                         [7, -1, -1, -1], [4, 5, 1, 7]])
    target = torch.tensor([3, 0, 1, 2, 0, 1])
    weights = torch.tensor([1.75, -0.5, 2.0, 0.0, 1.25, 1.5])
    scores = torch.einsum("be,bce->bc", action, table[rows.clamp(min=0)])
    scores = scores.masked_fill(rows < 0, -torch.inf)
    loss = (weights * F.cross_entropy(scores, target, reduction="none")).mean()
    scale = single(torch.tensor([1.3]))
    dtable, daction = torch.autograd.grad(loss * scale, (table, action))
    assert not dtable.isnan().any() and not daction.isnan().any()
    save("list", table=table, action=action, rows=rows.int(), target=target.int(), weights=weights,
         scores=scores, loss=loss, scale=scale, dtable=dtable, daction=daction)


def expectation():
    g = generator("expectation")
    scores = normal(g, 5, 6, scale=2.0)
    scores[torch.rand(5, 6, generator=g) < 0.3] = -torch.inf
    scores[:, 2] = 0.5
    scores.requires_grad_()
    values = normal(g, 5, 6).requires_grad_()
    temperature = single(torch.tensor([0.7]))
    y = (torch.softmax(scores / temperature, 1) * values).sum(1)
    dy = normal(g, 5)
    dscores, dvalues = torch.autograd.grad(y, (scores, values), dy)
    save("expectation", scores=scores, values=values, temperature=temperature, y=y, dy=dy,
         dscores=dscores, dvalues=dvalues)


def step_mean():
    """The mean output of an LSTM over unequal lengths; weights are stored transposed."""
    g = generator("step-mean")
    b, t, e, h = 4, 6, 5, 7
    layer = torch.nn.LSTM(e, h, batch_first=True)
    for p in layer.parameters():
        p.data = normal(g, *p.shape, scale=0.5)
    lengths = torch.tensor([4, 6, 1, 3])
    x = normal(g, b, t, e).requires_grad_()
    y, _ = layer(x)
    y = torch.stack([row[:n].mean(0) for row, n in zip(y, lengths)])
    dy = normal(g, b, h)
    named = {"inputWeight": layer.weight_ih_l0, "hiddenWeight": layer.weight_hh_l0,
             "inputBias": layer.bias_ih_l0, "hiddenBias": layer.bias_hh_l0}
    gradients = torch.autograd.grad(y, [x, *named.values()], dy)
    arrays = {name: p.t() for name, p in named.items()}
    arrays |= {f"d{name}": d.t() for name, d in zip(named, gradients[1:])}
    save("step-mean", x=x, lengths=lengths.int(), y=y, dy=dy, dx=gradients[0], **arrays)


CASES = (dense, mlp, recurrent, embedding, optimizer, point_losses, softmax_losses, lists,
         expectation, step_mean)
