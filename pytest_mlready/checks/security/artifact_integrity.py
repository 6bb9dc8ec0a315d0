"""Asks whether the artifact is the one that was approved and is safe to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Verdict

ITEM = Item(
    id="security.artifact_integrity",
    title="Artifacts in access-controlled registries with integrity verification",
    question="Is the artifact that you serve exactly the one that was approved, and is it safe to load?",
    why=(
        "A pickled model is a program: whoever can replace the file runs code in your service. An artifact in a shared "
        "bucket can also change by an innocent upload, and then nobody knows what is served. A digest tells change, a "
        "signature tells who, and access control keeps strangers away from both."
    ),
    looks_at=(
        "Three ways to know the artifact again, of which at least one must be there. Digests: every line of a checksum "
        "file (SHA256SUMS and the like beside the artifact, or `manifest`) computed again, or one `digest`; it fails "
        "on a difference, a missing file, an artifact that is not named, a line that is not understood and a name "
        "that leads out of the folder. Signature: OpenSSF Model Signing, verified offline with `public_key` or "
        "`certificates`; it fails on a changed, added or missing file, another key, a damaged signature and an "
        "artifact that is not covered; a keyless signature is inconclusive, and so is one that was found while no key "
        "is set. Registry: the MLflow version that `registry` names must hold the same bytes. Beside these: every "
        "pickle among the artifacts and in their folder is walked, whatever it is packed in, before anything is "
        "loaded, and may name only what a fitted model needs; .skops files may hold only types that somebody vouched "
        "for. What `trust` accepts is listed. Where `url` is given, an anonymous GET must be denied; 404 counts when "
        "`credential_env` opens the same address. Scan and denial alone leave the item unverified: neither shows that "
        "the bytes are those that were approved. A scan tells what a pickle names, and cannot prove it harmless."
    ),
    how_to_fix=(
        "Write the digests where you train (`cd artifacts && sha256sum *.skops > SHA256SUMS`), sign the folder in CI "
        "(`model_signing sign key artifacts --private-key …`), keep the public key in the repository and never beside "
        "the artifact alone. Prefer formats that hold no code, such as safetensors, ONNX or skops. Allow writing to "
        "the registry to the training job only, and turn anonymous reading off."
    ),
    attestation=(
        "Where the artifact is kept and who may write, digest and signer, how and when both were verified, scan tool "
        "with version and result, and how loading is protected."
    ),
    about_model=True,
    sources=(
        "OpenSSF Model Signing (OMS) specification, 2025",
        "SLSA v1.0 (2023)",
        "CWE-502, Deserialization of Untrusted Data",
        "OWASP Top 10 for LLM Applications 2025, LLM03: supply chain",
        "GNU coreutils manual, md5sum invocation (format of checksum files)",
    ),
    options=(
        Option(
            name="artifacts", type="strings", default=(),
            doc="Files, folders or globs that must be those approved; left out: `path` of [tool.mlready.model].",
        ),
        Option(name="digest", type="string", default=None, doc="SHA-256 of the one artifact."),
        Option(
            name="manifest", type="string", default=None,
            doc="Checksum file as sha256sum writes it; left out: SHA256SUMS or *.sha256 beside the artifact.",
        ),
        Option(
            name="signature", type="string", default=None,
            doc="Model signature (a Sigstore bundle); left out: model.sig or NAME.sig beside the artifact.",
        ),
        Option(name="public_key", type="string", default=None, doc="Public key (PEM) of whoever may sign."),
        Option(
            name="certificates", type="strings", default=(),
            doc="Root certificates (PEM) of a CA that certifies only those who may sign, in place of `public_key`; "
            "validity is judged as of the signing certificate's first day, as model-signing does.",
        ),
        Option(
            name="signed", type="string", default=None,
            doc="File or folder that was signed; left out: the nearest one in which the signature's names fit.",
        ),
        Option(
            name="registry", type="string", default=None,
            doc='Registered model that must hold the same bytes: "models:/income@champion".',
        ),
        Option(name="url", type="strings", default=(), doc="Addresses of the artifact that must deny a stranger."),
        Option(
            name="credential_env", type="string", default=None,
            doc="Environment variable with an Authorization value that opens `url`, for stores that answer 404.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.security("artifact_integrity")
def test_digests_match(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """The bytes at hand have the digests of the checksum file, or the one of the settings."""
    from pytest_mlready.artifacts import checksums
    from pytest_mlready.errors import DataError

    artifacts, digest = _artifacts(mlready, request), mlready.options(ITEM.id)["digest"]
    manifest = _manifest(mlready, artifacts)
    if manifest is None and digest is None:
        mlready_evidence.unverified("no digest is configured, and no checksum file was found", fix=_paste(artifacts[0]))
    mlready_evidence.grade("replayed")
    verdicts = _settled(mlready, artifacts)
    if manifest is not None:
        mlready_evidence.record("checksum file", _shown(mlready, manifest))
        verdicts.append(checksums.verify(checksums.read(manifest), artifacts, root=mlready.root))
    if digest is not None:
        if len(artifacts) > 1:
            raise DataError(f"`digest` is one, and there are {len(artifacts)} artifacts", fix="name a `manifest`")
        verdicts.append(checksums.verify_digest(artifacts[0], digest))
    mlready_evidence.conclude(verdicts)


@pytest.mark.security("artifact_integrity")
def test_signature_is_valid(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """The artifacts are, byte by byte, what the holder of the key signed."""
    from pytest_mlready.artifacts import signatures

    artifacts, options = _artifacts(mlready, request), mlready.options(ITEM.id)
    signature = _signature(mlready, artifacts)
    if signature is None:
        line = f'model_signing sign key {artifacts[0].parent.name} --private-key …; {SETTING} public_key = "…"'
        mlready_evidence.unverified("no model signature is configured, and none was found", fix=line)
    mlready_evidence.grade("replayed")
    mlready_evidence.record("signature file", _shown(mlready, signature))
    key, certificates, signed = options["public_key"], options["certificates"], options["signed"]
    trust = signatures.Trust(
        public_key=mlready.path(key) if key else None, certificates=tuple(mlready.path(c) for c in certificates)
    )
    verdict = signatures.verify(
        signature, artifacts, trust=trust, root=mlready.root, signed=mlready.path(signed) if signed else None
    )
    mlready_evidence.conclude([verdict, *_settled(mlready, artifacts)])


@pytest.mark.security("artifact_integrity")
def test_registry_holds_the_same_bytes(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The version that the registry hands out is the artifact at hand."""
    source = mlready.options(ITEM.id)["registry"]
    if not source:
        line = f'{SETTING} registry = "models:/NAME@champion"'
        mlready_evidence.unverified("no registered model is configured", fix=line)
    from pytest_mlready.artifacts import registry

    artifacts = _artifacts(mlready, request)
    if _from_registry(mlready):
        mlready_evidence.not_applicable("the model itself comes from a registry: `digest` says which bytes it must be")
    mlready_evidence.grade("replayed")
    mlready.progress(f"fetching {source}")
    verdict = registry.verify(source, artifacts, root=mlready.root)
    mlready.progress("")
    mlready_evidence.conclude([verdict, *_settled(mlready, artifacts)])


@pytest.mark.security("artifact_integrity")
def test_nothing_dangerous_in_pickles(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """What would run code on loading names only what a fitted model needs."""
    artifacts, model = _artifacts(mlready, request), mlready.settings.model
    from pytest_mlready.artifacts import inspection

    files = inspection.files([*artifacts, *_neighbours(mlready, artifacts)])
    mlready_evidence.grade("replayed")
    found = [inspection.inspect(file, trust=model.trust, trusted_types=model.trusted_types) for file in files]
    found += inspection.unfollowed(artifacts)
    mlready_evidence.record("files looked into", ", ".join(_shown(mlready, file) for file in files[:20]), n=len(files))
    _conclude_beside(mlready, mlready_evidence, artifacts, [inspection.judge(found)])


@pytest.mark.security("artifact_integrity")
def test_anonymous_fetch_is_denied(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The store gives the artifact to nobody who has no credential."""
    options = mlready.options(ITEM.id)
    if not options["url"]:
        mlready_evidence.not_applicable(f'no address of the artifact is given (url = "https://…" in {SETTING})')
    from pytest_mlready.artifacts import digests, exposure, inspection

    artifacts = _artifacts(mlready, request)
    known = {digests.sha256(file) for file in inspection.files(artifacts)}
    allowed, credential = mlready.settings.endpoint.allow_hosts, options["credential_env"]
    mlready_evidence.grade("live")
    verdicts = [
        exposure.verify(url, artifacts=known, allow_hosts=allowed, credential_env=credential) for url in options["url"]
    ]
    _conclude_beside(mlready, mlready_evidence, artifacts, verdicts)


def _artifacts(mlready: Project, request: pytest.FixtureRequest) -> tuple[Path, ...]:
    """What must be as approved: files and folders on this machine; of a registry's model, the copy that was fetched."""
    from pathlib import Path

    from pytest_mlready.artifacts import named, patterns
    from pytest_mlready.errors import ModelError, Unverified

    given, source = mlready.options(ITEM.id)["artifacts"], mlready.settings.model.path
    if given:
        return patterns.expand(given, root=mlready.root, setting="artifacts")
    if source is None:
        found = next(iter(mlready.discovered.models), None)
        line = f'[tool.mlready.model] path = "{found or "path/to/model.skops"}"'
        raise Unverified(f"no model is configured{f' (found {found})' if found else ''}", fix=line)
    if _from_registry(mlready):
        return (Path(request.getfixturevalue("mlready_model").path),)
    if source.startswith(("http://", "https://")) or named.is_object(source):
        raise Unverified(f"which artifact is behind {source} is not known", fix=f'{SETTING} artifacts = "…"')
    return (named.file(source, mlready.root, error=ModelError, what="the model"),)


def _from_registry(mlready: Project) -> bool:
    source = mlready.settings.model.path or ""
    return source.startswith(("models:/", "runs:/")) and not mlready.options(ITEM.id)["artifacts"]


def _manifest(mlready: Project, artifacts: Sequence[Path]) -> Path | None:
    from pytest_mlready.artifacts import checksums

    name = mlready.options(ITEM.id)["manifest"]
    return mlready.path(name) if name else checksums.find(artifacts[0], root=mlready.root)


def _signature(mlready: Project, artifacts: Sequence[Path]) -> Path | None:
    from pytest_mlready.artifacts import signatures

    name = mlready.options(ITEM.id)["signature"]
    return mlready.path(name) if name else signatures.find(artifacts[0])


def _settled(mlready: Project, artifacts: Sequence[Path]) -> list[Verdict]:
    """What was verified is what this run reports on: a file may be exchanged between two readings."""
    from pytest_mlready.artifacts import checksums

    known, source = mlready.digests.model, mlready.settings.model.path
    ours = [a for a in artifacts if known and source and a == mlready.path(source)]
    return [checksums.unchanged(artifact, str(known)) for artifact in ours]


def _neighbours(mlready: Project, artifacts: Sequence[Path]) -> list[Path]:
    """What else is loaded: the live model, further files that ship, and models beside the artifact."""
    from pytest_mlready.artifacts import patterns

    source = mlready.settings.model.production
    live = [path for path in [mlready.path(source)] if path.exists()] if source else []
    folders = {artifact.parent for artifact in artifacts if artifact.is_relative_to(mlready.root)}
    beside = [mlready.path(str(model)) for model in mlready.discovered.models]
    shipped = patterns.expand(mlready.settings.deploy.shipped, root=mlready.root, setting="deploy.shipped")
    return [*live, *(m for m in beside if m.parent in folders), *shipped]


def _conclude_beside(
    mlready: Project, evidence: Evidence, artifacts: Sequence[Path], verdicts: Sequence[Verdict]
) -> None:
    """Ends as the verdicts say; a pass alone must not verify the item, whose point is that the bytes are known."""
    evidence.conclude(verdicts)
    options = mlready.options(ITEM.id)
    registered = options["registry"] and not _from_registry(mlready)
    known = options["digest"] or registered or _manifest(mlready, artifacts) or _signature(mlready, artifacts)
    if not known:
        told = f"{verdicts[0].message}; but nothing says which bytes were approved"
        evidence.unverified(told, fix=_paste(artifacts[0]))


def _paste(artifact: Path) -> str:
    if artifact.is_dir():
        return f"cd {artifact} && find . -type f ! -name SHA256SUMS -exec sha256sum {{}} + > SHA256SUMS"
    return f"cd {artifact.parent} && sha256sum {artifact.name} > SHA256SUMS"


def _shown(mlready: Project, path: Path) -> Any:
    return path.relative_to(mlready.root).as_posix() if path.is_relative_to(mlready.root) else str(path)
