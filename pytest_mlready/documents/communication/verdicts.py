"""Judges a communication plan: every role reached, with words ready, somebody who decides, and looked at lately."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.documents import placeholders
from pytest_mlready.errors import near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from pytest_mlready.documents.communication.plan import Contact, Plan

WORDS = 8  # of a template; fewer say neither what happened nor what follows
SHOWN = 10


def judge(plan: Plan, *, roles: Sequence[str], today: dt.date, max_age: float) -> list[Verdict]:
    """Verdicts over a plan.

    Args:
        plan: As read.
        roles: Those that must be among the contacts.
        today: Date of the run.
        max_age: Seconds since the review.
    """
    gaps = [*_decision(plan), *_roles(plan, roles), *(gap for contact in plan.contacts for gap in _contact(contact))]
    return [_complete(plan, gaps), _age(plan, today, max_age)]


def _complete(plan: Plan, gaps: list[str]) -> Verdict:
    measured = (
        Measurement(name="contacts", value=len(plan.contacts), note=", ".join(c.role for c in plan.contacts)),
        Measurement(name="gaps in the plan", value=len(gaps), max=0),
    )
    if not gaps:
        return Verdict(outcome="passed", message="the plan is complete", measurements=measured)
    more = f"; and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
    told = f"the plan is not complete: {'; '.join(gaps[:SHOWN])}{more}"
    return Verdict(outcome="failed", message=told, measurements=measured)


def _decision(plan: Plan) -> Iterator[str]:
    for what, text in (
        ("who decides (decider: role)", plan.decider),
        ("how the decider is reached (decider: contact)", plan.decider_contact),
        ("a deputy (decider: deputy)", plan.deputy),
    ):
        if not _filled(text):
            yield f"it does not say {what}"
    if plan.decider and plan.decider.casefold() == plan.deputy.casefold():
        yield f"the deputy is the decider ({plan.decider})"


def _roles(plan: Plan, roles: Sequence[str]) -> Iterator[str]:
    known = [contact.role for contact in plan.contacts]
    if not known:
        yield "it lists no contacts"
    for role in roles:
        if not any(role.casefold() == one.casefold() for one in known):
            yield f'nobody has the role "{role}"{near(role, known)}'


def _contact(contact: Contact) -> Iterator[str]:
    who = contact.role or "a contact"
    if not _filled(contact.role):
        yield "a contact has no role"
    for what in ("contact", "channel"):
        if not _filled(getattr(contact, what)):
            yield f"{who} has no {what}"
    if contact.names_template:
        yield f'{who} names the template "{contact.names_template}", which is not there'
    elif placeholders.words(contact.template) < WORDS:
        yield f"{who} has no template of at least {WORDS} words"


def _filled(text: str) -> bool:
    """Whether something other than a placeholder stands there."""
    return bool(text) and not placeholders.found(text)


def _age(plan: Plan, today: dt.date, max_age: float) -> Verdict:
    limit = max_age / 86_400
    if plan.reviewed is None:
        return Verdict(outcome="failed", message="it does not say when it was reviewed (reviewed: 2026-11-02)")
    days = (today - plan.reviewed).days
    measured = (Measurement(name="age of the review", value=days, max=limit, unit="days"),)
    if days < -1:  # another time zone is a day ahead at most
        told = f"it is dated {plan.reviewed}, which is yet to come"
        return Verdict(outcome="failed", message=told, measurements=measured)
    if days > limit:
        told = f"it was reviewed {days} days ago, expected at most {limit:g}. Next step: confirm every contact"
        return Verdict(outcome="failed", message=told, measurements=measured)
    return Verdict(outcome="passed", message=f"it was reviewed {days} days ago", measurements=measured)
