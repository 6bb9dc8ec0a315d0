"""Asks whether readiness is false while the model cannot predict."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a service that is started and "
        "polled from the first moment: liveness and readiness answer within 1 s, readiness turns true only when a "
        "prediction works, and a second start with the model missing never becomes ready. The conventions of "
        "Kubernetes, the Open Inference Protocol, MLflow and TorchServe are tried by themselves. It passes when all "
        "hold. A constant 200 fails, since it cannot say no. Probes found in manifests alone are static evidence; a "
        "service that cannot be started here is inconclusive."
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
)
