"""Asks whether a current model card tells users what the model is for and how good it is."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="documentation.model_card",
    title="Model card: intended use, limitations, training data, evaluation",
    question=(
        "Does a current model card tell what the model is for, where it fails, what it learned from and how good it is?"
    ),
    why=(
        "People who did not build the model will use it, and without a card they use it for what it was never tested "
        "on. A card that is copied from the last version is worse than none: its numbers are believed. Placeholders "
        "from a template pass for documentation until somebody reads them."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the card itself, its Hugging "
        "Face metadata and Markdown parsed and compared with this run. It passes when the four required parts "
        "(intended use, limitations, training data, evaluation) are filled with no placeholder left, the numbers in "
        "the card equal the numbers that this run measured, and its model version or digest is the candidate's. It "
        "fails when one of these is false. Numbers that this run did not measure cannot be compared and are "
        "inconclusive. The nine sections of Mitchell et al. are listed as found or missing, without a verdict."
    ),
    how_to_fix=(
        "Start from a template and fill the four parts in plain sentences: for whom, for what not, known weak groups "
        "and inputs, where the data came from and until when. Generate the evaluation table from the run instead of "
        "typing it. Put the digest into the metadata at build time. Review the text with each release."
    ),
    attestation=(
        "Where the card is, its sha256, the model version it describes, who checked the numbers against which "
        "evaluation, and which parts are incomplete."
    ),
    about_model=True,
    sources=(
        "Mitchell et al. 2019, Model Cards for Model Reporting",
        "Hugging Face Hub documentation, Model Cards",
        "EU AI Act (Regulation (EU) 2024/1689), Articles 11 and 13",
    ),
)
