"""Verifies signatures of models (OpenSSF Model Signing) with a key or certificate at hand, without any network."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import bundles
from pytest_mlready.artifacts.loaded import one_line
from pytest_mlready.errors import DataError, Inconclusive, MissingExtra
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.artifacts.bundles import Bundle

_CURVES = ("secp256r1", "secp384r1", "secp521r1")  # those that model-signing accepts
_LONGEST = 10  # names that a message lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom to believe: the signer's public key (PEM), or root certificates (PEM) that the signer's leads to."""

    public_key: Path | None = None
    certificates: tuple[Path, ...] = ()


def find(artifact: Path) -> Path | None:
    """A model signature with a usual name: in the artifact's folder, or beside it."""
    folder = artifact if artifact.is_dir() else artifact.parent
    named = (
        artifact.with_name(f"{artifact.name}.sig"),
        artifact.with_name(f"{artifact.stem}.sig"),
        folder / "model.sig",
        folder.parent / f"{folder.name}.sig",
    )
    return next((path for path in named if path.is_file() and bundles.is_bundle(path)), None)


def verify(
    signature: Path, artifacts: Sequence[Path], *, trust: Trust, root: Path, signed: Path | None = None
) -> Verdict:
    """Says whether the artifacts are, byte by byte, what the holder of the key signed.

    Args:
        signature: A Sigstore bundle, as model-signing writes it; read once.
        artifacts: Files and folders that the signature must cover.
        trust: Key or certificates; nothing of it may come from where the artifact comes from.
        root: Folder above which what was signed is not looked for.
        signed: File or folder that was signed; None: the nearest one in which the signature's names fit.

    Returns:
        Failed when the signature is not valid for this key, a file differs, was added or is missing, or an artifact
        is not covered; inconclusive for a signature that only the network could verify.

    Raises:
        DataError: the key or a certificate cannot be used.
        MissingExtra: model-signing or pyOpenSSL is not installed.
    """
    try:
        bundle = bundles.read(signature)
    except OSError as reason:
        raise DataError(f"{signature} cannot be read: {reason.strerror}", fix="correct `signature`") from None
    except bundles.NotABundleError as reason:
        return _failed(f"{signature} is no whole model signature: {reason}")
    if refused := _cannot_be_asked(bundle, trust, signature):
        return refused
    place = signed or _place(bundle, artifacts, root)
    if problem := _problem(bundle, place, trust, signature):
        return _failed(f"{signature.name} does not hold for {place.name}: {problem}")
    covered = _uncovered(bundle, artifacts, place)
    if covered:
        return _failed(f"{signature.name} is valid, but does not cover {', '.join(covered)}: it is about other files")
    return _passed(bundle, trust, signature, place)


def _cannot_be_asked(bundle: Bundle, trust: Trust, signature: Path) -> Verdict | None:
    fits = {"key": trust.public_key is not None, "certificate": bool(trust.certificates)}
    if bundle.signed_by == "keyless":
        told = (
            f"{signature.name} is a keyless Sigstore signature, which only the network can verify: run "
            "`model_signing verify sigstore` in the pipeline, or sign with a key as well"
        )
    elif not fits[bundle.signed_by]:
        setting = {"key": "public_key", "certificate": "certificates"}[bundle.signed_by]
        told = f"{signature.name} was made with a {bundle.signed_by}, and `{setting}` is not set"
    else:
        return None
    return Verdict(outcome="inconclusive", message=told)


def _place(bundle: Bundle, artifacts: Sequence[Path], root: Path) -> Path:
    """What was signed: the artifact itself, or the nearest folder in which it has one of the signature's names."""
    first = artifacts[0]
    if bundle.files == {"."} or first.is_dir():
        return first
    above = [folder for folder in first.parents if folder == root or folder.is_relative_to(root)]
    fitting = (folder for folder in above if first.relative_to(folder).as_posix() in bundle.files)
    return next(fitting, first.parent)


def _problem(bundle: Bundle, place: Path, trust: Trust, signature: Path) -> str:
    """What model-signing objects to, as a sentence; empty when it verifies."""
    if trust.public_key is not None:
        _usable(trust.public_key)
    config = _configured(trust)
    try:
        with tempfile.TemporaryDirectory(prefix="mlready-") as folder, _quiet():
            copy = Path(folder) / "model.sig"  # what was read is what is verified
            copy.write_bytes(bundle.data)
            config.set_hashing_config(_hashing(bundle, place, signature)).verify(place, copy)
    except OSError as reason:
        raise Inconclusive(f"{place} cannot be read: {reason.strerror or reason}") from None
    except Exception as reason:  # noqa: BLE001 - the library lets its parsers' errors through
        return _explained(reason, trust)
    return ""


def _configured(trust: Trust) -> Any:
    try:
        with _quiet():
            from model_signing import verifying
    except ImportError:
        raise MissingExtra("model-signing with pyopenssl", "artifacts", "verifying a model signature") from None
    config: Any = verifying.Config
    if trust.public_key is not None:
        return config().use_elliptic_key_verifier(public_key=trust.public_key)
    try:
        return config().use_certificate_verifier(certificate_chain=trust.certificates)
    except (ValueError, OSError) as reason:
        raise DataError(f"`certificates` cannot be used: {one_line(reason)}", expected="PEM certificates") from None


def _usable(public_key: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    expected = f"a public key in PEM, on one of the curves {', '.join(_CURVES)}"
    try:
        data = public_key.read_bytes()
        if b"PRIVATE KEY" in data:
            raise DataError(f"{public_key.name} holds a private key", expected=expected, fix="take it out of here")
        curve = getattr(serialization.load_pem_public_key(data), "curve", None)
    except OSError as reason:
        raise DataError(f"{public_key} cannot be read: {reason.strerror}", fix="correct `public_key`") from None
    except ValueError:
        raise DataError(f"{public_key} is no public key", expected=expected) from None
    if curve is None or curve.name not in _CURVES:
        raise DataError(f"{public_key} is of another kind of key", expected=expected)


def _hashing(bundle: Bundle, place: Path, signature: Path) -> Any:
    """How the signer hashed. The library's own guess forgets symbolic links, and the signature's own file."""
    from model_signing import hashing

    make: Any = hashing.Config
    config = make()
    if bundle.method == "shards":
        config.use_shard_serialization(hashing_algorithm=bundle.algorithm, shard_size=bundle.shard_size)
    else:
        config.use_file_serialization(hashing_algorithm=bundle.algorithm)
    own = [signature.relative_to(place)] if signature.is_relative_to(place) and signature != place else []
    config.set_ignored_paths(paths=own, ignore_git_paths=".git" in bundle.ignored)
    return config.set_allow_symlinks(bundle.symlinks)


@contextlib.contextmanager
def _quiet() -> Any:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _explained(reason: Exception, trust: Trust) -> str:
    said, kind = one_line(reason, 2000), type(reason).__name__
    who = trust.public_key.name if trust.public_key else "the trusted certificates"
    if said.startswith("Signature mismatch: "):
        return _differences(said.removeprefix("Signature mismatch: "))
    if said.startswith("Key mismatch"):
        return f"it was made with another key than {who}"
    if kind == "InvalidSignature":
        return f"it is not a signature of what it states by {who}: one of them was changed"
    if kind == "X509StoreContextError":
        return f"its certificate does not lead to {who}: {said}"
    if "is a symlink" in said:
        return "there is a symbolic link in it, and none was there when it was signed"
    return f"{kind}: {said[:300]}"


def _differences(said: str) -> str:
    """The library's list of differences without its digests; as it stands where its form has changed."""
    try:
        parts = [str(part) for part in ast.literal_eval(said)]
    except (ValueError, SyntaxError):
        return said[:300]
    words = {"Extra files": "not signed: ", "Missing files": "signed, but missing: "}
    told = []
    for part in parts:
        if part.startswith("Hash mismatch for '"):
            told.append("changed since it was signed: " + part.split("'")[1])
        else:
            beginning = next((b for b in words if part.startswith(b)), "")
            told.append(words.get(beginning, "") + part.rpartition("': ")[2])
    more = f"; and {len(told) - _LONGEST} more" if len(told) > _LONGEST else ""
    return "; ".join(told[:_LONGEST]) + more


def _uncovered(bundle: Bundle, artifacts: Sequence[Path], place: Path) -> list[str]:
    """Artifacts that the signature says nothing about; the signer may have left a file out on purpose."""
    lost = []
    for artifact in artifacts:
        if not artifact.is_relative_to(place):
            lost.append(artifact.name)
        elif artifact.is_dir():
            lost += [] if bundle.files else [artifact.name]
        elif artifact.relative_to(place).as_posix() not in bundle.files:
            lost.append(artifact.name)
    return lost


def _passed(bundle: Bundle, trust: Trust, signature: Path, place: Path) -> Verdict:
    keys = [trust.public_key] if trust.public_key else list(trust.certificates)
    noted = (
        Measurement(name=f"files covered by {signature.name}", value=len(bundle.files)),
        *(
            Measurement(name=f"sha256 of {key.name}", value=hashlib.sha256(key.read_bytes()).hexdigest())
            for key in keys
        ),
        Measurement(name=f"left out by {signature.name}", value=", ".join(sorted(bundle.ignored)) or "nothing"),
    )
    told = f"{signature.name} is valid for {place.name}: {len(bundle.files)} files"
    return Verdict(outcome="passed", message=told, measurements=noted)


def _failed(message: str) -> Verdict:
    return Verdict(outcome="failed", message=message)
