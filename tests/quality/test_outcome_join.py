from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.quality import outcome_join
from pytest_mlready.quality.outcome_join import Columns, Demands

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
COLUMNS = Columns(id="id", outcome_id="id", time="time", outcome_time="time", version="version",
                  prediction="answer", outcome="truth")  # fmt: skip
DEMANDS = Demands(now=NOW, mature=DAY, coverage=0.95, fresh=DAY, versions=("2.0.0", "ab" * 32))


def tables(n=1000):
    """A week of predictions, each with an outcome 20 hours later where that is past."""
    made = [NOW - 7 * DAY * (1 - k / n) for k in range(n)]
    predictions = pl.DataFrame({"id": range(n), "time": made, "version": ["2.0.0"] * n, "answer": ["a"] * n})
    outcomes = predictions.select("id", time=pl.col("time") + 20 * HOUR, truth="answer").filter(pl.col("time") <= NOW)
    return predictions, outcomes


def judged(predictions, outcomes, demands=DEMANDS, columns=COLUMNS):
    return outcome_join.judge(outcome_join.join(predictions, outcomes, columns), demands)


def failed(verdicts):
    return "\n".join(v.message for v in verdicts if v.outcome == "failed")


def test_a_join_that_is_complete_and_recent_passes():
    verdicts = judged(*tables())
    assert {v.outcome for v in verdicts} == {"passed"}
    assert verdicts[0].measurements[0].value == 1.0


def test_predictions_that_are_too_young_need_no_outcome():
    predictions, outcomes = tables()
    assert outcomes.height < predictions.height
    assert failed(judged(predictions, outcomes)) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p, o: (p, o.filter(pl.col("id") % 10 != 0)), "of 858 mature predictions have an outcome (90"),
        (lambda p, o: (p, o.filter(pl.col("time") < NOW - 2 * DAY)), "the newest outcome is 48"),
        (lambda p, o: (pl.concat([p, p.head(3)]), o), "3 predictions have an id that another one has"),
        (lambda p, o: (p, pl.concat([o, o.head(2)])), "2 outcomes have an id that another one has"),
        (lambda p, o: (p.with_columns(id=pl.when(pl.col("id") > 5).then("id")), o), "6 of 1,000 predictions have no id"),
        (lambda p, o: (p.with_columns(version=pl.lit("1.9.0")), o), "version 1.9.0 answered, which is neither"),
        (lambda p, o: (p.with_columns(version=pl.when(pl.col("id") > 5).then("version")), o), "6 predictions do not say which version"),
        (lambda p, o: (p, o.with_columns(id=pl.col("id") + 5000)), "no prediction has an outcome"),
        (lambda p, o: (p, o.with_columns(time=pl.col("time") + DAY)), "which is yet to come"),
        (lambda p, o: (p, o.head(0)), "no prediction has an outcome"),
    ],
    ids=["coverage", "stale", "twice", "outcomes twice", "nameless", "version", "no version", "other ids", "future", "empty"],
)  # fmt: skip
def test_a_join_that_cannot_carry_a_figure_fails(change, said):
    assert said in failed(judged(*change(*tables())))


def test_few_mature_predictions_are_inconclusive():
    verdicts = judged(*tables(60))
    assert "inconclusive" in {v.outcome for v in verdicts}


def test_a_model_without_version_or_digest_is_inconclusive():
    verdicts = judged(*tables(), demands=replace(DEMANDS, versions=()))
    assert [v.outcome for v in verdicts if "neither version nor digest" in v.message] == ["inconclusive"]


@pytest.mark.parametrize("version", ["v2.0.0", "sha256:" + "ab" * 32, "ab" * 6])
def test_a_version_may_be_written_as_a_tag_or_a_digest(version):
    predictions, outcomes = tables()
    assert failed(judged(predictions.with_columns(version=pl.lit(version)), outcomes)) == ""


@pytest.mark.parametrize("form", ["iso", "seconds", "milliseconds", "naive"])
def test_times_in_usual_forms_are_read(form):
    change = {
        "iso": pl.col("time").dt.to_string("iso:strict"),
        "seconds": pl.col("time").dt.epoch("s"),
        "milliseconds": pl.col("time").dt.epoch("ms"),
        "naive": pl.col("time").dt.replace_time_zone(None),
    }[form]
    predictions, outcomes = (t.with_columns(time=change) for t in tables())
    assert failed(judged(predictions, outcomes)) == ""


def test_ids_of_different_types_are_joined():
    predictions, outcomes = tables()
    assert failed(judged(predictions, outcomes.with_columns(pl.col("id").cast(pl.String)))) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "versoin"}, "version"),
        ({"time": "when"}, "predictions have no column"),
        ({"outcome": "tru"}, 'did you mean "truth"'),
    ],
)
def test_a_missing_column_is_an_error_with_the_nearest_name(change, said):
    with pytest.raises(DataError, match=said):
        judged(*tables(), columns=replace(COLUMNS, **change))


def test_a_column_without_times_is_an_error():
    predictions, outcomes = tables()
    with pytest.raises(DataError, match="holds no times"):
        judged(predictions.with_columns(time=pl.lit("yesterday")), outcomes)


def test_the_figure_is_recorded_for_each_version():
    predictions, outcomes = tables()
    predictions = predictions.with_columns(version=pl.when(pl.col("id") < 500).then(pl.lit("1")).otherwise(pl.lit("2")))
    outcomes = outcomes.with_columns(truth=pl.when(pl.col("id") < 250).then(pl.lit("b")).otherwise("truth"))
    first, second = outcome_join.by_version(outcome_join.join(predictions, outcomes, COLUMNS))
    assert (first.value, first.n, second.value) == (0.5, 500, 1.0)
    assert outcome_join.by_version(outcome_join.join(predictions, outcomes, replace(COLUMNS, outcome=None))) == []
