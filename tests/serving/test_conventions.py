from __future__ import annotations

import pytest
from route_server import serving

from pytest_mlready.serving import conventions, readiness
from pytest_mlready.serving.http import Client
from pytest_mlready.serving.plan import Plan

ROWS = [{"age": 30, "rate": 0.5, "name": "a", "new": True}, {"age": 40, "rate": 1, "name": "b", "new": False}]

SERVERS = {
    "open-inference": {
        "GET /v2/health/live": (200, {}), "GET /v2/health/ready": (200, {}), "GET /v2/models/iris/ready": (200, {}),
    },
    "mlflow": {
        "GET /ping": (200, b"\n"), "GET /health": (200, b"\n"), "GET /version": (200, b"3.1.0"),
        "GET /invocations": (405, b""),
    },
    "torchserve": {
        "GET /ping": (200, {"status": "Healthy"}), "GET /models": (200, {"models": [{"modelName": "iris"}]}),
    },
    "bentoml": {"GET /livez": (200, b""), "GET /readyz": (200, b""), "GET /docs.json": (200, {"openapi": "3.0.2"})},
    "openai": {
        "GET /health": (200, b""), "GET /v1/models": (200, {"object": "list", "data": [{"id": "tiny-llm"}]}),
    },
    "kubernetes": {"GET /livez": (200, b"ok"), "GET /readyz": (200, b"ok")},
}  # fmt: skip


def found(routes, tmp_path, **fields):
    with serving(routes) as (url, _), Client(url) as client:
        return readiness.find(client, Plan(folder=tmp_path, url=url, **fields))


@pytest.mark.parametrize("name", SERVERS)
def test_a_protocol_is_told_by_what_its_server_answers(name, tmp_path):
    assert found(SERVERS[name], tmp_path).convention.name == name


@pytest.mark.parametrize(
    ("name", "live", "ready", "model"),
    [
        ("open-inference", "/v2/health/live", "/v2/health/ready", ""),
        ("mlflow", "/ping", "/ping", ""),
        ("torchserve", "/ping", "/ping", "iris"),
        ("bentoml", "/livez", "/readyz", ""),
        ("openai", "/health", "/health", "tiny-llm"),
        ("kubernetes", "/livez", "/readyz", ""),
    ],
)
def test_health_endpoints_and_model_are_found(name, live, ready, model, tmp_path):
    probes = found(SERVERS[name], tmp_path)
    assert (probes.live, probes.ready, probes.model) == (live, ready, model)


def test_readiness_of_the_model_goes_before_that_of_the_server(tmp_path):
    probes = found(SERVERS["open-inference"], tmp_path, predict="POST /v2/models/iris/infer")
    assert (probes.ready, probes.model) == ("/v2/models/iris/ready", "iris")


def test_the_state_of_tensorflow_serving_is_found_by_the_name_in_the_path(tmp_path):
    routes = {"GET /v1/models/iris": (200, {"model_version_status": [{"state": "AVAILABLE"}]})}
    probes = found(routes, tmp_path, convention="tf-serving", predict="POST /v1/models/iris:predict")
    assert probes.live == probes.ready == "/v1/models/iris"


def test_a_service_with_a_version_of_its_own_is_not_taken_for_mlflow(tmp_path):
    routes = {**SERVERS["kubernetes"], "GET /version": (200, {"version": "1.2"})}
    assert found(routes, tmp_path).convention.name == "kubernetes"


def test_the_settings_go_before_what_was_found(tmp_path):
    probes = found(SERVERS["mlflow"], tmp_path, ready="/health", convention="torchserve")
    assert (probes.ready, probes.live, probes.convention.name) == ("/health", "/ping", "torchserve")


def test_what_a_server_lists_wrongly_is_no_name(tmp_path):
    for listed in ([], [1], {}, [{"id": None}], "x"):
        routes = {**SERVERS["openai"], "GET /v1/models": (200, {"object": "list", "data": listed})}
        assert found(routes, tmp_path).model == ""


def test_every_protocol_of_the_settings_is_known_and_has_what_it_needs():
    assert set(conventions.BY_NAME) == {*SERVERS, "tf-serving"}
    assert all(c.live and c.ready for c in conventions.ALL)


def test_mlflow_gets_rows_as_a_split_frame():
    assert conventions.body(conventions.MLFLOW, ROWS) == {
        "dataframe_split": {
            "columns": ["age", "rate", "name", "new"],
            "data": [[30, 0.5, "a", True], [40, 1, "b", False]],
        }
    }


def test_the_open_inference_protocol_gets_a_typed_tensor_for_each_column():
    tensors = conventions.body(conventions.OPEN_INFERENCE, ROWS)["inputs"]
    assert [(t["name"], t["datatype"]) for t in tensors] == [
        ("age", "INT64"), ("rate", "FP64"), ("name", "BYTES"), ("new", "BOOL"),
    ]  # fmt: skip
    assert all(t["shape"] == [2, 1] and len(t["data"]) == 2 for t in tensors)


def test_tensorflow_serving_gets_instances_and_torchserve_one_row():
    assert conventions.body(conventions.TF_SERVING, ROWS) == {"instances": ROWS}
    assert conventions.body(conventions.TORCHSERVE, ROWS) == ROWS[0]


def test_an_openai_server_is_asked_for_few_tokens_of_its_model():
    body = conventions.body(conventions.OPENAI, [], model="tiny-llm")
    assert body["model"] == "tiny-llm"
    assert body["max_tokens"] <= 16


@pytest.mark.parametrize("convention", [conventions.KUBERNETES, conventions.BENTOML])
def test_a_protocol_without_a_form_of_its_own_has_no_body(convention):
    assert conventions.body(convention, ROWS) is None


def test_without_rows_there_is_no_body_to_make():
    assert conventions.body(conventions.MLFLOW, []) is None
