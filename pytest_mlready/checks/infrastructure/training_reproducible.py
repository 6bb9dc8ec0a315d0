"""Asks whether training twice on the same data gives the same model."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="infrastructure.training_reproducible",
    title="Training is reproducible",
    question="Does training twice with the same data and seed give the same model?",
    why=(
        "If two trainings differ by themselves, an experiment cannot tell an improvement from luck, and a model that "
        "must be rebuilt after a data deletion or an audit cannot be. Hidden state is the usual cause: an unseeded "
        'shuffle, an order of files, a table read at "now", a library that was not pinned.'
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: two trainings through the "
        "configured entry point, in fresh processes, with the same seed and data. It passes when the artifacts are "
        "equal byte for byte, else when predictions agree within 1e-6, else when the spread of the metric is below "
        "half the margin that you use against production; which of the three it was stands in the evidence. It fails "
        "when the spread is larger. A training too long for the time limit is inconclusive; then a subset of the data "
        "or a saved record of two runs counts."
    ),
    how_to_fix=(
        "Seed every generator and pass the seed down instead of relying on global state. Pin libraries and the image. "
        'Read data by version, never "latest", and sort file lists. Ask the framework for deterministic kernels where '
        "they exist. Where some noise must remain, train several seeds and state the spread next to each metric."
    ),
    attestation=(
        "The entry point, seed, data version and environment, the two or more runs compared, the difference found in "
        "artifact, predictions and metric, and known sources of randomness."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 1: training is reproducible",
        "Pineau et al. 2021, Improving Reproducibility in Machine Learning Research",
        "Bouthillier et al. 2021, Accounting for Variance in Machine Learning Benchmarks",
    ),
)
