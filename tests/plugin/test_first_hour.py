"""The first hour: a run in a project that has never heard of us, its next steps pasted, and settings that init wrote."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

# Imported here: pytester forgets what a test imports, and numpy cannot be loaded twice in a process.
import joblib
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from pytest_mlready import step_bundles

try:
    import pandas as pd
except ImportError:
    pd = None

pytestmark = pytest.mark.slow
ASIDE = "-p no:schemathesis -p no:locust -p no:faker -p no:anyio"  # plugins of our extras that take no part
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: scorer}
spec:
  selector: {matchLabels: {app: scorer}}
  template:
    metadata: {labels: {app: scorer}}
    spec: {containers: [{name: scorer, image: scorer:1}]}
"""
SERVICE = """
from fastapi import FastAPI
from pydantic import BaseModel, Field

class Row(BaseModel):
    age: float = Field(examples=[1.0])

app = FastAPI()

@app.post("/predict")
def predict(row: Row):
    return {"label": int(row.age > 0)}

@app.get("/healthz")
def health():
    return {}
"""


@pytest.fixture(autouse=True)
def only_what_takes_part(monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", ASIDE)


@pytest.fixture
def sklearn_project(pytester):
    """A script's folder: a model in a joblib file and two data files, the target by its name."""
    if pd is None:
        pytest.skip("pandas is not installed")
    random = np.random.default_rng(0)
    X = random.normal(size=(1200, 2))
    frame = pl.DataFrame(
        {"age": X[:, 0], "debt": X[:, 1], "label": (X @ [2, 1] + random.normal(size=1200) > 0).astype(int)}
    )
    (pytester.path / "data").mkdir()
    frame[:800].write_csv(pytester.path / "data/train.csv")
    frame[800:].write_csv(pytester.path / "data/test.csv")
    train = pd.DataFrame(frame[:800].select("age", "debt").to_dict(as_series=False))
    joblib.dump(LogisticRegression().fit(train, frame[:800]["label"].to_numpy()), pytester.path / "model.joblib")
    return pytester.path


def processor_seconds():
    """What the processes that this one started, and saw end, have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def step_of(report, item):
    return next(s for s in report["next_steps"] if item in s["items"])


def test_an_empty_project_is_no_error_and_gets_three_steps(pytester, readiness):
    before = processor_seconds()
    ran = readiness()
    assert ran.result.ret == 0
    # The promise is ten seconds on a quiet machine; other processes stretch the clock, and this a little.
    assert processor_seconds() - before < 15
    assert {i["status"] for i in ran.report["items"].values()} == {"unverified"}
    assert len(ran.report["next_steps"]) == 3
    assert "next step 3 of 3: " in ran.text
    assert "paste into mlready.toml:" in ran.text
    assert "`pytest-mlready init` writes settings" in ran.text
    assert not list(pytester.path.glob("*.toml"))


def test_lines_that_were_pasted_and_not_filled_in_are_one_short_error(pytester, readiness):
    steps = readiness().report["next_steps"]
    text = "\n".join(line for step in steps for line in step["lines"])
    (pytester.path / steps[0]["into"]).write_text(text, encoding="utf-8")
    ran = pytester.runpytest_subprocess("--mlready")
    assert ran.ret == 4
    told = ran.stderr.str()
    assert told.count(" is still to be filled in") == text.count('"…"')
    assert "mlready.toml:2: model.path: " in told
    assert ran.stdout.str().count("\n") < 5


def test_a_project_with_a_pyproject_is_told_to_paste_there(pytester, readiness):
    (pytester.path / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    ran = readiness()
    assert {step["into"] for step in ran.report["next_steps"]} == {"pyproject.toml"}


def test_a_project_below_is_told_by_its_path_from_where_the_run_was_started(pytester, readiness):
    below = pytester.mkdir("services") / "churn"
    below.mkdir()
    for folder in (pytester.path, below):
        (folder / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    with (below / "pyproject.toml").open("a") as file:
        file.write('[tool.mlready]\nsystem = "churn"\n')
    ran = readiness("services/churn")
    into = str(Path("services") / "churn" / "pyproject.toml")
    assert {step["into"] for step in ran.report["next_steps"]} - {"a shell"} == {into}
    assert f"paste into {into}" in ran.text
    assert "[tool.mlready.model]" in ran.text


def test_lines_for_settings_that_init_wrote_are_told_by_their_tables(sklearn_project, pytester, readiness):
    assert pytester.run(sys.executable, "-c", "from pytest_mlready.cli import main; main()", "init").ret == 0
    ran = readiness()
    assert "    paste into mlready.toml, below its line [data]:\n" in ran.text
    step, table, file = step_of(ran.report, step_bundles.BY_MODEL[0]), "", sklearn_project / "mlready.toml"
    for line in step["lines"]:
        if line.startswith("# add to "):
            table = line.removeprefix("# add to ").rstrip(":")
            continue
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(f"\n{table}\n", f"\n{table}\n{line.replace('…', 'label')}\n"), encoding="utf-8")
    after = readiness()
    assert not [i for i in step["items"] if after.status(i) in ("unverified", "error", "not_run")]


def test_a_repository_of_two_services_is_begun_folder_by_folder(pytester, readiness):
    for name in ("churn", "fraud"):
        (pytester.path / name / "models").mkdir(parents=True)
        (pytester.path / name / "models/m.joblib").write_bytes(b"")
        (pytester.path / name / "main.py").write_text(SERVICE)
    command = (sys.executable, "-c", "from pytest_mlready.cli import main; main()")
    first = step_of(readiness().report, step_bundles.BY_SERVICE[0])
    assert first["lines"] == ["pytest-mlready init churn", "pytest-mlready init fraud"]
    assert pytester.run(*command, "init", "churn").ret == 0
    again = step_of(readiness().report, step_bundles.BY_SERVICE[0])
    assert again["lines"] == ["pytest --mlready churn", "pytest-mlready init fraud"]


def test_a_test_file_that_cannot_be_collected_is_told_once(pytester, readiness):
    (pytester.path / "test_mine.py").write_text("import not_installed_anywhere\n")
    ran = readiness()
    told = " ".join(ran.text.split())
    assert told.count("no result came back") == 2  # once for the items, once for the tests
    assert "partial run: test_mine.py cannot be collected" in ran.text


def test_the_first_step_of_a_scikit_learn_script_lets_its_items_be_judged(sklearn_project, readiness):
    before = readiness()
    step = step_of(before.report, step_bundles.BY_MODEL[0])
    assert before.report["next_steps"][0] == step
    text = "\n".join(step["lines"])
    assert 'target = "…"  # the true outcome: "label"?' in text
    (sklearn_project / step["into"]).write_text(text.replace("…", "label"), encoding="utf-8")
    after = readiness()
    assert not [i for i in step["items"] if after.status(i) in ("unverified", "error", "not_run")]


def test_the_step_of_a_service_lets_its_items_be_judged(pytester, readiness):
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    (pytester.path / "main.py").write_text(SERVICE)
    (pytester.path / "one.json").write_text(json.dumps({"age": 1.0}))
    before = readiness()
    step = step_of(before.report, step_bundles.BY_SERVICE[0])
    text = "\n".join(step["lines"])
    assert 'start = "uvicorn main:app --port {port}"  # found in main.py' in text
    (pytester.path / step["into"]).write_text(text.replace("…", "one.json"), encoding="utf-8")
    after = readiness()
    assert not [i for i in step["items"] if after.status(i) in ("unverified", "error", "not_run")]


def test_manifests_alone_are_judged_and_their_failures_are_the_first_step(pytester, readiness):
    (pytester.path / "deploy").mkdir()
    (pytester.path / "deploy/deployment.yaml").write_text(MANIFEST)
    ran = readiness("-q", "--color=no", way=("-n", "2"))
    assert ran.result.ret == 1
    assert ran.status("infrastructure.resource_limits") == "failed"
    failed = {i for i, item in ran.report["items"].items() if item["status"] == "failed"}
    assert set(step_of(ran.report, "infrastructure.resource_limits")["items"]) == failed
    assert ran.text.count("next step ") == 1
    assert "\x1b" not in ran.text


def test_a_run_with_what_init_wrote_is_a_run(sklearn_project, pytester, readiness):
    command = (sys.executable, "-c", "from pytest_mlready.cli import main; main()", "init")
    assert pytester.run(*command).ret == 0
    assert pytester.run(*command, "--ci", "github").ret == 0
    ran = readiness()
    assert ran.result.ret in (0, 1)
    assert not [i for i, item in ran.report["items"].items() if item["status"] == "error"]
    assert ran.report["system"] == sklearn_project.name
    assert ran.report["automation"]["shown"] is False or "mlready.yml" in ran.report["automation"]["how"]
