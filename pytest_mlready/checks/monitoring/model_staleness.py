"""Asks whether the served model is younger than its allowed age and an alert says otherwise."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.model_staleness",
    title="Models are not too stale",
    question="Is the served model younger than its maximum age, and does an alert say when it is not?",
    why=(
        "Retraining jobs fail quietly: the schedule was paused, a source is empty, a new model failed its gate for "
        "weeks. The old model goes on answering, slowly worse, and everybody believes that a fresh one is served. The "
        "age of each stage is simple to measure and rarely shown."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the age of the model that the "
        "running service reports, and of each pipeline stage before it: data snapshot, training, validation, "
        "publication. It passes when the model's age is at most the maximum of model_quality.staleness_impact, every "
        "stage is within its own limit, and an alert rule on age is present. It fails when one is too old or there is "
        "no alert. A service that does not tell its version or training time, or no known maximum age, is "
        "inconclusive. A registry entry alone is weaker, because what is served may differ."
    ),
    how_to_fix=(
        "Write the training time and the end date of the data into the artifact, and export both as metrics from the "
        "service. Set the limit from the staleness study with room for one failed retraining. Alert on age rather than "
        "on job failure, since a job that never starts does not fail. Show the ages of all stages on one page."
    ),
    attestation=(
        "Age of the served model and of each stage at a stated time, the maximum age and where it comes from, the "
        "alert, and who reacts."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 4: models are not too stale",
        "Zinkevich, Rules of Machine Learning, Rule 8: know the freshness requirements of your system",
    ),
)
