"""Matches the classes of a model with the labels of the data, by name and never by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import DataError, ModelError, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

YES = ("1", "1.0", "true", "yes", "y", "positive", "pos")


def missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which entries are None, NaN or infinite, shape (n,)."""
    if values.dtype.kind == "f":
        return np.asarray(~np.isfinite(values))
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values))
    if values.dtype.kind != "O":
        return np.zeros(values.shape, bool)
    return np.array([v is None or (isinstance(v, float) and not np.isfinite(v)) for v in values], bool)


def plain(values: NDArray[Any]) -> NDArray[Any]:
    """Objects that are all texts, or all numbers, as an array of that type; anything else as it is."""
    if values.dtype.kind not in "OT" or len(values) == 0:
        return values
    kinds = {type(v) for v in values.tolist()}
    same = kinds <= {str} or all(issubclass(k, (bool, int, float, np.number, np.bool_)) for k in kinds)
    return np.array(values.tolist()) if same else values


def learnt(classes: Sequence[Any] | None, labels: NDArray[Any], proba: NDArray[np.float64] | None) -> list[Any]:
    """The model's classes, in the order of its probability columns.

    A model that does not name its classes shows them: the label it predicts is the one of its largest probability.
    """
    if classes is not None:
        names: list[Any] = np.asarray(classes).tolist()
        if proba is not None and proba.shape[1] != len(names):
            raise ModelError(f"predict_proba has {proba.shape[1]} columns and the model {len(names)} classes")
        strange = sorted({str(v) for v in labels.tolist()} - {str(v) for v in names})
        if strange and not set(labels.tolist()) <= set(names):
            raise ModelError(f'predict answered with the unknown class "{strange[0]}"', expected=_listed(names))
        return names
    if proba is None:
        return list(np.unique(labels).tolist())
    top = proba.argmax(axis=1)
    shown = [set(labels[top == j].tolist()) for j in range(proba.shape[1])]
    if any(len(s) != 1 for s in shown) or len(set().union(*shown)) != len(shown):
        raise ModelError(
            "the model names no classes, and its predicted labels do not tell which probability belongs to which class",
            fix="give the loaded object a classes_ attribute, or wrap it in a module:function that does",
        )
    return [s.pop() for s in shown]


def translate(names: list[Any], y: NDArray[Any], positive: Any, *, complete: bool = True) -> list[Any]:
    """For each of the model's classes its name in the data.

    Equal names match, then equal texts (1 and "1"), then 0/1 or -1/1 against two labels where the positive one is
    stated. Where the names are only those that the model happened to predict (`complete=False`), some may be absent.
    """
    truth = np.unique(y).tolist()
    if set(truth) <= set(names):
        return [next((t for t in truth if t == n), n) for n in names]
    by_text = {_text(t): t for t in truth}
    texts = [_text(n) for n in names]
    known = set(by_text) <= set(texts) if complete else set(texts) <= set(by_text)
    if known and len(by_text) == len(truth) and len(set(texts)) == len(names):
        return [by_text[text] if text in by_text else _as(type(truth[0]), text) for text in texts]
    if len(truth) == 2 and any(set(texts) <= signs for signs in ({"0", "1"}, {"-1", "1"}, {"False", "True"})):
        return _by_positive(texts, truth, positive)
    if not complete:
        strange = next(n for n in names if _text(n) not in by_text)
        raise ModelError(f'predict answered with the unknown class "{strange}"', expected=_listed(truth))
    unseen = [t for t in truth if _text(t) not in texts]
    rows = int(np.isin(y, unseen).sum())
    raise DataError(
        f'the target holds "{unseen[0]}"{_more(unseen)} ({rows:,} rows), which the model never learnt'
        f"{near(unseen[0], names)}",
        expected=f"the model's classes: {_listed(names)}",
        fix="train on these labels too, or bring both to the same names",
    )


def _by_positive(texts: list[str], truth: list[Any], positive: Any) -> list[Any]:
    if positive is None:
        raise ModelError(
            f"the model answers with {' and '.join(sorted(texts))}, the data with {truth[0]} and {truth[1]}: "
            "which is which cannot be told",
            fix=f'say which label is 1: positive = "{truth[1]}" (or "{truth[0]}") in [tool.mlready.data]',
        )
    chosen = positive_of(tuple(truth), positive)
    other = next(t for t in truth if t != chosen)
    return [chosen if text in ("1", "True") else other for text in texts]


def renamed(labels: NDArray[Any], names: list[Any], new: list[Any]) -> NDArray[Any]:
    """Predicted labels in the data's names."""
    if names == new:
        return labels
    to = dict(zip(names, new, strict=True)) | dict(zip(map(_text, names), new, strict=True))
    found = [to.get(v, to.get(_text(v))) for v in labels.tolist()]
    return plain(np.array(found, dtype=object))


def like(values: NDArray[Any], classes: tuple[Any, ...]) -> NDArray[Any]:
    """Values in the type that the classes have together, so that comparisons never cross types."""
    return values.astype(np.asarray(classes).dtype) if values.dtype.kind != np.asarray(classes).dtype.kind else values


def positive_of(classes: tuple[Any, ...], positive: Any) -> Any:
    """The positive class: the one asked for, the one that says yes, or the last in sorted order."""
    if positive is not None:
        chosen = [c for c in classes if c == positive] or [c for c in classes if _text(c) == _text(positive)]
        if not chosen:
            raise DataError(
                f'positive = "{positive}" is not a class of the data{near(positive, classes)}',
                expected=_listed(classes),
                fix="correct positive in [tool.mlready.data]",
            )
        return chosen[0]
    yes = [c for c in classes if str(c).strip().lower() in YES]
    return yes[0] if len(yes) == 1 else max(classes)


def _as(kind: type, text: str) -> Any:
    """A class that the data lack, in the type of the data's labels where it has a form in it."""
    try:
        return kind(text)
    except (TypeError, ValueError):
        return text


def _text(value: Any) -> str:
    """A label as text: 1.0 and 1 are the same label."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(map(str, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _more(names: Sequence[Any]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
