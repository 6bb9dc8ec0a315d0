"""The calibration that STATISTICS.md promises, in smaller simulations with fixed seeds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from drift_windows import mixed, numbers, pair

from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.windows import with_current

DETECT = Builtin()
SIZES = [(50, 300), (100, 200), (200, 150), (500, 100), (1000, 100), (10_000, 20), (100_000, 5)]


def rates(build, rows, trials, seed, **more):
    """Shares of windows without a change that alarm, and that cannot pass."""
    rng = np.random.default_rng(seed)
    found = [DETECT(pair(build, rng, rows, **more)) for _ in range(trials)]
    return np.mean([bool(d.alarmed) for d in found]), np.mean([bool(d.of("refused")) for d in found])


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "trials"), SIZES)
def test_at_most_one_in_twenty_quiet_windows_of_50_features_alarms(rows, trials):
    alarms, refused = rates(numbers, rows, trials, seed=rows)
    print(f"{rows} rows: {alarms:.3f} of {trials} quiet windows alarm, {refused:.3f} cannot pass")
    assert alarms <= 0.05
    assert refused == (1 if rows < 340 else 0)


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "trials"), [(50, 200), (200, 200), (1000, 100)])
def test_columns_of_all_kinds_keep_to_it_too(rows, trials):
    assert rates(mixed, rows, trials, seed=rows + 1)[0] <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("current", [50, 5000])
def test_windows_of_unlike_sizes_keep_to_it_too(current):
    assert rates(mixed, 500, 100, seed=current, current=current)[0] <= 0.05


@pytest.mark.slow
def test_correlated_features_keep_to_it_too():
    def correlated(rng, rows):
        common = rng.normal(size=(rows, 1))
        values = np.sqrt(0.5) * (common + rng.normal(size=(rows, 50)))
        return pl.DataFrame({f"x{i}": values[:, i] for i in range(50)})

    assert rates(correlated, 50, 200, seed=11)[0] <= 0.05


def power(rows, fault, trials, seed):
    rng, seen = np.random.default_rng(seed), 0
    for _ in range(trials):
        both = pair(numbers, rng, rows)
        seen += "x0" in DETECT(with_current(both, fault(both.current["x0"]))).alarmed
    return seen / trials


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "trials"), [(1000, 60), (10_000, 10)])
def test_a_shift_of_three_quarters_in_one_of_50_features_is_seen(rows, trials):
    assert power(rows, lambda x: x + 0.75, trials, seed=rows) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("rows", [50, 200])
@pytest.mark.parametrize(
    "fault",
    [lambda x: x * 0 + x.mean(), lambda x: x * 0, lambda x: x * 100],
    ids=["stuck at the mean", "zero", "× 100"],
)
def test_total_breakage_of_one_of_50_features_is_seen_from_50_rows_on(rows, fault):
    assert power(rows, fault, 60, seed=rows) >= 0.9


@pytest.mark.slow
def test_a_shift_of_no_consequence_stays_quiet_however_many_the_rows():
    assert power(100_000, lambda x: x + 0.02, 3, seed=1) == 0
