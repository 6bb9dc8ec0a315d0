"""Asks whether readiness is false while the model cannot predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.starting.health import Timeline, Watch

START = pytest.StashKey["Timeline"]()
AT_LEAST = 3.0  # seconds that a start without its model is watched from its first answer on
TIMES = 2.0  # and how many times as long as the model takes to load

ITEM = Item(
    id="infrastructure.health_checks",
    title="Health endpoints implemented and verified",
    question="Do the health endpoints tell the truth, above all while the model is not loaded?",
    why=(
        "An endpoint that always answers 200 sends traffic to a process whose model failed to load, and users get "
        "errors while every dashboard is green. A liveness probe that depends on a slow download restarts the "
        "container forever. Both look correct in a manifest; only running them shows the difference."
    ),
    looks_at=(
        "A process of its own is started by the configured command and asked every 20 ms from the first moment: "
        "liveness, readiness and, as soon as readiness says yes, the good request. The endpoints are those of the "
        "settings, else found by asking for the customary paths of Kubernetes, the Open Inference Protocol (ready of "
        "the model), MLflow, TorchServe, TensorFlow Serving, BentoML and OpenAI-like servers. It passes when readiness "
        "says yes only once predictions are right, liveness says yes from its first answer on, and each answer after "
        "the first comes within 1 s; nobody listening yet is no answer. It fails when an endpoint is missing, when "
        "readiness says yes too early, never, or wavers, when liveness says no while the model loads, and when a "
        "status of 200 carries a body that says no. One path for both is judged as the protocol has it where the "
        "protocol has only one; elsewhere it must be a true liveness too. A second start without the model "
        "(without_model, or a {model} that is not there) is watched for twice the time of loading, at least 3 s, from "
        "its first answer on, or to start_limit where nothing answers: it fails when readiness says yes even once, so "
        "a constant 200 fails, or when the process neither ends nor stays live. It is inconclusive when the process "
        "neither ends nor answers, when predictions work even then, when the settings do not say how to take the model "
        "away, and for a service at a URL, which is asked in place and cannot be started here. A model that loads in "
        "no time shows no lie in the first start: the second is there for that."
    ),
    how_to_fix=(
        "Give the service two endpoints. Liveness says only that the process can answer. Readiness makes one tiny "
        "prediction, or checks that the loaded model and its dependencies respond, and answers 503 until then. Add a "
        "startup probe with room for the slowest load. Test it by starting with a wrong model path."
    ),
    attestation=(
        "The endpoints, what each of them checks, the answers seen before, during and after loading and with the model "
        "missing, who ran it and when."
    ),
    lifetime_days=90,
    sources=(
        "Kubernetes documentation, Configure Liveness, Readiness and Startup Probes",
        "Open Inference Protocol (KServe), server and model readiness",
    ),
    options=(
        Option(
            name="limit", type="duration", default=1.0,
            doc="Time within which a health endpoint must answer; the default is that of timeoutSeconds in Kubernetes.",
        ),
        Option(
            name="without_model", type="duration", default=None,
            doc="How long readiness is watched without the model, from its first answer on; by default twice the time "
            "of loading, at least 3 s.",
        ),
    ),
)  # fmt: skip


@pytest.mark.infrastructure("health_checks")
def test_health_from_launch_to_ready(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint, request: pytest.FixtureRequest
) -> None:
    """Liveness holds from the first answer on, and readiness says yes only when predictions work."""
    from pytest_mlready.serving.starting import health_verdicts

    mlready_evidence.grade("live")
    probes = mlready_endpoint.up().probes
    if (lacking := health_verdicts.missing(probes)) is not None:
        mlready_evidence.conclude([lacking])
    timeline = _start(mlready, mlready_endpoint, request)
    mlready_evidence.record("liveness endpoint", probes.live)
    mlready_evidence.record("readiness endpoint", probes.ready, note=f"protocol: {probes.convention.name}")
    mlready_evidence.plot("curve", title="Health from launch", data=timeline.picture())
    limit = mlready.options(ITEM.id)["limit"]
    mlready_evidence.conclude(health_verdicts.of_start(timeline, probes, limit=limit, crowded=mlready.alone))


@pytest.mark.infrastructure("health_checks")
def test_never_ready_without_its_model(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint, request: pytest.FixtureRequest
) -> None:
    """Started without its model, the service never says that it is ready."""
    from pytest_mlready.serving.starting import health, health_verdicts

    mlready_evidence.grade("live")
    probes = mlready_endpoint.up().probes
    if probes.ready is None:
        mlready_evidence.inconclusive("no readiness endpoint was found")
    launch = mlready_endpoint.plan.launch_without_model()
    normal = _start(mlready, mlready_endpoint, request)
    if normal.ready_at is None:
        mlready_evidence.inconclusive("the service is not ready with its model either")
    quiet = mlready.options(ITEM.id)["without_model"] or max(AT_LEAST, TIMES * normal.loading)
    limit = max(mlready_endpoint.plan.start_limit, TIMES * normal.ready_at) + quiet
    mlready.progress("health: a start without the model is watched")
    timeline = health.from_launch(_watch(mlready_endpoint), launch, limit=limit, quiet=quiet)
    mlready.progress("")
    mlready_evidence.plot("curve", title="Health without the model", data=timeline.picture())
    mlready_evidence.conclude(health_verdicts.without_model(timeline, probes))


def _watch(endpoint: Endpoint) -> Watch:
    from pytest_mlready.serving.starting import good_prediction, health

    return health.Watch(plan=endpoint.plan, probes=endpoint.probes, predict=good_prediction.asked_of(endpoint))


def _start(mlready: Project, endpoint: Endpoint, request: pytest.FixtureRequest) -> Timeline:
    """A start with everything in its place, watched once for both tests; in place where it cannot be started here."""
    from pytest_mlready.serving.starting import health

    if START not in request.config.stash:
        mlready.progress("health: a start is watched")
        plan, watch = endpoint.plan, _watch(endpoint)
        request.config.stash[START] = (
            health.from_launch(watch, plan.launch(), limit=plan.start_limit)
            if endpoint.started
            else health.in_place(watch, endpoint.client)
        )
        mlready.progress("")
    return request.config.stash[START]
