"""Writes artifacts/SHA256SUMS and signs the folder (OpenSSF Model Signing): what the release job does after training.

    python example_project/deploy/sign.py KEY.pem              # KEY.pem: EC private key, from the job's secret store
    openssl ecparam -genkey -name prime256v1 -noout -out KEY.pem
    openssl ec -in KEY.pem -pubout -out example_project/deploy/model-signing.pub

The public half is deploy/model-signing.pub, which the readiness check verifies with. The private half that signed the
committed files was thrown away: whoever changes an artifact makes a new pair.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import model_signing.hashing
import model_signing.signing

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
SIGNATURE = "model.sig"
SUMS = "SHA256SUMS"


def checksums(folder: Path) -> str:
    """The lines of `sha256sum *`, without the two files that are made here."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in (SUMS, SIGNATURE))
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} KEY.pem")
    (ARTIFACTS / SUMS).write_text(checksums(ARTIFACTS), encoding="utf-8")
    hashing = model_signing.hashing.Config().set_ignored_paths(paths=[SIGNATURE, "__pycache__"])
    signer = model_signing.signing.Config().use_elliptic_key_signer(private_key=sys.argv[1])
    signer.set_hashing_config(hashing).sign(ARTIFACTS, ARTIFACTS / SIGNATURE)
    print(f"signed {ARTIFACTS} with {sys.argv[1]}")


if __name__ == "__main__":
    main()
