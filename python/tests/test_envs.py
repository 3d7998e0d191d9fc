"""The worlds as environments of Gymnasium."""

import os
import signal
import socket
import stat
import struct
import subprocess
import time
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import drr
from drr import _program

PLAIN = [world for world in drr.WORLDS if world not in ("ratings", "virtual-taobao")]


def settings(world, model, taobao):
    if world == "ratings":
        return {"run": os.path.dirname(model.folder)}
    return {"weights": taobao} if world == "virtual-taobao" else {}


@pytest.mark.parametrize("world", drr.WORLDS)
def test_check_env(world, model, taobao):
    env = drr.make(world, **settings(world, model, taobao))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Boxes without bounds are meant.
        warnings.filterwarnings("ignore", message=".*A Box observation space.*infinity")
        check_env(env, skip_render_check=True)
    env.close()


@pytest.mark.parametrize("world", drr.WORLDS)
def test_vectors_are_the_single_environments(world, model, taobao):
    """Environment 0 of many is the single one, through the ends of episodes, and a seed gives one
    course."""
    given = settings(world, model, taobao)
    many, again = (drr.make_vec(world, 3, seed=8, **given) for _ in range(2))
    one = drr.make_vec(world, 1, **given)
    assert many.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    many.action_space.seed(2)
    seen, other = many.reset()[0], again.reset()[0]
    alone = one.reset(seed=8)[0]
    ends = 0
    for _ in range(130):
        np.testing.assert_array_equal(seen, other)
        assert many.observation_space.contains(seen)
        if ends == 0:
            np.testing.assert_array_equal(seen[:1], alone)
        actions = many.action_space.sample()
        if world == "ratings":
            actions = np.array([
                np.random.default_rng(0).choice(np.flatnonzero(mask))
                for mask in many.action_masks()])
        steps = many.step(actions)
        seen, rewards, terminated, truncated, infos = steps
        other = again.step(actions)[0]
        alone, reward, *_ = one.step(actions[:1])
        if ends == 0:
            assert rewards[0] == reward[0]
        ended = terminated | truncated
        ends += ended.sum()
        assert ("final_obs" in infos) == ended.any()
        for row in np.flatnonzero(ended):
            assert many.single_observation_space.contains(infos["final_obs"][row])
    assert ends > 0 or world in ("cliff", "interest-evolution")
    for env in (many, again, one):
        env.close()


def test_a_file_of_a_tabular_process(tmp_path):
    """Left costs nothing and stays, right earns 1 and ends."""
    path = tmp_path / "own world.csv"
    path.write_text("state,action,probability,next,reward,done\n"
                    "a,left,1,a,0,0\na,right,1,b,0.5,0\nb,left,1,a,0,0\nb,right,1,a,1,1\n")
    starts = tmp_path / "starts.csv"
    starts.write_text("state,probability\nb,1\n")
    env = drr.make(str(path), start=str(starts), max_episode_steps=3)
    check_env(env, skip_render_check=True)
    assert env.observation_space.n == 2 and env.action_space.n == 2
    assert env.reset(seed=0)[0] == 1
    assert env.step(0)[:4] == (0, 0.0, False, False)
    assert env.step(1)[:4] == (1, 0.5, False, False)
    assert env.step(1)[:4] == (0, 1.0, True, False)
    env.close()
    with pytest.raises(drr.Error, match="--start is no option of lizard"):
        drr.make("lizard", start=str(starts))


def test_what_cannot_be_held_is_refused():
    with pytest.raises(drr.Error, match="--num-envs is 5000; it must be 1 ... 1048"):
        drr.make_vec("linear-bandit", 5000, arms=1000, features=64)
    with pytest.raises(drr.Error, match="--max-episode-steps is 0; it must be 1 or more"):
        drr.make("point", max_episode_steps=0)
    with pytest.raises(drr.Error, match="--arms is no option of point"):
        drr.make("point", arms=3)


def test_a_memory_is_seen(model):
    """Half as much is earned with a streak of strength 1 that has not begun, and it is seen."""
    run = os.path.dirname(model.folder)
    plain = drr.make("ratings", run=run, seed=4)
    streaks = drr.make("ratings", run=run, seed=4, streak_strength=1)
    first, second = plain.reset()[0], streaks.reset()[0]
    width = model.item_vectors.shape[1] + 1
    assert len(second) == len(first) + width and not second[-width:].any()
    np.testing.assert_array_equal(first, second[:-width])
    item = int(np.flatnonzero(plain.action_masks())[0])
    earned = plain.step(item)[1]
    seen, half, *_ = streaks.step(item)
    assert half == pytest.approx(earned / 2, abs=1e-6) and seen[-1] == pytest.approx(half)
    plain.close()
    streaks.close()


def test_one_environment_is_row_0():
    """Resets without a seed go on to the next episode that the vector has in row 0."""
    env, many = drr.make("long-term-satisfaction"), drr.make_vec("long-term-satisfaction")
    seen, other = env.reset(seed=3)[0], many.reset(seed=3)[0][0]
    for _ in range(150):
        np.testing.assert_array_equal(seen, other)
        seen, reward, terminated, truncated, _ = env.step(4)
        other, rewards, _, _, infos = many.step([4])
        assert reward == rewards[0]
        if terminated or truncated:
            np.testing.assert_array_equal(seen, infos["final_obs"][0])
            seen = env.reset()[0]
        other = other[0]


def test_seeds_are_those_of_the_programs_own_runs():
    """What the documents of least and of most temptation earn is what `drr simulate world` says."""
    told = _program.result(["simulate", "world", "long-term-satisfaction", "--episodes", "5",
                            "--seeds", "1", "--seed", "6"])
    means = {row["policy"]: row["episode"]["mean"] for row in told["rows"]}
    envs = drr.make_vec("long-term-satisfaction", 5)
    for name, choose in {"least temptation": np.argmin, "myopic": np.argmax}.items():
        seen = envs.reset(seed=6)[0]
        sums = np.zeros(5)
        for _ in range(60):
            seen, rewards, *_ = envs.step(choose(seen[:, :10], axis=1))
            sums += rewards
        np.testing.assert_allclose(sums.mean(), means[name], rtol=1e-6)


def test_cliff_by_hand():
    env = drr.make("cliff")
    assert env.reset(seed=1)[0] == 36
    assert env.step(1)[:4] == (36, -100.0, False, False)
    assert env.step(2)[:4] == (24, -1.0, False, False)
    for _ in range(11):
        env.step(1)
    assert env.step(3)[:4] == (47, -1.0, True, False)
    assert env.reset()[0] == 36


def test_masks(model):
    env = drr.make("ratings", run=os.path.dirname(model.folder), max_episode_steps=4)
    env.reset(seed=2)
    masks = env.action_masks()
    assert masks.shape == (120,) and 0 < masks.sum() < 120
    seen = int(np.flatnonzero(~masks)[0])
    assert env.step(seen)[1] == -1
    chosen = int(np.flatnonzero(masks)[0])
    env.step(chosen)
    assert not env.action_masks()[chosen]


def test_gymnasium_makes_them():
    env = gymnasium.make("drr/robot-v0", max_episode_steps=7, exploring_starts=True)
    env.reset(seed=0)
    envs = gymnasium.make_vec("drr/lizard-v0", num_envs=4)
    assert envs.reset()[0].tolist() == [6, 6, 6, 6]


def test_refusals(tmp_path):
    with pytest.raises(drr.Error, match="--env is moon; it must be one of long-term-"):
        drr.make("moon")
    with pytest.raises(drr.Error, match="--candidates is no option of cliff"):
        drr.make("cliff", candidates=3)
    with pytest.raises(drr.Error, match="give them by --weights FILE"):
        drr.make("virtual-taobao")
    with pytest.raises(drr.Error, match="--num-envs is 0"):
        drr.make_vec("cliff", 0)
    with pytest.raises(drr.Error, match="no run was started there"):
        drr.make("ratings", run=str(tmp_path))
    env = drr.make("cliff")
    env.reset()
    with pytest.raises(drr.Error, match="environment 0 is 9; it must be 0 ..< 4"):
        env.step(9)
    with pytest.raises(ValueError, match=r"of shape \(1,\); they must be of \(\)"):
        env.step([1])
    with pytest.raises(ValueError, match="whole numbers"):
        env.step(0.5)
    # Nothing has changed.
    assert env.step(2)[0] == 24
    env.close()
    with pytest.raises(drr.Error, match="drr env has ended"):
        env.step(0)


@pytest.fixture
def served(tmp_path):
    path = tmp_path / "socket"
    process = subprocess.Popen(
        [drr.program(), "env", "--socket", str(path), "--env", "cliff"],
        stderr=subprocess.DEVNULL)
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.01)
    yield path, process
    process.kill()
    process.wait()


def connected(path):
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
            answer(connection)
            return connection
        except (ConnectionRefusedError, FileNotFoundError):
            # Its file is there a moment before it is listened at, and an older one goes before that.
            connection.close()
            time.sleep(0.01)


def answer(connection):
    kind, count = struct.unpack("<II", connection.recv(8, socket.MSG_WAITALL))
    return kind, connection.recv(count, socket.MSG_WAITALL)


def test_bad_messages(served):
    path, process = served
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    connection = connected(path)
    for message, words in [
        (struct.pack("<II", 9, 0), b"the message's kind is 9"),
        (struct.pack("<III", 5, 4, 7), b"is 7; it must be 0 ..< 4"),
        (struct.pack("<IIH", 4, 2, 7), b"a reset has 2 bytes"),
        (struct.pack("<II", 5, 2**31), b"a message of 2147483648 bytes; it has at most 8"),
    ]:
        connection.sendall(message)
        kind, sentence = answer(connection)
        assert kind == 3 and words in sentence
    # What follows the last cannot be told from the next message.
    assert connection.recv(1) == b""
    # One that leaves in the middle of a message makes room for the next.
    connection = connected(path)
    connection.sendall(b"\x05\0\0")
    connection.close()
    connection = connected(path)
    connection.sendall(struct.pack("<II", 4, 0))
    assert answer(connection)[0] == 2
    assert process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(served, number):
    path, process = served
    connected(path)
    process.send_signal(number)
    assert process.wait(timeout=60) == 130
    assert not path.exists()


def test_a_socket_that_is_in_use(served, tmp_path):
    path, process = served
    def said(where):
        ended = subprocess.run(
            [drr.program(), "env", "--socket", str(where), "--env", "cliff", "--once"],
            capture_output=True, text=True)
        assert ended.returncode == 1
        return ended.stderr
    assert "another process listens there" in said(path)
    other = tmp_path / "file"
    other.write_text("mine")
    assert "something else is there" in said(other) and other.read_text() == "mine"
    assert "must have 1 ... 107" in said(tmp_path / ("x" * 200))
    # What a killed process leaves is taken away.
    process.kill()
    process.wait()
    assert path.exists()
    with subprocess.Popen(
        [drr.program(), "env", "--socket", str(path), "--env", "cliff", "--once", "--quiet"]
    ) as next_:
        connected(path).close()
        assert next_.wait(timeout=60) == 0
    assert not path.exists()
