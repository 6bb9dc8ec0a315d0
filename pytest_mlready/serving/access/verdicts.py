"""Judges how a service answered callers who may not use it: each finding with the call that shows it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from pytest_mlready.serving.access import credentials
from pytest_mlready.serving.access.credentials import SETTING
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_mlready.serving.access.calls import Call, Survey
    from pytest_mlready.serving.plan import Plan

SHOWN = 12  # findings in one message; the rest are counted
TABLE = 30  # routes in the evidence
REFUSAL = re.compile(
    r"unauthori[sz]|forbidden|denied|not (allowed|permitted)|"
    r"(invalid|missing|expired)\W+(\w+\W+)?(token|key|credential)",
    re.IGNORECASE,
)
EXPECTED = "expected 401 or 403"
AUTH = "[tool.mlready.endpoint.auth]"


def judge(
    found: Survey,
    plan: Plan,
    *,
    kinds: Sequence[str],
    open: Sequence[str] = (),  # noqa: A002 - the name of the setting
    now: dt.datetime,
) -> list[Verdict]:
    """The verdict over a survey: passed when every bad credential was refused everywhere, and enough was tried.

    Args:
        found: What was asked and answered.
        plan: The service, with the credentials given.
        kinds: The kinds of bad credential that were asked for.
        open: The allow-list as it stands, for the line to paste.
        now: When the survey was made: a credential may have expired itself.
    """
    asked = any(call.route.origin == "prediction" and not call.route.detour for call in found.calls)
    tried = Verdict(
        outcome="passed" if asked else "inconclusive",
        message="what was asked and answered" if asked else "no call to the prediction was made",
        measurements=tuple(_measurements(found, kinds)),
    )
    doubts = credentials.doubts(plan, kinds, now=now)
    rightly = {kind for kind, doubt in doubts.items() if doubt.valid}
    failed = _findings([call for call in found.calls if call.credential.kind not in rightly], open)
    unclear = [*_unclear(found), *_untold(found, plan, kinds)]
    unclear += [f"the {kind} credential cannot show what it should: {doubt.why}" for kind, doubt in doubts.items()]
    return [tried, *failed, *(Verdict(outcome="inconclusive", message=message) for message in unclear)]


def _findings(calls: Iterable[Call], open: Sequence[str]) -> list[Verdict]:  # noqa: A002
    bad = _by_route(call for call in calls if call.outcome in ("answered", "broke"))
    messages = [_finding(name, found) for name, found in bad.items()]
    if not messages:
        return []
    if len(messages) > SHOWN:
        messages = [*messages[:SHOWN], f"and {len(messages) - SHOWN} routes more"]
    if hint := _hint(bad, open):
        messages.append(hint)
    return [Verdict(outcome="failed", message="\n".join(messages))]


def _finding(name: str, calls: Sequence[Call]) -> str:
    first = calls[0]
    where = {"unlisted": " (not in the OpenAPI document)", "port": " (a port that `side` does not declare)"}
    place = name + where.get(first.route.origin, "")
    if first.outcome == "broke":
        return f"{place}: a caller with the credential {first.credential} {first.why}; {EXPECTED}. {first.curl}"
    if first.credential.kind == "none":
        who = "a caller without any credential"
    else:
        who = "a caller with " + ", ".join(str(call.credential) for call in calls if call.outcome == "answered")
    told = f"{place}: {who} is answered {first.status}; {EXPECTED}."
    if REFUSAL.search(first.why):
        told += (
            f" The body tells of a refusal ({first.why}), but clients, caches and monitors take {first.status} for "
            "success."
        )
    return f"{told} {first.curl}"


def _hint(bad: Mapping[str, Sequence[Call]], open: Sequence[str]) -> str:  # noqa: A002
    """The line to paste for routes that are open on purpose; "" where only the prediction is concerned."""
    entries = list(open)
    for name, calls in bad.items():
        if calls[0].route.origin in ("prediction", "port") or calls[0].outcome != "answered":
            continue
        kinds = list(dict.fromkeys(call.credential.kind for call in calls))
        everybody = "none" in kinds or "garbage" in kinds
        entries += [name] if everybody else [f"{kind}: {name}" for kind in kinds]
    if len(entries) == len(open):
        return ""
    listed = ", ".join(f'"{entry}"' for entry in entries[:SHOWN])
    return f"Next step: let them ask for the credential; what is open on purpose is named: {SETTING} open = [{listed}]"


def _unclear(found: Survey) -> Iterator[str]:
    groups = _by_route(call for call in found.calls if call.outcome == "unclear")
    for name, calls in list(groups.items())[:SHOWN]:
        first = calls[0]
        step = _step(first)
        yield f"{name}: cannot tell: a caller with the credential {first.credential} {first.why}{step}. {first.curl}"
    if len(groups) > SHOWN:
        yield f"{len(groups) - SHOWN} routes more are unclear"
    for name, why in found.left_out[:SHOWN]:
        yield f"{name} was not asked, or not to the end: {why}"
    if len(found.left_out) > SHOWN:
        yield f"{len(found.left_out) - SHOWN} routes more were left out"


def _step(call: Call) -> str:
    if call.status is None or call.status >= 500:
        return ""
    if call.status == 429:
        return "; switch throttling off for this run, or raise its limit"
    asks = call.route.secured is not None or call.route.origin == "prediction"
    return "; an example in the OpenAPI document makes a valid request possible" if asks and call.route.guessed else ""


def _untold(found: Survey, plan: Plan, kinds: Sequence[str]) -> Iterator[str]:
    """What keeps refusals from showing anything: kinds that were not tried, a good credential that fails."""
    if not found.good:
        yield (
            "no good credential is configured: a service that refuses everybody proves nothing. "
            f'Next step: {AUTH} env = "NAME_OF_A_VARIABLE" (or credentials = "module:function")'
        )
    if found.locked:
        yield (
            f"after {len(found.calls)} calls the good credential does not work any more, so that refusals prove "
            f"nothing: {found.locked}"
        )
    missing = [kind for kind in kinds if kind in credentials.GIVEN and kind not in plan.credentials]
    if missing:
        lines = ", ".join(f'{kind}_env = "…"' for kind in missing)
        rest = ", ".join(f'"{kind}"' for kind in kinds if kind not in missing)
        yield (
            f"not tried, since no such credential is configured: {', '.join(missing)}. Next step: {AUTH} {lines}; "
            f"where credentials of this service have no such thing: {SETTING} kinds = [{rest}]"
        )


def _measurements(found: Survey, kinds: Sequence[str]) -> Iterator[Measurement]:
    plain = [call for call in found.calls if not call.route.detour]
    yield Measurement(name="calls with credentials to refuse", value=len(found.calls), note=_tried(found, kinds))
    for outcome in ("refused", "refused otherwise", "not there", "nobody", "answered", "broke", "unclear"):
        if count := sum(call.outcome == outcome for call in plain):
            yield Measurement(name=f"calls: {outcome}", value=count, n=len(plain))
    round_about = [call for call in found.calls if call.route.detour]
    if round_about:
        through = sum(call.outcome == "answered" for call in round_about)
        yield Measurement(name="ways round that lead in", value=through, max=0, n=len(round_about))
    rows = _by_route(c for c in plain if c.route.origin != "unlisted" or c.outcome != "not there")
    for name, calls in list(rows.items())[:TABLE]:
        yield Measurement(name=name, value=_answers(calls), n=len(calls), note=_said_in_document(calls))
    if not found.documented:
        note = "no other operations are known: extra_paths names some"
        yield Measurement(name="OpenAPI document", value="none", note=note)
    if found.opened:
        yield Measurement(name="open on purpose", value=", ".join(found.opened))
    if found.idle:
        yield Measurement(name="entries of open that match nothing", value=", ".join(found.idle))


def _tried(found: Survey, kinds: Sequence[str]) -> str:
    tried = list(dict.fromkeys(call.credential.kind for call in found.calls))
    absent = [kind for kind in credentials.KINDS if kind not in kinds]
    return f"tried: {', '.join(tried)}" + (
        f"; not in this system, say the settings: {', '.join(absent)}" * bool(absent)
    )


def _answers(calls: Sequence[Call]) -> str:
    counted = Counter(call.outcome if call.status is None else str(call.status) for call in calls)
    return ", ".join(f"{what} ×{count}" for what, count in sorted(counted.items()))


def _said_in_document(calls: Sequence[Call]) -> str:
    """Where the OpenAPI document says otherwise than the service does."""
    anonymous = next((call for call in calls if call.credential.kind == "none"), None)
    if anonymous is None or anonymous.route.secured is None:
        return ""
    if anonymous.outcome in ("refused", "refused otherwise") and not anonymous.route.secured:
        return "the OpenAPI document asks for no credential here"
    if anonymous.outcome == "answered" and anonymous.route.secured:
        return "the OpenAPI document asks for a credential here"
    return ""


def _by_route(calls: Iterable[Call]) -> dict[str, list[Call]]:
    groups: dict[str, list[Call]] = {}
    for call in calls:
        groups.setdefault(call.route.name, []).append(call)
    return groups
