from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality import served, served_verdicts
from pytest_mlready.quality.group_tests import Design
from pytest_mlready.quality.groups import groups_of
from pytest_mlready.quality.metrics import measure, resolve
from pytest_mlready.quality.outcome_join import Columns
from pytest_mlready.quality.subgroups import floors

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
COLUMNS = Columns(id="id", outcome_id="id", time="time", outcome_time="time", version="version",
                  prediction="answer", outcome="truth")  # fmt: skip
DEMANDS = served_verdicts.Demands(now=NOW, coverage=0.95, fresh=DAY)


def tables(n=3000, *, seed=0, shift=0.0, days=21):
    """Three weeks of calibrated predictions; `shift` is added to the logged probability."""
    rng = np.random.default_rng(seed)
    made = [NOW - days * DAY * (1 - k / n) for k in range(n)]
    true = rng.beta(1.2, 2.4, n)
    truth = np.where(rng.random(n) < true, "yes", "no")
    town = rng.choice(["Aix", "Bern"], n)
    chance = np.clip(true + shift, 0, 1)
    predictions = pl.DataFrame({
        "id": range(n), "time": made, "version": ["2.0.0"] * n, "answer": np.where(chance >= 0.5, "yes", "no"),
        "p": chance, "town": town,
    })  # fmt: skip
    outcomes = pl.DataFrame({"id": range(n), "time": made, "truth": truth, "sex": rng.choice(["f", "m"], n)})
    return predictions, outcomes.with_columns(time=pl.col("time") + dt.timedelta(hours=20))


def bring(predictions, outcomes, **more):
    more = {"probability": "p", "task": "binary-classification", "positive": "yes", "now": NOW} | more
    return served.bring(predictions, outcomes, COLUMNS, **more)


def latest(found, *, days=7.0):
    return served.windows(found, end=NOW - DAY, length=days * DAY, count=2)[0]


def test_windows_hold_what_is_old_enough_and_known():
    first, second = served.windows(bring(*tables()), end=NOW - DAY, length=7 * DAY, count=2)
    assert first.served.table["made"].max() < NOW - DAY
    assert first.served.table["made"].min() >= NOW - 8 * DAY
    assert second.end == first.start
    assert (first.name, second.name) == ("latest window", "1 before the latest window")
    assert first.served.table.height == pytest.approx(1000, abs=2)


def test_outcomes_that_become_known_later_are_not_known():
    later = bring(*tables(), now=NOW - 10 * DAY)
    assert later.labelled.table["known"].max() <= NOW - 10 * DAY + dt.timedelta(minutes=5)


def test_rows_become_predictions_whose_metrics_are_those_of_the_plain_arrays():
    predictions, outcomes = tables()
    p = served.predictions_of(bring(predictions, outcomes))
    assert p.positive == "yes"
    both = predictions.join(outcomes.drop("time"), on="id").head(len(p))
    assert measure("accuracy", p).value == pytest.approx((both["answer"] == both["truth"]).mean())
    assert served_verdicts.deviations(p).mean() == pytest.approx((both["p"] - (both["truth"] == "yes")).mean())


@pytest.mark.parametrize(
    ("answers", "truths"),
    [(("0", "1"), (0, 1)), ((0.0, 1.0), (0, 1)), ((False, True), ("0", "1")), ((0, 1), ("no", "yes"))],
    ids=["texts and integers", "floats and integers", "booleans and texts", "numbers and words"],
)
def test_labels_that_are_written_differently_are_the_same(answers, truths):
    predictions, outcomes = tables(800)
    predictions = predictions.with_columns(
        answer=pl.Series([answers[a == "yes"] for a in predictions["answer"]]))  # fmt: skip
    outcomes = outcomes.with_columns(truth=pl.Series([truths[t == "yes"] for t in outcomes["truth"]]))
    found = bring(predictions, outcomes, positive=truths[1])
    assert measure("accuracy", served.predictions_of(found)).value > 0.6


def test_slices_come_from_either_table_and_stay_with_their_rows():
    predictions, outcomes = tables(500)
    found = bring(predictions, outcomes, slices=["sex", "town"])
    assert found.slices["town"].to_list() == predictions["town"].to_list()
    assert found.slices["sex"].to_list() == outcomes["sex"].to_list()
    with pytest.raises(DataError, match='did you mean "town"'):
        bring(predictions, outcomes, slices=["twon"])


def test_a_prediction_without_an_answer_or_a_probability_cannot_be_judged():
    predictions, outcomes = tables(500)
    for column in ("answer", "p"):
        holed = predictions.with_columns(pl.when(pl.col("id") > 3).then(column).alias(column))
        with pytest.raises(Inconclusive, match=r"4 of \d+ labelled predictions have no"):
            served.predictions_of(bring(holed, outcomes))
    nan = predictions.with_columns(p=pl.when(pl.col("id") > 3).then("p").otherwise(float("nan")))
    with pytest.raises(Inconclusive, match="have no probability, or NaN"):
        served.predictions_of(bring(nan, outcomes))


def test_percentages_are_no_probabilities():
    predictions, outcomes = tables(500)
    with pytest.raises(DataError, match="runs from"):
        bring(predictions.with_columns(pl.col("p") * 100), outcomes)


def test_no_outcome_or_one_class_is_inconclusive_and_three_are_not_binary():
    predictions, outcomes = tables(500)
    with pytest.raises(Inconclusive, match="no prediction has an outcome"):
        bring(predictions, outcomes.with_columns(pl.col("id") + 9000))
    with pytest.raises(Inconclusive, match="every outcome is no"):
        bring(predictions, outcomes.with_columns(truth=pl.lit("no")))
    with pytest.raises(DataError, match="there are 3 outcomes"):
        bring(predictions, outcomes.with_columns(truth=pl.when(pl.col("id") == 7).then(pl.lit("?")).otherwise("truth")))


# ---- whether it can be judged


def usable(predictions, outcomes, demands=DEMANDS):
    found = bring(predictions, outcomes)
    return served_verdicts.usable(found, [latest(found)], demands)


def said(verdicts, outcome):
    return "\n".join(v.message for v in verdicts if v.outcome == outcome)


def test_a_complete_and_recent_log_can_be_judged():
    assert {v.outcome for v in usable(*tables())} == {"passed"}


@pytest.mark.parametrize(
    ("change", "outcome", "text"),
    [
        (lambda p, o: (p, o.filter(pl.col("id") % 10 != 0)), "inconclusive", "those without may be the bad ones"),
        (lambda p, o: (p, o.filter(pl.col("time") < NOW - 3 * DAY)), "inconclusive", "nothing is known about now"),
        (lambda p, o: (p.filter(pl.col("time") < NOW - 8 * DAY), o), "inconclusive", "0 predictions of the latest window"),
        (lambda p, o: (p.filter(pl.col("id") % 20 == 0), o), "inconclusive", "100 are needed"),
        (lambda p, o: (p.with_columns(id=pl.when(pl.col("id") > 2).then("id")), o), "inconclusive", "3 predictions have no id"),
        (lambda p, o: (pl.concat([p, p.tail(3)]), o), "failed", "3 predictions have an id that another one has"),
        (lambda p, o: (p, pl.concat([o, o.tail(3)])), "failed", "3 outcomes have an id that another one has"),
    ],
    ids=["coverage", "stale", "no traffic", "few", "nameless", "twice", "outcomes twice"],
)  # fmt: skip
def test_a_log_that_cannot_carry_a_judgement_says_why(change, outcome, text):
    assert text in said(usable(*change(*tables())), outcome)


# ---- bias


def bias(predictions, outcomes, **more):
    p = served.predictions_of(latest(bring(predictions, outcomes)).served)
    within = served_verdicts.tolerance(p, more.pop("given", None))
    return served_verdicts.bias(p, "latest window", within=within, confidence=more.pop("confidence", 0.95))


def test_calibrated_probabilities_have_no_bias():
    assert bias(*tables()).outcome == "passed"


@pytest.mark.parametrize("shift", [0.12, -0.12])
def test_probabilities_that_are_too_high_or_too_low_fail(shift):
    found = bias(*tables(shift=shift))
    assert found.outcome == "failed"
    assert "recalibrate" in found.message


def test_probabilities_of_the_other_class_fail():
    predictions, outcomes = tables()
    assert bias(predictions.with_columns(p=1 - pl.col("p")), outcomes).outcome == "failed"


def test_a_bias_near_its_tolerance_or_of_few_rows_is_inconclusive():
    assert "would decide" in bias(*tables(shift=0.035)).message
    assert bias(*tables(250)).outcome == "inconclusive"


def test_the_interval_of_the_bias_is_that_of_the_mean():
    p = served.predictions_of(bring(*tables()))
    d = served_verdicts.deviations(p)
    (noted,) = served_verdicts.bias(p, "x", within=0.05, confidence=0.95).measurements
    half = 1.645 * d.std() / np.sqrt(len(d))
    assert noted.interval == pytest.approx((d.mean() - half, d.mean() + half), abs=half / 8)


def test_a_rare_class_gets_a_narrower_tolerance_and_numbers_one_of_their_own_scale():
    predictions, outcomes = tables()
    rare = outcomes.with_columns(truth=pl.when(pl.col("id") % 50 == 0).then(pl.lit("yes")).otherwise(pl.lit("no")))
    p = served.predictions_of(bring(predictions, rare))
    assert served_verdicts.tolerance(p, None) == pytest.approx(0.25 * 0.02, rel=0.05)
    assert served_verdicts.tolerance(p, 0.03) == 0.03
    p = served.predictions_of(numbers())
    assert served_verdicts.tolerance(p, None) == pytest.approx(0.1 * np.std(p.y))


def numbers(offset=0.0):
    predictions, outcomes = tables()
    rng = np.random.default_rng(3)
    value = 10 + 2 * rng.normal(size=predictions.height)
    predictions = predictions.with_columns(answer=pl.Series(value + offset))
    outcomes = outcomes.with_columns(truth=pl.Series(value + 0.5 * rng.normal(size=len(value))))
    return bring(predictions, outcomes, task="regression", probability=None)


@pytest.mark.parametrize(("offset", "outcome"), [(0.0, "passed"), (0.5, "failed"), (-0.5, "failed")])
def test_numbers_that_run_high_or_low_are_biased(offset, outcome):
    p = served.predictions_of(latest(numbers(offset)).served)
    within = served_verdicts.tolerance(p, None)
    assert served_verdicts.bias(p, "latest window", within=within, confidence=0.95).outcome == outcome
    assert measure("mae", p).value == pytest.approx(np.abs(p.y - p.labels).mean())


def test_with_more_classes_the_confidence_is_held_against_the_accuracy():
    predictions, outcomes = tables()
    third = pl.when(pl.col("id") % 3 == 0).then(pl.lit("maybe"))
    predictions, outcomes = (
        predictions.with_columns(answer=third.otherwise("answer"), p=pl.lit(0.8)),
        outcomes.with_columns(truth=third.otherwise("truth")),
    )
    p = served.predictions_of(bring(predictions, outcomes, task="multiclass-classification"))
    assert served_verdicts.deviations(p).mean() == pytest.approx(0.8 - (p.y == p.labels).mean())


def test_outcomes_that_do_not_vary_in_a_window_are_inconclusive():
    predictions, outcomes = tables()
    outcomes = outcomes.with_columns(truth=pl.when(pl.col("id") < 1000).then("truth").otherwise(pl.lit("no")))
    assert "do not vary" in bias(predictions, outcomes).message


# ---- slices


def sliced(predictions, outcomes, **design):
    rows = bring(predictions, outcomes, slices=["town", "sex"]).labelled
    p = served.predictions_of(rows)
    limits = floors([(resolve("accuracy", p.task), 0.5, None)], p)
    parts = groups_of(rows.slices, ["town", "sex"])
    return served_verdicts.slices(p, parts, limits, within=0.1, design=Design(**design))


def test_even_slices_are_within_and_large_enough():
    found = sliced(*tables())
    assert len(found) == 8
    assert all(f.adequate and f.adjusted > 0.5 for f in found)


def test_a_slice_that_is_biased_is_found_although_the_whole_is_not():
    predictions, outcomes = tables()
    p = pl.col("p") + pl.when(pl.col("town") == "Aix").then(0.2).otherwise(-0.2)
    found = sliced(predictions.with_columns(p=p.clip(0, 1)), outcomes)
    assert {f.group for f in found if f.metric == "bias" and f.adjusted < 0.05} == {"town=Aix", "town=Bern"}
    assert {f.side for f in found if f.metric == "bias" and f.adjusted < 0.05} == {-1, 1}


def test_slices_of_few_rows_cannot_tell():
    assert not any(f.adequate for f in sliced(*tables(150)) if f.metric == "bias")


def test_equal_slices_raise_a_false_alarm_in_few_logs_only():
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = rng.normal(0.1, 0.4, size=(10, 400))  # every slice at the very edge of its tolerance
        design = Design(tests=10)
        p = [served_verdicts._slice_bias("s", ("s",), v, 0.1, design).p for v in values]
        alarms += min(p) * 10 <= 0.05
    assert alarms <= 7
