"""Reads rules from Prometheus' own files, PrometheusRule objects and ConfigMaps that carry such files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.manifests import strict_yaml
from pytest_mlready.manifests.documents import Problem
from pytest_mlready.manifests.rules.rule_set import Rule, RuleSet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_mlready.manifests.documents import Steps
    from pytest_mlready.manifests.strict_yaml import Part

LARGEST = 10_000_000  # bytes of one file
# Prometheus' own templates in annotations have if, range, end and template as well; what follows here they have not.
_TEMPLATE = re.compile(
    r"\{\{-?\s*(?:if |with |range |tpl |and |or |not )?\s*\(?\s*(?:[.$]+(?:Values|Release|Chart)\b|include\s)|\{%"
)
_MARKS = re.compile(r"\{\{|\{%")
_RENDER = "a template: render it (helm template … > rendered.yaml) and name the result"
_EXPECTED = "a list of groups, each with a name and rules"


@dataclass(slots=True, kw_only=True)
class _Reading:
    name: str
    rules: list[Rule] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    native: bool = True

    def problem(self, where: str, message: str, kind: Literal["unreadable", "not rendered", "not understood"]) -> None:
        place = f"{self.name}{where}"
        self.problems.append(Problem(where=place, kind=kind, message=message, fix=""))


def read(paths: Sequence[Path], *, root: Path) -> RuleSet:
    """Reads rule files; never raises for what is in them.

    Args:
        paths: Files.
        root: Folder that findings name files relative to.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    sources: list[tuple[str, str]] = []
    for path in paths:
        reading = _Reading(name=_display(path, root))
        text = _text(path, reading)
        if text is not None:
            _stream(reading, text)
            if reading.native and reading.rules:
                sources.append((reading.name, text))
        rules += reading.rules
        problems += reading.problems
    return RuleSet(rules=tuple(rules), problems=tuple(problems), sources=tuple(sources))


def _display(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name


def _text(path: Path, reading: _Reading) -> str | None:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            reading.problem("", f"more than {LARGEST:,} bytes", "unreadable")
            return None
        return content.decode("utf-8-sig")
    except OSError as error:
        reading.problem("", error.strerror or "cannot be opened", "unreadable")
    except UnicodeDecodeError as error:
        reading.problem("", f"no UTF-8 (byte {error.start})", "unreadable")
    return None


def _stream(reading: _Reading, text: str) -> None:
    found = False
    for part in strict_yaml.parts(text):
        found = True
        if _TEMPLATE.search(part.text):
            reading.problem(f", document {part.number}", _RENDER, "not rendered")
            continue
        try:
            value = strict_yaml.parse(part, strict_yaml.Limits()).value
        except strict_yaml.YamlError as error:
            marked = _MARKS.search(part.text) is not None and re.search(r"^\s*\{[{%]", part.text, re.MULTILINE)
            message = _RENDER if marked else str(error)
            reading.problem(f", document {part.number}", message, "not rendered" if marked else "unreadable")
            continue
        _value(reading, value, part, ())
    if not found:
        reading.problem("", "an empty file", "not understood")


def _value(reading: _Reading, value: Any, part: Part, steps: Steps) -> None:
    """Rules of one document, whatever kind of document carries them."""
    if not isinstance(value, Mapping):
        reading.problem(
            f", document {part.number}", f"a {type(value).__name__}, expected {_EXPECTED}", "not understood"
        )
    elif "groups" in value:
        _groups(reading, value["groups"], part, (*steps, "groups"))
    elif isinstance(value.get("spec"), Mapping) and "groups" in value["spec"]:
        reading.native = False
        _groups(reading, value["spec"]["groups"], part, (*steps, "spec", "groups"))
    elif isinstance(value.get("items"), list):
        for index, item in enumerate(value["items"]):
            _value(reading, item, part, (*steps, "items", index))
    elif value.get("kind") == "ConfigMap" and isinstance(value.get("data"), Mapping):
        _config_map(reading, value["data"], part)
    elif value.get("kind") is None or value.get("kind") == "PrometheusRule":
        reading.problem(f", document {part.number}", f"no groups, expected {_EXPECTED}", "not understood")


def _config_map(reading: _Reading, data: Mapping[str, Any], outer: Part) -> None:
    """A ConfigMap that is mounted into Prometheus: its entries are rule files."""
    reading.native = False
    for key, text in data.items():
        if not isinstance(text, str) or "groups:" not in text:
            continue
        within = _Reading(name=f"{reading.name}, {key}")
        _stream(within, text)
        reading.rules += [replace(rule, part=None, steps=()) for rule in within.rules]
        reading.problems += within.problems
    if not reading.rules and not reading.problems:
        reading.problem(f", document {outer.number}", "a ConfigMap without rules", "not understood")


def _groups(reading: _Reading, groups: Any, part: Part, steps: Steps) -> None:
    if not isinstance(groups, list) or not groups:
        reading.problem(
            f", document {part.number}", f"groups is {_named(groups)}, expected {_EXPECTED}", "not understood"
        )
        return
    for index, group in enumerate(groups):
        rules = group.get("rules") if isinstance(group, Mapping) else None
        if not isinstance(rules, list):
            reading.problem(f", group {index + 1}", f"no list of rules, expected {_EXPECTED}", "not understood")
            continue
        for number, raw in enumerate(rules):
            place = (*steps, index, "rules", number)
            _rule(reading, raw, str(group.get("name", "")), part, place)


def _named(value: Any) -> str:
    return "empty" if value in (None, [], "") else f"a {type(value).__name__}"


def _rule(reading: _Reading, raw: Any, group: str, part: Part, steps: Steps) -> None:
    where = f":{strict_yaml.line(part, steps)}"
    if not isinstance(raw, Mapping):
        reading.problem(where, f"a rule that is a {type(raw).__name__}", "not understood")
        return
    kinds = [kind for kind in ("alert", "record") if raw.get(kind)]
    if len(kinds) != 1 or raw.get("expr") in (None, ""):
        lack = "no expr" if len(kinds) == 1 else "both alert and record" if kinds else "neither alert nor record"
        reading.problem(where, f"a rule with {lack}", "not understood")
        return
    if _MARKS.search(str(raw["expr"])):
        reading.problem(where, _RENDER, "not rendered")
        return
    kind: Literal["alert", "record"] = "alert" if kinds[0] == "alert" else "record"
    reading.rules.append(
        Rule(
            kind=kind, name=str(raw[kind]), expr=str(raw["expr"]), wait=str(raw.get("for") or "0s"),
            labels=_texts(raw.get("labels")), annotations=_texts(raw.get("annotations")), group=group,
            file=reading.name, part=part, steps=steps,
        )
    )  # fmt: skip


def _texts(table: Any) -> dict[str, str]:
    return {str(k): "" if v is None else str(v) for k, v in table.items()} if isinstance(table, Mapping) else {}
