from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from comparison_stub import Case, forest, table

from pytest_mlready.checks.model_quality import subgroup_performance as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable, Unverified
from pytest_mlready.quality.predictions import predict
from pytest_mlready.values import Predictions

GROUPS = {"data": {"subgroups": ["sex", "town"]}}
FLOOR = {**GROUPS, "metrics": {"accuracy": {"subgroup_min": 0.7}}}


@pytest.fixture(scope="module")
def train():
    return table(4000, seed=1, name="train")


@pytest.fixture(scope="module")
def heldout():
    return table(5000, seed=2)


@pytest.fixture(scope="module")
def candidate(train):
    return forest(train, seed=1)


@pytest.fixture(scope="module")
def production(train):
    return forest(train, seed=2)


def spoilt(case, rows, seed=0):
    """The candidate answers by chance on some rows."""
    rng = np.random.default_rng(seed)
    p = case.predictions
    labels = np.where(rows & (rng.random(len(p)) < 0.5), np.where(p.labels == "yes", "no", "yes"), p.labels)
    case.predictions = replace(p, labels=labels)
    return case


def women(heldout):
    return (heldout.frame["sex"] == "Female").to_numpy()


# ---- named groups


def test_even_groups_pass_with_every_group_measured(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate, settings=FLOOR)
    noted = case.run(check.test_named_subgroups)
    assert {"accuracy: sex=Female", "accuracy: sex=Male", "accuracy: town=Aix", "accuracy: town=Cork"} <= set(noted)
    assert [p["kind"] for p in case.evidence.notes.plots] == ["intervals"]
    assert len(case.evidence.notes.plots[0]["data"]["groups"]) == 5


def test_a_group_that_the_model_fails_is_named(heldout, candidate):
    case = spoilt(Case(check, heldout=heldout, candidate=candidate, settings=FLOOR), women(heldout))
    message = case.ends(check.test_named_subgroups, Failed)
    assert "1 of 5 groups are confidently beyond their limit: sex=Female accuracy" in message
    assert "Limits: accuracy ≥ 0.7." in message


def test_without_a_floor_the_overall_value_less_the_drop_is_used_and_said(heldout, candidate):
    case = spoilt(
        Case(check, heldout=heldout, candidate=candidate, settings=GROUPS, options={"drop": 0.05}), women(heldout)
    )
    message = case.ends(check.test_named_subgroups, Failed)
    assert "overall less 0.05, as none is set" in message
    assert "[tool.mlready.metrics] accuracy = { subgroup_min = … }" in message


def test_few_rows_are_inconclusive_and_say_how_many_each_group_needs(candidate):
    case = Case(check, heldout=table(150, seed=4), candidate=candidate, settings=GROUPS)
    message = case.ends(check.test_named_subgroups, Inconclusive)
    assert "needs about" in message
    assert len(case.evidence.notes.evidence) == 5


def test_a_small_must_group_is_inconclusive(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate, settings=GROUPS, options={"must": ("town=Cork",)})
    assert 'ust group "town=Cork" is too small' in case.ends(check.test_named_subgroups, Inconclusive)


def test_no_named_groups_are_unverified_with_the_line_to_paste(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate)
    for test in (check.test_named_subgroups, check.test_no_subgroup_lost_against_production):
        assert "[tool.mlready.data] subgroups = " in case.ends(test, Unverified)


def test_a_misspelt_column_is_named(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate, settings={"data": {"subgroups": ["sexx"]}})
    assert 'did you mean "sex"' in case.ends(check.test_named_subgroups, DataError)


def test_ten_thousand_categories_and_groups_of_one_row_are_no_trouble(heldout, candidate):
    names = [f"<b>{i}</b>" if i < 300 else "home" for i in range(len(heldout))]
    more = replace(heldout, frame=heldout.frame.with_columns(place=pl.Series(names)))
    settings = {"data": {"subgroups": ["place"]}, "metrics": {"accuracy": {"subgroup_min": 0.6}}}
    case = Case(check, heldout=more, candidate=candidate, settings=settings, options={"max_groups": 20})
    noted = case.run(check.test_named_subgroups)
    assert noted["groups of place not examined individually"] == 281


def test_several_metrics_share_one_correction(heldout, candidate):
    both = {**GROUPS, "metrics": {"accuracy": {}, "roc_auc": {"subgroup_min": 0.5}, "recall": {"subgroup_min": 0.5}}}
    noted = Case(check, heldout=heldout, candidate=candidate, settings=both, options={"covered": 0.5}).run(
        check.test_named_subgroups
    )
    assert "roc_auc: sex=Female" in noted
    assert "recall: sex=Female" in noted
    assert "accuracy: sex=Female" not in noted, "metrics with a limit for subgroups go first"


# ---- worst slices


def test_a_model_without_a_weak_spot_has_no_failing_slice(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate, settings=GROUPS)
    noted = case.run(check.test_worst_slice_search)
    assert noted["slices examined"] > 20
    (listed,) = case.evidence.notes.plots
    assert (listed["kind"], listed["title"], len(listed["data"]["rows"])) == ("table", "Worst slices", 10)
    assert all(noted[f"loss: {row[0]}"] == row[2] for row in listed["data"]["rows"])


def test_a_weak_spot_nobody_named_is_found(heldout, candidate):
    rows = ((heldout.frame["job"] == "nurse") & (heldout.frame["age"] > 60)).to_numpy()
    case = Case(check, heldout=heldout, candidate=candidate)
    p = case.predictions
    case.predictions = replace(p, labels=np.where(rows, np.where(p.y == "yes", "no", "yes"), p.labels))
    message = case.ends(check.test_worst_slice_search, Failed)
    assert "job = nurse" in message
    assert "age" in message


def test_a_slice_at_the_boundary_where_every_model_errs_is_listed_and_does_not_cry_wolf(heldout, candidate):
    """Half of the rows near x = 0 are wrong for the best model there is; it says so, and that is no finding."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    sure = 1 / (1 + np.exp(-3 * x))
    y = (rng.random(4000) < sure).astype(int)
    honest = Predictions(
        task="binary-classification", y=y, labels=(sure > 0.5).astype(int), classes=(0, 1),
        proba=np.column_stack([1 - sure, sure]), score=sure, positive=1,
    )  # fmt: skip
    more = replace(heldout, frame=heldout.frame[:4000].with_columns(age=pl.Series(x)))
    case = Case(check, heldout=more, candidate=candidate)
    case.predictions = honest
    case.run(check.test_worst_slice_search)
    vain = np.where(sure > 0.5, 0.99, 0.01)
    case.predictions = replace(honest, proba=np.column_stack([1 - vain, vain]))
    assert "beyond what its probabilities admit" in case.ends(check.test_worst_slice_search, Failed)


def test_without_probabilities_and_without_a_limit_the_slices_are_listed_and_verify_nothing(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate)
    case.predictions = replace(case.predictions, proba=None)
    assert "max_slice_drop" in case.ends(check.test_worst_slice_search, Unverified)
    assert any(e["name"] == "slices examined" for e in case.evidence.notes.evidence)


def test_too_few_rows_for_any_slice_are_inconclusive(candidate):
    Case(check, heldout=table(40, seed=4), candidate=candidate).ends(check.test_worst_slice_search, Inconclusive)


def test_clustered_rows_count_once(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate)
    case.predictions = replace(case.predictions, cluster=np.arange(len(heldout)) // 10)
    case.run(check.test_worst_slice_search)
    searched = next(e for e in case.evidence.notes.evidence if e["name"] == "slices examined")
    assert searched["n"] == len(heldout) // 10


def test_a_regression_is_searched_by_its_absolute_error():
    train, heldout = (table(2000, seed=s, task="regression") for s in (1, 2))
    bad = forest(train, spoil=lambda X, y: y + 8.0 * (X["job"] == "clerk").to_numpy())
    limit = {"max_slice_drop": 1.0}
    failing = Case(check, heldout=heldout, candidate=bad, options=limit)
    assert "job = clerk" in failing.ends(check.test_worst_slice_search, Failed)
    Case(check, heldout=heldout, candidate=forest(train), options=limit).run(check.test_worst_slice_search)


def test_texts_are_searched_by_chrf_and_rankings_not_at_all(heldout, candidate):
    some = replace(heldout, frame=heldout.frame[:300])
    case = Case(check, heldout=some, candidate=candidate, options={"max_slice_drop": 50})
    y = np.array(["the quick brown fox jumps"] * 300)
    nurse = (heldout.frame["job"][:300] == "nurse").to_numpy()
    worse = np.where(nurse, "xyz", y)
    case.predictions = Predictions(task="text-generation", y=y, labels=worse)
    assert "job = nurse" in case.ends(check.test_worst_slice_search, Failed)
    case.predictions = Predictions(task="ranking", y=np.ones(300), labels=np.ones(300))
    case.ends(check.test_worst_slice_search, NotApplicable)


# ---- against production


def test_a_retrained_model_loses_no_group_and_the_comparison_is_recorded(heldout, candidate, production):
    case = Case(check, heldout=heldout, candidate=candidate, production=production, settings=GROUPS)
    noted = case.run(check.test_no_subgroup_lost_against_production)
    assert noted["compared with previous model"] is True


def test_a_group_that_lost_against_production_fails(heldout, candidate, production):
    case = Case(check, heldout=heldout, candidate=candidate, production=production, settings=GROUPS)
    message = spoilt(case, women(heldout)).ends(check.test_no_subgroup_lost_against_production, Failed)
    assert "worse than the production model: sex=Female accuracy" in message
    assert "Margins: accuracy 0.01" in message


def test_an_agreed_margin_allows_for_a_loss(heldout, candidate, production):
    settings = {**GROUPS, "metrics": {"accuracy": {"margin": 0.6}}}
    case = Case(check, heldout=heldout, candidate=candidate, production=production, settings=settings)
    assert spoilt(case, women(heldout)).run(check.test_no_subgroup_lost_against_production)


def test_few_rows_cannot_compare_groups_with_production(candidate, production):
    case = Case(check, heldout=table(120, seed=4), candidate=candidate, production=production, settings=GROUPS)
    case.ends(check.test_no_subgroup_lost_against_production, Inconclusive)


def test_without_production_the_comparison_is_unverified_or_not_applicable_and_not_recorded(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate, settings=GROUPS)
    assert "production =" in case.ends(check.test_no_subgroup_lost_against_production, Unverified)
    first = {**GROUPS, "model": {"first_release": "pilot"}}
    case = Case(check, heldout=heldout, candidate=candidate, settings=first)
    case.ends(check.test_no_subgroup_lost_against_production, NotApplicable)
    assert not case.evidence.notes.evidence


def test_the_same_rows_are_compared(heldout, candidate, production):
    case = Case(check, heldout=heldout, candidate=candidate, production=production, settings=GROUPS)
    case.request.fixtures["mlready_production_predictions"] = predict(production, table(5000, seed=77))
    assert "same rows" in case.ends(check.test_no_subgroup_lost_against_production, DataError)


def test_a_limit_that_cannot_be_looked_at_is_inconclusive(heldout, candidate):
    tables = {"accuracy": {"subgroup_min": 0.7}, "roc_auc": {"subgroup_min": 0.7}}
    case = Case(check, heldout=heldout, candidate=candidate, settings={**GROUPS, "metrics": tables})
    case.predictions = replace(case.predictions, score=None, proba=None)
    assert "no group could be judged by roc_auc" in case.ends(check.test_named_subgroups, Inconclusive)
