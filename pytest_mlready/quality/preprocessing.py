"""Compares what a fitted preprocessing learnt with what it would have learnt from train alone, and from all data."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import DataError, Inconclusive, NotApplicable, near
from pytest_mlready.quality.answers import shorten
from pytest_mlready.quality.leakage import LIMIT
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    import polars as pl

    from pytest_mlready.values import Dataset

# Fitted attributes that follow from the data alone, with no random number in them; scikit-learn's public names.
STATISTICS = (
    "mean_", "var_", "scale_", "min_", "data_min_", "data_max_", "max_abs_", "center_", "n_samples_seen_",
    "statistics_", "categories_", "encodings_", "vocabulary_", "idf_", "lambdas_",
)  # fmt: skip
INNER = ("best_estimator_", "estimator_", "regressor_")  # what searches and wrappers hold once they are fitted
TOLERANCE = 1e-6
SEQUENCES = (list, tuple, np.ndarray)


def transformers(estimator: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every fitted part of an estimator with its path, through pipelines, column transformers and unions."""
    yield path or type(estimator).__name__, estimator
    parts = getattr(estimator, "transformers_", None) or getattr(estimator, "transformer_list", None)
    for name, part, *_ in parts or getattr(estimator, "steps", None) or ():
        if not isinstance(part, str) and part is not None:
            yield from transformers(part, f"{path}.{name}".lstrip("."))


def statistics(estimator: Any) -> dict[str, Any]:
    """Fitted statistics by path, such as "columns.number.scaler.mean_"."""
    return {
        f"{path}.{name}": getattr(part, name)
        for path, part in transformers(estimator)
        for name in STATISTICS
        if getattr(part, name, None) is not None
    }


def judge(estimator: Any, train: Dataset, heldout: Dataset) -> Verdict:
    """Refits the preprocessing on train, and on train and held-out together, and says which of them the model has.

    Failed: some statistic equals the one of all data and not the one of train. Passed: all equal those of train.
    Inconclusive: some equal neither, as after training on a part of train or on rows changed outside the pipeline.
    Only the preprocessing is refitted, never the predictor.

    Args:
        estimator: A fitted scikit-learn pipeline (or a search that holds one).
        train: What the model is said to have been trained on.
        heldout: The held-out set.

    Raises:
        NotApplicable: there is no preprocessing with statistics that are known to follow from the data alone.
        Inconclusive: a set has no rows, or the preprocessing cannot be refitted on these data.
        DataError: a set lacks a column that the preprocessing was fitted on.
    """
    part = _preprocessing(estimator)
    found = statistics(part) if part is not None else {}
    if not found:
        raise NotApplicable("the model has no scikit-learn preprocessing whose fitted statistics could be compared")
    _refuse_unfit(part, train, heldout)
    verdict, trouble = None, ""
    for convert in _kinds():
        try:
            ours, everything = _refitted(part, train, heldout, convert)
        except Exception as error:  # noqa: BLE001 - a team's own transformer may raise anything; the next kind may do
            trouble = trouble or shorten(f"{type(error).__name__}: {error}", 160)
            continue
        verdict = _compare(found, ours, everything)
        if verdict.outcome != "inconclusive":
            return verdict
    if verdict is None:
        raise Inconclusive(
            f"the preprocessing could not be refitted on train, alone and with the held-out rows: {trouble}",
            fix="give both as the model was trained on them",
        )
    return verdict


def _refuse_unfit(part: Any, *sets: Dataset) -> None:
    for data in sets:
        if not len(data):
            raise Inconclusive(f"the {data.name} data have no rows", fix=f"give {data.source} some rows")
        lacking = [n for n in map(str, getattr(part, "feature_names_in_", ())) if n not in data.frame.columns]
        if lacking:
            raise DataError(
                f"the {data.name} data lack {len(lacking)} of the columns that the preprocessing was fitted on: "
                f"{', '.join(lacking[:5])}{near(lacking[0], data.frame.columns)}",
                fix="write train and held-out data with the columns of training",
            )


def _preprocessing(estimator: Any) -> Any:
    """The estimator without its predictor, or None where there is nothing before it."""
    for name in INNER:
        if getattr(estimator, name, None) is not None:
            return _preprocessing(getattr(estimator, name))
    if hasattr(estimator, "steps"):
        from sklearn.pipeline import Pipeline

        last = estimator.steps[-1][1]
        steps = estimator.steps[:-1] if hasattr(last, "predict") else estimator.steps
        return Pipeline(steps) if steps else None
    return estimator if hasattr(estimator, "transform") and not hasattr(estimator, "predict") else None


def _kinds() -> list[Callable[[pl.DataFrame], Any]]:
    """Kinds of table that the preprocessing may have been fitted on, the most frequent first."""
    kinds: list[Callable[[pl.DataFrame], Any]] = [lambda f: f, lambda f: f.to_numpy()]
    try:
        import pandas  # noqa: F401, ICN001
        import pyarrow  # noqa: F401, ICN001
    except ImportError:
        return kinds
    return [lambda f: f.to_pandas(), *kinds]


def _refitted(
    part: Any, train: Dataset, heldout: Dataset, convert: Callable[[pl.DataFrame], Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    import polars as pl
    from sklearn.base import clone

    known = getattr(part, "feature_names_in_", None)
    names = list(train.features) if known is None else [str(n) for n in known]
    parts = [d.frame.select(names) for d in (train, heldout)]
    frames = [parts[0], pl.concat(parts, how="vertical_relaxed")]
    labels: list[Any] = [None, None]
    if train.target is not None:
        both = pl.concat([train.frame[train.target], heldout.frame[train.target]])
        labels = [train.y, both.to_numpy()]
    fitted = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for frame, y in zip(frames, labels, strict=True):
            X = frame[names[0]].to_list() if _wants_texts(part) else convert(frame)
            fitted.append(statistics(clone(part).fit(X, y)))
    return fitted[0], fitted[1]


def _wants_texts(part: Any) -> bool:
    """Text vectorisers take a list of texts, not a table."""
    first = part.steps[0][1] if hasattr(part, "steps") else part
    return hasattr(first, "vocabulary_") or hasattr(first, "build_analyzer")


def _compare(found: Mapping[str, Any], ours: Mapping[str, Any], everything: Mapping[str, Any]) -> Verdict:
    as_train = {name: _equal(value, ours.get(name)) for name, value in found.items()}
    as_all = {name: _equal(value, everything.get(name)) for name, value in found.items()}
    leaked = [name for name in found if as_all[name] and not as_train[name]]
    neither = [name for name in found if not as_all[name] and not as_train[name]]
    telling = sum(not _equal(ours.get(name), everything.get(name)) for name in found)
    measured = (
        Measurement(name="fitted statistics equal to those of train", value=sum(as_train.values()), n=len(found),
                    note=f"{telling} of them would differ had the held-out rows been used"),
        Measurement(name="fitted statistics of train and held-out together", value=len(leaked), max=0),
    )  # fmt: skip
    if leaked:
        message = (
            f"{len(leaked)} of {len(found)} fitted statistics are those of train and held-out data together: "
            f"{_some(leaked)}. Next step: split first, then fit the preprocessing on train alone, inside the pipeline."
        )
        return Verdict(outcome="failed", message=f"{message} {LIMIT}", measurements=measured)
    if neither:
        message = (
            f"{len(neither)} of {len(found)} fitted statistics are those of neither train nor all data: "
            f"{_some(neither)}. Next step: set train to exactly the rows that the model was fitted on."
        )
        return Verdict(outcome="inconclusive", message=f"{message} {LIMIT}", measurements=measured)
    message = f"all {len(found)} fitted statistics equal those of train, {telling} of which held-out rows would change."
    return Verdict(outcome="passed", message=f"{message} {LIMIT}", measurements=measured)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _equal(a: Any, b: Any) -> bool:
    """Equality of numbers up to rounding, of nested lists and mappings element by element, of the rest as text."""
    if a is None or b is None:
        return a is b
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[k], b[k]) for k in a)
    try:
        x, y = np.asarray(a, float), np.asarray(b, float)
    except (TypeError, ValueError):
        if not (isinstance(a, SEQUENCES) and isinstance(b, SEQUENCES)):
            return str(a) == str(b)
        return len(a) == len(b) and all(_equal(v, w) for v, w in zip(a, b, strict=True))
    return x.shape == y.shape and bool(np.allclose(x, y, rtol=TOLERANCE, atol=1e-12, equal_nan=True))
