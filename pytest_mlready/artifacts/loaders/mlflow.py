"""Fetches a model from MLflow (models:/name@alias, models:/name/3, runs:/...) and finds the file inside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pytest_mlready.artifacts.loaded import one_line
from pytest_mlready.errors import Inconclusive, MissingExtra, ModelError

_TIMEOUT = 600  # seconds for one download
_FETCH = """
import sys, mlflow.artifacts
print(mlflow.artifacts.download_artifacts(artifact_uri=sys.argv[1], dst_path=sys.argv[2]))
"""
_FETCH_VERSION = """
import json, sys, mlflow.artifacts
from mlflow.tracking import MlflowClient
name, _, number = sys.argv[1].removeprefix("models:/").partition("/")
client, (name, _, alias) = MlflowClient(), name.partition("@")
version = client.get_model_version_by_alias(name, alias) if alias else client.get_model_version(name, number)
folder = mlflow.artifacts.download_artifacts(artifact_uri=sys.argv[1], dst_path=sys.argv[2])
print(json.dumps({"folder": folder, "number": str(version.version), "tags": dict(version.tags)}))
"""
_UNREACHABLE = ("Max retries exceeded", "Connection refused", "ConnectionError", "Read timed out", "timed out")
_FLAVOURS = {"sklearn": "pickled_model", "onnx": "data", "xgboost": "data", "lightgbm": "data"}


def fetch(source: str, *, root: Path) -> tuple[Path, Path]:
    """Downloads a model into a new temporary folder, which the caller removes.

    The tracking server is that of MLFLOW_TRACKING_URI (and MLFLOW_REGISTRY_URI), else `mlflow.db` or `mlruns` in
    `root`. MLflow's own loader is not used: it unpickles and imports whatever the model asks for.

    Returns:
        The temporary folder, and the model's file in it.

    Raises:
        MissingExtra: MLflow is not installed.
        Inconclusive: the server does not answer.
        ModelError: there is no such model, or it has no flavour that can be loaded without running its own code.
    """
    folder = Path(tempfile.mkdtemp(prefix="mlready-"))
    try:
        return folder, _file(download(source, folder, root=root), source)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def download(source: str, folder: Path, *, root: Path) -> Path:
    """All files of a model, in a folder below `folder`; the server is found as for `fetch`.

    Raises:
        MissingExtra: MLflow is not installed.
        Inconclusive: the server does not answer.
        ModelError: there is no such model.
    """
    return Path(_ask(_FETCH, source, folder, root=root))


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a registered model, fetched.

    Attributes:
        folder: Where its files are.
        file: The model in it.
        number: As the registry counts.
        tags: Of this version.
    """

    folder: Path
    file: Path
    number: str
    tags: Mapping[str, str]


def fetch_version(source: str, folder: Path, *, root: Path) -> Version:
    """All files of models:/name@alias or models:/name/3, in a folder below `folder`, with what the registry notes.

    Raises:
        MissingExtra, Inconclusive, ModelError: as for `fetch`.
    """
    said = json.loads(_ask(_FETCH_VERSION, source, folder, root=root))
    held = Path(said["folder"])
    return Version(folder=held, file=_file(held, source), number=said["number"], tags=said["tags"])


def _ask(program: str, source: str, folder: Path, *, root: Path) -> str:
    """The last line that a program prints which asks the registry."""
    tracking = os.environ.get("MLFLOW_TRACKING_URI") or _local(root, source)
    if find_spec("mlflow") is None:
        raise MissingExtra("mlflow-skinny", "registry", f"fetching {source}")
    # In a process of its own: MLflow keeps its addresses in global variables, and with the wrong ones it creates an
    # empty database in the working directory.
    opted_out = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    patience = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}  # MLflow's own: minutes
    registry = os.environ.get("MLFLOW_REGISTRY_URI") or tracking
    env = {**patience, **os.environ, **opted_out, "MLFLOW_TRACKING_URI": tracking, "MLFLOW_REGISTRY_URI": registry}
    command = [sys.executable, "-c", program, source, str(folder / "model")]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise ModelError(f"{source} did not arrive from {_shown(tracking)} in {_TIMEOUT} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["MLflow said nothing"]
        if any(sign in said[-1] for sign in _UNREACHABLE):
            raise Inconclusive(f"{_shown(tracking)} does not answer: {one_line(said[-1])}", fix="start it, or wait")
        raise ModelError(
            f"{source} cannot be fetched from {_shown(tracking)}: {one_line(said[-1])}",
            fix="look up the name, version or alias in the registry",
        )
    return done.stdout.strip().splitlines()[-1]


def is_at_hand(root: Path) -> bool:
    """Whether it is known which server to ask."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (root / "mlflow.db").is_file() or (root / "mlruns").is_dir()


def _local(root: Path, source: str) -> str:
    if (root / "mlflow.db").is_file():
        return f"sqlite:///{root / 'mlflow.db'}"
    if (root / "mlruns").is_dir():
        return (root / "mlruns").as_uri()
    raise ModelError(f"{source}: no tracking server is named", fix="export MLFLOW_TRACKING_URI=https://…")


def _file(folder: Path, source: str) -> Path:
    """The file of the first flavour that can be loaded."""
    import yaml

    described = next(iter([folder / "MLmodel", *sorted(folder.rglob("MLmodel"))]), folder)
    if not described.is_file():
        raise ModelError(f"{source} has no MLmodel file", expected="a logged model")
    flavours = (yaml.safe_load(described.read_text(encoding="utf-8")) or {}).get("flavors", {})
    for flavour, key in _FLAVOURS.items():
        name = flavours.get(flavour, {}).get(key)
        if name:
            path = (described.parent / str(name)).resolve()
            if not path.is_relative_to(described.parent.resolve()) or not path.is_file():
                raise ModelError(f"{source}: its {flavour} flavour names a file that is not there: {name}")
            return path
    raise ModelError(
        f"{source} has the flavours {', '.join(flavours) or 'none'}",
        expected=f"one of {', '.join(_FLAVOURS)}",
        fix='load it in a function of yours and name that: path = "module:function"',
    )


def _shown(uri: str) -> str:
    """The address without a password."""
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else uri
