from __future__ import annotations

import sys
from pathlib import Path

import pytest
from manifest_shapes import RESOURCES, compose, container, deployment, project, service, write

from pytest_mlready.checks.infrastructure import resource_limits as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError
from pytest_mlready.evidence import Evidence

BARE = {"name": "proxy", "image": "proxy:1"}
EXAMPLE = Path(__file__).parents[3] / "example_project"


def run(tmp_path, *files, **more):
    """Files as (name, content); what was recorded."""
    paths = tuple(write(tmp_path, content, name) for name, content in files)
    evidence = Evidence()
    check.test_every_container_declares_its_resources(project(tmp_path, check.ITEM, **more), evidence, paths)
    assert evidence.notes.grade == "static"
    return {(e["name"], e["value"]) for e in evidence.notes.evidence}


def one(tmp_path, *documents):
    return run(tmp_path, ("app.yaml", documents))


def test_a_healthy_deployment_passes_and_says_what_was_looked_at(tmp_path):
    recorded = one(tmp_path, deployment(initContainers=[container("fetch")]))
    assert ("manifests", "1 documents (1 Deployment)") in recorded
    assert ("containers looked at in Kubernetes manifests", 2) in recorded


def test_the_example_passes():
    evidence = Evidence()
    paths = EXAMPLE / "deploy" / "kubernetes" / "production", EXAMPLE / "compose.yaml"
    check.test_every_container_declares_its_resources(project(EXAMPLE, check.ITEM, workload="income"), evidence, paths)
    assert ("containers looked at in Kubernetes manifests", 1) in {
        (e["name"], e["value"]) for e in evidence.notes.evidence
    }


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (deployment(container(resources={"requests": RESOURCES["requests"]})), "no memory limit"),
        (deployment(container(), BARE), 'container "proxy": no memory limit'),
        (deployment(container(resources={**RESOURCES, "limits": {"memory": "100Mi"}})), "is above the limit 100Mi"),
        (deployment(container(resources={**RESOURCES, "limits": {"memory": "1GB"}})), 'did you mean "G"'),
        (deployment(runtimeClassName="nvidia"), "no container has a GPU limit"),
    ],
)
def test_realistic_faults_fail(tmp_path, document, said):
    with pytest.raises(Failed, match=said):
        one(tmp_path, document)


def test_a_misspelt_field_fails_by_the_schema_alone(tmp_path):
    pytest.importorskip("kubernetes_validate")
    document = deployment()
    document["spec"]["replica"] = 3
    with pytest.raises(Failed, match="'replica' was unexpected"):
        one(tmp_path, document)


def test_every_workload_is_judged_whichever_serves(tmp_path):
    with pytest.raises(Failed, match="Deployment/redis"):
        run(tmp_path, ("app.yaml", [deployment(), deployment(BARE, name="redis")]), workload="income")


def test_a_compose_service_without_limits_fails(tmp_path):
    with pytest.raises(Failed, match='service "redis": no memory limit'):
        run(tmp_path, ("compose.yaml", [compose(service(), {"name": "redis", "image": "redis:7"})]))


def test_compose_alone_is_judged_when_it_was_only_found(tmp_path):
    with pytest.raises(Failed, match="no memory limit"):
        run(tmp_path, ("compose.yaml", [compose({"name": "income", "image": "x:1"})]), named=False)


def test_compose_that_was_only_found_beside_kubernetes_is_left_out_and_that_is_recorded(tmp_path):
    local = ("compose.yaml", [compose({"name": "redis", "image": "redis:7"})])
    recorded = run(tmp_path, ("app.yaml", [deployment()]), local, named=False)
    assert ("note", "compose.yaml: left out, taken for local work; deploy.manifests would name it") in recorded
    with pytest.raises(Failed, match="redis"):
        run(tmp_path, ("app.yaml", [deployment()]), local)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: {{ .Values.n }}}\n", "not rendered"),
        ("apiVersion: apps/v1\nkind: Deployment\nspec: [\n", "unreadable"),
        ("apiVersion: apps/v1\nkind: Deployment\nkind: Service\n", 'the key "kind" stands twice'),
        ("a: &a [*a]\n", "inside what it stands for"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", r"no workload was found \(1 documents"),
        ("apiVersion: ray.io/v1\nkind: RayService\nspec: {a: {containers: [{image: x}]}}\n", "not understood"),
        ("", r"no workload was found \(no documents"),
    ],
)
def test_what_cannot_be_told_is_inconclusive(tmp_path, text, said):
    with pytest.raises(Inconclusive, match=said):
        run(tmp_path, ("app.yaml", text))


def test_a_problem_in_one_document_is_no_pass_although_the_others_are_healthy(tmp_path):
    healthy = write(tmp_path, [deployment()], "healthy.yaml").read_text(encoding="utf-8")
    with pytest.raises(Inconclusive, match=r"app\.yaml, document 2: unreadable"):
        run(tmp_path, ("app.yaml", f"{healthy}---\na: [\n"))


def test_a_failure_is_named_before_what_cannot_be_told(tmp_path):
    with pytest.raises(Failed, match=r"(?s)no memory limit.*unreadable"):
        run(tmp_path, ("app.yaml", [deployment(BARE)]), ("broken.yaml", "a: ["))


def test_a_kustomization_without_kubectl_is_inconclusive(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Inconclusive, match="rendered by kubectl, which is not on PATH"):
        run(tmp_path, ("app.yaml", [deployment()]), ("kustomization.yaml", "resources: [app.yaml]\n"))


def test_without_the_schemas_the_verdict_stands_and_the_lack_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes_validate", None)
    assert any(
        "not validated" in str(value) for name, value in one(tmp_path, deployment()) if name == "schema validation"
    )


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(ReadinessError, match="does not exist"):
        check.test_every_container_declares_its_resources(project(tmp_path, check.ITEM), Evidence(), (tmp_path / "no",))


SETTINGS = """
[deploy]
manifests = ["deploy"]
"""


@pytest.mark.slow
def test_a_run_of_pytest_tells_healthy_from_broken(readiness, pytester):
    pytester.makefile(".toml", mlready=SETTINGS)
    for documents, status in (((deployment(),), "verified"), ((deployment(BARE),), "failed")):
        write(pytester.path, list(documents), "deploy/app.yaml")
        ran = readiness("--mlready-item=infrastructure.resource_limits")
        assert ran.status("infrastructure.resource_limits") == status
        assert ran.item("infrastructure.resource_limits")["grade"] == "static"
