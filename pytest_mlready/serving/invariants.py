"""Sends rows that break the schema to a service and judges whether the counter of violations rises by as many."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import Inconclusive, near
from pytest_mlready.serving import broken_rows, metrics
from pytest_mlready.serving.provoked import STATUS
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.serving.broken_rows import Batch, Form
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Request, Response
    from pytest_mlready.serving.metrics import Movement, Sample, Series
    from pytest_mlready.serving.requests.specimen import Specimen

Chooses = Callable[["Series"], bool]
VALID = 20  # held-out rows that are sent as valid ones, besides the good request's
NO_VERDICT = frozenset({401, 403, 404, 405, 429})  # statuses that say nothing about the rows
# Names that tell of rows that are not as they should be: as people call such counters.
NAMES = re.compile(
    r"violation|invalid|malformed|anomal|nonconform|(^|_)bad_|reject|out_of_range|unknown_categor|"
    r"(schema|validation|quality|constraint|expectation)_(error|fail|issue|mismatch|break)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What rows broken in one way moved."""

    batch: Batch
    moved: Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What valid rows and broken ones moved.

    Attributes:
        good: Valid rows, each in a request of its own.
        one: One broken row, sent several times.
        kinds: Rows broken in every way.
    """

    good: Movement
    one: Movement
    kinds: tuple[Kind, ...]

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The page after all of it."""
        return self.kinds[-1].moved.samples

    @property
    def moved(self) -> dict[Series, float]:
        """By how much each series rose over all kinds, for one broken row."""
        total: dict[Series, float] = {}
        for kind in self.kinds:
            for series, by in kind.moved.moved.items():
                total[series] = total.get(series, 0.0) + by
        rows = sum(kind.batch.rows for kind in self.kinds)
        return {series: by / rows for series, by in total.items()}


def provoke(
    endpoint: Endpoint,
    good: Specimen,
    page: metrics.Read,
    *,
    own: tuple[str, Any] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Seen:
    """Sends valid rows, then broken ones of every kind.

    Args:
        endpoint: A service that may be disturbed.
        good: Its good request.
        page: Reads the page of metrics.
        own: Where invalid rows of the team's stand, and these; None for none.
        progress: Is told what is sent.

    Raises:
        Inconclusive: What breaks the schema is not known, or the service judges none of these rows.
        NoAnswerError: A request is not answered.
        MetricsError: The page cannot be read.
    """
    shape = broken_rows.form(good.value)
    batches = broken_rows.batches(good, shape) if own is None else [broken_rows.given(shape, own[1], own[0])]
    progress("data invariants: valid rows")
    valid = _valid(endpoint, good.request, shape)
    calm = _moved(endpoint, good.request, valid, page)
    if not all(200 <= status < 300 for status in calm.statuses):
        raise Inconclusive(f"a valid row was answered {max(calm.statuses)}, so that broken ones cannot be told from it")
    one = _moved(endpoint, good.request, (batches[0].bodies[0],) * metrics.REQUESTS, page)
    kinds = []
    for batch in batches:
        progress(f"data invariants: {batch.kind}")
        kinds.append(Kind(batch=batch, moved=_moved(endpoint, good.request, batch.bodies, page)))
    progress("")
    for kind in kinds:
        _insist(kind)
    return Seen(good=calm, one=one, kinds=tuple(kinds))


def _valid(endpoint: Endpoint, request: Request, shape: Form) -> tuple[Any, ...]:
    """The good row, and held-out rows that have its fields and are answered well."""
    bodies = [shape.body] * metrics.REQUESTS
    rows = endpoint.plan.rows(VALID) if endpoint.plan.rows and isinstance(shape.row, dict) else []
    for row in rows:
        if set(shape.row) <= set(row):
            body = shape.holding({name: row[name] for name in shape.row})
            if endpoint.send(request.json(body)).ok:
                bodies.append(body)
    return tuple(bodies)


def _moved(endpoint: Endpoint, request: Request, bodies: Sequence[Any], page: metrics.Read) -> Movement:
    waiting = iter([request.json(body) for body in bodies])

    def send() -> Response:
        return endpoint.send(next(waiting))

    return metrics.movement(send, page, times=len(bodies))


def _insist(kind: Kind) -> None:
    odd = [s for s in kind.moved.statuses if s in NO_VERDICT or s >= 500]
    if odd:
        sent = json.dumps(kind.batch.bodies[0])[:160]
        raise Inconclusive(
            f"rows with the fault “{kind.batch.kind}” were answered {odd[0]}, which is no judgement of them: {sent}",
            fix="refuse such rows with 4xx, or repair and count them",
        )


def guessed(seen: Seen, *, by_request: bool = False) -> str | None:
    """The counter of the page whose name tells of violations; of several the one that counts most kinds rightly.

    Those by status count requests, and are none.
    """
    names = [s.name for s in seen.samples if s.kind == "counter" and NAMES.search(s.name) and not _by_status(s.labels)]

    def right(name: str) -> int:
        verdicts = judge(seen, lambda series: series[0] == name, name, exactly=True, by_request=by_request)
        return sum(verdict.outcome == "passed" for verdict in verdicts)

    return max(dict.fromkeys(names), key=right, default=None)


def apart(seen: Seen) -> tuple[str, ...]:
    """All counters that broken rows move and valid ones do not, however they are called, for a message."""
    known = set(seen.good.moved)
    own = {s for kind in seen.kinds for s, by in kind.moved.moved.items() if by >= 1 and s not in known}
    return tuple(sorted({_shown(series) for series in own if not series[0].endswith(("_bucket", "_sum"))}))


def _by_status(labels: Mapping[str, str]) -> bool:
    return any(STATUS.fullmatch(v) and ("status" in k.lower() or "code" in k.lower()) for k, v in labels.items())


def _near(seen: Seen, name: str) -> str:
    return near(name.partition("{")[0], {s.name for s in seen.samples if s.kind == "counter"})


def judge(seen: Seen, chooses: Chooses, name: str, *, exactly: bool, by_request: bool = False) -> list[Verdict]:
    """Whether a counter rises by as many rows as were broken, of every kind, and stands still on valid ones.

    Args:
        seen: What was sent and moved.
        chooses: Whether a series belongs to the counter.
        name: The counter, for messages.
        exactly: Whether nobody else asks the service meanwhile.
        by_request: It counts a request once, however many of its rows are broken.
    """
    if not any(chooses(sample.series) for sample in seen.samples):
        return [Verdict(outcome="failed", message=f"the page of metrics has no {name}{_near(seen, name)}")]
    calm = sum(by for series, by in seen.good.moved.items() if chooses(series))
    still = Measurement(name="valid rows counted as violations", value=calm, max=0, n=seen.good.sent)
    verdicts = [_kind(kind, chooses, name, exactly=exactly, by_request=by_request) for kind in seen.kinds]
    if calm and not exactly and calm < seen.good.sent:
        message = f"{name} rose by {calm:g} on {seen.good.sent} valid rows, while others may have sent broken ones"
        step = "Next step: run this check alone, or on a service that nobody else asks"
        return [Verdict(outcome="inconclusive", message=f"{message}. {step}", measurements=(still,)), *verdicts]
    if calm:
        told = (
            f"{name} rose by {calm:g} on {seen.good.sent} valid rows. Next step: count rows that break the schema alone"
        )
        return [Verdict(outcome="failed", message=told, measurements=(still,)), *verdicts]
    told = f"{name} stands still on {seen.good.sent} valid rows"
    return [Verdict(outcome="passed", message=told, measurements=(still,)), *verdicts]


def _kind(kind: Kind, chooses: Chooses, name: str, *, exactly: bool, by_request: bool) -> Verdict:
    rose = sum(by for series, by in kind.moved.moved.items() if chooses(series))
    sent = kind.moved.sent if by_request else kind.batch.rows
    noted = Measurement(name=f"broken rows counted: {kind.batch.kind}", value=rose, min=sent, n=sent)
    right = rose == sent or (rose > sent and not exactly)
    what = "requests" if by_request else "rows"
    if right:
        told = f"{sent} {what} with the fault “{kind.batch.kind}” were counted by {name}"
        return Verdict(outcome="passed", message=told, measurements=(noted,))
    hint = ""
    if not by_request and rose == kind.moved.sent:
        hint = ', or counts = "requests" in the item\'s settings where that is what it counts'
    message = (
        f"{name} rose by {rose:g} on {sent} {what} with the fault “{kind.batch.kind}”, answered "
        f"{kind.moved.statuses[0]}; one of them: {json.dumps(kind.batch.bodies[0])[:200]}. "
        f"Next step: count every row that breaks the schema once, by field{hint}"
    )
    return Verdict(outcome="failed", message=message, measurements=(noted,))


def _shown(series: Series) -> str:
    labels = ", ".join(f'{k}="{v}"' for k, v in sorted(series[1]))
    return f"{series[0]}{{{labels}}}" if labels else series[0]
