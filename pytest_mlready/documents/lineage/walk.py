"""Walks from a model back over the runs that made it, to the sources, and notes every gap."""

from __future__ import annotations

import graphlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.documents.lineage.graph import Entity, Run


@dataclass(slots=True, kw_only=True)
class Trace:
    """What a walk met.

    Attributes:
        model: Where it began.
        runs: From the one that wrote the model backwards.
        entities: All data and code on the way, the model not among them.
        ends: Those that no run wrote.
        gaps: Where the chain is broken, a sentence each.
        found: Whether any run wrote the model at all.
    """

    model: Entity
    runs: list[Run] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    ends: list[Entity] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    found: bool = False


class _Index:
    """Which runs wrote what, by digest, by name and version, and by name."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self.by_key: dict[str, list[Run]] = {}
        self.by_name: dict[str, list[tuple[Run, Entity]]] = {}
        for run in runs:
            for entity in run.outputs:
                self.by_name.setdefault(entity.name, []).append((run, entity))
                for key in _keys(entity):
                    self.by_key.setdefault(key, []).append(run)

    def writer(self, entity: Entity) -> Run | None:
        """The run that made it: of several the last, but before others one that ended well and names what it read.

        A run that reads what it writes copied it (registered, uploaded) and tells nothing of where it comes from.
        """
        met = {id(run): run for key in _keys(entity) for run in self.by_key.get(key, ())}
        origins = [run for run in met.values() if not any(entity.same(one) for one in run.inputs)]
        known = origins or list(met.values())
        return max(reversed(known), key=lambda run: (run.state == "complete", bool(run.data)), default=None)

    def other_versions(self, entity: Entity) -> list[tuple[Run, Entity]]:
        return self.by_name.get(entity.name, [])


def walk(runs: Sequence[Run], model: Entity) -> Trace:
    """Goes back from a model, breadth first; every entity and every run is met once, so that a cycle ends it.

    Args:
        runs: All that is on record, later ones last.
        model: Its digests say which; its name is shown.
    """
    index, trace = _Index(runs), Trace(model=model)
    waiting, met, edges = deque([model]), {_key(model): model}, dict[str, set[str]]()
    seen: set[int] = set()
    while waiting:
        entity = waiting.popleft()
        run = index.writer(entity)
        if entity is model:
            trace.found = run is not None
        if run is None:
            if entity is not model:
                _end(trace, index, entity)
            continue
        edges.setdefault(_key(entity), set()).update(_key(one) for one in run.inputs)
        if id(run) not in seen:
            seen.add(id(run))
            trace.runs.append(run)
            trace.gaps += _faults(run)
        for one in run.inputs:
            if _key(one) not in met:
                met[_key(one)] = one
                trace.entities.append(one)
                waiting.append(one)
    trace.gaps += _cycle(edges, met)
    return trace


def _end(trace: Trace, index: _Index, entity: Entity) -> None:
    others = [] if entity.code else index.other_versions(entity)
    if not entity.versioned:
        trace.gaps.append(f"{entity.name} is named without a version or digest")
    elif others:
        run, other = others[-1]
        trace.gaps.append(f"no run wrote {entity}: {run} wrote {other}")
    elif not entity.code:
        trace.ends.append(entity)


def _faults(run: Run) -> list[str]:
    """What is wrong with a run on the way."""
    found = []
    if not run.job or not run.id:
        found.append(f"{run.place}: a run without {'a job' if not run.job else 'an id'}")
    if run.state != "complete":
        found.append(f"{run} {'failed' if run.state == 'failed' else 'has no record of its end'}")
    if not run.data:
        found.append(f"{run} names no data that it read")
    return found


def _cycle(edges: dict[str, set[str]], met: dict[str, Entity]) -> list[str]:
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as error:
        names = [met[key].name for key in error.args[1][:6]]
        return [f"the records go in a circle: {' ← '.join(names)}"]
    return []


def _keys(entity: Entity) -> list[str]:
    """What an entity is found by: its content, or its name with a version."""
    named = [f"{entity.name}\x1f{entity.version}"] if entity.version else []
    return [*sorted(entity.digests), *named]


def _key(entity: Entity) -> str:
    return ",".join(sorted(entity.digests)) or f"{entity.name}\x1f{entity.version}"
