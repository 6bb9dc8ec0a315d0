"""Knows the protocols that model servers speak: where they tell their health, and how they are asked.

Sources: Kubernetes documentation (probes); Open Inference Protocol v2 (KServe, Triton, MLServer, OpenVINO); MLflow
Models documentation (scoring server); TorchServe inference and management API; TensorFlow Serving RESTful API; BentoML
documentation; vLLM and OpenAI API references.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MODEL = "{model}"  # stands for the model's name in a path


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """One protocol.

    Attributes:
        name: As the settings write it; "kubernetes" for a service that has only the customary probe paths.
        live, ready: Paths of the health endpoints, the customary first.
        predict: (method, path) of a prediction, or None where each service has its own.
        answers: Keys of which an answer to a prediction must have one, each with something in it.
        signature: Path whose 2xx answer tells this protocol from the others; None: never found out, only set.
        says: A text that this answer must hold.
        beside: Path that must be there as well, since others have the signature too.
        names: Path that tells the names of the models, and the key under which a list of them stands.
    """

    name: str
    live: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    predict: tuple[str, str] | None = None
    answers: tuple[str, ...] = ()
    signature: str | None = None
    says: str = ""
    beside: str | None = None
    names: tuple[str, str] | None = None


OPEN_INFERENCE = Convention(
    name="open-inference",
    live=("/v2/health/live",),
    ready=(f"/v2/models/{MODEL}/ready", "/v2/health/ready"),
    predict=("POST", f"/v2/models/{MODEL}/infer"),
    answers=("outputs",),
    signature="/v2/health/live",
)
MLFLOW = Convention(
    name="mlflow",
    live=("/ping", "/health"),
    ready=("/ping", "/health"),
    predict=("POST", "/invocations"),
    answers=("predictions",),
    signature="/version",
    beside="/invocations",
)
TORCHSERVE = Convention(
    name="torchserve",
    live=("/ping",),
    ready=("/ping",),
    predict=("POST", f"/predictions/{MODEL}"),
    signature="/ping",
    says="Healthy",
    names=("/models", "models"),
)
TF_SERVING = Convention(
    name="tf-serving",
    live=(f"/v1/models/{MODEL}",),
    ready=(f"/v1/models/{MODEL}",),
    predict=("POST", f"/v1/models/{MODEL}:predict"),
    answers=("predictions", "outputs"),
)
BENTOML = Convention(name="bentoml", live=("/livez",), ready=("/readyz",), signature="/docs.json")
OPENAI = Convention(
    name="openai",
    live=("/health",),
    ready=("/health", "/v1/models"),
    predict=("POST", "/v1/chat/completions"),
    answers=("choices",),
    signature="/v1/models",
    says="object",
    names=("/v1/models", "data"),
)
KUBERNETES = Convention(
    name="kubernetes",
    live=("/livez", "/healthz", "/health/live", "/live", "/health", "/healthcheck", "/-/healthy", "/-/healthz"),
    ready=("/readyz", "/health/ready", "/ready", "/readiness", "/-/ready", "/healthz", "/health", "/healthcheck"),
)
# In the order in which they are told apart: a specific signature goes before one that others might have as well.
ALL = (OPEN_INFERENCE, OPENAI, TORCHSERVE, BENTOML, MLFLOW, TF_SERVING, KUBERNETES)
BY_NAME = {convention.name: convention for convention in ALL}


def body(convention: Convention, rows: Sequence[Mapping[str, Any]], *, model: str = "") -> Any:
    """The body of a prediction for some rows, as the protocol wants it; None where it cannot be made from rows."""
    if convention.name == "openai":
        return {"model": model, "messages": [{"role": "user", "content": "Say OK."}], "max_tokens": 4, "temperature": 0}
    make = _BODIES.get(convention.name)
    return make([dict(row) for row in rows]) if make and rows else None


def _split(rows: list[dict[str, Any]]) -> Any:
    columns = list(rows[0])
    return {"dataframe_split": {"columns": columns, "data": [[row[c] for c in columns] for row in rows]}}


def _tensors(rows: list[dict[str, Any]]) -> Any:
    return {"inputs": [_tensor(column, [row[column] for row in rows]) for column in rows[0]]}


def _tensor(name: str, values: list[Any]) -> dict[str, Any]:
    kinds = {type(value) for value in values}
    kind = "BOOL" if kinds == {bool} else "INT64" if kinds == {int} else "FP64" if kinds <= {int, float} else "BYTES"
    data = values if kind != "BYTES" else [str(value) for value in values]
    return {"name": name, "shape": [len(values), 1], "datatype": kind, "data": data}


_BODIES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "mlflow": _split,
    "open-inference": _tensors,
    "tf-serving": lambda rows: {"instances": rows},
    "torchserve": lambda rows: rows[0],
}
