"""Reads which model is released: from a file that may change while the service runs, or where it is not there from the
environment.

The file is what `deploy/release.py` writes, a JSON table: {"path": "artifacts/model.skops", "version": "2.0.0",
"sha256": "…"}. Its path is relative to the folder that the service runs in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from service.model import ModelError

if TYPE_CHECKING:
    from service.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    path: Path
    version: str
    sha256: str | None  # None: what SHA256SUMS beside the model says


def said(file: Path | None) -> str | None:
    """What the release file says; None where there is none (yet)."""
    try:
        return None if file is None else file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        return ""


def wanted(settings: Settings, said: str | None) -> Release:
    """The release that the file names; that of the environment where there is no file. Raises ModelError."""
    if said is None:
        return Release(path=settings.model_path, version=settings.model_version, sha256=settings.model_sha256)
    try:
        table = json.loads(said)
        return Release(path=Path(table["path"]), version=str(table["version"]), sha256=str(table["sha256"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError("release_unreadable", f"the release file names no release: {type(error).__name__}") from None
