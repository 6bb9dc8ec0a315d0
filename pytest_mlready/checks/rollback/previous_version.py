"""Asks whether the previous model is kept and would serve again within minutes."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="rollback.previous_version",
    title="Previous version retained and deployable in minutes",
    question="Is the previous model still there, and could it serve again within minutes?",
    why=(
        "Rollback is the one remedy that needs no diagnosis, as long as the old model still exists and loads. A "
        "registry that cleans up, a library that was upgraded since, or a feature that was removed upstream makes it "
        "useless, and this comes out in the middle of the incident."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the previous version fetched "
        "from the registry, its digest compared, loaded in today's serving stack, and its golden predictions repeated. "
        "It passes when the digest is right, it loads, the predictions match the recorded ones, and all of it takes at "
        "most 300 s. It fails when a step fails or takes longer. No earlier version named, or no golden predictions "
        "recorded at its release, is inconclusive; a first release has none and says so with a reason. An entry in the "
        "registry alone is static evidence."
    ),
    how_to_fix=(
        "Keep at least the last two released versions, with their environment and feature definitions, safe from "
        "automatic clean-up. At each release store about a hundred inputs with their outputs as golden predictions. "
        "Load the previous model in the new serving image as part of CI. Where a feature was removed, keep it until "
        "the version that needs it can no longer return."
    ),
    attestation=(
        "Which previous version is kept and where, its digest, when it was last loaded in the present serving stack, "
        "golden predictions compared, and the time that it took."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 7: serving models can be rolled back",
        "AWS Builders' Library, Ensuring rollback safety during deployments",
    ),
)
