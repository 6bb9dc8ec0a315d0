"""Signs and verifies DSSE envelopes (v1.0.0) with an Ed25519 or ECDSA key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import MissingExtra, ReadinessError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 64 * 1024  # bytes of a key file
PASSWORD = "MLREADY_SIGNING_KEY_PASSWORD"  # noqa: S105 - the name of the variable
KINDS = "an Ed25519 or ECDSA (P-256, P-384, P-521) key in PEM form"
HASHES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}  # the pairs of FIPS 186-5 and RFC 8422


@dataclass(frozen=True, slots=True)
class Key:
    """A private or public key; `id` is the sha256 of its public part (DER, SubjectPublicKeyInfo)."""

    key: Any
    id: str

    def sign(self, text: str, payload_type: str) -> str:
        """The envelope around `text`, as JSON. ECDSA signatures are DER-encoded, as sigstore's are."""
        payload = text.encode()
        signature = self.key.sign(encoded(payload_type, payload), *_scheme(self.key))
        envelope = {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"keyid": self.id, "sig": base64.b64encode(signature).decode()}],
        }
        return json.dumps(envelope, indent=1) + "\n"

    def verifies(self, signature: bytes, payload_type: str, payload: bytes) -> bool:
        """Whether this key made the signature; the envelope's key id is a hint and has no say."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.key.verify(signature, encoded(payload_type, payload), *_scheme(self.key))
        except InvalidSignature:
            return False
        return True


def encoded(payload_type: str, payload: bytes) -> bytes:
    """What is signed: the pre-authentication encoding of type and body, each with its length in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def private_key(path: Path) -> Key:
    """Reads a private key; one that is encrypted needs its password in MLREADY_SIGNING_KEY_PASSWORD.

    Raises:
        ReadinessError: The file is not there, no key, or of another kind.
        MissingExtra: The library cryptography is not installed.
    """
    serialization = _serialization()
    from cryptography.exceptions import UnsupportedAlgorithm

    password = os.environ.get(PASSWORD)
    try:
        key = serialization.load_pem_private_key(_bytes(path), password.encode() if password else None)
    except TypeError:
        state = "is not encrypted, and there is a password for it" if password else "is encrypted"
        raise ReadinessError(f"the signing key {path.name} {state}", expected=f"its password in {PASSWORD}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ReadinessError(f"{path.name} is no private key that can be read", expected=KINDS) from None
    return _key(key, key.public_key(), path)


def public_key(path: Path) -> Key:
    """Reads a public key.

    Raises:
        ReadinessError: The file is not there, no key, or of another kind.
        MissingExtra: The library cryptography is not installed.
    """
    serialization = _serialization()
    from cryptography.exceptions import UnsupportedAlgorithm

    data = _bytes(path)
    if b"PRIVATE KEY" in data:
        raise ReadinessError(
            f"{path.name} holds a private key, which a verifier should never see",
            fix=f"openssl pkey -in {path.name} -pubout gives the public one",
        )
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise ReadinessError(f"{path.name} is no public key that can be read", expected=KINDS) from None
    return _key(key, key, path)


def opened(envelope: Any) -> tuple[bytes, str, list[bytes]]:
    """Payload, its type and the signatures of an envelope; both base64 alphabets are read, as the protocol asks.

    Raises:
        ReadinessError: It is no envelope.
    """
    try:
        payload, kind = _decoded(envelope["payload"]), envelope["payloadType"]
        signatures = [_decoded(entry["sig"]) for entry in envelope["signatures"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReadinessError("the envelope cannot be decoded", expected="a DSSE envelope, unchanged") from None
    if not isinstance(kind, str):
        raise ReadinessError("the envelope's payloadType is no text", expected="a DSSE envelope, unchanged")
    return payload, kind, signatures


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _serialization() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise MissingExtra("cryptography", "sign", "a signature") from None
    return serialization


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise ReadinessError(f"{path.name} is larger than a key ever is", expected=KINDS)
        return path.read_bytes()
    except OSError as error:
        raise ReadinessError(f"the key {path.name} cannot be read: {error.strerror or error}") from None


def _key(key: Any, public: Any, path: Path) -> Key:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    curve = public.curve.name if isinstance(public, ec.EllipticCurvePublicKey) else ""
    if not isinstance(public, ed25519.Ed25519PublicKey) and curve not in HASHES:
        raise ReadinessError(f"{path.name} is a key of a kind that is not used here", expected=KINDS)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return Key(key, hashlib.sha256(public.public_bytes(serialization.Encoding.DER, form)).hexdigest())


def _scheme(key: Any) -> tuple[Any, ...]:
    """What sign and verify need beside the data: nothing for Ed25519, the hash for ECDSA."""
    if not hasattr(key, "curve"):
        return ()
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return (ec.ECDSA(getattr(hashes, HASHES[key.curve.name])()),)
