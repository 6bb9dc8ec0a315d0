"""The CycloneDX ML-BOM, held against the schema of 1.6, which cyclonedx-python-lib ships."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from given import facts, fully_verified, outcome, waiver
from packageurl import PackageURL
from sample_reports import MODEL, built, hostile, mixed

from pytest_mlready.gate import Policy
from pytest_mlready.reports import cyclonedx

SUBGROUPS = "model_quality.subgroup_performance"


@pytest.fixture(scope="module")
def validator():
    return JsonStrictValidator(SchemaVersion.V1_6)


@pytest.fixture
def bom(validator, catalog):
    """Renders a document and validates the result on every call; every reference must have its target."""

    def bom(document):
        text = cyclonedx.render(document, catalog)
        error = validator.validate_str(text)
        assert error is None, error
        made = json.loads(text)
        refs = [made["metadata"]["component"]["bom-ref"], *(c["bom-ref"] for c in made["components"])]
        assert len(refs) == len(set(refs))
        for dependency in made["dependencies"]:
            assert {dependency["ref"], *dependency.get("dependsOn", ())} <= set(refs)
        for component in made["components"]:
            assert "purl" not in component or PackageURL.from_string(component["purl"]).name == component["name"]
        return made

    return bom


def card(made):
    return made["metadata"]["component"]["modelCard"]


def test_the_validator_refuses_an_unknown_key(validator):
    assert validator.validate_str('{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "x": 1}') is not None


def test_every_kind_of_document_satisfies_the_schema(bom, catalog):
    none = {"model_sha256": None, "data_sha256": {"train": None, "heldout": None}, "versions": {}}
    for document in (
        mixed(catalog), hostile(catalog), built(catalog, fully_verified(catalog)), built(catalog, facts(), system=None),
        built(catalog, facts(partial=("x",)), provenance=none, trouble=["x"], model={}, data={}),
    ):  # fmt: skip
        assert bom(document)["specVersion"] == "1.6"


def test_the_model_has_its_name_version_digest_and_task(bom, catalog):
    model = bom(mixed(catalog))["metadata"]["component"]
    assert (model["type"], model["name"], model["version"]) == ("machine-learning-model", "income", "3.1")
    assert model["hashes"] == [{"alg": "SHA-256", "content": MODEL}]
    assert model["modelCard"]["modelParameters"] == {
        "task": "binary-classification",
        "datasets": [{"ref": "data:train"}],
    }


def test_metrics_stand_in_the_card_with_their_intervals(bom, catalog):
    (metric,) = card(bom(mixed(catalog)))["quantitativeAnalysis"]["performanceMetrics"]
    assert metric == {"type": "roc_auc", "value": "0.927", "confidenceInterval": {"lowerBound": "0.92"}}


def test_named_subgroups_are_slices(bom, catalog):
    evidence = (
        {"name": "accuracy: sex=Female", "value": 0.93, "interval": [0.91, 0.95]},
        {"name": "groups", "value": 5},
    )
    some = facts(outcome(SUBGROUPS, id=f"mlready::{SUBGROUPS}::test_named_subgroups", evidence=evidence))
    (metric,) = card(bom(built(catalog, some)))["quantitativeAnalysis"]["performanceMetrics"]
    assert (metric["type"], metric["slice"], metric["value"]) == ("accuracy", "sex=Female", "0.93")


def test_what_could_not_be_computed_is_no_metric(bom, catalog):
    evidence = ({"name": "roc_auc", "value": "nan"}, {"name": "f1", "value": None}, {"name": "ok", "value": True})
    some = facts(outcome("model_quality.metric_thresholds", "inconclusive", evidence=evidence))
    assert card(bom(built(catalog, some)))["quantitativeAnalysis"]["performanceMetrics"] == []


def test_data_sets_and_libraries_are_components_that_the_model_depends_on(bom, catalog):
    made = bom(mixed(catalog))
    names = {c["bom-ref"]: (c["type"], c["name"]) for c in made["components"]}
    assert names["data:train"] == ("data", "data/train.parquet")
    assert names["python@3.11.7"] == ("platform", "python")
    assert names["scikit-learn@1.9.1"] == ("library", "scikit-learn")
    assert set(made["dependencies"][0]["dependsOn"]) == set(names)


def test_what_the_run_found_open_is_a_limitation_in_its_words(bom, catalog):
    some = facts(
        outcome("model_quality.inclusion", "failed", message="recall of women is lower by 0.12"),
        outcome("compliance.ethics_review", "failed", message="no review"), waivers=(waiver("compliance.ethics_review"),),
    )  # fmt: skip
    considered = card(bom(built(catalog, some)))["considerations"]
    assert "recall of women is lower by 0.12" in considered["technicalLimitations"][0]
    (_, ethics) = considered["ethicalConsiderations"]
    assert ethics["mitigationStrategy"] == "platform: later"


def test_scores_gate_and_wholeness_are_properties(bom, catalog):
    document = built(catalog, fully_verified(catalog), policy=Policy(min_score=5.0))
    values = {p["name"]: p["value"] for p in bom(document)["metadata"]["component"]["properties"]}
    assert values == {
        "mlready:checklist": "1.0", "mlready:ml_test_score": "7.0", "mlready:gate": "passed", "mlready:whole_run": "true",
    }  # fmt: skip


def test_the_same_document_gives_the_same_bom_and_another_run_another_serial_number(bom, catalog):
    first, other = mixed(catalog), mixed(catalog, provenance={"started": "2026-11-24T10:00:00+00:00"})
    assert cyclonedx.render(first, catalog) == cyclonedx.render(mixed(catalog), catalog)
    assert bom(first)["serialNumber"] != bom(other)["serialNumber"]
