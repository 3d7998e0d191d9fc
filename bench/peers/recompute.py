"""Recomputes in numpy alone, from the files that drr saves, what it printed. Install: pip install numpy

    python bench/peers/recompute.py [--drr .build/release/drr] [--data ml-latest-small.zip]

Trains DRR as published and a PMF, and from the ratings and the saved weights computes what the files of
`drr evaluate`, `drr recommend` and `drr compare` say: PMF's predictions and test error, the actor's
action and the lists that it makes, P@K and NDCG@K, HR@10 of popularity and of the first-order Markov
chain, as docs/evaluation.md and docs/metrics.md define them. Prints a line a check; at the first figure
that differs it says which and exits with 1. None of the program's random numbers are drawn here: the
test users are those of its lists, and ratings of one time keep the order of the file.

--data is a folder or .zip with MovieLens's ratings.csv; without it `drr data generate` writes one.
--keep FOLDER leaves all files there, and does not make again what is there.
"""

import argparse
import csv
import io
import json
import math
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy

WINDOW = 5  # n, the liked items of a state
PROFILE, TEST, VALIDATION = 0.5, 0.2, 0.1  # seen of a test user; held out of users or of ratings


def require(holds, otherwise):
    if not holds:
        sys.exit(otherwise)


def check(what, triples, tolerance):
    """Of (place, ours, the program's) the largest difference; ends at the first above the tolerance."""
    triples = [(place, float(ours), float(theirs)) for place, ours, theirs in triples]
    require(triples, f"{what}: there is nothing to compare")
    for place, ours, theirs in triples:
        near = abs(ours - theirs) <= tolerance  # false for what is not a number
        require(near, f"{what}: {place}: {ours:.9g} here, {theirs:.9g} is the program's")
    largest = max(abs(ours - theirs) for _, ours, theirs in triples)
    print(f"{what}: {len(triples):,} values, largest difference {largest:.1e}")


def share(of, count):
    """So much of a count, halves upwards."""
    return math.floor(of * count + 0.5)


def latest(count):
    """How many of a user's ratings train where the latest are held out, and how many are for test."""
    test = share(TEST, count)
    return count - test - min(share(VALIDATION, count), count - test), test


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


class Ratings:
    """Of each user rewards (r − 3) / 2 by item, in time; items are numbered in the order of ids."""

    def __init__(self, source):
        if source.is_dir():
            rows = table((source / "ratings.csv").read_text("utf-8"))
        else:
            with zipfile.ZipFile(source) as archive:
                name = next((n for n in archive.namelist() if n.endswith("ratings.csv")), None)
                require(name, f"{source} holds no ratings.csv")
                rows = table(archive.read(name).decode())
        self.ids = sorted({int(row["movieId"]) for row in rows})
        self.item = {str(item): at for at, item in enumerate(self.ids)}
        self.of = {user: {} for user in sorted({int(row["userId"]) for row in rows})}
        for row in sorted(rows, key=lambda row: int(row["timestamp"])):  # stable
            rewards, item = self.of[int(row["userId"])], self.item[row["movieId"]]
            require(item not in rewards, f"{source}: twice the same user and item in {row}")
            rewards[item] = (float(row["rating"]) - 3) / 2
        stars = {float(row["rating"]) for row in rows}
        self.scale = 1.0 if all(star >= 1 and star.is_integer() for star in stars) else 0.5, 5.0


def tensors(path):
    """A safetensors file: the length of the header, the header in JSON, the numbers."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    types = dict(F32="<f4", F64="<f8", I32="<i4", I64="<i8", U8="u1")
    found = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            first, last = (start + offset for offset in entry["data_offsets"])
            numbers = numpy.frombuffer(data[first:last], types[entry["dtype"]])
            found[name] = numbers.reshape(entry["shape"]).astype(float)
    return found


class PMF:
    """reward(u, i) = b_u + b_i + p_u · q_i, the mean, if any, within b_u"""

    def __init__(self, folder, log):
        held = tensors(folder / "pmf.safetensors")
        self.q, self.item_biases, self.mean = (
            held["pmf.items"], held["pmf.item_biases"], held["pmf.mean"][0])
        self.users = dict(zip(log.of, zip(held["pmf.users"], held["pmf.user_biases"] + self.mean)))
        self.settings = json.loads((folder / "config.json").read_text())["settings"]["pmf"]

    def rewards(self, user, items):
        vector, bias = user
        return bias + self.item_biases[items] + self.q[items] @ vector

    def folded(self, items, rewards):
        """Vector and bias of a user from ratings: ridge regression on [q ; 1], λ once a rating."""
        x = numpy.column_stack([self.q[items], numpy.ones(len(items))])
        penalty = numpy.full(x.shape[1], float(self.settings["regularization"]))
        penalty[-1] = self.settings["biasRegularization"]
        found = numpy.linalg.solve(
            x.T @ x + len(items) * numpy.diag(penalty),
            x.T @ (rewards - self.mean - self.item_biases[items]))
        return found[:-1], found[-1] + self.mean


class Actor:
    """π of DRR-ave (Liu et al. 2018, figure 6 and section 3.2): the state [u ; u ∘ m ; m] with
    m = Σ w_j h_j, two ReLU layers and one of tanh. An action a scores an item by a · q."""

    def __init__(self, folder, q):
        self.held, self.q = tensors(folder / "checkpoint.safetensors"), q

    def scores(self, u, liked, items):
        """`liked` are items, oldest first; of fewer than n the oldest are those that lack."""
        history = liked[-WINDOW:]
        m = self.held["policy.actor.pooling"][WINDOW - len(history):] @ self.q[history]
        x = numpy.concatenate([u, u * m, m])
        for layer, activation in enumerate([lambda x: numpy.maximum(x, 0)] * 2 + [numpy.tanh]):
            name = f"policy.actor.actor.{layer}"
            x = activation(x @ self.held[f"{name}.weight"] + self.held[f"{name}.bias"])
        return self.q[items] @ x


def profile(log, user):
    return list(log.of[user].items())[:share(PROFILE, len(log.of[user]))]


def rankings(log, lists, report):
    """Lists by ranker and user. The candidates are the later half of what the user rated."""
    found = defaultdict(lambda: defaultdict(list))
    for row in lists:
        found[row["ranker"]][int(row["user"])].append(log.item[row["item"]])
    check(
        "rewards in the lists",
        ((f"user {row['user']}, item {row['item']}",
          log.of[int(row["user"])].get(log.item[row["item"]], math.nan), row["reward"])
         for row in lists), 0)
    candidates = found.pop("candidates")
    for user, items in candidates.items():
        seen = profile(log, user)
        require(
            sorted(items) == sorted(set(log.of[user]) - {item for item, _ in seen})
            and len(items) >= 20 and sum(reward > 0 for _, reward in seen) >= WINDOW,
            f"the candidates of user {user} are not the later half of at least 40 ratings")
    for ranker, lists in found.items():
        for user, items in lists.items():
            require(
                len(items) == 20 == len(set(items) & set(candidates[user])),
                f"{ranker} does not rank 20 candidates of user {user}")
        require(lists.keys() == candidates.keys(), f"{ranker} ranks other users")
    admission = report["runs"][0]["admission"]
    left_out = admission["tooFewLiked"] + admission["tooFewCandidates"]
    check("test users", [
        ("all", share(TEST, len(log.of)), admission["users"]),
        ("ranked for", len(candidates), admission["users"] - left_out)], 0)
    return candidates, found


def recommendations(log, pmf, actor, rows):
    """Predicted stars and a · q of all items that test users had not rated, after all they rated.
    Nothing is known of an item that no training user rated: it is in no list and in no state."""
    lists = defaultdict(list)
    for row in rows:
        lists[int(row["user"])].append(row)
    listed = {user: [log.item[row["item"]] for row in rows] for user, rows in lists.items()}
    unknown = set().union(*(
        set(range(len(log.ids))) - set(log.of[user]) - set(listed[user]) for user in lists))
    stars, scores = [], []
    for user, items in listed.items():
        rated = {item: reward for item, reward in log.of[user].items() if item not in unknown}
        liked = [item for item, reward in rated.items() if reward > 0]
        folded = pmf.folded(list(rated), numpy.array(list(rated.values())))
        predicted = (3 + 2 * pmf.rewards(folded, items)).clip(*log.scale)
        scored = actor.scores(folded[0], liked, items)
        for row, star, score in zip(lists[user], predicted, scored):
            place = f"user {user}, item {row['item']}"
            stars.append((place, star, row["predictedRating"]))
            scores.append((place, score, row["score"]))
    check("PMF predictions", stars, 1e-5)
    check(f"scores by the actions for {len(lists)} users", scores, 1e-5)


def picks(log, name, candidates, lists, score):
    """Each pick against the best that the picks before it left, by `score(user, liked, items)`, where
    liked are the user's liked items: of the profile, and then of the picks (algorithm 2)."""
    compared = []
    for user, items in lists.items():
        left = list(candidates[user])
        liked = [item for item, reward in profile(log, user) if reward > 0]
        for rank, item in enumerate(items, 1):
            scores = score(user, liked, left)
            place = f"user {user}, rank {rank}, the best left and item {log.ids[item]}"
            compared.append((place, scores.max(), scores[left.index(item)]))
            left.remove(item)
            if log.of[user][item] > 0:
                liked.append(item)
    check(f"picks of {name}", compared, 2e-6)


def gain(liked):
    """DCG: 1 / log2(rank + 1) of each that is liked."""
    return numpy.sum(liked / numpy.log2(numpy.arange(len(liked)) + 2))


def measures(log, name, candidates, lists, report):
    """P@K and NDCG@K, means over users; a user who likes no candidate has no NDCG."""
    compared = []
    for row in next(row for row in report["rankers"] if row["name"] == name)["rows"]:
        k, precision, normalized = row["k"], [], []
        for user, items in lists.items():
            liked = numpy.array([log.of[user][item] > 0 for item in items[:k]])
            likable = sum(log.of[user][item] > 0 for item in candidates[user])
            precision.append(liked.sum() / k)
            if likable:
                normalized.append(gain(liked) / gain(numpy.ones(min(k, likable))))
        compared.append((f"P@{k}", numpy.mean(precision), row["precision"]["mean"]))
        compared.append((f"NDCG@{k}", numpy.mean(normalized), row["ndcg"]["mean"]))
    check(f"P@K and NDCG@K of {name}", compared, 1e-6)


def test_error(log, pmf, told):
    """RMSE in stars of predictions within the scale, on the latest fifth of each user's ratings."""
    errors = []
    for user, rewards in log.of.items():
        test = list(rewards)[len(rewards) - latest(len(rewards))[1]:]
        predicted = (3 + 2 * pmf.rewards(pmf.users[user], test)).clip(*log.scale)
        errors.extend(predicted - [3 + 2 * rewards[item] for item in test])
    error = numpy.sqrt(numpy.mean(numpy.square(errors)))
    check("PMF test RMSE", [(f"{len(errors):,} ratings", error, told)], 1e-6)


def next_items(log, report):
    """HR@10 out of all items not rated before, ties at the mean over random orders. Popularity is the
    number of training ratings. The chain counts what came right after the latest item; of equal
    counts the more popular item is ahead."""
    popularity, followers = numpy.zeros(len(log.ids), int), defaultdict(list)
    for rewards in log.of.values():
        visible = list(rewards)[:latest(len(rewards))[0]]
        popularity[visible] += 1
        for item, following in zip(visible, visible[1:]):
            followers[item].append(following)
    above_all, hits = popularity.max() + 1, {"popularity": [], "first-order Markov": []}
    for rewards in log.of.values():
        items = list(rewards)
        for at in range(max(1, len(items) - latest(len(items))[1]), len(items)):
            chain = popularity.copy()
            numpy.add.at(chain, followers[items[at - 1]], above_all)
            for name, scores in zip(hits, (popularity, chain)):
                own, scores = scores[items[at]], numpy.delete(scores, items[:at])
                better, equal = (scores > own).sum(), (scores == own).sum()
                hits[name].append(min(max((10 - better) / equal, 0), 1))
    for name, values in hits.items():
        row = next(row for row in report["rows"] if row["name"] == name)
        told = next(row for row in row["cutoffs"] if row["k"] == 10)["hitRate"]
        check(f"HR@10 of {name}", [
            ("targets", len(values), told["count"]),
            ("mean", numpy.mean(values), told["mean"])], 1e-6)


def recompute(drr, data, folder):
    def make(name, command, *more):
        """The file or folder that a command writes, or a .json file of what it prints."""
        path = folder / name
        if not path.exists():
            done = subprocess.run(
                [drr, *command.split(), *more], cwd=folder, capture_output=True, text=True)
            require(done.returncode == 0, f"drr {command} {' '.join(more)}: {done.stderr}")
            if path.suffix == ".json":
                path.write_text(done.stdout)
        return path

    data = data or make("data", "data generate small --out data")
    log = Ratings(data)
    trained = make(
        "drr", "train drr --no-myopic --steps 1500 --run drr --device cpu --data", str(data))
    report = json.loads(make(
        "evaluation.json", "evaluate --run drr --lists lists.csv --json --device cpu").read_text())
    agent = report["agent"]
    candidates, lists = rankings(log, table((folder / "lists.csv").read_text()), report)
    (folder / "users.txt").write_text("".join(f"{user}\n" for user in candidates))
    recommended = make(
        "recommended.csv", f"recommend --run drr --users users.txt --top {len(log.ids)} "
        "--out recommended.csv --device cpu")
    pmf = PMF(trained, log)
    actor = Actor(trained, pmf.q)
    recommendations(log, pmf, actor, table(recommended.read_text("utf-8")))
    picks(
        log, agent, candidates, lists[agent],
        lambda user, liked, items: actor.scores(pmf.users[user][0], liked, items))
    picks(
        log, "PMF rating", candidates, lists["PMF rating"],
        lambda user, _, items: pmf.rewards(pmf.users[user], items))
    for name in (agent, "PMF rating", "popularity"):
        measures(log, name, candidates, lists[name], report)

    held = make(
        "pmf", "train pmf --split latest --ties file --run pmf --device cpu --data", str(data))
    test_error(log, PMF(held, log), json.loads((held / "report.json").read_text())["sessionRMSE"])
    comparison = make("comparison.json", "compare --run pmf --json --device cpu")
    next_items(log, json.loads(comparison.read_text()))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drr", type=Path, default=".build/release/drr")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    data = given.data and given.data.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        recompute(given.drr.resolve(), data, folder)


if __name__ == "__main__":
    main()
