"""Keeps the model and answers with it: what waits while the model is busy is asked together next."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from service import examples, release
from service.logs import LOG
from service.model import Model, ModelError, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.metrics import Metrics
    from service.schema import Instance
    from service.settings import Settings

Answered = tuple[Model, list[list[float]]]  # all rows of one answer are of one model, whatever is released meanwhile
MAX_WAITING = 100  # requests; more would be answered too late to be of use
SECONDS = 5.0  # a client that waits longer has left
LOOK = 0.2  # seconds between looks at the release file


class UnavailableError(Exception):
    """No prediction now. `reason` is a word for programs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Predictor:
    """One model in one thread. A row costs almost as much as a hundred, so requests that wait share a call.

    Args:
        settings: where the model is and what its digest must be.
        metrics: where it says which model answers.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.model: Model | None = None
        self.reason = "model_loading"
        self._examples = examples.named(settings)
        self._waiting: asyncio.Queue[tuple[Sequence[Instance], asyncio.Future[Answered]]] = asyncio.Queue(MAX_WAITING)
        metrics.waiting.set_function(self._waiting.qsize)

    def ready(self) -> Model:
        """The model, once it has answered. Raises UnavailableError with the reason why not."""
        if self.model is None:
            raise UnavailableError(self.reason)
        return self.model

    async def probabilities(self, instances: Sequence[Instance]) -> Answered:
        """The model that answers, and a row for each instance with a column for each class.

        Raises UnavailableError when it would come too late.
        """
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((instances, answer))
            async with asyncio.timeout(SECONDS):
                return await answer
        except (asyncio.QueueFull, TimeoutError):
            raise UnavailableError("busy") from None

    async def run(self) -> None:
        """Loads the released model and answers until cancelled; follows the release file where there is one.

        A model that is refused changes nothing: the one before it goes on answering. Where there is none before it,
        the process lives on and is not ready.
        """
        async with asyncio.TaskGroup() as together:
            together.create_task(self._follow())
            together.create_task(self._answer_all())

    async def _follow(self) -> None:
        file = self.settings.release_file
        known = release.said(file)
        await self._serve(known)
        while file is not None:
            await asyncio.sleep(LOOK)
            if (said := release.said(file)) != known:
                known = said
                await self._serve(said)

    async def _serve(self, said: str | None) -> None:
        """Loads a release beside the model that answers, and puts it in its place."""
        try:
            wanted = release.wanted(self.settings, said)
            model = await asyncio.to_thread(load, wanted.path, version=wanted.version, sha256=wanted.sha256)
        except ModelError as refusal:
            self.reason = refusal.reason
            LOG.error(str(refusal), extra={"fields": {"reason": refusal.reason}}, exc_info=refusal.__cause__)
            return
        self.model = model
        self.metrics.model.clear()
        self.metrics.model.labels(model.version, model.sha256).set(1)
        self.metrics.trained.set(model.trained)
        LOG.info("model ready", extra={"fields": {"version": model.version, "sha256": model.sha256}})

    async def _answer_all(self) -> None:
        while True:
            await self._answer()

    def _asked(self, model: Model, rows: Sequence[Instance]) -> list[list[float]]:
        features = model.features(rows)
        table = model.probabilities(features)
        if self._examples is not None:
            self._examples.keep(model, rows, features, table)
        return table

    async def _answer(self) -> None:
        waiting = [await self._waiting.get()]
        while not self._waiting.empty():
            waiting.append(self._waiting.get_nowait())
        waiting = [(instances, answer) for instances, answer in waiting if not answer.done()]  # others gave up
        try:
            model = self.ready()
            rows = [row for instances, _ in waiting for row in instances]
            table = await asyncio.to_thread(self._asked, model, rows) if rows else []
        except Exception as error:  # noqa: BLE001 - theirs alone; those that come later are answered
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
            return
        for instances, answer in waiting:
            if not answer.done():
                answer.set_result((model, table[: len(instances)]))
            table = table[len(instances) :]
