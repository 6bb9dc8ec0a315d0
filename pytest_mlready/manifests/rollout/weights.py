"""Reads objects that keep the present split alone: KServe, Istio, Gateway API, SMI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests.documents import at, entries
from pytest_mlready.manifests.rollout.ramp import Ramp, share
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.manifests.documents import Document, Steps

MODE = "serving.kserve.io/deploymentMode"
RAW = ("RawDeployment", "Standard", "ModelMesh")
CANARY = re.compile(r"canary|candidate|preview|next|new|green|experiment", re.IGNORECASE)
ROUTES = {"VirtualService": ("http", "tcp", "tls"), "HTTPRoute": ("rules",), "GRPCRoute": ("rules",)}
TOOLS = {"VirtualService": "Istio", "HTTPRoute": "Gateway API", "GRPCRoute": "Gateway API", "TrafficSplit": "SMI"}


def kserve(document: Document) -> Ramp | None:
    """The ramp of an InferenceService with a canary; None where it has none."""
    percent = at(document.content, "spec", "predictor", "canaryTrafficPercent")
    if percent is None:
        return None
    where, found = document.place("spec", "predictor", "canaryTrafficPercent"), share(percent)
    mode = at(document.content, "metadata", "annotations", MODE)
    faults = [f"{MODE} is {mode}, in which KServe ignores canaryTrafficPercent"] if mode in RAW else []
    notes = () if mode else ("canaryTrafficPercent needs KServe's serverless mode; the manifest names no mode",)
    return Ramp(
        tool="KServe", where=where, names=frozenset({document.name}), known=False, faults=tuple(faults), notes=notes,
        steps=() if found is None else (found,), doubts=() if found is not None else (_odd(where, percent),),
    )  # fmt: skip


def routes(document: Document, canary: str | None) -> Iterator[Ramp]:
    """The ramps of an object that routes by weight, one for each rule with several backends.

    Args:
        document: VirtualService, HTTPRoute, GRPCRoute or TrafficSplit.
        canary: Name of the backend or subset of the new version; None: told by its name, else the smaller one.
    """
    for steps, backends in _rules(document):
        if len(backends) < 2:
            continue
        where = document.place("spec", *steps)
        weights = [_weight(document, backend) for _, backend in backends]
        names = [name for name, _ in backends]
        tool = TOOLS[document.kind]
        known = frozenset({document.name, *names, *(n.partition("/")[0] for n in names)})
        if any(weight is None for weight in weights) or not sum(w or 0 for w in weights):
            doubt = _odd(where, [backend.get("weight") for _, backend in backends])
            yield Ramp(tool=tool, where=where, names=known, steps=(), known=False, doubts=(doubt,))
            continue
        plain = [float(w or 0) for w in weights]
        which = _new(names, plain, canary)
        if which is None:
            message = f'{where}: which of {", ".join(names)} is the new version? Next step: canary = "{names[-1]}"'
            doubt = Verdict(outcome="inconclusive", message=message)
            yield Ramp(tool=tool, where=where, names=known, steps=(), known=False, doubts=(doubt,))
            continue
        note = f"{names[which]} is taken for the new version"
        yield Ramp(
            tool=tool, where=where, names=known, steps=(plain[which] / sum(plain),), known=False, notes=(note,)
        )  # fmt: skip


def _rules(document: Document) -> Iterator[tuple[Steps, list[tuple[str, Mapping[str, Any]]]]]:
    """(steps to a rule, its backends by name)."""
    if document.kind == "TrafficSplit":
        found = [(str(b.get("service", "")), b) for _, b in entries(document.content, "spec", "backends")]
        yield ("backends",), found
        return
    for key in ROUTES[document.kind]:
        for index, rule in entries(document.content, "spec", key):
            if key == "rules":
                yield (key, index), [(str(b.get("name", "")), b) for _, b in entries(rule, "backendRefs")]
            else:
                yield (key, index), [(_destination(route), route) for _, route in entries(rule, "route")]


def _destination(route: Mapping[str, Any]) -> str:
    """Host and subset of Istio's destination: "income/canary"."""
    host, subset = at(route, "destination", "host"), at(route, "destination", "subset")
    return f"{host}/{subset}" if subset else str(host)


def _weight(document: Document, backend: Mapping[str, Any]) -> float | None:
    """Its weight; where none is written, 1 in the Gateway API and 0 in Istio, beside others that have one."""
    value = backend.get("weight", 1 if TOOLS[document.kind] == "Gateway API" else 0)
    number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return float(value) if number else None


def _new(names: Sequence[str], weights: Sequence[float], canary: str | None) -> int | None:
    """Which backend has the new version; None where nothing tells."""
    if canary is not None:
        named = [i for i, name in enumerate(names) if canary in (name, *name.split("/"))]
        return named[0] if named else None
    told = [i for i, name in enumerate(names) if CANARY.search(name)]
    if len(told) == 1:
        return told[0]
    if len(names) == 2 and weights[0] != weights[1] and min(weights) > 0:
        return min(range(2), key=lambda i: weights[i])
    return None


def _odd(where: str, value: Any) -> Verdict:
    return Verdict(outcome="inconclusive", message=f"{where}: the weights {str(value)[:80]} are not understood")
