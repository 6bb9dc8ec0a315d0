"""Asks whether the code and configuration that made the artifact were reviewed and committed."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="model_quality.spec_reviewed",
    title="Model specs reviewed and submitted",
    question="Was the code and configuration that produced this artifact reviewed by somebody else and merged?",
    why=(
        "When a model misbehaves, the first question is what exactly was trained. An artifact from a notebook or an "
        "uncommitted working copy has no answer, so it can be neither explained nor rebuilt. Unreviewed changes to a "
        "label definition or a loss are ordinary bugs, but they show up only as a slightly different metric."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a check that walks from the "
        "artifact to its source: the commit recorded in the model is reachable from the protected branch, the working "
        "tree was clean at training time, and the author is not the approver according to commit trailers or an export "
        "of your forge. It passes when all three hold and fails when one does not. A missing commit record or a "
        "shallow clone is inconclusive. A merged review that a person names is the weaker form."
    ),
    how_to_fix=(
        "Let the training entry point write the commit, the dirty flag and the configuration's digest into the "
        "artifact or its registry entry. Refuse to register a model from a dirty tree. Protect the main branch so that "
        "a merge needs one approval by another person. Keep feature code, model definition and hyperparameters in that "
        "same repository."
    ),
    attestation=(
        "The commit, a link to the review, author and approver by name, and how it is known that this artifact was "
        "trained from that commit and from nothing uncommitted."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 1: model specs are reviewed and submitted",
        "SLSA v1.0 (2023), build provenance",
        "OpenSSF Scorecard, Code-Review and Branch-Protection checks",
    ),
)
