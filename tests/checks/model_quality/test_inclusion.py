from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from comparison_stub import Case, forest, table

from pytest_mlready.checks.model_quality import inclusion as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError, Unverified

SEX = {"protected": ("sex",)}


@pytest.fixture(scope="module")
def heldout():
    return table(5000, seed=2)


@pytest.fixture(scope="module")
def candidate():
    return forest(table(4000, seed=1, name="train"), seed=1)


@pytest.fixture
def case(heldout, candidate):
    """case(options, settings): a project with a forest whose answers do not follow sex."""

    def make(options=None, *, data=heldout, model=candidate, settings=None):
        return Case(check, heldout=data, candidate=model, settings=settings, options=options)

    return make


def inputs(case, model):
    """Runs the check on inputs; returns what it noted."""
    mlready = SimpleNamespace(
        settings=case.settings, confidence=case.settings.confidence, options=lambda _: case.options, seed=lambda _: 7
    )
    check.test_inputs_that_stand_in_for_a_protected_attribute(mlready, case.evidence, model, case.heldout)


def spoilt(case, *, where, share, to):
    """Of the rows in `where`, a share is answered `to`, by label and by probability."""
    p, rng = case.predictions, np.random.default_rng(0)
    rows = where & (rng.random(len(p)) < share)
    score = np.where(rows, 0.99 if to == "yes" else 0.01, p.score)
    proba = np.column_stack([score if c == "yes" else 1 - score for c in p.classes])
    case.predictions = replace(p, labels=np.where(rows, to, p.labels), score=score, proba=proba)
    return case


def women(heldout):
    return (heldout.frame["sex"] == "Female").to_numpy()


# ---- groups


def test_a_model_that_treats_groups_alike_passes_with_every_figure_recorded(case):
    one = case(SEX)
    noted = one.run(check.test_no_group_is_worse_off)
    assert {
        "outcome rate gap: sex=Female", "selection rate ratio: sex=Female", "recall gap: sex=Female",
        "false positive rate gap: sex=Female", "calibration: sex=Male",
    } <= set(noted)  # fmt: skip
    assert [p["kind"] for p in one.evidence.notes.plots] == ["intervals"]
    assert one.evidence.notes.grade == "replayed"


@pytest.mark.parametrize(
    ("label", "to", "said"),
    [("yes", "no", "recall of sex=Female"), ("no", "yes", "false positive rate of sex=Female"),
     (None, "yes", "calibration of sex=Female")],
    ids=["not found", "accused", "estimated too high"],
)  # fmt: skip
def test_a_group_that_is_worse_off_fails(case, heldout, label, to, said):
    where = women(heldout) if label is None else women(heldout) & (heldout.y == label)
    one = spoilt(case(SEX), where=where, share=0.5, to=to)
    assert said in one.ends(check.test_no_group_is_worse_off, Failed)


def test_subgroups_are_the_attributes_where_none_are_named_with_their_combinations(case):
    one = case(settings={"data": {"subgroups": ["sex", ["sex", "town"]]}}, options={"covered": 0.5})
    noted = one.run(check.test_no_group_is_worse_off)
    assert "recall gap: sex=Female, town=Bern" in noted
    one = case({"protected": ("sex × town",), "covered": 0.5})
    assert "recall gap: sex=Female, town=Bern" in one.run(check.test_no_group_is_worse_off)


def test_few_rows_are_inconclusive_and_say_how_many_would_do(case):
    one = case(SEX, data=table(200, seed=4))
    message = one.ends(check.test_no_group_is_worse_off, Inconclusive)
    assert "no group of sex is large enough to compare its recall" in message
    assert "would do" in message


def test_a_group_that_must_be_seen_and_is_small_is_inconclusive(case):
    one = case({"protected": ("town",), "must": ("town=Cork",)})
    assert 'must group "town=Cork" is too small' in one.ends(check.test_no_group_is_worse_off, Inconclusive)


def test_one_group_alone_has_nothing_to_be_compared_with(case, heldout):
    same = replace(heldout, frame=heldout.frame.with_columns(sex=pl.lit("Female")))
    assert "nothing to compare" in case(SEX, data=same).ends(check.test_no_group_is_worse_off, Inconclusive)


def test_the_four_fifths_rule_is_judged_only_where_it_is_asked_for(case, heldout):
    fewer = {"where": women(heldout), "share": 0.3, "to": "no"}
    loose = {"max_recall_gap": 0.9, "max_fpr_gap": 0.9, "max_calibration_gap": 0.9}
    spoilt(case({**SEX, **loose}), **fewer).run(check.test_no_group_is_worse_off)
    asked = spoilt(case({**SEX, **loose, "min_selection_ratio": 0.8}), **fewer)
    assert "selection rate of sex=Female" in asked.ends(check.test_no_group_is_worse_off, Failed)


def test_without_probabilities_calibration_is_left_out(case):
    one = case(SEX)
    one.predictions = replace(one.predictions, proba=None)
    assert "calibration: sex=Male" not in one.run(check.test_no_group_is_worse_off)


def test_a_regression_is_compared_by_its_errors(heldout):
    train, data = (table(3000, seed=s, task="regression") for s in (1, 2))
    Case(check, heldout=data, candidate=forest(train), options=SEX).run(check.test_no_group_is_worse_off)
    worse = Case(check, heldout=data, candidate=forest(train), options=SEX)
    shift = np.where(women(data), 0.8, 0.0)
    worse.predictions = replace(worse.predictions, labels=worse.predictions.labels + shift)
    assert "mean error of sex=Female" in worse.ends(check.test_no_group_is_worse_off, Failed)


def test_nothing_named_is_unverified_with_the_line_to_paste(case, candidate):
    one = case()
    assert "protected = " in one.ends(check.test_no_group_is_worse_off, Unverified)
    with pytest.raises(Unverified, match="no protected attributes"):
        inputs(one, candidate)


def test_a_misspelt_attribute_is_an_error_with_the_nearest_name(case):
    one = case({"protected": ("sexx",)})
    assert 'did you mean "sex"' in one.ends(check.test_no_group_is_worse_off, DataError)


def test_a_limit_of_zero_is_refused(case):
    one = case({**SEX, "max_recall_gap": 0.0})
    assert "max_recall_gap is 0" in one.ends(check.test_no_group_is_worse_off, ReadinessError)


# ---- inputs


def with_proxy(heldout, strength):
    """The job becomes one of two by sex, in a share of the rows."""
    told = pl.when(pl.col("sex") == "Female").then(pl.lit("nurse")).otherwise(pl.lit("driver"))
    chosen = np.random.default_rng(1).random(len(heldout)) < strength
    return replace(
        heldout, frame=heldout.frame.with_columns(job=pl.when(pl.Series(chosen)).then(told).otherwise("job"))
    )


def test_inputs_are_listed_and_verify_nothing_without_a_limit(case, candidate):
    one = case(SEX)
    with pytest.raises(Unverified, match="max_association"):
        inputs(one, candidate)
    noted = {e["name"]: e["value"] for e in one.evidence.notes.evidence}
    assert noted["association of job with sex"] < 0.1
    assert noted["sex=Female told by all inputs"] == pytest.approx(0.5, abs=0.05)
    assert not any("town" in name for name in noted), "a column that the model does not read"


@pytest.mark.parametrize(
    ("limits", "said"),
    [({"max_association": 0.3}, "job with sex"), ({"max_proxy_auc": 0.7}, "all inputs together tell")],
)
def test_an_input_that_stands_in_for_an_attribute_fails_where_a_limit_is_set(case, candidate, heldout, limits, said):
    inputs(case({**SEX, **limits}), candidate)
    with pytest.raises(Failed, match=said):
        inputs(case({**SEX, **limits}, data=with_proxy(heldout, 0.8)), candidate)


def test_an_attribute_that_is_an_input_itself_is_found(case, candidate, heldout):
    """The other inputs are asked what they tell of it; the attribute is not predicted from itself."""
    read = SimpleNamespace(feature_names=("age", "sex"))
    with pytest.raises(Failed, match=r"sex with sex 1\.00"):
        inputs(case({**SEX, "max_association": 0.3}), read)
    one = case({**SEX, "max_proxy_auc": 0.7})
    inputs(one, read)
    told = [e["value"] for e in one.evidence.notes.evidence if "told by all inputs" in e["name"]]
    assert told == [pytest.approx(0.5, abs=0.05)]


def test_too_few_rows_for_a_limit_are_inconclusive(case, candidate):
    for limits in ({"max_association": 0.2}, {"max_proxy_auc": 0.7}):
        with pytest.raises(Inconclusive):
            inputs(case({**SEX, **limits}, data=table(80, seed=4)), candidate)
