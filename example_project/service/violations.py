"""Tells from the mistakes in a request which rows break the schema, and in which field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.schema import Instance

if TYPE_CHECKING:
    from pydantic import ValidationError

FIELDS = tuple(field.alias or name for name, field in Instance.model_fields.items())
ROW, UNKNOWN = "row", "unknown field"  # no table at all; a field that nobody knows, whose name is not repeated
PLACES = (*FIELDS, ROW, UNKNOWN)  # all that a label can be, whatever a client sends


def broken(error: ValidationError) -> set[tuple[int, str]]:
    """(row, field) of every mistake that lies in a row; a batch that is empty, too long or no batch has none."""
    found = set()
    for mistake in error.errors(include_url=False, include_context=False, include_input=False):
        match mistake["loc"]:
            case ("instances", int(row)):
                found.add((row, ROW))
            case ("instances", int(row), field, *_):
                found.add((row, str(field) if field in FIELDS else UNKNOWN))
    return found
