from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_mlready.checks.documentation import runbook as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, Unverified
from pytest_mlready.evidence import Evidence

OPTIONS = {option.name: option.default for option in check.ITEM.options}
RUNBOOK = """---
last_reviewed: 2026-10-01
---
# Runbook

## High latency

1. Look at the dashboard, then scale up:

```sh
kubectl -n income scale deployment/income --replicas=3
```

## Model not loaded

- [ ] Roll back with `deploy/undo.sh`.
"""
RULES = """groups:
- name: income
  rules:
  - alert: HighLatency
    expr: x > 1
    annotations: {runbook_url: "docs/runbook.md#high-latency"}
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: income}
spec: {template: {spec: {containers: [{name: c, image: i}]}}}
"""


@pytest.fixture
def project(tmp_path):
    """A project with a runbook, rules and a manifest; texts can be replaced, None leaves a file out."""

    def make(*, runbook=RUNBOOK, rules=RULES, manifest=DEPLOYMENT, today=dt.date(2026, 11, 24), **options):
        files = {"docs/runbook.md": runbook, "monitoring/rules.yaml": rules, "deploy.yaml": manifest}
        for place, text in files.items():
            if text is not None:
                (tmp_path / place).parent.mkdir(exist_ok=True)
                (tmp_path / place).write_text(text)

        def found(place):
            return (Path(place),) if files[place] is not None else ()

        return SimpleNamespace(
            root=tmp_path, today=today, options=lambda _: {**OPTIONS, **options},
            files=lambda patterns, _: tuple(tmp_path / p for p in patterns),
            settings=SimpleNamespace(deploy=SimpleNamespace(manifests=()), model=SimpleNamespace(path=None)),
            discovered=SimpleNamespace(
                runbooks=found("docs/runbook.md"), rules=found("monitoring/rules.yaml"),
                manifests=found("deploy.yaml"), compose=(),
            ),
        )  # fmt: skip

    return make


def run(name, mlready):
    evidence = Evidence()
    getattr(check, f"test_{name}")(mlready, evidence)
    return evidence


def test_a_runbook_that_alerts_lead_to_passes(project):
    mlready = project(failure_modes=("Model not loaded", "High latency"))
    for name in (
        "every_alert_leads_to_steps",
        "every_failure_mode_has_steps",
        "what_commands_name_is_there",
        "the_review_is_recent",
    ):
        evidence = run(name, mlready)
        assert evidence.notes.evidence
        assert evidence.notes.grade == "static"


def test_a_renamed_heading_fails(project):
    mlready = project(runbook=RUNBOOK.replace("High latency", "Slow answers"))
    with pytest.raises(Failed, match="has no heading for #high-latency"):
        run("every_alert_leads_to_steps", mlready)


def test_an_alert_without_a_link_fails(project):
    with pytest.raises(Failed, match="alert HighLatency has no runbook link"):
        run("every_alert_leads_to_steps", project(rules=RULES.replace("runbook_url", "summary")))


def test_a_section_without_steps_fails(project):
    mlready = project(runbook="# R\n\n## High latency\n\nAsk Bob.\n")
    with pytest.raises(Failed, match="has no steps"):
        run("every_alert_leads_to_steps", mlready)


def test_a_failure_mode_without_a_section_fails(project):
    with pytest.raises(Failed, match="no section on the failure mode “Feature drift”"):
        run("every_failure_mode_has_steps", project(failure_modes=("High latency", "Feature drift")))


def test_a_command_on_a_deployment_that_is_gone_fails(project):
    mlready = project(manifest=DEPLOYMENT.replace("name: income", "name: income-v2"))
    with pytest.raises(Failed, match=r'Deployment/income is not there; did you mean "income-v2"'):
        run("what_commands_name_is_there", mlready)


def test_manifests_that_cannot_be_read_may_hold_the_name(project):
    mlready = project(manifest="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: {{ .Values.name }}}\n")
    assert run("what_commands_name_is_there", mlready).notes.evidence[0]["value"] == 0


def test_a_review_of_last_year_fails_and_the_date_asked_for_counts(project):
    with pytest.raises(Failed, match="at most 180 are allowed"):
        run("the_review_is_recent", project(today=dt.date(2027, 6, 1)))


def test_a_runbook_without_a_date_leaves_the_review_to_a_person(project):
    with pytest.raises(Unverified, match="the attestation of a review does"):
        run("the_review_is_recent", project(runbook=RUNBOOK.replace("last_reviewed", "author")))


def test_a_runbook_that_nothing_can_be_held_against_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="neither alerts nor failure modes"):
        run("every_alert_leads_to_steps", project(rules=None))


def test_without_rules_the_failure_modes_decide(project):
    mlready = project(rules=None, failure_modes=("High latency",))
    with pytest.raises(Unverified, match="no alert rules were found"):
        run("every_alert_leads_to_steps", mlready)
    assert run("every_failure_mode_has_steps", mlready).notes.evidence


def test_failure_modes_without_a_runbook_are_inconclusive(project):
    with pytest.raises(Inconclusive, match="no runbook was found"):
        run("every_failure_mode_has_steps", project(runbook=None, failure_modes=("High latency",)))


def test_alerts_without_a_runbook_fail_by_their_dead_links(project):
    with pytest.raises(Failed, match=r"docs/runbook\.md is not there"):
        run("every_alert_leads_to_steps", project(runbook=None))


@pytest.mark.parametrize("name", [n.removeprefix("test_") for n in dir(check) if n.startswith("test_")])
def test_nothing_at_all_is_unverified(project, name):
    with pytest.raises(Unverified):
        run(name, project(runbook=None, rules=None, manifest=None))


def test_a_damaged_file_of_rules_is_an_error(project):
    with pytest.raises(DataError, match="not valid YAML"):
        run("every_alert_leads_to_steps", project(rules="groups: [\n"))


def test_the_settings_may_name_runbooks_and_rules(project, tmp_path):
    mlready = project(runbooks=("docs/runbook.md",), rules_="", rules=RULES)
    mlready.discovered.runbooks = ()
    assert run("every_alert_leads_to_steps", mlready).notes.evidence
