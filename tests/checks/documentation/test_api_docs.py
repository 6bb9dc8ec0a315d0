from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_mlready.checks.documentation import api_docs as check
from pytest_mlready.errors import Failed, Inconclusive, MissingExtra, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.serving.endpoint import Elsewhere, Endpoint
from pytest_mlready.serving.plan import Plan

_spec = importlib.util.spec_from_file_location(
    "documented_service_of_documentation", Path(__file__).parents[2] / "serving" / "documented_service.py"
)
served = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(served)

OPTIONS = {option.name: option.default for option in check.ITEM.options}
TESTS = (
    check.test_the_document_is_valid,
    check.test_the_live_document_is_the_committed_one,
    check.test_every_operation_has_schemas_and_an_example,
    check.test_the_examples_work,
)
NO_SERVICE = Unverified("no service is configured")


def project(root, *, committed=served.DOCUMENT, found=None, options=None, openapi=None):
    found = found if found is not None else (("openapi.json",) if committed is not None else ())
    if committed is not None:
        (root / "openapi.json").write_text(json.dumps(committed) if not isinstance(committed, str) else committed)
    return SimpleNamespace(
        root=root, options=lambda _: {**OPTIONS, **(options or {})}, file=lambda text, _: root / text,
        progress=lambda _: None, discovered=SimpleNamespace(openapi=tuple(Path(f) for f in found)),
        settings=SimpleNamespace(endpoint=SimpleNamespace(openapi=openapi)),
    )  # fmt: skip


@pytest.fixture
def asking(tmp_path):
    """Runs one of the checks against a service; returns its evidence."""
    running = []

    def run(test, mlready, *, live=served.DOCUMENT, answers=None, **fields):
        service = served.DocumentedService(live, answers).__enter__()
        plan = Plan(
            folder=tmp_path, environment={}, url=service.url, predict="POST /predict", example=b'{"x": 2}', **fields
        )
        endpoint = Endpoint(plan, Elsewhere(plan))
        running.append((service, endpoint))
        evidence = Evidence()
        test(mlready, evidence, SimpleNamespace(getfixturevalue=lambda _: endpoint))
        return evidence

    yield run
    for service, endpoint in running:
        endpoint.close()
        service.__exit__()


class NoService:
    def getfixturevalue(self, _):
        raise NO_SERVICE


@pytest.mark.parametrize("test", TESTS)
def test_a_service_that_is_described_truly_passes(tmp_path, asking, test):
    assert asking(test, project(tmp_path)).notes.evidence


def test_replay_and_comparison_are_live_and_the_rest_static(tmp_path, asking):
    grades = [asking(test, project(tmp_path)).notes.grade for test in TESTS]
    assert grades == ["static", "live", "static", "live"]


def test_yaml_will_do(tmp_path, asking):
    import yaml

    (tmp_path / "api.yaml").write_text(yaml.safe_dump(served.DOCUMENT))
    mlready = project(tmp_path, committed=None, options={"document": "api.yaml"})
    assert asking(check.test_the_live_document_is_the_committed_one, mlready).notes.evidence[0]["value"] == 0


def test_a_document_that_fell_behind_fails(tmp_path, asking):
    live = served.changed("components|schemas|Row|required", ["x", "unit"])
    with pytest.raises(Failed, match=r'schema Row\.required: "unit" only in the live document'):
        asking(check.test_the_live_document_is_the_committed_one, project(tmp_path), live=live)


def test_an_invalid_document_fails(tmp_path, asking):
    with pytest.raises(Failed, match=r"openapi\.json: .*required property"):
        asking(check.test_the_document_is_valid, project(tmp_path, committed=served.changed("info", None)))
    with pytest.raises(Failed, match="has no key openapi"):
        asking(check.test_the_document_is_valid, project(tmp_path, committed={"paths": {}}))


def test_an_operation_without_a_schema_fails(tmp_path, asking):
    body = served.changed("paths|/predict|post|requestBody|content|application/json|schema", {})
    with pytest.raises(Failed, match="POST /predict has no schema of its request"):
        asking(check.test_every_operation_has_schemas_and_an_example, project(tmp_path, committed=body))


def test_an_example_that_the_service_refuses_fails(tmp_path, asking):
    with pytest.raises(Failed, match="example “two” was answered 422"):
        asking(check.test_the_examples_work, project(tmp_path), answers={"POST /predict": (422, {"reason": "unit"})})


@pytest.mark.parametrize("test", TESTS[1::2])
def test_a_document_without_a_service_is_inconclusive(tmp_path, test):
    with pytest.raises(Inconclusive, match=r"openapi\.json is there, and no service"):
        test(project(tmp_path), Evidence(), NoService())


@pytest.mark.parametrize("test", TESTS)
def test_neither_document_nor_service_is_unverified(tmp_path, test):
    with pytest.raises(Unverified):
        test(project(tmp_path, committed=None), Evidence(), NoService())


def test_a_live_document_that_nobody_committed_is_inconclusive(tmp_path, asking):
    with pytest.raises(Inconclusive, match="no document is committed"):
        asking(check.test_the_live_document_is_the_committed_one, project(tmp_path, committed=None))


def test_a_live_document_alone_is_still_validated_and_replayed(tmp_path, asking):
    for test in (TESTS[0], TESTS[2], TESTS[3]):
        assert asking(test, project(tmp_path, committed=None)).notes.evidence


def test_a_service_without_a_document_is_unverified_and_inconclusive_where_one_was_promised(tmp_path, asking):
    with pytest.raises(Unverified, match="gives no OpenAPI document"):
        asking(TESTS[1], project(tmp_path, committed=None), live=None)
    with pytest.raises(Inconclusive, match="gives no OpenAPI document at /docs"):
        asking(TESTS[1], project(tmp_path), live=None, openapi="/docs")


def test_several_documents_are_inconclusive(tmp_path, asking):
    with pytest.raises(Inconclusive, match="2 OpenAPI documents were found"):
        asking(TESTS[0], project(tmp_path, found=("a.json", "b.json")))


def test_swagger_and_outside_references_are_not_understood(tmp_path, asking):
    with pytest.raises(Inconclusive, match="version 2"):
        asking(TESTS[2], project(tmp_path, committed={"swagger": "2.0", "info": {}, "paths": {}}))
    body = served.changed("paths|/predict|post|requestBody|content|application/json|schema", {"$ref": "row.json"})
    for test in (TESTS[0], TESTS[2], TESTS[3]):
        with pytest.raises(Inconclusive, match=r"row\.json"):
            asking(test, project(tmp_path, committed=body))


@pytest.mark.parametrize("test", [TESTS[0], TESTS[2], TESTS[3]])
def test_a_missing_validator_gives_the_install_line(tmp_path, asking, monkeypatch, test):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[api\]"):
        asking(test, project(tmp_path))


def test_a_file_in_the_settings_of_the_endpoint_is_the_committed_document(tmp_path, asking):
    mlready = project(tmp_path, found=(), openapi="openapi.json")
    assert asking(TESTS[1], mlready).notes.evidence[0]["value"] == 0
