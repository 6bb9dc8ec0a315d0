"""Names the public parts, each loaded when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from typing import Any

    from pytest_mlready.errors import Failed, Inconclusive, NotApplicable, ReadinessError, Unverified
    from pytest_mlready.values import Dataset, Measurement, Model, Verdict

__all__ = [
    "Dataset",
    "Failed",
    "Inconclusive",
    "Measurement",
    "Model",
    "NotApplicable",
    "ReadinessError",
    "Unverified",
    "Verdict",
    "__version__",
]

_HOME = {
    **dict.fromkeys(("Failed", "Inconclusive", "NotApplicable", "ReadinessError", "Unverified"), "errors"),
    **dict.fromkeys(("Dataset", "Measurement", "Model", "Verdict"), "values"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pytest_mlready' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"pytest_mlready.{_HOME[name]}"), name)
