"""Asks whether quick tests show that the model code can learn, save and load."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import trained

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset, Model, Predictions

ASKED = 64  # rows that a model is asked for where only the form of its answers matters

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
        "Small trainings through [tool.mlready.entry_points] train, judged by what the saved artifact answers after it "
        "was loaded. Steps: trained on 500 rows with steps = 1 and 10, the answers are finite and the loss on these "
        "rows (log loss, share of wrong labels, or mean squared error) falls by 1 % at least; a training that does not "
        "take steps is inconclusive, and not applicable where no_steps says why it has none. By heart: trained "
        "on 16 distinct rows alone, classes in turn, each 32 times over (so that leaves, batches and folds find "
        "enough), at most 5 % of them are answered wrongly, or of their variance left unexplained; rows that the "
        "inputs cannot tell apart are left out; not applicable where cannot_overfit says why, as for a linear model on "
        "few features. Save and restore: the artifact loaded twice, and in a fresh process with another hash seed, "
        "answers the same. Form: a prediction a row, labels of the training rows, probabilities of shape (n, classes) "
        "that add up to 1, each column higher on its class's own rows (three standard errors the other way fail). "
        "Batch: each row gets the same answer again, in reverse order, in half the batch and alone, within 1e-6. All "
        "five are asked for. The numbers 500, 10, 1 %, 16, 32 and 5 % are conventions of ours. What training had in "
        "memory before it saved is not seen: a save that forgets a part shows as a model that has not learnt."
    ),
    how_to_fix=(
        "Let train take steps (epochs, trees, iterations) and hand them to the model; make the model a function of its "
        "configuration, so that a small one can be built. Add a test for each bug that reached training: masks, "
        "padding, class weights, label order. Run them on every commit. Falls too little: raise steps. Cannot be "
        "overfitted by design: say so in cannot_overfit."
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
    options=(
        Option(name="rows", type="integer", default=500, doc="Training rows drawn for the small trainings."),
        Option(name="steps", type="integer", default=10, doc="Steps after which the loss must be lower; at least 2."),
        Option(name="fall", type="fraction", default=0.01, doc="Share of the loss after one step that must be gone."),
        Option(name="no_steps", type="string", default=None, doc="Why training has no steps, such as a closed form."),
        Option(
            name="overfit_rows", type="integer", default=16,
            doc="Distinct rows to learn by heart; the number is that of CATALOG.md, a convention.",
        ),
        Option(name="overfit_repeats", type="integer", default=32, doc="How often each of them is given."),
        Option(
            name="overfit_limit", type="fraction", default=0.05,
            doc="Largest share of these rows answered wrongly (with 16 rows: none), or of their variance unexplained.",
        ),
        Option(
            name="cannot_overfit", type="string", default=None,
            doc="Why the model cannot learn rows by heart, such as strong regularisation or few parameters.",
        ),
        trained.LOAD,
    ),
)  # fmt: skip


@pytest.mark.infrastructure("model_spec_unit_tests")
def test_steps_lower_the_loss(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """One step gives finite answers, and more of them a lower loss on the rows trained on."""
    from pytest_mlready.errors import DataError
    from pytest_mlready.quality.training import learning

    rows, options = _rows(mlready, mlready_evidence, request), mlready.options(ITEM.id)
    if options["no_steps"]:
        mlready_evidence.not_applicable(f"training has no steps: {options['no_steps']}")
    if options["steps"] < 2:
        raise DataError(f"steps = {options['steps']}", expected="2 or more, to compare with one")
    first, later = (
        _predictions(mlready, _trained(mlready, request, rows, steps)[1], rows, f"after {steps} steps")
        for steps in (1, options["steps"])
    )
    mlready_evidence.conclude([learning.judge_fall(first, later, steps=options["steps"], least=options["fall"])])


@pytest.mark.infrastructure("model_spec_unit_tests")
def test_a_few_rows_are_learnt_by_heart(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Trained on a few rows alone, the model answers them rightly."""
    from pytest_mlready.quality.training import few_rows, learning

    rows, options = _rows(mlready, mlready_evidence, request), mlready.options(ITEM.id)
    if options["cannot_overfit"]:
        mlready_evidence.not_applicable(f"the model cannot learn rows by heart: {options['cannot_overfit']}")
    train: Dataset = request.getfixturevalue("mlready_train")
    seed = mlready.seed(f"{ITEM.id}.few")
    few = few_rows.few(train, options["overfit_rows"], classes=_classification(mlready, train), seed=seed)
    given = dataclasses.replace(rows, frame=few_rows.repeated(few, options["overfit_repeats"]))
    _, model = _trained(mlready, request, given, None, key="overfit")
    rows = dataclasses.replace(rows, frame=few)
    answers = _predictions(mlready, model, rows, "trained on a few rows")
    names = [name for name in model.feature_names or rows.features if name in few.columns]
    verdict = learning.judge_overfit(answers, few.select(names or rows.features), limit=options["overfit_limit"])
    mlready_evidence.conclude([verdict])


@pytest.mark.infrastructure("model_spec_unit_tests")
def test_a_saved_model_answers_the_same_wherever_it_is_loaded(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Loaded twice, and in a process of its own, the artifact gives the same answers."""
    from pytest_mlready.errors import Failed, ModelError
    from pytest_mlready.quality import answers
    from pytest_mlready.quality.training import afresh, independence

    rows = _rows(mlready, mlready_evidence, request)
    path, model = _small(mlready, request, rows)
    load = mlready.options(ITEM.id)["load"]
    X = rows.X.head(ASKED)
    expected = answers.usable(model, X, what="training rows")
    again = answers.ask(trained.load(mlready, path, load), X)
    arguments = [str(path), str(mlready.root), load, trained.reading(mlready)]
    try:
        elsewhere = afresh.ask("pytest_mlready.checks.trained:opened", arguments, X, folder=mlready.root)
    except ModelError as error:
        raise Failed(str(error)) from None
    places = {"loaded a second time": again, "loaded in a fresh process": elsewhere}
    mlready_evidence.conclude(independence.restored(expected, places))


@pytest.mark.infrastructure("model_spec_unit_tests")
def test_answers_have_the_form_that_serving_expects(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """A prediction a row, known labels, and probabilities in the order of the classes that add up to 1."""
    from pytest_mlready.quality import answers
    from pytest_mlready.quality.training import answer_form

    rows = _rows(mlready, mlready_evidence, request)
    _, model = _small(mlready, request, rows)
    answer = answers.ask(model, rows.X)
    classification = _classification(mlready, rows)
    mlready_evidence.conclude([answer_form.judge(answer, rows.y, model.classes, classification=classification)])


@pytest.mark.infrastructure("model_spec_unit_tests")
def test_an_answer_does_not_depend_on_the_batch(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Each row gets the same answer again, in another order, in a smaller batch, and alone."""
    from pytest_mlready.quality.training import independence

    rows = _rows(mlready, mlready_evidence, request)
    _, model = _small(mlready, request, rows)
    mlready_evidence.conclude(independence.judge(model, rows.X.head(ASKED)))


def _rows(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> Dataset:
    """The training rows of the small trainings."""
    from pytest_mlready.quality.training import control
    from pytest_mlready.team import entry_points

    entry_points.named(mlready, "train")
    evidence.grade("replayed")
    train: Dataset = request.getfixturevalue("mlready_train")
    drawn = control.drawn(train.frame, mlready.options(ITEM.id)["rows"], seed=mlready.seed(f"{ITEM.id}.rows"))
    return dataclasses.replace(train, frame=drawn)


def _trained(
    mlready: Project, request: pytest.FixtureRequest, rows: Dataset, steps: int | None, key: str = "small"
) -> tuple[Path, Model]:
    made = trained.once(
        mlready,
        request.config,
        rows.frame,
        seed=trained.seed(mlready, ITEM.id),
        key=(ITEM.id, key, steps),
        steps=steps,
        what=f"training on {len(rows):,} rows" + (f", {steps} steps" if steps else ""),
    )
    return made.path, trained.load(mlready, made.path, mlready.options(ITEM.id)["load"])


def _small(mlready: Project, request: pytest.FixtureRequest, rows: Dataset) -> tuple[Path, Model]:
    """The model after a few steps; after all of them where training has none."""
    from pytest_mlready.errors import Inconclusive

    options = mlready.options(ITEM.id)
    if not options["no_steps"]:
        try:
            return _trained(mlready, request, rows, options["steps"])
        except Inconclusive:  # train does not take steps, which the first test says
            pass
    return _trained(mlready, request, rows, None)


def _predictions(mlready: Project, model: Model, rows: Dataset, when: str) -> Predictions:
    """Answers to the rows trained on; what cannot be used there is the model code's failure, not the data's."""
    from pytest_mlready.errors import DataError, Failed, ModelError
    from pytest_mlready.quality import predictions

    try:
        return predictions.predict(model, rows, task=mlready.settings.task, positive=mlready.settings.data.positive)
    except (ModelError, DataError) as error:
        raise Failed(f"The model {when}, asked for its own training rows: {error}") from None


def _classification(mlready: Project, rows: Dataset) -> bool:
    from pytest_mlready.quality import predictions

    task = mlready.settings.task or predictions.infer_task(rows.y)
    return task.endswith("classification")
