"""Asks whether one prediction can be followed step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    import polars as pl

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.explanation import Explanation
    from pytest_mlready.quality.recomposition import Asked
    from pytest_mlready.values import Dataset, Model, Verdict

FEWEST = 3  # examples that a verdict needs

ITEM = Item(
    id="infrastructure.debuggable",
    title="Single examples can be debugged step by step",
    question="Can somebody follow one example step by step from raw input to prediction?",
    why=(
        "A complaint is always about one case. If nobody can show which value each feature had and what each stage "
        "made of it, the answer to a customer or a regulator is a shrug, and a bug in preprocessing stays hidden "
        "behind a plausible score. Such a tool built in the middle of an incident comes too late."
    ),
    looks_at=(
        "The function [tool.mlready.entry_points] explain, called for 5 held-out examples from the lowest to the "
        'highest predicted score, each in a fresh process: {"baseline": number, "contributions": {name: number}, '
        '"link": "identity" | "logit" | "softmax" | "log"}; with several classes each number is a table by class, or a '
        'list in the order of the classes, and "class" names another class than positive. It passes when baseline plus '
        "contributions, through the link, are within 1e-6 (relative beyond 1) of the candidate's own output for that "
        "example, its probability or its value; when at least two contributions vary independently over the examples, "
        "since one number that is the prediction, or is shared out by fixed parts, recomposes to anything; and when "
        "each name holds that of an input or is declared in stages. It fails when one of these does not hold, or when "
        "the function raises on some of the examples; when it raises on all, that is an error. Fewer than 3 examples, "
        "and a model that gives neither probabilities nor numbers, are inconclusive. Whether the parts are the right "
        "ones is not told by their sum: additive methods such as SHAP recompose by design."
    ),
    how_to_fix=(
        "Write the function beside the model code and let it call the same stages as serving; name it under "
        "[tool.mlready.entry_points] as explain. Return names with the "
        "values, not bare arrays. Offer it as a command and, behind authorisation, as an endpoint. Try it on three "
        "recent complaints. For networks, return the named layers' outputs and check that the last ones give the "
        "score."
    ),
    attestation=(
        "How one example is traced, by whom and with which tool, an example trace with its recomposed prediction, and "
        "which stages cannot be seen."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 5: the model is debuggable",
        "Lundberg, Lee 2017, A Unified Approach to Interpreting Model Predictions",
    ),
    options=(
        Option(name="examples", type="integer", default=5, doc="Held-out examples that are explained; at least 3."),
        Option(name="tolerance", type="number", default=1e-6, doc="Largest difference from the model's own output."),
        Option(
            name="stages", type="strings", default=(), doc='Names of contributions that are no input, such as "tree *".'
        ),
    ),
)  # fmt: skip


@pytest.mark.infrastructure("debuggable")
def test_explanations_recompose_to_the_prediction(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """On several examples the parts give the candidate's own prediction, and they are parts worth the name."""
    from pytest_mlready.errors import DataError
    from pytest_mlready.quality import recomposition
    from pytest_mlready.team import entry_points

    entry_points.named(mlready, "explain")
    mlready_evidence.grade("replayed")
    options = mlready.options(ITEM.id)
    if options["examples"] < FEWEST:
        raise DataError(f"examples = {options['examples']}", expected=f"{FEWEST} or more")
    model: Model = request.getfixturevalue("mlready_model")
    heldout: Dataset = request.getfixturevalue("mlready_heldout")
    chosen, asked = _chosen(mlready, model, heldout.X, options["examples"])
    if chosen.height < FEWEST:
        mlready_evidence.inconclusive(f"there are {chosen.height} held-out examples; {FEWEST} are needed")
    explained = _explained(mlready, model, chosen)
    verdicts = [recomposition.judge_sums(explained, asked, tolerance=options["tolerance"])]
    mlready_evidence.conclude([*verdicts, *_worth_the_name(mlready, model, explained, heldout.features)])


def _chosen(mlready: Project, model: Model, X: pl.DataFrame, count: int) -> tuple[pl.DataFrame, Asked]:
    """Examples that differ in their score, and what the candidate answers to them."""
    from pytest_mlready.errors import DataError, Inconclusive
    from pytest_mlready.quality import answers, class_names, recomposition

    answer = answers.usable(model, X, what="held-out rows")
    if model.classes is not None and answer.proba is None:
        raise Inconclusive(
            "the candidate gives labels and no probabilities: there is nothing that parts could add up to"
        )
    positive = None if model.classes is None else class_names.positive_of(model.classes, _positive(mlready, model))
    try:
        rows = recomposition.spread(answers.scores(answer, model, positive), count)
    except DataError as error:  # texts
        raise Inconclusive(f"nothing adds up to what the candidate answers: {error.found}") from None
    return X[rows], recomposition.Asked(answer=answer.rows(rows), classes=model.classes, positive=positive)


def _positive(mlready: Project, model: Model) -> Any:
    """The positive class of the settings where the model has it by that name."""
    chosen = mlready.settings.data.positive
    return chosen if chosen is not None and str(chosen) in map(str, model.classes or ()) else None


def _explained(mlready: Project, model: Model, rows: pl.DataFrame) -> list[Explanation | str]:
    """An explanation for each example, or why there is none; raises where none of them has one."""
    import json
    from pathlib import Path

    from pytest_mlready.quality import explanation
    from pytest_mlready.team import entry_points
    from pytest_mlready.team.running import TeamCodeError

    found: list[Explanation | str] = []
    path = None if model.path is None else Path(model.path)
    for example in json.loads(rows.write_json()):
        try:
            given = entry_points.explain(mlready, example, model=path)
            found.append(explanation.read(given, model.classes))
        except explanation.ExplanationError as error:
            found.append(str(error))
        except TeamCodeError as error:
            found.append(f"explain raised or returned nothing usable: {error.found}")
            if len(found) == rows.height and all(isinstance(one, str) for one in found):
                raise
    return found


def _worth_the_name(
    mlready: Project, model: Model, explained: list[Explanation | str], features: tuple[str, ...]
) -> list[Verdict]:
    from pytest_mlready.quality import recomposition

    told = [one for one in explained if not isinstance(one, str)]
    if len(told) < FEWEST or len({one.baseline.size for one in told}) > 1:
        return []  # too few to compare, and reason enough to fail
    inputs = model.feature_names or features
    return [
        recomposition.judge_content(told, inputs=len(model.feature_names) if model.feature_names else None),
        recomposition.judge_names(told, inputs=inputs, stages=mlready.options(ITEM.id)["stages"]),
    ]
