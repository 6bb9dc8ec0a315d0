"""Reads a versioned file of cases a model must get right, and holds the model against each."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import yaml

from pytest_mlready.errors import DataError, near
from pytest_mlready.quality import case_mistakes
from pytest_mlready.quality.answers import TIME_LIMIT, Answer, ask, scores, shorten
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.quality.feature_schema import FeatureSchema
    from pytest_mlready.values import Model

VERSION = 1
MAX_BYTES = 10_000_000
NAMES = tuple(
    f"{folder}edge_cases{suffix}"
    for folder in ("", "tests/", "data/")
    for suffix in (".yaml", ".yml", ".json", ".toml")
)
_FILE_KEYS = ("version", "description", "defaults", "cases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        name: For the reader; unique in its file.
        input: Cells by column; the file's `defaults` fill in the rest.
        text: In place of `input`, for a model with one text column.
        expect: What must come back: `label`; `equals` (a number, within `tolerance`); `min`, `max` (of the predicted
            value); `score_min`, `score_max` (of the probability of `class`); `raises` (true, or a type's name).
        level: "must" fails the item; "should" is reported.
    """

    name: str
    input: Mapping[str, Any]
    expect: Mapping[str, Any]
    text: str | None = None
    level: Literal["must", "should"] = "must"


def discover(root: Path) -> Path | None:
    """The first of `NAMES` that exists under `root`."""
    return next((root / name for name in NAMES if (root / name).is_file()), None)


def load(path: Path) -> list[Case]:
    """The cases of a file (JSON, YAML or TOML, by suffix).

    Raises:
        DataError: the file is missing, too large, not readable, or has mistakes, which are listed all at once.
    """
    content = _read(Path(path))
    if not isinstance(content, Mapping):
        raise DataError(f"{path} holds a {type(content).__name__}", expected="version = 1 and a list of cases")
    cases, defaults = content.get("cases"), content.get("defaults", {})
    mistakes = [f'unknown key "{k}"{near(str(k), _FILE_KEYS)}' for k in content if k not in _FILE_KEYS]
    if content.get("version") != VERSION:
        mistakes.append(f"version is {content.get('version')!r}, expected {VERSION}")
    if not isinstance(defaults, Mapping):
        mistakes.append(f"defaults is {shorten(repr(defaults), 40)}, expected cells by column")
    if not isinstance(cases, list) or not cases:
        mistakes.append(f"cases is {shorten(repr(cases), 40)}, expected a list of at least one case")
        cases = []
    mistakes += [f"case {i}{_named(c)}: {m}" for i, c in enumerate(cases, 1) for m in case_mistakes.mistakes(c)]
    names = [c.get("name") for c in cases if isinstance(c, Mapping)]
    mistakes += [
        f"the name {n!r} is used {names.count(n)} times" for n in dict.fromkeys(names) if n and names.count(n) > 1
    ]
    if mistakes:
        raise DataError(f"{path} has {len(mistakes)} mistakes: " + "; ".join(mistakes))
    return [_case(c, defaults) for c in cases]


def judge(
    model: Model, schema: FeatureSchema, cases: Sequence[Case], *, time_limit: float = TIME_LIMIT
) -> list[Verdict]:
    """Holds the model against every case: one verdict for all `must`, and for `should` a passed one that reports.

    Raises:
        DataError: inputs that do not fit the model's columns; lists all of them.
    """
    needed = [n for n in schema.names if n in (model.feature_names or schema.names)] or list(schema.names)
    mistakes = [f'"{c.name}": {m}' for c in cases for m in _input_mistakes(c, schema, needed)]
    if mistakes:
        raise DataError("cases do not fit the model's inputs: " + "; ".join(mistakes))
    broken = {c.name: why for c in cases if (why := _why_broken(model, schema, c, time_limit))}
    return [
        _verdict(level, [c for c in cases if c.level == level], broken)
        for level in ("must", "should")
        if any(c.level == level for c in cases)
    ]


def _verdict(level: str, cases: Sequence[Case], broken: Mapping[str, str]) -> Verdict:
    wrong = [c.name for c in cases if c.name in broken]
    found = Measurement(
        name=f"`{level}` cases that do not hold", value=len(wrong), max=0 if level == "must" else None, n=len(cases)
    )
    if not wrong:
        return Verdict(outcome="passed", message=f"all {len(cases)} `{level}` cases hold", measurements=(found,))
    listed = "\n".join(f"  {shorten(name, 60)}: {broken[name]}" for name in wrong[:10])
    more = f"\n  and {len(wrong) - 10} more" if len(wrong) > 10 else ""
    message = f"{len(wrong)} of {len(cases)} `{level}` cases do not hold:\n{listed}{more}"
    notes = tuple(Measurement(name=f"`{level}` case {name}", value=broken[name]) for name in wrong)
    outcome: Literal["failed", "passed"] = "failed" if level == "must" else "passed"
    return Verdict(outcome=outcome, message=message, measurements=(found, *notes))


def _why_broken(model: Model, schema: FeatureSchema, case: Case, time_limit: float) -> str:
    """Why the case does not hold, as a sentence; empty when it does."""
    import polars as pl

    cells = _cells(case, schema)
    frame = pl.DataFrame([_series(name, cells[name], schema) for name in _ordered(cells, schema)])
    answer = ask(model, frame, time_limit=time_limit)
    if "raises" in case.expect:
        return _why_not_raised(answer, case.expect["raises"])
    if problem := answer.problem():
        return f"the model {problem}"
    try:
        found = [why for key, limit in case.expect.items() if (why := _missed(answer, model, case, key, limit))]
    except DataError as error:
        return str(error)
    return "; ".join(found)


def _missed(answer: Answer, model: Model, case: Case, key: str, limit: Any) -> str:
    """What one expectation misses; empty when it holds. Comparisons are written so that NaN misses."""
    label = np.asarray(answer.labels)[0]
    if key == "label":
        return "" if label == limit or str(label) == str(limit) else f"label {label}, expected {limit}"
    if key in ("class", "tolerance"):
        return ""
    value = float(scores(answer, model, case.expect.get("class"))[0]) if "score" in key else _number(label)
    if key == "equals":
        near_enough = abs(value - limit) <= case.expect.get("tolerance", 1e-9)
        return "" if near_enough else f"value {value:.6g}, expected {limit}"
    holds = value >= limit if key.endswith("min") else value <= limit
    side = "at least" if key.endswith("min") else "at most"
    what = "score" if "score" in key else "value"
    return "" if holds else f"{what} {value:.6g}, expected {side} {limit}"


def _number(label: Any) -> float:
    try:
        return float(label)
    except (TypeError, ValueError):
        raise DataError(f"the model answers {label!r}", expected="a number, for min, max or equals") from None


def _why_not_raised(answer: Answer, expected: Any) -> str:
    kind = "an exception" if expected is True else str(expected)
    if answer.hung:
        return answer.problem()
    if answer.error is None:
        return f"answered {np.asarray(answer.labels).tolist()}, expected {kind}"
    names = [t.__name__ for t in type(answer.error).__mro__]
    return "" if expected is True or expected in names else f"the model {answer.problem()}, expected {kind}"


def _cells(case: Case, schema: FeatureSchema) -> dict[str, Any]:
    if case.text is None:
        return dict(case.input)
    texts = [c.name for c in schema.columns if c.kind == "text"] or list(schema.names)
    return {**case.input, texts[0]: case.text}


def _ordered(cells: Mapping[str, Any], schema: FeatureSchema) -> list[str]:
    return [n for n in schema.names if n in cells] + [n for n in cells if n not in schema.names]


def _series(name: str, value: Any, schema: FeatureSchema) -> Any:
    """One cell with the column's type; a value of another type stays what it is, since that may be the case's point."""
    import polars as pl

    series = pl.Series(name, [value])
    if name not in schema.names:
        return series
    dtype = schema[name].dtype
    try:
        cast = series.cast(dtype, strict=True)
    except pl.exceptions.PolarsError:
        return series
    return series if isinstance(value, str) != isinstance(cast[0], str) and dtype.is_numeric() else cast


def _input_mistakes(case: Case, schema: FeatureSchema, needed: Sequence[str]) -> list[str]:
    """Columns that lack or are unknown, unless the case expects an exception: then that may be its point."""
    if "raises" in case.expect:
        return []
    cells = _cells(case, schema)
    unknown = [f'no input column "{n}"{near(n, schema.names)}' for n in cells if n not in schema.names]
    absent = [n for n in needed if n not in cells]
    return unknown + ([f"columns {', '.join(absent)} have no value (give them under defaults)"] if absent else [])


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} has {path.stat().st_size:,} bytes", expected=f"at most {MAX_BYTES:,}")
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return json.loads(text)
        return tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}", fix="correct `cases` in the item's settings"
        ) from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise DataError(f"{path} is not valid {path.suffix[1:].upper()}: {shorten(str(error), 160)}") from None


def _named(case: Any) -> str:
    return f" ({shorten(str(case['name']), 40)})" if isinstance(case, Mapping) and case.get("name") else ""


def _case(table: Mapping[str, Any], defaults: Mapping[str, Any]) -> Case:
    return Case(
        name=table["name"],
        input={**defaults, **table.get("input", {})},
        text=table.get("text"),
        expect=table["expect"],
        level=table.get("level", "must"),
    )
