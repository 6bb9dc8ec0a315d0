"""Asks whether the service holds its objectives at twice the expected peak."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.load.results import Load
    from pytest_mlready.serving.load.sending import Task
    from pytest_mlready.serving.load.verdict import Objectives

PICTURE = 1000  # latencies in the histogram

ITEM = Item(
    id="infrastructure.load_test",
    title="Load test at 2× expected peak",
    question="Does the service hold its latency and error objectives at twice the peak that you expect?",
    why=(
        "Latency rises gently up to saturation and then without limit, so a service that is fine at its usual rate "
        "tells nothing about the next doubling. Launches, retries and a lost zone double the load within seconds. "
        "Closed-loop tools make it look better than it is: they wait for slow answers and so leave out the worst ones."
    ),
    looks_at=(
        "Locust, in a process of its own, sends the good request at 2 × peak_rps, as a Poisson process or equally "
        "spaced, whatever the answers. Latency counts from the intended start; a failed request (no 2xx, an error in "
        "the body, no answer in time, never sent because all connections wait) counts as one that took as long as the "
        "time-out. The warm-up is declared beforehand and left out: 5 s, or a tenth of what is measured where that is "
        "more. It passes when at least 99 % of the rate was sent, and the upper bounds of the error rate "
        "(Clopper–Pearson) and of each percentile in the SLO (order statistics) are within the SLO; failures and slow "
        "requests that come in stretches make all count as fewer (batch means). It fails when the errors or a "
        "percentile as measured miss the SLO, when connections ran out because answers were missing, or when the "
        "service dies. It is inconclusive "
        "when bounds lie across the SLO (it says how many requests would decide), when fewer than 299 independent "
        "requests are to bound p99, when more than 1 % of the sends were more than 10 ms late, when a worker was lost, "
        "and under xdist. Load goes to the service that the run started, to loopback, or to a host that the settings "
        "allow. With `result`, nothing is sent: a file of vegeta (encoded), k6 (JSON or CSV points) or our own "
        "program is judged the same way; there the sends themselves must show a constant rate, so that a closed loop "
        "is told by what it did. Locust's own statistics and summaries without requests are inconclusive."
    ),
    how_to_fix=(
        "State peak_rps and slo in [tool.mlready.endpoint]. Too slow or failing: find what queues (one process for "
        "several cores, a lock, a pool that is too small, a model call in the event loop), add replicas, batch, cap "
        "the queue and refuse early. Generator late: send from other processes or machines (workers, master). Vary the "
        "bodies (payloads), or what is measured is a cache."
    ),
    attestation=(
        "Expected peak and how it was estimated, rate and duration offered and achieved, environment and hardware, "
        "payloads, error rate and p99 with number of requests, arrival model, date and model digest."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Reddi et al. 2020, MLPerf Inference Benchmark (queries needed for a percentile; Poisson arrivals)",
        "Tene, How NOT to Measure Latency (talk on coordinated omission)",
        "Schroeder, Wierman and Harchol-Balter 2006, Open Versus Closed: A Cautionary Tale, NSDI",
        "Hahn and Meeker 1991, Statistical Intervals, section 5.2; Schmeiser 1982, Batch Size Effects, Op. Res. 30:556",
        "Beyer et al. 2016, Site Reliability Engineering, Testing for Reliability",
    ),
    options=(
        Option(name="factor", type="number", default=2.0, doc="Rate over peak_rps; below 2 it is inconclusive."),
        Option(
            name="seconds", type="duration", default=None,
            doc="Time that is measured; by default what the SLO needs to be shown, from 10 s to 120 s.",
        ),
        Option(
            name="warm_up", type="duration", default=None,
            doc="Time before it that does not count; by default 5 s, or a tenth of `seconds` if that is more. "
            "Services that compile while they run, or that scale, need 30 s. In a result file: none.",
        ),
        Option(
            name="timeout", type="duration", default=None,
            doc="Time after which a request has failed; by default 10 s or twice the largest objective.",
        ),
        Option(name="arrivals", type="string", default="poisson", doc='Schedule of the sends: "poisson" or "fixed".'),
        Option(
            name="concurrency", type="integer", default=None,
            doc="Connections open at once; by default what the rate can open within the time-out, at most 1,000.",
        ),
        Option(
            name="workers", type="integer", default=1,
            doc="Processes that send, under Locust's master when more than one.",
        ),
        Option(
            name="master", type="string", default=None,
            doc='"host:port" of `locust_driver.py master`, which hands the load on to `workers` workers elsewhere.',
        ),
        Option(
            name="payloads", type="string", default=None,
            doc="File with one JSON body a line, sent in turn; else held-out rows where the example has a place.",
        ),
        Option(name="result", type="string", default=None, doc="Result file of a load run, instead of a load now."),
        Option(name="max_age", type="duration", default=90 * 86400.0, doc="Age up to which a result file counts."),
    ),
)  # fmt: skip


@pytest.mark.infrastructure("load_test")
def test_load_at_twice_the_peak(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """At twice the peak, errors and latency are within the objectives, with confidence."""
    options = mlready.options(ITEM.id)
    asked = _objectives(mlready, mlready_evidence, options["factor"])
    from pytest_mlready.serving.load import verdict as load_verdict  # only now: without objectives nothing is loaded

    if options["result"]:
        load = _replayed(mlready, mlready_evidence, options)
    else:
        load = _sent(mlready, mlready_evidence, request, options, asked)
    _note(mlready_evidence, load, asked)
    verdicts = load_verdict.judge(load, asked, confidence=mlready.confidence)
    if options["factor"] < 2 and all(verdict.outcome == "passed" for verdict in verdicts):
        mlready_evidence.measure(m for verdict in verdicts for m in verdict.measurements)
        mlready_evidence.inconclusive(f"{options['factor']:g} × the peak was held, and at least 2 × is asked for")
    mlready_evidence.conclude(verdicts)


def _objectives(mlready: Project, evidence: Evidence, factor: float) -> Objectives:
    """What is asked for; without a peak and objectives nothing is sent."""
    table = mlready.settings.endpoint
    latency = {name: getattr(table.slo, name, None) for name in ("p50", "p95", "p99")}
    lines = [] if table.peak_rps is not None else ["peak_rps = 40"]
    if table.slo is None or table.slo.errors is None or not any(latency.values()):
        lines.append('slo = { p99 = "250 ms", errors = 0.001 }')
    if lines or table.slo is None or table.slo.errors is None or table.peak_rps is None:
        evidence.unverified(
            "a peak, and objectives for latency and for errors, are not all stated",
            fix=f"under [tool.mlready.endpoint] write for example: {' and '.join(lines)}",
        )
    from pytest_mlready.serving.load.verdict import Objectives

    return Objectives(rate=factor * table.peak_rps, errors=table.slo.errors, latency=latency)


def _replayed(mlready: Project, evidence: Evidence, options: dict[str, Any]) -> Load:
    """A result file, neither too old nor of another model."""
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.serving.load import results as load_results
    from pytest_mlready.serving.load import task as load_task

    path = mlready.file(options["result"], "the result file")
    evidence.grade("replayed")
    load = load_results.read(path, warm_up=options["warm_up"] or 0.0, timeout=options["timeout"] or load_task.TIMEOUT)
    day = dt.datetime.fromtimestamp(load.started, tz=dt.UTC).date()
    age = (mlready.today - day).days
    evidence.record("age of the result", age, max=options["max_age"] / 86400, unit="d", note=path.name)
    if age < -1:
        raise ReadinessError(f"{path.name} was measured on {day}, which is after today ({mlready.today})")
    if age > options["max_age"] / 86400:
        evidence.inconclusive(
            f"{path.name} is of {day}, {age} days old, and {options['max_age'] / 86400:g} count; run the load again"
        )
    if load.model and mlready.digests.model and load.model != mlready.digests.model:
        evidence.inconclusive(f"{path.name} was measured with another model ({load.model[:12]}…); run the load again")
    return load


def _sent(
    mlready: Project, evidence: Evidence, request: pytest.FixtureRequest, options: dict[str, Any], asked: Objectives
) -> Load:
    """Sends the load now, to where it may go; whatever makes it pointless is told before anything is started."""
    import dataclasses

    from pytest_mlready.serving.load import sending as load
    from pytest_mlready.serving.load import task as load_task

    if busy := mlready.alone:
        evidence.inconclusive(f"{busy}: run pytest --mlready-only without -n")
    address = mlready.plan.url or "http://127.0.0.1"  # where what the run starts listens
    if refused := mlready.plan.refusal(address, changes_state=True):
        evidence.inconclusive(f"no load was sent: {refused}")
    load.require()
    load_task.check(options, address)
    measured = load_task.seconds(options["seconds"], asked, confidence=mlready.confidence)
    payloads = mlready.file(options["payloads"], "the file of payloads") if options["payloads"] else None
    endpoint: Endpoint = request.getfixturevalue("mlready_endpoint").up()
    evidence.grade("live")
    good = _answer(endpoint, evidence)
    task = load_task.task(endpoint, options, asked, measured=measured, good=good, payloads=payloads)
    task = dataclasses.replace(task, seed=mlready.seed(ITEM.id), model=mlready.digests.model)
    evidence.record("different bodies", len(task.bodies), note="sent in turn")
    evidence.record("connections", task.concurrency, note="open at once, at most")
    return _watched(mlready, evidence, endpoint, task)


def _answer(endpoint: Endpoint, evidence: Evidence) -> Any:
    """The value of a good answer, before any load."""
    from pytest_mlready.serving.http import NoAnswerError
    from pytest_mlready.values import Verdict

    try:
        return endpoint.ask().json()
    except NoAnswerError as error:
        evidence.conclude([Verdict(outcome="failed", message=f"before any load, {error}")])
        raise


def _watched(mlready: Project, evidence: Evidence, endpoint: Endpoint, task: Task) -> Load:
    from pytest_mlready.serving.load import sending as load
    from pytest_mlready.values import Verdict

    plan = endpoint.plan
    died, progress = endpoint.obituary, mlready.progress
    try:
        found = load.send(task, credentials=plan.headers(), secrets=plan.secrets, died=died, progress=progress)
    except load.ServiceDiedError as error:
        evidence.conclude([Verdict(outcome="failed", message=str(error))])
        raise
    if obituary := endpoint.obituary(0.5):
        evidence.conclude([Verdict(outcome="failed", message=f"after {task.rate:g} requests a second {obituary}")])
    return found


def _note(evidence: Evidence, load: Load, asked: Objectives) -> None:
    """Notes how the load was sent, and draws latency over its range and over time."""
    import numpy as np

    from pytest_mlready.serving.load import verdict as load_verdict

    evidence.record("load", load.tool, n=len(load), note=f"{load.arrivals} arrivals, {load.workers} processes")
    evidence.record(
        "measured", load.seconds, unit="s", note=f"after a warm-up of {load.warm_up:g} s that does not count"
    )
    for kind, count in load_verdict.kinds(load).items():
        evidence.record(f"requests that ended in: {kind}", count, n=len(load), note=load.examples.get(kind, ""))
    first, second = load_verdict.halves(load)
    change = second / first - 1 if first > 0 else math.nan
    evidence.record("p95, second half against first", change, note=load_verdict.drift(load) or "within 20 %")
    if not len(load):
        return
    values = np.quantile(load.latency, np.linspace(0, 1, min(len(load), PICTURE)), method="inverted_cdf")
    marks = {name: float(np.quantile(load.latency, q)) for name, q in load_verdict.QUANTILES.items()}
    histogram = {"values": values, "unit": "s", "limits": asked.limits, "marks": marks}
    evidence.plot("histogram", title="Latency under load", data=histogram)
    parts = load_verdict.over_time(load)
    time = {"x": parts["at"], "x_unit": "s"}
    evidence.plot(
        "curve", title="p95 during the load", data={**time, "y": parts["p95"], "unit": "s", "limits": asked.limits}
    )
    evidence.plot("curve", title="Rate during the load", data={**time, "y": parts["rate"], "unit": "1/s"})
