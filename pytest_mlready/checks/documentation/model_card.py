"""Asks whether a current model card tells users what the model is for and how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_mlready.documents.cards.numbers import Measured
    from pytest_mlready.documents.markdown import Document
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Predictions

ITEM = Item(
    id="documentation.model_card",
    title="Model card: intended use, limitations, training data, evaluation",
    question=(
        "Does a current model card tell what the model is for, where it fails, what it learned from and how good it is?"
    ),
    why=(
        "People who did not build the model will use it, and without a card they use it for what it was never tested "
        "on. A card that is copied from the last version is worse than none: its numbers are believed. Placeholders "
        "from a template pass for documentation until somebody reads them."
    ),
    looks_at=(
        "A Markdown card, which `card` names or which is found by its name (*model*card*.md). Parts: sections on "
        "intended use, limitations, training data and evaluation, by the headings of the common templates or those "
        "that `headings` gives, each with at least `min_words` words that somebody wrote; a table of figures is enough "
        "for the evaluation. A placeholder in one of them ([More Information Needed], TODO, TBD, <your text>, {{ … }}, "
        "sentences of a template) fails; optional subsections may be left open. Numbers: the figures for the model in "
        "the metadata (model-index, eval_results, metrics), in tables, and in entries such as “ROC AUC: 0.928”; in "
        "sentences only where a metric stands nowhere else. Each is held against the same metric, measured in this run "
        "on the held-out set: the measured value, rounded to the digits that are written, must give it. The confidence "
        "interval is no tolerance, since another model's figure lies inside it as well; `tolerance` is there for "
        "evaluations that are not repeatable. Figures about other data, other models, groups of rows and limits are "
        "left out. A card without any figure that could be compared fails; a figure of one digit, a table whose "
        "columns are not understood, and a model or held-out set that is not there are inconclusive. Identity: the "
        "version or the sha256 that the card gives must be the candidate's; a card that gives neither fails. The nine "
        "sections of Mitchell et al. are listed as found or missing, without a verdict."
    ),
    how_to_fix=(
        "Start from a template and fill the four parts in plain sentences: for whom, for what not, known weak groups "
        "and inputs, where the data came from and until when. Generate the evaluation table from the run instead of "
        "typing it. Put version and sha256 into the metadata at build time. Review the text with each release."
    ),
    attestation=(
        "Where the card is, its sha256, the model version it describes, who checked the numbers against which "
        "evaluation, and which parts are incomplete."
    ),
    about_model=True,
    sources=(
        "Mitchell et al. 2019, Model Cards for Model Reporting",
        "Hugging Face Hub documentation, Model Cards",
        "EU AI Act (Regulation (EU) 2024/1689), Articles 11 and 13",
    ),
    options=(
        Option(name="card", type="string", default=None, doc="The card, a Markdown file; found by its name otherwise."),
        Option(
            name="min_words", type="integer", default=20,
            doc="Words of each required part; two sentences, below which a part says nothing that could be wrong.",
        ),
        Option(
            name="headings", type="table", default={},
            doc='A heading of your own, by part: { limitations = "Grenzen" }.',
        ),
        Option(
            name="names", type="table", default={},
            doc='What the card calls a metric: { roc_auc = "Gini area" }; common names are known.',
        ),
        Option(
            name="tolerance", type="number", default=0.0,
            doc="Absolute difference accepted besides rounding, for evaluations that give another figure each time.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.documentation("model_card")
def test_the_required_parts_are_filled(mlready: Project, mlready_evidence: Evidence) -> None:
    """Intended use, limitations, training data and evaluation are written, with no placeholder left."""
    from pytest_mlready.documents.cards import parts

    card, options = _card(mlready, mlready_evidence), mlready.options(ITEM.id)
    mlready_evidence.grade("static")
    mlready_evidence.measure([parts.sections_found(card)])
    mlready_evidence.conclude(parts.judge_parts(card, headings=options["headings"], least=options["min_words"]))


@pytest.mark.documentation("model_card")
def test_the_numbers_are_those_of_this_run(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Every figure that the card states for the model is what this run measured on the held-out set."""
    from pytest_mlready.documents.cards import metric_words, numbers, stated

    card, options, settings = _card(mlready, mlready_evidence), mlready.options(ITEM.id), mlready.settings
    predictions = _predictions(mlready_evidence, request)
    mlready_evidence.grade("replayed")
    ours = tuple(word for word in (settings.system, settings.version) if word)
    labels = metric_words.Labels(settings.metrics, options["names"])
    found = stated.Reader(labels=labels, ours=ours, version=settings.version).stated(card)
    measured = _measured(mlready, predictions, dict.fromkeys(one.metric for one in found))
    if left := sorted({one.metric for one in found} - set(measured)):
        mlready_evidence.record("figures not compared", ", ".join(left), note="no metric of this task")
    if missing := sorted(set(settings.metrics) - {one.metric for one in found}):
        mlready_evidence.record("metrics of the settings that the card does not give", ", ".join(missing))
    verdicts = numbers.judge(found, measured, tolerance=options["tolerance"], path=card.path)
    mlready_evidence.conclude(verdicts)


@pytest.mark.documentation("model_card")
def test_the_card_is_about_this_model(mlready: Project, mlready_evidence: Evidence) -> None:
    """The version or digest that the card gives is the candidate's."""
    from pytest_mlready.documents.cards import identity

    card = _card(mlready, mlready_evidence)
    mlready_evidence.grade("static")
    verdict = identity.judge(card, sha256=mlready.digests.model, version=mlready.settings.version)
    mlready_evidence.conclude([verdict])


def _card(mlready: Project, evidence: Evidence) -> Document:
    """The card that the settings name, else the only one that was found."""
    from pytest_mlready.documents import markdown

    named, found = mlready.options(ITEM.id)["card"], mlready.discovered.model_cards
    if named is None and not found:
        evidence.unverified("no model card was found", fix=f'{SETTING} card = "docs/model-card.md"')
    if named is None and len(found) > 1:
        listed = ", ".join(map(str, found[:5]))
        evidence.inconclusive(
            f"{len(found)} model cards were found ({listed}), and which is this model's is not configured. "
            f'Next step: {SETTING} card = "{found[0]}"'
        )
    shown = named or found[0].as_posix()
    return markdown.read(mlready.file(shown, "the model card"), shown=shown, setting="card")


def _predictions(evidence: Evidence, request: pytest.FixtureRequest) -> Predictions:
    """The candidate's answers; where there are none, the card is there and cannot be compared."""
    from pytest_mlready.errors import Unverified

    try:
        predictions: Predictions = request.getfixturevalue("mlready_predictions")
    except Unverified as missing:
        evidence.inconclusive(f"the card's figures cannot be compared: {missing}")
    return predictions


def _measured(mlready: Project, predictions: Predictions, names: Iterable[str]) -> dict[str, Measured]:
    """What this run measures of the metrics that the card states; those that are none of this task are left out."""
    from pytest_mlready.artifacts import named
    from pytest_mlready.documents.cards.numbers import Measured
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality import metrics

    found = {}
    for name in names:
        table = mlready.settings.metrics.get(name)
        function = None if table is None else table.function
        try:
            call = function and named.object_named(function, mlready.root, error=ReadinessError)
            metric = metrics.resolve(name, predictions.task, function=call)
        except ReadinessError:
            if table is not None:  # agreed with the team: its mistake is to be told
                raise
            continue
        confidence = 0.0 if table is None else mlready.confidence  # an interval only where somebody looks at it
        seed = mlready.seed(f"model_quality.metric_thresholds.{name}")
        told = metrics.measure(metric, predictions, confidence=confidence, seed=seed)
        found[name] = Measured(value=told.value, lower=told.lower, upper=told.upper, n=told.n, reason=told.reason)
    return found
