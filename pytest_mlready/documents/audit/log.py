"""Reads a deployment log: our chained lines, an export of entries, exported MLflow runs, or git's own history."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import jsonlines
from pytest_mlready.documents.audit import chain, entries
from pytest_mlready.documents.lineage import mlflow_runs
from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_mlready.documents.audit.entries import Entry

MOST_COMMITS = 20_000
TIME_LIMIT = 20.0  # seconds for git's answer
MOST_BYTES = 50_000_000
_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A deployment log.

    Attributes:
        place: What it is, for messages.
        entries: In its order.
        chained: Whether its form shows change: chained lines, or git.
        breaks: Where the chain is broken.
        head: Digest of its end, to be kept elsewhere; "" where it has none.
    """

    place: str
    entries: tuple[Entry, ...]
    chained: bool
    breaks: tuple[str, ...] = ()
    head: str = ""


def read(path: Path, *, head: str | None = None) -> Log:
    """A log in a file.

    Args:
        path: JSON lines or one JSON document.
        head: Digest of the last chained line, as it was kept elsewhere.

    Raises:
        DataError: it cannot be read.
    """
    records = list(jsonlines.read(path, setting="log"))
    chained = chain.is_chained(records)
    found = [one for record in records for one in _entries(record.value, f"{path.name}, line {record.line}")]
    last = records[-1].value if records else None
    return Log(
        place=path.name,
        entries=tuple(found),
        chained=chained,
        breaks=tuple(chain.breaks(records, head=head)) if chained or head else (),
        head=str(last.get("sha256", "")) if chained and isinstance(last, Mapping) else "",
    )


def _entries(value: Any, place: str) -> Iterator[Entry]:
    runs = list(mlflow_runs.tables(value))
    for run in runs:
        yield entries.entry(_of_run(run), f"{place.partition(',')[0]}, run {run['info'].get('run_id', '?')}")
    if isinstance(value, Mapping) and not runs:
        nested = value.get("entries")
        for number, one in enumerate(nested if isinstance(nested, list) else [value], 1):
            if isinstance(one, Mapping):
                yield entries.entry(one, f"{place}, entry {number}" if isinstance(nested, list) else place)


def _of_run(run: Mapping[str, Any]) -> dict[str, Any]:
    """What an MLflow run tells as an entry: its tags and parameters, data, user and end."""
    said: dict[str, Any] = dict(mlflow_runs.told(run))
    info = run["info"]
    model = next((value for key, value in said.items() if key.endswith(mlflow_runs.MODEL_TAG)), "")
    data = [str(min(one.digests, default="") or one.version) for one in mlflow_runs.run(run, "").data]
    end = info.get("end_time") or info.get("start_time")
    known = {"model_sha256": model, "data_sha256": ", ".join(filter(None, data)), "time": _moment(end)}
    if "author" not in said and info.get("user_id"):
        said.setdefault("mlflow.user", info["user_id"])
    return {**{key: value for key, value in known.items() if value}, **said}


def _moment(milliseconds: Any) -> str:
    try:
        return dt.datetime.fromtimestamp(int(milliseconds) / 1000, tz=dt.UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def together(logs: Sequence[Log]) -> Log:
    """Several logs as one, to look for an entry in any of them."""
    found = [entry for log in logs for entry in log.entries]
    place = " and ".join(log.place for log in logs)
    return Log(place=place, entries=tuple(found), chained=all(log.chained for log in logs))


def history(root: Path, ref: str) -> Log:
    """A log in git: each commit whose message ends with the trailer `Model-sha256` is an entry.

    Further trailers: `Data-sha256`, `Report`, `Report-sha256`, `Approved-by` (or `Reviewed-by`), `Event`, `Commit`.
    Author, time and, without a trailer, the commit are git's.

    Args:
        root: A folder in the repository.
        ref: Branch or tag.

    Raises:
        DataError: there is no such ref, or no repository.
    """
    form = "--format=%H%x1f%an <%ae>%x1f%cI%x1f%B"
    words = ["log", "-z", form, f"--max-count={MOST_COMMITS}", "--regexp-ignore-case", "--grep=^Model-sha256:"]
    told = _git(root, *words, "--end-of-options", ref, "--")
    found = [_commit(text) for text in reversed(told.split("\0")) if text.count("\x1f") >= 3]
    return Log(place=f"git history of {ref}", entries=tuple(found), chained=True)


def _commit(text: str) -> Entry:
    name, author, time, message = text.split("\x1f", 3)
    trailers = {}
    for line in message.strip().split("\n\n")[-1].splitlines():
        if match := _TRAILER.fullmatch(line.strip()):
            trailers[match[1].lower().replace("-sha256", "_sha256")] = match[2].strip()
    return entries.entry({"commit": name, "author": author, "time": time, **trailers}, f"commit {name[:12]}")


def _git(root: Path, *words: str) -> str:
    environment = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, timeout=TIME_LIMIT, check=False, env=environment
        )
    except (OSError, subprocess.SubprocessError) as reason:
        raise DataError(f"git does not answer: {reason}") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise DataError(f"git cannot tell: {(said or ['no reason given'])[-1][:200]}", fix="correct `git`")
    return done.stdout[:MOST_BYTES].decode(errors="replace")
