"""MABWiser's bandits, a step at a time. Install: pip install mabwiser

    python mabwiser_bandits.py --case "ucb1 10" --case "linucb-arms 100x16" --threads 1 --rounds 5

A case "POLICY ARMS" is a predict among so many arms and a partial_fit of its reward, 0 or 1; of
"POLICY ARMSxWIDTH" the arms share a context of that width. Every arm was tried ten times before.
Prints one line of JSON.
"""

import argparse
import importlib.metadata

from timing import absent, answer, rounds

try:
    import numpy
    from mabwiser.mab import MAB, LearningPolicy
except ImportError as error:
    absent("MABWiser", f"{error}; pip install mabwiser")

POLICIES = {
    "random": LearningPolicy.Random(),
    "epsilon": LearningPolicy.EpsilonGreedy(epsilon=0.1),
    "softmax": LearningPolicy.Softmax(tau=0.02),
    "ucb1": LearningPolicy.UCB1(alpha=1),
    "thompson": LearningPolicy.ThompsonSampling(),
    "linucb-arms": LearningPolicy.LinUCB(alpha=0.3),
    "thompson-arms": LearningPolicy.LinTS(alpha=0.1),
}


def step(policy, arms):
    draws = numpy.random.default_rng(1)
    means = draws.random(arms)
    bandit = MAB(list(range(arms)), POLICIES[policy], seed=1)
    bandit.fit(
        numpy.repeat(numpy.arange(arms), 10),
        (numpy.tile(numpy.arange(10), arms) < 10 * means.repeat(10)).astype(int))

    def once():
        arm = bandit.predict()
        bandit.partial_fit([arm], [int(draws.random() < means[arm])])

    return once


def linear_step(policy, arms, width):
    draws = numpy.random.default_rng(1)
    theta = draws.normal(size=(arms, width)) / 4
    contexts = draws.normal(size=(32, width)) / 4
    bandit = MAB(list(range(arms)), POLICIES[policy], seed=1)
    first = draws.normal(size=(10 * arms, width)) / 4
    bandit.fit(
        numpy.repeat(numpy.arange(arms), 10), (first * theta.repeat(10, axis=0)).sum(axis=1), first)
    place = 0

    def once():
        nonlocal place
        x = contexts[place:place + 1]
        arm = bandit.predict(x)
        bandit.partial_fit([arm], [theta[arm] @ x[0] + 0.1 * draws.normal()], x)
        place = (place + 1) % len(contexts)

    return once


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    figures = {}
    for name in given.case:
        policy, size = name.split(" ")
        if policy not in POLICIES:
            raise SystemExit(f"--case is {name}; expected one of {', '.join(POLICIES)}")
        sizes = [int(number) for number in size.split("x")]
        call = step(policy, *sizes) if len(sizes) == 1 else linear_step(policy, *sizes)
        figures[name] = rounds(call, given.rounds)
    version = importlib.metadata.version("mabwiser")
    answer(f"MABWiser {version}", figures, f"NumPy {numpy.__version__}")


main()
