"""Writes the log: one JSON object a line, whatever is in a message."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

LOG = logging.getLogger("income")


class JsonLines(logging.Formatter):
    """Quotes everything, so that a line break in a message or a stack trace cannot begin a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure() -> None:
    """Sends our log and uvicorn's to stderr in one form and at uvicorn's level; requests are logged by us, once."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    for name in (LOG.name, "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
    LOG.setLevel(logging.getLogger("uvicorn.error").level or logging.INFO)
    logging.getLogger("uvicorn.access").disabled = True
