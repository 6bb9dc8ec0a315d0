"""Learns from the training columns how a linear baseline reads a table: numbers, categories and free text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import sparse

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.values import Dataset

MAX_CATEGORIES = 50  # of one column; rarer ones share a column of their own
MIN_CATEGORY_ROWS = 10
TEXT_FEATURES = 20_000  # hashed words of one text column


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A numeric column: filled with `median`, then (x - mean) / deviation; `marked` adds a missing-value column."""

    name: str
    median: float
    mean: float
    deviation: float
    marked: bool

    def columns(self, frame: pl.DataFrame) -> Iterator[Any]:
        raw = _numbers(frame[self.name])
        scaled = (raw.fill_null(self.median).to_numpy() - self.mean) / self.deviation
        yield sparse.csr_array(np.clip(scaled, -1e3, 1e3)[:, None])
        if self.marked:
            yield sparse.csr_array(raw.is_null().to_numpy().astype(np.float64)[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A column of names: one indicator for each of `values` (missing is a value), a last one for all others."""

    name: str
    values: tuple[str | None, ...]

    def columns(self, frame: pl.DataFrame) -> Iterator[Any]:
        values = frame[self.name].cast(pl.String)
        codes = pl.DataFrame(
            {"value": self.values, "code": range(len(self.values))}, schema_overrides={"value": pl.String}
        )
        found = values.to_frame("value").join(codes, on="value", how="left", nulls_equal=True, maintain_order="left")
        column = found["code"].fill_null(len(self.values)).to_numpy()
        rows = np.arange(len(column))
        yield sparse.csr_array((np.ones(len(column)), (rows, column)), shape=(len(column), len(self.values) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A column of free text: hashed words, each row of length one."""

    name: str

    def columns(self, frame: pl.DataFrame) -> Iterator[Any]:
        from sklearn.feature_extraction.text import HashingVectorizer

        words = HashingVectorizer(n_features=TEXT_FEATURES, alternate_sign=False, ngram_range=(1, 2))
        yield sparse.csr_array(words.transform(frame[self.name].cast(pl.String).fill_null("").to_list()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """What was learned from the training columns, so that the held-out rows are encoded by the same numbers."""

    parts: tuple[Number | Category | Text, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts)

    @classmethod
    def learn(cls, frame: pl.DataFrame, train: Dataset) -> Encoder:
        """Learns medians, scales and categories; columns with a single value or of another kind drop out."""
        parts = [part for name in train.features if (part := _learn(frame[name], name in train.text)) is not None]
        if not parts:
            raise DataError(
                "no feature column can be used by a linear model", expected="a column with two values or more"
            )
        return cls(parts=tuple(parts))

    def matrix(self, frame: pl.DataFrame) -> Any:
        """The encoded rows, a sparse matrix of shape (n, p). Raises DataError for a missing column."""
        for name in self.names:
            if name not in frame.columns:
                raise DataError(
                    f'the column "{name}" is missing{near(name, frame.columns)}',
                    expected="the columns of the training set",
                )
        return sparse.hstack([c for part in self.parts for c in part.columns(frame)], format="csr")


def _learn(column: pl.Series, is_text: bool) -> Number | Category | Text | None:  # noqa: FBT001
    if is_text or _looks_like_text(column):
        return Text(name=column.name)
    if column.dtype.is_numeric() or column.dtype.is_temporal() or column.dtype == pl.Boolean:
        return _learn_number(column)
    if column.dtype in (pl.String, pl.Categorical, pl.Enum) and column.n_unique() > 1:
        counts = column.cast(pl.String).value_counts().filter(pl.col("count") >= MIN_CATEGORY_ROWS)
        kept = counts.sort(["count", column.name], descending=[True, False]).head(MAX_CATEGORIES)
        return Category(name=column.name, values=tuple(kept[column.name].to_list()))
    return None


def _learn_number(column: pl.Series) -> Number | None:
    raw = _numbers(column)
    median = raw.median()
    if not isinstance(median, float):
        return None
    filled = raw.fill_null(median).to_numpy()
    deviation, marked = float(filled.std()), raw.null_count() > 0
    if not (deviation > 0 or marked) or not np.isfinite(deviation):
        return None
    return Number(name=column.name, median=median, mean=float(filled.mean()), deviation=deviation or 1.0, marked=marked)


def _numbers(column: pl.Series) -> pl.Series:
    """As 64-bit numbers (dates by their count of days or ticks); NaN and infinities count as missing."""
    numbers = (column.to_physical() if column.dtype.is_temporal() else column).cast(pl.Float64, strict=False)
    return numbers.set(~numbers.is_finite(), None)


def _looks_like_text(column: pl.Series) -> bool:
    """Long and hardly ever repeated: free text rather than a category."""
    if column.dtype != pl.String or column.len() == column.null_count():
        return False
    length = column.str.len_chars().mean()
    return isinstance(length, float) and length > 30 and column.n_unique() > column.len() / 2
