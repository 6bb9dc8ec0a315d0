from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from stand_ins import StandIn, rows, sound

from pytest_mlready.errors import DataError
from pytest_mlready.quality import edits
from pytest_mlready.quality.feature_schema import infer
from pytest_mlready.quality.perturbation import Budget, attack, judge

X = rows(120)
SCHEMA = infer(X)


def flips_on_smith(X):
    return np.where(X["job"] == "smith", 0.9, 0.1)


def test_a_flat_model_is_never_broken():
    found = attack(StandIn(lambda X: np.full(X.height, 0.9)), X, SCHEMA)
    assert not found.broken.any()
    assert np.isnan(found.distance).all()
    assert found.example == {}


def test_a_model_that_hangs_on_one_swap_is_broken_everywhere_at_distance_one():
    found = attack(StandIn(flips_on_smith), X, SCHEMA)
    assert found.broken.all()
    assert np.allclose(found.distance, 1.0)
    assert set(found.example) == {"job"}


def test_without_swaps_the_same_model_holds():
    assert not attack(StandIn(flips_on_smith), X, SCHEMA, budget=Budget(swaps=0)).broken.any()


def test_only_rows_near_the_boundary_break_within_eps():
    found = attack(StandIn(sound), X, SCHEMA, budget=Budget(eps=0.1))
    margin = np.abs(0.08 * (X["age"].to_numpy() - 45) + 0.05 * (X["hours"].to_numpy() - 40))
    reach = 0.08 * max(1, np.floor(0.1 * SCHEMA["age"].spread)) + 0.05 * 0.1 * SCHEMA["hours"].spread
    assert found.broken.any()
    assert margin[found.broken].max() <= reach + 1e-9
    assert found.broken[margin < 0.4 * reach].mean() > 0.9


def test_candidates_keep_types_bounds_and_the_budget():
    seen = []

    def spy(frame):
        seen.append(frame)
        return sound(frame)

    attack(StandIn(spy), X, SCHEMA, budget=Budget(eps=0.5, swaps=1, queries=10))
    for frame in seen:
        assert frame.schema == X.schema
        assert frame["age"].is_between(SCHEMA["age"].min, SCHEMA["age"].max).all()
        assert frame["hours"].is_between(SCHEMA["hours"].min, SCHEMA["hours"].max).all()
        assert set(frame["job"]) <= set(SCHEMA["job"].categories)


def test_the_same_seed_gives_the_same_result_and_the_budget_holds():
    first, second = (attack(StandIn(sound), X, SCHEMA, seed=3, budget=Budget(queries=20)) for _ in range(2))
    assert (first.broken == second.broken).all()
    assert first.queries == second.queries <= 20 * 120 + 4 * 120


def test_values_break_when_they_move_far_enough():
    model = StandIn(lambda X: X["hours"].to_numpy() * 2.0, classes=None)
    assert not attack(model, X, SCHEMA, budget=Budget(eps=0.1)).broken.any()
    assert attack(model, X, SCHEMA, budget=Budget(eps=0.1), shift=1.0).broken.mean() > 0.9


def test_text_is_edited_within_its_budget():
    notes = pl.DataFrame({"note": [f"the service was good, number {i}" for i in range(40)]})
    model = StandIn(lambda X: np.where(X["note"].str.contains("good"), 0.9, 0.1), names=("note",))
    found = attack(model, notes, infer(notes, text=("note",)), budget=Budget(edits=2, queries=80))
    assert found.broken.mean() > 0.8
    assert found.distance[found.broken].max() <= 2


def test_success_is_reported_with_its_interval_and_gated_only_with_a_limit():
    found = attack(StandIn(flips_on_smith), X, SCHEMA)
    assert judge(found).outcome == "passed"
    assert "reported only" in judge(found).message
    assert judge(found, limit=0.5).outcome == "failed"
    held = attack(StandIn(lambda X: np.full(X.height, 0.9)), X, SCHEMA)
    assert judge(held, limit=0.05).outcome == "passed"
    assert judge(held, limit=0.01).outcome == "inconclusive"


def test_too_few_rows_are_inconclusive_under_a_limit():
    assert judge(attack(StandIn(sound), X.head(10), SCHEMA), limit=0.9).outcome == "inconclusive"


def test_nothing_to_move_is_an_error():
    constant = pl.DataFrame({"x": [1.0, 1.0]})
    with pytest.raises(DataError, match="0 columns may change"):
        attack(StandIn(lambda X: np.zeros(X.height)), constant, infer(constant))


@pytest.mark.parametrize(
    ("a", "b", "apart"),
    [("kitten", "sitting", 3), ("ab", "ba", 1), ("", "abc", 3), ("same", "same", 0), ("x" * 50, "y" * 50, 8)],
)
def test_the_distance_of_texts_counts_edits(a, b, apart):
    assert edits.distance(a, b) == edits.distance(b, a) == apart


def test_a_typo_is_one_edit():
    rng = random.Random(0)
    assert all(edits.distance("a longer sentence", edits.typo("a longer sentence", rng)) <= 1 for _ in range(200))


def test_a_model_that_raises_on_changed_rows_never_passes():
    calls = []

    def breaks(X):
        calls.append(X)
        if len(calls) > 2:
            raise RuntimeError("no")
        return np.full(X.height, 0.9)

    found = judge(attack(StandIn(breaks), X, SCHEMA), limit=0.1)
    assert found.outcome == "inconclusive"
    assert "rounds got no answer" in found.message


def test_without_confidence_the_share_itself_decides():
    held = attack(StandIn(lambda X: np.full(X.height, 0.9)), X, SCHEMA)
    assert judge(held, limit=0.01, confidence=0).outcome == "passed"
