from __future__ import annotations

import datetime as dt
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_mlready import ci, settings

ROOT = Path(__file__).parents[1]


def test_the_generated_checklist_is_current():
    done = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_names_both_commands_and_the_pip_lines_they_stand_for():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in (
        "make demo",
        "make test",
        "pip install -e '.[all]'",
        "pip install --group dev",
        "pytest --mlready example_project",
    ):
        assert line in text


def test_every_link_in_our_documents_leads_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("example_project/*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", ["README.md", "docs/guide.md", "docs/ci.md"])
def test_every_settings_example_in_our_documents_is_valid(document, tmp_path, catalog):
    """Dots stand where a reader puts a digest of his own."""
    text = (ROOT / document).read_text(encoding="utf-8").replace('sha256 = "…"', f'sha256 = "{"0" * 64}"')
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert examples
    for n, example in enumerate(examples):
        file = tmp_path / str(n) / ("pyproject.toml" if "[tool.mlready" in example else "mlready.toml")
        file.parent.mkdir()
        file.write_text(example, encoding="utf-8")
        settings.load(file, items=catalog.items)


def pipelines():
    """(path, content) of every CI configuration in docs/ci.md; its first line names its file."""
    text = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    return re.findall(r"```(?:yaml|groovy)\n(?:#|//) (\S+)\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize(("path", "content"), pipelines(), ids=[path for path, _ in pipelines()])
def test_every_pipeline_in_the_documents_counts_as_automation(tmp_path, path, content):
    target = tmp_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, encoding="utf-8")
    assert [str(found) for _, found, _ in ci.gate_in_ci(tmp_path)] == [path]


def commands():
    """Every command that a reader is told to type, continued lines joined, comments dropped."""
    for document in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]:
        for block in re.findall(r"```console\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
            for line in re.findall(r"^\$ (.*)$", block.replace("\\\n", " "), re.MULTILINE):
                yield re.sub(r"\s+# .*", "", line).strip()


BY_CI = re.compile(  # `.ci/run` executes the two, on a clean checkout; what they stand for is held against the Makefile below
    r"make |git clone|python3 -m venv|apt-get|pip install|\.venv/bin/(pip|python|pytest)|cd example_project|\.\./\.venv"
)


@pytest.fixture
def project(pytester, readiness):
    """A project in which every command of the documents has something to do: settings, a document, two reports."""
    (pytester.path / "mlready.toml").write_text('[model]\npath = "model.bin"\n')
    (pytester.path / "model.bin").write_bytes(b"weights")
    (pytester.path / "docs").mkdir()
    (pytester.path / "docs/ethics-review.md").write_text("accepted")
    pytester.makepyfile('import pytest\n@pytest.mark.security("no_secrets")\ndef test_it(): pass')
    return pytester


@pytest.mark.parametrize("command", dict.fromkeys(c for c in commands() if not BY_CI.match(c)))
def test_every_command_in_the_documents_works(project, readiness, command):
    later = dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=90)
    words = [re.sub(r"^20\d\d-\d\d-\d\d$", str(later), word) for word in shlex.split(command)]
    if "compare" in words:
        readiness("--mlready-item=security.no_secrets", "--mlready-report=old.json", "--mlready-report=new.json")
    program = [sys.executable, "-m", "pytest"] if words[0] == "pytest" else [Path(sys.executable).with_name(words[0])]
    ours = ["--mlready-item=security.no_secrets", "-p", "no:cacheprovider"] if words[0] == "pytest" else []
    ran = project.run(*program, *words[1:], *ours)
    assert ran.ret == 0, ran.stderr.str()


def test_what_the_two_commands_stand_for_is_what_the_makefile_does():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin").replace("$(VENV)", ".venv")
    recipe = recipe.replace("$(PYTHON)", "python3").replace("--quiet ", "").replace("--upgrade pip", "--upgrade pip")
    told = [c for c in commands() if c.startswith((".venv/bin/", "python3 -m venv"))]
    told.remove(
        ".venv/bin/python -m pytest --ignore=tests/plugin"
    )  # which the Makefile does in two parts, one of them by two workers
    assert told
    for command in told:
        assert command in recipe, command


@pytest.mark.parametrize(
    "example",
    [
        e
        for d in ("README.md", "docs/guide.md")
        for e in re.findall(r"```python\n(.*?)```", (ROOT / d).read_text(), re.DOTALL)
    ],
)
def test_every_test_in_the_documents_runs_as_it_stands(pytester, readiness, example):
    (pytester.path / "mlready.toml").write_text('[data]\nreference = "r.csv"\ncurrent = "r.csv"\n')
    (pytester.path / "r.csv").write_text("a\n1\n2\n")
    pytester.makepyfile(f"{example}\n\ndef my_drift(reference, current):\n    return 0.1\n")
    ran = readiness("-k", "drifted")
    assert "passed" in [test["outcome"] for test in ran.item("monitoring.feature_drift")["tests"]]


def test_the_first_page_of_the_guide_works_on_an_empty_project(pytester, readiness):
    """As a newcomer would: the guide's settings, a small scikit-learn model, two CSV files."""
    (example,) = [
        e for e in re.findall(r"```toml\n(.*?)```", (ROOT / "docs/guide.md").read_text(), re.DOTALL) if "churn" in e
    ]
    (pytester.path / "mlready.toml").write_text(example)
    pytester.makepyfile(
        train_it="""
        import joblib, numpy as np, pandas as pd
        from sklearn.linear_model import LogisticRegression
        rng = np.random.default_rng(0)
        X = pd.DataFrame(rng.normal(size=(2000, 3)), columns=list("abc"))
        y = (X["a"] + X["b"] / 2 - X["c"] / 2 + rng.normal(size=2000) / 2 > 0).astype(int)
        joblib.dump(LogisticRegression().fit(X[:1000], y[:1000]), "model.joblib")
        X.assign(churned=y)[:1000].to_csv("train.csv", index=False)
        X.assign(churned=y)[1000:].to_csv("heldout.csv", index=False)
        """
    )
    assert subprocess.run([sys.executable, "train_it.py"], cwd=pytester.path, check=False).returncode == 0
    ran = readiness("--benchmark-disable")
    assert ran.result.ret == 0
    verified = {i for i, item in ran.report["items"].items() if item["status"] == "verified"}
    assert {"model_quality.metric_thresholds", "model_quality.heldout_integrity"} <= verified
