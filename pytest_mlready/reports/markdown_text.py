"""Escapes text from outside for GitHub's Markdown, in which it stays text: no markup, link, mention or row."""

from __future__ import annotations

import html
import re

from pytest_mlready.errors import clean

PUNCTUATION = re.compile(r"([\\`*_\[\]|~$])")
# What GitHub links in rendered text, however it was escaped: @somebody, a@b.c, #12. A space without width parts them.
LINKED = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=GH-)(?=\d)", re.IGNORECASE)
SCHEME = re.compile(r":(?=//)|\.(?<=www\.)", re.IGNORECASE)
PLAIN = re.compile(r"[\w.-]+", re.ASCII)  # an id or a digest
AT_START = re.compile(r"^(?:([#+=-])|(\d+)([.)]))")
APART = "&#8203;"


def inline(text: object, *, longest: int = 0) -> str:
    """The text on one line, as words; cut to `longest` characters before it is escaped, with 0 not at all."""
    words = " ".join(clean(str(text)).split())
    if longest and len(words) > longest:
        words = f"{words[: longest - 1]}…"
    escaped = PUNCTUATION.sub(r"\\\1", html.escape(words, quote=False))
    escaped = SCHEME.sub(lambda match: f"\\{match[0]}", escaped)
    escaped = AT_START.sub(lambda match: f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}", escaped)
    return LINKED.sub(APART, escaped)


def code(text: object) -> str:
    """The text as code: HTML where backticks would not do, since it may hold some itself."""
    if PLAIN.fullmatch(str(text)):
        return f"`{text}`"
    escaped = html.escape(" ".join(clean(str(text)).split()), quote=False)
    for pattern in (SCHEME, PUNCTUATION):  # what stands between two HTML tags is Markdown still
        escaped = pattern.sub(lambda match: f"&#{ord(match[0])};", escaped)
    return f"<code>{LINKED.sub(APART, escaped) if '@' in escaped else escaped}</code>"


def block(lines: list[str]) -> list[str]:
    """Lines to paste, as a code block whose fence is longer than any in them."""
    texts = [clean(line).replace("\n", " ") for line in lines]
    runs = [len(run) for run in re.findall(r"`+", "\n".join(texts))]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return [fence, *texts, fence]


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """A table of cells that are escaped already."""
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
