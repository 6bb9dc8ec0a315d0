"""Asks whether the service adds replicas when load rises."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="infrastructure.autoscaling",
    title="Autoscaling configured and tested under load",
    question="Does the service add replicas when load rises, and has that been seen to happen?",
    why=(
        "Autoscaling fails quietly. Without a resource request the utilisation target has no base, a metric adapter is "
        "missing, the maximum equals the minimum, or new replicas take longer to load the model than the peak lasts. "
        "Each is found at the first real peak unless somebody looked before."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a scaling record of a load "
        "test that shows replicas rising under load and falling after it; a cluster asked for the same; and manifests "
        "(HorizontalPodAutoscaler, KEDA, Knative, KServe, compose replicas) as the weakest form. It passes when the "
        "maximum is above the minimum, the minimum is at least 2, the scaled metric has a resource request or a "
        "working source, and, where a record is given, replicas rose. It fails when one of these is false. Manifests "
        "that cannot be parsed or a record without replica counts are inconclusive."
    ),
    how_to_fix=(
        "Set requests on every container of the pod, a minimum of 2 and a maximum that the node pool can carry. Scale "
        "on what saturates first: concurrency or queue length for GPU models, since CPU stays low. Run the load test "
        "and keep the replica count over time beside its result. Shorten the start until it fits the ramp of your "
        "traffic."
    ),
    attestation=(
        "The minimum, maximum and metric; date, load and target of the test; replica counts before, during and after; "
        "the delay until the first added replica answered."
    ),
    lifetime_days=90,
    sources=(
        "Kubernetes documentation, Horizontal Pod Autoscaling",
        "KEDA documentation, Scaling Deployments",
        "Beyer et al. 2016, Site Reliability Engineering, Addressing Cascading Failures",
    ),
)
