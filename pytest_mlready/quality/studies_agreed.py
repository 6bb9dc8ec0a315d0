"""Reads what a team says about its search: tunables, ranges, bounds that are no edge, direction, tolerance."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - of dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, Inconclusive, near
from pytest_mlready.quality.known_metrics import ALIASES, METRICS
from pytest_mlready.quality.studies import Range, is_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_mlready.quality.studies import Study

DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What a team says about its search.

    Attributes:
        tunables: Hyperparameters that had to be searched; those that the search varied where there are none.
        ranges: What it could take, by name; goes before what the record says.
        natural: Bounds that are no edge, with the reason: {"dropout": {0.0: "0 is no dropout"}}.
        folds: Number of folds behind a score.
        tolerance: How much worse than the best the deployed setting may be; None: one standard error of the best.
        min_trials: Fewest trials with a score; None: two for each tunable, and one.
    """

    tunables: tuple[str, ...] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    natural: Mapping[str, Mapping[float, str]] = field(default_factory=dict)
    folds: int | None = None
    tolerance: float | None = None
    min_trials: int | None = None

    def names(self, study: Study) -> tuple[str, ...]:
        """The hyperparameters that are judged."""
        return self.tunables or study.searched


def read(options: Mapping[str, Any]) -> Agreed:
    """What the item's options say.

    Raises:
        DataError: A range or a natural bound is malformed.
    """
    return Agreed(
        tunables=tuple(options["tunables"]),
        ranges={str(name): _range(str(name), given) for name, given in options["ranges"].items()},
        natural=_natural(options["natural_bounds"]),
        folds=options["folds"],
        tolerance=options["tolerance"],
        min_trials=options["min_trials"],
    )


def _range(name: str, given: Any) -> Range:
    pair = isinstance(given, (list, tuple)) and len(given) == 2
    table = {"low": given[0], "high": given[1]} if pair else given
    known = isinstance(table, dict) and {"low", "high"} <= table.keys() <= {"low", "high", "log"}
    if not known or not all(is_number(table[k]) for k in ("low", "high")) or not table["low"] < table["high"]:
        raise DataError(
            f"ranges.{name} is {given!r}", expected="[low, high], or { low = 0.001, high = 0.1, log = true }"
        )
    return Range(low=float(table["low"]), high=float(table["high"]), log=table.get("log") is True)


def _natural(tables: Iterable[Mapping[str, Any]]) -> dict[str, dict[float, str]]:
    found: dict[str, dict[float, str]] = {}
    for table in tables:
        reason = str(table.get("reason", "")).strip()
        if set(table) != {"name", "value", "reason"} or not reason or not is_number(table["value"]):
            raise DataError(
                f"natural_bounds has {dict(table)!r}",
                expected='{ name = "dropout", value = 0.0, reason = "why nothing lies beyond" }',
            )
        found.setdefault(str(table["name"]), {})[float(table["value"])] = reason
    return found


def greater(said: str | None, study: Study) -> bool:
    """Whether more is better: as the team says, as the record does, or as the known metric of that name has it.

    Raises:
        DataError: The team says neither "maximize" nor "minimize".
        Inconclusive: Nothing tells.
    """
    if said is not None:
        if said not in DIRECTIONS:
            raise DataError(f'direction is "{said}"{near(said, DIRECTIONS)}', expected='"maximize" or "minimize"')
        return said == "maximize"
    if study.greater is not None:
        return study.greater
    known = {metric.name: metric.greater_is_better for metric in METRICS}
    name = ALIASES.get(study.score, study.score)
    if name.startswith("neg_"):  # scikit-learn's errors with their sign turned
        return True
    if name not in known:
        raise Inconclusive(
            f'nothing says whether more of "{study.score}" is better', fix='direction = "maximize" (or "minimize")'
        )
    return known[name]
