from __future__ import annotations

import numpy as np
import pytest
from feature_projects import Case, dataset, fitted, people

from pytest_mlready.artifacts import models
from pytest_mlready.checks.data import features_beneficial as check
from pytest_mlready.errors import DataError, Failed, Inconclusive
from pytest_mlready.values import Predictions

TEST = check.test_no_feature_is_useless
GOOD = ("age", "hours", "gain")


def case(root, features=GOOD, *, heldout=None, model=None, train=None, data=None, **options):
    settings = {"items": {check.ITEM.id: options}, "data": data or {}}
    return Case(root, features, heldout=heldout, model=model, train=train, **settings)


def copy_of_age(frame, rng):
    return frame["age"] + 0.05 * rng.normal(size=frame.height)


def test_a_model_whose_inputs_all_matter_passes_and_records_their_shares(tmp_path):
    one = case(tmp_path)
    noted = one.run(TEST)
    assert noted["share of the gain: age"] > noted["share of the gain: gain"] > 0.05
    assert one.evidence.notes.grade == "replayed"
    assert [row["name"] for row in one.evidence.notes.plots[0]["data"]["rows"]] == ["age", "hours", "gain"]


def test_a_regression_is_judged_by_its_squared_error(tmp_path):
    heldout = dataset(*people(task="values"), GOOD)
    noted = case(tmp_path, heldout=heldout, model=fitted(GOOD, task="values")).run(TEST)
    assert noted["loss as it is"] == pytest.approx(1.0, rel=0.1)


def test_a_column_of_noise_that_a_forest_has_learnt_from_turns_it_red(tmp_path):
    from sklearn.ensemble import RandomForestClassifier

    names = (*GOOD, "noise")
    model = fitted(names, RandomForestClassifier(40, min_samples_leaf=20, random_state=0))
    heldout = dataset(*people(20_000), names)
    assert "noise (" in case(tmp_path, names, heldout=heldout, model=model).ends(TEST, Failed)


def test_a_column_that_the_pipeline_drops_turns_it_red(tmp_path):
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    names = (*GOOD, "noise")
    pipeline = make_pipeline(make_column_transformer(("passthrough", list(GOOD))), LogisticRegression())
    said = case(tmp_path, names, model=fitted(names, pipeline)).ends(TEST, Failed)
    assert "noise (no answer changed)" in said
    assert "`drop` under [tool.mlready.data]" in said


def test_a_column_that_is_the_same_in_all_rows_turns_it_red_or_stays_open(tmp_path):
    names, more = (*GOOD, "site"), {"site": lambda frame, rng: np.ones(frame.height)}
    known = {"heldout": dataset(*people(**more), names), "model": fitted(names, **more)}
    assert "site (" in case(tmp_path, names, **known).ends(TEST, Inconclusive)
    train = dataset(*people(seed=1, **more), names, "train")
    failed = case(tmp_path, names, **known, train=train, data={"train": "train.parquet"})
    assert "the same in every training and held-out row" in failed.ends(TEST, Failed)
    varied = dataset(*people(seed=1, site=lambda frame, rng: rng.normal(size=frame.height)), names, "train")
    open_case = case(tmp_path, names, **known, train=varied, data={"train": "train.parquet"})
    assert "the same in every held-out row" in open_case.ends(TEST, Inconclusive)


def test_a_column_whose_meaning_was_turned_round_turns_it_red(tmp_path):
    frame, y = people()
    swapped = dataset(frame.with_columns(gain=-frame["gain"]), y, GOOD)
    assert "gain (shuffling it helps)" in case(tmp_path, heldout=swapped).ends(TEST, Failed)


def test_rows_dealt_to_wrong_outcomes_are_never_green(tmp_path):
    frame, y = people()
    dealt = dataset(frame, np.random.default_rng(3).permutation(y), GOOD)
    with pytest.raises((Failed, Inconclusive), match=r"gains anything|costs the model nothing"):
        case(tmp_path, heldout=dealt).run(TEST)


def test_a_constant_model_turns_it_red(tmp_path):
    from sklearn.dummy import DummyClassifier

    model = fitted(GOOD, DummyClassifier(strategy="prior"))
    assert "costs the model nothing" in case(tmp_path, model=model).ends(TEST, Failed)


def test_copies_are_shuffled_together_and_pass(tmp_path):
    names = (*GOOD, "age_months")
    known = {
        "heldout": dataset(*people(age_months=copy_of_age), names), "model": fitted(names, age_months=copy_of_age)
    }  # fmt: skip
    assert "share of the gain: age + age_months" in case(tmp_path, names, **known).run(TEST)


def test_named_groups_are_one_input(tmp_path):
    noted = case(tmp_path, groups={"work": ["hours", "ga*"]}).run(TEST)
    assert "share of the gain: work" in noted


def test_a_reason_keeps_a_column_and_an_unknown_name_is_an_error(tmp_path):
    names = (*GOOD, "noise")
    model = fitted(names)
    model.estimator.coef_[0, 3] = 0
    assert "noise" in case(tmp_path, names, model=model).ends(TEST, Failed)
    case(tmp_path, names, model=model, keep={"noise": "asked for by law"}).run(TEST)
    assert 'did you mean "noise"' in case(tmp_path, names, model=model, keep={"nose": "why"}).ends(TEST, DataError)


def test_a_sample_too_small_to_call_anything_useless_is_inconclusive(tmp_path):
    names = (*GOOD, "noise")
    model = fitted(names)
    model.estimator.coef_[0, 3] = 0.2
    small = case(tmp_path, names, heldout=dataset(*people(400), names), model=model)
    assert "hold out about" in small.ends(TEST, Inconclusive)


def test_dependent_rows_count_as_their_clusters(tmp_path):
    frame, y = people(3000)
    frame = frame.with_columns(person=np.arange(3000) % 10)
    heldout = dataset(frame, y, GOOD, cluster="person")
    assert "too few independent rows" in case(tmp_path, heldout=heldout).ends(TEST, Inconclusive)


def test_a_ranking_is_inconclusive(tmp_path):
    one = case(tmp_path)
    answers = Predictions(task="ranking", y=np.arange(6000), labels=np.arange(6000))
    one.getfixturevalue = lambda name: answers if name == "mlready_predictions" else Case.getfixturevalue(one, name)
    assert "a ranking has no loss by row" in one.ends(TEST, Inconclusive)


def test_a_model_that_refuses_shuffled_rows_is_inconclusive(tmp_path):
    def spans(X):
        if (X["end"] < X["start"]).any():
            raise ValueError("end before start")
        return X["end"].to_numpy() - X["start"].to_numpy()

    rng = np.random.default_rng(0)
    frame = people()[0].select(start=rng.random(6000), end=1 + rng.random(6000))
    frame = frame.with_columns(end=frame["start"] + frame["end"] - 1)
    y = frame["end"].to_numpy() - frame["start"].to_numpy() + 0.1 * rng.normal(size=6000)
    model = models.wrap(type("Spans", (), {"predict": staticmethod(spans)})(), source="spans", frame="polars")
    one = case(tmp_path, heldout=dataset(frame, y, ("start", "end")), model=model, correlation=1.0)
    assert "refuses rows whose inputs were shuffled" in one.ends(TEST, Inconclusive)


def test_only_the_columns_that_the_model_takes_are_its_inputs(tmp_path):
    heldout = dataset(*people(), (*GOOD, "noise"))
    assert "share of the gain: noise" not in case(tmp_path, heldout=heldout).run(TEST)


def test_more_rows_than_wanted_are_sampled(tmp_path):
    one = case(tmp_path, max_rows=2000)
    one.run(TEST)
    assert {e["n"] for e in one.evidence.notes.evidence if e["name"].startswith("loss")} == {2000}


@pytest.mark.parametrize("options", [{"repeats": 0}, {"max_rows": 0}])
def test_numbers_that_make_no_sense_are_an_error(tmp_path, options):
    assert "at least 1" in case(tmp_path, **options).ends(TEST, DataError)


def test_it_is_measured_once_a_run(tmp_path, monkeypatch):
    one = case(tmp_path)
    one.run(TEST)
    monkeypatch.setattr(one.model, "ask_proba", None)
    one.run(TEST)
    assert len(one.evidence.notes.plots) == 2
