"""Asks whether every container declares what it needs and what it may take."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the manifests as rendered, or "
        "the compose file, read for every container including sidecars and init containers. It passes when each has a "
        "memory request and a memory limit and a CPU request, and a GPU limit where a GPU is used. It fails when one "
        "is missing. A missing CPU limit is a warning only, because a CPU limit throttles bursts and many operators "
        "leave it out on purpose. Templates that are not rendered, or a file that cannot be parsed, are inconclusive. "
        "Peak memory that was measured below the limit is the stronger evidence."
    ),
    how_to_fix=(
        "Measure peak memory while loading and at the largest batch, and set the limit with a margin above that. Set "
        "the memory request equal to the limit for the serving container. Set the CPU request to what a loaded replica "
        "uses, and make thread counts of the numeric libraries fit it. Render Helm or Kustomize in CI and check the "
        "result."
    ),
    attestation=(
        "Each container with its requests and limits, the peak that was measured and under which load, and which "
        "limits were left out on purpose and why."
    ),
    sources=(
        "Kubernetes documentation, Resource Management for Pods and Containers",
        "Kubernetes documentation, Pod Quality of Service Classes",
    ),
)
