from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_mlready.checks.infrastructure import deployment_pipeline as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence

OPTIONS = {option.name: option.default for option in check.ITEM.options}
OURS, OTHER = "a1" * 32, "b2" * 32
EXAMPLE = b'{"instances": [{"x": 2.0}]}'
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: income, namespace: {namespace}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: income}}}}
  template:
    metadata: {{labels: {{app: income}}}}
    spec:
      containers:
        - name: income
          image: {image}
          env: [{{name: LOG_LEVEL, value: {level}}}]
"""
SAME = {"namespace": "income", "replicas": 4, "image": "income:2.0.0", "level": "info"}


def project(
    root, *, options=None, url=None, manifests=(), staging=(), found=(), sha256=OURS, version="2.0.0", today=None
):
    def files(patterns, what):
        return tuple(root / pattern for pattern in patterns)

    return SimpleNamespace(
        options=lambda _: {**OPTIONS, **(options or {})}, root=root, path=lambda text: root / text, files=files,
        today=today or dt.datetime.now(tz=dt.UTC).date(), digests=SimpleNamespace(model=sha256),
        discovered=SimpleNamespace(manifests=found),
        settings=SimpleNamespace(
            version=version, model=SimpleNamespace(path="model.skops"),
            endpoint=SimpleNamespace(start=None, url=url),
            deploy=SimpleNamespace(manifests=manifests, staging=staging),
        ),
    )  # fmt: skip


def recorded(root, *, ago=dt.timedelta(days=1), **changed):
    """A project with a record of staging, and a service."""
    record = {
        "environment": "staging", "conclusion": "success", "artifact_sha256": OURS,
        "finished": (dt.datetime.now(tz=dt.UTC) - ago).isoformat(),
        "steps": [{"name": "smoke prediction", "conclusion": "success"}],
    }  # fmt: skip
    (root / "run.json").write_text(json.dumps({**record, **changed}))
    return project(root, options={"record": "run.json"}, url="http://127.0.0.1:1")


def compared(root, production=None, staging=None, **more):
    """What the comparison of two manifests ends in."""
    for name, values in (("production", production), ("staging", staging)):
        text = values if isinstance(values, str) else DEPLOYMENT.format(**{**SAME, **(values or {})})
        (root / f"{name}.yaml").write_text(text)
    mlready = project(root, manifests=("production.yaml",), staging=("staging.yaml",), **more)
    evidence = Evidence()
    check.test_staging_and_production_differ_only_where_allowed(mlready, evidence)
    return evidence


def test_a_recent_green_record_of_the_candidate_passes(tmp_path):
    evidence = Evidence()
    check.test_staging_record(recorded(tmp_path), evidence)
    named = {e["name"]: e["value"] for e in evidence.notes.evidence}
    assert named["artifact tested in staging"] == OURS
    assert evidence.notes.grade == "static"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"artifact_sha256": OTHER}, "tested another artifact"),
        ({"ago": dt.timedelta(days=8)}, "8.0 days ago"),
        ({"conclusion": "failure"}, "ended as failure"),
        ({"steps": [{"name": "smoke prediction", "conclusion": "failure"}]}, "failed: smoke prediction"),
    ],
)
def test_a_record_that_does_not_stand_for_the_candidate_fails(tmp_path, changed, words):
    with pytest.raises(Failed, match=words):
        check.test_staging_record(recorded(tmp_path, **changed), Evidence())


def test_a_greater_age_can_be_allowed(tmp_path):
    mlready = recorded(tmp_path, ago=dt.timedelta(days=8))
    mlready.options = lambda _: {**OPTIONS, "record": "run.json", "max_age": 9 * 86400.0}
    evidence = Evidence()
    check.test_staging_record(mlready, evidence)
    assert evidence.notes.evidence


def test_a_record_is_judged_by_the_date_that_was_asked_for(tmp_path):
    mlready = recorded(tmp_path)
    mlready.today += dt.timedelta(days=30)
    with pytest.raises(Failed, match="days ago"):
        check.test_staging_record(mlready, Evidence())


def test_a_malformed_record_is_an_error(tmp_path):
    mlready = recorded(tmp_path, finished="yesterday")
    with pytest.raises(ReadinessError, match=r"run\.json: finished is no time"):
        check.test_staging_record(mlready, Evidence())


def test_a_record_without_a_service_to_ask_is_inconclusive(tmp_path):
    mlready = recorded(tmp_path)
    mlready.settings.endpoint.url = None
    with pytest.raises(Inconclusive, match="no smoke prediction goes with the record"):
        check.test_staging_record(mlready, Evidence())


def test_without_a_record_a_configured_service_is_inconclusive_and_an_empty_project_unverified(tmp_path):
    with pytest.raises(Inconclusive, match=r'record = "reports/staging-run\.json"'):
        check.test_staging_record(project(tmp_path, url="http://127.0.0.1:1"), Evidence())
    with pytest.raises(Unverified, match=r'record = "reports/staging-run\.json"'):
        check.test_staging_record(project(tmp_path), Evidence())


def test_a_record_that_is_not_there_yet_is_inconclusive(tmp_path):
    with pytest.raises(Inconclusive, match=r"run\.json is not there"):
        check.test_staging_record(project(tmp_path, options={"record": "run.json"}), Evidence())


def test_manifests_that_differ_in_size_and_namespace_pass(tmp_path):
    evidence = compared(tmp_path, staging={"replicas": 1, "namespace": "income-staging"})
    assert evidence.notes.evidence[0]["value"] == 0


@pytest.mark.parametrize(
    ("staging", "words"),
    [
        ({"image": "income:latest"}, r"containers\.income\.image is 'income:2\.0\.0' in production"),
        ({"level": "debug"}, r"env\.LOG_LEVEL\.value is 'info' in production and 'debug' in staging"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: income}\n", "Deployment/income is there"),
    ],
)
def test_manifests_that_drifted_fail(tmp_path, staging, words):
    with pytest.raises(Failed, match=words):
        compared(tmp_path, staging=staging)


def test_a_difference_can_be_allowed(tmp_path):
    evidence = compared(tmp_path, staging={"level": "debug"}, options={"allowed": ("*.env.LOG_LEVEL.value",)})
    assert evidence.notes.evidence[0]["value"] == 0


def test_a_manifest_that_cannot_be_read_is_inconclusive_and_no_drift(tmp_path):
    with pytest.raises(Inconclusive, match=r"staging\.yaml"):
        compared(tmp_path, staging="kind: [")


def test_the_same_files_for_both_environments_are_inconclusive(tmp_path):
    (tmp_path / "all.yaml").write_text(DEPLOYMENT.format(**SAME))
    with pytest.raises(Inconclusive, match="name the same files: nothing is compared"):
        check.test_staging_and_production_differ_only_where_allowed(
            project(tmp_path, manifests=("all.yaml",), staging=("all.yaml",)), Evidence()
        )


def test_manifests_of_one_environment_alone_are_inconclusive(tmp_path):
    (tmp_path / "production.yaml").write_text(DEPLOYMENT.format(**SAME))
    with pytest.raises(Inconclusive, match="no manifests of staging are configured"):
        check.test_staging_and_production_differ_only_where_allowed(
            project(tmp_path, manifests=("production.yaml",)), Evidence()
        )


def test_manifests_that_were_only_found_are_told_and_none_are_unverified(tmp_path):
    found = project(tmp_path, found=(Path("deploy/k8s.yaml"),), url="http://127.0.0.1:1")
    with pytest.raises(Inconclusive, match=r"there are manifests \(deploy/k8s\.yaml\)"):
        check.test_staging_and_production_differ_only_where_allowed(found, Evidence())
    with pytest.raises(Unverified):
        check.test_staging_and_production_differ_only_where_allowed(project(tmp_path), Evidence())


def smoked(service, tmp_path, *faults, sha256=OURS, environment=None, **fields):
    fields.setdefault("expect", {"predictions": [4.0]})
    endpoint = service(*faults, predict="POST /predict", example=EXAMPLE, environment=environment, **fields)
    evidence = Evidence()
    check.test_smoke_prediction(project(tmp_path, sha256=sha256), evidence, endpoint)
    return {e["name"]: e for e in evidence.notes.evidence}


def test_a_right_answer_passes_and_a_service_that_names_no_model_is_recorded(service, tmp_path):
    evidence = smoked(service, tmp_path)
    assert evidence["smoke prediction"]["value"] == "right"
    assert evidence["model served"]["value"] == "not told"


def test_the_candidates_digest_passes(service, tmp_path):
    evidence = smoked(service, tmp_path, "names its model", environment={"MODEL_SHA256": OURS})
    assert evidence["digest served"]["value"] == OURS


def test_a_stale_model_fails(service, tmp_path):
    with pytest.raises(Failed, match=r"another model is served: GET /readyz: model/sha256 is b2b2"):
        smoked(service, tmp_path, "names its model", environment={"MODEL_SHA256": OTHER})


@pytest.mark.parametrize(
    ("fault", "words"),
    [("wrong answer", "the answer is not the expected one"), ("error body", "status 200 carries an error")],
)
def test_a_wrong_answer_fails(service, tmp_path, fault, words):
    with pytest.raises(Failed, match=f"the smoke prediction failed: .*{words}"):
        smoked(service, tmp_path, fault)


def test_a_service_without_its_model_fails(service, tmp_path):
    with pytest.raises(Failed, match="it was answered 503"):
        smoked(service, tmp_path, "lying readiness", environment={"MODEL_PATH": str(tmp_path / "missing")})


def test_a_credential_that_does_not_work_is_inconclusive(service, tmp_path):
    with pytest.raises(Inconclusive, match="answered 401"):
        smoked(service, tmp_path, credentials={"good": "Bearer stale-token"}, secrets=("stale-token",))


def test_without_expected_content_the_record_says_so(service, tmp_path):
    assert "names no content" in smoked(service, tmp_path, expect=None)["smoke prediction"]["note"]
