from __future__ import annotations

from pathlib import Path

import pytest
from manifest_shapes import (
    QUEUE,
    compose,
    container,
    deployment,
    hpa,
    inference_service,
    metadata,
    project,
    scaled_object,
    service,
    write,
)

from pytest_mlready.checks.infrastructure import autoscaling as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence

BARE = {"name": "proxy", "image": "proxy:1"}
EXAMPLE = Path(__file__).parents[3] / "example_project"
ROSE = "time,replicas,rps\n0,2,10\n30,2,80\n60,3,80\n90,4,80\n120,4,80\n"


def run(tmp_path, *files, **more):
    paths = tuple(write(tmp_path, content, name) for name, content in files)
    evidence = Evidence()
    check.test_manifests_let_the_service_grow(project(tmp_path, check.ITEM, **more), evidence, paths)
    assert evidence.notes.grade == "static"
    return {(e["name"], e["value"]) for e in evidence.notes.evidence}


def one(tmp_path, *documents, **more):
    return run(tmp_path, ("app.yaml", documents), **more)


@pytest.mark.parametrize(
    "documents",
    [(deployment(), hpa()), (deployment(), scaled_object(QUEUE)), (inference_service(minReplicas=2, maxReplicas=4),)],
    ids=["hpa", "keda", "kserve"],
)
def test_a_service_that_can_grow_passes(tmp_path, documents):
    recorded = one(tmp_path, *documents)
    assert ("least replicas of income", "2") in recorded


def test_the_example_passes():
    evidence = Evidence()
    paths = EXAMPLE / "deploy" / "kubernetes" / "production", EXAMPLE / "compose.yaml"
    check.test_manifests_let_the_service_grow(project(EXAMPLE, check.ITEM, workload="income"), evidence, paths)
    assert ("most replicas of income", "8") in {(e["name"], e["value"]) for e in evidence.notes.evidence}


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ((deployment(),), "nothing scales it"),
        ((deployment(), hpa(least=None)), "minReplicas is not set, so 1"),
        ((deployment(), hpa(least=4, most=4)), "maxReplicas is 4"),
        ((deployment(), hpa(target="incom")), 'did you mean "income"'),
        ((deployment(container(), BARE), hpa()), 'container "proxy" has no cpu request'),
        ((deployment(), scaled_object(QUEUE, minReplicaCount=0)), "minReplicaCount is 0"),
    ],
)
def test_realistic_faults_fail(tmp_path, documents, said):
    with pytest.raises(Failed, match=said):
        one(tmp_path, *documents)


def test_a_scaler_that_its_schema_does_not_admit_fails(tmp_path):
    pytest.importorskip("kubernetes_validate")
    with pytest.raises(Failed, match="'minReplica' was unexpected"):
        one(tmp_path, deployment(), hpa(minReplica=2))


def test_the_least_minimum_is_an_option(tmp_path):
    one(tmp_path, deployment(), hpa(least=1), min_replicas=1)
    with pytest.raises(Failed, match="at least 3"):
        one(tmp_path, deployment(), hpa(), min_replicas=3)


def test_compose_alone_cannot_tell_and_beside_kubernetes_does_not_matter(tmp_path):
    local = ("compose.yaml", [compose(service(deploy={"replicas": 3}))])
    with pytest.raises(Inconclusive, match="compose runs a fixed number of replicas"):
        run(tmp_path, local)
    run(tmp_path, ("app.yaml", [deployment(), hpa()]), local)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: {{ .Release.Name }}}\n", "not rendered"),
        ("a: [", "unreadable"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "no workload that serves"),
    ],
)
def test_what_cannot_be_told_is_inconclusive(tmp_path, text, said):
    with pytest.raises(Inconclusive, match=said):
        run(tmp_path, ("app.yaml", text))


def test_jobs_alone_are_nothing_that_serves(tmp_path):
    spec = {"template": {"spec": {"containers": [container()]}}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata("train"), "spec": spec}
    with pytest.raises(Inconclusive, match="no workload that serves"):
        one(tmp_path, job)


def test_a_workload_that_is_named_and_not_there_is_an_error_with_a_near_name(tmp_path):
    with pytest.raises(ReadinessError, match='did you mean "income"') as error:
        one(tmp_path, deployment(), hpa(), workload="incme")
    assert not isinstance(error.value, Inconclusive)
    with pytest.raises(Inconclusive, match="unreadable"):
        run(tmp_path, ("app.yaml", [deployment(), hpa()]), ("broken.yaml", "a: ["), workload="incme")


def record(tmp_path, text, name="scaling.csv", **more):
    write(tmp_path, text, name)
    evidence = Evidence()
    check.test_replicas_followed_the_load(project(tmp_path, check.ITEM, record=name, **more), evidence)
    assert evidence.notes.grade == "replayed"
    assert [plot["title"] for plot in evidence.notes.plots] == ["Replicas over time", "Load over time"]
    return {e["name"]: e["value"] for e in evidence.notes.evidence}


def test_a_record_in_which_replicas_rose_passes_and_is_drawn(tmp_path):
    assert record(tmp_path, ROSE)["most replicas under load"] == 4


def test_a_record_in_which_they_stayed_fails(tmp_path):
    with pytest.raises(Failed, match="stayed at 2"):
        record(tmp_path, "time,replicas,rps\n" + "".join(f"{t},2,{10 if t < 2 else 80}\n" for t in range(9)))


def test_a_record_with_a_gap_in_its_rates_is_still_held_against_the_load(tmp_path):
    early = "time,replicas,rps\n0,2,10\n10,3,10\n20,3,\n" + "".join(f"{t},3,80\n" for t in range(30, 90, 10))
    with pytest.raises(Failed, match="stayed at 3 under load"):
        record(tmp_path, early)


def test_a_record_in_which_they_never_fell_fails_after_fall_within(tmp_path):
    stuck = ROSE + "150,4,5\n300,4,5\n"
    record(tmp_path, stuck)
    with pytest.raises(Failed, match="still at their peak"):
        record(tmp_path, stuck, fall_within=60.0)


def test_a_short_record_is_inconclusive_and_one_of_another_shape_an_error(tmp_path):
    with pytest.raises(Inconclusive, match="2 samples"):
        record(tmp_path, "time,replicas\n0,1\n1,2\n")
    with pytest.raises(DataError, match="no time or no replicas"):
        record(tmp_path, "t,n\n0,1\n")


def test_without_a_record_that_part_is_unverified(tmp_path):
    with pytest.raises(Unverified, match=r"record = \"load/scaling\.csv\""):
        check.test_replicas_followed_the_load(project(tmp_path, check.ITEM), Evidence())


SETTINGS = """
[deploy]
manifests = ["deploy"]

[items."infrastructure.autoscaling"]
record = "scaling.csv"
"""


@pytest.mark.slow
def test_a_run_of_pytest_combines_manifests_and_record(readiness, pytester):
    pytester.makefile(".toml", mlready=SETTINGS)
    write(pytester.path, [deployment(), hpa()], "deploy/app.yaml")
    write(pytester.path, ROSE, "scaling.csv")
    assert readiness("--mlready-item=infrastructure.autoscaling").status("infrastructure.autoscaling") == "verified"
    write(pytester.path, [deployment(), hpa(target="other")], "deploy/app.yaml")
    assert readiness("--mlready-item=infrastructure.autoscaling").status("infrastructure.autoscaling") == "failed"
