"""Reads what inputs add to a model from a file that an earlier study left.

The document, in YAML, JSON or TOML:

    version: 1
    model_sha256: 242435a6…       # of the model that was studied
    features:
      age: { gain: 0.10, lower: 0.09, upper: 0.12 }   # shares of the model's gain, with bounds; upper at most limit:
      iris_scan: { gain: 0.0, lower: 0.0, upper: 0.0 }  # useless; lower above 0: beneficial
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pytest_mlready.errors import DataError, near
from pytest_mlready.features.importance_gains import Gain, Standing

_TOP = ("version", "description", "model_sha256", "features")
_NUMBERS = ("gain", "lower", "upper")


def gains(content: Any, *, limit: float) -> tuple[Gain, ...]:
    """The gains in a document, judged by their bounds against the limit.

    Raises:
        DataError: it has mistakes; lists all of them.
    """
    if found := list(_mistakes(content)):
        shown = "; ".join(found[:20]) + (f"; and {len(found) - 20} more" if len(found) > 20 else "")
        raise DataError(f"the saved gains have {len(found)} mistake{'s' * (len(found) > 1)}: {shown}")
    return tuple(_gain(name, table, limit) for name, table in content["features"].items())


def _gain(name: str, table: Mapping[str, float], limit: float) -> Gain:
    standing: Standing = "useless" if table["upper"] <= limit else "beneficial" if table["lower"] > 0 else "undecided"
    share, lower, upper = (float(table[key]) for key in _NUMBERS)
    return Gain(name=name, members=(name,), share=share, lower=lower, upper=upper, standing=standing)


def _mistakes(content: Any) -> list[str]:
    if not isinstance(content, Mapping) or not isinstance(content.get("features"), Mapping) or not content["features"]:
        return ["expected the keys version, model_sha256, features with an entry for each input"]
    found = [f"{key} is unknown{near(key, _TOP).replace(';', ',')}" for key in content if key not in _TOP]
    if content.get("version") != 1:
        found.append(f"version is {content.get('version')!r}, expected 1")
    for name, table in content["features"].items():
        if not isinstance(table, Mapping) or set(table) != set(_NUMBERS):
            found.append(f"features.{name}: expected the numbers {', '.join(_NUMBERS)}")
        elif not all(_number(value) for value in table.values()):
            found.append(f"features.{name} holds something else than finite numbers")
        elif not table["lower"] <= table["gain"] <= table["upper"]:
            found.append(f"features.{name}: gain is not between lower and upper")
    return found


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
