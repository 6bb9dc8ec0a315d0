"""Durations and sizes as people write them."""

from __future__ import annotations

import math

import pytest

from pytest_mlready import units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250 ms", 0.25),
        ("5 s", 5.0),
        ("2 min", 120.0),
        ("1 h", 3600.0),
        ("7 d", 604_800.0),
        ("1.5h", 5400.0),
        (" 20 µs ", 20e-6),
        (3, 3.0),
        (0.5, 0.5),
        (0, 0.0),
    ],
)
def test_a_duration_is_read_as_seconds(text, expected):
    assert units.seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20 MB", 20_000_000), ("20 MiB", 20 * 2**20), ("1.5 kB", 1500), ("1KB", 1000), ("7 B", 7), (1234, 1234)],
)
def test_a_size_is_read_as_bytes(text, expected):
    assert units.byte_count(text) == expected
    assert type(units.byte_count(text)) is int


@pytest.mark.parametrize(
    "value", ["5", "-5 s", "5 m", "fast", "", "1e3 s", "1,5 s", "5 s s", "٣ s", True, None, [1], -1]
)
def test_what_is_no_duration_is_refused(value):
    with pytest.raises(ValueError, match="a duration such as"):
        units.seconds(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_a_duration_is_finite(value):
    with pytest.raises(ValueError, match="finite"):
        units.seconds(value)


@pytest.mark.parametrize("value", ["20", "20 mb", "1.5 B", "-1 B", 1.5, True, None, -1])
def test_what_is_no_size_is_refused(value):
    with pytest.raises(ValueError, match="a size such as"):
        units.byte_count(value)


@pytest.mark.parametrize(
    ("read", "value", "meant"),
    [
        (units.seconds, "5 m", "min"),
        (units.seconds, "5 sec", "s"),
        (units.seconds, "7 days", "d"),
        (units.seconds, "2 H", "h"),
        (units.byte_count, "20 mb", "MB"),
        (units.byte_count, "20 M", "MB"),
        (units.byte_count, "3 gib", "GiB"),
    ],
)
def test_the_unit_that_was_meant_is_offered(read, value, meant):
    with pytest.raises(ValueError, match=f'did you mean "{meant}"'):
        read(value)


def test_an_unknown_unit_gets_the_list():
    with pytest.raises(ValueError, match=r"one of the units ns, us, .*fortnights"):
        units.seconds("3 fortnights")
