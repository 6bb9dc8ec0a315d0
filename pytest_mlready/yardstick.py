"""Writes down what a run is judged by, key by key, so that a later run can tell whether policy was loosened."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_mlready.evidence import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_mlready.catalog import Item
    from pytest_mlready.settings import Settings

TABLES = ("confidence", "metrics", "gate")  # whole tables of the settings that are policy
LIMITS = ("max_size", "max_load_time", "max_memory", "latency")  # keys of [model] that are
# What is measured, on what, and for whom: changed, every limit means something else. Written down when not set, too, so
# that an earlier report which knows nothing of a key is told from settings that had left it out.
SUBJECT = {
    "": ("task", "risk", "rubrics"),
    "model.": ("first_release", "trust", "trusted_types"),
    "data.": ("target", "positive", "subgroups", "group", "cluster", "id", "time", "weight"),
    "deploy.": ("manifests", "staging", "images", "shipped", "workload"),
    "endpoint.": ("side",),
}
# Which items the keys of a table are about: the categories in which nothing may have been judged before.
FIRST = {
    "task": ("model_quality", "data"),
    "data": ("model_quality", "data", "monitoring"),
    "model": ("model_quality", "security"),
    "metrics": ("model_quality",),
    "deploy": ("infrastructure", "security"),
    "risk": ("compliance",),
    "hooks": ("model_quality", "data", "monitoring"),
}
HELDOUT = "data.heldout"  # by its digest where it is a file; `comparison` adds it from the provenance
HOOKS = ("load_model", "load_data")  # by which code takes the place of the files; added from the provenance, too
STARTED, EXPECTED = "endpoint.by", "endpoint.expect"  # whether there is a service, and an answer to hold it to
MEASURED = ("number", "fraction", "integer", "duration", "size", "boolean")  # types of options that judge
EXCUSES = re.compile(
    r"allow|ignore|keep|excus|waive|skip|optional|except|public|unlisted|accepted|natural_bounds|elsewhere|trust|"
    r"(^|_)(no|not|cannot|leave|open|own|in)_|^(open|sources|numbers|baseline|append_only|approvals_reset)$"
)
# Options that say what is looked at, or how: with less of it less can be found.
SCOPE = frozenset({
    "must", "protected", "regimes", "roles", "kinds", "slices", "tunables", "columns", "attack_columns", "modules",
    "failure_modes", "triggers", "stages", "relations", "limits", "slice_limits", "contract", "rules", "manifests",
    "subgroups", "required", "staging", "images", "shipped", "invalid", "detector", "control", "counts", "arrivals",
    "period", "groups", "method", "number_method", "category_method",
})  # fmt: skip


def write(settings: Settings, items: Iterable[Item]) -> dict[str, Any]:
    """Every threshold, limit and exception that this run is judged by, flat and as JSON can carry it.

    Keys read as in the settings ("metrics.roc_auc.min", "items.infrastructure.load_test.factor"). Of items' options
    those that the settings give: a default that a release of ours adds or changes is no policy of the project's.
    """
    tables = settings.model_dump(include=set(TABLES), exclude_none=True)
    tables["model"] = settings.model.model_dump(include=set(LIMITS), exclude_none=True)
    tables["endpoint"] = settings.endpoint.model_dump(
        include={"peak_rps", "slo", "start_limit", "stop_limit"}, exclude_none=True
    )
    found = dict(_flat(tables)) | dict(_subject(settings))
    for item in items:
        found |= dict(_options(settings, item))
    found |= {f"items.{i}.builtin": False for i in settings.items if not settings.item(i).builtin}
    found |= {f"not_applicable.{i}": "declared" for i in settings.not_applicable}
    found |= {f"waivers.{w.item}": w.expires.isoformat() for w in settings.waivers}
    return dict(plain(found))


def _subject(settings: Settings) -> Iterator[tuple[str, Any]]:
    for room, names in SUBJECT.items():
        table = getattr(settings, room.rstrip("."), settings)
        for name in names:
            value = getattr(table, name)
            yield f"{room}{name}", _listed(value) if isinstance(value, tuple) else value
    started = "start" if settings.endpoint.start else "url" if settings.endpoint.url else None
    yield STARTED, started
    yield EXPECTED, "given" if settings.endpoint.expect else None


def _options(settings: Settings, item: Item) -> Iterator[tuple[str, Any]]:
    values, given = settings.options(item), settings.items.get(item.id, {})
    for option in item.options:
        name = option.name
        if name not in given or not (option.type in MEASURED or EXCUSES.search(name) or name in SCOPE):
            continue
        value, key = values[name], f"items.{item.id}.{name}"
        if isinstance(value, dict) and not EXCUSES.search(name):
            yield from _flat(value, f"{key}.")
        elif isinstance(value, (dict, tuple)):  # of an excuse the name counts, and not the reason beside it
            yield key, _listed(value)
        elif value is not None:
            yield key, value


def defaults(settings: Settings, items: Iterable[Item]) -> dict[str, Any]:
    """What the options that the settings give would be without them, by the same keys: numbers, times and sizes."""
    found: dict[str, Any] = {}
    for item in items:
        unset = type(settings)().options(item)
        for option in item.options:
            value = unset[option.name]
            if option.name in settings.items.get(item.id, {}) and option.type in MEASURED and value is not None:
                found[f"items.{item.id}.{option.name}"] = value
    return dict(plain(found))


def _listed(values: Iterable[Any]) -> list[str]:
    """Texts in an order of their own: groups of columns as "sex × race", tables as JSON."""
    return sorted(
        json.dumps(plain(v), sort_keys=True)
        if isinstance(v, dict)
        else " × ".join(v)
        if isinstance(v, tuple)
        else str(v)
        for v in values
    )


def _flat(tables: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value
