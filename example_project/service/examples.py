"""Keeps a sample of what was served, so that the features can be computed again by the training code.

Off unless SERVED_EXAMPLES names a file: these lines would be the only place where the service keeps what people send.
Each row has the chance SERVED_EXAMPLES_SHARE to be kept, and a file that is full is not written to any more. Here it is
switched on for a minute on loopback alone (monitoring/served.py). Whoever switches it on for real traffic first gives
the log its entry with a period of retention in data/inventory.yaml, and has the platform delete it in time.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from service.logs import LOG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from service.model import Model
    from service.schema import Instance
    from service.settings import Settings

MAX_BYTES = 50_000_000


def named(settings: Settings) -> Examples | None:
    """Where examples are kept; None where nobody asked for them."""
    file = settings.examples_file
    return None if file is None else Examples(file=file, share=settings.examples_share)


@dataclass(slots=True, kw_only=True)
class Examples:
    """A file with one JSON table a line, private to the service's user."""

    file: Path
    share: float
    chance: random.Random = field(default_factory=random.SystemRandom)

    def keep(
        self, model: Model, instances: Sequence[Instance], features: pd.DataFrame, table: list[list[float]]
    ) -> None:
        """Appends the rows that chance picks. What cannot be kept is said in the log, and served all the same."""
        lines = "".join(self._lines(model, instances, features, table))
        try:
            if lines and not (self.file.exists() and self.file.stat().st_size > MAX_BYTES):
                self.file.touch(mode=0o600)
                with self.file.open("a", encoding="utf-8") as stream:
                    stream.write(lines)
        except OSError as error:
            LOG.error("served examples are not kept", extra={"fields": {"reason": type(error).__name__}})

    def _lines(
        self, model: Model, instances: Sequence[Instance], features: pd.DataFrame, table: list[list[float]]
    ) -> Iterator[str]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        for instance, row, answer in zip(instances, features.to_dict("records"), table, strict=True):
            if self.chance.random() < self.share:
                record = {
                    "time": now,
                    "model_version": model.version,
                    "model_sha256": model.sha256,
                    "raw": instance.model_dump(by_alias=True),
                    "features": {name: known(value) for name, value in row.items()},
                    "prediction": model.classes[answer.index(max(answer))],
                    "score": answer[-1],
                }
                yield json.dumps(record) + "\n"


def known(value: Any) -> Any:
    """The value as JSON has it: null for NaN."""
    return None if isinstance(value, float) and math.isnan(value) else value
