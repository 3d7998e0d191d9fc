#!/usr/bin/env python3
"""What ranks may win, by trainer, as a table.

The seconds of an update are s + c B, B the rows of its batch: s is what every rank does alike, c B
what ranks share. Both come of one process on one core, at B and at B / 2, each as the difference of
two lengths, so that no start counts. P ranks then take

    s + c B / P + sum over an update's sums of (2 alpha + 2 (P - 1) / P 4 W beta)

with W the weights of the network, alpha the seconds of an exchange and beta those of a byte.

    python3 bench/peers/ranks.py [--program .build/release/drr] [--chrt] [NAME ...]
"""

import argparse
import json
import re
import statistics
import struct
import subprocess
import tempfile
import time

SMALL = "--data generated:small --device cpu --pmf-epochs 2 --eval-count 0 "
# Name; command; rows of a batch; lengths; updates a unit of length; sums of an update: tensors that
# are summed, and how often.
TRAINERS = [
    ("drr", SMALL + "train drr --no-myopic --learning-starts 600 --batch-size {b} --steps {n}", 512,
     (800, 1200), 1, [(r"^drr\.actor\.", 1), (r"^drr\.critic\.", 1)]),
    ("residual", SMALL + "train residual --no-myopic --bc-updates 0 --learning-starts 600 --batch-size "
     "{b} --steps {n}", 512, (1600, 8000), 1 / 16, [(r"^residual\.critic\.", 1), (r"^residual\.actor\.", 0.5)]),
    ("dqn", SMALL + "train dqn --batch-size {b} --learning-starts 600 --steps {n}", 512,
     (3200, 9600), 1 / 64, [(r"^dqn\.network\.", 1)]),
    ("pg", SMALL + "train pg --num-envs {b} --steps {n}", 512, (20480, 61440), None,
     [(r"^pg\.policy\.", 1), (r"^pg\.behaviour\.", 1)]),
    ("planner", "--data generated:small --device cpu --pmf-epochs 2 train planner --members 1 --num-envs "
     "{b} --steps {n}", 256, (51200, 153600), None, [(r"^planner\.0\.(?!adam)", 1)]),
    ("slateq", "--device cpu train slateq --batch-size {b} --steps {n} --episodes 0 --eval-count 1 "
     "--eval-episodes 2", 1024, (131072, 262144), None, [(r"^slateq\.network\.", 1)]),
    ("irecgan", "--device cpu train irecgan --env tabular --sessions 2000 --method pg --agent-epochs 1 "
     "--rounds 1 --patience 0 --batch-size {b} --user-epochs {n}", 128, (1, 4), None,
     [(r"^user\.user\.", 1)]),
]


def command(template, rows, length, run):
    words = template.format(b=rows, n=length).split()
    at = words.index("train")
    return words[at:at + 2] + ["--run", run] + words[:at] + words[at + 2:]


def weights(path, pattern):
    """Numbers of the tensors whose names match."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    found = 0
    for name, entry in header.items():
        if re.search(pattern, name):
            found += (entry["data_offsets"][1] - entry["data_offsets"][0]) // 4
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--program", default=".build/release/drr")
    parser.add_argument("--turns", type=int, default=3, help="of which the median counts")
    parser.add_argument("--chrt", action="store_true", help="at real-time priority, on core 0")
    parser.add_argument("--alpha", type=float, default=20e-6)
    parser.add_argument("--gigabits", type=float, default=25)
    arguments = parser.parse_args()
    before = ["chrt", "-f", "10", "taskset", "-c", "0"] if arguments.chrt else ["taskset", "-c", "0"]
    turns = arguments.turns
    beta = 8 / (arguments.gigabits * 1e9)
    ranks = [2, 4, 8, 16, 32, 64]
    print("| trainer, batch | shared | alike | sums | " + " | ".join(f"{p}" for p in ranks) + " |")
    print("| --- " * (4 + len(ranks)) + "|")
    for name, template, rows, lengths, rate, sums in TRAINERS:
        if arguments.names and name not in arguments.names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            def seconds(rows):
                taken = []
                for length in lengths:
                    run = f"{folder}/{rows}-{length}"
                    words = before + [arguments.program] + command(template, rows, length, run)
                    times = []
                    for turn in range(turns):
                        start = time.perf_counter()
                        subprocess.run(words + (["--fresh"] if turn else []), check=True,
                                       env={"OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                        times.append(time.perf_counter() - start)
                    taken.append(statistics.median(times))
                updates = (lengths[1] - lengths[0]) * (rate or 1 / rows)
                if name == "planner":
                    updates /= 20
                if name == "irecgan":
                    updates = (lengths[1] - lengths[0]) * 1600 / rows
                return (taken[1] - taken[0]) / updates
            whole, half = seconds(rows), seconds(rows // 2)
            shared = min(max(2 * (whole - half), 0), whole)
            kept = "pretrained" if name == "irecgan" else "checkpoint"
            path = f"{folder}/{rows}-{lengths[1]}/{kept}.safetensors"
            sizes = [(weights(path, pattern), count) for pattern, count in sums]
        def taken(p):
            cost = sum(count * (2 * arguments.alpha + 8 * size * beta * (p - 1) / p)
                       for size, count in sizes)
            return whole - shared + shared / p + cost
        speeds = " | ".join(f"{whole / taken(p):.1f} ({whole / taken(p) / p:.2f})" for p in ranks)
        total = " + ".join(f"{count:g} · {size:,}" for size, count in sizes)
        print(f"| {name}, {rows} | {shared * 1e3:.2f} ms | {(whole - shared) * 1e3:.2f} ms | {total} | "
              f"{speeds} |", flush=True)


if __name__ == "__main__":
    main()
