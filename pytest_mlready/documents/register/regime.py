"""Reads a regime's data file: its duties and classes, since when they apply, and as of when somebody looked.

A team adds its own (a sector's rules, a works agreement) as TOML, YAML or JSON in the form of those that ship in
`regimes/`: id, title, source, as_of, [[duties]] with id, article, title; and where they are needed classes in ascending
order, roles, [[purposes]] that call for a class, `changed`, `not_known`, `decides_risk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import bounded
from pytest_mlready.documents.register.forms import date, texts
from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

FOLDER = Path(__file__).parent / "regimes"
HIGH = "high"
_TOP = (
    "id", "title", "source", "url", "as_of", "changed", "not_known", "decides_risk", "classes", "roles", "duties",
    "purposes",
)  # fmt: skip
_DUTY = ("id", "article", "title", "classes", "roles", "from", "note")
_PURPOSE = ("id", "title", "class", "words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a regime asks for: of which classes and roles ((): of all), since when, and where it stands."""

    id: str
    article: str
    title: str
    classes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    since: dt.date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """A use that calls for a class, and words that hint at it in a description."""

    id: str
    title: str
    calls_for: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """A body of law or rules.

    Attributes:
        as_of: When its data were last held against its text.
        changed: When the rules themselves last changed; decisions of before need another look.
        not_known: What these data leave out.
        classes: In ascending order; () where it has none.
        decides_risk: Whether its class and the settings' `risk` are the same question.
    """

    id: str
    title: str
    source: str
    as_of: dt.date
    duties: tuple[Duty, ...]
    changed: dt.date | None = None
    not_known: str = ""
    classes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    decides_risk: bool = False

    def rank(self, name: str) -> int:
        """How high a class is; -1 for none of its classes."""
        return self.classes.index(name) if name in self.classes else -1

    def asks(self, name: str, roles: Sequence[str]) -> tuple[Duty, ...]:
        """The duties of a class, for those who have one of the roles; () stands for every role."""
        return tuple(
            duty
            for duty in self.duties
            if (not duty.classes or name in duty.classes)
            and (not duty.roles or not roles or set(duty.roles) & set(roles))
        )


def shipped() -> dict[str, Path]:
    """The data files that ship, by id."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def load(named: Iterable[str], *, root: Path) -> dict[str, Regime]:
    """Regimes by id.

    Args:
        named: Ids of those that ship, or paths of a team's own files.
        root: Folder that paths are relative to.

    Raises:
        DataError: there is no such regime or file, or it is malformed; lists every mistake.
    """
    found: dict[str, Regime] = {}
    for name in named:
        known = shipped()
        path = known.get(name) or root / name
        if name not in known and Path(name).suffix not in bounded.SUFFIXES:
            hint = f"one of {', '.join(known)}, or a file ({', '.join(bounded.SUFFIXES)})"
            raise DataError(f"there is no regime {name!r}{near(name, known)}", expected=hint)
        regime = read(path)
        found[regime.id] = regime
    return found


def read(path: Path) -> Regime:
    """The regime in a data file.

    Raises:
        DataError: it cannot be read, or is malformed; lists every mistake.
    """
    table = bounded.read(path, setting="regimes")
    if not isinstance(table, Mapping):
        raise DataError(f"{path} is no regime", expected="the keys id, title, source, as_of, duties")
    wrong: list[str] = [f"{key} is missing" for key in ("id", "title", "source") if not _word(table, key)]
    wrong += _unknown(table, _TOP)
    duties = [_duty(one, wrong) for one in _tables(table, "duties")]
    purposes = [_purpose(one, wrong) for one in _tables(table, "purposes")]
    as_of = date(table.get("as_of"))
    if as_of is None:
        wrong.append("as_of is no date: when were these duties last held against their text?")
    classes = texts(table.get("classes"))
    wrong += [f"{p.id} calls for {p.calls_for!r}, which is no class" for p in purposes if p.calls_for not in classes]
    if not duties:
        wrong.append("there are no duties")
    if wrong or as_of is None:
        raise DataError(f"{path} has {len(wrong)} mistakes: {'; '.join(wrong[:20])}")
    return Regime(
        id=_word(table, "id"), title=_word(table, "title"), source=_word(table, "source"), as_of=as_of,
        duties=tuple(duties), changed=date(table.get("changed")), not_known=_word(table, "not_known"),
        classes=classes, roles=texts(table.get("roles")), purposes=tuple(purposes),
        decides_risk=table.get("decides_risk") is True,
    )  # fmt: skip


def _duty(table: Mapping[str, Any], wrong: list[str]) -> Duty:
    said = {key: _word(table, key) for key in ("id", "article", "title")}
    wrong += _unknown(table, _DUTY)
    wrong += [f"a duty has no {key}" for key, value in said.items() if not value]
    return Duty(
        **said,
        classes=texts(table.get("classes")),
        roles=texts(table.get("roles")),
        since=date(table.get("from")),
        note=_word(table, "note"),
    )


def _purpose(table: Mapping[str, Any], wrong: list[str]) -> Purpose:
    said = {key: _word(table, key) for key in ("id", "title", "class")}
    wrong += _unknown(table, _PURPOSE)
    wrong += [f"a purpose has no {key}" for key, value in said.items() if not value]
    words = tuple(word.casefold() for word in texts(table.get("words")))
    return Purpose(id=said["id"], title=said["title"], calls_for=said["class"], words=words)


def _unknown(table: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    """A key with a slip of the pen would otherwise take its duties or purposes out of every question."""
    return [f"unknown key {key}{near(str(key), known)}" for key in table if key not in known]


def _tables(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = table.get(key)
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _word(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""
