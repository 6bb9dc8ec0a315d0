"""Asks whether training and serving compute the same features."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.training_serving_skew",
    title="Training and serving features compute the same values",
    question="Does the serving code compute the same feature values as the training code for the same example?",
    why=(
        "Two code paths for one feature drift apart: another time zone, another default, a rounding in SQL that Python "
        "does not do. The model then meets inputs in production that it never saw in training, while every offline "
        "figure stays good. It is among the most common and longest hidden faults in production."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: logged serving examples whose "
        "features are computed again by the training code and compared value by value. It passes with 3,000 examples "
        "and 0 mismatches, which bounds the rate of mismatching examples at about 0.1 % with 95 % confidence. It fails "
        "when mismatches show more than 0.1 %, and names the features concerned. Fewer examples, or logs without the "
        "raw input or its time, are inconclusive. Shared code for both paths is a good cause but not evidence: the "
        "data behind it may still differ."
    ),
    how_to_fix=(
        "Log raw request, computed features, time and model version for a sample of requests. Recompute as of that "
        "time, not as of now. Compare exactly for categories and integers, and with a small stated tolerance for "
        "floats. Where the two paths differ, share the code or train from the logged features. Run it daily."
    ),
    attestation=(
        "How many logged examples were compared, from which days and version, tolerance, mismatches by feature, and "
        "what was done about them."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 3: training and serving features compute the same values",
        "Zinkevich, Rules of Machine Learning, Rules 29 and 32",
    ),
)
