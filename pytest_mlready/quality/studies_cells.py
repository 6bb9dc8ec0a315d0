"""Reads single values of a record: what stands at a key, a cell of text as a value, digests in a text."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path  # noqa: TC003 - read at run time by typing tools
from typing import Any

from pytest_mlready.errors import DataError, near

LARGEST = 50_000_000  # bytes of a record
MOST_ALIASES = 100  # of a YAML document: they can refer to one another without end
_DIGEST = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])")
_WORDS = {"true": True, "false": False, "none": None, "null": None}


def content(path: Path) -> bytes:
    """The bytes of a record.

    Raises:
        DataError: It cannot be read, or is too large for one.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path.name} has more than {LARGEST:,} bytes", expected="a record of trials or dates")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", fix="name a file that may be read") from None


def parsed(path: Path) -> Any:
    """The JSON, YAML or TOML document in a file.

    Raises:
        DataError: It is none, or cannot be read.
    """
    text = _text(path)
    try:
        if path.suffix.lower() in (".yaml", ".yml"):
            return _yaml(text)
        if path.suffix.lower() == ".toml":
            import tomllib

            return tomllib.loads(text)
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} cannot be read: {str(error)[:200]}", expected="JSON, YAML or TOML") from None


def _text(path: Path) -> str:
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is no text in UTF-8", fix="save it as UTF-8") from None


def _yaml(text: str) -> Any:
    import yaml

    try:
        if sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)) > MOST_ALIASES:
            raise ValueError(f"it has more than {MOST_ALIASES} aliases")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def at(document: Any, key: str, *, where: str) -> Any:
    """What stands at a key: "selection.tried", or as JSON pointer (RFC 6901) "/selection/tried".

    Raises:
        DataError: There is nothing; names the nearest key.
    """
    pointed = key.startswith("/")
    parts = key[1:].split("/") if pointed else [p for p in key.split(".") if p]
    here = document
    for part in parts:
        name = part.replace("~1", "/").replace("~0", "~") if pointed else part
        if isinstance(here, dict) and name in here:
            here = here[name]
        elif isinstance(here, list) and re.fullmatch(r"\d{1,9}", name) and int(name) < len(here):
            here = here[int(name)]
        else:
            known = [str(k) for k in here] if isinstance(here, dict) else []
            told = f"; there are {', '.join(known[:8])}" if known else ""
            raise DataError(f'{where} has nothing at "{key}" ({name}{near(name, known)}{told})', fix="correct the key")
    return here


def value_of(cell: Any) -> Any:
    """A cell of text as the number, truth value or nothing that it spells; any other value as it is."""
    if hasattr(cell, "item") and getattr(cell, "ndim", 0) == 0:
        cell = cell.item()
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return _sequence(text)


def _sequence(text: str) -> Any:
    if text[:1] in ("[", "(") and text[-1:] in ("]", ")"):
        try:
            return json.loads(f"[{text[1:-1].rstrip(', ')}]")
        except ValueError:
            return text
    return text


def number(cell: Any) -> float | None:
    """A finite number, or None."""
    value = value_of(cell)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def digests(text: str) -> frozenset[str]:
    """What looks like a sha256 or md5 in a text."""
    return frozenset(_DIGEST.findall(text.lower()))
