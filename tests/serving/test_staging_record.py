from __future__ import annotations

import datetime as dt
import json

import pytest

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving.deployment import staging_record, staging_verdict
from pytest_mlready.serving.deployment.staging_record import RecordError

OURS, OTHER = "a1" * 32, "b2" * 32
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
YESTERDAY = "2026-11-23T12:00:00Z"
WEEK = 7 * 86400.0


def own(**changed):
    record = {
        "environment": "staging", "conclusion": "success", "finished": YESTERDAY, "artifact_sha256": OURS,
        "commit": COMMIT, "steps": [{"name": "deploy", "conclusion": "success"}, {"name": "smoke", "conclusion": "success"}],
    }  # fmt: skip
    return {key: value for key, value in {**record, **changed}.items() if value is not None}


def github(**changed):
    """As `gh run view --json …` writes it."""
    jobs = [
        {"name": "build", "conclusion": "success", "completedAt": "2026-11-23T11:00:00Z", "steps": []},
        {
            "name": "deploy to staging", "conclusion": "success", "completedAt": YESTERDAY,
            "steps": [
                {"name": "smoke prediction", "conclusion": "success", "status": "completed", "number": 1},
                {"name": "undo on failure", "conclusion": "skipped", "status": "completed", "number": 2},
            ],
        },
        {"name": "roll back", "conclusion": "skipped", "completedAt": YESTERDAY, "steps": []},
    ]  # fmt: skip
    run = {"conclusion": "success", "status": "completed", "headSha": COMMIT, "workflowName": "release"}
    return {**run, "updatedAt": YESTERDAY, "url": "https://github.com/a/b/actions/runs/1", "jobs": jobs, **changed}


def gitlab(**changed):
    """Pipeline and jobs of the API, joined in one table."""
    pipeline = {"id": 7, "sha": COMMIT, "ref": "main", "status": "success", "finished_at": "2026-11-23T12:00:00.123Z"}
    jobs = [
        {"name": "lint", "stage": "test", "status": "failed", "allow_failure": True},
        {"name": "deploy", "stage": "staging", "status": "success", "allow_failure": False},
        {"name": "deploy", "stage": "production", "status": "manual", "allow_failure": False},
    ]
    return {"pipeline": {**pipeline, "web_url": "https://gitlab.com/a/b/-/pipelines/7"}, "jobs": jobs, **changed}


def judged(raw, *, sha256=OURS, now=NOW, max_age=WEEK, **more):
    """(outcome, message) of the worst verdict."""
    run = staging_record.parse(raw)
    verdicts = staging_verdict.judge(run, sha256=sha256, path="model.skops", now=now, max_age=max_age, **more)
    worst = next(v for o in ("failed", "inconclusive", "passed") for v in verdicts if v.outcome == o)
    return worst.outcome, worst.message


def tied(raw, **more):
    return judged(raw, digests={COMMIT[:8]: OURS}, **more)


def test_a_green_recent_run_of_the_candidate_passes():
    assert judged(own())[0] == "passed"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"artifact_sha256": OTHER}, "another artifact, sha256 b2b2b2"),
        ({"artifact_sha256": None, "artifacts": {"model.skops": OTHER, "old.skops": OURS}}, "says of model.skops"),
        ({"conclusion": "failure"}, "the staging run ended as failure"),
        ({"conclusion": "cancelled"}, "the staging run ended as failure"),
        (
            {"steps": [{"name": "deploy", "conclusion": "success"}, {"name": "smoke", "conclusion": "failure"}]},
            "1 of 2 steps of the staging run failed: smoke",
        ),
        ({"finished": "2026-11-17T11:59:59Z"}, "7.0 days ago; expected at most 7"),
        ({"finished": "2026-11-24T12:06:00Z"}, "which is yet to come"),
        ({"environment": "production"}, 'went to "production"; expected staging'),
    ],
)
def test_a_record_that_shows_otherwise_fails(changed, words):
    outcome, message = judged(own(**changed))
    assert outcome == "failed"
    assert words in message


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"artifact_sha256": None}, "cannot be told which artifact it tested"),
        ({"artifact_sha256": None, "commit": None}, "the record names no digest"),
        ({"conclusion": "in_progress"}, "has not finished"),
        ({"steps": []}, "no step that succeeded"),
        ({"steps": [{"name": "smoke", "conclusion": "skipped"}]}, "did not run to their end: smoke"),
        ({"environment": "dev"}, "does not sound like staging"),
    ],
)
def test_a_record_that_does_not_tell_is_inconclusive(changed, words):
    outcome, message = judged(own(**changed))
    assert outcome == "inconclusive"
    assert words in message


def test_exactly_the_greatest_age_passes_and_a_clock_may_be_some_minutes_ahead():
    assert judged(own(finished="2026-11-17T12:00:00+00:00"))[0] == "passed"
    assert judged(own(finished="2026-11-24T13:04:00+01:00"))[0] == "passed"


@pytest.mark.parametrize("name", ["staging", "Staging-EU", "stage", "preprod", "pre-production", "UAT"])
def test_staging_goes_by_several_names(name):
    assert judged(own(environment=name))[0] == "passed"


def test_one_of_several_artifacts_is_looked_up_by_its_path():
    assert (
        judged(own(artifact_sha256=None, artifacts={"./model.skops": f"sha256:{OURS.upper()}", "b": OTHER}))[0]
        == "passed"
    )


def test_a_candidate_without_a_digest_is_inconclusive():
    assert judged(own(), sha256=None)[0] == "inconclusive"


@pytest.mark.parametrize("export", [github, gitlab])
def test_an_export_that_is_tied_to_the_artifact_passes(export):
    assert tied(export())[0] == "passed"


@pytest.mark.parametrize("export", [github, gitlab])
def test_an_export_that_names_only_a_commit_is_inconclusive(export):
    outcome, message = judged(export())
    assert outcome == "inconclusive"
    assert "commit 0123456789ab: it cannot be told which artifact it tested" in message


@pytest.mark.parametrize("export", [github, gitlab])
def test_the_artifact_that_git_holds_at_the_commit_is_the_one_tested(export):
    assert judged(export(), at_commit=lambda commit: OURS if commit == COMMIT else None)[0] == "passed"
    outcome, message = judged(export(), at_commit=lambda _: OTHER)
    assert outcome == "failed"
    assert "as the repository has it at commit 0123456789ab" in message


def test_a_digest_in_the_name_of_a_job_ties_the_export():
    jobs = [{**job, "name": f"{job['name']} {OURS}"} for job in github()["jobs"]]
    assert judged(github(jobs=jobs))[0] == "passed"


def test_digests_that_are_none_are_an_error():
    with pytest.raises(ReadinessError, match='has "0123" = '):
        judged(github(), digests={"0123": OURS})


def test_the_rest_apis_of_github_are_read_too():
    run = {
        "head_sha": COMMIT, "conclusion": "success", "status": "completed", "updated_at": YESTERDAY, "workflow_id": 1,
        "url": "https://api.github.com/runs/1", "html_url": "https://github.com/a/b/actions/runs/1", "name": "Staging",
    }  # fmt: skip
    jobs = [{"name": "deploy", "head_sha": COMMIT, "conclusion": "success", "completed_at": YESTERDAY, "steps": []}]
    assert tied({"run": run, "jobs": jobs})[0] == "passed"
    assert tied({"total_count": 1, "jobs": [{**jobs[0], "name": "staging"}]})[0] == "passed"
    assert staging_record.parse({"run": run, "jobs": jobs}).url == run["html_url"]


def test_a_list_of_gitlab_jobs_is_read_too():
    pipeline = {"id": 7, "sha": COMMIT, "status": "success"}
    jobs = [{**job, "pipeline": pipeline, "finished_at": YESTERDAY} for job in gitlab()["jobs"]]
    assert tied(jobs)[0] == "passed"


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out"])
def test_a_red_job_of_github_fails(conclusion):
    jobs = [{**job, "conclusion": conclusion} if "deploy" in job["name"] else job for job in github()["jobs"]]
    outcome, message = tied(github(conclusion="failure", jobs=jobs))
    assert outcome == "failed"
    assert "See https://github.com/a/b/actions/runs/1" in message


def test_a_red_pipeline_of_gitlab_fails():
    jobs = [{**job, "status": "failed"} if job["stage"] == "staging" else job for job in gitlab()["jobs"]]
    assert tied({"pipeline": {**gitlab()["pipeline"], "status": "failed"}, "jobs": jobs})[0] == "failed"


def test_a_green_run_whose_staging_job_was_skipped_is_inconclusive():
    jobs = [{**job, "conclusion": "skipped"} if "deploy" in job["name"] else job for job in github()["jobs"]]
    outcome, message = tied(github(jobs=jobs, workflowName="staging"))
    assert outcome == "inconclusive"
    assert "no job that succeeded names staging" in message


def test_building_in_several_stages_is_not_staging():
    jobs = [{"name": "multi-stage build", "conclusion": "success", "completedAt": YESTERDAY, "steps": []}]
    assert tied(github(jobs=jobs))[0] == "inconclusive"


def test_a_run_under_way_is_inconclusive():
    jobs = [{"name": "staging", "conclusion": "", "completedAt": "0001-01-01T00:00:00Z", "steps": []}]
    assert tied(github(conclusion="", jobs=jobs))[0] == "inconclusive"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "this is a list"),
        ('"green"', "this is a str"),
        (json.dumps(own(finished="yesterday")), 'finished is no time: "yesterday"'),
        (json.dumps(own(finished="2026-11-23T12:00:00")), "finished has no time zone"),
        (json.dumps(own(finished=5)), "finished is no time: 5"),
        (json.dumps(own(conclusion="sucess")), 'conclusion is "sucess"; did you mean "success"'),
        (json.dumps(own(artifact_sha256="a1a1")), 'artifact_sha256 is no sha256: "a1a1"'),
        (json.dumps(own(artifacts=["x"])), '"artifacts" is no table'),
        (json.dumps(own(steps={"deploy": "success"})), '"steps" is no list'),
        (json.dumps(own(steps=["deploy"])), "steps[0] is no step"),
        (json.dumps(own(environment=7)), '"environment" is 7'),
        (json.dumps({**own(finished=None), "finish": YESTERDAY}), 'no "finished"; did you mean "finish"'),
    ],
)
def test_a_malformed_record_is_an_error_that_says_where(tmp_path, content, words):
    path = tmp_path / "staging.json"
    path.write_text(content)
    with pytest.raises(RecordError) as raised:
        staging_record.read(path)
    assert words in str(raised.value)
    assert str(raised.value).startswith("staging.json")


def test_a_record_that_is_far_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(staging_record, "LARGEST", 10)
    path = tmp_path / "staging.json"
    path.write_text(json.dumps(own()))
    with pytest.raises(RecordError, match="has more than"):
        staging_record.read(path)


def test_an_own_record_from_a_file_is_judged(tmp_path):
    path = tmp_path / "staging.json"
    path.write_text(json.dumps(own(started=YESTERDAY, note="more keys may be there")))
    assert staging_record.read(path).artifacts == {"": OURS}
