"""Judges what hostile requests have shown: what failed, and whether enough was asked to say that nothing did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.serving.requests import fuzzing, malformed, payloads
from pytest_mlready.serving.requests.trial import TURNED_AWAY
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.serving.requests.fuzzing import Campaign
    from pytest_mlready.serving.requests.trial import Finding, Trial

KINDS = (*malformed.KINDS, *payloads.KINDS, *fuzzing.KINDS)
# What no reason makes acceptable, gravest first.
NEVER = ("died", "not recovered", "no answer", "stack trace", "server error")
ORDER = (*NEVER[:2], "took effect", *NEVER[2:], "accepted")
MOST = 10  # findings that a message shows


def check_names(allow: Mapping[str, object]) -> None:
    """Holds the names of accepted kinds against those that there are.

    Raises:
        ReadinessError: An unknown name, or one without a reason.
    """
    for name, reason in allow.items():
        if name not in KINDS:
            raise ReadinessError(
                f"allow names {name!r}{near(name, KINDS)}", expected=f"one of {', '.join(map(repr, KINDS))}"
            )
        if not isinstance(reason, str) or not reason.strip():
            raise ReadinessError(f"allow accepts {name!r} and does not say why", expected=f'"{name}" = "the reason"')


def generated(trial: Trial, campaign: Campaign, allow: Mapping[str, str]) -> list[Verdict]:
    """The verdict on requests generated from the document."""
    measured = [
        *_counts(trial, "generated requests"),
        Measurement(
            name="operations asked", value=len(campaign.covered), n=len(campaign.covered) + len(campaign.left_out),
            note=", ".join(f"{name}: {c.answered}" for name, c in campaign.covered.items()),
        ),
        Measurement(name="requests wanted for each operation and kind", value=campaign.examples),
    ]  # fmt: skip
    if campaign.left_out:
        measured.append(Measurement(name="operations left out", value=", ".join(campaign.left_out)))
    if campaign.not_generated:
        note = "; ".join(f"{name}: {why}" for name, why in campaign.not_generated.items())
        measured.append(Measurement(name="operations not asked in full", value=len(campaign.not_generated), note=note))
    return _verdict(trial, allow, measured, _too_little(trial, campaign))


def _too_little(trial: Trial, campaign: Campaign) -> str:
    """Why generated requests without a finding say nothing; "" when they do."""
    predicting = trial.endpoint.operation
    asked = campaign.covered.get(str(predicting)) if predicting is not None else None
    counts = trial.counts
    if not trial.total.sent:
        return "no request was generated: the OpenAPI document has no operation that may be asked"
    if predicting is not None and (asked is None or not asked.reached):
        why = campaign.not_generated.get(str(predicting), "every request was turned away (401, 407 or 429)")
        return f"{predicting} was not reached: {why}"
    if predicting is not None and str(predicting) in campaign.not_generated:
        return f"{predicting} was not asked in full: {campaign.not_generated[str(predicting)]}"
    if fuzzing.INVALID not in counts:
        return "the OpenAPI document describes no input that could be invalid: there is no schema to violate"
    if asked is not None and not asked.accepted:
        return (
            f"{predicting} accepts none of {counts[fuzzing.VALID].sent} requests that fit the OpenAPI document, so its "
            "refusals say nothing; describe there what the service asks for"
        )
    return ""


def corpus(trial: Trial, allow: Mapping[str, str], *, json: bool) -> list[Verdict]:
    """The verdict on malformed requests; `json`: whether the good request has a JSON body to malform."""
    measured = _counts(trial, "malformed requests")
    too_little = "" if json else "the good request has no JSON body that could be malformed"
    return _verdict(trial, allow, measured, too_little)


def injections(trial: Trial, allow: Mapping[str, str], places: Sequence[str], *, log: bool) -> list[Verdict]:
    """The verdict on injections; `log`: whether the log of the service could be read."""
    measured = [
        *_counts(trial, "injections"),
        Measurement(name="places tried", value=len(places), note="; ".join(places)),
        Measurement(
            name="log looked at", value=log, note="" if log else "the service has written none that we can see"
        ),
    ]
    return _verdict(trial, allow, measured, "")


def _counts(trial: Trial, name: str) -> list[Measurement]:
    total = trial.total
    parts = (
        f"{count} {word}"
        for word, count in (
            ("accepted", total.accepted), ("refused", total.refused), ("turned away", total.undecided),
            ("answered 5xx", total.errors), ("unanswered", total.unanswered),
        )
        if count
    )  # fmt: skip
    return [
        Measurement(name=name, value=total.sent, n=total.sent, note=", ".join(parts)),
        *(Measurement(name=f"{name}: {kind}", value=c.sent, note=_ended(c.accepted, c.refused, c.errors))
          for kind, c in trial.counts.items()),
        Measurement(name="answers of the 5xx kind", value=total.errors, max=0.0, n=total.sent),
        Measurement(name="time used", value=round(trial.seconds, 1), max=trial.budget, unit="s"),
        *(Measurement(name=what, value=count) for what, count in trial.notes.items()),
    ]  # fmt: skip


def _ended(accepted: int, refused: int, errors: int) -> str:
    return f"{accepted} accepted, {refused} refused" + (f", {errors} answered 5xx" if errors else "")


def _verdict(trial: Trial, allow: Mapping[str, str], measured: list[Measurement], too_little: str) -> list[Verdict]:
    check_names(allow)
    found = sorted(trial.findings.items(), key=lambda entry: _gravity(entry[0][0]))
    failing = {key: finding for key, finding in found if key[1] not in allow or key[0] in NEVER}
    accepted = [finding for key, finding in found if key not in failing]
    measured.append(Measurement(name="findings", value=len(failing), max=0.0))
    measured += [
        Measurement(name=f"accepted on purpose: {f.kind}", value=f.count, note=f"{allow[f.kind]} ({f.sentence[:200]})")
        for f in accepted
    ]
    if failing:
        return [Verdict(outcome="failed", message=_told(failing), measurements=tuple(measured))]
    why = too_little or _cut_short(trial)
    if why:
        return [Verdict(outcome="inconclusive", message=why, measurements=tuple(measured))]
    return [Verdict(outcome="passed", message=f"{trial.total.sent} requests", measurements=tuple(measured))]


def _gravity(what: str) -> int:
    return ORDER.index(what) if what in ORDER else len(ORDER)


def _cut_short(trial: Trial) -> str:
    """Why a series without a finding is not to be trusted; "" when it is."""
    total = trial.total
    if trial.over:
        of = f" of {trial.planned}" if trial.planned else ""
        return f"{trial.over} after {total.sent}{of} requests; a larger time_budget lets all be sent"
    if not total.sent or total.unanswered == total.sent:
        return "no hostile request was answered"
    away = {what: count for what, count in trial.notes.items() if what.startswith(TURNED_AWAY)}
    if away:
        said = ", ".join(f"{count} {what}" for what, count in away.items())
        return f"of {total.sent} requests some were not looked at: {said}; lift the limit for the time of this run"
    return ""


def _told(failing: Mapping[tuple[str, str, str], Finding]) -> str:
    """The gravest findings with their requests, and how to accept one on purpose where that can be."""
    lines = [
        f"{finding.sentence}{f' ({finding.count} requests)' if finding.count > 1 else ''}\n  {finding.line}"
        for finding in list(failing.values())[:MOST]
    ]
    if len(failing) > MOST:
        lines.append(f"and {len(failing) - MOST} more kinds of finding")
    kinds = [kind for what, kind, _ in failing if what not in NEVER]
    if kinds:
        line = f'allow = {{ "{kinds[0]}" = "why" }}'
        lines.append(f'Where it is meant so: [tool.mlready.items."security.input_validation"] {line}')
    return "\n".join(lines)
