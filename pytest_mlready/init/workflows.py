"""Writes the CI configuration that installs the project, runs the gate and keeps its reports."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready import commands
from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GATE = "python -m pytest --mlready-only --mlready-report=readiness.html --mlready-report=readiness.json"
REPORTS = ("readiness.html", "readiness.json")
PYTHON = "3.12"

GITHUB = """\
name: production readiness
on:
  push:
    branches: [main, master]
  pull_request:
  schedule:
    - cron: "17 5 * * 1"  # weekly: attestations and waivers lapse without a push
permissions:
  contents: read
jobs:
  readiness:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0  # reviews and dates are read from the history
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
      - name: Install
        run: |
{install:10}
      - name: Gate
        run: {gate}
      - name: Keep the reports
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: readiness
          path: readiness.*
"""
GITLAB = """\
production-readiness:
  image: python:{python}
  variables:
    GIT_DEPTH: "0"  # reviews and dates are read from the history
  script:
{install_list:4}
    - {gate}
  artifacts:
    when: always
    paths:
{reports_list:6}
"""
JENKINS = """\
// Reads the history of the repository: let the checkout be a whole one, not a shallow one.
pipeline {{
  agent {{ docker {{ image 'python:{python}' }} }}
  triggers {{ cron('H 5 * * 1') }} // weekly: attestations and waivers lapse without a push
  stages {{
    stage('Production readiness') {{
      steps {{
        sh '''
          python -m venv .venv
          . .venv/bin/activate
{install:10}
          {gate}
        '''
      }}
    }}
  }}
  post {{
    always {{ archiveArtifacts artifacts: 'readiness.*', allowEmptyArchive: true }}
  }}
}}
"""
CIRCLECI = """\
version: 2.1
jobs:
  readiness:
    docker:
      - image: cimg/python:{python}
    steps:
      - checkout
      - run:
          name: Install
          command: |
{install:12}
      - run:
          name: Gate
          command: {gate}
      - run:
          name: Gather the reports
          command: mkdir -p reports && cp readiness.* reports/
          when: always
      - store_artifacts:
          path: reports
workflows:
  readiness:
    jobs: [readiness]
"""
AZURE = """\
trigger: [main, master]
pr: [main, master]
schedules:
  - cron: "17 5 * * 1"  # weekly: attestations and waivers lapse without a push
    displayName: weekly
    branches:
      include: [main, master]
    always: true
pool:
  vmImage: ubuntu-latest
steps:
  - checkout: self
    fetchDepth: 0  # reviews and dates are read from the history
  - task: UsePythonVersion@0
    inputs:
      versionSpec: "{python}"
  - script: |
{install:6}
    displayName: Install
  - script: {gate}
    displayName: Gate
  - script: mkdir -p reports && cp readiness.* reports/
    displayName: Gather the reports
    condition: always()
  - publish: reports
    artifact: readiness
    condition: always()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A CI service.

    Attributes:
        name: As `ci` names it.
        template: Its configuration.
        places: Where it goes: the first that is free.
        beside: What a person has to do where the first was taken; "" where the service reads both by itself.
    """

    name: str
    template: str
    places: tuple[str, ...]
    beside: str = ""


PROVIDERS = {
    "github": Provider(name="GitHub Actions", template=GITHUB, places=(".github/workflows/mlready.yml",)),
    "gitlab": Provider(
        name="GitLab CI",
        template=GITLAB,
        places=(".gitlab-ci.yml", ".gitlab/mlready.gitlab-ci.yml"),
        beside="add to .gitlab-ci.yml: include: [{{local: {place}}}]",
    ),
    "jenkins": Provider(
        name="Jenkins",
        template=JENKINS,
        places=("Jenkinsfile", "Jenkinsfile.mlready"),
        beside="make a pipeline in Jenkins whose script path is {place}",
    ),
    "circleci": Provider(name="CircleCI", template=CIRCLECI, places=(".circleci/config.yml",)),
    "azure": Provider(
        name="Azure Pipelines",
        template=AZURE,
        places=("azure-pipelines.yml", "azure-pipelines-mlready.yml"),
        beside="make a pipeline in Azure DevOps from {place}",
    ),
}


class Lines(str):
    """Lines of a template: formatted with a number, each is indented by so many columns."""

    __slots__ = ()

    def __format__(self, columns: str) -> str:
        return "\n".join(" " * int(columns or 0) + line for line in self.splitlines())


def text(provider: str, root: Path) -> str:
    """The configuration for a project."""
    install = installation(root)
    return PROVIDERS[provider].template.format(
        python=PYTHON,
        gate=GATE,
        install=Lines("\n".join(install)),
        install_list=Lines("\n".join(f"- {line}" for line in install)),
        reports_list=Lines("\n".join(f"- {report}" for report in REPORTS)),
    )


def place(provider: str, root: Path) -> tuple[str, str]:
    """(where the configuration goes below the root, what a person has to do so that it is read).

    Raises:
        ReadinessError: Every place is taken by something else; what is there is never overwritten.
    """
    known = PROVIDERS[provider]
    for number, where in enumerate(known.places):
        if not (root / where).exists() and not (root / where).is_symlink():
            return where, known.beside.format(place=where) if number else ""
    taken = " and ".join(known.places)
    raise ReadinessError(
        f"{taken} {'is' if len(known.places) == 1 else 'are'} there already and not overwritten",
        fix="add the steps below to it by hand",
    )


def installation(root: Path) -> Sequence[str]:
    """Commands that install the project as far as its files tell how, and us."""
    lines = ["python -m pip install 'pytest-mlready[all]'"]
    if (root / "requirements.txt").is_file():
        lines.append("python -m pip install -r requirements.txt")
    if _is_package(root):
        lines.append("python -m pip install .")
    return lines


def _is_package(root: Path) -> bool:
    try:
        tables: Any = tomllib.loads(commands.content(root / "pyproject.toml") or "")
    except (ValueError, RecursionError):
        return False
    return "build-system" in tables or (root / "setup.py").is_file()
