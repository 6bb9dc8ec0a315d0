"""Asks whether the team's own gate stops a bad model and lets a good one through."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="infrastructure.quality_gate_blocks_bad_models",
    title="Model quality is validated before serving",
    question="Does your own gate stop a bad model and let a good one through?",
    why=(
        "A gate that was never seen to refuse anything may not be able to. Typical causes are a threshold compared the "
        "wrong way round, a step whose exit status is ignored, or a metric computed on the training set. It blesses "
        "each release until the first broken model, and then that one too."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: your gate itself, run as the "
        "configured command in a child process. It passes when the gate vetoes a sabotaged model (labels shuffled "
        "before training, or weights noised) and blesses the present good one; both answers are needed. It fails when "
        "the bad model gets through or the good one is stopped. A gate that ends by a crash or the time limit is "
        "inconclusive, because a crash is not a judgement. A recorded drill with the two runs is the weaker form; a "
        "threshold in a configuration file says nothing."
    ),
    how_to_fix=(
        "Put the gate behind one command that takes a model path and answers by exit status. Let it compare with fixed "
        "thresholds and with the production model, on held-out data that training never reads. Keep one sabotaged "
        "model as a test asset. Run the gate on it in CI, and treat a pass as a broken build."
    ),
    attestation=(
        "The gate's command, the sabotage tried, its answer to the bad and to the good model, where the veto stops the "
        "release, date and who ran it."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 4: model quality is validated before serving",
        "Zinkevich, Rules of Machine Learning, Rule 9: detect problems before exporting models",
    ),
)
