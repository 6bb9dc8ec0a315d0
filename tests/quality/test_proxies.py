from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from pytest_mlready.quality import proxies, proxy_verdicts
from pytest_mlready.quality.groups import groups_of
from pytest_mlready.quality.intervals import Interval
from pytest_mlready.quality.proxies import cramers_v
from pytest_mlready.values import Dataset


def two(n=4000, strength=0.5, seed=0, k=2):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, k, n)
    return a, np.where(rng.random(n) < strength, a, rng.integers(0, k, n))


def dataset(n=4000, seed=0, **more):
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], n)
    frame = pl.DataFrame({
        "sex": sex, "height": np.where(sex == "m", 178, 165) + rng.normal(0, 7, n), "noise": rng.normal(size=n),
        "gain": np.where(rng.random(n) < 0.92, 0.0, rng.exponential(size=n)), "place": rng.choice(["x", "y", "z"], n),
        "fixed": np.ones(n), "race": rng.choice(["p", "q", "r"], n, p=[0.6, 0.395, 0.005]), "person": np.arange(n) // 4,
    })  # fmt: skip
    return Dataset(frame=frame, name="heldout", source="test", sha256="x", **more)


def attribute(data, name="sex"):
    (found,) = groups_of(data.frame, [name])
    return found


@pytest.mark.parametrize("k", [2, 3, 5])
def test_without_the_correction_for_chance_it_is_scipys(k):
    a, b = two(3000, 0.4, k=k)
    table = np.zeros((k, k), int)
    np.add.at(table, (a, b), 1)
    theirs = stats.contingency.association(table, method="cramer")
    assert cramers_v(a, b).v == pytest.approx(theirs, abs=0.01)


def test_the_corrected_value_is_bergsmas():
    a, b = two(200, 0.3, k=4)
    table = np.zeros((4, 4))
    np.add.at(table, (a, b), 1)
    phi2 = stats.chi2_contingency(table, correction=False).statistic / 200
    least = 4 - 9 / 199
    assert cramers_v(a, b).v == pytest.approx(np.sqrt(max(0, phi2 - 9 / 199) / (least - 1)))


def test_nothing_is_nothing_and_everything_is_one():
    a, b = two(500, 0.0, seed=4)
    none = cramers_v(a, b)
    assert none.v < 0.1
    assert none.lower == pytest.approx(0.0, abs=0.05)
    assert cramers_v(a, a).v == pytest.approx(1.0)
    assert np.isnan(cramers_v(a, np.zeros_like(a)).v)


def test_the_bounds_cover_the_true_value():
    covered, beyond = 0, 0
    for seed in range(200):
        found = cramers_v(*two(400, 0.3, seed=seed))  # V of a mixture of identity and chance is its share
        covered += found.lower <= 0.3
        beyond += found.upper >= 0.3
    assert covered >= 183
    assert beyond >= 183


def test_chance_reaches_its_level_in_one_of_twenty_samples():
    reached = 0
    for seed in range(300):
        a, b = two(300, 0.0, seed=seed, k=3)
        table = np.zeros((3, 3), int)
        np.add.at(table, (a, b), 1)
        reached += stats.contingency.association(table, method="cramer") > cramers_v(a, b).chance
    assert reached / 300 == pytest.approx(0.05, abs=0.03)


def test_an_input_with_many_equal_values_is_still_told_apart():
    data = dataset()
    gain = pl.when(pl.col("sex") == "m").then(pl.col("gain")).otherwise(0.0)
    frame = data.frame.with_columns(gain=gain)
    found = dict(proxies.associations(frame, ["height", "noise", "gain", "fixed"], attribute(data)))
    assert found["height"].v > 0.5
    assert found["noise"].v < 0.05
    assert found["gain"].lower > 0.1
    assert np.isnan(found["fixed"].v)


def test_all_inputs_together_tell_what_they_know():
    data = dataset()
    ((group, area),) = proxies.predicted(data, ["height", "noise", "place"], attribute(data))
    assert group in ("sex=f", "sex=m")
    assert area.estimate == pytest.approx(stats.norm.cdf(13 / 7 / np.sqrt(2)), abs=0.02)
    ((_, area),) = proxies.predicted(data, ["noise", "place"], attribute(data))
    assert area.lower < 0.5 < area.upper + 0.02


def test_a_perfect_stand_in_is_bounded_too():
    data = dataset(600)
    same = Dataset(frame=data.frame.with_columns(code="sex"), name="heldout", source="test", sha256="x")
    ((_, area),) = proxies.predicted(same, ["code"], attribute(same))
    assert area.estimate == 1.0
    assert 0.95 < area.lower < 1.0
    assert proxy_verdicts.judge_areas([("sex", "sex=f", area)], 0.8).outcome == "failed"


def test_a_row_is_never_predicted_from_itself_or_its_own_person():
    """Noise that names the person would tell the sex if people were on both sides of a fold."""
    rng = np.random.default_rng(0)
    data = dataset(2000)
    sex = rng.choice(["f", "m"], 500)[data.frame["person"].to_numpy()]
    frame = data.frame.with_columns(sex=pl.Series(sex), code=pl.format("c{}", pl.col("person") % 40))
    plain = Dataset(frame=frame, name="heldout", source="test", sha256="x", cluster="person")
    ((_, area),) = proxies.predicted(plain, ["code"], attribute(plain))
    assert area.estimate < 0.65


def test_groups_of_few_rows_count_as_one_and_too_few_rows_tell_nothing():
    data = dataset()
    found = proxies.predicted(data, ["height", "noise"], attribute(data, "race"))
    assert [g for g, _ in found] == ["race=p"]
    few = data.frame.with_columns(race=pl.when(pl.col("person") < 100).then(pl.lit("s")).otherwise("race"))
    more = Dataset(frame=few, name="heldout", source="test", sha256="x")
    assert [g for g, _ in proxies.predicted(more, ["height", "noise"], attribute(more, "race"))] == [
        "race=p",
        "race=q",
        "race=s",
    ]
    small = dataset(60)
    assert proxies.predicted(small, ["height"], attribute(small)) == []


def test_no_inputs_or_inputs_that_never_vary_tell_nothing():
    data = dataset(500)
    assert proxies.predicted(data, [], attribute(data)) == []
    assert proxies.predicted(data, ["fixed"], attribute(data)) == []


def test_the_same_rows_give_the_same_answer():
    data = dataset(1000)
    assert proxies.predicted(data, ["height"], attribute(data)) == proxies.predicted(data, ["height"], attribute(data))


# ---- verdicts


def named(strength, n=4000):
    return [("sex", "height", cramers_v(*two(n, strength)))]


@pytest.mark.parametrize(
    ("strength", "n", "limit", "outcome"),
    [(0.5, 4000, 0.3, "failed"), (0.1, 4000, 0.3, "passed"), (0.3, 300, 0.2, "inconclusive"), (0.0, 30, 0.3, "inconclusive")],
    ids=["a proxy", "none", "near the limit", "too few rows"],
)  # fmt: skip
def test_an_association_is_judged_where_a_limit_is_set(strength, n, limit, outcome):
    assert proxy_verdicts.judge_associations(named(strength, n), limit).outcome == outcome


def test_constant_inputs_alone_are_inconclusive():
    found = [("sex", "fixed", cramers_v(np.zeros(50, int), np.arange(50) % 2))]
    assert proxy_verdicts.judge_associations(found, 0.3).outcome == "inconclusive"
    assert proxy_verdicts.listed(found)[0].value is None


@pytest.mark.parametrize(
    ("bounds", "outcome"), [((0.85, 0.9), "failed"), ((0.6, 0.7), "passed"), ((0.75, 0.85), "inconclusive")]
)
def test_what_all_inputs_tell_is_judged_by_its_bounds(bounds, outcome):
    area = Interval(estimate=sum(bounds) / 2, lower=bounds[0], upper=bounds[1], n=1000, method="logit-DeLong")
    assert proxy_verdicts.judge_areas([("sex", "sex=f", area)], 0.8).outcome == outcome
    assert proxy_verdicts.judge_areas([], 0.8).outcome == "inconclusive"
