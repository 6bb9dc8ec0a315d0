"""Reads the model from its artifact, once the artifact is known to be the one that was released."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, get_args

from service.schema import EXAMPLE, Batch, Instance, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

# scikit-learn's own node table of boosted trees. Whatever else a file may ask for is refused by skops.
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
COLUMNS = [field.alias or name for name, field in Instance.model_fields.items()]
NUMBERS = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]


class ModelError(Exception):
    """The artifact must not be served. `reason` is a word for programs."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    pipeline: Any
    threads: Any  # threadpoolctl's controller of the libraries that the pipeline computes with
    version: str
    sha256: str
    classes: list[Label]
    trained: float  # Unix seconds; NaN where nothing beside the artifact says it

    def features(self, instances: Sequence[Instance]) -> pd.DataFrame:
        """What the pipeline is given: a frame such as the one trained on."""
        import numpy as np
        import pandas as pd

        rows = [instance.model_dump(by_alias=True) for instance in instances]
        columns: dict[str, Any] = {name: [row[name] for row in rows] for name in COLUMNS}
        for name in NUMBERS:
            columns[name] = np.array(columns[name], dtype=float)  # null becomes NaN
        return pd.DataFrame(columns)

    def probabilities(self, features: pd.DataFrame) -> list[list[float]]:
        """A row for each row of features, a column for each class."""
        # One thread: a row is too little to share, and threads that spin would take the other requests' time.
        with self.threads.limit(limits=1):
            table: list[list[float]] = self.pipeline.predict_proba(features).tolist()
        return table


def load(path: Path, *, version: str, sha256: str | None) -> Model:
    """The model in `path`, after its digest was checked and it has answered once. Raises ModelError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError("model_missing", f"{path}: {error.strerror}") from None
    found, expected = hashlib.sha256(content).hexdigest(), sha256 or published_digest(path)
    if found != expected:
        raise ModelError("model_digest_wrong", f"{path} has sha256 {found}; {expected} was released")
    model = assembled(unpacked(path, content), version=version, sha256=found, trained=trained(path, found))
    try_once(model)
    return model


def published_digest(path: Path) -> str:
    """What SHA256SUMS beside the artifact says about it, in the format of sha256sum."""
    sums = path.with_name("SHA256SUMS")
    try:
        lines = sums.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        raise ModelError("model_digest_unknown", f"{sums} cannot be read, and MODEL_SHA256 is not set") from None
    for digest, _, name in (line.partition(" ") for line in lines):
        if PurePosixPath(name.lstrip(" *")).name == path.name:
            return digest
    raise ModelError("model_digest_unknown", f"{sums} does not name {path.name}")


def trained(path: Path, sha256: str) -> float:
    """When trained.json beside the artifact says that these very bytes were trained; NaN where it does not."""
    try:
        said = json.loads(path.with_name("trained.json").read_text(encoding="utf-8"))[path.name]
        return datetime.fromisoformat(said["trained_at"]).timestamp() if said["sha256"] == sha256 else math.nan
    except (OSError, ValueError, LookupError, TypeError):
        return math.nan


def unpacked(path: Path, content: bytes) -> Any:
    """The pipeline in a skops file. The bytes are those whose digest was checked, not read again."""
    try:
        import skops.io

        return skops.io.loads(content, trusted=TRUSTED)
    except Exception as error:  # whatever a damaged or foreign file makes of it
        raise ModelError("model_unreadable", f"{path}: {type(error).__name__}") from error


def assembled(pipeline: Any, *, version: str, sha256: str, trained: float = math.nan) -> Model:
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return Model(
        pipeline=pipeline,
        threads=ThreadpoolController(),
        version=version,
        sha256=sha256,
        classes=labels(pipeline),
        trained=trained,
    )


def labels(pipeline: Any) -> list[Label]:
    """The classes in the model's order. Raises ModelError where they are not those of the answer's schema."""
    found = [str(name) for name in getattr(pipeline, "classes_", ())]
    known: list[Label] = [name for name in get_args(Label) if name in found]
    if known != found or len(found) != len(get_args(Label)):
        raise ModelError("model_unfit", f"the model's classes are {found}; {list(get_args(Label))} are served")
    return known


def try_once(model: Model) -> None:
    """Asks for one prediction: a model that reads other columns, or gives no probabilities, is not ours."""
    try:
        (answer,) = model.probabilities(model.features(Batch.model_validate(EXAMPLE).instances))
    except Exception as error:
        raise ModelError("model_unfit", f"no answer to the example: {type(error).__name__}") from error
    if not math.isclose(sum(answer), 1, abs_tol=1e-6):
        raise ModelError("model_unfit", f"{answer} in answer to the example are no probabilities")
