"""Times cold starts: from the launch of a fresh process to its first right prediction."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.serving import process
from pytest_mlready.serving.http import Client
from pytest_mlready.serving.starting.good_prediction import Prediction
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_mlready.serving.launch import Launch

STEP = 0.01  # seconds between two questions
LINES = 5  # of the log, in a message
CACHED = "files in the disk cache: the service ran before; no image pull"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of a fresh process.

    Attributes:
        seconds: From launch to the first right prediction; None when there was none.
        trouble: Then why not.
        refused: Then whether the last answer blamed the request.
    """

    seconds: float | None
    trouble: str = ""
    refused: bool = False


def measure(
    launch: Callable[[], Launch],
    predict: Callable[[Client, float], Prediction],
    *,
    repeats: int,
    limit: float,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Start]:
    """Starts the service `repeats` times, one after another; ends early at a start that comes to nothing.

    Args:
        launch: Prepares a start, each with ports of its own.
        predict: Sends the good request, within some seconds.
        repeats: Number of starts.
        limit: Seconds for each.
        progress: Told what is going on.

    Raises:
        ServiceError: The service cannot be started at all.
    """
    found: list[Start] = []
    while len(found) < repeats and not (found and found[-1].seconds is None):
        progress(f"cold start {len(found) + 1} of {repeats}")
        found.append(_once(launch(), predict, limit))
    progress("")
    return found


def _once(launch: Launch, predict: Callable[[Client, float], Prediction], limit: float) -> Start:
    with process.start(launch) as service, Client(service.url, secrets=launch.secrets) as client:
        last = Prediction(wrong="nothing was asked")
        while (left := service.launched + limit - time.monotonic()) > 0:
            prediction = predict(client, left)
            if not prediction.wrong:
                return Start(seconds=prediction.arrived - service.launched)
            if prediction.status is not None or last.status is None:  # the last question may have had no time left
                last = prediction
            if not service.alive:
                return Start(seconds=None, trouble=service.obituary())
            time.sleep(STEP)
        tail = service.tail(LINES)
        told = f"no right prediction within {limit:g} s of launch: {last.wrong}"
        return Start(
            seconds=None,
            trouble=told + (f"; its last lines:\n{tail}" if tail else ""),
            refused=last.refused and service.alive,
        )


def troubles(starts: Sequence[Start]) -> list[Verdict]:
    """A verdict for each start that came to nothing: failed, or inconclusive where the request was to blame."""
    return [
        Verdict(
            outcome="inconclusive" if start.refused else "failed",
            message=f"start {number} of {len(starts)}: {start.trouble}",
        )
        for number, start in enumerate(starts, 1)
        if start.seconds is None
    ]


def by_cache(seconds: Sequence[float]) -> list[Measurement]:
    """The first start and the later ones apart: the first finds less in the caches of the disk and the interpreter."""
    later = seconds[1:]
    found = [Measurement(name="cold start, first", value=round(seconds[0], 3), n=1, unit="s", note=CACHED)]
    if later:
        median = round(statistics.median(later), 3)
        found.append(Measurement(name="cold start, median of the later", value=median, n=len(later), unit="s"))
    return found
