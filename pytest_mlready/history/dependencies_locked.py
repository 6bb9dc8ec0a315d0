"""Reads the versions that a lock file holds: pip's pins and constraints, uv, Poetry, PDM, PEP 751, Pipenv, conda."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError
from pytest_mlready.history.dependencies import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*={2,3}\s*([^\s;#,\\]+)", re.MULTILINE)
_CONDA = re.compile(r"^\s*-\s+[\"']?([A-Za-z0-9][\w.-]*)={1,2}([^\s=\"']+)", re.MULTILINE)


def read(text: str, name: str) -> dict[str, str]:
    """Version by plain name; the file's name tells its format.

    Raises:
        DataError: It is not of that format, or holds no version.
    """
    found = {normal(package): version for package, version in _pairs(text, name)}
    if not found:
        raise DataError(
            f"the lock file {name} holds no version that could be read",
            expected="name==version, or uv.lock, poetry.lock, pdm.lock, pylock.toml, Pipfile.lock, environment.yml",
        )
    return found


def _pairs(text: str, name: str) -> Iterator[tuple[str, str]]:
    try:
        if name.endswith("Pipfile.lock"):
            yield from _pipenv(json.loads(text))
        elif name.endswith((".toml", "uv.lock", "poetry.lock", "pdm.lock")):
            yield from _tables(tomllib.loads(text))
        elif name.endswith((".yml", ".yaml")):
            yield from _CONDA.findall(text)
            yield from ((p, v) for p, v in re.findall(r"^\s*-\s+([\w.-]+)==(\S+)", text, re.MULTILINE))
        else:
            yield from _PIN.findall(text)
    except (ValueError, AttributeError, TypeError) as error:
        raise DataError(f"the lock file {name} cannot be read: {error}") from None


def _tables(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """[[package]] of uv, Poetry and PDM, [[packages]] of PEP 751; an editable or local package has no version."""
    for package in [*document.get("package", []), *document.get("packages", [])]:
        if isinstance(package.get("name"), str) and isinstance(package.get("version"), str):
            yield package["name"], package["version"]


def _pipenv(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, package in document.get("default", {}).items():
        if version := str(package.get("version", "")).lstrip("="):
            yield name, version
