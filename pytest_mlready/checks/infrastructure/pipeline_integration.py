"""Asks whether one command carries raw data through to a served prediction."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="infrastructure.pipeline_integration",
    title="Full ML pipeline is integration tested",
    question="Does one command carry raw data through features and training to a served prediction?",
    why=(
        "Each stage has its owner and its tests, and the failures live between them: a renamed column, another default "
        "for a missing value, a vocabulary that serving does not have. Such a break is found by the nightly run at "
        "best and by users at worst. One small run over the whole chain finds it with the commit that caused it."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a command of yours that runs "
        "raw data, features, training, export and one prediction through the real serving code, on a subset and within "
        "a time limit. It passes when the command ends with status 0 and the prediction is well-formed and finite. It "
        "fails otherwise, with the last lines of the stage that broke. Hitting the time limit, or a command that skips "
        "the serving step, is inconclusive. A record of the same run from CI counts when it names the commit under "
        "test."
    ),
    how_to_fix=(
        "Make each stage callable with a data location and a size. Keep a small raw sample in the repository, or make "
        "a synthetic one from the schema. Write one script that calls the stages in order and sends a request to a "
        "locally started service. Run it on each merge, and the full version every night."
    ),
    attestation=(
        "The command, the stages that it covers, data used, the prediction at the end, commit, date, and what is "
        "simulated instead of run."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 3: the full ML pipeline is integration tested",
        "Baylor et al. 2017, TFX: A TensorFlow-Based Production-Scale Machine Learning Platform",
        "Zinkevich, Rules of Machine Learning, Rule 5: test the infrastructure independently from the machine learning",
    ),
)
