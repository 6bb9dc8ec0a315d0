"""Gives a model its columns, in its order, in the kind of frame it was trained on."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.errors import DataError, MissingExtra, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

Kind = Literal["pandas", "polars", "numpy"]


def usual_kind(names: Sequence[str] | None) -> Kind:
    """The kind a model with these feature names was most likely trained on."""
    if not names:
        return "numpy"
    return "pandas" if find_spec("pandas") else "polars"


def given(X: Any, *, names: Sequence[str] | None, kind: Kind, loose: bool = False) -> Any:
    """The model's columns of `X`, in the model's order.

    Args:
        X: Polars or pandas frame of n rows, or an array of shape (n, k); arrays are taken to be in the model's order.
        names: The model's feature names; None: all columns as they stand.
        kind: Kind of the result.
        loose: Whether signs other than letters and digits may differ, as in names that a format had to rewrite.

    Raises:
        DataError: columns are missing.
    """
    import polars as pl

    if isinstance(X, pl.LazyFrame):
        X = X.collect()
    if isinstance(X, pl.Series):
        X = X.to_frame()
    if not hasattr(X, "columns"):
        return _from_array(X, names, kind)
    chosen = list(X.columns) if names is None else _chosen(list(X.columns), names, loose=loose)
    if isinstance(X, pl.DataFrame):
        return _from_polars(X.select(chosen), kind)
    return _from_pandas(X[chosen], kind)


def _chosen(columns: list[str], names: Sequence[str], *, loose: bool) -> list[str]:
    known: dict[str, str] = {_plain(c): c for c in columns} if loose else {}
    known |= {c: c for c in columns}
    found = {name: known.get(name) or (known.get(_plain(name)) if loose else None) for name in names}
    missing = [name for name, column in found.items() if column is None]
    if missing:
        shown = ", ".join(f'"{name}"{_near(name, columns)}' for name in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise DataError(
            f"the model needs {len(missing)} column{'s' * (len(missing) > 1)} that the data lack: {shown}{more}",
            expected=f"its {len(names)} columns by the names it was trained with",
            fix="rename or add them in the data, or take them out of `drop` in [tool.mlready.data]",
        )
    return [column for column in found.values() if column is not None]


def _near(name: str, columns: Sequence[str]) -> str:
    hint = near(name, columns).removeprefix("; ")
    return f" ({hint})" if hint else ""


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _from_array(X: Any, names: Sequence[str] | None, kind: Kind) -> Any:
    import numpy as np

    array = np.asarray(X)
    if kind == "numpy" or names is None or array.ndim != 2:
        return array
    if array.shape[1] != len(names):
        raise DataError(
            f"the array has {array.shape[1]} columns", expected=f"the model's {len(names)}: {list(names)[:5]}"
        )
    if kind == "polars":
        import polars as pl

        return pl.DataFrame(array, schema=list(names))
    return _pandas().DataFrame(array, columns=list(names))


def _from_pandas(frame: Any, kind: Kind) -> Any:
    if kind == "numpy":
        return frame.to_numpy()
    if kind == "polars":
        import polars as pl

        return pl.from_pandas(frame)
    return frame


def _from_polars(frame: pl.DataFrame, kind: Kind) -> Any:
    if kind == "polars":
        return frame
    if kind == "numpy":
        return matrix(frame)
    pandas = _pandas()
    return pandas.DataFrame({column.name: _series(column, pandas) for column in frame.iter_columns()})


def matrix(frame: pl.DataFrame) -> NDArray[Any]:
    """All columns as one array of shape (n, k): numbers with NaN for nulls, or objects where a column is no number."""
    import numpy as np
    import polars as pl

    types = frame.dtypes
    if all(t.is_numeric() or t == pl.Boolean for t in types):
        numbers = [c.cast(pl.Float64).to_numpy() if c.null_count() else c.to_numpy() for c in frame.iter_columns()]
        return np.column_stack(numbers) if numbers else np.empty((frame.height, 0))
    objects = np.empty((frame.height, frame.width), dtype=object)
    for position, column in enumerate(frame.iter_columns()):
        objects[:, position] = _objects(column)
    return objects


def _series(column: pl.Series, pandas: Any) -> Any:
    """One column as pandas reads it from a file: NaN for missing numbers and texts, categories kept."""
    import polars as pl

    kind = column.dtype
    if isinstance(kind, pl.Categorical | pl.Enum):
        given = kind.categories if isinstance(kind, pl.Enum) else column.cast(pl.String).drop_nulls().unique().sort()
        categories = given.to_list()
        position = {category: code for code, category in enumerate(categories)}
        codes = [-1 if value is None else position[value] for value in column.to_list()]
        return pandas.Series(pandas.Categorical.from_codes(codes, categories=categories))
    if kind.is_integer() or kind.is_float():
        return pandas.Series(
            (column.cast(pl.Float64) if kind.is_integer() and column.null_count() else column).to_numpy()
        )
    if kind.is_decimal():
        return pandas.Series(column.cast(pl.Float64).to_numpy())
    if kind == pl.Date or (isinstance(kind, pl.Datetime) and kind.time_zone is None) or isinstance(kind, pl.Duration):
        return pandas.Series(column.to_numpy())
    if kind == pl.Boolean and not column.null_count():
        return pandas.Series(column.to_numpy())
    return pandas.Series(_objects(column), dtype=object)


def _objects(column: pl.Series) -> NDArray[Any]:
    """Python values, shape (n,); a missing text or number is NaN, as in a file read by pandas, any other is None."""
    import numpy as np
    import polars as pl

    values = np.empty(len(column), dtype=object)
    values[:] = column.to_list()
    if column.null_count() and (column.dtype == pl.String or column.dtype.is_numeric()):
        values[column.is_null().to_numpy()] = np.nan
    return values


def texts(X: Any) -> NDArray[Any]:
    """The single column of `X` as texts, shape (n,), missing ones empty: what a text vectorizer takes.

    Raises:
        DataError: more than one column.
    """
    import numpy as np
    import polars as pl

    if isinstance(X, pl.DataFrame):
        X = matrix(X)
    array = np.asarray(X, dtype=object)
    if array.ndim == 2 and array.shape[1] != 1:
        raise DataError(
            f"the model takes one column of texts, the data have {array.shape[1]} feature columns",
            fix="name all others in `drop` under [tool.mlready.data]",
        )
    flat = array.reshape(-1)
    flat[[not isinstance(value, str) for value in flat]] = ""
    return flat


def _pandas() -> Any:
    try:
        import pandas  # noqa: ICN001 - its full name reads better in messages and types
    except ImportError:
        raise MissingExtra("pandas", "pandas", "a pandas frame for the model") from None
    return pandas
