"""The time that checks judge by: now, and on another day its end, so that what happens on that day has happened."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

from pytest_mlready.checks import clock


def test_today_it_is_now():
    before = dt.datetime.now(tz=dt.UTC)
    now = clock.now(SimpleNamespace(today=before.date()))
    assert before <= now <= dt.datetime.now(tz=dt.UTC) or now.time() == dt.time.max  # the second: midnight came between


def test_on_another_day_it_is_the_end_of_it():
    day = dt.date(2027, 3, 1)
    assert clock.now(SimpleNamespace(today=day)) == dt.datetime(2027, 3, 1, 23, 59, 59, 999999, tzinfo=dt.UTC)
