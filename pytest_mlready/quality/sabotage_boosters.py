"""Changes the leaf values of XGBoost's and LightGBM's own boosters, by their text forms."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Change = Callable[[NDArray[Any]], NDArray[Any]]

_LEAVES = re.compile(r"^leaf_value=(.+)$", re.MULTILINE)
_SIZES = re.compile(r"^tree_sizes=.*\n", re.MULTILINE)  # bytes of each tree; LightGBM does without the line


def is_booster(thing: Any) -> bool:
    """Whether this is a booster of either library."""
    return type(thing).__name__ == "Booster" and type(thing).__module__.partition(".")[0] in ("xgboost", "lightgbm")


def changed(booster: Any, change: Change) -> Any:
    """A booster with other leaf values (of a linear one: weights); None where none were found.

    Args:
        booster: As fitted; it stays as it is.
        change: Returns the new values, shape as given.
    """
    library = type(booster).__module__.partition(".")[0]
    return _xgboost(booster, change) if library == "xgboost" else _lightgbm(booster, change)


def _xgboost(booster: Any, change: Change) -> Any:
    import xgboost

    document = json.loads(bytes(booster.save_raw("json")))
    met = 0
    for table in _tables(document["learner"]["gradient_booster"]):
        met += _leaves_of(table, change) if "split_conditions" in table else _weights_of(table, change)
    if not met:
        return None
    return xgboost.Booster(model_file=bytearray(json.dumps(document).encode()))


def _tables(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _tables(inner)


def _leaves_of(tree: dict[str, Any], change: Change) -> int:
    """A leaf has no left child, and keeps its value where others keep the split."""
    values = np.asarray(tree["split_conditions"], float)
    leaves = np.asarray(tree["left_children"]) < 0
    values[leaves] = change(values[leaves])
    tree["split_conditions"] = values.tolist()
    return 1


def _weights_of(table: dict[str, Any], change: Change) -> int:
    weights = table.get("weights")
    if not isinstance(weights, list) or not weights:
        return 0
    table["weights"] = change(np.asarray(weights, float)).tolist()
    return 1


def _lightgbm(booster: Any, change: Change) -> Any:
    import lightgbm

    text = booster.model_to_string()
    if not _LEAVES.search(text):
        return None
    spoilt = _LEAVES.sub(lambda line: f"leaf_value={_line(line[1], change)}", _SIZES.sub("", text))
    return lightgbm.Booster(model_str=spoilt)


def _line(values: str, change: Change) -> str:
    return " ".join(f"{value:.17g}" for value in change(np.array(values.split(), float)))
