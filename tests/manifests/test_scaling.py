from __future__ import annotations

import pytest
from manifest_shapes import (
    QUEUE,
    RESOURCES,
    container,
    deployment,
    hpa,
    inference_service,
    knative,
    messages,
    metadata,
    outcomes,
    read,
    scaled_object,
    utilization,
)

from pytest_mlready.manifests import scaling

BARE = {"name": "proxy", "image": "proxy:1"}
CAPPED = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
V1 = {
    "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": metadata("income"),
    "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "income"},
        "minReplicas": 2, "maxReplicas": 5, "targetCPUUtilizationPercentage": 60,
    },
}  # fmt: skip
VPA = {
    "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler", "metadata": metadata("income"),
    "spec": {"targetRef": {"kind": "Deployment", "name": "income"}},
}  # fmt: skip
AVERAGE = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "500m"}}}
PODS = {
    "type": "Pods",
    "pods": {"metric": {"name": "in_flight"}, "target": {"type": "AverageValue", "averageValue": 8}},
}


def judged(tmp_path, *documents, **more):
    found = read(tmp_path, *documents)
    return scaling.judge(found.workloads, found.manifests.kubernetes, **more)


@pytest.mark.parametrize(
    "documents",
    [
        (deployment(), hpa()),
        (deployment(), V1),
        (deployment(), hpa(utilization("memory", 80))),
        (deployment(), hpa(PODS)),
        (deployment(container(resources={}), namespace="ml"), hpa(AVERAGE, namespace="ml")),
        (deployment(kind="StatefulSet"), hpa(kind="StatefulSet")),
        (deployment(kind="Rollout", api="argoproj.io/v1alpha1"), hpa(kind="Rollout")),
        (deployment(), scaled_object(QUEUE)),
        (deployment(), scaled_object({"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}})),
        (deployment(), scaled_object({"type": "cron"}, QUEUE, maxReplicaCount=None)),
        (knative({"autoscaling.knative.dev/min-scale": "2", "autoscaling.knative.dev/max-scale": "10"}),),
        (knative({"autoscaling.knative.dev/minScale": "2", "autoscaling.knative.dev/maxScale": "0"}),),
        (inference_service(minReplicas=2, maxReplicas=5),),
        (inference_service({"serving.kserve.io/deploymentMode": "Serverless"}, minReplicas=2),),
        (inference_service({"serving.kserve.io/autoscalerClass": "external"}), hpa(target="income-predictor")),
    ],
)
def test_ways_to_scale_that_work_pass(tmp_path, documents):
    found = judged(tmp_path, *documents)
    assert outcomes(found) == ["passed"], messages(found)


def test_a_pass_says_range_and_metric(tmp_path):
    (verdict,) = judged(tmp_path, deployment(), hpa()).verdicts
    assert verdict.message.endswith("(HorizontalPodAutoscaler/income): from 2 to 8 replicas by cpu utilisation")
    assert {m.name: m.value for m in verdict.measurements}["most replicas of income"] == "8"


@pytest.mark.parametrize(
    ("scaler", "said"),
    [
        (hpa(least=None), "minReplicas is not set, so 1; expected at least 2"),
        (hpa(least=1), "minReplicas is 1; expected at least 2"),
        (hpa(least=3, most=3), "maxReplicas is 3; expected more than minReplicas (3)"),
        (hpa(most=None), "maxReplicas is not set; expected a whole number"),
        (hpa(most="ten"), "expected a whole number"),
        (hpa(most="10"), "expected a whole number"),
        (hpa(least=True), "minReplicas is True; expected a whole number"),
        (hpa(utilization(percent=0)), "the target of cpu utilisation is 0"),
        (hpa(utilization(percent=None)), "the target of cpu utilisation is None"),
        (hpa({"type": "Resources"}), 'the type of a metric is "Resources"; did you mean "Resource"?'),
        (hpa({"type": "Resource", "resource": {"name": "cpu"}}), "the metric cpu has no target"),
        (scaled_object({"metadata": {}}), "a trigger has no type"),
        (hpa(behavior={"scaleUp": {"selectPolicy": "Disabled"}}), "scaleUp.selectPolicy is Disabled"),
        (hpa(target="incone"), 'names Deployment "incone", which is not in these manifests; did you mean "income"?'),
        (hpa(kind="StatefulSet"), "there is a Deployment of this name"),
        (scaled_object(QUEUE, minReplicaCount=None), "minReplicaCount is not set, so 0"),
        (scaled_object(QUEUE, idleReplicaCount=0), "idleReplicaCount is 0"),
        (scaled_object(), "no triggers"),
        (scaled_object({"type": "cron"}), "cron, which knows no load"),
        (scaled_object(QUEUE, annotations={"autoscaling.keda.sh/paused-replicas": "3"}), "scaling is paused"),
        (scaled_object(QUEUE, scaleTargetRef={"name": "incom"}), 'did you mean "income"?'),
    ],
)
def test_scalers_that_do_not_work_fail(tmp_path, scaler, said):
    found = judged(tmp_path, deployment(), scaler)
    assert set(outcomes(found)) == {"failed"}
    assert said in messages(found)


def test_the_least_minimum_is_an_option(tmp_path):
    assert outcomes(judged(tmp_path, deployment(), hpa(least=1), least=1)) == ["passed"]
    assert set(outcomes(judged(tmp_path, deployment(), hpa(least=2), least=3))) == {"failed"}


@pytest.mark.parametrize(
    "scaler", [hpa(), V1, hpa(metrics=[]), scaled_object({"type": "cpu", "metadata": {"value": "70"}})]
)
def test_a_share_of_the_request_needs_it_on_every_container(tmp_path, scaler):
    found = judged(tmp_path, deployment(container(), BARE), scaler)
    assert outcomes(found) == ["failed"]
    assert 'container "proxy" has no cpu request' in messages(found)


def test_a_request_that_is_zero_or_no_quantity_is_none(tmp_path):
    for raw in (0, "lots"):
        own = container(resources={"requests": {"cpu": raw}, "limits": {"memory": "1Gi"}})
        assert outcomes(judged(tmp_path, deployment(own), hpa())) == ["failed"]


def test_init_containers_need_no_request_and_sidecars_do(tmp_path):
    assert outcomes(judged(tmp_path, deployment(initContainers=[BARE]), hpa())) == ["passed"]
    sidecar = {**BARE, "restartPolicy": "Always"}
    assert outcomes(judged(tmp_path, deployment(initContainers=[sidecar]), hpa())) == ["failed"]


def test_a_metric_of_one_container_looks_at_that_one(tmp_path):
    def metric(name):
        target = {"type": "Utilization", "averageUtilization": 70}
        return {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": name, "target": target}}

    document = deployment(container(), BARE)
    assert outcomes(judged(tmp_path, document, hpa(metric("income")))) == ["passed"]
    assert "no cpu request" in messages(judged(tmp_path, document, hpa(metric("proxy"))))
    assert 'no container "incone" in Deployment/income; did you mean "income"?' in messages(
        judged(tmp_path, document, hpa(metric("incone")))
    )


def test_a_target_that_limits_keep_out_of_reach_fails(tmp_path):
    found = judged(tmp_path, deployment(container(resources=CAPPED)), hpa(utilization(percent=100)))
    assert "the target is 100 % of the cpu request, and the limits allow 100 %" in messages(found)
    assert outcomes(judged(tmp_path, deployment(container(resources=CAPPED)), hpa(utilization(percent=80)))) == [
        "passed"
    ]


def test_a_workload_that_nothing_scales_fails(tmp_path):
    for documents in ((deployment(),), (deployment(), VPA), (deployment(kind="DaemonSet"),)):
        found = judged(tmp_path, *documents)
        assert outcomes(found) == ["failed"]
    assert "a DaemonSet has one pod a node" in messages(found)


def test_two_scalers_on_one_workload_fail(tmp_path):
    assert "work against each other" in messages(judged(tmp_path, deployment(), hpa(), scaled_object(QUEUE)))


def test_of_several_workloads_the_scaled_one_serves_and_that_is_recorded(tmp_path):
    found = judged(tmp_path, deployment(), deployment(name="redis"), hpa())
    assert outcomes(found) == ["passed"]
    assert any("Deployment/income taken for what serves" in w for w in found.warnings)


def test_a_named_workload_must_itself_be_scaled(tmp_path):
    documents = deployment(), deployment(name="web"), hpa(target="web")
    assert outcomes(judged(tmp_path, *documents, name="income")) == ["failed"]
    assert outcomes(judged(tmp_path, *documents, hpa(), name="income")) == ["passed"]


def test_of_several_workloads_without_any_scaler_all_fail(tmp_path):
    assert outcomes(judged(tmp_path, deployment(), deployment(name="web"))) == ["failed", "failed"]


def test_a_scaler_of_something_else_is_recorded_where_the_named_workload_is_scaled(tmp_path):
    found = judged(tmp_path, deployment(), hpa(), hpa(target="elsewhere"), name="income")
    assert outcomes(found) == ["passed"]
    assert any("elsewhere" in w for w in found.warnings)


def test_a_scaler_in_another_namespace_scales_nothing(tmp_path):
    found = judged(tmp_path, deployment(namespace="ml"), hpa(namespace="web"))
    assert set(outcomes(found)) == {"failed"}
    assert "the one of this name is in namespace ml" in messages(found)


def test_a_namespace_that_only_one_side_names_cannot_be_told(tmp_path):
    found = judged(tmp_path, deployment(namespace="ml"), hpa())
    assert outcomes(found) == ["inconclusive"]
    assert "name both" in messages(found)


def test_a_target_may_be_in_what_could_not_be_read(tmp_path):
    found = judged(tmp_path, deployment(name="web"), hpa(target="web"), hpa(), complete=False)
    assert sorted(outcomes(found)) == ["inconclusive"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (knative(), "autoscaling.knative.dev/min-scale is not set, so 0"),
        (knative({"autoscaling.knative.dev/min-scale": "1"}), "min-scale is '1'; expected at least 2"),
        (knative({"autoscaling.knative.dev/min-scale": "2", "autoscaling.knative.dev/max-scale": "2"}), "more than"),
        (knative({"autoscaling.knative.dev/min-scale": "two"}), "expected a whole number"),
        (
            knative({"autoscaling.knative.dev/min-scale": "2"}, {"autoscaling.knative.dev/max-scale": "9"}),
            "stands at the service, where Knative does not read it",
        ),
        (inference_service(), "predictor.minReplicas is not set, so 1"),
        (inference_service(minReplicas=0, maxReplicas=3), "predictor.minReplicas is 0"),
        (inference_service(minReplicas=2, maxReplicas=2), "more than predictor.minReplicas (2)"),
        (
            inference_service({"serving.kserve.io/deploymentMode": "RawDeployment"}, minReplicas=2),
            "predictor.maxReplicas is not set, so 2",
        ),
        (inference_service({"serving.kserve.io/autoscalerClass": "none"}, minReplicas=2), "nothing scales it"),
    ],
)
def test_serverless_ranges_that_do_not_work_fail(tmp_path, document, said):
    found = judged(tmp_path, document)
    assert set(outcomes(found)) <= {"failed", "inconclusive"}
    assert "failed" in outcomes(found)
    assert said in messages(found)


def test_without_a_largest_number_kserve_cannot_be_told(tmp_path):
    found = judged(tmp_path, inference_service(minReplicas=2))
    assert outcomes(found) == ["inconclusive"]
    assert "no scaling in raw deployment mode" in messages(found)


def test_no_largest_scale_is_recorded(tmp_path):
    found = judged(tmp_path, knative({"autoscaling.knative.dev/min-scale": "2"}))
    assert outcomes(found) == ["passed"]
    assert any("no largest scale" in w for w in found.warnings)


def test_knative_that_scales_by_cpu_needs_a_request(tmp_path):
    given = {"autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev", "autoscaling.knative.dev/metric": "cpu",
             "autoscaling.knative.dev/min-scale": "2"}  # fmt: skip
    document = knative(given)
    assert outcomes(judged(tmp_path, document)) == ["passed"]
    document["spec"]["template"]["spec"]["containers"] = [BARE]
    assert "has no cpu request" in messages(judged(tmp_path, document))


def test_every_component_must_scale(tmp_path):
    document = inference_service(minReplicas=2, maxReplicas=5)
    document["spec"]["transformer"] = {"containers": [container("prepare", resources=RESOURCES)]}
    assert "transformer.minReplicas is not set" in messages(judged(tmp_path, document))


def test_metrics_whose_source_no_manifest_tells_are_recorded(tmp_path):
    assert any("Pods metric in_flight" in w for w in judged(tmp_path, deployment(), hpa(PODS)).warnings)


def test_an_old_api_version_is_recorded(tmp_path):
    old = hpa()
    old["apiVersion"] = "autoscaling/v2beta2"
    assert any("served no more" in w for w in judged(tmp_path, deployment(), old).warnings)


def test_a_deployment_that_stands_at_zero_is_not_scaled(tmp_path):
    document = deployment()
    document["spec"]["replicas"] = 0
    assert "from 0 no HorizontalPodAutoscaler adds any" in messages(judged(tmp_path, document, hpa()))
    document["spec"]["replicas"] = 3
    assert outcomes(judged(tmp_path, document, hpa())) == ["passed"]


@pytest.mark.parametrize("scaler", [hpa(metrics={"type": "Resource"}), scaled_object(QUEUE, triggers="x")])
def test_metrics_of_another_shape_fail(tmp_path, scaler):
    scaler["spec"].update({"triggers": "x"} if scaler["kind"] == "ScaledObject" else {})
    assert "is no list of tables" in messages(judged(tmp_path, deployment(), scaler))


@pytest.mark.parametrize("spec", [None, [], "x", {"scaleTargetRef": "x"}, {"metrics": ["x"], "maxReplicas": []}])
def test_a_scaler_of_another_shape_fails_and_does_no_harm(tmp_path, spec):
    broken = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": None, "spec": spec}
    assert "failed" in outcomes(judged(tmp_path, deployment(), broken))


def test_nothing_to_judge_is_no_pass(tmp_path):
    assert judged(tmp_path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("x")}).verdicts == ()
