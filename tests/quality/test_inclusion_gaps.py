from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.quality import inclusion, inclusion_measures, inclusion_verdicts
from pytest_mlready.quality.group_tests import Design
from pytest_mlready.quality.groups import groups_of
from pytest_mlready.values import Predictions

LIMITS = {"recall": 0.1, "false positive rate": 0.1, "calibration": 0.1, "accuracy": 0.1, "error": 0.1}
SHARES = {"a": 0.55, "b": 0.3, "c": 0.15}


def sample(n=6000, seed=0, *, recall=None, fpr=None, shares=SHARES, shift=None):
    """Labels and answers of three groups whose error rates are as asked, 0.7 and 0.1 where they are not."""
    rng = np.random.default_rng(seed)
    group = rng.choice(list(shares), n, p=list(shares.values()))
    y = rng.random(n) < 0.4
    rate = np.where(y, [(recall or {}).get(g, 0.7) for g in group], [(fpr or {}).get(g, 0.1) for g in group])
    told = rng.random(n) < rate
    score = np.clip(0.4 + np.array([(shift or {}).get(g, 0.0) for g in group]) + rng.normal(0, 0.05, n), 0, 1)
    p = Predictions(
        task="binary-classification", y=y.astype(int), labels=told.astype(int), classes=(0, 1), positive=1,
        score=score, proba=np.column_stack([1 - score, score]), sha256=str(seed),
    )  # fmt: skip
    return p, pl.DataFrame({"group": group})


def examined(p, frame, *, limits=LIMITS, confidence=0.95, power=0.8):
    parts = groups_of(frame, ["group"])
    wanted = inclusion_measures.measures(p, limits)
    return inclusion.examine(p, parts, wanted, design=Design(confidence=confidence, power=power)), parts


def judged(p, frame, *, must=(), covered=0.9, **more):
    found, parts = examined(p, frame, **more)
    return inclusion_verdicts.judge(found, parts, must=must, covered=covered, confidence=more.get("confidence", 0.95))


def test_equal_groups_pass_and_the_smallest_gaps_that_would_be_seen_are_told():
    found = judged(*sample())
    assert found.outcome == "passed", found.message
    assert "Smallest gaps that would have been seen: recall 0.0" in found.message
    names = {m.name for m in found.measurements}
    assert {"outcome rate gap: group=b", "selection rate ratio: group=c", "calibration: group=a"} <= names


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recall": {"c": 0.45}}, "recall of group=c"),
        ({"recall": {"b": 0.9}}, "recall of group=b"),
        ({"fpr": {"b": 0.3}}, "false positive rate of group=b"),
        ({"shift": {"a": 0.2}}, "calibration of group=a"),
        ({"shift": {"c": -0.2}}, "calibration of group=c"),
    ],
    ids=["found less often", "found more often", "accused more often", "estimated too high", "too low"],
)
def test_a_group_that_is_treated_otherwise_fails(change, said):
    found = judged(*sample(**change))
    assert found.outcome == "failed"
    assert said in found.message
    assert "Next step" in found.message


def test_figures_of_groups_are_those_of_fairlearn():
    frames = pytest.importorskip("fairlearn.metrics")
    from sklearn.metrics import recall_score

    p, frame = sample(recall={"c": 0.5})
    group = frame["group"].to_numpy()
    metrics = {
        "recall": recall_score,
        "false positive rate": frames.false_positive_rate,
        "selection rate": frames.selection_rate,
    }
    theirs = frames.MetricFrame(metrics=metrics, y_true=p.y, y_pred=p.labels, sensitive_features=group).by_group
    found, _ = examined(p, frame)
    for f in found:
        if f.measure.name in metrics:
            name = f.group.removeprefix("group=")
            assert f.value == pytest.approx(theirs.loc[name, f.measure.name])
            assert f.other == pytest.approx(theirs.loc["a", f.measure.name])
    ratios = [f.gap for f in found if f.measure.scale == "ratio"]
    least = frames.demographic_parity_ratio(p.y, p.labels, sensitive_features=group)
    assert min([*ratios, *(1 / r for r in ratios), ratios[0] / ratios[1], ratios[1] / ratios[0]]) == pytest.approx(
        least
    )


@pytest.mark.parametrize("size", [150, 700])
def test_samples_too_small_to_see_a_gap_of_the_limits_size_are_inconclusive(size):
    found = judged(*sample(size, seed=3))
    assert found.outcome == "inconclusive"
    assert "Too small to see a gap of the limit's size" in found.message


def test_a_gap_beyond_the_limit_that_is_not_sure_is_inconclusive_and_not_green():
    found = judged(*sample(recall={"b": 0.55}), limits={"recall": 0.1})
    assert found.outcome == "inconclusive"
    assert "is beyond its limit, but not surely" in found.message


def test_one_tiny_group_is_listed_and_does_not_hold_up_the_rest_unless_it_must_be_seen():
    p, frame = sample(shares={"a": 0.6, "b": 0.39, "c": 0.01})
    found = judged(p, frame, limits={"recall": 0.1})
    assert found.outcome == "passed", found.message
    assert "group=c" in found.message
    found = judged(p, frame, limits={"recall": 0.1}, must=["group=c"])
    assert found.outcome == "inconclusive"
    assert 'must group "group=c" is too small' in found.message
    assert 'did you mean "group=c"' in judged(p, frame, must=["grupo=c"]).message


def test_a_large_majority_beside_groups_too_small_to_compare_does_not_pass():
    found = judged(*sample(3000, shares={"a": 0.97, "b": 0.02, "c": 0.01}))
    assert found.outcome == "inconclusive"
    assert "no group of group is large enough to compare its recall" in found.message


@pytest.mark.parametrize(
    ("rates", "outcome"),
    [({"a": 0.5, "b": 0.5}, "passed"), ({"a": 0.5, "b": 0.3}, "failed"), ({"a": 0.3, "b": 0.5}, "failed"),
     ({"a": 0.5, "b": 0.41}, "inconclusive")],
)  # fmt: skip
def test_the_four_fifths_rule_is_three_way_and_works_either_way_round(rates, outcome):
    p, frame = sample(3000, recall=rates, fpr=rates, shares={"a": 0.6, "b": 0.4})
    found = judged(p, frame, limits={"selection ratio": 0.8})
    assert found.outcome == outcome, found.message


def test_without_a_limit_a_measure_is_listed_only():
    found, _ = examined(*sample(recall={"c": 0.2}), limits={"false positive rate": 0.1})
    recalls = [f for f in found if f.measure.name == "recall"]
    assert recalls
    assert all(f.p is None and f.lower is not None for f in recalls)
    assert judged(*sample(), limits={}).outcome == "inconclusive"


@pytest.mark.slow
def test_twenty_equal_groups_raise_a_false_alarm_in_one_of_twenty_samples_at_most():
    shares = {f"g{k:02}": 0.05 for k in range(20)}
    failed = 0
    for seed in range(60):
        p, frame = sample(8000, seed=seed, shares=shares)
        p = replace(p, proba=None, score=None)  # no calibration: it takes most of the time
        failed += judged(p, frame, limits={"recall": 0.05}).outcome == "failed"
    assert failed <= 3


def test_rows_of_few_people_count_as_few():
    p, frame = sample(6000)
    clustered = replace(p, cluster=np.arange(6000) % 15)
    found, _ = examined(clustered, frame, limits={"recall": 0.1})
    assert all("15 clusters" in f.reason for f in found)


def test_clusters_widen_the_bounds():
    rng = np.random.default_rng(2)
    person = np.repeat(np.arange(150), 20)
    group = np.where(person < 75, "a", "b")
    hit = rng.random(150) < 0.7
    told = (hit[person] ^ (rng.random(3000) < 0.05)).astype(int)
    p = Predictions(task="binary-classification", y=np.ones(3000, int), labels=told, classes=(0, 1), positive=1)
    frame, width = pl.DataFrame({"group": group}), {}
    for name, cluster in (("rows", None), ("people", person)):
        found, _ = examined(replace(p, cluster=cluster), frame, limits={"recall": 0.1})
        (one,) = [f for f in found if f.measure.name == "recall"]
        width[name] = one.upper - one.lower
    assert width["people"] > 2 * width["rows"]


def test_weights_count():
    p, frame = sample(2000)
    weight = np.where(p.labels == 1, 2.0, 1.0)
    found, _ = examined(replace(p, weight=weight), frame, limits={"recall": 0.1})
    (b,) = [f for f in found if f.measure.name == "recall" and f.group == "group=b"]
    rows = (frame["group"] == "b").to_numpy() & (p.y == 1)
    assert b.value == pytest.approx(np.average(p.labels[rows], weights=weight[rows]))
    assert b.method == "BCa bootstrap"


def test_more_classes_are_compared_by_accuracy_and_numbers_by_their_errors():
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b"], 5000, p=[0.6, 0.4])
    frame, y = pl.DataFrame({"group": group}), rng.choice(["x", "y", "z"], 5000)
    wrong = rng.random(5000) < np.where(group == "b", 0.4, 0.1)
    p = Predictions(task="multiclass-classification", y=y, labels=np.where(wrong, "w", y), classes=("w", "x", "y", "z"))
    assert "accuracy of group=b" in judged(p, frame).message
    y = rng.normal(10, 2, 5000)
    for shift, outcome in ((0.0, "passed"), (0.5, "failed"), (-0.5, "failed")):
        labels = y + rng.normal(0, 0.3, 5000) + np.where(group == "b", shift, 0.0)
        found = judged(Predictions(task="regression", y=y, labels=labels), frame)
        assert found.outcome == outcome
        assert ("mean error of group=b" in found.message) == (outcome == "failed")


def test_point_estimates_alone_are_compared_where_that_was_asked():
    p, frame = sample(400, seed=3, recall={"b": 0.5})
    found = judged(p, frame, limits={"recall": 0.1}, confidence=0.0)
    assert found.outcome == "failed"
    assert "by point estimates alone" in found.message
    assert judged(*sample(), limits={"recall": 0.1}, confidence=0.0).outcome == "passed"


def test_the_picture_has_one_entry_for_each_gap_with_a_limit():
    found, _ = examined(*sample())
    shown = inclusion_verdicts.plot_data(found)["groups"]
    assert len(shown) == sum(f.measure.limit is not None for f in found)
