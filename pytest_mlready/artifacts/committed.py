"""Tells which bytes of a file git holds at a commit, by their digest."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 256 << 20  # bytes of a file that is hashed
TIME_LIMIT = 10.0  # seconds for one answer of git
COMMIT = re.compile(r"[0-9a-f]{7,64}")
POINTER = re.compile(rb"version https://git-lfs[^\n]*\noid sha256:([0-9a-f]{64})\nsize \d+\n")  # Git LFS specification


def digest(root: Path, path: str, commit: str) -> str | None:
    """The sha256 of a file at a commit, the file's own where Git LFS keeps it elsewhere.

    Args:
        root: A folder in the repository.
        path: Of the file, from there.
        commit: Its hexadecimal name, abbreviated or not.

    Returns:
        None where git does not know the commit or the file, or the file is too large; nothing is fetched.
    """
    if not path or not COMMIT.fullmatch(commit):
        return None
    name = f"{commit}:./{path}"
    size = _git(root, "cat-file", "-s", name)
    content = _git(root, "cat-file", "blob", name) if size and int(size) <= LARGEST else None
    if content is None:
        return None
    pointer = POINTER.fullmatch(content)
    return pointer[1].decode() if pointer else hashlib.sha256(content).hexdigest()


def _git(root: Path, *words: str) -> bytes | None:
    """What git writes; None when it cannot. A partial clone must not fetch what it lacks."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, timeout=TIME_LIMIT, check=False,
            env={**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
