"""Reads a Markdown document as sections, with their headings, anchors, texts, lists, code and tables."""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.documents import bounded
from pytest_mlready.documents.markdown_text import anchor, plain, without_tags, written_anchors
from pytest_mlready.errors import DataError, Inconclusive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from markdown_it.token import Token

Kind = Literal["text", "item", "step", "code", "table"]
SUFFIXES = (".md", ".markdown", ".mdx", ".mkd")
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_OWN_ANCHOR = re.compile(r"\s*\{#([\w.:-]+)[^}]*\}\s*$")  # of kramdown, Pandoc and MkDocs
_TASK = re.compile(r"\[[ xX]\]\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its header and rows, as plain text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, an entry of a list ("step" of a numbered or task list), a block of code, or a table.

    Attributes:
        text: Without markup; of a table, all cells.
        line: In the file, from 1; of code the first line of its text.
        language: Of code, as written after the fence.
        code: Spans of code within a text.
        table: Of a table.
    """

    kind: Kind
    text: str
    line: int
    language: str = ""
    code: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands below it, up to the next heading of any level.

    Attributes:
        level: 1 to 6; 0 for what stands before the first heading.
        anchors: What a link may end in: the one that GitHub makes, and those that are written.
        line: Of the heading, from 1.
    """

    title: str
    level: int
    anchors: tuple[str, ...]
    line: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A Markdown document.

    Attributes:
        path: As a message shows it.
        front: Metadata between --- at its beginning, numbers as written; empty where there are none.
        sections: In order; the first has level 0.
    """

    path: str
    sections: tuple[Section, ...]
    front: Mapping[str, Any] = field(default_factory=dict)

    def below(self, section: Section) -> tuple[Section, ...]:
        """A section with those of deeper levels that follow it."""
        rest = self.sections[self._at(section) + 1 :]
        end = next((n for n, s in enumerate(rest) if s.level <= section.level), len(rest))
        return (section, *rest[:end])

    def above(self, section: Section) -> tuple[Section, ...]:
        """The sections that a section lies in, outermost first, itself last."""
        found = [section]
        for earlier in reversed(self.sections[: self._at(section)]):
            if found[-1].level <= 1:
                break
            if 0 < earlier.level < found[-1].level:
                found.append(earlier)
        return tuple(reversed(found))

    def _at(self, section: Section) -> int:
        """Where a section stands; what is before the first heading may begin in the same line as that."""
        at = bisect.bisect_left(self.sections, section.line, key=lambda s: s.line)
        return at if self.sections[at] == section else at + 1

    def anchored(self, anchor: str) -> Section | None:
        """The section that a link's fragment leads to."""
        wanted = anchor.removeprefix("user-content-")
        exact = (s for s in self.sections if wanted in s.anchors)
        loose = (s for s in self.sections if wanted.casefold() in (a.casefold() for a in s.anchors))
        return next(exact, None) or next(loose, None)

    @property
    def named(self) -> tuple[Section, ...]:
        """The sections with a heading, without a title that stands above all others."""
        headed = [s for s in self.sections if s.level]
        alone = headed and sum(s.level <= headed[0].level for s in headed) == 1
        return tuple(headed[1:] if alone and len(headed) > 1 else headed)


def read(path: Path, *, shown: str, setting: str) -> Document:
    """The Markdown document in a file.

    Raises:
        DataError: It cannot be read, or the metadata at its beginning are not valid.
        Inconclusive: It is of another format.
    """
    if path.suffix.lower() not in (*SUFFIXES, "", ".txt"):
        raise Inconclusive(
            f"not understood: {shown} is no Markdown", fix="keep it as Markdown, or mark a test of yours"
        )
    try:
        return parse(bounded.text(path, setting=setting), path=shown)
    except DataError as reason:
        raise DataError(f"{shown}: {reason.found.removeprefix(f'{path} ')}", expected=reason.expected) from None


def parse(text: str, *, path: str = "the document") -> Document:
    """The document in a text.

    Raises:
        DataError: The metadata at its beginning are not valid.
    """
    from markdown_it import MarkdownIt

    front, text, skipped = _front(text)
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return Document(path=path, front=front, sections=tuple(_sections(tokens, skipped)))


def _front(text: str) -> tuple[dict[str, Any], str, int]:
    """Metadata, the rest of the text, and how many lines the rest begins after."""
    match = _FRONT.match(text)
    if match is None:
        return {}, text, 0
    content = bounded.as_written(match[1])
    if content is not None and not isinstance(content, dict):
        return {}, text, 0  # two lines with a text between them, no metadata
    return content or {}, text[match.end() :], match[0].count("\n")


def _sections(tokens: Sequence[Token], skipped: int) -> Iterator[Section]:
    title, level, line = "", 0, 1
    anchors: list[str] = []
    taken: dict[str, int] = {}
    blocks: list[Block] = []
    lists = _lists(tokens)
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.type == "heading_open" and token.level == 0:
            yield Section(title=title, level=level, anchors=tuple(anchors), line=line, blocks=tuple(blocks))
            heading = tokens[index + 1]
            title, own = _title(heading)
            level, line, blocks = int(token.tag[1]), _line(token, skipped), []
            anchors = [*own, anchor(title, taken)]
            index += 3
            continue
        anchors += written_anchors(token)
        found, index = _block(tokens, index, skipped, lists[index])
        blocks += found
    yield Section(title=title, level=level, anchors=tuple(anchors), line=line, blocks=tuple(blocks))


def _title(token: Token) -> tuple[str, list[str]]:
    """A heading's text, and the anchors that are written into it."""
    text = plain(token)
    own = _OWN_ANCHOR.search(text)
    inside = written_anchors(token)
    return (_OWN_ANCHOR.sub("", text), [*inside, own[1]]) if own else (text.strip(), inside)


def _line(token: Token, skipped: int) -> int:
    return (token.map[0] if token.map else 0) + 1 + skipped


def _block(tokens: Sequence[Token], index: int, skipped: int, kind: Kind) -> tuple[list[Block], int]:
    """The blocks that begin at a token, and the index after it."""
    token = tokens[index]
    if token.type in ("fence", "code_block"):
        language = token.info.split()[0].lower() if token.info.split() else ""
        line = _line(token, skipped) + (token.type == "fence")
        return [Block(kind="code", text=token.content, line=line, language=language)], index + 1
    if token.type == "table_open":
        end = next(
            i for i in range(index, len(tokens)) if tokens[i].type == "table_close" and tokens[i].level == token.level
        )
        return [_table(tokens[index:end], _line(token, skipped))], end + 1
    if token.type == "inline":
        return [_paragraph(token, skipped, kind)], index + 1
    if token.type == "html_block" and (text := without_tags(token.content)).strip():
        return [Block(kind="text", text=text, line=_line(token, skipped))], index + 1
    return [], index + 1


def _paragraph(token: Token, skipped: int, kind: Kind) -> Block:
    text = plain(token)
    task = kind == "item" and _TASK.match(text)
    spans = tuple(c.content for c in token.children or () if c.type == "code_inline")
    return Block(kind="step" if task else kind, text=text, line=_line(token, skipped), code=spans)


def _lists(tokens: Sequence[Token]) -> list[Kind]:
    """For each token what an entry there would be: of the innermost list that is open, or a plain text."""
    stack: list[Kind] = ["text"]
    kinds: list[Kind] = []
    for token in tokens:
        if token.type.endswith("_list_open"):
            stack.append("step" if token.type == "ordered_list_open" else "item")
        elif token.type.endswith("_list_close"):
            stack.pop()
        kinds.append(stack[-1])
    return kinds


def _table(tokens: Sequence[Token], line: int) -> Block:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(plain(token))
    cells = [tuple(row) for row in rows]
    table = Table(header=cells[0] if cells else (), rows=tuple(cells[1:]))
    return Block(kind="table", text="\n".join(" ".join(row) for row in cells), line=line, table=table)
