from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace

import joblib
import numpy as np
import polars as pl
import pytest

from pytest_mlready import catalog, tables
from pytest_mlready.artifacts import models
from pytest_mlready.checks import staleness_study
from pytest_mlready.checks.model_quality import staleness_impact as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.project import Project
from pytest_mlready.settings import Settings

TODAY = dt.date(2026, 11, 25)
FRESH = dt.date(2026, 11, 1)
MONTHS = (1, 2, 3, 6)


def rows(month, n=3000, seed=0):
    """Outcomes of a world that turns: what decides moves from the first column to the second, by month before now."""
    rng = np.random.default_rng(seed + month)
    x, angle = rng.normal(size=(n, 2)), 0.12 * month
    signal = 3 * (np.cos(angle) * x[:, 0] + np.sin(angle) * x[:, 1])
    y = (signal + rng.logistic(size=n) > 0).astype(int)
    day = FRESH + dt.timedelta(days=1) if month == 0 else FRESH - dt.timedelta(days=30 * month)
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y, "day": [day] * n})


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A fresh model, four that were trained one, two, three and six months before, and new rows."""
    from sklearn.linear_model import LogisticRegression

    folder = tmp_path_factory.mktemp("archive")
    for month in (0, *MONTHS):
        table = rows(month, seed=50)
        fitted = LogisticRegression().fit(table.select("a", "b").to_pandas(), table["y"].to_numpy())
        joblib.dump(fitted, folder / f"model-{month}.joblib")
    rows(0).write_parquet(folder / "new.parquet")
    return folder


def versions(months=MONTHS):
    return [{"path": f"model-{m}.joblib", "trained_on": FRESH - dt.timedelta(days=30 * m)} for m in months]


class Run:
    """A project with an archive, and what its test notes."""

    def __init__(self, root, tmp_path, *, metrics=None, data=None, current=None, today=TODAY, **options):
        self.root, self.folder, self.evidence, self.stash, self.today = (
            root,
            tmp_path,
            Evidence(),
            pytest.Stash(),
            today,
        )
        table = {"target": "y", "drop": ["day"], "heldout": "new.parquet", **(data or {})}
        if current:
            table["current"] = current
        given = {"trained_on": FRESH, **options}
        items = {check.ITEM.id: {name: value for name, value in given.items() if value is not None}}
        self.settings = Settings.model_validate({"data": table, "metrics": metrics or {}, "items": items})

    def fixture(self, name):
        if name == "mlready_model":
            return models.load("model-0.joblib", root=self.root)
        part = name.removeprefix("mlready_")
        roles = {role: getattr(self.settings.data, role) for role in ("target", "time", "drop")}
        return tables.load(getattr(self.settings.data, part), name=part, root=self.root, roles=roles)

    def __call__(self):
        items = catalog.load().items
        mlready = SimpleNamespace(
            settings=self.settings, root=self.root, confidence=0.95, seed=lambda _: 7, progress=lambda _: None,
            options=lambda item: self.settings.options(items[item]), today=self.today,
            digests=SimpleNamespace(model=models.load("model-0.joblib", root=self.root).sha256),
        )  # fmt: skip
        for name in ("file", "path"):
            setattr(mlready, name, getattr(Project, name).__get__(mlready))
        request = SimpleNamespace(getfixturevalue=self.fixture, config=SimpleNamespace(stash=self.stash))
        folders = SimpleNamespace(mktemp=lambda _: self.folder)
        self.given = mlready, request
        check.test_a_maximum_age_is_derived(mlready, self.evidence, request, folders)

    def passes(self):
        self()
        return {e["name"]: e["value"] for e in self.evidence.notes.evidence}

    def ends(self, ending):
        with pytest.raises(ending) as caught:
            self()
        return str(caught.value)


@pytest.fixture
def run(archive, tmp_path):
    return lambda **given: Run(archive, tmp_path, **given)


def test_a_replay_derives_the_maximum_age_draws_it_and_keeps_the_result(run, tmp_path):
    one = run(versions=versions(), metrics={"accuracy": {"margin": 0.03}})
    noted = one.passes()
    assert noted["maximum age by accuracy"] == 60
    assert noted["accuracy lost at 180 days"] > 0.05
    (plot,) = one.evidence.notes.plots
    assert plot["kind"] == "curve"
    assert plot["data"]["x"] == [0, 30, 60, 90, 180]
    assert one.evidence.notes.grade == "replayed"
    assert one.evidence.notes.attachments == [str(tmp_path / "staleness.json")]
    assert staleness_study.maximum_age(*one.given) == (60, f"{check.ITEM.id}: by accuracy")


def test_the_result_that_a_replay_kept_passes_as_a_saved_one(run, archive, tmp_path):
    run(versions=versions(), metrics={"accuracy": {"margin": 0.03}}).passes()
    (archive / "staleness.json").write_bytes((tmp_path / "staleness.json").read_bytes())
    one = run(result="staleness.json", metrics={"accuracy": {"margin": 0.03}})
    assert one.passes()["maximum age by accuracy"] == 60
    assert one.evidence.notes.grade == "static"
    late = run(result="staleness.json", metrics={"accuracy": {"margin": 0.03}}, today=TODAY + dt.timedelta(days=100))
    assert "was made 100 days ago" in late.ends(Failed)
    assert staleness_study.maximum_age(*late.given)[0] is None
    document = json.loads((archive / "staleness.json").read_text())
    (archive / "staleness.json").write_text(json.dumps({**document, "model_sha256": "b" * 64}))
    assert "is about another model" in run(result="staleness.json").ends(Failed)


def test_the_smallest_age_of_all_metrics_counts(run):
    one = run(versions=versions(), metrics={"accuracy": {"margin": 0.03}, "roc_auc": {"margin": 0.004}})
    noted = one.passes()
    assert noted["maximum age by roc_auc"] < noted["maximum age by accuracy"]
    assert staleness_study.maximum_age(*one.given)[0] == noted["maximum age by roc_auc"]
    assert list(run(versions=versions(), metric="roc_auc", margin=0.01).passes()) != []


def test_nothing_configured_is_unverified(run):
    assert "versions = " in run(trained_on=None).ends(Unverified)


def test_a_loss_beyond_the_margin_at_the_youngest_age_fails(run):
    assert "already at 180 days" in run(versions=versions((6,)), margin=0.001, min_ages=1, metric="accuracy").ends(
        Failed
    )


def test_three_ages_are_inconclusive(run):
    assert "3 ages (30, 60, 90 days) are too few" in run(versions=versions((1, 2, 3)), margin=0.05).ends(Inconclusive)


def test_ages_that_are_all_equal_are_inconclusive(run):
    same = [{**v, "trained_on": dt.date(2026, 10, 2)} for v in versions()]
    assert "1 ages (30 days)" in run(versions=same, margin=0.2).ends(Inconclusive)


def test_one_file_under_two_dates_is_an_error(run):
    twice = [*versions(), {"path": "model-1.joblib", "trained_on": dt.date(2025, 1, 1)}]
    assert "are the same file" in run(versions=twice).ends(DataError)
    itself = [{"path": "model-0.joblib", "trained_on": dt.date(2026, 10, 1)}]
    assert "model-0.joblib and the candidate are the same file" in run(versions=itself).ends(DataError)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"versions": [{"path": "model-1.joblib", "trained_on": dt.date(2026, 11, 2)}]}, "not before the candidate"),
        ({"versions": [{"path": "model-1.joblib", "trained_on": dt.date(2027, 1, 1)}]}, "lies ahead"),
        ({"trained_on": dt.date(2027, 1, 1)}, "lies ahead"),
        ({"versions": [{"path": "model-1.joblib", "trained_on": "last month"}]}, "last month"),
        ({"versions": [{"path": "model-1.joblib"}]}, "a version has"),
    ],
)
def test_dates_that_cannot_be_are_errors(run, change, said):
    assert said in run(**{"versions": versions(), **change}).ends(DataError)


def test_a_candidate_without_a_date_is_inconclusive_and_a_record_states_it(run, archive):
    assert "up to which day the candidate was trained" in run(versions=versions(), trained_on=None).ends(Inconclusive)
    (archive / "training.json").write_text(json.dumps({"data": {"until": "2026-11-01"}}))
    run(versions=versions(), trained_on=None, record="training.json#data.until", margin=0.03).passes()


def test_rows_from_before_the_fresh_model_are_inconclusive(run, archive):
    rows(1).write_parquet(archive / "old.parquet")
    found = run(versions=versions(), margin=0.5, data={"time": "day", "heldout": "old.parquet"}).ends(Inconclusive)
    assert "before the fresh model's data end" in found
    run(versions=versions(), margin=0.03, data={"time": "day"}).passes()


def test_current_rows_go_before_heldout_ones_where_they_have_outcomes(run, archive):
    rows(0, seed=9).write_parquet(archive / "current.parquet")
    one = run(versions=versions(), margin=0.03, current="current.parquet")
    assert one.passes()["rows"] == "current.parquet"
    rows(0, seed=9).drop("y").write_parquet(archive / "current.parquet")
    assert run(versions=versions(), margin=0.03, current="current.parquet").passes()["rows"] == "new.parquet"


def test_a_version_that_is_not_there_is_an_error(run):
    missing = [{"path": "model-7.joblib", "trained_on": dt.date(2026, 1, 1)}]
    assert "did you mean" in run(versions=missing).ends(ReadinessError)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"n": 0}, "of 0 rows"), ({"gap": 0, "lower": 0, "upper": 0}, "answer as the fresh model does")],
    ids=["no rows", "no difference"],
)
def test_a_saved_result_of_nothing_is_inconclusive(run, archive, change, said):
    row = {"metric": "accuracy", "gap": 0.01, "lower": 0.0, "upper": 0.02, "n": 3000, **change}
    sha256 = models.load("model-0.joblib", root=archive).sha256
    head = {"made_on": "2026-11-20", "model_sha256": sha256, "confidence": 0.95}
    ages = [{"age_days": age, **row} for age in (30, 60, 90, 180)]
    (archive / "nothing.json").write_text(json.dumps({**head, "ages": ages}))
    assert said in run(result="nothing.json", metrics={"accuracy": {"margin": 0.03}}).ends(Inconclusive)
