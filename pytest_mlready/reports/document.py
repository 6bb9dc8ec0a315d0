"""Builds the report's document, plain data with the keys that DESIGN fixes; every format is rendered from it."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pytest_mlready import cheapest, expiry, yardstick
from pytest_mlready.evidence import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.attestations import Judged
    from pytest_mlready.gate import Policy
    from pytest_mlready.scores import Credit, Score
    from pytest_mlready.settings import Settings
    from pytest_mlready.tally import ItemResult, Tally, TestOutcome

SCHEMA_VERSION = 1


def build(  # noqa: PLR0913 - the parts of a report
    tally: Tally,
    *,
    policy: Policy,
    shortfalls: Sequence[str],
    settings: Settings,
    provenance: Mapping[str, Any],
    trouble: Sequence[str],
    bare: Sequence[str],
) -> dict[str, Any]:
    """The whole document; `trouble`: why the run did not come to its end; `bare`: tests whose mark names no item."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "system": settings.system,
        "complete": not trouble,
        "trouble": list(trouble),
        "partial": list(tally.partial),
        "scores": {r: _score(tally, s) for r, s in tally.scores.items()} or dict.fromkeys(_rubrics(tally)),
        "items": {i: _item(result) for i, result in tally.results.items()},
        "gate": {"asked": policy.asked, "passed": policy.asked and not shortfalls, "shortfalls": list(shortfalls)},
        "policy": {
            "min_score": policy.min_score,
            "min_checklist": policy.min_checklist,
            "required": list(policy.required),
            "accept_attested": policy.accept_attested,
            "ratchet": policy.ratchet,
        },
        "automation": {"shown": tally.facts.automation.shown, "how": tally.facts.automation.how},
        "judged_by": yardstick.write(settings, (r.item for r in tally.results.values())),
        "defaults": yardstick.defaults(settings, (r.item for r in tally.results.values())),
        "loosened": [r.model_dump(exclude_none=True) for r in settings.loosened],
        "expiring": expiry.expiring(tally),
        "marks_without_item": list(bare),
        "provenance": dict(provenance),
        "subject": _subject(settings),
    }
    return dict(plain(document))


def _subject(settings: Settings) -> dict[str, Any]:
    """What the run is about, as the settings name it: no path of this machine, and no credentials of an address."""
    model, data = settings.model, settings.data
    named = {"model": model.path, "train": data.train, "heldout": data.heldout}
    return {
        **{key: source and _shown_source(source) for key, source in named.items()},
        "version": settings.version,
        "task": settings.task,
        "risk": settings.risk,
    }


def _shown_source(source: str) -> str:
    scheme, separator, rest = source.partition("://")
    if separator:
        return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"
    return PurePath(source).name if PurePath(source).is_absolute() else source


def policy(asked: Mapping[str, Any]) -> str:
    """What a gate asks for, in words: a pass means no more than that."""
    parts = [f"{key} = {asked[key]:g}" for key in ("min_score", "min_checklist") if asked[key] is not None]
    parts += [", ".join(asked["required"])] if asked["required"] else []
    parts += [f"nothing below {asked['ratchet']}"] if asked["ratchet"] else []
    return "; ".join(parts)


def _rubrics(tally: Tally) -> list[str]:
    return list(tally.scores) or ["checklist", "ml_test_score"]


def _score(tally: Tally, score: Score) -> dict[str, Any]:
    if score.rubric.combine == "fraction":
        return {
            "title": score.rubric.title,
            "points": score.points,
            "applicable": sum(score.applicable.values()),
            "fraction": score.value,
            "categories": {
                s.id: {"points": score.sections[s.id], "applicable": score.applicable[s.id]}
                for s in score.rubric.sections
            },
            "tests": {t: _credit(c) for t, c in score.credits.items()},
        }
    way = cheapest.way(tally, score)
    return {
        "title": score.rubric.title,
        "edition": score.rubric.edition,
        "score": score.value,
        "band": band(score),
        "meaning": score.rubric.bands[score.band][1] if score.band is not None else "",
        "executed": score.executed,
        "adjusted": score.adjusted,
        "sections": dict(score.sections),
        "tests": {t: _credit(c) for t, c in score.credits.items()},
        "cheapest_path": {"items": list(way.items), "to": way.to, "by_ci": way.by_ci},
    }


def band(score: Score) -> str:
    """The score's band as an interval, upper end included: "0", "(2,3]", ">5"."""
    bands, n = score.rubric.bands, score.band
    if n is None:
        return ""
    upper, lower = bands[n][0], bands[n - 1][0] if n else None
    if upper is None:
        return f">{lower:g}"
    return f"{upper:g}" if lower is None else f"({lower:g},{upper:g}]"


def _credit(credit: Credit) -> dict[str, Any]:
    return {
        "title": credit.test.title,
        "credit": credit.credit,
        "executed": credit.executed,
        "applicable": credit.applicable,
        "by": list(credit.by),
        "partial": list(credit.test.partial),
        "note": credit.note,
    }


def _item(result: ItemResult) -> dict[str, Any]:
    waiver = result.waiver
    return {
        "category": result.item.category,
        "title": result.item.title,
        "status": result.status,
        "underlying": result.underlying,
        "points": result.points,
        "grade": result.grade,
        "reason": result.reason,
        "tests": [_test(t) for t in result.tests],
        "attestations": [_attestation(a) for a in result.attestations],
        "waiver": waiver
        and {
            "owner": waiver.owner,
            "reason": waiver.reason,
            "expires": waiver.expires.isoformat(),
            "days_left": waiver.days_left,
            "valid": waiver.valid,
        },
    }


def _test(test: TestOutcome) -> dict[str, Any]:
    return {
        "id": test.id,
        "outcome": test.outcome,
        "seconds": test.seconds,
        "message": test.message,
        "grade": test.grade,
        "builtin": test.builtin,
        "attempts": test.attempts,
        "line": test.line,
        "evidence": list(test.evidence),
        "plots": list(test.plots),
        "attachments": list(test.attachments),
    }


def _attestation(a: Judged) -> dict[str, Any]:
    return {
        "by": a.by,
        "role": a.role,
        "approver": a.approver,
        "on": a.on.isoformat(),
        "expires": a.expires.isoformat(),
        "days_left": a.days_left,
        "evidence": a.evidence,
        "valid": a.valid,
        "problems": list(a.problems),
    }
