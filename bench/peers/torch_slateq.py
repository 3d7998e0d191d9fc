"""PyTorch's SlateQ by regression. Install: pip install torch

    python torch_slateq.py --threads 1 --rounds 5

An update: steps out of a ring, drawn evenly; the squared error of the value of what was chosen, the
cross-entropy of the choice among the slate and none, by two networks; Adam; and the weights that are
played, which follow. Steps are drawn. Prints one line of JSON.
"""

import argparse

from timing import absent, answer, rounds

try:
    import torch
except ImportError as error:
    absent("PyTorch", f"{error}; pip install torch")

import torch.nn.functional as F
from torch import nn


def network(width, hidden):
    return nn.Sequential(
        nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
        nn.Linear(hidden, 1))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--slate", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--capacity", type=int, default=65536)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    value, choice = network(given.width, given.hidden), network(given.width, given.hidden)
    parameters = list(value.parameters()) + list(choice.parameters())
    played = [p.detach().clone() for p in parameters]
    adam = torch.optim.Adam(parameters, lr=1e-3)
    records = torch.randn(given.capacity, given.slate + 1, given.width)
    returns = torch.randn(given.capacity)
    first = torch.zeros(given.batch, dtype=torch.long)

    def update():
        drawn = torch.randint(given.capacity, (given.batch,))
        shown = records[drawn]
        q = value(shown[:, 0])[:, 0]
        c = choice(shown)[:, :, 0]
        loss = F.mse_loss(q, returns[drawn]) + F.cross_entropy(c, first)
        adam.zero_grad()
        loss.backward()
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(played, [p.detach() for p in parameters], 0.01)

    answer(
        f"PyTorch {torch.__version__.split('+')[0]}", {"update": rounds(update, given.rounds)},
        torch.backends.cpu.get_cpu_capability())


main()
