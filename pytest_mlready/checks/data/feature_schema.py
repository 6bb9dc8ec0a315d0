"""Asks whether a schema states what every input may look like and rejects what breaks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    import polars as pl

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.features.schema.expectations import Schema
    from pytest_mlready.features.schema.trial import Trial
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset

TRIAL = pytest.StashKey["Trial"]()

ITEM = Item(
    id="data.feature_schema",
    title="Feature expectations are in a schema",
    question="Does a schema state what each input may look like, and does it reject data that breaks it?",
    why=(
        "Upstream teams change units, codes and null conventions without a word, and a model answers anyway. A schema "
        "turns such a change into an error at the door. A schema that was generated once and accepts everything gives "
        "the same green light as none."
    ),
    looks_at=(
        "The schema that `schema` names: a JSON Schema of rows as objects, one within an OpenAPI document "
        '("openapi.json#/components/schemas/Instance"), a suite of Great Expectations, a schema of TensorFlow Data '
        "Validation (JSON or text proto), pandera's YAML; or by its import path (package.module:name) a pandera "
        "schema, a pydantic model, or a function of (frame) that raises or returns a list of violations. Four things. "
        "Coverage: it states something about every input of the model (every feature, where there is no model); a "
        "function covers an input when it rejects damage to it. Training data: the share of rows that it refuses is "
        "at most `tolerance`. Damaged copies: a batch of `rows` training rows is damaged in one way at a time, for "
        "every input that can have the fault: numbers beyond their range by twice its width, nulls where the training "
        "data have none, an unknown category (each in one row of ten), another type, a unit changed by a factor of "
        "100, two inputs of a kind swapped. A change of unit or a swap counts only when at least 1 % of the rows then "
        "look unlike all training data, an unknown category only where unknown ones are rare (Good's estimate of at "
        "most 0.1 %). At least `min_rejected` of all mutants must be rejected; the report has the share by kind. "
        "Healthy data: the held-out rows, untouched, are accepted, since a schema that rejects everything would catch "
        "every mutant. It fails when one of these does not hold. It is inconclusive with fewer than 100 training "
        "rows, without held-out data, when no mutant is possible, and when what is not understood in the schema might "
        "change the answer: such a construct is never taken for satisfied. An empty cell is null, and so is NaN; a "
        "property that the schema does not require may be left out, so that its nulls are accepted. Columns that are "
        "no inputs are looked at only where the schema names them; a function is given every column. All of these "
        "figures are conventions."
        " Fewer than 30 mutants drawn of more that are possible are inconclusive."
    ),
    how_to_fix=(
        "Infer a first schema from the training data, then tighten it by hand with somebody who knows the field: "
        "range, unit, allowed categories, whether null is allowed, expected share of nulls. Name it: schema = "
        '"schema.json". Run it in training and in front of the model in serving. For each mutant that was accepted, '
        "add the rule that was missing; where healthy rows are refused, widen the rule that refuses them."
    ),
    attestation=(
        "Where the schema stands, which inputs it covers, who reviewed the ranges and when, where it is enforced, and "
        "which damaged data were tried against it with the result."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Data 1: feature expectations are captured in a schema",
        "Breck, Polyzotis, Roy, Whang, Zinkevich 2019, Data Validation for Machine Learning",
        "Schelter et al. 2018, Automating Large-Scale Data Quality Verification",
        "JSON Schema: Validation, draft 2020-12; RFC 6901 (JSON Pointer)",
        "Good 1953, The Population Frequencies of Species, Biometrika 40 (chance of a value never met)",
    ),
    options=(
        Option(
            name="schema", type="string", default=None,
            doc='File (.json .yaml .yml .pbtxt), perhaps with # and a JSON pointer, or "module:object".',
        ),
        Option(
            name="min_rejected", type="fraction", default=0.9,
            doc="Share of mutants that must be rejected; a convention.",
        ),
        Option(
            name="tolerance", type="fraction", default=0.0,
            doc="Share of rows that may be refused in a batch that counts as accepted, healthy or damaged.",
        ),
        Option(name="rows", type="integer", default=1000, doc="Rows of the training batch that is damaged."),
        Option(
            name="beyond", type="number", default=2.0,
            doc="How far out of range the range mutants lie, in widths of the training range; a convention.",
        ),
        Option(name="mutants", type="integer", default=1000, doc="Mutants at most; of more, as many are drawn."),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
FEWEST = 100  # training rows from which ranges and categories can be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The schema, and what it is held against.

    Attributes:
        schema: Of any form.
        inputs: The model's inputs, by the names of the data's columns.
        train: The training data.
    """

    schema: Schema
    inputs: tuple[str, ...]
    train: Dataset

    def rows(self, dataset: Dataset) -> pl.DataFrame:
        """The inputs, and the columns that the schema names besides, in the order of the data.

        Raises:
            DataError: The data lack an input.
        """
        from pytest_mlready.artifacts import frames

        frames.given(dataset.frame.clear(), names=self.inputs, kind="polars")
        return dataset.frame.select(
            name for name in dataset.frame.columns if name in self.inputs or self.schema.names(name)
        )


@pytest.mark.data("feature_schema")
def test_every_input_is_in_the_schema(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The schema states something about every input of the model."""
    from pytest_mlready.features.schema import verdicts

    subject = _subject(mlready, mlready_evidence, request)
    mlready_evidence.grade("replayed")
    mlready_evidence.record("schema", mlready.options(ITEM.id)["schema"], note=subject.schema.form)
    verdict = verdicts.coverage(subject.schema, subject.inputs)
    if verdict is None:
        verdict = verdicts.coverage_by_trial(_trial(mlready, subject, request), subject.inputs)
    mlready_evidence.conclude([verdict])


@pytest.mark.data("feature_schema")
def test_the_training_data_conform(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The schema accepts the data that the model was trained on."""
    subject = _subject(mlready, mlready_evidence, request)
    _accepts(mlready, mlready_evidence, subject, subject.train, "training")


@pytest.mark.data("feature_schema")
def test_damaged_copies_are_rejected(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The schema rejects copies of a training batch with one fault each."""
    from pytest_mlready.features.schema import verdicts

    subject = _subject(mlready, mlready_evidence, request)
    trial = _trial(mlready, subject, request)
    mlready_evidence.grade("replayed")
    least = mlready.options(ITEM.id)["min_rejected"]
    if trial.tried:
        data = {**verdicts.picture(trial), "limits": {"all kinds together": least}}
        mlready_evidence.plot("bars", title="Damaged copies that were rejected, by kind", data=data)
    unread = verdicts.unread_of(subject.schema, subject.inputs)
    mlready_evidence.conclude([verdicts.damaged(trial, least=least, unread=unread)])


@pytest.mark.data("feature_schema")
def test_untouched_heldout_data_are_accepted(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The schema accepts healthy data that it was not written from."""
    subject = _subject(mlready, mlready_evidence, request)
    heldout = _data(request, mlready_evidence, "heldout")
    _accepts(mlready, mlready_evidence, subject, heldout, "untouched held-out")


def _accepts(mlready: Project, evidence: Evidence, subject: Subject, dataset: Dataset, what: str) -> None:
    from pytest_mlready.features.schema import verdicts

    mlready.progress(f"schema: {what} rows")
    checked = subject.schema.check(subject.rows(dataset))
    mlready.progress("")
    evidence.grade("replayed")
    unread = verdicts.unread_of(subject.schema, subject.inputs)
    tolerance = mlready.options(ITEM.id)["tolerance"]
    evidence.conclude([verdicts.healthy(checked, what=what, tolerance=tolerance, unread=unread)])


def _trial(mlready: Project, subject: Subject, request: pytest.FixtureRequest) -> Trial:
    """Made once a session: two tests look at it."""
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.features.schema import mutants, seen, trial

    if TRIAL in request.config.stash:
        return request.config.stash[TRIAL]
    options, rows = mlready.options(ITEM.id), subject.rows(subject.train)
    batch = rows.sample(min(options["rows"], rows.height), seed=mlready.seed(ITEM.id))
    if batch.height < FEWEST:
        raise Inconclusive(
            f"there are {batch.height} training rows to damage: too few to tell ranges and categories",
            expected=f"at least {FEWEST}",
        )
    looks = seen.look(rows, subject.inputs)
    made, possible = mutants.make(
        batch, looks, beyond=options["beyond"], most=options["mutants"], seed=mlready.seed(f"{ITEM.id}.mutants")
    )
    found = trial.run(
        subject.schema, batch, made, possible=possible, tolerance=options["tolerance"], progress=mlready.progress
    )
    request.config.stash[TRIAL] = found
    return found


def _subject(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> Subject:
    from pytest_mlready.checks import schemas

    source = mlready.options(ITEM.id)["schema"]
    if source is None:
        found = schemas.found(mlready, request)
        line = f'{SETTING} schema = "{found or "schema.json"}"'
        evidence.unverified("no schema is configured" + (f" (found {found})" if found else ""), fix=line)
    train = _data(request, evidence, "train")
    inputs = _inputs(request, train)
    return Subject(schema=schemas.opened(mlready, source, inputs), inputs=inputs, train=train)


def _data(request: pytest.FixtureRequest, evidence: Evidence, name: str) -> Dataset:
    """A data set; with a schema at hand its absence leaves the question open."""
    from pytest_mlready.errors import Unverified

    try:
        dataset: Dataset = request.getfixturevalue(f"mlready_{name}")
    except Unverified as missing:
        evidence.inconclusive(f"{missing.found}: there is nothing to hold the schema against. Next step: {missing.fix}")
    return dataset


def _inputs(request: pytest.FixtureRequest, train: Dataset) -> tuple[str, ...]:
    """What the model takes, by the names of the data's columns; without a model, every feature."""
    from pytest_mlready.artifacts import frames
    from pytest_mlready.errors import Unverified

    try:
        model = request.getfixturevalue("mlready_model")
    except Unverified:
        return train.features
    loose = getattr(model, "loose_names", False)
    return tuple(frames.given(train.X.clear(), names=model.feature_names, kind="polars", loose=loose).columns)
