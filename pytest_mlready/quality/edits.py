"""Edits free text as people do by accident: typing errors, case, white space, punctuation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_NEIGHBOURS = {
    row[i]: row[max(i - 1, 0) : i] + row[i + 1 : i + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
    for i in range(len(row))
}


def typo(text: str, rng: random.Random) -> str:
    """One slip of the finger: two letters swapped, one dropped, doubled, or hit on the neighbouring key."""
    if len(text) < 2:
        return text
    i = rng.randrange(len(text) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    if kind == 1:
        return text[:i] + text[i + 1 :]
    if kind == 2:
        return text[:i] + text[i] + text[i:]
    near = _NEIGHBOURS.get(text[i].lower(), "")
    return text[:i] + rng.choice(near) + text[i + 1 :] if near else text[:i] + text[i + 1 :]


def case(text: str, rng: random.Random) -> str:
    """All upper, all lower, or swapped."""
    return rng.choice((str.upper, str.lower, str.swapcase))(text)


def whitespace(text: str, rng: random.Random) -> str:
    """Blanks around, or one blank doubled."""
    blanks = [i for i, c in enumerate(text) if c == " "]
    if not blanks or rng.random() < 0.5:
        return f" {text}  "
    i = rng.choice(blanks)
    return text[:i] + "  " + text[i + 1 :]


def punctuation(text: str, rng: random.Random) -> str:
    """A closing mark dropped, or one added."""
    return text[:-1] if text[-1:] in set(".,!?;:") else text + rng.choice(".!,;")


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "typo": typo, "case": case, "whitespace": whitespace, "punctuation": punctuation,
}  # fmt: skip


def distance(a: str, b: str, most: int = 8) -> int:
    """Edits between two texts: insertions, deletions, substitutions, swaps of neighbours; `most` where there are more.

    Only the part between the common start and end is compared, so that long texts with few edits cost little.
    """
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[start:], b[start:]
    end = next(
        (i for i, (x, y) in enumerate(zip(reversed(a), reversed(b), strict=False)) if x != y), min(len(a), len(b))
    )
    a, b = a[: len(a) - end], b[: len(b) - end]
    if max(len(a), len(b)) > 2000 or abs(len(a) - len(b)) > most:
        return most
    rows: list[list[int]] = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[-1] + 1, rows[-1][j] + 1, rows[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return min(rows[-1][-1], most)
