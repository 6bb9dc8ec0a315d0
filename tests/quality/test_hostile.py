from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest
from stand_ins import StandIn, rows, sound

from pytest_mlready.errors import ModelError
from pytest_mlready.quality.feature_schema import infer
from pytest_mlready.quality.hostile import hostile, judge_order, judge_outside

SCHEMA = infer(rows())


def test_every_column_meets_odd_values_and_frames():
    names = [case.name for case in hostile(SCHEMA)]
    for expected in (
        "NaN in age",
        "-Inf in hours",
        "an unseen category in job",
        "control characters in job",
        "null in age",
    ):
        assert expected in names
    assert names[-3:] == ["no rows", "no column age", "all nulls"]
    assert "null in gain" not in names  # that is inside the contract


def test_a_model_that_rejects_or_answers_passes_and_is_counted():
    def strict(X):
        if X["age"].dtype != pl.Int64 or X["age"].null_count():
            raise ValueError("age must be whole")
        return sound(X)

    verdict = judge_outside(StandIn(strict), hostile(SCHEMA))
    assert verdict.outcome == "passed"
    counts = {m.name.rpartition(" ")[2]: m.value for m in verdict.measurements}
    assert counts["rejected"] >= 7
    assert counts["answered"] > 0


def test_non_finite_answers_outside_are_reported_and_fail_only_when_asked():
    through = StandIn(lambda X: X["hours"].cast(pl.Float64, strict=False).to_numpy(), classes=None)
    reported = judge_outside(through, hostile(SCHEMA))
    assert reported.outcome == "passed"
    assert "non-finite (null in hours" in reported.message
    gated = judge_outside(through, hostile(SCHEMA), reject_non_finite=True)
    assert gated.outcome == "failed"


def test_a_hang_fails_and_ends_the_search():
    model = StandIn(lambda X: time.sleep(2) if X.height and X["age"].null_count() else sound(X))
    verdict = judge_outside(model, hostile(SCHEMA), time_limit=0.1)
    assert verdict.outcome == "failed"
    assert "null in age" in verdict.message


def test_an_exit_of_the_process_fails():
    def leave(X):
        if X.width < 4:
            raise SystemExit(1)
        return sound(X)

    verdict = judge_outside(StandIn(leave), hostile(SCHEMA))
    assert verdict.outcome == "failed"
    assert "no column age" in verdict.message


def test_a_sound_model_depends_on_no_order():
    assert {v.outcome for v in judge_order(StandIn(sound), rows(60))} == {"passed"}


def test_a_model_that_takes_columns_by_position_fails_where_it_recorded_their_names():
    def by_position(X):
        return np.clip(X.to_series(0).cast(pl.Float64, strict=False).fill_null(0).to_numpy() / 100, 0, 1)

    first = judge_order(StandIn(by_position), rows(60))[0]
    assert first.outcome == "failed"
    assert "answers depend on the order of columns" in first.message
    nameless = judge_order(StandIn(by_position, names=None), rows(60))[0]
    assert nameless.outcome == "passed"
    assert "reported only" in nameless.message


def test_a_model_that_refuses_another_order_of_columns_passes():
    def strict(X):
        if X.columns != rows(1).columns:
            raise ValueError("columns must be age, hours, job, gain")
        return sound(X)

    assert judge_order(StandIn(strict), rows(60))[0].outcome == "passed"


def test_a_model_that_scales_by_its_batch_fails():
    def batch(X):
        return sound(X) / sound(X).max()

    verdicts = judge_order(StandIn(batch), rows(60))
    assert [v.outcome for v in verdicts] == ["passed", "passed", "passed", "failed"]
    assert "the batch a row comes in" in verdicts[3].message


def test_a_model_with_state_between_rows_fails():
    assert judge_order(StandIn(lambda X: np.arange(X.height) / X.height), rows(60))[2].outcome == "failed"


def test_a_model_that_cannot_answer_the_rows_themselves_is_an_error():
    def broken(X):
        raise RuntimeError("no weights")

    with pytest.raises(ModelError, match="no weights"):
        judge_order(StandIn(broken), rows(60))
