from __future__ import annotations

import base64
import json
import shutil
import sys

import pytest
import signing_keys
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from pytest_mlready.artifacts import signatures
from pytest_mlready.errors import DataError, MissingExtra


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {name: signing_keys.key_pair(folder, name) for name in ("ours", "theirs")}


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"weights" * 100)
    (folder / "tokenizer" / "vocabulary.json").write_text('{"a": 1}')
    return folder


@pytest.fixture
def signed(model, keys):
    signing_keys.sign(model, model / "model.sig", keys["ours"][0])
    return model


def verdict(model, keys, *, key="ours", signature=None, artifact="model.bin", **more):
    artifacts = more.pop("artifacts", [model / artifact])
    return signatures.verify(
        signature or model / "model.sig",
        artifacts,
        trust=more.pop("trust", signatures.Trust(public_key=keys[key][1])),
        root=model.parent,
        **more,
    )


def test_an_untouched_folder_passes_and_says_what_is_covered(signed, keys):
    found = verdict(signed, keys)
    assert found.outcome == "passed"
    noted = {m.name: m.value for m in found.measurements}
    assert noted["files covered by model.sig"] == 2
    assert "model.sig" in noted["left out by model.sig"]


def test_a_tampered_byte_fails_with_the_file(signed, keys):
    data = (signed / "model.bin").read_bytes()
    (signed / "model.bin").write_bytes(b"W" + data[1:])
    found = verdict(signed, keys)
    assert found.outcome == "failed"
    assert found.message == "model.sig does not hold for model: changed since it was signed: model.bin"


def test_an_added_and_a_missing_file_fail(signed, keys):
    (signed / "modelling.py").write_text("import os")
    (signed / "tokenizer" / "vocabulary.json").unlink()
    found = verdict(signed, keys)
    assert found.outcome == "failed"
    assert "not signed: modelling.py" in found.message
    assert "signed, but missing: tokenizer/vocabulary.json" in found.message


def test_another_key_fails(signed, keys):
    found = verdict(signed, keys, key="theirs")
    assert (found.outcome, "another key than theirs.pub" in found.message) == ("failed", True)


def test_the_signature_of_another_model_fails(signed, keys, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(signed, other)
    (other / "model.bin").write_bytes(b"older weights")
    signing_keys.sign(other, other / "model.sig", keys["ours"][0])
    shutil.copy(other / "model.sig", signed / "model.sig")
    found = verdict(signed, keys)
    assert (found.outcome, "changed since it was signed: model.bin" in found.message) == ("failed", True)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"dsseEnvelope": {"payload": "e30="}, "verificationMaterial": {}}']
)
def test_a_file_that_is_no_signature_fails(signed, keys, content):
    (signed / "model.sig").write_text(content)
    found = verdict(signed, keys)
    assert (found.outcome, "is no whole model signature" in found.message) == ("failed", True)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_signature_fails(signed, keys, share):
    data = (signed / "model.sig").read_bytes()
    (signed / "model.sig").write_bytes(data[: int(len(data) * share)])
    found = verdict(signed, keys)
    assert (found.outcome, "cut off" in found.message) == ("failed", True)


def forged(path, change):
    bundle = json.loads(path.read_text())
    change(bundle)
    path.write_text(json.dumps(bundle))


def test_a_statement_changed_after_signing_fails(signed, keys):
    def change(bundle):
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload[:-1] + b" }").decode()

    forged(signed / "model.sig", change)
    found = verdict(signed, keys)
    assert (found.outcome, "one of them was changed" in found.message) == ("failed", True)


def test_a_signature_that_was_taken_out_fails(signed, keys):
    forged(signed / "model.sig", lambda bundle: bundle["dsseEnvelope"].update(signatures=[]))
    assert verdict(signed, keys).outcome == "failed"


def test_a_forged_key_hint_does_not_help(signed, keys):
    signing_keys.sign(signed, signed / "model.sig", keys["theirs"][0])
    forged(signed / "model.sig", lambda bundle: bundle["verificationMaterial"]["publicKey"].update(hint=None))
    found = verdict(signed, keys)
    assert (found.outcome, "not a signature of what it states by ours.pub" in found.message) == ("failed", True)


def test_an_artifact_that_the_signer_left_out_is_not_covered(model, keys):
    signing_keys.sign(model, model / "model.sig", keys["ours"][0], ignored=["model.bin"])
    found = verdict(model, keys)
    assert found.outcome == "failed"
    assert "does not cover model.bin" in found.message


def test_an_artifact_outside_of_what_was_signed_is_not_covered(signed, keys, tmp_path):
    (tmp_path / "other.bin").write_bytes(b"x")
    found = verdict(signed, keys, artifacts=[signed / "model.bin", tmp_path / "other.bin"])
    assert (found.outcome, "does not cover other.bin" in found.message) == ("failed", True)


def test_a_single_file_and_a_folder_above_are_found_as_what_was_signed(model, keys, tmp_path):
    one = signing_keys.sign(model / "model.bin", tmp_path / "one.sig", keys["ours"][0])
    assert verdict(model, keys, signature=one).outcome == "passed"
    whole = signing_keys.sign(model, tmp_path / "whole.sig", keys["ours"][0])
    assert verdict(model, keys, signature=whole, artifact="tokenizer/vocabulary.json").outcome == "passed"
    assert verdict(model, keys, signature=whole, artifacts=[model]).outcome == "passed"


def test_what_was_signed_can_be_named(model, keys, tmp_path):
    whole = signing_keys.sign(model, tmp_path / "whole.sig", keys["ours"][0])
    assert verdict(model, keys, signature=whole, signed=model).outcome == "passed"
    assert verdict(model, keys, signature=whole, signed=model / "tokenizer").outcome == "failed"


def test_shards_and_symbolic_links_are_hashed_as_the_signer_did(model, keys, tmp_path):
    sharded = signing_keys.sign(model, tmp_path / "shards.sig", keys["ours"][0], shards=256)
    assert verdict(model, keys, signature=sharded).outcome == "passed"
    (model / "latest.bin").symlink_to("model.bin")
    linked = signing_keys.sign(model, tmp_path / "links.sig", keys["ours"][0], symlinks=True)
    assert verdict(model, keys, signature=linked).outcome == "passed"


def test_a_link_that_was_not_there_when_it_was_signed_fails(signed, keys, tmp_path):
    (tmp_path / "evil.bin").write_bytes(b"evil")
    (signed / "model.bin").unlink()
    (signed / "model.bin").symlink_to(tmp_path / "evil.bin")
    found = verdict(signed, keys)
    assert (found.outcome, "symbolic link" in found.message) == ("failed", True)


def test_certificates_are_verified_offline(model, keys, tmp_path):
    private, certificate, root = signing_keys.certified(tmp_path, "release")
    _, _, other = signing_keys.certified(tmp_path, "stranger")
    signing_keys.sign(model, model / "model.sig", private, certificate=(certificate, root))
    trusted = signatures.Trust(certificates=(root,))
    assert verdict(model, keys, trust=trusted).outcome == "passed"
    found = verdict(model, keys, trust=signatures.Trust(certificates=(other,)))
    assert (found.outcome, "does not lead to the trusted certificates" in found.message) == ("failed", True)
    found = verdict(model, keys)
    assert (found.outcome, "`certificates` is not set" in found.message) == ("inconclusive", True)


def test_without_a_key_nothing_can_be_told(signed, keys):
    found = verdict(signed, keys, trust=signatures.Trust())
    assert (found.outcome, "`public_key` is not set" in found.message) == ("inconclusive", True)


def test_a_keyless_signature_is_inconclusive(signed, keys):
    def keyless(bundle):
        bundle["verificationMaterial"] = {"certificate": {"rawBytes": ""}, "tlogEntries": [{}]}

    forged(signed / "model.sig", keyless)
    found = verdict(signed, keys)
    assert (found.outcome, "keyless" in found.message) == ("inconclusive", True)


def test_keys_that_cannot_be_used_are_errors(signed, keys, tmp_path):
    strange = {
        "rsa": rsa.generate_private_key(65537, 2048),
        "ed": ed25519.Ed25519PrivateKey.generate(),
        "k1": ec.generate_private_key(ec.SECP256K1()),
    }
    for name, key in strange.items():
        _, public = signing_keys.key_pair(tmp_path, name, key)
        with pytest.raises(DataError, match="another kind of key"):
            verdict(signed, keys, trust=signatures.Trust(public_key=public))
    (tmp_path / "text.pub").write_text("ssh-rsa AAAA")
    for path, told in (
        (keys["ours"][0], "holds a private key"),
        (tmp_path / "text.pub", "is no public key"),
        (tmp_path / "nowhere.pub", "cannot be read"),
    ):
        with pytest.raises(DataError, match=told):
            verdict(signed, keys, trust=signatures.Trust(public_key=path))


@pytest.mark.parametrize("library", ["model_signing", "OpenSSL"])
def test_a_missing_library_gives_the_install_line(signed, keys, monkeypatch, library):
    for name in [n for n in sys.modules if n.split(".")[0] == "model_signing"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=r"pip install 'pytest-mlready\[artifacts\]'"):
        verdict(signed, keys)


def test_nothing_is_printed_and_no_connection_is_made(signed, keys, monkeypatch, capfd):
    def refuse(*_):
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr("socket.socket.connect", refuse)
    forged(signed / "model.sig", lambda bundle: bundle["verificationMaterial"]["publicKey"].update(hint=None))
    assert verdict(signed, keys).outcome == "passed"
    assert capfd.readouterr() == ("", "")


def test_a_bundle_is_found_beside_the_artifact_or_its_folder_and_a_pgp_signature_is_not(model, keys, tmp_path):
    assert signatures.find(model / "model.bin") is None
    (model / "model.bin.sig").write_bytes(b"\x89\x01 a PGP signature")
    assert signatures.find(model / "model.bin") is None
    beside = signing_keys.sign(model, tmp_path / "model.sig", keys["ours"][0])
    assert signatures.find(model) == beside
    inside = signing_keys.sign(model, model / "model.sig", keys["ours"][0])
    assert signatures.find(model / "model.bin") == inside
