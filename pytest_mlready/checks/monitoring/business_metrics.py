"""Asks whether each model version can be tied to its effect on the business."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.business_metrics",
    title="Business metrics linked to the model",
    question="Can you tell what each model version does to the outcome that it was built for?",
    why=(
        "Every technical signal can be green while the model hurts: it recommends what sells once and returns, or "
        "blocks good customers who never complain. If predictions cannot be joined with what happened afterwards, "
        "nobody learns this until a quarterly figure drops, and then nobody can say which release did it."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a table or query that joins "
        "logged predictions with outcomes by id and carries the model version. It passes when at least 95 % of "
        "predictions that are old enough to have an outcome are joined, the newest joined outcome is at most 24 h old, "
        "and an alert on the outcome figure exists. It fails when coverage or freshness falls short, or there is no "
        "alert. Too few mature predictions to estimate the coverage is inconclusive. A dashboard that shows the figure "
        "without the model version is weak evidence."
    ),
    how_to_fix=(
        "Give each prediction an id and log it with time, version and decision. Carry that id through to the place "
        "where the outcome is recorded. State how long an outcome takes to mature. Compute the figure per version, "
        "with a holdout or an A/B split where you can, and alert when it leaves its usual range."
    ),
    attestation=(
        "The business figure and its owner, how predictions and outcomes are joined, coverage and freshness with date, "
        "the figure by version, and the alert."
    ),
    sources=(
        "Kohavi, Tang, Xu 2020, Trustworthy Online Controlled Experiments",
        "Bernardi, Mavridis, Estevez 2019, 150 Successful Machine Learning Models: 6 Lessons Learned at Booking.com",
        "ISO/IEC 42001:2023, clause 9: performance evaluation",
    ),
)
