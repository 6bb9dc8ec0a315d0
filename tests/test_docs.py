from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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


SUPPORT = Path(__file__).parent / "plugin" / "support"
TRAINING = 'from pathlib import Path\nPath("model.skops").write_bytes(b"weights")\n'
DEPLOYING = '#!/bin/sh\ncp "$1" live\n'


@pytest.fixture
def shell(pytester, readiness, monkeypatch):
    """A project whose gate one test of its own passes, and a shell in which the recipes find their commands."""
    (pytester.path / "mlready.toml").write_text(
        '[model]\npath = "model.skops"\n[gate]\nrequired = ["security.no_secrets"]\n'
    )
    pytester.makepyfile('import pytest\n@pytest.mark.security("no_secrets")\ndef test_it(): pass')
    (pytester.path / "train.py").write_text(TRAINING)
    (pytester.path / "model.skops").write_bytes(b"weights")
    programs = {
        "pytest": f'exec "{sys.executable}" -m pytest "$@"',
        "python": f'exec "{sys.executable}" "$@"',
        "gh": 'printf "%s\\n" "$@" > gh.txt; head -c 65536 readiness.md > comment.md',
    }
    folder = pytester.mkdir("programs")
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (folder, Path(sys.executable).parent, os.environ["PATH"]))))
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))
    monkeypatch.setenv("PYTEST_PLUGINS", "only_model_quality")
    monkeypatch.setenv(
        "PYTEST_ADDOPTS", "-p no:cacheprovider -p no:randomly -p no:schemathesis -p no:locust -p no:anyio"
    )

    def run(text, *, at=pytester.path, **environ):
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=at, env={**os.environ, **environ}, capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip

    run.at = pytester.path
    return run


def scripts():
    """Content by name of every shell script in docs/ci.md; its first line names it."""
    text = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    return dict(re.findall(r"```sh\n# (\S+\.sh)\b[^\n]*\n(.*?)```", text, re.DOTALL))


needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl, which makes the key, is not here")


@needs_openssl
def test_the_gate_before_deployment_lets_through_what_was_tested_and_nothing_else(shell):
    recipe = scripts()
    for name in ("make-key.sh", "build.sh", "deploy.sh"):
        done = shell(recipe[name])
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("verified") == 5
    assert "the gate was passed; it asks for security.no_secrets" in done.stdout
    (shell.at / "release/model.skops").write_bytes(b"other weights")
    done = shell(recipe["deploy.sh"])
    assert done.returncode == 1
    assert "refused   model.skops" in done.stdout
    assert "was not tested" in done.stdout
    (shell.at / "release/model.skops").write_bytes(b"weights")
    assert shell(recipe["deploy.sh"]).returncode == 0
    shell(recipe["make-key.sh"])
    done = shell(recipe["deploy.sh"])
    assert done.returncode == 1
    assert "changed, or another's" in done.stdout
    (shell.at / "readiness-key.pub").unlink()
    assert shell(recipe["deploy.sh"]).returncode == 2


def workflow(name):
    return yaml.safe_load(dict(pipelines())[f".github/workflows/{name}"])["jobs"]


def steps(job):
    """Commands of a job with their environment; installing is left out, what is tested being here already."""
    return [
        (s["run"], s.get("env", {})) for s in job["steps"] if "run" in s and not s["run"].startswith(("pip", "sudo"))
    ]


@needs_openssl
@pytest.mark.parametrize("tampered", [False, True])
def test_the_release_workflow_rolls_out_what_was_tested_and_stops_at_anything_else(shell, tmp_path, tampered):
    assert shell(scripts()["make-key.sh"]).returncode == 0
    secrets = {"${{ secrets.READINESS_KEY }}": (shell.at / "readiness-key.pem").read_text()}
    jobs, temporary, production = workflow("release.yml"), tmp_path / "temporary", tmp_path / "production"
    (production / "release").mkdir(parents=True)
    temporary.mkdir()
    for command, environ in steps(jobs["build"]):
        given = {key: secrets[value] for key, value in environ.items()}
        done = shell(command, RUNNER_TEMP=str(temporary), **given)
        assert done.returncode == 0, done.stdout + done.stderr
    assert list(temporary.iterdir()) == [], "the key is gone when the job ends"
    (upload,) = [s["with"] for s in jobs["build"]["steps"] if "upload" in s.get("uses", "")]
    for path in upload["path"].split():
        shutil.copy(shell.at / path, production / "release")
    shutil.copy(shell.at / "readiness-key.pub", production)
    (production / "roll-out.sh").write_text(DEPLOYING)
    (production / "roll-out.sh").chmod(0o755)
    if tampered:
        (production / "release/model.skops").write_bytes(b"other weights")
    codes = []
    for command, _ in steps(jobs["deploy"]):
        codes.append(shell(command, at=production).returncode)
        if codes[-1]:
            break  # as the runner does
    assert codes == ([1] if tampered else [0, 0])
    assert (production / "live").exists() != tampered


RUNS = [(path, content) for path, content in pipelines() if "release" not in path]


@pytest.mark.parametrize(("path", "content"), RUNS, ids=[path for path, _ in RUNS])
def test_every_pipeline_writes_what_it_publishes(shell, path, content):
    """Its commands are run as they stand, but for installing; every file that it hands on is there then."""
    text = re.sub(r"\n\s+(--\S)", r" \1", content)
    commands = re.findall(r"(?:pytest --mlready|gh pr)[^\n']*", text)
    assert commands
    for command in commands:
        done = shell(command, GITHUB_ACTIONS="", PULL_REQUEST="12")
        assert done.returncode == 0, done.stdout + done.stderr
    for name in re.findall(r"(?:readiness|junit)\.[\w.]*\w", text):
        assert (shell.at / name).stat().st_size > 0, name
    if "gh pr" in text:
        assert "## Production readiness: gate passed" in (shell.at / "comment.md").read_text()
        assert (shell.at / "comment.md").read_text() == (shell.at / "readiness.md").read_text()
