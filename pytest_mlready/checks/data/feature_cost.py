"""Asks whether each feature is worth its latency, memory and dependencies."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="data.feature_cost",
    title="No feature costs too much",
    question="Is each feature worth the latency, memory, money and dependencies that it brings?",
    why=(
        "One feature that calls a slow service can set the p99 of the whole endpoint. Costs that no table shows, such "
        "as a paid source, a team that must be on call, or a join that delays training by an hour, are paid for years "
        "by people who did not add the feature. Nobody cuts them while cost and benefit stand in different documents."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a cost manifest with one "
        "entry per model input: added latency, memory, money or compute, upstream owner and dependencies. Measured "
        "figures from traces are stronger than estimates. It passes when every input has an entry, the totals lie "
        "within your budgets for latency and memory, and no feature has a cost without a gain in the result of "
        "data.features_beneficial. It fails when a budget is exceeded or a cost buys nothing. Missing gains make it "
        "inconclusive."
    ),
    how_to_fix=(
        "Trace one request and write down how long each feature takes at p95. Add memory, licence fees and the number "
        "of systems that must be up. Set a budget per request. Sort by cost per unit of gain, then cache, precompute "
        "or drop the worst. Ask for a cost entry in the review of every new feature."
    ),
    attestation=(
        "The cost of each feature and how it was measured, the budgets, the total against them, and the reason for "
        "each expensive feature that stays."
    ),
    sources=(
        "Breck et al. 2017, ML Test Score, Data 3: no feature's cost is too much",
        "Sculley et al. 2015, Hidden Technical Debt in Machine Learning Systems",
    ),
)
