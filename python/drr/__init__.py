"""Reinforcement-learning recommendation by the program `drr`.

* :func:`make` and :func:`make_vec`: its worlds as environments of Gymnasium, which knows them as
  ``drr/cliff-v0`` too.
* :func:`train`: its agents, in any environment of Gymnasium.
* :func:`fit` and :func:`load`: models of ratings in data frames, with numpy arrays and ids.

What the program refuses is an :class:`Error` with the program's own sentence.
"""

from . import mlflow
from ._program import VERSION as __version__
from ._program import Error, program
from .agents import Agent, Evaluation, train
from .envs import WORLDS, Env, VectorEnv, make, make_vec
from .models import Model, fit, load

__all__ = [
    "WORLDS", "Agent", "Env", "Error", "Evaluation", "Model", "VectorEnv", "__version__", "fit",
    "load", "make", "make_vec", "mlflow", "program", "train",
]
