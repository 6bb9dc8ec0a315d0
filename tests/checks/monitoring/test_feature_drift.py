from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from drift_projects import dataset, project, rows, windows

from pytest_mlready.checks.monitoring import feature_drift as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError
from pytest_mlready.evidence import Evidence


@pytest.fixture
def judge(tmp_path, tmp_path_factory):
    def run(both, evidence=None, **options):
        check.test_current_window(
            project(tmp_path, feature_drift=options), evidence or Evidence(), *both, tmp_path_factory
        )

    return run


def test_windows_without_a_change_pass_with_their_numbers(judge):
    evidence = Evidence()
    judge(windows(), evidence)
    named = {e["name"]: e for e in evidence.notes.evidence}
    assert {"drift of age", "drift of visits", "drift of plan", "smallest shift that is seen"} <= set(named)
    drawn = evidence.notes.plots[0]["data"]
    assert drawn["values"] == [named[f"drift of {column}"]["value"] for column in drawn["labels"]]
    assert drawn["each"]["fails at"] == [named[f"drift of {column}"]["max"] for column in drawn["labels"]]
    assert evidence.notes.grade == "replayed"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"age": pl.col("age") * 12}, '"age" median'),
        ({"visits": pl.lit(0)}, '"visits" median'),
        ({"plan": pl.col("plan").str.to_uppercase()}, "hold values never seen before"),
        ({"age": pl.when(pl.int_range(pl.len()) % 4 == 0).then(None).otherwise(pl.col("age"))}, "missing 0 % → 25 %"),
        ({"visits": pl.col("visits").cast(pl.String)}, "was Int64 in the reference and is String now"),
        ({"extra": pl.lit(1)}, "not in the reference"),
    ],
)
def test_a_source_that_breaks_fails_and_is_named(judge, changes, told):
    with pytest.raises(Failed) as failure:
        judge(windows(**changes))
    assert told in str(failure.value)


def test_a_column_that_is_gone_fails(judge):
    reference, current = windows()
    with pytest.raises(Failed, match='"plan" is in the reference and not in the current window'):
        judge((reference, dataset("current", current.frame.drop("plan"))))


def test_few_rows_are_inconclusive_with_the_rows_that_would_decide(judge):
    with pytest.raises(Inconclusive, match="Next step: take a current window of"):
        judge(windows(current=60))


def test_a_gross_change_in_few_rows_fails(judge):
    with pytest.raises(Failed, match='"age"'):
        judge(windows(current=60, age=pl.lit(0.0)))


def test_an_empty_window_is_inconclusive(judge):
    reference, current = windows()
    with pytest.raises(Inconclusive, match="has no rows"):
        judge((reference, dataset("current", current.frame.clear())))


def test_the_same_window_twice_is_inconclusive(judge):
    reference, _ = windows()
    with pytest.raises(Inconclusive, match="are the same data"):
        judge((reference, reference))


def test_columns_that_are_no_inputs_can_be_left_out(judge):
    both = windows(request_id=pl.int_range(pl.len()).cast(pl.String))
    with pytest.raises(Failed, match="request_id"):
        judge(both)
    judge(both, ignore=("request_id",))


def test_logged_answers_are_no_features(tmp_path, tmp_path_factory):
    both = windows(answer=pl.lit("yes"))
    mlready = project(tmp_path, prediction_drift={"prediction": "answer"})
    check.test_current_window(mlready, Evidence(), *both, tmp_path_factory)
    assert check.watched(mlready, Evidence(), *both).current.columns == ["age", "visits", "plan"]


def test_a_week_that_depends_on_its_days_is_judged_by_them(judge):
    def of_days(seed, days):
        start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        frame = rows(seed, 24 * days * 4)
        return frame.with_columns(at=pl.Series([start + dt.timedelta(hours=i // 4) for i in range(frame.height)]))

    both = [dataset(n, of_days(s, d), time="at") for n, s, d in (("reference", 1, 28), ("current", 2, 7))]
    evidence = Evidence()
    judge(both, evidence)
    assert "rows of one period of 1d of at depend on one another" in evidence.notes.evidence[0]["note"]
    few = [both[0], dataset("current", of_days(3, 1), time="at")]
    few[0] = dataset("reference", of_days(1, 5), time="at")
    with pytest.raises(Inconclusive, match=r"blocks of dependent rows|cannot be judged"):
        judge(few)


def test_the_built_in_detector_neither_cries_wolf_nor_sleeps(tmp_path):
    evidence, mlready = Evidence(), project(tmp_path)
    check.test_detector_does_not_cry_wolf(mlready, evidence, *windows())
    check.test_detector_sees_planted_faults(mlready, evidence, *windows())
    named = {e["name"]: e for e in evidence.notes.evidence}
    assert named["false alarms"]["interval"][1] <= 0.05
    assert named["power: a number shifted by 0.75 sd"]["interval"][0] >= 0.8


DETECTORS = """
from scipy import stats

def nervous(reference, current):
    return [c for c in reference.columns if reference[c].dtype.is_numeric()
            and stats.ks_2samp(reference[c], current[c]).pvalue < 0.2]

def asleep(reference, current):
    return []

def odd(reference, current):
    return 0.3

def broken(reference, current):
    raise RuntimeError("no such bin")
"""


@pytest.fixture
def ours(tmp_path, monkeypatch):
    (tmp_path / "our_detectors.py").write_text(DETECTORS)
    monkeypatch.delitem(__import__("sys").modules, "our_detectors", raising=False)

    def with_detector(name):
        return project(tmp_path, feature_drift={"detector": f"our_detectors:{name}"})

    return with_detector


def test_a_detector_that_cries_wolf_fails(ours):
    with pytest.raises(Failed, match="in which nothing has changed"):
        check.test_detector_does_not_cry_wolf(ours("nervous"), Evidence(), *windows())


def test_a_detector_that_sleeps_fails_though_the_window_is_quiet(ours, tmp_path_factory):
    check.test_current_window(ours("asleep"), Evidence(), *windows(), tmp_path_factory)
    with pytest.raises(Failed, match="The detector sees it in 0 of 40 windows"):
        check.test_detector_sees_planted_faults(ours("asleep"), Evidence(), *windows())


def test_a_detector_that_answers_oddly_or_raises_is_an_error(ours, tmp_path_factory):
    with pytest.raises(DataError, match="returned a float"):
        check.test_current_window(ours("odd"), Evidence(), *windows(), tmp_path_factory)
    with pytest.raises(DataError, match="no such bin"):
        check.test_current_window(ours("broken"), Evidence(), *windows(), tmp_path_factory)


def test_an_unknown_detector_is_an_error_with_the_nearest_name(tmp_path, tmp_path_factory):
    mlready = project(tmp_path, feature_drift={"detector": "evidentally"})
    with pytest.raises(ReadinessError, match='did you mean "evidently"'):
        check.test_current_window(mlready, Evidence(), *windows(), tmp_path_factory)


def test_small_windows_make_the_detector_inconclusive_and_not_failed(tmp_path):
    with pytest.raises(Inconclusive, match="says that it cannot tell"):
        check.test_detector_sees_planted_faults(project(tmp_path), Evidence(), *windows(n=100))


def test_too_few_trials_are_inconclusive(tmp_path):
    mlready = project(tmp_path, feature_drift={"repetitions": 10})
    with pytest.raises(Inconclusive, match="10 trials cannot tell"):
        check.test_detector_does_not_cry_wolf(mlready, Evidence(), *windows())


@pytest.mark.slow
def test_evidentlys_page_is_attached(tmp_path, tmp_path_factory):
    evidence = Evidence()
    mlready = project(tmp_path, feature_drift={"detector": "evidently"})
    check.test_current_window(mlready, evidence, *windows(), tmp_path_factory)
    assert evidence.notes.attachments[0].endswith("feature_drift.html")
    with pytest.raises(Failed, match="Evidently's psi is"):
        check.test_current_window(mlready, evidence, *windows(age=pl.col("age") + 20), tmp_path_factory)
