"""Models of ratings: from data frames, and out of runs."""

from __future__ import annotations

import csv
import filecmp
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from . import _program
from ._program import Error, options

ALGORITHMS = ("pmf", "drr", "residual", "dqn", "pg", "planner", "multi-q")


@dataclass(frozen=True)
class Lists:
    """What is recommended to users, or like an item: row i is of ``of[i]``, best first.

    Where a list is shorter than the longest, items are None and scores NaN.
    """

    of: NDArray[Any]
    items: NDArray[Any]
    scores: NDArray[np.float32]

    def rows(self) -> list[tuple[Any, int, Any, float]]:
        """(of, rank from 1 on, item, score), list after list: a data frame's rows."""
        return [
            (one, rank + 1, item, float(score))
            for one, items, scores in zip(self.of, self.items, self.scores, strict=True)
            for rank, (item, score) in enumerate(zip(items, scores, strict=True))
            if item is not None
        ]


class Model:
    """A model to recommend by, as ``drr export model`` writes it.

    Ids are strings, as in the data; whatever is given is spelled by ``str``.
    """

    def __init__(self, folder: str, parameters: dict[str, Any] | None = None) -> None:
        if not os.path.exists(os.path.join(folder, "model.json")):
            raise Error(f"{folder} holds no exported model; make one with drr.load(RUN)")
        self.folder = folder
        self._parameters = dict(parameters or {})
        self.header: dict[str, Any] = self._json("model.json")

    def _json(self, name: str) -> Any:
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return json.load(file)

    def __repr__(self) -> str:
        data = self.header["data"]
        return (f"Model({self.header['agent']}: {data['users']} users and {data['items']} items of "
                f"{data['name']}, {self.folder})")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings that it was fitted with, as estimators of scikit-learn have them."""
        return dict(self._parameters)

    @cached_property
    def users(self) -> NDArray[Any]:
        """[U], the ids of the users."""
        return np.array(self._json("users.json")["ids"], dtype=object)

    @cached_property
    def items(self) -> NDArray[Any]:
        """[N], the ids of the items."""
        return np.array(self._json("items.json")["ids"], dtype=object)

    @cached_property
    def titles(self) -> NDArray[Any]:
        """[N], the titles of the items; their ids where there are none."""
        titles = self._json("items.json").get("titles") or list(self.items)
        return np.array(titles, dtype=object)

    @cached_property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array of the model by its name, such as ``pmf.users`` [U, k]."""
        return load_file(os.path.join(self.folder, "weights.safetensors"))

    @property
    def user_vectors(self) -> NDArray[np.float32]:
        """[U, k], of the factorization."""
        return self._factors("pmf.users")

    @property
    def item_vectors(self) -> NDArray[np.float32]:
        """[N, k], of the factorization."""
        return self._factors("pmf.items")

    def _factors(self, name: str) -> NDArray[np.float32]:
        if name not in self.arrays:
            raise Error(f"{self.folder} is {self.header['agent']}, which has no factorization")
        return self.arrays[name]

    @cached_property
    def _places(self) -> tuple[dict[str, int], dict[str, int]]:
        return ({one: place for place, one in enumerate(self.users)},
                {one: place for place, one in enumerate(self.items)})

    def _find(self, kind: str, ids: Iterable[Any]) -> NDArray[np.int64]:
        known = self._places[0 if kind == "user" else 1]
        try:
            return np.array([known[str(one)] for one in ids], dtype=np.int64)
        except KeyError as missing:
            data = self.header["data"]
            raise Error(f"{kind} {missing.args[0]} is not in {data['name']}, which has "
                        f"{len(known)} {kind}s") from None

    def recommend(
        self, users: Sequence[Any] | Any = None, k: int = 10, *, exclude: Sequence[Any] = (),
        verbose: bool = False,
    ) -> Lists:
        """The k best items for users, but what they have rated.

        :param users: ids; None: all users of the data, in their order; one id is a list of one.
        """
        wanted: NDArray[Any] = self.users
        if users is not None:
            wanted = np.array([str(one) for one in _several(users)], dtype=object)
            self._find("user", wanted)
        with tempfile.TemporaryDirectory(prefix="drr-") as folder:
            asked, lists = os.path.join(folder, "users"), os.path.join(folder, "lists.csv")
            once = list(dict.fromkeys(wanted))
            with open(asked, "w", encoding="utf-8") as file:
                file.writelines(one + "\n" for one in once)
            _program.run(
                ["recommend", "--model", self.folder, "--users", asked, "--out", lists,
                 *options({"top": k, "exclude": [str(one) for one in exclude]})],
                verbose=verbose)
            found: dict[str, tuple[list[str], list[float]]] = {one: ([], []) for one in once}
            with open(lists, encoding="utf-8", newline="") as file:
                for line in csv.DictReader(file):
                    ids, values = found[line["user"]]
                    ids.append(line["item"])
                    values.append(float(line["score"]))
        longest = max((len(ids) for ids, _ in found.values()), default=0)
        items = np.full((len(wanted), longest), None, dtype=object)
        scores = np.full((len(wanted), longest), np.nan, dtype=np.float32)
        for row, one in enumerate(wanted):
            ids, values = found[one]
            items[row, : len(ids)] = ids
            scores[row, : len(values)] = values
        return Lists(wanted, items, scores)

    def similar(self, items: Sequence[Any] | Any, k: int = 10) -> Lists:
        """The k items whose vectors in the factorization point most alike, and the cosines."""
        if k < 1:
            raise ValueError(f"k is {k}; it must be 1 or more")
        wanted = np.array([str(one) for one in _several(items)], dtype=object)
        places = self._find("item", wanted)
        vectors = self.item_vectors
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
        cosines = unit[places] @ unit.T
        cosines[np.arange(len(places)), places] = -np.inf
        cosines[:, self.arrays["items.known"] == 0] = -np.inf
        best = np.argsort(-cosines, axis=1, kind="stable")[:, : min(k, len(self.items) - 1)]
        scores = np.take_along_axis(cosines, best, axis=1).astype(np.float32)
        found = self.items[best]
        found[scores == -np.inf] = None
        scores[scores == -np.inf] = np.nan
        return Lists(wanted, found, scores)

    def score(
        self, users: Sequence[Any] | Any, items: Sequence[Any] | Any
    ) -> NDArray[np.float32]:
        """The ratings that the factorization predicts, of pairs of a user and an item."""
        users, items = _several(users), _several(items)
        if len(users) != len(items):
            raise ValueError(f"{len(users)} users and {len(items)} items; they must be pairs")
        rows, columns = self._find("user", users), self._find("item", items)
        scale = self.header["scale"]
        arrays = self.arrays
        rewards = (
            arrays["pmf.mean"] + arrays["pmf.user_biases"][rows] + arrays["pmf.item_biases"][columns]
            + np.einsum("nk,nk->n", self.user_vectors[rows], self.item_vectors[columns]))
        ratings = scale["center"] + scale["halfRange"] * rewards
        if scale.get("fromUserMean"):
            offsets, given = arrays["users.offsets"], arrays["users.ratings"]
            ratings = ratings + np.array(
                [given[offsets[row]:offsets[row + 1]].mean() for row in rows])
        low, high = self.header["ratingRange"]
        return np.clip(ratings, low, high).astype(np.float32)


def _several(ids: Any) -> list[Any]:
    """Ids as a list; one id is a list of one."""
    return [ids] if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable) else list(ids)


def fit(
    ratings: Any, algorithm: str = "pmf", *, user: str = "user", item: str = "item",
    rating: str | None = "rating", time: str | None = None, run: str | None = None,
    rating_range: tuple[float, float] | None = None, verbose: bool = False, **parameters: Any,
) -> Model:
    """Learns from a data frame of ratings.

    :param ratings: a data frame of pandas or polars, or any mapping of columns.
    :param algorithm: one of :data:`ALGORITHMS`, as ``drr train`` has them.
    :param user: the column of the users, as are ``item``, ``rating`` and ``time``, in seconds. Without
        a column of ratings every row is a positive.
    :param run: the folder of the run, which can be gone on with; None: one that is temporary.
    :param rating_range: the lowest and the highest rating; None: those of the data.
    :param parameters: options of ``drr train``, as ``steps=20_000`` or ``seed=1``.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm is {algorithm}; it must be one of {', '.join(ALGORITHMS)}")
    columns = {"user": user, "item": item, "rating": rating, "time": time}
    given = {name: _column(ratings, column) for name, column in columns.items() if column}
    folder = run or tempfile.mkdtemp(prefix="drr-run-")
    source = os.path.join(folder, "ratings-given")
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ratings-", dir=folder) as scratch:
        path, imported = os.path.join(scratch, "ratings.csv"), os.path.join(scratch, "imported")
        _write(path, given)
        words = ["data", "import", path, "--out", imported, "--user-column", "user",
                 "--item-column", "item", "--rating-column", "rating" if rating else "none"]
        if time:
            words += ["--time-column", "time"]
        if rating:
            low, high = rating_range or _range(str(rating), given["rating"])
            words += ["--rating-range", f"{float(low)!r},{float(high)!r}"]
        _program.run(words, verbose=verbose)
        # What a run was trained on stays, whatever is given.
        begun = os.path.exists(os.path.join(folder, "config.json"))
        if begun and not parameters.get("fresh") and not _same_files(imported, source):
            raise Error(f"{folder} was trained on other ratings; name another run, or add fresh=True")
        shutil.rmtree(source, ignore_errors=True)
        os.rename(imported, source)
    settings = {"data": source, "run": folder, **parameters}
    _program.run(["train", algorithm, *options(settings)], verbose=verbose)
    return load(folder, parameters={"algorithm": algorithm, **parameters})


def load(run: str, *, parameters: dict[str, Any] | None = None) -> Model:
    """The model of a trained run, or one that was exported."""
    if os.path.exists(os.path.join(run, "model.json")):
        return Model(run, parameters)
    folder = os.path.join(run, "model")
    _program.run(["export", "model", run, folder])
    return Model(folder, parameters)


def _same_files(one: str, other: str) -> bool:
    """Whether two folders hold the same files."""
    if not os.path.isdir(other) or sorted(os.listdir(one)) != sorted(os.listdir(other)):
        return False
    return not any(filecmp.cmpfiles(one, other, os.listdir(one), shallow=False)[1:])


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas' NA, which is equal to nothing, not even to itself."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True


def _range(name: str, ratings: list[Any]) -> tuple[float, float]:
    """The lowest and the highest rating."""
    try:
        values = [float(value) for value in ratings]
    except (TypeError, ValueError) as error:
        raise ValueError(f"the column {name} has what is no number: {error}") from None
    low, high = min(values), max(values)
    if low == high:
        raise ValueError(
            f"all of the column {name} is {low:g}: name rating_range=(lowest, highest), or "
            "rating=None where every row is a positive")
    return low, high


def _column(frame: Any, name: str) -> list[Any]:
    try:
        column = frame[name]
    except Exception as error:
        names = list(getattr(frame, "columns", frame))
        raise ValueError(f"there is no column {name}; the columns are {names}") from error
    values = list(column.to_list() if hasattr(column, "to_list") else column)
    for row, value in enumerate(values):
        if _is_missing(value):
            raise ValueError(
                f"row {row} of the column {name} is {value}; drop rows that lack it, as by dropna()")
    return values


def _write(path: str, columns: dict[str, list[Any]]) -> None:
    # Whole numbers that pandas has made floats of are ids without a point.
    for name in ("user", "item"):
        columns[name] = [
            int(one) if isinstance(one, float) and one.is_integer() else one
            for one in columns[name]]
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"columns of different lengths: {lengths}")
    if not next(iter(lengths.values())):
        raise ValueError("there are no ratings")
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
