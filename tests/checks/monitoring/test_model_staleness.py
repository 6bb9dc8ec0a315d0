from __future__ import annotations

import datetime as dt
import json
import shlex
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from alert_runs import Run, file_of, needs_promtool, rule

from pytest_mlready.checks.monitoring import model_staleness as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable, Unverified

SERVICE = Path(__file__).with_name("aging_service.py")
GAUGE = "income_model_trained_timestamp_seconds"
DAYS = 86400.0
RULES = file_of(rule("Stale", f"time() - {GAUGE} > 60 * 86400"))
SERVED, STAGES, ALERT = (
    check.test_the_served_model_is_young_enough,
    check.test_every_stage_is_young_enough,
    check.test_an_alert_fires_on_the_age,
)
MAX = {"max_age": "60 d"}
RECORD = {"record": "release.json#trained_at", **MAX}


class Aging(Run):
    """A project whose candidate has this digest."""

    digest = None

    @property
    def mlready(self):
        project = super().mlready
        project.digests, project.confidence = SimpleNamespace(model=self.digest), 0.95
        return project

    def passes(self, test):
        """Runs a test that must come to its end, and must have noted what it measured."""
        before = len(self.evidence.notes.evidence)
        self(test)
        assert len(self.evidence.notes.evidence) > before


def ago(days):
    return int(time.time() - days * DAYS)


@pytest.fixture
def project(service, tmp_path):
    """project(gauges={…}, told=…, recorded=…, text=rules, …options): a project whose service speaks of its model's age."""

    def make(*, gauges=None, told=None, recorded=None, text=RULES, live=True, **options):
        says = json.dumps({"gauges": gauges or {}, "told": told})
        words = [sys.executable, str(SERVICE), "{port}", says.replace("{", "{{").replace("}", "}}")]
        start = " ".join(shlex.quote(w) if w != "{port}" else w for w in words)
        asked = service(start=start, predict="POST /predict", example=b'{"instances": [{"x": 2}]}') if live else None
        if recorded is not None:
            (tmp_path / "release.json").write_text(json.dumps({"trained_at": recorded, "data_until": recorded}))
        endpoint = {"start": "service {port}"} if live else {}
        return Aging(tmp_path, asked, text=text, endpoint=endpoint, items={check.ITEM.id: options})

    return make


# ------------------------------------------------------------------------------------------------- the served model


def test_a_young_model_that_service_and_record_agree_on_passes_live(project):
    made = ago(10)
    one = project(gauges={GAUGE: made}, recorded=made, **RECORD)
    one.passes(SERVED)
    assert one.values()["age of the served model"] == pytest.approx(10, abs=0.01)
    assert one.evidence.notes.grade == "live"


def test_a_model_older_than_its_maximum_fails(project):
    made = ago(61)
    with pytest.raises(Failed, match="61 days old, and 60 days are allowed"):
        project(gauges={GAUGE: made}, recorded=made, **RECORD)(SERVED)


def test_a_service_that_says_another_time_than_the_record_fails(project):
    with pytest.raises(Failed, match="another model is served, or the figure is made up"):
        project(gauges={GAUGE: ago(1)}, recorded=ago(61), **RECORD)(SERVED)


def test_the_time_of_the_process_is_no_training_time(project):
    with pytest.raises(DataError, match="when the process started"):
        project(gauges={GAUGE: "start"}, recorded=ago(1), **RECORD)(SERVED)


@pytest.mark.parametrize("value", [0, "NaN", 1.0e12, ago(1) * 1000])
def test_a_gauge_that_holds_no_time_is_an_error(project, value):
    with pytest.raises(DataError, match=GAUGE):
        project(gauges={GAUGE: value}, recorded=ago(1), **RECORD)(SERVED)


def test_a_time_that_lies_ahead_fails(project):
    made = ago(-2)
    with pytest.raises(Failed, match="lies ahead"):
        project(gauges={GAUGE: made}, recorded=made, **RECORD)(SERVED)


def test_a_service_that_does_not_tell_is_inconclusive_though_the_record_does(project):
    with pytest.raises(Inconclusive, match="does not tell when its model was trained"):
        project(recorded=ago(1), **RECORD)(SERVED)


def test_a_service_without_a_record_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="held against no record"):
        project(gauges={GAUGE: ago(1)}, **MAX)(SERVED)


def test_a_record_alone_is_static_evidence(project):
    one = project(live=False, recorded=ago(1), **RECORD)
    one.passes(SERVED)
    assert one.evidence.notes.grade == "static"


def test_no_known_maximum_is_inconclusive_and_an_older_model_fails_all_the_same_where_one_is(project):
    made = ago(10)
    with pytest.raises(Inconclusive, match="no limit is known: neither archived versions nor the result"):
        project(gauges={GAUGE: made}, recorded=made, record=RECORD["record"])(SERVED)


def test_nothing_configured_and_nothing_shown_is_unverified(project):
    for test in (SERVED, STAGES, ALERT):
        with pytest.raises(Unverified, match="nothing tells when the served model was trained"):
            project()(test)


def test_a_label_and_a_document_tell_it_too(project):
    day = f"{dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=10):%Y-%m-%d}"
    project(gauges={f'income_model_info{{version="2",trained_on="{day}"}}': 1}, recorded=day, **RECORD).passes(SERVED)
    project(told=day, metadata="/model#model.trained_at", recorded=day, **RECORD).passes(SERVED)
    with pytest.raises(DataError, match=r'has nothing at "model.trained"'):
        project(told=day, metadata="/model#model.trained", recorded=day, **RECORD)(SERVED)


def test_an_age_tells_it_too(project):
    made = ago(10)
    gauges = {"income_model_age_days": (time.time() - made) / DAYS}
    day = f"{dt.datetime.fromtimestamp(made, tz=dt.UTC):%Y-%m-%d}"
    project(gauges=gauges, recorded=day, **RECORD).passes(SERVED)


def test_of_several_series_the_oldest_counts(project):
    young, old = ago(1), ago(61)
    gauges = {f'{GAUGE}{{pod="a"}}': young, f'{GAUGE}{{pod="b"}}': old}
    with pytest.raises(Failed, match="61 days old"):
        project(gauges=gauges, recorded=old, **RECORD)(SERVED)


def test_the_maximum_is_the_one_that_the_study_of_staleness_derives(project, tmp_path):
    made = ago(50)
    ages = [{"metric": "roc_auc", "age_days": a, "gap": g, "lower": g - 0.002, "upper": g + 0.002, "n": 900}
            for a, g in ((15, 0.0), (30, 0.003), (45, 0.006), (60, 0.03))]  # fmt: skip
    head = {"made_on": f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}", "model_sha256": "a" * 64, "confidence": 0.95}
    (tmp_path / "staleness.json").write_text(json.dumps({**head, "ages": ages}))

    def run(digest="a" * 64, **more):
        one = project(gauges={GAUGE: made}, recorded=made, record=RECORD["record"], **more)
        one.settings = one.settings.model_copy(
            update={"items": {**one.settings.items, "model_quality.staleness_impact": {"result": "staleness.json"}}}
        )
        one.digest = digest
        one(SERVED)

    with pytest.raises(
        Failed, match=r"50 days old, and 45 days are allowed \(model_quality.staleness_impact: by roc_auc"
    ):
        run()
    with pytest.raises(Failed, match="45 days are allowed"):
        run(**MAX)  # a longer one that was agreed does not lift it
    with pytest.raises(Inconclusive, match="is about another model"):
        run("b" * 64)


# ------------------------------------------------------------------------------------------------- stages


def stage(**keys):
    return {"stages": [{"name": "training data", **keys}]}


def test_stages_within_their_own_limits_pass(project):
    one = project(live=False, recorded=ago(20), **stage(record="release.json#data_until", max_age="30 d"))
    one.passes(STAGES)
    assert one.values()["age of training data"] == pytest.approx(20, abs=0.01)
    project(live=False, **MAX, **stage(date=dt.date.today() - dt.timedelta(days=59)))(STAGES)  # noqa: DTZ011


def test_a_stage_that_is_too_old_fails(project):
    with pytest.raises(Failed, match="40 days old, and 30 days are allowed"):
        project(live=False, recorded=ago(40), **stage(record="release.json#data_until", max_age="30 d"))(STAGES)


def test_a_stage_is_read_from_a_page(project):
    gauges = {"features_built_timestamp_seconds": ago(3)}
    one = project(gauges=gauges, **stage(metric="features_built_timestamp_seconds", max_age="2 d"))
    with pytest.raises(Failed, match="3 days old, and 2 days are allowed"):
        one(STAGES)
    assert one.evidence.notes.grade == "live"
    with pytest.raises(DataError, match='did you mean "features_built_timestamp_seconds"'):
        project(gauges=gauges, **stage(metric="feature_built_timestamp_seconds", max_age="2 d"))(STAGES)


def test_no_stages_named_are_inconclusive_and_none_by_statement_not_applicable(project):
    with pytest.raises(Inconclusive, match="no stages are named"):
        project(live=False, recorded=ago(1), **RECORD)(STAGES)
    with pytest.raises(NotApplicable, match="no stage comes before"):
        project(live=False, stages=[])(STAGES)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"date": "soon"},
        {"record": "a.json#x", "date": "2026-01-01"},
        {"recrod": "a.json#x"},
        {"date": "2026-01-01", "max_age": "5 m"},
    ],
)
def test_a_malformed_stage_is_an_error(project, keys):
    with pytest.raises(DataError):
        project(live=False, **stage(**keys))(STAGES)


# ------------------------------------------------------------------------------------------------- the alert


@needs_promtool
def test_an_alert_that_fires_beyond_the_maximum_and_is_silent_now_passes(project):
    one = project(gauges={GAUGE: ago(10)}, **MAX)
    one.passes(ALERT)
    assert one.values()["alerts on the model's age that fire on a breach and are silent otherwise"] == 1
    assert one.evidence.notes.grade == "live"


@needs_promtool
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("60 * 86400", "60"), "fires on a good day"),
        (("60 * 86400", "60 * 86400 * 1000"), "stays silent"),
        (("60 * 86400", "90 * 86400"), "fires on this: the model is 66 days old"),
        ((">", "<"), "fires on a good day"),
        ((GAUGE, "income_models_trained_timestamp_seconds"), "no alert compares"),
        (("severity", "team"), "severity"),
        (("runbook_url", "text"), "runbook"),
    ],
)
def test_faulty_alerts_on_the_age_fail(project, change, said):
    with pytest.raises(Failed, match=said):
        project(gauges={GAUGE: ago(10)}, text=RULES.replace(*change), **MAX)(ALERT)


@needs_promtool
def test_an_alert_on_a_gauge_of_days_is_tried_in_days(project):
    gauges = {"income_model_age_days": 10}
    project(gauges=gauges, text=file_of(rule("Stale", "income_model_age_days > 60")), **MAX).passes(ALERT)
    with pytest.raises(Failed, match="stays silent"):
        project(gauges=gauges, text=file_of(rule("Stale", "income_model_age_days > 60 * 86400")), **MAX)(ALERT)


@needs_promtool
def test_a_model_that_is_too_old_today_does_not_make_the_alert_noise(project):
    project(gauges={GAUGE: ago(70)}, **MAX).passes(ALERT)


@needs_promtool
def test_an_alert_on_the_page_of_a_job_passes_without_any_service(project, tmp_path):
    (tmp_path / "job.prom").write_text(f"# TYPE {GAUGE} gauge\n{GAUGE} {ago(10)}\n")
    project(live=False, pages=["job.prom"], **MAX).passes(ALERT)


@needs_promtool
def test_a_rule_that_compares_the_time_itself_is_inconclusive(project):
    text = file_of(rule("Stale", f"time() - {GAUGE} > 60 * 86400 and {GAUGE} > 0"))
    with pytest.raises(Inconclusive, match="itself with a number"):
        project(gauges={GAUGE: ago(10)}, text=text, **MAX)(ALERT)


def test_an_age_that_nobody_exposes_cannot_be_watched(project):
    with pytest.raises(Failed, match="shows nothing about the model's age"):
        project(recorded=ago(1), **RECORD)(ALERT)
    with pytest.raises(Failed, match="trained_seconds is on no page of metrics"):
        project(gauges={GAUGE: ago(1)}, metric="trained_seconds", **MAX)(ALERT)
    with pytest.raises(Inconclusive, match="no page of metrics is known"):
        project(live=False, recorded=ago(1), **RECORD)(ALERT)


def test_a_label_and_no_maximum_are_inconclusive_for_the_alert(project):
    with pytest.raises(Inconclusive, match="in a label, which no alert can compare"):
        project(gauges={'income_model_info{trained_on="2026-11-01"}': 1}, **MAX)(ALERT)
    with pytest.raises(Inconclusive, match="no maximum age is known"):
        project(gauges={GAUGE: ago(1)})(ALERT)


def test_no_rules_are_unverified(project):
    with pytest.raises(Unverified, match="no alert rules"):
        project(gauges={GAUGE: ago(1)}, text=None, **MAX)(ALERT)
