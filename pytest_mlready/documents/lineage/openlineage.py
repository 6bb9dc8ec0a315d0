"""Reads OpenLineage run events: all events of one run become one run.

The specification has a facet for a version (`version.datasetVersion`) and none for a digest; a facet of any name that
states `sha256`, `md5`, `digest`, `checksum` or `hash` is read as one. A job's `sourceCodeLocation` names its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents.lineage import graph
from pytest_mlready.documents.lineage.graph import Entity, Run, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DIGEST_KEYS = ("sha256", "md5", "digest", "checksum", "hash")
_ENDS: dict[str, State] = {"COMPLETE": "complete", "FAIL": "failed", "ABORT": "failed"}


def is_event(value: object) -> bool:
    """Whether a value is a run event; job events and dataset events tell of no run."""
    return isinstance(value, Mapping) and all(isinstance(value.get(key), Mapping) for key in ("job", "run"))


def runs(events: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Run]:
    """The runs that events tell of, in the order in which they ended.

    Args:
        events: Place and content of each.
    """
    together: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for place, event in events:
        run_id = _text(event["run"].get("runId"))
        key = run_id or place  # without an id nothing says which events belong together
        told = together.pop(key, [])
        told.append((place, event))
        together[key] = told  # at the end again: later runs last
    return [_run(told) for told in together.values()]


def _run(told: list[tuple[str, Mapping[str, Any]]]) -> Run:
    events = [event for _, event in told]
    state: State = "open"
    for event in events:
        state = _ENDS.get(_text(event.get("eventType")).upper(), state)
    first = events[0]
    return Run(
        job=_text(first["job"].get("name")),
        id=_text(first["run"].get("runId")),
        state=state,
        place=told[-1][0],
        inputs=graph.merged(entity for event in events for entity in _entities(event.get("inputs"))),
        outputs=graph.merged(entity for event in events for entity in _entities(event.get("outputs"))),
        code=next((code for event in events if (code := _code(event["job"]))), ""),
    )


def _entities(listed: Any) -> Iterator[Entity]:
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and _text(one.get("name")):
            yield _entity(one)


def _entity(one: Mapping[str, Any]) -> Entity:
    facets = [facet for key in ("facets", "inputFacets", "outputFacets") for facet in _tables(one.get(key))]
    stated = [facet[key] for facet in facets for key in _DIGEST_KEYS if key in facet]
    version = next((_text(facet["datasetVersion"]) for facet in facets if facet.get("datasetVersion")), "")
    digests = frozenset(d for text in (*stated, version) for d in graph.content(text))
    where = next((_text(facet.get("uri")) for facet in facets if facet.get("uri")), "")
    namespace, name = _text(one.get("namespace")), _text(one["name"])
    shown = name if namespace in ("", "file") else f"{namespace.rstrip('/')}/{name}"
    return Entity(name=shown, digests=digests, version="" if graph.content(version) else version, source=where)


def _code(job: Mapping[str, Any]) -> str:
    facets = job.get("facets")
    location = facets.get("sourceCodeLocation") if isinstance(facets, Mapping) else None
    if not isinstance(location, Mapping):
        return ""
    return next((_text(location[key]) for key in ("version", "tag") if location.get(key)), "")


def _tables(facets: Any) -> list[Mapping[str, Any]]:
    return [facet for facet in facets.values() if isinstance(facet, Mapping)] if isinstance(facets, Mapping) else []


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""
