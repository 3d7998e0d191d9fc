"""PyTorch on click sessions. Install: pip install torch

    python torch_sessions.py --case "user 1x64" --case "user 2x128" --threads 1 --rounds 5

An epoch of a user model "user LAYERSxUNITS": sessions of 1 to 5 clicks of 99 items, lists of 20 shown
from the second click on, item vectors of 50, an LSTM read whole, its states brought to the vectors'
width, the softmax over what was shown, Adam on the gradient cut to norm 5. Weights are drawn as
PyTorch draws them; so are the sessions. Prints one line of JSON.
"""

import argparse

from timing import absent, answer, rounds

try:
    import torch
except ImportError as error:
    absent("PyTorch", f"{error}; pip install torch")

ITEMS, SHOWN, WIDTH, STEPS = 99, 20, 50, 5


def drawn_sessions(count):
    """Clicks [count, STEPS], lists of the steps behind the first, the place of the click in each of
    them, and which steps there are."""
    lists = torch.rand(count, STEPS - 1, ITEMS).argsort(dim=2)[:, :, :SHOWN]
    place = torch.randint(SHOWN, (count, STEPS - 1, 1))
    first = torch.randint(ITEMS, (count, 1))
    clicks = torch.cat([first, lists.gather(2, place).squeeze(2)], dim=1)
    # Nineteen in twenty sessions have all steps.
    lengths = torch.where(
        torch.rand(count) < 0.95, STEPS, torch.randint(2, STEPS, (count,)))
    there = (torch.arange(1, STEPS) < lengths[:, None]).float()
    return clicks, lists, place.squeeze(2), there


class UserModel(torch.nn.Module):
    def __init__(self, layers, units):
        super().__init__()
        self.vectors = torch.nn.Embedding(ITEMS, WIDTH)
        self.reader = torch.nn.LSTM(WIDTH, units, num_layers=layers, batch_first=True)
        self.preference = torch.nn.Linear(units, WIDTH)

    def forward(self, clicks, lists):
        states, _ = self.reader(self.vectors(clicks))
        every = self.preference(states) @ self.vectors.weight.T
        return every.gather(2, lists)


def epoch(layers, units, sessions, batch):
    clicks, lists, place, there = drawn_sessions(sessions)
    model = UserModel(layers, units)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)

    def once():
        for rows in torch.randperm(sessions).split(batch):
            logits = model(clicks[rows, :-1], lists[rows])
            losses = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), place[rows].flatten(), reduction="none")
            weights = there[rows].flatten()
            adam.zero_grad()
            ((losses * weights).sum() / weights.sum()).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5)
            adam.step()

    return once


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", required=True)
    parser.add_argument("--sessions", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    figures = {}
    for name in given.case:
        kind, size = name.split(" ")
        if kind != "user":
            raise SystemExit(f"--case is {name}; expected user LAYERSxUNITS")
        layers, units = [int(number) for number in size.split("x")]
        figures[name] = rounds(
            epoch(layers, units, given.sessions, given.batch), given.rounds)
    answer(
        f"PyTorch {torch.__version__.split('+')[0]}", figures,
        torch.backends.cpu.get_cpu_capability())


main()
