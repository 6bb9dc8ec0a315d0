"""Asks whether memory, accelerators and queues are watched and alert before they run out."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.resource_utilization",
    title="GPU, memory, queue depth",
    question="Are memory, accelerators and queues watched, with an alert before they run out?",
    why=(
        "A slow leak ends in a container killed at night, again and again. A GPU server looks idle by its CPU while "
        "requests wait in a queue inside it, and latency alerts come only when users already wait. These signals rise "
        "early enough to act, if somebody draws them and sets a line."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: series scraped from the "
        "running service and its exporters, from the families of DCGM, Triton, vLLM, process and queue metrics. It "
        "passes when memory, queue depth and, where there is a GPU, its memory and utilisation are present and at most "
        "5 min old, and alerts exist on memory and on the queue. It fails when a series is missing or stale, or has no "
        "alert. On a CPU-only system the GPU part is not applicable, and saturation (CPU throttling, run queue, busy "
        "workers) takes its place. A scrape that cannot be reached is inconclusive. Rules in files alone are static "
        "evidence."
    ),
    how_to_fix=(
        "Export process memory, requests in flight and the length of the queue from the service; run the exporter of "
        "your accelerator on each node. Alert on memory near its limit and rising, and on queue time against the "
        "objective. Try the alert with a blocked worker. Put the four signals on the dashboard that on-call opens "
        "first."
    ),
    attestation=(
        "Which series are collected and how fresh they are, thresholds with the reason for each, when an alert was "
        "last tried, and what is not watched."
    ),
    lifetime_days=90,
    sources=(
        "Gregg 2020, Systems Performance, the USE method",
        "NVIDIA DCGM Exporter documentation",
        "Beyer et al. 2016, Site Reliability Engineering, Monitoring Distributed Systems",
    ),
)
