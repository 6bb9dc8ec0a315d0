"""Envelopes: the protocol's own test vector, the library securesystemslib, and keys of each kind."""

from __future__ import annotations

import base64
import json
import sys

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from statement_keys import pair

from pytest_mlready.errors import MissingExtra, ReadinessError
from pytest_mlready.reports import dsse

KIND = "application/vnd.in-toto+json"


def test_what_is_signed_is_the_protocols_own_example():
    assert dsse.encoded("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_are_of_bytes():
    assert dsse.encoded("é", "ü".encode()) == "DSSEv1 2 é 2 ü".encode()


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384", "p521"])
def test_an_envelope_is_verified_by_its_key_and_by_no_other(tmp_path, kind):
    private, public = pair(tmp_path, kind)
    envelope = json.loads(dsse.private_key(private).sign("häll\n", KIND))
    payload, payload_type, (signature,) = dsse.opened(envelope)
    assert (payload.decode(), payload_type) == ("häll\n", KIND)
    key = dsse.public_key(public)
    assert envelope["signatures"][0]["keyid"] == key.id
    assert key.verifies(signature, payload_type, payload)
    assert not key.verifies(signature, payload_type, payload + b" ")
    assert not key.verifies(signature, "application/json", payload)
    assert not key.verifies(signature[:-1] + bytes([signature[-1] ^ 1]), payload_type, payload)
    assert not dsse.public_key(pair(tmp_path, kind, name="other")[1]).verifies(signature, payload_type, payload)


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384"])
def test_the_reference_library_accepts_our_envelopes(tmp_path, kind):
    private, public = pair(tmp_path, kind)
    key = dsse.private_key(private)
    envelope = Envelope.from_dict(json.loads(key.sign("{}", KIND)))
    scheme = {"ed25519": "ed25519", "p256": "ecdsa-sha2-nistp256", "p384": "ecdsa-sha2-nistp384"}[kind]
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    theirs = SSlibKey.from_crypto(load_pem_public_key(public.read_bytes()), keyid=key.id, scheme=scheme)
    assert list(envelope.verify([theirs], 1)) == [key.id]


def test_an_ed25519_signature_is_the_same_every_time(tmp_path):
    key = dsse.private_key(pair(tmp_path)[0])
    assert key.sign("{}", KIND) == key.sign("{}", KIND)


@pytest.mark.parametrize("kind", ["rsa", "p224"])
def test_keys_of_other_kinds_are_refused(tmp_path, kind):
    private, public = pair(tmp_path, kind)
    for read, path in ((dsse.private_key, private), (dsse.public_key, public)):
        with pytest.raises(ReadinessError, match="Ed25519 or ECDSA"):
            read(path)


def test_an_encrypted_key_needs_its_password(tmp_path, monkeypatch):
    private, _ = pair(tmp_path, password=b"secret")
    monkeypatch.delenv(dsse.PASSWORD, raising=False)
    with pytest.raises(ReadinessError, match=r"is encrypted.*its password in MLREADY_SIGNING_KEY_PASSWORD"):
        dsse.private_key(private)
    monkeypatch.setenv(dsse.PASSWORD, "wrong")
    with pytest.raises(ReadinessError, match="no private key that can be read") as caught:
        dsse.private_key(private)
    assert "wrong" not in str(caught.value)
    monkeypatch.setenv(dsse.PASSWORD, "secret")
    assert dsse.private_key(private).id


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", b"x" * 70_000])
def test_a_file_that_is_no_key_is_one_clear_error(tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    for read in (dsse.private_key, dsse.public_key):
        with pytest.raises(ReadinessError, match=r"key\.pem"):
            read(path)
    with pytest.raises(ReadinessError, match="cannot be read: No such file"):
        dsse.private_key(tmp_path / "gone.pem")


def test_a_private_key_is_no_key_to_verify_with(tmp_path):
    with pytest.raises(ReadinessError, match="which a verifier should never see"):
        dsse.public_key(pair(tmp_path)[0])


def test_both_alphabets_of_base64_are_read():
    data = bytes(range(256))
    envelope = {
        "payload": base64.urlsafe_b64encode(data).decode(), "payloadType": KIND,
        "signatures": [{"sig": base64.b64encode(data).decode()}],
    }  # fmt: skip
    assert dsse.opened(envelope) == (data, KIND, [data])


@pytest.mark.parametrize(
    "envelope",
    [{}, [], None, {"payload": "!", "payloadType": KIND, "signatures": []}, {"payload": 1, "payloadType": KIND, "signatures": []},
     {"payload": "", "payloadType": 3, "signatures": []}, {"payload": "", "payloadType": KIND, "signatures": [{}]}],
)  # fmt: skip
def test_what_is_no_envelope_is_one_clear_error(envelope):
    with pytest.raises(ReadinessError, match="envelope"):
        dsse.opened(envelope)


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(MissingExtra, match=r"pip install 'pytest-mlready\[sign\]'"):
        dsse.private_key(tmp_path / "key.pem")
