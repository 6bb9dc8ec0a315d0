"""Asks whether one command carries raw data through to a served prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import trained

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.pipeline_result import Result
    from pytest_mlready.serving.commands import Ran
    from pytest_mlready.values import Verdict

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
        "The command [tool.mlready.entry_points] pipeline, run once from raw data to a served prediction: {rows} raw "
        "rows to take, {folder} a fresh, empty folder to write to, {port} a free port to serve on. It must end with "
        'status 0 within time_limit and leave result.json in the folder: {"rows": 500, "artifact": "model.skops", '
        '"prediction": {"example": {"age": 50, …}, "answer": …}, "stages": ["prepare", "train", "serve"]}, where the '
        "answer is what the service answered: a label, a number (of a binary task: the probability of positive), or "
        "probabilities by class. It passes when the rows taken are those asked for, the artifact lies in the folder "
        "and is no copy of a model that was there before, it loads (scanned first), its own answer to the example is "
        "the served one within tolerance (features are computed by the entry point features where the model takes "
        "others than the example has), and something was seen listening on {port} meanwhile. It fails otherwise, "
        "with the last lines of the command: one that only prints OK leaves nothing. Exceeding the time limit, and a "
        "command that was not seen to serve, are inconclusive; one that serves without a port, as through a test "
        "client, says so in in_process. With broken_raw the command is run again on broken raw data and must not end "
        "with 0. What "
        "the stages did beyond this is the pipeline's word."
    ),
    how_to_fix=(
        "Make each stage callable with a data location and a size. Keep a small raw sample in the repository, or make "
        "a synthetic one from the schema. Write one script that calls the stages in order and sends a request to a "
        "locally started service; let the last stage write result.json. Name it under [tool.mlready.entry_points] as "
        "pipeline. Run it on each merge, and the full version every night."
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
    options=(
        Option(name="rows", type="integer", default=500, doc="Raw rows that the run takes; a convention."),
        Option(
            name="in_process", type="string", default=None,
            doc="Why nothing listens on a port although the real serving code runs, such as a test client.",
        ),
        Option(
            name="broken_raw", type="table", default={},
            doc="Environment variables with which the command reads broken raw data; it must not end with 0 then.",
        ),
        Option(
            name="tolerance", type="number", default=1e-6,
            doc="Largest difference of the served answer from the artifact's own, relative beyond 1; half of the last "
            "digit where serving rounds.",
        ),
        trained.LOAD,
    ),
)  # fmt: skip


@pytest.mark.infrastructure("pipeline_integration")
def test_raw_rows_become_a_served_prediction(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """One run over all stages leaves a model of its own, which answers as it was served."""
    import tempfile
    from pathlib import Path

    from pytest_mlready.errors import Failed
    from pytest_mlready.quality import pipeline_result

    mlready_evidence.grade("live")
    options = _options(mlready)
    known = _known(mlready, request)
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        ran, listened = _run(mlready, folder)
        mlready_evidence.record("pipeline", ran.seconds, unit="s", n=options["rows"])
        if ran.code is None:
            mlready_evidence.inconclusive(f"{ran.ended}; fewer rows or a longer time_limit would tell")
        if ran.code != 0:
            raise Failed(ran.ended)
        try:
            result = pipeline_result.read(Path(folder))
        except pipeline_result.ResultError as error:
            raise Failed(f"{error}\nThe command ended with 0; its last lines:\n{ran.tail}") from None
        verdicts = [pipeline_result.judge_rows(result, options["rows"]), _served(mlready, listened=listened)]
        verdicts += _of_the_artifact(mlready, result, known)
    mlready_evidence.conclude(verdicts)


@pytest.mark.infrastructure("pipeline_integration")
def test_broken_raw_data_stop_the_pipeline(mlready: Project, mlready_evidence: Evidence) -> None:
    """The control: with raw data that are broken the command does not end with 0."""
    import tempfile

    from pytest_mlready.errors import Failed
    from pytest_mlready.team import entry_points

    entry_points.named(mlready, "pipeline")
    mlready_evidence.grade("live")
    broken = _options(mlready)["broken_raw"]
    if not broken:
        mlready_evidence.unverified(
            "whether broken raw data stop the pipeline is not tried",
            fix=f'[tool.mlready.items."{ITEM.id}"] broken_raw = {{ RAW_DATA = "data/broken.csv" }}',
        )
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        ran, _ = _run(mlready, folder, {name: str(value) for name, value in broken.items()})
    if ran.code is None:
        mlready_evidence.inconclusive(ran.ended)
    mlready_evidence.record("status on broken raw data", ran.code, note=(ran.tail.strip().splitlines() or [""])[-1])
    if ran.code == 0:
        raise Failed(
            f"`{ran.shown}` ended with status 0 on broken raw data ({', '.join(broken)}): a pipeline that cannot fail "
            "tests nothing. Next step: let the stage that reads raw data hold it against a schema."
        )


def _options(mlready: Project) -> Mapping[str, Any]:
    from pytest_mlready.errors import DataError

    options = mlready.options(ITEM.id)
    if options["rows"] < 1:
        raise DataError(f"rows = {options['rows']}", expected="1 or more raw rows")
    return options


def _run(mlready: Project, folder: str, environment: Mapping[str, str] | None = None) -> tuple[Ran, bool]:
    """Runs the command, and watches its port meanwhile."""
    from pytest_mlready.serving import launch, port_watch
    from pytest_mlready.team import entry_points

    port = launch.free_ports(["port"])["port"]
    values = {"rows": str(_options(mlready)["rows"]), "folder": folder, "port": str(port)}
    with port_watch.watched(port) as watch:
        ran = entry_points.command(mlready, "pipeline", values, what="pipeline", environment=environment)
    return ran, watch.seen


def _served(mlready: Project, *, listened: bool) -> Verdict:
    from pytest_mlready.team import entry_points
    from pytest_mlready.values import Measurement, Verdict

    reason = _options(mlready)["in_process"]
    measured = Measurement(name="listened on {port}", value=listened, note=reason or "")
    if listened or reason:
        return Verdict(outcome="passed", message="", measurements=(measured,))
    what = "nothing was seen listening on {port} while it ran"
    if "{port}" not in entry_points.named(mlready, "pipeline"):
        what = "the command has no {port} to serve on"
    message = (
        f"The pipeline was not seen to serve: {what}. Next step: start the service on {{port}} and ask it there, or "
        f'say why it needs no port: [tool.mlready.items."{ITEM.id}"] in_process = "…".'
    )
    return Verdict(outcome="inconclusive", message=message, measurements=(measured,))


def _of_the_artifact(mlready: Project, result: Result, known: Mapping[str, str]) -> list[Verdict]:
    """The artifact is the run's own, and answers as was served."""
    from pytest_mlready.artifacts import digests
    from pytest_mlready.errors import DataError, Failed, ModelError
    from pytest_mlready.quality import pipeline_result

    fresh = pipeline_result.judge_fresh(digests.sha256(result.artifact), known)
    try:
        model = trained.load(mlready, result.artifact, _options(mlready)["load"])
        frame = _frame(mlready, result.example, model.feature_names)
        label, proba = model.predict(frame)[0], model.predict_proba(frame)
    except (ModelError, DataError) as error:
        raise Failed(f"The artifact of the run cannot be asked for the recorded example: {error}") from None
    shares = {} if proba is None else dict(zip(map(str, model.classes or ()), proba[0].tolist(), strict=False))
    positive = _positive(mlready, model.classes) if len(shares) == 2 else None
    limit = _options(mlready)["tolerance"]
    return [fresh, pipeline_result.judge_answer(result, label, shares, positive=positive, tolerance=limit)]


def _positive(mlready: Project, classes: tuple[Any, ...] | None) -> str | None:
    """The class whose probability a bare number states; the last one where the settings name none of the model's."""
    from pytest_mlready.errors import DataError
    from pytest_mlready.quality import class_names

    if not classes:
        return None
    try:
        return str(class_names.positive_of(classes, mlready.settings.data.positive))
    except DataError:
        return str(classes[-1])


def _frame(mlready: Project, example: Mapping[str, Any], names: tuple[str, ...] | None) -> Any:
    """The example as a frame of one row; through the team's features where the model takes other columns."""
    import polars as pl

    from pytest_mlready.team import entry_points

    frame = pl.DataFrame([dict(example)], strict=False)
    unknown = [name for name, kind in frame.schema.items() if kind == pl.Null]
    frame = frame.with_columns(pl.col(unknown).cast(pl.Float64))
    if names is not None and not set(names) <= set(example) and mlready.settings.entry_points.features:
        return entry_points.features(mlready, frame)
    return frame


def _known(mlready: Project, request: pytest.FixtureRequest) -> dict[str, str]:
    """Models that were there before the run, by digest."""
    from pytest_mlready.artifacts import digests
    from pytest_mlready.errors import Ending
    from pytest_mlready.team import entry_points

    entry_points.named(mlready, "pipeline")
    try:
        paths: tuple[Path, ...] = request.getfixturevalue("mlready_artifacts")
    except Ending:
        paths = ()
    named = (mlready.settings.model.path, mlready.settings.model.production)
    there = [mlready.path(name) for name in named if name and mlready.path(name).exists()]
    return {digests.sha256(path): path.name for path in (*paths, *there) if path.exists()}
