"""Follows the tutorials as their readers would, on a terminal of 80 columns and 24 lines.

    python3 Tests/Journeys/run.py [--program .build/release/drr] [PAGE…] [--record]

Of each page of docs/tutorials every block of commands is run in its order, in a folder of the
page's own. Fails where a command fails (or succeeds, in a block that begins with "# fails"), where
a line wraps, where a line of progress is left behind, and where what the page shows is not on the
screen in its order: words and layout as they stand, decimals within .5 percent or .005; times, rates,
sizes and paths are the machine's, and so is what <!-- free: PATTERN --> above a block matches. Then
the five users look closer at what their pages left (users.py).

Pages of ml-100k.zip find it where DRR_DATA or ../shared/data has it. Elsewhere they get generated
ratings in its layout, and of what they print only lines without figures are held. On a processor
whose arithmetic is another than docs/tutorials/README.md names, trainings take another course:
decimals are held within .1 there, and lines in any order.

--record writes into the pages what is printed now.
"""

import argparse
import doctest
import itertools
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass

try:
    import gymnasium  # noqa: F401
    import onnxruntime  # noqa: F401
    import safetensors.numpy  # noqa: F401
    import pyte  # noqa: F401
except ImportError as error:
    sys.exit(f"{error}: python3 -m pip install pyte gymnasium onnxruntime safetensors")

import data
import pages
import terminal
import users

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
TUTORIALS = os.path.join(ROOT, "docs", "tutorials")
# The arithmetic that the pages' figures are of.
RECORDED = re.compile(r"^Figures are those of `([^`]+)`", re.M)
# Which device is taken, where nothing is to be chosen.
ABOUT_DEVICE = re.compile(r"device: cpu( \(.*\))?, as there is no GPU")
# Seconds until a block is given up.
LIMIT = 300
# Commands that are known to print lines wider than a terminal, and those lines; and the same for
# lines of progress that are left behind.
WIDE = [
    ("drr bench", r"^OpenBLAS "),
]
LEFT = []


@dataclass
class Journey:
    """A page that was followed: its folder, and a screen for each block."""

    page: pages.Page
    folder: str
    # What finds the first line of a block that is not on its screen.
    find: object
    screens: list

    def screen(self, command):
        """What the block left whose commands hold this one."""
        for block, screen in zip(self.page.blocks, self.screens):
            if command in block.commands:
                return screen
        raise users.Unmet(f"{self.page.name}.md has no `{command}`")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)


def is_known(line, known):
    return any(line.command.startswith(command) and re.search(pattern, line.text)
               for command, pattern in known)


def wide(screen):
    return [line for line in screen.lines if line.wrapped and not is_known(line, WIDE)]


def left(screen):
    return [line for line in screen.lines if line.is_left_behind and not is_known(line, LEFT)]


def failures(journey, block, screen, records):
    """What is wrong with a block's screen, in sentences."""
    if screen.timed_out:
        yield f"`{screen.command}` was stopped after {LIMIT} seconds"
    if block.fails != (screen.code != 0):
        yield f"`{screen.command}` ended with {screen.code}: " + " / ".join(screen.text[-3:])
    for what, lines in (
            (f"prints a line wider than {terminal.COLUMNS} columns", wide(screen)),
            ("leaves progress behind", left(screen))):
        for command, those in itertools.groupby(lines, lambda line: line.command):
            line, *more = those
            yield (f"`{command}` {what}" + (f", and {len(more)} more" if more else "")
                   + f": {line.text}")
    if block.printed is None or records:
        return
    if len(block.printed) > pages.LONGEST:
        yield f"shows {len(block.printed)} lines, {pages.LONGEST} at most"
    found = journey.find(block, shown(screen))
    if found:
        yield f"not printed: {found[0]}" + (f"\n    but: {found[1]}" if found[1] else "")


def shown(screen):
    """The lines of a screen; what it says of the machine is no part of a page."""
    lines = [line for line in screen.text if not ABOUT_DEVICE.fullmatch(line)]
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def follow(page, folder, environment, archive, find, records):
    """The page's journey, and what failed of it."""
    os.makedirs(folder)
    if page.uses_real_data:
        os.symlink(archive, os.path.join(folder, "ml-100k.zip"))
    journey = Journey(page, folder, find, [])
    failed = []
    for block in page.blocks:
        screen = terminal.play(block.commands, folder, environment, LIMIT)
        journey.screens.append(screen)
        failed += [f"{page.name}.md:{block.line}: {sentence}"
                   for sentence in failures(journey, block, screen, records)]
    return journey, failed


def record(journey, cache):
    """Writes into the page what its blocks printed, with the cache where it is by default."""
    page = journey.page
    for block, screen in reversed(list(zip(page.blocks, journey.screens))):
        if block.printed is not None:
            lines = [line.replace(cache, "~/.cache/drr") for line in shown(screen)]
            page.lines[block.place.start:block.place.stop] = pages.renewed(block, lines)
    with open(page.path, "w") as file:
        file.write("\n".join(page.lines))


def rewrite(path, old, new):
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace(old, new))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, ".build", "release", "drr"))
    parser.add_argument("--record", action="store_true")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="drr, drr.md; all without one")
    given = parser.parse_args()
    program = os.path.abspath(given.program)
    if not os.access(program, os.X_OK):
        sys.exit(f"no program at {program}: swift build -c release --product drr")
    asked = [os.path.splitext(os.path.basename(name))[0] for name in given.pages]
    names = sorted(name[:-3] for name in os.listdir(TUTORIALS)
                   if name.endswith(".md") and name != "README.md")
    for name in asked:
        if name not in names:
            sys.exit(f"no page {name}: {', '.join(names)}")
    if doctest.testmod(pages).failed or doctest.testmod(terminal).failed:
        sys.exit("Tests/Journeys does not do what it says")
    work = tempfile.mkdtemp()
    os.makedirs(os.path.join(work, "bin"))
    os.symlink(program, os.path.join(work, "bin", "drr"))
    # Pages that use the package do so in this very Python.
    with open(os.path.join(work, "bin", "python3"), "w") as file:
        file.write(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    os.chmod(file.name, 0o755)
    environment = {**os.environ, "PATH": f"{work}/bin:{os.environ['PATH']}", "TERM": "xterm",
                   "LANG": "C.UTF-8", "DRR_CACHE": os.path.join(work, "cache"),
                   "PYTHONPATH": os.path.join(ROOT, "python")}
    for variable in ("COLUMNS", "SOURCE_DATE_EPOCH"):
        environment.pop(variable, None)
    archive = os.path.join(
        os.environ.get("DRR_DATA", os.path.join(ROOT, "..", "shared", "data")), "ml-100k.zip")
    is_real = os.path.exists(archive)
    if not is_real:
        print(f"{archive} is not there: generated ratings in its place, and no figures compared")
        archive = os.path.join(work, "ml-100k.zip")
        data.write_substitute(program, archive)
    arithmetic = data.arithmetic(program, os.path.join(work, "arithmetic"))
    with open(os.path.join(TUTORIALS, "README.md")) as file:
        recorded = RECORDED.search(file.read()).group(1)
    is_same = arithmetic == recorded
    if given.record and (asked and not is_same or not is_real):
        sys.exit(f"record all pages with ml-100k.zip: they are of {recorded}, this is {arithmetic}")
    if not is_same:
        print(f"recorded by {recorded}, this is {arithmetic}: decimals within {pages.OTHER}")
    failed, journeys = [], {}
    for name in asked or names:
        page = pages.read(os.path.join(TUTORIALS, name + ".md"))
        find = (pages.missing_words if page.uses_real_data and not is_real
                else pages.missing if is_same else pages.missing_near)
        journey, found = follow(
            page, os.path.join(work, name), environment, os.path.abspath(archive), find,
            given.record)
        journeys[name] = journey
        failed += found
        seconds = sum(screen.seconds for screen in journey.screens)
        print(f"{name}.md: {len(page.blocks)} blocks, {seconds:.0f} s, "
              + (f"{len(found)} failures" if found else "as it says"), flush=True)
        if given.record:
            record(journey, environment["DRR_CACHE"])
    for user in users.USERS:
        if all(name in journeys for name in user.pages):
            unmet = user.unmet(journeys)
            failed += [f"{user.name}: {sentence}" for sentence in unmet]
            print(f"{user.name}: " + (f"{len(unmet)} failures" if unmet else "satisfied"))
    if not asked:
        lines = [line for journey in journeys.values() for screen in journey.screens
                 for line in screen.lines]
        for known, seen in ((WIDE, [line for line in lines if line.wrapped]),
                            (LEFT, [line for line in lines if line.is_left_behind])):
            for entry in known:
                if not any(is_known(line, [entry]) for line in seen):
                    print(f"no longer so, and to be taken out of run.py: {entry}")
    if given.record and not is_same:
        rewrite(os.path.join(TUTORIALS, "README.md"), recorded, arithmetic)
    for sentence in failed:
        print(sentence)
    shutil.rmtree(work)
    print(f"{len(journeys)} pages: " + (f"{len(failed)} failures" if failed else "all well"))
    sys.exit(1 if failed else 0)


main()
