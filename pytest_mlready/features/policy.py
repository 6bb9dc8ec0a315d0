"""Reads a team's rules on what may be an input: forbidden, deprecated, licensed for purposes, allowed.

    purpose: credit scoring              # what the model is for; licences are held against it
    default: allowed                     # or forbidden; left out, every input needs a rule of its own
    rules:
      - { columns: [sex, race, "*_ssn"], tag: forbidden, reason: equal treatment }
      - { columns: [score_v1], tag: deprecated, until: 2027-01-31 }
      - { sources: ["bureau/*"], tag: licensed, purposes: [credit scoring], until: 2027-12-31 }
      - { columns: [age, income], tag: allowed }
    raw:                                 # where inputs come from: columns taken over as a source delivers them,
      warehouse.people: [age, sex, birth_date]
    derived:                             # and columns made from others
      is_senior: [age]

Names may be globs. How words are joined (native-country, native_country) and case make no difference.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import graphlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Tag = Literal["forbidden", "deprecated", "licensed", "allowed"]
TAGS: tuple[Tag, ...] = get_args(Tag)
KEYS = ("version", "owner", "purpose", "default", "rules", "raw", "derived", "description")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
RULE_KEYS = ("columns", "sources", "except", "tag", "until", "purposes", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        tag: What it says.
        columns, sources: Names or globs of what it is about.
        exempt: Names or globs of columns that it is not about all the same.
        until: Last day of use: of what is deprecated always, of a licence where it ends.
        purposes: Those that a licence allows.
        reason: Why, in the team's words.
    """

    tag: Tag
    columns: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    until: dt.date | None = None
    purposes: tuple[str, ...] = ()
    reason: str = ""

    def about(self, column: str, source: str = "") -> bool:
        """Whether it is about a column, or about the source that the column comes from."""
        return not self.exempts(column) and (matches(column, self.columns) or self.about_source(source))

    def about_source(self, source: str) -> bool:
        return bool(source) and matches(source, self.sources)

    def exempts(self, column: str) -> bool:
        return matches(column, self.exempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All rules, and what the policy knows of where columns come from.

    Attributes:
        name: Of the file, for messages.
        default: What holds for an input that no rule is about; None: each needs a rule.
        purpose: What the model is for; "" where the file does not say.
        raw: Columns taken over as they are, by source.
        derived: Columns made from others.
    """

    name: str
    rules: tuple[Rule, ...]
    default: Literal["allowed", "forbidden"] | None = None
    purpose: str = ""
    raw: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def about(self, column: str, source: str = "") -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.about(column, source))


def plain(name: str) -> str:
    """A name without case and without how its words are joined."""
    return re.sub(r"[\s_.-]+", "_", name.strip()).casefold()


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of some names or globs; nativeCountry is native_country, and a name may have brackets."""
    forms = {plain(name), plain(_CAMEL.sub("_", name))}
    for pattern in patterns:
        wanted = {plain(pattern), plain(_CAMEL.sub("_", pattern))}
        if forms & wanted or any(fnmatch.fnmatchcase(one, glob) for one in forms for glob in wanted):
            return True
    return False


def parse(table: Any, *, name: str) -> Policy:
    """The policy in a parsed file.

    Args:
        table: The file's content as plain values; dates may be text.
        name: Of the file, for messages.

    Raises:
        DataError: it is none; the message names the rule and the key.
    """
    if not isinstance(table, Mapping):
        raise DataError(f"{name} holds no table", expected="a table with `rules`")
    _known(table, KEYS, name)
    listed = table.get("rules")
    if not isinstance(listed, list) or not listed:
        raise DataError(f"{name} has no rules", expected="a list `rules`, each with columns or sources and a tag")
    _refuse_circles(_lists(table, "derived", name), name)
    default = table.get("default")
    if default not in (None, "allowed", "forbidden"):
        raise DataError(f"{name} has default {str(default)[:40]!r}", expected="allowed or forbidden")
    return Policy(
        name=name,
        rules=tuple(_rule(one, f"{name}, rule {number}") for number, one in enumerate(listed, 1)),
        default=default,
        purpose=str(table.get("purpose") or "").strip(),
        raw=_lists(table, "raw", name),
        derived=_lists(table, "derived", name),
    )


def _refuse_circles(derived: Mapping[str, tuple[str, ...]], name: str) -> None:
    edges = {plain(one): {plain(column) for column in columns} for one, columns in derived.items()}
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as error:
        circle = " ← ".join(error.args[1][:6])
        fix = "name the columns that a source delivers under `raw`"
        raise DataError(f"{name}: `derived` goes in a circle: {circle}", fix=fix) from None


def _rule(table: Any, place: str) -> Rule:
    if not isinstance(table, Mapping):
        raise DataError(f"{place} is no table", expected="columns or sources, and a tag")
    _known(table, RULE_KEYS, place)
    tag = table.get("tag")
    if tag not in TAGS:
        raise DataError(f"{place} has the tag {str(tag)[:40]!r}{near(str(tag), TAGS)}", expected=", ".join(TAGS))
    rule = Rule(
        tag=tag,
        columns=_words(table.get("columns"), f"{place}, columns"),
        sources=_words(table.get("sources"), f"{place}, sources"),
        exempt=_words(table.get("except"), f"{place}, except"),
        until=_date(table.get("until"), place),
        purposes=_words(table.get("purposes"), f"{place}, purposes"),
        reason=str(table.get("reason") or "").strip(),
    )
    for fault in _faults(rule):
        raise DataError(f"{place} ({tag}) {fault}")
    return rule


def _faults(rule: Rule) -> Iterator[str]:
    if not rule.columns and not rule.sources:
        yield "names neither columns nor sources"
    if rule.tag == "deprecated" and rule.until is None:
        yield "has no `until`: the last day of use"
    if rule.tag == "licensed" and not rule.purposes:
        yield "has no `purposes`: what the licence allows"
    if rule.purposes and rule.tag != "licensed":
        yield "has `purposes`, which only a licence has"
    if rule.until and rule.tag in ("forbidden", "allowed"):
        yield "has `until`, which only what is deprecated or licensed has"


def _lists(table: Mapping[str, Any], key: str, name: str) -> dict[str, tuple[str, ...]]:
    given = table.get(key) or {}
    if not isinstance(given, Mapping):
        raise DataError(f"{name}: `{key}` is no table", expected="names, each with a list of columns")
    found = {str(one): _words(columns, f"{name}, {key}, {one}") for one, columns in given.items()}
    for one, columns in found.items():
        if not columns:
            raise DataError(f"{name}, {key}, {one}: no columns")
        if key == "raw" and any(not column.strip("*?") for column in columns):
            fix = "name the columns, or globs that are narrower"
            raise DataError(f"{name}, raw, {one}: {columns[0]!r} says that nothing is derived from anything", fix=fix)
    return found


def _words(value: Any, place: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(listed, list) or any(not isinstance(one, str) or not one.strip() for one in listed):
        raise DataError(f"{place}: no list of names", expected="texts")
    return tuple(one.strip() for one in listed)


def _date(value: Any, place: str) -> dt.date | None:
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise DataError(f"{place}: until is {str(value)[:40]!r}", expected="a date such as 2027-01-31") from None


def _known(table: Mapping[str, Any], keys: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in keys:
            raise DataError(f"{place}: unknown key {str(key)[:40]!r}{near(str(key), keys)}", expected=", ".join(keys))
