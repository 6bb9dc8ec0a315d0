"""Measures a saved model on held-out rows: whether it is clearly bad, and by which figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.artifacts.loaded import Loaded
    from pytest_mlready.project import Project
    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.values import Dataset, Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Touchstone:
    """What models are held against: the limits under [tool.mlready.metrics], or the candidate where there are none.

    Attributes:
        project: Names the metrics with their limits, and how models are loaded.
        heldout: Rows that every model is asked about.
        predictions: The candidate's answers on them.
        margin: Share of the candidate's advantage over a constant answer that a bad model has lost, where there are no
            limits.
    """

    project: Project
    heldout: Dataset
    predictions: Predictions
    margin: float

    def wrong(self, path: Path) -> str:
        """What is confidently bad about this model, in words; "" where nothing is.

        Raises:
            ReadinessError: It cannot be loaded, or not be asked.
        """
        from pytest_mlready.quality import predictions

        ours = self.predictions
        answers = predictions.predict(self._loaded(path), self.heldout, task=ours.task, positive=ours.positive)
        limits = self.project.settings.metrics
        limited = any(m.min is not None or m.max is not None for m in limits.values())
        found = (
            self._missed(name, metric, answers) if limited else self._worse(name, metric, answers)
            for name, metric in self._metrics().items()
        )
        return next(filter(None, found), "")

    def _missed(self, name: str, metric: Metric, answers: Predictions) -> str:
        """The limit that is missed with confidence."""
        from pytest_mlready.quality import metrics

        limit = self.project.settings.metrics.get(name)
        least, most = (None, None) if limit is None else (limit.min, limit.max)
        found = metrics.measure(metric, answers, confidence=self.project.confidence)
        if found.reason or found.value is None:
            return ""
        upper, lower = (found.value if bound is None else bound for bound in (found.upper, found.lower))
        if least is not None and upper < least:
            return f"{name} {found.value:.3f} instead of at least {least:g}"
        return f"{name} {found.value:.3f} instead of at most {most:g}" if most is not None and lower > most else ""

    def _worse(self, name: str, metric: Metric, answers: Predictions) -> str:
        """How much of the candidate's advantage over a constant answer it loses, beyond the margin, with confidence."""
        from pytest_mlready.quality import metrics, paired

        ours, constant = (metrics.measure(metric, p, confidence=0).value for p in (self.predictions, self._constant()))
        if ours is None or constant is None:
            return ""
        advantage = (ours - constant) * (1 if metric.greater_is_better else -1)
        limit = self.margin * advantage / (abs(ours) if paired.is_relative(metric) and ours else 1)
        seed, confidence = self.project.seed(f"touchstone.{name}"), self.project.confidence
        found = paired.compare(metric, answers, self.predictions, margin=limit, confidence=confidence, seed=seed)
        if advantage <= 0 or found.shortage or not found.upper < -limit:
            return ""
        return f"{name} {found.candidate:.3f} where the candidate has {ours:.3f} and a constant answer {constant:.3f}"

    def _constant(self) -> Predictions:
        """The best constant answer on these rows."""
        from pytest_mlready.quality import baselines, predictions

        ours = self.predictions
        model = baselines.dummy(self.heldout, task=ours.task)
        return predictions.predict(model, self.heldout, task=ours.task, positive=ours.positive)

    def _metrics(self) -> dict[str, Metric]:
        """The configured metrics; those that count rows first, since they are bounded in no time."""
        import functools

        from pytest_mlready.artifacts import named
        from pytest_mlready.errors import ReadinessError
        from pytest_mlready.quality import chosen

        load = functools.partial(named.object_named, root=self.project.root, error=ReadinessError)
        found = chosen.metrics_for(self.project.settings.metrics, self.predictions, load=load)
        return dict(sorted(found.items(), key=lambda one: one[1].kind not in ("proportion", "auc")))

    def _loaded(self, path: Path) -> Loaded:
        from pytest_mlready.artifacts import models

        table, root = self.project.settings.model, self.project.root
        return models.load(
            str(path), root=root, frame=table.frame, trust=table.trust, trusted_types=table.trusted_types
        )
