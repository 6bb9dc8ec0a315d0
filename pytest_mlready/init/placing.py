"""Decides what is written where: nothing that is there is changed, and what results must be valid settings."""

from __future__ import annotations

import re
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready import discovery, settings, settings_file
from pytest_mlready.errors import SettingsError
from pytest_mlready.init import seen as looked
from pytest_mlready.init import settings_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.catalog import Item
    from pytest_mlready.init.settings_text import Section

TOP = "tool.mlready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be written.

    Attributes:
        path: The settings file.
        before: Its bytes now; None where there is none.
        added: What comes behind them; "" where there is nothing to add.
        notes: What a person should know, one sentence each.
    """

    path: Path
    before: bytes | None
    added: str
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bytes:
        return (self.before or b"") + self.added.encode()


def plan(folder: Path, items: Mapping[str, Item]) -> Plan:
    """What `init` would write for a folder; looks at its files, runs none of them.

    Raises:
        SettingsError: The settings that are there have mistakes, or no valid settings could be added to the file.
    """
    folder = settings_file.absolute(folder)
    discovered = discovery.discover(folder)
    seen = looked.look(folder, discovered)
    path, before = _file(folder)
    text = (before or b"").decode("utf-8-sig") if before else ""
    made = settings_text.sections(_name(folder, text), discovered, seen, items)
    prefix = TOP if path.name == settings_file.SHARED else ""
    notes = [*_about(folder, path, discovered.models), *discovered.bounds]
    if _has_settings(text, prefix):
        settings.load(path, items=items)  # mistakes are told before anything is added to them
        missing = [_as_offer(s) for s in made if s.table and not _mentions(text, s.table, prefix)]
        added = _behind(text, settings_text.text(missing, prefix)) if missing else ""
        notes += _unsaid(made, text + added)
    else:
        added = _behind(text, settings_text.text(made, prefix))
    found = Plan(path=path, before=before, added=_newlines(added, before), notes=tuple(notes))
    _check(found, items)
    return found


def _file(folder: Path) -> tuple[Path, bytes | None]:
    """pyproject.toml where it is, else mlready.toml; of both, the one that has settings."""
    own, shared = folder / settings_file.OWN, folder / settings_file.SHARED
    nearest = settings_file.find(folder)
    path = nearest if nearest in (own, shared) else shared if shared.is_file() else own
    try:
        before = path.read_bytes() if path.exists() else None
        if before is not None:
            tomllib.loads(before.decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{settings_file.short(path)}: {error.strerror}", expected="a file to add to") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{settings_file.short(path)} is not valid TOML: {error}", fix="mend it first") from None
    return path, before


def _has_settings(text: str, prefix: str) -> bool:
    tables: Any = tomllib.loads(text)
    for key in prefix.split(".") if prefix else ():
        tables = tables.get(key) if isinstance(tables, dict) else None
    return bool(tables) or (tables is not None and bool(prefix))


def _name(folder: Path, text: str) -> str:
    """The package's name where pyproject.toml tells it, else the folder's."""
    tables: Any = tomllib.loads(text)
    project = tables.get("project")
    name = project.get("name") if isinstance(project, dict) else None
    shown = name if isinstance(name, str) and name.strip() and name.isprintable() else folder.resolve().name
    return shown if shown.strip() and shown.isprintable() else "model"


def _mentions(text: str, table: str, prefix: str) -> bool:
    """Whether a file has a table already, as a setting or as an offer in a comment, in whatever form."""
    key = re.escape(table).replace(r"\ ", " ")
    header = re.compile(rf"^[\s#]*\[+\s*{re.escape(prefix + '.') if prefix else ''}{key}\s*[\].]", re.MULTILINE)
    if header.search(text):
        return True
    tables: Any = tomllib.loads(text)
    for part in (*(prefix.split(".") if prefix else ()), *table.split(".", 1)):
        tables = tables.get(part.strip('"')) if isinstance(tables, dict) else None
    return tables is not None


def _as_offer(section: Section) -> settings_text.Section:
    """A table for settings that a person has written already: all of it in comments."""
    lines = tuple(line if line.startswith("#") else f"# {line}" for line in section.lines)
    return settings_text.Section(table=section.table, lines=lines, offered=True)


def _unsaid(made: Sequence[Section], text: str) -> list[str]:
    """What was found and stands nowhere in the settings: told, since what a person wrote is not touched."""
    offers = [(s.table, line.lstrip("# ").partition("  # found")) for s in made for line in s.lines]
    found = [(table, offer) for table, (offer, is_found, _) in offers if is_found]
    unsaid = [f"[{table}] {offer}" for table, offer in found if offer.partition(" = ")[2].strip("[]") not in text]
    return [f"found, and not in the settings: {offer}" for offer in unsaid[: settings_text.CHOICES]]


def _behind(text: str, added: str) -> str:
    """What is added at the end, with an empty line between."""
    if not text:
        return added
    return ("" if text.endswith("\n") else "\n") + ("" if text.endswith("\n\n") else "\n") + added


def _newlines(added: str, before: bytes | None) -> str:
    return added.replace("\n", "\r\n") if before and b"\r\n" in before else added


def _about(folder: Path, path: Path, models: Sequence[Path]) -> list[str]:
    from pytest_mlready.step_bundles import parts

    notes = []
    above = settings_file.find(folder)
    if above is not None and above.parent != path.parent:
        notes.append(f"{settings_file.short(above)} has settings too; of several the nearest counts, and it alone")
    if folders := parts(looked.offered(models)):
        listed = ", ".join(folders[: settings_text.CHOICES])
        notes.append(f"models lie in {listed}: a run judges one; pytest-mlready init FOLDER gives each its settings")
    return notes


def _check(found: Plan, items: Mapping[str, Item]) -> None:
    """Loads what would be there, in a temporary folder, as the run would.

    Raises:
        SettingsError: It would be no valid settings: the file defines `tool` in a way that nothing can be added to.
    """
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        trial = Path(folder) / found.path.name
        trial.write_bytes(found.whole)
        try:
            settings.load(trial, items=items)
        except SettingsError as error:
            raise SettingsError(
                f"{settings_file.short(found.path)} cannot take settings at its end: {error.found}",
                fix=f"write them into {settings_file.OWN} instead (pytest-mlready init --dry-run in an empty folder)",
            ) from None
