"""Fetches the version that a rollback would return to, and holds its bytes against what was published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import checksums, digests, named
from pytest_mlready.artifacts.loaders import mlflow
from pytest_mlready.errors import DataError, Inconclusive, ModelError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.values import Model

DIGEST_TAGS = ("sha256", "model_sha256", "artifact_sha256", "digest")
VERSION_TAGS = ("release", "version", "model_version")
_SHA256 = re.compile(r"[0-9a-f]{64}")
TOLERANCE = 1e-6  # of numbers, against those on record


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The previous version, on this machine.

    Attributes:
        source: As the settings name it.
        path: The model's file.
        sha256: Of its bytes.
        version: As the registry calls it, by tag or number; "" for a file.
        tagged: The digest that the registry's tag gives; "" where there is none.
    """

    source: str
    path: Path
    sha256: str
    version: str = ""
    tagged: str = ""


def fetch(source: str, folder: Path, *, root: Path) -> Previous:
    """Brings the previous version here; nothing in it is loaded.

    Args:
        source: A file, or an MLflow version: models:/name@alias, models:/name/3.
        folder: What comes from a registry is put below it; the caller removes it.
        root: Folder that paths are relative to, and in which a local registry is looked for.

    Raises:
        ModelError: It is not there.
        Inconclusive: The registry does not answer, or `source` names nothing that is kept as a file.
        MissingExtra: MLflow is not installed.
    """
    if source.startswith("models:/"):
        if not mlflow.is_at_hand(root):
            raise Inconclusive(f"no registry is at hand for {source}", fix="export MLFLOW_TRACKING_URI=https://…")
        found = mlflow.fetch_version(source, folder, root=root)
        return Previous(
            source=source,
            path=found.file,
            sha256=digests.sha256(found.file),
            version=_tag(found.tags, VERSION_TAGS) or found.number,
            tagged=_tag(found.tags, DIGEST_TAGS).lower().removeprefix("sha256:"),
        )
    if source.startswith(("http://", "https://", "runs:/")) or named.is_object(source):
        raise Inconclusive(
            f"the previous version is {source}, of which no file is kept that could be fetched and compared",
            fix='previous = "models:/NAME@previous", or the path of its file',
        )
    path = named.file(source, root, error=ModelError, what="the previous version")
    return Previous(source=source, path=path, sha256=digests.sha256(path))


def _tag(tags: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((tags[name].strip() for name in names if tags.get(name, "").strip()), "")


def judge_bytes(previous: Previous, *, root: Path, digest: str | None, candidate: str | None) -> list[Verdict]:
    """Whether the bytes are those that were published, and not those of the candidate.

    Args:
        previous: As fetched.
        root: Up to which folder names in a checksum file may refer.
        digest: From the settings; it stands above the registry's tag, and that above a checksum file beside the model.
        candidate: Digest of the candidate, where it has one.
    """
    verdicts = []
    if previous.sha256 == candidate:
        told = f"{previous.source} is the candidate itself (sha256 {previous.sha256[:16]}…): there is no way back"
        fix = "name the version before it, and see whether an alias was moved too early"
        verdicts.append(Verdict(outcome="failed", message=f"{told}. Next step: {fix}"))
    sums = None if digest or previous.tagged else checksums.find(previous.path, root=root)
    if digest:
        verdicts.append(_held(previous, digest, "the setting digest"))
    elif previous.tagged:
        verdicts.append(_held(previous, previous.tagged, "the registry's tag"))
    elif sums is not None:
        verdicts.append(checksums.verify(checksums.read(sums), [previous.path], root=root))
    else:
        told = f"nothing says which bytes {previous.source} must have, so that a damaged copy would not show"
        fix = 'a tag sha256 on the registered version, SHA256SUMS beside the file, or digest = "…"'
        verdicts.append(Verdict(outcome="inconclusive", message=f"{told}. Next step: {fix}"))
    return verdicts


def _held(previous: Previous, published: str, where: str) -> Verdict:
    wanted = published.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(wanted):
        raise DataError(f'{where} is "{published[:80]}", no SHA-256', expected="64 hexadecimal digits")
    measured = (Measurement(name="sha256 of the previous version", value=previous.sha256, note=f"{where}: {wanted}"),)
    if previous.sha256 == wanted:
        return Verdict(outcome="passed", message=f"it is what {where} says", measurements=measured)
    told = f"{previous.source} has the sha256 {previous.sha256}, and {where} says {wanted}"
    fix = "restore the bytes that were released; what is kept now is another file"
    return Verdict(outcome="failed", message=f"{told}. Next step: {fix}", measurements=measured)


def judge_answers(model: Model, request: Any, answer: Any) -> Verdict:
    """Whether a loaded model gives the recorded answer to {"instances": [row, …]}: predictions, and probabilities.

    For a system without a service; what the service makes of it is judged by asking the service.
    """
    rows = request.get("instances") if isinstance(request, dict) else None
    recorded = answer if isinstance(answer, dict) else {}
    known = [key for key in ("predictions", "probabilities") if key in recorded]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows) or not known:
        told = "the golden request has no instances, or its answer neither predictions nor probabilities"
        return Verdict(outcome="inconclusive", message=f"{told}: without a service it cannot be replayed")
    wrong = _rows_that_differ(model, rows, recorded)
    measured = Measurement(name="golden rows answered otherwise", value=wrong, max=0, n=len(rows))
    if wrong:
        told = f"{wrong} of {len(rows)} golden rows are answered otherwise than at release"
        return Verdict(outcome="failed", message=told, measurements=(measured,))
    return Verdict(outcome="passed", message="the golden rows are answered as at release", measurements=(measured,))


def _rows_that_differ(model: Model, rows: list[dict[str, Any]], recorded: Mapping[str, Any]) -> int:
    import numpy as np
    import polars as pl

    frame = pl.from_dicts(rows, infer_schema_length=None)
    differ = np.zeros(len(rows), dtype=bool)
    given: dict[str, Any] = {}
    if "predictions" in recorded:
        given["predictions"] = np.asarray(model.predict(frame))
    if "probabilities" in recorded:
        given["probabilities"] = model.predict_proba(frame)
    for key, found in given.items():
        expected = np.asarray(recorded[key])
        if found is None or expected.shape != found.shape:
            return len(rows)
        same = np.isclose(found, expected, atol=TOLERANCE) if found.dtype.kind == "f" else found == expected
        differ |= ~same.reshape(len(rows), -1).all(axis=1)
    return int(differ.sum())
