"""Renders a CycloneDX 1.6 ML-BOM: the model with its digest and model card, its data sets and libraries."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_mlready.errors import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.catalog import Catalog

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
MODEL = "model"  # its bom-ref
METRICS, SUBGROUPS = "model_quality.metric_thresholds", "::test_named_subgroups"
LIMITING = ("model_quality", "data", "monitoring", "infrastructure")  # categories whose findings limit what it can do
ETHICAL = ("model_quality.inclusion", "model_quality.subgroup_performance", "security.pii_handling", "compliance.")
OPEN = ("failed", "error", "inconclusive", "waived")
LONGEST = 400  # characters of one limitation


def render(document: Mapping[str, Any], catalog: Catalog) -> str:  # noqa: ARG001 - the form that all formats share
    """The bill of materials; the same document always gives the same serial number."""
    libraries, data = list(_libraries(document)), list(_data_sets(document))
    started = dt.datetime.fromisoformat(document["provenance"]["started"]).astimezone(dt.UTC)
    bom = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_serial(document)}",
        "version": 1,
        "metadata": {
            "timestamp": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [_tool(document)]},
            "component": _model(document),
        },
        "components": [*data, *libraries],
        "dependencies": [
            {"ref": MODEL, "dependsOn": [c["bom-ref"] for c in (*data, *libraries)]},
            *({"ref": c["bom-ref"]} for c in (*data, *libraries)),
        ],
    }
    text = json.dumps(bom, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def _serial(document: Mapping[str, Any]) -> uuid.UUID:
    provenance = document["provenance"]
    parts = (provenance["model_sha256"], provenance["settings_sha256"], provenance["commit"], provenance["started"])
    return uuid.uuid5(uuid.NAMESPACE_OID, "\x1f".join(map(str, parts)))


def _tool(document: Mapping[str, Any]) -> dict[str, Any]:
    version = document["provenance"]["versions"].get("pytest-mlready")
    return {"type": "application", "name": "pytest-mlready", **({"version": version} if version else {})}


def _model(document: Mapping[str, Any]) -> dict[str, Any]:
    subject, digest = document.get("subject", {}), document["provenance"]["model_sha256"]
    named = subject.get("model")
    return {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": clean(document["system"] or named or "model"),
        **({"version": clean(subject["version"])} if subject.get("version") else {}),
        **({"hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {}),
        "modelCard": {
            "modelParameters": _parameters(document),
            "quantitativeAnalysis": {"performanceMetrics": [*_metrics(document), *_slices(document)]},
            "considerations": _considerations(document),
        },
        "properties": list(_properties(document)),
    }


def _parameters(document: Mapping[str, Any]) -> dict[str, Any]:
    task = document.get("subject", {}).get("task")
    datasets = [{"ref": c["bom-ref"]} for c in _data_sets(document)]
    return {**({"task": task} if task else {}), **({"datasets": datasets} if datasets else {})}


def _metrics(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What the held-out set gave, once each: a team's test may measure what a built-in check measures too."""
    seen = set()
    for test in document["items"].get(METRICS, {}).get("tests", ()):
        for entry in test["evidence"]:
            metric = _metric(entry["name"], entry)
            if metric and (metric["type"], metric["value"]) not in seen:
                seen.add((metric["type"], metric["value"]))
                yield metric


def _slices(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The same by named subgroup ("accuracy: sex=Female")."""
    for test in document["items"].get("model_quality.subgroup_performance", {}).get("tests", ()):
        for entry in test["evidence"] if test["id"].endswith(SUBGROUPS) else ():
            name, colon, group = entry["name"].partition(": ")
            metric = _metric(name, entry) if colon else None
            if metric:
                yield {**metric, "slice": clean(group)}


def _metric(name: str, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    value = entry["value"]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    sides = zip(("lowerBound", "upperBound"), entry.get("interval") or (None, None), strict=True)
    bounds = {side: f"{bound}" for side, bound in sides if bound is not None}
    return {"type": clean(name), "value": f"{value}", **({"confidenceInterval": bounds} if bounds else {})}


def _considerations(document: Mapping[str, Any]) -> dict[str, Any]:
    """Limitations are what this run found open, in its words; nothing is concluded from them."""
    limits = [f"{i['title']}: {_says(i)}" for _, i in _open(document) if i["category"] in LIMITING]
    ethical = [
        {"name": f"{item['title']}: {_says(item)}", **_mitigated(item)}
        for item_id, item in _open(document)
        if item_id.startswith(ETHICAL)
    ]
    return {
        **({"technicalLimitations": limits} if limits else {}),
        **({"ethicalConsiderations": ethical} if ethical else {}),
    }


def _open(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((i, item) for i, item in document["items"].items() if item["status"] in OPEN)


def _says(item: Mapping[str, Any]) -> str:
    return clean(" ".join(f"{item['status']}: {item['reason']}".split()))[:LONGEST]


def _mitigated(item: Mapping[str, Any]) -> dict[str, str]:
    waiver = item["waiver"]
    return {"mitigationStrategy": clean(f"{waiver['owner']}: {waiver['reason']}")} if waiver and waiver["valid"] else {}


def _properties(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for rubric, score in document["scores"].items():
        if score is not None:
            yield {"name": f"mlready:{clean(rubric)}", "value": f"{score.get('fraction', score.get('score'))}"}
    gate = document["gate"]
    yield {
        "name": "mlready:gate",
        "value": "not asked" if not gate["asked"] else "passed" if gate["passed"] else "failed",
    }
    yield {
        "name": "mlready:whole_run",
        "value": "true" if document["complete"] and not document["partial"] else "false",
    }


def _data_sets(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    subject, digests = document.get("subject", {}), document["provenance"]["data_sha256"]
    for name in ("train", "heldout"):
        if digests.get(name):
            yield {
                "type": "data",
                "bom-ref": f"data:{name}",
                "name": clean(subject.get(name) or name),
                "hashes": [{"alg": "SHA-256", "content": digests[name]}],
                "data": [{"type": "dataset", "name": name}],
            }


def _libraries(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What the model ran on in this run: the interpreter, and the installed libraries that provenance names."""
    for name, version in document["provenance"]["versions"].items():
        if name.startswith("pytest"):
            continue
        found = {"bom-ref": f"{name}@{version}", "name": name, "version": version}
        if name == "python":
            yield {"type": "platform", **found}
        else:
            yield {"type": "library", **found, "purl": f"pkg:pypi/{quote(name.lower())}@{quote(version)}"}
