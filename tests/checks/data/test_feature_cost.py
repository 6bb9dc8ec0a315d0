from __future__ import annotations

import json

import pytest
from feature_projects import Case, dataset, fitted, people

from pytest_mlready.checks.data import feature_cost as check
from pytest_mlready.checks.data import features_beneficial
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError, Unverified

BUDGET, WORTH = check.test_costs_are_within_budget, check.test_no_cost_without_gain
GOOD = ("age", "hours", "gain")
ENTRY = {
    "latency": "2 ms", "memory": "1 kB", "compute": "1 ms", "dependencies": ["profile store"], "owner": "team",
    "source": "profile store", "basis": "estimated",
}  # fmt: skip
BUDGETS = {"latency": "10 ms", "memory": "1 MB", "compute": "5 ms"}


def case(root, features=GOOD, *, entries=None, budgets=None, document=None, keep=None, **more):
    """A project whose manifest has the same entry for every input, but for what `entries` says."""
    if document is None:
        document = {"version": 1, "features": dict.fromkeys(features, ENTRY) | (entries or {})}
    (root / "costs.json").write_text(json.dumps(document))
    options = {"manifest": "costs.json", **(BUDGETS if budgets is None else budgets), **more.pop("options", {})}
    items = {check.ITEM.id: options, features_beneficial.ITEM.id: {"keep": keep or {}}}
    return Case(root, features, items=items, **more)


def idle():
    """Four inputs, of which the model does not use the last."""
    names = (*GOOD, "noise")
    model = fitted(names)
    model.estimator.coef_[0, 3] = 0
    return {"features": names, "model": model, "heldout": dataset(*people(), names)}


def test_a_manifest_within_its_budgets_passes_and_records_the_totals(tmp_path):
    one = case(tmp_path)
    noted = one.run(BUDGET)
    assert noted["total latency of inputs"] == pytest.approx(0.006)
    assert noted["inputs with a cost entry"] == 3
    assert one.evidence.notes.grade == "static"


def test_costs_with_a_gain_that_this_run_measures_pass(tmp_path):
    one = case(tmp_path)
    assert one.run(WORTH)["latency of age"] == 0.002
    assert one.evidence.notes.grade == "replayed"


def test_no_manifest_is_unverified(tmp_path):
    one = Case(tmp_path, GOOD)
    assert 'manifest = "feature-costs.yaml"' in one.ends(BUDGET, Unverified)
    assert "no manifest says" in one.ends(WORTH, Unverified)


def test_an_input_without_an_entry_turns_it_red(tmp_path):
    document = {"version": 1, "features": {"age": ENTRY, "hourz": ENTRY, "gain": ENTRY}}
    said = case(tmp_path, document=document).ends(BUDGET, Failed)
    assert 'no entry for the inputs hours; entries that are no input: hourz; did you mean "hours"' in said


def test_one_slow_input_turns_it_red(tmp_path):
    said = case(tmp_path, entries={"gain": {**ENTRY, "latency": "80 ms"}}).ends(BUDGET, Failed)
    assert "the inputs cost 84 ms of latency, the budget is 10 ms; the dearest are gain 80 ms" in said


def test_a_slow_source_may_hide_behind_another_only_in_parallel(tmp_path):
    entries = {"gain": {**ENTRY, "source": "bureau", "latency": "7 ms"}}
    case(tmp_path, entries=entries, options={"parallel": True}).run(BUDGET)
    assert "11 ms" in case(tmp_path, entries=entries).ends(BUDGET, Failed)


def test_too_many_systems_turn_it_red(tmp_path):
    entries = {"gain": {**ENTRY, "dependencies": ["bureau", "ledger"]}}
    said = case(tmp_path, entries=entries, options={"dependencies": 2}).ends(BUDGET, Failed)
    assert "depend on 3 systems, the budget is 2" in said


def test_a_cost_that_buys_nothing_turns_it_red_unless_kept_for_a_reason(tmp_path):
    assert "the cost buys nothing: noise" in case(tmp_path, **idle()).ends(WORTH, Failed)
    case(tmp_path, **idle(), keep={"noise": "asked for by law"}).run(WORTH)


def test_a_free_input_that_buys_nothing_is_not_this_items_finding(tmp_path):
    free = {**ENTRY, "latency": 0, "memory": 0, "compute": 0}
    assert case(tmp_path, entries={"noise": free}, **idle()).run(WORTH)


def test_a_budget_that_is_missing_is_inconclusive(tmp_path):
    said = case(tmp_path, budgets={"latency": "10 ms"}).ends(BUDGET, Inconclusive)
    assert "of memory, and no budget is set" in said


def test_gains_that_this_run_cannot_tell_are_inconclusive(tmp_path):
    small = dataset(*people(60), GOOD)
    assert "nobody can tell" in case(tmp_path, heldout=small).ends(WORTH, Inconclusive)


def test_numbers_that_are_none_are_an_error(tmp_path):
    broken = {**ENTRY, "latency": float("nan"), "memory": -1}
    said = case(tmp_path, entries={"gain": broken}).ends(BUDGET, DataError)
    assert "2 mistakes" in said
    assert "features.gain.latency is nan" in said


def test_a_measured_figure_needs_a_record_that_is_there(tmp_path):
    entries = {"gain": {**ENTRY, "basis": "measured", "record": "trace.json"}}
    assert "trace.json" in case(tmp_path, entries=entries).ends(BUDGET, ReadinessError)
    (tmp_path / "trace.json").write_text("{}")
    assert case(tmp_path, entries=entries).run(BUDGET)["entries that are measured"] == 1


def test_a_manifest_that_is_not_there_is_an_error_with_the_near_name(tmp_path):
    one = case(tmp_path, options={"manifest": "cost.json"})
    assert 'did you mean "costs.json"' in one.ends(BUDGET, ReadinessError)


def saved(root, sha256, **gains):
    features = {n: {"gain": g, "lower": g, "upper": g} for n, g in gains.items()}
    (root / "gains.json").write_text(json.dumps({"version": 1, "features": features} | sha256))


def test_saved_gains_of_this_model_take_the_place_of_a_measurement(tmp_path):
    saved(tmp_path, {"model_sha256": "a" * 64}, age=0.5, hours=0.3, gain=0.0)
    one = case(tmp_path, options={"gains": "gains.json"})
    assert "the cost buys nothing: gain" in one.ends(WORTH, Failed)
    assert one.evidence.notes.grade == "static"


@pytest.mark.parametrize(
    ("sha256", "said"), [({"model_sha256": "b" * 64}, "is of the model bbbb"), ({}, "does not say of which model")]
)
def test_saved_gains_of_another_model_are_inconclusive(tmp_path, sha256, said):
    saved(tmp_path, sha256, age=0.5, hours=0.3, gain=0.2)
    assert said in case(tmp_path, options={"gains": "gains.json"}).ends(WORTH, Inconclusive)


def test_both_items_measure_the_gains_once(tmp_path):
    one = case(tmp_path)
    one.run(features_beneficial.test_no_feature_is_useless)
    study = one.stash[features_beneficial.STUDY]
    one.run(WORTH)
    assert one.stash[features_beneficial.STUDY] is study
