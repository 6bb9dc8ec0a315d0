"""Asks whether the service adds replicas when load rises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

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
        "Two things. The manifests that deploy.manifests names, or those found (rendered YAML, Kustomizations by "
        "kubectl): HorizontalPodAutoscaler, KEDA ScaledObject, Knative annotations, KServe replicas. The workload that "
        "deploy.workload names, or the only one, or of several those that are scaled, must have exactly one scaler. It "
        "passes when the minimum is at least min_replicas, the maximum is above it, the target exists under that kind "
        "and name, and a utilisation target has its request on every container of the pod that is counted. It fails "
        "when one of these is false, defaults included (a HorizontalPodAutoscaler's minimum is 1, KEDA's 0), when the "
        "limits keep use from ever exceeding the target, when scaling up is disabled or paused, when a Deployment "
        "stands at 0 replicas, when a metric has no target or an unknown type, when cron is the only trigger, and when "
        "a Knative annotation stands where it is not read. Whether other metrics have a working "
        "source no manifest tells: that is recorded. Templates that are not rendered, documents that cannot be read, "
        "and compose files alone, which cannot add a replica by themselves, are inconclusive. And the scaling record "
        "of a load test, where `record` names one: replicas must have risen while requests a second were at least half "
        "as many again as at first and, where the record goes on for fall_within after that, fallen again. Without "
        "requests a second any rise counts. Fewer than 5 samples, or a load that never rose, are inconclusive. A "
        "cluster is not asked."
    ),
    how_to_fix=(
        "Set requests on every container of the pod, a minimum of 2 and a maximum that the node pool can carry. Scale "
        "on what saturates first: concurrency or queue length for GPU models, since CPU stays low. Run the load test "
        "and keep the replica count over time beside its result, as CSV with the columns time, replicas and rps; name "
        "it as `record`. Shorten the start until it fits the ramp of your traffic."
    ),
    attestation=(
        "The minimum, maximum and metric; date, load and target of the test; replica counts before, during and after; "
        "the delay until the first added replica answered."
    ),
    lifetime_days=90,
    sources=(
        "Kubernetes documentation, Horizontal Pod Autoscaling",
        "KEDA documentation, Scaling Deployments; ScaledObject specification",
        "Knative documentation, Configuring scale bounds",
        "KServe documentation, Autoscaling",
        "Beyer et al. 2016, Site Reliability Engineering, Addressing Cascading Failures",
    ),
    options=(
        Option(
            name="min_replicas", type="integer", default=2,
            doc="Least minimum: with one replica a node that goes takes the service with it.",
        ),
        Option(
            name="record", type="string", default=None,
            doc="Scaling record of a load test: CSV or JSON with time, replicas and, where known, rps.",
        ),
        Option(
            name="fall_within", type="duration", default=600.0,
            doc="Time after the load in which replicas must fall: twice the 300 s that Kubernetes and KEDA wait.",
        ),
    ),
)  # fmt: skip


@pytest.mark.infrastructure("autoscaling")
def test_manifests_let_the_service_grow(
    mlready: Project, mlready_evidence: Evidence, mlready_manifests: tuple[Path, ...]
) -> None:
    """The serving workload has one scaler, with room to grow and a base for what it scales on."""
    from pytest_mlready.manifests import deployed, scaling

    mlready_evidence.grade("static")
    name, root = mlready.settings.deploy.workload, mlready.root
    found = deployed.read(mlready_manifests, root=root, workload=name, named=bool(mlready.settings.deploy.manifests))
    mlready_evidence.record("manifests", found.summary)
    if found.services and not found.workloads and not found.problems:
        mlready_evidence.inconclusive(
            f"{found.summary}: compose runs a fixed number of replicas and adds none when load rises; name the "
            "manifests of what does in deploy.manifests, or give a reason under [tool.mlready.not_applicable]"
        )
    found.require(name)
    judged = scaling.judge(
        found.workloads,
        found.manifests.kubernetes,
        least=mlready.options(ITEM.id)["min_replicas"],
        name=name,
        complete=not found.problems,
    )
    schema = found.validate("HorizontalPodAutoscaler")
    mlready_evidence.record("schema validation", schema.summary)
    for warning in (*found.notes, *judged.warnings):
        mlready_evidence.record("note", warning)
    if not judged.verdicts and not found.problems:
        mlready_evidence.inconclusive(f"no workload that serves was found ({found.summary})")
    mlready_evidence.conclude([*judged.verdicts, *schema.verdicts, *(p.verdict() for p in found.problems)])


@pytest.mark.infrastructure("autoscaling")
def test_replicas_followed_the_load(mlready: Project, mlready_evidence: Evidence) -> None:
    """In the scaling record of a load test replicas rose, and fell after it."""
    from pytest_mlready.manifests import scaling_record

    options = mlready.options(ITEM.id)
    if options["record"] is None:
        mlready_evidence.unverified(
            "no scaling record of a load test is named",
            fix=f'[tool.mlready.items."{ITEM.id}"] record = "load/scaling.csv" (columns time, replicas, rps)',
        )
    mlready_evidence.grade("replayed")
    samples = scaling_record.read(mlready.path(options["record"]))
    for title, data in scaling_record.pictures(samples).items():
        mlready_evidence.plot("curve", title=title, data=data)
    mlready_evidence.conclude([scaling_record.judge(samples, fall_within=options["fall_within"])])
