"""Joins predictions to what happened afterwards and judges whether the join can carry a figure for each version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from pytest_mlready.errors import DataError, near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

ENOUGH = 100  # mature predictions from which on a share of 95 % can be told at all
ABBREVIATED = 8  # least digits of a digest that stands for a version
AHEAD = dt.timedelta(minutes=5)  # by which clocks may differ
SHORT = 13_000_000_000  # numbers above are milliseconds since 1970, not seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of columns.

    Attributes:
        id: Of the prediction, in both tables.
        outcome_id: The same in the table of outcomes.
        time: When the prediction was made.
        outcome_time: When the outcome became known.
        version: Version or digest of the model that answered.
        prediction, outcome: What was answered and what happened; None: no figure by version.
    """

    id: str
    outcome_id: str
    time: str
    outcome_time: str
    version: str
    prediction: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What is asked of the join.

    Attributes:
        now: Against which ages are taken.
        mature: Age from which a prediction must have its outcome.
        coverage: Least share of mature predictions with an outcome.
        fresh: Greatest age of the newest outcome that was joined.
        versions: Versions and digests that may answer.
    """

    now: dt.datetime
    mature: dt.timedelta
    coverage: float
    fresh: dt.timedelta
    versions: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Predictions with their outcomes, as plain columns: id, made, version, known (null where there is no outcome)."""

    table: pl.DataFrame
    predictions: int
    twice: tuple[int, int]  # ids that stand more than once, in either table
    nameless: int  # predictions without an id


def join(predictions: pl.DataFrame, outcomes: pl.DataFrame, columns: Columns) -> Joined:
    """Each prediction with its first outcome.

    Raises:
        DataError: A column is missing, or one with times holds none.
    """
    left = _columns(predictions, "the predictions", id=columns.id, made=columns.time, version=columns.version)
    right = _columns(outcomes, "the outcomes", id=columns.outcome_id, known=columns.outcome_time)
    left = left.with_columns(_extra(predictions, "the predictions", columns.prediction, "answered"))
    right = right.with_columns(_extra(outcomes, "the outcomes", columns.outcome, "happened"))
    left = left.with_columns(_time(left, "made", columns.time))
    right = right.with_columns(_time(right, "known", columns.outcome_time))
    named = left.filter(pl.col("id").is_not_null())
    twice = tuple(int(t.drop_nulls("id").height - t["id"].drop_nulls().n_unique()) for t in (left, right))
    first = right.drop_nulls("id").sort("known").unique("id", keep="first")
    return Joined(
        table=named.join(first, on="id", how="left"), predictions=left.height, twice=(twice[0], twice[1]),
        nameless=left.height - named.height,
    )  # fmt: skip


def _columns(frame: pl.DataFrame, what: str, **names: str) -> pl.DataFrame:
    for name in names.values():
        if name not in frame.columns:
            raise DataError(f'{what} have no column "{name}"{near(name, frame.columns)}',
                            expected=f"one of {', '.join(frame.columns[:20])}")  # fmt: skip
    chosen = frame.select(**{alias: pl.col(name) for alias, name in names.items()})
    return chosen.with_columns(pl.col("id").cast(pl.String))


def _extra(frame: pl.DataFrame, what: str, name: str | None, alias: str) -> pl.Series:
    if name is None:
        return pl.Series(alias, [None] * frame.height, dtype=pl.String)
    return _columns(frame, what, id=name)["id"].alias(alias)


def _time(frame: pl.DataFrame, alias: str, name: str) -> pl.Series:
    """A column of times as UTC; texts are ISO 8601, numbers seconds or milliseconds since 1970."""
    column = frame[alias]
    if column.dtype.is_numeric():
        unit = "ms" if (column.drop_nulls().cast(pl.Float64).max() or 0) > SHORT else "s"  # type: ignore[operator]
        factor = 1_000 if unit == "ms" else 1_000_000
        return (column.cast(pl.Float64) * factor).cast(pl.Int64).cast(pl.Datetime("us", "UTC")).alias(alias)
    if column.dtype == pl.String:
        column = column.str.to_datetime(strict=False, time_unit="us", time_zone="UTC")
    if not isinstance(column.dtype, pl.Date | pl.Datetime) or (frame.height and column.null_count() == frame.height):
        raise DataError(f'the column "{name}" holds no times', expected="ISO 8601, or seconds since 1970")
    column = column.cast(pl.Datetime("us")) if column.dtype == pl.Date else column
    zone = getattr(column.dtype, "time_zone", None)
    column = column.dt.replace_time_zone("UTC") if zone is None else column.dt.convert_time_zone("UTC")
    return column.cast(pl.Datetime("us", "UTC")).alias(alias)


def judge(joined: Joined, demands: Demands) -> list[Verdict]:
    """Findings on ids, coverage, freshness and versions."""
    return [*_ids(joined), _coverage(joined, demands), _fresh(joined, demands), *_versions(joined, demands)]


def _ids(joined: Joined) -> Iterator[Verdict]:
    for count, what in zip(joined.twice, ("predictions", "outcomes"), strict=True):
        if count:
            yield _failed(f"{count:,} {what} have an id that another one has: which belongs to which is not known")
    if joined.nameless:
        yield _failed(f"{joined.nameless:,} of {joined.predictions:,} predictions have no id")


def _coverage(joined: Joined, demands: Demands) -> Verdict:
    ripe = joined.table.filter(pl.col("made") <= demands.now - demands.mature)
    n, known = ripe.height, ripe.filter(pl.col("known").is_not_null()).height
    share = known / n if n else None
    noted = (Measurement(name="mature predictions with an outcome", value=share, min=demands.coverage, n=n),)
    if share is None or n < ENOUGH:
        message = f"{n} predictions are old enough to have an outcome ({demands.mature}); {ENOUGH} are needed"
        return Verdict(outcome="inconclusive", message=message, measurements=noted)
    message = f"{known:,} of {n:,} mature predictions have an outcome ({share:.1%}, at least {demands.coverage:.0%})"
    return Verdict(outcome="passed" if share >= demands.coverage else "failed", message=message, measurements=noted)


def _fresh(joined: Joined, demands: Demands) -> Verdict:
    newest = joined.table["known"].drop_nulls().max()
    if not isinstance(newest, dt.datetime):
        return _failed("no prediction has an outcome")
    age = demands.now - newest
    noted = (Measurement(name="age of the newest outcome", value=age.total_seconds(), unit="s",
                         max=demands.fresh.total_seconds()),)  # fmt: skip
    if age < -AHEAD:
        return Verdict(outcome="failed", message=f"an outcome is of {newest}, which is yet to come", measurements=noted)
    message = f"the newest outcome is {age.total_seconds() / 3600:.1f} h old"
    return Verdict(outcome="passed" if age <= demands.fresh else "failed", message=message, measurements=noted)


def _versions(joined: Joined, demands: Demands) -> Iterator[Verdict]:
    if not demands.versions:
        step = 'Next step: [tool.mlready] version = "…"'
        yield Verdict(outcome="inconclusive", message=f"neither version nor digest of the model is known. {step}")
        return
    column = joined.table["version"].cast(pl.String)
    unnamed = int(column.is_null().sum()) + int((column == "").sum())
    if unnamed:
        yield _failed(f"{unnamed:,} predictions do not say which version answered")
    seen = [str(v) for v in column.drop_nulls().unique().sort() if v != ""]
    strange = [v for v in seen if not any(_same(v, known) for known in demands.versions)]
    noted = (Measurement(name="versions that answered", value=", ".join(seen)[:200], n=len(seen)),)
    if strange:
        known = ", ".join(v[:16] for v in demands.versions)
        message = f"version {strange[0][:64]} answered, which is neither the candidate nor production ({known})"
        yield Verdict(outcome="failed", message=f"{message}; versions = […] names older ones", measurements=noted)
    elif seen and not unnamed:
        yield Verdict(outcome="passed", message=f"answered by {', '.join(seen)[:200]}", measurements=noted)


def _same(found: str, known: str) -> bool:
    if len(known) == 64 and len(found) >= ABBREVIATED:
        return known.startswith(found.removeprefix("sha256:").lower())
    return found.removeprefix("v") == known.removeprefix("v")


def by_version(joined: Joined) -> list[Measurement]:
    """Share of outcomes that are as predicted, for each version; none where either column is not named."""
    known = joined.table.filter(pl.col("answered").is_not_null() & pl.col("happened").is_not_null())
    figures = known.group_by("version").agg(
        agreed=(pl.col("answered") == pl.col("happened")).mean(), n=pl.len()
    ).sort("version")  # fmt: skip
    return [
        Measurement(name=f"outcomes as predicted by {version}", value=float(agreed), n=int(n))
        for version, agreed, n in figures.iter_rows()
    ]


def _failed(message: str) -> Verdict:
    return Verdict(outcome="failed", message=message)
