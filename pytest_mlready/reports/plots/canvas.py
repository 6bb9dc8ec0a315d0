"""Writes SVG elements: every text escaped, every place rounded, every drawing named for those who cannot see it."""

from __future__ import annotations

import math
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from pytest_mlready.errors import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.reports.plots.axes import Axis

WIDTH = 400.0  # units; the page shows a drawing 300 to 480 pixels wide, so that text keeps its size
LINE = 15.0  # units from one line of text to the next
LETTER = 7.0  # units; how wide a letter is about


def element(name: str, *children: str, **attributes: str | float) -> Markup:
    """One element; `class_` and `text_anchor` stand for the attributes class and text-anchor."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_attribute(value))}"' for key, value in attributes.items()
    )
    inner = Markup("").join(child if isinstance(child, Markup) else escape(clean(child)) for child in children)
    rest = f">{inner}</{name}>" if inner else "/>"
    return Markup(f"<{name}{written}{rest}")  # noqa: S704 - each part is escaped above


def _attribute(value: str | float) -> str:
    return clean(value) if isinstance(value, str) else place(value)


def place(value: float) -> str:
    """A coordinate with one digit: finer than any screen shows."""
    written = f"{value:.1f}".removesuffix(".0")
    return "0" if written == "-0" else written


def drawing(title: str, description: str, height: float, *children: str) -> Markup:
    """The whole picture: its title is its name, its description says what it shows in words."""
    return element(
        "svg", element("title", title), element("desc", description), *children,
        class_="plot", role="img", viewBox=f"0 0 {place(WIDTH)} {place(height)}",
    )  # fmt: skip


def text(x: float, y: float, words: str, *, anchor: str = "start", class_: str = "") -> Markup:
    other = {"text_anchor": anchor} if anchor != "start" else {}
    return element("text", words, x=x, y=y, **other, **({"class_": class_} if class_ else {}))


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def rectangle(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    return element("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str, *, closed: bool = False) -> Markup:
    """A line through points, or the area within them."""
    places = "L".join(f"{place(x)} {place(y)}" for x, y in points)
    return element("path", d=f"M{places}{'Z' if closed else ''}", class_=class_) if places else Markup("")


def strokes(ends: Iterable[tuple[tuple[float, float], tuple[float, float]]], class_: str) -> Markup:
    """Several straight lines as one element."""
    drawn = "".join(f"M{place(a)} {place(b)}L{place(x)} {place(y)}" for (a, b), (x, y) in ends)
    return element("path", d=drawn, class_=class_) if drawn else Markup("")


def point(x: float, y: float, standing: str) -> Markup:
    """A mark whose shape tells the standing too: full within the limit, hollow undecided, a cross beyond it."""
    if standing == "bad":
        arm = 4.0
        return strokes((((x - arm, y - arm), (x + arm, y + arm)), ((x - arm, y + arm), (x + arm, y - arm))), "cross")
    return element("circle", cx=x, cy=y, r=4.0, class_="hollow" if standing == "open" else "full")


def below(axis: Axis, y: float, labels: Sequence[str], *, top: float) -> Markup:
    """Ticks under a picture, with faint lines up to `top`."""
    places = [axis.at(tick) for tick in axis.ticks()]
    step = _apart(places, labels)
    named = zip(places[::step], labels[::step], strict=True)
    words = [text(*inside(x, y + LINE, word), class_="axis") for x, word in named]
    return Markup("").join([strokes([((x, top), (x, y)) for x in places], "grid"), *words])


def _apart(places: Sequence[float], labels: Sequence[str]) -> int:
    """Of how many labels one is shown, so that they do not overlap."""
    nearest = min((abs(b - a) for a, b in pairwise(places)), default=WIDTH)
    widest = max(map(width, labels), default=0.0) + LETTER
    return max(1, math.ceil(widest / max(nearest, 1.0)))


def inside(x: float, y: float, word: str) -> tuple[float, float, str]:
    """Where a text begins that is centred on x, but for what would leave the picture."""
    wide = width(word)
    return min(max(x - wide / 2, 1.0), WIDTH - wide - 1), y, word


def beside(axis: Axis, x: float, labels: Sequence[str], *, right: float) -> Markup:
    """Ticks at the left of a picture, with faint lines to `right`."""
    places = [axis.at(tick) for tick in axis.ticks(4)]
    words = [
        text(x - 5, y + 4, fitted(word, x), anchor="end", class_="axis") for y, word in zip(places, labels, strict=True)
    ]
    return Markup("").join([strokes([((x, y), (right, y)) for y in places], "grid"), *words])


def width(words: str) -> float:
    """About how wide a text is, in units: nobody can measure it without a font."""
    return sum(2 * LETTER if unicodedata.east_asian_width(c) in "WF" else LETTER for c in words)


def fitted(words: str, room: float) -> str:
    """The text, cut to the room; the whole of it stands in the table beside the picture."""
    words = clean(words).replace("\n", " ")
    if width(words) <= room:
        return words
    while words and width(words) + LETTER > room:
        words = words[: -max(1, int((width(words) + LETTER - room) // (2 * LETTER)))]
    return words.rstrip() + "…"
