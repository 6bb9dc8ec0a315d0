"""Reads entries of a deployment log from the forms that they are kept in, and says what an entry lacks."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

DEPLOYMENTS = ("deployed", "rolled back", "rolled-back", "rollback", "deployment", "promoted")
NAMES: dict[str, tuple[str, ...]] = {
    "model": ("model_sha256", "model_digest", "artifact_sha256"),
    "data": ("data_sha256", "data_digest", "data_version"),
    "commit": ("commit", "git_commit", "mlflow.source.git.commit"),
    "report": ("report", "evaluation_report", "evaluation"),
    "report_sha256": ("report_sha256", "evaluation_report_sha256"),
    "author": ("author", "requested_by", "mlflow.user"),
    "approver": ("approver", "approved_by", "approved-by", "reviewed-by"),
    "time": ("time", "timestamp", "deployed_at", "on"),
    "event": ("event", "action"),
}
_SHA256 = re.compile(r"(?:sha256[:=])?([0-9a-f]{64})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, in one form whatever it was kept in; "" for what it does not say.

    Attributes:
        place: File and line, or commit.
        model: Sha256 of the model, in lower case.
        data: Digest or version of the data that it learned from.
        commit: Of the code.
        report: Path or link of the evaluation that the approval rests on.
        report_sha256: Its digest.
        event: What happened; an entry that names none is a deployment.
    """

    place: str
    model: str = ""
    data: str = ""
    commit: str = ""
    report: str = ""
    report_sha256: str = ""
    author: str = ""
    approver: str = ""
    time: str = ""
    event: str = ""

    @property
    def deploys(self) -> bool:
        return not self.event or self.event.lower() in DEPLOYMENTS

    @property
    def lacks(self) -> tuple[str, ...]:
        """What an entry of a deployment must say and does not."""
        said = {
            "model_sha256": self.model, "data_sha256": self.data, "commit": self.commit, "report": self.report,
            "author": self.author, "approver": self.approver, "time": self.time,
        }  # fmt: skip
        return tuple(key for key, value in said.items() if not value)

    @property
    def moment(self) -> dt.datetime | None:
        """When; None where the text is no time of ISO 8601. Without a zone it is taken as UTC."""
        try:
            found = dt.datetime.fromisoformat(self.time)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=dt.UTC)

    def __str__(self) -> str:
        return f"{self.place} (model {self.model[:12] or '?'}…)"


def entry(table: Mapping[str, Any], place: str) -> Entry:
    """An entry from a table that may name things in several ways."""
    lower = {str(key).lower(): value for key, value in table.items()}
    said = {field: _first(lower, names) for field, names in NAMES.items()}
    said["model"] = said["model"] and sha256(said["model"])
    return Entry(place=place, **said)


def sha256(text: str) -> str:
    """A digest without its prefix, in lower case; "" where the text is none."""
    match = _SHA256.fullmatch(text.strip())
    return match[1].lower() if match else ""


def _first(table: Mapping[str, Any], names: Iterable[str]) -> str:
    for name in names:
        value = table.get(name)
        if isinstance(value, list):
            value = ", ".join(str(one) for one in value)
        if isinstance(value, Mapping):
            value = ", ".join(f"{key} {one}" for key, one in value.items())
        if value not in (None, "") and not isinstance(value, bool):
            return str(value).strip()
    return ""
