"""Reads from a Dockerfile the images that it builds on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE = re.compile(r"^\s*(FROM|ARG)\s+(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)")


def bases(dockerfile: str) -> tuple[tuple[str, str], ...]:
    """(name, version) of every image that a stage begins with; stages of the same file and `scratch` are none.

    The version is the tag, with the digest behind it where there is one ("3.11@sha256:…"), and "latest" for neither.
    """
    return tuple(dict.fromkeys(_bases(re.sub(r"\\\r?\n", " ", dockerfile))))


def _bases(text: str) -> Iterator[tuple[str, str]]:
    arguments: dict[str, str] = {}
    stages = {"scratch"}
    for word, rest in _LINE.findall(text):
        if word.upper() == "ARG":
            name, _, value = rest.partition("=")
            arguments.setdefault(name.strip(), value.strip().strip("\"'"))
            continue
        words = [w for w in rest.split() if not w.startswith("--")]
        image = _filled(words[0], arguments) if words else ""
        if image and image not in stages:
            yield parts(image)
        if len(words) > 2 and words[1].upper() == "AS":
            stages.add(words[2])


def _filled(image: str, arguments: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda m: arguments.get(m[1] or m[3]) or m[2] or "", image)


def parts(image: str) -> tuple[str, str]:
    """Name and version of an image reference."""
    rest, _, digest = image.partition("@")
    head, colon, tag = rest.rpartition(":")
    name, tag = (head, tag) if colon and "/" not in tag else (rest, "")
    if not tag and not digest:
        return name, "latest"
    return name, f"{tag}@{digest}" if tag and digest else tag or digest
