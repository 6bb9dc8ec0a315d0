"""Tells how items stand: counts of a category, a reason for each item, and items that share one; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COUNTED = ("verified", "attested", "failed", "error", "not_run", "inconclusive", "waived", "not_applicable")


def counts(items: Sequence[Mapping[str, Any]]) -> str:
    """Reads like "5 verified, 1 failed"; the unverified are the rest, and named only where there is nothing else."""
    many = {status: sum(i["status"] == status for i in items) for status in COUNTED}
    return ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in many.items() if n) or "all unverified"


def by_reason(items: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Reason -> the items that have it, in the order of the items.

    One cause (a model file that is not there, a file that cannot be collected) ends many items in the same words: they
    are told together. Items without a reason stand alone, each under its own id.
    """
    groups: dict[str, list[str]] = {}
    for item_id, item in items.items():
        groups.setdefault(reason(item) or item_id, []).append(item_id)
    return groups


def reason(item: Mapping[str, Any]) -> str:
    """Why an item stands as it does: what its tests said; where a person's doing decides, whose and until when."""
    if item["reason"]:
        return str(item["reason"])
    if item["waiver"] and item["waiver"]["valid"]:
        waiver = item["waiver"]
        return f"waived by {waiver['owner']} until {waiver['expires']}: {waiver['reason']}"
    valid = [a for a in item["attestations"] if a["valid"]]
    return f"by {valid[0]['by']} ({valid[0]['role']}) until {valid[0]['expires']}" if valid else ""


def waivers(document: Mapping[str, Any]) -> Iterator[str]:
    """Waivers in force: whose, and why."""
    for item_id, item in document["items"].items():
        waiver = item["waiver"]
        if waiver and item["status"] == "waived":
            yield f"waiver         {item_id}: {waiver['owner']}, {waiver['days_left']} days left: {waiver['reason']}"
