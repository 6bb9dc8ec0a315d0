from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from alert_runs import Run, file_of, needs_promtool, rule

from pytest_mlready.checks.monitoring import business_metrics as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified

RULES = file_of(rule("Business", "agreement_ratio < 0.8"))
TABLES = {
    "predictions": "predictions.parquet",
    "outcomes": "outcomes.parquet",
    "prediction": "answer",
    "outcome": "truth",
}
FIGURE = {"metric": "agreement_ratio", "min": 0.8, "pages": ["job.prom"]}


@pytest.fixture
def project(tmp_path):
    """project(text=rules, value=…, age=hours of the newest outcome, …options): a project without a service."""

    def make(*, text=RULES, value="0.88", age=1.0, version="2.0.0", settings=None, **options):
        now = dt.datetime.now(tz=dt.UTC)
        made = [now - dt.timedelta(hours=age + 20 + n / 10) for n in range(500)]
        table = pl.DataFrame({"id": range(500), "time": made, "model_version": [version] * 500, "answer": ["a"] * 500})
        table.write_parquet(tmp_path / "predictions.parquet")
        outcomes = table.select("id", time=pl.col("time") + pl.duration(hours=20), truth="answer")
        outcomes.write_parquet(tmp_path / "outcomes.parquet")
        (tmp_path / "job.prom").write_text(
            f'# TYPE agreement_ratio gauge\nagreement_ratio{{model_version="2.0.0"}} {value}\n'
        )
        return Run(tmp_path, None, text=text, items={check.ITEM.id: options}, **(settings or {"version": "2.0.0"}))

    return make


def test_a_complete_and_recent_join_passes_and_records_the_figure(project):
    one = project(**TABLES)
    one(check.test_predictions_are_joined_to_outcomes)
    assert one.values()["mature predictions with an outcome"] == 1.0
    assert one.values()["outcomes as predicted by 2.0.0"] == 1.0
    assert one.evidence.notes.grade == "replayed"


@pytest.mark.parametrize(
    ("change", "said"),
    [({"age": 30.0}, "the newest outcome is 30"), ({"version": "1.0.0"}, "neither the candidate nor production")],
)
def test_a_join_that_is_stale_or_of_another_version_fails(project, change, said):
    with pytest.raises(Failed, match=said):
        project(**TABLES, **change)(check.test_predictions_are_joined_to_outcomes)


def test_an_older_version_that_the_settings_name_passes(project):
    one = project(version="1.0.0", versions=["1.0.0"], **TABLES)
    one(check.test_predictions_are_joined_to_outcomes)
    assert one.values()["versions that answered"] == "1.0.0"


def test_a_model_without_version_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="neither version nor digest"):
        project(settings={"system": "income"}, **TABLES)(check.test_predictions_are_joined_to_outcomes)


def test_nothing_named_is_unverified(project):
    one = project()
    with pytest.raises(Unverified, match="no table joins"):
        one(check.test_predictions_are_joined_to_outcomes)
    with pytest.raises(Unverified, match="no business figure is named"):
        one(check.test_an_alert_fires_on_the_business_figure)


def test_a_table_that_is_not_there_is_an_error(project):
    with pytest.raises(ReadinessError, match=r"prediction\.parquet does not exist"):
        project(**{**TABLES, "predictions": "prediction.parquet"})(check.test_predictions_are_joined_to_outcomes)


@needs_promtool
def test_an_alert_on_the_figure_passes_without_any_service(project):
    one = project(**FIGURE)
    one(check.test_an_alert_fires_on_the_business_figure)
    assert one.values()["alerts on the business figure that fire on a breach and are silent otherwise"] == 1


@needs_promtool
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": RULES.replace("0.8", "80")}, "fires on a good day"),
        ({"text": RULES.replace("<", ">")}, "fires on a good day"),
        ({"text": RULES.replace("0.8", "0.08")}, "stays silent"),
        ({"text": RULES.replace("agreement_ratio", "agreements_ratio")}, "no alert compares"),
        ({"text": RULES.replace("severity", "team")}, "severity"),
        ({"value": "0.7"}, "outside its objective"),
        ({"value": "NaN"}, "no number"),
        ({"metric": "agreement"}, "on no page of metrics"),
    ],
)
def test_a_figure_that_nobody_would_hear_of_fails(project, change, said):
    with pytest.raises(Failed, match=said):
        project(**{**FIGURE, **change})(check.test_an_alert_fires_on_the_business_figure)


@needs_promtool
def test_a_figure_without_an_objective_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="no objective is set"):
        project(metric="agreement_ratio", pages=["job.prom"])(check.test_an_alert_fires_on_the_business_figure)


def test_no_rules_are_unverified(project):
    with pytest.raises(Unverified, match="no alert rules"):
        project(text=None, **FIGURE)(check.test_an_alert_fires_on_the_business_figure)


@needs_promtool
def test_a_page_in_another_encoding_is_an_error_and_no_crash(project):
    one = project(**FIGURE)
    (one.root / "job.prom").write_bytes(b"# HELP agreement_ratio \xe9\nagreement_ratio 0.9\n")
    with pytest.raises(ReadinessError, match=r"job\.prom cannot be read"):
        one(check.test_an_alert_fires_on_the_business_figure)


@needs_promtool
def test_a_function_may_return_the_bytes_of_prometheus_client(project):
    one = project(**{**FIGURE, "pages": ["team_page:page"]})
    (one.root / "team_page.py").write_text("def page():\n    return b'agreement_ratio 0.9\\n'\n")
    one(check.test_an_alert_fires_on_the_business_figure)
    assert one.values()["agreement_ratio"] == 0.9
