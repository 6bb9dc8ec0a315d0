"""Says in sentences what changed between two reports: terminal, Markdown and `pytest-mlready compare` print them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.comparison import described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMES = {"checklist": "checklist", "ml_test_score": "ML Test Score"}
ARROW = "->"


def lines(compared: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, sentence) of every change, what is worse first; kind is "worse", "better" or "other"."""
    for move in compared["fell"]:
        yield "worse", f"fell      {move['item']}: {_moved(move)}"
    for change in compared["loosened"]:
        why = f" ({change['reason']})" if change["reason"] else " (no reason given)"
        yield ("other" if change["reason"] else "worse"), f"loosened  {described(change)}{why}"
    for metric in compared["metrics"]:
        kind = {True: "better", False: "worse", None: "other"}[metric["better"]]
        unit = f" {metric['unit']}" if metric["unit"] else ""
        yield kind, f"moved     {metric['item']}: {metric['name']} {metric['from']:g} {ARROW} {metric['to']:g}{unit}"
    for move in compared["rose"]:
        yield "better", f"rose      {move['item']}: {_moved(move)}"
    for change in compared["tightened"]:
        yield "other", f"tightened {change['what']}: {_shown(change['from'])} {ARROW} {_shown(change['to'])}"
    for key, word in (("new", "new"), ("gone", "gone")):
        if compared[key]:
            yield "other", f"{word:<9} items: {', '.join(compared[key])}"


def heading(compared: Mapping[str, Any]) -> str:
    """With what was compared, and how the scores moved."""
    with_ = compared["with"]
    commit = f", commit {with_['commit'][:10]}" if with_["commit"] else ""
    parts = [
        f"{NAMES.get(name, name)} {figure(name, a)} {ARROW} {figure(name, b)}"
        for name, (a, b) in compared["scores"].items()
    ]
    return f"since {with_['path'] or 'the earlier report'} ({with_['started']}{commit}): {', '.join(parts)}"


def figure(rubric: str, value: float | None) -> str:
    """A score as it is told."""
    if value is None:
        return "none"
    return share(value) if rubric == "checklist" else f"{value:g}"


def share(value: float) -> str:
    """Rounded down, so that 99.6 % is not told as all."""
    return f"{int(value * 100 + 1e-9)}%"


def _moved(move: Mapping[str, Any]) -> str:
    was, now = (str(move[key]).replace("_", " ") for key in ("was", "is"))
    reason = str(move["reason"]).partition("\n")[0]
    return f"{move['from']:g} {ARROW} {move['to']:g}, {was} {ARROW} {now}" + (f" ({reason})" if reason else "")


def _shown(value: object) -> str:
    return "not set" if value is None else f"{value}"
