"""What a run is judged by: written down key by key, and every loosening is seen as one."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_mlready import loosening, yardstick
from pytest_mlready.settings import Metric, Settings, Waiver

DATA = {"target": "income", "positive": ">50K", "subgroups": ("sex", ("sex", "race")), "group": "person"}
BASE = {
    "system": "income",
    "task": "binary-classification",
    "risk": "high",
    "data": DATA,
    "metrics": {"roc_auc": {"min": 0.9}, "rmse": {"max": 2.0}},
    "model": {"max_size": 5_000_000},
    "endpoint": {"slo": {"p99": 0.25, "errors": 0.001}, "peak_rps": 40.0},
    "gate": {"min_score": 2.0, "required": ("security.*",)},
}


@pytest.fixture
def judged(catalog):
    def write(**more):
        return yardstick.write(Settings.model_validate({**BASE, **more}), catalog.items.values())

    return write


def ways(before, after):
    return {change.what: change.way for change in loosening.changes(before, after)}


@pytest.mark.parametrize(
    ("table", "what", "way"),
    [
        ({"metrics": {"roc_auc": {"min": 0.88}, "rmse": {"max": 2.0}}}, "metrics.roc_auc.min", "looser"),
        ({"metrics": {"roc_auc": {"min": 0.92}, "rmse": {"max": 2.0}}}, "metrics.roc_auc.min", "tighter"),
        ({"metrics": {"roc_auc": {"min": 0.9}, "rmse": {"max": 3.0}}}, "metrics.rmse.max", "looser"),
        ({"metrics": {"rmse": {"max": 2.0}}}, "metrics.roc_auc.min", "looser"),
        ({"model": {"max_size": 9_000_000}}, "model.max_size", "looser"),
        ({"endpoint": {"slo": {"p99": 0.5, "errors": 0.001}, "peak_rps": 40.0}}, "endpoint.slo.p99", "looser"),
        ({"endpoint": {"slo": {"p99": 0.25, "errors": 0.001}, "peak_rps": 10.0}}, "endpoint.peak_rps", "looser"),
        ({"gate": {"min_score": 1.0, "required": ("security.*",)}}, "gate.min_score", "looser"),
        ({"gate": {"min_score": 2.0, "required": ()}}, "gate.required", "looser"),
        ({"gate": {"min_score": 2.0, "required": ("security.*", "rollback.*")}}, "gate.required", "tighter"),
        ({"gate": {**BASE["gate"], "accept_attested": True}}, "gate.accept_attested", "looser"),
        ({"confidence": 0.9}, "confidence", "looser"),
        ({"not_applicable": {"infrastructure.autoscaling": "fixed load"}}, "not_applicable.infrastructure.autoscaling", "looser"),
        ({"items": {"security.no_secrets": {"builtin": False, "reason": "ours"}}}, "items.security.no_secrets.builtin", "looser"),
        ({"items": {"infrastructure.load_test": {"factor": 1.0}}}, "items.infrastructure.load_test.factor", "changed"),
        ({"items": {"infrastructure.cold_start": {"limit": "90 s"}}}, "items.infrastructure.cold_start.limit", "changed"),
        ({"items": {"monitoring.feature_drift": {"ignore": ["age"]}}}, "items.monitoring.feature_drift.ignore", "looser"),
        ({"task": "regression"}, "task", "changed"),
        ({"risk": "minimal"}, "risk", "looser"),
        ({"data": {**DATA, "positive": "<=50K"}}, "data.positive", "changed"),
        ({"data": {**DATA, "target": "other"}}, "data.target", "changed"),
        ({"data": {**DATA, "subgroups": ("sex",)}}, "data.subgroups", "looser"),
        ({"data": {**DATA, "subgroups": ()}}, "data.subgroups", "looser"),
        ({"data": {**DATA, "subgroups": ("sex", ("sex", "race"), "age")}}, "data.subgroups", "tighter"),
        ({"data": {k: v for k, v in DATA.items() if k != "group"}}, "data.group", "looser"),
        ({"data": {**DATA, "cluster": "household"}}, "data.cluster", "tighter"),
        ({"data": {**DATA, "weight": "w"}}, "data.weight", "changed"),
        ({"model": {"max_size": 5_000_000, "trust": ("0" * 64,)}}, "model.trust", "looser"),
        ({"model": {"max_size": 5_000_000, "trusted_types": ("team.Model",)}}, "model.trusted_types", "looser"),
        ({"model": {"max_size": 5_000_000, "first_release": "new"}}, "model.first_release", "looser"),
        ({"endpoint": {**BASE["endpoint"], "url": "http://127.0.0.1:1"}}, "endpoint.by", "tighter"),
        ({"endpoint": {**BASE["endpoint"], "expect": "answer.json"}}, "endpoint.expect", "tighter"),
        ({"endpoint": {**BASE["endpoint"], "side": ("http://127.0.0.1:9/metrics",)}}, "endpoint.side", "tighter"),
        ({"rubrics": ("ours.toml",)}, "rubrics", "tighter"),
        ({"endpoint": {**BASE["endpoint"], "start_limit": 600.0}}, "endpoint.start_limit", "looser"),
        ({"deploy": {"manifests": ("k8s/good.yaml",)}}, "deploy.manifests", "changed"),
        ({"metrics": {**BASE["metrics"], "roc_auc": {"min": 0.9, "margin": 0.5}}}, "metrics.roc_auc.margin", "changed"),
        ({"metrics": {**BASE["metrics"], "roc_auc": {"min": 0.9, "subgroup_min": 0.1}}}, "metrics.roc_auc.subgroup_min", "changed"),
        ({"items": {"model_quality.inclusion": {"must": ["sex=Female"]}}}, "items.model_quality.inclusion.must", "changed"),
        ({"items": {"infrastructure.model_spec_unit_tests": {"no_steps": "closed form"}}}, "items.infrastructure.model_spec_unit_tests.no_steps", "changed"),
        ({"items": {"security.input_validation": {"allow": {"null": "we take it"}}}}, "items.security.input_validation.allow", "looser"),
        ({"items": {"monitoring.prediction_quality": {"limits": {"roc_auc": 0.5}}}}, "items.monitoring.prediction_quality.limits.roc_auc", "changed"),
        ({"gate": {**BASE["gate"], "required": ("security.no_secrets",)}}, "gate.required", "looser"),
        ({"gate": {**BASE["gate"], "required": ("*",)}}, "gate.required", "tighter"),
    ],
)  # fmt: skip
def test_a_loosened_key_is_seen_as_one(judged, table, what, way):
    assert ways(judged(), judged(**table)) == {what: way}


def test_what_only_the_service_was_held_to_may_not_be_taken_away(judged):
    side = ("http://127.0.0.1:9/metrics", "http://127.0.0.1:8/admin")
    whole = {**BASE["endpoint"], "start": "serve", "expect": "answer.json", "side": side}
    for less, key, way in (
        ({"side": side[:1]}, "endpoint.side", "looser"),
        ({"side": ()}, "endpoint.side", "looser"),
        ({"expect": None}, "endpoint.expect", "looser"),
        ({"start": None}, "endpoint.by", "looser"),
        ({"start": None, "url": "http://127.0.0.1:1"}, "endpoint.by", "changed"),
    ):
        assert ways(judged(endpoint=whole), judged(endpoint={**whole, **less})) == {key: way}
    renamed = judged(endpoint={**whole, "expect": "answers/one.json"})
    assert ways(judged(endpoint=whole), renamed) == {}


def test_a_floor_that_becomes_a_ceiling_is_a_floor_that_is_gone(judged):
    turned = judged(metrics={"roc_auc": {"max": 0.9}, "rmse": {"max": 2.0}})
    assert ways(judged(), turned) == {"metrics.roc_auc.max": "tighter", "metrics.roc_auc.min": "looser"}


def test_a_whole_table_that_is_gone_is_looser_key_by_key(judged):
    found = ways(judged(gate={**BASE["gate"], "min_checklist": 0.5, "ratchet": "r.json"}), judged(gate={}))
    keys = ("min_checklist", "min_score", "ratchet", "required")
    assert found == {f"gate.{key}": "looser" for key in keys}


def test_a_rubric_that_is_gone_is_looser(judged):
    assert ways(judged(rubrics=("a.toml", "b.toml")), judged(rubrics=("a.toml",))) == {"rubrics": "looser"}


def test_whatever_a_new_metric_asks_is_more(judged):
    new = {"min": 0.2, "margin": 0.5, "subgroup_min": 0.1}
    found = ways(judged(), judged(metrics={**BASE["metrics"], "f1": new}))
    assert found == {f"metrics.f1.{key}": "tighter" for key in new}


@pytest.mark.parametrize(
    ("option", "value", "way"),
    [("factor", 1.0, "looser"), ("factor", 3.0, "tighter"), ("factor", 2.0, None), ("factor", 2, None)],
)
def test_an_option_that_one_of_them_leaves_to_its_default_is_held_against_that(judged, catalog, option, value, way):
    load, key = "infrastructure.load_test", f"items.infrastructure.load_test.{option}"
    settings = {"items": {load: {option: value}}}
    unset = yardstick.defaults(Settings.model_validate({**BASE, **settings}), catalog.items.values())
    assert unset == {key: 2.0}
    back = {"looser": "tighter", "tighter": "looser"}
    for pair, expected in (((judged(), judged(**settings)), way), ((judged(**settings), judged()), back.get(way))):
        found = {change.what: change.way for change in loosening.changes(*pair, unset=unset)}
        assert found == ({key: expected} if expected else {})


def test_a_new_and_a_longer_waiver_are_looser_and_an_ended_one_is_not(judged):
    def waived(day):
        return judged(waivers=(Waiver(item="security.network_policy", owner="p", reason="r", expires=day),))

    first, later, key = dt.date(2027, 1, 31), dt.date(2027, 3, 31), "waivers.security.network_policy"
    assert ways(judged(), waived(first)) == {key: "looser"}
    assert ways(waived(first), waived(later)) == {key: "looser"}
    assert ways(waived(later), waived(first)) == {key: "tighter"}
    assert ways(waived(first), judged()) == {key: "tighter"}


def test_an_option_that_both_give_is_looser_or_tighter_and_one_of_our_defaults_is_no_policy(judged):
    def factor(value):
        return judged(items={"infrastructure.load_test": {"factor": value}})

    key = "items.infrastructure.load_test.factor"
    assert (ways(factor(2.0), factor(1.0)), ways(factor(2.0), factor(3.0))) == ({key: "looser"}, {key: "tighter"})
    assert not [key for key in judged() if key.startswith("items.")]


@pytest.mark.parametrize(
    ("item", "option", "before", "after", "way"),
    [
        ("model_quality.inclusion", "must", ["sex=Female", "race"], ["race"], "looser"),
        ("model_quality.inclusion", "must", ["race"], ["race", "sex=Female"], "tighter"),
        ("compliance.regulatory_requirements", "regimes", ["gdpr", "eu-ai-act"], ["gdpr"], "looser"),
        ("security.authentication", "kinds", ["none", "expired"], ["none"], "looser"),
        ("security.authentication", "open", ["GET /a"], ["GET /a", "POST /predict"], "looser"),
        ("security.input_validation", "allow", {"null": "reason"}, {"null": "another reason", "long": "r"}, "looser"),
        ("data.features_beneficial", "keep", {"age": "law", "sex": "law"}, {"age": "law"}, "tighter"),
        ("data.features_beneficial", "max_rows", 50_000, 500, "looser"),
        ("data.features_beneficial", "max_rows", 50_000, 100_000, "tighter"),
        ("security.input_validation", "time_budget", "60 s", "1 s", "looser"),
        ("model_quality.subgroup_performance", "max_groups", 200, 1, "looser"),
        ("data.feature_cost", "money", 1.0, 2.0, "looser"),
        ("monitoring.data_invariants", "breach", 0.2, 0.9, "looser"),
        ("monitoring.model_staleness", "stages", [{"name": "data", "max_age": "9 d"}], [{"name": "data", "max_age": "90 d"}], "looser"),
    ],
)  # fmt: skip
def test_an_option_knows_its_way(judged, item, option, before, after, way):
    found = ways(*(judged(items={item: {option: value}}) for value in (before, after)))
    assert found == {f"items.{item}.{option}": way}


def test_what_is_only_written_otherwise_is_no_change(judged):
    def written(**table):
        return judged(items={"infrastructure.cold_start": table, "model_quality.inclusion": table.pop("inclusion")})

    one = written(limit="90 s", repeats=5, inclusion={"must": ["a", "b"], "power": 1})
    two = written(repeats=5, limit=90, inclusion={"must": ["b", "a"], "power": 1.0})
    assert ways(one, two) == {}
    turned = {**DATA, "subgroups": (("sex", "race"), "sex")}
    assert ways(judged(), judged(data=turned, gate={"required": ("security.*",), "min_score": 2})) == {}
    both = ({"gate": {**BASE["gate"], "required": required}} for required in (("a.*", "b.*"), ("b.*", "a.*")))
    assert ways(*(judged(**table) for table in both)) == {}


def test_where_things_lie_is_no_policy(judged):
    moved = {"data": {**DATA, "train": "data/train.csv"}, "model": {"max_size": 5_000_000, "path": "new.skops"}}
    items = {"documentation.model_card": {"card": "docs/card.md"}, "monitoring.error_rates": {"labels": {"job": "x"}}}
    assert ways(judged(), judged(**moved, items=items)) == {}


def test_a_report_that_knew_nothing_of_a_key_is_not_held_to_it(judged):
    old = {key: value for key, value in judged().items() if not key.startswith(("data.", "task", "risk", "deploy."))}
    assert ways(old, judged(task="regression", data={})) == {}


def test_nothing_changed_is_nothing_loosened(judged):
    assert ways(judged(), judged()) == {}


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_floor_and_a_ceiling_always_go_opposite_ways(before, after):
    if before == after:
        return
    floor = ways({"metrics.auc.min": before}, {"metrics.auc.min": after})["metrics.auc.min"]
    ceiling = ways({"metrics.rmse.max": before}, {"metrics.rmse.max": after})["metrics.rmse.max"]
    assert {floor, ceiling} == {"looser", "tighter"}


def test_a_reason_excuses_the_value_that_it_names_and_no_other(judged):
    (change,) = loosening.changes(judged(), judged(metrics={"roc_auc": {"min": 0.88}, "rmse": {"max": 2.0}}))
    reason = {"what": "metrics.roc_auc.min", "reason": "new label definition"}
    assert not loosening.unexplained([change], [{**reason, "to": 0.88}])
    assert loosening.unexplained([change], [{**reason, "to": 0.8}]) == [change]
    assert loosening.unexplained([change], [reason]) == [change]
    assert loosening.unexplained([change], []) == [change]


def test_a_reason_tells_two_large_numbers_apart():
    (change,) = loosening.changes({"model.max_size": 12_000_000}, {"model.max_size": 12_345_678})
    told = {"what": "model.max_size", "reason": "…"}
    assert loosening.unexplained([change], [{**told, "to": 12_345_679}]) == [change]
    assert not loosening.unexplained([change], [{**told, "to": 12_345_678.0}])


def test_no_environment_variable_of_the_service_is_written_down(judged):
    written = judged(endpoint={"start": "serve --port {port}", "env": {"TOKEN": "hunter2"}})
    assert "hunter2" not in repr(written)


def test_every_limit_of_the_settings_is_written_down(judged):
    written = judged()
    assert {"metrics.roc_auc.min", "model.max_size", "endpoint.slo.errors", "gate.min_score", "confidence"} <= set(
        written
    )
    assert Metric.model_fields.keys() >= {"min", "max", "margin"}
