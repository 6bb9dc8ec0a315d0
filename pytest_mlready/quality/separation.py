"""Judges whether two sets are kept apart by group and by time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from pytest_mlready.errors import DataError, near
from pytest_mlready.quality.leakage import need_rows, some, verdict
from pytest_mlready.quality.rowgroups import comparable
from pytest_mlready.values import Measurement

if TYPE_CHECKING:
    from pytest_mlready.values import Dataset, Verdict

LARGEST_WHOLE = 2.0**53  # up to here a float is a whole number exactly


def group_overlap(train: pl.Series, heldout: pl.Series) -> Verdict:
    """Fails when an id stands in both sets; ids are compared as text, so 12 and "12" are one.

    Missing ids are compared with none: without a shared id they leave the verdict inconclusive.
    """
    ours, theirs = (_ids(s) for s in (train, heldout))
    found = theirs.to_frame("id").join(ours.to_frame("id"), on="id", how="semi")["id"]  # missing ids join with none
    both, rows = found.unique().sort(), len(found)
    missing = ours.null_count() + theirs.null_count()
    measured = [
        Measurement(name=f"groups in both sets ({heldout.name})", value=len(both), max=0, n=theirs.n_unique()),
        Measurement(name="held-out rows of these groups", value=rows, max=0, n=len(theirs), unit="rows"),
        Measurement(name="rows without a group", value=missing, max=0, n=len(ours) + len(theirs), unit="rows"),
    ]
    if len(both):
        message = (
            f"{len(both):,} groups ({heldout.name}) are in train and in the held-out set, with {rows:,} of "
            f"{len(theirs):,} held-out rows: {some(both.to_list())}. "
            f"Next step: split by {heldout.name} and train again."
        )
        return verdict("failed", message, measured)
    if missing:
        message = f"{missing:,} rows have no {heldout.name}, so their groups are unknown. Next step: fill them in."
        return verdict("inconclusive", message, measured)
    return verdict("passed", f"no {heldout.name} is in both sets", measured)


def _ids(s: pl.Series) -> pl.Series:
    """Ids as text; numbers that a file format turned into floats are whole again, NaN is missing."""
    if s.dtype.is_float():
        s = s.fill_nan(None)
        whole = bool(((s == s.round()) & (s.abs() < LARGEST_WHOLE)).all())
        s = s.cast(pl.Int64) if whole else s
    return s.cast(pl.String)


def time_order(train: pl.Series, heldout: pl.Series, *, max_violations: int = 0) -> Verdict:
    """Fails when more than `max_violations` rows of train are later than the first held-out row.

    Missing times leave the verdict inconclusive unless it has failed. Text is read as ISO 8601 dates.

    Raises:
        DataError: the column holds no times, or of different kinds in the two sets.
    """
    pair = comparable(train.to_frame("t"), heldout.rename("t").to_frame(), ["t"])
    ours, theirs = (_times(f["f0"], heldout.name) for f in pair)
    missing = ours.null_count() + theirs.null_count()
    last, first = _ends(ours)[1], _ends(theirs)[0]
    late = 0 if last is None or first is None else int((ours > first).sum())
    measured = [
        Measurement(name=f"train rows later than the first held-out row ({heldout.name})", value=late,
                    max=max_violations, n=len(ours), unit="rows", note=f"train ends {last}, held-out begins {first}"),
        Measurement(name="rows without a time", value=missing, max=0, n=len(ours) + len(theirs), unit="rows"),
    ]  # fmt: skip
    if late > max_violations:
        message = (
            f"{late:,} of {len(ours):,} train rows are later than the first held-out row: train ends {last}, held-out "
            f"begins {first}. Next step: cut at one time and train again."
        )
        return verdict("failed", message, measured)
    if missing or last is None or first is None:
        message = f"{missing:,} rows have no {heldout.name}, so their order is unknown. Next step: fill them in."
        return verdict("inconclusive", message, measured)
    return verdict("passed", f"train ends {last}, held-out begins {first}", measured)


def _ends(s: pl.Series) -> tuple[Any, Any]:
    return s.min(), s.max()


def _times(s: pl.Series, name: str) -> pl.Series:
    if s.dtype == pl.String:
        try:
            return s.str.to_datetime(time_unit="us")
        except pl.exceptions.PolarsError:
            wanted = "ISO 8601, such as 2026-11-01T08:00:00"
            raise DataError(f'column "{name}" holds text that is no time', expected=wanted) from None
    if s.dtype.is_numeric() or s.dtype.is_temporal():
        return s.fill_nan(None) if s.dtype.is_float() else s
    raise DataError(f'column "{name}" is {s.dtype}', expected="times, dates or numbers")


def role(data: Dataset, name: str) -> pl.Series:
    """A column of a set by name, such as the group's or the time's.

    Raises:
        DataError: there is no such column.
        Inconclusive: the set has no rows.
    """
    need_rows(data)
    if name not in data.frame.columns:
        raise DataError(
            f'the {data.name} data have no column "{name}"{near(name, data.frame.columns)}',
            fix="correct the name, or keep the column when the data are written",
        )
    return data.frame[name]
