"""Reads what each input of a model costs, and adds it up as one request meets it.

The document, in YAML, JSON or TOML:

    version: 1
    currency: EUR per 1,000 predictions   # the unit of money; needed where any money is spent
    defaults: { owner: risk team, basis: estimated, source: request }   # owner, basis, record, source, dependencies
    sources:
      profile store: { fetch: together }  # one call brings all its inputs: the slowest counts; "each": they add up
    features:
      age:
        latency: 0 ms                     # what it adds to one request, at the percentile that the budget is for
        memory: 2 kB                      # what the service holds for it
        money: 0                          # in the currency; or compute: 1 ms of processor time a request; or both
        dependencies: [questionnaire]     # systems that must be up, or must be fresh
        owner: onboarding team
        source: profile store
        basis: measured                   # or estimated
        record: traces/2026-11.json       # the file that shows a measured figure
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.errors import DataError
from pytest_mlready.features import cost_mistakes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Kind = Literal["latency", "memory", "money", "compute"]
KINDS: tuple[Kind, ...] = ("latency", "memory", "money", "compute")
UNITS: dict[str, str] = {"latency": "s", "memory": "bytes", "money": "", "compute": "s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one input costs.

    Attributes:
        name: Of the input.
        latency: Seconds that it adds to a request.
        memory: Bytes that the service holds for it.
        money: In the manifest's currency; None where only compute is stated.
        compute: Seconds of processor time a request; None where only money is stated.
        dependencies: Systems that it needs.
        owner: Who answers for it.
        source: Where it is fetched from; inputs of one source may come in one call.
        measured: Whether the figures were measured; otherwise they are estimates.
        record: File that shows measured figures; "" for estimates.
    """

    name: str
    latency: float
    memory: float
    money: float | None
    compute: float | None
    dependencies: tuple[str, ...]
    owner: str
    source: str
    measured: bool
    record: str

    @property
    def costs(self) -> bool:
        """Whether any of it is above 0."""
        return any(self.of(kind) > 0 for kind in KINDS)

    def of(self, kind: Kind) -> float:
        return getattr(self, kind) or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What all inputs cost.

    Attributes:
        costs: By input.
        together: Sources that bring all their inputs in one call.
        currency: Unit of money; "" where none is spent.
    """

    costs: Mapping[str, Cost]
    together: frozenset[str]
    currency: str

    @property
    def records(self) -> tuple[str, ...]:
        """The files that show measured figures, each once."""
        return tuple(dict.fromkeys(cost.record for cost in self.costs.values() if cost.measured))


def manifest(content: Any, *, seconds: Callable[[Any], float], size: Callable[[Any], int]) -> Manifest:
    """The manifest in a document.

    Args:
        content: The document as plain values.
        seconds: Reads a duration ("2 ms", or a number of seconds); raises ValueError with what it expected.
        size: Reads a size ("2 kB", or a number of bytes); raises ValueError with what it expected.

    Raises:
        DataError: it has mistakes; lists all of them.
    """
    found = cost_mistakes.mistakes(content, seconds=seconds, size=size)
    if found:
        shown = "; ".join(found[:20]) + (f"; and {len(found) - 20} more" if len(found) > 20 else "")
        raise DataError(f"the cost manifest has {len(found)} mistake{'s' * (len(found) > 1)}: {shown}")
    defaults, sources = content.get("defaults") or {}, content.get("sources") or {}
    costs = {name: _cost(name, {**defaults, **entry}, seconds, size) for name, entry in content["features"].items()}
    together = frozenset(name for name, table in sources.items() if table["fetch"] == "together")
    return Manifest(costs=costs, together=together, currency=str(content.get("currency") or ""))


def total(
    costs: Sequence[Cost], kind: Kind, *, together: frozenset[str] = frozenset(), parallel: bool = False
) -> float:
    """What some inputs cost together, in seconds, bytes or money.

    Latency: the inputs of one source add up, or the slowest counts where one call brings them together; sources add up,
    or the slowest counts where they are asked at the same time. All else adds up. A sum of percentiles is no percentile
    of the sum; for parts that do not slow down together it is above it.
    """
    if kind != "latency":
        return sum(cost.of(kind) for cost in costs)
    sources = latencies(costs, together=together).values()
    return max(sources, default=0.0) if parallel else sum(sources)


def latencies(costs: Sequence[Cost], *, together: frozenset[str]) -> dict[str, float]:
    """Seconds by source."""
    by_source: dict[str, list[float]] = {}
    for cost in costs:
        by_source.setdefault(cost.source, []).append(cost.latency)
    return {name: max(parts) if name in together else sum(parts) for name, parts in by_source.items()}


def _cost(name: str, said: Mapping[str, Any], seconds: Callable[[Any], float], size: Callable[[Any], int]) -> Cost:
    measured = said["basis"] == "measured"
    return Cost(
        name=name,
        latency=seconds(said["latency"]),
        memory=float(size(said["memory"])),
        money=float(said["money"]) if "money" in said else None,
        compute=seconds(said["compute"]) if "compute" in said else None,
        dependencies=tuple(said["dependencies"]),
        owner=said["owner"],
        source=said["source"],
        measured=measured,
        record=said["record"] if measured else "",
    )
