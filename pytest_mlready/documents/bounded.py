"""Reads a YAML, JSON or TOML document of a team, within limits of size and aliases, as plain values."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any

import yaml

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_BYTES = 2_000_000
MAX_ALIASES = 200
MAX_VALUES = 100_000
SUFFIXES = (".yaml", ".yml", ".json", ".toml")


def read(path: Path, *, setting: str) -> Any:
    """The document's content.

    Args:
        path: File; its suffix names the format.
        setting: Name of the setting that names it, for messages.

    Raises:
        DataError: it is missing, too large, of an unknown suffix, not valid, or refers to itself.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path.name} has no suffix that names a format", expected=", ".join(SUFFIXES))
    return _parsed(path, reader, setting)


def every(path: Path, *, setting: str) -> list[Any]:
    """The contents of all documents in a file: YAML may hold several, with --- between them.

    Raises:
        DataError: as `read`.
    """
    if path.suffix.lower() in (".json", ".toml"):
        return [read(path, setting=setting)]
    return _parsed(path, _stream, setting)  # type: ignore[no-any-return]


def text(path: Path, *, setting: str) -> str:
    """A file of text in UTF-8.

    Raises:
        DataError: it is missing, too large, or of another encoding.
    """
    try:
        return content(path, setting=setting).decode("utf-8-sig")
    except ValueError:
        raise DataError(f"{path} is no text in UTF-8", fix="save it as UTF-8") from None


def content(path: Path, *, setting: str) -> bytes:
    """A file's bytes, at most `MAX_BYTES`.

    Raises:
        DataError: it is missing or too large.
    """
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path} is no file", fix=f"correct `{setting}`")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as reason:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        told = f"{path} cannot be read: {reason.strerror}{near(path.name, beside)}"
        raise DataError(told, fix=f"correct `{setting}`") from None
    if len(data) > MAX_BYTES:
        raise DataError(f"{path} has more than {MAX_BYTES:,} bytes", expected="a document that people keep")
    return data


def _parsed(path: Path, reader: Callable[[str], Any], setting: str) -> Any:
    data = content(path, setting=setting)
    try:
        return reader(data.decode("utf-8-sig"))
    except (ValueError, RecursionError, yaml.YAMLError) as reason:
        line = " ".join(str(reason).split())[:200]
        raise DataError(f"{path} is not valid {path.suffix[1:].upper() or 'YAML'}: {line}") from None


class _SafeLoader(yaml.SafeLoader):
    """Refuses more aliases than anybody writes, and keys that stand twice."""

    aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MAX_ALIASES:
                raise yaml.YAMLError(f"more than {MAX_ALIASES} aliases")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's own signature
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<")
        if twice := [key for key, met in keys.items() if met > 1]:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: the key {twice[0]!r} stands twice")
        return super().construct_mapping(node, deep=deep)


class _AsWrittenSafeLoader(_SafeLoader):
    """Leaves numbers as they are written, so that 0.90 keeps its two digits."""


_AsWrittenSafeLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("float", "int", "bool")]
    for first, resolvers in _SafeLoader.yaml_implicit_resolvers.items()
}


def as_written(source: str) -> Any:
    """The content of a YAML text with numbers and dates as text.

    Raises:
        DataError: it is not valid, or refers to itself.
    """
    try:
        return _light(yaml.load(source, Loader=_AsWrittenSafeLoader))  # noqa: S506 - a subclass of SafeLoader
    except (ValueError, RecursionError, yaml.YAMLError) as reason:
        raise DataError(f"not valid YAML: {' '.join(str(reason).split())[:200]}") from None


def _yaml(source: str) -> Any:
    return _light(yaml.load(source, Loader=_SafeLoader))  # noqa: S506 - a subclass of SafeLoader


def _stream(source: str) -> list[Any]:
    return [_light(one) for one in yaml.load_all(source, Loader=_SafeLoader)]


def _light(value: Any) -> Any:
    """The value, once it is known that its aliases do not make it large."""
    if _weight(value, {}) > MAX_VALUES:
        raise yaml.YAMLError(f"its aliases expand to more than {MAX_VALUES:,} values")
    return _plain(value)


def _weight(value: Any, known: dict[int, int]) -> int:
    """How many values there are once every alias is replaced by what it stands for."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = MAX_VALUES + 1  # met again before it is done: it lies inside itself
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_weight(one, known) for one in inner)
    return known[id(value)]


def _plain(value: Any) -> Any:
    """With dates and keys as text, so that every format gives the same values."""
    try:
        return json.loads(json.dumps(value, default=str))
    except TypeError:
        raise ValueError("a key is neither text nor a number") from None


def _json(source: str) -> Any:
    return json.loads(source)


def _toml(source: str) -> Any:
    return _plain(tomllib.loads(source))


_READERS: dict[str, Callable[[str], Any]] = {".yaml": _yaml, ".yml": _yaml, ".json": _json, ".toml": _toml}
