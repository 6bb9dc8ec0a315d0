"""Judges people's words and waivers as of a day, lists what expires, and holds scores of two days together; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from pytest_mlready import attestations
from pytest_mlready.attestations import WARN_DAYS
from pytest_mlready.tally import Waived

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_mlready.attestations import Judged, Scope
    from pytest_mlready.catalog import Item
    from pytest_mlready.settings import Settings
    from pytest_mlready.tally import Tally


class Words(TypedDict):
    """What people signed and waived, as of one day: two of the facts of a tally."""

    attestations: tuple[Judged, ...]
    waivers: tuple[Waived, ...]


def words(settings: Settings, items: Mapping[str, Item], *, root: Path, scope: Scope, today: dt.date) -> Words:
    """Judges every attestation and waiver of the settings as of `today`."""
    signed = (attestations.judge(a, items[a.item], root=root, scope=scope, today=today) for a in settings.attestations)
    waived = (
        Waived(item=w.item, owner=w.owner, reason=w.reason, expires=w.expires, days_left=(w.expires - today).days)
        for w in settings.waivers
    )
    return Words(attestations=tuple(signed), waivers=tuple(waived))


def expiring(counted: Tally) -> list[dict[str, Any]]:
    """What holds for 30 more days at most, or has expired by the day that is judged by; soonest first."""
    found = [*_attestations(counted), *_waivers(counted)]
    return sorted(found, key=lambda entry: (entry["days_left"], entry["item"]))


def _attestations(counted: Tally) -> Iterator[dict[str, Any]]:
    for item_id, result in counted.results.items():
        renewed = any(a.valid and not a.expires_soon for a in result.attestations)
        for a in result.attestations:
            if a.days_left <= WARN_DAYS and not renewed and (a.valid or _only_expired(a)):
                yield _entry(item_id, "attestation", a.expires, a.days_left, a.by)


def _only_expired(a: Judged) -> bool:
    """Whether time alone ended it: what never held, or was about something else, does not expire."""
    return a.days_left < 0 and len(a.problems) == 1


def _waivers(counted: Tally) -> Iterator[dict[str, Any]]:
    for item_id, result in counted.results.items():
        if result.waiver is not None and result.waiver.days_left <= WARN_DAYS:
            yield _entry(item_id, "waiver", result.waiver.expires, result.waiver.days_left, result.waiver.owner)


def _entry(item: str, kind: str, expires: dt.date, days_left: int, by: str) -> dict[str, Any]:
    return {"item": item, "kind": kind, "expires": expires.isoformat(), "days_left": days_left, "by": by}


def two_days(now: Tally, then: Tally, *, today: dt.date, day: dt.date) -> dict[str, Any]:
    """The scores as of today beside those as of another day, and the items that stand otherwise by then.

    Args:
        now: The tally with what people signed and waived as of today.
        then: The same as of `day`. The outcomes of tests are the same in both: those of a run as of `day`.
        today: The day of the run.
        day: The day that was asked for.
    """
    moved = [
        {
            "item": i, "from": now.results[i].points, "to": result.points,
            "was": now.results[i].status, "is": result.status,
        }
        for i, result in then.results.items()
        if (now.results[i].points, now.results[i].status) != (result.points, result.status)
    ]  # fmt: skip
    return {
        "today": today.isoformat(),
        "day": day.isoformat(),
        "scores": {r: [now.scores[r].value, score.value] for r, score in then.scores.items()},
        "items": moved,
    }
