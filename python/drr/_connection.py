"""`drr env` at work, and the messages to it. docs/python.md tells their form."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._program import Error, options, program, sentence

HELLO, STATE, REFUSED, RESET, STEP = 1, 2, 3, 4, 5
HEAD = struct.Struct("<II")


class State:
    """What environments are seen as after a reset or a step."""

    __slots__ = ("final", "masks", "observations", "rewards", "terminated", "truncated")

    def __init__(
        self, observations: NDArray[Any], rewards: NDArray[np.float32],
        terminated: NDArray[np.bool_], truncated: NDArray[np.bool_],
        masks: NDArray[np.bool_] | None, final: NDArray[Any],
    ) -> None:
        self.observations = observations
        self.rewards = rewards
        self.terminated = terminated
        self.truncated = truncated
        self.masks = masks
        # [ended, W]
        self.final = final


# How long a message is looked for before the processor is given up, in seconds: to be woken takes
# longer than a step of most worlds.
PATIENCE = 50e-6


def exactly(connection: socket.socket, count: int) -> bytearray:
    """So many bytes, of which none may be missing."""
    bytes_ = bytearray(count)
    view = memoryview(bytes_)
    until = time.perf_counter() + PATIENCE
    while view:
        waits = time.perf_counter() > until
        try:
            got = connection.recv_into(view, 0, 0 if waits else socket.MSG_DONTWAIT)
        except BlockingIOError:
            os.sched_yield()
            continue
        if got == 0:
            raise Error("drr env has ended")
        view = view[got:]
    return bytes_


class Connection:
    """A process of `drr env`, which ends when this is closed or forgotten."""

    def __init__(self, world: str, num_envs: int, seed: int, settings: dict[str, Any]) -> None:
        folder = tempfile.mkdtemp(prefix="drr-")
        path = os.path.join(folder, "socket")
        words = ["env", "--socket", path, "--env", world, *options(
            {"num_envs": num_envs, "seed": seed, **settings}), "--once", "--quiet"]
        try:
            with tempfile.TemporaryFile() as said:
                # Control-C is this process's own business.
                self._process = subprocess.Popen(
                    [program(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=said, start_new_session=True)
                self._socket = self._connect(path, said)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        kind, body = self._receive()
        self.hello: dict[str, Any] = json.loads(self._checked(kind, HELLO, body))
        self.num_envs = num_envs
        self._discrete = self.hello["observation_space"]["type"] != "Box"
        self._width = _width(self.hello["observation_space"])
        self._masks = self.hello["action_space"]["n"] if self.hello["masks"] else 0

    def _connect(self, path: str, said: Any) -> socket.socket:
        while True:
            ended = self._process.poll()
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(path)
                return connection
            except OSError:
                connection.close()
            if ended is not None:
                said.seek(0)
                raise sentence(said.read().decode(), ended)
            time.sleep(0.002)

    def _receive(self) -> tuple[int, bytearray]:
        kind, count = HEAD.unpack(exactly(self._socket, HEAD.size))
        return kind, exactly(self._socket, count)

    @staticmethod
    def _checked(kind: int, wanted: int, body: bytearray) -> bytearray:
        if kind == REFUSED:
            raise Error(body.decode())
        if kind != wanted:
            raise Error(f"drr env sent a message of kind {kind}, expected {wanted}")
        return body

    def _ask(self, kind: int, body: bytes) -> State:
        try:
            self._socket.sendall(HEAD.pack(kind, len(body)) + body)
            answer, state = self._receive()
        except OSError as error:
            raise Error(f"drr env has ended: {error}") from error
        return self._state(self._checked(answer, STATE, state))

    def reset(self, seed: int | None) -> State:
        return self._ask(RESET, b"" if seed is None else struct.pack("<Q", seed % 2**64))

    def step(self, actions: NDArray[Any]) -> State:
        """[B, A] of int32 or float32."""
        return self._ask(STEP, actions.tobytes())

    def _state(self, body: bytearray) -> State:
        count, width = self.num_envs, self._width
        at = 0

        def take(kind: str, *shape: int) -> NDArray[Any]:
            nonlocal at
            part = np.frombuffer(body, kind, count=int(np.prod(shape)), offset=at)
            at += part.nbytes
            return part.reshape(shape)

        numbers = "<i4" if self._discrete else "<f4"
        observations = take(numbers, count, width)
        rewards = take("<f4", count)
        terminated = take("u1", count).view(np.bool_)
        truncated = take("u1", count).view(np.bool_)
        masks = take("u1", count, self._masks).view(np.bool_) if self._masks else None
        ended = int(np.count_nonzero(terminated | truncated))
        return State(
            observations, rewards, terminated, truncated, masks, take(numbers, ended, width))

    def close(self) -> None:
        self._socket.close()
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def __del__(self) -> None:
        if hasattr(self, "_socket"):
            self.close()


def _width(space: dict[str, Any]) -> int:
    return int(np.prod(space["shape"])) if space["type"] == "Box" else len(space.get("nvec", [0]))
