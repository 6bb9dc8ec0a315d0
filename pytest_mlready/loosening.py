"""Tells which way a change of what a run is judged by goes, and which changes no reason in the settings explains."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.evidence import plain
from pytest_mlready.yardstick import EXCUSES, EXPECTED, HELDOUT, STARTED, SUBJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Way = Literal["looser", "tighter", "changed"]

ROLES = ("data.group", "data.cluster", "data.id", "data.time")  # with one more is asked, or an interval wider
ADDED = ("subgroups", "side", "rubrics")  # lists whose every entry asks for more
FIRST_ASKS = (STARTED, EXPECTED, HELDOUT, "data.target")  # without them nothing of theirs is judged at all
RISKS = ("minimal", "limited", "high")
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


def changes(
    earlier: Mapping[str, Any], later: Mapping[str, Any], *, unset: Mapping[str, Any] | None = None
) -> Iterator[Change]:
    """What a run is judged by differently, in the order of the keys.

    Args:
        earlier: As `write` gives it.
        later: The same, of a later run.
        unset: As `defaults` gives it: what holds where one of the two does not give an option.
    """
    for what in sorted({*earlier, *later}):
        before, after = earlier.get(what), later.get(what)
        unknown = _is_subject(what) and not (what in earlier and what in later)  # to a report of an older release
        if unknown or _comparable(before) == _comparable(after):
            continue
        default = (unset or {}).get(what)
        was, now = (default if value is None else value for value in (before, after))
        if _comparable(was) == _comparable(now):
            continue
        way = "tighter" if _of_a_new_metric(what, earlier) else _way(what, was, now)
        yield Change(what=what, before=before, after=after, way=way)


def _of_a_new_metric(what: str, earlier: Mapping[str, Any]) -> bool:
    """Whether it is about a metric that nothing was asked of before: whatever it asks is more."""
    metric = what.rpartition(".")[0]
    return what.startswith("metrics.") and not any(key.rpartition(".")[0] == metric for key in earlier)


def _comparable(value: Any) -> Any:
    """Lists here are sets: written in another order they say the same, and an empty one says nothing."""
    return (sorted(map(str, value)) or None) if isinstance(value, list) else value


def _is_subject(what: str) -> bool:
    room, dot, name = what.rpartition(".")
    return what in (STARTED, EXPECTED, HELDOUT) or room == "hooks" or name in SUBJECT.get(room + dot, ())


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
    if name in ADDED:
        return "looser" if earlier - later else "tighter"
    if not earlier or not later:
        return "changed"
    return "looser" if earlier - later else "tighter"


def _by_presence(what: str, before: Any) -> Way:
    """A key that is new or gone. Without some there is a default, and what is set may well be below it."""
    name = _name(what)
    if what.startswith("hooks."):
        return "looser" if before is None else "tighter"
    if what in FIRST_ASKS:
        return "tighter" if before is None else "looser"
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
