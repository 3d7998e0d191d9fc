"""The five users, and what each wants of the pages that they follow."""

import csv
import json
import os
import re
import xml.etree.ElementTree as xml
from dataclasses import dataclass


class Unmet(Exception):
    """Something that a user wanted and did not find."""


@dataclass
class User:
    name: str
    pages: tuple
    # Yields what is wrong with the journeys of these pages, in sentences.
    look: object

    def unmet(self, journeys):
        """What the user did not find, in sentences."""
        try:
            return list(self.look(*[journeys[name] for name in self.pages]))
        except (Unmet, OSError, ValueError, KeyError, xml.ParseError) as error:
            return [f"{type(error).__name__}: {error}"]


def load(path):
    with open(path) as file:
        return json.load(file)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def latex_rows(text):
    """The cells of a tabular, row by row, as LaTeX would take them.

    Raises ValueError where it would not: another number of cells than of columns, an environment
    without its other half, a character that has to be escaped.
    """
    found = re.fullmatch(r"\\begin\{tabular\}\{([lrc]+)\}\n(.*)\n\\end\{tabular\}\n?", text, re.S)
    if not found:
        raise ValueError("no tabular")
    columns, body = len(found.group(1)), found.group(2)
    table = []
    for line in body.split("\n"):
        if line == r"\hline":
            continue
        if not line.endswith(r" \\"):
            raise ValueError(f"a row without its end: {line}")
        bare = re.sub(r"\\[&%$#_{}]|\$(\\gamma|[<>])\$|\\text\w+\{\}", "", line[:-3])
        if re.search(r"[%$#_{}^~\\]", bare):
            raise ValueError(f"a character that LaTeX takes for its own: {line}")
        plain = re.sub(r"\$([<>])\$", r"\1", line[:-3])
        cells = [cell.strip() for cell in re.split(r"(?<!\\)&", plain)]
        if len(cells) != columns:
            raise ValueError(f"{len(cells)} cells in {columns} columns: {line}")
        table.append(cells)
    return table


def researcher(paper):
    """A table in LaTeX that says what evaluation.json says, of the runs that were asked for."""
    with open(paper.path("table.tex")) as file:
        header, *table = latex_rows(file.read())
    means = {row[0].lstrip(">"): row[1].split()[0] for row in table}
    for name in ("oracle", "PMF", "item mean (damped)", "popularity", "random", "DRR-ave",
                 "DRR-ave untrained"):
        if name not in means:
            yield f"the table has no row {name}"
    if means.get("oracle") != "1.000":
        yield f"the oracle's NDCG is {means.get('oracle')}"
    measured = load(paper.path("runs", "study", "evaluation.json"))
    for ranker in measured["rankers"]:
        if ranker["name"] in means:
            ndcg = next(
                row["ndcg"]["mean"] for row in ranker["rows"] if header[1] == f"NDCG@{row['k']}")
            if f"{ndcg:.3f}" != means[ranker["name"]]:
                yield f"{ranker['name']} has {means[ranker['name']]}, in evaluation.json {ndcg}"
    if [row[0] for row in table if row[0].startswith(">")] != [">DRR-ave"]:
        yield "the run's own row is not marked"
    found = set()
    for split in range(2):
        for seed in range(2):
            run = load(paper.path(f"runs/study/split-{split}/seed-{seed}/config.json"))["settings"]
            found.add((run["evaluation"]["splitSeed"], run["seed"], run["agent"]["steps"]))
    if found != {(split, seed, 1500) for split in range(2) for seed in range(2)}:
        yield f"the runs are of (split, seed, steps) {sorted(found)}"


def engineer(own):
    """Ten items with titles that the user has not rated, and lists of everybody."""
    rated = {}
    for row in rows(own.path("shop", "ratings.csv")):
        rated.setdefault(row["userId"], set()).add(row["movieId"])
    titles = {row["movieId"]: row["title"] for row in rows(own.path("shop", "movies.csv"))}
    with open(own.path("list.json")) as file:
        items = json.load(file)["items"]
    ids = [item["id"] for item in items]
    if len(set(ids)) != 10:
        yield f"the list has {len(set(ids))} items"
    if rated["user-7"] & set(ids):
        yield f"already rated: {sorted(rated['user-7'] & set(ids))}"
    for item in items:
        if item["title"] != titles[item["id"]]:
            yield f"{item['id']} is called {item['title']}, not {titles[item['id']]}"
    scores = [item["score"] for item in items]
    if scores != sorted(scores, reverse=True):
        yield f"scores do not fall: {scores}"
    lists = {}
    for row in rows(own.path("lists.csv")):
        lists.setdefault(row["user"], []).append(row["item"])
    if set(lists) != set(rated):
        yield f"lists of {len(lists)} users, {len(rated)} there are"
    for user, listed in lists.items():
        if len(set(listed)) != 5 or rated[user] & set(listed):
            yield f"the list of {user} is {listed}"
    if lists["user-7"] != ids[:5]:
        yield f"the model lists {lists['user-7']} for user-7, its run {ids[:5]}"


def student(slides, irecgan, bandits, tables):
    """The lizard's path, the pictures, and the tables of the documents."""
    screen = bandits.screen("drr train q --env lizard --show")
    if not any(re.match(r"empty 5 +\S+ +\S+ +\S+ +-0\.700", line) for line in screen.text):
        yield "the first update is not the slide's −0.7"
    if "greedy path: empty 5 → empty 6 → 5 crickets" not in screen.text[-4:]:
        yield f"the greedy path is not the shortest one: {screen.text[-4:]}"
    picture = xml.parse(bandits.path("regret.svg")).getroot()
    drawn = "".join(picture.itertext())
    for policy in ("thompson", "ucb1", "epsilon:0.1"):
        if policy not in drawn:
            yield f"regret.svg does not name {policy}"
    with open(slides.path("slides.html")) as file:
        page = file.read()
    for words in ("before training", "trained", "user 196"):
        if words not in page.lower():
            yield f"slides.html does not say {words}"
    table = slides.screen("python3 slide.py").text
    for module in ("DRR-p", "DRR-u", "DRR-ave", "DRR-ave untrained"):
        figures = re.compile(re.escape(module) + r"( +\d\.\d{3}){4}")
        lines = [line for line in table if figures.fullmatch(line)]
        if len(lines) != 2:
            yield f"{module} has {len(lines)} rows of four figures, 2 were expected"
    values = [line.split() for line in irecgan.screen("drr simulate values").text[1:]]
    exact = {(row[0], row[1]): float(row[2]) for row in values if len(row) == 5}
    for size in ("1", "10"):
        best = exact[size, "optimal"]
        if any(exact[size, policy] > best + 1e-3 for policy in ("random", "max", "mix", "blind")):
            yield f"with lists of {size} a policy has more than the optimal one"
    for run in ("published", "tables"):
        if not os.path.getsize(tables.path("runs", run, "checkpoint.safetensors")):
            yield f"runs/{run} has no tables"


def owner(gpu):
    """Which devices there are, and the one that was taken by the rule that the page gives."""
    listed = [re.match(r"(cpu|opencl\S*): (\w+),", line) for line in gpu.screen("drr devices").text]
    kinds = dict(line.groups() for line in listed if line)
    if "cpu" not in kinds:
        yield f"drr devices lists {list(kinds)}"
    screen = gpu.screen("--device auto")
    taken = load(gpu.path("evaluation.json"))["device"].split(": ")[0]
    if taken not in kinds:
        yield f"the device taken is {taken}, which is not listed"
    if "GPU" in kinds.values():
        if not any(line.startswith(f"device: {taken} ") for line in screen.text):
            yield "nothing says which device was taken, and why"
    elif taken != "cpu":
        yield f"{taken} was taken without a GPU"
    refused = " ".join(gpu.screen("opencl:9:9").text)
    for name in ["opencl:9:9", *kinds]:
        if name not in refused:
            yield f"the refusal does not name {name}: {refused}"


def maintainer(ci):
    """Equal bits of two runs, codes and JSON as the page says."""
    for name in ("checkpoint.safetensors", "pmf.safetensors", "metrics.jsonl", "config.json"):
        first, second = (open(ci.path(folder, name), "rb").read()
                         for folder in ("first", "second"))
        if not first:
            yield f"{name} is empty"
        if first != second:
            yield f"{name} differs in {sum(a != b for a, b in zip(first, second))} bytes"
    result = load(ci.path("cliff.json"))
    # Of twelve columns: up, eleven to the right, down, −1 each, discounted by .99.
    best = -sum(.99 ** step for step in range(13))
    if abs(result["bestValue"] - best) > 1e-9:
        yield f"the cliff's best value is {result['bestValue']}, by hand {best}"
    codes = [line for line in ci.screen("drr evaluate --run nowhere").text if "exit code" in line]
    if codes != ["exit code 1", "exit code 64"]:
        yield f"exit codes are {codes}"


USERS = [
    User("the researcher who needs a table", ("paper",), researcher),
    User("the engineer who needs recommendations", ("own-data",), engineer),
    User("the student of methods", ("slides", "irecgan", "bandits", "tables"), student),
    User("the owner of a workstation", ("gpu",), owner),
    User("the maintainer of CI", ("ci",), maintainer),
]
