"""Asks whether quality on served data is measured and stays above its floor."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.prediction_quality",
    title="No regression in prediction quality on served data",
    question="Is quality measured on the data that you really serve, and does it stay above its floor?",
    why=(
        "Held-out data are a picture of the past. In production the population shifts, feedback changes behaviour, and "
        "the model can decline while inputs look the same. Drift signals are only hints at this; labelled served data "
        "are the answer, late as they come."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: served predictions joined "
        "with their labels in rolling windows, overall and by slice: the metric with its interval, and calibration "
        "bias, which is the mean of the predictions less the rate observed. It passes when the lower bound is at or "
        "above the floor and the whole bias interval lies within the tolerance. It fails when the metric's estimate is "
        "below the floor, or the bias is confidently beyond the tolerance. Few or unripe labels are inconclusive. "
        "Labels that exist only for cases the model let through must be declared; the figure then holds for those."
    ),
    how_to_fix=(
        "Log predictions with id and version and join labels as they ripen. Where labels are rare, sample cases at "
        "random for review, some of them regardless of the decision. Compute metric and bias weekly by slice, and "
        "alert on both. Compare with the held-out figure at release; a gap on day one is skew rather than drift."
    ),
    attestation=(
        "Window, number of labelled predictions and how they were labelled, metric and bias with intervals overall and "
        "by slice, floors, the alert, and model version."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 7: prediction quality has not regressed",
        "Guo et al. 2017, On Calibration of Modern Neural Networks",
        "EU AI Act (Regulation (EU) 2024/1689), Article 72: post-market monitoring",
    ),
)
