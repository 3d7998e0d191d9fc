"""PyTorch's deep Q-learning over a catalogue. Install: pip install torch

    python torch_dqn.py --items 1682 --threads 1 --rounds 5

An update: a batch out of a ring of transitions drawn in proportion to priorities, the state of DRR-ave
over vectors that stay, double and duelling networks with a linear layer of all items, Huber's loss with
importance weights, the gradient cut to norm 10, Adam, the target's share of the weights, and the new
priorities. Weights and transitions are drawn. Prints one line of JSON.
"""

import argparse

from timing import absent, answer, rounds

try:
    import torch
except ImportError as error:
    absent("PyTorch", f"{error}; pip install torch")

import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self, state, hidden, width, items):
        super().__init__()
        self.weights = nn.Parameter(torch.full((state["window"],), 1 / state["window"]))
        wide = 3 * state["k"]
        self.advantage = nn.Sequential(
            nn.Linear(wide, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, width), nn.Linear(width, items, bias=False))
        self.value = nn.Sequential(nn.Linear(wide, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, u, h):
        m = (h * self.weights[None, :, None]).sum(1)
        s = torch.cat((u, u * m, m), 1)
        a = self.advantage(s)
        return self.value(s) + a - a.mean(1, keepdim=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1682)
    parser.add_argument("--users", type=int, default=943)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--window", type=int, default=10)
    parser.add_argument("--capacity", type=int, default=20000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    k, n, size = given.dimension, given.window, given.capacity
    users, items = 0.05 * torch.randn(given.users, k), 0.05 * torch.randn(given.items, k)
    online, target = [
        Network(dict(k=k, window=n), given.hidden, k, given.items) for _ in range(2)]
    target.load_state_dict(online.state_dict())
    adam = torch.optim.Adam(online.parameters(), lr=1e-3)
    user = torch.randint(given.users, (size,))
    history = torch.randint(given.items, (size, n + 1))
    action = torch.randint(given.items, (size,))
    reward = torch.rand(size) * 2 - 1
    going_on = (torch.rand(size) < 0.99).float()
    priority = torch.rand(size) + 0.1

    def update():
        drawn = torch.multinomial(priority, given.batch, replacement=True)
        chance = priority[drawn] / priority.sum()
        weights = (size * chance) ** -0.4
        weights = weights / weights.max()
        u = users[user[drawn]]
        now, after = items[history[drawn, :-1]], items[history[drawn, 1:]]
        with torch.no_grad():
            seen = torch.zeros(given.batch, given.items, dtype=torch.bool)
            seen.scatter_(1, history[drawn, 1:], True)
            best = online(u, after).masked_fill(seen, -torch.inf).argmax(1, keepdim=True)
            ahead = target(u, after).gather(1, best)[:, 0]
            y = reward[drawn] + 0.9 * going_on[drawn] * ahead
        q = online(u, now).gather(1, action[drawn, None])[:, 0]
        loss = (weights * F.huber_loss(q, y, reduction="none")).mean()
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(online.parameters(), 10)
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), 0.01)
            priority[drawn] = ((q - y).abs() + 1e-2) ** 0.6

    answer(
        f"PyTorch {torch.__version__.split('+')[0]}", {"update": rounds(update, given.rounds)},
        torch.backends.cpu.get_cpu_capability())


main()
