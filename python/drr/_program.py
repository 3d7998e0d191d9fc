"""The program: where it is, how it is run, and what it says when it refuses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

# That of the program, which `python/build` writes here.
VERSION = "0.1.0"


class Error(RuntimeError):
    """What the program refuses, in its own sentence."""


def program() -> str:
    """The path of `drr`: `DRR_PROGRAM`, else that of the wheel, else the one on the path."""
    own = os.path.join(os.path.dirname(__file__), "program", "drr")
    found = os.environ.get("DRR_PROGRAM") or (own if os.path.exists(own) else shutil.which("drr"))
    if not found:
        raise Error("there is no drr: install the wheel, or name the program by DRR_PROGRAM")
    return found


def options(settings: Mapping[str, Any]) -> list[str]:
    """Settings as the program's options: ``num_envs=4`` is ``--num-envs 4``, ``myopic=False`` is
    ``--no-myopic``, and a list is an option that is given for each. None is left out."""
    words: list[str] = []
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(option if value else option.replace("--", "--no-", 1))
        elif isinstance(value, (list, tuple)):
            words += [f"{option}={one}" for one in value]
        elif value is not None:
            words.append(f"{option}={value}")
    return words


def sentence(said: str, code: int | None) -> Error:
    """The error that a program ended by which said this."""
    lines = [line for line in said.splitlines() if line and not line.startswith("warning: ")]
    # What is wrong with the command line stands above its usage.
    usage = next((at for at, line in enumerate(lines) if line.startswith("Usage:")), len(lines))
    text = "\n".join(lines[:usage]).removeprefix("Error: ")
    return Error(text or f"drr ended with code {code}")


def run(words: Iterable[str], *, verbose: bool = False) -> str:
    """What the program prints. With ``verbose`` what it tells on its way is shown line by line.

    Raises :class:`Error` with the program's sentence where it refuses. An interruption reaches the
    program, which saves what it can first.
    """
    quiet = [] if verbose else ["--quiet"]
    command = [program(), *words, *quiet]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:
        printed, said = _read(process, print_line if verbose else None)
    require_success(process, said)
    return printed


def print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def hear(stream: Iterable[str], show: Callable[[str], None] | None) -> list[str]:
    """The lines that a program says, each shown as it comes."""
    said: list[str] = []
    for line in stream:
        said.append(line)
        if show:
            show(line.rstrip("\n"))
    return said


def require_success(process: subprocess.Popen[str], said: list[str]) -> None:
    """Raises :class:`Error` where a program that ended, and said these lines, refused."""
    if process.returncode:
        text = "".join(said)
        raise sentence(text[max(text.rfind("Error: "), 0):], process.returncode)


def _read(
    process: subprocess.Popen[str], show: Callable[[str], None] | None
) -> tuple[str, list[str]]:
    """All that a program prints, and the lines that it says, as they come."""
    import threading

    printed: list[str] = []
    assert process.stdout and process.stderr
    reader = threading.Thread(target=lambda out=process.stdout: printed.append(out.read()))
    reader.start()
    try:
        said = hear(process.stderr, show)
        reader.join()
        process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        reader.join()
        raise
    return "".join(printed), said


def result(words: Iterable[str], *, verbose: bool = False) -> dict[str, Any]:
    """What the program prints with ``--json``."""
    return json.loads(run([*words, "--json"], verbose=verbose))
