"""Holds a model's inputs, and the columns they are made from, against the rules on what may be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.features.policy import plain
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from pytest_mlready.features.policy import Policy, Rule
    from pytest_mlready.features.policy_lineage import Column, Trace

WARN_DAYS = 90  # the end of what is deprecated or licensed is announced this long ahead
_LONGEST = 20  # findings that a message lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the rules are judged by beside the inputs: the date, and what the model is for ("" where nobody says)."""

    today: dt.date
    purpose: str


def judge(traces: Sequence[Trace], policy: Policy, at: Circumstances) -> Verdict:
    """No input, and no column that one is made from, breaks a rule; each input is covered, and its way is known.

    Args:
        traces: Each input of the model with the columns it is made from.
        policy: The rules.
        at: Date and purpose.
    """
    broken = list(dict.fromkeys(one for trace in traces for one in _violations(trace, policy, at)))
    bare = [trace.input for trace in traces if not _covered(trace, policy)]
    lost = [trace for trace in traces if trace.lost]
    noted = (
        Measurement(name="inputs", value=len(traces)),
        Measurement(name="violations", value=len(broken), max=0, n=len(traces)),
        Measurement(
            name="inputs without a rule", value=len(bare), max=0 if policy.default is None else None, n=len(traces),
            note=f"default: {policy.default}" if policy.default else "no default",
        ),
        Measurement(name="inputs whose source is not known", value=len(lost), max=0, n=len(traces)),
        *(Measurement(name=f"ends soon: {what}", value=days, unit="d") for what, days in _soon(traces, policy, at)),
    )  # fmt: skip
    if bare and policy.default is None:
        step = "add them to a rule, or say what holds for all others: `default`"
        broken.append(f"no rule is about {', '.join(bare[:_LONGEST])}; {step}")
    if broken:
        step = "Next step: train without these, or have the owners of the rules change them"
        return Verdict(outcome="failed", message=f"{policy.name}: {_listed(broken)}. {step}", measurements=noted)
    doubts = list(_doubts(traces, lost, policy, at))
    if doubts:
        return Verdict(outcome="inconclusive", message=f"{policy.name}: {'. '.join(doubts)}", measurements=noted)
    message = f"{len(traces)} inputs and what they are made from keep to {len(policy.rules)} rules of {policy.name}"
    return Verdict(outcome="passed", message=message, measurements=noted)


def forbidden(trace: Trace, policy: Policy) -> bool:
    """Whether a column, or one that it is made from, is forbidden."""
    return any(rule.tag == "forbidden" for _, rule in _met(trace, policy))


def _met(trace: Trace, policy: Policy) -> Iterator[tuple[Column, Rule]]:
    """Every rule about the input or a column on its way, but for those that exempt the input."""
    for column, _ in trace.steps:
        for rule in policy.about(column.name, column.source):
            if not rule.exempts(trace.input):
                yield column, rule


def _covered(trace: Trace, policy: Policy) -> bool:
    """Whether a rule is about the input itself, or about a source that it comes from."""
    if policy.about(trace.input):
        return True
    return any(policy.about("", column.source) for column, _ in trace.steps if column.source)


def _violations(trace: Trace, policy: Policy, at: Circumstances) -> Iterator[str]:
    seen: set[Rule] = set()
    for column, rule in _met(trace, policy):
        if rule not in seen and (fault := _fault(rule, at)):
            seen.add(rule)
            why = f" ({rule.reason})" if rule.reason else ""
            direct = column.name == trace.input and not rule.about_source(column.source)
            yield f"{trace.input if direct else f'{trace.path(column)}: {_subject(column, rule)}'} {fault}{why}"
    if policy.default == "forbidden" and not _covered(trace, policy):
        yield f"no rule allows {trace.input}, and the default is forbidden"


def _subject(column: Column, rule: Rule) -> str:
    return column.source if rule.about_source(column.source) else column.name


def _fault(rule: Rule, at: Circumstances) -> str:
    """What speaks against use, or ""."""
    if rule.tag == "forbidden":
        return "is forbidden"
    ended = rule.until is not None and at.today > rule.until
    if rule.tag == "deprecated" and ended:
        return f"is deprecated: its last day was {rule.until}"
    if rule.tag == "licensed" and ended:
        return f"has a licence that ended on {rule.until}"
    if rule.tag == "licensed" and at.purpose and not _allowed(at.purpose, rule):
        return f"is licensed for {', '.join(rule.purposes)}, and the model is for {at.purpose}"
    return ""


def _allowed(purpose: str, rule: Rule) -> bool:
    return " ".join(purpose.split()).casefold() in {" ".join(one.split()).casefold() for one in rule.purposes}


def _doubts(traces: Sequence[Trace], lost: Sequence[Trace], policy: Policy, at: Circumstances) -> Iterator[str]:
    if not traces:
        yield "there is no input to judge"
    for trace, word in _akin(traces, policy):
        step = "say under `derived` that it is made from it, or give it a rule of its own"
        yield f"no rule is about {trace.input}, whose name holds the forbidden {word}. Next step: {step}"
    licensed = {rule for trace in traces for _, rule in _met(trace, policy) if rule.tag == "licensed"}
    if licensed and not at.purpose:
        yield f"{len(licensed)} licences hold for some purposes, and nothing says what the model is for: set `purpose`"
    if lost:
        shown = ", ".join(f"{trace.input} ({trace.path(trace.lost[0])})" for trace in lost[:_LONGEST])
        step = "name the sources under `raw`, what is made from others under `derived`, or OpenLineage `records`"
        yield f"nothing says where {len(lost)} inputs come from: {shown}. Next step: {step}"


def _akin(traces: Sequence[Trace], policy: Policy) -> Iterator[tuple[Trace, str]]:
    """Inputs without a rule that are called after a forbidden column, as one-hot columns are (sex_Female)."""
    words = [word for rule in policy.rules if rule.tag == "forbidden" for word in rule.columns]
    for trace in traces:
        name = f"_{plain(trace.input)}_"
        found = next((word for word in words if f"_{plain(word)}_" in name), None)
        if (
            found is not None
            and not policy.about(trace.input)
            and not any(r.exempts(trace.input) for r in policy.rules)
        ):
            yield trace, found


def _soon(traces: Sequence[Trace], policy: Policy, at: Circumstances) -> list[tuple[str, int]]:
    """What ends within `WARN_DAYS`, with the days left."""
    rules = {rule: column for trace in traces for column, rule in _met(trace, policy)}
    left = {str(column): (rule.until - at.today).days for rule, column in rules.items() if rule.until is not None}
    return [(name, days) for name, days in left.items() if 0 <= days <= WARN_DAYS]


def _listed(said: Sequence[str]) -> str:
    return "; ".join(said[:_LONGEST]) + (f"; and {len(said) - _LONGEST} more" if len(said) > _LONGEST else "")
