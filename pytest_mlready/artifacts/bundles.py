"""Reads what a model signature states, before anybody knows whether the signature is valid."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 100_000_000  # a shard of 1 GB takes some 200 bytes here
_FIRST_FORMAT = "https://model_signing/Digests/v0.1"  # as model-signing 0.2 wrote it: the files are the subjects


class NotABundleError(Exception):
    """The file is no whole model signature; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A model signature: a Sigstore bundle whose envelope holds an in-toto statement about files.

    Nothing in it is known to be true before the signature over it was verified.

    Attributes:
        data: The file's bytes.
        signed_by: "key" (a bare public key), "certificate" (a chain of X.509 certificates), "keyless" (an identity
            that Sigstore's certificate authority vouched for).
        resources: Digest in hexadecimal by the name of a file ("." for a model of one file), or of a shard of one.
        method: "files" or "shards".
        algorithm: "sha256", "blake2" or "blake3".
        shard_size: Bytes of a shard.
        symlinks: Whether symbolic links were followed.
        ignored: Paths that the signer left out.
    """

    data: bytes
    signed_by: Literal["key", "certificate", "keyless"]
    resources: dict[str, str]
    method: str
    algorithm: str
    shard_size: int | None
    symlinks: bool
    ignored: tuple[str, ...]

    @property
    def files(self) -> frozenset[str]:
        """Names of the files that it is about."""
        whole = self.method == "files"
        return frozenset(name if whole else name.rsplit(":", 2)[0] for name in self.resources)


def is_bundle(path: Path) -> bool:
    """Whether a file begins as a Sigstore bundle does; a detached PGP signature has the same suffix."""
    try:
        with path.open("rb") as stream:
            return b"dev.sigstore.bundle" in stream.read(4096)
    except OSError:
        return False


def read(path: Path) -> Bundle:
    """What a signature file states.

    Raises:
        OSError: it cannot be read.
        NotABundleError: it is cut off, or something else.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise NotABundleError(f"it has more than {MAX_BYTES:,} bytes")
    try:
        outer = json.loads(data)
        payload = json.loads(base64.b64decode(outer["dsseEnvelope"]["payload"], validate=True))
        return _bundle(data, outer["verificationMaterial"], payload)
    except (ValueError, RecursionError):
        raise NotABundleError("it is no JSON, or cut off") from None
    except (LookupError, TypeError, AttributeError):
        raise NotABundleError("it lacks parts of a Sigstore bundle with an in-toto statement about a model") from None


def _bundle(data: bytes, material: dict[str, Any], payload: dict[str, Any]) -> Bundle:
    if payload["predicateType"] == _FIRST_FORMAT:
        resources = {str(s["name"]): str(s["digest"]["sha256"]) for s in payload["subject"]}
        how: dict[str, Any] = {"method": "files", "hash_type": "sha256"}
    else:
        predicate = payload["predicate"]
        resources = {str(r["name"]): str(r["digest"]) for r in predicate["resources"]}
        how = predicate["serialization"]
    return Bundle(
        data=data,
        signed_by=_signed_by(material),
        resources=resources,
        method=str(how["method"]),
        algorithm=str(how["hash_type"]),
        shard_size=int(how["shard_size"]) if "shard_size" in how else None,
        symlinks=how.get("allow_symlinks") is True,
        ignored=tuple(str(name) for name in how.get("ignore_paths", ())),
    )


def _signed_by(material: dict[str, Any]) -> Literal["key", "certificate", "keyless"]:
    if "publicKey" in material:
        return "key"
    return "certificate" if "x509CertificateChain" in material and not material.get("tlogEntries") else "keyless"
