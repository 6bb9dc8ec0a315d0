from __future__ import annotations

import math
import tracemalloc

import numpy as np
import polars as pl
import pytest
from shuffled_samples import linear, sample
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from pytest_mlready.features import importance
from pytest_mlready.features.importance import effect
from pytest_mlready.features.importance_bounds import spread


def bounds(one, columns=("x0",), seed=0):
    found = effect(one, columns, seed=seed)
    return spread(found.increase, found.units, excess=found.excess)


def test_single_columns_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 4))
    y = X[:, 0] * 2 + X[:, 1] * X[:, 2] + rng.normal(size=1500)
    model = RandomForestRegressor(20, random_state=0).fit(X[:700], y[:700])
    held, names = slice(700, None), ["a", "b", "c", "d"]
    theirs = permutation_importance(
        model, X[held], y[held], scoring="neg_mean_squared_error", n_repeats=20, random_state=1
    )
    ours = sample(
        pl.DataFrame(X[held], schema=names), y[held], lambda given: model.predict(given.to_numpy()), repeats=20
    )
    for i, name in enumerate(names):
        error = theirs.importances_std[i] / math.sqrt(20) * math.sqrt(2)  # both are means of 20 shuffles
        assert effect(ours, [name], seed=i).increase == pytest.approx(theirs.importances_mean[i], abs=4 * error)


def test_many_repeats_come_to_the_mean_over_all_pairs_of_rows():
    rng = np.random.default_rng(1)
    x, n = rng.normal(size=30), 30
    y = x + rng.normal(size=n)
    one = sample(pl.DataFrame({"x": x}), y, lambda given: given["x"].to_numpy() * 0.7, repeats=4000)
    pairs = (y[:, None] - 0.7 * x[None, :]) ** 2 - ((y - 0.7 * x) ** 2)[:, None]
    assert effect(one, ["x"], seed=0).increase == pytest.approx(pairs.mean(), rel=0.02)


def test_columns_of_one_group_keep_their_values_together():
    rng = np.random.default_rng(2)
    x = rng.normal(size=3000)
    frame = pl.DataFrame({"a": x, "copy": x})
    half = sample(frame, x, lambda given: (given["a"].to_numpy() + given["copy"].to_numpy()) / 2)
    assert effect(half, ["a"], seed=0).increase == pytest.approx(0.5, rel=0.1)
    assert effect(half, ["a", "copy"], seed=0).increase == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize(("weight", "limit"), [(1.0, 2.0), (0.1, 0.02)])
def test_bounds_cover_what_a_linear_model_is_known_to_lose(weight, limit):
    """Permuting one column of a linear model costs twice the squared weight, whatever the other columns do."""
    found = [bounds(linear(400, seed, (weight, 0.0))) for seed in range(300)]
    assert np.mean([one.upper(0.95) >= limit for one in found]) > 0.91
    assert np.mean([one.lower(0.95) <= limit for one in found]) > 0.91
    assert np.mean([one.error for one in found]) == pytest.approx(np.std([one.estimate for one in found]), rel=0.12)


def test_bounds_from_the_judged_rows_alone_would_be_too_narrow():
    def judged_alone(seed):
        one, found = linear(400, seed, (1.0, 0.0)), None
        found = effect(one, ["x0"], seed=0)
        order = np.random.default_rng(0)
        change = np.mean([importance._change(one, ["x0"], order.permutation(400))[0] for _ in range(5)], axis=0)
        return found.increase + 1.645 * change.std() / 20 >= 2.0

    assert np.mean([judged_alone(seed) for seed in range(200)]) < 0.91


def test_noise_that_a_model_reads_costs_nothing_within_its_bounds():
    found = [bounds(linear(400, seed, (0.0, 1.0), read=(0.3, 1.0))) for seed in range(200)]
    assert 0.90 < np.mean([one.lower(0.95) <= 0 for one in found]) < 0.985
    assert 0.90 < np.mean([one.upper(0.95) >= 0 for one in found]) < 0.985


def test_clusters_widen_the_bounds():
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(100), 20)
    x = rng.normal(size=100)[person]
    y = x + rng.normal(size=100)[person]
    frame = pl.DataFrame({"x0": x})
    apart = sample(frame, y, lambda given: given["x0"].to_numpy())
    together = sample(frame, y, lambda given: given["x0"].to_numpy(), cluster=person)
    assert bounds(together).estimate == bounds(apart).estimate
    assert bounds(together).error > 2.5 * bounds(apart).error


def test_clusters_of_one_row_change_nothing():
    plain, single = linear(500), linear(500, cluster=np.arange(500))
    assert bounds(single).error == pytest.approx(bounds(plain).error)


def test_whole_weights_stand_for_rows_that_are_there_several_times():
    rng = np.random.default_rng(4)
    X, times = rng.normal(size=(600, 1)), rng.integers(1, 4, 600)
    y = X[:, 0] + rng.normal(size=600)

    def one(rows, **more):
        frame = pl.DataFrame(X[rows], schema=["x0"])
        return sample(frame, y[rows], lambda given: given["x0"].to_numpy(), repeats=40, **more)

    weighted = bounds(one(np.arange(600), weight=times.astype(float)))
    repeated = bounds(one(np.repeat(np.arange(600), times), cluster=np.repeat(np.arange(600), times)))
    assert weighted.estimate == pytest.approx(repeated.estimate, rel=0.05)


def test_a_column_that_no_answer_depends_on_costs_exactly_nothing():
    found = effect(linear(500, read=(1.0, 0.5, 0.0)), ["x2"], seed=0)
    assert found.increase == 0
    assert not found.units.any()
    assert (found.moved, found.effective) == (500, 0)


def test_only_rows_that_got_another_value_are_asked_about():
    rng = np.random.default_rng(5)
    rare = (rng.random(5000) < 0.01).astype(float)
    asked = []

    def losses(given, rows):
        asked.append(len(rows))
        return (rare[rows] - given["rare"].to_numpy()) ** 2

    frame = pl.DataFrame({"rare": rare, "other": rng.normal(size=5000)})
    one = importance.Sample(frame=frame, losses=losses, base=importance.base_losses(frame, losses))
    asked.clear()
    found = effect(one, ["rare"], seed=0)
    assert sum(asked) < 5 * 5000 * 0.03
    assert found.moved < 700
    assert found.effective < 300


@pytest.mark.parametrize(
    "values",
    [
        [None, 1.0, float("nan"), 2.0] * 100,
        ["a", None, "b", "a"] * 100,
        pl.Series(["a", "b", "c", "a"] * 100, dtype=pl.Categorical),
        [[1], [2, 3], None, []] * 100,
        [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}] * 100,
        [True, None, False, True] * 100,
    ],
    ids=["numbers", "texts", "categories", "lists", "structs", "booleans"],
)
def test_columns_of_any_kind_are_shuffled_and_keep_their_type(values):
    frame = pl.DataFrame({"x": values})
    given = []

    def predict(table):
        given.append(table.schema)
        return np.zeros(table.height)

    effect(sample(frame, np.zeros(400), predict), ["x"], seed=0)
    assert set(map(str, given)) == {str(frame.schema)}


def test_the_same_seed_gives_the_same_effect():
    one = linear(300)
    assert effect(one, ["x1"], seed=3).increase == effect(one, ["x1"], seed=3).increase
    assert effect(one, ["x1"], seed=3).increase != effect(one, ["x1"], seed=4).increase


def test_memory_does_not_grow_with_a_copy_of_the_frame():
    rng = np.random.default_rng(6)
    frame = pl.DataFrame({f"x{i}": rng.normal(size=200_000) for i in range(40)})
    one = sample(frame, np.zeros(200_000), lambda given: given["x0"].to_numpy(), repeats=1)
    tracemalloc.start()
    effect(one, ["x0"], seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 8 * 200_000  # arrays of one number a row; the frame has 40 columns
