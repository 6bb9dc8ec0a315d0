from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from alert_runs import Run, file_of, needs_promtool, rule

from pytest_mlready.checks.monitoring import business_metrics
from pytest_mlready.checks.monitoring import prediction_quality as check
from pytest_mlready.errors import Failed, Inconclusive, NotApplicable, ReadinessError, Unverified

RULES = file_of(rule("Quality", "served_accuracy < 0.8"))
JOIN = {
    "predictions": "predictions.parquet",
    "outcomes": "outcomes.parquet",
    "prediction": "answer",
    "outcome": "truth",
}
OWN = {"probability": "p", "slices": ["town"], "limits": {"accuracy": 0.6, "brier": 0.25}}
GAUGE = {"metric": "served_accuracy", "min": 0.8, "pages": ["job.prom"]}
TASK = {"task": "binary-classification", "data": {"positive": "yes"}}
PARTS = (
    check.test_quality_of_the_latest_windows, check.test_predictions_are_unbiased, check.test_no_slice_is_beyond_its_limits
)  # fmt: skip


class Judged(Run):
    """With the confidence that bounds are formed at."""

    @property
    def mlready(self):
        found = super().mlready
        found.confidence = self.settings.confidence
        return found


def served(n=4000, *, seed=0, change=None):
    """Four weeks of calibrated predictions of two versions in two towns, each with an outcome 20 hours later."""
    rng, now = np.random.default_rng(seed), dt.datetime.now(tz=dt.UTC)
    made = [now - dt.timedelta(days=28) * (1 - k / n) for k in range(n)]
    true = rng.beta(0.5, 0.9, n)
    frame = pl.DataFrame({
        "id": range(n), "time": made, "model_version": ["2.0.0"] * n, "p": true, "town": rng.choice(["Aix", "Bern"], n),
        "answer": np.where(true >= 0.5, "yes", "no"), "truth": np.where(rng.random(n) < true, "yes", "no"),
        "recent": [t > now - dt.timedelta(days=8) for t in made],
    })  # fmt: skip
    return frame if change is None else frame.with_columns(**change)


@pytest.fixture
def project(tmp_path):
    """project(frame, …options): a project without a service, whose log is that frame."""

    def make(frame=None, *, text=RULES, value="0.9", tell=None, settings=TASK, business=None, **options):
        frame = served() if frame is None else frame
        frame.drop("truth", "recent").write_parquet(tmp_path / "predictions.parquet")
        known = frame.select("id", "truth", time=pl.col("time") + pl.duration(hours=20))
        (tell or (lambda o: o))(known).write_parquet(tmp_path / "outcomes.parquet")
        (tmp_path / "job.prom").write_text(f"# TYPE served_accuracy gauge\nserved_accuracy {value}\n")
        items = {check.ITEM.id: options, business_metrics.ITEM.id: JOIN if business is None else business}
        return Judged(tmp_path, None, text=text, items=items, **settings)

    return make


def recently(column, value):
    """`value` in the last eight days, the column before."""
    return {column: pl.when("recent").then(value).otherwise(pl.col(column))}


def test_good_predictions_pass_with_the_tables_of_business_metrics(project):
    one = project(**OWN)
    for part in PARTS:
        one(part)
    noted = one.values()
    assert noted["accuracy, latest window"] > 0.7
    assert noted["accuracy, 1 before the latest window"] > 0.7
    assert abs(noted["bias (predicted less observed), latest window"]) < 0.05
    assert noted["bias: town=Aix"] < 0.1
    assert one.evidence.notes.grade == "replayed"
    assert [p["kind"] for p in one.evidence.notes.plots] == ["intervals"]


def test_tables_of_its_own_go_first(project):
    one = project(business={}, **JOIN, **OWN)
    one(check.test_quality_of_the_latest_windows)
    assert one.values()["brier, latest window"] < 0.25


def test_limits_are_those_of_the_metrics_where_none_are_set(project):
    metrics = {"accuracy": {"min": 0.95}, "brier": {"max": 0.3}, "recall": {"subgroup_min": 0.1}}
    one = project(probability="p", settings={**TASK, "metrics": metrics})
    with pytest.raises(Failed, match=r"accuracy, latest window is .*asked is at least 0\.95"):
        one(check.test_quality_of_the_latest_windows)
    assert "recall, latest window" not in one.values()


FLIPPED = pl.when(pl.col("answer") == "yes").then(pl.lit("no")).otherwise(pl.lit("yes"))
AIX = pl.col("town") == "Aix"


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        (0, recently("answer", FLIPPED), "accuracy, latest window"),
        (0, recently("p", pl.col("p").shuffle(seed=1)), "brier, latest window"),
        (1, recently("p", (pl.col("p") + 0.2).clip(0, 1)), "recalibrate"),
        (1, {"p": 1 - pl.col("p")}, "recalibrate"),
        (2, {"answer": pl.when(AIX).then(FLIPPED).otherwise("answer")}, "town=Aix accuracy"),
        (2, {"p": pl.when(AIX).then(pl.col("p") + 0.2).otherwise(pl.col("p") - 0.2).clip(0, 1)}, "town=Aix bias"),
    ],
    ids=["answers flipped", "probabilities shuffled", "too high", "of the other class", "one town", "one town's bias"],
)
def test_a_regression_fails(project, part, change, said):
    with pytest.raises(Failed, match=said):
        project(served(change=change), slice_limits={"accuracy": 0.6}, **OWN)(PARTS[part])


def test_an_old_regression_that_is_over_is_listed_and_does_not_fail(project):
    past = {"answer": pl.when("recent").then("answer").otherwise(FLIPPED)}
    one = project(served(change=past), **OWN)
    one(check.test_quality_of_the_latest_windows)
    assert one.values()["accuracy, 1 before the latest window"] < 0.5
    with pytest.raises(Failed, match="accuracy, 1 before the latest window"):
        project(served(change=past), windows=2, **OWN)(check.test_quality_of_the_latest_windows)


def test_a_version_that_is_worse_than_the_others_is_a_slice(project):
    other = pl.col("id") % 4 == 0
    change = {
        "model_version": pl.when(other).then(pl.lit("2.1.0")).otherwise("model_version"),
        "answer": pl.when(other).then(FLIPPED).otherwise("answer"),
    }
    options = {**OWN, "slices": (), "slice_limits": {"accuracy": 0.6}, "limits": {"accuracy": 0.3}}
    with pytest.raises(Failed, match=r"model_version=2\.1\.0 accuracy"):
        project(served(change=change), **options)(check.test_no_slice_is_beyond_its_limits)


@pytest.mark.parametrize(
    ("part", "frame", "options", "said"),
    [
        (0, lambda: served(200), {}, "100 are needed"),
        (0, lambda: served().filter(pl.col("time") < dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=4)), {}, "nothing is known about now"),
        (0, served, {"limits": {}}, r"no metric has a limit. Next step: .*limits = \{ accuracy = … \}"),
        (0, served, {"limits": {"accuracy": 0.75}, "window": "1 d"}, "would decide"),
        (0, lambda: served(change={"p": float("nan")}), {}, "have no probability, or NaN"),
        (1, served, {"probability": None}, "no column with probabilities is named"),
        (1, lambda: served(200), {}, "cannot be judged: only"),
        (2, served, {"slices": ()}, "no slices are named"),
        (2, lambda: served(300), {}, "needs about"),
    ],
    ids=["few", "stale", "no limit", "near its limit", "NaN", "no probabilities", "few for a bias", "no slices", "small slices"],
)  # fmt: skip
def test_too_little_is_inconclusive(project, part, frame, options, said):
    given = {k: v for k, v in {**OWN, **options}.items() if v is not None}
    with pytest.raises(Inconclusive, match=said):
        project(frame(), **given)(PARTS[part])


def test_missing_labels_are_inconclusive_and_none_at_all_too(project):
    with pytest.raises(Inconclusive, match="those without may be the bad ones"):
        project(tell=lambda o: o.filter(pl.col("id") % 8 != 0), **OWN)(check.test_quality_of_the_latest_windows)
    for part in PARTS:
        with pytest.raises(Inconclusive, match="no prediction has an outcome by now"):
            project(tell=lambda o: o.with_columns(pl.col("id") + 9999), **OWN)(part)


def test_young_predictions_do_not_count_before_their_outcome_is_due(project):
    options = {**OWN, "mature": "21 d", "window": "6 d", "fresh": "30 d"}
    one = project(**options)
    one(check.test_quality_of_the_latest_windows)
    (window,) = [e for e in one.evidence.notes.evidence if e["name"] == "predictions with an outcome, latest window"]
    assert window["n"] == pytest.approx(6 * 4000 / 28, abs=2)


def test_nothing_named_is_unverified(project):
    for part in PARTS:
        with pytest.raises(Unverified, match="no table joins answers"):
            project(business={})(part)
    with pytest.raises(Unverified, match='outcome = "…"'):
        project(business={k: v for k, v in JOIN.items() if k != "outcome"})(PARTS[0])


def test_a_limit_that_is_no_number_or_no_metric_is_an_error(project):
    for limits, said in (({"accuracy": "high"}, "'high'"), ({"acuracy": 0.9}, "accuracy")):
        with pytest.raises(ReadinessError, match=said):
            project(**{**OWN, "limits": limits})(check.test_quality_of_the_latest_windows)


def test_a_regression_task_is_judged_by_its_errors_and_its_bias(project):
    numbers = {"answer": pl.col("p") * 10, "truth": pl.col("p") * 10 + (pl.col("id") % 7 - 3) / 3}
    options = {"limits": {"mae": 1.0, "rmse": 1.2}, "slices": ["town"], "slice_limits": {"mae": 1.5}}
    settings = {"task": "regression"}
    one = project(served(change=numbers), settings=settings, **options)
    for part in PARTS:
        one(part)
    worse = served(
        change={**numbers, "answer": pl.when("recent").then(pl.col("p") * 10 + 2).otherwise(pl.col("p") * 10)}
    )
    with pytest.raises(Failed, match="mae, latest window"):
        project(worse, settings=settings, **options)(PARTS[0])
    with pytest.raises(Failed, match="recalibrate"):
        project(worse, settings=settings, **options)(PARTS[1])
    with pytest.raises(Failed, match="bias"):
        project(worse, settings=settings, **options)(PARTS[2])


def test_texts_have_no_bias(project):
    texts = {"answer": pl.format("answer {}", "id"), "truth": pl.format("answer {}", "id")}
    options = {"settings": {"task": "text-generation"}, "limits": {"exact_match": 0.9}, "slices": ["town"]}
    one = project(served(change=texts), **options)
    one(check.test_quality_of_the_latest_windows)
    one(check.test_no_slice_is_beyond_its_limits)
    with pytest.raises(NotApplicable, match="no mean"):
        one(check.test_predictions_are_unbiased)


# ---- the alert


def test_no_gauge_leaves_the_item_as_it_is(project):
    with pytest.raises(Unverified, match="optional"):
        project(**OWN)(check.test_an_alert_fires_on_prediction_quality)


@needs_promtool
def test_an_alert_on_the_figure_passes_without_any_service(project):
    one = project(**GAUGE)
    one(check.test_an_alert_fires_on_prediction_quality)
    assert one.values()["alerts on prediction quality that fire on a breach and are silent otherwise"] == 1


@needs_promtool
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": RULES.replace("0.8", "80")}, "fires on a good day"),
        ({"text": RULES.replace("0.8", "0.08")}, "stays silent"),
        ({"text": RULES.replace("served_accuracy", "accuracy_served")}, "no alert compares"),
        ({"value": "0.7"}, "outside its objective"),
    ],
)
def test_a_figure_that_nobody_would_hear_of_fails(project, change, said):
    with pytest.raises(Failed, match=said):
        project(**{**GAUGE, **change})(check.test_an_alert_fires_on_prediction_quality)


@pytest.mark.parametrize("part", PARTS)
def test_answers_are_not_their_own_outcomes(project, part):
    own = {**JOIN, "outcomes": "predictions.parquet", "outcome": "answer", "outcome_time": "time"}
    with pytest.raises(ReadinessError, match="cannot be judged by itself"):
        project(business={}, **own, **OWN)(part)


def test_a_week_without_a_case_of_the_rarer_class_is_inconclusive_and_not_red(project):
    quiet = {**recently("truth", pl.lit("no")), **recently("answer", pl.lit("no")), **recently("p", pl.lit(0.01))}
    with pytest.raises(Inconclusive, match="do not vary"):
        project(served(change=quiet), **OWN)(PARTS[2])
