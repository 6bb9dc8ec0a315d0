"""Reads a data inventory: which personal data there are, why, on which basis and for how long.

The document, in YAML, JSON or TOML:

    version: 1
    owner: data protection team
    datasets:
      census:
        covers: [train, heldout]        # train, heldout, reference, current, logs, prompts; left out: the four tables
        purpose: estimate of income     # purpose, basis, retention, owner: for all fields that say nothing else
        basis: 6(1)(f)                  # GDPR Art. 6 (1) a to f, or in words: "legitimate interests"
        retention: 2 years
        fields:
          age: { personal: true }
          race: { personal: true, category: special, condition: 9(2)(j) }   # GDPR Art. 9 (2) a to j
          name: { personal: false, why: "the name of a product" }
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.documents import bounded, inventory_mistakes
from pytest_mlready.documents.inventory_mistakes import TABLES
from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

Category = Literal["ordinary", "special", "criminal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of one data set, with what its data set says for all.

    Attributes:
        name: As in the data.
        personal: Whether it is about a person.
        category: "special" as in GDPR Art. 9, "criminal" as in Art. 10.
        purpose, basis, condition, owner: As written; "" where nobody said.
        retention_days: Days after which it is erased; None where nobody said.
        why: Why it is not personal although it looks so.
    """

    name: str
    personal: bool
    category: Category = "ordinary"
    purpose: str = ""
    basis: str = ""
    condition: str = ""
    owner: str = ""
    retention_days: float | None = None
    why: str = ""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What must be said about personal data and is not."""
        if not self.personal:
            return ()
        said: dict[str, Any] = {
            "purpose": self.purpose, "basis": self.basis, "retention": self.retention_days, "owner": self.owner
        }  # fmt: skip
        if self.category == "special":
            said["condition"] = self.condition
        return tuple(key for key, value in said.items() if not value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One data set of the inventory: what it covers, and its fields by name."""

    name: str
    covers: tuple[str, ...]
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A data inventory: where it lies, and its data sets."""

    path: str
    datasets: tuple[Described, ...]

    def covering(self, source: str) -> tuple[Described, ...]:
        """The data sets that describe a source, such as "train" or "logs"."""
        return tuple(dataset for dataset in self.datasets if source in dataset.covers)

    def field(self, source: str, name: str) -> Field | None:
        """What is said about a field of a source; of several, the one that declares it personal."""
        said = [dataset.fields[name] for dataset in self.covering(source) if name in dataset.fields]
        return next((one for one in said if one.personal), said[0] if said else None)


def read(path: Path) -> Inventory:
    """The inventory in a file.

    Raises:
        DataError: it cannot be read, or has mistakes; lists all of them.
    """
    content = bounded.read(path, setting="inventory")
    if found := inventory_mistakes.mistakes(content):
        shown = "; ".join(found[:20]) + (f"; and {len(found) - 20} more" if len(found) > 20 else "")
        raise DataError(f"{path} has {len(found)} mistakes: {shown}")
    datasets = [_described(name, table, content.get("owner", "")) for name, table in content["datasets"].items()]
    return Inventory(path=str(path), datasets=tuple(datasets))


def _described(name: str, table: Mapping[str, Any], owner: str) -> Described:
    covers = table.get("covers", TABLES)
    common = {key: table.get(key) for key in ("purpose", "basis", "condition", "retention")}
    common["owner"] = table.get("owner", owner)
    fields = {key: _field(key, value or {}, common) for key, value in table["fields"].items()}
    return Described(name=name, covers=(covers,) if isinstance(covers, str) else tuple(covers), fields=fields)


def _field(name: str, table: Mapping[str, Any], common: Mapping[str, Any]) -> Field:
    said = {**common, **table}
    special = said.get("category") == "special"
    return Field(
        name=name,
        personal=said["personal"],
        category=said.get("category", "ordinary"),
        purpose=said["purpose"] or "",
        basis=inventory_mistakes.basis(said["basis"]) or "",
        condition=(said["condition"] or "") if special else "",
        owner=said["owner"] or "",
        retention_days=inventory_mistakes.days(said["retention"]),
        why=said.get("why", ""),
    )
