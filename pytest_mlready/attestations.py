"""Judges whether a person's word may stand for an item: by whom, until when, about what, and on which document."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready import people

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_mlready.catalog import Item
    from pytest_mlready.settings import Attestation

WARN_DAYS = 30  # an expiry is announced this long ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The model under test, as far as it is known."""

    model_sha256: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An attestation with what speaks against it.

    Attributes:
        problems: Why it does not count; empty means valid.
        days_left: Days until it expires, counted from the date of the run; negative when it has expired.
    """

    item: str
    by: str
    role: str
    approver: str
    on: dt.date
    expires: dt.date
    evidence: str
    problems: tuple[str, ...]
    days_left: int

    @property
    def valid(self) -> bool:
        return not self.problems

    @property
    def expires_soon(self) -> bool:
        return self.valid and self.days_left <= WARN_DAYS


def judge(attestation: Attestation, item: Item, *, root: Path, scope: Scope, today: dt.date) -> Judged:
    """Holds one attestation against the rules of the catalogue.

    Args:
        attestation: As the settings have it.
        item: The item that it is about.
        root: Folder that a local evidence document is relative to.
        scope: The model under test.
        today: Date of the run.
    """
    lifetime = attestation.on + dt.timedelta(days=item.lifetime_days)
    expires = min(attestation.expires, lifetime)
    rules: Sequence[Callable[[], str]] = (
        lambda: _people(attestation),
        lambda: _dates(attestation, item, expires, today),
        lambda: _document(attestation, root),
        lambda: _scope(attestation, item, scope),
        lambda: _conditions(attestation),
    )
    return Judged(
        item=attestation.item,
        by=attestation.by,
        role=attestation.role,
        approver=attestation.approver,
        on=attestation.on,
        expires=expires,
        evidence=attestation.evidence,
        problems=tuple(problem for rule in rules if (problem := rule())),
        days_left=(expires - today).days,
    )


def _people(a: Attestation) -> str:
    if people.same_person(people.without_role(a.by), people.without_role(a.approver)):
        return f"the approver is the author ({a.by}); someone else must approve"
    return ""


def _dates(a: Attestation, item: Item, expires: dt.date, today: dt.date) -> str:
    if a.on > today:
        return f"it is dated {a.on}, which lies in the future"
    if expires < today:
        cut = "" if expires == a.expires else f" (such an attestation holds {item.lifetime_days} days at most)"
        return f"it expired on {expires}{cut}; review the matter again and renew it"
    return ""


def _document(a: Attestation, root: Path) -> str:
    """A local document must be there and be the one that was signed; a link can only be shown."""
    if re.match(r"[a-z][a-z0-9+.-]+://", a.evidence, re.IGNORECASE):
        return ""
    path = root / a.evidence
    try:
        now = digest(path) if path.is_file() else None
    except OSError as error:
        return f"its evidence {a.evidence} cannot be read: {error.strerror}"
    if now is None:
        return f"its evidence {a.evidence} is not there"
    if a.sha256 is None:
        return f'sha256 is missing: state the digest of {a.evidence} that was signed (sha256 = "{now}" today)'
    if now != a.sha256.strip().lower():
        return f"{a.evidence} has changed since it was signed (sha256 differs); review it again and renew"
    return ""


def _scope(a: Attestation, item: Item, scope: Scope) -> str:
    if a.model_sha256 is not None:
        if scope.model_sha256 is None:
            return "it is bound to a model's digest, and this run has no model artifact to compare with"
        if a.model_sha256.strip().lower() != scope.model_sha256:
            return f"it is about the model {a.model_sha256[:12]}…, not the one under test ({scope.model_sha256[:12]}…)"
    if a.versions is not None:
        return _version(a.versions, scope.version)
    if item.about_model and a.model_sha256 is None:
        return "it must say which model it is about: model_sha256, or versions"
    return ""


def _version(wanted: str, version: str | None) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    if version is None:
        return f'it is about versions {wanted}, and the settings do not say the model\'s (version = "…")'
    try:
        inside = SpecifierSet(wanted).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion) as error:
        return f"its range of versions cannot be compared: {error}"
    return "" if inside else f"it is about versions {wanted}, not the model's version {version}"


def _conditions(a: Attestation) -> str:
    return f"open conditions: {'; '.join(a.open_conditions)}" if a.open_conditions else ""


def digest(path: Path) -> str:
    """Sha256 of a document's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
