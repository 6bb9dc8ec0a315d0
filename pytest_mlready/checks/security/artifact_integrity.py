"""Asks whether the artifact is the one that was approved and is safe to load."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the artifact files: digests "
        "computed again and compared with the registry entry or manifest, the signature (OpenSSF Model Signing) "
        "verified for the configured key or identity, pickles scanned before anything is loaded, including inside "
        "joblib and zip files, and an anonymous fetch that must be denied where a URL is given. It passes when digests "
        "are equal, the signature is valid, and nothing dangerous was found. A scanner works from a list of known "
        "dangers, so its silence is worded as that and not as safe. No reference digest or key is inconclusive; a "
        "mismatch fails."
    ),
    how_to_fix=(
        "Write the sha256 at training time into the registry entry and check it at load time in the service. Sign the "
        "model directory in CI and verify before deployment. Prefer formats that hold no code, such as safetensors, "
        "ONNX or skops. Allow writing to the registry to the training job only, and turn anonymous reading off."
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
    ),
)
