"""Tells an answer from an error that is sent with a 2xx status, cheaply enough for every answer under load."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_mlready.serving.right_answer import reports_failure

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOKED_AT = 262_144  # bytes of an answer up to which it is parsed


def flaw(content: bytes | None, keys: Iterable[str] = ()) -> str:
    """Why the body of a 2xx answer is no answer; "" where it is one, or too long to be looked into.

    Args:
        content: The body.
        keys: Those of a good answer, of which this one must have one at least; none: any JSON will do.
    """
    if not content or len(content) > LOOKED_AT:
        return "" if content else "the answer is empty"
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return "the answer is no JSON"
    if value in (None, {}, []):
        return "the answer is empty"
    wanted = tuple(keys)
    if reports_failure(value, dict.fromkeys(wanted)):
        return "the answer carries an error"
    known = isinstance(value, dict) and any(key in value for key in wanted)
    return "" if known or not wanted else f"the answer has no {' or '.join(wanted)}"
