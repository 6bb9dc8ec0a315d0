"""Lists all that is wrong with one entry of a case file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_mlready.errors import near
from pytest_mlready.quality.answers import shorten

EXPECTATIONS = ("label", "equals", "tolerance", "min", "max", "score_min", "score_max", "class", "raises")
_CASE_KEYS = ("name", "input", "text", "expect", "level", "why")


def mistakes(case: Any) -> list[str]:
    """All that is wrong with one entry of `cases`."""
    if not isinstance(case, Mapping):
        return [f"{shorten(repr(case), 40)} is not a table"]
    found = [f'unknown key "{k}"{near(str(k), _CASE_KEYS)}' for k in case if k not in _CASE_KEYS]
    if not isinstance(case.get("name"), str) or not case["name"]:
        found.append("name is missing")
    if ("input" in case) == ("text" in case):
        found.append("expected one of input and text")
    if "input" in case and not isinstance(case["input"], Mapping):
        found.append(f"input is {shorten(repr(case['input']), 40)}, expected cells by column")
    if "text" in case and not isinstance(case["text"], str):
        found.append(f"text is {shorten(repr(case['text']), 40)}, expected a string")
    if case.get("level", "must") not in ("must", "should"):
        found.append(f"level is {case['level']!r}, expected must or should{near(case['level'], ('must', 'should'))}")
    return found + _expect_mistakes(case.get("expect"))


def _expect_mistakes(expect: Any) -> list[str]:
    if not isinstance(expect, Mapping) or not set(expect) - {"class", "tolerance"}:
        return [f"expect is {shorten(repr(expect), 40)}, expected any of {', '.join(EXPECTATIONS)}"]
    found = [f'expect has the unknown key "{k}"{near(str(k), EXPECTATIONS)}' for k in expect if k not in EXPECTATIONS]
    found += [
        f"expect.{key} is {expect[key]!r}, expected a number"
        for key in ("equals", "tolerance", "min", "max", "score_min", "score_max")
        if key in expect and (isinstance(expect[key], bool) or not isinstance(expect[key], int | float))
    ]
    if "raises" in expect and not (expect["raises"] is True or isinstance(expect["raises"], str)):
        found.append(f"expect.raises is {expect['raises']!r}, expected true or the name of an exception")
    if "raises" in expect and len(expect) > 1:
        found.append("expect.raises stands alone: no answer can be expected with it")
    return found
