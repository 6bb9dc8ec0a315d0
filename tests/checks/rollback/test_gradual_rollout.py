from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from switching import plan, project

from pytest_mlready.checks.rollback import gradual_rollout as check
from pytest_mlready.errors import Failed, Inconclusive, SettingsError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.serving.endpoint import Endpoint
from pytest_mlready.serving.owner import Keeper

ROUTER = Path(__file__).parents[2] / "serving" / "canary_router.py"
FLAGGER = """
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: income}
spec:
  provider: gatewayapi:v1
  targetRef: {kind: Deployment, name: income}
  analysis:
    stepWeights: [5, 25, 50]
    metrics: [{name: request-success-rate, thresholdRange: {min: 99.9}}]
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: income}
spec: {rules: [{backendRefs: [{name: income, weight: 95}, {name: income-canary, weight: 5}]}]}
"""
RULES = "groups: [{name: slo, rules: [{alert: ErrorBudgetBurn, expr: errors > 1}]}]\n"
DECLARED = {"steps": ("5 %", "25 %"), "alerts": ("ErrorBudgetBurn",)}


def configured(folder, text=FLAGGER, **more):
    (folder / "rollout.yaml").write_text(text)
    (folder / "rules.yaml").write_text(RULES)
    more.setdefault("manifests", ("rollout.yaml",))
    return project(check.ITEM, folder, rules=(Path("rules.yaml"),), **more)


def static(mlready):
    evidence = Evidence()
    check.test_small_first_step_and_something_that_watches(mlready, evidence)
    return {e["name"]: e for e in evidence.notes.evidence}


def test_a_ramp_that_is_small_at_first_and_watched_passes(tmp_path):
    found = static(configured(tmp_path))
    assert found["first share in Flagger"]["value"] == 0.05
    assert found["steps in Flagger"]["note"] == "5 %, 25 %, 50 %"


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (FLAGGER.replace("[5, 25, 50]", "[30, 60]"), {}, "the first step is 30 %, expected at most 10 %"),
        (FLAGGER.replace("[5, 25, 50]", "[5]"), {}, "expected at least 2"),
        (FLAGGER.replace(", thresholdRange: {min: 99.9}", ""), {}, "no analysis that could abort is attached"),
        (ROUTE.replace("weight: 95", "weight: 0"), DECLARED, "all of the traffic"),
        (FLAGGER, {"first_step": 0.01}, "expected at most 1 %"),
    ],
)
def test_a_ramp_with_a_fault_fails(tmp_path, text, options, words):
    with pytest.raises(Failed, match=words):
        static(configured(tmp_path, text, options=options))


def test_weights_alone_need_declared_steps_and_alerts(tmp_path):
    with pytest.raises(Inconclusive, match="which steps there are is not said"):
        static(configured(tmp_path, ROUTE))
    assert static(configured(tmp_path, ROUTE, options=DECLARED))["watched by, in Gateway API"]["value"]


def test_alerts_that_no_rule_defines_and_steps_that_are_no_shares_are_mistakes(tmp_path):
    with pytest.raises(SettingsError, match=r"names 'ErrorBudgetBrun'.*did you mean .ErrorBudgetBurn"):
        static(configured(tmp_path, ROUTE, options={**DECLARED, "alerts": ("ErrorBudgetBrun",)}))
    with pytest.raises(SettingsError, match="'five'"):
        static(configured(tmp_path, ROUTE, options={**DECLARED, "steps": ("five",)}))


def test_what_cannot_be_read_beside_a_good_ramp_is_inconclusive(tmp_path):
    with pytest.raises(Inconclusive, match="not rendered"):
        static(configured(tmp_path, f"{FLAGGER}---\nkind: {{{{ .Values.kind }}}}\n"))


def test_nothing_found_is_unverified_and_beside_declared_steps_inconclusive(tmp_path):
    empty = "apiVersion: v1\nkind: Namespace\nmetadata: {name: income}\n"
    with pytest.raises(Unverified, match="nothing that rolls a new version out"):
        static(configured(tmp_path, empty))
    with pytest.raises(Inconclusive, match="steps are declared"):
        static(configured(tmp_path, empty, options=DECLARED))


def test_a_flag_file_is_read(tmp_path):
    flag = {
        "variants": {"on": 1, "off": 0},
        "defaultVariant": "off",
        "targeting": {"fractional": [["on", 5], ["off", 95]]},
    }
    (tmp_path / "flags.json").write_text(json.dumps({"flags": {"income": flag}}))
    options = {**DECLARED, "flags": ("flags.json",)}
    mlready = configured(tmp_path, "apiVersion: v1\nkind: Namespace\nmetadata: {name: income}\n", options=options)
    assert static(mlready)["present share in flagd"]["value"] == 0.05


def live(folder, *faults, real=0.05, text=FLAGGER, **options):
    router = " ".join(
        [shlex.quote(sys.executable), shlex.quote(str(ROUTER)), "{port}", str(real), *map(shlex.quote, faults)]
    )
    mlready = configured(folder, text, options={"live_start": router, **options}, service=plan(folder))
    evidence = Evidence()
    check.test_observed_split(mlready, evidence)
    assert evidence.notes.grade == "live"
    return {e["name"]: e for e in evidence.notes.evidence}


def test_a_split_by_the_configured_weight_passes(tmp_path):
    found = live(tmp_path)["share answered by the candidate"]
    assert (found["value"], found["n"]) == (0.05, 600)
    assert found["min"] < 0.05 < found["max"]


def test_users_stay_with_one_version(tmp_path):
    assert live(tmp_path, user_header="x-user")["users who moved between versions"]["value"] == 0
    with pytest.raises(Failed, match=r"of 30 users were answered by another version"):
        live(tmp_path, "fickle", real=0.5, user_header="x-user", share="50 %", requests=601)


@pytest.mark.parametrize(("real", "count"), [(1.0, 600), (0.0, 0), (0.2, 120)])
def test_a_split_that_contradicts_the_configuration_fails(tmp_path, real, count):
    with pytest.raises(Failed, match=f"the candidate gave {count} of 600 answers"):
        live(tmp_path, real=real)


def test_a_candidate_that_answers_wrongly_fails(tmp_path):
    with pytest.raises(Failed, match=r"30 of 600 requests were not answered well: it was answered 500"):
        live(tmp_path, "candidate fails")


def test_answers_that_name_no_model_and_too_few_requests_are_inconclusive(tmp_path):
    with pytest.raises(Inconclusive, match="no answer names the model"):
        live(tmp_path, "silent", requests=20)
    with pytest.raises(Inconclusive, match="so few requests"):
        live(tmp_path, requests=40)


def test_a_split_alone_does_not_say_what_follows_it(tmp_path):
    empty = "apiVersion: v1\nkind: Namespace\nmetadata: {name: income}\n"
    with pytest.raises(Inconclusive, match="the weight of the candidate at the router is not known"):
        live(tmp_path, text=empty)


def test_a_router_on_another_host_is_not_asked(tmp_path):
    mlready = configured(tmp_path, options={"live_url": "http://192.0.2.1"}, service=plan(tmp_path))
    with pytest.raises(Inconclusive, match=r"192\.0\.2\.1 is not this machine"):
        check.test_observed_split(mlready, Evidence())


def test_no_router_is_unverified(tmp_path):
    with pytest.raises(Unverified, match="no router over both versions"):
        check.test_observed_split(configured(tmp_path), Evidence())


class Doubles:
    def predict(self, X):
        return (X["x"] * 2).to_numpy()

    def predict_proba(self, X):
        return None


@pytest.fixture
def stack(tmp_path):
    """Runs the check of the serving stack over this many rows."""
    opened = []

    def run(rows=1200, factor=2, text=FLAGGER, columns=("x",)):
        served = plan(tmp_path, environment={"FACTOR": str(factor)}, expect=None)
        opened.append(Keeper(served))
        endpoint = Endpoint(served, opened[-1])
        opened.append(endpoint)
        frame = pl.DataFrame({name: [float(n) for n in range(rows)] for name in columns})
        heldout = SimpleNamespace(X=frame)
        evidence = Evidence()
        run.notes = evidence.notes
        check.test_candidate_in_the_serving_stack(configured(tmp_path, text), evidence, endpoint, Doubles(), heldout)
        return {e["name"]: e for e in evidence.notes.evidence}

    yield run
    for one in reversed(opened):
        one.close()


def test_a_thousand_rows_through_the_service_give_the_record_that_the_rubric_asks_for(stack):
    found = stack()["candidate loaded in the serving stack"]
    assert found["value"] is True
    assert found["n"] == 1000


def test_the_record_is_the_one_that_the_rubric_names(catalog):
    rubric = next(r for r in catalog.rubrics if r.id == "ml_test_score")
    test = next(t for t in rubric.tests if t.id == "infra-6")
    from pytest_mlready.serving.canary import candidate

    assert test.requires == {check.ITEM.id: candidate.RECORD}


def test_a_service_that_has_another_model_loaded_fails_and_says_so_in_the_record(stack):
    with pytest.raises(Failed, match="of 1000 held-out rows otherwise than the candidate"):
        stack(factor=2.5)
    record = {e["name"]: e for e in stack.notes.evidence}["candidate loaded in the serving stack"]
    assert record["value"] is False


def test_too_few_rows_or_a_column_that_is_not_there_are_inconclusive(stack):
    with pytest.raises(Inconclusive, match="only 200 held-out rows"):
        stack(rows=200)
    with pytest.raises(Inconclusive, match="no column for"):
        stack(columns=("y",))


def test_without_a_rollout_it_verifies_nothing(stack):
    with pytest.raises(Unverified, match="nothing rolls it out"):
        stack(text="apiVersion: v1\nkind: Namespace\nmetadata: {name: income}\n")
