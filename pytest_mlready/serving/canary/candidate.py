"""Sends held-out rows through the running service and holds its answers against those of the candidate itself.

For services that take rows as {"instances": [{column: value, …}, …]}, whatever else is in their request. In the answer,
every list with an entry for each row is looked at: labels or values, probabilities of the second class, or a row of
probabilities for each class.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving.deployment import served_model
from pytest_mlready.serving.http import NoAnswerError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Response
    from pytest_mlready.values import Model

    Flags = NDArray[np.bool_]

FEWEST = 1000  # rows, as CATALOG and the rubric test ask for
BATCH = 100  # rows in one request
TOLERANCE = 1e-6  # of probabilities and values
RECORD = "candidate loaded in the serving stack"  # what the ML Test Score's Infra 6 asks for beside the rollout
ROWS = "instances"
KEPT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The candidate's own answers, aligned with the rows.

    Attributes:
        labels: Shape (n,).
        proba: Shape (n, k), or None.
    """

    labels: NDArray[Any]
    proba: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of sending rows.

    Attributes:
        sent: Rows.
        equal: Of these, answered as the candidate itself does.
        wrong: What went wrong first, where requests failed as a whole.
    """

    sent: int
    equal: int
    wrong: tuple[str, ...] = ()


def expected(model: Model, frame: pl.DataFrame) -> Expected:
    """What the candidate itself says about the rows."""
    return Expected(labels=model.predict(frame), proba=model.predict_proba(frame))


def columns(endpoint: Endpoint) -> tuple[str, ...]:
    """The columns of the good request's rows.

    Raises:
        Inconclusive: Its rows do not stand under "instances".
    """
    try:
        rows = json.loads(endpoint.good.body or b"null")[ROWS]
        return tuple(rows[0])
    except (ValueError, TypeError, LookupError):
        raise Inconclusive(
            'the good request has no rows of the form {"instances": [{column: value, …}]}, so that none can be sent',
            fix="mark a test of yours for the item that compares the service's answers with the model's",
        ) from None


def replay(
    endpoint: Endpoint, frame: pl.DataFrame, own: Expected, progress: Callable[[str], None] = lambda _: None
) -> Replayed:
    """Sends the rows in batches, and compares.

    Args:
        endpoint: The running service.
        frame: Rows with the columns of the request.
        own: The candidate's answers.
        progress: Shows what is going on.

    Raises:
        Inconclusive: The answers hold no list that could be compared.
    """
    form, rows = json.loads(endpoint.good.body or b"{}"), json.loads(frame.write_json())
    equal = 0
    wrong: list[str] = []
    for start in range(0, len(rows), BATCH):
        progress(f"candidate in the serving stack: {start} of {len(rows)} rows")
        body = {**copy.deepcopy(form), ROWS: rows[start : start + BATCH]}
        try:
            answer = endpoint.send(endpoint.good.json(body), timeout=30.0)
        except NoAnswerError as error:
            wrong.append(error.found)
            continue
        if not answer.ok:
            wrong.append(f"rows {start} to {start + BATCH}: answered {answer.status}: {answer.shown(120)}")
            continue
        equal += int(_agreement(answer, _part(own, start, len(body[ROWS]))).sum())
    progress("")
    return Replayed(sent=len(rows), equal=equal, wrong=tuple(wrong[:KEPT]))


def _part(own: Expected, start: int, size: int) -> Expected:
    proba = None if own.proba is None else own.proba[start : start + size]
    return Expected(labels=own.labels[start : start + size], proba=proba)


def _agreement(answer: Response, own: Expected) -> Flags:
    """For each row whether every list that could be compared says what the candidate says.

    Raises:
        Inconclusive: There is none.
    """
    import numpy as np

    compared = [same for found in _lists(answer, len(own.labels)) if (same := _compared(found, own)) is not None]
    if not compared:
        raise Inconclusive(
            "the answers hold neither labels nor probabilities for each row, so that they cannot be compared",
            fix="mark a test of yours for the item that compares the service's answers with the model's",
        )
    return np.asarray(np.logical_and.reduce(compared))


def _lists(answer: Response, size: int) -> Iterator[list[Any]]:
    """Lists of this length at the top of the answer, or the answer itself."""
    value = answer.json()
    whole: Mapping[str, Any] = value if isinstance(value, dict) else {"": value}
    yield from (found for found in whole.values() if isinstance(found, list) and len(found) == size)


def _compared(found: list[Any], own: Expected) -> Flags | None:
    """For each entry whether it is the candidate's; None for what is neither labels nor probabilities."""
    import numpy as np

    proba = own.proba
    if proba is not None and all(isinstance(row, list) for row in found):
        rows = np.array([row if len(row) == proba.shape[1] else [np.nan] * proba.shape[1] for row in found], float)
        return np.asarray(np.isclose(rows, proba, atol=TOLERANCE).all(axis=1))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in found):
        values = np.asarray(found, float)
        if proba is not None and proba.shape[1] == 2 and (values != np.round(values)).any():
            return np.asarray(np.isclose(values, proba[:, 1], atol=TOLERANCE))
        numeric = own.labels.dtype.kind in "iuf"
        return np.asarray(np.isclose(values, own.labels.astype(float), atol=TOLERANCE)) if numeric else None
    if all(isinstance(value, str | bool) for value in found):
        return np.array([str(f) == str(o) for f, o in zip(found, own.labels, strict=True)])
    return None


def judge(endpoint: Endpoint, replayed: Replayed, *, sha256: str | None, version: str | None) -> list[Verdict]:
    """Whether the serving stack has the candidate loaded, and says what it says.

    Args:
        endpoint: The running service.
        replayed: As `replay` gives it.
        sha256: Of the candidate; None where it has none.
        version: Of the candidate, for a service that tells no digest.
    """
    sent, equal = replayed.sent, replayed.equal
    measured = (Measurement(name="rows that the service answers as the candidate does", value=equal, min=sent, n=sent),)
    served = served_model.judge(served_model.named(endpoint, endpoint.ask()), sha256=sha256, version=version)
    if replayed.wrong or equal < sent:
        told = f"the service answers {sent - equal} of {sent} held-out rows otherwise than the candidate"
        why = "; ".join(replayed.wrong) or "see which library's version differs, and the order of columns"
        return [served, Verdict(outcome="failed", message=f"{told}: {why}", measurements=measured)]
    if sent < FEWEST:
        told = f"only {sent} held-out rows were sent, expected at least {FEWEST}"
        return [served, Verdict(outcome="inconclusive", message=told, measurements=measured)]
    told = f"{sent} held-out rows are answered as the candidate answers them"
    return [served, Verdict(outcome="passed", message=told, measurements=measured)]
