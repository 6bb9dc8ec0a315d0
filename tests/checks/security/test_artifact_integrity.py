from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_mlready import discovery, provenance
from pytest_mlready.checks.security import artifact_integrity as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ModelError, NotApplicable, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.settings import Settings

EXAMPLE = Path(__file__).parents[3] / "example_project"
ITEM = "security.artifact_integrity"
KEY = {"public_key": "deploy/model-signing.pub"}


class Danger:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"echo x > '{self.target}'",)


def project(root, *, options=None, model="artifacts/model.skops", **tables):
    """What the `mlready` fixture hands out, over a folder."""
    trusted = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
    table = model if isinstance(model, dict) else {"path": model, "trusted_types": trusted}
    settings = Settings.model_validate({**tables, "model": table, "items": {ITEM: options or {}}})
    return SimpleNamespace(
        root=root, settings=settings, path=lambda text: (root / text).resolve(), progress=lambda _: None,
        options=lambda _: settings.options(check.ITEM), digests=provenance.digests(settings, root),
        discovered=discovery.discover(root),
    )  # fmt: skip


@pytest.fixture
def example(tmp_path):
    """The example's artifacts with their checksums, signature and key, in a folder of their own."""
    for folder in ("artifacts", "deploy"):
        shutil.copytree(EXAMPLE / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def bare(tmp_path):
    """One harmless pickle with nothing beside it."""
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    return tmp_path


def run(test, mlready, fixtures=None):
    evidence = Evidence()
    request = SimpleNamespace(getfixturevalue=(fixtures or {}).__getitem__)
    test(mlready, evidence, request)
    return {e["name"]: e for e in evidence.notes.evidence}


@pytest.mark.parametrize(
    "test", [check.test_digests_match, check.test_signature_is_valid, check.test_nothing_dangerous_in_pickles]
)
def test_the_example_is_verified(example, test):
    noted = run(test, project(example, options=KEY))
    assert noted


def test_the_evidence_names_the_bytes_that_were_verified(example):
    noted = run(check.test_digests_match, project(example))
    digest = hashlib.sha256((example / "artifacts/model.skops").read_bytes()).hexdigest()
    assert noted["checksum file"]["value"] == "artifacts/SHA256SUMS"
    assert noted["sha256 of model.skops"]["value"] == digest
    noted = run(check.test_signature_is_valid, project(example, options=KEY))
    assert noted["sha256 of model.skops"]["value"] == digest


@pytest.mark.parametrize("test", [check.test_digests_match, check.test_signature_is_valid])
@pytest.mark.parametrize("file", ["model.skops", "production.joblib", "training.json"])
def test_one_byte_of_any_shipped_file_turns_it_red(example, test, file):
    path = example / "artifacts" / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Failed, match=file):
        run(test, project(example, options=KEY))


def test_another_model_under_the_same_name_turns_it_red(example):
    shutil.copy(example / "artifacts/production.joblib", example / "artifacts/model.skops")
    for test in (check.test_digests_match, check.test_signature_is_valid):
        with pytest.raises(Failed, match=r"model\.skops"):
            run(test, project(example, options=KEY))


def test_a_manifest_rewritten_for_a_swapped_model_is_caught_by_the_signature(example):
    shutil.copy(example / "artifacts/production.joblib", example / "artifacts/model.skops")
    digest = hashlib.sha256((example / "artifacts/model.skops").read_bytes()).hexdigest()
    (example / "artifacts/SHA256SUMS").write_text(f"{digest}  model.skops\n")
    assert run(check.test_digests_match, project(example))
    with pytest.raises(Failed, match="changed since it was signed: SHA256SUMS"):
        run(check.test_signature_is_valid, project(example, options=KEY))


def test_a_file_slipped_into_the_folder_turns_the_signature_red(example):
    (example / "artifacts/hook.py").write_text("import os")
    with pytest.raises(Failed, match=r"not signed: hook\.py"):
        run(check.test_signature_is_valid, project(example, options=KEY))


def test_a_signature_without_a_configured_key_is_inconclusive(example):
    with pytest.raises(Inconclusive, match="`public_key` is not set"):
        run(check.test_signature_is_valid, project(example))


def test_without_any_reference_every_part_is_unverified_with_a_line_to_paste(bare):
    mlready = project(bare, model="model.pkl")
    with pytest.raises(Unverified, match=r"sha256sum model\.pkl > SHA256SUMS"):
        run(check.test_digests_match, mlready)
    with pytest.raises(Unverified, match="public_key"):
        run(check.test_signature_is_valid, mlready)
    with pytest.raises(Unverified, match="registry ="):
        run(check.test_registry_holds_the_same_bytes, mlready)
    with pytest.raises(Unverified, match="but nothing says which bytes were approved"):
        run(check.test_nothing_dangerous_in_pickles, mlready)
    with pytest.raises(NotApplicable, match="no address"):
        run(check.test_anonymous_fetch_is_denied, mlready)


@pytest.mark.parametrize("name", ["model.pkl", "beside.pkl", "live.pkl", "shipped/preprocessing.bin"])
def test_a_dangerous_pickle_anywhere_among_what_ships_turns_it_red_unexecuted(bare, tmp_path, name):
    (bare / "shipped").mkdir()
    (bare / "shipped" / "readme.txt").write_text("hello")
    (bare / name).write_bytes(pickle.dumps(Danger(tmp_path / "executed")))
    model = {"path": "model.pkl", "production": "live.pkl"}
    with pytest.raises(Failed, match=r"posix\.system"):
        run(check.test_nothing_dangerous_in_pickles, project(bare, model=model, deploy={"shipped": ["shipped"]}))
    assert not (tmp_path / "executed").exists()


def test_a_live_model_that_is_a_folder_is_looked_into(bare, tmp_path):
    (bare / "live").mkdir()
    (bare / "live" / "model.pkl").write_bytes(pickle.dumps(Danger(tmp_path / "executed")))
    mlready = project(bare, model={"path": "model.json", "production": "live"})
    (bare / "model.json").write_text("{}")
    with pytest.raises(Failed, match=r"posix\.system"):
        run(check.test_nothing_dangerous_in_pickles, mlready)


def test_what_trust_accepts_is_listed_in_the_evidence(bare, tmp_path):
    (bare / "model.pkl").write_bytes(pickle.dumps(Danger(tmp_path / "executed")))
    digest = hashlib.sha256((bare / "model.pkl").read_bytes()).hexdigest()
    mlready = project(bare, model={"path": "model.pkl", "trust": [digest]}, options={"digest": digest})
    noted = run(check.test_nothing_dangerous_in_pickles, mlready)
    assert noted["accepted by `trust`: model.pkl"]["value"] == digest


def test_one_digest_verifies_one_artifact(bare):
    digest = hashlib.sha256((bare / "model.pkl").read_bytes()).hexdigest()
    assert run(check.test_digests_match, project(bare, model="model.pkl", options={"digest": digest}))
    with pytest.raises(Failed, match=digest):
        run(check.test_digests_match, project(bare, model="model.pkl", options={"digest": "0" * 64}))
    (bare / "other.pkl").write_bytes(b"N.")
    with pytest.raises(DataError, match="`digest` is one"):
        run(
            check.test_digests_match, project(bare, model="model.pkl", options={"digest": digest, "artifacts": "*.pkl"})
        )


def test_a_file_exchanged_while_the_run_goes_on_turns_it_red(example):
    mlready = project(example)
    (example / "artifacts/model.skops").write_bytes(b"later")
    digest = hashlib.sha256(b"later").hexdigest()
    (example / "artifacts/SHA256SUMS").write_text(f"{digest}  model.skops\n")
    with pytest.raises(Failed, match="was changed while the run was going on"):
        run(check.test_digests_match, mlready)


def test_named_manifests_must_be_there_and_whole(example):
    with pytest.raises(DataError, match="cannot be read"):
        run(check.test_digests_match, project(example, options={"manifest": "artifacts/SHA256SUM"}))
    (example / "empty").write_text("")
    with pytest.raises(Failed, match="is not named in it"):
        run(check.test_digests_match, project(example, options={"manifest": "empty"}))


def test_a_missing_model_and_missing_artifacts_are_errors(example):
    with pytest.raises(ModelError, match=r'did you mean "model\.skops"'):
        run(check.test_digests_match, project(example, model="artifacts/model.skop"))
    with pytest.raises(DataError, match="artifacts names what is not there"):
        run(check.test_digests_match, project(example, options={"artifacts": "artifacts/*.onnx"}))


def test_what_was_only_found_is_offered_and_not_judged(bare):
    with pytest.raises(Unverified, match=r"no model is configured \(found model\.pkl\)"):
        run(check.test_nothing_dangerous_in_pickles, project(bare, model=None))


@pytest.mark.parametrize("source", ["http://127.0.0.1:8000/predict", "service:model"])
def test_a_model_without_a_known_artifact_is_unverified(bare, source):
    with pytest.raises(Unverified, match="artifacts ="):
        run(check.test_digests_match, project(bare, model=source))
    with pytest.raises(Unverified, match="nothing says which bytes"):
        run(check.test_nothing_dangerous_in_pickles, project(bare, model=source, options={"artifacts": "model.pkl"}))


def test_a_model_out_of_a_registry_is_held_against_a_digest_and_not_against_itself(bare):
    fetched = {"mlready_model": SimpleNamespace(path=str(bare / "model.pkl"))}
    source, name = "models:/income@champion", {"registry": "models:/income@champion"}
    with pytest.raises(NotApplicable, match="comes from a registry"):
        run(check.test_registry_holds_the_same_bytes, project(bare, model=source, options=name), fetched)
    with pytest.raises(Unverified, match="nothing says which bytes"):
        run(check.test_nothing_dangerous_in_pickles, project(bare, model=source, options=name), fetched)
    digest = hashlib.sha256((bare / "model.pkl").read_bytes()).hexdigest()
    assert run(check.test_digests_match, project(bare, model=source, options={"digest": digest}), fetched)


def test_the_registry_is_asked_for_the_configured_name(bare, monkeypatch):
    from pytest_mlready.artifacts.loaders import mlflow

    def download(source, folder, *, root):
        assert (source, root) == ("models:/income@champion", bare)
        (folder / "held.pkl").write_bytes(held)
        return folder

    monkeypatch.setattr(mlflow, "download", download)
    mlready = project(bare, model="model.pkl", options={"registry": "models:/income@champion"})
    held = (bare / "model.pkl").read_bytes()
    assert run(check.test_registry_holds_the_same_bytes, mlready)
    held = b"another model"
    with pytest.raises(Failed, match=r"does not hold model\.pkl"):
        run(check.test_registry_holds_the_same_bytes, mlready)


def test_a_store_that_denies_does_not_verify_the_bytes(bare, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "artifacts")
    import store_stub

    with store_stub.serving(lambda *_: (403, {}, b"")) as base:
        with pytest.raises(Unverified, match="nothing says which bytes"):
            run(check.test_anonymous_fetch_is_denied, project(bare, model="model.pkl", options={"url": base}))
        digest = hashlib.sha256((bare / "model.pkl").read_bytes()).hexdigest()
        options = {"url": base, "digest": digest}
        assert run(check.test_anonymous_fetch_is_denied, project(bare, model="model.pkl", options=options))
    data = (bare / "model.pkl").read_bytes()
    with store_stub.serving(lambda *_: (200, {}, data)) as base, pytest.raises(Failed, match="to anybody"):
        run(check.test_anonymous_fetch_is_denied, project(bare, model="model.pkl", options={"url": base}))


SETTINGS = '[model]\npath = "model.pkl"\n'


def status(readiness):
    ran = readiness("--mlready-only", f"--mlready-item={ITEM}")
    return ran.item(ITEM)


@pytest.mark.slow
def test_in_a_run_a_clean_scan_alone_is_unverified_and_digests_verify(readiness, pytester, bare):
    shutil.copy(bare / "model.pkl", pytester.path / "model.pkl")
    (pytester.path / "mlready.toml").write_text(SETTINGS)
    item = status(readiness)
    assert (item["status"], "SHA256SUMS" in item["reason"]) == ("unverified", True)
    digest = hashlib.sha256((bare / "model.pkl").read_bytes()).hexdigest()
    (pytester.path / "SHA256SUMS").write_text(f"{digest}  model.pkl\n")
    assert status(readiness)["status"] == "verified"
    (pytester.path / "SHA256SUMS").write_text(f"{'0' * 64}  model.pkl\n")
    assert status(readiness)["status"] == "failed"
