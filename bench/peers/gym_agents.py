"""drr's agents in environments of Gymnasium, and what Stable-Baselines3's are published to earn there.
Install: the wheel that python/build makes, or DRR_PROGRAM and PYTHONPATH=python; no other library.

    python gym_agents.py [--seeds 3] [--only CartPole-v1 …]
    python gym_agents.py --noise-alone

Prints a line of JSON for every seed, and a table: the mean return of 100 episodes of the best actions,
over the seeds, and its least and greatest. The published figures are those of RL Baselines3 Zoo's
benchmark.md (github.com/DLR-RM/rl-baselines3-zoo), of one seed each, with tuned settings and the steps
that stand beside them; they are quoted, not measured here.
"""

import argparse
import json
import time

import gymnasium
import numpy as np

import drr

# Environment, algorithm, settings, and what is published: algorithm, mean return, steps.
CASES = [
    ("CartPole-v1", "dqn", {"steps": 50_000, "num_envs": 4, "updates_per_step": 4, "n_step": 5,
                            "learning_rate": 5e-4}, "DQN 500.0 in 50k"),
    ("Pendulum-v1", "ddpg", {"steps": 20_000}, "TD3 −151.9 in 20k"),
    ("MountainCarContinuous-v0", "ddpg",
     {"steps": 50_000, "least_noise": 0.8, "noise_reversion": 0.05, "learning_starts": 200},
     "TD3 93.5 in 300k"),
]


def noise_alone(reversion, deviation, episodes=20):
    """What the noise of the car's training earns without a policy, and how often it ends the task."""
    car = gymnasium.make("MountainCarContinuous-v0")
    random = np.random.default_rng(0)
    kept = 1 - reversion
    returns, ends = [], 0
    for episode in range(episodes):
        car.reset(seed=episode)
        process, earned, is_over = 0.0, 0.0, False
        while not is_over:
            process = kept * process + np.sqrt(1 - kept * kept) * random.standard_normal()
            action = np.array([np.clip(deviation * process, -1, 1)], np.float32)
            _, reward, terminated, truncated, _ = car.step(action)
            earned += reward
            ends += terminated
            is_over = terminated or truncated
        returns.append(earned)
    print(json.dumps({"noise_reversion": reversion, "noise": deviation, "episodes": episodes,
                      "at the flag": ends, "mean": round(float(np.mean(returns)), 1)}))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--noise-alone", action="store_true")
    given = parser.parse_args()
    if given.noise_alone:
        for reversion in (1, 0.05):
            noise_alone(reversion, 0.8)
        return
    rows = []
    for name, algorithm, settings, published in CASES:
        if given.only and name not in given.only:
            continue
        means, seconds = [], []
        for seed in range(given.seeds):
            start = time.perf_counter()
            agent = drr.train(name, algorithm, seed=seed, device="cpu", **settings)
            seconds.append(time.perf_counter() - start)
            earned = agent.evaluate(name, episodes=100, seed=10_000)
            means.append(earned.mean)
            print(json.dumps({
                "environment": name, "algorithm": algorithm, "seed": seed,
                "seconds": round(seconds[-1], 1), "mean": round(earned.mean, 2),
                "standard error": round(earned.standard_error, 2)}), flush=True)
        rows.append(
            f"| `{name}` | `{algorithm}` | {settings['steps']:,} | {np.mean(means):.1f} | "
            f"{min(means):.1f} … {max(means):.1f} | {np.mean(seconds):.0f} | "
            f"{published} |")
    print("| environment | algorithm | steps | mean return | of seeds | seconds | published |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
