from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from drift_windows import clustered, mixed, numbers, pair
from scipy import stats

from pytest_mlready.drift import trials
from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.faults import faults
from pytest_mlready.drift.findings import Detection, Finding
from pytest_mlready.drift.foreign import Foreign
from pytest_mlready.drift.windows import Windows


class Says:
    """A detector that always says the same of its column."""

    name = "says"

    def __init__(self, state):
        self.state = state

    def __call__(self, compared):
        return Detection(findings=(Finding(column="x0", part="values", state=self.state),))


def resampler(windows, most=20_000):
    return trials.Resampler(windows=windows, rng=np.random.default_rng(1), most=most)


@pytest.fixture
def quiet():
    return pair(numbers, np.random.default_rng(0), 500, 300, columns=3)


def test_windows_are_drawn_from_the_reference_at_the_real_sizes(quiet):
    drawn = resampler(quiet).draw()
    assert (drawn.reference.height, drawn.current.height) == (500, 300)
    seen = set(quiet.reference["x0"].round(6))
    assert set(drawn.reference["x0"].round(6)) | set(drawn.current["x0"].round(6)) <= seen


def test_large_windows_are_drawn_smaller(quiet):
    assert resampler(quiet, most=100).draw().reference.height == 100


def test_whole_blocks_are_drawn():
    frame, blocks = clustered(np.random.default_rng(2), 30, 10, 0.5, columns=2)
    windows = Windows(reference=frame, current=frame[:100], blocks=(blocks, blocks[:100]))
    drawn = resampler(windows).draw()
    assert [len(np.unique(b)) for b in drawn.blocks] == [30, 10]
    assert drawn.current.height == 100
    rows = drawn.current.with_columns(block=pl.Series(drawn.blocks[1]))
    assert rows.group_by("block").len()["len"].unique().to_list() == [10]


def test_rows_that_are_drawn_twice_do_not_tie_where_values_are_continuous():
    windows = pair(mixed, np.random.default_rng(8), 500)
    drawn = resampler(windows).draw().reference
    assert drawn["normal"].n_unique() == 500
    assert set(drawn["count"]) <= set(windows.reference["count"])
    assert set(drawn["gain"]) <= set(windows.reference["gain"])


def test_without_ties_the_false_alarms_of_a_test_are_its_level():
    def by_ks(reference, current):
        return [c for c in reference.columns if stats.ks_2samp(reference[c], current[c]).pvalue < 0.2]

    windows = pair(numbers, np.random.default_rng(9), 300, columns=1)
    rate = trials.false_alarms(Foreign(function=by_ks, name="ks"), resampler(windows), 400)
    assert rate.share == pytest.approx(0.19, abs=0.05)


def test_a_detector_that_always_alarms_is_caught(quiet):
    rate = trials.false_alarms(Says("alarm"), resampler(quiet), 20)
    assert (rate.hits, rate.trials, rate.columns) == (20, 20, (("x0", 20),))
    assert rate.lower(0.95) > 0.8


def test_refusing_is_no_alarm_and_is_counted(quiet):
    rate = trials.false_alarms(Says("refused"), resampler(quiet), 20)
    assert (rate.hits, rate.refused) == (0, 20)


def test_bounds_are_clopper_and_pearsons():
    rate = trials.Rate(name="", hits=3, trials=50)
    exact = stats.binomtest(3, 50).proportion_ci(0.9, method="exact")
    assert (rate.lower(0.95), rate.upper(0.95)) == pytest.approx((exact.low, exact.high))


def test_an_uncorrected_detector_cries_wolf():
    def any_feature(reference, current):
        return [c for c in reference.columns if stats.ks_2samp(reference[c], current[c]).pvalue < 0.05]

    windows = pair(numbers, np.random.default_rng(3), 200, columns=20)
    rate = trials.false_alarms(Foreign(function=any_feature, name="ks"), resampler(windows), 30)
    assert rate.lower(0.95) > 0.3


def test_a_detector_that_looks_at_means_misses_what_they_do_not_show():
    def means(reference, current):
        numeric = [c for c in reference.columns if reference[c].dtype.is_numeric()]
        return [c for c in numeric if abs(current[c].mean() / reference[c].mean() - 1) > 0.1]

    windows = pair(mixed, np.random.default_rng(4), 1000)
    rates = trials.powers(Foreign(function=means, name="means"), resampler(windows), faults(0.75), 20)
    by_name = {rate.name: rate for rate in rates}
    assert by_name["20 % of a column missing"].hits < 5
    assert by_name["the commonest category spelt otherwise"].hits == 0
    assert by_name["a number in another unit (× 100)"].columns == (("gappy", 6),)  # a mean with NaN is NaN


def test_the_built_in_detector_sees_every_planted_fault_in_every_column():
    windows = pair(mixed, np.random.default_rng(5), 2000)
    rates = trials.powers(Builtin(), resampler(windows), faults(0.75), 21)
    assert {rate.name: rate.columns for rate in rates} == {rate.name: () for rate in rates}
    assert len(rates) == 5  # no column holds texts


def test_refused_misses_count_as_open_and_not_as_misses(quiet):
    rate = trials.powers(Says("refused"), resampler(quiet), faults(0.75)[:1], 30)[0]
    assert (rate.hits, rate.refused) == (0, 10)  # of three columns in turn it refuses one
    assert rate.upper(0.95) < 0.1 < rate.upper(0.95, with_refused=True)


def test_no_more_trials_are_planned_than_fit_the_budget(quiet):
    assert trials.affordable(Says("quiet"), resampler(quiet), 200, 60.0) == 200
    assert trials.affordable(Builtin(), resampler(quiet), 200, 0.0) == 1
