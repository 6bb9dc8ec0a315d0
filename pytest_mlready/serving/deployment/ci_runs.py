"""Recognises what GitHub and GitLab export of a pipeline's run, and takes from it what a staging record needs.

Sources: GitHub REST API, workflow runs and workflow jobs; `gh run view --json` (camel case); GitLab API, pipelines and
jobs. Several exports may be joined in one table: {"run": …, "jobs": […]}, {"pipeline": …, "jobs": […]}.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STAGING = re.compile(r"(?<!multi[-_ ])stag(e|ing)(?![a-z])|\bstg\b|pre-?prod|(?<![a-z])uat(?![a-z])", re.IGNORECASE)
NEVER = "0001-01-01"  # what gh writes for a time that has not come


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What an export tells.

    Attributes:
        format: "GitHub" or "GitLab".
        conclusion: Of the whole run, in its own words; None where only jobs are told.
        finished: Times at which it, or its jobs, ended.
        steps: (name, conclusion in its own words, whether the pipeline tolerates its failure or absence).
        environment: "staging" when a job that succeeded deploys there, by its name or its environment.
        commit: What it ran on.
        url: Where it can be looked at.
    """

    format: str
    conclusion: str | None
    finished: tuple[str, ...]
    steps: tuple[tuple[str, str | None, bool], ...]
    environment: str | None
    commit: str
    url: str


def exported(raw: Any) -> Export | None:
    """The export that parsed JSON is; None for anything else."""
    if isinstance(raw, list):
        raw = {"jobs": raw}
    if not isinstance(raw, dict):
        return None
    run = next((raw[key] for key in ("run", "workflow_run", "pipeline") if isinstance(raw.get(key), dict)), raw)
    jobs = [job for job in raw.get("jobs") or () if isinstance(job, dict)] if _is_list(raw.get("jobs")) else []
    if "steps" in raw:  # a record of our own, whatever else it holds
        return None
    if _first(run, "headSha", "head_sha", "workflowName", "workflow_id") or any("steps" in job for job in jobs):
        return _github(run, jobs)
    if ("sha" in run and "status" in run) or any("stage" in job and "status" in job for job in jobs):
        return _gitlab(run, jobs)
    return None


def _github(run: Mapping[str, Any], jobs: list[dict[str, Any]]) -> Export:
    commit = _first(run, "headSha", "head_sha") or next((str(j["head_sha"]) for j in jobs if j.get("head_sha")), "")
    ended = [_first(job, "completedAt", "completed_at") for job in jobs]
    ended = [text for text in ended if text] or [_first(run, "updatedAt", "updated_at")]
    whole = run.get("conclusion") if "conclusion" in run else None
    green = [job for job in jobs if job.get("conclusion") == "success"]
    named = [str(job.get("name")) for job in green]
    if green and not any(job.get("conclusion") == "skipped" for job in jobs):  # the skipped one may be the deployment
        named.append(_first(run, "workflowName", "name"))
    return Export(
        format="GitHub",
        conclusion=str(whole or "") if "conclusion" in run else None,
        finished=tuple(text for text in ended if text and not text.startswith(NEVER)),
        steps=tuple(_github_steps(jobs, whole)),
        environment=_staging(named),
        commit=commit,
        url=_first(run, "url", "html_url") if "api." not in str(run.get("url")) else _first(run, "html_url"),
    )


def _github_steps(jobs: list[dict[str, Any]], whole: Any) -> Iterator[tuple[str, str | None, bool]]:
    """Jobs, then their steps: a job that a green run tolerates, a step that a green job does."""
    for job in jobs:
        said = job.get("conclusion")
        yield str(job.get("name")), said, said == "skipped" or (whole == "success" and said == "failure")
        for step in job.get("steps") or () if _is_list(job.get("steps")) else ():
            if isinstance(step, dict):
                tolerated = said in ("success", "skipped")
                yield f"{job.get('name')}: {step.get('name')}", step.get("conclusion"), tolerated


def _gitlab(run: Mapping[str, Any], jobs: list[dict[str, Any]]) -> Export:
    whole = run if "sha" in run else next((j["pipeline"] for j in jobs if isinstance(j.get("pipeline"), dict)), {})
    ended = [str(whole["finished_at"])] if whole.get("finished_at") else []
    green = [job for job in jobs if job.get("status") == "success"]
    return Export(
        format="GitLab",
        conclusion=str(whole["status"]) if whole.get("status") else None,
        finished=tuple(ended or [str(job["finished_at"]) for job in jobs if job.get("finished_at")]),
        steps=tuple(
            (
                str(j.get("name")),
                j.get("status"),
                bool(j.get("allow_failure")) or j.get("status") in ("manual", "skipped"),
            )
            for j in jobs
        ),
        environment=_staging(text for job in green for text in _places(job)),
        commit=str(whole.get("sha") or ""),
        url=str(whole.get("web_url") or ""),
    )


def _places(job: Mapping[str, Any]) -> list[str]:
    environment = job.get("environment")
    named = environment.get("name") if isinstance(environment, dict) else environment
    return [str(text) for text in (job.get("name"), job.get("stage"), named) if text]


def _staging(names: Iterable[str]) -> str | None:
    return "staging" if any(STAGING.search(name) for name in names) else None


def _first(table: Mapping[str, Any], *keys: str) -> str:
    return next((str(table[key]) for key in keys if table.get(key)), "")


def _is_list(value: Any) -> bool:
    return isinstance(value, list)
