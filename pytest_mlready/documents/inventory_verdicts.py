"""Holds what a scan found against the data inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_mlready.errors import near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.documents.inventory import Field, Inventory

LEAST_ROWS = 300  # rule of three: what stands in 1 % of the rows is met in 300 with 95 % confidence
_LONGEST = 20  # findings that a message lists


class Found(Protocol):
    """Personal data in one column, as a scan reports them."""

    @property
    def column(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def n(self) -> int: ...
    @property
    def share(self) -> float: ...


class Scan(Protocol):
    """What one source holds, as a scan reports it."""

    @property
    def source(self) -> str: ...
    @property
    def found(self) -> Sequence[Found]: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def bound(self) -> float: ...
    @property
    def presidio(self) -> bool: ...


def judge_entries(inventory: Inventory) -> Verdict:
    """Every field that is declared personal has a purpose, a basis, a retention period, an owner."""
    personal = [(d.name, f) for d in inventory.datasets for f in d.fields.values() if f.personal]
    lacking = [f"{name}.{field.name} lacks {', '.join(field.lacks)}" for name, field in personal if field.lacks]
    noted = (
        Measurement(name="fields declared personal", value=len(personal)),
        Measurement(name="of these, special categories", value=sum(f.category == "special" for _, f in personal)),
        Measurement(name="personal fields whose entry is not whole", value=len(lacking), max=0, n=len(personal)),
    )
    if lacking:
        expected = "purpose, basis (GDPR Art. 6), retention and owner, and for special categories condition (Art. 9)"
        told = f"{inventory.path}: {_listed(lacking)}. Expected: {expected}, of the field or of its data set"
        return Verdict(outcome="failed", message=told, measurements=noted)
    return Verdict(outcome="passed", message=f"{len(personal)} personal fields are whole", measurements=noted)


def judge_scan(
    inventory: Inventory | None, scan: Scan, *, least_rows: int = LEAST_ROWS, max_share: float = 0.0
) -> Verdict:
    """Says whether a source holds personal data that nobody declared.

    Args:
        inventory: None when there is none: then data that name or describe a person fail, and columns that may do so
            (age, sex, occupation) cannot be told.
        scan: What was found.
        least_rows: Rows below which nothing found means nothing.
        max_share: Share of a column's values, 0 to 1, that may hold personal data without a declaration.
    """
    counted = [f for f in scan.found if f.by == "name" or f.share > max_share]
    wrong = list(_undeclared(inventory, scan, counted))
    noted = _measured(inventory, scan, counted, wrong)
    if wrong and (inventory is not None or any(f.by == "content" or f.group != "quasi" for f in counted)):
        return Verdict(outcome="failed", message=_told(inventory, scan, wrong), measurements=noted)
    if wrong:
        may = f"{scan.source} may describe people, and there is no data inventory to say so"
        return Verdict(outcome="inconclusive", message=f"{may}: {_told(None, scan, wrong)}", measurements=noted)
    least = max(1, least_rows)
    if scan.rows < least:
        looked = f", and {scan.rows:,} were looked at" if scan.rows < scan.total else ""
        told = (
            f"{scan.source} has {scan.total:,} rows{looked}, in which nothing undeclared was found; to meet what "
            f"stands in {3 / least:.2g} of the rows takes {least:,} (rule of three)"
        )
        return Verdict(outcome="inconclusive", message=told, measurements=noted)
    told = f"{scan.source}: {scan.rows:,} of {scan.total:,} rows hold no undeclared personal data of the known kinds"
    return Verdict(outcome="passed", message=told, measurements=noted)


def _undeclared(inventory: Inventory | None, scan: Scan, found: Sequence[Found]) -> Iterator[tuple[Found, str]]:
    """Each finding that the inventory does not account for, with why."""
    for one in found:
        field = inventory.field(scan.source, one.column) if inventory else None
        if field is None:
            if not any(f.column == one.column and f.by == "content" and one.by == "name" for f in found):
                yield one, "is not declared" + _near(inventory, scan, one)
        elif why := _contradiction(field, one):
            yield one, why


def _near(inventory: Inventory | None, scan: Scan, one: Found) -> str:
    covering = inventory.covering(scan.source) if inventory else ()
    if inventory and not covering:
        return f" (no data set of the inventory covers {scan.source})"
    stale = [name for dataset in covering for name in dataset.fields if name not in scan.columns]
    return near(one.column, stale)


def _contradiction(field: Field, one: Found) -> str:
    """Why an entry does not fit what was found; empty when it does."""
    if not field.personal:
        if one.by == "content":
            return "is declared not personal"
        return "" if field.why else "is declared not personal without saying why"
    expected = "criminal" if one.kind == "criminal record" else one.group
    if one.group == "special" and field.category != expected:
        article = "10" if expected == "criminal" else "9"
        return f"is declared {field.category}; it is of the category {expected} (GDPR Art. {article})"
    return ""


def _told(inventory: Inventory | None, scan: Scan, wrong: Sequence[tuple[Found, str]]) -> str:
    told = f"{scan.source}: " + _listed([f"{one.column} ({_seen(one)}) {why}" for one, why in wrong])
    entries = list(dict.fromkeys(_entry(one) for one, why in wrong if why.startswith("is not declared")))
    if not entries:
        return told
    where = inventory.path if inventory else 'a file, and name that: inventory = "…" in [tool.mlready.data]'
    begin = [] if inventory else ["version: 1", "owner: …"]
    dataset = [f"    covers: [{scan.source}]", "    purpose: …", "    basis: …", "    retention: …", "    fields:"]
    lines = [*begin, "datasets:", "  NAME:", *dataset, *(f"      {entry}" for entry in entries[:_LONGEST])]
    return f"{told}\nTake it out of the data, or declare it in {where}\n  " + "\n  ".join(lines)


def _seen(one: Found) -> str:
    return f"{one.kind}, by its name" if one.by == "name" else f"{one.kind}, in {one.count:,} of {one.n:,} values"


def _entry(one: Found) -> str:
    category = "criminal" if one.kind == "criminal record" else one.group
    special = f", category: {category}" if category in ("special", "criminal") else ""
    condition = ', condition: "9(2)(…)"' if category == "special" else ""
    return f'"{one.column}": {{ personal: true{special}{condition} }}'


def _measured(
    inventory: Inventory | None, scan: Scan, found: Sequence[Found], wrong: Sequence[tuple[Found, str]]
) -> tuple[Measurement, ...]:
    by = "names, patterns and checksums" + (", and Presidio's recognisers" if scan.presidio else "")
    declared = {name for d in (inventory.covering(scan.source) if inventory else ()) for name in d.fields}
    gone = sorted(declared - set(scan.columns))
    return (
        Measurement(name=f"{scan.source}: rows looked at", value=scan.rows, n=scan.total, note=by),
        Measurement(name=f"{scan.source}: columns", value=len(scan.columns)),
        Measurement(
            name=f"{scan.source}: columns with personal data",
            value=", ".join(dict.fromkeys(f.column for f in found)) or "none",
        ),
        Measurement(name=f"{scan.source}: undeclared", value=len({one.column for one, _ in wrong}), max=0),
        Measurement(
            name=f"{scan.source}: share of rows that may have been missed", value=scan.bound, note="95 %, rule of three"
        ),
        *([Measurement(name=f"{scan.source}: declared, and not there", value=", ".join(gone))] if gone else []),
    )


def _listed(said: Sequence[str]) -> str:
    return "; ".join(said[:_LONGEST]) + (f"; and {len(said) - _LONGEST} more" if len(said) > _LONGEST else "")
