"""Judges the record of a run in staging: green, of this very artifact, recent."""

from __future__ import annotations

import datetime as dt
import os.path
from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving.deployment.ci_runs import STAGING
from pytest_mlready.serving.deployment.staging_record import GREEN, NOT_DONE, RED, SHA256
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_mlready.serving.deployment.staging_record import Run, Step

CLOCKS = dt.timedelta(minutes=5)  # by which the clocks of two machines may differ
SHOWN = 8  # steps that a message names
SHORT = 7  # least characters of an abbreviated commit (git's own default)
SETTING = '[tool.mlready.items."infrastructure.deployment_pipeline"]'
UNTIED = (
    "it cannot be told which artifact it tested. Next step: let the pipeline write artifact_sha256 into a record of "
    f'our format, or say which artifact belongs to the commit: {SETTING} digests = {{ "commit" = "sha256" }}'
)


def judge(  # noqa: PLR0913 - one argument for each thing that the record is held against
    run: Run,
    *,
    sha256: str | None,
    path: str = "",
    now: dt.datetime,
    max_age: float,
    digests: Mapping[str, str] | None = None,
    at_commit: Callable[[str], str | None] = lambda _: None,
) -> list[Verdict]:
    """Verdicts over a run: its conclusion and steps, the environment, the artifact, the age.

    Args:
        run: As recorded.
        sha256: Digest of the candidate; None where it has none.
        path: Its path in the settings; a record of several artifacts is looked up by it.
        now: With time zone.
        max_age: Seconds that may have passed since the run ended.
        digests: sha256 by commit, for records that name only a commit.
        at_commit: The digest that the candidate's file has at a commit; None where that cannot be told.

    Raises:
        ReadinessError: `digests` holds something else than digests.
    """
    return [
        _green(run),
        _steps(run),
        _environment(run),
        _artifact(run, sha256, path, _read(digests or {}), at_commit),
        _age(run, now, max_age),
    ]


def _green(run: Run) -> Verdict:
    measured = (
        Measurement(
            name="staging run", value=run.conclusion, note=f"{run.format} record{f', {run.url}' * bool(run.url)}"
        ),
    )
    if run.conclusion == GREEN:
        return Verdict(outcome="passed", message="the staging run was green", measurements=measured)
    if run.conclusion == NOT_DONE:
        return Verdict(outcome="inconclusive", message="the staging run has not finished", measurements=measured)
    message = f"the staging run ended as {run.conclusion}; expected success{_see(run)}"
    return Verdict(outcome="failed", message=message, measurements=measured)


def _steps(run: Run) -> Verdict:
    """Every step is green, but for those that the pipeline itself tolerates."""
    green = sum(step.conclusion == GREEN for step in run.steps)
    tolerated = [step.name for step in run.steps if step.conclusion != GREEN and step.tolerated]
    note = f"not green, as the pipeline allows: {', '.join(tolerated[:SHOWN])}" if tolerated else ""
    measured = (Measurement(name="green steps in staging", value=green, n=len(run.steps), note=note),)
    counted = [step for step in run.steps if not step.tolerated]
    if red := [step for step in counted if step.conclusion == RED]:
        return Verdict(outcome="failed", message=_names(run, red, "failed"), measurements=measured)
    if undone := [step for step in counted if step.conclusion != GREEN]:
        message = _names(run, undone, "did not run to their end")
        return Verdict(outcome="inconclusive", message=message, measurements=measured)
    if not green:
        message = "the record names no step that succeeded: what the run did cannot be told"
        return Verdict(outcome="inconclusive", message=message, measurements=measured)
    return Verdict(outcome="passed", message="every step was green", measurements=measured)


def _names(run: Run, steps: Sequence[Step], what: str) -> str:
    names = ", ".join(step.name for step in steps[:SHOWN])
    return f"{len(steps)} of {len(run.steps)} steps of the staging run {what}: {names}{_see(run)}"


def _environment(run: Run) -> Verdict:
    measured = (Measurement(name="environment", value=run.environment or "not told"),)
    if run.environment and STAGING.search(run.environment):
        return Verdict(outcome="passed", message="it ran in staging", measurements=measured)
    if run.environment and run.environment.lower().startswith("prod"):
        message = f'the recorded run went to "{run.environment}"; expected staging'
        return Verdict(outcome="failed", message=message, measurements=measured)
    if run.environment:
        message = f'the recorded run went to "{run.environment}", which does not sound like staging'
    else:
        message = "no job that succeeded names staging: it cannot be told whether the run deployed there"
    return Verdict(outcome="inconclusive", message=message, measurements=measured)


def _artifact(
    run: Run, sha256: str | None, path: str, digests: Mapping[str, str], at_commit: Callable[[str], str | None]
) -> Verdict:
    if sha256 is None:
        return Verdict(
            outcome="inconclusive", message="the candidate is no file, so that it has no digest to find in the record"
        )
    tested, how = next(_tested(run, sha256, path, digests, at_commit), (None, ""))
    measured = (Measurement(name="artifact tested in staging", value=tested or "not told", note=how),)
    if tested is None:
        message = f"the record names {f'commit {run.commit[:12]}' if run.commit else 'no digest'}: {UNTIED}"
        return Verdict(outcome="inconclusive", message=message, measurements=measured)
    if tested == sha256:
        return Verdict(outcome="passed", message="it tested this artifact", measurements=measured)
    message = (
        f"the staging run tested another artifact, sha256 {tested[:12]}… ({how}); the candidate has {sha256[:12]}…. "
        "Next step: send this candidate through staging"
    )
    return Verdict(outcome="failed", message=message, measurements=measured)


def _tested(
    run: Run, sha256: str, path: str, digests: Mapping[str, str], at_commit: Callable[[str], str | None]
) -> Iterator[tuple[str, str]]:
    """(digest, how it is known) of what the run tested, the strongest tie first."""
    if run.artifacts:
        names = {name: os.path.normpath(name) for name in run.artifacts if name}
        own = [name for name, normal in names.items() if path and normal == os.path.normpath(path)]
        among = own or list(run.artifacts)
        name = next((name for name in among if run.artifacts[name] == sha256), among[0])
        yield run.artifacts[name], f"as the record says{f' of {name}' if name else ''}"
    elif any(sha256 in text.lower() for text in run.texts):
        yield sha256, "its digest stands in the export"
    if not run.commit:
        return
    for commit, digest in digests.items():
        if run.commit.lower().startswith(commit):
            yield digest, f"`digests` ties it to commit {commit[:12]}"
    if at_that_time := at_commit(run.commit):
        yield at_that_time, f"as the repository has it at commit {run.commit[:12]}"


def _read(digests: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for commit, digest in digests.items():
        matched = SHA256.fullmatch(str(digest))
        if matched is None or len(commit) < SHORT:
            raise ReadinessError(
                f'digests under {SETTING} has "{commit}" = {digest!r}',
                expected=f"a commit of at least {SHORT} digits and the sha256 of the artifact, 64 hexadecimal digits",
            )
        found[commit.lower()] = matched[1].lower()
    return found


def _age(run: Run, now: dt.datetime, max_age: float) -> Verdict:
    if run.finished is None:
        return Verdict(outcome="inconclusive", message="the record does not say when the run finished")
    age = (now - run.finished).total_seconds()
    measured = (Measurement(name="age of the staging run", value=round(age), max=max_age, unit="s"),)
    when = f"{run.finished.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    if -age > CLOCKS.total_seconds():
        message = f"the staging run finished {when}, which is yet to come: a clock is wrong, or the record is made up"
        return Verdict(outcome="failed", message=message, measurements=measured)
    if age > max_age:
        message = (
            f"the last staging run finished {when}, {age / 86400:.1f} days ago; expected at most {max_age / 86400:g}. "
            "Next step: run staging again"
        )
        return Verdict(outcome="failed", message=message, measurements=measured)
    return Verdict(outcome="passed", message="it is recent", measurements=measured)


def _see(run: Run) -> str:
    return f". See {run.url}" if run.url else ""
