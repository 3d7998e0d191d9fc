"""The program's worlds as environments of Gymnasium."""

from __future__ import annotations

import re
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ._connection import Connection, State

WORLDS = (
    "long-term-satisfaction", "interest-evolution", "interest-exploration", "virtual-taobao",
    "lizard", "chain", "cliff", "robot", "point", "arms", "linear-bandit", "ratings",
)


def _space(told: dict[str, Any]) -> spaces.Space[Any]:
    match told["type"]:
        case "Discrete":
            return spaces.Discrete(told["n"])
        case "MultiDiscrete":
            return spaces.MultiDiscrete(told["nvec"])
        case _:
            low, high = told.get("low", -np.inf), told.get("high", np.inf)
            return spaces.Box(low, high, tuple(told["shape"]), np.float32)


def _rows(rows: NDArray[Any], space: spaces.Space[Any]) -> NDArray[Any]:
    """Rows of numbers as a batch of observations, which may be written to."""
    if isinstance(space, spaces.Discrete):
        return rows[:, 0].astype(np.int64)
    return rows.astype(space.dtype)


class VectorEnv(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """Environments of a world that step together.

    An episode that ends makes room for the next in the same step, ``AutoresetMode.SAME_STEP``: the
    observation is then the next episode's first, and ``infos["final_obs"]`` has the last one of the
    ended. ``reset(seed=…)`` begins all environments anew, of one seed: they are the environments
    0 … num_envs − 1 of the program's own runs of that seed.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(self, world: str, num_envs: int = 1, *, seed: int = 0, **settings: Any) -> None:
        """
        :param world: one of :data:`WORLDS`, or a file of a tabular MDP, as ``"own.csv"``.
        :param seed: of all that is drawn until a reset names another.
        :param settings: the options of ``drr env``, as ``candidates=50`` or ``run="runs/first"``.
        """
        self._connection = Connection(world, num_envs, seed, settings)
        hello = self._connection.hello
        self.num_envs = num_envs
        self.single_observation_space = _space(hello["observation_space"])
        self.single_action_space = _space(hello["action_space"])
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.spec = _spec(world, {"seed": seed, **settings})
        self._masks: NDArray[np.bool_] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        super().reset(seed=seed)
        state = self._connection.reset(seed)
        self._masks = state.masks
        return _rows(state.observations, self.single_observation_space), {}

    def step(
        self, actions: Any
    ) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_],
               dict[str, Any]]:
        state = self._connection.step(
            _numbers(actions, self.single_action_space, (self.num_envs,)))
        self._masks = state.masks
        space = self.single_observation_space
        infos: dict[str, Any] = {}
        ended = state.terminated | state.truncated
        if ended.any():
            final = np.full(self.num_envs, None, dtype=object)
            for row, last in zip(np.flatnonzero(ended), _rows(state.final, space), strict=True):
                final[row] = last
            infos = {"final_obs": final, "_final_obs": ended}
        return (_rows(state.observations, space), state.rewards.astype(np.float64),
                state.terminated.copy(), state.truncated.copy(), infos)

    def action_masks(self) -> NDArray[np.bool_]:
        """[num_envs, actions]: which actions may be chosen next."""
        return _masks(self._masks, self.num_envs, self.single_action_space)

    def close_extras(self, **kwargs: Any) -> None:
        self._connection.close()


class Env(gymnasium.Env[Any, Any]):
    """One environment of a world.

    ``reset(seed=…)`` begins anew: it is the first environment of the program's own runs of that
    seed, and resets without a seed begin its next episodes.
    """

    metadata = {"render_modes": []}

    def __init__(
        self, world: str, *, seed: int = 0, render_mode: str | None = None, **settings: Any
    ) -> None:
        """See :class:`VectorEnv`. There is nothing to render: ``render_mode`` must be None."""
        if render_mode is not None:
            raise ValueError(f"render_mode is {render_mode}; it must be None")
        self.render_mode = None
        self._connection = Connection(world, 1, seed, settings)
        hello = self._connection.hello
        self.observation_space = _space(hello["observation_space"])
        self.action_space = _space(hello["action_space"])
        self.spec = _spec(world, {"seed": seed, **settings})
        self._state: State | None = None
        # Whether the state is the first of an episode that no reset has asked for.
        self._waits = False

    def _observation(self, rows: NDArray[Any]) -> Any:
        return _rows(rows, self.observation_space)[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if not self._waits or seed is not None or self._state is None:
            self._state = self._connection.reset(seed)
        self._waits = False
        return self._observation(self._state.observations), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        state = self._state = self._connection.step(_numbers(action, self.action_space, ()))
        terminated, truncated = bool(state.terminated[0]), bool(state.truncated[0])
        self._waits = terminated or truncated
        rows = state.final if self._waits else state.observations
        return self._observation(rows), float(state.rewards[0]), terminated, truncated, {}

    def action_masks(self) -> NDArray[np.bool_]:
        """[actions]: which actions may be chosen next."""
        return _masks(self._state.masks if self._state else None, 1, self.action_space)[0]

    def close(self) -> None:
        self._connection.close()


def _numbers(
    actions: Any, space: spaces.Space[Any], batch: tuple[int, ...]
) -> NDArray[Any]:
    """Actions as the program takes them."""
    given = np.asarray(actions)
    shape = batch + (space.shape or ())
    if given.shape != shape:
        raise ValueError(f"the actions are of shape {given.shape}; they must be of {shape}")
    if isinstance(space, spaces.Box):
        return given.astype("<f4")
    if not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"the actions are of type {given.dtype}; they must be whole numbers")
    return given.astype("<i4")


def _masks(
    masks: NDArray[np.bool_] | None, count: int, space: spaces.Space[Any]
) -> NDArray[np.bool_]:
    if masks is not None:
        return masks.copy()
    if isinstance(space, spaces.Discrete):
        return np.ones((count, int(space.n)), np.bool_)
    if isinstance(space, spaces.MultiDiscrete):
        return np.ones((count, int(space.nvec.sum())), np.bool_)
    raise TypeError("actions that are not countable have no masks")


def make(world: str, **settings: Any) -> Env:
    """One environment of a world; see :class:`VectorEnv` for the arguments."""
    return Env(world, **settings)


def make_vec(world: str, num_envs: int = 1, **settings: Any) -> VectorEnv:
    """Environments of a world that step together; see :class:`VectorEnv` for the arguments."""
    return VectorEnv(world, num_envs, **settings)


def _spec(world: str, settings: dict[str, Any]) -> EnvSpec:
    name = re.sub(r"[^\w.-]", "-", world)
    return EnvSpec(
        f"drr/{name}-v0", entry_point="drr.envs:Env", vector_entry_point="drr.envs:VectorEnv",
        order_enforce=False, disable_env_checker=True, kwargs={"world": world, **settings})


for _world in WORLDS:
    if f"drr/{_world}-v0" not in gymnasium.registry:
        gymnasium.register(
            f"drr/{_world}-v0", entry_point="drr.envs:Env",
            vector_entry_point="drr.envs:VectorEnv", kwargs={"world": _world})
