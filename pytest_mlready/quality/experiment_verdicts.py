"""Judges whether gains offline came with gains online, over the experiments of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.quality import experiments
from pytest_mlready.quality.intervals import wilson
from pytest_mlready.quality.known_metrics import ALIASES, METRICS
from pytest_mlready.quality.rank_correlation import pairs_needed, spearman
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    import datetime as dt

    from pytest_mlready.quality.experiments import Experiments
    from pytest_mlready.quality.rank_correlation import Correlation

LEAST = 8  # experiments; from there on the exact test has any use against a moderate correlation
DISTINCT = 5  # different values on each side: with fewer, ranks are two or three camps


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What is asked of the experiments.

    Attributes:
        today: Against which ages are taken.
        max_age: Age beyond which an experiment no longer counts.
        less: Whether less is better, of the offline and the online metric; None: by the metric's name.
        confidence: Of the one-sided bound.
        seed: Of drawn permutations.
    """

    today: dt.date
    max_age: dt.timedelta
    less: tuple[bool | None, bool | None] = (None, None)
    confidence: float = 0.95
    seed: int = 0


def judge(found: Experiments, demands: Demands) -> list[Verdict]:
    """Mistakes in the table, and the correlation of what it holds.

    Passed when the lower bound of Spearman's correlation is above 0 and the permutation test agrees; failed when the
    upper bound is not above 0; else inconclusive.
    """
    if found.pair is None:
        return [_no_pair(found)]
    wrong = list(experiments.mistakes(found, today=demands.today))
    known = found.table.filter(pl.col("offline").is_finite() & pl.col("online").is_finite())
    recent = known.filter(pl.col("date").is_between(demands.today - demands.max_age, demands.today))
    counted = recent.unique(["offline", "online"], maintain_order=True)
    noted = [Measurement(name="experiments", value=found.table.height, n=counted.height,
                         note=f"{known.height - recent.height} too old or undated, "
                              f"{recent.height - counted.height} with the very figures of another one")]  # fmt: skip
    first, second = _less(found, demands)
    x, y = (1 - 2 * first) * counted["offline"].to_numpy(), (1 - 2 * second) * counted["online"].to_numpy()
    if reason := _too_little(x, y, demands):
        return [*wrong, Verdict(outcome="inconclusive", message=reason, measurements=tuple(noted))]
    noted += _agreement(counted, x, y)
    return [*wrong, _correlated(found, x, y, demands, noted)]


def directions(found: Experiments, demands: Demands) -> str:
    """Which way is better on either side, in words."""
    pair = found.pair or ("offline", "online")
    return " and ".join(
        f"{'less' if less else 'more'} {n}" for n, less in zip(pair, _less(found, demands), strict=True)
    )


def _less(found: Experiments, demands: Demands) -> tuple[bool, bool]:
    names = found.pair or ("", "")
    given = zip(names, demands.less, strict=True)
    first, second = (_known_less(name) if less is None else less for name, less in given)
    return first, second


def _known_less(name: str) -> bool:
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    plain = ALIASES.get(plain, plain)
    return any(m.name == plain and not m.greater_is_better for m in METRICS)


def _no_pair(found: Experiments) -> Verdict:
    if found.pairs:
        seen = "; ".join(f"{a} and {b} ({n})" for (a, b), n in found.pairs[:5])
        message = (
            f"the table mixes {len(found.pairs)} pairs of metrics, whose differences cannot be ranked together: {seen}"
        )
    else:
        message = "the table does not say which metrics its differences are of"
    step = 'Next step: pair = ["offline metric", "online metric"]'
    return Verdict(outcome="inconclusive", message=f"{message}. {step}")


def _too_little(x: Any, y: Any, demands: Demands) -> str:
    if len(x) < LEAST:
        return f"{len(x)} experiments count (none older than {demands.max_age.days} days); {LEAST} are needed"
    for values, side in ((x, "offline"), (y, "online")):
        if (distinct := len(np.unique(values))) < DISTINCT:
            return (
                f"the {side} differences take {distinct} different values; ranks need {DISTINCT}. "
                "Next step: record them with more digits"
            )
    if np.allclose(y * (x @ y) / (y @ y), x, rtol=1e-9, atol=0):
        return "the online differences are the offline ones, or a multiple of them: was one column copied?"
    return ""


def _agreement(counted: pl.DataFrame, x: Any, y: Any) -> list[Measurement]:
    """Shares of experiments whose two differences have one sign; 0 agrees with nothing."""
    same = (np.sign(x) == np.sign(y)) & (x != 0)
    noted = [_share("differences of one sign", same)]
    clear = ((counted["online_lower"] > 0) | (counted["online_upper"] < 0)).fill_null(value=False).to_numpy()
    noted += [_share("of one sign, where the online interval excludes 0", same[clear])] if clear.any() else []
    return [*noted, Measurement(name="experiments that lost online", value=int((y < 0).sum()), n=len(y))]


def _share(name: str, hits: Any) -> Measurement:
    low, high = wilson(int(hits.sum()), len(hits))
    return Measurement(
        name=name, value=float(hits.mean()), interval=(float(low), float(high)), n=len(hits), note="Wilson"
    )


def _correlated(found: Experiments, x: Any, y: Any, demands: Demands, noted: list[Measurement]) -> Verdict:
    c = spearman(x, y, confidence=demands.confidence or 0.5, seed=demands.seed)
    told = " and ".join(found.pair or ())
    note = f"{told}; {c.method}: p {c.p:.3g}"
    noted = [Measurement(name="Spearman's correlation", value=c.rho, min=0.0, interval=(c.lower, c.upper), n=c.n,
                         note=note), *noted]  # fmt: skip
    seen = (
        f"over {c.n} experiments {told} correlate with rho {c.rho:.2f} (bounds {c.lower:.2f} to {c.upper:.2f}, "
        f"{c.method} p {c.p:.2g}), taking {directions(found, demands)} for better"
    )
    agreed = next(m for m in noted if m.name == "differences of one sign")
    seen += f"; {agreed.value:.0%} of the differences have one sign"
    if _rises(c, demands.confidence):
        return Verdict(outcome="passed", message=seen, measurements=tuple(noted))
    if c.upper <= 0:
        step = "Next step: look for an offline metric that moves with users, or correct the direction"
        return Verdict(outcome="failed", message=f"{seen}. {step}", measurements=tuple(noted))
    return Verdict(
        outcome="inconclusive", message=f"{seen}. {_advice(c, demands.confidence)}", measurements=tuple(noted)
    )


def _rises(c: Correlation, confidence: float) -> bool:
    return c.lower > 0 and (not confidence or c.p <= 1 - confidence)


def _advice(c: Correlation, confidence: float) -> str:
    needed = pairs_needed(c.rho, confidence=confidence or 0.95)
    if needed is None:
        return "No sign of a relation yet; more experiments, also with models known to be worse, would tell"
    return f"If the correlation holds, about {max(needed, c.n + 1)} experiments would decide"
