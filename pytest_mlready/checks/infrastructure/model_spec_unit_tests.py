"""Asks whether quick tests show that the model code can learn, save and load."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="infrastructure.model_spec_unit_tests",
    title="Model specification code is unit tested",
    question="Do quick tests show that the model code can learn, be saved and be loaded?",
    why=(
        "Model code runs without error when a loss has the wrong sign, a layer is not connected or a label is shifted "
        "by one row; it only learns badly. Finding that after a night of training is the slow way. A few tests on a "
        "handful of rows take seconds and catch most of it."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: tests of the model code on "
        "tiny data. It passes when all of these hold: one training step gives finite values and lowers the loss; the "
        "model can overfit 16 rows; saving and restoring gives equal predictions; output shapes and types are those "
        "that serving expects. It fails when one does not. An estimator without steps, such as a closed-form fit, "
        "drops the part that it does not have. A suite of your own that tries these four, marked for this item, is "
        "evidence of the same strength."
    ),
    how_to_fix=(
        "Make the model a function of its configuration, so that a test can build a small one. Add the four tests, "
        "with a fixed seed and random or hand-made rows. Add one for each bug that reached training: masks, padding, "
        "class weights, label order. Run them on every commit, and keep them under a minute so that people do."
    ),
    attestation=(
        "Which of the four tests were run, on which commit, the results, and which model variants they cover."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 2: model specs are unit tested",
        "Karpathy 2019, A Recipe for Training Neural Networks",
        "Goodfellow, Bengio, Courville 2016, Deep Learning, chapter 11: debugging strategies",
    ),
)
