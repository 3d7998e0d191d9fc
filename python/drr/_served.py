"""Environments of Gymnasium, answered for at a Unix socket: what `drr train --socket` learns in.
docs/python.md tells the messages."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from . import _program
from ._connection import HEAD, HELLO, REFUSED, RESET, STATE, STEP, exactly
from ._program import hear, print_line, require_success


def told(space: spaces.Space[Any], what: str) -> dict[str, Any]:
    """A space as the messages have it."""
    if isinstance(space, spaces.Discrete) and space.start == 0:
        return {"type": "Discrete", "n": int(space.n)}
    if isinstance(space, spaces.Box):
        said: dict[str, Any] = {"type": "Box", "shape": list(space.shape)}
        if what == "actions" and space.is_bounded():
            said["low"] = space.low.astype(np.float32).ravel().tolist()
            said["high"] = space.high.astype(np.float32).ravel().tolist()
        return said
    raise TypeError(
        f"the {what} are {space}; drr learns by Box and by Discrete from 0 on: wrap the environment, "
        "as by gymnasium.wrappers.FlattenObservation or TransformAction")


def vector(env: Any, num_envs: int) -> tuple[gymnasium.vector.VectorEnv[Any, Any, Any], bool]:
    """Environments that step together, and whether they were made here.

    :param env: an id, an environment, environments that step together, or what makes such of
        ``num_envs``.
    """
    same = {"autoreset_mode": AutoresetMode.SAME_STEP}
    if isinstance(env, str):
        return gymnasium.make_vec(
            env, num_envs, vectorization_mode="sync", vector_kwargs=same), True
    if isinstance(env, gymnasium.Env):
        if num_envs != 1:
            raise ValueError(
                f"num_envs is {num_envs}, and one environment is given; give its id, or what makes "
                "environments of num_envs=")
        return gymnasium.vector.SyncVectorEnv([lambda: env], **same), False
    made = not isinstance(env, gymnasium.vector.VectorEnv)
    envs = env(num_envs=num_envs) if made else env
    mode = getattr(envs, "metadata", {}).get("autoreset_mode")
    if mode is not AutoresetMode.SAME_STEP:
        raise ValueError(
            f"the autoreset mode of {envs} is {mode}; make it with "
            "autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP")
    return envs, made


class Answers:
    """What is said to a program that acts in environments."""

    def __init__(self, envs: gymnasium.vector.VectorEnv[Any, Any, Any], name: str) -> None:
        self._envs = envs
        self._name = name
        self._seen = told(envs.single_observation_space, "observations")
        self._chosen = told(envs.single_action_space, "actions")

    def hello(self) -> bytes:
        said = {
            "protocol": 1, "program": "python", "world": self._name, "seed": 0,
            "num_envs": self._envs.num_envs, "observation_space": self._seen,
            "action_space": self._chosen, "masks": False, "autoreset": "same_step"}
        return json.dumps(said).encode()

    def answer(self, kind: int, body: bytes) -> bytes:
        count = self._envs.num_envs
        if kind == RESET:
            seed = struct.unpack("<Q", body)[0] % 2**63 if body else None
            seen, _ = self._envs.reset(seed=seed)
            return self._state(seen, np.zeros(count), np.zeros((2, count), np.bool_), [])
        if kind != STEP:
            raise ValueError(f"the message's kind is {kind}; it must be {RESET} or {STEP}")
        seen, rewards, terminated, truncated, infos = self._envs.step(self._actions(body))
        ends = np.stack([terminated, truncated])
        last = [infos["final_obs"][row] for row in np.flatnonzero(ends.any(axis=0))]
        return self._state(seen, rewards, ends, last)

    def _actions(self, body: bytes) -> NDArray[Any]:
        space = self._envs.single_action_space
        if isinstance(space, spaces.Discrete):
            return np.frombuffer(body, "<i4").astype(np.int64)
        rows = np.frombuffer(body, "<f4").reshape(self._envs.num_envs, *space.shape)
        # A float32 may be a rounding above a bound.
        return np.clip(rows.astype(space.dtype), space.low, space.high)

    def _state(
        self, seen: Any, rewards: NDArray[Any], ends: NDArray[np.bool_], last: list[Any]
    ) -> bytes:
        numbers = "<f4" if self._seen["type"] == "Box" else "<i4"
        return b"".join([
            np.asarray(seen, numbers).tobytes(), np.asarray(rewards, "<f4").tobytes(),
            ends.astype("u1").tobytes(), np.asarray(last, numbers).tobytes()])


def _accept(listening: socket.socket, process: subprocess.Popen[str]) -> socket.socket | None:
    """The program's connection; None where it ended without."""
    listening.settimeout(0.02)
    while process.poll() is None:
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        connection.setblocking(True)
        return connection
    return None


def _serve(connection: socket.socket, answers: Answers) -> None:
    """Answers until the program leaves."""

    def send(kind: int, body: bytes) -> None:
        connection.sendall(HEAD.pack(kind, len(body)) + body)

    try:
        send(HELLO, answers.hello())
        while True:
            kind, count = HEAD.unpack(exactly(connection, HEAD.size))
            body = bytes(exactly(connection, count))
            try:
                answer = answers.answer(kind, body)
            except Exception as error:
                send(REFUSED, f"{type(error).__name__}: {error}".encode())
                raise
            send(STATE, answer)
    except (_program.Error, BrokenPipeError, ConnectionResetError):
        return


@contextmanager
def _interruptible(process: subprocess.Popen[str]) -> Iterator[Callable[[], bool]]:
    """Control-C asks the program to save and end; a second one is heeded at once."""
    asked: list[int] = []

    def ask(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        process.send_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


def run(words: list[str], answers: Answers, *, verbose: bool = False) -> None:
    """Runs the program, which acts in the environments that are answered for.

    Raises what an environment raises, and :class:`drr.Error` with the program's sentence where that
    refuses. An interruption reaches the program, which saves what it has learned.
    """
    said: list[str] = []

    def read(lines: Any) -> None:
        said.extend(hear(lines, print_line if verbose else None))

    with tempfile.TemporaryDirectory(prefix="drr-") as folder, \
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        path = os.path.join(folder, "socket")
        listening.bind(path)
        listening.listen(1)
        with subprocess.Popen(
            [_program.program(), *words, "--socket", path, *([] if verbose else ["--quiet"])],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        ) as process, _interruptible(process) as is_interrupted:
            reader = threading.Thread(target=read, args=(process.stderr,))
            reader.start()
            try:
                connection = _accept(listening, process)
                if connection is not None:
                    with connection:
                        _serve(connection, answers)
                process.wait()
            except KeyboardInterrupt:
                process.terminate()
                raise
            finally:
                process.wait()
                reader.join()
        if is_interrupted():
            raise KeyboardInterrupt
    require_success(process, said)
