"""Finds the settings file and reads its tables, without judging them."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_mlready.errors import SettingsError

OWN, SHARED = "mlready.toml", "pyproject.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """A settings file as read.

    Attributes:
        path: Absolute path.
        text: The whole file.
        sha256: Digest of its bytes.
        prefix: Where our tables stand: ("tool", "mlready") in pyproject.toml, nothing elsewhere.
        tables: What stands there.
    """

    path: Path
    text: str
    sha256: str
    prefix: tuple[str, ...]
    tables: dict[str, Any]

    @property
    def name(self) -> str:
        """The path as a reader in the current folder would write it."""
        return short(self.path)


def short(path: Path) -> str:
    """The path below the current folder when it is there, else the whole of it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def absolute(path: Path) -> Path:
    """Resolves "..", and keeps symbolic links as the team sees them."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve follows links


def home(folder: Path) -> str:
    """Name of the file that settings of a folder without any go into: its pyproject.toml, else one of our own."""
    return SHARED if (folder / SHARED).is_file() else OWN


def find(start: Path) -> Path | None:
    """Returns the nearest settings file in `start` or above: pyproject.toml with [tool.mlready], or mlready.toml.

    Raises:
        SettingsError: one folder has both, each with settings.
    """
    start = absolute(start)
    for folder in (start, *start.parents):
        sizes = {path: _keys(path) for path in (folder / OWN, folder / SHARED)}
        there = {path: keys for path, keys in sizes.items() if keys is not None}
        if len([keys for keys in there.values() if keys]) > 1:
            raise SettingsError(
                f"{short(folder / OWN)} and [tool.mlready] in {short(folder / SHARED)} both hold settings",
                expected="one of the two",
                fix=f"move what you need into {SHARED} and delete {OWN}",
            )
        if there:
            return max(there, key=there.__getitem__)
    return None


def read(path: Path) -> SettingsFile:
    """Reads a settings file.

    Args:
        path: pyproject.toml, of which [tool.mlready] counts, or any other TOML file with the tables at its top level.

    Raises:
        SettingsError: it is not there, not readable, not TOML, or has no [tool.mlready].
    """
    import hashlib

    path = absolute(path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
        tables: Any = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{short(path)}: {error.strerror}", expected="a settings file (TOML)") from None
    except RecursionError:
        raise SettingsError(f"{short(path)}: values are nested too deeply") from None
    except ValueError as error:  # TOML syntax, not UTF-8, numbers of thousands of digits
        raise SettingsError(f"{short(path)} is not valid TOML: {_plain(error)}") from None
    prefix = ("tool", "mlready") if path.name == SHARED else ()
    for key in prefix:
        tables = tables.get(key) if isinstance(tables, dict) else None
    if not isinstance(tables, dict):
        raise SettingsError(f"{short(path)} has no [tool.mlready]", expected="that table in a pyproject.toml")
    sha256 = hashlib.sha256(content).hexdigest()
    return SettingsFile(path=path, text=text, sha256=sha256, prefix=prefix, tables=tables)


def _plain(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return str(error)


def _keys(path: Path) -> int | None:
    """How many keys of ours a file has at the top; None when it is not a settings file of ours."""
    own = path.name == OWN
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        tables: Any = tomllib.loads(text) if own or "mlready" in text else {}
    except OSError:  # not there; one of ours that may not be read is complained about by `read`
        return 1 if own and os.path.lexists(path) and not path.is_dir() else None
    except (ValueError, RecursionError):
        return 1 if own or re.search(r"^\s*\[+\s*tool\s*\.\s*mlready\b", text, re.MULTILINE) else None
    for key in () if own else ("tool", "mlready"):
        tables = tables.get(key) if isinstance(tables, dict) else None
    return len(tables) if isinstance(tables, dict) else None
