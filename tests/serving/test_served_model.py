from __future__ import annotations

import json

import pytest

from pytest_mlready.serving.deployment import served_model
from pytest_mlready.serving.http import Response

OURS, OTHER = "a1" * 32, "b2" * 32


def judged(body, *, sha256=OURS, version="2.0.0", headers=None):
    answer = Response(status=200, headers=headers or {}, body=json.dumps(body).encode(), seconds=0.1)
    return served_model.judge(list(served_model.in_answer(answer, "it")), sha256=sha256, version=version).outcome


@pytest.mark.parametrize(
    "body",
    [
        {"model": {"sha256": OURS}},
        {"modelSha256": OURS},
        {"model_digest": f"sha256:{OURS}"},
        {"meta": [{"model": {"hash": OURS[:12]}}]},
        {"sha256": OURS.upper()},
        {"model": {"version": "v2.0.0"}},
    ],
)
def test_the_candidate_is_known_by_its_digest_or_version(body):
    assert judged(body) == "passed"


@pytest.mark.parametrize(
    "body",
    [
        {"model": {"sha256": OTHER}},
        {"model-sha256": OTHER, "predictions": [1]},
        {"checksum": OTHER[:12]},
        {"model": {"sha256": OURS}, "shadow": {"sha256": OTHER}},
        {"model_version": "1.9.0"},
        {"model": {"name": "income", "version": "1.9.0"}},
    ],
)
def test_another_model_fails(body):
    assert judged(body) == "failed"


@pytest.mark.parametrize(
    "body",
    [
        {"predictions": [1]},
        {"data_sha256": OTHER},
        {"image": {"digest": f"sha256:{OTHER}"}},
        {"version": "1.0.0"},
        {"api": {"version": "1.0.0"}, "predictions": [1]},
        {"model_name": "income", "model_version": "1", "outputs": []},
        {"sha256": "unknown"},
        {"id": "deadbeefdeadbeef"},
    ],
)
def test_digests_and_versions_of_other_things_say_nothing(body):
    assert judged(body) == "passed"


def test_a_header_can_name_the_model():
    assert judged({"p": 1}, headers={"x-model-sha256": OTHER}) == "failed"
    assert judged({"p": 1}, headers={"x-model-sha256": OURS}) == "passed"
    assert judged({"p": 1}, headers={"etag": OTHER, "server": "uvicorn"}) == "passed"


def test_a_digest_decides_before_a_version():
    assert judged({"model": {"sha256": OURS, "version": "1.9.0"}}) == "passed"


def test_a_service_that_names_no_model_is_recorded():
    verdict = served_model.judge([], sha256=OURS, version=None)
    assert verdict.measurements[0].value == "not told"
