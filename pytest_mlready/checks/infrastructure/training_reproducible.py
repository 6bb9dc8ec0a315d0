"""Asks whether training twice on the same data gives the same model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import trained

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.training.retraining import Limits, Reproduction
    from pytest_mlready.values import Dataset, Model, Predictions, Verdict

MOST = 3  # findings on what differs, in a message

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
        "Trainings through [tool.mlready.entry_points] train, in fresh processes, with the same seed and rows. It "
        "passes when the artifacts are equal byte for byte, else when predictions on the held-out rows agree within "
        "1e-6 (relative beyond 1), else when each metric lies apart by at most half the margin used against production "
        "(that metric's, or one point of a rate, 1 % of an error); it fails when one lies further apart. Which of the "
        "three it was stands in the evidence, and what differs: members, fields and times of an archive, parameters of "
        "the model. Two runs say little about a spread; runs asks for more. A control, without which equal files would "
        "prove nothing: trained on shuffled labels (or on half of the rows) the predictions must differ, else it "
        "fails, since a training that writes a file made before is reproducible too. A control that training refuses "
        "is inconclusive. Whether training gives the candidate again is recorded, and gated with equals_candidate. "
        "Processes run on one machine, one after another, and share PYTHONHASHSEED where the environment sets it: "
        "other machines, threads and days are not tried. With rows, a sample is trained on, and what only happens with "
        "all rows is not seen. Training that fails or exceeds time_limit is an error."
    ),
    how_to_fix=(
        "Seed every generator and pass the seed down instead of relying on global state. Pin libraries and the image. "
        'Read data by version, never "latest", and sort file lists. Ask the framework for deterministic kernels where '
        "they exist. Write archives in a fixed form: skops.io.dump and zip files hold times and addresses. Where some "
        "noise must remain, train several seeds and state the spread next to each metric. Too long: set rows, and run "
        "the whole at night."
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
    options=(
        Option(name="rows", type="integer", default=None, doc="Training rows drawn for each run; all when left out."),
        Option(name="runs", type="integer", default=2, doc="Trainings that are compared; at least 2."),
        Option(
            name="seed", type="integer", default=None,
            doc="Seed that training is given; from the digests of data and model when left out.",
        ),
        Option(
            name="tolerance", type="number", default=1e-6,
            doc="Largest difference of two predictions that are the same; a convention above the rounding of sums.",
        ),
        Option(
            name="control", type="string", default="labels",
            doc='How the rows of the control are spoilt: "labels" (shuffled) or "rows" (half of them left out).',
        ),
        Option(
            name="equals_candidate", type="boolean", default=False,
            doc="Fail when training does not give the candidate again, in its bytes or its predictions.",
        ),
        trained.LOAD,
    ),
)  # fmt: skip


@pytest.mark.infrastructure("training_reproducible")
def test_training_again_gives_the_same_model(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Same seed and rows: the same bytes, else the same predictions, else the same metrics."""
    from pytest_mlready.quality.training import retraining

    runs = _runs(mlready, mlready_evidence, request)
    found = _reproduced(mlready, runs)
    verdicts = [retraining.judge(found, differences=_differences(runs[0], runs[-1]))]
    if mlready.settings.model.path is not None:
        verdicts.append(_against_candidate(mlready, runs[0], request))
    elif mlready.options(ITEM.id)["equals_candidate"]:
        mlready_evidence.unverified("no candidate is configured to compare with", fix='[tool.mlready.model] path = "…"')
    mlready_evidence.conclude(verdicts)


@pytest.mark.infrastructure("training_reproducible")
def test_training_on_spoilt_rows_gives_another_model(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The control: shuffled labels (or half of the rows) change the predictions, or equal artifacts prove nothing."""
    from pytest_mlready.quality.training import control, retraining

    kind = mlready.options(ITEM.id)["control"]
    runs = _runs(mlready, mlready_evidence, request)
    train: Dataset = request.getfixturevalue("mlready_train")
    spoilt = control.spoilt(_rows(mlready, train), kind, target=train.target, seed=mlready.seed(f"{ITEM.id}.control"))
    other = _control(mlready, request, spoilt)
    limits, reproduced = _limits(mlready, runs[0].predictions), _reproduced(mlready, runs).grade
    verdict = retraining.judge_control(runs[0].predictions, other.predictions, limits, kind=kind, reproduced=reproduced)
    mlready_evidence.conclude([verdict])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One training: its artifact, the model in it, and what that answers to the held-out rows."""

    path: Path
    model: Model
    predictions: Predictions


def _runs(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> list[_Run]:
    """Trainings on the same rows with the same seed; each of them once a session."""
    from pytest_mlready.errors import DataError
    from pytest_mlready.team import entry_points

    entry_points.named(mlready, "train")
    evidence.grade("replayed")
    train: Dataset = request.getfixturevalue("mlready_train")
    rows, count = _rows(mlready, train), mlready.options(ITEM.id)["runs"]
    if count < 2:
        raise DataError(f"runs = {count}", expected="2 or more trainings to compare")
    sample = "" if rows.height == len(train) else "a sample: what only happens with all rows is not seen"
    evidence.record("training rows", rows.height, n=len(train), note=sample)
    if pinned := {**os.environ, **mlready.settings.entry_points.env}.get("PYTHONHASHSEED"):
        evidence.record("PYTHONHASHSEED", pinned, note="the same in all processes: hash order is not tried")
    return [_trained(mlready, request, rows, f"run {i}", f"training, {i} of {count}") for i in range(1, count + 1)]


def _trained(mlready: Project, request: pytest.FixtureRequest, rows: pl.DataFrame, key: str, what: str) -> _Run:
    options = mlready.options(ITEM.id)
    seed = trained.seed(mlready, ITEM.id) if options["seed"] is None else options["seed"]
    made = trained.once(mlready, request.config, rows, seed=seed, key=(ITEM.id, key), what=what)
    model = trained.load(mlready, made.path, options["load"])
    return _Run(path=made.path, model=model, predictions=_predictions(mlready, model, request))


def _control(mlready: Project, request: pytest.FixtureRequest, spoilt: pl.DataFrame) -> _Run:
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.team.running import TeamCodeError

    try:
        return _trained(mlready, request, spoilt, "control", "training on spoilt rows, for control")
    except TeamCodeError as error:
        raise Inconclusive(
            f"the control, a training on spoilt rows, did not come to its end: {error.found}",
            expected="an artifact, so that its predictions can be seen to differ",
            fix='let train accept it, or try another control: control = "rows"',
        ) from None


def _rows(mlready: Project, train: Dataset) -> pl.DataFrame:
    from pytest_mlready.quality.training import control

    return control.drawn(train.frame, mlready.options(ITEM.id)["rows"], seed=mlready.seed(f"{ITEM.id}.rows"))


def _predictions(mlready: Project, model: Model, request: pytest.FixtureRequest) -> Predictions:
    from pytest_mlready.quality import predictions

    heldout: Dataset = request.getfixturevalue("mlready_heldout")
    return predictions.predict(model, heldout, task=mlready.settings.task, positive=mlready.settings.data.positive)


def _limits(mlready: Project, p: Predictions) -> Limits:
    """What counts as the same: the metrics of the settings, or the usual ones, and their margins."""
    import functools

    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality import chosen
    from pytest_mlready.quality.training import retraining

    configured = mlready.settings.metrics
    load = functools.partial(named.object_named, root=mlready.root, error=ReadinessError)
    return retraining.Limits(
        tolerance=mlready.options(ITEM.id)["tolerance"],
        metrics=chosen.metrics_for(configured, p, load=load),
        margins={name: table.margin for name, table in configured.items()},
    )


def _reproduced(mlready: Project, runs: list[_Run]) -> Reproduction:
    from pytest_mlready.quality.training import artifact_difference, retraining

    same = all(artifact_difference.equal(runs[0].path, run.path) for run in runs[1:])
    answers = [run.predictions for run in runs]
    return retraining.reproduced(answers, _limits(mlready, answers[0]), same_bytes=same)


def _differences(one: _Run, other: _Run) -> str:
    """What differs in two artifacts and in the models that were loaded from them."""
    from pytest_mlready.quality.training import artifact_difference, parameter_difference

    files = artifact_difference.differences(one.path, other.path)
    if not files:
        return ""
    models = parameter_difference.differences(one.model.estimator, other.model.estimator, most=MOST)
    return "; ".join([*files[:MOST], *models])


def _against_candidate(mlready: Project, run: _Run, request: pytest.FixtureRequest) -> Verdict:
    from pathlib import Path

    from pytest_mlready.quality.training import agreement, artifact_difference, retraining

    options = mlready.options(ITEM.id)
    model: Model = request.getfixturevalue("mlready_model")
    answers: Predictions = request.getfixturevalue("mlready_predictions")
    candidate = None if model.path is None else _Run(path=Path(model.path), model=model, predictions=answers)
    return retraining.judge_candidate(
        agreement.compare(run.predictions, answers, tolerance=options["tolerance"]),
        same_bytes=candidate is not None and artifact_difference.equal(run.path, candidate.path),
        differences=_differences(run, candidate) if candidate else "",
        required=options["equals_candidate"],
    )
