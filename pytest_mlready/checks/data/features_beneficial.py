"""Asks whether each feature adds something that the model would miss."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="data.features_beneficial",
    title="All features beneficial",
    question="Does every feature add something that the model would miss?",
    why=(
        "Every input is a dependency that can break, drift, leak or cost money. Features that add nothing stay in "
        "because removing them takes courage, and each still raises an incident when its source fails. Two copies of "
        "the same signal make both look useless one by one, so a careless clean-up throws out both."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: permutation importance on the "
        "held-out set, repeated, with strongly correlated features permuted together as one group. It passes when no "
        "feature or group is confidently useless, which means that the upper bound of the loss without it is at or "
        "below your limit, unless a waiver names it with a reason. It fails when one is. Importance whose interval "
        "spans the limit is inconclusive for that feature, and the message gives the repeats or rows that would "
        "decide. A table of retrainings without each feature is stronger where you can afford it."
    ),
    how_to_fix=(
        "Compute permutation importance on held-out rows, not on training rows. Cluster correlated inputs first. Drop "
        "the weakest group, retrain and compare with the present model; keep the drop when the new one is not worse. "
        "Record a reason for each feature that stays without a measured benefit, such as a legal duty or a planned "
        "use."
    ),
    attestation=(
        "How benefit was measured, on which data with how many repeats, how correlated features were treated, which "
        "features show none, and why any of those stay."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Data 2: all features are beneficial",
        "Breiman 2001, Random Forests",
        "scikit-learn user guide, Permutation feature importance",
        "Zinkevich, Rules of Machine Learning, Rule 22: clean up features you are no longer using",
    ),
)
