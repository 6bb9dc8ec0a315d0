from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest
from stand_ins import StandIn, rows, sound

from pytest_mlready.errors import MissingExtra
from pytest_mlready.quality import strategies
from pytest_mlready.quality.feature_schema import infer

SCHEMA = infer(rows())


def inside(schema=SCHEMA):
    return strategies.boundaries(schema) + strategies.generate(schema, examples=50, seed=1)


def test_generated_rows_lie_inside_the_contract():
    made = SCHEMA.frame(strategies.generate(SCHEMA, examples=200, seed=1))
    assert made.height >= 150
    assert made["age"].is_between(SCHEMA["age"].min, SCHEMA["age"].max).all()
    assert made["hours"].is_between(SCHEMA["hours"].min, SCHEMA["hours"].max).all()
    assert set(made["job"]) <= set(SCHEMA["job"].categories)
    assert made["gain"].null_count() > 0
    assert made["age"].null_count() == 0


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    assert strategies.generate(SCHEMA, examples=30, seed=1) == strategies.generate(SCHEMA, examples=30, seed=1)
    assert strategies.generate(SCHEMA, examples=30, seed=1) != strategies.generate(SCHEMA, examples=30, seed=2)


def test_boundaries_hold_every_bound_category_and_allowed_null():
    made = strategies.boundaries(SCHEMA)
    assert {r["age"] for r in made} >= {SCHEMA["age"].min, SCHEMA["age"].max}
    assert {r["job"] for r in made} == set(SCHEMA["job"].categories)
    assert any(r["gain"] is None for r in made)


def test_text_dates_and_booleans_are_generated_too():
    import datetime as dt

    frame = pl.DataFrame(
        {"flag": [True, False], "day": [dt.date(2020, 1, 1), dt.date(2021, 1, 1)], "note": ["ab", "abcdef"]}
    )
    schema = infer(frame, text=("note",))
    made = schema.frame(strategies.generate(schema, examples=50, seed=0))
    assert made["note"].str.len_chars().is_between(2, 6).all()
    assert made["day"].is_between(dt.date(2020, 1, 1), dt.date(2021, 1, 1)).all()
    assert made["day"].null_count() == 0


def test_a_sound_model_passes_in_few_calls():
    model = StandIn(sound)
    verdict = strategies.judge_inside(model, SCHEMA, inside())
    assert verdict.outcome == "passed"
    assert model.calls == 1


def test_a_model_that_raises_on_a_category_of_the_contract_fails_with_the_smallest_row():
    def encode(X):
        codes = {"clerk": 0, "driver": 1, "nurse": 2}  # the trained encoder has never met a smith
        return np.array([codes[job] for job in X["job"]]) / 4

    verdict = strategies.judge_inside(StandIn(encode), SCHEMA, inside())
    assert verdict.outcome == "failed"
    assert "raises KeyError: 'smith' for job = 'smith'" in verdict.message
    assert verdict.measurements[0].value > 0


def test_a_model_that_answers_nan_at_a_bound_fails_with_the_smallest_row():
    low = SCHEMA["hours"].min

    def logarithm(X):
        with np.errstate(all="ignore"):
            values = np.log(X["hours"].to_numpy() - low)
        return np.where(np.isinf(values), np.nan, 0.5)

    verdict = strategies.judge_inside(StandIn(logarithm), SCHEMA, inside())
    assert verdict.outcome == "failed"
    assert f"answers [nan, nan] for hours = {low}" in verdict.message


def test_two_columns_that_only_fail_together_are_both_named():
    def pair(X):
        bad = (X["job"] == "smith") & (X["age"] == SCHEMA["age"].max)
        return np.where(bad.to_numpy(), np.inf, 1.0)

    row = {"age": SCHEMA["age"].max, "hours": 3.3, "job": "smith", "gain": None}
    verdict = strategies.judge_inside(StandIn(pair, classes=None), SCHEMA, [row])
    assert f"answers inf for age = {SCHEMA['age'].max}, job = 'smith' (1 like it)" in verdict.message


def test_two_kinds_of_problem_are_both_told():
    def both(X):
        if (X["job"] == "smith").any():
            raise ValueError("smith")
        return np.where(X["age"].to_numpy() == SCHEMA["age"].min, np.nan, 0.5)

    message = strategies.judge_inside(StandIn(both), SCHEMA, inside()).message
    assert "raises ValueError: smith" in message
    assert "answers [nan, nan]" in message


def test_a_hang_inside_the_contract_fails_within_the_limit():
    import time

    def hang(X):
        if (X["job"] == "smith").any():
            time.sleep(2)
        return sound(X)

    verdict = strategies.judge_inside(StandIn(hang), SCHEMA, strategies.boundaries(SCHEMA), time_limit=0.1)
    assert verdict.outcome == "failed"
    assert "gives no answer within the time limit" in verdict.message


def test_a_wrong_number_of_answers_fails():
    verdict = strategies.judge_inside(StandIn(lambda X: sound(X)[:-1]), SCHEMA, inside())
    assert verdict.outcome == "failed"
    assert "answers with shape" in verdict.message


def test_probabilities_outside_0_to_1_fail():
    verdict = strategies.judge_inside(StandIn(lambda X: sound(X) * 1.5), SCHEMA, inside())
    assert verdict.outcome == "failed"


def test_without_hypothesis_the_install_line_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[robustness\]"):
        strategies.generate(SCHEMA, examples=1)
