#!/usr/bin/env python3
"""What ranks may win, by command, as a table.

The seconds of an update are s + c B, B the rows of its batch: s is what every rank does alike, c B
what ranks share. Both come of one process on one core, at B and at B / 2, each as the difference of
two lengths, so that no start counts; lengths double until they differ by --seconds. What is done
once an epoch, such as a GRU's validation, counts as shared. P ranks then take

    s + c B / P + sum over an update's sums of (2 alpha + 2 (P - 1) / P 4 W beta)

with W the weights of the network, alpha the seconds of an exchange and beta those of a byte. An
update of PMF sends the items' gradients, and an epoch the users' vectors and moments. A round of
many tables has six exchanges, and sends a key, its worth and an update for each item tuple at most.
An evaluation and a simulation are s + c U of U users, by runs that hold out a fifth of the users and
a tenth: there s has the start, the reading and the fits in it, such of them too as ranks share.

    python3 bench/peers/ranks.py [--program .build/release/drr] [--chrt] [--mpirun]
        [--only NAME ...] [--write bench/results/ranks.md]

All take about ten minutes, each of the trainers about half of one. With --mpirun the same lengths
are trained by two processes too, and the table has the ratio. --write puts the rows into the table
of a page, those of the same name in place of the older ones.
"""

import argparse
import dataclasses
import json
import os
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

RANKS = [2, 4, 8, 16, 32, 64]
HEAD = "| trainer, batch | shared | alike | sums | two measured | " + " | ".join(map(str, RANKS)) + " |"
RULE = "| --- " * (5 + len(RANKS)) + "|"
# The longest that a command may take, and what a trainer's lengths may have taken before they stop
# doubling.
LONGEST, ENOUGH = 180, 45

FACTORS = "--data generated:small --device cpu --pmf-epochs 2 "
SMALL = FACTORS + "--eval-count 0 "


@dataclasses.dataclass
class Training:
    """A command of {b} rows a batch and {n} steps; its updates are those of `unit` steps more."""

    name: str
    words: str
    rows: int
    first: int
    unit: int
    # Updates of a unit, by the rows of a batch; None: as the metrics count them.
    updates: object
    # Tensors that are summed, how often, and whether an update or an epoch.
    sums: list
    kept: str = "checkpoint"


TRAININGS = [
    Training("drr", SMALL + "train drr --no-myopic --learning-starts 600 --batch-size {b} --steps {n}",
             512, 600, 200, lambda b: 200,
             [(r"^drr\.actor\.", 1, "update"), (r"^drr\.critic\.", 1, "update")]),
    Training("residual", SMALL + "train residual --no-myopic --bc-updates 0 --learning-starts 600 "
             "--batch-size {b} --steps {n}", 512, 800, 800, lambda b: 50,
             [(r"^residual\.critic\.", 1, "update"), (r"^residual\.actor\.", 0.5, "update")]),
    Training("dqn", SMALL + "train dqn --batch-size {b} --learning-starts 600 --steps {n}",
             512, 3200, 3200, lambda b: 50, [(r"^dqn\.network\.", 1, "update")]),
    Training("pg", SMALL + "train pg --num-envs {b} --steps {n}", 512, 0, 20480, lambda b: 20480 / b,
             [(r"^pg\.policy\.", 1, "update"), (r"^pg\.behaviour\.", 1, "update")]),
    Training("ddpg", "--device cpu train ddpg --weights {folder}/taobao.safetensors --eval-count 1 "
             "--validation-users 2 --learning-starts 1280 --batch-size {b} --steps {n}",
             1024, 1280, 12800, lambda b: 100,
             [(r"^ddpg\.critic\.", 1, "update"), (r"^ddpg\.actor\.", 1, "update")]),
    Training("slateq", "--device cpu train slateq --batch-size {b} --steps {n} --episodes 0 "
             "--eval-count 1 --eval-episodes 2", 1024, 65536, 65536, lambda b: 65536 / b,
             [(r"^slateq\.network\.", 1, "update")]),
    Training("planner", FACTORS + "train planner --members 1 --num-envs {b} --steps {n}",
             256, 0, 51200, lambda b: 51200 / 20 / b, [(r"^planner\.0\.(?!adam)", 1, "update")]),
    Training("irecgan", "--device cpu train irecgan --env tabular --sessions 2000 --method pg "
             "--agent-epochs 1 --rounds 1 --patience 0 --batch-size {b} --user-epochs {n}",
             128, 0, 1, lambda b: 1600 / b, [(r"^user\.user\.", 1, "update")], "pretrained"),
    Training("gru", "--data generated:small --device cpu train gru --patience 1000 --batch-size {b} "
             "--epochs {n}", 1000, 0, 1, None, [(r"^network\.", 1, "update")]),
    Training("gru-sessions", "--sessions {folder}/clicks.txt --device cpu train gru --patience 1000 "
             "--negatives 0 --batch-size {b} --epochs {n}", 1000, 0, 1, None,
             [(r"^network\.", 1, "update")]),
    Training("pmf", "--data generated:medium --device cpu train pmf --pmf-solver adam "
             "--pmf-batch-size {b} --pmf-epochs {n}", 50000, 0, 2, None,
             [(r"\.items$|\.item_biases$", 1, "update"), (r"\.users$|\.user_biases$", 1.5, "epoch")],
             "pmf"),
    Training("multi-q", "--data generated:medium train multi-q --round-size {b} --epochs {n}",
             1024, 0, 2, None, [], "tables"),
]

# What is asked of a run, with the size of the ratings and how many users its answer has.
ASKED = [("evaluate", "generated:medium", "evaluation.json", "users"),
         ("simulate", "generated:small", "online.json", "sessions")]


class Machine:
    """Runs commands, and tells how long they take."""

    def __init__(self, arguments, folder):
        (self.arguments, self.folder) = (arguments, folder)
        first = ["chrt", "-f", "10"] if arguments.chrt else []
        root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
        self.one = first + ["taskset", "-c", "0", arguments.program]
        self.two = first + ["mpirun", *root, "--bind-to", "core", "-n", "2", arguments.program]

    def seconds(self, words, two=False):
        """Of the median turn; the command comes first, as `train drr`."""
        words = words.format(folder=self.folder).split()
        at = next(at for at, word in enumerate(words) if word in ("train", "evaluate", "simulate"))
        number = 2 if words[at] == "train" else 1
        words = words[at:at + number] + words[:at] + words[at + number:]
        times = []
        for _ in range(self.arguments.turns):
            again = ["--fresh"] if number == 2 else []
            start = time.perf_counter()
            done = subprocess.run(
                (self.two if two else self.one) + words + again, capture_output=True, text=True,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}, timeout=LONGEST)
            times.append(time.perf_counter() - start)
            if done.returncode:
                raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip().splitlines()[-1:]}")
        return statistics.median(times)


def weights(path, pattern):
    """Numbers of the tensors whose names match."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return sum(entry["data_offsets"][1] - entry["data_offsets"][0] for name, entry in header.items()
               if name != "__metadata__" and re.search(pattern, name)) // 4


def steps(run):
    """Updates or rounds that a run has made."""
    if not os.path.exists(f"{run}/metrics.jsonl"):
        with open(f"{run}/report.json") as file:
            return json.load(file)["rounds"]
    with open(f"{run}/metrics.jsonl") as file:
        return json.loads(file.read().splitlines()[-1])["step"]


def measure(work, machine):
    """Seconds of an update at B and at B / 2, those of two processes at B, and an epoch's updates."""

    def run(rows, units, two=False):
        return f"{machine.folder}/{work.name}-{rows}-{units}{'-two' if two else ''}"

    def seconds(rows, units, two=False):
        words = work.words.replace("{b}", str(rows)).replace("{n}", str(work.first + units * work.unit))
        return machine.seconds(f"{words} --run {run(rows, units, two)}", two)

    def updates(rows, units):
        if work.updates:
            return units * work.updates(rows)
        return steps(run(rows, 2 * units)) - steps(run(rows, units))

    units, begun = 1, time.perf_counter()
    less = seconds(work.rows, units)
    more = seconds(work.rows, 2 * units)
    while more - less < machine.arguments.seconds and time.perf_counter() - begun < ENOUGH:
        units, less = 2 * units, more
        more = seconds(work.rows, 2 * units)
    (half, count) = (work.rows // 2, updates(work.rows, units))
    halves = seconds(half, 2 * units) - seconds(half, units)
    two = None
    if machine.arguments.mpirun:
        two = (seconds(work.rows, 2 * units, True) - seconds(work.rows, units, True)) / count
    epoch = count / units / work.unit if work.updates is None else None
    return (more - less) / count, halves / updates(half, units), two, epoch, run(work.rows, units)


def sent(work, run, epoch, link):
    """Seconds of an update's messages by the number of ranks, and what they are in words."""
    (alpha, beta) = link
    if work.kept == "tables":
        with open(f"{run}/report.json") as file:
            tuples = json.load(file)["subStatesPerEvent"]
        return (lambda p: 6 * alpha + 32 * tuples * work.rows / p * (p - 1) / p * beta,
                f"{tuples:.1f} tuples an event")
    sizes = [(weights(f"{run}/{work.kept}.safetensors", pattern), count / (epoch if per == "epoch" else 1))
             for pattern, count, per in work.sums]
    words = [f"{size:,}" if count == 1 else f"{count:.2g} · {size:,}" for size, count in sizes if size]
    return (lambda p: sum(count * (2 * alpha + 8 * size * beta * (p - 1) / p)
                          for size, count in sizes if size), " + ".join(words))


def trained(work, machine, link):
    whole, half, two, epoch, run = measure(work, machine)
    shared = min(max(2 * (whole - half), 0), whole)
    cost, words = sent(work, run, epoch, link)
    return row(f"{work.name}, {work.rows}", shared, whole - shared, words,
               two and whole / two, cost)


def asked(name, data, answer, users, machine, link):
    """A command that ranks share the users of."""
    found = []
    for share in (0.2, 0.1):
        run = f"{machine.folder}/{name}-{share}"
        machine.seconds(f"--data {data} --device cpu --pmf-epochs 2 --eval-count 0 train drr --no-myopic "
                        f"--steps 700 --test-fraction {share} --run {run}")
        took = machine.seconds(f"--device cpu {name} --run {run}")
        two = None
        if machine.arguments.mpirun and not found:
            two = machine.seconds(f"--device cpu {name} --run {run}", True)
        with open(f"{run}/{answer}") as file:
            found.append((took, json.load(file)[users], two))
    (whole, count, two), (half, fewer, _) = found
    shared = min(max((whole - half) / (count - fewer) * count, 0), whole)
    return row(f"{name}, {count}", shared, whole - shared, "—", two and whole / two,
               lambda p: 2 * link[0])


def row(name, shared, alike, words, two, cost):
    def text(seconds):
        return f"{seconds:.2f} s" if shared + alike > 1 else f"{seconds * 1e3:.2f} ms"

    def speed(p):
        won = (shared + alike) / (alike + shared / p + cost(p))
        return f"{won:.1f} ({won / p:.2f})"

    return (f"| {name} | {text(shared)} | {text(alike)} | {words} | {f'{two:.2f}' if two else '—'} | "
            + " | ".join(map(speed, RANKS)) + " |")


def prepare(folder):
    """Sessions of clicks, of which few items have most, and networks of VirtualTaobao whose sessions
    have ten pages."""
    draws = random.Random(0)
    with open(f"{folder}/clicks.txt", "w") as file:
        for _ in range(6000):
            file.write(" ".join(
                str(int(2000 * draws.random() ** 2)) for _ in range(draws.randint(4, 14))) + "\n")
    header, data = {}, b""
    for name, outputs, inputs in [
            ("generator.0", 128, 128), ("generator.2", 88, 128), ("action.0", 128, 116),
            ("action.2", 256, 128), ("action.4", 21, 256), ("leave.0", 128, 88),
            ("leave.2", 256, 128), ("leave.4", 101, 256)]:
        bias = [50.0 if name == "leave.4" and at == 10 else 0.0 for at in range(outputs)]
        for part, shape, numbers in [("weight", [outputs, inputs], [0.0] * (outputs * inputs)),
                                     ("bias", [outputs], bias)]:
            packed = struct.pack(f"<{len(numbers)}f", *numbers)
            header[f"{name}.{part}"] = dict(
                dtype="F32", shape=shape, data_offsets=[len(data), len(data) + len(packed)])
            data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{folder}/taobao.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def write(path, rows):
    """Puts rows into the table of a page, each in place of the older one of its name."""
    def name(row):
        return row[2:].split(",")[0].split(" ")[0]

    with open(path) as file:
        lines = file.read().split("\n")
    if HEAD not in lines:
        sys.exit(f"{path} has no table that begins with\n{HEAD}")
    first = lines.index(HEAD) + 2
    last = next(at for at in range(first, len(lines)) if not lines[at].startswith("|"))
    found = {name(row): row for row in lines[first:last] + rows}
    lines[first:last] = [found[known] for known in NAMES if known in found]
    with open(path, "w") as file:
        file.write("\n".join(lines))


NAMES = [work.name for work in TRAININGS] + [name for name, *_ in ASKED]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=NAMES, choices=NAMES, metavar="NAME",
                        help=", ".join(NAMES))
    parser.add_argument("--program", default=".build/release/drr")
    parser.add_argument("--turns", type=int, default=1, help="of which the median counts")
    parser.add_argument("--seconds", type=float, default=3, help="by which lengths are to differ")
    parser.add_argument("--chrt", action="store_true", help="at real-time priority")
    parser.add_argument("--mpirun", action="store_true", help="measure two processes too")
    parser.add_argument("--alpha", type=float, default=20e-6, help="seconds of an exchange")
    parser.add_argument("--gigabits", type=float, default=25)
    parser.add_argument("--write", metavar="PAGE", help="the page whose table is to have the rows")
    arguments = parser.parse_args()
    link = (arguments.alpha, 8 / (arguments.gigabits * 1e9))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        machine = Machine(arguments, folder)
        works = [(work.name, trained, [work]) for work in TRAININGS]
        works += [(name, asked, [name, *rest]) for name, *rest in ASKED]
        print(HEAD + "\n" + RULE, flush=True)
        for name, call, what in works:
            if name not in arguments.only:
                continue
            try:
                rows.append(call(*what, machine, link))
                print(rows[-1], flush=True)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                print(f"{name} was not measured: {error}", file=sys.stderr, flush=True)
    if arguments.write:
        write(arguments.write, rows)
    sys.exit(0 if len(rows) == len(set(arguments.only)) else 1)


if __name__ == "__main__":
    main()
