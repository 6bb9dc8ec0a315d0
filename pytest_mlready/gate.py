"""Says what stands between this run and shipping: (tally, policy, earlier report) become sentences; none means pass."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.tally import ItemResult, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the project asks of a run.

    Attributes:
        min_score: Least ML Test Score.
        min_checklist: Least fraction of the checklist.
        required: Globs over item ids, each of which must be verified.
        accept_attested: An attestation satisfies `required` too.
        ratchet: Path of the committed report below which nothing may fall, as the settings name it.
    """

    min_score: float | None = None
    min_checklist: float | None = None
    required: tuple[str, ...] = ()
    accept_attested: bool = False
    ratchet: str | None = None

    @property
    def asked(self) -> bool:
        return self.min_score is not None or self.min_checklist is not None or bool(self.required or self.ratchet)

    def requires(self, item_id: str) -> bool:
        return any(fnmatchcase(item_id, pattern) for pattern in self.required)


def shortfalls(
    tally: Tally, policy: Policy, *, earlier: Mapping[str, Any] | None = None, incomplete: str = ""
) -> tuple[str, ...]:
    """Why the gate does not pass; empty means that it does. Not asked for: always empty.

    Args:
        tally: This run's.
        policy: What is asked.
        earlier: The ratchet report, parsed.
        incomplete: Why the run did not come to its end; "" when it did.
    """
    if not policy.asked:
        return ()
    found = [f"the run is incomplete: {incomplete}"] if incomplete else []
    found += [f"the run is partial, so there is no score: {reason}" for reason in tally.partial]
    found += _retries(tally)
    found += _minimum(tally, "ml_test_score", policy.min_score, "min_score")
    found += _minimum(tally, "checklist", policy.min_checklist, "min_checklist")
    found += [
        f"{i} is required and is {_standing(result)}"
        for i, result in tally.results.items()
        if policy.requires(i) and not _satisfies(result, accept_attested=policy.accept_attested)
    ]
    found += fallen(tally, earlier) if earlier is not None else ()
    return tuple(found)


def _retries(tally: Tally) -> Iterator[str]:
    retried = [t.id for t in tally.facts.outcomes if t.attempts > 1]
    if retried:
        yield (
            f"{len(retried)} readiness test(s) were retried ({retried[0]}{', …' if retried[1:] else ''}): "
            "a verdict counts at the first attempt; run without retries"
        )


def _minimum(tally: Tally, rubric: str, least: float | None, name: str) -> Iterator[str]:
    if least is None or tally.partial:
        return
    score = tally.scores[rubric]
    if score.value < least - 1e-9:
        yield f"{score.rubric.title} is {score.value:.4g}, below {name} = {least:g}"


def _satisfies(result: ItemResult, *, accept_attested: bool) -> bool:
    return result.status in ("verified", "not_applicable", "waived") or (
        accept_attested and result.status == "attested"
    )


def _standing(result: ItemResult) -> str:
    reason = result.reason.partition("\n")[0]
    if result.status == "attested":
        reason = "a person's word alone; accept_attested = true would accept it"
    return result.status.replace("_", " ") + (f" ({reason})" if reason else "")


def fallen(tally: Tally, earlier: Mapping[str, Any]) -> Iterator[str]:
    """The ratchet compares points and credits, not measurements: noise must not move it."""
    for item_id, before in earlier["items"].items():
        now = tally.results.get(item_id)
        if now is None:
            yield f"{item_id} stood in the ratchet report and is gone from the catalogue"
        elif now.points < before["points"] and now.status != "not_applicable":
            yield f"{item_id} fell from {before['points']:g} to {now.points:g} points: it is {_standing(now)}"
    for rubric, score in tally.scores.items():
        tests = (earlier["scores"].get(rubric) or {}).get("tests", {})
        for test_id, before in tests.items():
            credit = score.credits[test_id].credit if test_id in score.credits else 0.0
            if credit < before["credit"]:
                yield f"{score.rubric.title}, {test_id} fell from {before['credit']:g} to {credit:g}"
