"""Reads quantities as Kubernetes and compose write them: "500m" of a CPU, "512Mi" or "512m" of memory."""

from __future__ import annotations

import re
from decimal import Decimal

# Kubernetes documentation, "Quantity": decimal by powers of 1000, binary by powers of 1024.
SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9),
    "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30),
    "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
# Compose specification, "Specifying byte values": b, k or kb, m or mb, g or gb, all by powers of 1024.
COMPOSE_SUFFIXES = {"": 1, "b": 1, "k": 2**10, "kb": 2**10, "m": 2**20, "mb": 2**20, "g": 2**30, "gb": 2**30}
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([eE][+-]?[0-9]{1,3}|[a-zA-Z]{0,2})", re.ASCII)
_PLACEHOLDER = re.compile(r"\$\{|\$\(|\{\{|^\$[A-Za-z_]|^<.*>$")
EXPECTED = 'a quantity such as "500m", "2", "512Mi" or "1Gi"'


def parse(value: object) -> Decimal:
    """A quantity of Kubernetes: cores, bytes or a count.

    Args:
        value: As written: a number, or a text with one of `SUFFIXES` or an exponent.

    Raises:
        ValueError: It is no quantity; the message says what was expected, and what may be meant.
    """
    match = _QUANTITY.fullmatch(_text(value))
    if match is None:
        raise ValueError(EXPECTED)
    number, suffix = match.groups()
    if suffix not in SUFFIXES:
        if suffix[:1] in "eE" and suffix[1:]:
            return Decimal(number + suffix)
        raise ValueError(f"{EXPECTED}{_meant(suffix)}")
    return Decimal(number) * SUFFIXES[suffix]


def parse_bytes(value: object) -> Decimal:
    """A byte value of compose, in bytes.

    Raises:
        ValueError: It is none.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]{0,2})", _text(value), re.ASCII)
    if match is None or match[2].lower() not in COMPOSE_SUFFIXES:
        hint = "; compose has no Ki, Mi or Gi: k, m and g are powers of 1024" if match else ""
        raise ValueError(f'a byte value such as "512m" or "1g"{hint}')
    return Decimal(match[1]) * COMPOSE_SUFFIXES[match[2].lower()]


def is_placeholder(value: object) -> bool:
    """Whether a text stands for something that is filled in later: ${MEMORY}, {{ memory }}."""
    return isinstance(value, str) and _PLACEHOLDER.search(value) is not None


def human(value: Decimal) -> str:
    """A number of bytes or cores for the reader."""
    for suffix in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        if abs(value) >= SUFFIXES[suffix]:
            return f"{float(value / SUFFIXES[suffix]):.4g} {suffix}B"
    return f"{float(value):.4g}"


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(EXPECTED)  # noqa: TRY004 - one kind of error for all that is no quantity
    if isinstance(value, int) and value.bit_length() > 256:
        raise ValueError(EXPECTED)
    return str(value).strip()[:100]


def _meant(suffix: str) -> str:
    nearest = {"KB": "k", "K": "k", "MB": "M", "GB": "G", "TB": "T", "KI": "Ki", "MI": "Mi", "GI": "Gi", "TI": "Ti"}
    meant = nearest.get(suffix.upper())
    return f'; did you mean "{meant}"?' if meant else ""
