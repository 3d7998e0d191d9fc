"""A terminal of 80 columns and 24 lines, and what a block of commands leaves on it."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from dataclasses import dataclass

import pyte

COLUMNS, ROWS = 80, 24
# What is shown while something is under way.
PROGRESS = re.compile(r"[█░]+ +\d+%|at work")
# Says before each command which one it is, as shells title their windows.
TITLES = r"""trap 'printf "\033]2;%s\007" "$BASH_COMMAND" >/dev/tty' DEBUG
"""


@dataclass
class Line:
    """A line as it was left: joined again where it wrapped."""

    text: str
    command: str
    wrapped: bool = False
    # Whether it was drawn where another was erased.
    redrawn: bool = False

    @property
    def is_left_behind(self):
        """Whether it is a line of progress, which ought to have been erased."""
        return self.redrawn and bool(PROGRESS.match(self.text))


class Terminal(pyte.Screen):
    """A screen that keeps every line that left it, and knows which wrapped."""

    def __init__(self):
        self.left, self.start, self.wraps = [], "", False
        self.redrawn, self.is_back = False, False
        super().__init__(COLUMNS, ROWS)

    @property
    def row(self):
        cells = self.buffer[self.cursor.y]
        return "".join(cells[x].data for x in range(self.columns))

    def draw(self, data):
        for character in data:
            if self.cursor.x == self.columns:
                self.start, self.wraps = self.start + self.row, True
            super().draw(character)
            self.wraps = False

    def carriage_return(self):
        self.is_back = True
        super().carriage_return()

    def erase_in_line(self, *arguments, **named):
        self.redrawn = self.redrawn or self.is_back
        super().erase_in_line(*arguments, **named)

    def linefeed(self):
        if not self.wraps:
            self.leave()
        super().linefeed()

    def leave(self):
        """Puts the row of the cursor down as a line."""
        self.left.append(
            Line((self.start + self.row).rstrip(), self.title, bool(self.start), self.redrawn))
        self.start, self.redrawn, self.is_back = "", False, False


@dataclass
class Screen:
    """What a block of commands left on the terminal, and how it ended."""

    lines: list
    code: int
    command: str
    seconds: float
    timed_out: bool = False

    @property
    def text(self):
        return [line.text for line in self.lines]


def play(commands, folder, environment, limit):
    """Runs commands by bash on a terminal, up to the first that fails.

    >>> def see(commands):
    ...     return play(commands, ".", dict(os.environ), 20)
    >>> [see("printf 'µ%.0s' {1.." + columns + "}").lines[0].wrapped for columns in ("80", "81")]
    [False, True]
    >>> bar = r"printf '\\r\\033[K██░░ 50%%  1/2 steps'"
    >>> [line.is_left_behind for line in see(bar + r"; printf '\\r\\033[K'; echo done").lines]
    [False]
    >>> [line.is_left_behind for line in see(bar + "; echo done; " + bar).lines]
    [True, True]
    >>> screen = see("false; echo done")
    >>> screen.code, screen.command, screen.text
    (1, 'false', [])
    """
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.chdir(folder)
        os.execvpe("bash", ["bash", "-euo", "pipefail", "-c", TITLES + commands], environment)
    screen = Terminal()
    stream, decoder = pyte.Stream(screen), codecs.getincrementaldecoder("utf-8")("replace")
    began, timed_out = time.monotonic(), False
    while True:
        left = began + limit - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            timed_out = True
            os.killpg(child, signal.SIGKILL)
            break
        try:
            written = os.read(terminal, 65536)
        except OSError:
            break
        if not written:
            break
        stream.feed(decoder.decode(written))
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    if screen.start or screen.row.strip():
        screen.leave()
    return Screen(screen.left, os.waitstatus_to_exitcode(status), screen.title,
                  time.monotonic() - began, timed_out)
