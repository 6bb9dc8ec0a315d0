"""Counts what the service does, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

# 0.25 is the objective at the 99th percentile: a quantile is exact only at an edge.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


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
        self.predictions = Counter("income_predictions", "Predictions by label.", ["label"], registry=registry)
        self.nonfinite = Counter(
            "income_nonfinite_predictions", "Probabilities that were not finite; none was sent.", registry=registry
        )
