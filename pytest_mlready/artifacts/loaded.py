"""Holds a loaded model and asks it, so that every library's model answers in the same shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import frames
from pytest_mlready.errors import ModelError, ReadinessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    Ask = Callable[[Any], Any]  # the prepared frame -> the library's answer


@dataclass(slots=True, kw_only=True, weakref_slot=True)
class Loaded:
    """A model from any library; fulfils `values.Model`.

    Attributes:
        source: As the settings name it.
        kind: "scikit-learn", "onnx", "xgboost", "lightgbm", "function", "http", "mlflow".
        estimator: The loaded object itself.
        ask_predict, ask_proba, ask_decision: How the library is asked, given the prepared frame.
        frame: Kind of frame it is asked with.
        sha256: Digest of the artifact's bytes.
        path: The artifact on disk.
        classes: Labels in the order of the probabilities' columns; an HTTP model learns them from its first answer.
        feature_names: As recorded at training.
        loose_names: Whether the format rewrites signs in feature names.
        takes_texts: Whether it takes one array of texts instead of columns.
        warnings: What its library said while it was loaded.
    """

    source: str
    kind: str
    estimator: Any
    ask_predict: Ask
    ask_proba: Ask | None = None
    ask_decision: Ask | None = None
    frame: frames.Kind = "numpy"
    sha256: str | None = None
    path: str | None = None
    classes: tuple[Any, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    loose_names: bool = False
    takes_texts: bool = False
    warnings: tuple[str, ...] = ()

    def predict(self, X: Any) -> NDArray[Any]:
        """Labels or values, shape (n,). Raises ModelError when the model raises or answers in another shape."""
        answer, rows = self._ask("predict", self.ask_predict, X)
        if answer.ndim == 2 and answer.shape[1] == 1:
            answer = answer.reshape(-1)
        if answer.ndim != 1 or len(answer) != rows:
            raise self._wrong_shape("predict", answer, f"({rows},)")
        return answer

    def predict_proba(self, X: Any) -> NDArray[np.float64] | None:
        """Probabilities, shape (n, k); None when the model has none. One column is read as that of the second class."""
        import numpy as np

        if self.ask_proba is None:
            return None
        answer, rows = self._ask("predict_proba", self.ask_proba, X)
        if answer.shape == () and answer.item() is None:
            return None
        answer = self._numbers("predict_proba", answer)
        if answer.ndim == 1 or (answer.ndim == 2 and answer.shape[1] == 1):
            answer = np.column_stack([1 - answer.reshape(-1), answer.reshape(-1)])
        width = len(self.classes) if self.classes else answer.shape[-1]
        if answer.ndim != 2 or answer.shape != (rows, width):
            raise self._wrong_shape("predict_proba", answer, f"({rows}, {width}), one column a class")
        return answer

    def decision_function(self, X: Any) -> NDArray[np.float64] | None:
        """Decision values, shape (n,) or (n, k); None when the model has none."""
        if self.ask_decision is None:
            return None
        answer, rows = self._ask("decision_function", self.ask_decision, X)
        answer = self._numbers("decision_function", answer)
        if answer.ndim not in (1, 2) or len(answer) != rows:
            raise self._wrong_shape("decision_function", answer, f"({rows},) or ({rows}, k)")
        return answer.reshape(-1) if answer.ndim == 2 and answer.shape[1] == 1 else answer

    def _ask(self, what: str, ask: Ask, X: Any) -> tuple[NDArray[Any], int]:
        import numpy as np

        prepared = frames.given(X, names=self.feature_names, kind=self.frame, loose=self.loose_names)
        if self.takes_texts:
            prepared = frames.texts(prepared)
        rows = len(prepared)
        try:
            return np.asarray(ask(prepared)), rows
        except ReadinessError:
            raise
        except (Exception, SystemExit) as reason:  # code of the team's that exits must not end the run
            given = f"{rows:,} rows as {self.frame}"
            raise ModelError(
                f"{self.source}: {what} raised {type(reason).__name__} on {given}: {one_line(reason)}",
                fix="call the model on these rows by hand; `frame` in [tool.mlready.model] changes the kind of frame",
            ) from reason

    def _numbers(self, what: str, answer: NDArray[Any]) -> NDArray[np.float64]:
        import numpy as np

        try:
            return answer.astype(np.float64)
        except (TypeError, ValueError):
            raise ModelError(f"{self.source}: {what} answered {answer.dtype} values", expected="numbers") from None

    def _wrong_shape(self, what: str, answer: NDArray[Any], expected: str) -> ModelError:
        return ModelError(f"{self.source}: {what} answered an array of shape {answer.shape}", expected=expected)


def one_line(reason: object, longest: int = 300) -> str:
    """The first words of a message, on one line."""
    text = " ".join(str(reason).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def plain_labels(labels: Iterable[Any] | None) -> tuple[Any, ...] | None:
    """Class labels as plain Python values."""
    return None if labels is None else tuple(v.item() if hasattr(v, "item") else v for v in labels)
