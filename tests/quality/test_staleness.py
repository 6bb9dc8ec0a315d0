from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.quality import staleness, staleness_dates, staleness_result
from pytest_mlready.quality.metrics import resolve
from pytest_mlready.quality.staleness import Curve, Point, Version
from pytest_mlready.values import Predictions

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
MODEL = "a" * 64
ACCURACY = resolve("accuracy", "binary-classification")


def answers(n=4000, *, wrong=0.1, seed=0):
    """Answers to the same questions, of which this share is wrong; what is wrong with less is wrong with more."""
    y = np.random.default_rng(1).integers(0, 2, n)
    luck = np.random.default_rng(2).random(n) + np.random.default_rng(seed).normal(scale=0.01, size=n)
    return Predictions(
        task="binary-classification", y=y, labels=np.where(luck < wrong, 1 - y, y), classes=(0, 1), positive=1
    )


def curve(*wrong, n=4000, margin=0.02, fresh=0.1, ages=None):
    ages = ages or [30.0 * (i + 1) for i in range(len(wrong))]
    older = [
        Version(name=f"v{i}", age=age, predictions=answers(n, wrong=w))
        for i, (age, w) in enumerate(zip(ages, wrong, strict=True))
    ]
    return staleness.curve(ACCURACY, answers(n, wrong=fresh), older, margin=margin, confidence=0.95, seed=7)


def point(age, gap, width=0.005, **more):
    return Point(
        **{"name": f"of {age}", "age": age, "gap": gap, "lower": gap - width, "upper": gap + width, "n": 1000, **more}
    )


def made_of(*points, margin=0.02):
    return Curve(metric="accuracy", margin=margin, points=points, confidence=0.95)


# ------------------------------------------------------------------------------------------------- the maximum age


def test_the_maximum_age_is_the_last_before_the_loss_exceeds_the_margin():
    found = curve(0.1005, 0.104, 0.11, 0.15)
    verdict = staleness.judge(found)
    assert found.maximum == 90
    assert verdict.outcome == "passed"
    assert "up to 90 days a model loses at most 0.02; at 120 days it is not shown" in verdict.message
    by_name = {m.name: m for m in verdict.measurements}
    assert by_name["accuracy lost at 120 days"].value == pytest.approx(0.05, abs=0.01)
    assert by_name["maximum age by accuracy"].value == 90


def test_the_loss_is_that_of_the_paired_comparison():
    fresh, old = answers(wrong=0.1), answers(wrong=0.15)
    found = curve(0.15, ages=[30.0])
    assert found.points[0].gap == pytest.approx(float((fresh.labels == fresh.y).mean() - (old.labels == old.y).mean()))
    assert found.points[0].lower < found.points[0].gap < found.points[0].upper
    assert found.how == "Tango's score interval"


def test_versions_that_are_all_good_enough_give_the_oldest_age():
    assert (
        "up to 120 days a model loses at most 0.02, the oldest that was tried"
        in staleness.judge(curve(0.1, 0.101, 0.102, 0.103)).message
    )


def test_a_later_recovery_does_not_count():
    found = made_of(point(30, 0.0), point(60, 0.05), point(90, 0.0), point(120, 0.0))
    assert found.maximum == 30


def test_every_version_of_one_age_must_hold():
    assert made_of(point(30, 0.0), point(60, 0.0), point(60, 0.05, name="b"), point(90, 0)).maximum == 30


def test_a_youngest_version_that_is_confidently_worse_fails():
    verdict = staleness.judge(curve(0.2, 0.25, 0.3, 0.35))
    assert verdict.outcome == "failed"
    assert "already at 30 days" in verdict.message


def test_a_loss_that_drowns_in_noise_is_inconclusive():
    verdict = staleness.judge(curve(0.115, 0.15, 0.16, 0.17, n=300))
    assert verdict.outcome == "inconclusive"
    assert "more labelled rows" in verdict.message


@pytest.mark.parametrize("ages", [[30.0, 60.0, 90.0], [30.0, 30.0, 30.0, 30.0], [30.0, 60.0, 60.0, 90.0]])
def test_fewer_than_four_distinct_ages_are_inconclusive(ages):
    verdict = staleness.judge(curve(*[0.1 + i / 1000 for i in range(len(ages))], ages=ages))
    assert verdict.outcome == "inconclusive"
    assert "too few for a curve, 4 are asked for" in verdict.message


def test_no_version_at_all_is_inconclusive():
    assert staleness.judge(made_of()).outcome == "inconclusive"


@pytest.mark.parametrize("broken", [{"gap": math.nan}, {"upper": math.nan}, {"shortage": "the rarer class has 3 rows"}])
def test_a_loss_that_is_no_number_is_inconclusive_wherever_it_stands(broken):
    points = [*(point(age, 0.0) for age in (30, 60, 90)), replace(point(120, 0.0), **broken)]
    assert staleness.judge(made_of(*points)).outcome == "inconclusive"


def test_versions_that_answer_as_the_fresh_one_does_are_inconclusive():
    assert "are they different models?" in staleness.judge(curve(0.1, 0.1, 0.1, 0.1)).message


def test_errors_are_lost_relative_to_the_fresh_model():
    rng = np.random.default_rng(3)
    y = rng.normal(size=2000)
    noise = rng.normal(size=2000)

    def of(sd):
        return Predictions(task="regression", y=y, labels=y + sd * noise)

    older = [Version(name=str(i), age=30.0 * i, predictions=of(1 + 0.02 * i)) for i in range(1, 5)]
    found = staleness.curve(resolve("rmse", "regression"), of(1.0), older, margin=0.05, confidence=0.95, seed=1)
    assert found.relative
    assert [round(p.gap, 6) for p in found.points] == [0.02, 0.04, 0.06, 0.08]
    assert found.maximum == 60


def test_the_picture_starts_at_the_fresh_model():
    drawn = staleness.picture(curve(0.101, 0.104, 0.11, 0.15))
    assert drawn["x"] == [0.0, 30, 60, 90, 120]
    assert drawn["y"][0] == drawn["lower"][0] == drawn["upper"][0] == 0.0
    assert drawn["limits"] == {"margin": 0.02}


def test_a_confidence_of_false_maximum_ages_is_kept():
    """True loss at the margin at every age: a maximum age is derived in 5 of 100 replays at most."""
    from scipy.stats import binom

    rng, derived, repetitions = np.random.default_rng(11), 0, 300
    y = np.zeros(600, dtype=int)
    for _ in range(repetitions):
        fresh = (rng.random(600) < 0.1).astype(int)
        older = [
            Version(name=str(i), age=i, predictions=Predictions(
                task="binary-classification", y=y, labels=np.where(rng.random(600) < 0.05, 1 - fresh, fresh), classes=(0, 1), positive=1))
            for i in range(1, 5)
        ]  # fmt: skip
        truth = 0.05 * (
            0.9 - 0.1
        )  # of fresh answers 0.9 are right and may turn wrong, 0.1 are wrong and may turn right
        given = Predictions(task="binary-classification", y=y, labels=fresh, classes=(0, 1), positive=1)
        derived += staleness.curve(ACCURACY, given, older, margin=truth, confidence=0.95, seed=1).maximum is not None
    assert derived <= binom.ppf(0.999, repetitions, 0.05)


# ------------------------------------------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("value", "shown"),
    [(dt.date(2026, 11, 1), "2026-11-01"), ("2026-11-01", "2026-11-01"), ("2026-11-01T08:00:00+02:00", "2026-11-01 06:00:00 UTC"),
     ("2026-11-01 08:00", "2026-11-01 08:00:00 UTC"), (1793491200, "2026-11-01 00:00:00 UTC"), ("1793491200.5", "2026-11-01 00:00:00 UTC"),
     (dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC), "2026-11-01 08:00:00 UTC")],
)  # fmt: skip
def test_dates_are_read_as_people_and_programs_write_them(value, shown):
    assert str(staleness_dates.made(value, what="it")) == shown


@pytest.mark.parametrize(
    "value", ["", "yesterday", "2026-13-01", "01.11.2026", None, True, math.nan, 0, -5, "NaN", [1]]
)
def test_what_states_no_time_is_an_error(value):
    with pytest.raises(DataError, match="it is"):
        staleness_dates.made(value, what="it")


def test_milliseconds_are_told():
    with pytest.raises(DataError, match="seems to be in milliseconds"):
        staleness_dates.made(1793491200000, what="it")


def test_a_day_counts_from_its_beginning_and_two_statements_agree_to_what_they_say():
    day, hour = (staleness_dates.made(v, what="it") for v in ("2026-11-25", "2026-11-25T09:00:00Z"))
    assert day.age(NOW) == dt.timedelta(hours=12)
    assert day.is_same(hour)
    assert not hour.is_same(staleness_dates.made("2026-11-25T09:00:02Z", what="it"))
    assert hour.is_same(staleness_dates.made("2026-11-25T09:00:00.4Z", what="it"))
    ahead = staleness_dates.made("2026-11-25T12:10:00Z", what="it")
    assert ahead.is_ahead(NOW)
    assert not staleness_dates.made("2026-11-26", what="it").is_ahead(NOW)  # somewhere it is that day
    assert staleness_dates.made("2026-11-27", what="it").is_ahead(NOW)


def test_records_state_times_and_their_files_do_not(tmp_path):
    path = tmp_path / "training.yaml"
    path.write_text("data: {until: 2026-10-31}\ntrained_at: 2026-11-01T08:00:00Z\n")
    assert str(staleness_dates.recorded(path, "data.until")) == "2026-10-31"
    assert str(staleness_dates.recorded(path, "/trained_at")) == "2026-11-01 08:00:00 UTC"
    with pytest.raises(DataError, match='did you mean "trained_at"'):
        staleness_dates.recorded(path, "trained")
    with pytest.raises(DataError, match="no key is named"):
        staleness_dates.recorded(path, "")


# ------------------------------------------------------------------------------------------------- saved results


def saved(tmp_path, curves=None, **change):
    text = staleness_result.written(
        curves or [curve(0.1005, 0.104, 0.11, 0.15)],
        made_on=dt.date(2026, 11, 1),
        model_sha256=MODEL,
        data_sha256="d" * 64,
    )
    path = tmp_path / "staleness.json"
    path.write_text(json.dumps({**json.loads(text), **change}))
    return path


def holds(path, **more):
    given = {"now": NOW, "model_sha256": MODEL, "lifetime": 90 * 86400.0, "confidence": 0.95, **more}
    return staleness_result.holds(staleness_result.read(path), **given)


def test_a_result_comes_back_as_it_was_written(tmp_path):
    before = curve(0.1005, 0.104, 0.11, 0.15)
    after = staleness_result.read(saved(tmp_path)).curves["accuracy"]
    assert [(p.age, p.gap, p.lower, p.upper, p.n) for p in after.points] == [
        (p.age, p.gap, p.lower, p.upper, p.n) for p in before.points
    ]
    assert after.confidence == 0.95
    assert holds(saved(tmp_path)).outcome == "passed"


@pytest.mark.parametrize(
    ("change", "given", "outcome", "said"),
    [
        ({"made_on": "2026-08-01"}, {}, "failed", "was made 116 days ago"),
        ({"made_on": "2027-01-01"}, {}, "failed", "lies ahead"),
        ({"model_sha256": "b" * 64}, {}, "failed", "is about another model"),
        ({}, {"model_sha256": None}, "inconclusive", "has no digest"),
        ({"confidence": 0.8}, {}, "inconclusive", "a confidence of 0.8"),
    ],
)
def test_a_result_that_is_old_foreign_or_unsure_does_not_hold(tmp_path, change, given, outcome, said):
    verdict = holds(saved(tmp_path, **change), **given)
    assert verdict.outcome == outcome
    assert said in verdict.message


@pytest.mark.parametrize(
    "change",
    [{"made_on": ""}, {"model_sha256": None}, {"confidence": 2}, {"ages": []}, {"ages": "x"},
     {"ages": [{"age_days": 30, "gap": "NaN", "lower": 0, "upper": 1}]}, {"ages": [{"age_days": 30, "gap": 2, "lower": 0, "upper": 1}]},
     {"ages": [{"age_days": -1, "gap": 0.5, "lower": 0, "upper": 1}]}, {"ages": [{"age_days": 30, "gap": 0.5, "lower": 0}]}],
)  # fmt: skip
def test_a_malformed_result_is_an_error(tmp_path, change):
    with pytest.raises(DataError, match=r"staleness\.json"):
        staleness_result.read(saved(tmp_path, **change))


def test_a_csv_has_all_in_columns(tmp_path):
    path = tmp_path / "ages.csv"
    head = "made_on,model_sha256,confidence,metric,age_days,gap,lower,upper,n\n"
    path.write_text(
        head + "".join(f"2026-11-01,{MODEL},0.95,auc,{30 * i},{i / 1000},0,{i / 500},500\n" for i in range(1, 5))
    )
    result = staleness_result.read(path)
    assert [p.age for p in result.curves["auc"].points] == [30, 60, 90, 120]
    path.write_text(head + f"2026-11-01,{MODEL},0.95,auc,30,0,0,0,5\n2026-10-01,{MODEL},0.95,auc,60,0,0,0,5\n")
    with pytest.raises(DataError, match="several values of made_on"):
        staleness_result.read(path)
