"""Words what a detector found, and what the trials of a detector showed, as verdicts with their numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_mlready.drift import power
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.drift.findings import Bands, Detection, Finding, State
    from pytest_mlready.drift.trials import Rate

SHOWN = 5  # findings that a message names
LISTED = 100  # findings that are noted as measurements


def judge(found: Detection, rows: tuple[int, int], bands: Bands) -> Verdict:
    """Failed when anything alarms, inconclusive when the sample cannot tell, else passed.

    Args:
        found: What the detector says.
        rows: Rows of the reference and of the current window.
        bands: The limits, for what is said about power.
    """
    alarms, refused, warned = found.of("alarm"), found.of("refused"), found.of("warning")
    columns = len({f.column for f in found.findings})
    measured = tuple(_measurement(f) for f in _listed(found))
    if alarms:
        message = f"{_columns(alarms)} of {columns} drifted: {_told(alarms)}. {_NEXT}"
        return Verdict(outcome="failed", message=message, measurements=measured)
    if refused:
        message = (
            f"{_columns(refused)} of {columns} cannot be judged: {_told(refused)}. {_more_rows(refused, rows, bands)}"
        )
        return Verdict(outcome="inconclusive", message=message, measurements=measured)
    if not found.findings or found.doubt:
        reason = found.doubt or "there was nothing to compare"
        return Verdict(outcome="inconclusive", message=f"no column drifted, but {reason}", measurements=measured)
    also = f"; a small change in {_told(warned)}" if warned else ""
    return Verdict(outcome="passed", message=f"none of {columns} columns drifted{also}", measurements=measured)


_NEXT = (
    "Next step: look upstream of these columns first; where the world has changed, score the model on fresh outcomes, "
    "retrain, and choose a new reference."
)


def _columns(findings: Iterable[Finding]) -> str:
    count = len({f.column for f in findings})
    return f"{count} column{'s' * (count > 1)}"


def _told(findings: Sequence[Finding]) -> str:
    shown = "; ".join(_sentence(f) for f in findings[:SHOWN])
    return f"{shown}; and {len(findings) - SHOWN} more" if len(findings) > SHOWN else shown


def _sentence(f: Finding) -> str:
    part = "" if f.part in ("values", "presence", "type", "missing share") else f" ({f.part})"
    numbers = []
    if f.value is not None and f.noise is not None:
        numbers.append(f"PSI {f.value:.2f}, of which chance explains {f.noise:.2f}")
    if f.limit is not None and f.state == "alarm":
        numbers.append(f"limit {f.limit:.3g}")
    if f.q is not None:
        numbers.append(f"q = {f.q:.1g}")
    return f'"{f.column}"{part} {f.told}' + (f" ({', '.join(numbers)})" if numbers else "")


def _more_rows(refused: Sequence[Finding], rows: tuple[int, int], bands: Bands) -> str:
    if not any(f.noise is not None and f.noise > bands.warn for f in refused):
        return "Next step: leave these columns out with `ignore`, or write them so that they can be compared."
    needed = power.rows_needed(bands, bands.bins, rows[0])
    least = math.ceil(2 * power.rows_needed(bands, bands.bins, 10**12))
    enough = f"{math.ceil(needed):,} rows" if math.isfinite(needed) else f"about {least:,} rows in both windows"
    return (
        f"At {rows[0]:,} and {rows[1]:,} rows chance alone moves a column by more than the {bands.warn:g} that should "
        f"be told. Next step: take a current window of {enough} (independent ones that hold a value)."
    )


def _listed(found: Detection) -> list[Finding]:
    states: tuple[State, ...] = ("alarm", "refused", "warning", "quiet")
    return [f for state in states for f in found.of(state)][:LISTED]


def _measurement(f: Finding) -> Measurement:
    numbers = [f.state, f.told, f.method, "" if f.q is None else f"q = {f.q:.2g}"]
    numbers.append("" if f.noise is None else f"chance explains {f.noise:.3g}")
    name = f"drift of {f.column}" + ("" if f.part == "values" else f" ({f.part})")
    low = f.method in _P_VALUES
    return Measurement(
        name=name, value=f.value if f.value is not None else f.state, n=f.n,
        max=None if low else f.limit, min=f.limit if low else None, note=", ".join(n for n in numbers if n),
    )  # fmt: skip


_P_VALUES = frozenset(("ks", "chisquare", "z", "anderson", "fisher_exact", "cramer_von_mises", "g_test", "mannw", "es",
                       "t_test", "empirical_mmd"))  # fmt: skip


def picture(found: Detection, bands: Bands) -> dict[str, Any]:
    """Data of a plot "bars": the statistic of each column, the gravest first, against the bands of that column.

    Bands differ from column to column by what chance explains; a detector without statistics leaves nothing to draw.
    """
    shown = [f for f in _listed(found) if f.value is not None]
    labels = [f.column if f.part == "values" else f"{f.column} ({f.part})" for f in shown]
    warns = [None if f.noise is None else bands.warn + f.noise for f in shown]
    each = {"warns at": warns, "fails at": [f.limit for f in shown]}
    return {"labels": labels, "values": [f.value for f in shown], "unit": "", "each": each}


def resolution(rows: tuple[int, int], bands: Bands) -> Measurement:
    """The smallest shift that the decision sees at this size, in standard deviations of a normal feature."""
    shift = power.smallest_shift(rows[0], rows[1], bands)
    note = "standard deviations by which a normal feature must move to alarm with a probability of 0.9"
    return Measurement(name="smallest shift that is seen", value=round(shift, 2), unit="sd", n=rows[1], note=note)


def judge_false_alarms(rate: Rate, sizes: tuple[int, int], *, limit: float, confidence: float) -> Verdict:
    """Failed when the detector alarms confidently more often than `limit` where nothing changed."""
    lower, upper = rate.lower(confidence), rate.upper(confidence)
    measured = Measurement(
        name="false alarms",
        value=rate.share,
        max=limit,
        interval=(lower, upper),
        n=rate.trials,
        note=_note(rate, sizes),
    )
    where = f" (mostly in {_places(rate)})" if rate.columns else ""
    told = (
        f"the detector alarms on {rate.hits} of {rate.trials} resamples of the reference, in which nothing has "
        f"changed{where}: {100 * rate.share:.3g} %, between {100 * lower:.3g} and {100 * upper:.3g} %"
    )
    fix = "correct for the number of columns, ask for a relevant change, or take larger windows"
    advice = (f"at most {100 * limit:g} %", fix)
    return _three_way(told, measured, advice, bad=lower > limit, good=upper <= limit)


def judge_power(rate: Rate, sizes: tuple[int, int], *, least: float, confidence: float) -> Verdict:
    """Failed when the detector sees a planted fault confidently less often than `least`.

    A trial in which the detector says that the sample cannot tell is no miss: it makes the verdict inconclusive.
    """
    lower, upper = rate.lower(confidence), rate.upper(confidence, with_refused=True)
    interval = (lower, rate.upper(confidence))
    name = f"power: {rate.name}"
    measured = Measurement(
        name=name, value=rate.share, min=least, interval=interval, n=rate.trials, note=_note(rate, sizes)
    )
    where = f", and misses it in {_places(rate)}" if rate.columns else ""
    unsure = f"; {rate.refused} times it says that it cannot tell" if rate.refused else ""
    told = f"planted: {rate.name}. The detector sees it in {rate.hits} of {rate.trials} windows{where}{unsure}"
    advice = (f"at least {100 * least:g} %", "take larger windows, or another detector")
    return _three_way(told, measured, advice, bad=upper < least, good=lower >= least)


def _note(rate: Rate, sizes: tuple[int, int]) -> str:
    unsure = f", could not tell in {rate.refused} of {rate.trials}" if rate.refused else ""
    return f"windows of {sizes[0]:,} and {sizes[1]:,} rows{unsure}; bounds of Clopper and Pearson"


def _three_way(told: str, measured: Measurement, advice: tuple[str, str], *, bad: bool, good: bool) -> Verdict:
    wanted, fix = advice
    if good:
        return Verdict(outcome="passed", message=told, measurements=(measured,))
    message = f"{told}. Expected: {wanted}. Next step: "
    if bad:
        return Verdict(outcome="failed", message=message + fix, measurements=(measured,))
    message += f"raise `repetitions` and `budget` ({measured.n} trials cannot tell), or {fix}"
    return Verdict(outcome="inconclusive", message=message, measurements=(measured,))


def _places(rate: Rate) -> str:
    return ", ".join(f'"{column}" {count}×' for column, count in rate.columns)
