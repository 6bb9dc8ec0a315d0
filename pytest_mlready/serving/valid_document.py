"""Tells whether an OpenAPI document follows its own specification; fetches nothing for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_mlready.errors import Inconclusive

if TYPE_CHECKING:
    from collections.abc import Mapping

VALIDATORS = {
    "2.": "OpenAPIV2SpecValidator",
    "3.0": "OpenAPIV30SpecValidator",
    "3.1": "OpenAPIV31SpecValidator",
    "3.2": "OpenAPIV32SpecValidator",
}
MOST = 20  # objections that are collected


def objections(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with a document, each with its place: by openapi-spec-validator, and references that lead nowhere.

    Args:
        document: As parsed, without references that lead out of it.

    Raises:
        Inconclusive: It is of a version that the installed validator does not know, or the validator stumbled over it.
    """
    version = document.get("openapi", document.get("swagger"))
    if not isinstance(version, str):
        return [f'openapi is {version!r}; expected a text such as "3.1.0"']
    dead = [
        f"{place}: {reference} leads nowhere"
        for place, reference in references(document)
        if not _leads(document, reference)
    ]
    return dead[:MOST] or _by_validator(document, version)


def _by_validator(document: Mapping[str, Any], version: str) -> list[str]:
    import openapi_spec_validator

    name = next((name for start, name in VALIDATORS.items() if version.startswith(start)), "")
    validator = getattr(openapi_spec_validator, name, None) if name else None
    if validator is None:
        raise Inconclusive(
            f"not understood: the OpenAPI document is of version {version}",
            fix="pip install --upgrade openapi-spec-validator, or write version 3.0 or 3.1",
        )
    found: list[str] = []
    try:
        for error in validator(document).iter_errors():
            place = "/".join(map(str, getattr(error, "absolute_path", ())))
            found.append(f"{place or 'the whole'}: {error.message[:300]}")
            if len(found) == MOST:
                break
    except Exception as broken:
        raise Inconclusive(
            f"openapi-spec-validator could not finish: {type(broken).__name__}", fix="simplify the document"
        ) from broken
    return found


def references(document: Any) -> list[tuple[str, str]]:
    """(place, reference) of every `$ref`; not of what examples hold."""
    look: list[tuple[str, Any]] = [("", document)]
    found: list[tuple[str, str]] = []
    while look:
        place, node = look.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                found.append((place or "the whole", node["$ref"]))
            look += [(f"{place}/{key}", one) for key, one in node.items() if key not in ("example", "value", "default")]
        elif isinstance(node, list):
            look += [(f"{place}/{index}", one) for index, one in enumerate(node)]
    return found


def outside(document: Any) -> list[str]:
    """References that lead out of a document."""
    return sorted({reference for _, reference in references(document) if not reference.startswith("#")})


def _leads(document: Any, reference: str) -> bool:
    """Whether a reference within the document leads to something; anchors of JSON Schema are not looked for."""
    if not reference.startswith("#/"):
        return True
    node = document
    for part in reference[2:].split("/"):
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return False
    return True
