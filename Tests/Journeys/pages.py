"""Tutorials: their blocks of commands and of what is printed, compared with a screen."""

import difflib
import itertools
import os
import re
from dataclasses import dataclass, field

LONGEST = 25
GAP = "…"
# How far decimals may be apart: by the arithmetic that the pages were recorded with, and by another,
# where trainings take another course.
SAME, OTHER = .005, .1
# Times, rates, sizes: as the machine has it.
FREE = (r"\d+:\d\d(?::\d\d)?", r"[\d.,]+ ?(?:ns|µs|ms|s|seconds|minutes|hours)\b",
        r"[\d.,]+ ?[KMGT]i?B\b", r"[\d.,]+(?:/s| (?:\w+ )?a second)\b",
        r"(?:~|(?<![\w.]))(?:/[\w.+-]+){2,}")
NUMBER = r"(?<![\w.@])[+−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w@]|\.\d)"
TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<free>{'|'.join(FREE)})|(?P<number>{NUMBER})|(?P<word>[^\W\d][\w@.-]*|.)")


@dataclass
class Block:
    """Commands of a page, and what they are said to print."""

    line: int
    commands: str
    # The lines between the fences, where a block of text follows, and where they are in the page.
    printed: list = None
    place: range = None
    # Patterns of what else is as the machine has it.
    free: list = field(default_factory=list)

    @property
    def fails(self):
        return self.commands.startswith("# fails\n")


@dataclass
class Page:
    path: str
    lines: list
    blocks: list

    @property
    def name(self):
        return os.path.splitext(os.path.basename(self.path))[0]

    @property
    def uses_real_data(self):
        return any("ml-100k.zip" in block.commands for block in self.blocks)


def read(path):
    """The page's blocks: a fence of sh, and the fence of text that follows it, if one does."""
    with open(path) as file:
        lines = [line.rstrip() for line in file.read().split("\n")]
    blocks, free, index, last = [], [], 0, None
    while index < len(lines):
        said = re.fullmatch(r"<!-- free: (.+) -->", lines[index])
        if said:
            free.append(said.group(1))
        fence = re.fullmatch(r"```(\w+)", lines[index])
        if fence:
            end = lines.index("```", index)
            inside = lines[index + 1:end]
            if fence.group(1) == "sh":
                blocks.append(Block(index + 1, "\n".join(inside) + "\n"))
            elif fence.group(1) == "text" and last == "sh":
                blocks[-1].printed, blocks[-1].free = inside, free
                blocks[-1].place = range(index + 1, end)
            last, free, index = fence.group(1), [], end
        index += 1
    return Page(path, lines, blocks)


def tokens(line, free, within):
    """Pairs of kind and text. Spaces beside what may be wider or narrower are left out."""
    for pattern in free:
        line = re.sub(pattern, "\0", line)
    found = [("free", "") if match.group() == "\0" else (match.lastgroup, match.group())
             for match in TOKEN.finditer(line)]
    is_free = within is None or any(kind == "free" for kind, _ in found)
    return [token for token, after in itertools.zip_longest(found, found[1:])
            if token[0] != "space" or not is_free and after[0] != "number"]


def are_near(expected, shown, within):
    """Whether two numbers are the same, or decimals so near, relatively or not."""
    if expected == shown:
        return True
    if not ("." in expected and "." in shown):
        return False
    a, b = (float(text.replace(",", "").replace("−", "-")) for text in (expected, shown))
    return abs(a - b) <= within * max(abs(a), 1)


def agree(expected, shown, free=(), within=SAME):
    """Whether a line of a page is one of a screen: the same words in the same layout, near numbers;
    any numbers, and any spaces, within None.

    >>> agree("PMF  0.813 [0.778, 0.847]", "PMF  0.815 [0.780, 0.847]")
    True
    >>> agree("PMF  0.813 [0.778, 0.847]", "PMF  0.843 [0.780, 0.847]")
    False
    >>> agree("PMF  0.813", "PMF 0.813"), agree("PMF  a", "PMF a"), agree("users 943", "users 942")
    (True, False, False)
    >>> agree("lists.csv, in 0.338 s: 2,790 users a second", "lists.csv, in 2 s: 90 users a second")
    True
    """
    pairs = itertools.zip_longest(
        tokens(expected, free, within), tokens(shown, free, within),
        fillvalue=("", ""))
    return all(
        a[0] == b[0] and (a[0] == "free" or a[1] == b[1] or a[0] == "number" and (
            within is None or are_near(a[1], b[1], within)))
        for a, b in pairs)


def segments(printed):
    """The runs of lines between those that are left out."""
    return [list(run) for is_gap, run in itertools.groupby(printed, lambda line: line == GAP)
            if not is_gap]


def missing(block, shown):
    """The first line of the block that is not on the screen where it ought to be, and what is.

    >>> block = Block(1, "", ["first", GAP, "figure 0.52", "last"])
    >>> missing(block, ["first", "more", "figure 0.523", "last"])
    >>> missing(block, ["first", "more", "figure 0.58", "last"])
    ('figure 0.52', 'figure 0.58')
    >>> missing(block, ["before", "first", "figure 0.52", "last"])
    ('first', 'before')
    >>> missing(block, ["first", "figure 0.52", "last", "after"])
    ('figure 0.52', 'last')
    """
    place = 0
    runs = segments(block.printed)
    for number, run in enumerate(runs):
        places = range(place, len(shown) - len(run) + 1)
        if number == 0 and block.printed[0] != GAP:
            places = places[:1]
        if number == len(runs) - 1 and block.printed[-1] != GAP:
            places = places[-1:]
        counts = {}
        for start in places:
            count = 0
            while count < len(run) and agree(run[count], shown[start + count], block.free):
                count += 1
            if count == len(run):
                break
            counts[start] = count
        else:
            if not counts:
                return run[0], None
            best = max(counts, key=lambda start: (
                counts[start], likeness(run[counts[start]], shown[start + counts[start]])))
            return run[counts[best]], shown[best + counts[best]]
        place = start + len(run)
    return None


def missing_near(block, shown):
    """The first line of the block that is nowhere on the screen, stars of significance apart.

    >>> block = Block(1, "", ["PMF  0.52*", GAP, "LinUCB  0.50"])
    >>> missing_near(block, ["more", "LinUCB  0.53", "PMF  0.50"])
    >>> missing_near(block, ["more", "LinUCB  0.73", "PMF  0.50"])
    ('LinUCB  0.50', None)
    """
    def plain(line):
        return re.sub(r"(?<=[\d\]])\*", "", line)
    for line in block.printed:
        if line and line != GAP and not any(
                agree(plain(line), plain(other), block.free, OTHER) for other in shown):
            return line, None
    return None


def missing_words(block, shown):
    """The first line without figures that is not on the screen, in their order."""
    left = iter(shown)
    for line in block.printed:
        if line == GAP or not line.strip() or re.search(r"\d", line):
            continue
        if not any(agree(line, other, block.free, None) for other in left):
            return line, None
    return None


def likeness(a, b):
    a, b = (re.sub(r"[\d.,+−-]+", "0", line) for line in (a, b))
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def renewed(block, shown):
    """The block as it is printed now, with as much left out as before; lines that still agree stay.

    >>> block = Block(1, "", ["first", GAP, "figure 0.52", "last"])
    >>> renewed(block, ["first", "more", "more", "figure of 0.6", "last"])
    ['first', '…', 'figure of 0.6', 'last']
    >>> renewed(block, ["first", "more", "figure 0.523", "last"])
    ['first', '…', 'figure 0.52', 'last']
    """
    if GAP in block.printed:
        new = placed(block, shown)
    elif len(shown) > LONGEST:
        new = shown[:LONGEST // 2] + [GAP] + shown[-(LONGEST // 2):]
    else:
        new = shown
    return [next((old for old in block.printed if agree(old, line, block.free)), line)
            for line in new]


def placed(block, shown):
    """The lines of the screen that are most like the block's, in their places."""
    new, place = [], 0
    runs = segments(block.printed)
    for number, run in enumerate(runs):
        starts = range(place, max(len(shown) - len(run), place) + 1)
        if number == 0 and block.printed[0] != GAP:
            starts = starts[:1]
        if number == len(runs) - 1 and block.printed[-1] != GAP:
            starts = starts[-1:]
        start = max(starts, key=lambda start: sum(
            likeness(*pair) for pair in zip(run, shown[start:])))
        new += ([GAP] if start > place else []) + shown[start:start + len(run)]
        place = start + len(run)
    return new + ([GAP] if place < len(shown) else [])
