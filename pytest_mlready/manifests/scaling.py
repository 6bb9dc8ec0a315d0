"""Judges whether manifests let the serving workload grow: range, target, and a base for what is scaled on."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pytest_mlready.errors import near
from pytest_mlready.manifests import hpa, keda, quantities, resources, serverless, targets
from pytest_mlready.manifests.documents import Judgement, at, failed, shown
from pytest_mlready.manifests.scalers import UNLIMITED
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.manifests.scalers import Bound, Metric, Scaler
    from pytest_mlready.manifests.workloads import Container, Workload


def judge(
    workloads: Sequence[Workload],
    documents: Sequence[Document],
    *,
    least: int = 2,
    name: str | None = None,
    complete: bool = True,
) -> Judgement:
    """Findings over the serving workload and what scales it.

    Args:
        workloads: All that run pods.
        documents: All documents: scalers and the defaults of namespaces are among them.
        least: Least number of replicas that the minimum must have.
        name: The serving workload. None: the only one, or those that something scales.
        complete: Whether every document could be read; a workload that is missing may otherwise be in the rest.
    """
    ranges = resources.limit_ranges(documents)
    found = (*hpa.find(documents), *keda.find(documents), *serverless.find(workloads))
    pairs = [(s, s.workload or targets.resolve(*s.target, s.document.namespace, workloads, s.document)) for s in found]
    chosen, warnings = _chosen(workloads, [w for _, w in pairs if w is not None], name)
    verdicts = [v for workload in chosen for v in _scaled(workload, pairs)]
    aimless = [_no_target(scaler, workloads, complete) for scaler, workload in pairs if workload is None]
    if name is None or verdicts:
        verdicts += aimless
    else:
        warnings += [verdict.message for verdict in aimless]
    for scaler, workload in pairs:
        if workload in chosen:
            verdicts += _scaler(scaler, workload, ranges, least)
            warnings += scaler.warnings
            warnings += [
                f"{scaler.document.where}: whether {m.title} has a working source, no manifest tells"
                for m in scaler.metrics
                if not m.resource and scaler.workload is None
            ]
    if chosen and not verdicts:
        verdicts = [_passed(scaler) for scaler, workload in pairs if workload in chosen]
    return Judgement(verdicts=tuple(verdicts), warnings=tuple(warnings))


def _chosen(
    workloads: Sequence[Workload], scaled: Sequence[Workload], name: str | None
) -> tuple[list[Workload], list[str]]:
    """The workloads that must scale, and the reason where it was not said which."""
    candidates = targets.serving(workloads, name)
    if len({w.document.where for w in candidates}) <= 1:
        return list(candidates), []
    taken = [w for w in candidates if w in scaled]
    if not taken:
        return list(candidates), []
    names = ", ".join(dict.fromkeys(w.title for w in taken))
    return taken, [f"{names} taken for what serves, being scaled; deploy.workload would say so"]


def _scaled(workload: Workload, pairs: Sequence[tuple[Scaler, Workload | None]]) -> Iterator[Verdict]:
    """A workload is scaled by exactly one scaler."""
    own = [scaler for scaler, target in pairs if target is workload]
    if not own:
        what = "a DaemonSet has one pod a node" if workload.kind == "DaemonSet" else "nothing scales it"
        vertical = " (a VerticalPodAutoscaler adds no replicas)" if workload.kind == "Deployment" else ""
        expected = "a HorizontalPodAutoscaler, a KEDA ScaledObject or a Knative or KServe service whose target it is"
        yield failed(workload.where, what, expected + vertical)
    if len(own) > 1:
        names = " and ".join(scaler.document.where for scaler in own)
        yield failed(workload.where, f"scaled by {names}, which work against each other", "one scaler")


def _no_target(scaler: Scaler, workloads: Sequence[Workload], complete: bool) -> Verdict:  # noqa: FBT001
    """The workload that is named does not exist: nothing will ever be scaled."""
    kind, name = scaler.target
    known = {w.name: w for w in workloads}
    hint = near(name, known)
    other = known.get(name)
    if other is not None and other.kind != kind:
        hint = f"; there is a {other.kind} of this name"
    elif other is not None:
        hint = f"; the one of this name is in namespace {other.document.namespace}"
    place = scaler.document.place("spec", "scaleTargetRef")
    if not complete:
        return Verdict(outcome="inconclusive", message=f'{place}: {kind} "{name}" may be in what could not be read')
    return failed(
        place, f'scaleTargetRef names {kind} "{name}", which is not in these manifests{hint}', "a workload of them"
    )


def _scaler(scaler: Scaler, workload: Workload, ranges: Sequence[Document], least: int) -> Iterator[Verdict]:
    yield from _range(scaler, least)
    if at(workload.document.content, "spec", "replicas") == 0 and scaler.workload is None:
        place = workload.document.place("spec", "replicas")
        yield failed(
            place, "replicas is 0, and from 0 no HorizontalPodAutoscaler adds any", "replicas left out, or 1 or more"
        )
    for fault in scaler.faults:
        yield failed(scaler.document.place(*fault.steps), fault.found, fault.expected)
    for metric in scaler.metrics:
        yield from _metric(scaler, metric, workload, ranges)
    for text in scaler.unknown:
        yield Verdict(outcome="inconclusive", message=f"{scaler.document.where}: {text}; set it")
    one, other = scaler.document.namespace, workload.document.namespace
    if (one is None) != (other is None):
        message = (
            f"{scaler.document.where} and {workload.where}: only one names its namespace ({one or other}); name both"
        )
        yield Verdict(outcome="inconclusive", message=message)


def _range(scaler: Scaler, least: int) -> Iterator[Verdict]:
    low, high = scaler.minimum, scaler.maximum
    for bound in (low, high):
        if bound.value is None:
            yield failed(_place(scaler, bound), bound.written, "a whole number")
    if low.value is not None and low.value < least:
        expected = f"at least {least}: with fewer, one pod or node that goes takes the service with it"
        yield failed(_place(scaler, low), low.written, expected)
    if low.value is not None and high.value is not None and high.value <= low.value:
        yield failed(
            _place(scaler, high), high.written, f"more than {low.field} ({low.value:g}), so that there is room to grow"
        )


def _place(scaler: Scaler, bound: Bound) -> str:
    return scaler.document.place(*bound.steps)


def _metric(scaler: Scaler, metric: Metric, workload: Workload, ranges: Sequence[Document]) -> Iterator[Verdict]:
    """A share of the request needs a request on every container that is counted, and must be possible to exceed."""
    place = scaler.document.place(*metric.steps)
    if metric.mistake:
        yield failed(place, metric.mistake, "a metric that says what it follows and how far")
    if metric.mistake or not metric.utilization:
        return
    percent = _percent(metric.target)
    if percent is None:
        yield failed(
            place, f"the target of {metric.title} is {shown(metric.target)}", "a whole number of per cent above 0"
        )
        return
    counted = [c for c in workload.containers if c.runs_on and metric.container in (None, c.name)]
    if not counted:
        names = [c.name for c in workload.containers]
        yield failed(
            place,
            f'no container "{metric.container}" in {workload.title}{near(str(metric.container), names)}',
            "one of them",
        )
        return
    without = [c for c in counted if not _has_request(workload, c, metric.resource, ranges)]
    for container in without:
        there = workload.document.place(*container.steps, "resources")
        found = (
            f"{container.title} has no {metric.resource} request, and {scaler.document.title} scales on {metric.title}"
        )
        yield failed(
            there, found, f"resources.requests.{metric.resource} on every container; without it nothing is scaled"
        )
    if not without:
        yield from _reachable(place, metric, percent, [resources.effective(workload, c, ranges) for c in counted])


def _percent(target: object) -> Decimal | None:
    try:
        value = quantities.parse(target)
    except ValueError:
        return None
    return value if value > 0 and value == int(value) else None


def _has_request(workload: Workload, container: Container, name: str, ranges: Sequence[Document]) -> bool:
    request = resources.effective(workload, container, ranges).requests.get(name)
    return request is not None and request.amount is not None and request.amount > 0


def _reachable(place: str, metric: Metric, percent: Decimal, found: Sequence[resources.Resources]) -> Iterator[Verdict]:
    """Limits cap what can be used: a target at or above limit over request is never exceeded."""
    limits = [f.limits.get(metric.resource) for f in found]
    requested = sum((f.requests[metric.resource].amount or Decimal(0) for f in found), Decimal(0))
    if any(limit is None or limit.amount is None for limit in limits):
        return
    most = sum((limit.amount or Decimal(0) for limit in limits if limit), Decimal(0)) / requested * 100
    if percent >= most:
        found_text = f"the target is {percent:g} % of the {metric.resource} request, and the limits allow {most:.0f} %"
        yield failed(place, found_text, "a target that use can exceed, such as 70 %")


def _passed(scaler: Scaler) -> Verdict:
    low, high = scaler.minimum.value, scaler.maximum.value
    most = "unlimited" if high == UNLIMITED else f"{high:g}"
    follows = ", ".join(m.title for m in scaler.metrics)
    measured = (
        Measurement(name=f"least replicas of {scaler.target[1]}", value=f"{low:g}"),
        Measurement(name=f"most replicas of {scaler.target[1]}", value=most),
        Measurement(name=f"{scaler.target[1]} scales on", value=follows),
    )
    message = f"{scaler.document.where}: from {low:g} to {most} replicas by {follows}"
    return Verdict(outcome="passed", message=message, measurements=measured)
