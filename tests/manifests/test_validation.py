from __future__ import annotations

import sys

import pytest
from manifest_shapes import QUEUE, container, deployment, hpa, messages, outcomes, read, scaled_object

from pytest_mlready.manifests import validation


def validated(tmp_path, *documents):
    return validation.validate(read(tmp_path, *documents).manifests.documents)


def test_what_a_schema_admits_has_no_verdict_and_the_version_is_said(tmp_path):
    pytest.importorskip("kubernetes_validate")
    found = validated(tmp_path, deployment(), hpa())
    assert found.verdicts == ()
    assert found.summary.startswith("2 documents against the schemas of Kubernetes 1.")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (hpa(most="ten"), "spec.maxReplicas: 'ten' is no integer"),
        (deployment(container(resource={})), "containers.0: 'resource' was unexpected"),
        (deployment(container(resources={"limit": {"memory": "1Gi"}})), "'limit' was unexpected"),
        (
            {k: v for k, v in deployment().items() if k != "spec"} | {"spec": {"template": {}}},
            "'selector' is a required",
        ),
    ],
)
def test_what_it_does_not_admit_fails_and_names_the_field(tmp_path, document, said):
    pytest.importorskip("kubernetes_validate")
    found = validated(tmp_path, document)
    assert outcomes(found) == ["failed"]
    assert said in messages(found)
    assert messages(found).startswith("app.yaml:")


def test_kinds_without_a_schema_are_said_not_to_be_validated(tmp_path):
    pytest.importorskip("kubernetes_validate")
    found = validated(tmp_path, deployment(), scaled_object(QUEUE))
    assert found.summary.endswith("no schema, not validated: ScaledObject (keda.sh/v1alpha1)")
    assert found.summary.startswith("1 documents")


@pytest.mark.parametrize(
    ("kind", "api"), [("../../../x", "v1"), ("Pod", "../v1"), ("Pod", "a/b/c"), ("Pod", "v" * 300), ("P" * 300, "v1")]
)
def test_names_from_outside_open_no_file(tmp_path, kind, api, monkeypatch):
    schemas = pytest.importorskip("kubernetes_validate")
    monkeypatch.setattr(schemas, "validate", lambda *_, **__: pytest.fail("the library was asked"))
    document = deployment() | {"kind": kind, "apiVersion": api}
    assert "no schema, not validated" in validated(tmp_path, document).summary


def test_values_of_variables_are_not_printed(tmp_path):
    pytest.importorskip("kubernetes_validate")
    found = validated(tmp_path, deployment(container(env=[{"name": "PASSWORD", "value": 73829164}])))
    assert "env.0.value: a int is no string" in messages(found)
    assert "73829164" not in messages(found)


def test_without_the_library_nothing_is_validated_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes_validate", None)
    found = validated(tmp_path, hpa(most="ten"))
    assert found.verdicts == ()
    assert found.summary == (
        "not validated: kubernetes-validate is not installed (pip install 'pytest-mlready[infra]')"
    )
