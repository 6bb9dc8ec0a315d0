"""Judges what a team's notifier delivered on simulated changes: the right words on each, silence on none."""

from __future__ import annotations

import re
from collections.abc import Sequence  # noqa: TC003 - of a dataclass
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.history.dependencies import normal
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from pytest_mlready.history.dependencies import Dependency
    from pytest_mlready.history.dependencies_bumps import Trial

SHORTEST = 3  # letters of a name that is told from a part of another word
DIGITS = 12  # of a digest, which people shorten
_DIGEST = re.compile(r"[0-9a-f]{64}")
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one call of the notifier.

    Attributes:
        trial: What was changed.
        messages: Texts that were delivered.
        ended: How the notifier ended where that was not well, with its last lines; "" for status 0.
        hung: Whether it did not end within its limit.
    """

    trial: Trial
    messages: Sequence[str]
    ended: str = ""
    hung: bool = False


def judge(outcomes: Sequence[Outcome], left: Sequence[str]) -> list[Verdict]:
    """Whether each change was notified with name, versions and owner or channel, and nothing else was."""
    changes = [one for one in outcomes if one.trial.about is not None]
    quiet = [one for one in outcomes if one.trial.about is None]
    return [_caught(changes, left), *(_silent(one) for one in quiet)]


def _caught(changes: Sequence[Outcome], left: Sequence[str]) -> Verdict:
    wrong = {id(one): why for one in changes if (why := lacks(one))}
    kinds = list(dict.fromkeys(one.trial.kind for one in changes))
    by_kind = [_of_kind(kind, [one for one in changes if one.trial.kind == kind], wrong) for kind in kinds]
    note = f"not tried: {'; '.join(left)[:300]}" if left else ""
    whole = Measurement(name="simulated changes notified", value=len(changes) - len(wrong), min=len(changes),
                        n=len(changes), note=note)  # fmt: skip
    if not changes:
        message = f"no change could be simulated ({'; '.join(left)[:300]})"
        return Verdict(outcome="inconclusive", message=message, measurements=(whole,))
    if wrong:
        told = "; ".join(list(wrong.values())[:SHOWN])
        message = f"{len(wrong)} of {len(changes)} simulated changes were not notified as they must be: {told}"
        return Verdict(outcome="failed", message=message, measurements=(whole, *by_kind))
    message = f"all {len(changes)} simulated changes were notified"
    return Verdict(outcome="passed", message=message, measurements=(whole, *by_kind))


def _of_kind(kind: str, tried: Sequence[Outcome], wrong: dict[int, str]) -> Measurement:
    caught = sum(id(one) not in wrong for one in tried)
    return Measurement(name=f"changes notified: {kind}", value=caught, min=len(tried), n=len(tried))


def lacks(one: Outcome) -> str:
    """What is wrong with what a change brought about, as a clause; "" where a message has all that it must have."""
    trial = one.trial
    assert trial.about is not None, "the caller has looked"
    what = f"{trial.kind} of {trial.about.name}, {_short(trial.old)} → {_short(trial.new)}"
    if one.hung:
        return f"{what}: {one.ended}"
    if not one.messages:
        return f"{what}: nothing arrived" + (f" ({one.ended})" if one.ended else "")
    lacking = [_lacking(message, trial, trial.about) for message in one.messages]
    fewest = min(lacking, key=len)
    return f"{what}: the notification does not name {' and '.join(fewest)}" if fewest else ""


def _lacking(message: str, trial: Trial, about: Dependency) -> list[str]:
    """What a message does not name."""
    named = {
        "the dependency": _names(message, about),
        f"the old version ({_short(trial.old)})": _has(message, trial.old),
        f"the new version ({_short(trial.new)})": _has(message, trial.new),
        f"owner or channel ({about.owner}, {about.channel})": _mentions(message, about.owner)
        or _mentions(message, about.channel),
    }
    return [what for what, there in named.items() if not there]


def _names(message: str, about: Dependency) -> bool:
    if about.kind == "code":
        return re.search(rf"(?<![a-z0-9]){re.escape(about.plain)}(?![a-z0-9])", normal(message)) is not None
    return _mentions(message, about.name) or (bool(about.path) and about.path in message)


def _has(message: str, version: str) -> bool:
    """Whether a version stands in a message by itself: 1.9.1 is not in 1.9.10, nor in 11.9.1."""
    if _DIGEST.fullmatch(version):
        return version[:DIGITS] in message.lower()
    pattern = rf"(?<![\d.]){re.escape(version)}(?!\d|\.\d)"
    whole_word = re.compile(pattern if version[:1].isdigit() else rf"(?<![\w-]){re.escape(version)}(?![\w-])")
    return whole_word.search(message) is not None


def _mentions(message: str, text: str) -> bool:
    """Whether a name, handle or channel stands in a message; without its sign where it is long enough for a name."""
    bare = text.lstrip("@#")
    forms = [form for form in (text, bare if len(bare) >= SHORTEST else "") if form]
    return any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", message, re.IGNORECASE) for form in forms)


def _silent(one: Outcome) -> Verdict:
    what = "no change at all" if one.trial.kind == "nothing" else "a new owner in the manifest, which is no change"
    noted = Measurement(name=f"notifications on {one.trial.kind}", value=len(one.messages), max=0)
    if one.hung:
        return Verdict(outcome="failed", message=f"on {what}: {one.ended}", measurements=(noted,))
    if one.messages:
        shown = " ".join(one.messages[0].split())[:200]
        message = f"a notification arrives on {what}: {shown}. Next step: stay silent, so that a change is noticed"
        return Verdict(outcome="failed", message=message, measurements=(noted,))
    if one.ended:
        message = f"on {what} the notifier is silent, and does not end well, as if it had been broken: {one.ended}"
        return Verdict(outcome="inconclusive", message=message, measurements=(noted,))
    return Verdict(outcome="passed", message=f"silent on {what}", measurements=(noted,))


def _short(version: str) -> str:
    return f"{version[:DIGITS]}…" if _DIGEST.fullmatch(version) else version
