from __future__ import annotations

import json
import math
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from pytest_mlready.errors import DataError, Inconclusive, MissingExtra
from pytest_mlready.quality import studies_cells as cells
from pytest_mlready.quality import studies_mlflow, studies_optuna, studies_reading
from pytest_mlready.quality.studies import Range
from pytest_mlready.quality.studies_tables import Columns

DIGEST = "ab" * 32


def read(path, name=None, **columns):
    return studies_reading.read(path, Columns(**columns), name=name)


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------- Optuna


def fill(study):
    import optuna

    def objective(trial):
        rate = trial.suggest_float("rate", 1e-4, 1e-1, log=True)
        depth = trial.suggest_int("depth", 2, 10)
        trial.suggest_categorical("batch", [32, 64])
        trial.suggest_categorical("kind", ["a", "b"])
        if trial.number == 3:
            raise optuna.TrialPruned
        if trial.number == 5:
            return math.nan
        if trial.number == 6:
            raise ValueError("diverged")
        trial.set_user_attr("sd", 0.01)
        return -((math.log10(rate) + 2) ** 2) - (depth - 6) ** 2

    study.set_user_attr("data_sha256", DIGEST)
    study.optimize(objective, n_trials=8, catch=ValueError)


@pytest.fixture
def optuna():
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield optuna
    optuna.logging.set_verbosity(level)


@pytest.fixture
def stored(optuna, tmp_path):
    """stored("a", "b", directions=…): an SQLite file with these studies, of which the first has trials."""

    def make(*names, **how):
        storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 'study.db'}")
        studies = [optuna.create_study(study_name=name, storage=storage, **how) for name in names]
        if "directions" not in how:
            fill(studies[0])
        storage.engine.dispose()
        return tmp_path / "study.db"

    return make


def check_filled(study):
    states = [t.state for t in study.trials]
    assert (states.count("complete"), states.count("pruned"), states.count("failed")) == (5, 1, 2)
    assert all((t.score is not None) == (t.state == "complete") for t in study.trials)
    assert study.ranges == {
        "rate": Range(low=1e-4, high=1e-1, log=True), "depth": Range(low=2, high=10), "batch": Range(low=32, high=64)
    }  # fmt: skip
    assert study.names == ("rate", "depth", "batch", "kind")
    assert study.greater is True
    assert study.digests == {DIGEST}
    assert study.trials[0].sd == 0.01


def test_an_optuna_file_is_read_and_left_as_it_was(stored):
    path = stored("tune", direction="maximize")
    before = path.read_bytes(), sorted(p.name for p in path.parent.iterdir())
    check_filled(read(path))
    assert (path.read_bytes(), sorted(p.name for p in path.parent.iterdir())) == before


def test_an_optuna_journal_is_read(optuna, tmp_path):
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal.log"))
    fill(optuna.create_study(study_name="j", storage=optuna.storages.JournalStorage(backend), direction="maximize"))
    check_filled(read(tmp_path / "journal.log"))


def test_one_of_several_studies_must_be_named(stored):
    path = stored("first", "second", direction="minimize")
    with pytest.raises(DataError, match=r"has the studies first, second|has the studies second, first"):
        read(path)
    with pytest.raises(DataError, match=r'no study "frist".*did you mean "first"'):
        read(path, "frist")
    assert read(path, "first").greater is False


def test_a_study_of_several_objectives_is_inconclusive(stored):
    with pytest.raises(Inconclusive, match="optimises 2 things"):
        read(stored("both", directions=["maximize", "minimize"]))


def test_without_optuna_the_extra_is_named(stored, monkeypatch):
    path = stored("tune")
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[tuning\]"):
        read(path)


@pytest.mark.parametrize("content", [b'{"op_code": 99, "x', b"SQLite format 3\0" + b"x" * 200])
def test_a_damaged_storage_is_an_error(tmp_path, content):
    (tmp_path / "study.db").write_bytes(content)
    with pytest.raises(DataError, match=r"study\.db"):
        read(tmp_path / "study.db")


def test_a_range_that_was_changed_on_the_way_is_the_widest(optuna):
    study = optuna.create_study(direction="maximize")
    study.optimize(lambda t: t.suggest_float("x", 0.0, 1.0 + t.number), n_trials=3)
    assert studies_optuna._study(optuna, study, "s").ranges == {"x": Range(low=0.0, high=3.0)}


# ------------------------------------------------------------------------------------------------- scikit-learn


@pytest.fixture(scope="module")
def search():
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    grid = {"max_depth": [1, 2, 3, None], "criterion": ["gini", "entropy"]}
    return GridSearchCV(DecisionTreeClassifier(random_state=0), grid, cv=5).fit(*load_iris(return_X_y=True))


def as_json(search):
    return json.dumps(
        {k: v.tolist() if hasattr(v, "tolist") else v for k, v in search.cv_results_.items()}, default=str
    )


@pytest.mark.parametrize("how", ["json", "csv", "pandas json"])
def test_cv_results_are_read_however_they_were_written(search, tmp_path, how):
    frame = pd.DataFrame(search.cv_results_)
    text = {"json": as_json(search), "csv": frame.to_csv(), "pandas json": frame.to_json()}[how]
    study = read(written(tmp_path, "cv." + how.rpartition(" ")[2], text))
    assert (study.tool, study.score, study.greater) == ("scikit-learn", "score", True)
    assert sorted(study.names) == ["criterion", "max_depth"]
    assert len(study.trials) == 8
    best = max(study.trials, key=lambda t: t.score)
    assert best.score == pytest.approx(search.best_score_)
    assert len(best.folds) == 5
    assert best.sd == pytest.approx(np.std(best.folds))
    assert [t.params for t in study.trials] == search.cv_results_["params"]


def test_npz_of_numbers_is_read(search, tmp_path):
    plain = {k: v for k, v in search.cv_results_.items() if k not in ("params", "param_criterion", "param_max_depth")}
    np.savez(tmp_path / "cv.npz", param_max_depth=np.array([1, 2, 3, 4] * 2), **plain)
    study = read(tmp_path / "cv.npz")
    assert study.values("max_depth") == (1, 2, 3, 4)
    assert study.trials[0].score == pytest.approx(search.cv_results_["mean_test_score"][0])


def test_pickled_members_of_an_npz_are_refused_and_never_opened(search, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "touched"), "w"))

    np.savez(tmp_path / "cv.npz", param_x=np.array([Bomb()], dtype=object), mean_test_score=np.array([0.5]))
    with pytest.raises(DataError, match="param_x was saved as pickled objects, which are not opened"):
        read(tmp_path / "cv.npz")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("name", ["search.pkl", "search.joblib"])
def test_pickles_are_refused_with_the_way_out(tmp_path, name):
    with pytest.raises(DataError, match=r"runs code when it is opened.*cv_results_ as JSON"):
        read(written(tmp_path, name, "x"))


def test_one_of_several_scores_must_be_named(tmp_path):
    table = {"params": [{"a": 1}, {"a": 2}], "mean_test_roc_auc": [0.8, 0.9], "mean_test_f1": [0.7, 0.6]}
    path = written(tmp_path, "cv.json", table)
    with pytest.raises(DataError, match=r"several scores \(mean_test_roc_auc, mean_test_f1\)"):
        read(path)
    assert [t.score for t in read(path, score="f1").trials] == [0.7, 0.6]
    with pytest.raises(DataError, match='no "recall"'):
        read(path, score="recall")


# ------------------------------------------------------------------------------------------------- MLflow

PROGRAM = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("tune")
with mlflow.start_run():
    mlflow.log_metric("auc", 0.99)
    for n, rate in enumerate((0.01, 0.1, 0.3)):
        with mlflow.start_run(nested=True):
            mlflow.log_params({"rate": rate, "kind": "a"})
            mlflow.set_tag("data_sha256", "ab" * 32)
            if n < 2:
                mlflow.log_metrics({"auc": 0.9 + n / 100, "loss": 0.5})
            else:
                mlflow.log_metric("auc", float("nan"))
"""


def mlflow_store(uri):
    import os

    more = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    command = [sys.executable, "-c", PROGRAM, uri]
    done = subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "folder"])
def test_runs_of_mlflow_are_read_without_the_one_that_holds_them(tmp_path, kind):
    path = tmp_path / ("mlflow.db" if kind == "sqlite" else "mlruns")
    mlflow_store(f"sqlite:///{path}" if kind == "sqlite" else path.as_uri())
    before = path.read_bytes() if path.is_file() else None
    study = read(path, score="auc")
    assert sorted(t.params["rate"] for t in study.trials) == [0.01, 0.1, 0.3]
    assert sorted(t.score for t in study.trials if t.score is not None) == [0.9, 0.91]
    assert [t.state for t in study.trials].count("failed") == 1
    assert study.digests == {DIGEST}
    assert study.greater is None
    assert before is None or path.read_bytes() == before


def run_of(experiment, **metrics):
    return {"experiment": experiment, "id": "1", "status": "FINISHED", "params": {}, "metrics": metrics, "tags": {}}


def test_one_of_several_experiments_and_metrics_must_be_named():
    runs = [run_of("tune", auc="0.9", loss="0.5"), run_of("serve", auc="0.8")]
    with pytest.raises(DataError, match=r"has several.*one of tune, serve"):
        studies_mlflow._experiment(runs, None, "mlflow.db")
    with pytest.raises(DataError, match='no experiment "tuen" with runs; did you mean "tune"'):
        studies_mlflow._experiment(runs, "tuen", "mlflow.db")
    assert studies_mlflow._experiment(runs, "tune", "mlflow.db") == runs[:1]
    with pytest.raises(DataError, match="has auc, loss"):
        studies_mlflow._metric(runs, None, "mlflow.db")
    assert studies_mlflow._metric(runs, "loss", "mlflow.db") == "loss"


@pytest.mark.slow
def test_what_mlflow_cannot_read_is_inconclusive(tmp_path):
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as made:
        made.execute("create table runs (run_uuid text)")
    with pytest.raises(Inconclusive, match=r"MLflow cannot read mlflow\.db"):
        read(tmp_path / "mlflow.db")


def test_a_server_that_is_not_named_is_inconclusive(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(Inconclusive, match="no tracking server is named"):
        read(None, "tune")


# ------------------------------------------------------------------------------------------------- a team's own


def test_trials_in_a_document_are_found_by_key_or_by_their_usual_name(tmp_path):
    tried = [{"rate": 0.1, "roc_auc": 0.8, "sd": 0.01}, {"rate": 0.2, "roc_auc": 0.9, "sd": 0.02}]
    path = written(tmp_path, "training.json", {"selection": {"tried": tried}, "data": {"sha256": DIGEST}})
    for key in ("selection.tried", "/selection/tried"):
        study = read(path, trials=key, score="roc_auc")
        assert [(t.params, t.score, t.sd) for t in study.trials] == [
            ({"rate": 0.1}, 0.8, 0.01),
            ({"rate": 0.2}, 0.9, 0.02),
        ]
        assert study.digests == {DIGEST}
    with pytest.raises(DataError, match=r'nothing at "selection.tired".*did you mean "tried"'):
        read(path, trials="selection.tired")
    assert len(read(written(tmp_path, "b.json", {"trials": tried}), score="roc_auc").trials) == 2


def test_a_csv_of_trials_is_read_with_states_and_without_what_is_no_hyperparameter(tmp_path):
    text = (
        "number,value,datetime_start,duration,params_rate,params_kind,state\n"
        "0,0.8,2026-11-01 10:00:00,0 days 00:01,0.1,a,COMPLETE\n"
        "1,,2026-11-01 10:01:00,,0.2,b,TrialState.PRUNED\n"
        "2,nan,2026-11-01 10:02:00,,0.3,,COMPLETE\n"
        "3,0.9,2026-11-01 10:02:00,,0.4,a,RUNNING\n"
    )
    study = read(written(tmp_path, "trials.csv", text))
    assert [t.state for t in study.trials] == ["complete", "pruned", "failed", "running"]
    assert [t.params for t in study.trials][:3] == [
        {"rate": 0.1, "kind": "a"},
        {"rate": 0.2, "kind": "b"},
        {"rate": 0.3},
    ]
    assert study.trials[3].score is None


def test_columns_without_prefix_are_hyperparameters_but_for_the_usual_others(tmp_path):
    text = 'trial,seed,rate,layers,score,duration_s\n1,7,0.1,"[50, 50]",0.8,3\n2,7,0.2,"[100]",0.9,3\n'
    study = read(written(tmp_path, "trials.csv", text))
    assert [t.params for t in study.trials] == [{"rate": 0.1, "layers": [50, 50]}, {"rate": 0.2, "layers": [100]}]
    named = read(written(tmp_path, "trials.csv", text), names=("rate",))
    assert named.names == ("rate",)


@pytest.mark.parametrize("name", ["trials.csv", "trials.json"])
def test_no_trials_are_an_error(tmp_path, name):
    with pytest.raises(DataError, match=r"holds no trials|cannot be read|no list of trials"):
        read(written(tmp_path, name, "[]" if name.endswith("json") else "a,score\n"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", '{"a": 1}'),
        ("a.yaml", "a: [1"),
        ("a.json", "[1, 2]"),
        ("a.txt", "hello"),
        ("a.json", "[" * 100_000),
    ],
)
def test_what_is_no_record_is_an_error(tmp_path, name, text):
    with pytest.raises(DataError):
        read(written(tmp_path, name, text))


def test_a_yaml_document_with_too_many_aliases_is_refused(tmp_path):
    text = "a: &a [1]\nb: [" + ", ".join(["*a"] * 200) + "]\n"
    with pytest.raises(DataError, match="more than 100 aliases"):
        cells.parsed(written(tmp_path, "a.yaml", text))


def test_what_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "LARGEST", 10)
    with pytest.raises(DataError, match="more than 10 bytes"):
        read(written(tmp_path, "a.json", "[" + " " * 100 + "]"))


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("1e-3", 1e-3), ("True", True), ("None", None), ("relu", "relu"), ("(5, 5)", [5, 5]),
     ("(5,)", [5]), ("[a]", "[a]"), ("", "")],
)  # fmt: skip
def test_cells_spell_values(text, value):
    assert cells.value_of(text) == value


def test_digests_stand_alone():
    assert cells.digests(f'"sha256:{DIGEST}", {"c" * 63}, md5 {"d" * 32}, {"e" * 65}') == {DIGEST, "d" * 32}
