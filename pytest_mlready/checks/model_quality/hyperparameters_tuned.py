"""Asks whether the deployed hyperparameters come from a search that was not made on the held-out set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.studies import Study
    from pytest_mlready.quality.studies_agreed import Agreed
    from pytest_mlready.quality.studies_deployed import Deployed
    from pytest_mlready.values import Dataset, Model, Verdict

READ = pytest.StashKey["Study"]()
SERVER = "mlflow:"

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
        "The record of the search that study names: an Optuna storage (SQLite file or journal), runs of MLflow (SQLite "
        "file, mlruns/, a server), scikit-learn's cv_results_ or trials of your own as JSON, CSV or npz; nothing is "
        "unpickled, and storages are read from a copy. Searched: each tunable (those that you declare, else those that "
        "took two values) must have taken at least two values in trials that ran, and at least 1 trial, and "
        "2 more for each number and 1 for each other tunable, must have a score (a convention; "
        "min_trials). Deployed: the values in the artifact (get_params, "
        "matched by name or by its end after __), or in a record that names the artifact's digest, must be those of "
        "the best trial, or of one that is worse by at most one standard error of the best (from fold scores, from sd "
        "and folds, or from repeated trials; nothing where none of these is known; tolerance says otherwise); a "
        "setting that was never tried fails, equal scores everywhere are inconclusive, and of successive halving the "
        "last round counts. Edge: a deployed number within 1 % of a bound of its range (by orders of "
        "magnitude where the search went so) fails unless natural_bounds excuses just that value; without a range on "
        "record, the smallest or largest value of a grid fails, and that of values drawn at random is inconclusive. "
        "Choices without an order, and None among numbers, have no edge. Selection: the record, or the files that data "
        "names, must hold the digest of train and not that of the held-out set; a file of its own must not share more "
        "rows with the held-out set than chance. Failed, pruned and NaN trials have no score. No direction, no digest, "
        "no parameters to read are inconclusive; no study is unverified. Not seen: hyperparameters that nobody thought "
        "of, and whether more trials would find better."
    ),
    how_to_fix=(
        "List the tunables and their ranges beside the training code. Run a random or model-based search scored by "
        "cross-validation or a validation split, and save the study with the digest of its data: "
        'study.set_user_attr("data_sha256", …), a tag of the run, a key of the JSON. Write cv_results_ by json.dump '
        "with default=str, not as a pickle. Widen a range whose edge wins, and search again. Let training read the "
        "winning values from the study and not from a copied file."
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
        "Breiman, Friedman, Olshen, Stone 1984, Classification and Regression Trees, 3.4.3 (one standard error)",
    ),
    options=(
        Option(
            name="study", type="string", default=None,
            doc='Record of the search: a file, mlruns/, or "mlflow:experiment" on the server of MLFLOW_TRACKING_URI.',
        ),
        Option(name="name", type="string", default=None, doc="Study or experiment, where the record holds several."),
        Option(
            name="trials", type="string", default=None,
            doc='Where the trials stand in a JSON document: "selection.tried", or "/selection/tried" (RFC 6901).',
        ),
        Option(name="score", type="string", default=None, doc="Metric that was optimised; found where there is one."),
        Option(name="sd", type="string", default=None, doc="Column with its standard deviation over folds."),
        Option(name="folds", type="integer", default=None, doc="Number of folds behind each standard deviation."),
        Option(
            name="direction", type="string", default=None,
            doc='"maximize" or "minimize"; told by Optuna, by scikit-learn, or by the name of a known metric.',
        ),
        Option(name="tunables", type="strings", default=(), doc="Hyperparameters that had to be searched."),
        Option(name="ranges", type="table", default={}, doc="[low, high] by name, or { low, high, log }."),
        Option(
            name="natural_bounds", type="tables", default=(),
            doc='Bounds that are no edge: { name = "dropout", value = 0.0, reason = "0 is no dropout" }.',
        ),
        Option(name="min_trials", type="integer", default=None, doc="Fewest trials with a score."),
        Option(
            name="tolerance", type="number", default=None,
            doc="How much worse than the best the deployed setting may be, in the unit of the score.",
        ),
        Option(
            name="data", type="strings", default=(),
            doc="What selection read, where the record does not say so: files, or digests (sha256, md5).",
        ),
        Option(name="parameters", type="table", default={}, doc="Names in the model, by those in the study."),
        Option(
            name="deployed", type="string", default=None,
            doc='Record of the deployed values, for artifacts that do not show them: "record.json#key". It must name '
            "the artifact's digest.",
        ),
    ),
)  # fmt: skip


@pytest.mark.model_quality("hyperparameters_tuned")
def test_every_tunable_was_searched(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Each took at least two values, in enough trials."""
    from pytest_mlready.quality import studies_verdicts

    study = _study(mlready, mlready_evidence, request)
    mlready_evidence.grade("replayed")
    mlready_evidence.conclude(studies_verdicts.searched(study, _agreed(mlready)))


@pytest.mark.model_quality("hyperparameters_tuned")
def test_the_deployed_setting_won(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """It is the best one, or as good within the noise of the scores."""
    from dataclasses import replace

    from pytest_mlready.quality import studies_agreed, studies_verdicts

    study = _study(mlready, mlready_evidence, request)
    mlready_evidence.grade("replayed")
    directed = replace(study, greater=studies_agreed.greater(mlready.options(ITEM.id)["direction"], study))
    deployed = _deployed(mlready, study, request)
    mlready_evidence.conclude([studies_verdicts.won(directed, deployed, _agreed(mlready))])


@pytest.mark.model_quality("hyperparameters_tuned")
def test_the_deployed_setting_is_on_no_edge(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """None of its numbers ends the range that was searched."""
    from pytest_mlready.quality import studies_bounds

    study = _study(mlready, mlready_evidence, request)
    mlready_evidence.grade("replayed")
    deployed = _deployed(mlready, study, request)
    mlready_evidence.conclude(studies_bounds.inside(study, deployed, _agreed(mlready)))


@pytest.mark.model_quality("hyperparameters_tuned")
def test_selection_did_not_use_the_heldout_set(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The digest on record is that of train, or of other data without held-out rows."""
    from pytest_mlready.quality import studies_bounds, usage

    study = _study(mlready, mlready_evidence, request)
    mlready_evidence.grade("replayed")
    train, heldout = (request.getfixturevalue(f"mlready_{name}") for name in ("train", "heldout"))
    known = {data.name: _digests(mlready, data) for data in (train, heldout)}
    entries = [usage.entry(text, mlready.root) for text in mlready.options(ITEM.id)["data"]]
    stated = {entry.rpartition(":")[2].lower() for entry in entries if isinstance(entry, str)}
    paths = [mlready.file(str(entry), "the data of selection") for entry in entries if not isinstance(entry, str)]
    files = {digest for path in paths for digest in usage.digests(path)}
    verdict = studies_bounds.other_data(
        study, train=known["train"], heldout=known["heldout"], files=files, stated=stated
    )
    own = [path for path in paths if not usage.digests(path) & (known["train"] | known["heldout"])]
    mlready_evidence.conclude([verdict, *(_overlap(mlready, path, heldout) for path in own)])


def _study(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> Study:
    """The search, read once for all tests."""
    from pytest_mlready.quality import studies_reading
    from pytest_mlready.quality.studies_tables import Columns

    options, stash = mlready.options(ITEM.id), request.config.stash
    source = options["study"]
    if not source:
        evidence.unverified(
            "no record of a search for hyperparameters is named",
            fix=f'[tool.mlready.items."{ITEM.id}"] study = "tuning/study.db" (or cv_results.json, trials.csv, …)',
        )
    if READ not in stash:
        server = source.startswith(SERVER)
        path = None if server else mlready.file(source, "the record of the search")
        name = (source.removeprefix(SERVER) or options["name"]) if server else options["name"]
        columns = Columns(trials=options["trials"], score=options["score"], sd=options["sd"], names=options["tunables"])
        stash[READ] = studies_reading.read(path, columns, name=name)
    study = stash[READ]
    evidence.record("search", study.source, n=len(study.trials), note=study.tool)
    return study


def _agreed(mlready: Project) -> Agreed:
    from pytest_mlready.quality import studies_agreed

    return studies_agreed.read(mlready.options(ITEM.id))


def _deployed(mlready: Project, study: Study, request: pytest.FixtureRequest) -> Deployed:
    """The deployed values: those of the artifact, and where it does not show them those of a record about it."""
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.quality import studies_deployed

    model: Model = request.getfixturevalue("mlready_model")
    options, names = mlready.options(ITEM.id), _agreed(mlready).names(study)
    shown = studies_deployed.parameters(model.estimator)
    if shown is None and options["deployed"] is None:
        raise Inconclusive(
            f"the model ({model.kind}) does not show its parameters",
            fix='deployed = "training.json#chosen", a record that also names the artifact\'s sha256',
        )
    match = studies_deployed.match
    found = match(shown or {}, names, renamed=options["parameters"], source=model.source)
    if options["deployed"] is None or not found.doubts:
        return found
    recorded = match(_recorded(mlready, options["deployed"], model), names, source=options["deployed"])
    return studies_deployed.completed(found, recorded)


def _recorded(mlready: Project, place: str, model: Model) -> Mapping[str, Any]:
    from pytest_mlready.errors import DataError, Inconclusive
    from pytest_mlready.quality import studies_cells as cells

    name, _, key = place.partition("#")
    path: Path = mlready.file(name, "the record of the deployed values")
    if model.sha256 is None or model.sha256 not in cells.digests(cells.content(path).decode("utf-8", errors="replace")):
        raise Inconclusive(
            f"{name} does not name the digest of this model ({(model.sha256 or 'none')[:12]})",
            fix="write the artifact's sha256 beside the values when it is trained",
        )
    found = cells.at(cells.parsed(path), key, where=name)
    if not isinstance(found, dict):
        raise DataError(f'{name} has at "{key}" no table', expected="values by hyperparameter")
    return found


def _digests(mlready: Project, data: Dataset) -> set[str]:
    from pytest_mlready.quality import usage

    path = mlready.path(data.source)
    return {data.sha256} | (usage.digests(path) if path.is_file() else set())


def _overlap(mlready: Project, path: Path, heldout: Dataset) -> Verdict:
    """Whether the data of selection share more rows with the held-out set than chance would have it."""
    from dataclasses import replace

    from pytest_mlready import subjects, tables
    from pytest_mlready.quality import leakage

    settings = mlready.settings.data
    roles = {role: getattr(settings, role) for role in subjects.ROLES}
    selection = tables.load(str(path), name="selection", root=mlready.root, roles=roles)
    known = heldout.frame.columns
    selection = replace(  # a column of its own, such as the fold, says nothing about whose rows these are
        selection,
        frame=selection.frame.select(name for name in selection.frame.columns if name in known),
        features=tuple(name for name in selection.features if name in known),
    )
    seed = mlready.seed(f"{ITEM.id}.rows")
    return leakage.exact_overlap(selection, heldout, confidence=mlready.confidence, seed=seed)
