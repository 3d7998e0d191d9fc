"""Steps of drr's worlds beside those of Gymnasium's own. Install: the wheel that python/build
makes, pip install gymnasium

    python gym_worlds.py --environments 1 --environments 64

Gymnasium has its toy worlds in Python, a step at a time, SyncVectorEnv steps them together; drr's
are stepped by the program, through its socket, with the same actions drawn beforehand. Seconds are
of processors, user and system, of both processes. Prints a line of JSON for each.
"""

import argparse
import json
import os
import time

from timing import absent, processor

try:
    import drr
    import gymnasium
    import numpy as np
except ImportError as error:
    absent("Gymnasium", f"{error}; pip install gymnasium, and the wheel of python/build")

# Of drr, and of Gymnasium: finite worlds of about one size.
WORLDS = {
    "drr cliff": lambda count: drr.make_vec("cliff", count),
    "drr chain": lambda count: drr.make_vec("chain", count),
    "drr robot": lambda count: drr.make_vec("robot", count),
    "drr interest-evolution": lambda count: drr.make_vec("interest-evolution", count),
    "drr long-term-satisfaction": lambda count: drr.make_vec("long-term-satisfaction", count),
    "CliffWalking": lambda count: gymnasium.make_vec(
        "CliffWalking-v1", count, vectorization_mode="sync", max_episode_steps=100),
    "FrozenLake": lambda count: gymnasium.make_vec(
        "FrozenLake-v1", count, vectorization_mode="sync"),
    "Taxi": lambda count: gymnasium.make_vec("Taxi-v4", count, vectorization_mode="sync"),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=int, action="append")
    parser.add_argument("--seconds", type=float, default=2, help="of a processor, a world")
    given = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for count in given.environments or [1, 64]:
        rates = {}
        for name, make in WORLDS.items():
            env = make(count)
            env.reset(seed=0)
            env.action_space.seed(0)
            actions = [env.action_space.sample() for _ in range(1_000)]
            steps, before = 0, processor(env)
            while processor(env) - before < given.seconds:
                for action in actions:
                    env.step(action)
                steps += len(actions) * count
            rates[name] = steps / (processor(env) - before)
            env.close()
            print(json.dumps(dict(
                world=name, environments=count, steps_a_second=round(rates[name]))), flush=True)
        print(json.dumps(dict(
            environments=count, drr_cliff_times_CliffWalking=round(
                rates["drr cliff"] / rates["CliffWalking"], 2))), flush=True)


if __name__ == "__main__":
    main()
