"""Takes a Cookie header apart and spoils every value in it: which of several is the credential, nobody says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORTEST = 4  # characters of a value that may be a secret; "on" and "en" are none


def is_header(name: str) -> bool:
    """Whether a header carries cookies."""
    return name.lower() == "cookie"


def values(header: str) -> tuple[str, ...]:
    """The values in a Cookie header (RFC 6265, 4.2.1), those too short to be a secret left out, the longest first."""
    found = [pair.partition("=")[2] for pair in _pairs(header)]
    return tuple(sorted((value for value in found if len(value) >= SHORTEST), key=len, reverse=True))


def replaced(header: str, known: Mapping[str, str], other: str) -> str:
    """The header with every value replaced by what is known for it, or by `other`; names stay, to be found."""
    split = (pair.partition("=") for pair in _pairs(header))
    return "; ".join(f"{name}={known.get(value, other)}" for name, _, value in split)


def _pairs(header: str) -> list[str]:
    return [pair.strip() for pair in header.split(";") if "=" in pair]
