"""Holds local artifacts against what a model registry hands out under a name."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mlready.artifacts import digests
from pytest_mlready.artifacts.loaders import mlflow
from pytest_mlready.errors import DataError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST = 5  # files that a message lists


def verify(source: str, artifacts: Sequence[Path], *, root: Path) -> Verdict:
    """Says whether the registry's version holds the very bytes of the artifacts.

    Args:
        source: models:/name@alias, models:/name/3 or runs:/…; it is fetched by a process of its own into a temporary
            folder, and nothing in it is loaded.
        artifacts: Local files and folders; of a folder, every file must be in the version.
        root: Folder in which a local registry (`mlflow.db`, `mlruns`) is looked for.

    Raises:
        DataError: `source` names no model of a registry.
        Inconclusive: the registry does not answer, or MLflow is not installed.
        ModelError: the registry knows no such model, version or alias.
    """
    if not source.startswith(("models:/", "runs:/")):
        raise DataError(f'registry = "{source}"', expected='an MLflow name such as "models:/income@champion"')
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        held = mlflow.download(source, Path(folder), root=root)
        version = _version(held)
        known = {digests.sha256(p): p.relative_to(held).as_posix() for p in sorted(held.rglob("*")) if p.is_file()}
    files = [file for artifact in artifacts for file in _files(artifact)]
    found = {file: digests.sha256(file) for file in files}
    return _verdict(f"{source}{version}", found, known)


def _files(artifact: Path) -> list[Path]:
    return sorted(p for p in artifact.rglob("*") if p.is_file()) if artifact.is_dir() else [artifact]


def _version(folder: Path) -> str:
    """The version behind an alias, which MLflow writes beside what it downloads."""
    import yaml

    described = folder / "registered_model_meta"
    try:
        meta = yaml.safe_load(described.read_text(encoding="utf-8"))
        return f" (version {meta['model_version']})"
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return ""


def _verdict(source: str, found: Mapping[Path, str], known: Mapping[str, str]) -> Verdict:
    lost = [file for file, digest in found.items() if digest not in known]
    noted = (
        Measurement(name=f"files that {source} does not hold", value=len(lost), max=0, n=len(found)),
        *(
            Measurement(name=f"sha256 of {file.name}", value=digest, note=f"in {source}: {known.get(digest, 'none')}")
            for file, digest in list(found.items())[:_LONGEST]
        ),
    )
    if not lost and found:
        names = ", ".join(known[digest] for digest in list(found.values())[:_LONGEST])
        return Verdict(outcome="passed", message=f"{source} holds the same bytes: {names}", measurements=noted)
    told = "; ".join(f"{file.name} with the sha256 {found[file]}" for file in lost[:_LONGEST]) or "nothing was compared"
    there = ", ".join(f"{name} ({digest[:12]}…)" for digest, name in list(known.items())[:_LONGEST]) or "no file"
    message = f"{source} does not hold {told}; it holds {there}. Register what ships, or ship what is registered"
    return Verdict(outcome="failed", message=message, measurements=noted)
