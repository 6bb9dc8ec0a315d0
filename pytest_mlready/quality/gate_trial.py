"""Judges a quality gate by its answers: the good model blessed, every bad one vetoed, a crash neither."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

Said = Literal["blessed", "vetoed", "unclear"]
LAST_VETO = 125  # beyond it are the shell's own: 126 and 127 cannot run, 128 and more died of a signal
CRASH = 1  # how Python ends after an exception
FEWEST = 2  # kinds of bad models: a gate may stop one by accident
_TELL_VETOES = "end a veto with a status of its own, such as 3, and say so here: veto = 3"
_TRACEBACK = "Traceback (most recent call last)"
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(:|$)")
_CHANGING = re.compile(r"[0-9a-f]{12,}|\d+(\.\d+)?|/\S+")  # digests, figures, times, paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the gate said about one model.

    Attributes:
        said: "blessed", "vetoed", or "unclear": a crash, the time limit.
        why: How it ended, where that is unclear.
        fix: What would make it clear, where that is known.
        words: The last that it wrote.
    """

    said: Said
    why: str = ""
    fix: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One bad model.

    Attributes:
        kind: "noised weights".
        made: How it was spoilt; or why it could not be, where there is no answer.
        answer: Of the gate; None where it was not asked.
        measured: What is bad about it on the held-out rows.
    """

    kind: str
    made: str
    answer: Answer | None = None
    measured: str = ""


def answer(code: int | None, tail: str, *, veto: int | None = None) -> Answer:
    """What an ending of the gate means.

    Args:
        code: Exit status; negative for a signal, None for the time limit.
        tail: The last that it wrote.
        veto: The status of a veto; None: any from 1 to 125.
    """
    if code == 0:
        return Answer(said="blessed", words=tail)
    if code is None or code < 0:
        why = "it did not end within its time limit" if code is None else f"it was ended by signal {-code}"
        return Answer(said="unclear", why=why, words=tail)
    if code == veto and code != CRASH:  # whatever it logged on its way
        return Answer(said="vetoed", words=tail)
    if raised := _raised(tail):
        return Answer(said="unclear", why=f"it crashed with {raised}", fix=_TELL_VETOES, words=tail)
    if code != veto if veto is not None else code > LAST_VETO:
        return Answer(said="unclear", why=f"it ended with status {code}, which is no veto", words=tail)
    return Answer(said="vetoed", words=tail)


def against_unreadable(given: Answer, unreadable: Answer) -> Answer:
    """A veto of a model with types that the candidate has not: unclear when the same is said of an unreadable file."""
    plain = [_CHANGING.sub("#", one.words).split() for one in (given, unreadable)]
    if given.said != "vetoed" or not plain[0] or plain[0] != plain[1]:
        return given
    return replace(given, said="unclear", why="it said what it says of a file that cannot be read")


def judge_good(given: Answer, what: str) -> Verdict:
    """The gate on a good model: failed when it is stopped."""
    seen = Measurement(name=f"gate on {what}", value=given.said)
    if given.said == "blessed":
        return Verdict(outcome="passed", message=f"the gate lets {what} through", measurements=(seen,))
    if given.said == "vetoed":
        message = f"the gate stops {what}{_quoted(given)}. Next step: a gate that stops everything protects nothing"
        return Verdict(outcome="failed", message=message, measurements=(seen,))
    message = f"the gate did not judge {what}: {given.why}{_quoted(given)}"
    return Verdict(outcome="inconclusive", message=message, measurements=(seen,))


def judge_unreadable(given: Answer) -> list[Verdict]:
    """The gate on a file that cannot be read: failed when it gets through; a veto and a crash stop it alike."""
    if given.said != "blessed":
        return []
    message = f"the gate lets a file through that is cut in half{_quoted(given)}. Next step: no error may end with 0"
    return [Verdict(outcome="failed", message=message)]


def judge_bad(trials: Sequence[Trial], *, needed: int = FEWEST) -> list[Verdict]:
    """The gate on bad models: failed for each that it lets through.

    Args:
        trials: Bad models, and those that could not be made or are not bad.
        needed: Kinds that must have been vetoed; fewer are inconclusive.
    """
    verdicts = [_judged(trial) for trial in trials]
    vetoed = sum(trial.answer is not None and trial.answer.said == "vetoed" for trial in trials)
    if vetoed < needed and all(v.outcome == "passed" for v in verdicts):
        left = "; ".join(f"{t.kind}: {t.made}" for t in trials if t.answer is None)
        message = f"the gate was tried on {vetoed} kinds of bad models, at least {needed} are needed ({left or 'none'})"
        verdicts.append(Verdict(outcome="inconclusive", message=message))
    return verdicts


def _judged(trial: Trial) -> Verdict:
    name = f"gate on {trial.kind}"
    if trial.answer is None:
        unasked = Measurement(name=name, value="not asked", note=trial.made)
        return Verdict(outcome="passed", message=f"{trial.kind}: {trial.made}", measurements=(unasked,))
    note = f"{trial.made}; {trial.measured}"
    seen = (Measurement(name=name, value=trial.answer.said, note=note),)
    about = f"{trial.kind} ({note})"
    if trial.answer.said == "vetoed":
        return Verdict(outcome="passed", message=f"the gate stops {about}", measurements=seen)
    if trial.answer.said == "blessed":
        message = f"the gate lets a bad model through: {about}{_quoted(trial.answer)}"
        return Verdict(outcome="failed", message=message, measurements=seen)
    message = f"whether the gate stops {about} is unclear: {trial.answer.why}{_quoted(trial.answer)}"
    if trial.answer.fix:
        message += f". Next step: {trial.answer.fix}"
    return Verdict(outcome="inconclusive", message=message, measurements=seen)


def _raised(tail: str) -> str:
    """The exception that ended it; "" for none, and for a failed assertion, which is a judgement."""
    if _TRACEBACK not in tail:
        return ""
    lines = tail.rpartition(_TRACEBACK)[2].splitlines()
    found = next((m[1] for line in reversed(lines) if (m := _RAISED.match(line))), "an exception")
    return "" if found == "AssertionError" else found


def _quoted(given: Answer) -> str:
    last = next((line.strip() for line in reversed(given.words.splitlines()) if line.strip()), "")
    return f"; it said last: {last[:200]}" if last else "; it said nothing"
