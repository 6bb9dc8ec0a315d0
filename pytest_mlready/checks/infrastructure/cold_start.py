"""Asks how long a new replica takes from launch to its first correct prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.starting.cold_start import Start

FEWEST = 5  # starts that a verdict needs
SETTINGS = ("limit", "startup_budget")

ITEM = Item(
    id="infrastructure.cold_start",
    title="Cold start measured",
    question="How long does a new replica take from launch to its first correct prediction?",
    why=(
        "Start-up time decides whether autoscaling helps and how long a rollback or a crash hurts. It creeps up with "
        "every larger model and library, and nobody times it because developers seldom restart. When it passes the "
        "budget of the startup probe, the platform kills each replica before it is ready, and the service never comes "
        "back."
    ),
    looks_at=(
        "At least 5 fresh processes, one after another, are started by the configured command; each is timed from its "
        "launch until the good request gets its right answer (2xx, no error in the body, fits the OpenAPI document, "
        "holds what expect demands). It passes when the slowest is within limit, and within startup_budget where that "
        "is set (period times failure threshold, plus initial delay, of the startup probe). It fails when the median "
        "is not, or when a start comes to nothing; when only the slowest is not, it is inconclusive. Without either "
        "limit one start is measured, reported and unverified. It is inconclusive beside other running tests (xdist), "
        "for a service at a URL, and when the good request itself is refused. The service ran before in this run: its "
        "files lie in the disk cache, and no image is pulled; the first start is shown apart from the later ones."
    ),
    how_to_fix=(
        "Time the phases: image pull, imports, download, load, first prediction. Put the artifact in the image or on a "
        "node cache, use a format that maps into memory, drop heavy imports, warm the model before readiness turns "
        "true. Set the startup probe to twice the slowest start seen. Keep spare replicas where the start cannot be "
        "shortened."
    ),
    attestation=(
        "Number of launches, how caches were treated, environment, all times with the slowest, the limit, the probe's "
        "budget, date and model digest."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Kubernetes documentation, Configure Liveness, Readiness and Startup Probes",
        "Knative documentation, Configuring scale to zero",
    ),
    options=(
        Option(name="limit", type="duration", default=None, doc="Limit on the slowest start."),
        Option(
            name="startup_budget", type="duration", default=None,
            doc="What the startup probe allows: initialDelaySeconds + periodSeconds times failureThreshold.",
        ),
        Option(name="repeats", type="integer", default=FEWEST, doc="Starts; at least 5."),
    ),
)  # fmt: skip


@pytest.mark.infrastructure("cold_start")
def test_launch_to_first_right_prediction(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint
) -> None:
    """The slowest of several fresh processes answers its first prediction rightly in time."""
    from pytest_mlready.quality import timing
    from pytest_mlready.serving.starting import cold_start

    mlready_evidence.grade("live")
    options = mlready.options(ITEM.id)
    limits = {name: options[name] for name in SETTINGS if options[name] is not None}
    starts = _starts(mlready, mlready_evidence, mlready_endpoint, limits)
    seconds = [start.seconds for start in starts if start.seconds is not None]
    if seconds:
        mlready_evidence.measure(cold_start.by_cache(seconds))
        names = [f"start {number}" for number in range(1, len(seconds) + 1)]
        data = {"labels": names, "values": seconds, "unit": "s", "limits": limits}
        mlready_evidence.plot("bars", title="Cold starts", data=data)
    verdicts = cold_start.troubles(starts)
    if not limits and not verdicts:
        _no_limit(mlready_evidence, seconds)
    if len(seconds) >= FEWEST:
        verdicts += [
            timing.judge_largest("cold start", seconds, limit, unit="s", setting=name) for name, limit in limits.items()
        ]
    mlready_evidence.conclude(verdicts)


def _starts(mlready: Project, evidence: Evidence, endpoint: Endpoint, limits: dict[str, float]) -> Sequence[Start]:
    from pytest_mlready.errors import SettingsError
    from pytest_mlready.serving.starting import cold_start, good_prediction

    repeats, plan = mlready.options(ITEM.id)["repeats"], endpoint.plan
    if repeats < FEWEST:
        raise SettingsError(f"repeats = {repeats} for {ITEM.id}", expected=f"at least {FEWEST} starts")
    if mlready.alone:
        evidence.inconclusive(f"starts cannot be timed: {mlready.alone}. Run `pytest --mlready-only` without -n")
    plan.launch()  # says so where nothing can be started
    predict = good_prediction.asked_of(endpoint.up())
    predict(endpoint.client, plan.start_limit)  # loads what looking at an answer needs, outside the measured time
    return cold_start.measure(
        plan.launch,
        predict,
        repeats=repeats if limits else 1,
        limit=max(plan.start_limit, *limits.values()) if limits else plan.start_limit,
        progress=mlready.progress,
    )


def _no_limit(evidence: Evidence, seconds: Sequence[float]) -> NoReturn:
    from pytest_mlready.quality import timing

    line = f'limit = "{float(f"{2 * max(seconds):.1e}"):g} s"'
    evidence.unverified(
        f"a start takes {timing.human_time(max(seconds))}, and no limit is set",
        fix=f'under [tool.mlready.items."{ITEM.id}"] write for example: {line}',
    )
