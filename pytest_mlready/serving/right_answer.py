"""Holds the JSON of an answer against what is expected of it."""

from __future__ import annotations

import json
import math
from typing import Any

TOLERANCE = 1e-6  # relative, of numbers in an answer against those expected
ERRORS = frozenset({"error", "errors", "exception", "traceback", "stacktrace", "detail", "errormessage"})
STATES = frozenset({"status", "state", "success", "ok", "statuscode", "code"})  # keys that tell whether it worked
FAILED = frozenset({"error", "fail", "failed", "failure"})
BESIDE = frozenset({"message", "msg", "reason", "details", "path", "timestamp", "requestid", "traceid", "body"})


def reports_failure(value: Any, expected: Any = None) -> bool:
    """Whether an answer tells of a failure in a body that a status of success hides.

    A number under a key of ERRORS is none (a model may answer with its standard error), nor is what the expected answer
    has as well. A state of failure ({"success": false, "message": "no model"}) is one where words about it stand beside
    it and nothing else: a model may predict a failure.
    """
    if isinstance(value, list):
        return not expected and any(isinstance(one, dict) and reports_failure(one) for one in value)
    if not isinstance(value, dict):
        return False
    known = expected if isinstance(expected, dict) else {}
    if any(_plain(key) in ERRORS and value[key] and not _number(value[key]) for key in value if key not in known):
        return True
    told = {key: _plain(key) for key in value if value[key] not in (None, "", [], {})}
    states = [key for key, plain in told.items() if plain in STATES]
    words = [key for key, plain in told.items() if plain in BESIDE]
    return (
        bool(words)
        and len(states) + len(words) == len(told)
        and any(_says_no(value[key]) and known.get(key) != value[key] for key in states)
    )


def _plain(key: Any) -> str:
    return str(key).lower().replace("_", "").replace("-", "")


def _says_no(state: Any) -> bool:
    """Whether a state is one of failure: false, a word for it, or a status code of HTTP for it."""
    if isinstance(state, str):
        return state.lower() in FAILED
    return state is False or (_number(state) and 400 <= state < 600)


def hollow(value: Any) -> bool:
    """Whether nothing is in an answer but nulls, empty texts, lists and tables: no number, no text, no truth."""
    look = [value]
    while look:
        node = look.pop()
        if isinstance(node, dict | list):
            look += node.values() if isinstance(node, dict) else node
        elif node not in (None, ""):
            return False
    return True


def differs(found: Any, expected: Any, at: str = "") -> str:
    """The first place at which `found` lacks what is expected; "" where it holds all of it.

    Tables may have more keys; lists have the same length; numbers agree within a millionth.
    """
    place = at or "the whole"
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [key for key in expected if key not in found]
        if missing:
            return f"{place} lacks {missing[0]!r}"
        return next((d for k, v in expected.items() if (d := differs(found[k], v, f"{at}/{k}"))), "")
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{place} has {len(found)} entries, expected {len(expected)}"
        return next(
            (d for i, (f, e) in enumerate(zip(found, expected, strict=True)) if (d := differs(f, e, f"{at}/{i}"))), ""
        )
    same = _close(found, expected) if _number(expected) and _number(found) else _equal(found, expected)
    return "" if same else f"{place} is {json.dumps(found)[:60]}, expected {json.dumps(expected)[:60]}"


def _close(found: float, expected: float) -> bool:
    try:
        return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except OverflowError:  # an integer of hundreds of digits
        return found == expected


def _equal(found: Any, expected: Any) -> bool:
    return type(found) is type(expected) and bool(found == expected)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def finite(value: Any) -> bool:
    """Whether every number in a JSON value is finite."""
    look = [value]
    while look:
        node = look.pop()
        if isinstance(node, float) and not math.isfinite(node):
            return False
        look += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return True
