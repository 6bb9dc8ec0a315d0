"""Reads the numbers that a loaded model answers with, by name, from whatever library it comes."""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import booster_weights, onnx_weights
from pytest_mlready.errors import Inconclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from pytest_mlready.values import Model

MOST = 2_000_000  # parts of an object that are looked at
# Fitted attributes that no prediction reads: scores and statistics of the training, and labels, among which NaN may
# stand for "missing" (categories, the rows that an imputer keeps), for a fold that failed (cv_results_), for a row
# that no tree left out (oob_…) or that no cluster reaches (reachability_).
ASIDE = frozenset({
    "cv_results_", "train_score_", "validation_score_", "validation_scores_", "train_score", "oob_score_",
    "oob_decision_function_", "oob_prediction_", "oob_improvement_", "oob_scores_", "loss_curve_", "loss_", "scores_",
    "pvalues_", "categories_", "classes_", "statistics_", "refit_time_", "best_score_", "impurity", "gain",
    "reachability_", "core_distances_", "_fill_value_orig", "_fill_value_above", "_fill_value_below",
})  # fmt: skip
_LEAVES = (str, bytes, bytearray, int, complex, type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)


def of_model(model: Model) -> Iterator[tuple[str, NDArray[np.floating[Any]]]]:
    """(name, values) of every array of floating-point numbers in a loaded model; nothing where none can be seen.

    Scikit-learn's estimators (and what lies inside them, boosters too) attribute by attribute; PyTorch and Keras by
    their own lists of parameters; ONNX from the file.

    Raises:
        Inconclusive: It has more parts than are looked at, or its file cannot be read.
    """
    if type(model.estimator).__module__.startswith("onnxruntime"):
        if model.path is not None:
            yield from _of_onnx(Path(model.path))
        return
    yield from of_object(model.estimator)


def _of_onnx(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    try:
        yield from onnx_weights.read(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Inconclusive(f"the weights in {path.name} cannot be read: {error}") from None


def of_object(root: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """The same for any object, without running any of its code but `__getstate__` of compiled types."""
    import numpy as np

    pending: list[tuple[str, Any]] = [("", root)]
    seen: dict[int, Any] = {}  # holds what was met, so that no id is used again
    while pending:
        name, node = pending.pop()
        if isinstance(node, float | np.floating):
            if _is_fitted(name):
                yield name, np.array([node], float)
            continue
        if node is None or isinstance(node, _LEAVES) or id(node) in seen:
            continue
        seen[id(node)] = node
        if len(seen) > MOST:
            raise Inconclusive(f"the model has more than {MOST:,} parts, and not all were looked at")
        if isinstance(node, np.ndarray):
            yield from _floats(name, node)
            pending += _entries(name, node.tolist()) if node.dtype == object else []
        elif (booster := _booster(node)) is not None:
            yield from ((f"{name}.{part}".lstrip("."), values) for part, values in booster)
        else:
            pending += _inside(name, node)


def _is_fitted(name: str) -> bool:
    """Whether a single number stands under a name that scikit-learn gives to what was fitted ("intercept_")."""
    last = name.rpartition(".")[2].partition("[")[0]
    return last.endswith("_") and not last.startswith("_")


def _floats(name: str, array: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The array, or those fields of a table that hold floats."""
    if array.dtype.kind == "f":
        yield name, array
    for field in array.dtype.names or ():
        if array.dtype[field].kind == "f" and field not in ASIDE:
            yield f"{name}.{field}", array[field]


def _booster(node: Any) -> Iterator[tuple[str, NDArray[Any]]] | None:
    root, kind = type(node).__module__.partition(".")[0], type(node).__name__
    if kind == "Booster" and root in ("xgboost", "lightgbm"):
        return getattr(booster_weights, root)(node)  # type: ignore[no-any-return]
    if callable(getattr(node, "state_dict", None)):  # PyTorch
        return (
            (str(k), v.detach().float().cpu().numpy()) for k, v in node.state_dict().items() if hasattr(v, "detach")
        )
    if root in ("keras", "tensorflow", "tf_keras") and callable(getattr(node, "get_weights", None)):
        return ((f"weights[{n}]", values) for n, values in enumerate(node.get_weights()))
    return None


def _inside(name: str, node: Any) -> list[tuple[str, Any]]:
    """Parts of a container or an object, with their names."""
    if hasattr(node, "tocsr"):  # scipy.sparse, which keeps lists, or is a dictionary, in some forms
        return [(f"{name}.data", node.tocsr().data)]
    if isinstance(node, Mapping):
        return [(f"{name}[{key!r}]", part) for key, part in node.items() if key not in ASIDE]
    if isinstance(node, list | tuple | set | frozenset):
        return _entries(name, node)
    if type(node).__name__ == "Series" and type(node).__module__.partition(".")[0] in ("pandas", "polars"):
        return [(name, node.to_numpy())]  # coefficients by name; a whole frame is rather data, with what is missing
    state = getattr(node, "__dict__", None)
    state = _compiled(node) if state is None else state
    if not isinstance(state, Mapping):
        return _entries(name, state)
    given = _parameters(node)
    return [
        (f"{name}.{key}".lstrip("."), part)
        for key, part in state.items()
        if key not in ASIDE and (key not in given or _fitted(part)) and not _kept_by_imputer(node, key)
    ]


def _kept_by_imputer(node: Any, key: str) -> bool:
    """Whether these are the rows that KNNImputer fills gaps from, which have gaps themselves."""
    return key == "_fit_X" and hasattr(node, "missing_values")


def _entries(name: str, parts: Any) -> list[tuple[str, Any]]:
    held = parts if isinstance(parts, list | tuple | set | frozenset) else ()
    return [(f"{name}[{n}]", part) for n, part in enumerate(held)]


def _compiled(node: Any) -> Any:
    """State of a type without attributes of its own, such as scikit-learn's trees and loss functions."""
    if type(node).__module__.partition(".")[0] != "sklearn":
        return ()
    try:
        return node.__getstate__()
    except Exception:  # noqa: BLE001 - one that cannot be copied holds no weights
        return ()


def _parameters(node: Any) -> frozenset[str]:
    """Names of what the team set before training: no weights, and NaN may be meant there."""
    get = getattr(type(node), "_get_param_names", None)
    try:
        return frozenset(get()) if callable(get) else frozenset()
    except Exception:  # noqa: BLE001 - a class that does not say it
        return frozenset()


def _fitted(part: Any) -> bool:
    """Whether a parameter holds estimators, which are fitted in their place (the steps of a pipeline)."""
    if hasattr(part, "get_params"):
        return True
    return isinstance(part, list | tuple) and any(isinstance(p, tuple) or hasattr(p, "get_params") for p in part)
