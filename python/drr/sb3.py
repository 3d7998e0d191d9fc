"""Joint environments as Stable-Baselines3 has them.

    from drr.sb3 import vec_env
    model = PPO("MlpPolicy", vec_env("interest-evolution", 16))
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecMonitor
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from .envs import VectorEnv, make_vec


class Joint(VecEnv):
    """The environments of a :class:`drr.VectorEnv`, one process for all of them.

    Masks are those that ``MaskablePPO`` of sb3-contrib asks for.
    """

    def __init__(self, envs: VectorEnv) -> None:
        self.envs = envs
        self._seed: int | None = None
        self._actions: Any = None
        super().__init__(
            envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def seed(self, seed: int | None = None) -> list[int | None]:
        """One seed is of all environments, from the next reset on."""
        self._seed = seed
        return [seed] * self.num_envs

    def reset(self) -> VecEnvObs:
        observations, _ = self.envs.reset(seed=self._seed)
        self._seed = None
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        observations, rewards, terminated, truncated, told = self.envs.step(self._actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        ended = terminated | truncated
        for row in np.flatnonzero(ended):
            infos[row] = {"terminal_observation": told["final_obs"][row],
                          "TimeLimit.truncated": bool(truncated[row])}
        return observations, rewards, ended, infos

    def close(self) -> None:
        self.envs.close()

    def env_method(
        self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any
    ) -> list[Any]:
        if method_name != "action_masks":
            raise AttributeError(f"the environments have no method {method_name}")
        masks = self.envs.action_masks()
        return [masks[row] for row in self._rows(indices)]

    def _rows(self, indices: VecEnvIndices) -> Iterable[int]:
        return self._get_indices(indices)

    def has_attr(self, attr_name: str) -> bool:
        return attr_name == "action_masks" or hasattr(self.envs, attr_name)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return [getattr(self.envs, attr_name) for _ in self._rows(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        raise AttributeError(f"{attr_name} of the environments cannot be set")

    def env_is_wrapped(
        self, wrapper_class: type[Any], indices: VecEnvIndices = None
    ) -> list[bool]:
        return [False for _ in self._rows(indices)]


def vec_env(world: str, num_envs: int = 1, **settings: Any) -> VecMonitor:
    """Joint environments of a world, whose episodes are counted."""
    return VecMonitor(Joint(make_vec(world, num_envs, **settings)))
