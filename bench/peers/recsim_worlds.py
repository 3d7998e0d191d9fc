"""Steps of RecSim's own worlds of slates. Install:

    pip install numpy gin-config gym six absl-py && pip install --no-deps recsim==0.2.4

    python recsim_worlds.py --environments 64 --rounds 5

A call steps every environment once, slates drawn beforehand; an episode that ends begins anew. Its
worlds are Python and numpy: TensorFlow and Dopamine, which its agents want, are kept out by stand-ins
for gin's bindings and for the runner. Prints one line of JSON.
"""

import argparse
import itertools
import sys
import types

from timing import absent, answer, rounds

try:
    import gin
    import numpy as np

    gin.tf = sys.modules["gin.tf"] = gin
    runner = "recsim.simulator.runner_lib"
    sys.modules[runner] = types.ModuleType(runner)
    from recsim.environments import interest_evolution, long_term_satisfaction
except ImportError as error:
    absent("RecSim", f"{error}; pip install numpy gin-config gym six absl-py, "
           "pip install --no-deps recsim==0.2.4")

# As drr has them: candidates, and documents of a slate.
WORLDS = {
    "long-term satisfaction": (long_term_satisfaction, 10, 1),
    "interest evolution": (interest_evolution, 10, 2),
    "interest evolution, 50 candidates": (interest_evolution, 50, 2),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    figures = {}
    for name, (module, candidates, slate) in WORLDS.items():
        envs = [
            module.create_environment(dict(
                num_candidates=candidates, slate_size=slate, seed=seed, resample_documents=True))
            for seed in range(given.environments)]
        for env in envs:
            env.reset()
        slates = list(itertools.permutations(range(candidates), slate))
        draws = itertools.cycle(
            np.random.default_rng(0).integers(len(slates), size=10_007).tolist())

        def step():
            for env in envs:
                if env.step(slates[next(draws)])[2]:
                    env.reset()

        figures[name] = rounds(step, given.rounds)
    answer("RecSim 0.2.4", figures, f"numpy {np.__version__}")


main()
