from __future__ import annotations

import datetime as dt
import importlib.util
import json
import uuid
from pathlib import Path

import pytest
from switching import BEFORE, N, command, golden, plan, project

from pytest_mlready.checks.rollback import procedure_tested as check
from pytest_mlready.errors import Failed, Inconclusive, NotApplicable, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.serving.rollback import drill as drills

_spec = importlib.util.spec_from_file_location(
    "process_list_of_serving", Path(__file__).parents[2] / "serving" / "process_list.py"
)
processes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(processes)


@pytest.fixture
def drill(tmp_path, monkeypatch):
    """Performs a drill with these commands, and sees to it that no process of it is left."""
    monkeypatch.setattr(drills, "BEFORE_AND_AFTER", 0.6)
    marks = []

    def perform(*faults, back="back", forward="forward", with_golden=True, environment=None, **options):
        marks.append(uuid.uuid4().hex)
        options = {
            "rollback": command(back), "forward": command(forward), "settle": 0.5, "limit": 20.0,
            "environment": {"RELEASE_FILE": "{scratch}/release.json"}, **options,
        }  # fmt: skip
        if with_golden:
            options["golden"] = golden(tmp_path, sha256=options.pop("golden_sha256", BEFORE))
        marked = {processes.NAME: marks[-1], **(environment or {})}
        evidence = Evidence()
        perform.notes = evidence.notes
        found = project(check.ITEM, tmp_path, options=options, service=plan(tmp_path, *faults, environment=marked))
        check.test_back_and_forward_on_a_running_service(found, evidence)
        return {e["name"]: e for e in evidence.notes.evidence}

    yield perform
    assert all(processes.gone(mark, 5.0) for mark in marks)


@pytest.mark.slow
def test_back_and_forward_with_the_service_answering_throughout_passes(drill):
    found = drill()
    assert found["served after rollback"]["value"] == BEFORE
    assert found["served after forward"]["value"] == N
    assert 0 < found["rollback, until verified"]["value"] < 20
    assert found["requests failed while versions changed"]["value"] == 0
    assert found["requests failed while versions changed"]["n"] >= 10
    assert found["golden predictions tell the versions apart"]["value"] is True
    assert drill.notes.grade == "live"


@pytest.mark.slow
def test_a_command_that_returns_0_and_changes_nothing_fails(drill):
    with pytest.raises(Failed, match=r"the rollback command .* returned 0 and changed nothing"):
        drill(back="nothing")


@pytest.mark.slow
def test_a_service_that_does_not_listen_to_the_release_file_fails(drill):
    with pytest.raises(Failed, match="changed nothing"):
        drill("deaf")


@pytest.mark.slow
def test_a_way_forward_that_leads_nowhere_fails(drill):
    with pytest.raises(Failed, match=r"the forward command .* returned 0 and changed nothing"):
        drill(forward="nothing")


def test_a_command_that_fails_is_shown_with_its_last_lines(drill):
    with pytest.raises(Failed, match=r"(?s)ended with status 3; its last lines:\npermission denied: releases"):
        drill(back="fail")


@pytest.mark.slow
def test_a_command_that_hangs_is_ended_at_the_limit(drill):
    with pytest.raises(Failed, match="did not end within 1 s"):
        drill(back="hang", limit=1.0)


def test_a_command_that_breaks_the_service_fails_with_what_the_service_said_last(drill):
    with pytest.raises(
        Failed, match=r"(?s)does not answer as the previous version: it was answered 500.*cannot predict"
    ):
        drill(back="break")


@pytest.mark.slow
def test_a_command_that_ends_the_service_fails(drill):
    with pytest.raises(Failed, match=r"(?s)nobody answers.*ended by signal 9.*did not answer throughout"):
        drill(back="kill")


@pytest.mark.slow
def test_a_replica_that_stays_behind_fails(drill):
    with pytest.raises(Failed, match=r"does not answer as the previous version: .*sha256 is a1a1"):
        drill(back="mixed")


@pytest.mark.slow
def test_the_right_digest_with_wrong_answers_fails(drill):
    with pytest.raises(Failed, match=r"golden case 1 of 1: /predictions/0 is 10, expected 6"):
        drill(back="wrong")


@pytest.mark.slow
def test_a_restart_that_drops_requests_fails_and_passes_where_they_are_allowed(drill):
    with pytest.raises(Failed, match=r"the service did not answer throughout: \d+ of \d+ requests failed"):
        drill(back="restart")
    assert drill(back="restart", dropped=1000)["longest time without a right answer"]["value"] > 0.9


def test_too_slow_a_command_fails_and_beside_other_tests_is_inconclusive(drill, tmp_path):
    from pytest_mlready.serving.commands import Ran
    from pytest_mlready.serving.rollback import verdicts
    from pytest_mlready.serving.rollback.drill import Switch
    from pytest_mlready.serving.rollback.standing import Side, Standing

    ran = Ran(shown="x", code=0, seconds=9.0, tail="")
    slow = Switch(name="rollback", wanted=Side(title="it"), ran=ran, seconds=9.0, standing=Standing(wrong="", told="x"))
    assert verdicts._switched(slow, 5.0, "").outcome == "failed"
    assert verdicts._switched(slow, 5.0, "2 xdist workers").outcome == "inconclusive"


def test_without_golden_predictions_it_is_inconclusive(drill):
    with pytest.raises(Inconclusive, match="no golden predictions of the previous version"):
        drill(with_golden=False)


def test_a_service_that_names_no_model_is_told_by_its_golden_predictions(drill):
    found = drill("silent")
    assert found["served after rollback"]["value"] == "not told"


def test_where_nothing_tells_the_versions_apart_it_is_inconclusive(drill, monkeypatch, tmp_path):
    from pytest_mlready.serving.rollback import golden as goldens

    monkeypatch.setattr(goldens, "differences", lambda *_: [])  # as if both answered alike
    with pytest.raises(Inconclusive, match="nothing tells the two versions apart"):
        drill("silent", back="nothing", forward="nothing")


def test_a_service_that_does_not_begin_with_the_candidate_is_inconclusive(drill):
    with pytest.raises(Inconclusive, match="the drill could not begin"):
        drill(environment={"MODEL_SHA256": BEFORE})


def test_an_unknown_placeholder_is_an_error_with_the_nearest_name(drill):
    with pytest.raises(ReadinessError, match=r'unknown placeholder \{ur\}; did you mean "url"'):
        drill(rollback="switch {ur}")


def test_what_is_not_configured_is_unverified_and_half_of_it_inconclusive(tmp_path):
    def run(service=None, **options):
        found = project(check.ITEM, tmp_path, options=options, service=service)
        check.test_back_and_forward_on_a_running_service(found, Evidence())

    both = {"rollback": "true", "forward": "true"}
    with pytest.raises(Unverified, match="no rollback command"):
        run()
    with pytest.raises(Inconclusive, match="forward is not configured"):
        run(rollback="true")
    with pytest.raises(Unverified, match="no service"):
        run(**both)
    running = plan(tmp_path, start=None, url="http://127.0.0.1:1")
    with pytest.raises(Inconclusive, match="only on a service that the run itself started"):
        run(running, **both)
    with pytest.raises(NotApplicable, match="the record of a drill stands for it"):
        run(running, **both, record="drill.json")


STEPS = [
    {"name": "before", "sha256": N, "golden": "success"},
    {"name": "rollback", "sha256": BEFORE, "golden": "success", "seconds": 41},
    {"name": "forward", "sha256": N, "golden": "success", "seconds": 38.5},
]


def recorded(folder, *, ago=dt.timedelta(days=3), step=None, today=None, **changed):
    steps = [{**one, **(step or {}).get(one["name"], {})} for one in STEPS]
    performed = (dt.datetime.now(tz=dt.UTC) - ago).isoformat()
    record = {"performed": performed, "steps": steps, "requests": {"sent": 600, "failed": 0}, **changed}
    (folder / "drill.json").write_text(json.dumps({k: v for k, v in record.items() if v is not None}))
    evidence = Evidence()
    found = project(check.ITEM, folder, options={"record": "drill.json"})
    found.today = today or found.today
    check.test_record_of_a_drill(found, evidence)
    return {e["name"]: e for e in evidence.notes.evidence}


def test_a_recent_record_with_all_steps_passes(tmp_path):
    found = recorded(tmp_path)
    assert found["age of the drill"]["value"] == 3.0
    assert found["sha256 rollback"]["value"] == BEFORE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ago": dt.timedelta(days=91)}, "the last drill was 91 days ago"),
        ({"ago": dt.timedelta(days=-1)}, "which is yet to come"),
        ({"step": {"rollback": {"sha256": N}}}, "the rollback changed nothing"),
        ({"step": {"forward": {"sha256": BEFORE}}}, "did not bring the version back"),
        ({"step": {"rollback": {"golden": "failure"}}}, "did not come back after rollback"),
        ({"step": {"rollback": {"seconds": 301}}}, "rollback took 301 s, expected at most 300 s"),
        ({"requests": {"sent": 600, "failed": 4}}, "4 of 600 requests failed"),
    ],
)
def test_a_record_that_shows_a_fault_fails(tmp_path, change, words):
    with pytest.raises(Failed, match=words):
        recorded(tmp_path, **change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step": {"rollback": {"sha256": None}}}, "names no digest after rollback"),
        (
            {"step": {"forward": {"golden": None}}},
            "does not say whether the golden predictions came back after forward",
        ),
        ({"step": {"rollback": {"seconds": None}}}, "does not say how long rollback took"),
        ({"requests": None}, "whether the service answered throughout"),
    ],
)
def test_a_record_that_leaves_something_out_is_inconclusive(tmp_path, change, words):
    with pytest.raises(Inconclusive, match=words):
        recorded(tmp_path, **change)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"), ("{", "no JSON"), ("[]", "a record is a table"),
        ('{"performd": 1}', 'no "performed"; did you mean "performd"'),
        ('{"performed": "2026-01-01T00:00:00Z", "steps": []}', 'no step "before"'),
        ('{"performed": "soon", "steps": [{"name": "before"}, {"name": "rollback"}, {"name": "forward"}]}', "soon"),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_read_is_an_error(tmp_path, text, words):
    if text is not None:
        (tmp_path / "drill.json").write_text(text)
    found = project(check.ITEM, tmp_path, options={"record": "drill.json"})
    with pytest.raises(ReadinessError, match=words):
        check.test_record_of_a_drill(found, Evidence())


def test_no_record_is_unverified_and_needed_by_nobody_where_the_drill_is_performed(tmp_path):
    with pytest.raises(Unverified, match="no record of a drill"):
        check.test_record_of_a_drill(project(check.ITEM, tmp_path), Evidence())
    options = {"rollback": "true", "forward": "true", "record": "drill.json"}
    performed = project(check.ITEM, tmp_path, options=options, service=plan(tmp_path))
    with pytest.raises(NotApplicable, match="needs no record"):
        check.test_record_of_a_drill(performed, Evidence())
