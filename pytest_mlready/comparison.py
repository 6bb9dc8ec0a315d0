"""Compares two reports: items that rose and fell, metrics beyond noise, and policy that was loosened; pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready import loosening, yardstick
from pytest_mlready.errors import ReadinessError
from pytest_mlready.reports import reading
from pytest_mlready.reports.document import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KEYS = ("items", "scores", "provenance")


def read(path: Path) -> dict[str, Any]:
    """A JSON report of any run, partial ones too.

    Raises:
        ReadinessError: It is not there, too large, or no report of this schema.
    """
    report = reading.content(path)
    version = report.get("schema_version") if isinstance(report, dict) else None
    if version != SCHEMA_VERSION or not all(isinstance(report.get(key), dict) for key in KEYS):
        raise ReadinessError(
            f"{path.name} is no report of pytest --mlready (schema_version {version})",
            expected=f"schema_version {SCHEMA_VERSION}, as --mlready-report=….json writes it",
        )
    check(report, path.name)
    return dict(report)


def check(report: Mapping[str, Any], path: str) -> None:
    """Looks up all that a later comparison with the report will.

    Raises:
        ReadinessError: Something is missing or of another kind: better known before a run than at its end.
    """
    compare(report, report, path=path)
    for item_id, item in report["items"].items():
        points = item["points"]
        if isinstance(points, bool) or not isinstance(points, (int, float)) or not isinstance(item.get("status"), str):
            raise ReadinessError(f"{path}: {item_id} has no status and points", expected="a report, unchanged")


def compare(earlier: Mapping[str, Any], later: Mapping[str, Any], *, path: str = "") -> dict[str, Any]:
    """What changed from one report to a later one, as plain data.

    Args:
        earlier: A report.
        later: Another, of the same system.
        path: Where the earlier one lies, for the reader.

    Raises:
        ReadinessError: A report lacks what a comparison looks up.
    """
    try:
        return _compared(earlier, later, path)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise ReadinessError(
            f"{path or 'a report'} lacks what a comparison looks up ({type(error).__name__}: {error})",
            expected="a report as pytest --mlready writes it, unchanged",
        ) from None


def _compared(earlier: Mapping[str, Any], later: Mapping[str, Any], path: str) -> dict[str, Any]:
    before, after = earlier["items"], later["items"]
    both = [item for item in after if item in before]
    moved = [_move(item, before[item], after[item]) for item in both if before[item]["points"] != after[item]["points"]]
    unset = {**earlier.get("defaults", {}), **later.get("defaults", {})}
    judged = loosening.changes(_yardstick(earlier), _yardstick(later), unset=unset)
    found = [c for c in judged if not _first_use(c, before)]
    silent = loosening.unexplained(found, later.get("loosened", ()))
    return {
        "with": {"path": path, "started": earlier["provenance"]["started"], "commit": earlier["provenance"]["commit"]},
        "scores": dict(_scores(earlier, later)),
        "rose": [m for m in moved if m["to"] > m["from"]],
        "fell": [m for m in moved if m["to"] < m["from"]],
        "new": [item for item in after if item not in before],
        "gone": [item for item in before if item not in after],
        "metrics": [m for item in both for m in _metrics(item, before[item], after[item])],
        "loosened": [_loosened(c, later, told=c not in silent) for c in found if c.way != "tighter"]
        + [_replaced(i, before[i], after[i], later) for i in both if _lost(before[i], after[i]) and not _off(i, later)],
        "tightened": [{"what": c.what, "from": c.before, "to": c.after} for c in found if c.way == "tighter"],
        "policy_known": "judged_by" in earlier,
    }


def _yardstick(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a report was judged by, with what an option of pytest's put in the place of settings, and the data."""
    judged = dict(report.get("judged_by", {}))
    if "policy" in report and (least := report["policy"]["min_score"]) is not None:
        judged["gate.min_score"] = least
    data = report["provenance"].get("data_sha256", {})
    if "heldout" in data:
        judged[yardstick.HELDOUT] = data["heldout"] or report.get("subject", {}).get("heldout")
    if "hooks" in report["provenance"]:
        given = {hook.partition(" ")[0] for hook in report["provenance"]["hooks"]}
        judged |= {f"hooks.{name}": "given" if name in given else None for name in yardstick.HOOKS}
    return judged


def _first_use(change: loosening.Change, before: Mapping[str, Any]) -> bool:
    """Whether a key is set where nothing that it is about was judged yet: nothing can be looser than that."""
    if change.before not in (None, []) or change.what.endswith(".builtin"):
        return False
    room, _, rest = change.what.partition(".")
    if room == "items":
        about = [before[item]] if (item := ".".join(rest.split(".")[:2])) in before else []
    elif room in yardstick.FIRST:
        about = [item for item in before.values() if item["category"] in yardstick.FIRST[room]]
    else:
        return False
    return all(item.get("underlying", item["status"]) in ("unverified", "not_applicable") for item in about)


def _off(item: str, later: Mapping[str, Any]) -> bool:
    """Whether the settings switch the item's built-in checks off, which is told as a change of its own."""
    return f"items.{item}.builtin" in later.get("judged_by", {})


def _move(item: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "item": item, "from": before["points"], "to": after["points"],
        "was": before["status"], "is": after["status"], "reason": after["reason"],
    }  # fmt: skip


def _scores(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[tuple[str, list[float | None]]]:
    for rubric in later["scores"]:
        pair = [report["scores"].get(rubric) for report in (earlier, later)]
        yield rubric, [None if s is None else float(s.get("fraction", s.get("score", 0.0))) for s in pair]


def _metrics(item: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Measurements with intervals that do not touch; the same name of the same test."""
    old = {(test["id"], entry["name"]): entry for test in before["tests"] for entry in test["evidence"]}
    for test in after["tests"]:
        for entry in test["evidence"]:
            was = old.get((test["id"], entry["name"]))
            if was and _beyond_noise(was, entry):
                yield {
                    "item": item, "name": entry["name"], "from": was["value"], "to": entry["value"],
                    "unit": entry.get("unit", ""), "interval_from": was["interval"], "interval_to": entry["interval"],
                    "better": _better(was, entry),
                }  # fmt: skip


def _beyond_noise(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether each value lies outside the other's interval, on the side where that has a bound."""
    values = (was["value"], now["value"])
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        return False
    if "interval" not in was or "interval" not in now:
        return False
    return _outside(now["value"], was["interval"]) and _outside(was["value"], now["interval"])


def _outside(value: float, interval: list[Any]) -> bool:
    low, high = (b if isinstance(b, (int, float)) else None for b in interval)
    return (low is not None and value < low) or (high is not None and value > high)


def _better(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool | None:
    """Whether the change is for the better, where the limits tell which way that is."""
    floor, ceiling = "min" in now, "max" in now
    if floor == ceiling:
        return None
    return bool((now["value"] > was["value"]) == floor)


def _loosened(change: loosening.Change, later: Mapping[str, Any], *, told: bool) -> dict[str, Any]:
    reasons = [r["reason"] for r in later.get("loosened", ()) if r["what"] == change.what]
    return {"what": change.what, "from": change.before, "to": change.after, "reason": reasons[-1] if told else ""}


def _lost(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether built-in checks that ran before are gone while the item still has tests: somebody replaced them."""
    return bool(_builtin(before) - _builtin(after)) and bool(after["tests"]) and after["status"] != "not_applicable"


def _builtin(item: Mapping[str, Any]) -> set[str]:
    return {test["id"] for test in item["tests"] if test["builtin"]}


def _replaced(
    item: str, before: Mapping[str, Any], after: Mapping[str, Any], later: Mapping[str, Any]
) -> dict[str, Any]:
    what = f"checks.{item}"
    reasons = [r["reason"] for r in later.get("loosened", ()) if r["what"] == what]
    gone = sorted(test.rpartition("::")[2] for test in _builtin(before) - _builtin(after))
    now = sorted(test["id"] for test in after["tests"])
    return {"what": what, "from": gone, "to": now, "reason": reasons[-1] if reasons else ""}


def shortfalls(compared: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each change of policy that needs a reason and has none."""
    if not compared["policy_known"]:
        yield f"{compared['with']['path']} does not say what it was judged by; write it anew by a whole run"
        return
    for change in compared["loosened"]:
        if not change["reason"]:
            yield f"{described(change)}, and nothing says why; next step: {fix(change)}"


def described(change: Mapping[str, Any]) -> str:
    """What was loosened, as a clause: "metrics.roc_auc.min was loosened from 0.9 to 0.88"."""
    what, before, after = change["what"], change["from"], change["to"]
    room, _, rest = what.partition(".")
    declared = {
        "not_applicable": f"{rest} was declared not applicable",
        "hooks": f"a hook of the project's now hands over what is tested ({rest})",
    }
    if room in declared and after is not None:
        return declared[room]
    if room == "waivers":
        return (
            f"{rest} was waived until {after}" if before is None else f"the waiver of {rest} was prolonged to {after}"
        )
    if room == "checks":
        return f"built-in checks of {rest} were replaced ({', '.join(map(str, before))})"
    if what.endswith(".builtin"):
        return f"the built-in checks of {rest.removesuffix('.builtin')} were switched off"
    if after is None:
        return f"{what} = {before} was taken away"
    return f"{what} was set to {after}" if before is None else f"{what} was changed from {before} to {after}"


def fix(change: Mapping[str, Any]) -> str:
    """The lines that give a reason."""
    what, to = change["what"], change["to"]
    nameless = what.startswith(("not_applicable.", "checks.")) or what.endswith(".builtin") or to in (None, [])
    value = "" if nameless else f" to = {json.dumps(to, ensure_ascii=False)}"
    return f'[[tool.mlready.loosened]] what = "{what}"{value} reason = "…"'
