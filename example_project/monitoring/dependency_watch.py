"""Compares dependencies.yaml with what is there, and writes every change to the team's channel: to be run every night.

    python monitoring/dependency_watch.py --webhook https://chat.example.invalid/hooks/income

What is there: the pins of service/constraints.txt (of what is not pinned, the installed version), digest and columns of
the data, the tag in the Dockerfile. One message a change, with its owner and the channel to read up on it; without a
change it is silent. It ends with 1 where something changed and with 2 where a message could not be delivered. Paths are
those of the project, wherever the manifest lies.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import urllib.request
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[1]
SECONDS = 10.0  # for one message
KINDS = ("code", "data", "images")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One dependency that is not as the manifest says."""

    entry: dict[str, Any]
    what: str
    old: str
    new: str

    def message(self) -> dict[str, str]:
        """In the form that chat services take: a text, and the same as fields."""
        name, owner, channel = (str(self.entry[key]) for key in ("name", "owner", "channel"))
        text = f"{owner}: {self.what} of {name} changed from {self.old} to {self.new}. See {channel}"
        return {
            "text": text, "dependency": name, "old": self.old, "new": self.new, "owner": owner, "channel": channel
        }  # fmt: skip


def changes(manifest: dict[str, Any], lock: str) -> Iterator[Change]:
    """What is not as the manifest says, kind by kind."""
    looks = {"code": code, "data": data, "images": image}
    for kind in KINDS:
        for entry in manifest.get(kind, []):
            yield from looks[kind](entry, lock)


def code(entry: dict[str, Any], lock: str) -> Iterator[Change]:
    name, old = str(entry["name"]), str(entry["version"])
    found = re.search(rf"^{re.escape(name)}==(\S+)", lock, re.MULTILINE | re.IGNORECASE)
    new = found[1] if found else installed(name)
    if new != old:
        yield Change(entry=entry, what="the version", old=old, new=new)


def installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def data(entry: dict[str, Any], _lock: str) -> Iterator[Change]:
    """Of a file that lies here; what lies elsewhere is announced on its channel alone."""
    if "path" not in entry:
        return
    path, old = PROJECT / entry["path"], str(entry["version"])
    new = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" if path.is_file() else "not there"
    if new != old:
        yield Change(entry=entry, what="the content", old=old, new=new)
    if path.is_file():
        yield from columns(entry, {name: str(kind) for name, kind in pl.read_parquet_schema(path).items()})


def columns(entry: dict[str, Any], there: dict[str, str]) -> Iterator[Change]:
    """Columns that came, went or became another type."""
    stated = {str(name): str(kind) for name, kind in entry.get("columns", {}).items()}
    if stated and stated != there:
        old = ", ".join(f"{name} {kind}" for name, kind in stated.items() if there.get(name) != kind)
        new = ", ".join(f"{name} {kind}" for name, kind in there.items() if stated.get(name) != kind)
        yield Change(entry=entry, what="the schema", old=old or "fewer columns", new=new or "fewer columns")


def image(entry: dict[str, Any], _lock: str) -> Iterator[Change]:
    name, old = str(entry["name"]), str(entry["version"])
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(rf"^FROM {re.escape(name)}:(\S+)", text, re.MULTILINE)
    new = found[1] if found else "not built on any more"
    if new != old:
        yield Change(entry=entry, what="the tag", old=old, new=new)


def send(change: Change, webhook: str) -> None:
    body = json.dumps(change.message()).encode()
    request = urllib.request.Request(webhook, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS):
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, default=PROJECT / "dependencies.yaml")
    parser.add_argument("--lock", type=Path, default=PROJECT / "service" / "constraints.txt")
    parser.add_argument("--webhook", required=True, help="address that takes a message as JSON")
    asked = parser.parse_args()
    manifest = yaml.safe_load(asked.manifest.read_text(encoding="utf-8"))
    found = list(changes(manifest, asked.lock.read_text(encoding="utf-8")))
    try:
        for change in found:
            print(change.message()["text"])
            send(change, asked.webhook)
    except OSError as error:
        print(f"not delivered: {error}", file=sys.stderr)
        return 2
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
