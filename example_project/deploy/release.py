"""Switches the running service to a release: forward to a new one, and back.

    RELEASE_FILE=… python example_project/deploy/release.py 1.9.0 --url http://127.0.0.1:8000

Writes which model is to be served into the file that the service follows, and returns 0 once the service says that it
serves that model. Until it has loaded it, the service answers with the one before. Where the release is refused, the
file says again what it said before, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
RELEASES = ROOT / "releases" / "releases.json"
SECONDS = 60.0  # a model is loaded within five
STEP = 0.1


def release(version: str) -> dict[str, str]:
    """What the service is told about a release: path, version, and the digest that was published with it."""
    known = json.loads(RELEASES.read_text(encoding="utf-8"))
    if version not in known:
        sys.exit(f"{version} is no release that is kept here; there are {', '.join(known)}")
    path = known[version]["path"]
    artifact = ROOT / path
    for line in (artifact.parent / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if name == artifact.name:
            return {"path": path, "version": version, "sha256": digest}
    sys.exit(f"{artifact.parent.name}/SHA256SUMS does not name {artifact.name}")


def write(file: Path, text: str) -> None:
    """At once and whole: the service may read at any moment."""
    unfinished = file.with_name(f"{file.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)


def served(url: str) -> dict[str, Any]:
    """Which model the service says that it serves; empty while it does not say."""
    try:
        answer = httpx.get(f"{url}/readyz", timeout=5.0, trust_env=False)
        model: dict[str, Any] = answer.json().get("model", {})
    except (httpx.HTTPError, ValueError):
        return {}
    return model


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("--url", required=True)
    asked = parser.parse_args()
    wanted = release(asked.version)
    file = Path(os.environ["RELEASE_FILE"])
    before = file.read_text(encoding="utf-8") if file.exists() else None
    write(file, json.dumps(wanted))
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if served(asked.url).get("sha256") == wanted["sha256"]:
            print(f"{asked.url} serves {asked.version}")
            return 0
        time.sleep(STEP)
    if before is None:
        file.unlink()
    else:
        write(file, before)
    print(f"{asked.url} did not serve {asked.version} within {SECONDS:g} s; the release file is as it was")
    return 1


if __name__ == "__main__":
    sys.exit(main())
