"""Asks whether the service holds its objectives at twice the expected peak."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="infrastructure.load_test",
    title="Load test at 2× expected peak",
    question="Does the service hold its latency and error objectives at twice the peak that you expect?",
    why=(
        "Latency rises gently up to saturation and then without limit, so a service that is fine at its usual rate "
        "tells nothing about the next doubling. Launches, retries and a lost zone double the load within seconds. "
        "Closed-loop tools make it look better than it is: they wait for slow answers and so leave out the worst ones."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a run against staging by a "
        "Locust process of its own, with an open arrival schedule and latency counted from the intended start; or the "
        "result file of k6, Locust or vegeta. It passes when the target is at least 2 × the declared peak, at least 99 "
        "% of the target rate was reached, and both the upper bound of the error rate and of p99 lie within the SLO. "
        "It fails when the error rate or p99 as measured misses the SLO. Bounds across the SLO, fewer than 299 "
        "requests for p99, or a generator that was itself late are inconclusive."
    ),
    how_to_fix=(
        "State peak requests a second and the SLO in the endpoint settings. Use realistic, varied payloads. Send at a "
        "constant or Poisson rate, not after each answer. Count time-outs as samples at the time-out value. Start at "
        "the peak, go to twice it, hold for some minutes after the warm-up, and keep the file."
    ),
    attestation=(
        "Expected peak and how it was estimated, rate and duration offered and achieved, environment and hardware, "
        "payloads, error rate and p99 with number of requests, arrival model, date and model digest."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Reddi et al. 2020, MLPerf Inference Benchmark",
        "Tene, How NOT to Measure Latency (talk on coordinated omission)",
        "Beyer et al. 2016, Site Reliability Engineering, Testing for Reliability",
    ),
)
