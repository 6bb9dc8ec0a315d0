"""Judges whether every input of a model adds something that it would miss."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, near
from pytest_mlready.features.importance_gains import is_kept, rows_needed
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.features.importance_gains import Gain, Study

SHOWN = 10  # groups named in a message
LISTED = 100  # groups among the measurements, those that add least


def judge(found: Study, keep: Mapping[str, str]) -> list[Verdict]:
    """Failed for inputs that add nothing and stay without a reason, inconclusive for those that nobody can tell.

    Args:
        found: From `study`, with the names in `keep` as `kept`.
        keep: Reason by input or group that stays whatever it adds.
    """
    if not found.gains:
        return [_without_gain(found)]
    judged = [g for g in found.gains if not is_kept(g, keep)]
    useless = [g for g in judged if g.standing == "useless"]
    undecided = [g for g in judged if g.standing == "undecided"]
    verdicts = []
    if useless:
        verdicts.append(Verdict(outcome="failed", message=_useless(useless, found)))
    if undecided:
        verdicts.append(Verdict(outcome="inconclusive", message=_undecided(undecided, found)))
    if not verdicts:
        verdicts.append(_all_beneficial(judged, found))
    return [replace(verdicts[0], measurements=tuple(measurements(found, keep))), *verdicts[1:]]


def reasons(keep: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What the settings keep, once every name is that of an input or a group and every reason says something.

    Raises:
        DataError: with all mistakes.
    """
    known = {*groups, *(member for members in groups.values() for member in members)}
    wrong = [f'"{name}" is no input{near(name, sorted(known))}' for name in keep if name not in known]
    silent = [name for name, why in keep.items() if not isinstance(why, str) or not why.strip()]
    wrong += [f'"{name}" is kept without a reason' for name in silent]
    if wrong:
        raise DataError("`keep` cannot be used: " + "; ".join(wrong), expected='{ input = "why it stays" }')
    return dict(keep)


def picture(found: Study) -> dict[str, Any]:
    """Data of a plot "intervals": shares with their bounds, the largest first."""
    shown = sorted(found.gains, key=lambda g: -g.share)[:LISTED]
    return {
        "rows": [{"name": g.name, "value": g.share, "lower": g.lower, "upper": g.upper, "min": None} for g in shown],
        "limit": found.limit,
    }


def measurements(found: Study, keep: Mapping[str, str]) -> Iterator[Measurement]:
    """The whole gain, and the share of every group, the least first."""
    yield Measurement(
        name="loss as it is", value=found.base, n=found.rows, note=f"{found.repeats} shuffles of each group"
    )
    gained = (found.gain_lower, found.gain_upper)
    yield Measurement(name="loss that all inputs save", value=found.gain, min=0.0, interval=gained, n=found.rows)
    for g in sorted(found.gains, key=lambda g: g.share)[:LISTED]:
        stays = f"kept: {keep.get(g.name) or keep[g.members[0]]}" if is_kept(g, keep) else ""
        note = "; ".join(part for part in (g.standing, g.why, stays) if part)
        interval = (g.lower, g.upper)
        yield Measurement(
            name=f"share of the gain: {g.name}", value=g.share, min=found.limit, interval=interval, n=g.moved, note=note
        )
    if found.together is not None and len(found.together.members) > 1:
        names, share = ", ".join(found.together.members[:SHOWN]), found.together.share
        interval = (found.together.lower, found.together.upper)
        yield Measurement(name="share of the useless together", value=share, interval=interval, note=names)


def _without_gain(found: Study) -> Verdict:
    """All inputs shuffled together, and the model is not shown to be worse."""
    numbers = f"the loss rises by {found.gain:.4g} (bounds {found.gain_lower:.4g} to {found.gain_upper:.4g})"
    if found.gain_upper <= 0:
        message = f"shuffling all inputs together costs the model nothing: {numbers} on {found.rows:,} rows"
        return Verdict(outcome="failed", message=message, measurements=tuple(measurements(found, {})))
    message = f"{found.rows:,} rows do not show that the model gains anything from its inputs: {numbers}"
    return Verdict(outcome="inconclusive", message=message, measurements=tuple(measurements(found, {})))


def _useless(useless: Sequence[Gain], found: Study) -> str:
    listed = _listed([f"{g.name} ({g.why or f'{_percent(g.share)}, at most {_percent(g.upper)}'})" for g in useless])
    several = found.together is not None and len(useless) > 1
    joint = f"; shuffled together they add {_percent(found.together.share)}" if several and found.together else ""
    return (
        f"{_count(useless)} at most {_percent(found.limit)} of what the model gains from all its inputs: "
        f"{listed}{joint}. Next step: train without {'them' if len(useless) > 1 else 'it'} and compare; where one must "
        f'stay, say why: keep = {{ "{useless[0].members[0]}" = "…" }}; columns that are no inputs of the model belong '
        "in `drop` under [tool.mlready.data], and parts of one input (an embedding) in one group of `groups`"
    )


def _undecided(undecided: Sequence[Gain], found: Study) -> str:
    listed = _listed([f"{g.name} ({_span(g)}{f': {g.why}' if g.why else ''})" for g in undecided])
    plain = [rows_needed(g, found) for g in undecided if not g.why]
    rows = f"hold out about {max(plain):,} rows, " if plain and found.limit > 0 else ""
    return (
        f"of {len(undecided)} {_inputs(undecided)} these rows show neither that the model gains from it nor that it "
        f"gains at most {_percent(found.limit)}: {listed}. Next step: {rows}train without {_least(undecided)} and "
        f'compare, or say why it stays: keep = {{ "{undecided[0].members[0]}" = "…" }}'
    )


def _all_beneficial(judged: Sequence[Gain], found: Study) -> Verdict:
    """Unless nothing was judged one by one: all kept, or all in one group."""
    if not judged:
        return Verdict(outcome="inconclusive", message="every input is in `keep`: nothing is left to be judged")
    only = judged[0]
    if len(found.gains) == 1 and len(only.members) > 1:
        message = f"all {len(only.members)} inputs are one group, which says nothing about any of them"
        return Verdict(outcome="inconclusive", message=f"{message}. Next step: raise `correlation`, or name `groups`")
    least = min(judged, key=lambda g: g.share)
    message = f"{_count(judged)} something; the least is {least.name} with {_percent(least.share)} of the gain"
    return Verdict(outcome="passed", message=message)


def _count(gains: Sequence[Gain]) -> str:
    return f"{len(gains)} {_inputs(gains)} add{'s' if len(gains) == 1 else ''}"


def _inputs(gains: Sequence[Gain]) -> str:
    noun = "group" if any(len(g.members) > 1 for g in gains) else "input"
    return f"{noun}{'s' if len(gains) > 1 else ''}"


def _least(gains: Sequence[Gain]) -> str:
    return min(gains, key=lambda g: g.share).name


def _span(gain: Gain) -> str:
    return f"{_percent(gain.lower)} to {_percent(gain.upper)}"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:SHOWN]) + (f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else "")


def _percent(share: float) -> str:
    """With two digits that count: 12 %, 0.45 %, -0.012 %."""
    value = 100 * share
    digits = 0 if abs(value) >= 10 else min(4, 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{digits}f} %"
