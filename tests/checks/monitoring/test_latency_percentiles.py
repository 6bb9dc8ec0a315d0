from __future__ import annotations

import pytest
from alert_runs import LATENCY, file_of, needs_promtool, rule

from pytest_mlready.checks.monitoring import latency_percentiles as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified

GOOD = file_of(rule("Slow", LATENCY))


def test_an_edge_at_the_objective_on_the_live_page_passes(run):
    one = run(text=GOOD)
    one(check.test_buckets_can_tell_the_objective)
    assert one.values()["latency is exposed by"] == "answer_seconds"


@needs_promtool
def test_an_alert_on_the_live_histogram_passes(run):
    one = run(text=GOOD)
    one(check.test_an_alert_fires_when_the_objective_is_broken)
    assert one.evidence.notes.grade == "replayed"
    assert one.values()["alerts on latency that fire on a breach and are silent otherwise"] == 1


@needs_promtool
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("> 0.25", "> 250"), "another unit"),
        (("> 0.25", "< 0.25"), "fires on healthy traffic"),
        (("answer_seconds", "answers_seconds"), 'did you mean "answer_seconds_bucket"'),
        (("[5m]", "[20s]"), "fewer than two samples"),
        (("> 0.25", "> 1"), "another unit"),
        (("{severity: page}", "{team: ml}"), "has no label severity"),
        (("runbook_url", "summary"), "has no link to a runbook"),
        (("[5m]", "[5 m]"), "Prometheus would refuse"),
    ],
)  # fmt: skip
def test_faulty_rules_fail(run, change, said):
    with pytest.raises(Failed) as caught:
        run(text=GOOD.replace(*change))(check.test_an_alert_fires_when_the_objective_is_broken)
    assert said in str(caught.value)


def test_an_objective_without_an_edge_fails(run):
    endpoint = {"start": "service {port}", "slo": {"p99": "300 ms"}}
    with pytest.raises(Failed, match=r"no bucket edge at the objective for p99, 0\.3: the nearest are 0\.25 and 1"):
        run(text=GOOD, endpoint=endpoint)(check.test_buckets_can_tell_the_objective)


def test_no_rules_at_all_are_unverified(run):
    with pytest.raises(Unverified, match="no alert rules are configured"):
        run()(check.test_an_alert_fires_when_the_objective_is_broken)


@pytest.mark.parametrize(
    "test", ["test_buckets_can_tell_the_objective", "test_an_alert_fires_when_the_objective_is_broken"]
)
def test_no_objective_is_inconclusive(run, test):
    with pytest.raises(Inconclusive, match="no objective for latency is set"):
        run(text=GOOD, endpoint={"start": "service {port}"})(getattr(check, test))


def test_a_service_without_a_page_of_metrics_is_inconclusive(service, run):
    one = run(text=GOOD, items={check.ITEM.id: {"metrics": "/nowhere"}})
    with pytest.raises(Inconclusive, match="GET /nowhere answers 404"):
        one(check.test_buckets_can_tell_the_objective)


def test_a_missing_promtool_is_inconclusive(run, monkeypatch, tmp_path):
    from pytest_mlready.manifests.rules import promtool

    one = run(text=GOOD)
    monkeypatch.setattr("shutil.which", lambda _: None)
    promtool.path.cache_clear()
    with pytest.raises(Inconclusive, match="apt-get install prometheus"):
        one(check.test_an_alert_fires_when_the_objective_is_broken)
    promtool.path.cache_clear()


def test_a_missing_parser_is_inconclusive_with_the_extra_to_install(run, monkeypatch):
    from pytest_mlready.manifests.rules import promql

    promql.parse.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "promql_parser", None)
    with pytest.raises(Inconclusive, match=r"pip install 'pytest-mlready\[monitoring\]'"):
        run(text=GOOD)(check.test_an_alert_fires_when_the_objective_is_broken)


def test_rules_that_are_named_and_not_there_are_an_error(run):
    with pytest.raises(ReadinessError, match=r"rule\.yaml.*does not exist"):
        run(text=GOOD, items={check.ITEM.id: {"rules": ["rule.yaml"]}})(
            check.test_an_alert_fires_when_the_objective_is_broken
        )


def test_a_prometheus_elsewhere_is_not_asked_unless_it_is_allowed(run):
    with pytest.raises(Inconclusive, match=r"prometheus\.example is not this machine"):
        run(text=GOOD, items={check.ITEM.id: {"prometheus": "http://prometheus.example"}})(
            check.test_buckets_can_tell_the_objective
        )
