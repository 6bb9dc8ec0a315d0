"""Judges a walk: no gap, every end declared as a source, and the data at hand those that the model learned from."""

from __future__ import annotations

import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.documents.lineage.graph import Entity, Run
    from pytest_mlready.documents.lineage.walk import Trace

_LONGEST = 20  # findings that a message lists


def judge(
    trace: Trace, runs: Sequence[Run], *, sources: Sequence[str] = (), at_hand: Mapping[str, str] | None = None
) -> Verdict:
    """Says whether a model is traced to versioned sources without a gap.

    Args:
        trace: The walk from its digest.
        runs: All that is on record, to name what there is when the model is not.
        sources: Names or globs of data at which a chain may end. What a record itself declares external needs none.
        at_hand: sha256 of data files of this project by path; one that the chain names must be the same.
    """
    noted = tuple(_measured(trace))
    if not runs:
        return Verdict(outcome="inconclusive", message="the lineage records hold no run", measurements=noted)
    if not trace.found:
        return Verdict(outcome="failed", message=_not_there(trace.model, runs), measurements=noted)
    undeclared = [end for end in trace.ends if not end.external and not _declared(end, sources)]
    broken = [*trace.gaps, *_other_data(trace, at_hand or {})]
    if sources:
        broken += [f"the chain ends at {end}: no run wrote it, and `sources` does not name it" for end in undeclared]
    if broken:
        told = f"the chain from {trace.model} is broken: {_listed(broken)}"
        step = "Next step: let each job record what it read and wrote, with digests"
        return Verdict(outcome="failed", message=f"{told}. {step}", measurements=noted)
    if undeclared:
        told = f"the chain from {trace.model} ends at {_listed([str(end) for end in undeclared])}, and nothing says"
        step = f"Next step: name them, if so: sources = [{', '.join(_quoted(end.name) for end in undeclared[:5])}]"
        message = f"{told} that these are sources and not what another run made. {step}"
        return Verdict(outcome="inconclusive", message=message, measurements=noted)
    return Verdict(outcome="passed", message=_chain(trace), measurements=noted)


def _not_there(model: Entity, runs: Sequence[Run]) -> str:
    written = [entity for run in runs for entity in run.outputs]
    name = PurePosixPath(model.name).name
    others = [entity for entity in written if PurePosixPath(entity.name).name == name]
    what = (
        f"they are about another model: {others[-1]}" if others else f"they name {_listed([*map(str, written)][-5:])}"
    )
    whole = ", ".join(sorted(model.digests))
    return (
        f"no run in the lineage records wrote {model.name} ({whole}); {what if written else 'no run names an output'}"
    )


def _other_data(trace: Trace, at_hand: Mapping[str, str]) -> Iterator[str]:
    """Data on the way that lie in this project, and are no longer what they were."""
    for path, sha256 in at_hand.items():
        named = [e for e in trace.entities if PurePosixPath(e.name).name == PurePosixPath(path).name]
        stated = [entity for entity in named if any(d.startswith("sha256:") for d in entity.digests)]
        if stated and not any(f"sha256:{sha256}" in entity.digests for entity in stated):
            yield f"{path} is not what the model learned from: it has sha256:{sha256[:16]}…, the record {stated[0]}"


def _declared(end: Entity, sources: Sequence[str]) -> bool:
    names = [end.name, *([end.source] if end.source else [])]
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in sources)


def _chain(trace: Trace) -> str:
    steps = " ← ".join(run.job for run in trace.runs[:8]) + (" ← …" if len(trace.runs) > 8 else "")
    return f"{trace.model} ← {steps} ← {_listed([str(end) for end in trace.ends])}"


def _measured(trace: Trace) -> Iterator[Measurement]:
    yield Measurement(name=f"{trace.model.name}: chain", value=_chain(trace) if trace.found else "none")
    yield Measurement(name=f"{trace.model.name}: gaps", value=len(trace.gaps), max=0, n=len(trace.runs))
    unversioned = sum(not entity.versioned for entity in trace.entities)
    yield Measurement(
        name=f"{trace.model.name}: entities without a version", value=unversioned, max=0, n=len(trace.entities)
    )
    silent = sum(not run.code for run in trace.runs)
    note = "shown, not judged"
    yield Measurement(
        name=f"{trace.model.name}: runs without a code version", value=silent, n=len(trace.runs), note=note
    )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _listed(said: Sequence[str]) -> str:
    return "; ".join(said[:_LONGEST]) + (f"; and {len(said) - _LONGEST} more" if len(said) > _LONGEST else "")
