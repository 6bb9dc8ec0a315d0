"""Asks how long a new replica takes from launch to its first correct prediction."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: at least 5 launches in fresh "
        "processes, each timed until a known request gets its known answer. It passes when the slowest of them is "
        "within your limit and within the budget of the startup probe, which is its period times its failure "
        "threshold. It fails when one is slower. Fewer launches, or no limit set, are inconclusive. Launches with an "
        "empty cache and a real image pull say more than warm ones; the record states which they were. A log of "
        "replica starts in staging counts too."
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
)
