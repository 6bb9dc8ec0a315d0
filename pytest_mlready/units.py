"""Reads durations and sizes as people write them: "250 ms" as seconds, "20 MB" as bytes."""

from __future__ import annotations

import math
import re
from decimal import Decimal

# Seconds in each unit. "m" is left out on purpose: it is metres, minutes or months, whoever reads it.
DURATIONS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "w": Decimal(604800),
}
# Bytes in each unit: kB … TB by the SI (powers of 1000), KiB … TiB by IEC 80000-13 (powers of 1024).
SIZES = {
    "B": Decimal(1),
    "kB": Decimal(10**3),
    "KB": Decimal(10**3),
    "MB": Decimal(10**6),
    "GB": Decimal(10**9),
    "TB": Decimal(10**12),
    "KiB": Decimal(2**10),
    "MiB": Decimal(2**20),
    "GiB": Decimal(2**30),
    "TiB": Decimal(2**40),
}
# What people write instead, by the unit that they may mean.
ALIASES = {
    "s": ("sec", "secs", "second", "seconds"),
    "ms": ("msec", "millisecond", "milliseconds"),
    "min": ("m", "mins", "minute", "minutes"),
    "h": ("hr", "hrs", "hour", "hours"),
    "d": ("day", "days"),
    "w": ("week", "weeks"),
    "B": ("byte", "bytes"),
    "kB": ("k", "kilobyte", "kilobytes"),
    "MB": ("m", "megabyte", "megabytes"),
    "GB": ("g", "gigabyte", "gigabytes"),
    "TB": ("t", "terabyte", "terabytes"),
}
QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([^\W\d_]*)")
DURATION_EXPECTED = 'a duration such as "250 ms", "5 s", "2 min", "1 h" or "7 d", or a number of seconds'
SIZE_EXPECTED = 'a size such as "20 MB" or "20 MiB", or a whole number of bytes'


def seconds(value: object) -> float:
    """Returns a duration in seconds.

    Args:
        value: "250 ms", "5 s", "2 min", "1 h", "7 d", … or a number of seconds.

    Raises:
        ValueError: not a duration; the message says what was expected.
    """
    if isinstance(value, str):
        result = float(_quantity(value, DURATIONS, DURATION_EXPECTED))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        result = _float(value)
    else:
        raise ValueError(DURATION_EXPECTED)  # noqa: TRY004 - one kind of error for all that is not a duration
    if not 0 <= result < math.inf:
        raise ValueError(DURATION_EXPECTED + ", finite and not negative")
    return result


def byte_count(value: object) -> int:
    """Returns a size in bytes.

    Args:
        value: "20 MB" (10^6), "20 MiB" (2^20), … or a whole number of bytes.

    Raises:
        ValueError: not a size; the message says what was expected.
    """
    if isinstance(value, str):
        result = _quantity(value, SIZES, SIZE_EXPECTED)
        if result != int(result):
            raise ValueError(SIZE_EXPECTED + ", without a fraction of a byte")
        return int(result)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(SIZE_EXPECTED)  # noqa: TRY004 - as in seconds
    if value < 0:
        raise ValueError(SIZE_EXPECTED + ", not negative")
    return value


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf


def _quantity(text: str, units: dict[str, Decimal], expected: str) -> Decimal:
    match = QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(expected)
    number, unit = match.groups()
    if not unit:
        raise ValueError(f"{expected}; text needs a unit")
    if unit not in units:
        raise ValueError(_instead(unit, units, expected))
    return Decimal(number) * units[unit]


def _instead(unit: str, units: dict[str, Decimal], expected: str) -> str:
    """Says which unit may be meant, or which there are."""
    for known in units:
        if unit.lower() in (known.lower(), *ALIASES.get(known, ())):
            return f'{expected}; "{unit}" is not a unit here, did you mean "{known}"?'
    return f'one of the units {", ".join(units)}; "{unit}" is none of them'
