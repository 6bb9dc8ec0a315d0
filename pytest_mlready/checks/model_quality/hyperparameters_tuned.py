"""Asks whether the deployed hyperparameters come from a search that was not made on the held-out set."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="model_quality.hyperparameters_tuned",
    title="All hyperparameters tuned",
    question="Were the hyperparameters that matter searched, and is the deployed setting the one that won?",
    why=(
        "A default learning rate or tree depth can cost more quality than the choice of algorithm, and nobody notices "
        "since the model still works. A search whose winner sits at the border of its range was stopped too early. A "
        "search that picked by the held-out set has spent that set: its figure is then too good."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the record of the search: an "
        "Optuna study, scikit-learn's `cv_results_`, MLflow runs or a CSV of trials. It passes when every "
        "hyperparameter that you declare as tunable was varied, the deployed values equal the best trial's, none of "
        "them lies on the edge of its range, and selection used data other than the held-out set. It fails when one of "
        "these is false. A record without ranges, or that does not name its validation data, is inconclusive."
    ),
    how_to_fix=(
        "List the tunables and their ranges beside the training code. Run a random or model-based search scored by "
        "cross-validation or a validation split, and save the study with the digest of its data. Widen a range whose "
        "edge wins, and search again. Let training read the winning values from the study and not from a copied file."
    ),
    attestation=(
        "The tunables and ranges, number of trials, search method, the data used for selection, the best trial and the "
        "deployed values, and why any hyperparameter was left at its default."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 3: all hyperparameters have been tuned",
        "Bergstra, Bengio 2012, Random Search for Hyper-Parameter Optimization",
        "Cawley, Talbot 2010, On Over-fitting in Model Selection and Subsequent Selection Bias",
    ),
)
