"""Asks whether gains in offline metrics have come with gains for users."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="model_quality.offline_online_correlation",
    title="Offline and online metrics correlate",
    question="When the offline metric got better, did the outcome that matters online get better too?",
    why=(
        "Teams tune for a loss or an AUC because it is cheap to measure. If it does not move with what users do, every "
        "release is effort spent on noise, and the gate in front of production guards the wrong thing. At Booking.com, "
        "gains in offline quality were found to say little about gains in business value."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a table of past experiments, "
        "one row each, with the offline difference and the online difference between the same two models, on rows that "
        "were served. It passes with at least 8 rows and a lower confidence bound of Spearman's correlation above 0. "
        "It fails when the whole interval lies at or below 0. Fewer rows or an interval across 0 are inconclusive, and "
        "the message says about how many more experiments would decide. A team that ships rarely can add deliberately "
        "worse models in small A/B tests."
    ),
    how_to_fix=(
        "Write down, for each A/B test or staged release, both differences with their sample sizes and dates. Include "
        "experiments that were not shipped, or the table shows winners only. If the two do not move together, change "
        "the offline metric: weight it by exposure, use the position or cost that users meet, evaluate on logged "
        "traffic."
    ),
    attestation=(
        "The table of experiments with dates and sizes, how the online figure was measured, the correlation with its "
        "interval, and which experiments were left out and why."
    ),
    sources=(
        "Breck et al. 2017, ML Test Score, Model 2: offline and online metrics correlate",
        "Bernardi, Mavridis, Estevez 2019, 150 Successful Machine Learning Models: 6 Lessons Learned at Booking.com",
        "Kohavi, Tang, Xu 2020, Trustworthy Online Controlled Experiments",
    ),
)
