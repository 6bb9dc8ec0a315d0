"""Defines the kinds of values that settings hold: what is accepted, what it becomes, and its JSON schema."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, WithJsonSchema
from pydantic_core import PydanticCustomError

from pytest_mlready import units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FUNCTION = r"^[\w.]+:[\w.]+$"


def _reads(read: Callable[[Any], Any]) -> BeforeValidator:
    """Lets `read` convert a value; the ValueError's text is what the settings' reader is told to write instead."""

    def validate(value: Any) -> Any:
        try:
            return read(value)
        except ValueError as error:
            raise PydanticCustomError("expected", "expected {expected}", {"expected": str(error)}) from None

    return BeforeValidator(validate)


def as_tuple(value: Any) -> Any:
    """A TOML list as the tuple that a strict, frozen table holds, at every depth; anything else as it is."""
    return tuple(as_tuple(v) for v in value) if isinstance(value, list) else value


def _strings(value: Any) -> Any:
    return (value,) if isinstance(value, str) else as_tuple(value)


def _date(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        with contextlib.suppress(ValueError):  # 2027-02-30
            value = dt.date.fromisoformat(value)
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date) or not 1970 <= value.year < 3000:
        raise ValueError("a date such as 2027-01-31")
    return value


def _fraction(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a fraction from 0 to 1")
    return value


def _function(value: Any) -> Any:
    if not isinstance(value, str) or not re.search(FUNCTION, value):
        raise ValueError('"module:function"')
    return value


def _text_or(kind: dict[str, Any], description: str, pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [kind, {"type": "string", "pattern": pattern}], "description": description})


def _pattern(names: Iterable[str]) -> str:
    return rf"^\s*[0-9]+(\.[0-9]+)?\s*({'|'.join(names)})\s*$"


DURATION_SCHEMA = _text_or({"type": "number", "minimum": 0}, units.DURATION_EXPECTED, _pattern(units.DURATIONS))
SIZE_SCHEMA = _text_or({"type": "integer", "minimum": 0}, units.SIZE_EXPECTED, _pattern(units.SIZES))
STRINGS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
STRINGS_SCHEMA = WithJsonSchema(STRINGS)
SUBGROUPS_SCHEMA = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": STRINGS}]})
FRACTION_SCHEMA = WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})

Duration = Annotated[float, _reads(units.seconds), DURATION_SCHEMA]  # seconds
Size = Annotated[int, _reads(units.byte_count), SIZE_SCHEMA]  # bytes
Fraction = Annotated[float, _reads(_fraction), FRACTION_SCHEMA]
Date = Annotated[dt.date, _reads(_date)]
Strings = Annotated[tuple[str, ...], BeforeValidator(_strings), STRINGS_SCHEMA]
Subgroups = Annotated[tuple[str | tuple[str, ...], ...], BeforeValidator(_strings), SUBGROUPS_SCHEMA]
Words = Annotated[str, StringConstraints(pattern=r"\S")]  # a text that says something
Function = Annotated[str, _reads(_function), WithJsonSchema({"type": "string", "pattern": FUNCTION})]
Positive = Annotated[float, Field(gt=0)]
Scalar = str | bool | int | float
AnyTable = dict[str, Any]

OPTION_TYPES: dict[str, Any] = {
    "number": float,
    "fraction": Fraction,
    "integer": int,
    "duration": Duration,
    "size": Size,
    "string": str,
    "strings": Strings,
    "boolean": bool,
    "date": Date,
    "table": AnyTable,
    "tables": Annotated[tuple[AnyTable, ...], BeforeValidator(as_tuple)],
}


@functools.cache
def reader(kind: str) -> TypeAdapter[Any]:
    """What reads an option of the type `kind` (catalog.OptionType), and knows its JSON schema."""
    return TypeAdapter(OPTION_TYPES[kind], config=ConfigDict(strict=True, allow_inf_nan=False))


def about(description: str, default: Any = None) -> Any:
    """A field that may be left out, with the sentence that editors show for it."""
    return Field(default=default, description=description)
