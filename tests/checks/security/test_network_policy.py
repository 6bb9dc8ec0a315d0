from __future__ import annotations

from pathlib import Path

import pytest
from manifest_shapes import ALLOW, DENY, compose, deployment, policy, project, service, write

from pytest_mlready.checks.security import network_policy as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError
from pytest_mlready.evidence import Evidence

EXAMPLE = Path(__file__).parents[3] / "example_project"
INTERNAL = {"networks": {"inner": {"internal": True}}}
CILIUM = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c"}, "spec": {}}


def run(tmp_path, *files, **more):
    paths = tuple(write(tmp_path, content, name) for name, content in files)
    evidence = Evidence()
    check.test_serving_containers_have_a_closed_network(project(tmp_path, check.ITEM, **more), evidence, paths)
    assert evidence.notes.grade == "static"
    return [(e["name"], e["value"]) for e in evidence.notes.evidence]


def one(tmp_path, *documents, **more):
    return run(tmp_path, ("app.yaml", documents), **more)


def egress(rule):
    return policy("out", types=["Egress"], egress=[rule])


def test_closed_pods_pass_with_the_note_that_nothing_was_tried(tmp_path):
    recorded = one(tmp_path, deployment(), DENY, ALLOW)
    assert ("enforcement", check.ENFORCEMENT) in recorded
    assert ("workloads closed both ways", 1) in recorded


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_example_passes(environment):
    evidence = Evidence()
    paths = EXAMPLE / "deploy" / "kubernetes" / environment, EXAMPLE / "compose.yaml"
    check.test_serving_containers_have_a_closed_network(
        project(EXAMPLE, check.ITEM, workload="income"), evidence, paths
    )
    recorded = {e["name"]: e["value"] for e in evidence.notes.evidence}
    assert recorded["policies that select them"] == 4


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ((deployment(),), "ingress is open: no policy selects its pods"),
        ((deployment(), DENY, ALLOW, egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})), "which is the internet"),
        ((deployment(), DENY, ALLOW, egress({})), "the pods may reach anybody"),
        (
            (deployment(), policy(selector={"matchLabels": {"app": "incme"}}, types=["Ingress", "Egress"])),
            "did you mean",
        ),
        ((deployment(), ALLOW), "egress is open"),
        ((deployment(hostNetwork=True), DENY, ALLOW), "hostNetwork is true"),
    ],
)
def test_realistic_faults_fail(tmp_path, documents, said):
    with pytest.raises(Failed, match=said):
        one(tmp_path, *documents)


def test_a_policy_that_its_schema_does_not_admit_fails(tmp_path):
    pytest.importorskip("kubernetes_validate")
    with pytest.raises(Failed, match="'policyType' was unexpected"):
        one(tmp_path, deployment(), DENY, ALLOW, policy("more", policyType=["Egress"]))


def test_public_ports_are_an_option(tmp_path):
    documents = deployment(), DENY, policy("public", types=["Ingress"], ingress=[{"ports": [{"port": 8000}]}])
    with pytest.raises(Failed, match="anybody may come in on port 8000"):
        one(tmp_path, *documents)
    one(tmp_path, *documents, public_ports=("8000",))


def test_services_on_an_inner_network_pass(tmp_path):
    file = compose(service(networks=["inner"], ports=["8000:8000"]), service("redis", networks=["inner"]), **INTERNAL)
    assert ("services looked at in compose files", 2) in run(tmp_path, ("compose.yaml", [file]))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"network_mode": "host"}, "network_mode is host"),
        ({"networks": ["inner"], "ports": ["8000:8000", "9090:9090"]}, "published on every interface"),
        ({}, "all on the default network"),
    ],
)
def test_realistic_faults_of_compose_fail(tmp_path, own, said):
    file = compose(service(**own), service("redis"), service("web"), **INTERNAL)
    with pytest.raises(Failed, match=said):
        run(tmp_path, ("compose.yaml", [file]))


def test_compose_alone_with_open_egress_is_inconclusive_and_beside_kubernetes_recorded(tmp_path):
    local = ("compose.yaml", [compose(service())])
    with pytest.raises(Inconclusive, match="egress is open"):
        run(tmp_path, local)
    recorded = run(tmp_path, ("app.yaml", [deployment(), DENY, ALLOW]), local)
    assert any("egress is open" in str(value) for name, value in recorded if name == "note")


def test_open_egress_of_the_named_service_decides_although_kubernetes_runs_something_else(tmp_path):
    files = ("app.yaml", [deployment(name="web"), DENY, ALLOW]), ("compose.yaml", [compose(service())])
    with pytest.raises(Inconclusive, match="egress is open"):
        run(tmp_path, *files, workload="income")


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([deployment(), CILIUM], "CiliumNetworkPolicy"),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {podSelector: {{ .Values.x }}}\n",
            "not rendered",
        ),
        ("a: !!python/object/apply:os.system [x]\n", "unreadable"),
        ([policy()], "no workload that serves is in 1 documents"),
        ([deployment(namespace="ml"), DENY, ALLOW], "only one names its namespace"),
    ],
)
def test_what_cannot_be_told_is_inconclusive(tmp_path, documents, said):
    with pytest.raises(Inconclusive, match=said):
        run(tmp_path, ("app.yaml", documents))


def test_a_compose_service_may_be_the_named_workload_and_a_wrong_name_is_an_error(tmp_path):
    file = ("compose.yaml", [compose(service(networks=["inner"]), **INTERNAL)])
    run(tmp_path, file, workload="income")
    with pytest.raises(ReadinessError, match='did you mean "income"'):
        run(tmp_path, file, workload="incom")


SETTINGS = """
[deploy]
manifests = ["deploy/*.yaml"]
workload = "income"
"""


@pytest.mark.slow
def test_a_run_of_pytest_tells_closed_from_open(readiness, pytester):
    pytester.makefile(".toml", mlready=SETTINGS)
    for documents, status in (([deployment(), DENY, ALLOW], "verified"), ([deployment(), DENY], "failed")):
        write(pytester.path, documents, "deploy/app.yaml")
        assert readiness("--mlready-item=security.network_policy").status("security.network_policy") == status
