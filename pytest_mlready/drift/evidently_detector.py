"""Lets Evidently compare the values, and does beside it what Evidently leaves out.

Evidently drops missing values without a word, ignores a column that is gone, types columns by itself and switches its
methods with the number of rows. Here presence, types and missing shares are judged by us, every column has a declared
type and an explicit method, and both windows are cut to the same number of rows, drawn by seed.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.drift import builtin, two_sample, windows
from pytest_mlready.drift.findings import Bands, Detection, Finding
from pytest_mlready.errors import DataError, Ending, Inconclusive, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from pytest_mlready.drift.windows import Pair, Windows

KINDS = ("number", "category")
METHODS = (
    "psi", "jensenshannon", "kl_div", "wasserstein", "ks", "chisquare", "z", "anderson", "fisher_exact",
    "cramer_von_mises", "g_test", "hellinger", "mannw", "ed", "es", "t_test", "empirical_mmd", "TVD",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidently:
    """Evidently's ValueDrift with one explicit method for numbers and one for categories.

    Attributes:
        numbers, categories: Method and threshold of each kind of column; p-value methods alarm below it, the others at
            and above it, as Evidently has it.
        bands: Limits of what we judge beside it: missing shares, texts and vectors, and whether the sample can tell.
        most: Rows of a window that Evidently is given.
        seed: Of the rows that are drawn, and of the split of texts and vectors.
        page: Where to write Evidently's own HTML; None for nowhere.
    """

    numbers: tuple[str, float] = ("psi", 0.25)
    categories: tuple[str, float] = ("psi", 0.25)
    bands: Bands = field(default_factory=Bands)
    most: int = 50_000
    seed: int = 0
    page: Path | None = None
    name: str = "evidently"

    def __call__(self, compared: Windows) -> Detection:
        """Raises MissingExtra without Evidently, DataError when it raises or does not know a method."""
        pairs, findings = windows.paired(compared)
        plain = [p for p in pairs if p.kind in KINDS and _has_values(p)]
        beside = builtin.contrasts(pairs, compared, self.bands, self.seed, values=False)
        values = list(self._values(plain)) if plain else []
        judged = (*builtin.judge(beside, self.bands), *values)
        found = (*findings, *judged, *builtin.uncompared(pairs, judged))
        doubt, notes = builtin.dependence_notes(compared)
        rows = max(compared.reference.height, compared.current.height)
        sampled = (f"Evidently was given {self.most:,} rows of a window",) if rows > self.most else ()
        return Detection(findings=found, notes=(*notes, *sampled), doubt=doubt)

    def _values(self, pairs: Sequence[Pair]) -> Iterator[Finding]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answers = self._ask(pairs)
            except (Ending, DataError):
                raise
            except Exception as reason:
                line = " ".join(str(reason).split())[:300]
                raise DataError(f"Evidently raised {type(reason).__name__}: {line}") from reason
        for pair, (value, drifted) in zip(pairs, answers, strict=True):
            yield self._finding(pair, value, drifted=drifted)

    def _finding(self, pair: Pair, value: float, *, drifted: bool) -> Finding:
        method, threshold = self._method(pair)
        rows = [len(s) - s.null_count() for s in (pair.reference, pair.current)]
        noise = two_sample.independent(self.bands.bins, rows[0], rows[1]).quantile(self.bands.confidence)
        unsure = noise > self.bands.warn or not np.isfinite(value)
        return Finding(
            column=pair.name, part="values", state="alarm" if drifted else "refused" if unsure else "quiet",
            told=f"Evidently's {method} is {value:.3g}", value=value, limit=threshold, n=rows[1], method=method,
        )  # fmt: skip

    def _method(self, pair: Pair) -> tuple[str, float]:
        return self.numbers if pair.kind == "number" else self.categories

    def _ask(self, pairs: Sequence[Pair]) -> list[tuple[float, bool]]:
        """Value of the statistic and whether Evidently calls it drift, for each column."""
        report, dataset, definition, value_drift = _evidently()
        for method, _ in (self.numbers, self.categories):
            if method not in METHODS:
                raise DataError(f'Evidently has no method "{method}"', expected=f"one of {', '.join(METHODS)}")
        names = {kind: [str(i) for i, p in enumerate(pairs) if p.kind == kind] for kind in KINDS}
        declared = definition(numerical_columns=names["number"], categorical_columns=names["category"])
        asked = [
            value_drift(column=str(i), method=self._method(p)[0], threshold=self._method(p)[1])
            for i, p in enumerate(pairs)
        ]
        sides = [dataset.from_pandas(self._pandas(pairs, side), declared) for side in ("reference", "current")]
        snapshot = report(asked, include_tests=True).run(current_data=sides[1], reference_data=sides[0])
        if self.page is not None:
            snapshot.save_html(str(self.page))
        return _answers(snapshot.dict(), len(pairs))

    def _pandas(self, pairs: Sequence[Pair], side: str) -> Any:
        """Columns under their numbers (names are anybody's), as NumPy floats and as text."""
        import pandas as pd

        columns = [getattr(pair, side) for pair in pairs]
        if len(columns[0]) > self.most:
            rng = np.random.default_rng([self.seed, side == "current"])
            rows = np.sort(rng.choice(len(columns[0]), self.most, replace=False))
            columns = [c[rows] for c in columns]
        return pd.DataFrame(
            {
                str(i): pd.Series(_floats(c), dtype=float)
                if p.kind == "number"
                else pd.Series(c.to_list(), dtype=object)
                for i, (p, c) in enumerate(zip(pairs, columns, strict=True))
            }
        )


def _floats(series: pl.Series) -> Any:
    return series.to_numpy().astype(float)


def _has_values(pair: Pair) -> bool:
    return all(
        s.null_count() < len(s) and not (s.dtype.is_float() and s.is_nan().all())
        for s in (pair.reference, pair.current)
    )


def _answers(document: dict[str, Any], count: int) -> list[tuple[float, bool]]:
    """From Evidently's own document; a metric without its test, or the other way round, is not understood."""
    values = {m["config"]["column"]: float(m["value"]) for m in document["metrics"]}
    failed = {t["metric_config"]["params"]["column"]: t["status"].name == "FAIL" for t in document["tests"]}
    if set(values) != {str(i) for i in range(count)} or set(failed) != set(values):
        raise DataError("Evidently's answer is not understood: it does not hold one value and one test a column")
    return [(values[str(i)], failed[str(i)]) for i in range(count)]


def _evidently() -> tuple[Any, Any, Any, Any]:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        from evidently import DataDefinition, Dataset, Report
        from evidently.metrics import ValueDrift
    except ModuleNotFoundError as reason:
        raise MissingExtra(reason.name or "evidently", "drift", "the detector evidently") from None
    except ImportError as reason:
        raise Inconclusive(
            f"Evidently is installed and cannot be imported: {reason}", fix="pip install 'pytest-mlready[drift]'"
        ) from None
    return Report, Dataset, DataDefinition, ValueDrift
