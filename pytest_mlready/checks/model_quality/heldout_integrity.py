"""Asks whether the held-out set was kept out of training and tuning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset

ITEM = Item(
    id="model_quality.heldout_integrity",
    title="Held-out set never used in training or tuning",
    question="Was the held-out set kept away from training, from preprocessing and from every choice made on the way?",
    why=(
        "Every figure of model quality rests on rows that the model has not seen. When some of them were in train, "
        "or the same customer stands on both sides, or tomorrow's rows trained a model that is tested on "
        "yesterday's, the figures look better than production will be, and each later comparison is wrong by the "
        "same amount. Nothing else in the project shows it: the model works, the report is green, and the loss comes "
        "after release."
    ),
    looks_at=(
        "Rows that stand in train and in the held-out set, by features and by features with label, after number "
        "types, -0.0, NaN and Unicode are brought together. It fails when more are shared than a random split of the "
        "same rows would share, so natural twins raise no alarm, and is inconclusive when rows are so alike that "
        "copies of half of the held-out set would not show. Group ids in both sets: none allowed, ids missing: "
        "inconclusive. Time: no row of train later than the first held-out one. Text columns: near duplicates "
        "(5-character shingles, MinHash, Jaccard 0.8, then checked exactly), judged against chance as rows are. "
        "Preprocessing: fitted statistics of scikit-learn transformers are those of train alone; fails when they are "
        "those of train and held-out data together, inconclusive when they are neither. Tuning inputs that you list: "
        "fails when one is, or names, the held-out file. Parts that are not configured are not applicable, with the "
        "setting that would switch them on. That held-out data were never used can be refuted by all this, not "
        "proved. A feature that alone separates the classes (AUC of 0.98 and more) is noted and fails nothing."
    ),
    how_to_fix=(
        "Split once, before anything is fitted, by the entity that repeats (customer, patient, document) or by time, "
        "and keep the rows' ids with the split. Drop from train what also stands in the held-out set. Fit "
        "imputation, scaling and encoding inside the pipeline, on train alone. Tune on a validation part of train or "
        "by cross-validation, never on the held-out set; when it has been used, collect a fresh one."
    ),
    attestation=(
        "Who split the data, when, by which rule and seed; where the held-out rows were stored and who could read "
        "them; how often they were used for a decision and for which; which overlap was looked for and what was "
        "found."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 4 and Model 3",
        "Kapoor, Narayanan 2023, Leakage and the Reproducibility Crisis in ML-Based Science, Patterns 4(9)",
        "Kaufman, Rosset, Perlich 2012, Leakage in Data Mining: Formulation, Detection, and Avoidance, ACM TKDD 6(4)",
        "Lee et al. 2022, Deduplicating Training Data Makes Language Models Better, ACL",
    ),
    options=(
        Option(
            name="group", type="string", default=None,
            doc="Column that says whose row it is, such as a customer's id; unset: `group` of [tool.mlready.data].",
        ),
        Option(
            name="time", type="string", default=None,
            doc="Column with the time of the event, not of its loading; unset: `time` of [tool.mlready.data].",
        ),
        Option(
            name="max_time_violations", type="integer", default=0,
            doc="Rows of train that may be later than the first held-out row.",
        ),
        Option(
            name="near_duplicate_jaccard", type="fraction", default=0.8,
            doc="Similarity of two texts, 0.5 to 1, from which they count as one; 0.8 as in Lee et al. 2022.",
        ),
        Option(
            name="tuning_inputs", type="strings", default=(),
            doc="Files, lineage records or digests (sha256, md5) of what tuning read.",
        ),
    ),
)  # fmt: skip

SETTING = '[tool.mlready.items."model_quality.heldout_integrity"]'


@pytest.mark.model_quality("heldout_integrity")
def test_heldout_rows_are_not_in_train(
    mlready: Project, mlready_evidence: Evidence, mlready_train: Dataset, mlready_heldout: Dataset
) -> None:
    """No more rows stand in both sets than a random split of the same rows would put there."""
    from pytest_mlready.quality import leakage, usage

    mlready_evidence.grade("replayed")
    mlready.progress(f"overlap of {len(mlready_train):,} train and {len(mlready_heldout):,} held-out rows")
    mlready_evidence.measure(usage.telling_features(mlready_train, mlready_heldout))
    seed = mlready.seed(f"{ITEM.id}.rows")
    verdict = leakage.exact_overlap(mlready_train, mlready_heldout, confidence=mlready.confidence, seed=seed)
    mlready.progress("")
    mlready_evidence.conclude([verdict])


@pytest.mark.model_quality("heldout_integrity")
def test_no_group_is_in_both_sets(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """No customer, patient or document has rows in train and in the held-out set."""
    name = mlready.options(ITEM.id)["group"] or mlready.settings.data.group
    if not name:
        mlready_evidence.not_applicable('no group column is set (group = "…" in [tool.mlready.data])')
    from pytest_mlready.quality import separation

    mlready_evidence.grade("replayed")
    mlready_evidence.conclude([separation.group_overlap(*_both(request, name))])


@pytest.mark.model_quality("heldout_integrity")
def test_train_ends_before_heldout_begins(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The model was not trained on rows later than those it is tested on."""
    options = mlready.options(ITEM.id)
    name = options["time"] or mlready.settings.data.time
    if not name:
        mlready_evidence.not_applicable('no time column is set (time = "…" in [tool.mlready.data])')
    from pytest_mlready.quality import separation

    mlready_evidence.grade("replayed")
    limit = options["max_time_violations"]
    mlready_evidence.conclude([separation.time_order(*_both(request, name), max_violations=limit)])


@pytest.mark.model_quality("heldout_integrity")
def test_heldout_texts_are_not_nearly_in_train(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """No more held-out texts are nearly the same as one in train than a random split would put there."""
    if not mlready.settings.data.text:
        mlready_evidence.not_applicable('no column holds free text (text = ["…"] in [tool.mlready.data])')
    from pytest_mlready.quality import leakage

    train, heldout = _sets(request)
    mlready_evidence.grade("replayed")
    verdicts = leakage.near_duplicates(
        train, heldout, mlready.settings.data.text, jaccard=mlready.options(ITEM.id)["near_duplicate_jaccard"],
        confidence=mlready.confidence, seed=mlready.seed(f"{ITEM.id}.texts"), progress=mlready.progress,
    )  # fmt: skip
    mlready.progress("")
    mlready_evidence.conclude(verdicts)


@pytest.mark.model_quality("heldout_integrity")
def test_preprocessing_was_fitted_on_train_alone(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """What scalers, imputers and encoders have learnt is what train alone teaches."""
    model = request.getfixturevalue("mlready_model")
    if model.kind != "scikit-learn":
        mlready_evidence.not_applicable(f"the model is {model.kind}: it shows no fitted preprocessing")
    from pytest_mlready.quality import preprocessing

    train, heldout = _sets(request)
    mlready_evidence.grade("replayed")
    mlready.progress(f"refitting the preprocessing on {len(train):,} rows")
    verdict = preprocessing.judge(model.estimator, train, heldout)
    mlready.progress("")
    mlready_evidence.conclude([verdict])


@pytest.mark.model_quality("heldout_integrity")
def test_tuning_did_not_read_heldout(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Nothing that the search for hyperparameters read is the held-out set."""
    entries = mlready.options(ITEM.id)["tuning_inputs"]
    if not entries:
        mlready_evidence.not_applicable(f'tuning\'s inputs are not declared (tuning_inputs = ["…"] in {SETTING})')
    from pytest_mlready.quality import usage

    heldout: Dataset = request.getfixturevalue("mlready_heldout")
    known = {heldout.sha256}
    if mlready.path(heldout.source).is_file():
        known |= usage.digests(mlready.path(heldout.source))
    mlready_evidence.grade("static")
    mlready_evidence.conclude([usage.tuning_inputs([usage.entry(e, mlready.root) for e in entries], known)])


def _sets(request: pytest.FixtureRequest) -> tuple[Dataset, Dataset]:
    return request.getfixturevalue("mlready_train"), request.getfixturevalue("mlready_heldout")


def _both(request: pytest.FixtureRequest, name: str) -> list[Any]:
    """A column of train and of the held-out set."""
    from pytest_mlready.quality import separation

    return [separation.role(data, name) for data in _sets(request)]
