from __future__ import annotations

import pytest
from manifest_shapes import (
    ALLOW,
    CALLERS,
    DENY,
    container,
    deployment,
    inference_service,
    knative,
    messages,
    metadata,
    outcomes,
    policy,
    read,
)

from pytest_mlready.manifests import isolation, targets

BOTH = ["Ingress", "Egress"]
DNS = {
    "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}
CILIUM = {
    "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata("income"),
    "spec": {"endpointSelector": {"matchLabels": {"app": "income"}}, "egress": [{}]},
}  # fmt: skip
CALICO = {
    "apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": metadata("income"),
    "spec": {"selector": "app == 'income'", "types": BOTH},
}  # fmt: skip


def judged(tmp_path, *documents, name=None, **more):
    found = read(tmp_path, *documents)
    serving = targets.serving(found.workloads, name)
    return isolation.judge(serving, found.workloads, found.manifests.kubernetes, **more)


def with_rule(tmp_path, direction, rule, **more):
    """A closed deployment with one more rule."""
    types = [direction.capitalize()]
    return judged(tmp_path, deployment(), DENY, ALLOW, policy("more", types=types, **{direction: [rule]}), **more)


@pytest.mark.parametrize(
    "policies",
    [
        (DENY, ALLOW),
        (policy(types=BOTH, ingress=[CALLERS], egress=[DNS]),),
        (policy(types=BOTH, ingress=[CALLERS], egress=[]),),
        (policy(ingress=[CALLERS], egress=[DNS]),),
        (policy("a", types=["Egress"]), ALLOW),
        (policy(selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["income", "web"]}]},
                types=BOTH, ingress=[CALLERS]),),
        (DENY, ALLOW, CILIUM),
        (DENY, ALLOW, policy("other", namespace="monitoring", selector={"matchLabels": {"app": "prometheus"}})),
    ],
)  # fmt: skip
def test_closed_both_ways_with_callers_named_passes(tmp_path, policies):
    found = judged(tmp_path, deployment(), *policies)
    assert outcomes(found) == ["passed"], messages(found)


@pytest.mark.parametrize(
    ("document", "labels"),
    [(knative(), {"serving.knative.dev/service": "income"}),
     (inference_service(), {"serving.kserve.io/inferenceservice": "income"})],
)  # fmt: skip
def test_labels_that_a_controller_gives_are_known(tmp_path, document, labels):
    own = policy(selector={"matchLabels": labels}, types=BOTH, ingress=[CALLERS])
    assert outcomes(judged(tmp_path, document, own)) == ["passed"]


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ((), "ingress is open: no policy selects its pods (app=income)"),
        ((ALLOW,), "egress is open; expected a NetworkPolicy"),
        ((policy(types=["Egress"]),), "ingress is open"),
        ((policy(ingress=[CALLERS]),), "egress is open"),
        ((policy(ingress=[CALLERS], egress=[]),), "empty egress denies nothing without policyTypes: [Egress]"),
        ((policy(types=["Ingress"], ingress=[CALLERS], egress=[DNS]),), "its egress rules have no effect"),
        ((DENY,), "NetworkPolicy/deny let nobody in"),
        ((policy(selector={"matchLabels": {"app": "incone"}}, types=BOTH, ingress=[CALLERS]),), 'did you mean "app=income"?'),
    ],
)  # fmt: skip
def test_what_is_open_fails(tmp_path, policies, said):
    found = judged(tmp_path, deployment(), *policies)
    assert set(outcomes(found)) == {"failed"}
    assert said in messages(found)


def test_a_policy_that_selects_nothing_fails_even_where_the_pods_are_closed(tmp_path):
    lost = policy("store", selector={"matchLabels": {"app": "incone"}}, types=["Egress"], egress=[DNS])
    found = judged(tmp_path, deployment(), DENY, ALLOW, lost)
    assert outcomes(found) == ["failed"]
    assert 'selects nothing: app=incone; did you mean "app=income"?' in messages(found)


def test_a_policy_for_another_workload_of_the_manifests_is_none_that_selects_nothing(tmp_path):
    redis = policy("redis", selector={"matchLabels": {"app": "redis"}}, types=["Ingress"], ingress=[CALLERS])
    found = judged(tmp_path, deployment(), deployment(name="redis"), DENY, ALLOW, redis, name="income")
    assert outcomes(found) == ["passed"]


def test_every_serving_workload_must_be_closed_unless_one_is_named(tmp_path):
    documents = deployment(), deployment(name="web"), policy(types=BOTH, ingress=[CALLERS])
    assert "Deployment/web" in messages(judged(tmp_path, *documents))
    assert outcomes(judged(tmp_path, *documents, name="income")) == ["passed"]


def test_a_policy_in_another_namespace_does_not_select(tmp_path):
    found = judged(tmp_path, deployment(namespace="ml"), policy(namespace="web", types=BOTH, ingress=[CALLERS]))
    assert set(outcomes(found)) == {"failed"}
    assert "NetworkPolicy/income would, but is in namespace web and they are in ml" in messages(found)


def test_a_namespace_that_only_one_side_names_cannot_be_told(tmp_path):
    found = judged(tmp_path, deployment(namespace="ml"), DENY, ALLOW)
    assert set(outcomes(found)) == {"inconclusive"}


def test_pods_on_the_network_of_the_node_fail(tmp_path):
    found = judged(tmp_path, deployment(hostNetwork=True), DENY, ALLOW)
    assert "hostNetwork is true" in messages(found)
    assert "failed" in outcomes(found)


@pytest.mark.parametrize("foreign", [CILIUM, CALICO], ids=["cilium", "calico"])
def test_policies_of_a_plugin_are_not_understood_where_plain_ones_do_not_suffice(tmp_path, foreign):
    found = judged(tmp_path, deployment(), foreign)
    assert set(outcomes(found)) == {"inconclusive"}
    assert f"may be closed by app.yaml, document 2 ({foreign['kind']}/income)" in messages(found)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "a rule without `to`: the pods may reach anybody"),
        ({"to": []}, "a rule without `to`"),
        ({"ports": [{"port": 443}]}, "the pods may reach anybody on port 443"),
        ({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}, "egress is open to 0.0.0.0/0, which is the internet"),
        ({"to": [{"ipBlock": {"cidr": "::/0"}}], "ports": [{"port": 443}]}, "egress is open to ::/0"),
        ({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}, "egress is open to 0.0.0.0/0"),
        ({"to": [{"ipBlock": {"cidr": "0.0.0.0/1"}}, {"ipBlock": {"cidr": "128.0.0.0/1"}}]}, "egress is open to"),
        ({"to": [{"ipBlock": {"cidr": "10.0.0.1"}}]}, "no block of addresses"),
        ({"to": [{}]}, "an empty peer"),
        ({"to": [{"podSelector": None}]}, "an empty peer"),
        ({"to": ["x"]}, "an empty peer"),
        ({"to": [{"namespaceSelector": {}}]}, "every pod of every namespace is a peer, on every port"),
        ({"to": [{"namespaceSelector": {}, "podSelector": {}}], "ports": [{"port": 1, "endPort": 65535}]}, "every pod"),
    ],
)  # fmt: skip
def test_egress_to_anybody_fails(tmp_path, rule, said):
    found = with_rule(tmp_path, "egress", rule)
    assert outcomes(found) == ["failed"], messages(found)
    assert said in messages(found)


@pytest.mark.parametrize(
    "rule",
    [{}, {"from": []}, {"ports": [{"port": 8000}]}, {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]},
     {"from": [{"namespaceSelector": {}}]}],
)  # fmt: skip
def test_ingress_from_anybody_fails(tmp_path, rule):
    assert outcomes(with_rule(tmp_path, "ingress", rule)) == ["failed"]


@pytest.mark.parametrize("rule", [{"ports": [{"port": 8000}]}, {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 8000}]}])  # fmt: skip
def test_a_public_port_may_be_reached_by_anybody(tmp_path, rule):
    assert outcomes(with_rule(tmp_path, "ingress", rule, public_ports=("8000",))) == ["passed"]
    assert outcomes(with_rule(tmp_path, "ingress", rule, public_ports=("443",))) == ["failed"]
    assert outcomes(with_rule(tmp_path, "egress", {"ports": [{"port": 8000}]}, public_ports=("8000",))) == ["failed"]


@pytest.mark.parametrize(
    "rule",
    [DNS, {"ports": [{"port": 53, "protocol": "UDP"}]}, {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53}]},
     {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}, {"to": [{"podSelector": {}}]},
     {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "store"}}}]}],
)  # fmt: skip
def test_egress_by_name_passes(tmp_path, rule):
    found = with_rule(tmp_path, "egress", rule)
    assert outcomes(found) == ["passed"], messages(found)


def test_peers_of_every_namespace_on_one_port_are_recorded(tmp_path):
    found = with_rule(tmp_path, "ingress", {"from": [{"namespaceSelector": {}}], "ports": [{"port": 8000}]})
    assert outcomes(found) == ["passed"]
    assert any("every pod of every namespace is a peer on port 8000" in w for w in found.warnings)


def test_closed_egress_without_name_resolution_is_recorded(tmp_path):
    def warned(*documents):
        return any("names do not resolve" in w for w in judged(tmp_path, deployment(), *documents).warnings)

    assert warned(DENY, ALLOW)
    assert not warned(policy(types=BOTH, ingress=[CALLERS], egress=[DNS]))
    assert not warned(policy(types=BOTH, ingress=[CALLERS], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]))


@pytest.mark.parametrize(
    ("rule", "said"),
    [({"to": [{"podSelectors": {}}]}, 'a peer with the key "podSelectors"'),
     ({"to": [{"podSelector": {"matchExpressions": [{"key": "a", "operator": "in"}]}}]}, "the operator 'in'")],
)  # fmt: skip
def test_a_peer_of_another_shape_is_not_understood(tmp_path, rule, said):
    found = with_rule(tmp_path, "egress", rule)
    assert outcomes(found) == ["inconclusive"]
    assert said in messages(found)


def test_a_selector_that_cannot_be_read_is_not_understood(tmp_path):
    broken = policy(selector={"matchExpressions": [{"key": "app", "operator": "Equals"}]}, types=BOTH)
    found = judged(tmp_path, deployment(), DENY, ALLOW, broken)
    assert outcomes(found) == ["inconclusive"]


@pytest.mark.parametrize(
    "rules",
    [{"egress": {"to": []}}, {"egress": ["x"]}, {"egress": [{"to": {"ipBlock": {"cidr": "0.0.0.0/0"}}}]},
     {"egress": [{"ports": "53"}]}],
)  # fmt: skip
def test_rules_of_another_shape_are_not_understood(tmp_path, rules):
    found = judged(tmp_path, deployment(), DENY, ALLOW, policy("out", types=["Egress"], **rules))
    assert outcomes(found) == ["inconclusive"]
    assert "is no list of tables" in messages(found)


def test_a_policy_type_in_small_letters_closes_nothing(tmp_path):
    found = judged(tmp_path, deployment(), policy(types=["ingress", "egress"], ingress=[CALLERS]))
    assert set(outcomes(found)) == {"failed"}


@pytest.mark.parametrize("spec", [None, [], "x", {"policyTypes": "Egress"}, {"egress": {}, "ingress": "x"}])
def test_a_policy_of_another_shape_closes_no_egress_and_does_no_harm(tmp_path, spec):
    broken = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": None, "spec": spec}
    assert "failed" in outcomes(judged(tmp_path, deployment(), broken))


def test_a_finding_names_file_line_and_policy(tmp_path):
    found = with_rule(tmp_path, "egress", {})
    assert messages(found).startswith("app.yaml:")
    assert "(NetworkPolicy/more)" in messages(found)


def test_nothing_that_serves_is_no_pass(tmp_path):
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata("train"), "spec": {"template": {"spec": {"containers": [container()]}}}}  # fmt: skip
    assert judged(tmp_path, job, DENY).verdicts == ()


@pytest.mark.parametrize("ranges", [[(1, 60_000)], [(1, 30_000), (30_001, 65_535)]])
def test_ranges_that_hold_most_ports_are_all_of_them(tmp_path, ranges):
    ports = [{"port": first, "endPort": last} for first, last in ranges]
    found = with_rule(tmp_path, "egress", {"to": [{"namespaceSelector": {}}], "ports": ports})
    assert (outcomes(found), "on every port" in messages(found)) == (["failed"], True)
