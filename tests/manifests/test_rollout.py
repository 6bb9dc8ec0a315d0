from __future__ import annotations

import json

import pytest

from pytest_mlready.manifests import reading
from pytest_mlready.manifests.rollout import find, verdicts
from pytest_mlready.manifests.rollout.verdicts import Wanted

ARGO = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: income}
spec:
  replicas: 10
  strategy:
    canary:
      trafficRouting: {nginx: {stableIngress: income}}
      analysis: {templates: [{templateName: errors}], startingStep: 1}
      steps:
        - setWeight: 5
        - pause: {duration: 10m}
        - setWeight: 25
        - pause: {}
        - setWeight: 50
        - analysis: {templates: [{templateName: errors}]}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: errors}
spec:
  metrics:
    - name: errors
      failureLimit: 3
      successCondition: result[0] < 0.001
      provider: {prometheus: {address: http://prometheus, query: errors}}
"""
FLAGGER = """
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: income}
spec:
  provider: istio
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: income}
  analysis:
    interval: 1m
    threshold: 5
    maxWeight: 50
    stepWeight: 10
    metrics:
      - {name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}
"""
KSERVE = """
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: income, annotations: {serving.kserve.io/deploymentMode: Serverless}}
spec: {predictor: {canaryTrafficPercent: 5, model: {modelFormat: {name: sklearn}, storageUri: "s3://models/income"}}}
"""
ISTIO = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: income}
spec:
  hosts: [income]
  http:
    - route:
        - {destination: {host: income, subset: stable}, weight: 95}
        - {destination: {host: income, subset: canary}, weight: 5}
"""
GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: income}
spec:
  rules:
    - backendRefs:
        - {name: income, port: 80, weight: 95}
        - {name: income-canary, port: 80, weight: 5}
    - matches: [{path: {value: /metrics}}]
      backendRefs: [{name: income, port: 80}]
"""
SMI = """
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata: {name: income}
spec: {service: income, backends: [{service: income-v1, weight: 95}, {service: income-next, weight: 5}]}
"""
FLAGD = {
    "flags": {
        "income-model": {
            "state": "ENABLED", "variants": {"v1": "1.9.0", "v2": "2.0.0"}, "defaultVariant": "v1",
            "targeting": {"if": [
                {"ends_with": [{"var": "email"}, "@income.example"]}, "v2",
                {"fractional": [{"cat": [{"var": "$flagd.flagKey"}, {"var": "user"}]}, ["v2", 5], ["v1", 95]]},
            ]},
        },
        "banner": {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"},
    }
}  # fmt: skip
PRESENT = {"kserve": KSERVE, "istio": ISTIO, "gateway": GATEWAY, "smi": SMI}
WANTED = Wanted(first=0.1, fewest=2)
DECLARED = Wanted(first=0.1, fewest=2, steps=(0.05, 0.25, 0.5), watched="ErrorBudgetBurn")


def ramps(tmp_path, text, **by_name):
    (tmp_path / "rollout.yaml").write_text(text)
    read = reading.read([tmp_path / "rollout.yaml"], root=tmp_path)
    found, problems = find.ramps(read.kubernetes, **by_name)
    return found, [*read.problems, *problems]


def judged(tmp_path, text, wanted=WANTED, **by_name):
    found, problems = ramps(tmp_path, text, **by_name)
    assert not problems
    return [verdict for ramp in found for verdict in verdicts.judge(ramp, wanted)]


def told(judgement, outcome):
    return " | ".join(v.message for v in judgement if v.outcome == outcome)


def passes(judgement):
    return bool(judgement) and all(v.outcome == "passed" for v in judgement)


@pytest.mark.parametrize("text", [ARGO, FLAGGER], ids=["argo", "flagger"])
def test_a_small_first_step_with_more_of_them_and_an_analysis_passes(tmp_path, text):
    assert passes(judged(tmp_path, text))


@pytest.mark.parametrize("text", PRESENT.values(), ids=PRESENT.keys())
def test_a_present_share_that_is_a_declared_step_passes(tmp_path, text):
    assert passes(judged(tmp_path, text, DECLARED))


@pytest.mark.parametrize("text", PRESENT.values(), ids=PRESENT.keys())
def test_a_present_share_alone_does_not_say_which_steps_follow_nor_what_watches(tmp_path, text):
    said = told(judged(tmp_path, text), "inconclusive")
    assert "which steps there are is not said" in said
    assert "nothing says what aborts the rollout" in said


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (KSERVE, "canaryTrafficPercent: 5", "canaryTrafficPercent: 100"),
        (ISTIO, "weight: 95}", "weight: 0}"),
        (GATEWAY, "weight: 95}", "weight: 0}"),
        (SMI, "weight: 95}", "weight: 0}"),
    ],
)
def test_a_canary_at_100_percent_fails_whatever_is_declared(tmp_path, text, old, new):
    assert old in text
    for wanted in (WANTED, DECLARED):
        assert "all of the traffic" in told(judged(tmp_path, text.replace(old, new), wanted), "failed")


@pytest.mark.parametrize(
    ("text", "old", "new", "words"),
    [
        (ARGO, "setWeight: 5\n", "setWeight: 20\n", "the first step is 20 %, expected at most 10 %"),
        (ARGO, "        - pause: {duration: 10m}\n", "", "the first step is 25 %"),
        (ARGO, "        - setWeight: 25\n        - pause: {}\n        - setWeight: 50\n", "", "1 steps hold"),
        (ARGO, "setWeight: 25", "setWeight: 2", "do not rise"),
        (ARGO, "analysis: {templates: [{templateName: errors}]", "x: {templates: []", "no analysis that could abort"),
        (ARGO, "      successCondition: result[0] < 0.001\n", "", "no metric with a condition"),
        (ARGO, "failureLimit: 3", "failureLimit: -1", "tolerates any number of failures"),
        (ARGO, "      analysis: {", "      analysis: {dryRun: [{metricName: '.*'}], ", "dryRun covers every metric"),
        (ARGO, "    canary:\n", "    blueGreen: {activeService: income}\n    other:\n", "moves all traffic at once"),
        (FLAGGER, "stepWeight: 10", "stepWeight: 20", "the first step is 20 %"),
        (FLAGGER, "stepWeight: 10", "stepWeights: [5]", "1 steps hold"),
        (FLAGGER, "stepWeight: 10", "stepWeight: 50", "the first step is 50 %"),
        (FLAGGER, "stepWeight: 10", "iterations: 10", "is blue/green"),
        (FLAGGER, "thresholdRange: {min: 99}, ", "", "has no thresholdRange"),
        (FLAGGER, "  analysis:\n", "  skipAnalysis: true\n  analysis:\n", "sends everybody"),
        (FLAGGER, "provider: istio", "provider: kubernetes", "routes no weights"),
        (KSERVE, "Serverless", "RawDeployment", "KServe ignores canaryTrafficPercent"),
        (KSERVE, "canaryTrafficPercent: 5", "canaryTrafficPercent: 30", "the new version has 30 %"),
        (GATEWAY, ", weight: 95}", "}", "the new version has 83.3 %"),
        (GATEWAY, ", weight: 95}\n        - {name: income-canary, port: 80, weight: 5}",
         "}\n        - {name: income-canary, port: 80}", "the new version has 50 %"),
    ],
)  # fmt: skip
def test_a_fault_fails(tmp_path, text, old, new, words):
    assert old in text
    found, problems = ramps(tmp_path, text.replace(old, new))
    judgement = [v for ramp in found for v in verdicts.judge(ramp, WANTED)]
    assert words in told(judgement, "failed"), (told(judgement, "failed"), problems)


def test_a_share_that_is_none_of_the_declared_steps_fails(tmp_path):
    text = ISTIO.replace("weight: 95", "weight: 67").replace("weight: 5}", "weight: 33}")
    assert "none of the steps 5 %, 25 %, 50 %" in told(judged(tmp_path, text, DECLARED), "failed")


def test_argo_without_a_router_is_judged_by_what_its_replicas_can_do(tmp_path):
    text = ARGO.replace("      trafficRouting: {nginx: {stableIngress: income}}\n", "")
    few = told(judged(tmp_path, text.replace("replicas: 10", "replicas: 2")), "failed")
    assert "the first step is 50 %" in few
    assert "2 replicas stand for the weights" in few
    assert passes(judged(tmp_path, text.replace("replicas: 10", "replicas: 20")))


def test_the_minimum_of_the_scaler_counts_for_replicas(tmp_path):
    text = ARGO.replace("      trafficRouting: {nginx: {stableIngress: income}}\n", "") + (
        "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: income}\n"
        "spec: {minReplicas: 3, maxReplicas: 30, scaleTargetRef: {kind: Rollout, name: income}}\n"
    )
    assert "the first step is 33.3 %" in told(judged(tmp_path, text), "failed")


def test_an_analysis_that_is_not_among_the_manifests_is_inconclusive_with_the_nearest_name(tmp_path):
    text = ARGO.replace("metadata: {name: errors}", "metadata: {name: error}")
    assert 'errors is not among the manifests; did you mean "error"' in told(judged(tmp_path, text), "inconclusive")
    text = FLAGGER.replace("thresholdRange", "templateRef: {name: gone}, thresholdRange")
    assert "the MetricTemplate gone" in told(judged(tmp_path, text), "inconclusive")


def test_an_unknown_step_and_a_kind_of_another_tool_are_not_understood(tmp_path):
    text = ARGO.replace("- pause: {}", "- paws: {}")
    assert "'paws' is not understood" in told(judged(tmp_path, text), "inconclusive")
    _, problems = ramps(
        tmp_path, ARGO.replace("argoproj.io/v1alpha1\nkind: Rollout", "rollouts.kruise.io/v1\nkind: Rollout")
    )
    assert [p.kind for p in problems] == ["not understood"]


def test_where_a_controller_steers_the_weights_of_routes_are_its_own(tmp_path):
    found, _ = ramps(tmp_path, f"{FLAGGER}---{ISTIO.replace('weight: 95', 'weight: 0')}")
    assert [ramp.tool for ramp in found] == ["Flagger"]


def test_which_backend_is_new_is_asked_where_nothing_tells(tmp_path):
    text = GATEWAY.replace("income-canary", "income-b").replace("weight: 95", "weight: 50").replace(
        "weight: 5}", "weight: 50}"
    )  # fmt: skip
    assert 'canary = "income-b"' in told(judged(tmp_path, text), "inconclusive")
    assert "the new version has 50 %" in told(judged(tmp_path, text, canary="income-b"), "failed")


@pytest.mark.parametrize("weights", ["weight: ten}", "weight: -1}"])
def test_weights_that_are_none_are_inconclusive(tmp_path, weights):
    text = GATEWAY.replace("weight: 5}", weights)
    assert "are not understood" in told(judged(tmp_path, text), "inconclusive")


def test_an_object_without_a_split_is_no_rollout(tmp_path):
    single = GATEWAY.replace("        - {name: income-canary, port: 80, weight: 5}\n", "")
    assert ramps(tmp_path, single) == ([], [])
    assert ramps(tmp_path, KSERVE.replace("canaryTrafficPercent: 5, ", "")) == ([], [])


def flagged(tmp_path, change=lambda flag: None, text=None, **by_name):
    content = json.loads(json.dumps(FLAGD))
    change(content["flags"]["income-model"])
    path = tmp_path / "flags.json"
    path.write_text(text or json.dumps(content))
    found, problems = find.in_flag_file(path, "flags.json", **by_name)
    return [v for ramp in found for v in verdicts.judge(ramp, DECLARED)] + [p.verdict() for p in problems]


def test_a_flag_that_splits_by_fraction_passes_with_declared_steps(tmp_path):
    assert passes(flagged(tmp_path))
    assert passes(flagged(tmp_path, flag="income-model", canary="v2"))


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        (lambda f: f.update(state="DISABLED"), "failed", "its state is DISABLED"),
        (lambda f: f["targeting"]["if"][2].update(fractional=[["v2", 100], ["v1", 0]]), "failed", "all of the traffic"),
        (lambda f: f["targeting"]["if"][2].update(fractional=[["v2", 1], ["v1", 2]]), "failed", "the share of 33.3 %"),
        (lambda f: f["variants"].pop("v2"), "inconclusive", "the variant v2 of its fractional rule is not defined"),
        (lambda f: f.pop("targeting"), "inconclusive", "no flag that splits by fraction"),
    ],
)
def test_a_faulty_flag_is_found(tmp_path, change, outcome, words):
    assert words in told(flagged(tmp_path, change), outcome)


@pytest.mark.parametrize("text", ["{", "flags: {}", "a: &a [*a]", "[]"])
def test_a_flag_file_that_holds_no_split_or_cannot_be_read_is_inconclusive(tmp_path, text):
    assert told(flagged(tmp_path, text=text), "inconclusive")


def test_flags_of_the_operator_are_read_from_manifests(tmp_path):
    text = (
        "apiVersion: core.openfeature.dev/v1beta1\nkind: FeatureFlag\nmetadata: {name: income}\nspec: {flagSpec: %s}\n"
    )
    assert passes(judged(tmp_path, text % json.dumps(FLAGD), DECLARED))


def test_ramps_of_other_workloads_are_left_out(tmp_path):
    found, _ = ramps(tmp_path, f"{FLAGGER}---{FLAGGER.replace('income', 'billing')}")
    assert [ramp.names for ramp in find.of(found, "income")] == [frozenset({"income"})]
    assert find.of(found, "search") == []
    assert len(find.of(found, None)) == 2
