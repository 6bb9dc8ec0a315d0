"""Slices: what is found, what raises no alarm, and what cannot be searched."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta, binom

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality import cells, slices
from pytest_mlready.quality.discretise import discretise


def people(n, seed):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "wage": rng.exponential(size=n),
            "job": rng.choice(list("abcdefgh"), n),
            "sex": rng.choice(["f", "m"], n),
            "children": rng.integers(0, 6, n),
            "gain": np.where(rng.random(n) < 0.9, 0, rng.random(n)),
        }
    )


def errors(frame, seed, rate=0.15, planted=None):
    bad = np.zeros(frame.height, bool) if planted is None else frame.select(planted).to_series().to_numpy()
    return (np.random.default_rng(seed + 1000).random(frame.height) < np.where(bad, 0.5, rate)).astype(float)


PLANTED = (pl.col("job") == "c") & (pl.col("children") == 2)  # 2.1 % of the rows


def test_a_planted_slice_of_two_percent_of_the_rows_is_found_and_fails():
    frame = people(12_000, 1)
    found = slices.search(frame, errors(frame, 1, planted=PLANTED))
    worst = found.slices[0]
    assert set(worst.conditions) == {"job = c", "children = 2"}
    assert worst.n == frame.filter(PLANTED).height
    verdict = slices.judge(found)
    assert verdict.outcome == "failed"
    assert "job = c" in verdict.message
    assert "Next step" in verdict.message


def test_a_planted_slice_is_listed_but_does_not_fail_a_wide_limit():
    frame = people(12_000, 1)
    found = slices.search(frame, errors(frame, 1, planted=PLANTED))
    assert found.slices[0].p_adjusted < 0.001
    verdict = slices.judge(found, max_drop=0.4)
    assert verdict.outcome == "passed"
    assert "job = c" in verdict.message


def test_equal_rows_raise_an_alarm_in_at_most_five_of_a_hundred_searches():
    alarms = 0
    for seed in range(80):
        frame = people(1500, seed)
        found = slices.search(frame, errors(frame, seed), top=1)
        alarms += slices.judge(found, max_drop=0.0).outcome == "failed"
    assert alarms <= 8  # P(more than 8 of 80 at a rate of 5 %) = 2 %


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["exponential", "normal", "lognormal"])
def test_equal_rows_raise_no_alarm_with_other_losses(loss):
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed + 1000)
        found = slices.search(people(1500, seed), getattr(rng, loss)(size=1500), top=1)
        alarms += slices.judge(found, max_drop=0.0).outcome == "failed"
    assert alarms <= 7


def test_a_planted_slice_is_found_with_a_loss_that_is_a_number():
    frame = people(12_000, 2)
    loss = np.random.default_rng(2).exponential(np.where(frame.select(PLANTED).to_series().to_numpy(), 3.0, 1.0))
    found = slices.search(frame, loss)
    assert set(found.slices[0].conditions) == {"job = c", "children = 2"}
    assert slices.judge(found).outcome == "failed"


def test_all_cells_are_counted_as_a_plain_group_by_counts_them():
    frame = people(5000, 3)
    loss = errors(frame, 3)
    binned, _ = discretise(frame, frame.columns)
    counted = cells.count(binned, loss)
    expected = {}
    for i in range(len(binned)):
        for k in range(len(binned[i].labels)):
            rows = binned[i].codes == k
            expected[i, -1, k, 0] = (rows.sum(), loss[rows].sum())
    for i, j in combinations(range(len(binned)), 2):
        for k in range(len(binned[i].labels)):
            for m in range(len(binned[j].labels)):
                rows = (binned[i].codes == k) & (binned[j].codes == m)
                if rows.any():
                    expected[i, j, k, m] = (rows.sum(), loss[rows].sum())
    found = {}
    for at in range(len(counted)):
        i, j, k, m = (int(getattr(counted, f)[at]) for f in ("first", "second", "code", "code2"))
        key = (i, j, k, m) if j < 0 or i < j else (j, i, m, k)
        assert key not in found, "every cell once"
        found[key] = (counted.n[at], counted.total[at])
    assert found == expected


@pytest.mark.parametrize("kind", ["binary", "number"])
def test_sums_over_many_blocks_are_those_over_one(kind, monkeypatch):
    frame = people(3000, 4)
    loss = errors(frame, 4) if kind == "binary" else np.random.default_rng(0).normal(size=3000)
    binned, _ = discretise(frame, frame.columns)
    whole = cells.count(binned, loss)
    monkeypatch.setattr(cells, "BLOCK", 700)
    parts = cells.count(binned, loss)
    assert np.array_equal(whole.n, parts.n)
    assert np.allclose(whole.total, parts.total)
    assert np.allclose(whole.squares, parts.squares)


def test_bound_and_probability_are_clopper_pearson_and_binomial_over_all_examined_cells():
    frame = people(4000, 5)
    loss = errors(frame, 5)
    found = slices.search(frame, loss, min_rows=30)
    for s in found.slices:
        wrong, alpha = round(s.value * s.n), 0.05 / found.examined
        assert s.interval[0] == pytest.approx(beta.ppf(alpha, wrong, s.n - wrong + 1), abs=1e-12)
        assert s.p_adjusted == pytest.approx(min(1, binom.sf(wrong - 1, s.n, loss.mean()) * found.examined), abs=1e-12)


def test_a_part_of_a_bad_slice_that_is_no_worse_is_not_listed_beside_it():
    frame = people(12_000, 6)
    found = slices.search(frame, errors(frame, 6, planted=pl.col("job") == "c"))
    assert found.slices[0].conditions == ("job = c",)
    assert [s for s in found.slices if "job = c" in s.conditions] == [found.slices[0]]


def test_a_column_and_its_copy_give_one_slice():
    frame = people(12_000, 6).with_columns(work=pl.col("job").replace("c", "carpenter"))
    found = slices.search(frame, errors(frame, 6, planted=pl.col("job") == "c"))
    named = [s for s in found.slices if {"job = c", "work = carpenter"} & set(s.conditions)]
    assert len(named) == 1


def test_a_point_mass_has_its_own_bin_and_the_quantiles_are_those_of_the_rest():
    values = np.concatenate([np.zeros(900), np.arange(1, 101), [np.nan] * 20])
    (binned,), _ = discretise(pl.DataFrame({"gain": values}), ["gain"])
    assert binned.labels == ("gain = 0", "gain > 0 and ≤ 50", "gain > 50", "gain is missing")
    assert np.bincount(binned.codes).tolist() == [900, 50, 50, 20]


def test_a_point_mass_between_other_values_is_cut_out_of_them():
    values = np.concatenate([np.full(500, 7.0), np.linspace(0, 6.9, 250), np.linspace(7.1, 14, 250)])
    (binned,), _ = discretise(pl.DataFrame({"x": values}), ["x"], bins=4)
    rows = dict(zip(binned.labels, np.bincount(binned.codes), strict=True))
    assert rows == {"x ≤ 6.9": 250, "x = 7": 500, "x > 7": 250}


def test_null_and_nan_share_the_bin_for_missing_values():
    frame = pl.DataFrame({"x": [1.0, None, float("nan"), 2.0] * 50, "y": [*range(198), None, None]})
    binned, _ = discretise(frame, frame.columns)
    assert [b.labels[-1] for b in binned] == ["x is missing", "y is missing"]
    assert (binned[0].codes == 2).sum() == 100
    assert (binned[1].codes == len(binned[1].labels) - 1).sum() == 2


def test_infinite_values_fall_into_the_outer_bins():
    (binned,), _ = discretise(pl.DataFrame({"x": [-np.inf, np.inf, *range(100)]}), ["x"], bins=4)
    assert binned.codes[0] == 0
    assert binned.codes[1] == len(binned.labels) - 1


def test_ten_thousand_categories_stay_twenty_one_bins():
    names = pl.Series("city", [f"c{i % 10_000}" for i in range(30_000)] + ["big"] * 500)
    (binned,), _ = discretise(names.to_frame(), ["city"])
    assert len(binned.labels) == 21
    assert binned.labels[0] == "city = big"
    assert binned.labels[-1] == "city = other"


def test_every_kind_of_column_is_cut_or_named_with_its_reason():
    n = 200
    frame = pl.DataFrame(
        {
            "day": pl.date_range(pl.date(2026, 1, 1), pl.date(2026, 7, 19), eager=True),
            "flag": [True, False] * 100,
            "kind": pl.Series(["a", "b"] * 100, dtype=pl.Categorical),
            "money": pl.Series(range(n)).cast(pl.Decimal(10, 2)),
            "same": [1] * n,
            "empty": [None] * n,
            "list": [[1]] * n,
            "void": pl.Series([None] * n, dtype=pl.Float64),
        }
    )
    binned, skipped = discretise(frame, frame.columns)
    assert [b.name for b in binned] == ["day", "flag", "kind", "money"]
    assert binned[0].labels[0] == "day ≤ 2026-01-25"
    assert dict(skipped)["same"] == "constant"
    assert [name for name, _ in skipped] == ["same", "empty", "list", "void"]


def test_depth_one_looks_at_single_columns_only():
    frame = people(2000, 7)
    found = slices.search(frame, errors(frame, 7), depth=1)
    assert all(len(s.columns) == 1 for s in found.slices)
    assert found.examined < 50


def test_nothing_large_enough_is_inconclusive():
    frame = people(60, 8)
    verdict = slices.judge(slices.search(frame, errors(frame, 8), min_rows=100))
    assert verdict.outcome == "inconclusive"
    assert "100 rows" in verdict.message


def test_progress_is_told():
    told = []
    frame = people(500, 9)
    slices.search(frame, errors(frame, 9), progress=told.append)
    assert told[0].startswith("slices: 0 of")


def test_the_same_input_gives_the_same_slices():
    frame = people(3000, 10)
    loss = errors(frame, 10)
    assert slices.search(frame, loss) == slices.search(frame, loss)


def test_what_cannot_be_searched_says_why():
    frame = people(100, 11)
    with pytest.raises(DataError, match="no rows"):
        slices.search(frame[:0], np.zeros(0))
    with pytest.raises(DataError, match="shape"):
        slices.search(frame, np.zeros(99))
    with pytest.raises(DataError, match='no column "jop" to slice by; did you mean "job"'):
        slices.search(frame, np.zeros(100), columns=["jop"])
    with pytest.raises(Inconclusive, match="3 of 100 rows is not a finite number"):
        slices.search(frame, np.array([np.nan] * 3 + [0.0] * 97))
    with pytest.raises(Inconclusive, match="no column to slice by"):
        slices.search(pl.DataFrame({"x": [1] * 100}), np.zeros(100))
    with pytest.raises(ValueError, match="depth"):
        slices.search(frame, np.zeros(100), depth=3)


def test_a_model_without_errors_passes():
    frame = people(1000, 12)
    verdict = slices.judge(slices.search(frame, np.zeros(1000)))
    assert verdict.outcome == "passed"


def test_a_part_that_restates_its_whole_still_fails_where_it_alone_is_beyond_the_limit():
    part, rest = np.arange(6000) < 500, (np.arange(6000) >= 500) & (np.arange(6000) < 700)
    loss = np.zeros(6000)
    loss[:170] = loss[500:540] = loss[700:1150] = 1  # 34 % of the part, 30 % of the whole, 11 % of all
    frame = pl.DataFrame({"whole": part | rest, "half": part | (np.arange(6000) % 2 == 0)})
    found = slices.search(frame, loss)
    least = found.slices[0].interval[0] - found.overall
    beyond = found.worst.interval[0] - found.overall
    assert found.worst not in found.slices
    verdict = slices.judge(found, max_drop=(least + beyond) / 2)
    assert verdict.outcome == "failed"
    assert found.worst.description in verdict.message
