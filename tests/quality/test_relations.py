from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from stand_ins import StandIn, rows, sound

from pytest_mlready.errors import DataError
from pytest_mlready.quality.relation_tables import parse
from pytest_mlready.quality.relations import judge

X = rows(400)


def verdict(function, table, frame=X, **options):
    return judge(StandIn(function), frame, parse([table], frame), **options)[0]


def leans_on_job(X):
    return np.clip(sound(X) + 0.3 * (X["job"] == "smith").to_numpy(), 0, 1)


def test_a_direction_that_holds_passes():
    found = verdict(sound, {"kind": "increasing", "column": "age"})
    assert found.outcome == "passed"
    assert "none of" in found.message
    assert found.measurements[0].interval[1] < 0.02


def test_a_flipped_sign_fails_with_its_rate():
    found = verdict(lambda X: 1 - sound(X), {"kind": "increasing", "column": "age", "step": 1})
    assert found.outcome == "failed"
    assert found.measurements[0].value == 1.0


def test_a_fall_within_the_tolerance_passes():
    table = {"kind": "increasing", "column": "age", "step": 1, "tolerance": 0.05}
    assert verdict(lambda X: 1 - sound(X), table).outcome == "passed"


def test_a_decrease_is_the_mirror_image():
    assert verdict(lambda X: 1 - sound(X), {"kind": "decreasing", "column": "hours", "step": 0.5}).outcome == "passed"


def test_a_step_never_leaves_the_range_seen():
    def cliff(X):
        return np.where(X["age"].to_numpy() > X_MAX, 0.0, sound(X))

    X_MAX = int(X["age"].max())
    found = verdict(cliff, {"kind": "increasing", "column": "age", "step": 10})
    assert found.outcome == "passed"
    assert found.measurements[0].n == int((X["age"] <= X_MAX - 10).sum())


def test_an_invariance_counts_a_row_once_however_many_values_it_is_tried_with():
    table = {"kind": "invariant", "column": "job", "values": ["clerk", "driver", "nurse"], "tolerance": 0.0}
    found = verdict(sound, table)
    assert found.outcome == "passed"
    assert found.measurements[0].n == 400


def test_an_invariance_that_is_broken_fails():
    table = {"kind": "invariant", "column": "job", "swap": ["clerk", "smith"], "tolerance": 0.01}
    assert verdict(leans_on_job, table).outcome == "failed"


def test_without_a_tolerance_the_label_must_stay_and_the_score_may_move():
    table = {"kind": "invariant", "column": "job", "swap": ["clerk", "smith"]}
    assert verdict(lambda X: np.where(X["job"] == "smith", 0.7, 0.9), table).outcome == "passed"


def test_a_rate_is_allowed_when_its_upper_bound_is():
    table = {"kind": "invariant", "column": "job", "swap": ["clerk", "smith"], "max_violations": 0.5}
    flips = {"passed": 0.40, "inconclusive": 0.48, "failed": 0.60}
    n = int(X["job"].is_in(["clerk", "smith"]).sum())
    for outcome, share in flips.items():
        ages = X.filter(pl.col("job").is_in(["clerk", "smith"]))["age"].sort()
        cut = int(ages[int(share * n)])

        def model(X, cut=cut):
            changed = (X["job"] == "smith").to_numpy() & (X["age"] < cut).to_numpy()
            return np.where(changed, 0.9, 0.1)

        frame = X.with_columns(job=pl.when(pl.col("job") == "smith").then(pl.lit("clerk")).otherwise("job"))
        frame = pl.concat([frame, frame.head(1).with_columns(job=pl.lit("smith"))])
        assert verdict(model, table, frame).outcome == outcome


def test_nan_never_passes():
    nan_when_older = lambda X: np.where(X["age"].to_numpy() > 60, np.nan, 0.5)  # noqa: E731
    found = verdict(nan_when_older, {"kind": "increasing", "column": "age", "step": 5})
    assert found.outcome == "failed"
    assert "answers" in found.message


def test_a_model_that_raises_on_a_changed_row_fails_and_says_so():
    def raises(X):
        if (X["job"] == "baker").any():
            raise KeyError("baker")
        return sound(X)

    found = verdict(raises, {"kind": "invariant", "column": "job", "values": ["baker"]})
    assert found.outcome == "failed"
    assert "raises KeyError: 'baker'" in found.message


def test_too_few_applicable_rows_are_inconclusive():
    found = verdict(sound, {"kind": "increasing", "column": "age"}, X.head(12))
    assert found.outcome == "inconclusive"
    assert "at least 30" in found.message


def test_one_violation_is_enough_where_none_is_allowed():
    assert verdict(lambda X: 1 - sound(X), {"kind": "increasing", "column": "age"}, X.head(12)).outcome == "failed"


def test_a_minimum_of_function_is_an_expected_label():
    table = {"kind": "expect", "set": {"age": 90, "hours": 99.0}, "label": "yes"}
    assert verdict(sound, table).outcome == "passed"
    assert verdict(lambda X: 1 - sound(X), table).outcome == "failed"


@pytest.mark.parametrize("edit", ["typo", "case", "whitespace", "punctuation"])
def test_text_edits_change_the_text_and_judge_the_answer(edit):
    frame = pl.DataFrame({"note": [f"Great service number {i}, thanks!" for i in range(60)]})
    table = {"kind": "invariant", "column": "note", "edit": edit}
    found = verdict(lambda X: np.full(X.height, 0.9), table, frame)
    assert found.outcome == "passed"
    assert found.measurements[0].n >= 55
    literal = lambda X: np.where(X["note"].is_in(frame["note"].to_list()), 0.9, 0.1)  # noqa: E731
    assert verdict(literal, table, frame).outcome == "failed"


def test_a_value_model_is_judged_by_its_values():
    model = StandIn(lambda X: X["hours"].to_numpy() * 2.0, classes=None)
    up, same = parse(
        [{"kind": "increasing", "column": "hours"}, {"kind": "invariant", "column": "job", "values": ["clerk"]}], X
    )
    assert [v.outcome for v in judge(model, X, [up, same])] == ["passed", "passed"]


def test_every_mistake_of_every_table_is_told_at_once():
    tables = [
        {"kind": "increase", "column": "age"},
        {"kind": "increasing", "column": "agee"},
        {"kind": "increasing", "column": "job"},
        {"kind": "increasing", "column": "age", "step": 0, "tolerance": -1, "colour": "red"},
        {"kind": "invariant", "column": "job"},
        {"kind": "invariant", "column": "job", "swap": ["clerk", "smyth"]},
        {"kind": "invariant", "column": "age", "values": ["old"]},
        {"kind": "invariant", "column": "job", "edit": "typos"},
        {"kind": "expect", "set": {"jobb": "clerk"}},
        "increasing",
    ]
    with pytest.raises(DataError) as error:
        parse(tables, X)
    for part in (
        "relation 1: kind is 'increase', expected one of invariant, increasing, decreasing, expect; did you mean \"increasing\"",
        'did you mean "age"',
        "needs a column of numbers",
        "step is 0",
        "tolerance is -1",
        'unknown key "colour"',
        "expected one of values, swap, edit",
        'no row of "job" holds \'smyth\'; did you mean "smith"',
        "\"age\" cannot hold 'old'",
        'did you mean "typo"',
        'did you mean "job"',
        "label is missing",
        "'increasing' is not a table",
    ):
        assert part in str(error.value), part


def test_the_class_of_the_score_is_asked_for_where_there_are_more_than_two():
    class Three(StandIn):
        def predict_proba(self, X):
            return np.full((X.height, 3), 1 / 3)

    model = Three(sound, classes=("a", "b", "c"))
    with pytest.raises(DataError, match="no class is named"):
        judge(model, X, parse([{"kind": "increasing", "column": "age"}], X))
    named = parse([{"kind": "increasing", "column": "age", "class": "b"}], X)
    assert judge(model, X, named)[0].outcome == "passed"


def test_a_label_that_came_back_as_a_float_is_the_label():
    table = {"kind": "expect", "set": {"age": 90}, "label": 1}
    relation = parse([table], X)
    assert judge(StandIn(lambda X: np.ones(X.height), classes=None), X, relation)[0].outcome == "passed"


def test_without_confidence_the_share_itself_decides():
    table = {"kind": "invariant", "column": "job", "values": ["smith"], "max_violations": 0.1}
    found = verdict(sound, table, confidence=0)
    assert found.outcome == "passed"
    assert "confidence = 0" in found.message


@pytest.mark.parametrize("step", [-1, 1, 300])
def test_a_step_does_not_overflow_a_narrow_column(step):
    narrow = X.with_columns(pl.col("age").cast(pl.UInt8))
    seen = []

    def spy(X):
        seen.append(X["age"].dtype)
        return sound(X.with_columns(pl.col("age").cast(pl.Int64)))

    table = {"kind": "increasing" if step > 0 else "decreasing", "column": "age", "step": step}
    assert verdict(spy, table, narrow).outcome == ("passed" if abs(step) == 1 else "inconclusive")
    assert set(seen) == {pl.UInt8}


def test_a_value_to_swap_is_found_among_more_than_ten_thousand():
    wide = pl.DataFrame({"town": [f"t{i}" for i in range(12_000)]})
    assert all(parse([{"kind": "invariant", "column": "town", "swap": ["t0", f"t{i}"]}], wide) for i in (1, 11_999))
