from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace

import pytest
from governed import Request, project, run

from pytest_mlready.checks.compliance import data_lineage as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable, ReadinessError, Unverified

SOURCE = "c" * 64
CANDIDATE = check.test_the_candidate_is_traced_to_versioned_sources
LIVE = check.test_the_live_model_is_traced_to_versioned_sources
TABLES = {"model": {"path": "model.bin", "production": "live.bin"}, "data": {"train": "train.csv"}}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def dataset(name, version):
    return {"namespace": "file", "name": name, "facets": {"version": {"datasetVersion": version}} if version else {}}


@pytest.fixture
def root(tmp_path):
    for name in ("model.bin", "live.bin", "train.csv"):
        (tmp_path / name).write_text(f"content of {name}")
    record(tmp_path)
    return tmp_path


def record(root, *, train=None, source=SOURCE, model=None, kind="COMPLETE"):
    """Writes the events of two jobs, with what a test wants to be wrong."""
    table = dataset("train.csv", train or sha256(root / "train.csv"))
    models = [dataset("model.bin", model or sha256(root / "model.bin")), dataset("live.bin", sha256(root / "live.bin"))]
    events = [
        {"eventType": "COMPLETE", "run": {"runId": "1"}, "job": {"name": "prepare"}, "inputs": [dataset("raw.csv", source)], "outputs": [dataset("train.csv", sha256(root / "train.csv"))]},
        {"eventType": kind, "run": {"runId": "2"}, "job": {"name": "train"}, "inputs": [table], "outputs": models},
    ]  # fmt: skip
    (root / "lineage.ndjson").write_text("".join(json.dumps(one) + "\n" for one in events))


def ask(root, test=CANDIDATE, tables=TABLES, request=None, **options):
    options = {"records": ["lineage.ndjson"], "sources": ["raw.csv"], **options}
    return run(test, project(root, check.ITEM, tables, **options), request or Request())


@pytest.mark.parametrize(("test", "name"), [(CANDIDATE, "model.bin"), (LIVE, "live.bin")])
def test_a_model_that_is_traced_passes(root, test, name):
    noted = ask(root, test)
    assert f"{name} (sha256:" in noted[f"{name}: chain"]["value"]
    assert "raw.csv" in noted[f"{name}: chain"]["value"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"model": "d" * 64}, "they are about another model"),
        ({"source": ""}, "raw.csv is named without a version"),
        ({"train": "d" * 64}, "no run wrote train.csv"),
        ({"kind": "FAIL"}, "failed"),
    ],
)
def test_a_record_with_a_gap_turns_it_red(root, fault, told):
    record(root, **fault)
    with pytest.raises(Failed, match=told):
        ask(root)


def test_a_model_that_was_trained_again_without_a_record_turns_it_red(root):
    (root / "model.bin").write_text("trained again")
    with pytest.raises(Failed, match="they are about another model"):
        ask(root)


def test_training_data_that_changed_since_turn_it_red(root):
    (root / "train.csv").write_text("more rows")
    with pytest.raises(Failed, match=r"train.csv is not what the model learned from"):
        ask(root)


def test_a_source_that_is_not_declared_is_inconclusive_or_red(root):
    with pytest.raises(Inconclusive, match=r'sources = \["raw.csv"\]'):
        ask(root, sources=[])
    with pytest.raises(Failed, match=r"the chain ends at raw\.csv"):
        ask(root, sources=["warehouse.*"])


def test_without_records_it_is_unverified_with_the_line_to_paste(root):
    with pytest.raises(Unverified, match="records ="):
        ask(root, records=[])


def test_a_dvc_lock_is_found_by_itself(root):
    digest = hashlib.md5((root / "model.bin").read_bytes(), usedforsecurity=False).hexdigest()
    (root / "dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  train:\n    cmd: x\n    deps:\n    - {{path: raw.csv, md5: {'1' * 32}}}\n"
        f"    outs:\n    - {{path: model.bin, md5: {digest}}}\n"
    )
    assert ask(root, records=[], sources=[])["model.bin: gaps"]["value"] == 0


def test_records_that_are_not_there_or_not_understood_are_errors(root):
    with pytest.raises(ReadinessError, match="did you mean"):
        ask(root, records=["lineage.ndjsonl"])
    (root / "lineage.ndjson").write_text("drawn on a whiteboard")
    with pytest.raises(DataError):
        ask(root)


def test_a_model_without_a_digest_is_inconclusive(root):
    tables = {"model": {"path": "ours:model"}}
    with pytest.raises(Inconclusive, match="has no digest"):
        ask(root, tables=tables, request=Request(mlready_model=SimpleNamespace(sha256=None)))


def test_a_model_of_a_registry_is_known_by_what_was_fetched(root):
    tables = {"model": {"path": "models:/income@champion"}}
    fetched = SimpleNamespace(sha256=sha256(root / "model.bin"))
    assert (
        ask(root, tables=tables, request=Request(mlready_model=fetched))["models:/income@champion: gaps"]["value"] == 0
    )


def test_no_candidate_is_inconclusive_and_no_live_model_not_applicable(root):
    with pytest.raises(Inconclusive, match="no model is configured"):
        ask(root, tables={})
    with pytest.raises(NotApplicable):
        ask(root, LIVE, tables={})
    with pytest.raises(NotApplicable, match="first of its kind"):
        ask(root, LIVE, tables={"model": {"first_release": "first of its kind"}})
