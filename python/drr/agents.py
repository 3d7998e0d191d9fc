"""Agents of the program that learn in environments of Gymnasium."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray
from safetensors import safe_open

from . import _served
from ._program import Error, options

ALGORITHMS = ("dqn", "ddpg", "pg", "q")


class Evaluation(NamedTuple):
    """What episodes earn: the mean of their sums of rewards, and its standard error."""

    mean: float
    standard_error: float


class Agent:
    """What ``drr train`` has learned in a world, at the latest checkpoint of its run."""

    def __init__(self, run: str) -> None:
        """
        :param run: the folder of a run that :func:`train` or ``drr train --socket`` has begun.
        """
        try:
            with open(os.path.join(run, "config.json"), encoding="utf-8") as file:
                stored = json.load(file)
        except FileNotFoundError:
            raise Error(f"{run}: no run was started there; make one with drr.train") from None
        if stored["algorithm"] != "gym":
            raise Error(f"{run} is a run of {stored['algorithm']}; drr.train makes agents")
        path = os.path.join(run, "checkpoint.safetensors")
        if not os.path.exists(path):
            raise Error(f"{run}: nothing has been saved yet; go on with it by drr.train")
        #: The settings that it was trained with.
        self.settings: dict[str, Any] = stored["settings"]
        self._seen = self.settings["world"]["observations"]
        self._chosen = self.settings["world"]["actions"]
        self._weights = {}
        self._kind = next(kind for kind in _PREFIXES if kind in self.settings)
        prefix = _PREFIXES[self._kind]
        with safe_open(path, "np") as file:
            for name in file.keys():  # noqa: SIM118
                if name.startswith(prefix):
                    self._weights[name.removeprefix(prefix)] = file.get_tensor(name)
        #: The reports of its training, in their order, such as ``meanReturn`` at ``step``.
        self.metrics: list[dict[str, Any]] = []
        reports = os.path.join(run, "metrics.jsonl")
        if os.path.exists(reports):
            with open(reports, encoding="utf-8") as lines:
                self.metrics = [json.loads(line) for line in lines]

    def __repr__(self) -> str:
        return f"Agent({_NAMES[self._kind]} in {self.settings['world']['name']})"

    def scores(self, observations: ArrayLike) -> NDArray[np.floating[Any]]:
        """[B, actions] of observations [B, …]: the values of actions, of DQN up to a number that all
        have alike, or a policy's logits. Of DDPG [B, width], the action within −1 … 1."""
        given = np.asarray(observations)
        if self._kind == "table":
            tables = [self._weights[name] for name in sorted(self._weights)]
            return sum(tables)[given.ravel()] / len(tables)
        states = self._states(given)
        if self._kind == "ddpg":
            return np.tanh(self._layers("actor", states))
        name = "q" if self._kind == "dqn" else "policy"
        return self._layers(name, states) @ self._weights[f"{name}.actions"].T

    def act(self, observations: ArrayLike, masks: ArrayLike | None = None) -> Any:
        """The best action of an observation, or of each of [B, …].

        :param masks: [actions] or [B, actions], which actions may be chosen; None: all.
        """
        given = np.asarray(observations)
        alone = self._is_one(given)
        size = 1 if self._seen["type"] == "Discrete" else int(np.prod(self._seen["shape"]))
        if given.size != size * (1 if alone else len(given)):
            raise ValueError(
                f"the observations are of shape {given.shape}; one has {size} numbers")
        if not np.isfinite(given).all():
            raise ValueError("an observation has what is no number")
        scores = self.scores(given[None] if alone else given)
        if self._chosen["type"] == "Box":
            low, high = (np.asarray(self._chosen[name], np.float32) for name in ("low", "high"))
            share = (scores + 1) / 2
            actions: NDArray[Any] = share * high + (1 - share) * low
        else:
            if masks is not None:
                scores = np.where(np.reshape(masks, scores.shape), scores, -np.inf)
            actions = scores.argmax(axis=1)
        return actions[0] if alone else actions

    def evaluate(
        self, env: str | gymnasium.Env[Any, Any], episodes: int = 100, seed: int = 0
    ) -> Evaluation:
        """What its best actions earn.

        :param env: an environment, or its id; episode i begins with the seed ``seed`` + i.
        """
        own = gymnasium.make(env) if isinstance(env, str) else env
        shape = own.action_space.shape
        returns = np.zeros(episodes)
        for episode in range(episodes):
            seen, _ = own.reset(seed=seed + episode)
            ended = False
            while not ended:
                action = self.act(seen)
                if isinstance(own.action_space, spaces.Box):
                    action = np.reshape(action, shape).astype(own.action_space.dtype)
                seen, reward, terminated, truncated, _ = own.step(action)
                returns[episode] += float(reward)
                ended = terminated or truncated
        if isinstance(env, str):
            own.close()
        error = returns.std(ddof=1) / np.sqrt(episodes) if episodes > 1 else float("nan")
        return Evaluation(float(returns.mean()), float(error))

    def _is_one(self, given: NDArray[Any]) -> bool:
        """Whether what is given is one observation, not a batch of them."""
        if self._seen["type"] == "Discrete":
            return given.ndim == 0
        size = int(np.prod(self._seen["shape"]))
        return given.ndim == 0 or (given.size == size and (given.ndim == 1 or len(given) != 1))

    def _states(self, given: NDArray[Any]) -> NDArray[np.float32]:
        if self._seen["type"] == "Discrete":
            return np.eye(self._seen["n"], dtype=np.float32)[given.ravel()]
        return given.reshape(len(given), -1).astype(np.float32)

    def _layers(self, name: str, states: NDArray[np.float32]) -> NDArray[np.float32]:
        last = max(int(key.split(".")[1]) for key in self._weights
                   if key.startswith(f"{name}.") and key.split(".")[1].isdecimal())
        for place in range(last + 1):
            states = states @ self._weights[f"{name}.{place}.weight"]
            states += self._weights[f"{name}.{place}.bias"]
            if place < last:
                states = np.maximum(states, 0)
        return states


# What each learner's weights are called by in a checkpoint.
_PREFIXES = {"dqn": "dqn.network.", "policyGradient": "pg.policy.", "ddpg": "ddpg.actor.",
             "table": "table."}
_NAMES = {"dqn": "DQN", "policyGradient": "policy gradient", "ddpg": "DDPG", "table": "Q-learning"}


def train(
    env: Any, algorithm: str = "dqn", *, steps: int | None = None, seed: int = 0, num_envs: int = 1,
    run: str | None = None, verbose: bool = False, **settings: Any,
) -> Agent:
    """Trains an agent of the program in an environment of Gymnasium.

    :param env: an environment, its id, environments that step together
        (``AutoresetMode.SAME_STEP``), or what makes such of ``num_envs=``.
    :param algorithm: one of :data:`ALGORITHMS`, as ``drr train`` has them.
    :param steps: actions in all environments together.
    :param seed: of the agent and of the environments.
    :param run: the folder of the run, with which the same call goes on in new episodes; None: one
        that is temporary.
    :param settings: options of ``drr train``, as ``learning_rate=1e-3``.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm is {algorithm}; it must be one of {', '.join(ALGORITHMS)}")
    envs, made = _served.vector(env, num_envs)
    try:
        spec = getattr(envs, "spec", None) or getattr(env, "spec", None)
        name = env if isinstance(env, str) else spec.id if spec else type(env).__name__
        answers = _served.Answers(envs, name)
        words = ["train", algorithm, *options({"steps": steps, "seed": seed, **settings})]
        if run is not None:
            _served.run([*words, "--run", run], answers, verbose=verbose)
            return Agent(run)
        with tempfile.TemporaryDirectory(prefix="drr-") as folder:
            folder = os.path.join(folder, "run")
            _served.run([*words, "--run", folder], answers, verbose=verbose)
            return Agent(folder)
    finally:
        if made:
            envs.close()
