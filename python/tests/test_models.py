"""Models out of data frames."""

import os

import numpy as np
import pytest

import drr
from drr import _program


def test_ids_and_arrays(model, ratings):
    assert len(model.users) == 50 and set(model.users) == set(ratings["user"])
    assert len(model.items) == 120 and set(model.items) == set(ratings["item"])
    assert model.user_vectors.shape == (50, 4) and model.item_vectors.shape == (120, 4)
    assert model.get_params() == {
        "algorithm": "pmf", "dimension": 4, "pmf_epochs": 30, "seed": 3}
    assert "pmf.item_biases" in model.arrays and "PMF" in repr(model)


def test_recommend(model, ratings):
    lists = model.recommend(["u7", "u0", "u7"], k=5)
    assert lists.items.shape == lists.scores.shape == (3, 5)
    assert lists.items[0].tolist() == lists.items[2].tolist() != lists.items[1].tolist()
    rated = {item for user, item in zip(ratings["user"], ratings["item"], strict=True)
             if user == "u7"}
    assert not rated & set(lists.items[0]) and (np.diff(lists.scores[0]) <= 0).all()
    assert lists.rows()[0] == ("u7", 1, lists.items[0, 0], float(lists.scores[0, 0]))
    assert model.recommend("u7", 5).items.tolist() == lists.items[:1].tolist()
    assert model.recommend(k=2).items.shape == (50, 2)
    without = model.recommend("u7", 5, exclude=[lists.items[0, 0]])
    assert without.items[0, 0] == lists.items[0, 1]


def test_scores_are_the_programs(model):
    told = _program.result(["recommend", "--model", model.folder, "--user", "u3", "--top", "20"])
    items = [item["id"] for item in told["items"]]
    scores = model.score(["u3"] * 20, items)
    np.testing.assert_allclose(
        scores, [item["predictedRating"] for item in told["items"]], atol=1e-4)


def test_similar(model):
    lists = model.similar(["item 5", "item 6"], k=4)
    vectors = model.item_vectors / np.linalg.norm(model.item_vectors, axis=1, keepdims=True)
    place = {item: row for row, item in enumerate(model.items)}
    cosines = vectors @ vectors[place["item 5"]]
    cosines[place["item 5"]] = -2
    assert lists.items[0].tolist() == [model.items[row] for row in np.argsort(-cosines)[:4]]
    np.testing.assert_allclose(lists.scores[0], np.sort(cosines)[::-1][:4], rtol=1e-5)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library, ratings, model):
    frame = pytest.importorskip(library).DataFrame(ratings)
    renamed = frame.rename(
        columns={"user": "who"}) if library == "pandas" else frame.rename({"user": "who"})
    found = drr.fit(renamed, user="who", time="time", dimension=4, pmf_epochs=30, seed=3)
    np.testing.assert_array_equal(found.item_vectors, model.item_vectors)
    again = drr.load(os.path.dirname(found.folder))
    assert again.recommend("u1").items.tolist() == found.recommend("u1").items.tolist()


def test_an_agent(ratings):
    model = drr.fit(ratings, "drr", steps=120, learning_starts=20, batch_size=8, hidden=8,
                    dimension=4, pmf_epochs=4, device="cpu", myopic=False, buffer_size=100)
    assert model.header["algorithm"] == "drr"
    assert model.recommend("u1", 3).items.shape == (1, 3)


def test_positives(ratings):
    rows = {"user": ratings["user"], "item": ratings["item"]}
    model = drr.fit(rows, rating=None, dimension=4, pmf_epochs=4)
    assert model.recommend("u2", 3).items.shape == (1, 3)


def test_refusals(model, ratings, tmp_path):
    with pytest.raises(drr.Error, match="user nobody is not in"):
        model.recommend("nobody")
    with pytest.raises(drr.Error, match="item 5 is not in"):
        model.score(["u1"], [5])
    with pytest.raises(drr.Error, match="holds no exported model|no run"):
        drr.load(str(tmp_path))
    with pytest.raises(ValueError, match="there is no column stars"):
        drr.fit(ratings, rating="stars")
    with pytest.raises(ValueError, match="there are no ratings"):
        drr.fit({"user": [], "item": [], "rating": []})
    with pytest.raises(ValueError, match="algorithm is svd"):
        drr.fit(ratings, "svd")
    with pytest.raises(drr.Error, match="--dimension is 0"):
        drr.fit(ratings, dimension=0)
    with pytest.raises(drr.Error, match="--colour"):
        drr.fit(ratings, colour=0)


def test_a_refusal_leaves_the_run_as_it_was(ratings, tmp_path):
    run = str(tmp_path / "run")
    model = drr.fit(ratings, "pmf", time="time", run=run, dimension=2, pmf_epochs=2)
    fewer = {name: column[:400] for name, column in ratings.items()}
    with pytest.raises(drr.Error, match="was trained on other ratings; name another run"):
        drr.fit(fewer, "pmf", time="time", run=run, dimension=2, pmf_epochs=2)
    assert list(drr.load(run).users) == list(model.users)
    again = drr.fit(ratings, "pmf", time="time", run=run, dimension=2, pmf_epochs=2)
    np.testing.assert_array_equal(again.item_vectors, model.item_vectors)
    fresh = drr.fit(fewer, "pmf", time="time", run=run, dimension=2, pmf_epochs=2, fresh=True)
    assert len(fresh.users) == 10


@pytest.mark.parametrize("column, value, said", [
    ("user", float("nan"), "row 3 of the column user is nan"),
    ("item", None, "row 3 of the column item is None"),
    ("rating", float("nan"), "row 3 of the column rating is nan"),
    ("rating", "good", "the column rating has what is no number.*'good'"),
])
def test_what_is_missing_is_refused(ratings, column, value, said):
    given = {name: list(values) for name, values in ratings.items()}
    given[column][3] = value
    with pytest.raises(ValueError, match=said):
        drr.fit(given, "pmf")


def test_ratings_of_many_digits_and_ids_of_floats(tmp_path):
    random = np.random.default_rng(2)
    given = {"user": random.integers(0, 30, 600).astype(float), "item": random.integers(0, 40, 600),
             "rating": random.uniform(0, 299_867.4, 600)}
    model = drr.fit(given, "pmf", dimension=2, pmf_epochs=1, split="none", run=str(tmp_path / "r"))
    assert "3" in set(model.users) and model.score(3, int(model.items[0])).shape == (1,)
    with pytest.raises(ValueError, match="all of the column rating is 1: name rating_range"):
        drr.fit({"user": ["a", "b"], "item": ["x", "y"], "rating": [1, 1]})
    with pytest.raises(ValueError, match="k is 0; it must be 1 or more"):
        model.similar(model.items[0], k=0)
