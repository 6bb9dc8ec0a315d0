"""Asks whether weights and predictions stay finite and a NaN would be noticed."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.numerical_stability",
    title="The model is numerically stable",
    question="Are weights and predictions finite even on extreme inputs, and would a NaN in production be noticed?",
    why=(
        "A single NaN spreads through averages and weights and can empty a ranking or block a payment without an "
        "error. Comparisons with NaN are false, so a threshold alert stays silent exactly then. Reduced precision and "
        "quantisation make overflow likelier at values that training never had."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the model executed on an edge "
        "set (extreme, tiny, empty and missing values inside the contract) with its weights read, and a counter of "
        "non-finite predictions in the running service whose alert is made to fire. It passes with 0 non-finite "
        "weights and predictions and an alert that fires on a synthetic NaN and stays silent otherwise. One non-finite "
        "value fails, with the input that caused it. Weights in a format that cannot be read, or no counter to test, "
        "are inconclusive."
    ),
    how_to_fix=(
        "Assert finiteness at export and after loading. Clip or transform inputs with long tails, add a small constant "
        "to divisors, compute logits in a stable form. Watch gradients and the share of dead units while training. In "
        "serving, replace a non-finite score by a fallback, count it, and write the alert so that NaN itself triggers "
        "it."
    ),
    attestation=(
        "Which weights and inputs were examined and how, non-finite values found, the counter and its alert, when it "
        "was made to fire, and model digest."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 5: the model is numerically stable",
        "Goldberg 1991, What Every Computer Scientist Should Know About Floating-Point Arithmetic",
        "Higham 2002, Accuracy and Stability of Numerical Algorithms",
    ),
)
