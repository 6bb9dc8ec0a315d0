"""Reads leaves, thresholds and coefficients out of boosters of XGBoost and LightGBM."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# What LightGBM's trees answer with; a linear tree adds a constant and coefficients to each leaf.
_OF_LEAVES = re.compile(r"^(leaf_value|leaf_const|leaf_coeff|threshold)=(.*)$", re.MULTILINE)
_COEFFICIENTS = ("weights", "weight_drop")  # of XGBoost's linear booster, and of DART


def lightgbm(booster: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """(name, values), each kind over all trees; from the text that LightGBM saves."""
    import numpy as np

    found: dict[str, list[float]] = {}
    for name, values in _OF_LEAVES.findall(booster.model_to_string()):
        found.setdefault(name, []).extend(float(value) for value in values.split())
    yield from ((name, np.array(values)) for name, values in found.items())


def xgboost(booster: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """(name, values), tree by tree; from the JSON that XGBoost saves, in which NaN is written as such."""
    import numpy as np

    learner = json.loads(booster.save_raw("json"))["learner"]
    base = str(learner["learner_model_param"]["base_score"]).strip("[]")
    yield "base_score", np.array([float(one) for one in base.split(",")])
    yield from _parts(learner["gradient_booster"], "")


def _parts(node: Any, place: str) -> Iterator[tuple[str, NDArray[Any]]]:
    import numpy as np

    if isinstance(node, dict) and "split_conditions" in node:
        values, leaf = np.array(node["split_conditions"], float), np.array(node["left_children"]) == -1
        yield f"{place}.leaf", values[leaf]
        yield f"{place}.threshold", values[~leaf]
        return
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        if key in _COEFFICIENTS and isinstance(value, list):
            yield f"{place}.{key}".lstrip("."), np.array(value, float)
        elif isinstance(value, dict | list):
            step = f"{place}[{key}]" if isinstance(key, int) else f"{place}.{key}".lstrip(".")
            yield from _parts(value, step)
