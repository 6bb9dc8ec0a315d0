"""Asks whether a change in the distribution of predictions raises an alarm."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.prediction_drift",
    title="Prediction drift",
    question="Does an alarm rise when the distribution of predictions changes, and stay silent when it does not?",
    why=(
        "Labels come late, sometimes never; the predictions are there at once. A share of approvals that moves from 20 "
        "% to 35 % overnight is the first sign of a broken input or a changed world. Detectors with textbook "
        "thresholds either cry every week, so that people stop reading, or were never able to see the shift that "
        "matters."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: your configured detector run "
        "on resamples of the reference window, to count false alarms, and on copies with a planted shift, to measure "
        "power; and the comparison of reference and current predictions itself. It alarms, and so fails, only when the "
        "change is both real (false discovery rate ≤ 0.05) and relevant (population stability index, less what chance "
        "gives at this size, ≥ 0.25; 0.1 warns). It passes when neither holds at a sufficient size. A sample too small "
        "to pass, missing values or an empty window are inconclusive, though a gross shift still alarms. A dashboard "
        "without an alarm is weak."
    ),
    how_to_fix=(
        "Log each prediction with time and model version. Fix a reference window from after the release, and compare "
        "equal weekdays and hours. Choose window and threshold by resampling your own history so that false alarms are "
        "rare. Route the alarm to the people who own the model, with a runbook that starts at the inputs."
    ),
    attestation=(
        "Windows and detector, threshold and how it was chosen, its false alarms and its power on a planted shift, who "
        "is notified, and the last comparison with date."
    ),
    lifetime_days=90,
    sources=(
        "Rabanser, Günnemann, Lipton 2019, Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift",
        "Gama et al. 2014, A Survey on Concept Drift Adaptation",
        "Benjamini, Hochberg 1995, Controlling the False Discovery Rate",
        "Siddiqi 2006, Credit Risk Scorecards (0.1 and 0.25 are conventions of practice)",
    ),
)
