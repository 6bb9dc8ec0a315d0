"""Reads the list of deleted subjects, of whom only keyed hashes are kept, and hashes what is looked through.

The document, in YAML, JSON or TOML:

    version: 1
    key: [customer_id]            # columns that say who a record is about; "*": all columns, where there is no such
    salt: "…"                     # or salt_env: NAME, of an environment variable
    deleted: ["<hash>", …]        # must be found nowhere
    present: ["<hash>", …]        # still there, and must be found: shows that the hashes fit the data at all

A hash is the HMAC-SHA256 (RFC 2104), in hexadecimal, of the subject's key under the salt, both in UTF-8. One column:
its value as text. Several: a JSON list of texts without spaces. Whole numbers have no decimals, an empty value is "".
"""

from __future__ import annotations

import hmac
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import bounded
from pytest_mlready.errors import DataError, Inconclusive, near

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_KEYS = ("version", "description", "key", "salt", "salt_env", "deleted", "present")
_HASH = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The list of deleted subjects.

    Attributes:
        key: Columns that say who a record is about; ("*",) for all of them.
        deleted: Hashes that must be found nowhere.
        present: Hashes that must be found.
        salt: Kept out of every message.
    """

    path: str
    key: tuple[str, ...]
    deleted: frozenset[str]
    present: frozenset[str]
    salt: bytes = field(repr=False)


def digest(values: Iterable[Any], salt: bytes) -> str:
    """The hash of a subject's key: of one value, or of several together."""
    texts = [text_of(value) for value in values]
    text = texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return hmac.digest(salt, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def text_of(value: Any) -> str:
    """A value as it is hashed: 7 and 7.0 are the same id, read as a whole number or beside missing ones."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def read(path: Path, environ: Mapping[str, str]) -> Subjects:
    """The list in a file.

    Args:
        path: The file.
        environ: Where the salt is, if the file names a variable.

    Raises:
        DataError: it cannot be read, or has mistakes; lists all of them.
        Inconclusive: the variable that holds the salt is not set.
    """
    content = bounded.read(path, setting="deleted")
    if not isinstance(content, Mapping):
        raise DataError(f"{path} is no list of deleted subjects", expected="the keys version, key, salt, deleted")
    if wrong := _mistakes(content):
        raise DataError(f"{path} has {len(wrong)} mistakes: {'; '.join(wrong[:20])}")
    named, key = content.get("salt_env"), content["key"]
    salt = environ.get(named) if named else content["salt"]
    if not salt:
        raise Inconclusive(f"{path.name} takes its salt from {named}, which is not set", fix=f"set {named}")
    return Subjects(
        path=path.name,
        key=(key,) if isinstance(key, str) else tuple(key),
        deleted=frozenset(one.lower() for one in content.get("deleted") or ()),
        present=frozenset(one.lower() for one in content.get("present") or ()),
        salt=str(salt).encode(),
    )


def _mistakes(content: Mapping[str, Any]) -> list[str]:
    wrong = [f"unknown key {key}{near(str(key), _KEYS)}" for key in content if key not in _KEYS]
    if content.get("version") != 1:
        wrong.append(f"version is {content.get('version')!r}, expected 1")
    key = content.get("key")
    if not key or not all(isinstance(one, str) for one in ([key] if isinstance(key, str) else key)):
        wrong.append("key is missing, expected the columns that say who a record is about")
    if bool(content.get("salt")) == bool(content.get("salt_env")):
        wrong.append("expected salt or salt_env, one of them")
    for name in ("deleted", "present"):
        listed = content.get(name) or []
        if not isinstance(listed, list):
            wrong.append(f"{name} is no list")
        elif bad := [one for one in listed if not isinstance(one, str) or not _HASH.fullmatch(one)]:
            wrong.append(f"{name} holds {len(bad)} entries that are no hash of 64 hexadecimal digits")
    return wrong
