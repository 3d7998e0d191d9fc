"""What every golden case is made with."""

import hashlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


SEED = 20180
# What the module at work has saved: "<case>/<name>" -> array.
arrays = {}


def save(case, **values):
    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            value = value.detach().numpy()
        value = np.ascontiguousarray(np.atleast_1d(value))
        if value.dtype not in (np.float64, np.int32):
            raise TypeError(f"{case}/{name}: {value.dtype}")
        arrays[f"{case}/{name}"] = value


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


def linear(parameters, name, x):
    return x @ parameters[f"{name}.weight"] + parameters[f"{name}.bias"]
