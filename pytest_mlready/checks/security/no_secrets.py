"""Asks whether artifacts and images are free of credentials."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="security.no_secrets",
    title="No secrets in artifacts or images",
    question="Are model artifacts and container images free of credentials?",
    why=(
        "Training code has database passwords and hub tokens at hand, and they end up in pickled configuration, "
        "notebook outputs, metadata, image layers and environment variables. Deleting a file in a later layer does not "
        "remove it. Artifacts are copied to places that source code never reaches, and a leaked key works until "
        "somebody notices."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a scan by detect-secrets of "
        "what is shipped: archive members, strings inside joblib and pickle files, metadata of ONNX, safetensors and "
        "GGUF, notebooks and configuration, and every layer and environment variable of OCI and docker-archive images. "
        "It passes with 0 findings that your audited baseline does not accept, and it names every file that could not "
        "be opened. One unaudited finding fails. A file that it could not read makes the result inconclusive. Findings "
        "show the place and a mask, never the secret."
    ),
    how_to_fix=(
        "Revoke a found credential first and only then remove it: it must be taken as known. Read secrets at run time "
        "from a secret store, use build secrets instead of build arguments, and copy chosen files into the image "
        "rather than the whole folder. Clear notebook outputs. Audit the remaining false alarms into a baseline and "
        "review its changes."
    ),
    attestation=(
        "What was scanned, by digest, with which tool and version, number of findings and what became of each, and "
        "what could not be opened."
    ),
    about_model=True,
    sources=(
        "CWE-798, Use of Hard-coded Credentials",
        "NIST SP 800-190 (2017), Application Container Security Guide",
        "Meli, McNiece, Reaves 2019, How Bad Can It Git? Characterizing Secret Leakage in Public GitHub Repositories",
    ),
)
