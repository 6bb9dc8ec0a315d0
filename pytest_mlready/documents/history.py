"""Asks git when files came into a repository and when they changed last."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - part of what callers read

TIME_LIMIT = 10.0  # seconds for one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What git knows of one file.

    Attributes:
        added: When a commit brought it to its place; None where no commit has it.
        changed: When a commit changed it last; None where no commit has it.
        touched: Whether the working tree has it otherwise than the last commit, or not committed at all.
    """

    added: dt.datetime | None
    changed: dt.datetime | None
    touched: bool


def of(path: Path) -> History | None:
    """The history of a file; None where there is no git, no repository, or only a part of its history."""
    folder = path.parent
    if _git(folder, "rev-parse", "--is-shallow-repository") != "false":
        return None
    name = path.name
    status = _git(folder, "status", "--porcelain", "--", name)
    if status is None:
        return None
    added = (_git(folder, "log", "--diff-filter=A", "--format=%cI", "--", name) or "").splitlines()
    changed = (_git(folder, "log", "-1", "--format=%cI", "--", name) or "").splitlines()
    return History(
        added=_time(added[-1]) if added else None, changed=_time(changed[0]) if changed else None, touched=bool(status)
    )  # fmt: skip


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _git(folder: Path, *words: str) -> str | None:
    """What git writes, stripped; None when it cannot. A partial clone must not fetch what it lacks."""
    quiet = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, timeout=TIME_LIMIT, check=False,
            errors="replace", env={**os.environ, **quiet},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
