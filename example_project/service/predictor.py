"""Keeps the model and answers with it: what waits while the model is busy is asked together next."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from service.logs import LOG
from service.model import Model, ModelError, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.metrics import Metrics
    from service.schema import Instance
    from service.settings import Settings

Rows = list[list[float]]
MAX_WAITING = 100  # requests; more would be answered too late to be of use
SECONDS = 5.0  # a client that waits longer has left


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
        self._waiting: asyncio.Queue[tuple[Sequence[Instance], asyncio.Future[Rows]]] = asyncio.Queue(MAX_WAITING)

    def ready(self) -> Model:
        """The model, once it has answered. Raises UnavailableError with the reason why not."""
        if self.model is None:
            raise UnavailableError(self.reason)
        return self.model

    async def probabilities(self, instances: Sequence[Instance]) -> Rows:
        """A row for each instance, a column for each class. Raises UnavailableError when it would come too late."""
        answer: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((instances, answer))
            async with asyncio.timeout(SECONDS):
                return await answer
        except (asyncio.QueueFull, TimeoutError):
            raise UnavailableError("busy") from None

    async def run(self) -> None:
        """Loads the model, then answers until cancelled. Where it is refused, the process lives on and is not ready."""
        where = self.settings
        try:
            model = await asyncio.to_thread(
                load, where.model_path, version=where.model_version, sha256=where.model_sha256
            )
        except ModelError as refusal:
            self.reason = refusal.reason
            LOG.error(str(refusal), extra={"fields": {"reason": refusal.reason}}, exc_info=refusal.__cause__)
            return
        self.model = model
        self.metrics.model.labels(model.version, model.sha256).set(1)
        LOG.info("model ready", extra={"fields": {"version": model.version, "sha256": model.sha256}})
        while True:
            await self._answer(model)

    async def _answer(self, model: Model) -> None:
        waiting = [await self._waiting.get()]
        while not self._waiting.empty():
            waiting.append(self._waiting.get_nowait())
        waiting = [(instances, answer) for instances, answer in waiting if not answer.done()]  # others gave up
        try:
            rows = [row for instances, _ in waiting for row in instances]
            table = await asyncio.to_thread(model.probabilities, rows) if rows else []
        except Exception as error:  # noqa: BLE001 - theirs alone; those that come later are answered
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
            return
        for instances, answer in waiting:
            if not answer.done():
                answer.set_result(table[: len(instances)])
            table = table[len(instances) :]
