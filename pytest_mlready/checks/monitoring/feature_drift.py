"""Asks whether a change in the distribution of inputs raises an alarm."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.feature_drift",
    title="Feature drift",
    question="Does an alarm rise when the inputs change, over all features at once, without crying wolf?",
    why=(
        "Most production failures of a model begin in its inputs: a source switched off, a sensor recalibrated, a new "
        "client with other customers. Fifty features tested one by one at 5 % give a false alarm on nine of ten quiet "
        "days, and with large samples even a shift of no consequence is significant. Ignored alarms are as good as "
        "none."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: your configured detector on "
        "resamples (false alarms) and on shifted copies (power), over all features together, and the comparison of the "
        "reference with the current window. A feature alarms, and the item fails, only when the change is both real "
        "(false discovery rate ≤ 0.05 over all features) and relevant (population stability index, less what chance "
        "gives at this size, ≥ 0.25; 0.1 warns). The share of missing values and unseen categories counts as part of a "
        "feature. Too few rows to pass, or a column absent from one window, is inconclusive or an error and never a "
        "pass."
    ),
    how_to_fix=(
        "Log the features as the model saw them, not as the warehouse has them. Correct for the number of features, "
        "and demand a size as well as significance. Order alarms by importance of the feature. Give each feature an "
        "owner upstream. Plant a shift in a copy of last week and see that the alarm comes, and to whom."
    ),
    attestation=(
        "Features watched, windows, detector and thresholds, false alarms and power that were measured, features left "
        "out and why, recipients, and the last comparison."
    ),
    lifetime_days=90,
    sources=(
        "Rabanser, Günnemann, Lipton 2019, Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift",
        "Benjamini, Hochberg 1995, Controlling the False Discovery Rate",
        "Breck, Polyzotis, Roy, Whang, Zinkevich 2019, Data Validation for Machine Learning",
    ),
)
