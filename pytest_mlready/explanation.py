"""Writes the text of an item for the terminal, 80 columns wide, and where the project stands with it."""

from __future__ import annotations

import datetime as dt
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.errors import inert
from pytest_mlready.toml_places import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.catalog import Catalog, Item
    from pytest_mlready.settings import Attestation, Loaded, Settings

WIDTH = 80
DECIDED_BY = {
    "code": "decided by code",
    "person": "decided by a person: a valid attestation earns the full point",
    "both": "decided by code and a person, half each",
}
PARTS = (
    ("Question", "question"),
    ("Why it matters", "why"),
    ("What the built-in checks look at", "looks_at"),
    ("How to fix", "how_to_fix"),
    ("What an attestation must contain", "attestation"),
)


def plain(text: str, *, lines: bool = False) -> str:
    """Text from outside, without characters that a terminal would obey."""
    return inert("".join(c if c.isprintable() or (lines and c == "\n") else ascii(c)[1:-1] for c in text))


def meant(name: str, items: Mapping[str, Item]) -> str:
    """The id that a name stands for: "no_secrets" for "security.no_secrets", where it is the only item so named."""
    ending = [item_id for item_id in items if item_id.endswith(f".{name}")]
    return ending[0] if name not in items and len(ending) == 1 else name


def overview(catalog: Catalog) -> list[str]:
    """Every item by category, one line each."""
    lines: list[str] = []
    for category, title in CATEGORIES.items():
        items = [item for item in catalog.items.values() if item.category == category]
        lines += ["", title] if items else []
        for item in items:
            line = f"  {item.id:<44} {item.title}" if len(item.id) < 44 else f"  {item.id}  {item.title}"
            lines.append(line if len(line) <= WIDTH else line[: WIDTH - 1] + "…")
    return [*lines[1:], "", "pytest-mlready explain ITEM prints one of them in full."]


def text(catalog: Catalog, item_id: str) -> list[str]:
    """The whole text of an item."""
    item = catalog.items[item_id]
    lines = [*_wrapped(f"{item.id}: {item.title}", ""), *_wrapped(_status_line(item), "")]
    for title, name in PARTS:
        lines += ["", title, *_wrapped(getattr(item, name))]
    covered = [f"{r.title}: {t.title} ({how})" for r, t, how in catalog.coverage(item_id)]
    return [*lines, *_options(item), *_list("Counts in", covered), *_list("Sources", item.sources)]


def _status_line(item: Item) -> str:
    about = "; must name the model it is about" if item.about_model else ""
    lifetime = f"An attestation holds {item.lifetime_days} days at most{about}."
    return f"{CATEGORIES.get(item.category, item.category)}, {DECIDED_BY[item.decided_by]}. {lifetime}"


def _options(item: Item) -> list[str]:
    if not item.options:
        return []
    lines = ["", f'Settings: [tool.mlready.items."{item.id}"]']
    for option in item.options:
        default = "" if option.default is None else f", default {shown(option.default)}"
        lines += _wrapped(f"{option.name} ({option.type}{default}): {option.doc}", "  ", "      ")
    return lines


def _list(title: str, entries: tuple[str, ...] | list[str]) -> list[str]:
    return ["", title, *(line for entry in entries for line in _wrapped(entry, "  - ", "    "))] if entries else []


def _wrapped(paragraphs: str, first: str = "  ", rest: str | None = None) -> list[str]:
    indent = first if rest is None else rest
    lines = (
        textwrap.wrap(p, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
        for p in paragraphs.splitlines()
    )
    return [line for wrapped in lines for line in wrapped or [""]]


def standing(
    items: Mapping[str, Item], item_id: str, config: Path | None, report: Mapping[str, Any] | None
) -> list[str]:
    """Where the project stands with an item: what its settings say, and the report's outcome when one is given.

    Args:
        items: The catalogue, by id.
        item_id: The item.
        config: Settings file; None: the nearest one upward from the current folder.
        report: What a JSON report says about the item.

    Raises:
        SettingsError: The settings have mistakes.
    """
    from pytest_mlready import settings

    loaded = settings.load(config or settings.find(Path.cwd()), items=items)
    where = f"In {plain(str(loaded.path))}" if loaded.path else "In this project (no settings file)"
    said = [
        *_set(loaded.settings, items[item_id]),
        *_statuses(loaded, items[item_id], dt.datetime.now().astimezone().date()),
    ]
    lines = _list(where, [plain(line) for line in said] or ["nothing is set for this item"])
    return (lines + _list("Last report", [plain(line) for line in _outcome(report)] if report else []))[1:]


def _set(settings: Settings, item: Item) -> Iterator[str]:
    for key, value in settings.items.get(item.id, {}).items():
        yield f"{key} = {shown(value)}"


def _statuses(loaded: Loaded, item: Item, today: dt.date) -> Iterator[str]:
    """What the settings say instead of, or beside, a verified check."""
    settings = loaded.settings
    if reason := settings.not_applicable.get(item.id):
        yield f"not applicable: {reason}"
    for waiver in settings.waivers:
        if waiver.item == item.id:
            until = f"until {waiver.expires}" if waiver.expires >= today else f"EXPIRED on {waiver.expires}"
            yield f"waived {until} by {waiver.owner}: {waiver.reason}"
    for attestation in settings.attestations:
        if attestation.item == item.id:
            yield from _attested(attestation, loaded, item, today)


def _attested(attestation: Attestation, loaded: Loaded, item: Item, today: dt.date) -> Iterator[str]:
    """A person's word, and what speaks against it; whether it is about the model under test only a run can say."""
    from pytest_mlready.attestations import Scope, judge

    digest = attestation.model_sha256
    scope = Scope(model_sha256=digest.strip().lower() if digest else None, version=loaded.settings.version)
    judged = judge(attestation, item, root=loaded.root, scope=scope, today=today)
    about = f", about the model {digest[:12]}" if digest else ""
    yield (
        f"attested by {judged.by} ({judged.role}) on {judged.on}, approved by {judged.approver}, "
        f"until {judged.expires}{about}: {judged.evidence}"
    )
    yield from (f"that attestation does not count: {problem}" for problem in judged.problems)


def _outcome(report: Mapping[str, Any]) -> Iterator[str]:
    reason = f": {report['reason']}" if report.get("reason") else ""
    points = f", {report['points']} points" if "points" in report else ""
    yield f"{report.get('status', 'unknown')}{points}{reason}"
    for test in report.get("tests") or ():
        if isinstance(test, dict):
            message = f": {test['message']}" if test.get("message") else ""
            yield f"{test.get('outcome', 'unknown')}  {test.get('id', '')}{message}"
