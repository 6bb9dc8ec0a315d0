"""Gives every row one number that says how wrong its answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_mlready.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.values import Predictions


def loss(p: Predictions) -> NDArray[np.float64]:
    """One number a row, shape (n,), more is worse: 0 or 1 for classes, the absolute error, or 100 less chrF.

    Raises:
        NotApplicable: a ranking, which has no loss by row.
    """
    if p.task == "ranking":
        raise NotApplicable("a ranking has no loss by row; the named subgroups count")
    if p.task == "text-generation":
        from pytest_mlready.quality.metrics import resolve

        score, n = resolve("chrf", p.task).build(p), len(p)
        return 100 - np.concatenate([score(np.eye(1, n, i)) for i in range(n)])
    wrong: NDArray[np.float64] = p.y != p.labels if p.task.endswith("classification") else np.abs(p.y - p.labels)
    return wrong.astype(np.float64)


def unadmitted(p: Predictions) -> NDArray[np.float64] | None:
    """Errors beyond those that the model's own probabilities admit, shape (n,); None without probabilities.

    Near a boundary every model errs often, and a good one says so there: its probability of the label it gives is low.
    What is left is a slice where the model is wrong and does not know it. For a calibrated model the mean of any slice
    is 0, however hard the slice.
    """
    if p.proba is None or p.classes is None or not p.task.endswith("classification"):
        return None
    place = {label: k for k, label in enumerate(p.classes)}
    given = p.proba[np.arange(len(p)), [place[label] for label in p.labels.tolist()]]
    wrong: NDArray[np.float64] = (p.y != p.labels).astype(np.float64)
    return wrong - (1 - given)
