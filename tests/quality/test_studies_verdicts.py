from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from study_records import GRID, WINNER, grid, of

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality import studies, studies_agreed, studies_bounds, studies_verdicts
from pytest_mlready.quality.studies import Range, Trial
from pytest_mlready.quality.studies_agreed import Agreed
from pytest_mlready.quality.studies_deployed import Deployed, completed, match, parameters

OPTIONS = {
    "tunables": (), "ranges": {}, "natural_bounds": (), "folds": None, "tolerance": None, "min_trials": None,
}  # fmt: skip


def outcomes(verdicts):
    return [v.outcome for v in verdicts]


def said(verdicts, outcome):
    return " ".join(v.message for v in verdicts if v.outcome == outcome)


def won(study, values, **agreed):
    return studies_verdicts.won(study, Deployed(values=values), Agreed(**agreed))


def inside(study, values, **agreed):
    return studies_bounds.inside(study, Deployed(values=values), Agreed(**agreed))


# ------------------------------------------------------------------------------------------------- what was searched


def test_a_grid_over_both_tunables_passes():
    assert outcomes(studies_verdicts.searched(grid(), Agreed())) == ["passed"] * 3


def test_a_declared_tunable_that_never_varied_fails_and_a_near_name_is_offered():
    found = studies_verdicts.searched(grid(), Agreed(tunables=("rate", "leafs")))
    assert "leafs was not searched: it is in no trial" in said(found, "failed")
    assert 'did you mean "leaves"' in said(found, "failed")


def test_a_constant_is_no_tunable_unless_it_is_declared():
    study = of(({"rate": 0.1, "seed": 7}, 0.8), ({"rate": 0.2, "seed": 7}, 0.9), ({"rate": 0.3, "seed": 7}, 0.85))
    assert outcomes(studies_verdicts.searched(study, Agreed())) == ["passed", "passed"]
    assert "had one value in all trials, 7" in said(
        studies_verdicts.searched(study, Agreed(tunables=("seed",))), "failed"
    )


def test_a_search_that_varied_nothing_fails():
    study = of(*[({"rate": 0.1}, 0.8 + n / 100) for n in range(5)])
    assert "varied nothing" in said(studies_verdicts.searched(study, Agreed()), "failed")


def test_fewer_trials_than_two_for_each_tunable_and_one_fail():
    study = of(({"a": 1, "b": 1}, 0.8), ({"a": 2, "b": 2}, 0.9), ({"a": 3, "b": 3}, 0.9), ({"a": 1, "b": 3}, 0.9))
    assert "4 trials with a score, and at least 5" in said(studies_verdicts.searched(study, Agreed()), "failed")
    assert outcomes(studies_verdicts.searched(study, Agreed(min_trials=4)))[0] == "passed"


def test_no_trial_with_a_score_is_inconclusive():
    study = of(({"a": 1}, None, {"state": "failed"}), ({"a": 2}, None, {"state": "pruned"}))
    assert outcomes(studies_verdicts.searched(study, Agreed()))[0] == "inconclusive"


def test_values_of_failed_trials_alone_are_not_searched():
    study = of(({"a": 1}, 0.8), ({"a": 1}, 0.8), ({"a": 2}, None, {"state": "failed"}))
    assert "a was not searched" in said(studies_verdicts.searched(study, Agreed(tunables=("a",))), "failed")


# ------------------------------------------------------------------------------------------------- what was deployed


def test_the_winner_passes_in_both_directions():
    assert won(grid(), WINNER).outcome == "passed"
    assert won(grid(greater=False), WINNER).outcome == "passed"


@pytest.mark.parametrize("greater", [True, False])
def test_another_setting_fails_where_nothing_tells_the_noise(greater):
    verdict = won(grid(greater=greater), {"rate": 0.1, "leaves": 31})
    assert verdict.outcome == "failed"
    assert "did not win" in verdict.message
    assert "nothing on record tells their noise" in verdict.message


def test_a_setting_that_was_never_tried_fails_with_what_won():
    verdict = won(grid(), {"rate": 0.2, "leaves": 31})
    assert verdict.outcome == "failed"
    assert "rate is 0.2 in the model, 0.05 won" in verdict.message


def test_one_standard_error_of_the_best_is_allowed_and_no_more():
    gap = GRID[0.05, 31] - GRID[0.1, 31]
    runner_up = {"rate": 0.1, "leaves": 31}
    assert won(grid(sd=2.01 * gap), runner_up, folds=5).outcome == "passed"
    assert won(grid(sd=1.99 * gap), runner_up, folds=5).outcome == "failed"
    assert won(grid(sd=2.01 * gap), runner_up).outcome == "failed"  # the number of folds is not known


def test_a_tolerance_goes_before_the_noise():
    gap = GRID[0.05, 31] - GRID[0.1, 31]
    assert won(grid(), {"rate": 0.1, "leaves": 31}, tolerance=1.01 * gap).outcome == "passed"
    assert won(grid(sd=9 * gap), {"rate": 0.1, "leaves": 31}, tolerance=0.0, folds=5).outcome == "failed"


def test_a_setting_whose_trials_failed_did_not_win():
    study = of(({"a": 1}, 0.8), ({"a": 2}, None, {"state": "failed"}), ({"a": 3}, 0.7))
    assert "in no trial with a score" in won(study, {"a": 2}).message
    assert won(study, {"a": 2}).outcome == "failed"


def test_repeats_count_by_their_mean():
    study = of(*[({"a": 1}, s) for s in (0.80, 0.95)], *[({"a": 2}, s) for s in (0.89, 0.90)], ({"a": 3}, 0.5))
    assert won(study, {"a": 2}).outcome == "passed"


def test_hyperparameters_that_a_trial_did_not_have_are_no_difference():
    study = of(
        ({"kernel": "linear"}, 0.9), ({"kernel": "rbf", "gamma": 0.1}, 0.8), ({"kernel": "rbf", "gamma": 1.0}, 0.7)
    )
    assert won(study, {"kernel": "linear", "gamma": 1.0}).outcome == "passed"
    assert won(study, {"kernel": "rbf", "gamma": 0.1}).outcome == "failed"


def test_a_trial_without_a_value_does_not_stand_for_one_that_had_another():
    study = of(({"kind": "a"}, 0.9), ({"kind": "a", "depth": 2}, 0.7), ({"kind": "a", "depth": 3}, 0.8))
    assert won(study, {"kind": "a", "depth": 2}).outcome == "failed"


def test_unknown_values_are_inconclusive():
    verdict = studies_verdicts.won(grid(), Deployed(values={}, doubts={"rate": "the model has no rate"}), Agreed())
    assert (verdict.outcome, verdict.message) == ("inconclusive", "the model has no rate")


def test_standard_errors_are_those_of_scipy():
    folds = (0.9, 0.92, 0.88, 0.95, 0.91)
    by_folds = studies.settings(of(({"a": 1}, float(np.mean(folds)), {"folds": folds})), ["a"], None)[0]
    by_sd = studies.settings(of(({"a": 1}, 0.9, {"sd": float(np.std(folds))})), ["a"], 5)[0]
    repeated = studies.settings(of(*[({"a": 1}, f) for f in folds]), ["a"], None)[0]
    assert by_folds.error == pytest.approx(stats.sem(folds))
    assert by_sd.error == pytest.approx(stats.sem(folds))
    assert repeated.error == pytest.approx(stats.sem(folds))


def test_numbers_are_one_whatever_wrote_them():
    assert studies.same(np.int64(31), 31.0)
    assert studies.same(0.1 + 0.2, 0.3)
    assert studies.same((50, 50), [50, 50])
    assert studies.same(None, "None")
    assert not studies.same(True, 1)
    assert not studies.same("31", 31)
    assert not studies.is_number(math.nan)


# ------------------------------------------------------------------------------------------------- where it lies


def test_a_winner_inside_a_grid_passes():
    assert outcomes(inside(grid(), WINNER)) == ["passed", "passed"]


@pytest.mark.parametrize(("value", "side"), [(0.03, "lower"), (0.1, "upper")])
def test_a_winner_at_the_end_of_a_grid_fails(value, side):
    found = inside(grid(), {**WINNER, "rate": value})
    assert f"rate = {value:g} lies on the {side} edge" in said(found, "failed")


def test_the_extreme_of_random_draws_is_inconclusive_without_a_range_and_judged_with_one():
    study = of(*[({"rate": 0.01 * (n + 1)}, 0.8 + 0.01 * n) for n in range(8)])
    assert outcomes(inside(study, {"rate": 0.08})) == ["inconclusive"]
    assert outcomes(inside(study, {"rate": 0.08}, ranges={"rate": Range(low=0.001, high=0.2)})) == ["passed"]
    assert outcomes(inside(study, {"rate": 0.08}, ranges={"rate": Range(low=0.001, high=0.0801)})) == ["failed"]


def test_close_to_a_bound_is_meant_by_orders_of_magnitude_where_the_search_went_so():
    plain, log = Range(low=1e-5, high=1.0), Range(low=1e-5, high=1.0, log=True)
    assert plain.edge(1e-3, 0.01) == "lower"
    assert log.edge(1e-3, 0.01) == ""
    assert log.edge(0.95, 0.01) == "upper"
    assert log.edge(1.05e-5, 0.01) == "lower"
    assert log.edge(-1.0, 0.01) == "lower"


def test_a_natural_bound_excuses_that_value_alone():
    study = of(*[({"dropout": d}, 0.9 - d) for d in (0.0, 0.1, 0.5) for _ in range(2)])
    natural = {"dropout": {0.0: "0 is no dropout"}}
    assert "natural bound: 0 is no dropout" in said(inside(study, {"dropout": 0.0}, natural=natural), "passed")
    assert outcomes(inside(study, {"dropout": 0.0})) == ["failed"]
    assert outcomes(inside(study, {"dropout": 0.5}, natural=natural)) == ["failed"]


def test_choices_without_an_order_have_no_edge():
    study = of(*[({"kind": k, "depth": d}, 0.9) for k in ("a", "b") for d in (None, 3, 5)])
    found = inside(study, {"kind": "a", "depth": 5})
    assert outcomes(found) == ["passed"]
    assert "no hyperparameter has an order" in found[0].message


# ------------------------------------------------------------------------------------------------- on what data

TRAIN, HELDOUT, OTHER = "a" * 64, "b" * 64, "c" * 64


@pytest.mark.parametrize(
    ("digests", "given", "outcome"),
    [
        ({TRAIN, OTHER}, {}, "passed"),
        ({TRAIN, HELDOUT}, {}, "failed"),
        ({OTHER}, {}, "inconclusive"),
        (set(), {}, "inconclusive"),
        ({HELDOUT}, {"stated": {TRAIN}}, "passed"),
        ({TRAIN}, {"stated": {HELDOUT}}, "failed"),
        (set(), {"stated": {OTHER}}, "inconclusive"),
        (set(), {"files": {OTHER}}, "passed"),
        ({TRAIN}, {"files": {HELDOUT}}, "failed"),
    ],
)
def test_selection_is_judged_by_digests(digests, given, outcome):
    verdict = studies_bounds.other_data(grid(digests=frozenset(digests)), train={TRAIN}, heldout={HELDOUT}, **given)
    assert verdict.outcome == outcome


# ------------------------------------------------------------------------------------------------- the model's values


def test_values_are_matched_by_name_then_by_end_in_either_direction():
    known = {"classifier__rate": 0.1, "classifier": "Trees()", "depth": 3, "verbose": 0}
    assert match(known, ["rate", "model__depth", "classifier__rate"]).values == {
        "rate": 0.1, "model__depth": 3, "classifier__rate": 0.1,
    }  # fmt: skip


def test_a_name_that_fits_two_parameters_of_different_value_is_a_doubt():
    found = match({"a__C": 1.0, "b__C": 2.0}, ["C"])
    assert found.doubts == {"C": "C could be a__C or b__C of the model"}
    assert match({"a__C": 1.0, "b__C": 1.0}, ["C"]).values == {"C": 1.0}
    assert match({"a__C": 1.0, "b__C": 2.0}, ["C"], renamed={"C": "b__C"}).values == {"C": 2.0}


def test_an_unknown_name_is_a_doubt_with_the_nearest_one():
    assert 'did you mean "depth"' in match({"depth": 3}, ["depht"]).doubts["depht"]


def test_a_record_completes_what_the_artifact_does_not_show():
    first, second = match({"a": 1}, ["a", "b"]), match({"a": 9, "b": 2}, ["a", "b"], source="record.json")
    assert completed(first, second).values == {"a": 1, "b": 2}
    assert not completed(first, second).doubts
    assert "b" in completed(first, match({}, ["a", "b"])).doubts


def test_a_fitted_search_shows_the_parameters_of_its_winner():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    X, y = np.array([[0.0], [1.0], [2.0], [3.0]] * 5), np.array([0, 0, 1, 1] * 5)
    search = GridSearchCV(LogisticRegression(C=100.0), {"C": [0.1, 1.0]}, cv=2).fit(X, y)
    assert parameters(search)["C"] == search.best_params_["C"]
    assert parameters(object()) is None


# ------------------------------------------------------------------------------------------------- what teams say


def test_ranges_and_natural_bounds_are_read_or_refused():
    agreed = studies_agreed.read({
        **OPTIONS, "ranges": {"rate": [0.01, 0.1], "l2": {"low": 1e-6, "high": 1.0, "log": True}},
        "natural_bounds": ({"name": "dropout", "value": 0, "reason": "none"},),
    })  # fmt: skip
    assert agreed.ranges == {"rate": Range(low=0.01, high=0.1), "l2": Range(low=1e-6, high=1.0, log=True)}
    assert agreed.natural == {"dropout": {0.0: "none"}}
    for bad in ([0.1], [0.1, 0.01], [0.1, 0.2, 0.3], {"low": 1}, "0.1"):
        with pytest.raises(DataError, match=r"ranges\.rate"):
            studies_agreed.read({**OPTIONS, "ranges": {"rate": bad}})
    for bad in (
        {"name": "a", "value": 0.0},
        {"name": "a", "value": 0.0, "reason": " "},
        {"name": "a", "value": "x", "reason": "y"},
    ):
        with pytest.raises(DataError, match="natural_bounds"):
            studies_agreed.read({**OPTIONS, "natural_bounds": (bad,)})


@pytest.mark.parametrize(
    ("stated", "recorded", "score", "more"),
    [("minimize", True, "roc_auc", False), (None, True, "x", True), (None, None, "roc_auc", True), (None, None, "rmse", False),
     (None, None, "auc", True), (None, None, "neg_log_loss", True)],
)  # fmt: skip
def test_the_direction_is_stated_or_recorded_or_that_of_a_known_metric(stated, recorded, score, more):
    assert studies_agreed.greater(stated, grid(greater=True if recorded is None else recorded, score=score).__class__(
        source="s", tool="table", trials=(), score=score, greater=recorded)) is more  # fmt: skip


def test_an_unknown_direction_is_inconclusive_and_a_misspelt_one_an_error():
    study = of(({"a": 1}, 0.5), score="profit", greater=None)
    with pytest.raises(Inconclusive, match='more of "profit" is better'):
        studies_agreed.greater(None, study)
    with pytest.raises(DataError, match='did you mean "maximize"'):
        studies_agreed.greater("maximise", study)


def test_a_study_lists_what_was_varied():
    study = of(({"a": 1, "b": 2}, 0.1), ({"a": 1.0, "b": 3}, 0.2))
    assert study.searched == ("b",)
    assert study.values("a") == (1,)
    assert isinstance(study.trials[0], Trial)
