"""Writes down what a run is judged by, key by key, so that a later run can tell whether policy was loosened."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.evidence import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_mlready.catalog import Item
    from pytest_mlready.settings import Settings

Way = Literal["looser", "tighter", "changed"]

TABLES = ("confidence", "metrics", "gate")  # whole tables of the settings that are policy
LIMITS = ("max_size", "max_load_time", "max_memory", "latency")  # keys of [model] that are
# What is measured, on what, and for whom: changed, every limit means something else. Written down when not set, too, so
# that an earlier report which knows nothing of a key is told from settings that had left it out.
SUBJECT = {
    "": ("task", "risk"),
    "model.": ("first_release", "trust", "trusted_types"),
    "data.": ("target", "positive", "subgroups", "group", "cluster", "id", "time", "weight"),
    "deploy.": ("manifests", "staging", "images", "shipped", "workload"),
}
ROLES = ("data.group", "data.cluster", "data.id", "data.time")  # with one more is asked, or an interval wider
HELDOUT = "data.heldout"  # by its digest where it is a file; `comparison` adds it from the provenance
RISKS = ("minimal", "limited", "high")
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
    "period", "groups",
})  # fmt: skip
# The last word of a key says which way is looser; where it does not, any change is a change of policy.
LESS_THAN_IT_SEEMS = re.compile(r"^(max_rows|max_groups|time_budget|budget)$")  # a sample's size, or time to take it in
MORE_IS_LOOSER = re.compile(
    r"(^|_)(max|margin|tolerance|limit|budget|within|dropped|errors|alpha|age|settle|p50|p95|p99|drop|fail|warn|fdr|threshold|"
    r"fresh|first|jaccard|breach|shift|timeout|latency|memory|money|compute|dependencies)(_|$)"
)
LESS_IS_LOOSER = re.compile(
    r"(^|_)(min|power|confidence|repetitions|repeats|calls|share|cover|covered|coverage|least|floor|days|rows|examples|queries|"
    r"requests|factor|rps|levels|mutants|runs|rounds|sample|windows|eps|edits|swaps|normal|seconds|fall)(_|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One key that is judged by differently: "metrics.roc_auc.min" from 0.9 to 0.88."""

    what: str
    before: Any
    after: Any
    way: Way


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
    yield "endpoint.by", started


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


def changes(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[Change]:
    """What a run is judged by differently, in the order of the keys."""
    for what in sorted({*earlier, *later}):
        before, after = earlier.get(what), later.get(what)
        unknown = _is_subject(what) and not (what in earlier and what in later)  # to a report of an older release
        if not unknown and _comparable(before) != _comparable(after):
            yield Change(what=what, before=before, after=after, way=_way(what, before, after))


def _comparable(value: Any) -> Any:
    """Lists here are sets: written in another order they say the same, and an empty one says nothing."""
    return (sorted(map(str, value)) or None) if isinstance(value, list) else value


def _is_subject(what: str) -> bool:
    room, dot, name = what.rpartition(".")
    return what in ("endpoint.by", HELDOUT) or name in SUBJECT.get(room + dot, ())


def _way(what: str, before: Any, after: Any) -> Way:
    room = what.partition(".")[0]
    if room in ("not_applicable", "waivers") or what.endswith(".builtin"):
        gone = after is None or (room == "waivers" and before is not None and str(after) < str(before))
        return "tighter" if gone else "looser"
    if what == "gate.required":
        return "tighter" if all(_within(p, after or ()) for p in before or ()) else "looser"
    if isinstance(before, list) or isinstance(after, list):
        return _by_parts(what, before, after)
    if before is None or after is None:
        return _by_presence(what, before)
    if what in ("gate.accept_attested", "risk"):
        return "looser" if (RISKS.index(after) < RISKS.index(before) if what == "risk" else after) else "tighter"
    return _by_number(_name(what), before, after)


def _name(what: str) -> str:
    """The option's own name of an item's key ("items.monitoring.on_call.levels"), else the last word."""
    return what.split(".")[3] if what.startswith("items.") else what.rpartition(".")[2]


def _within(pattern: str, wider: Iterable[str]) -> bool:
    """Whether a glob over items matches nothing that none of the others does."""
    return any(pattern == w or (not set(w) & set("?[") and fnmatchcase(pattern, w)) for w in wider)


def _by_parts(what: str, before: Any, after: Any) -> Way:
    """Of excuses more is looser; of what is looked at less, and a first list narrows what was found by itself."""
    earlier, later, name = set(map(str, before or ())), set(map(str, after or ())), _name(what)
    if EXCUSES.search(name):
        return "looser" if later - earlier else "tighter"
    if name == "subgroups":
        return "looser" if earlier - later else "tighter"
    if not earlier or not later:
        return "changed"
    return "looser" if earlier - later else "tighter"


def _by_presence(what: str, before: Any) -> Way:
    """A key that is new or gone. Without some there is a default, and what is set may well be below it."""
    name = _name(what)
    if name == "first_release":
        return "looser" if before is None else "tighter"
    stands_in = name in ("margin", "subgroup_min", "subgroup_max")
    if what.startswith("items.") or stands_in or (_is_subject(what) and what not in ROLES):
        return "changed"
    return "tighter" if before is None else "looser"


def _by_number(name: str, before: Any, after: Any) -> Way:
    if isinstance(before, bool) or not isinstance(before, (int, float)) or not isinstance(after, (int, float)):
        return "changed"
    sample = LESS_THAN_IT_SEEMS.search(name)
    for pattern, looser in ((MORE_IS_LOOSER, after > before), (LESS_IS_LOOSER, after < before)):
        if pattern.search(name):
            return "looser" if (looser if not sample else after < before) else "tighter"
    return "changed"


def unexplained(found: Sequence[Change], reasons: Sequence[Mapping[str, Any]]) -> list[Change]:
    """Changes for the looser, or of unknown direction, that no reason in the settings explains.

    Args:
        found: As `changes` gives them.
        reasons: [[tool.mlready.loosened]]: `what`, `reason`, and `to`: the value that the reason is about, so that it
            does not excuse the next change of the same key.
    """
    told = {(r["what"], _text(r.get("to"))) for r in reasons}
    return [
        c
        for c in found
        if c.way != "tighter" and not {(c.what, _text(c.after)), (c.what, "") if _plain_exception(c) else None} & told
    ]


def _plain_exception(change: Change) -> bool:
    """An exception that is declared or not, and has no value for a reason to name; or data that are drawn anew."""
    declared = change.what.startswith("not_applicable.") or change.what.endswith(".builtin")
    return declared or change.what == HELDOUT or change.after in (None, [])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return str(sorted(map(str, value)))
    return repr(float(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(plain(value))
