"""Takes the text and the anchors out of what Markdown marks up within a line."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

_HTML_ANCHOR = re.compile(r"""<[a-z]\w*\s[^<>]*?\b(?:id|name)\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|</?([a-z][\w:-]*)\b[^<>]*>", re.DOTALL | re.IGNORECASE)
# What HTML has; any other name between angle brackets is something that somebody was to fill in.
_ELEMENTS = frozenset(
    "a abbr article aside b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em "  # noqa: SIM905
    "figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i iframe img input ins kbd li main mark nav ol p "
    "picture pre q s samp section small source span strike strong sub summary sup svg table tbody td tfoot th thead "
    "time tr tt u ul var video wbr".split()
)


def anchor(title: str, taken: dict[str, int]) -> str:
    """The anchor that GitHub gives a heading; `taken` counts those given so far."""
    plain = "".join(c for c in title.strip().lower() if c.isalnum() or c in " -_" or _is_mark(c)).replace(" ", "-")
    count = taken.get(plain, 0)
    taken[plain] = count + 1
    return f"{plain}-{count}" if count else plain


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def written_anchors(token: Token) -> list[str]:
    """Anchors that HTML within a token sets."""
    if token.type == "html_block":
        return [str(a) for a in _HTML_ANCHOR.findall(token.content)]
    children = token.children or () if token.type == "inline" else ()
    return [str(a) for c in children if c.type == "html_inline" for a in _HTML_ANCHOR.findall(c.content)]


def plain(token: Token) -> str:
    """The text of an inline token without markup; what stands between angle brackets and is no HTML stays."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "html_inline":
            parts.append(without_tags(child.content))
    return "".join(parts)


def without_tags(text: str) -> str:
    """The text without HTML; names that HTML does not have stay, since they were to be filled in."""
    return _TAG.sub(lambda m: m[0] if m[1] and m[1].lower() not in _ELEMENTS else " ", text)
