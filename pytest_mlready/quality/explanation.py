"""Reads what a team's function says about one prediction: a baseline, contributions by name, and the link."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import ReadinessError, near

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Link = Callable[[NDArray[np.float64]], NDArray[np.float64]]

FORM = '{"baseline": number, "contributions": {"age": number, …}, "link": "identity"}'
LARGEST = 700.0  # of an exponent: beyond, double precision overflows


class ExplanationError(ReadinessError):
    """An explanation lacks a part, or holds something else in its place."""

    def __init__(self, found: str) -> None:
        super().__init__(found, expected=f"{FORM}; for several classes numbers are tables by class, or lists")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One explained prediction.

    Attributes:
        baseline: What every example starts from, shape (k,): one number, or one for each class.
        names: Of the contributions, m of them.
        contributions: Shape (m, k).
        link: Name of the function that makes the model's output from their sum.
        of: The class that it is about, where it says so.
    """

    baseline: NDArray[np.float64]
    names: tuple[str, ...]
    contributions: NDArray[np.float64]
    link: str
    of: Any = None

    def recomposed(self) -> NDArray[np.float64]:
        """The model's output as the parts make it, shape (k,)."""
        return LINKS[self.link](self.baseline + self.contributions.sum(axis=0))


def _identity(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    return raw


def _logistic(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(raw, -LARGEST, LARGEST))), float)


def _exponential(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(np.clip(raw, -LARGEST, LARGEST)), float)


def _softmax(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(raw - raw.max())
    return np.asarray(shifted / shifted.sum(), float)


LINKS: Mapping[str, Link] = {"identity": _identity, "logit": _logistic, "softmax": _softmax, "log": _exponential}


def read(given: Mapping[str, Any], classes: Sequence[Any] | None) -> Explanation:
    """An explanation, its numbers in the order of the classes.

    Args:
        given: As the function returned it.
        classes: The model's, in their order; None for numbers.

    Raises:
        ExplanationError: A part is missing, has another form, or is not finite.
    """
    parts = given.get("contributions")
    if not isinstance(parts, dict) or not parts:
        raise ExplanationError(f"contributions is {_short(parts)}")
    link = given.get("link", "identity")
    if not isinstance(link, str) or link not in LINKS:
        known = f"{', '.join(LINKS)}{near(str(link), LINKS)}"
        raise ExplanationError(f"link is {_short(link)}, none of {known}")
    if "baseline" not in given:
        raise ExplanationError("there is no baseline")
    baseline = _numbers(given["baseline"], "baseline", classes)
    numbers = [_numbers(value, f"the contribution of {name}", classes) for name, value in parts.items()]
    wrong = [name for name, value in zip(parts, numbers, strict=True) if value.shape != baseline.shape]
    if wrong:
        raise ExplanationError(f"the contribution of {wrong[0]} has other classes than the baseline")
    if link == "softmax" and baseline.size < 2:
        raise ExplanationError("link is softmax, and there is one number instead of one for each class")
    contributions = np.stack(numbers)
    return Explanation(
        baseline=baseline, names=tuple(parts), contributions=contributions, link=link, of=given.get("class")
    )


def _numbers(value: Any, what: str, classes: Sequence[Any] | None) -> NDArray[np.float64]:
    if isinstance(value, dict):
        names = [str(c) for c in classes or ()]
        if set(value) != set(names):
            raise ExplanationError(f"{what} is a table of {', '.join(map(str, value))[:80]}, and not by the classes")
        value = [value[name] for name in names]
    found = value if isinstance(value, list) else [value]
    if isinstance(value, list) and len(found) not in (1, len(classes or ())):
        raise ExplanationError(f"{what} is a list of {len(found)}, and there are {len(classes or ())} classes")
    bad = [v for v in found if isinstance(v, bool) or not isinstance(v, (int, float)) or not math.isfinite(v)]
    if bad or not found:
        raise ExplanationError(f"{what} is {_short(bad[0] if bad else value)}, no finite number")
    return np.array(found, float)


def _short(value: Any) -> str:
    return repr(value)[:60]
