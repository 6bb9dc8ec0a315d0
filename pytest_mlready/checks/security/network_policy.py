"""Asks whether the serving pods reach and are reached by only what they need."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a live probe from the pod "
        "where a cluster is given, which must be blocked from a forbidden target and succeed to an allowed one; else "
        "the manifests: NetworkPolicies that select the serving pods, with default deny for ingress and egress and "
        "explicit rules for what is needed. In compose files, separate networks and no needless published ports. It "
        "passes when every serving pod is covered both ways and no rule opens egress to 0.0.0.0/0. It fails when one "
        "of these is missing. Some network plugins ignore policies, so manifests alone carry that note. A selector "
        "that cannot be resolved is inconclusive."
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
        "NIST SP 800-53 Rev. 5, SC-7: boundary protection",
        "NIST SP 800-190 (2017), Application Container Security Guide",
    ),
)
