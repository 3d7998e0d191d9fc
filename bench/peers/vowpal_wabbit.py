"""Vowpal Wabbit beside drr: one log judged by both, and a bandit with features learned by both.
Install: pip install vowpalwabbit numpy

    python vowpal_wabbit.py --drr drr --decisions 100000 --seeds 20

Both read the same decisions and judge the same deterministic policy, which takes the action that
the log's target policy likes best. Vowpal Wabbit has no self-normalized estimate, no intervals, and
no uniform policy to judge: `--cb --eval` takes one action a decision. Then `--cb_explore_adf`
learns the problem of `drr bandit linear`, arms drawn anew each round, of the same law but by draws
of its own. Seconds are of processors, user and system, of one thread; drr's hold the start of the
program. Prints a line of JSON for each comparison.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

from timing import absent

try:
    import numpy as np
    import vowpalwabbit
except ImportError as error:
    absent("Vowpal Wabbit", f"{error}; pip install vowpalwabbit numpy")

# What 97.5 % of Student's t lie below, by the degrees of freedom.
STUDENT = {4: 2.776, 9: 2.262, 19: 2.093, 29: 2.045, 49: 2.010, 99: 1.984}
LEARNERS = {
    "epsilon 0.1": "--epsilon 0.1",
    "epsilon 0.1, learning rate 1": "--epsilon 0.1 -l 1",
    "squarecb": "--squarecb",
    "cover 5": "--cover 5 --epsilon 0.1",
}
POLICIES = ("epsilon:0.1", "linucb", "thompson")


def of_child(command):
    """What a program printed and the processor seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, (
        after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def median(call, rounds):
    """What the last call gave, and the median of the seconds."""
    found = [call() for _ in range(rounds)]
    return found[-1][0], float(np.median([seconds for _, seconds in found]))


def vw(arguments):
    """The mean reward that a run over a file comes to, and its seconds."""
    start = time.process_time()
    workspace = vowpalwabbit.Workspace(f"{arguments} --quiet --no_stdin")
    workspace.run_parser()
    value = -workspace.get_sum_loss() / workspace.get_weighted_examples()
    workspace.finish()
    return value, time.process_time() - start


def judge(drr, decisions, rounds, folder):
    """The log, its judged policy, and both programs' estimates of it."""
    made = os.path.join(folder, "made")
    subprocess.run(
        [drr, "ope", "simulate", "--log-only", "--sizes", str(decisions), "--out", made],
        check=True, capture_output=True)
    log, lines = os.path.join(made, "log.csv"), os.path.join(folder, "log.vw")
    policy, dsjson = os.path.join(folder, "greedy.csv"), os.path.join(folder, "log.dsjson")
    subprocess.run(
        [drr, "export", "decisions", "--data", log, "--out", dsjson], check=True,
        capture_output=True)
    with (
        open(os.path.join(made, "target.csv")) as target, open(log) as rows,
        open(policy, "w") as ours, open(lines, "w") as theirs,
    ):
        target = csv.reader(target)
        names = next(target)
        print(",".join(names), file=ours)
        for row, chances in zip(csv.DictReader(rows), target, strict=True):
            best = int(np.argmax([float(chance) for chance in chances]))
            print(",".join(str(int(a == best)) for a in range(len(names))), file=ours)
            features = " ".join(f"{name}:{row[name]}" for name in row if name.startswith("x"))
            print(
                f"{best + 1} {names.index(row['action']) + 1}:{-float(row['reward'])}:"
                f"{row['propensity']} | {features}", file=theirs)
    arms = len(names)

    def drr_values(estimators, data):
        command = [
            drr, "ope", "evaluate", "--data", data, "--policy", policy, "--crossed", "--json"]
        for estimator in estimators:
            command += ["--estimator", estimator]
        printed, seconds = of_child(command)
        found = json.loads(printed)["policies"][0]["estimates"]
        return {
            name: [one["value"], one["low"], one["high"]] for name, one in found.items()}, seconds

    for estimators, cb_type in ((("ips", "snips"), "ips"), (("dr",), "dr")):
        ours, seconds = median(lambda e=estimators: drr_values(e, log), rounds)
        value, other = median(
            lambda t=cb_type: vw(f"--cb {arms} --eval --cb_type {t} -d {lines}"), rounds)
        print(json.dumps(dict(
            decisions=decisions, drr=ours, seconds=round(seconds, 3),
            vw={cb_type: value}, vw_seconds=round(other, 3),
            times=round(other / seconds, 2))), flush=True)
    seconds = median(lambda: of_child([drr, "export", "decisions", "--data", dsjson, "--out",
                                       os.path.join(folder, "again.dsjson")]), rounds)[1]
    value, other = median(lambda: vw(f"--dsjson --cb_explore_adf -d {dsjson}"), rounds)
    print(json.dumps(dict(
        decisions=decisions, reads_and_writes_dsjson=round(seconds, 3),
        vw_reads_and_learns_dsjson=round(other, 3), times=round(other / seconds, 2))), flush=True)


def unit(draws, *shape):
    x = draws.normal(size=shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def learn(arguments, seed, arms, width, rounds, noise):
    """The pseudo-regret of a seed, and the seconds of predicting and learning."""
    draws = np.random.default_rng(seed)
    workspace = vowpalwabbit.Workspace(
        f"--cb_explore_adf {arguments} --quiet --random_seed {seed + 1}")
    theta = unit(draws, width)
    regret, busy = 0.0, 0.0
    for _ in range(rounds):
        x = unit(draws, arms, width)
        means = x @ theta
        lines = ["| " + " ".join(f"{i}:{v:.6f}" for i, v in enumerate(row)) for row in x]
        start = time.process_time()
        chances = np.array(workspace.predict(lines))
        busy += time.process_time() - start
        chances = chances / chances.sum()
        arm = int(draws.choice(arms, p=chances))
        regret += means.max() - means[arm]
        cost = -(means[arm] + noise * draws.normal())
        lines[arm] = f"0:{cost:.6f}:{chances[arm]:.6f} {lines[arm]}"
        start = time.process_time()
        workspace.learn(lines)
        busy += time.process_time() - start
    workspace.finish()
    return regret, busy / rounds


def play(drr, seeds, arms, width, rounds, noise):
    for name in POLICIES:
        printed, seconds = of_child([
            drr, "bandit", "linear", "--arms", str(arms), "--features", str(width), "--noise",
            str(noise), "--rounds", str(rounds), "--seeds", str(seeds), "--policy", name, "--json"])
        regret = json.loads(printed)["rows"][0]["regret"]
        print(json.dumps(dict(
            drr=name, regret=round(regret["mean"], 1),
            interval=[round(regret["low"], 1), round(regret["high"], 1)],
            microseconds=round(1e6 * seconds / (seeds * rounds), 2))), flush=True)
    for name, arguments in LEARNERS.items():
        found = [learn(arguments, seed, arms, width, rounds, noise) for seed in range(seeds)]
        regrets = np.array([regret for regret, _ in found])
        half = STUDENT[seeds - 1] * regrets.std(ddof=1) / np.sqrt(seeds)
        print(json.dumps(dict(
            vw=name, regret=round(float(regrets.mean()), 1),
            interval=[round(float(regrets.mean() - half), 1),
                      round(float(regrets.mean() + half), 1)],
            microseconds=round(1e6 * float(np.mean([busy for _, busy in found])), 2))), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drr", default="drr", help="the program")
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3, help="of which the medians are reported")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--arms", type=int, default=20)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--noise", type=float, default=0.1)
    given = parser.parse_args()
    if given.seeds - 1 not in STUDENT:
        sys.exit(f"--seeds is {given.seeds}; it must be one of "
                 f"{', '.join(str(degrees + 1) for degrees in STUDENT)}")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    print(json.dumps(dict(peer=f"Vowpal Wabbit {vowpalwabbit.__version__}")), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        judge(given.drr, given.decisions, given.repeats, folder)
    play(given.drr, given.seeds, given.arms, given.features, given.rounds, given.noise)


main()
