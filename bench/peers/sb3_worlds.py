"""Stable-Baselines3 in three of drr's worlds, and what a joint step costs. Install: the wheel that
python/build makes, pip install stable-baselines3 matplotlib

    python sb3_worlds.py --out curves --weights virtual-taobao.safetensors
    python sb3_worlds.py --steps-only

PPO with the robot, DQN off the cliff, TD3 in VirtualTaobao, with the libraries' own settings but
for those that are given here. Prints a line of JSON for each: the mean return of the first and the last
tenth of the episodes, and what random actions earn. Curves go to FOLDER/sb3.png. Beside the socket's
joint steps stand those of the same world in Python, which Gymnasium's SyncVectorEnv steps.
"""

import argparse
import json
import os
import time

import gymnasium
import numpy as np
import torch
from stable_baselines3 import DQN, PPO, TD3
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.noise import NormalActionNoise

import drr
from drr.sb3 import vec_env
from timing import processor


class Returns(BaseCallback):
    """The step and the return of every episode that ends."""

    def __init__(self):
        super().__init__()
        self.episodes = []

    def _on_step(self):
        for info in self.locals["infos"]:
            if "episode" in info:
                self.episodes.append((self.num_timesteps, info["episode"]["r"]))
        return True


def learned(name, world, num_envs, steps, make, **settings):
    """Learns, and says how the returns have changed."""
    env = vec_env(world, num_envs, seed=1, **settings)
    env.action_space.seed(1)
    random = []
    env.reset()
    while len(random) < 100:
        _, _, _, infos = env.step(
            np.array([env.action_space.sample() for _ in range(num_envs)]))
        random += [info["episode"]["r"] for info in infos if "episode" in info]
    env.seed(2)
    returns = Returns()
    start = time.perf_counter()
    make(env).learn(steps, callback=returns)
    seconds = time.perf_counter() - start
    env.close()
    values = np.array([value for _, value in returns.episodes])
    tenth = max(len(values) // 10, 1)
    print(json.dumps({
        "algorithm": name, "world": world, "steps": steps, "seconds": round(seconds, 1),
        "random": round(float(np.mean(random)), 2),
        "first tenth": round(float(values[:tenth].mean()), 2),
        "last tenth": round(float(values[-tenth:].mean()), 2)}), flush=True)
    return name, world, returns.episodes, float(np.mean(random))


class Line(gymnasium.Env):
    """The chain of drr (Strens 2000) in Python: what a world costs that is written there."""

    observation_space = gymnasium.spaces.Discrete(5)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state, self.age = 0, 0
        return 0, {}

    def step(self, action):
        if self.np_random.random() < 0.2:
            action = 1 - action
        reward = 2.0 if action else 10.0 if self.state == 4 else 0.0
        self.state = 0 if action else min(self.state + 1, 4)
        self.age += 1
        return self.state, reward, False, self.age >= 100, {}


def step_costs(counts=(1, 16, 64)):
    """Microseconds of a joint step: the median of five rounds by the clock, and those that processors
    have worked, which other programs at work hardly change."""
    for count in counts:
        for name, env in {
            "drr chain": drr.make_vec("chain", count),
            "python chain": gymnasium.vector.SyncVectorEnv([Line] * count),
            "drr interest-evolution": drr.make_vec("interest-evolution", count),
            "drr long-term-satisfaction": drr.make_vec("long-term-satisfaction", count),
        }.items():
            env.reset(seed=0)
            env.action_space.seed(0)
            actions = [env.action_space.sample() for _ in range(1_000)]
            rounds, before = [], processor(env)
            for _ in range(5):
                start = time.perf_counter()
                for action in actions:
                    env.step(action)
                rounds.append((time.perf_counter() - start) / len(actions) * 1e6)
            worked = (processor(env) - before) / (5 * len(actions)) * 1e6
            env.close()
            print(json.dumps({
                "world": name, "environments": count,
                "microseconds a joint step": round(float(np.median(rounds)), 1),
                "of processors": round(worked, 1)}), flush=True)


def draw(curves, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, places = pyplot.subplots(1, len(curves), figsize=(4 * len(curves), 3))
    for place, (name, world, episodes, random) in zip(
            np.atleast_1d(places), curves, strict=True):
        steps, values = np.array(episodes).T
        width = max(len(values) // 50, 1)
        smooth = np.convolve(values, np.ones(width) / width, "valid")
        place.plot(steps[width - 1:], smooth, color="#2b6cb0")
        place.axhline(random, color="0.6", linestyle="--")
        place.set(title=f"{name}, {world}", xlabel="steps")
    np.atleast_1d(places)[0].set_ylabel("return of an episode")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=".")
    parser.add_argument("--weights", help="of VirtualTaobao; without them TD3 is left out")
    parser.add_argument("--steps-only", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.steps_only:
        return step_costs()
    curves = [
        learned("PPO", "robot", 8, 20_000,
                lambda env: PPO("MlpPolicy", env, n_steps=64, batch_size=128, gamma=0.99,
                                learning_rate=1e-3, ent_coef=0.01, seed=1)),
        learned("DQN", "cliff", 1, 15_000,
                lambda env: DQN("MlpPolicy", env, learning_rate=1e-3, learning_starts=500,
                                exploration_fraction=0.5, target_update_interval=200,
                                train_freq=1, gamma=0.99, seed=1), exploring_starts=True),
    ]
    if given.weights:
        curves.append(learned(
            "TD3", "virtual-taobao", 16, 24_000,
            lambda env: TD3("MlpPolicy", env, learning_starts=2_000, train_freq=1,
                            gradient_steps=1, gamma=0.5,
                            action_noise=NormalActionNoise(np.zeros(27), 0.3 * np.ones(27)),
                            seed=1), weights=given.weights))
    os.makedirs(given.out, exist_ok=True)
    draw(curves, os.path.join(given.out, "sb3.png"))
    step_costs()


if __name__ == "__main__":
    main()
