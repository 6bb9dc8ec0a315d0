"""Counts what the service does, for Prometheus."""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections import deque

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from service.violations import PLACES

# 0.25 is the objective at the 99th percentile: a quantile is exact only at an edge.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

# The candidate's answers on the training rows, which served ones are compared with; a new model brings new shares.
REFERENCE = {"<=50K": 0.8001, ">50K": 0.1999}
WINDOW = 2000  # predictions compared
FEWEST = 500  # below that there is no figure: chance alone would look like drift


class Drift:
    """How far the labels served last are from those of the reference, as population stability index."""

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=WINDOW)

    def add(self, labels: list[str]) -> None:
        self._last.extend(labels)

    def psi(self) -> float:
        """NaN while there are too few; a rule alerts when that lasts."""
        n = len(self._last)
        if n < FEWEST:
            return math.nan
        seen = Tally(self._last)
        shares = {label: max(seen[label], 0.5) / n for label in REFERENCE}  # half a count: the logarithm of 0
        return sum((shares[k] - expected) * math.log(shares[k] / expected) for k, expected in REFERENCE.items())


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter("http_requests", "Requests answered.", ["route", "method", "status"], registry=registry)
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time from the request's head to the end of the answer.",
            ["route", "method"],
            buckets=SECONDS,
            registry=registry,
        )
        self.in_progress = Gauge("http_requests_in_progress", "Requests being answered.", registry=registry)
        self.model = Gauge("income_model_info", "The model that answers.", ["version", "sha256"], registry=registry)
        self.trained = Gauge(
            "income_model_trained_timestamp_seconds", "When the model that answers was trained.", registry=registry
        )
        self.trained.set(math.nan)  # until one answers
        self.predictions = Counter("income_predictions", "Predictions by label.", ["label"], registry=registry)
        self.waiting = Gauge("income_requests_waiting", "Requests that wait for the model.", registry=registry)
        self.drift = Drift()
        psi = Gauge(
            "income_prediction_drift_psi", "Labels served last against those on the training rows.", registry=registry
        )
        psi.set_function(self.drift.psi)
        # Every label is there from the start: a series that begins with its first violation has never risen.
        self.violations = Counter(
            "income_schema_violations", "Rows that break the schema, by field.", ["field"], registry=registry
        )
        for place in PLACES:
            self.violations.labels(place)
        self.nonfinite = Counter(
            "income_nonfinite_predictions", "Probabilities that were not finite; none was sent.", registry=registry
        )
