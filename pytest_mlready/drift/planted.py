"""Tests a team's invariants on batches of rows: silent on good ones, and heard when one column of a copy breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.drift import faults
from pytest_mlready.errors import DataError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import polars as pl

    from pytest_mlready.drift.faults import Fault

SHIFT = 0.75  # standard deviations
COLUMNS = 5  # columns that are broken in each way; of more, those spread evenly
EXPECTED = "texts, one for each invariant that the rows break; none for good rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariants:
    """Calls the team's `function(rows)`.

    Attributes:
        function: Of a polars frame; returns a text for each invariant that is broken.
        name: "module:function".
    """

    function: Callable[[Any], Any]
    name: str

    def __call__(self, rows: pl.DataFrame) -> tuple[str, ...]:
        """What the rows break. Raises DataError when the function raises, or answers with something else."""
        try:
            given = self.function(rows)
        except (Exception, SystemExit) as reason:
            line = " ".join(str(reason).split())[:300]
            raise DataError(f"{self.name} raised {type(reason).__name__}: {line}", expected=EXPECTED) from reason
        if given is None or isinstance(given, str | bytes) or not isinstance(given, Iterable):
            raise DataError(f"{self.name} returned a {type(given).__name__}", expected=EXPECTED)
        return tuple(str(one) for one in given)


def judge_quiet(invariants: Invariants, batches: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Whether good rows break nothing."""
    verdicts = []
    for name, rows in batches.items():
        told = invariants(rows)
        noted = Measurement(name=f"invariants broken by the {name} rows", value=len(told), max=0, n=rows.height)
        if not rows.height:
            verdicts.append(Verdict(outcome="inconclusive", message=f"there are no {name} rows"))
        elif told:
            message = f"{invariants.name} objects to the {name} rows themselves: {'; '.join(told[:3])[:200]}"
            verdicts.append(Verdict(outcome="failed", message=message, measurements=(noted,)))
        else:
            message = f"{invariants.name} is silent on the {name} rows"
            verdicts.append(Verdict(outcome="passed", message=message, measurements=(noted,)))
    return verdicts


def judge_broken(
    invariants: Invariants, rows: pl.DataFrame, *, least: float, rng: np.random.Generator
) -> list[Verdict]:
    """Whether copies of the rows with one broken column are heard of: a share of `least`, and one of each kind."""
    _, *kinds = faults.faults(SHIFT)  # the first, a shift, is drift: every single value may still be right
    tried = [(fault.name, list(_try(invariants, rows, fault, rng))) for fault in kinds]
    done = [(kind, results) for kind, results in tried if results]
    heard = sum(ok for _, results in done for _, ok in results)
    count = sum(len(results) for _, results in done)
    by_kind = tuple(
        Measurement(name=f"broken copies heard of: {kind}", value=sum(ok for _, ok in results), n=len(results))
        for kind, results in done
    )
    if not count:
        return [Verdict(outcome="inconclusive", message="no column of these rows can be broken")]
    share = Measurement(name="broken copies heard of", value=heard / count, min=least, n=count)
    deaf = [kind for kind, results in done if not any(ok for _, ok in results)]
    missed = [f"{column} ({kind})" for kind, results in done for column, ok in results if not ok]
    if deaf or heard / count < least:
        why = f"never hears of {', '.join(deaf)}" if deaf else f"hears of {heard} of {count} broken copies"
        message = (
            f"{invariants.name} {why}; missed: {', '.join(missed[:5])}. Expected: {least:.0%}, and some of each kind"
        )
        return [Verdict(outcome="failed", message=message, measurements=(share, *by_kind))]
    message = f"{invariants.name} hears of {heard} of {count} broken copies"
    return [Verdict(outcome="passed", message=message, measurements=(share, *by_kind))]


def _try(
    invariants: Invariants, rows: pl.DataFrame, fault: Fault, rng: np.random.Generator
) -> Iterator[tuple[str, bool]]:
    """(column, whether it was heard of) for columns that can break so."""
    fitting = [name for name in rows.columns if fault.fits(rows[name])]
    step = max(1, -(-len(fitting) // COLUMNS))
    for name in fitting[::step]:
        broken = rows.with_columns(fault.plant(rows[name], rng).alias(name))
        yield name, bool(invariants(broken))
