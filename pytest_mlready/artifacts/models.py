"""Loads a model from whatever the settings name, and answers in one form for all libraries."""

from __future__ import annotations

import shutil
import warnings
import weakref
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import digests, named
from pytest_mlready.artifacts.loaded import Loaded, one_line
from pytest_mlready.artifacts.loaders import estimators
from pytest_mlready.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.artifacts.frames import Kind
    from pytest_mlready.values import Model

_PICKLED = (".joblib", ".pkl", ".pickle")
_SUFFIXES = (*_PICKLED, ".skops", ".onnx", ".ubj", ".json", ".txt", ".lgb")


def load(  # noqa: PLR0913 - each is one setting
    source: str,
    *,
    root: Path,
    frame: Kind | None = None,
    trust: tuple[str, ...] | str = (),
    trusted_types: tuple[str, ...] = (),
    allow_hosts: tuple[str, ...] = (),
    http: Mapping[str, Any] | None = None,
) -> Loaded:
    """The model that `source` names; fulfils `values.Model`.

    Args:
        source: A file (.joblib .pkl .pickle .skops .onnx .ubj .json .txt), "module:function", an http(s) URL, or an
            MLflow URI (models:/name@alias, models:/name/3, runs:/...).
        root: Folder that paths and modules are relative to.
        frame: Kind of frame to ask it with; None: the kind it was trained on.
        trust: SHA-256 digests of files to load whatever the scan says.
        trusted_types: Dotted names of the team's own classes.
        allow_hosts: Hosts besides loopback that an URL may name.
        http: Further fields of `loaders.http.Http`: headers, timeout, batch, classes.

    Raises:
        ModelError: it does not exist, is damaged, or is not safe to load.
        MissingExtra: its library is not installed.
    """
    trust = (trust,) if isinstance(trust, str) else tuple(trust)
    if source.startswith(("http://", "https://")):
        from pytest_mlready.artifacts.loaders import http as endpoint

        return endpoint.load(source, endpoint.Http(**{"allow_hosts": tuple(allow_hosts), **(http or {})}))
    if source.startswith(("models:/", "runs:/")):
        return _from_registry(source, root, frame=frame, trust=trust, trusted_types=tuple(trusted_types))
    if named.is_object(source):
        from pytest_mlready.artifacts.loaders import function

        return function.load(source, root=root, frame=frame)
    path = named.file(source, root, error=ModelError, what="the model")
    return from_file(path, source=source, frame=frame, trust=trust, trusted_types=tuple(trusted_types))


def wrap(given: Any, *, source: str, frame: Kind | None = None) -> Model:
    """A model that a team's hook returned: as it is when it fulfils `values.Model`, else by its `predict`.

    Raises:
        ModelError: it has no `predict`.
    """
    if hasattr(given, "feature_names") and hasattr(given, "estimator") and hasattr(given, "sha256"):
        return given  # type: ignore[no-any-return]
    return estimators.wrap(given, source=source, frame=frame, kind="function")


def from_file(
    path: Path, *, source: str, frame: Kind | None, trust: tuple[str, ...], trusted_types: tuple[str, ...], **known: Any
) -> Loaded:
    """The model in one file; read once, so what was scanned is what is loaded.

    Raises:
        ModelError: as `load`.
        MissingExtra: as `load`.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise ModelError(
            f"{path.name} has no suffix that names a kind of model",
            expected=", ".join(_SUFFIXES),
            fix='load it in a function of yours without parameters, and name that: path = "module:function"',
        )
    data = _bytes(path)
    known |= {"source": source, "frame": frame, "sha256": digests.sha256_of(data), "path": str(path)}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if suffix in (*_PICKLED, ".skops"):
            model = estimators.wrap(_estimator(path, data, suffix, trust, trusted_types), **known)
        else:
            model = _own_format(path, data, suffix, known)
    model.warnings = tuple(dict.fromkeys(one_line(w.message) for w in said))
    return model


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as reason:
        raise ModelError(f"{path} cannot be read: {reason.strerror}", fix="name a file that may be read") from None
    if not data:
        raise ModelError(f"{path} is empty", fix="save the model again")
    return data


def _estimator(path: Path, data: bytes, suffix: str, trust: tuple[str, ...], trusted_types: tuple[str, ...]) -> Any:
    if suffix == ".skops":
        from pytest_mlready.artifacts.loaders import skops

        return skops.load(path, data, trust=trust, trusted_types=trusted_types)
    from pytest_mlready.artifacts.loaders import pickled

    return pickled.load(path, data, trust=trust, trusted_types=trusted_types)


def _own_format(path: Path, data: bytes, suffix: str, known: dict[str, Any]) -> Loaded:
    from pytest_mlready.artifacts.loaders import lightgbm, onnx, xgboost

    reader = {".onnx": onnx.load, ".ubj": xgboost.load, ".json": xgboost.load}.get(suffix, lightgbm.load)
    return reader(path, data, **known)


def _from_registry(source: str, root: Path, **options: Any) -> Loaded:
    from pytest_mlready.artifacts.loaders import mlflow

    folder, path = mlflow.fetch(source, root=root)
    try:
        model = from_file(path, source=source, kind="mlflow", **options)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
    return model
