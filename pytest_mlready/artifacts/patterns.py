"""Expands what settings list as files, folders or globs into paths that exist."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNS = frozenset("*?[")


def expand(patterns: Sequence[str], *, root: Path, setting: str) -> tuple[Path, ...]:
    """Absolute paths in the order of the patterns, each once; a pattern that meets nothing is a mistake.

    Args:
        patterns: Files, folders, or globs with `*`, `?`, `[…]` and `**`.
        root: Folder that they are relative to.
        setting: Name of the setting, for messages.

    Raises:
        DataError: patterns that match no file and no folder; lists all of them.
    """
    found: dict[Path, None] = {}
    lost = []
    for pattern in patterns:
        met = _met(pattern, root)
        found |= dict.fromkeys(met)
        if not met:
            lost.append(f'"{pattern}"{_nearest(root / pattern)}')
    if lost:
        raise DataError(
            f"{setting} names what is not there: {', '.join(lost)}",
            expected="files, folders or globs, relative to the settings file",
        )
    return tuple(found)


def _met(pattern: str, root: Path) -> list[Path]:
    path = root / Path(pattern).expanduser()
    if path.exists():
        return [path.absolute()]
    if not _SIGNS & set(pattern):
        return []
    return [Path(name).absolute() for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - absolute too


def _nearest(path: Path) -> str:
    folder = path.parent
    return near(path.name, [p.name for p in folder.iterdir()]) if folder.is_dir() else ""
