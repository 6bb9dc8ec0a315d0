"""Reads diagrams that are kept as text: what is drawn, without comments and styles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.documents import bounded, markdown
from pytest_mlready.documents.diagrams import drawio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGES = (".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf")
_FENCES = ("mermaid", "plantuml", "puml", "structurizr")
_COMMENTS = (("/*", "*/"), ("/'", "'/"))
_MERMAID_SKIPPED = re.compile(
    r"^[ \t]*(%%.*|(?:style|classDef|class|linkStyle|click|accTitle|accDescr|title|direction|autonumber)\b.*|---.*)$",
    re.MULTILINE,
)
_MERMAID_INIT = re.compile(r"%%\{.*?\}%%|\A---\s*$.*?^---\s*$", re.DOTALL | re.MULTILINE)
_PLANTUML_SKIPPED = re.compile(
    r"^[ \t]*('.*|!.*|@(?:start|end)\w*.*|(?:skinparam|hide|show|scale|title|header|footer|caption|legend)\b.*)$",
    re.MULTILINE,
)
_PLANTUML_NOTES = re.compile(
    r"^[ \t]*(?:note|legend)\b[^:\n]*$.*?^[ \t]*end ?(?:note|legend)[ \t]*$", re.DOTALL | re.MULTILINE
)
_DSL_SKIPPED = re.compile(r"^[ \t]*(?:#.*|//.*|!.*|theme\b.*|tags\b.*|description\b.*)$", re.MULTILINE)
_DSL_STYLES = re.compile(r"^[ \t]*styles\s*\{.*?^[ \t]*\}\s*^[ \t]*\}", re.DOTALL | re.MULTILINE)
# Arrows, and what PlantUML and Structurizr's C4 macros write instead.
_RELATION = re.compile(
    r"<?[-=.~]{1,40}(?:\[[^\]\n]{0,80}\])?[-=.~]{0,40}[>)xo|]|<[-=.]{2,}|---|\bRel\w*\s*\(|\bBiRel\w*\s*\("
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What a diagram shows.

    Attributes:
        path: As a message shows it.
        kind: "Mermaid", "PlantUML", "Structurizr", "drawio"; "image" where only pixels or paths are there.
        drawn: The text of all that is drawn, names and labels.
        whole: The whole source, with comments and titles, where a version may be stated.
        relations: How many arrows were seen.
        problem: Why it could not be read; "" where it could.
    """

    path: str
    kind: str
    drawn: str = ""
    whole: str = ""
    relations: int = 0
    problem: str = ""


def read(path: Path, *, shown: str) -> Drawing:
    """The diagram in a file; of Markdown, all its diagrams together.

    Raises:
        DataError: The file cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix in IMAGES:
        return Drawing(path=shown, kind="image")
    if suffix == ".drawio" or path.name.lower().endswith(".drawio.xml"):
        return _drawio(path, shown)
    text = bounded.text(path, setting="diagrams")
    if suffix in markdown.SUFFIXES:
        return _markdown(text, shown)
    for suffixes, kind in _KINDS:
        if suffix in suffixes:
            return _drawing(shown, kind, text)
    return Drawing(path=shown, kind="unknown", problem=f"not understood: a diagram in the format {suffix or path.name}")


def _drawio(path: Path, shown: str) -> Drawing:
    try:
        labels, relations = drawio.labels(bounded.content(path, setting="diagrams"))
    except drawio.NotUnderstoodError as reason:
        return Drawing(path=shown, kind="drawio", problem=f"not understood: {reason}")
    drawn = "\n".join(labels)
    return Drawing(path=shown, kind="drawio", drawn=drawn, whole=drawn, relations=relations)


def _markdown(text: str, shown: str) -> Drawing:
    """Diagrams between fences; the document around them is no part of what is drawn."""
    document = markdown.parse(text, path=shown)
    codes = [b for s in document.sections for b in s.blocks if b.kind == "code" and b.language in _FENCES]
    if not codes:
        return Drawing(path=shown, kind="image")
    parts = [_drawing(shown, _of_fence(block.language), block.text) for block in codes]
    return Drawing(
        path=shown, kind=parts[0].kind, drawn="\n".join(p.drawn for p in parts), whole=text,
        relations=sum(p.relations for p in parts),
    )  # fmt: skip


def _of_fence(language: str) -> str:
    return {"mermaid": "Mermaid", "structurizr": "Structurizr"}.get(language, "PlantUML")


def _drawing(shown: str, kind: str, text: str) -> Drawing:
    drawn = _DRAWN[kind](text)
    return Drawing(path=shown, kind=kind, drawn=drawn, whole=text, relations=len(_RELATION.findall(drawn)))


def _without_comments(text: str) -> str:
    """The text without blocks of comments; one that nothing closes stays, and is looked for once."""
    for opening, closing in _COMMENTS:
        kept, at = [], 0
        while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start + 2)) >= 0:
            kept.append(text[at:start])
            at = end + 2
        text = "".join([*kept, text[at:]])
    return text


def _mermaid(text: str) -> str:
    return _MERMAID_SKIPPED.sub("", _MERMAID_INIT.sub("", text))


def _plantuml(text: str) -> str:
    return _PLANTUML_SKIPPED.sub("", _PLANTUML_NOTES.sub("", _without_comments(text)))


def _structurizr(text: str) -> str:
    return _DSL_SKIPPED.sub("", _DSL_STYLES.sub("", _without_comments(text)))


_KINDS = (
    ((".mmd", ".mermaid"), "Mermaid"),
    ((".puml", ".plantuml", ".pu", ".iuml", ".wsd"), "PlantUML"),
    ((".dsl",), "Structurizr"),
)
_DRAWN: dict[str, Callable[[str], str]] = {"Mermaid": _mermaid, "PlantUML": _plantuml, "Structurizr": _structurizr}
