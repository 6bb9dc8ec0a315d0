"""Builds the JSON schema of the settings, with the options of every item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.kinds import reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from pytest_mlready.catalog import Item, Option

ID = "urn:pytest-mlready:settings"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
REASON = {"type": "string", "pattern": r"\S"}


def build(settings: type[BaseModel], items: Mapping[str, Item]) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of mlready.toml and of [tool.mlready].

    Args:
        settings: The class of the whole table.
        items: The catalogue, by id.
    """
    schema = {"$schema": DRAFT, "$id": ID, **settings.model_json_schema(mode="validation")}
    schema["title"], schema["description"] = "pytest-mlready", "Settings: mlready.toml, or [tool.mlready]."
    tables, kinds, ids = schema["properties"], schema["$defs"], sorted(items)
    tables["not_applicable"]["propertyNames"] = {"enum": ids}
    tables["items"] |= {
        "properties": {item_id: _item(items[item_id]) for item_id in ids},
        "additionalProperties": False,
    }
    for kind in ("Waiver", "Attestation"):
        kinds[kind]["properties"]["item"]["enum"] = ids
    kinds["ModelTable"]["not"] = {"required": ["first_release", "production"]}
    return schema


def _item(item: Item) -> dict[str, Any]:
    return {
        "type": "object",
        "description": item.title,
        "properties": {
            "builtin": {"type": "boolean", "default": True, "description": "Whether the built-in checks run."},
            "reason": {"type": "string", "description": "Why they do not."},
            **{option.name: _option(option) for option in item.options},
        },
        "additionalProperties": False,
        "if": {"properties": {"builtin": {"const": False}}, "required": ["builtin"]},
        "then": {"properties": {"reason": REASON}, "required": ["reason"]},
    }


def _option(option: Option) -> dict[str, Any]:
    schema = reader(option.type).json_schema()
    unit = schema.get("description")  # of durations and sizes
    schema["description"] = f"{option.doc} ({unit})" if unit else option.doc
    return schema if option.default is None else {**schema, "default": _plain(option.default)}


def _plain(default: Any) -> Any:
    if isinstance(default, tuple | list):
        return [_plain(v) for v in default]
    return default if isinstance(default, str | int | float | dict) else str(default)
