"""CI configuration: only a command that runs the gate, by itself, counts."""

from __future__ import annotations

import pytest

from pytest_mlready import discovery

GITHUB = ".github/workflows/ci.yml"


@pytest.fixture
def gate(tmp_path):
    """What is found in a repository of these files: (provider, path, line) of each command."""

    def gate(files):
        for place, text in files.items():
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_text(text)
        return [(name, path.as_posix(), line) for name, path, line in discovery.gate_in_ci(tmp_path)]

    return gate


def workflow(run, on="[push, pull_request]", step="", job=""):
    body = "\n".join(f"          {line}" for line in run.splitlines())
    return f"on: {on}\njobs:\n  test:\n    runs-on: x\n{job}    steps:\n      - run: |\n{body}\n{step}"


@pytest.mark.parametrize(
    ("place", "text", "provider", "line"),
    [
        (GITHUB, workflow("pip install .\npytest --mlready"), "GitHub Actions", 8),
        (GITHUB, "on: push\njobs: {a: {steps: [{run: pytest --mlready-only -q}]}}\n", "GitHub Actions", 2),
        (".gitlab-ci.yml", "test:\n  script:\n    - pip install .\n    - pytest --mlready\n", "GitLab CI", 4),
        (".gitlab-ci.yml", "test:\n  script: pytest --mlready-min-score=3\n", "GitLab CI", 2),
        (".gitlab-ci.yml", ".base:\n  script:\n    - pytest --mlready\ntest:\n  extends: .base\n", "GitLab CI", 3),
        (
            ".gitlab-ci.yml",
            ".base:\n  script:\n    - pytest --mlready\ntest:\n  script:\n    - !reference [.base, script]\n",
            "GitLab CI",
            3,
        ),
        ("azure-pipelines.yml", "steps:\n- script: |\n    pytest --mlready\n", "Azure Pipelines", 3),
        ("azure-pipelines.yml", "steps:\n- bash: pytest --mlready\n", "Azure Pipelines", 2),
        (".circleci/config.yml", "jobs:\n  t:\n    steps:\n      - run: pytest --mlready\n", "CircleCI", 4),
        (
            ".circleci/config.yml",
            "jobs:\n  t:\n    steps:\n      - run:\n          command: |\n            pytest --mlready\n",
            "CircleCI",
            6,
        ),
        (".buildkite/pipeline.yml", "steps:\n  - command: pytest --mlready\n", "Buildkite", 2),
        (".buildkite/pipeline.yml", "steps:\n  - commands:\n      - a\n      - pytest --mlready\n", "Buildkite", 4),
        ("Jenkinsfile", "stage('x') {\n  sh 'pytest --mlready'\n}\n", "Jenkins", 2),
        ("Jenkinsfile", "sh '''\n  pip install .\n  pytest --mlready\n'''\n", "Jenkins", 3),
        ("Jenkinsfile", 'sh(script: "pytest --mlready")\n', "Jenkins", 1),
    ],
)  # fmt: skip
def test_every_provider_is_read(gate, place, text, provider, line):
    assert gate({place: text}) == [(provider, place, line)]


@pytest.mark.parametrize(
    "command",
    [
        "python -m pytest tests --mlready",
        "uv run pytest --mlready --mlready-report=readiness.json",
        "MODE=ci pytest -q \\\n  --mlready-min-score 3",
        "pip install . && pytest --mlready 2>&1 | tee log",
        "if pytest --mlready; then true; fi",
        "docker run image sh -c 'pytest --mlready'",
        "$PYTEST --mlready",
    ],
)
def test_a_command_that_runs_the_gate_counts(gate, command):
    assert len(gate({GITHUB: workflow(command)})) == 1


@pytest.mark.parametrize(
    "command",
    [
        "pytest",
        "pytest  # --mlready comes later",
        "# pytest --mlready",
        "echo pytest --mlready",
        'git commit -m "pytest --mlready"',
        "pip install pytest-mlready",
        "other --mlready",
        "pytest --mlready --collect-only",
        "pytest --mlready-item='security.*'",
        "pytest; echo --mlready",
    ],
)
def test_a_command_that_does_not_run_it_does_not_count(gate, command):
    assert gate({GITHUB: workflow(command)}) == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (GITHUB, workflow("pytest --mlready", on="workflow_dispatch")),
        (GITHUB, workflow("pytest --mlready", on="{workflow_dispatch: {inputs: {}}}")),
        (GITHUB, workflow("pytest --mlready", step="        if: false\n")),
        (GITHUB, workflow("pytest --mlready", job="    if: ${{ false }}\n")),
        (GITHUB, "on: push\njobs:\n  t:\n    name: pytest --mlready\n    env: {run_it: pytest --mlready}\n"),
        (".github/workflows/notes.txt", workflow("pytest --mlready")),
        ("sub/.github/workflows/ci.yml", workflow("pytest --mlready")),
        (".gitlab-ci.yml", "test:\n  when: manual\n  script: pytest --mlready\n"),
        (".gitlab-ci.yml", ".unused:\n  script: pytest --mlready\n"),
        (".gitlab-ci.yml", "variables:\n  X: pytest --mlready\n"),
        ("azure-pipelines.yml", "steps:\n- script: pytest --mlready\n  enabled: false\n"),
        (".buildkite/pipeline.yml", "steps:\n  - label: pytest --mlready\n"),
        ("Jenkinsfile", "// sh 'pytest --mlready'\n/* sh 'pytest --mlready' */\necho 'pytest --mlready'\n"),
        (GITHUB, "on: [push\n"),
        (GITHUB, ""),
        (GITHUB, "- a\n"),
        (GITHUB, "on: push\njobs: &a [*a]\n"),
        (GITHUB, "[" * 100_000),
        (GITHUB, "[" * 10_000),
        (GITHUB, "- " * 100_000),
        (GITHUB, "? " * 100_000),
    ],
)
def test_what_does_not_run_by_itself_or_cannot_be_read_does_not_count(gate, place, text):
    assert gate({place: text}) == []


MAKEFILE = ".PHONY: all\nall:\n\tpytest\n\ndemo: all\n\t@pytest --mlready example\n\nother:\n\techo --mlready\n"
TOX = (
    "[tox]\nenvlist = unit\n[testenv]\ncommands = pytest\n[testenv:gate]\ncommands =\n    pytest --mlready {posargs}\n"
)
NOX = (
    "import nox\n@nox.session\ndef gate(session):\n    session.run('pytest', '--mlready')\n"
    "@nox.session\ndef unit(session):\n    session.run('pytest')\n"
)


@pytest.mark.parametrize(
    ("command", "counts"),
    [
        ("make demo", True),
        ("make -j2 all demo", True),
        ("make all", False),
        ("make", False),
        ("make other", False),
        ("make -C sub", True),
        ("tox -e gate", True),
        ("tox -e unit,gate", True),
        ("tox", False),
        ("tox -e unit", False),
        ("nox -s gate", True),
        ("nox", True),
        ("nox -s unit", False),
        ("./scripts/gate.sh", True),
        ("bash scripts/gate.sh", True),
        ("./scripts/chain.sh", False),  # one step only
        ("./scripts/gone.sh", False),
    ],
)
def test_one_step_through_make_tox_nox_or_a_script_is_followed(gate, command, counts):
    files = {
        "Makefile": MAKEFILE,
        "sub/Makefile": "gate:\n\tpytest --mlready\n",
        "tox.ini": TOX,
        "noxfile.py": NOX,
        "scripts/gate.sh": "#!/bin/sh\nset -e\npytest --mlready\n",
        "scripts/chain.sh": "make demo\n",
    }
    assert bool(gate(files | {GITHUB: workflow(command)})) is counts


def test_a_repository_without_ci_has_none(tmp_path):
    assert discovery.gate_in_ci(tmp_path) == []
    assert discovery.gate_in_ci(tmp_path / "gone") == []
