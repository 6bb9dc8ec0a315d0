"""Judges a ramp: a small first share, several steps, and something that watches and can abort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.manifests.rollout.ramp import percent
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.manifests.rollout.ramp import Ramp

NEAR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a ramp is held against.

    Attributes:
        first: Largest first share, 0 to 1.
        fewest: Least number of shares below one.
        steps: Shares that the procedure declares, for tools that keep the present one alone; empty: not declared.
        watched: Names of the alerts that abort it, for tools that have no place for an analysis; "" for none.
    """

    first: float
    fewest: int
    steps: tuple[float, ...] = ()
    watched: str = ""


def judge(ramp: Ramp, wanted: Wanted) -> list[Verdict]:
    """Verdicts over one ramp; at least one."""
    verdicts = [_failed(ramp, fault) for fault in ramp.faults]
    verdicts += ramp.doubts
    if ramp.faults and not ramp.steps:
        return verdicts
    steps = ramp.steps
    if not ramp.known:
        verdicts += _present(ramp, wanted)
        steps = wanted.steps
    if ramp.known or steps:
        verdicts += [_first(ramp, steps, wanted), _several(ramp, steps, wanted)]
    verdicts.append(_watched(ramp, wanted))
    return verdicts


def _failed(ramp: Ramp, found: str, *measured: Measurement) -> Verdict:
    noted = f" ({'; '.join(ramp.notes)})" if ramp.notes else ""
    return Verdict(outcome="failed", message=f"{ramp.where}: {ramp.tool}: {found}{noted}", measurements=measured)


def _present(ramp: Ramp, wanted: Wanted) -> Iterator[Verdict]:
    """The share that the file gives the new version now."""
    for now in ramp.steps:
        measured = Measurement(name=f"present share in {ramp.tool}", value=round(now, 4), note="; ".join(ramp.notes))
        if now > 1 - NEAR:
            yield _failed(ramp, "the new version has all of the traffic, and nothing to be compared with", measured)
        elif wanted.steps and now > NEAR and not any(abs(now - step) < 0.005 for step in wanted.steps):
            yield _failed(ramp, f"the share of {percent(now)} is none of the steps {_listed(wanted.steps)}", measured)
        elif not wanted.steps and now > wanted.first + NEAR:
            found = f"the new version has {percent(now)}, expected a first share of at most {percent(wanted.first)}"
            yield _failed(ramp, found, measured)
        else:
            yield Verdict(outcome="passed", message=f"the present share is {percent(now)}", measurements=(measured,))
    if not wanted.steps and not any(now > wanted.first + NEAR for now in ramp.steps):
        message = (
            f"{ramp.where}: {ramp.tool} keeps the present share alone, and which steps there are is not said. "
            'Next step: steps = ["5 %", "25 %", "50 %"]'
        )
        yield Verdict(outcome="inconclusive", message=message)


def _first(ramp: Ramp, steps: tuple[float, ...], wanted: Wanted) -> Verdict:
    if not steps:
        return _failed(ramp, "no step holds a share below 100 % for a while")
    first = steps[0]
    measured = Measurement(name=f"first share in {ramp.tool}", value=round(first, 4), max=wanted.first)
    if first > wanted.first + NEAR:
        return _failed(ramp, f"the first step is {percent(first)}, expected at most {percent(wanted.first)}", measured)
    return Verdict(outcome="passed", message=f"the first step is {percent(first)}", measurements=(measured,))


def _several(ramp: Ramp, steps: tuple[float, ...], wanted: Wanted) -> Verdict:
    measured = Measurement(
        name=f"steps in {ramp.tool}", value=len(steps), min=wanted.fewest, note=_listed(steps) if steps else ""
    )
    if len(steps) < wanted.fewest:
        found = f"{len(steps)} steps hold a share below 100 % ({_listed(steps)}), expected at least {wanted.fewest}"
        return _failed(ramp, found, measured)
    if list(steps) != sorted(steps):
        return _failed(ramp, f"the steps do not rise: {_listed(steps)}", measured)
    return Verdict(outcome="passed", message=f"{len(steps)} steps", measurements=(measured,))


def _watched(ramp: Ramp, wanted: Wanted) -> Verdict:
    watching = ramp.analysis or wanted.watched
    if watching:
        measured = (Measurement(name=f"watched by, in {ramp.tool}", value=watching),)
        return Verdict(outcome="passed", message="an analysis is attached", measurements=measured)
    if ramp.analysis is None:
        message = (
            f"{ramp.where}: {ramp.tool} attaches no analysis of its own, and nothing says what aborts the rollout. "
            'Next step: alerts = ["NAME"], alerts of your rules on which you go back'
        )
        return Verdict(outcome="inconclusive", message=message)
    return _failed(ramp, "no analysis that could abort is attached")


def _listed(steps: tuple[float, ...]) -> str:
    return ", ".join(map(percent, steps))
