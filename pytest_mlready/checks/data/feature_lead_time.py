"""Asks how long a new feature takes from idea to production."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="data.feature_lead_time",
    title="New features added quickly",
    question="How long does a new feature take from idea to production?",
    why=(
        "When the product changes, or an attacker does, the team that needs half a year for a new signal loses to the "
        "one that needs weeks. Long lead times also breed shortcuts: features are computed twice, in two languages, "
        "because the proper path is too slow. The figure is an early sign of a pipeline that nobody dares to touch."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: lead times of the most recent "
        "features, taken from version control (first commit that mentions the feature to the first release that serves "
        "it) or from a table that you keep. It passes when the median of the last 5 is at most 60 days. It fails when "
        "that median is longer. Fewer than 5 finished features are inconclusive, and so are entries without both "
        "dates. The default of 60 days is this project's convention after the one to two months that the paper names; "
        "set your own."
    ),
    how_to_fix=(
        "Write down both dates for each feature from now on. Look at where the time goes: access requests, backfills, "
        "reviews, waiting for a release train. Share one definition between training and serving, automate the "
        "backfill, and give features their own flag so that they ship apart from the model."
    ),
    attestation=(
        "The last five features with the date of the idea and of first use in production, how the dates were found, "
        "and what took longest."
    ),
    sources=(
        "Breck et al. 2017, ML Test Score, Data 6: new features can be added quickly",
        "Forsgren, Humble, Kim 2018, Accelerate",
    ),
)
