"""Asks whether artifacts and images are free of credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_mlready.artifacts.secrets.scan import Report
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="security.no_secrets",
    title="No secrets in artifacts or images",
    question="Are model artifacts and container images free of credentials?",
    why=(
        "Training code has database passwords and hub tokens at hand, and they end up in pickled configuration, "
        "notebook outputs, metadata, image layers and environment variables. Deleting a file in a later layer does not "
        "remove it. Artifacts are copied to places that source code never reaches, and a leaked key works until "
        "somebody notices."
    ),
    looks_at=(
        "Files, not a running system. Model artifacts (candidate, live model where it is a file, those found), saved "
        "images (docker save, OCI) and files that ship are walked in memory: archives in one another, the texts of "
        "pickles and joblib files without executing them, notebooks with their outputs, metadata of ONNX, safetensors "
        "and GGUF, every layer of an image with what later layers hide, its environment, labels and history. Numbers "
        "are passed over. detect-secrets reads the texts, with detectors of ours for newer tokens; entropy alone is "
        "not judged, since digests have as much. In installed packages and the operating system's folders only "
        "secrets with a format of their own are looked for, outside of tests and documentation. It passes with no "
        "finding that the audited baseline (`is_secret: false`, same file) does not accept, and fails on one. It is "
        "inconclusive when anything could not be looked into: damaged, encrypted, of an unknown kind beyond its first "
        "64 MB, or past a limit. Findings show place, kind, length and the beginning of a digest, never the secret. "
        "What it cannot know: passwords that nothing names, and text inside pictures or encrypted data."
    ),
    how_to_fix=(
        "Revoke a found credential first and only then remove it: it must be taken as known. Read secrets at run time "
        "from a secret store, use build secrets instead of build arguments, and copy chosen files into the image "
        "rather than the whole folder. Clear notebook outputs. Audit the remaining false alarms into a baseline and "
        "review its changes; for what lies inside artifacts, `python -m pytest_mlready.artifacts.secrets FILE` drafts "
        "the entries."
    ),
    attestation=(
        "What was scanned, by digest, with which tool and version, number of findings and what became of each, and "
        "what could not be opened."
    ),
    about_model=True,
    sources=(
        "CWE-798, Use of Hard-coded Credentials",
        "NIST SP 800-190 (2017), Application Container Security Guide",
        "Meli, McNiece, Reaves 2019, How Bad Can It Git? Characterizing Secret Leakage in Public GitHub Repositories",
        "OCI image specification 1.1 (layers, whiteouts, configuration)",
        "detect-secrets documentation: plugins, filters, audit",
    ),
    options=(
        Option(
            name="baseline", type="string", default=".secrets.baseline",
            doc="Audited findings, as detect-secrets keeps them; the default counts where it is there.",
        ),
        Option(name="time_limit", type="duration", default=600.0, doc="Time for one artifact; past it: inconclusive."),
        Option(
            name="max_text", type="size", default=1_000_000_000,
            doc="Characters of text in one artifact; past it: inconclusive. The Python packages of a large image have "
            "500 million.",
        ),
        Option(
            name="own_packages", type="strings", default=(),
            doc="Installed packages that are your own, by name: looked into as your other files are.",
        ),
        Option(
            name="numbers", type="strings", default=(),
            doc="Globs of files that hold numbers alone, in a format that is not known: their first MB is enough.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.security("no_secrets")
def test_model_artifacts(
    mlready: Project, mlready_evidence: Evidence, mlready_artifacts: tuple[Path, ...], request: pytest.FixtureRequest
) -> None:
    """No model file holds a credential, whatever it is packed in."""
    from pytest_mlready.artifacts.secrets import verdicts

    paths = _models(mlready, mlready_artifacts, request)
    if not paths:
        mlready_evidence.not_applicable(f"the model has no artifact on disk ({mlready.settings.model.path})")
    mlready_evidence.grade("static")
    mlready_evidence.conclude(verdicts.judge(_scanned(mlready, paths)))


@pytest.mark.security("no_secrets")
def test_images(mlready: Project, mlready_evidence: Evidence, mlready_images: tuple[Path, ...]) -> None:
    """No layer, environment variable, label or history of a saved image holds a credential."""
    from pytest_mlready.artifacts.secrets import verdicts

    mlready_evidence.grade("static")
    mlready_evidence.conclude(verdicts.judge(_scanned(mlready, mlready_images), images=True))


@pytest.mark.security("no_secrets")
def test_shipped_files(mlready: Project, mlready_evidence: Evidence) -> None:
    """No file that ships beside the model holds a credential."""
    from pytest_mlready.artifacts.secrets import scan, verdicts

    paths = mlready.shipped()
    if not paths:
        line = '[tool.mlready.deploy] shipped = ["Dockerfile", "service/"]'
        mlready_evidence.unverified("no files that ship are configured, and none were found", fix=line)
    mlready_evidence.grade("static")
    report = scan.merged(_scanned(mlready, paths), f"{len(paths)} shipped files and folders")
    mlready_evidence.conclude(verdicts.judge([report]))


def _models(mlready: Project, found: Iterable[Path], request: pytest.FixtureRequest) -> tuple[Path, ...]:
    """Model files: the candidate (of a registry's, the copy that was fetched), the live one, and those found."""
    from pathlib import Path

    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ModelError

    table = mlready.settings.model
    paths: list[Path] = []
    for source in filter(None, (table.path, table.production)):
        if source.startswith(("models:/", "runs:/")):
            paths += [Path(request.getfixturevalue("mlready_model").path)] if source == table.path else []
        elif "://" not in source and not named.is_object(source):
            paths.append(named.file(source, mlready.root, error=ModelError, what="the model"))
    ours = [path.resolve() for path in found if path.exists()]
    tests = {path for path in ours if {"test", "tests"} & set(_shown(mlready, path).split("/"))}
    return tuple(dict.fromkeys([*paths, *(path for path in ours if path not in tests)]))


def _scanned(mlready: Project, paths: Sequence[Path]) -> list[Report]:
    from pytest_mlready.artifacts.contents.artifact import Artifact
    from pytest_mlready.artifacts.contents.limits import Limits
    from pytest_mlready.artifacts.secrets import baseline, scan

    options = mlready.options(ITEM.id)
    known = mlready.path(options["baseline"])
    audited = None
    if known.is_file() or options["baseline"] != _default("baseline"):
        audited = baseline.read(known)
    limits = Limits(seconds=options["time_limit"], text=options["max_text"])
    kept: dict[str, Any] = {"limits": limits, **{key: options[key] for key in ("own_packages", "numbers")}}
    artifacts = (Artifact(path, _shown(mlready, path), **kept) for path in paths)  # one after another: each has a clock
    return scan.scan(artifacts, baseline=audited, progress=mlready.progress)


def _default(name: str) -> Any:
    return next(option.default for option in ITEM.options if option.name == name)


def _shown(mlready: Project, path: Path) -> str:
    """The path as places name it: below the project, else the last of it."""
    root = mlready.root.resolve()
    return path.resolve().relative_to(root).as_posix() if path.resolve().is_relative_to(root) else path.name
