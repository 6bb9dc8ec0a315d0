"""Judges how a business figure is watched: exposed, within its objective, and with an alert that works."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.manifests.rules.levels import Breach
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from pytest_mlready.manifests.rules.exposed import Exposed

STEP = 0.1  # of the objective, by which the figure misses it in a breach
FAR = 0.9  # of it, by which it does on the worst day, for alerts that wait for more than the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What was agreed about a figure.

    Attributes:
        metric: The gauge.
        min, max: Its limits; None where there is none.
    """

    metric: str
    min: float | None
    max: float | None

    @property
    def known(self) -> bool:
        return self.min is not None or self.max is not None

    def holds(self, value: float) -> bool:
        least = -math.inf if self.min is None else self.min
        most = math.inf if self.max is None else self.max
        return least <= value <= most

    @property
    def missed(self) -> float:
        """A value a tenth beyond the lower limit, or beyond the upper one where there is no lower."""
        return self.beyond(STEP)[0]

    def beyond(self, steps: float) -> list[float]:
        """Values that lie this share of the objective beyond each of its limits, the lower one first."""
        limits = ((self.min, -steps), (self.max, steps))
        return [limit + by * (abs(limit) or 1.0) for limit, by in limits if limit is not None]


def within(objective: Objective, exposed: Exposed) -> list[Verdict]:
    """Whether the figure is exposed, a number, and within its objective now."""
    name = objective.metric
    series = exposed.by_name.get(name, [])
    if not series:
        message = f"{name} is on no page of metrics{exposed.near(name)}. Next step: name the job's page in pages"
        return [Verdict(outcome="failed", message=message)]
    if not objective.known:
        step = f"Next step: min or max of {name} in the item's settings"
        return [Verdict(outcome="inconclusive", message=f"no objective is set, so that no breach can be made. {step}")]
    return [_now(objective, sample.value, dict(sample.labels)) for sample in series]


def _now(objective: Objective, value: float, labels: dict[str, str]) -> Verdict:
    where = "".join(f" of {k} {v}" for k, v in sorted(labels.items()))
    noted = (Measurement(name=f"{objective.metric}{where}", value=value, min=objective.min, max=objective.max),)
    if not math.isfinite(value):
        return Verdict(outcome="failed", message=f"{objective.metric}{where} is {value}, no number", measurements=noted)
    if objective.holds(value):
        return Verdict(outcome="passed", message=f"{objective.metric}{where} is {value:g}", measurements=noted)
    message = f"{objective.metric}{where} is {value:g}, outside its objective"
    return Verdict(outcome="failed", message=message, measurements=noted)


def breach(objective: Objective) -> Breach:
    """The figure as it stands now, a tenth beyond its objective, and far beyond each of its limits."""
    says = f"{objective.metric} is {objective.missed:g}, beyond its objective"
    worse = (*objective.beyond(STEP)[1:], *objective.beyond(FAR))
    return Breach(
        about="the business figure",
        names=frozenset({objective.metric}),
        healthy={},
        bad={objective.metric: objective.missed},
        says=says,
        worse=tuple({objective.metric: value} for value in worse),
    )
