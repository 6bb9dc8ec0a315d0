"""Defines what every form of schema becomes, rules by column, and what they find in a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

    from pytest_mlready.features.schema.cells import Cell

    Given = Callable[[pl.DataFrame], Any]  # a batch as the kind of table that a team's code takes
    Holds = Callable[[Cell], pl.Expr]  # True in each row where a rule holds; made anew for each type of column

LONGEST = 60  # characters of a rule or a value in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One statement about one column.

    Attributes:
        column: Whose values it is about.
        states: The rule in the schema's own words, for messages.
        holds: True in each row where it holds.
        may_fail: Share of rows, or of values, that may break it (`mostly`, `min_fraction`, `min_domain_mass`).
        of: What the share is taken of: all rows, or those whose value is not missing.
    """

    column: str
    states: str
    holds: Holds
    may_fail: float = 0.0
    of: Literal["rows", "values"] = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A construct that was not understood, and is therefore taken for neither kept nor broken.

    Attributes:
        column: The column it is about; "" for the table as a whole.
        what: The construct, as the schema writes it.
    """

    column: str
    what: str

    def __str__(self) -> str:
        return f"{self.column}: {self.what}" if self.column else self.what


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule that a batch breaks.

    Attributes:
        column: The column; "" for the table as a whole.
        states: The rule, in the schema's words.
        rows: Rows that break it; None where it is broken by the table as a whole.
        example: One value that breaks it, shortened.
    """

    column: str
    states: str
    rows: int | None
    example: str = ""

    def __str__(self) -> str:
        where = f"{self.column}: " if self.column else ""
        such = f", such as {self.example}" if self.example else ""
        return f"{where}{self.states}" + ("" if self.rows is None else f" ({count(self.rows, 'row')}{such})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a schema found in a batch.

    Attributes:
        rows: Rows of the batch.
        broken: Rows with at least one breach; all of them where the table as a whole is refused.
        breaches: Every broken rule.
    """

    rows: int
    broken: int
    breaches: tuple[Breach, ...] = ()

    @property
    def share(self) -> float:
        """Share of rows that are refused, 0 to 1."""
        return self.broken / self.rows if self.rows else float(bool(self.breaches))

    def accepted(self, tolerance: float) -> bool:
        """Whether the share of refused rows is at most `tolerance`."""
        return self.share <= tolerance


class Schema(Protocol):
    """A schema of any form."""

    @property
    def form(self) -> str:
        """What it is, in a word for messages."""

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What in it was not understood."""

    @property
    def known(self) -> tuple[str, ...]:
        """The columns or patterns that it has a place for; none where it is code."""

    def about(self, columns: Iterable[str]) -> frozenset[str] | None:
        """Those of the columns that it states something about; None: it is code, and only its answers tell."""

    def names(self, column: str) -> bool:
        """Whether it asks for a column, also where it states nothing about it; code may ask for any."""

    def check(self, frame: pl.DataFrame) -> Checked:
        """Holds every rule against every row."""


def count(number: int, word: str) -> str:
    """A number with its word: "1 row", "1,000 rows"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def shown(value: Any, longest: int = LONGEST) -> str:
    """A rule or a value on one line, shortened."""
    import json

    text = " ".join(json.dumps(value, ensure_ascii=False, default=str).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def listed(parts: Iterable[object], most: int = 8) -> str:
    """The first few of a list, and how many more there are."""
    texts = [str(part) for part in parts]
    return "; ".join(texts[:most]) + (f"; and {len(texts) - most} more" if len(texts) > most else "")


def one_line(reason: object, longest: int = 200) -> str:
    """What an exception or a violation says, on one line, shortened."""
    return " ".join(str(reason).split())[:longest]


def refused(rows: int, breaches: Sequence[Breach]) -> Checked:
    """A batch that code refuses as a whole, where it tells of any breach."""
    return Checked(rows=rows, broken=rows if breaches else 0, breaches=tuple(breaches))
