"""Holds the record of a search for hyperparameters, whatever tool kept it."""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003 - of dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

State = Literal["complete", "pruned", "failed", "running"]
DIGITS = 1e-9  # relative: what a number loses on its way through a text
SIX_DIGITS = 5e-6  # relative: what it loses in a file that keeps six digits, as LightGBM's does


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What values of one hyperparameter the search could take.

    Attributes:
        low, high: Bounds, both included.
        log: The search went by orders of magnitude.
    """

    low: float
    high: float
    log: bool = False

    def edge(self, value: float, share: float) -> str:
        """Says "lower" or "upper" where `value` lies within this share of the width from that bound; else ""."""
        scale = math.log if self.log and self.low > 0 else float
        low, high, here = scale(self.low), scale(self.high), scale(value) if value > 0 or scale is float else -math.inf
        near = share * (high - low)
        if here - low <= near:
            return "lower"
        return "upper" if high - here <= near else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial.

    Attributes:
        name: Number or id, for messages.
        params: What was tried, by hyperparameter; one that the trial did not have is left out.
        score: What it reached; None where it did not end with a finite number.
        sd: Standard deviation of the score over folds, as numpy and scikit-learn give it (divided by their number).
        folds: The score on each fold, where they are on record.
        state: How it ended.
        partial: It was scored on a part of the resources, as early rounds of successive halving are, and ranks with no
            score of the last round.
    """

    name: str
    params: Mapping[str, Any]
    score: float | None
    sd: float | None = None
    folds: tuple[float, ...] = ()
    state: State = "complete"
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A search.

    Attributes:
        source: Where the record is, for messages.
        tool: "Optuna", "scikit-learn", "MLflow" or "table".
        trials: All of them.
        score: Name of what was optimised; "" where the record does not say.
        greater: Whether more is better; None where the record does not say.
        ranges: What the search could take, for the numbers among the hyperparameters of which it is on record.
        digests: Digests (sha256, md5) that the record names, in hexadecimal digits.
    """

    source: str
    tool: str
    trials: tuple[Trial, ...]
    score: str = ""
    greater: bool | None = None
    ranges: Mapping[str, Range] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()

    def values(self, name: str) -> tuple[Any, ...]:
        """Distinct values of one hyperparameter over all trials that ran, in order of their first trial."""
        return distinct(t.params[name] for t in self.trials if t.state in ("complete", "pruned") and name in t.params)

    @property
    def names(self) -> tuple[str, ...]:
        """All hyperparameters, in order of their first trial."""
        return tuple(dict.fromkeys(name for trial in self.trials for name in trial.params))

    @property
    def searched(self) -> tuple[str, ...]:
        """Those that took at least two values."""
        return tuple(name for name in self.names if len(self.values(name)) > 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All trials of the same values.

    Attributes:
        params: The values of the tunable hyperparameters.
        score: Mean over its trials; None where none has a score.
        error: Standard error of that mean; None where nothing on record tells it.
    """

    params: Mapping[str, Any]
    score: float | None
    error: float | None


def settings(study: Study, names: Sequence[str], folds: int | None) -> list[Setting]:
    """What was tried, each combination once.

    Args:
        study: The search.
        names: Hyperparameters that make the difference.
        folds: Number of folds behind each score where the record has only their standard deviation.
    """
    groups: list[tuple[dict[str, Any], list[Trial]]] = []
    for trial in study.trials:
        params = {name: trial.params[name] for name in names if name in trial.params}
        group = next((members for known, members in groups if alike(known, params)), None)
        if group is None:
            groups.append((params, [trial]))
        else:
            group.append(trial)
    return [Setting(params=params, score=_mean(trials), error=_error(trials, folds)) for params, trials in groups]


def _mean(trials: Sequence[Trial]) -> float | None:
    scores = [t.score for t in trials if t.score is not None and not t.partial]
    return math.fsum(scores) / len(scores) if scores else None


def _error(trials: Sequence[Trial], folds: int | None) -> float | None:
    """Of repeated trials from their spread; of one from its folds, or from their standard deviation and number."""
    scored = [t for t in trials if t.score is not None and not t.partial]
    if len(scored) > 1:
        return _standard_error([t.score for t in scored if t.score is not None])
    if not scored:
        return None
    (trial,) = scored
    if len(trial.folds) > 1:
        return _standard_error(trial.folds)
    if trial.sd is None or folds is None or folds < 2:
        return None
    return trial.sd / math.sqrt(folds - 1)


def _standard_error(values: Sequence[float]) -> float:
    n, mean = len(values), math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Each value once; 1 and 1.0 are one, 1 and True are two."""
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(_key(value), value)
    return tuple(found.values())


def alike(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two sets of values name the same hyperparameters with the same values."""
    return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)


def same(a: Any, b: Any) -> bool:
    """Whether two values are one, whatever library and file they came through."""
    if is_number(a) and is_number(b):
        return math.isclose(float(a), float(b), rel_tol=DIGITS, abs_tol=0.0)
    return bool(_key(a) == _key(b))


def deployed_as(tried: Any, deployed: Any) -> bool:
    """Whether a value that was tried is the one in an artifact, which may keep six digits of a fraction."""
    if is_number(tried) and is_number(deployed) and float(tried) != int(tried):
        return math.isclose(float(tried), float(deployed), rel_tol=SIX_DIGITS, abs_tol=0.0)
    return same(tried, deployed)


def is_number(value: Any) -> bool:
    """Whether it is a finite number; truth values are none."""
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _key(value: Any) -> tuple[str, Any]:
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    if is_number(value):
        return "number", float(value)
    if isinstance(value, (list, tuple)):
        return "list", tuple(_key(v) for v in value)
    return ("none", "None") if value in (None, "None") else (type(value).__name__, str(value))
