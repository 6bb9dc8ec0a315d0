"""Reads what a pipeline run left behind, and judges it: rows taken, an artifact of its own, a served prediction."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError
from pytest_mlready.quality.training.agreement import TOLERANCE
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "result.json"
LARGEST = 1_000_000  # bytes of the result
FORM = (
    '{"rows": rows taken, "artifact": "name in the folder", "prediction": {"example": {feature: value}, "answer": a '
    'label, a number, or {class: probability}}, "stages": ["prepare", …]}'
)


class ResultError(ReadinessError):
    """The pipeline left no result that can be read; says what is wrong with it."""

    def __init__(self, found: str) -> None:
        super().__init__(found, expected=f"{NAME} in {{folder}}: {FORM}", fix="let the last stage write it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run says about itself.

    Attributes:
        rows: Raw rows that it took.
        artifact: The model that it trained, inside the folder.
        example: The record that was predicted, a value by feature.
        answer: What the service answered: a label, a number, or probabilities by class.
        stages: Names of its stages, in order.
    """

    rows: int
    artifact: Path
    example: Mapping[str, Any]
    answer: Any
    stages: tuple[str, ...]


def read(folder: Path) -> Result:
    """The result that a pipeline wrote into its folder.

    Raises:
        ResultError: None is there, or it lacks something; the artifact is not a file or folder inside the folder.
    """
    file = folder / NAME
    if not file.is_file() or file.is_symlink():
        there = ", ".join(sorted(p.name for p in folder.iterdir())[:5]) or "nothing"
        raise ResultError(f"the pipeline left no {NAME} in its folder (there is {there})")
    if file.stat().st_size > LARGEST:
        raise ResultError(f"{NAME} has {file.stat().st_size:,} bytes")
    try:
        raw = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{NAME} is no JSON: {error}") from None
    return _result(raw, folder)


def _result(raw: Any, folder: Path) -> Result:
    if not isinstance(raw, dict):
        raise ResultError(f"{NAME} holds a {type(raw).__name__}")
    rows, prediction, stages = raw.get("rows"), raw.get("prediction"), raw.get("stages")
    if not isinstance(rows, int) or isinstance(rows, bool):
        raise ResultError(f"{NAME}: rows is {rows!r}, no whole number")
    if not isinstance(prediction, dict) or not isinstance(prediction.get("example"), dict) or not prediction["example"]:
        raise ResultError(f"{NAME}: prediction holds no example with a value by feature")
    if (problem := _strange(prediction.get("answer"))) is not None:
        raise ResultError(f"{NAME}: the answer {problem}")
    names = stages if isinstance(stages, list) and all(isinstance(stage, str) and stage for stage in stages) else []
    if not names:
        raise ResultError(f"{NAME}: stages is {stages!r}, no list of names")
    return Result(
        rows=rows,
        artifact=_inside(raw.get("artifact"), folder),
        example=prediction["example"],
        answer=prediction["answer"],
        stages=tuple(names),
    )


def _inside(name: Any, folder: Path) -> Path:
    if not isinstance(name, str) or not name:
        raise ResultError(f"{NAME}: artifact is {name!r}, no name of a file")
    path = (folder / name).resolve()
    if not path.exists():
        raise ResultError(f"{NAME}: the artifact {name} is not there")
    if not path.is_relative_to(folder.resolve()) or path == folder.resolve():
        raise ResultError(f"{NAME}: the artifact {name} does not lie in the folder that the run was given")
    return path


def _strange(answer: Any) -> str | None:
    if isinstance(answer, dict):
        if answer and all(_number(value) for value in answer.values()):
            return None
        return "is a table, and not of finite numbers by class"
    if isinstance(answer, (bool, str)) or _number(answer):
        return None
    return f"is {json.dumps(answer)[:60]}, no label, finite number, or probabilities by class"


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def judge_rows(result: Result, asked: int) -> Verdict:
    """Whether the run took the rows that it was asked to take."""
    measured = (
        Measurement(name="raw rows", value=result.rows, min=1, n=asked, note=f"{asked} asked for"),
        Measurement(name="stages", value=", ".join(result.stages)[:200], n=len(result.stages)),
    )
    if result.rows == asked:
        return Verdict(outcome="passed", message="", measurements=measured)
    message = (
        f"The pipeline took {result.rows:,} raw rows; {asked:,} were asked for. Next step: hand {{rows}} on to the "
        "stage that reads raw data (or set rows to what there is)."
    )
    return Verdict(outcome="failed", message=message, measurements=measured)


def judge_fresh(sha256: str, known: Mapping[str, str]) -> Verdict:
    """Whether the artifact is one that the run made, and not a copy of one that was there.

    Args:
        sha256: Digest of the artifact.
        known: Name by digest of models that were there before.
    """
    measured = Measurement(name="artifact of the run", value=sha256)
    if sha256 not in known:
        return Verdict(outcome="passed", message="", measurements=(measured,))
    message = (
        f"The artifact that the pipeline left is {known[sha256]}, byte for byte, which was there before: nothing was "
        "trained. Next step: let the pipeline train on the rows that it takes."
    )
    return Verdict(outcome="failed", message=message, measurements=(measured,))


def judge_answer(
    result: Result,
    label: Any,
    probabilities: Mapping[str, float],
    *,
    positive: str | None,
    tolerance: float = TOLERANCE,
) -> Verdict:
    """Whether the served answer is the artifact's own.

    Args:
        result: With the recorded answer.
        label: What the artifact predicts for the recorded example.
        probabilities: By class as text; empty where it gives none.
        positive: The class whose probability a bare number states.
        tolerance: Largest difference of two numbers that are the same, relative beyond 1.
    """
    own = _own(result.answer, label, probabilities, positive)
    apart = _apart(result.answer, own, tolerance)
    measured = Measurement(name="served answer", value=_short(result.answer), note=f"the artifact's own: {_short(own)}")
    if not apart:
        return Verdict(outcome="passed", message="", measurements=(measured,))
    message = (
        f"The served answer is not the artifact's own for the recorded example: {apart}. Next step: look for features "
        "that serving computes otherwise, and for another model being served than the one that was trained; where "
        "serving rounds its answers, say by how much: tolerance = …"
    )
    return Verdict(outcome="failed", message=message, measurements=(measured,))


def _own(answer: Any, label: Any, probabilities: Mapping[str, float], positive: str | None) -> Any:
    """The artifact's answer in the form of the served one."""
    if isinstance(answer, dict):
        return dict(probabilities)
    fractional = isinstance(answer, float) and not (
        isinstance(label, float) and _named(answer) in _names(probabilities)
    )
    if fractional and positive is not None and positive in probabilities:
        return probabilities[positive]
    return label.item() if hasattr(label, "item") else label


def _apart(served: Any, own: Any, tolerance: float) -> str:
    if isinstance(served, dict):
        ours, theirs = _names(served), _names(own)
        if set(ours) != set(theirs):
            return f"classes {', '.join(map(str, served))}, the artifact's are {', '.join(own) or 'none'}"
        said = ((name, _apart(ours[name], theirs[name], tolerance)) for name in ours)
        return next((f"{name}: {what}" for name, what in said if what), "")
    if _number(served) and _number(own):
        near = abs(served - own) <= tolerance * max(1.0, abs(own))
        return "" if near else f"{served!r} was served, the artifact says {own!r}"
    return "" if _named(served) == _named(own) else f"{_short(served)} was served, the artifact says {_short(own)}"


def _names(table: Mapping[str, Any]) -> dict[str, Any]:
    return {_named(name): value for name, value in table.items()}


def _named(label: Any) -> str:
    """A label as text, whatever carried it: True, "true" and 1 are one label, as 1.0 and "1" are."""
    text = re.sub(r"^(-?\d+)\.0+$", r"\1", str(label))
    return {"true": "1", "false": "0"}.get(text.lower(), text)


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 120 else f"{text[:119]}…"
