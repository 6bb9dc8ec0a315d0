"""Asks whether the release costs more time or memory than the one before."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.compute_regression",
    title="No regression in speed, throughput or memory",
    question="Is this release as fast and as lean as the one before, in serving and in training?",
    why=(
        "Each release may be 3 % slower and pass its absolute limit, until one peak finds it 40 % slower than a year "
        "ago. Bigger features, a changed library or a lost vectorisation rarely show in quality metrics. Measurements "
        "from different days differ by more than the change that you look for."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: latency, throughput, peak "
        "memory and training time of the candidate and of the previous release, measured in one interleaved run on one "
        "machine. It passes when each is confidently at most 10 % worse and within its absolute budget. It fails when "
        "one is confidently worse than that or beyond the budget. An interval across the limit, a noisy machine, or "
        "other work running beside it, is inconclusive. Two recorded runs on the same kind of machine are weaker; a "
        "trend over releases shows the slow leak that pairs miss."
    ),
    how_to_fix=(
        "Keep the previous artifact at hand and run both in turn, many short rounds, with warm-up and fixed threads. "
        "Compare medians and p99. Record each release's figures with hardware and versions in one series. Alert on the "
        "same figures in production, per version. When it is slower, profile before you raise the budget."
    ),
    attestation=(
        "The two versions and their digests, machine, method and number of rounds, the four figures with intervals, "
        "budgets, and the trend over past releases."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 6: computing performance has not regressed",
        "pytest-benchmark documentation, Comparing past runs",
        "Gregg 2020, Systems Performance",
    ),
)
