"""Watches a service's health endpoints from its launch on: what they say, how fast, and whether predictions work."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving import process, readiness
from pytest_mlready.serving.http import Client, NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_mlready.serving.http import Response
    from pytest_mlready.serving.launch import Launch
    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.serving.readiness import Probes
    from pytest_mlready.serving.starting.good_prediction import Prediction

STEP = 0.02  # seconds between looks
PATIENCE = 3.0  # seconds for one answer of a health endpoint: what is too slow is to be measured, not missed
PREDICTING = 30.0  # seconds for one prediction
SETTLED = 5  # looks after the first right prediction
PROOF = 10.0  # seconds that predictions may go on failing after readiness turned true
AVAILABLE = "AVAILABLE"  # TensorFlow Serving RESTful API, model status: the state stands in the body alone
LIVE_KEYS = ("live", "alive", "healthy", "health", "status", "state")
READY_KEYS = (*LIVE_KEYS, "ready", "model_ready", "model_loaded", "loaded", "available", "ok")
NO = frozenset({
    "unhealthy", "not_ready", "unavailable", "down", "loading", "starting", "initializing", "error", "failed",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a health endpoint answered.

    Attributes:
        status: Of HTTP; None for no answer.
        seconds: Until it was there, or given up.
        yes: Whether a probe takes it for a yes.
        denial: Where the status says yes: the part of the body that says no; "" without one.
        kind: Without an answer: "refused", "timeout" or "broken".
    """

    status: int | None
    seconds: float
    yes: bool = False
    denial: str = ""
    kind: str = ""

    def __str__(self) -> str:
        if self.status is not None:
            return str(self.status)
        return {"refused": "no connection", "timeout": f"nothing within {PATIENCE:g} s"}.get(
            self.kind, "no whole answer"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look: seconds since launch, what each endpoint answered (None: there is none), and a prediction if asked for.

    A prediction is asked for once readiness is true, and right after it, as traffic comes.
    """

    at: float
    live: Answer | None
    ready: Answer | None
    prediction: Prediction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What was seen of one start.

    Attributes:
        samples: In order of time.
        obituary: How the process ended and its last lines; "" when it ran to the end.
        launched: Whether it was watched from its launch, or was running before.
    """

    samples: tuple[Sample, ...]
    obituary: str = ""
    launched: bool = True

    @property
    def ready_at(self) -> float | None:
        """Seconds until readiness first said yes; None when it never did."""
        return next((s.at for s in self.samples if s.ready is not None and s.ready.yes), None)

    @property
    def loading(self) -> float:
        """Seconds from the first answer of readiness until it said yes; 0 when that was its first answer, or never."""
        seen = self.answers("ready")
        return 0.0 if self.ready_at is None or not seen else self.ready_at - seen[0][0]

    def answers(self, which: str) -> list[tuple[float, Answer]]:
        """(seconds since launch, answer) of "live" or "ready", from its first answer on: before it, nobody is there."""
        found = [(s.at, getattr(s, which)) for s in self.samples if getattr(s, which) is not None]
        first = next((i for i, (_, answer) in enumerate(found) if answer.status is not None), len(found))
        return found[first:]

    def when(self, at: float) -> str:
        """A moment, as a message has it; "" where it means nothing."""
        return f" {at:.2f} s after launch" if self.launched else ""

    def picture(self) -> dict[str, Any]:
        """Data of a plot: 0 or 1 over seconds for each endpoint and the predictions, at the looks where one changed."""
        looks = [(s.at, _says(s.live), _says(s.ready), _right(s.prediction)) for s in self.samples]
        kept = [
            look for i, look in enumerate(looks)
            if i in (0, len(looks) - 1) or look[1:] != looks[i - 1][1:] or look[1:] != looks[i + 1][1:]
        ]  # fmt: skip
        names = ("live", "ready", "right prediction")
        return {
            "x": [look[0] for look in kept],
            "series": {name: [look[i] for look in kept] for i, name in enumerate(names, 1)},
            "x_label": "seconds since launch",
        }


def _says(answer: Answer | None) -> int:
    return int(answer is not None and answer.yes)


def _right(prediction: Prediction | None) -> int:
    return int(prediction is not None and not prediction.wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is asked at each look.

    Attributes:
        plan: Of the service.
        probes: Its health endpoints and protocol.
        predict: Sends the good request, within some seconds.
    """

    plan: Plan
    probes: Probes
    predict: Callable[[Client, float], Prediction]

    def look(self, client: Client, began: float) -> Sample:
        """One look at a service that was launched at `began`, by `time.monotonic()`."""
        same = self.probes.live == self.probes.ready
        live = None if same else self._ask(client, self.probes.live, LIVE_KEYS)
        ready = self._ask(client, self.probes.ready, READY_KEYS)
        at = time.monotonic() - began
        prediction = self.predict(client, PREDICTING) if ready is not None and ready.yes else None
        return Sample(at=at, live=ready if same else live, ready=ready, prediction=prediction)

    def _ask(self, client: Client, path: str | None, keys: Iterable[str]) -> Answer | None:
        if path is None:
            return None
        began = time.monotonic()
        try:
            answer = readiness.ask(client, path, self.plan, timeout=PATIENCE)
        except NoAnswerError as error:
            return Answer(status=None, seconds=time.monotonic() - began, kind=error.kind)
        if self.probes.convention.name == "tf-serving" and path.startswith("/v1/models/"):
            return Answer(status=answer.status, seconds=answer.seconds, yes=answer.ok and AVAILABLE in answer.text)
        return Answer(
            status=answer.status,
            seconds=answer.seconds,
            yes=answer.ok,
            denial=denial(answer, keys) if answer.ok else "",
        )


def denial(answer: Response, keys: Iterable[str]) -> str:
    """The entry of a JSON body that says no, such as `"ready": false`; "" where none does."""
    try:
        value = answer.json()
    except ValueError:
        return ""
    table: Mapping[str, Any] = value if isinstance(value, dict) else {}
    for key, said in table.items():
        told = said.strip().lower().replace(" ", "_").replace("-", "_") if isinstance(said, str) else said
        if str(key).lower().replace("-", "_") in keys and (told is False or (isinstance(told, str) and told in NO)):
            return f'"{str(key)[:40]}": {str(said).lower()[:40]}'
    return ""


def from_launch(watch: Watch, launch: Launch, *, limit: float, quiet: float | None = None) -> Timeline:
    """Starts the service and looks at it until it is settled, has ended, or the limit in seconds is over.

    Args:
        watch: What is asked.
        launch: What is started; it is stopped afterwards.
        limit: Seconds for readiness to turn true.
        quiet: For a start without the model: it ends when readiness has said no for so many seconds, and at the first
            yes, which is one too many.

    Raises:
        ServiceError: It cannot be started at all.
    """
    with process.start(launch) as service, Client(service.url, secrets=launch.secrets) as client:
        samples: list[Sample] = []
        for sample in _looks(watch, client, service.launched):
            samples.append(sample)
            if _over(samples, limit) or (quiet is not None and _heard(samples, quiet)) or not service.alive:
                break
        return Timeline(samples=tuple(samples), obituary=service.obituary(STEP))


def in_place(watch: Watch, client: Client, *, looks: int = 10) -> Timeline:
    """Looks a few times at a service that runs already."""
    samples = [sample for _, sample in zip(range(looks), _looks(watch, client, time.monotonic()), strict=False)]
    return Timeline(samples=tuple(samples), launched=False)


def _looks(watch: Watch, client: Client, began: float) -> Iterator[Sample]:
    while True:
        yield watch.look(client, began)
        time.sleep(STEP)


def _heard(samples: list[Sample], quiet: float) -> bool:
    """Whether readiness said yes, or no for long enough."""
    first = next((s.at for s in samples if s.ready is not None and s.ready.status is not None), None)
    return samples[-1].prediction is not None or (first is not None and samples[-1].at - first > quiet)


def _over(samples: list[Sample], limit: float) -> bool:
    """Whether enough was seen: predictions are right and stay so, or go on failing, or nothing came in time."""
    now = samples[-1].at
    ready_at = next((s.at for s in samples if s.prediction is not None), None)
    if ready_at is None:
        return now > limit
    right = [_right(s.prediction) for s in samples[-SETTLED:]]
    return (len(right) == SETTLED and all(right)) or now > ready_at + PROOF
