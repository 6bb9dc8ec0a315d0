"""Reads exported MLflow runs: the answers of its REST interface, or what `Run.to_dictionary()` gives.

MLflow records the data that a run read (`mlflow.log_input`) and no digest of the model that it wrote; a tag or a
parameter whose name ends in `model_sha256` says it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents.lineage import graph
from pytest_mlready.documents.lineage.graph import Entity, Run, State

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDS: dict[str, State] = {"FINISHED": "complete", "FAILED": "failed", "KILLED": "failed"}
MODEL_TAG = "model_sha256"


def tables(value: object) -> Iterator[Mapping[str, Any]]:
    """Every run in an exported value; none where it is no export of MLflow."""
    if not isinstance(value, Mapping):
        return
    if isinstance(value.get("runs"), list):
        for one in value["runs"]:
            yield from tables(one)
    elif isinstance(value.get("run"), Mapping) and "job" not in value:
        yield from tables(value["run"])
    elif isinstance(value.get("info"), Mapping):
        yield value


def run(table: Mapping[str, Any], place: str) -> Run:
    """One run."""
    info, said = table["info"], told(table)
    job = said.get("mlflow.source.name") or info.get("run_name") or said.get("mlflow.runName") or ""
    return Run(
        job=str(job),
        id=str(info.get("run_id") or info.get("run_uuid") or ""),
        state="failed" if info.get("lifecycle_stage") == "deleted" else _ENDS.get(str(info.get("status")), "open"),
        place=place,
        inputs=graph.merged(_datasets(table)),
        outputs=tuple(_models(said)),
        code=said.get("mlflow.source.git.commit", ""),
    )


def told(table: Mapping[str, Any]) -> dict[str, str]:
    """Tags and parameters by name; a tag goes before a parameter."""
    data = table.get("data")
    data = data if isinstance(data, Mapping) else {}
    return {**_pairs(data.get("params")), **_pairs(data.get("tags"))}


def _pairs(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(one) for key, one in value.items()}
    listed = value if isinstance(value, list) else []
    return {str(one["key"]): str(one.get("value", "")) for one in listed if isinstance(one, Mapping) and "key" in one}


def _models(said: Mapping[str, str]) -> Iterator[Entity]:
    for key, value in said.items():
        if key.endswith(MODEL_TAG) and (digests := graph.content(value)):
            yield Entity(name=key.removesuffix(MODEL_TAG).strip("._") or "model", digests=digests)


def _datasets(table: Mapping[str, Any]) -> Iterator[Entity]:
    inputs = table.get("inputs")
    listed = inputs.get("dataset_inputs") if isinstance(inputs, Mapping) else None
    for one in listed if isinstance(listed, list) else ():
        dataset = one.get("dataset") if isinstance(one, Mapping) else None
        if isinstance(dataset, Mapping) and dataset.get("name"):
            digest = str(dataset.get("digest") or "")
            digests = graph.content(digest)
            version = "" if digests else digest
            yield Entity(name=str(dataset["name"]), digests=digests, version=version, source=_source(dataset))


def _source(dataset: Mapping[str, Any]) -> str:
    """The address of a data set; MLflow writes it as JSON inside a text."""
    text = str(dataset.get("source") or "")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return text
    keys = ("uri", "url", "path", "delta_table_name")
    return next((str(parsed[key]) for key in keys if parsed.get(key)), "") if isinstance(parsed, Mapping) else text
