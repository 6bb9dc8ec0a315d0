from __future__ import annotations

import pytest

from pytest_mlready import units
from pytest_mlready.errors import DataError
from pytest_mlready.features import cost, cost_verdicts, saved_gains
from pytest_mlready.features.importance_gains import Gain

FREE = {"latency": 0, "memory": 0, "money": 0}


def manifest(features=None, **more):
    features = features if features is not None else {"age": {}, "hours": {}}
    shared = {"owner": "team", "basis": "estimated", "source": "request", "dependencies": ["questionnaire"]}
    content = {"version": 1, "defaults": shared, **more}
    content["features"] = {n: {**FREE, **e} if isinstance(e, dict) else e for n, e in features.items()}
    return cost.manifest(content, seconds=units.seconds, size=units.byte_count)


def mistake(features=None, **more):
    with pytest.raises(DataError) as caught:
        manifest(features, **more)
    return str(caught.value)


def test_an_entry_holds_what_it_says_and_what_all_share():
    age = manifest({"age": {"latency": "2 ms", "memory": "2 kB", "compute": "1 ms", "dependencies": ["a", "b"]}}).costs[
        "age"
    ]
    assert (age.latency, age.memory, age.money, age.compute) == (0.002, 2000.0, 0.0, 0.001)
    assert (age.dependencies, age.owner, age.source, age.measured) == (("a", "b"), "team", "request", False)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"latency": float("nan")}, "features.age.latency is nan, expected a duration"),
        ({"latency": -1}, "features.age.latency is -1"),
        ({"latency": "-1 ms"}, "features.age.latency is '-1 ms'"),
        ({"latency": "2 m"}, 'did you mean "min"'),
        ({"memory": "2 mb"}, 'did you mean "MB"'),
        ({"memory": -5}, "not negative"),
        ({"money": float("inf")}, "features.age.money is inf"),
        ({"money": float("nan")}, "features.age.money is nan"),
        ({"money": True}, "features.age.money is True"),
        ({"compute": "soon"}, "features.age.compute is 'soon'"),
        ({"latncy": 0}, 'latncy is unknown, did you mean "latency"'),
        ({"basis": "guessed"}, "expected measured or estimated"),
        ({"basis": "measured"}, "record names no file"),
        ({"owner": " "}, "features.age.owner"),
        ({"dependencies": "questionnaire"}, "expected a list of names"),
        ({"latency": None}, "features.age.latency is missing"),
    ],
)
def test_a_mistake_in_an_entry_is_named_with_its_place(entry, said):
    assert said in mistake({"age": entry})


def test_an_entry_without_money_and_compute_or_with_nothing_is_a_mistake():
    content = {"version": 1, "features": {"age": {"latency": 0}}}
    with pytest.raises(DataError) as caught:
        cost.manifest(content, seconds=units.seconds, size=units.byte_count)
    for missing in ("memory", "dependencies", "owner", "source", "basis"):
        assert f"features.age has no {missing}" in str(caught.value)
    assert "neither money nor compute" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "version is 2"),
        ({"features": {}}, "an entry for each input"),
        ({"features": {"age": 3}}, "features.age is 3"),
        ({"sources": {"store": {"fetch": "twice"}}}, "expected together or each"),
        ({"sources": {"store": None}}, "sources.store"),
        ({"sources": ["store"]}, "sources is ['store'], expected a table"),
        ({"defaults": "x"}, "defaults is 'x', expected a table"),
        ({"defaults": {"latency": 0}}, "defaults: latency is unknown"),
        ({"features": {"age": {"money": 1}}}, "currency does not say"),
        ({"budget": 1}, "budget is unknown"),
    ],
)
def test_a_mistake_in_the_document_is_named(change, said):
    features = change.pop("features", None)
    assert said in mistake(features, **change)


@pytest.mark.parametrize("content", [None, [], "x", {"version": 1, "features": None}])
def test_what_is_no_manifest_is_refused(content):
    with pytest.raises(DataError):
        cost.manifest(content, seconds=units.seconds, size=units.byte_count)


SLOW = {
    "a": {"latency": "5 ms", "source": "store"},
    "b": {"latency": "7 ms", "source": "store"},
    "c": {"latency": "4 ms", "source": "bureau"},
    "d": {"latency": "1 ms", "source": "request"},
}


@pytest.mark.parametrize(
    ("fetch", "parallel", "expected"),
    [("each", False, 0.017), ("together", False, 0.012), ("each", True, 0.012), ("together", True, 0.007)],
)
def test_latency_adds_up_as_inputs_are_fetched(fetch, parallel, expected):
    found = manifest(SLOW, sources={"store": {"fetch": fetch}})
    costs = list(found.costs.values())
    assert cost.total(costs, "latency", together=found.together, parallel=parallel) == pytest.approx(expected)


def test_memory_money_and_compute_always_add_up():
    found = manifest({n: {"memory": 10, "money": 0.5, "compute": 1} for n in "abc"}, currency="EUR")
    totals = [cost.total(list(found.costs.values()), kind, parallel=True) for kind in ("memory", "money", "compute")]
    assert totals == [30, 1.5, 3]


# -- verdicts


def budgets(found, limits, inputs=None, *, parallel=False):
    verdicts = cost_verdicts.judge_budgets(found, inputs or list(found.costs), limits, parallel=parallel)
    return {v.outcome for v in verdicts}, " ".join(v.message for v in verdicts)


def test_an_entry_for_each_input_passes_and_measured_ones_are_counted():
    found = manifest({"age": {"basis": "measured", "record": "trace.json"}, "hours": {}})
    verdict = cost_verdicts.judge_entries(found, ["age", "hours"])
    assert verdict.outcome == "passed"
    assert [m.value for m in verdict.measurements] == [2, 1]


def test_a_missing_entry_and_one_without_an_input_fail_with_the_near_name():
    verdict = cost_verdicts.judge_entries(manifest({"age": {}, "hour": {}}), ["age", "hours"])
    assert verdict.outcome == "failed"
    assert 'no entry for the inputs hours; entries that are no input: hour; did you mean "hours"' in verdict.message


def test_a_model_without_known_inputs_is_inconclusive():
    assert cost_verdicts.judge_entries(manifest(), []).outcome == "inconclusive"


def test_totals_within_their_budgets_pass():
    outcomes, said = budgets(manifest(SLOW), {"latency": 0.02})
    assert (outcomes, said) == ({"passed"}, "the inputs cost 17 ms of latency, the budget is 20 ms")


def test_a_total_above_its_budget_fails_and_names_the_dearest():
    outcomes, said = budgets(manifest(SLOW), {"latency": 0.01})
    assert outcomes == {"failed"}
    assert "the dearest are b 7 ms, a 5 ms, c 4 ms" in said


def test_what_is_fetched_in_parallel_may_fit_where_the_sum_does_not():
    found = manifest(SLOW, sources={"store": {"fetch": "together"}})
    assert budgets(found, {"latency": 0.01})[0] == {"failed"}
    assert budgets(found, {"latency": 0.01}, parallel=True)[0] == {"passed"}


def test_a_total_exactly_at_its_budget_passes():
    assert budgets(manifest({"a": {"latency": "10 ms"}}), {"latency": 0.01})[0] == {"passed"}


@pytest.mark.parametrize("kind", ["latency", "memory", "money", "compute"])
def test_a_cost_without_a_budget_is_inconclusive(kind):
    found = manifest({"a": {kind: 3}}, currency="EUR")
    outcomes, said = budgets(found, {"latency": 10 if kind != "latency" else None})
    assert "inconclusive" in outcomes
    assert f"of {kind}, and no budget is set" in said


def test_no_budget_at_all_is_inconclusive_even_where_nothing_costs_anything():
    assert budgets(manifest(), {})[0] == {"inconclusive"}


def test_entries_that_are_no_input_do_not_count_in_the_total():
    assert budgets(manifest(SLOW), {"latency": 0.005}, ["c", "d"])[0] == {"passed"}


@pytest.mark.parametrize(("budget", "outcome"), [(None, "passed"), (2, "passed"), (1, "failed")])
def test_systems_are_counted_once_and_held_against_their_budget(budget, outcome):
    found = manifest({"a": {"dependencies": ["x", "y"]}, "b": {"dependencies": ["y"]}})
    verdict = cost_verdicts.judge_dependencies(found, ["a", "b"], budget)
    assert (verdict.outcome, verdict.measurements[0].value) == (outcome, 2)


def gain(name, standing="beneficial", *members):
    return Gain(name=name, members=members or (name,), share=0.1, lower=0, upper=1, standing=standing)


def worth(found, *gains, keep=()):
    verdicts = cost_verdicts.judge_worth(found, gains, list(found.costs), keep)
    return {v.outcome for v in verdicts}, " ".join(v.message for v in verdicts), verdicts[0].measurements


def test_costs_that_buy_something_pass_and_stand_beside_their_gain():
    outcomes, _, numbers = worth(manifest({"a": {"latency": "5 ms"}}), gain("a"))
    assert outcomes == {"passed"}
    assert numbers[0].note == "gain 10 % (beneficial); latency 5 ms; estimated; owner team"


def test_a_cost_that_buys_nothing_fails_unless_it_stays_for_a_reason():
    found = manifest({"a": {"latency": "5 ms"}, "b": {}})
    outcomes, said, _ = worth(found, gain("a", "useless"), gain("b", "useless"))
    assert outcomes == {"failed"}
    assert "of 1 inputs the cost buys nothing: a (latency 5 ms)" in said
    assert worth(found, gain("a", "useless"), keep=("a",))[0] == {"passed"}


@pytest.mark.parametrize("gains", [(), (gain("a", "undecided"),)])
def test_a_cost_of_which_nobody_knows_what_it_buys_is_inconclusive(gains):
    assert worth(manifest({"a": {"memory": 5}}), *gains)[0] == {"inconclusive"}


def test_the_gain_of_a_group_is_that_of_its_members():
    found = manifest({"a": {"memory": 5}, "b": {"memory": 5}})
    assert worth(found, gain("a + b", "useless", "a", "b"))[0] == {"failed"}
    assert worth(found, gain("a + b", "beneficial", "a", "b"))[0] == {"passed"}


def test_a_manifest_of_zeros_that_nobody_measured_is_inconclusive():
    assert worth(manifest({"a": {}}), gain("a"))[0] == {"inconclusive"}
    measured = manifest({"a": {"basis": "measured", "record": "trace.json"}})
    assert worth(measured, gain("a"))[0] == {"passed"}


# -- saved gains


def saved(features, **more):
    return saved_gains.gains({"version": 1, "features": features, **more}, limit=0.005)


@pytest.mark.parametrize(
    ("bounds", "standing"),
    [((0.0, 0.004), "useless"), ((0.001, 0.3), "beneficial"), ((-0.01, 0.3), "undecided"), ((0.0, 0.0), "useless")],
)
def test_saved_gains_are_judged_by_their_bounds(bounds, standing):
    lower, upper = bounds
    assert saved({"a": {"gain": lower, "lower": lower, "upper": upper}})[0].standing == standing


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({}, "expected the keys"),
        ({"a": 0.1}, "expected the numbers gain, lower, upper"),
        ({"a": {"gain": 0.1}}, "expected the numbers"),
        ({"a": {"gain": float("nan"), "lower": 0, "upper": 1}}, "finite numbers"),
        ({"a": {"gain": 2, "lower": 0, "upper": 1}}, "not between lower and upper"),
    ],
)
def test_saved_gains_that_cannot_be_used_are_refused(features, said):
    with pytest.raises(DataError, match=said):
        saved(features)


def test_unknown_keys_of_saved_gains_are_named():
    with pytest.raises(DataError, match='model_sha is unknown, did you mean "model_sha256"'):
        saved({"a": {"gain": 0, "lower": 0, "upper": 0}}, model_sha="x")
