"""Writes a person's word into the settings file, bound to the digests of its document and of the model it is about."""

from __future__ import annotations

import datetime as dt
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready import attestations, settings, settings_file
from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.settings import Attestation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Item
    from pytest_mlready.settings import Loaded

URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
ORDER = (
    "item",
    "by",
    "role",
    "approver",
    "on",
    "expires",
    "statement",
    "evidence",
    "sha256",
    "model_sha256",
    "versions",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody says.

    Attributes:
        item: Id of the item.
        by: Who says so.
        role: In which role.
        approver: Who approved it: someone else.
        on: When it is said.
        expires: Last day on which it holds.
        evidence: The document, relative to the current folder, or a link.
        statement: What is stated.
        versions: Range of model versions that it is about, instead of the very model.
    """

    item: str
    by: str
    role: str
    approver: str
    on: dt.date
    expires: dt.date
    evidence: str
    statement: str | None = None
    versions: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written, and where; `renewed`: in the place of an earlier word for the same item."""

    path: Path
    entry: dict[str, Any]
    renewed: bool


def attest(word: Word, *, config: Path | None, items: Mapping[str, Item], today: dt.date) -> Written:
    """Adds an attestation to the settings file, or renews the one that stands there; comments stay.

    Args:
        word: What is said.
        config: The settings file; None: the nearest upward.
        items: The catalogue, by id.
        today: Date by which it must be valid.

    Raises:
        ReadinessError: There is no such item, settings file or document, or the attestation would not be valid.
    """
    if word.item not in items:
        raise ReadinessError(
            f'there is no item "{word.item}"{near(word.item, items)}', fix="`pytest-mlready explain` lists them all"
        )
    path = config or settings_file.find(Path.cwd())
    if path is None:
        raise ReadinessError("there is no settings file here or above", fix="pytest-mlready init")
    loaded = settings.load(path, items=items)
    entry = _entry(word, items[word.item], loaded)
    _refuse_invalid(entry, items[word.item], loaded, today)
    source = settings_file.read(path)
    text, renewed = _edited(source.text, source.prefix, entry)
    _write(source, text, entry)
    return Written(path=source.path, entry=entry, renewed=renewed)


def _entry(word: Word, item: Item, loaded: Loaded) -> dict[str, Any]:
    """The keys of [[tool.mlready.attestations]]; digests are computed here and nowhere typed."""
    values: dict[str, Any] = {key: getattr(word, key) for key in ORDER if hasattr(word, key)}
    if not URL.match(word.evidence):
        values |= _document(word.evidence, loaded.root)
    if item.about_model and word.versions is None:
        values["model_sha256"] = _model(item, loaded)
    return {key: values[key] for key in ORDER if values.get(key) is not None}


def _document(evidence: str, root: Path) -> dict[str, str]:
    path = settings_file.absolute(Path(evidence))
    if not path.is_file():
        there = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise ReadinessError(f"the evidence {evidence} is not a file{near(path.name, there)}", expected="a document")
    try:
        return {"evidence": Path(os.path.relpath(path, root)).as_posix(), "sha256": attestations.digest(path)}
    except OSError as error:
        raise ReadinessError(f"the evidence {evidence} cannot be read: {error.strerror}") from None


def _model(item: Item, loaded: Loaded) -> str:
    from pytest_mlready import provenance

    found = provenance.digests(loaded.settings, loaded.root).model
    if found is None:
        raise ReadinessError(
            f"{item.id} is about the model, and the settings name no model file to bind it to",
            fix='[tool.mlready.model] path = "…", or --versions ">=2,<3"',
        )
    return found


def _refuse_invalid(entry: Mapping[str, Any], item: Item, loaded: Loaded, today: dt.date) -> None:
    """What the tally would not accept is not written."""
    longest = entry["on"] + dt.timedelta(days=item.lifetime_days)
    if entry["expires"] > longest:
        raise ReadinessError(
            f"--expires {entry['expires']} is too late: such an attestation holds {item.lifetime_days} days at most",
            expected=f"{longest} or earlier",
        )
    try:
        attestation = Attestation.model_validate(entry)
    except ValueError as error:
        raise ReadinessError(f"the attestation is not valid: {error}") from None
    scope = attestations.Scope(model_sha256=entry.get("model_sha256"), version=loaded.settings.version)
    judged = attestations.judge(attestation, item, root=loaded.root, scope=scope, today=today)
    if judged.problems:
        raise ReadinessError(f"the attestation would not be valid: {'; '.join(judged.problems)}")


def _edited(text: str, prefix: tuple[str, ...], entry: Mapping[str, Any]) -> tuple[str, bool]:
    """The file's text with the entry in it, and whether it took the place of an earlier one."""
    import tomlkit
    from tomlkit.items import AoT, Array

    document = tomlkit.parse(text)
    table: Any = document
    for key in prefix:
        table = table[key]
    listed = table.get("attestations")
    if listed is None:
        listed = table["attestations"] = tomlkit.aot()
    old = next((e for e in listed if e.get("item") == entry["item"]), None)
    if old is not None:
        if old.get("open_conditions"):
            raise ReadinessError(
                f"the word for {entry['item']} that stands in the settings has open conditions",
                fix="delete open_conditions there once they are closed, and attest again",
            )
        for key in set(old) - set(entry):
            del old[key]
        old.update(entry)
    elif isinstance(listed, AoT):
        new = tomlkit.table()
        new.update(entry)
        new.trivia.indent = "\n"  # an empty line above its header
        listed.append(new)
    elif isinstance(listed, Array):
        inline = tomlkit.inline_table()
        inline.update(entry)
        listed.append(inline)
    return tomlkit.dumps(document), old is not None


def _write(source: settings_file.SettingsFile, text: str, entry: Mapping[str, Any]) -> None:
    """Writes the file whole or not at all, after it was read again and holds what was meant."""
    from pytest_mlready.reports import atomically

    tables: Any = tomllib.loads(text)
    for key in source.prefix:
        tables = tables[key]
    if not any(dict(entry) == found for found in tables["attestations"]):
        raise ReadinessError(
            f"{source.name} cannot be edited without changing what it says", fix="write the table by hand"
        )
    try:
        atomically(source.path, text)
    except OSError as error:
        raise ReadinessError(f"{source.name} cannot be written: {error.strerror}") from None
