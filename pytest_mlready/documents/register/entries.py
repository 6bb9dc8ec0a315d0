"""Reads a register: for each legal regime whether it applies, why, who decided so and when, and the evidence.

The document, in YAML, JSON or TOML:

    version: 1
    purpose: what the system is for, on whom, and where
    regimes:
      eu-ai-act:
        applies: true
        class: high                      # one of the regime's
        roles: [provider]                # of the regime's; left out: all
        purposes: [annex-iii-5b]         # of Annex III; [] for none
        excluded: { annex-iii-4: why it only sounds like it }
        reason: why it applies, and why with this class
        decided_by: name, role
        date: 2026-11-24
        duties:
          art-9: { evidence: docs/risks.md#process, sha256: "…", owner: … }
          art-49: { applies: false, reason: … }
      gdpr: { applies: false, reason: …, decided_by: …, date: … }
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - a field's type
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import bounded
from pytest_mlready.documents.register import mistakes
from pytest_mlready.documents.register.forms import date, texts
from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.documents.register.regime import Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a register says about one duty: documents with their digests, or why it does not apply."""

    applies: bool = True
    reason: str = ""
    evidence: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a register says about one regime.

    Attributes:
        calls: The class that it was put in; "" where it has none.
        roles: Of those who are responsible; () for all.
        purposes: Uses that call for a class, by id; None where nothing is said of them.
        excluded: Reason by purpose, for those that it only sounds like.
        answers: By duty.
    """

    regime: str
    applies: bool
    reason: str
    decided_by: str
    on: dt.date
    calls: str = ""
    roles: tuple[str, ...] = ()
    purposes: tuple[str, ...] | None = None
    excluded: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register: what the system is for, and a decision by regime."""

    path: str
    purpose: str
    decisions: Mapping[str, Decision]


def names(path: Path) -> tuple[str, ...]:
    """The regimes that a register has an entry for.

    Raises:
        DataError: it cannot be read.
    """
    content = bounded.read(path, setting="register")
    listed = content.get("regimes") if isinstance(content, Mapping) else None
    return tuple(map(str, listed)) if isinstance(listed, Mapping) else ()


def read(path: Path, regimes: Mapping[str, Regime]) -> Register:
    """The register in a file.

    Args:
        path: The file.
        regimes: What is known of each regime, by id.

    Raises:
        DataError: it cannot be read, or has mistakes; lists all of them.
    """
    content = bounded.read(path, setting="register")
    if found := mistakes.find(content, regimes):
        told = "; ".join(found[:20]) + (f"; and {len(found) - 20} more" if len(found) > 20 else "")
        raise DataError(f"{path} has {len(found)} mistakes: {told}")
    decisions = {name: _decision(name, table) for name, table in content["regimes"].items()}
    return Register(path=path.name, purpose=content["purpose"], decisions=decisions)


def _decision(name: str, table: Mapping[str, Any]) -> Decision:
    on = date(table["date"])
    assert on is not None, "mistakes.find has looked"
    return Decision(
        regime=name,
        applies=table["applies"],
        reason=table["reason"],
        decided_by=table["decided_by"],
        on=on,
        calls=table.get("class", ""),
        roles=texts(table.get("roles")),
        purposes=texts(table["purposes"]) if "purposes" in table else None,
        excluded=table.get("excluded", {}),
        answers={duty: _answer(one) for duty, one in table.get("duties", {}).items()},
    )


def _answer(table: Mapping[str, Any]) -> Answer:
    return Answer(
        applies=table.get("applies", True),
        reason=table.get("reason", ""),
        evidence=texts(table.get("evidence")),
        sha256=texts(table.get("sha256")),
    )
