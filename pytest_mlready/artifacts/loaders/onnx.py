"""Loads .onnx through onnxruntime: tabular models with one input matrix, or one input a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import frames
from pytest_mlready.artifacts.loaded import Loaded, one_line
from pytest_mlready.artifacts.loaders import onnx_labels
from pytest_mlready.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}


def load(file: Path, data: bytes, *, source: str, frame: frames.Kind | None, **known: Any) -> Loaded:
    """An ONNX model, run on the CPU from memory (so it cannot reach for external files).

    Raises:
        MissingExtra: onnxruntime is not installed.
        ModelError: the file is damaged, or its inputs are no table.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtra("onnxruntime", "onnx", f"loading {file.name}") from None
    try:
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    except Exception as reason:
        raise ModelError(f"{file} cannot be read as ONNX: {one_line(reason)}", fix="export it again") from reason
    feed = _Feed(session, file)
    outputs = session.get_outputs()
    label, probability = _roles(outputs)
    classes = onnx_labels.classes(data) if probability is not None else None
    model = Loaded(
        source=source,
        estimator=session,
        ask_predict=lambda X: session.run([label], feed(X))[0],
        classes=classes,
        feature_names=feed.names,
        loose_names=True,
        frame="polars" if feed.names else frame or "numpy",
        **({"kind": "onnx"} | known),
    )
    if probability is not None:
        model.ask_proba = lambda X: _probabilities(session.run([probability], feed(X))[0], model)
    return model


def _roles(outputs: Any) -> tuple[str, str | None]:
    """Names of the output with labels or values, and of the one with probabilities."""
    maps = [o.name for o in outputs if o.type.startswith("seq(map")]
    labels = [o.name for o in outputs if o.type in ("tensor(int64)", "tensor(string)", "tensor(int32)")]
    floats = [o.name for o in outputs if o.type in ("tensor(float)", "tensor(double)")]
    if labels and (maps or floats):
        return labels[0], (maps or floats)[0]
    return (labels or floats or [o.name for o in outputs])[0], None


def _probabilities(answer: Any, model: Loaded) -> Any:
    """Shape (n, k); a list of {label: probability} is put in the order of the labels, which the model then knows."""
    import numpy as np

    if not isinstance(answer, list):
        return answer
    if model.classes is None and answer:
        model.classes = tuple(sorted(answer[0]))
    return np.array([[row[label] for label in model.classes or ()] for row in answer])


class _Feed:
    """Turns a frame into the session's inputs."""

    def __init__(self, session: Any, path: Path) -> None:
        self.inputs = session.get_inputs()
        unknown = [f"{i.name}: {i.type}" for i in self.inputs if i.type not in _TYPES]
        if unknown or not self.inputs:
            raise ModelError(f"{path} takes {unknown or 'no inputs'}", expected="numbers or texts in columns")
        single = len(self.inputs) == 1 and self.inputs[0].shape[-1:] != [1]
        recorded = session.get_modelmeta().custom_metadata_map.get("feature_names")
        self.single = single
        self.names = _recorded(recorded) if single else tuple(i.name for i in self.inputs)

    def __call__(self, X: Any) -> dict[str, NDArray[Any]]:
        if self.single:
            return {self.inputs[0].name: _cast(_matrix(X), self.inputs[0])}
        return {i.name: _cast(_column(X, n), i) for n, i in enumerate(self.inputs)}


def _recorded(text: str | None) -> tuple[str, ...] | None:
    import json

    try:
        names = json.loads(text) if text else None
    except ValueError:
        return None
    return tuple(names) if isinstance(names, list) and all(isinstance(n, str) for n in names) else None


def _matrix(X: Any) -> Any:
    return frames.given(X, names=None, kind="numpy")


def _column(X: Any, position: int) -> Any:
    import numpy as np
    import polars as pl

    if isinstance(X, pl.DataFrame):
        return frames.matrix(X.select(X.columns[position]))
    return np.asarray(X)[:, [position]]


def _cast(values: NDArray[Any], of: Any) -> NDArray[Any]:
    """The array in the input's type; missing texts become empty ones."""
    import numpy as np

    if of.type == "tensor(string)":
        flat = [value if isinstance(value, str) else "" if value is None or value != value else str(value)  # noqa: PLR0124
                for value in values.reshape(-1).tolist()]  # fmt: skip
        return np.array(flat, dtype=object).reshape(values.shape)
    if values.dtype == object:
        values = np.array([np.nan if v is None else v for v in values.reshape(-1)], float).reshape(values.shape)
    return values.astype(_TYPES[of.type])
