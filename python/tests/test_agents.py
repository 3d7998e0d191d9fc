"""Agents of the program in environments of Gymnasium."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import drr
from drr import _program

SMALL = {"hidden": 32, "device": "cpu"}


class Line(gymnasium.Env):
    """Numbers from −1 to 1 that an action is to come close to, five in a row; what was shown and what
    was chosen is kept."""

    def __init__(self, actions=None, fails_at=None, observation=None):
        self.observation_space = observation or spaces.Box(-1, 1, (2,), np.float32)
        self.action_space = actions or spaces.Discrete(3)
        self.fails_at = fails_at
        self.kept = []

    def _show(self):
        self.seen = self.np_random.uniform(-1, 1, 2).astype(np.float32)
        return self.seen

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.age = 0
        return self._show(), {}

    def step(self, action):
        self.kept.append((self.seen, np.array(action)))
        if len(self.kept) == self.fails_at:
            raise RuntimeError("the line is cut")
        if isinstance(self.action_space, spaces.Box):
            wanted = 3 + 2 * self.seen[0]
            reward = -float(np.square(np.asarray(action)[0] - wanted))
        else:
            reward = float(int(action) == int(np.digitize(self.seen[0], [-0.33, 0.33])))
        self.age += 1
        return self._show(), reward, False, self.age >= 5, {}


def values(env, discount, improve):
    """V by dynamic programming over the probabilities that the environment gives, with a step's worth
    of ``improve`` of the values of all actions [states, actions]."""
    table = env.unwrapped.P
    most = max(len(outcomes) for actions in table.values() for outcomes in actions.values())
    rows = np.zeros((len(table), len(table[0]), most, 4))
    for state, actions in table.items():
        for action, outcomes in actions.items():
            rows[state, action, :len(outcomes)] = outcomes
    share, following, reward, ends = np.moveaxis(rows, 3, 0)
    value = np.zeros(len(table))
    for _ in range(20_000):
        before = value
        left = discount * (1 - ends) * before[following.astype(int)]
        value = improve((share * (reward + left)).sum(axis=2))
        if np.abs(value - before).max() < 1e-12:
            break
    return value


def optimum(env, discount):
    return values(env, discount, lambda q: q.max(axis=1))


def worth(env, actions, discount):
    """V of a policy, an action for each state."""
    return values(env, discount, lambda q: np.take_along_axis(q, actions[:, None], 1)[:, 0])


def greedy(agent, env):
    return agent.act(np.arange(env.observation_space.n))


def test_q_on_the_slippery_lake():
    env = gymnasium.make("FrozenLake-v1", is_slippery=True)
    agent = drr.train(
        lambda num_envs: gymnasium.make_vec(
            "FrozenLake-v1", num_envs, vectorization_mode="sync", is_slippery=True,
            vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP}),
        "q", steps=150_000, seed=1, num_envs=64, step_size="n^-0.7", epsilon_end=0.3)
    best = optimum(env, 0.99)[0]
    assert abs(best - 0.5420) < 1e-3
    assert worth(env, greedy(agent, env), 0.99)[0] > best - 0.02


def test_q_finds_the_way_of_thirteen_steps():
    agent = drr.train("CliffWalking-v1", "q", steps=20_000, num_envs=8, seed=2, step_size=0.5,
                      discount=1)
    assert agent.evaluate("CliffWalking-v1", episodes=2) == (-13, 0)


def test_q_drives_a_taxi():
    env = gymnasium.make("Taxi-v3" if "Taxi-v4" not in gymnasium.registry else "Taxi-v4")
    agent = drr.train(env.spec.id, "q", steps=150_000, num_envs=64, seed=3, step_size=1,
                      epsilon_start=0.5, epsilon_end=0.3)
    starts = [env.reset(seed=seed)[0] for seed in range(100)]
    best, found = optimum(env, 0.99), worth(env, greedy(agent, env), 0.99)
    # One start of a hundred may be two steps from its best way.
    assert 0 <= (best - found)[starts].mean() < 0.05


def test_dqn_on_the_cart_pole():
    """A policy that draws its actions evenly holds the pole for 22 steps."""
    agent = drr.train("CartPole-v1", "dqn", steps=12_000, seed=1, num_envs=4, updates_per_step=4,
                      n_step=5, hidden=64, device="cpu")
    assert agent.evaluate("CartPole-v1", episodes=10).mean > 150
    earned = [line["meanReturn"] for line in agent.metrics if "meanReturn" in line]
    assert earned[0] < 40 and earned[-1] > 2 * earned[0]


def test_ddpg_swings_the_pendulum_up():
    """Actions that are drawn evenly earn −1,200 in the mean, the best policies about −150."""
    agent = drr.train("Pendulum-v1", "ddpg", steps=7_000, seed=1, hidden=64, device="cpu")
    assert agent.evaluate("Pendulum-v1", episodes=10).mean > -600


def test_pg_learns():
    agent = drr.train(Line(), "pg", method="a2c", steps=6_000, seed=1, learning_rate=3e-3, **SMALL)
    assert agent.evaluate(Line(), episodes=40).mean > 3.5


def test_a_seed_gives_the_same_bits(tmp_path):
    """Whatever is tried here: values and actions, and the environment's own draws."""
    for algorithm, actions in {"dqn": None, "ddpg": spaces.Box(1, 5, (2,), np.float32)}.items():
        found = []
        for number, seed in enumerate([4, 4, 5]):
            run = tmp_path / f"{algorithm}-{number}"
            drr.train(Line(actions), algorithm, steps=400, seed=seed, learning_starts=100,
                      run=str(run), **SMALL)
            found.append((run / "checkpoint.safetensors").read_bytes())
        assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("algorithm", ["dqn", "ddpg"])
def test_acts_as_the_program_does(algorithm, tmp_path):
    """The world fails at a step of which the program has saved what it chose by, in eight worlds."""
    actions = spaces.Box(np.array([1, -4], np.float32), np.array([5, 0], np.float32))
    made = []

    def vector(num_envs):
        made.extend(Line(actions if algorithm == "ddpg" else None) for _ in range(num_envs))
        made[-1].fails_at = 40
        return SyncVectorEnv([lambda one=one: one for one in made],
                             autoreset_mode=AutoresetMode.SAME_STEP)

    plain = {"dqn": {"epsilon_start": 0.0, "epsilon_end": 0.0},
             "ddpg": {"least_noise": 1e-9, "most_noise": 1e-9}}[algorithm]
    with pytest.raises(RuntimeError, match="the line is cut"):
        drr.train(vector, algorithm, steps=1_000, num_envs=8, learning_starts=64, batch_size=32,
                  checkpoint_steps=8, run=str(tmp_path / "run"), **plain, **SMALL)
    agent = drr.Agent(str(tmp_path / "run"))
    seen, chosen = (np.array([one.kept[-1][part] for one in made]) for part in (0, 1))
    assert all(len(one.kept) == 40 for one in made)
    if algorithm == "dqn":
        assert agent.act(seen).tolist() == chosen.tolist()
        assert agent.act(seen[0]) == chosen[0]
    else:
        np.testing.assert_allclose(agent.act(seen), chosen, atol=1e-5)
        np.testing.assert_allclose(agent.act(seen[:1]), chosen[:1], atol=1e-5)
        assert chosen.min() >= -4 and np.ptp(chosen, axis=0).min() > 1e-4


def test_goes_on_where_the_world_was_cut(tmp_path):
    run = str(tmp_path / "run")
    with pytest.raises(RuntimeError, match="the line is cut"):
        drr.train(Line(fails_at=300), steps=500, run=run, checkpoint_steps=50, **SMALL)
    env = Line()
    agent = drr.train(env, steps=500, run=run, checkpoint_steps=50, **SMALL)
    assert len(env.kept) == 250
    assert [line["step"] for line in agent.metrics] == list(range(25, 501, 25))
    with pytest.raises(drr.Error, match="started with .*seed 0, not 9"):
        drr.train(Line(), steps=500, run=run, seed=9, **SMALL)
    with pytest.raises(drr.Error, match="go on with it by `drr train dqn"):
        drr.train(Line(), "pg", run=run, **SMALL)


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="algorithm is td9; it must be one of dqn"):
        drr.train(Line(), "td9")
    with pytest.raises(drr.Error, match="use `drr train ddpg`"):
        drr.train(Line(spaces.Box(-1, 1, (1,))), "dqn")
    with pytest.raises(drr.Error, match="use `drr train dqn`"):
        drr.train(Line(), "ddpg")
    with pytest.raises(drr.Error, match="has a row for each state"):
        drr.train(Line(), "q")
    with pytest.raises(drr.Error, match="RescaleAction"):
        drr.train(Line(spaces.Box(-np.inf, np.inf, (1,))), "ddpg")
    with pytest.raises(TypeError, match="FlattenObservation"):
        drr.train(Line(observation=spaces.Dict({"a": spaces.Discrete(2)})))
    with pytest.raises(TypeError, match="the actions are MultiDiscrete"):
        drr.train(Line(spaces.MultiDiscrete([2, 2])))
    with pytest.raises(TypeError, match="Discrete from 0 on"):
        drr.train(Line(spaces.Discrete(2, start=1)))
    with pytest.raises(ValueError, match="make it with autoreset_mode"):
        drr.train(SyncVectorEnv([Line]))
    with pytest.raises(ValueError, match="num_envs is 3, and one environment is given"):
        drr.train(Line(), num_envs=3)
    with pytest.raises(drr.Error, match="--hidden is 0"):
        drr.train(Line(), hidden=0)
    with pytest.raises(drr.Error, match="--num-envs is no option of a world of another program"):
        drr._served.run(["train", "dqn", "--num-envs=3", "--run", str(tmp_path / "none")],
                        drr._served.Answers(SyncVectorEnv([Line]), "line"))
    with pytest.raises(drr.Error, match="no run was started there"):
        drr.Agent(str(tmp_path / "none"))
    said = subprocess.run(
        [drr.program(), "train", "dqn", "--socket", str(tmp_path / "none"), "--run",
         str(tmp_path / "run")], capture_output=True, text=True)
    assert said.returncode == 1 and "no world is answered there" in said.stderr
    assert not os.path.exists(tmp_path / "run")


class Odd(Line):
    def __init__(self, seen=0.0, reward=0.0):
        super().__init__()
        self.odd = seen, reward

    def step(self, action):
        seen, _, *rest = super().step(action)
        return seen + np.float32(self.odd[0]), self.odd[1], *rest


def test_what_is_no_number():
    with pytest.raises(drr.Error, match="environment 0 shows is nan; it must be a number"):
        drr.train(Odd(seen=np.nan), **SMALL)
    with pytest.raises(drr.Error, match="the reward of environment 0 is inf"):
        drr.train(Odd(reward=np.inf), **SMALL)


INTERRUPTED = """
import sys, threading, time
import drr
from test_agents import Line, SMALL

class Slow(Line):
    def step(self, action):
        if len(self.kept) == 50:
            print("now", flush=True)
        time.sleep(0.002)
        return super().step(action)

try:
    drr.train(Slow(), steps=100_000, run=sys.argv[1], **SMALL)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_control_c_saves(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "run")], stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(
            [os.path.dirname(os.path.dirname(drr.__file__)), os.path.dirname(__file__)])})
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "interrupted\n"
    agent = drr.Agent(str(tmp_path / "run"))
    assert agent.act(np.zeros(2)) in range(3)


def test_the_programs_own_worlds_at_the_socket(tmp_path):
    """The cliff that `drr env` answers for, and the exact value of what is learned there."""
    path = str(tmp_path / "socket")
    with subprocess.Popen([drr.program(), "env", "--socket", path, "--env", "cliff", "--num-envs",
                           "8", "--once", "--quiet"]) as served:
        while not os.path.exists(path):
            time.sleep(0.01)
        _program.run(["train", "q", "--socket", path, "--steps", "60000", "--step-size", "0.5",
                      "--run", str(tmp_path / "run")])
        assert served.wait(timeout=60) == 0
    actions = drr.Agent(str(tmp_path / "run")).act(np.arange(48))
    env = drr.make("cliff")
    env.reset()
    total, ended = 0.0, False
    seen = 36
    for _ in range(20):
        seen, reward, ended, *_ = env.step(int(actions[seen]))
        total += reward
        if ended:
            break
    assert ended and total == -13


def test_beside_other_threads():
    """Training has no signals to mind where it is not the main thread's."""
    agents = []
    thread = threading.Thread(target=lambda: agents.append(
        drr.train(Line(), steps=60, learning_starts=20, batch_size=16, **SMALL)))
    thread.start()
    thread.join(timeout=60)
    assert json.dumps(agents[0].metrics[-1]["step"]) == "60"
