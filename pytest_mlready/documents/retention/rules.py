"""Holds the data inventory's periods against the data sets that there are, and against the age of their records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from pytest_mlready.documents.inventory import Field, Inventory
    from pytest_mlready.documents.retention.ages import Ages

_LONGEST = 20  # findings that a message lists


def personal(inventory: Inventory, source: str) -> tuple[Field, ...]:
    """The fields of a source that the inventory declares personal."""
    return tuple(f for dataset in inventory.covering(source) for f in dataset.fields.values() if f.personal)


def period(inventory: Inventory, source: str) -> float | None:
    """Days after which a source's records are erased: the shortest period of its personal fields."""
    stated = [field.retention_days for field in personal(inventory, source) if field.retention_days]
    return min(stated, default=None)


def judge_rules(inventory: Inventory, sources: Sequence[str]) -> Verdict:
    """Every data set has an entry in the inventory, and every personal field in it a period.

    Args:
        inventory: The data inventory.
        sources: Names of the data sets and stores that there are.
    """
    wrong = [f"no data set of the inventory covers {s}" for s in sources if not inventory.covering(s)]
    for dataset in inventory.datasets:
        open_ones = [f.name for f in dataset.fields.values() if f.personal and not f.retention_days]
        if open_ones:
            wrong.append(f"{dataset.name} has no retention for {_listed(open_ones)}")
    rules = [
        Measurement(name=f"{source}: retention", value=days, unit="days")
        for source in sources
        if (days := period(inventory, source)) is not None
    ]
    noted = (Measurement(name="data sets without a rule", value=len(wrong), max=0, n=len(sources)), *rules)
    if wrong:
        step = "Next step: give each data set a period (retention) and a job that deletes"
        message = f"{inventory.path}: {_listed(wrong)}. {step}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    return Verdict(outcome="passed", message=f"{len(sources)} data sets have a rule", measurements=noted)


def judge_age(source: str, ages: Ages, days: float, *, today: dt.date) -> Verdict:
    """The oldest record is no older than its rule allows.

    Args:
        source: Name of the data set.
        ages: Of its records.
        days: The rule's period.
        today: Date of the run.
    """
    if ages.oldest is None or ages.newest is None:
        told = f"{source}: none of {ages.n:,} records has a time that can be read"
        return Verdict(outcome="inconclusive", message=told)
    old = (today - ages.oldest).days
    noted = (
        Measurement(name=f"{source}: age of the oldest record", value=old, max=days, unit="days", n=ages.n),
        Measurement(name=f"{source}: records without a time", value=ages.untimed, n=ages.n),
    )
    if old > days:
        step = "Next step: delete what is older, also from snapshots and backups, or correct the rule"
        message = f"{source} holds records of {ages.oldest}, {old:,} days old; the rule is {days:,.0f}. {step}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    if ages.untimed:
        told = f"{source}: {ages.untimed:,} of {ages.n:,} records have no time that can be read, so no age"
        return Verdict(outcome="inconclusive", message=told, measurements=noted)
    if (ages.newest - today).days > 1:  # clocks and zones differ
        told = f"{source}: records of {ages.newest} lie in the future; is this the time of collection, in this unit?"
        return Verdict(outcome="inconclusive", message=told, measurements=noted)
    message = f"{source}: the oldest record is {old:,} days old, the rule is {days:,.0f}"
    return Verdict(outcome="passed", message=message, measurements=noted)


def judge_since(source: str, since: dt.date, days: float, *, today: dt.date) -> Verdict:
    """The same for a data set without times, from the day that the settings state."""
    old = (today - since).days
    name = f"{source}: days since the period began"
    noted = (Measurement(name=name, value=old, max=days, unit="days", note="stated in the settings, not read"),)
    if old < 0:
        told = f"{source}: its period begins on {since}, which lies in the future"
        return Verdict(outcome="inconclusive", message=told, measurements=noted)
    if old > days:
        message = f"{source}: its period of {days:,.0f} days began on {since}, {old:,} days ago. Next step: delete it"
        return Verdict(outcome="failed", message=message, measurements=noted)
    message = f"{source}: {old:,} of {days:,.0f} days since {since}, which the settings state"
    return Verdict(outcome="passed", message=message, measurements=noted)


def _listed(said: Sequence[str]) -> str:
    return "; ".join(said[:_LONGEST]) + (f"; and {len(said) - _LONGEST} more" if len(said) > _LONGEST else "")
