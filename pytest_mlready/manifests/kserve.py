"""Knows how an InferenceService of KServe names its model, its components and their scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests.documents import entries

if TYPE_CHECKING:
    from pytest_mlready.manifests.documents import Document

COMPONENTS = ("predictor", "transformer", "explainer")
CONTAINER = "kserve-container"
# KServe documentation, "InferenceService": `model`, and the older key for each framework.
FRAMEWORKS = (
    "model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm",
    "paddle",
)  # fmt: skip
RAW = ("RawDeployment", "Standard")  # deployment modes without Knative
MODE = "serving.kserve.io/deploymentMode"
AUTOSCALER = "serving.kserve.io/autoscalerClass"


def model_of(component: Mapping[str, Any]) -> str | None:
    """The key under which a component names its model server; None when it lists containers only."""
    return next((key for key in FRAMEWORKS if isinstance(component.get(key), Mapping)), None)


def with_runtime(model: Mapping[str, Any], runtimes: Mapping[str, Document]) -> Mapping[str, Any]:
    """A model server's table, with the resources of the runtime that it names where it declares none itself."""
    runtime = runtimes.get(str(model.get("runtime")))
    if runtime is None or model.get("resources"):
        return model
    containers = [c for _, c in entries(runtime.content, "spec", "containers") if c.get("name") == CONTAINER]
    return {**model, "resources": containers[0].get("resources")} if containers else model
