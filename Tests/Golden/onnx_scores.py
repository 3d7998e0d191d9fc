"""Scores of an exported network, in onnxruntime, beside the lists that drr recommends.

onnx_scores.py MODEL FILE.onnx LISTS.csv: lists of users; what goes in is found anew from the model's
files. onnx_scores.py MODEL FILE.onnx LISTS.jsonl: lists of sessions, an object a line with the ids
clicked and what `drr recommend --json` printed.
"""

import csv
import json
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file


def recommended(path):
    """Of each user the items and scores of a list, best first."""
    lists = {}
    for row in csv.DictReader(open(path, newline="")):
        lists.setdefault(row["user"], []).append((row["item"], float(row["score"])))
    return lists


def history(items, rewards, window):
    liked = [item for item, reward in zip(items, rewards) if reward > 0][-window:]
    return [-1] * (window - len(liked)) + liked


def of_users(model, header, weights, inputs, lists, items, users):
    """What goes in, the items that each has had, and the lists."""
    offsets, known, scale = weights["users.offsets"], weights["items.known"] != 0, header["scale"]
    wanted = recommended(lists)
    assert set(wanted) <= set(users) and len(wanted) > 20
    batch, seen = {}, []
    for name in wanted:
        user = users.index(name)
        place = slice(offsets[user], offsets[user + 1])
        rated, ratings = weights["users.items"][place], weights["users.ratings"][place]
        rewards = (ratings - scale["center"]) / scale["halfRange"]
        kept = known[rated]
        seen.append(rated)
        if "user" in inputs:
            batch.setdefault("user", []).append(user)
        if "history" in inputs:
            window = inputs["history"].shape[1]
            batch.setdefault("history", []).append(history(rated[kept], rewards[kept], window))
        if "rated" in inputs:
            window = inputs["rated"].shape[1]
            latest, earned = list(rated[kept])[-window:], list(rewards[kept])[-window:]
            missing = window - len(latest)
            batch.setdefault("rated", []).append([-1] * missing + latest)
            batch.setdefault("rewards", []).append([0.0] * missing + earned)
        if "items" in inputs:
            batch.setdefault("items", []).append(list(rated[kept]))
    return batch, seen, list(wanted.values())


def of_sessions(inputs, lists, items):
    (name,) = inputs
    lines = [json.loads(line) for line in open(lists)]
    batch = {name: [[items.index(id) for id in line["clicks"]] for line in lines]}
    lists = [[(one["id"], one["score"]) for one in line["list"]] for line in lines]
    return batch, [[] for _ in lines], lists


def main(model, file, lists):
    onnx.checker.check_model(file, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file, options)
    inputs = {port.name: port for port in session.get_inputs()}
    tables = {port.name for port in session.get_overridable_initializers()}
    assert [port.name for port in session.get_outputs()] == ["scores"]
    header = json.load(open(f"{model}/model.json"))
    weights = load_file(f"{model}/weights.safetensors")
    found = session.get_modelmeta().custom_metadata_map
    items, users = json.loads(found["drr.items"]), json.loads(found["drr.users"])
    assert items == json.load(open(f"{model}/items.json"))["ids"]
    assert users == json.load(open(f"{model}/users.json"))["ids"]
    assert found["drr.algorithm"] == header["algorithm"]
    known = weights["items.known"] != 0
    if lists.endswith(".csv"):
        batch, seen, lists = of_users(model, header, weights, inputs, lists, items, users)
    else:
        batch, seen, lists = of_sessions(inputs, lists, items)
    for name in set(batch) & {"items", "clicks"}:
        steps = max(len(row) for row in batch[name])
        assert len({len(row) for row in batch[name]}) > 1
        batch[name] = [row + [-1] * (steps - len(row)) for row in batch[name]]
    types = {"tensor(int64)": np.int64, "tensor(float)": np.float32}
    batch = {name: np.array(rows, types[inputs[name].type]) for name, rows in batch.items()}
    (scores,) = session.run(None, batch)
    assert scores.shape == (len(lists), len(items)) and scores.dtype == np.float32
    assert np.all(np.isneginf(scores[:, ~known])) and np.all(np.isfinite(scores[:, known]))
    worst = 0.0
    for row, rated, best in zip(scores, seen, lists):
        worst = max([worst] + [abs(row[items.index(item)] - score) for item, score in best])
        row = row.copy()
        row[rated] = -np.inf
        order = np.argsort(-row, kind="stable")[: len(best)]
        # Where another item is in the list, the two scores are one but for rounding.
        for place, (item, _) in zip(order, best):
            other = items.index(item)
            assert place == other or abs(row[place] - row[other]) < 1e-6, (place, other)
    spread = scores[:, known].std(axis=1).mean()
    assert worst <= 1e-5 and worst <= 1e-4 * spread, (worst, spread)
    # One alone is scored as in a batch.
    alone = session.run(None, {name: rows[:1] for name, rows in batch.items()})[0]
    assert np.abs(alone[:, known] - scores[:1, known]).max() <= 1e-5
    # A caller's own table of users counts, and may have another number of rows.
    if "users" in tables:
        turned = {"users": weights["pmf.users"][::-1], "user_biases": weights["pmf.user_biases"][::-1]}
        given = {name: np.append(table, table, 0) for name, table in turned.items() if name in tables}
        given.update(batch, user=len(users) - 1 - batch["user"])
        assert np.array_equal(session.run(None, given)[0], scores)
    print(f"{len(lists)} lists, {worst:.1e} of {spread:.1e}")


main(*sys.argv[1:])
