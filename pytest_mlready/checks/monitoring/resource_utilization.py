"""Asks whether memory, accelerators and queues are watched and alert before they run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import alerting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.manifests.deployed import Deployed
    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.values import Verdict

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
        "The live page of metrics, further pages that pages names, and the alert rules. Memory: a gauge of the process "
        "(as every client library of Prometheus exposes) must be there as a number; an alert on it, or on cAdvisor's, "
        "is evaluated by promtool at 98 % of the limit (memory_limit, else the serving workload's limit in the "
        "manifests, else model.max_memory), where it must fire, and at what the service takes now, where it must be "
        "silent: a limit in megabytes where the series has bytes fails. Queue: a gauge of requests that wait or are "
        "under way must be there; its alert must fire when as many wait as the service takes (queue_limit, else ten "
        "times what is under way when each request takes the objective of its tail at the peak) and be silent when "
        "none waits. On systems without a GPU that is the saturation which stands for it. GPU: asked for by gpu = "
        "true, or found in the manifests; then series of DCGM, Triton or the like must be there on one of the pages, "
        "with an alert that reads one of them; otherwise that part is not applicable. A series whose own time is more "
        "than 5 min back is stale and fails. Each alert needs a severity and a link to a runbook. Without a limit to "
        "build the breach from, without promtool, and with queries that are not understood it is inconclusive. A "
        "running Prometheus is asked as well where one is named."
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
    options=(
        *alerting.SHARED,
        Option(name="memory", type="strings", default=(), doc="Gauges of memory; found by name when left out."),
        Option(name="memory_limit", type="size", default=None, doc="Memory that the service may take."),
        Option(name="queue", type="strings", default=(), doc="Gauges of waiting or running requests; found by name."),
        Option(name="queue_limit", type="number", default=None, doc="Requests that may wait before more are refused."),
        Option(
            name="gpu", type="boolean", default=None,
            doc="Whether the service uses a GPU; found in the manifests when left out.",
        ),
        Option(
            name="fresh", type="duration", default=300.0,
            doc="Greatest age of a series; Prometheus itself forgets one after five minutes.",
        ),
    ),
)  # fmt: skip


@pytest.mark.monitoring("resource_utilization")
def test_memory_is_watched(mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint) -> None:
    """Memory is exposed, and an alert fires before the limit."""
    from pytest_mlready.manifests.rules import levels

    options = mlready.options(ITEM.id)
    exposed = _exposed(mlready, mlready_endpoint)
    rules = alerting.rules(mlready, mlready_evidence, options)
    names = options["memory"] or levels.named(exposed, levels.MEMORY, levels.NO_MEMORY)
    verdicts = [*_there(mlready, exposed, names, "memory"), *alerting.sound(rules, mlready_evidence)]
    limit = options["memory_limit"] or _limit(mlready)
    if limit is None:
        mlready_evidence.inconclusive(
            'no memory limit is known, so that no breach can be made. Next step: memory_limit = "1 GB" in the item\'s '
            "settings, or a limit in the manifests"
        )
    mlready_evidence.record("memory limit", limit, unit="bytes")
    wider, breach = levels.memory(exposed, rules, float(limit), options["memory"])
    verdicts += levels.alerts(rules, breach, alerting.promise(mlready), alerting.setting(options, wider))
    mlready_evidence.conclude([*verdicts, *alerting.live(options, mlready_endpoint, names, options["fresh"])])


@pytest.mark.monitoring("resource_utilization")
def test_the_queue_is_watched(mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint) -> None:
    """Waiting or running requests are exposed, and an alert fires when the service is saturated."""
    from pytest_mlready.manifests.rules import levels

    options, promise = mlready.options(ITEM.id), alerting.promise(mlready)
    exposed = _exposed(mlready, mlready_endpoint)
    rules = alerting.rules(mlready, mlready_evidence, options)
    names = options["queue"] or levels.named(exposed, levels.QUEUE, levels.GPU)
    verdicts = [*_there(mlready, exposed, names, "the queue"), *alerting.sound(rules, mlready_evidence)]
    if names:
        breach = levels.queue(promise, names, options["queue_limit"])
        verdicts += levels.alerts(rules, breach, promise, alerting.setting(options, exposed))
    mlready_evidence.conclude([*verdicts, *alerting.live(options, mlready_endpoint, names, options["fresh"])])


@pytest.mark.monitoring("resource_utilization")
def test_the_gpu_is_watched(mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint) -> None:
    """Where a GPU is used, its memory and use are exposed and an alert reads them."""
    from pytest_mlready.manifests import hardware
    from pytest_mlready.manifests.rules import levels

    options, deployed = mlready.options(ITEM.id), _deployed(mlready)
    used = options["gpu"]
    if used is None:
        used = deployed is not None and hardware.asks_for_gpu(deployed)
    if not used and (options["gpu"] is False or deployed is not None):
        why = "the settings say so" if options["gpu"] is False else "no container in the manifests asks for one"
        mlready_evidence.not_applicable(f"no GPU: {why}")
    if not used:
        mlready_evidence.unverified(
            "whether the service uses a GPU is not known: there are no manifests",
            fix=f'[tool.mlready.items."{ITEM.id}"] gpu = false (or true)',
        )
    exposed = _exposed(mlready, mlready_endpoint)
    rules = alerting.rules(mlready, mlready_evidence, options)
    names = levels.named(exposed, levels.GPU)
    verdicts = _there(mlready, exposed, names, "the GPU")
    mlready_evidence.conclude([*verdicts, *levels.read_by_an_alert(rules, names, "the GPU")])


def _exposed(mlready: Project, endpoint: Endpoint) -> Exposed:
    options = mlready.options(ITEM.id)
    return alerting.exposed(mlready, options, alerting.asked(endpoint, options["metrics"]), endpoint)


def _there(mlready: Project, exposed: Exposed, names: Sequence[str], what: str) -> list[Verdict]:
    """Whether these series are on the page, as numbers, and fresh."""
    import time

    from pytest_mlready.manifests.rules import levels
    from pytest_mlready.serving import metrics
    from pytest_mlready.values import Verdict

    old = metrics.stale(exposed.samples, names, now=time.time(), most=mlready.options(ITEM.id)["fresh"])
    return [*levels.shown(exposed, names, what), *(Verdict(outcome="failed", message=one) for one in old)]


def _deployed(mlready: Project) -> Deployed | None:
    """What the manifests deploy; None where there are none."""
    from pytest_mlready.manifests import deployed

    table = mlready.settings.deploy
    found = mlready.discovered
    paths = (
        mlready.files(table.manifests, "the manifest")
        if table.manifests
        else tuple(mlready.root / place for place in (*found.manifests, *found.compose))
    )
    read = deployed.read(paths, root=mlready.root, workload=table.workload, named=bool(table.manifests))
    return read if read.manifests.documents else None


def _limit(mlready: Project) -> float | None:
    """What the serving workload may take, else what the settings allow the model."""
    from pytest_mlready.manifests import hardware

    deployed = _deployed(mlready)
    declared = hardware.memory_limit(deployed, mlready.settings.deploy.workload) if deployed is not None else None
    return declared if declared is not None else mlready.settings.model.max_memory
