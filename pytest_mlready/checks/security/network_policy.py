"""Asks whether the serving pods reach and are reached by only what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="security.network_policy",
    title="Least-privilege network",
    question="Can the serving containers reach, and be reached by, only what they need?",
    why=(
        "A model server has large dependencies and loads files from elsewhere, so one day something in it will be "
        "exploitable. With an open network the intruder reads the feature store and sends it out. With a closed one "
        "the same hole leads nowhere."
    ),
    looks_at=(
        "The manifests that deploy.manifests names, or those found (rendered YAML, Kustomizations by kubectl). In "
        "Kubernetes: the pods of the workload that deploy.workload names, or of every workload that runs until it is "
        "stopped. It passes when NetworkPolicies select them, by labels, expressions and namespace, and close both "
        "ingress and egress, and at least one rule lets callers in. It fails when a direction is open (an empty egress "
        "without policyTypes closes nothing), when a rule has no peers or an empty one, when blocks of addresses add "
        "up to the internet (0.0.0.0/0 with exceptions and 0.0.0.0/1 beside 128.0.0.0/1 too), when every pod of every "
        "namespace is a peer on every port, when a policy beside the pods selects nothing, and when they use the "
        "node's network. Name resolution (port 53) may go to anybody, and public_ports may be reached by anybody; "
        "closed egress without port 53, and peers in every namespace on named ports, are recorded. Policies of Cilium, "
        "Calico or the cluster administrator are not understood: inconclusive where plain ones do not suffice. In "
        "compose files: it fails with the network of the machine, with several services on the default network, and "
        "with ports published on every interface beyond one of the serving service or public_ports. Compose can close "
        "egress only by networks with internal: true; where nothing but compose is deployed and they are not, it is "
        "inconclusive, otherwise recorded. Compose files that were only found are left out where Kubernetes manifests "
        "run containers. Templates that are not rendered and documents that cannot be read are inconclusive. Some "
        "network plugins ignore policies, and no cluster is asked: this is what was declared, not what is enforced."
    ),
    how_to_fix=(
        "List callers and dependencies of the service, with ports. Add one policy that denies everything for the "
        "namespace, then one allow rule for each entry, DNS included. Replace open egress by the addresses of the "
        "registry and the store, or by a proxy with a list of names. Check from inside a pod that a forbidden address "
        "times out."
    ),
    attestation=(
        "Allowed connections with the reason for each, what is denied by default, the network plugin and how its "
        "enforcement was tried, and date."
    ),
    sources=(
        "Kubernetes documentation, Network Policies",
        "Compose specification, Networks top-level element",
        "NIST SP 800-53 Rev. 5, SC-7: boundary protection",
        "NIST SP 800-190 (2017), Application Container Security Guide",
    ),
    options=(
        Option(
            name="public_ports", type="strings", default=(),
            doc="Ports, as the policy or the compose file has them, that anybody may reach: those of a public service.",
        ),
    ),
)  # fmt: skip
ENFORCEMENT = "declared, not tried: a network plugin that does not enforce policies leaves the pods open"


@pytest.mark.security("network_policy")
def test_serving_containers_have_a_closed_network(
    mlready: Project, mlready_evidence: Evidence, mlready_manifests: tuple[Path, ...]
) -> None:
    """The serving pods are closed both ways and open by name only; compose publishes no more than it must."""
    from pytest_mlready.manifests import compose_network, deployed, isolation, targets

    mlready_evidence.grade("static")
    name, root = mlready.settings.deploy.workload, mlready.root
    public = mlready.options(ITEM.id)["public_ports"]
    found = deployed.read(mlready_manifests, root=root, workload=name, named=bool(mlready.settings.deploy.manifests))
    mlready_evidence.record("manifests", found.summary)
    found.require(name)
    serving = targets.serving(found.workloads, name)
    judged = isolation.judge(serving, found.workloads, found.manifests.kubernetes, public_ports=public)
    judged += compose_network.judge(found.services, workload=name, public_ports=public, alone=not serving)
    schema = found.validate("NetworkPolicy")
    mlready_evidence.record("schema validation", schema.summary)
    mlready_evidence.record("enforcement", ENFORCEMENT)
    for warning in (*found.notes, *judged.warnings):
        mlready_evidence.record("note", warning)
    if not judged.verdicts and not found.problems:
        mlready_evidence.inconclusive(f"no workload that serves is in {found.summary}")
    mlready_evidence.conclude([*judged.verdicts, *schema.verdicts, *(p.verdict() for p in found.problems)])
