from __future__ import annotations

import pytest
from manifest_shapes import container, deployment, inference_service, knative, metadata, pods, read

from pytest_mlready.manifests import targets

SELDON = {
    "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "metadata": metadata("income"),
    "spec": {"predictors": [{"componentSpecs": [{"spec": {"containers": [{"name": "c", "image": "x"}]}}]}]},
}  # fmt: skip
WORKFLOW = {
    "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata("train"),
    "spec": {"templates": [{"name": "main", "container": {"image": "train:1"}}]},
}  # fmt: skip
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata("x"),
    "spec": {"versions": [{"schema": {"openAPIV3Schema": {"properties": {"containers": {"type": "array"}}}}}]},
}  # fmt: skip
RUNTIME = {
    "apiVersion": "serving.kserve.io/v1alpha1", "kind": "ServingRuntime", "metadata": metadata("sklearn"),
    "spec": {"containers": [{"name": "kserve-container", "image": "x", "resources": {"limits": {"memory": "1Gi"}}}]},
}  # fmt: skip


def names(found):
    return [(w.title, [c.title for c in w.containers], w.serves) for w in found.workloads]


@pytest.mark.parametrize(
    ("kind", "api"),
    [("Deployment", "apps/v1"), ("StatefulSet", "apps/v1"), ("DaemonSet", "apps/v1"), ("ReplicaSet", "apps/v1"),
     ("Rollout", "argoproj.io/v1alpha1"), ("DeploymentConfig", "apps.openshift.io/v1"),
     ("ReplicationController", "v1"), ("Deployment", "extensions/v1beta1")],
)  # fmt: skip
def test_kinds_with_a_pod_template_serve(tmp_path, kind, api):
    found = read(tmp_path, deployment(kind=kind, api=api))
    assert names(found) == [(f"{kind}/income", ['container "income"'], True)]
    assert found.workloads[0].labels["app"] == "income"


def test_jobs_run_and_do_not_serve(tmp_path):
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata("train"), "spec": {"template": pods({})}}
    spec = {"jobTemplate": {"spec": {"template": pods({})}}}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("nightly"), "spec": spec}
    assert [(w.name, w.serves) for w in read(tmp_path, job, cron).workloads] == [("train", False), ("nightly", False)]


def test_init_containers_and_sidecars_are_told_apart(tmp_path):
    init = [container("fetch"), container("proxy", restartPolicy="Always")]
    (workload,) = read(tmp_path, deployment(initContainers=init)).workloads
    assert [(c.role, c.name) for c in workload.containers] == [
        ("init container", "fetch"), ("sidecar", "proxy"), ("container", "income"),
    ]  # fmt: skip
    assert [c.runs_on for c in workload.containers] == [False, True, True]


def test_a_pod_by_itself_is_a_workload(tmp_path):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata("one", labels={"app": "one"})}
    found = read(tmp_path, {**pod, "spec": {"containers": [container("one")]}})
    assert names(found) == [("Pod/one", ['container "one"'], True)]
    assert found.workloads[0].labels == {"app": "one"}


def test_a_knative_service_is_one_and_a_plain_service_is_none(tmp_path):
    plain = {"apiVersion": "v1", "kind": "Service", "metadata": metadata("income"), "spec": {"ports": [{"port": 80}]}}
    found = read(tmp_path, knative(), plain)
    assert names(found) == [("Service/income", ['container "income"'], True)]
    assert found.workloads[0].labels["serving.knative.dev/service"] == "income"


def test_each_component_of_an_inference_service_is_a_workload(tmp_path):
    document = inference_service()
    document["spec"]["transformer"] = {"containers": [container("prepare")]}
    found = read(tmp_path, document)
    assert names(found) == [
        ("InferenceService/income predictor", ['container "kserve-container"'], True),
        ("InferenceService/income transformer", ['container "prepare"'], True),
    ]
    assert found.workloads[0].labels["serving.kserve.io/inferenceservice"] == "income"


def test_the_older_form_of_a_predictor_is_read(tmp_path):
    document = inference_service()
    document["spec"]["predictor"] = {"sklearn": {"storageUri": "s3://x"}}
    (workload,) = read(tmp_path, document).workloads
    assert workload.containers[0].steps == ("spec", "predictor", "sklearn")


def test_a_runtime_gives_its_resources_to_a_model_without_any(tmp_path):
    document = inference_service()
    document["spec"]["predictor"]["model"] = {"runtime": "sklearn", "storageUri": "s3://x"}
    found = read(tmp_path, document, RUNTIME)
    assert found.workloads[0].containers[0].content["resources"] == {"limits": {"memory": "1Gi"}}
    assert len(found.workloads) == 1
    assert not found.problems


@pytest.mark.parametrize("document", [SELDON, WORKFLOW], ids=["seldon", "workflow"])
def test_an_unknown_kind_that_runs_containers_is_not_understood(tmp_path, document):
    found = read(tmp_path, document)
    assert not found.workloads
    assert [p.kind for p in found.problems] == ["not understood"]
    assert document["kind"] in found.problems[0].message


def test_an_inference_service_over_several_nodes_is_not_understood(tmp_path):
    assert read(tmp_path, inference_service(workerSpec={"size": 2})).problems[0].kind == "not understood"


@pytest.mark.parametrize("document", [CRD, RUNTIME], ids=["crd", "runtime"])
def test_what_only_speaks_of_containers_runs_none(tmp_path, document):
    found = read(tmp_path, document)
    assert (found.workloads, found.problems) == ((), ())


def test_a_rollout_that_takes_its_pods_from_a_deployment_is_judged_there(tmp_path):
    rollout = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata("income"),
        "spec": {"workloadRef": {"kind": "Deployment", "name": "income"}},
    }  # fmt: skip
    found = read(tmp_path, rollout, deployment())
    assert [w.kind for w in found.workloads] == ["Deployment"]
    assert not found.problems


@pytest.mark.parametrize(
    "spec",
    [None, [], "x", {}, {"template": None}, {"template": []}, {"template": {"spec": "x"}},
     {"template": {"spec": {"containers": {"name": "x"}}}}, {"template": {"spec": {"containers": ["x", None, 3]}}}],
)  # fmt: skip
def test_a_workload_of_another_shape_is_not_understood_and_does_no_harm(tmp_path, spec):
    found = read(tmp_path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("x"), "spec": spec})
    assert not found.workloads
    assert [p.message for p in found.problems] == ["no list of containers"]


def test_an_entry_that_is_no_container_is_not_passed_over(tmp_path):
    document = deployment()
    document["spec"]["template"]["spec"]["containers"].append("proxy")
    found = read(tmp_path, document)
    assert len(found.workloads) == 1
    assert found.problems[0].kind == "not understood"


def test_init_containers_alone_are_no_workload_that_is_understood(tmp_path):
    document = deployment(initContainers=[container("fetch")])
    document["spec"]["template"]["spec"]["container"] = document["spec"]["template"]["spec"].pop("containers")
    assert [p.message for p in read(tmp_path, document).problems] == ["no list of containers"]


def test_a_deployment_under_a_wrong_api_version_is_not_understood(tmp_path):
    assert read(tmp_path, deployment(api="v1")).problems[0].kind == "not understood"


def test_metadata_of_another_shape_does_no_harm(tmp_path):
    document = deployment()
    document["metadata"] = ["x"]
    document["spec"]["template"]["metadata"] = {"labels": {"app": 7, "on": True, "none": None}}
    (workload,) = read(tmp_path, document).workloads
    assert workload.labels == {"app": "7", "on": "true"}
    assert workload.name == ""


def test_the_nearest_of_several_targets_is_taken(tmp_path):
    found = read(tmp_path, deployment(name="income"), deployment(name="income", namespace="b"))
    near = found.workloads[1].document
    assert targets.resolve("Deployment", "income", "b", found.workloads, near) is found.workloads[0]  # it names none
    assert targets.resolve("Deployment", "income", "c", found.workloads[1:], near) is None
    assert targets.resolve("StatefulSet", "income", None, found.workloads, near) is None


def test_a_deployment_that_kserve_makes_is_found_by_its_name(tmp_path):
    found = read(tmp_path, inference_service())
    document = found.workloads[0].document
    assert targets.resolve("Deployment", "income-predictor", None, found.workloads, document) is found.workloads[0]
