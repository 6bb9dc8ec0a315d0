"""Says in sentences what expires, and how the scores stand by the day that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.reports.changes import NAMES, figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ALIKE = "Ages that checks judge themselves are those of that day in both; --mlready-compare shows a run of today."


def expiring(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(label, sentence) of what holds no more, or soon will not."""
    for entry in document.get("expiring") or ():
        left, what = entry["days_left"], f"{entry['item']}: the {entry['kind']} by {entry['by']}"
        if left < 0:
            yield "expired", f"{what} expired on {entry['expires']}"
        elif left == 0:
            yield "expires soon", f"{what} holds until the end of the day ({entry['expires']})"
        else:
            more = "1 more day" if left == 1 else f"{left} more days"
            yield "expires soon", f"{what} holds {more}, until {entry['expires']}"


def scores(document: Mapping[str, Any]) -> str:
    """Both scores as of today and as of the day asked for, in one sentence; "" where no day was asked for."""
    two = document.get("two_days")
    if not two:
        return ""
    told = ", ".join(
        f"{NAMES.get(rubric, rubric)} {figure(rubric, now)} today, {figure(rubric, then)} then"
        for rubric, (now, then) in two["scores"].items()
    )
    return f"as of {two['day']} instead of {two['today']}: {told or 'no score, since the run is partial'}"


def moved(document: Mapping[str, Any], *, most: int) -> Iterator[str]:
    """A sentence for each item that stands otherwise by then, at most so many."""
    moves = document.get("two_days", {}).get("items", ())
    for move in moves[:most]:
        was, now = (str(move[key]).replace("_", " ") for key in ("was", "is"))
        points = (
            f"{move['from']:g} and {move['to']:g}" if move["from"] != move["to"] else f"{move['to']:g} on both days"
        )
        yield f"{move['item']}: {was} today, {now} then (points: {points})"
    if len(moves) > most:
        yield f"… and {len(moves) - most} more items"
