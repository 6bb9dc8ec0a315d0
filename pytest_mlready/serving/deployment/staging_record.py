"""Reads the record of a run in staging: our own format, and what GitHub and GitLab export of a pipeline.

Our format is one JSON table. More keys may be in it:

    {"environment": "staging", "conclusion": "success", "finished": "2026-11-24T10:00:00Z",
     "artifact_sha256": "…", "commit": "…", "run_url": "https://…",
     "steps": [{"name": "deploy", "conclusion": "success"}, {"name": "smoke prediction", "conclusion": "success"}]}

In the place of `artifact_sha256` stands `artifacts`, a table of path and sha256, where several files ship. `commit` and
`run_url` may be missing.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.serving.deployment import ci_runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST = 16 << 20  # bytes; an export of a pipeline with a thousand jobs has about two million
SHA256 = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
NEEDED = ("environment", "conclusion", "finished", "steps")
FORMAT = (
    "a table with environment, conclusion, finished, steps and artifact_sha256 (`pytest-mlready explain "
    "infrastructure.deployment_pipeline` shows it), or an export of GitHub or GitLab"
)
GREEN, RED, NOT_RUN, NOT_DONE = "success", "failure", "skipped", "pending"
CONCLUSIONS = {
    "success": GREEN, "succeeded": GREEN, "passed": GREEN,
    "failure": RED, "failed": RED, "error": RED, "cancelled": RED, "canceled": RED, "timed_out": RED,
    "startup_failure": RED, "stale": RED,
    "skipped": NOT_RUN, "neutral": NOT_RUN, "manual": NOT_RUN,
    "": NOT_DONE, "created": NOT_DONE, "pending": NOT_DONE, "queued": NOT_DONE, "in_progress": NOT_DONE,
    "running": NOT_DONE, "preparing": NOT_DONE, "scheduled": NOT_DONE, "waiting_for_resource": NOT_DONE,
    "action_required": NOT_DONE, "waiting": NOT_DONE, "requested": NOT_DONE,
}  # fmt: skip


class RecordError(ReadinessError):
    """A record of a run in staging cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step or job.

    Attributes:
        name: As its pipeline calls it.
        conclusion: One of "success", "failure", "skipped", "pending".
        tolerated: Whether the pipeline lets it fail or leave itself out, as a job for the case of failure does.
    """

    name: str
    conclusion: str
    tolerated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the pipeline.

    Attributes:
        format: "own", "GitHub" or "GitLab".
        environment: Where it deployed, as the record says; None where it does not.
        conclusion: One of "success", "failure", "skipped", "pending".
        finished: When; None where the record does not say.
        steps: In their order.
        artifacts: sha256 by path; the path is "" where none is told.
        commit: What it ran on; "" where it is not told.
        url: Where it can be looked at; "" where it is not told.
        texts: All texts of the record: a digest may stand in the name of a job.
    """

    format: str
    environment: str | None
    conclusion: str
    finished: dt.datetime | None
    steps: tuple[Step, ...]
    artifacts: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    url: str = ""
    texts: frozenset[str] = field(default=frozenset(), repr=False)


def read(path: Path, shown: str = "") -> Run:
    """The run that a file records.

    Args:
        path: The file.
        shown: What messages call it.

    Raises:
        RecordError: It cannot be read, or a part of it is missing or malformed.
    """
    name = shown or path.name
    try:
        if path.stat().st_size > LARGEST:
            raise RecordError(f"{name} has more than {LARGEST >> 20} MiB", expected=FORMAT)
        raw = json.loads(path.read_bytes())
    except OSError as error:
        raise RecordError(f"{name} cannot be read: {error.strerror}", expected=FORMAT) from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{name} is no JSON: {error}", expected=FORMAT) from None
    try:
        return parse(raw)
    except RecordError as error:
        raise RecordError(f"{name}: {error.found}", expected=error.expected or FORMAT, fix=error.fix) from None


def parse(raw: Any) -> Run:
    """The run that parsed JSON records.

    Raises:
        RecordError: It is none of the formats, or a part of it is missing or malformed.
    """
    export = ci_runs.exported(raw)
    if export is not None:
        return _exported(export, raw)
    if not isinstance(raw, dict):
        raise RecordError(f"a record is a table, and this is a {type(raw).__name__}")
    for key in NEEDED:
        if key not in raw:
            raise RecordError(f'the record has no "{key}"{near(key, raw)}')
    if not isinstance(raw["steps"], list):
        raise RecordError('"steps" is no list', expected='[{"name": "deploy", "conclusion": "success"}, …]')
    return Run(
        format="own",
        environment=_text(raw, "environment"),
        conclusion=concluded(raw["conclusion"], "conclusion"),
        finished=moment(raw["finished"], "finished"),
        steps=tuple(_step(step, f"steps[{index}]") for index, step in enumerate(raw["steps"])),
        artifacts=_artifacts(raw),
        commit=_text(raw, "commit"),
        url=_text(raw, "run_url"),
        texts=frozenset(_texts(raw)),
    )


def _exported(export: ci_runs.Export, raw: Any) -> Run:
    steps = tuple(
        Step(name=name, conclusion=concluded(said, name), tolerated=tolerated) for name, said, tolerated in export.steps
    )
    ended = [moment(text, "the time of its end") for text in export.finished]
    return Run(
        format=export.format,
        environment=export.environment,
        conclusion=concluded(export.conclusion, "its conclusion") if export.conclusion is not None else _of(steps),
        finished=max(ended, default=None),
        steps=steps,
        commit=export.commit,
        url=export.url,
        texts=frozenset(_texts(raw)),
    )


def _of(steps: tuple[Step, ...]) -> str:
    """What a run comes to of which only the jobs are told."""
    said = {step.conclusion for step in steps if not step.tolerated}
    return next((word for word in (RED, NOT_DONE, GREEN) if word in said), NOT_DONE)


def concluded(said: Any, where: str) -> str:
    """A conclusion in our four words.

    Raises:
        RecordError: It is no word that pipelines use.
    """
    word = "" if said is None else str(said).lower()
    if word not in CONCLUSIONS:
        raise RecordError(
            f"{where} is {json.dumps(said)[:60]}{near(word, CONCLUSIONS)}", expected='"success", "failure"'
        )
    return CONCLUSIONS[word]


def moment(text: Any, where: str) -> dt.datetime:
    """A point in time.

    Raises:
        RecordError: It is no ISO 8601 time with an offset.
    """
    try:
        read_as = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        read_as = None
    if read_as is None or read_as.tzinfo is None:
        wrong = "has no time zone" if read_as is not None else "is no time"
        raise RecordError(f"{where} {wrong}: {json.dumps(text)[:60]}", expected='ISO 8601, "2026-11-24T10:00:00Z"')
    return read_as


def _step(raw: Any, where: str) -> Step:
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str) or "conclusion" not in raw:
        raise RecordError(f"{where} is no step", expected='{"name": "deploy", "conclusion": "success"}')
    return Step(name=raw["name"], conclusion=concluded(raw["conclusion"], f"the conclusion of {where}"))


def _artifacts(raw: Mapping[str, Any]) -> dict[str, str]:
    several = raw.get("artifacts", {})
    if not isinstance(several, dict):
        raise RecordError('"artifacts" is no table', expected='{"artifacts/model.skops": "sha256 in hexadecimal"}')
    given = {**several, **({"": raw["artifact_sha256"]} if raw.get("artifact_sha256") is not None else {})}
    found = {}
    for path, digest in given.items():
        matched = SHA256.fullmatch(digest) if isinstance(digest, str) else None
        if matched is None:
            key = f'artifacts["{path}"]' if path else "artifact_sha256"
            raise RecordError(f"{key} is no sha256: {json.dumps(digest)[:80]}", expected="64 hexadecimal digits")
        found[path] = matched[1].lower()
    return found


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key) or ""
    if not isinstance(value, str):
        raise RecordError(f'"{key}" is {json.dumps(value)[:60]}', expected="a text")
    return value


def _texts(value: Any) -> set[str]:
    """Every text in a JSON value, keys too."""
    found, look = set(), [value]
    while look:
        node = look.pop()
        if isinstance(node, str):
            found.add(node)
        elif isinstance(node, dict):
            look += [*node.keys(), *node.values()]
        elif isinstance(node, list):
            look += node
    return found
