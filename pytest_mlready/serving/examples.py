"""Puts a value together from the examples that a schema and its parts give; makes nothing up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEEPEST = 40  # levels of parts within parts
STEPS = 2000  # parts that are looked at: a small schema can stand for a tree without end
LARGEST = 10_000  # entries of lists within lists


def built(schema: Any, resolved: Callable[[Any], Any]) -> Any:
    """A value of the examples, constants, defaults and first choices of the parts; None where a needed one has none.

    Args:
        schema: With or without references in it.
        resolved: What a reference leads to; anything else as it is.
    """
    return _Builder(resolved).value(schema, frozenset(), LARGEST)


class _Builder:
    def __init__(self, resolved: Callable[[Any], Any]) -> None:
        self._resolved, self._steps = resolved, STEPS

    def value(self, node: Any, within: frozenset[str], room: int) -> Any:
        """A value for one part, which lies `within` these references and may have `room` entries."""
        self._steps -= 1
        reference = str(node.get("$ref", "")) if isinstance(node, dict) else ""
        if self._steps < 0 or room < 1 or len(within) > DEEPEST or reference in within:
            return None
        schema = self._resolved(node)
        if not isinstance(schema, dict):
            return None
        within = within | {reference or f"part {self._steps}"}
        found = given(schema)
        return self._put_together(schema, within, room) if found is None else found

    def _put_together(self, schema: Mapping[str, Any], within: frozenset[str], room: int) -> Any:
        if listed(schema, "allOf"):
            return self._all(schema, within, room)
        if schema.get("type") == "array" and "items" in schema:
            return self._list(schema, within, room)
        if isinstance(schema.get("properties"), dict):
            return self._table(schema, within, room)
        alternatives = (*listed(schema, "oneOf"), *listed(schema, "anyOf"))
        found = (self.value(one, within, room) for one in alternatives)
        return next((value for value in found if value is not None), None)

    def _list(self, schema: Mapping[str, Any], within: frozenset[str], room: int) -> Any:
        least = schema.get("minItems")
        count = max(1, least) if isinstance(least, int) else 1
        one = self.value(schema["items"], within, room // count)
        return None if one is None else [one] * count

    def _table(self, schema: Mapping[str, Any], within: frozenset[str], room: int) -> Any:
        properties = schema["properties"]
        sent = {n: p for n, p in properties.items() if not (isinstance(p, dict) and p.get("readOnly") is True)}
        parts = {name: self.value(part, within, room) for name, part in sent.items()}
        if any(parts.get(name) is None for name in required(schema) if name in sent or name not in properties):
            return None
        return {name: value for name, value in parts.items() if value is not None} or None

    def _all(self, schema: Mapping[str, Any], within: frozenset[str], room: int) -> Any:
        """Parts that all hold: tables are joined; a single one may be anything."""
        rest = {key: value for key, value in schema.items() if key not in ("allOf", "required")}
        parts = [*listed(schema, "allOf"), *([rest] if "properties" in rest else [])]
        values = [self.value(part, within, room) for part in parts]
        if any(v is None and required(self._resolved(p)) for v, p in zip(values, parts, strict=True)):
            return None
        there = [value for value in values if value is not None]
        if len(there) == 1 and not isinstance(there[0], dict):
            return there[0]
        joined = {name: value for table in there if isinstance(table, dict) for name, value in table.items()}
        return joined if joined and all(name in joined for name in required(schema)) else None


def given(table: Mapping[str, Any]) -> Any:
    """The example, constant, default or first choice that a schema or parameter itself gives; else None."""
    if table.get("example") is not None:
        return table["example"]
    examples = table.get("examples")
    for example in values(examples):
        value = example.get("value") if isinstance(examples, dict) and isinstance(example, dict) else example
        if value is not None:
            return value
    for key in ("const", "default"):
        if table.get(key) is not None:
            return table[key]
    return next(iter(listed(table, "enum")), None)


def values(examples: Any) -> list[Any]:
    """Examples as a list, whether they stand by name or not."""
    if isinstance(examples, dict):
        return list(examples.values())
    return examples if isinstance(examples, list) else []


def value_of(example: Any) -> Iterator[Any]:
    """The value of an Example Object; none where it is elsewhere."""
    if isinstance(example, dict) and "value" in example:
        yield example["value"]


def listed(table: Mapping[str, Any], key: str) -> list[Any]:
    """The list under a key; empty for anything else."""
    found = table.get(key)
    return found if isinstance(found, list) else []


def required(schema: Any) -> list[str]:
    """Names that a schema requires."""
    return [name for name in listed(schema, "required") if isinstance(name, str)] if isinstance(schema, dict) else []
