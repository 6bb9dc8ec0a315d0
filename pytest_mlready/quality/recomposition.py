"""Judges whether explanations add up to the model's predictions, and say something."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.quality.explanation import ExplanationError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_mlready.quality.answers import Answer
    from pytest_mlready.quality.explanation import Explanation

RANK = 1e-6  # singular values below this share of the largest are rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The model's own answers to the examples.

    Attributes:
        answer: To n examples.
        classes: In the order of its probabilities; None for numbers.
        positive: The class that a single number is about, unless the explanation names another.
    """

    answer: Answer
    classes: tuple[Any, ...] | None
    positive: Any

    def output(self, row: int, explanation: Explanation) -> NDArray[np.float64]:
        """The output that an explanation must recompose to, shape as its baseline.

        Raises:
            ExplanationError: The model has no such output.
        """
        proba = self.answer.proba
        if proba is None or self.classes is None:
            if self.classes is not None:
                raise ExplanationError("the model gives no probabilities, and labels do not add up")
            assert self.answer.labels is not None  # the caller asked for usable answers
            return np.asarray([self.answer.labels[row]], float)
        if explanation.baseline.size > 1:
            return np.asarray(proba[row], float)
        names = [str(c) for c in self.classes]
        about = str(self.positive if explanation.of is None else explanation.of)
        if about not in names:
            raise ExplanationError(f"it is about the class {about!r}, and the model's are {', '.join(names[:8])}")
        return np.asarray([proba[row, names.index(about)]], float)


def judge_sums(explanations: Sequence[Explanation | str], asked: Asked, *, tolerance: float) -> Verdict:
    """Whether baseline and contributions of each example recompose to the model's own output.

    Args:
        explanations: One an example, or why there is none.
        asked: The model's answers to the same examples, in their order.
        tolerance: Largest difference, relative beyond 1.
    """
    wrong, largest = [], 0.0
    for row, explanation in enumerate(explanations):
        said, apart = _sum(row, explanation, asked, tolerance)
        largest = max(largest, apart)
        if said:
            wrong.append(f"- example {row + 1}: {said}")
    n = len(explanations)
    measured = (
        Measurement(name="examples that recompose", value=n - len(wrong), min=n, n=n),
        Measurement(name="largest difference", value=largest, max=tolerance, n=n),
    )
    if not wrong:
        return Verdict(outcome="passed", message="", measurements=measured)
    shown = "\n".join(wrong[:5])
    message = (
        f"{len(wrong)} of {n} explanations do not recompose to the model's prediction:\n{shown}\n"
        "Next step: explain the model that ships, on the scale that link names, and let nothing be left out."
    )
    return Verdict(outcome="failed", message=message, measurements=measured)


def _sum(row: int, explanation: Explanation | str, asked: Asked, tolerance: float) -> tuple[str, float]:
    if isinstance(explanation, str):
        return explanation, 0.0
    try:
        expected = asked.output(row, explanation)
    except ExplanationError as error:
        return str(error), 0.0
    found = explanation.recomposed()
    apart = float(np.abs(found - expected).max())
    if apart <= tolerance * max(1.0, float(np.abs(expected).max())):
        return "", apart
    return f"{_told(found)} by the parts (link {explanation.link}), {_told(expected)} by the model", apart


def judge_content(explanations: Sequence[Explanation], *, inputs: int | None) -> Verdict:
    """Whether contributions say something: at least two that vary from example to example, independently.

    One contribution that is the whole prediction, and a prediction shared out by fixed parts, recompose to anything
    and tell nothing: as a table of examples by contributions, less its mean, they have rank 1.

    Args:
        explanations: Of different examples, at least two.
        inputs: Of the model; None where it does not say. With one input there is one contribution.
    """
    names = sorted({name for e in explanations for name in e.names})
    tables = [np.array([_row(e, names, k) for e in explanations]) for k in range(explanations[0].baseline.size)]
    found = _rank(np.vstack([table - table.mean(axis=0) for table in tables]))
    needed = 1 if inputs == 1 else 2
    measured = Measurement(
        name="independent contributions", value=found, min=needed, n=len(explanations), note=f"of {len(names)} names"
    )
    if found >= needed:
        return Verdict(outcome="passed", message="", measurements=(measured,))
    how = "none of them varies" if found == 0 else "they vary only together: one number, shared out"
    message = (
        f"Over {len(explanations)} examples the contributions ({', '.join(names[:5])}) explain nothing: {how}. "
        "Next step: return what each input or stage adds."
    )
    return Verdict(outcome="failed", message=message, measurements=(measured,))


def judge_names(explanations: Sequence[Explanation], *, inputs: Sequence[str], stages: Sequence[str]) -> Verdict:
    """Whether each contribution bears the name of an input, or of a stage that the team declares.

    Args:
        explanations: Of all examples.
        inputs: Names of features; a contribution named "numbers__age" or "age x hours" bears "age".
        stages: Further names, as shell patterns: "tree *".
    """
    patterns = [re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", re.IGNORECASE) for name in inputs]
    names = dict.fromkeys(name for e in explanations for name in e.names)
    declared = {name for name in names if any(fnmatch.fnmatchcase(name, stage) for stage in stages)}
    strange = [name for name in names if name not in declared and not any(p.search(name) for p in patterns)]
    measured = Measurement(
        name="contributions named after inputs or stages", value=len(names) - len(strange), n=len(names)
    )
    if not strange:
        return Verdict(outcome="passed", message="", measurements=(measured,))
    message = (
        f"{len(strange)} of {len(names)} contributions bear no name of an input ({', '.join(strange[:5])}): nobody can "
        f"tell what they stand for. Next step: name them after inputs ({', '.join(list(inputs)[:3])}, …), or declare "
        'them: stages = ["…"].'
    )
    return Verdict(outcome="failed", message=message, measurements=(measured,))


def spread(scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Rows from the lowest to the highest score, evenly by rank: examples that differ; shape (min(count, n),)."""
    order = np.argsort(scores, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int))
    return np.asarray(order[places], np.int64)


def _row(explanation: Explanation, names: Sequence[str], k: int) -> list[float]:
    own = dict(zip(explanation.names, explanation.contributions[:, k].tolist(), strict=True))
    return [own.get(name, 0.0) for name in names]


def _rank(table: NDArray[np.float64]) -> int:
    """Independent directions in which centred rows vary."""
    values = np.linalg.svd(table, compute_uv=False)
    return int((values > RANK * max(1.0, float(values[0]))).sum())


def _told(values: NDArray[np.float64]) -> str:
    shown = ", ".join(f"{v:.8g}" for v in values[:5])
    return shown if values.size == 1 else f"({shown})"
