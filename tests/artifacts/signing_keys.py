"""Makes keys, certificates and signatures of models for tests."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from pathlib import Path

ENCODING, FORMAT = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo


def key_pair(folder: Path, name: str, key: Any = None) -> tuple[Path, Path]:
    """Private and public half, as PEM files."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(ENCODING, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(ENCODING, FORMAT))
    return private, public


def certified(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """A private key, its certificate for signing, and the root certificate that issued it."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    private, _ = key_pair(folder, name, leaf)
    certificate, authority = folder / f"{name}.crt", folder / f"{name}-root.crt"
    certificate.write_bytes(_certificate(leaf, root, name, authority=False))
    authority.write_bytes(_certificate(root, root, f"{name} root", authority=True))
    return private, certificate, authority


def _certificate(key: Any, issuer: Any, name: str, *, authority: bool) -> bytes:
    issued_by = name if authority else f"{name} root"
    now = dt.datetime.now(dt.UTC)
    uses = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    usage = x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **uses)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issued_by)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(issuer, hashes.SHA256()).public_bytes(ENCODING)


def sign(
    model: Path,
    signature: Path,
    private: Path,
    *,
    certificate: Any = None,
    ignored: Any = (),
    shards: int = 0,
    **how: Any,
) -> Path:
    """Signs a file or folder as the library's own documentation does it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from model_signing import hashing, signing

    own = [signature.relative_to(model)] if signature.is_relative_to(model) else []
    config = hashing.Config()
    if shards:
        config.use_shard_serialization(shard_size=shards)
    config.set_ignored_paths(paths=[*own, *ignored]).set_allow_symlinks(how.get("symlinks", False))
    signer = signing.Config()
    if certificate:
        signer.use_certificate_signer(
            private_key=private, signing_certificate=certificate[0], certificate_chain=certificate[1:]
        )
    else:
        signer.use_elliptic_key_signer(private_key=private)
    signer.set_hashing_config(config).sign(model, signature)
    return signature
