"""Judges a register: every regime decided, the decisions in agreement, evidence present for every duty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.documents.register import evidence
from pytest_mlready.documents.register.entries import Answer
from pytest_mlready.documents.register.regime import HIGH
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_mlready.documents.register.entries import Decision, Register
    from pytest_mlready.documents.register.regime import Duty, Regime

_LONGEST = 20  # findings that a message lists


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a register is looked at.

    Attributes:
        today: Date of the run.
        max_days: Age in days from which a decision, or the data of a regime, must be looked at again.
        risk: The settings' class of risk; None where they name none.
        due_only: Leave out duties that do not apply yet.
    """

    today: dt.date
    max_days: float = 365.0
    risk: str | None = None
    due_only: bool = False


def judge_decisions(register: Register, regimes: Mapping[str, Regime], view: View) -> list[Verdict]:
    """Every regime is decided on, lately, and the decisions agree with one another and with the settings."""
    open_ones = [regime.title for name, regime in regimes.items() if name not in register.decisions]
    wrong = [f"there is no decision on {', '.join(open_ones)}"] if open_ones else []
    aged: list[str] = []
    for name, decision in register.decisions.items():
        wrong += _contradictions(decision, regimes[name], view)
        aged += _aged(decision, regimes[name], view)
    noted = (
        Measurement(name="regimes decided on", value=len(register.decisions), min=len(regimes), n=len(regimes)),
        *(_told(decision, regimes[name]) for name, decision in register.decisions.items()),
    )
    if wrong:
        return [Verdict(outcome="failed", message=f"{register.path}: {_listed(wrong)}", measurements=noted)]
    if asked := [question for n, d in register.decisions.items() for question in _hints(register, d, regimes[n])]:
        aged += asked
    if aged:
        return [Verdict(outcome="inconclusive", message=f"{register.path}: {_listed(aged)}", measurements=noted)]
    return [Verdict(outcome="passed", message=f"{len(register.decisions)} regimes are decided", measurements=noted)]


def judge_evidence(decision: Decision, regime: Regime, *, root: Path, view: View) -> Verdict:
    """Evidence is present for each duty that follows from a decision.

    Args:
        decision: The register's decision that the regime applies.
        regime: What is known of it.
        root: Folder that documents are relative to.
        view: Date of the run, and whether duties that apply later are left out.
    """
    asked = regime.asks(decision.calls, decision.roles)
    later = [duty for duty in asked if duty.since and duty.since > view.today]
    judged = [duty for duty in asked if not (view.due_only and duty in later)]
    answers = {duty: decision.answers.get(duty.id, Answer()) for duty in judged}
    wrong = [
        f"{_named(duty, view)}: {'; '.join(found)}"
        for duty, answer in answers.items()
        if answer.applies and (found := list(evidence.problems(answer, root)))
    ]
    noted = tuple(_measured(regime, answers, wrong, later))
    if wrong:
        step = "Next step: write it, or say why the duty does not apply (applies: false, reason)"
        message = f"{regime.title}: no evidence that holds for {_listed(wrong)}. {step}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    present = [duty.article for duty, answer in answers.items() if answer.applies]
    if not present:
        told = f"{regime.title} applies, and no duty of it does, by the register"
        return Verdict(outcome="inconclusive", message=told, measurements=noted)
    message = f"{regime.title}: evidence present for {', '.join(present)}"
    return Verdict(outcome="passed", message=message, measurements=noted)


def _contradictions(decision: Decision, regime: Regime, view: View) -> Iterator[str]:
    if decision.on > view.today:
        yield f"the decision on {regime.title} is dated {decision.on}, which lies in the future"
    if not decision.applies:
        if decision.answers or decision.purposes:
            yield f"{regime.title} does not apply, yet duties or purposes of it are named"
        return
    yield from _against_risk(decision, regime, view)
    for purpose in regime.purposes:
        below = regime.rank(decision.calls) < regime.rank(purpose.calls_for)
        if below and purpose.id in (decision.purposes or ()):
            yield (
                f"{regime.title}: the class is {decision.calls}, and the purpose {purpose.id} ({purpose.title}) "
                f"calls for {purpose.calls_for}"
            )


def _against_risk(decision: Decision, regime: Regime, view: View) -> Iterator[str]:
    if not regime.decides_risk or view.risk is None:
        return
    high = regime.rank(decision.calls) >= regime.rank(HIGH)
    if high != (view.risk == HIGH):
        yield f'{regime.title}: the class is {decision.calls}, and the settings say risk = "{view.risk}"'


def _hints(register: Register, decision: Decision, regime: Regime) -> Iterator[str]:
    """Purposes that the register's own words sound like, and that it neither names nor excludes."""
    if not decision.applies:
        return
    if regime.purposes and decision.purposes is None:
        yield f"{regime.title}: purposes are not stated; name those of {regime.purposes[0].id[:-2]} … or []"
    text = f"{register.purpose} {decision.reason}".casefold()
    for purpose in regime.purposes:
        known = purpose.id in (decision.purposes or ()) or purpose.id in decision.excluded
        word = next((word for word in purpose.words if word in text), "")
        if word and not known and regime.rank(decision.calls) < regime.rank(purpose.calls_for):
            told = f'the purpose speaks of "{word}", which sounds like {purpose.id} ({purpose.title})'
            yield f"{regime.title}: {told}; name it in purposes, or in excluded with a reason"


def _aged(decision: Decision, regime: Regime, view: View) -> Iterator[str]:
    if (view.today - decision.on).days > view.max_days:
        yield f"the decision on {regime.title} is of {decision.on}: review it, and date it anew"
    elif regime.changed and decision.on < regime.changed:
        yield f"{regime.title} changed on {regime.changed}, after the decision of {decision.on}: review it"
    if decision.applies and (view.today - regime.as_of).days > view.max_days:
        step = "hold it against the current text, and name a file of your own in `regimes`"
        yield f"the list of duties of {regime.title} is as of {regime.as_of}: {step}"


def _told(decision: Decision, regime: Regime) -> Measurement:
    shown = (decision.calls or "applies") if decision.applies else "does not apply"
    return Measurement(
        name=regime.title, value=shown, note=f"{decision.decided_by}, {decision.on}: {decision.reason}"[:300]
    )


def _measured(
    regime: Regime, answers: Mapping[Duty, Answer], wrong: Sequence[str], later: Sequence[Duty]
) -> Iterator[Measurement]:
    present = [f"{d.article} ({d.title})" for d, a in answers.items() if a.applies]
    yield Measurement(name=f"{regime.title}: duties without evidence", value=len(wrong), max=0, n=len(present))
    if not wrong:
        yield Measurement(name=f"{regime.title}: evidence present for", value="; ".join(present) or "no duty")
    links = [d for a in answers.values() for d in a.evidence if evidence.is_link(d)]
    if links:
        yield Measurement(name=f"{regime.title}: documents elsewhere", value=len(links), note="shown, not read")
    for duty, answer in answers.items():
        if not answer.applies:
            yield Measurement(
                name=f"{regime.title}: {duty.article}", value="said not to apply", note=answer.reason[:300]
            )
    if later:
        first = min(str(duty.since) for duty in later)
        yield Measurement(name=f"{regime.title}: duties that apply later", value=len(later), note=f"first on {first}")
    note = f"{regime.source}. {regime.not_known}".strip()[:600]
    yield Measurement(name=f"{regime.title}: duties as of", value=str(regime.as_of), note=note)


def _named(duty: Duty, view: View) -> str:
    since = f", from {duty.since}" if duty.since and duty.since > view.today else ""
    return f"{duty.article} ({duty.title}{since})"


def _listed(said: Sequence[str]) -> str:
    return "; ".join(said[:_LONGEST]) + (f"; and {len(said) - _LONGEST} more" if len(said) > _LONGEST else "")
