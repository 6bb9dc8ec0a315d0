"""The CI configuration that init writes runs the gate, as our own reader of CI configuration sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pytest_mlready import ci, cli
from pytest_mlready.init import workflows

NAMES = {
    "github": "GitHub Actions",
    "gitlab": "GitLab CI",
    "jenkins": "Jenkins",
    "circleci": "CircleCI",
    "azure": "Azure Pipelines",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*args, status=0):
    result = CliRunner().invoke(cli.main, ["init", *args])
    assert result.exit_code == status, result.output
    return result.output


def test_every_service_of_the_command_has_its_configuration():
    assert tuple(workflows.PROVIDERS) == cli.CI == tuple(NAMES)


@pytest.mark.parametrize("provider", NAMES)
def test_what_is_written_runs_the_gate(project, provider):
    where = workflows.PROVIDERS[provider].places[0]
    assert init("--ci", provider).startswith(f"wrote {where}")
    assert [(name, path) for name, path, _ in ci.gate_in_ci(project)] == [(NAMES[provider], Path(where))]


@pytest.mark.parametrize("provider", [p for p in NAMES if p != "jenkins"])
def test_what_is_written_is_yaml_that_installs_the_project_first(project, provider):
    (project / "requirements.txt").write_text("fastapi\n")
    (project / "pyproject.toml").write_text("[build-system]\nrequires = []\n")
    text = workflows.text(provider, project)
    assert yaml.safe_load(text)
    order = [text.index(w) for w in ("pytest-mlready[all]", "-r requirements.txt", "pip install .\n", "--mlready-only")]
    assert order == sorted(order)
    assert "{" not in text.replace("{{", "")


def test_the_same_command_again_says_where_the_gate_runs_already(project):
    init("--ci", "github")
    before = (project / ".github/workflows/mlready.yml").read_text()
    assert "runs the gate already: .github/workflows/mlready.yml, line" in init("--ci", "github")
    assert (project / ".github/workflows/mlready.yml").read_text() == before


def test_another_provider_is_written_too_and_the_gate_that_runs_elsewhere_is_told(project):
    init("--ci", "github")
    said = init("--ci", "gitlab")
    assert "wrote .gitlab-ci.yml" in said
    assert "note: GitHub Actions runs the gate too: .github/workflows/mlready.yml, line" in said
    assert len(ci.gate_in_ci(project)) == 2


def test_every_provider_has_the_name_by_which_its_files_are_recognised():
    for provider in workflows.PROVIDERS.values():
        assert ci.provider(provider.places[0]) == provider.name


@pytest.mark.parametrize("provider", ["gitlab", "jenkins", "azure"])
def test_where_the_place_is_taken_it_is_written_beside_and_what_else_to_do_is_told(project, provider):
    first, second = workflows.PROVIDERS[provider].places
    (project / first).write_text("# ours\n")
    said = init("--ci", provider)
    assert f"wrote {second}" in said
    assert f"note: {workflows.PROVIDERS[provider].beside.format(place=second)}" in said
    assert (project / first).read_text() == "# ours\n"
    assert [path for _, path, _ in ci.gate_in_ci(project)] == [Path(second)]


@pytest.mark.parametrize("provider", ["github", "circleci"])
def test_where_there_is_no_place_beside_it_refuses_and_prints_the_text(project, provider):
    path = project / workflows.PROVIDERS[provider].places[0]
    path.parent.mkdir(parents=True)
    path.write_text("# ours\n")
    said = init("--ci", provider, status=2)
    assert workflows.GATE in said
    assert "not overwritten" in said
    assert path.read_text() == "# ours\n"


def test_a_dry_run_prints_and_writes_nothing(project):
    assert init("--ci", "gitlab", "--dry-run").startswith("# .gitlab-ci.yml, new:\n")
    assert [p.name for p in project.iterdir()] == [".git"]


def test_below_the_repositorys_top_it_refuses(project):
    (project / "service").mkdir()
    assert "not the repository's top" in init("service", "--ci", "github", status=2)


def test_a_jenkinsfile_has_matching_brackets_and_quotes(project):
    text = workflows.text("jenkins", project)
    assert text.count("{") == text.count("}") > 0
    assert text.count("'''") == 2


def test_the_gates_command_is_one_that_pytest_takes():
    done = subprocess.run(
        [*workflows.GATE.replace("python", sys.executable, 1).split(), "--collect-only", "-q", "--help"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0
