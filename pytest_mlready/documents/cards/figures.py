"""Reads figures as people write them, with a percent sign or a decimal comma, and keeps how exact they are."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

SLACK = 1e-9  # of binary arithmetic
BEFORE = 40  # characters before a number in which what makes it a limit or a range stands
ENOUGH_DIGITS = 2  # significant ones: “0.9” stands for anything from 0.85 to 0.95, and says nothing about a release
_NUMBER = re.compile(
    r"(?<![\w.,/–-])(?P<sign>[-−+])?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+[.,]\d+|\.\d+|\d+)(?P<power>[eE][-+]?\d{1,3})?"
    r"(?P<percent>\s?(?:%|percent\b|per cent\b|pct\b))?(?!\.?\w|[-/–:]\d)"
)
_BOUND = re.compile(
    r"(?:[<>≤≥]=?|\b(?:at least|at most|below|above|under|over|min|max|minimum|maximum)\b)\s*$", re.IGNORECASE
)
_RANGE = re.compile(r"\s*(?:/|–|—|-|\bto\b)\s*\.?\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number as written.

    Attributes:
        text: As written.
        value: Its value; a percentage is divided by 100.
        half: Half a unit of its last digit: what rounding may have taken or added.
        digits: Significant digits.
        percent: Whether it is written as a percentage.
    """

    text: str
    value: float
    half: float
    digits: int
    percent: bool = False

    def as_share(self) -> Figure:
        """The same number read as a percentage, for shares that are written without the sign."""
        return Figure(
            text=self.text, value=self.value / 100, half=self.half / 100, digits=self.digits, percent=True
        )  # fmt: skip

    def agrees(self, measured: float, *, tolerance: float = 0.0) -> bool:
        """Whether the measured value, rounded as the number is written, gives this number."""
        return abs(self.value - measured) <= max(self.half, tolerance) + SLACK * max(1.0, abs(measured))


def figures(text: str) -> list[tuple[int, Figure]]:
    """The numbers in a text with their places; not limits (“> 0.9”), ranges, dates, versions or parts of names."""
    found = []
    for match in _NUMBER.finditer(text):
        before = text[max(0, match.start() - BEFORE) : match.start()]
        beside = _RANGE.match(text, match.end()) or re.search(r"\d\s*(?:/|–|—|\bto)\s*$", before)
        if not beside and not _BOUND.search(before):
            found.append((match.start(), _figure(match)))
    return found


def figure(cell: str, *, percent: bool = False) -> Figure | None:
    """The number that a cell holds first; None where it holds none, or a range.

    Args:
        cell: Its text.
        percent: Whether the cells of that row or column are percentages.
    """
    found = figures(cell)
    if not found:
        return None
    first = found[0][1]
    return first.as_share() if percent and not first.percent else first


def _figure(match: re.Match[str]) -> Figure:
    digits, power = match["digits"], int((match["power"] or "e0")[1:])
    plain = (
        digits.replace(",", "") if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", digits) else digits.replace(",", ".")
    )
    decimals = len(plain.partition(".")[2])
    scale = 0.01 if match["percent"] else 1.0
    sign = -1.0 if match["sign"] in ("-", "−") else 1.0
    return Figure(
        text=match[0].strip(),
        value=sign * float(plain) * _ten(power) * scale,
        half=0.5 * _ten(power - decimals) * scale,
        digits=len(plain.replace(".", "").lstrip("0")) or decimals,
        percent=match["percent"] is not None,
    )


def _ten(power: int) -> float:
    return math.pow(10.0, power)
