"""Reads a data set, and says which column plays which part."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import digests, named
from pytest_mlready.errors import DataError, MissingExtra, near
from pytest_mlready.values import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import polars as pl

_ROLES = ("id", "group", "cluster", "time", "weight")
_LIVE = ("reference", "current")  # windows of traffic: outcomes and some columns may not be known yet


def load(source: str, *, name: str, root: Path, roles: Mapping[str, Any]) -> Dataset:
    """The data set that `source` names.

    Args:
        source: .parquet, .csv, .csv.gz, .arrow, .feather, .ipc, or "module:function" that returns a polars, pandas or
            pyarrow table, a lazy frame, or a DuckDB relation.
        name: "train", "heldout", "reference" or "current".
        root: Folder that paths and modules are relative to.
        roles: Settings by name: target, id, group, cluster, time, weight (one column each); drop, text, features
            (several).

    Raises:
        DataError: it does not exist, cannot be read, has two columns of one name, or lacks a column that a setting
            names. "reference" and "current" may lack those: their outcomes come later.
    """
    if named.is_object(source):
        function = named.object_named(source, root, error=DataError)
        try:
            given = function() if callable(function) else function
        except (Exception, SystemExit) as reason:
            raise DataError(f"{source} raised {type(reason).__name__}: {_line(reason)}") from reason
        return wrap(given, name=name, source=source, roles=roles)
    path = named.file(source, root, error=DataError, what=f"the {name} data file")
    reader = _reader(path)
    try:
        frame, digest = reader(path), digests.sha256(path)
    except DataError:
        raise
    except Exception as reason:
        raise DataError(
            f"the {name} data file {source} cannot be read: {_line(reason)}", fix="write it again; it may be cut off"
        ) from reason
    return _dataset(frame, name=name, source=source, digest=digest, roles=roles)


def wrap(given: Any, *, name: str, source: str, roles: Mapping[str, Any]) -> Dataset:
    """The data set in a frame that a function or a hook returned; its digest is that of its content.

    Raises:
        DataError: not a table, or as `load`.
    """
    if isinstance(given, Dataset):
        return given
    frame = to_polars(given, source)
    return _dataset(frame, name=name, source=source, digest=content_sha256(frame), roles=roles)


def to_polars(given: Any, source: str) -> pl.DataFrame:
    """Any table that narwhals knows, as polars.

    Raises:
        DataError: it knows none of that kind, or cannot convert it.
        MissingExtra: the conversion needs a library that is not installed.
    """
    import narwhals as nw

    try:
        table = nw.from_native(given)
        eager = table.collect("polars") if isinstance(table, nw.LazyFrame) else table
        return eager.to_polars()
    except TypeError as reason:
        raise DataError(
            f"{source} returned a {type(given).__module__}.{type(given).__qualname__}",
            expected="a polars, pandas or pyarrow table, a lazy frame, or a DuckDB relation",
        ) from reason
    except ImportError as reason:
        raise MissingExtra(str(reason.name or "pyarrow"), "pandas", f"reading the table of {source}") from None
    except Exception as reason:
        raise DataError(f"the table of {source} cannot be converted to polars: {_line(reason)}") from reason


def content_sha256(frame: pl.DataFrame) -> str:
    """Digest of names, types and values in order, whatever chunks or categories they are stored in."""
    import polars as pl

    digest = hashlib.sha256(repr(list(frame.schema.items())).encode())
    coded = [c for c, t in frame.schema.items() if isinstance(t, pl.Categorical | pl.Enum)]
    for column in frame.with_columns(pl.col(coded).cast(pl.String)).iter_columns():
        digest.update(column.rename("").hash(seed=0).to_numpy().tobytes())
    return digest.hexdigest()


def _reader(path: Path) -> Callable[[Path], pl.DataFrame]:
    name = path.name.lower()
    for suffixes, reader in _READERS:
        if name.endswith(suffixes):
            return reader
    known = ", ".join(suffix for suffixes, _ in _READERS for suffix in suffixes)
    raise DataError(f"{path.name} has no suffix that names a kind of table", expected=known)


def _csv(path: Path) -> pl.DataFrame:
    import polars as pl

    data = path.read_bytes()
    if path.suffix.lower() == ".gz":
        data = gzip.decompress(data)
    if not data.strip():
        raise DataError(f"{path} is empty", expected="a line with the column names, then one line a row")
    # polars renames a repeated column and keeps doubled quotation marks in names: read the names apart.
    with io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="") as text:
        columns = next(csv.reader(text))
    _refuse_twice(columns, path.name)
    return pl.read_csv(data, infer_schema_length=None, new_columns=columns)


def _parquet(path: Path) -> pl.DataFrame:
    import polars as pl

    return pl.read_parquet(path, glob=False)


def _arrow(path: Path) -> pl.DataFrame:
    import polars as pl

    data = path.read_bytes()
    return pl.read_ipc(data) if data.startswith(b"ARROW1") else pl.read_ipc_stream(data)


_READERS = (((".parquet", ".pq"), _parquet), ((".csv", ".csv.gz"), _csv), ((".arrow", ".feather", ".ipc"), _arrow))


def _refuse_twice(columns: Sequence[str], source: str) -> None:
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(f"{source} has more than one column named {', '.join(map(repr, twice[:5]))}", fix="rename them")


def _dataset(frame: pl.DataFrame, *, name: str, source: str, digest: str, roles: Mapping[str, Any]) -> Dataset:
    target, columns = roles.get("target"), {role: roles.get(role) for role in _ROLES}
    drop, text = tuple(roles.get("drop") or ()), tuple(roles.get("text") or ())
    asked = {"target": (target,), **{role: (column,) for role, column in columns.items()}, "drop": drop, "text": text}
    asked["features"] = tuple(roles.get("features") or ())
    present = set(frame.columns)
    if name not in _LIVE:
        _refuse_missing(asked, frame.columns, f"the {name} data ({source})")
    not_features = {target, *columns.values(), *drop}
    features = asked["features"] or tuple(column for column in frame.columns if column not in not_features)
    return Dataset(
        frame=frame,
        name=name,
        source=source,
        sha256=digest,
        target=target if target in present else None,
        features=tuple(column for column in features if column in present),
        text=tuple(column for column in text if column in present and column in features),
        **{role: column if column in present else None for role, column in columns.items()},
    )


def _refuse_missing(asked: Mapping[str, Sequence[str | None]], columns: Sequence[str], where: str) -> None:
    missing = [(role, c) for role, names in asked.items() for c in names if c is not None and c not in columns]
    if missing:
        shown = "; ".join(
            f'{role} = "{column}"{near(column, columns).replace(";", ",")}' for role, column in missing[:5]
        )
        have = ", ".join(columns[:20]) + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")
        raise DataError(
            f"{where} lack columns that [tool.mlready.data] names: {shown}",
            expected=f"columns among {have or 'none'}",
            fix="correct the names in the settings, or the data",
        )


def _line(reason: object) -> str:
    return " ".join(str(reason).split())[:300]
