from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from pytest_mlready.errors import DataError
from pytest_mlready.quality.group_tests import Design, holm, rows_to_show
from pytest_mlready.quality.groups import groups_of, take
from pytest_mlready.quality.metrics import resolve
from pytest_mlready.quality.subgroup_losses import lost
from pytest_mlready.quality.subgroup_verdicts import floor_wording, judge, loss_wording, plot_data
from pytest_mlready.quality.subgroups import Floor, examine, floors, unmeasured
from pytest_mlready.values import Predictions

BINARY, NUMBERS = "binary-classification", "regression"
ACCURACY, AUC, RMSE = resolve("accuracy", BINARY), resolve("roc_auc", BINARY), resolve("rmse", NUMBERS)


def sizes(partition):
    return {g.name: len(g) for g in partition.groups}


def people(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "sex": rng.choice(["Female", "Male"], n),
            "race": rng.choice(["Black", "White", "Other"], n, p=[0.3, 0.67, 0.03]),
        }
    )


def answers(right, y=None, seed=0):
    """Predictions that are right on the given rows."""
    rng = np.random.default_rng(seed)
    y = rng.random(len(right)) < 0.5 if y is None else y
    told = np.where(right, y, ~y)
    return Predictions(task=BINARY, y=y, labels=told, classes=(False, True), positive=True)


def scored(frame, weak=None, seed=0, strength=2.0):
    """A ranking model that is blind in one group."""
    rng = np.random.default_rng(seed)
    y = rng.random(frame.height) < 0.4
    blind = np.zeros(frame.height, bool) if weak is None else frame["race"].to_numpy() == weak
    score = strength * y * ~blind + rng.normal(size=frame.height)
    return Predictions(task=BINARY, y=y, labels=score > strength / 2, classes=(False, True), score=score, positive=True)


def verdict(p, frame, specs=("sex", "race"), *, limit=None, metric=ACCURACY, drop=0.15, must=()):
    partitions = groups_of(frame, specs)
    limits = floors([(metric, limit, None)], p, drop=drop)
    found = examine(p, partitions, limits)
    return judge(found, partitions, floor_wording(limits, drop=drop), must=must)


# ---- cutting the rows


def test_every_row_is_in_exactly_one_group_of_each_specification():
    frame = people()
    for part in groups_of(frame, ["sex", "race", ["sex", "race"]]):
        rows = np.concatenate([g.rows for g in part.groups])
        np.testing.assert_array_equal(np.sort(rows), np.arange(frame.height))


def test_groups_are_named_by_their_values_largest_first():
    frame = pl.DataFrame({"a": ["x", "y", "y", "x", "y"], "b": [1, 1, 1, 2, 1]})
    one, both = groups_of(frame, ["a", ["a", "b"]])
    assert sizes(one) == {"a=y": 3, "a=x": 2}
    assert sizes(both) == {"a=y, b=1": 3, "a=x, b=1": 1, "a=x, b=2": 1}
    assert (one.name, both.name) == ("a", "a × b")
    assert list(one.groups[1].rows) == [0, 3]


def test_missing_values_are_a_group_of_their_own():
    frame = pl.DataFrame({"a": ["x", None, "x"], "b": [1.0, float("nan"), None]})
    one, two = groups_of(frame, ["a", "b"])
    assert sizes(one) == {"a=x": 2, "a missing": 1}
    assert sizes(two) == {"b missing": 2, "b=1": 1}


def test_a_text_that_reads_missing_is_not_the_missing_group():
    assert set(sizes(groups_of(pl.DataFrame({"a": ["missing", None]}), ["a"])[0])) == {"a=missing", "a missing"}


def test_many_numbers_are_cut_at_the_quintiles():
    frame = pl.DataFrame({"age": [*range(100), None]})
    assert sizes(groups_of(frame, ["age"])[0]) == {
        "age=0 to below 20": 20, "age=20 to below 40": 20, "age=40 to below 60": 20, "age=60 to below 80": 20,
        "age=80 and above": 20, "age missing": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("c", [True, False, None] * 10),
        pl.Series("c", range(30)).cast(pl.Date),
        pl.Series("c", ["a", "b", None] * 10, dtype=pl.Categorical),
        pl.Series("c", [0.5, float("inf"), -0.0] * 10),
        pl.Series("c", [None] * 30, dtype=pl.Float64),
        pl.Series("c", [7.0] * 29 + [1.0]),
        pl.Series("row", ["ä<b>", "\u202e", ""] * 10),
    ],
)
def test_any_kind_of_column_can_be_cut(column):
    (part,) = groups_of(column.to_frame(), [column.name])
    assert sum(sizes(part).values()) == 30


def test_ten_thousand_categories_are_bounded_and_the_rest_is_counted():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"user": rng.integers(0, 10_000, 100_000).astype(str)})
    (part,) = groups_of(frame, ["user"], max_groups=50)
    assert len(part.groups) == 50
    assert len(part.unexamined) == frame["user"].n_unique() - 50
    assert sum(sizes(part).values()) + sum(n for _, n in part.unexamined) == 100_000
    assert min(sizes(part).values()) >= max(n for _, n in part.unexamined)


def test_unexamined_groups_are_told_of():
    frame = pl.DataFrame({"town": ["a"] * 1900 + [f"t{i}" for i in range(100)]})
    partitions = groups_of(frame, ["town"], max_groups=1)
    p = answers(np.arange(2000) % 10 > 0)
    limits = floors([(ACCURACY, 0.7, None)], p)
    found = judge(examine(p, partitions, limits), partitions, floor_wording(limits, drop=0.15))
    assert found.outcome == "passed"
    assert "Not examined individually: 100 smaller groups of town (100 rows)" in found.message
    assert any("not examined individually" in m.name and m.value == 100 for m in found.measurements)


def test_an_unknown_column_and_an_empty_table_are_errors():
    with pytest.raises(DataError, match='"rase" is not in the data; did you mean "race"'):
        groups_of(people(), ["rase"])
    with pytest.raises(DataError, match="no rows"):
        groups_of(people(0), ["sex"])


def test_take_keeps_rows_together():
    p = replace(scored(people(10)), weight=np.arange(10.0), extra={"group": np.arange(10)})
    part = take(p, np.array([3, 7]))
    assert list(part.weight) == [3, 7]
    assert list(part.extra["group"]) == [3, 7]
    assert part.score[1] == p.score[7]
    assert part.classes == (False, True)


# ---- the tests


def test_holm_agrees_with_statsmodels():
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(0).random(50) ** 3
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-12)
    assert len(holm(np.empty(0))) == 0


@pytest.mark.parametrize("power", [0.8, 0.99])
@pytest.mark.parametrize("side", [1, -1])
def test_groups_large_enough_have_the_power_they_promise(power, side):
    """STATISTICS 3: about 200 rows for a drop of 15 points below a floor of 85 %, 20 groups."""
    n = rows_to_show(0.85 if side > 0 else 0.15, 0.15, Design(tests=20, power=power), side=side)
    reject = stats.binom.cdf(np.arange(n + 1), n, 0.85) <= 0.05 / 20
    reached = stats.binom.pmf(np.arange(n + 1), n, 0.70)[reject].sum()
    assert power <= reached <= power + 0.03
    if power == 0.99:
        assert 190 <= n <= 215


def test_the_rows_needed_for_a_small_drop_follow_the_normal_formula():
    from statsmodels.stats.power import normal_power

    design = Design(tests=10, power=0.8)
    exact, formula = rows_to_show(0.5, 0.02, design), rows_to_show(0.5, 0.005, design)
    assert formula == pytest.approx(16 * exact, rel=0.03)
    assert normal_power(0.01, formula, 0.005, alternative="larger") == pytest.approx(0.8, abs=0.01)


def test_shares_are_tested_exactly():
    frame = people()
    p = answers(np.random.default_rng(1).random(4000) < 0.8)
    partitions = groups_of(frame, ["race"])
    limits = floors([(ACCURACY, 0.82, None)], p)
    for finding in examine(p, partitions, limits):
        group = next(g for g in partitions[0].groups if g.name == finding.group)
        hits = int((p.y == p.labels)[group.rows].sum())
        assert finding.p == pytest.approx(stats.binomtest(hits, len(group), 0.82, alternative="less").pvalue, abs=1e-12)


def test_a_rate_that_must_stay_low_is_tested_from_the_other_side():
    frame = people()
    wrong = np.where(frame["race"] == "Black", 0.4, 0.1)
    p = answers(np.random.default_rng(1).random(4000) > wrong)
    error = resolve("error_rate", BINARY)
    partitions = groups_of(frame, ["race"])
    limits = floors([(error, None, 0.25)], p)
    found = judge(examine(p, partitions, limits), partitions, floor_wording(limits, drop=0.15))
    assert found.outcome == "failed"
    assert "race=Black error_rate" in found.message
    assert "> 0.25" in found.message


def test_areas_are_tested_on_the_logit_scale_as_their_bound_is():
    from scipy.special import logit

    from pytest_mlready.quality.intervals import delong

    frame = people()
    p = scored(frame)
    partitions = groups_of(frame, ["sex"])
    (limit,) = floors([(AUC, 0.93, None)], p)
    for finding in examine(p, partitions, [limit]):
        group = next(g for g in partitions[0].groups if g.name == finding.group)
        area, variance = delong(p.y[group.rows], p.score[group.rows])
        z = (logit(area) - logit(0.93)) * area * (1 - area) / np.sqrt(variance)
        assert finding.p == pytest.approx(stats.norm.cdf(z), abs=1e-9)


def test_without_a_limit_the_overall_value_less_the_drop_is_used_and_said():
    p = answers(np.arange(4000) % 5 > 0)
    (limit,) = floors([(ACCURACY, None, None)], p, drop=0.1)
    assert limit.limit == pytest.approx(0.7)
    assert "accuracy ≥ 0.7 (0.8 overall less 0.1, as none is set)" in floor_wording([limit], drop=0.1).held
    y = np.random.default_rng(0).normal(size=500)
    error = Predictions(task=NUMBERS, y=y, labels=np.zeros(500))
    (ceiling,) = floors([(RMSE, None, None)], error, drop=0.1)
    assert ceiling.side == -1
    assert ceiling.limit == pytest.approx(1.1 * ceiling.overall)


# ---- the three endings


def test_equal_groups_pass_and_small_ones_are_listed():
    frame = people()
    p = answers(np.random.default_rng(1).random(4000) < 0.85)
    found = verdict(p, frame, ["sex", "race"])
    assert found.outcome == "passed"
    assert "Too small to show a drop of 0.15: race=Other accuracy" in found.message
    assert len([m for m in found.measurements if m.interval]) == 5


def test_a_weak_group_fails_by_name():
    frame = people()
    right = np.where(frame["race"] == "Black", 0.6, 0.88)
    found = verdict(answers(np.random.default_rng(1).random(4000) < right), frame, ["sex", "race"], limit=0.75)
    assert found.outcome == "failed"
    assert found.message.startswith("1 of 5 groups are confidently beyond their limit: race=Black accuracy 0.6")
    assert "Next step" in found.message


def test_a_weak_intersection_is_found_that_neither_column_shows_at_once():
    frame = people(8000)
    weak = ((frame["race"] == "Black") & (frame["sex"] == "Female")).to_numpy()
    p = answers(np.random.default_rng(1).random(8000) < np.where(weak, 0.65, 0.88))
    assert "sex=Female, race=Black" in verdict(p, frame, [["sex", "race"]], limit=0.75).message


def test_a_blind_spot_in_the_ranking_is_found():
    frame = people()
    found = verdict(scored(frame, weak="Black"), frame, ["race"], metric=AUC, limit=0.8)
    assert found.outcome == "failed"
    assert "race=Black roc_auc" in found.message


def test_an_error_far_above_the_overall_one_is_found():
    frame = people()
    rng = np.random.default_rng(0)
    spread = np.where(frame["race"] == "Black", 2.0, 1.0)
    p = Predictions(task=NUMBERS, y=rng.normal(size=4000) * spread, labels=np.zeros(4000))
    assert verdict(p, frame, ["race"], metric=RMSE).outcome == "failed"
    even = replace(p, y=p.y / spread)
    assert verdict(even, frame, ["race"], metric=RMSE).outcome == "passed"


def test_too_few_rows_are_inconclusive_and_say_how_many_are_needed():
    frame = people(200)
    found = verdict(answers(np.random.default_rng(1).random(200) < 0.85), frame)
    assert found.outcome == "inconclusive"
    assert "hold 0% of the rows (< 90%)" in found.message
    assert "needs about" in found.message


def test_a_must_group_that_is_too_small_is_inconclusive():
    frame = people()
    p = answers(np.random.default_rng(1).random(4000) < 0.85)
    assert verdict(p, frame, ["race"]).outcome == "passed"
    assert verdict(p, frame, ["race"], must=["race=White"]).outcome == "passed"
    for must in ("race=Other", "race"):
        found = verdict(p, frame, ["race"], must=[must])
        assert found.outcome == "inconclusive"
        assert 'the must group "race=Other" is too small' in found.message.lower().replace("other", "Other")


def test_a_must_group_without_rows_is_inconclusive_with_the_nearest_name():
    frame = people()
    found = verdict(answers(np.arange(4000) % 8 > 0), frame, ["race"], must=["race=Whyte"])
    assert found.outcome == "inconclusive"
    assert 'did you mean "race=White"' in found.message


def test_groups_of_one_row_are_listed_and_nothing_more():
    frame = people().with_columns(town=pl.when(pl.int_range(pl.len()) < 3980).then(pl.lit("big")).otherwise(
        pl.format("t{}", pl.int_range(pl.len()))))  # fmt: skip
    right = np.arange(4000) % 8 > 0
    right[3980:3983] = False
    found = verdict(answers(right), frame, ["town"])
    assert found.outcome == "passed"
    assert "town=t3980 accuracy" in found.message


def test_clustered_rows_are_not_taken_for_independent_ones():
    frame = people(1200)
    users = np.repeat(np.arange(60), 20)
    right = np.repeat(np.random.default_rng(3).random(60) < 0.8, 20)
    p = answers(right)
    rows, clusters = (
        examine(q, groups_of(frame, ["sex"]), floors([(ACCURACY, 0.9, None)], q))
        for q in (p, replace(p, cluster=users))
    )
    assert min(f.p for f in clusters) > 10 * min(f.p for f in rows)


def test_confidence_zero_compares_the_points_and_says_so():
    frame = people(200)
    p = answers(np.random.default_rng(1).random(200) < 0.85)
    partitions = groups_of(frame, ["sex"])
    limits = floors([(ACCURACY, 0.99, None)], p)
    found = examine(p, partitions, limits, design=Design(confidence=0))
    told = judge(found, partitions, floor_wording(limits, drop=0.15), confidence=0)
    assert told.outcome == "failed"
    assert "confidence = 0" in told.message


def test_the_picture_has_every_group():
    p = answers(np.arange(4000) % 8 > 0)
    data = plot_data(examine(p, groups_of(people(), ["sex", "race"]), floors([(ACCURACY, 0.7, None)], p)))
    assert {g["name"] for g in data["groups"]} == {"sex=Female", "sex=Male", "race=Black", "race=White", "race=Other"}
    assert all(g["lower"] <= g["value"] <= g["upper"] for g in data["groups"])


# ---- against the live model


def against(p, q, frame, metrics=((ACCURACY, None),), must=()):
    partitions = groups_of(frame, ["sex", "race"])
    return judge(lost(p, q, partitions, metrics), partitions, loss_wording({"accuracy": 0.01}, drop=0.15), must=must)


def test_a_group_that_lost_against_the_live_model_fails_although_the_average_held():
    frame, rng = people(), np.random.default_rng(1)
    before = rng.random(4000) < 0.85
    black = (frame["race"] == "Black").to_numpy()
    after = np.where(black, before & (rng.random(4000) < 0.85), before | (rng.random(4000) < 0.5))
    y = rng.random(4000) < 0.5
    found = against(answers(after, y), answers(before, y), frame)
    assert after.mean() > before.mean()
    assert found.outcome == "failed"
    assert "worse than the production model: race=Black" in found.message


def test_groups_that_kept_their_quality_pass():
    frame, rng = people(), np.random.default_rng(1)
    before, y = rng.random(4000) < 0.85, rng.random(4000) < 0.5
    after = np.where(rng.random(4000) < 0.05, rng.random(4000) < 0.85, before)
    assert against(answers(after, y), answers(before, y), frame).outcome == "passed"


def test_a_comparison_on_few_rows_is_inconclusive():
    frame, rng = people(150), np.random.default_rng(1)
    y = rng.random(150) < 0.5
    ours, theirs = (answers(rng.random(150) < 0.8, y) for _ in range(2))
    assert against(ours, theirs, frame).outcome == "inconclusive"


# ---- the error rates of STATISTICS 3


def simulated(right, n, alpha=0.05):
    """Share of runs in which Holm's exact tests over the 20 groups alarm against a floor of 0.85."""
    hits = np.random.default_rng(0).binomial(n, right, size=(4000, 20))
    p = stats.binom.cdf(hits, n, 0.85)
    return hits, np.array([holm(row).min() <= alpha for row in p])


def test_twenty_equal_groups_of_fifty_hardly_ever_alarm_where_naive_rules_nearly_always_do():
    hits, alarm = simulated(np.full(20, 0.85), 50)
    share = hits / 50
    assert np.mean((share < 0.80).any(axis=1)) == pytest.approx(0.93, abs=0.05)
    assert np.mean(np.ptp(share, axis=1) > 0.10) == pytest.approx(0.98, abs=0.05)
    assert alarm.mean() <= 0.05


@pytest.mark.parametrize(("n", "least", "most"), [(50, 0.38, 0.57), (200, 0.98, 1.0)])
def test_one_weak_group_among_twenty_is_found_as_often_as_planned(n, least, most):
    _, alarm = simulated(np.r_[0.70, np.full(19, 0.90)], n)
    assert least <= alarm.mean() <= most


def test_the_whole_path_keeps_its_false_alarms_below_five_per_cent():
    frame = pl.DataFrame({"g": np.repeat(np.arange(20), 50).astype(str)})
    partitions = groups_of(frame, ["g"])
    rng = np.random.default_rng(0)
    limit = Floor(metric=ACCURACY, limit=0.85, side=1, derived=False, overall=0.85, drop=0.15)
    alarms = 0
    for _ in range(100):
        found = examine(answers(rng.random(1000) < 0.85), partitions, [limit])
        alarms += judge(found, partitions, floor_wording([limit], drop=0.15)).outcome == "failed"
    assert alarms <= 10


def test_a_group_of_a_single_class_that_is_all_wrong_fails():
    frame = people().with_columns(town=pl.when(pl.int_range(pl.len()) < 100).then(pl.lit("a")).otherwise(pl.lit("b")))
    y = np.random.default_rng(0).random(4000) < 0.5
    y[:100] = False
    found = verdict(answers(np.arange(4000) >= 100, y), frame, ["town"])
    assert found.outcome == "failed"
    assert "town=a accuracy 0 <" in found.message


def test_a_metric_that_cannot_be_measured_never_passes():
    p, partitions = answers(np.arange(4000) % 8 > 0), groups_of(people(), ["sex"])
    limits = floors([(AUC, 0.8, None)], p)
    found = judge(examine(p, partitions, limits), partitions, floor_wording(limits, drop=0.15))
    assert found.outcome == "inconclusive"
    assert "No group was tested" in found.message
    assert [v.outcome for v in unmeasured([ACCURACY, AUC], p)] == ["inconclusive"]


def test_a_floor_below_zero_is_met_by_everybody():
    p, partitions = answers(np.arange(4000) % 10 == 0), groups_of(people(), ["sex"])
    assert {f.p for f in examine(p, partitions, floors([(ACCURACY, None, None)], p))} == {1.0}


def test_quintiles_whose_first_digits_agree_stay_apart():
    seconds = pl.DataFrame({"t": 1.7e9 + 10.0 * np.arange(2000)})
    assert [len(g) for g in groups_of(seconds, ["t"])[0].groups] == [400] * 5


@pytest.mark.parametrize("column", [[[1], [2]], [dt.timedelta(1), dt.timedelta(2)]])
def test_lists_and_durations_are_groups(column):
    assert len(groups_of(pl.DataFrame({"c": column}), ["c"])[0].groups) == 2


def test_a_column_named_twice_counts_once():
    assert groups_of(people(), [["sex", "sex"]])[0].name == "sex"


def test_a_point_of_bleu_has_the_same_size_under_each_of_its_names():
    p = Predictions(task="text-generation", y=np.array(["a b c d e"] * 200), labels=np.array(["a b c d x"] * 200))
    assert {floors([(resolve(n, p.task), None, None)], p)[0].drop for n in ("chrf", "chrf2")} == {15.0}
