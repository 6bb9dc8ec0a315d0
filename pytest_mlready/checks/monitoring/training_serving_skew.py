"""Asks whether training and serving compute the same features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from pytest_mlready.drift.skew import Compared
    from pytest_mlready.drift.skew_log import Served
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Model, Verdict

SAME_ANSWER = "serve the artifact under test, and log its answer as it gives it: neither rounded nor under another name"

ITEM = Item(
    id="monitoring.training_serving_skew",
    title="Training and serving features compute the same values",
    question="Does the serving code compute the same feature values as the training code for the same example?",
    why=(
        "Two code paths for one feature drift apart: another time zone, another default, a rounding in SQL that Python "
        "does not do. The model then meets inputs in production that it never saw in training, while every offline "
        "figure stays good. It is among the most common and longest hidden faults in production."
    ),
    looks_at=(
        'The examples in `log` (JSON lines, parquet, CSV, arrow, or "module:function"), each with the raw input, the '
        "features that serving computed, the time, and version or digest of the model that answered. The function "
        "that `features` under [tool.mlready.entry_points] names computes the features of the raw inputs again, in a "
        "process of its own, and every value is compared: numbers within tolerance, texts, times and categories "
        "exactly; null and NaN are the same. Only examples of the model under test count, no older than max_age, and "
        "equal ones once. It passes with 3,000 examples of which the mismatching are at most 0.1 % by the exact upper "
        "bound (0 of 3,000 is enough), where skew planted into a copy (another unit, a shift, two features exchanged, "
        "a default for a missing value) is found. It fails when more than 0.1 % mismatch, or serving has a feature "
        "that training has not; features are named with the kind of difference, and with values where no data "
        "inventory is named or it says that they are not personal. Where the log holds the answers (prediction, "
        "score), the model under test must give the same on the features of training. Fewer examples, a log without "
        "the model's version, an unlogged feature, an input that neither side holds, and features that do not vary are "
        "inconclusive. No log or no "
        "`features` named is unverified. Shared code for both paths is a good cause but not evidence: the data behind "
        "it may still differ."
    ),
    how_to_fix=(
        "Log raw request, computed features, time and model version for a sample of requests, and give the log a "
        "period of retention in the data inventory. Put into the raw part all that a feature depends on, its time too: "
        "recompute as of that time, not as of now. Where the two paths differ, share the code or train from the logged "
        "features. Run it daily."
    ),
    attestation=(
        "How many logged examples were compared, from which days and version, tolerance, mismatches by feature, and "
        "what was done about them."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 3: training and serving features compute the same values",
        "Zinkevich, Rules of Machine Learning, Rules 29 and 32",
        "Clopper and Pearson 1934, Biometrika 26:404 (exact bound of a rate; 3 / n when nothing was found)",
    ),
    options=(
        Option(name="log", type="string", default=None, doc='Logged serving examples: file or "module:function".'),
        Option(name="raw", type="string", default="raw", doc='Table with the raw input, or prefix: "raw.age".'),
        Option(name="features", type="string", default="features", doc="The same for the served features."),
        Option(name="time", type="string", default="time", doc="Column with the time of serving."),
        Option(
            name="version", type="strings", default=("model_sha256", "model_version"),
            doc="Columns with digest or version of the model that answered; the first that is filled counts.",
        ),
        Option(name="prediction", type="string", default="prediction", doc="Column with the answer, where logged."),
        Option(name="score", type="string", default="score", doc="Column with the probability of the positive class."),
        Option(
            name="examples", type="integer", default=3000,
            doc="Different examples that are needed (ML Test Score practice: 3 / 0.001, the rule of three).",
        ),
        Option(name="max_rate", type="fraction", default=0.001, doc="Greatest share of mismatching examples."),
        Option(name="tolerance", type="number", default=1e-6, doc="Relative, of numbers: float32 is no skew."),
        Option(name="max_age", type="duration", default=7 * 86400.0, doc="Greatest age of an example (a convention)."),
    ),
)  # fmt: skip


@pytest.mark.monitoring("training_serving_skew")
def test_serving_computes_what_training_computes(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Features of logged examples, computed again by the training code, are the same value by value."""
    from pytest_mlready.drift import skew, skew_kinds, skew_verdicts
    from pytest_mlready.team import entry_points

    options = mlready.options(ITEM.id)
    if not options["log"]:
        line = f'[tool.mlready.items."{ITEM.id}"] log = "logs/served.ndjson"'
        mlready_evidence.unverified("no logged serving examples are named", fix=line)
    entry_points.named(mlready, "features")
    model: Model = request.getfixturevalue("mlready_model")
    mlready_evidence.grade("replayed")
    served = _served(mlready, options)
    _note(mlready_evidence, served)
    if few := skew_verdicts.judge_number(len(served), options["examples"], served.left_out):
        mlready_evidence.conclude(few)
    trained = entry_points.features(mlready, served.raw)
    tolerance = options["tolerance"]
    compared = skew.compare(trained, served.features, tolerance=tolerance)
    told = skew_kinds.described(compared, trained, _personal(mlready, compared), tolerance=tolerance)
    limits = {"limit": options["max_rate"], "confidence": mlready.confidence}
    verdicts = [
        skew_verdicts.judge_rows("features", compared.rows, told, **limits),
        *skew_verdicts.judge_columns(compared, model.feature_names),
        _trials(trained, served, compared, options),
        *_answers(mlready, model, trained, served, compared),
    ]
    mlready_evidence.conclude(verdicts)


def _served(mlready: Project, options: dict[str, Any]) -> Served:
    from pytest_mlready.drift import skew_log

    columns = skew_log.Columns(
        raw=options["raw"], features=options["features"], time=options["time"], versions=options["version"],
        prediction=options["prediction"], score=options["score"],
    )  # fmt: skip
    models = [name for name in (mlready.digests.model, mlready.settings.version) if name]
    mlready.progress("reading logged serving examples")
    frame = _log(mlready, options["log"])
    mlready.progress("")
    return skew_log.read(frame, columns, models=models, now=clock.now(mlready), oldest=options["max_age"])


def _log(mlready: Project, source: str) -> pl.DataFrame:
    from pytest_mlready import tables
    from pytest_mlready.drift import skew_log

    if source.endswith((".ndjson", ".jsonl", ".json")):
        return skew_log.lines(mlready.file(source, "the log of served examples"))
    return tables.load(source, name="served", root=mlready.root, roles={}).frame


def _note(evidence: Evidence, served: Served) -> None:
    evidence.record("logged examples", len(served), note=", ".join(f"not counted: {w}" for w in served.left_out))
    if served.newest is not None:
        evidence.record("newest logged example", served.newest.isoformat(timespec="seconds"))


def _personal(mlready: Project, compared: Compared) -> set[str]:
    """Features whose values no message may show: with an inventory, all that it does not declare otherwise."""
    from pytest_mlready.documents import inventory

    source = mlready.settings.data.inventory
    if source is None:
        return set()
    known = inventory.read(mlready.file(source, "the data inventory"))
    places = ("logs", "current", "train", "heldout", "reference")
    said = {name: [f for place in places if (f := known.field(place, name))] for name in compared.features}
    return {name for name, fields in said.items() if not fields or any(field.personal for field in fields)}


def _trials(trained: pl.DataFrame, served: Served, compared: Compared, options: dict[str, Any]) -> Verdict:
    """The tester tested: skew planted into features that agree must be found."""
    from pytest_mlready.drift import skew_trials, skew_verdicts

    differ = {difference.feature for difference in compared.differences}
    planted = skew_trials.plant(served.features, [name for name in compared.features if name not in differ])
    share = {"tolerance": options["tolerance"], "share": options["max_rate"]}
    return skew_verdicts.judge_trials(
        [(f"{one.name} ({one.feature})", skew_trials.found(trained, one, **share)) for one in planted]
    )


def _answers(
    mlready: Project, model: Model, trained: pl.DataFrame, served: Served, compared: Compared
) -> Sequence[Verdict]:
    """The model's own answers on the features of training against the logged ones, where the features agree."""
    from pytest_mlready.drift import skew, skew_verdicts

    options, verdicts = mlready.options(ITEM.id), []
    for name, given in _own(mlready, model, trained, served).items():
        logged = served.answers[name]
        own = given.cast(logged.dtype, strict=False) if skew.is_text(logged) else given
        differ = skew.unequal(own, logged, tolerance=options["tolerance"]) & ~compared.rows
        told = ["the features agree: another artifact answered, or its answers are changed on their way"]
        verdicts.append(
            skew_verdicts.judge_rows(
                f"logged {name}s", differ, told if differ.any() else (), limit=options["max_rate"],
                confidence=mlready.confidence, fix=SAME_ANSWER,
            )
        )  # fmt: skip
    return verdicts


def _own(mlready: Project, model: Model, trained: pl.DataFrame, served: Served) -> dict[str, pl.Series]:
    """Answers of the model under test, for those columns that were logged."""
    import polars as pl

    from pytest_mlready.quality import class_names

    own: dict[str, pl.Series] = {}
    if "prediction" in served.answers.columns:
        own["prediction"] = pl.Series("prediction", model.predict(trained).tolist())
    shares = model.predict_proba(trained) if "score" in served.answers.columns else None
    if shares is not None and model.classes is not None and len(model.classes) == 2:
        positive = class_names.positive_of(model.classes, mlready.settings.data.positive)
        own["score"] = pl.Series("score", shares[:, model.classes.index(positive)])
    return own
