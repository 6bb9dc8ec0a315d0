"""Writes down what a run is judged by, key by key, so that a later run can tell whether policy was loosened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.evidence import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_mlready.catalog import Item
    from pytest_mlready.settings import Settings

Way = Literal["looser", "tighter", "changed"]

TABLES = ("confidence", "metrics", "gate")  # whole tables of the settings that are policy
LIMITS = ("max_size", "max_load_time", "max_memory", "latency")  # keys of [model] that are
MEASURED = ("number", "fraction", "integer", "duration", "size", "boolean")  # types of options that judge
EXCUSES = ("allow", "ignore", "keep", "excus", "waive", "skip", "optional", "except", "public", "unlisted")
# The last word of a key says which way is looser; where it does not, any change is a change of policy.
MORE_IS_LOOSER = re.compile(
    r"(^|_)(max|margin|tolerance|limit|budget|within|dropped|errors|alpha|age|settle|p50|p95|p99|drop|fail|warn|fdr|threshold|"
    r"fresh|first)(_|$)"
)
LESS_IS_LOOSER = re.compile(
    r"(^|_)(min|power|confidence|repetitions|repeats|calls|share|cover|covered|coverage|least|floor|days|rows|examples|queries|"
    r"requests|factor|rps|levels)(_|$)"
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
    tables["endpoint"] = settings.endpoint.model_dump(include={"peak_rps", "slo"}, exclude_none=True)
    found = dict(_flat(tables))
    for item in items:
        values = settings.options(item)
        given = settings.items.get(item.id, {})
        judging = [o.name for o in item.options if o.name in given and (o.type in MEASURED or _excuses(o.name))]
        found |= {f"items.{item.id}.{n}": values[n] for n in judging if values[n] is not None}
    found |= {f"items.{i}.builtin": False for i in settings.items if not settings.item(i).builtin}
    found |= {f"not_applicable.{i}": "declared" for i in settings.not_applicable}
    found |= {f"waivers.{w.item}": w.expires.isoformat() for w in settings.waivers}
    return dict(plain(found))


def _excuses(name: str) -> bool:
    return any(word in name for word in EXCUSES)


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
        if before != after:
            yield Change(what=what, before=before, after=after, way=_way(what, before, after))


def _way(what: str, before: Any, after: Any) -> Way:
    room, last = what.partition(".")[0], what.rpartition(".")[2]
    if room in ("not_applicable", "waivers") or last == "builtin":
        gone = after is None or (room == "waivers" and before is not None and str(after) < str(before))
        return "tighter" if gone else "looser"
    if what == "gate.accept_attested":
        return "looser" if after else "tighter"
    if what == "gate.required":
        return "tighter" if set(before or ()) <= set(after or ()) else "looser"
    if isinstance(before or after, list):
        return (
            ("looser" if set(map(str, after or ())) - set(map(str, before or ())) else "tighter")
            if _excuses(last)
            else "changed"
        )
    if before is None or after is None:
        return "changed" if room == "items" else ("tighter" if before is None else "looser")
    return _by_number(last, before, after)


def _by_number(name: str, before: Any, after: Any) -> Way:
    if isinstance(before, bool) or not isinstance(before, (int, float)) or not isinstance(after, (int, float)):
        return "changed"
    for pattern, looser in ((MORE_IS_LOOSER, after > before), (LESS_IS_LOOSER, after < before)):
        if pattern.search(name):
            return "looser" if looser else "tighter"
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
    """An exception that is declared or not, and has no value for a reason to name."""
    return change.what.startswith("not_applicable.") or change.what.endswith(".builtin") or change.after is None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(plain(value))
