"""What a run is judged by: written down key by key, and every loosening is seen as one."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_mlready import yardstick
from pytest_mlready.settings import Metric, Settings, Waiver

BASE = {
    "system": "income",
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
    return {change.what: change.way for change in yardstick.changes(before, after)}


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
    ],
)  # fmt: skip
def test_a_loosened_key_is_seen_as_one(judged, table, what, way):
    assert ways(judged(), judged(**table)) == {what: way}


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
    (change,) = yardstick.changes(judged(), judged(metrics={"roc_auc": {"min": 0.88}, "rmse": {"max": 2.0}}))
    reason = {"what": "metrics.roc_auc.min", "reason": "new label definition"}
    assert not yardstick.unexplained([change], [{**reason, "to": 0.88}])
    assert yardstick.unexplained([change], [{**reason, "to": 0.8}]) == [change]
    assert yardstick.unexplained([change], [reason]) == [change]
    assert yardstick.unexplained([change], []) == [change]


def test_no_environment_variable_of_the_service_is_written_down(judged):
    written = judged(endpoint={"start": "serve --port {port}", "env": {"TOKEN": "hunter2"}})
    assert "hunter2" not in repr(written)


def test_every_limit_of_the_settings_is_written_down(judged):
    written = judged()
    assert {"metrics.roc_auc.min", "model.max_size", "endpoint.slo.errors", "gate.min_score", "confidence"} <= set(
        written
    )
    assert Metric.model_fields.keys() >= {"min", "max", "margin"}
