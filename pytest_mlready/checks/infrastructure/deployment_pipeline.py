"""Asks whether this very artifact went through the whole pipeline into staging."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="infrastructure.deployment_pipeline",
    title="Pipeline tested end to end in staging",
    question="Has this very artifact gone through the whole deployment pipeline in staging and answered there?",
    why=(
        "Releases break at the joints: a missing permission, a changed variable, a model format that the serving image "
        "cannot read. A staging that differs from production proves little, and a green run of last month's model "
        "proves nothing about today's. Teams that rehearse find these on a quiet afternoon."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a smoke prediction on the "
        "staging endpoint now, together with the record of the last staging run as a CI export or run file. It passes "
        "when the run is green, carries the same artifact digest as the candidate, and is at most 7 days old, and when "
        "the manifests of staging and production differ only in keys that you allow, such as replicas, hosts and "
        "secrets' names. It fails on a red run, another digest or a difference elsewhere. No record, or one without a "
        "digest, is inconclusive."
    ),
    how_to_fix=(
        "Deploy to staging by the same job that deploys to production, with parameters and nothing else changed. Let "
        "the job write a run file with the digest, commit, time and result, and end with one real prediction that is "
        "compared with a known answer. Generate both environments from one template. Run it on each candidate."
    ),
    attestation=(
        "A link to the run, date, artifact digest, the stages it went through, the differences between staging and "
        "production, and the smoke prediction with its expected answer."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 3: the full ML pipeline is integration tested",
        "Humble, Farley 2010, Continuous Delivery",
        "The Twelve-Factor App, Dev/prod parity",
    ),
)
