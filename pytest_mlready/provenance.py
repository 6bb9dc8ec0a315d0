"""Records what a report is about and where it came from: commit, digests, versions, trigger, automation."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pytest_mlready.tally import Automation
from pytest_mlready.values import seed_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.settings import Settings

# What each CI service sets in the environment of its jobs (their documentation), most specific first.
CI_VARIABLES = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "JENKINS_URL": "Jenkins",
    "TF_BUILD": "Azure Pipelines",
    "CIRCLECI": "CircleCI",
    "BUILDKITE": "Buildkite",
    "CI": "CI",
}
LIBRARIES = ("pytest-mlready", "pytest", "numpy", "scipy", "scikit-learn", "polars", "pandas", "skops", "onnxruntime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """Sha256 of the files that the run is about; None where the settings name no file that is there."""

    model: str | None = None
    train: str | None = None
    heldout: str | None = None

    def seed(self, check_id: str) -> int:
        """The same model, data and check always give the same seed; it is no option, so none can be shopped for."""
        return seed_of(self.model or "", self.train or "", self.heldout or "", check_id)


def digests(settings: Settings, root: Path) -> Digests:
    """Digests of the model and the data files that the settings name."""
    return Digests(
        model=_digest(root, settings.model.path),
        train=_digest(root, settings.data.train),
        heldout=_digest(root, settings.data.heldout),
    )


def _digest(root: Path, source: str | None) -> str | None:
    if not source:
        return None
    path = root / source
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def trigger(environ: Mapping[str, str] = os.environ) -> str:
    """The CI service that runs this, or "local"."""
    return next(
        (name for key, name in CI_VARIABLES.items() if environ.get(key, "").lower() not in ("", "false", "0")), "local"
    )


def automation(root: Path, environ: Mapping[str, str] = os.environ) -> Automation:
    """Whether this run is shown to happen automatically and repeatedly."""
    by = trigger(environ)
    if by != "local":
        return Automation(shown=True, how=f"this run is in {by}")
    from pytest_mlready import discovery

    for folder in _up_to_repository(root):
        for provider, path, line in discovery.gate_in_ci(folder):
            return Automation(shown=True, how=f"{provider} runs the gate ({path}, line {line})")
    return Automation(
        shown=False,
        how="a local run, and no CI configuration was found that runs pytest --mlready; one that does earns the rest",
    )


def _up_to_repository(root: Path) -> list[Path]:
    """The settings' folder, and the top of the repository that it lies in: CI configuration stands there."""
    top = git(root, "rev-parse", "--show-toplevel")
    return [root] if not top or type(root)(top) == root.resolve() else [root, type(root)(top)]


def git(root: Path, *words: str) -> str | None:
    """What git answers, stripped; None when there is no git, no repository, or no answer within ten seconds."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, timeout=10, check=False, errors="replace"
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def places(root: Path, rootdir: Path, settings_path: Path | None) -> dict[str, Any]:
    """Where settings and tests lie below the top of the repository (or, without one, of the folder that holds both).

    Formats that point at a file need paths that a forge knows, whatever folder pytest was called in.
    """
    root, rootdir = root.resolve(), rootdir.resolve()
    top = git(root, "rev-parse", "--show-toplevel")
    above = type(root)(top).resolve() if top else (rootdir if root.is_relative_to(rootdir) else root)

    def below(folder: Path) -> str:
        return f"{folder.relative_to(above).as_posix()}/" if folder != above and folder.is_relative_to(above) else ""

    named = f"{below(root)}{settings_path.name}" if settings_path else None
    return {"settings": named, "root": below(root), "tests": below(rootdir)}


def describe(root: Path, found: Digests, *, settings_sha256: str | None) -> dict[str, Any]:
    """The provenance part of the JSON report, but for its times."""
    changes = git(root, "status", "--porcelain", "--untracked-files=no")
    return {
        "commit": git(root, "rev-parse", "HEAD") or None,
        "dirty": None if changes is None else bool(changes),
        "settings_sha256": settings_sha256,
        "model_sha256": found.model,
        "data_sha256": {"train": found.train, "heldout": found.heldout},
        "seed": found.seed(""),
        "versions": {"python": platform.python_version(), **_versions()},
        "trigger": trigger(),
    }


def _versions() -> dict[str, str]:
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return versions
