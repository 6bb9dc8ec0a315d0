"""Asks whether every container declares what it needs and what it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="infrastructure.resource_limits",
    title="CPU, memory, GPU limits",
    question="Does every container declare the memory, CPU and GPU that it needs and may take?",
    why=(
        "A container without a memory limit can take its neighbours down with it, and one without a request is placed "
        "on a node that is full. Model servers are heavy and load in a burst, so they are the usual culprits. Without "
        "declared GPUs two pods may believe that they own the same card."
    ),
    looks_at=(
        "The manifests that deploy.manifests names, or those found: rendered YAML of Kubernetes, folders with a "
        "Kustomization (rendered by kubectl), compose files. Every container of every workload is read, init "
        "containers and sidecars included: Deployment, StatefulSet, DaemonSet, Job, CronJob, Argo Rollout, Knative "
        "Service, KServe InferenceService. Each must have a memory limit, a memory request and a CPU request. As in "
        "Kubernetes, a missing request is the limit, and what a LimitRange of the same namespace or the pod as a whole "
        "declares counts; both are recorded. It fails where one is missing, cannot be read, is zero, where a request "
        "is above its limit, where a memory limit is below 6 MB (512m is half a byte), and where a GPU is requested, "
        "or shown by NVIDIA_VISIBLE_DEVICES or the runtime class, without a limit on it. A service of a compose file "
        "needs a memory limit and a declared CPU, and devices reserved where it uses a GPU; compose files that were "
        "only found are left out where Kubernetes manifests run containers. A missing CPU limit is a warning: it "
        "throttles bursts, and many leave it out on purpose. Templates that are not rendered, documents that cannot be "
        "read or hold a key twice, and kinds that run containers in a way not known here are inconclusive. With "
        "kubernetes-validate installed each workload is held against its schema, unknown fields refused. Whether the "
        "limit is above what the model uses, model_quality.size_and_latency measures."
    ),
    how_to_fix=(
        "Measure peak memory while loading and at the largest batch, and set the limit with a margin above that. Set "
        "the memory request equal to the limit for the serving container. Set the CPU request to what a loaded replica "
        "uses, and make thread counts of the numeric libraries fit it. Render Helm in CI (helm template … > "
        "rendered.yaml) and name the result in deploy.manifests."
    ),
    attestation=(
        "Each container with its requests and limits, the peak that was measured and under which load, and which "
        "limits were left out on purpose and why."
    ),
    sources=(
        "Kubernetes documentation, Resource Management for Pods and Containers",
        "Kubernetes documentation, Limit Ranges",
        "Kubernetes documentation, Pod Quality of Service Classes",
        "Compose specification, deploy.resources; Docker documentation, Resource constraints (least memory limit)",
    ),
)


@pytest.mark.infrastructure("resource_limits")
def test_every_container_declares_its_resources(
    mlready: Project, mlready_evidence: Evidence, mlready_manifests: tuple[Path, ...]
) -> None:
    """Memory request and limit, CPU request, and a GPU limit where a GPU is used."""
    from pytest_mlready.manifests import compose_limits, deployed, limits

    mlready_evidence.grade("static")
    found = deployed.read(
        mlready_manifests,
        root=mlready.root,
        workload=mlready.settings.deploy.workload,
        named=bool(mlready.settings.deploy.manifests),
    )
    judged = limits.judge(found.workloads, found.manifests.kubernetes) + compose_limits.judge(found.services)
    schema = found.validate("LimitRange")
    mlready_evidence.record("manifests", found.summary)
    mlready_evidence.record("schema validation", schema.summary)
    for warning in (*found.notes, *judged.warnings):
        mlready_evidence.record("note", warning)
    if not found.workloads and not found.services and not found.problems:
        mlready_evidence.inconclusive(f"no workload was found ({found.summary})")
    mlready_evidence.conclude([*judged.verdicts, *schema.verdicts, *(p.verdict() for p in found.problems)])
