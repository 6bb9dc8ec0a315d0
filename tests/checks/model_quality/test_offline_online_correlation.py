from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import polars as pl
import pytest

from pytest_mlready import catalog
from pytest_mlready.checks.model_quality import offline_online_correlation as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.project import Project
from pytest_mlready.settings import Settings

TODAY = dt.date(2026, 11, 24)


def table(n=12, sign=1):
    rows = [
        {"experiment": f"exp-{k}", "date": TODAY - dt.timedelta(days=30 * k), "offline": 0.001 * (k - 3),
         "online": sign * 0.01 * (k - 3 + (k * 7) % 3), "offline_metric": "roc_auc", "online_metric": "orders"}
        for k in range(n)
    ]  # fmt: skip
    return pl.DataFrame(rows)


@pytest.fixture
def run(tmp_path):
    """run(frame, suffix=…, **options): the check on that table, with what it noted."""

    def make(frame=None, *, suffix=".csv", confidence=0.95, **options):
        if frame is not None:
            path = tmp_path / f"experiments{suffix}"
            text = frame.with_columns(pl.col("date").cast(pl.String))
            writers = {".csv": text.write_csv, ".json": text.write_json, ".parquet": frame.write_parquet}
            writers[suffix](path)
            options.setdefault("experiments", path.name)
        settings = Settings.model_validate({"items": {check.ITEM.id: options}})
        items = catalog.load().items
        project = SimpleNamespace(
            root=tmp_path, settings=settings, today=TODAY, confidence=confidence,
            options=lambda item: settings.options(items[item]),
        )  # fmt: skip
        project.file = Project.file.__get__(project)
        evidence = Evidence()
        check.test_gains_offline_came_with_gains_online(project, evidence)
        return {e["name"]: e["value"] for e in evidence.notes.evidence}

    return make


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_gains_that_came_together_pass_in_every_kind_of_file(run, suffix):
    noted = run(table(), suffix=suffix)
    assert noted["Spearman's correlation"] > 0.8
    assert noted["experiments"] == 12


def test_a_function_of_the_team_may_return_the_table(run, tmp_path):
    table().write_parquet(tmp_path / "log.parquet")
    (tmp_path / "team_experiments.py").write_text(
        f"import polars\n\ndef table():\n    return polars.read_parquet({str(tmp_path / 'log.parquet')!r})\n"
    )
    assert run(experiments="team_experiments:table")["experiments"] == 12


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (table(sign=-1), "look for an offline metric that moves with users"),
        (pl.concat([table(), table().head(1)]), "exp-0 stand more than once"),
        (table().with_columns(offline_metric=pl.lit("rmse")), "taking less rmse"),
    ],
    ids=["the other way", "twice", "a loss as a gain"],
)
def test_gains_that_did_not_come_together_fail(run, frame, said):
    with pytest.raises(Failed, match=said):
        run(frame)


def test_the_direction_can_be_stated(run):
    noted = run(table(sign=-1), online_less_is_better=True)
    assert noted["Spearman's correlation"] > 0.8


@pytest.mark.parametrize(
    ("frame", "options", "said"),
    [
        (table(7), {}, "7 experiments count"),
        (table(), {"max_age": "200 d"}, "7 experiments count"),
        (table().with_columns(online=pl.lit(0.0)), {}, "1 different values"),
        (table().drop("online_metric"), {}, "does not say which metrics"),
    ],
)
def test_too_little_is_inconclusive(run, frame, options, said):
    with pytest.raises(Inconclusive, match=said):
        run(frame, **options)


def test_no_table_is_unverified_with_the_line_to_paste(run):
    with pytest.raises(Unverified, match="experiments ="):
        run()


def test_a_table_that_is_not_there_is_an_error(run):
    for name in ("experiment.csv", "experiment.json"):
        with pytest.raises(ReadinessError, match="does not exist"):
            run(experiments=name)


def test_bounds_need_two_columns(run):
    with pytest.raises(ReadinessError, match="two columns each"):
        run(table(), online_interval=["low"])


@pytest.mark.parametrize("factor", [1.0, 2.5])
def test_online_differences_that_were_copied_from_the_offline_ones_are_inconclusive(run, factor):
    with pytest.raises(Inconclusive, match="was one column copied"):
        run(table().with_columns(online=factor * pl.col("offline")))
