"""Reads a schema of TensorFlow Data Validation, as JSON or text proto, as rules by column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from pytest_mlready.errors import near
from pytest_mlready.features.schema import cells
from pytest_mlready.features.schema.expectations import Rule, Unread, shown
from pytest_mlready.features.schema.rules import RuleSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_mlready.features.schema.expectations import Holds

    Feature = Mapping[str, Any]

# Comparators hold a second data set against the first: drift and skew, which other items look at.
SAY_NOTHING = frozenset({"name", "annotation", "skew_comparator", "drift_comparator", "distribution_constraints"})
KINDS = {"INT": ("integer", "boolean"), "FLOAT": ("number",), "BYTES": ("string", "time")}
ONE_VALUE: tuple[dict[str, float], ...] = ({"min": 1, "max": 1}, {"max": 1}, {})


def read(document: Mapping[str, Any]) -> RuleSchema:
    """The rules of a schema: features with their domains, presence and shares, in either spelling of the fields."""
    plain = _snake(document)
    domains = {domain["name"]: domain for domain in _many(plain.get("string_domain")) if "name" in domain}
    rules: list[Rule] = []
    unread = [
        Unread(column="", what=key) for key in plain if key not in ("feature", "string_domain", "default_environment")
    ]
    features = [one for one in _many(plain.get("feature")) if isinstance(one, dict)]
    for feature in features:
        name = str(feature.get("name", ""))
        for key, value in feature.items():
            if key in SAY_NOTHING:
                continue
            try:
                rules += _rules(name, key, value, feature, domains)
            except (KeyError, TypeError, ValueError, AttributeError):
                unread.append(Unread(column=name, what=f"{key}{near(key, READERS)} {shown(value)}"))
    known = tuple(str(feature.get("name", "")) for feature in features)
    return RuleSchema(form="TFDV", rules=tuple(rules), unread=tuple(unread), known=known)


def _rules(name: str, key: str, value: Any, feature: Feature, domains: Mapping[str, Any]) -> Iterator[Rule]:
    holds, may_fail = READERS[key](value, feature, domains)
    if holds is not None:
        yield Rule(
            column=name, states=f"{key} {shown(value)}", holds=holds, may_fail=may_fail,
            of="rows" if key == "presence" else "values",
        )  # fmt: skip


def _type(value: Any, _feature: Feature, _domains: Mapping[str, Any]) -> tuple[Holds, float]:
    kinds = KINDS[value]
    return _of_values(lambda cell: pl.lit(cell.kind in kinds)), 0.0


def _presence(value: Any, _feature: Feature, _domains: Mapping[str, Any]) -> tuple[Holds | None, float]:
    if set(value) - {"min_fraction", "min_count"}:
        raise ValueError(value)
    least = float(value.get("min_fraction", 0.0))
    return (lambda cell: cell.null.not_(), 1.0 - least) if least > 0 else (None, 0.0)


def _numbers(value: Any, feature: Feature, _domains: Mapping[str, Any]) -> tuple[Holds, float]:
    """`int_domain` and `float_domain`; 64-bit numbers are texts in the JSON form."""
    if set(value) - {"min", "max", "name", "disallow_nan", "disallow_inf"}:
        raise ValueError(value)
    least, most = (None if value.get(side) is None else _figure(value[side]) for side in ("min", "max"))
    finite = bool(value.get("disallow_inf"))

    def holds(cell: cells.Cell) -> pl.Expr:
        if not cell.numeric:
            return pl.lit(False)
        parts = [pl.lit(True)]
        parts += [] if least is None else [cell.values >= least]
        parts += [] if most is None else [cell.values <= most]
        parts += [cell.values.cast(pl.Float64).is_finite()] if finite else []
        return pl.all_horizontal(parts)

    return _of_values(holds), _outside(feature)


def _words(value: Any, feature: Feature, _domains: Mapping[str, Any]) -> tuple[Holds, float]:
    words = [str(word) for word in _many(value["value"])]
    return _of_values(lambda cell: cells.one_of(cell, [*words])), _outside(feature)


def _named_words(value: Any, feature: Feature, domains: Mapping[str, Any]) -> tuple[Holds, float]:
    return _words(domains[value], feature, domains)


def _truth(value: Any, feature: Feature, _domains: Mapping[str, Any]) -> tuple[Holds, float]:
    words = [str(value[side]) for side in ("true_value", "false_value") if value.get(side) is not None]

    def holds(cell: cells.Cell) -> pl.Expr:
        if cell.kind == "boolean":
            return pl.lit(True)
        return cells.one_of(cell, [*words] if words else [0, 1])

    return _of_values(holds), _outside(feature)


def _single(value: Any, _feature: Feature, _domains: Mapping[str, Any]) -> tuple[Holds | None, float]:
    """A table has one value in each cell; anything else that is asked for is not understood."""
    if {key: _figure(number) for key, number in value.items()} not in ONE_VALUE:
        raise ValueError(value)
    return None, 0.0


def _shape(value: Any, _feature: Feature, _domains: Mapping[str, Any]) -> tuple[Holds | None, float]:
    if any(_figure(dimension["size"]) != 1 for dimension in _many(value.get("dim"))):
        raise ValueError(value)
    return None, 0.0


READERS: dict[str, Callable[[Any, Feature, Mapping[str, Any]], tuple[Holds | None, float]]] = {
    "type": _type,
    "presence": _presence,
    "int_domain": _numbers,
    "float_domain": _numbers,
    "string_domain": _words,
    "domain": _named_words,
    "bool_domain": _truth,
    "value_count": _single,
    "shape": _shape,
}


def _outside(feature: Feature) -> float:
    """Share of values that may lie outside the domain."""
    return 1.0 - float(feature.get("distribution_constraints", {}).get("min_domain_mass", 1.0))


def _of_values(holds: Holds) -> Holds:
    return lambda cell: cell.null | holds(cell).fill_null(False)


def _figure(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    number = float(value)
    return int(value) if isinstance(value, int | str) and re.fullmatch(r"-?\d+", str(value)) else number


def _many(value: Any) -> list[Any]:
    """A repeated field; text proto writes a single one without a list."""
    return [] if value is None else value if isinstance(value, list) else [value]


def _snake(value: Any) -> Any:
    """Field names as the proto file writes them; its JSON form has them in camelCase."""
    if isinstance(value, dict):
        return {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", str(key)).lower(): _snake(one) for key, one in value.items()}
    return [_snake(one) for one in value] if isinstance(value, list) else value
