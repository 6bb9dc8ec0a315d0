from __future__ import annotations

import json
import time

import pytest
from manifest_shapes import (
    RESOURCES,
    container,
    deployment,
    inference_service,
    knative,
    messages,
    metadata,
    outcomes,
    read,
    write,
)

from pytest_mlready.manifests import deployed, limits

REQUESTS, LIMITS = RESOURCES["requests"], RESOURCES["limits"]


def judged(tmp_path, *documents):
    found = read(tmp_path, *documents)
    return limits.judge(found.workloads, found.manifests.kubernetes)


def of(tmp_path, resources, **more):
    return judged(tmp_path, deployment(container(resources=resources, **more)))


def limit_range(namespace=None, kind="Container", **limit):
    return {
        "apiVersion": "v1", "kind": "LimitRange", "metadata": metadata("defaults", namespace),
        "spec": {"limits": [{"type": kind, **limit}]},
    }  # fmt: skip


def test_a_container_that_declares_all_passes_and_a_missing_cpu_limit_warns(tmp_path):
    found = judged(tmp_path, deployment())
    assert outcomes(found) == ["passed"]
    assert [w for w in found.warnings if "no CPU limit" in w]


@pytest.mark.parametrize("document", [knative(), inference_service()], ids=["knative", "kserve"])
def test_serverless_workloads_are_judged_alike(tmp_path, document):
    assert outcomes(judged(tmp_path, document)) == ["passed"]


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        ({"requests": REQUESTS}, "no memory limit"),
        ({"requests": {"cpu": "1"}, "limits": {}}, "no memory limit"),
        ({"requests": {"memory": "1Gi"}, "limits": LIMITS}, "no cpu request"),
        ({}, "no memory request"),
        (None, "no memory limit"),
        ("a text", "no memory limit"),
        ({"requests": REQUESTS, "limits": {"memory": None}}, "no memory limit"),
    ],
)
def test_what_is_missing_fails(tmp_path, resources, found):
    judgement = of(tmp_path, resources)
    assert set(outcomes(judgement)) == {"failed"}
    assert found in messages(judgement)


def test_a_finding_names_file_line_document_container_and_field(tmp_path):
    judgement = judged(
        tmp_path, deployment(), deployment(container("web", resources={"requests": REQUESTS}), name="web")
    )
    assert messages(judgement).startswith("app.yaml:")
    place = ', document 2 (Deployment/web), container "web": no memory limit; expected resources.limits.memory'
    assert place in messages(judgement)


def test_a_limit_without_a_request_is_the_request_and_is_recorded(tmp_path):
    found = of(tmp_path, {"limits": {"cpu": "1", "memory": "1Gi"}})
    assert outcomes(found) == ["passed"]
    assert any("the request is the limit" in w for w in found.warnings)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ({"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "1Gi"}}, "memory request 2Gi is above the limit 1Gi"),
        ({"requests": {"cpu": 2, "memory": "1Gi"}, "limits": {"cpu": "500m", "memory": "1Gi"}}, "cpu request 2 is above"),
        ({"requests": REQUESTS, "limits": {"memory": "0"}}, "limits.memory is '0'; expected more than 0"),
        ({"requests": {"cpu": 0, "memory": "1Gi"}, "limits": LIMITS}, "requests.cpu is 0"),
        ({"requests": REQUESTS, "limits": {"memory": "-1Gi"}}, "limits.memory is '-1Gi'"),
        ({"requests": REQUESTS, "limits": {"memory": "512MB"}}, 'did you mean "M"'),
        ({"requests": REQUESTS, "limits": {"memory": "lots"}}, "limits.memory is 'lots'"),
        ({"requests": REQUESTS, "limits": {"memory": True}}, "limits.memory is True"),
        ({"requests": {"cpu": "1", "memory": "512m"}, "limits": {"memory": "512m"}}, "which is 0.512 byte"),
    ],
)  # fmt: skip
def test_quantities_that_are_wrong_fail(tmp_path, resources, said):
    judgement = of(tmp_path, resources)
    assert set(outcomes(judgement)) == {"failed"}
    assert said in messages(judgement)


def test_a_quantity_that_is_filled_in_later_cannot_be_told(tmp_path):
    judgement = of(tmp_path, {"requests": REQUESTS, "limits": {"memory": "${MEMORY_LIMIT}"}})
    assert outcomes(judgement) == ["inconclusive"]
    assert "not rendered" in messages(judgement)


@pytest.mark.parametrize("where", ["initContainers", "containers"])
def test_every_container_of_the_pod_counts(tmp_path, where):
    bare = {"name": "proxy", "image": "proxy:1"}
    document = deployment(initContainers=[bare]) if where == "initContainers" else deployment(container(), bare)
    judgement = judged(tmp_path, document)
    assert set(outcomes(judgement)) == {"failed"}
    assert "income" not in messages(judgement).replace("Deployment/income", "")


def test_a_sidecar_is_named_as_one(tmp_path):
    bare = {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}
    assert 'sidecar "proxy"' in messages(judged(tmp_path, deployment(initContainers=[bare])))


def test_defaults_of_the_namespace_count_and_are_recorded(tmp_path):
    defaults = limit_range("ml", default={"memory": "1Gi"}, defaultRequest={"cpu": "100m"})
    bare = {"name": "income", "image": "income:1"}
    found = judged(tmp_path, deployment(bare, namespace="ml"), defaults)
    assert outcomes(found) == ["passed"]
    assert any("LimitRange defaults" in w for w in found.warnings)


@pytest.mark.parametrize(
    "defaults",
    [limit_range("other", default={"memory": "1Gi", "cpu": "1"}), limit_range(default={"memory": "1Gi", "cpu": "1"}),
     limit_range("ml", kind="Pod", max={"memory": "1Gi", "cpu": "1"})],
    ids=["another namespace", "no namespace", "of pods"],
)  # fmt: skip
def test_defaults_of_elsewhere_do_not_count(tmp_path, defaults):
    bare = {"name": "income", "image": "income:1"}
    assert set(outcomes(judged(tmp_path, deployment(bare, namespace="ml"), defaults))) == {"failed"}


def test_the_maximum_of_a_limit_range_is_its_default(tmp_path):
    bare = {"name": "income", "image": "income:1"}
    assert outcomes(judged(tmp_path, deployment(bare), limit_range(max={"memory": "1Gi", "cpu": "2"}))) == ["passed"]


def test_a_request_above_a_default_limit_fails(tmp_path):
    own = container(resources={"requests": {"cpu": "1", "memory": "4Gi"}})
    judgement = judged(tmp_path, deployment(own), limit_range(default={"memory": "1Gi"}))
    assert "memory request 4Gi is above the limit 1Gi (LimitRange defaults)" in messages(judgement)


def test_resources_of_the_pod_as_a_whole_count(tmp_path):
    bare = {"name": "income", "image": "income:1"}
    found = judged(tmp_path, deployment(bare, resources=RESOURCES))
    assert outcomes(found) == ["passed"]
    assert any("the pod as a whole" in w for w in found.warnings)


@pytest.mark.parametrize("name", ["nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "amd.com/gpu", "gpu.intel.com/i915"])
def test_a_gpu_with_a_limit_passes_and_one_without_fails(tmp_path, name):
    limited = {"requests": REQUESTS, "limits": {**LIMITS, name: 1}}
    asked = {"requests": {**REQUESTS, name: 1}, "limits": LIMITS}
    assert outcomes(of(tmp_path, limited)) == ["passed"]
    assert f"{name} is requested without a limit" in messages(of(tmp_path, asked))


@pytest.mark.parametrize("raw", ["0.5", "one", -1])
def test_a_gpu_limit_that_is_no_whole_number_fails(tmp_path, raw):
    judgement = of(tmp_path, {"requests": REQUESTS, "limits": {**LIMITS, "nvidia.com/gpu": raw}})
    assert "a whole number of devices" in messages(judgement)


def test_a_gpu_that_is_seen_through_the_environment_needs_a_limit(tmp_path):
    seen = {"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}
    hidden = {"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "none"}]}
    assert "no GPU is declared" in messages(of(tmp_path, RESOURCES, **seen))
    assert outcomes(of(tmp_path, RESOURCES, **hidden)) == ["passed"]
    limited = {"requests": REQUESTS, "limits": {**LIMITS, "nvidia.com/gpu": 1}}
    assert outcomes(of(tmp_path, limited, **seen)) == ["passed"]


def test_a_runtime_class_for_gpus_needs_a_limit(tmp_path):
    assert "runtimeClassName is nvidia" in messages(judged(tmp_path, deployment(runtimeClassName="nvidia")))
    claimed = container(resources={**RESOURCES, "claims": [{"name": "gpu"}]})
    assert outcomes(judged(tmp_path, deployment(claimed, runtimeClassName="nvidia"))) == ["passed"]
    assert outcomes(judged(tmp_path, deployment(runtimeClassName="gvisor"))) == ["passed"]


def test_thousands_of_findings_in_one_document_come_in_time(tmp_path):
    listed = {"apiVersion": "v1", "kind": "List", "items": [deployment(container(resources={}))] * 1_500}
    path = write(tmp_path, json.dumps(listed), "app.json")
    start = time.monotonic()
    deployed_here = deployed.read([path], root=tmp_path)
    found = limits.judge(deployed_here.workloads, deployed_here.manifests.kubernetes)
    assert len(found.verdicts) == 4_500
    assert "app.json, document 1, item 7 (Deployment/income)" in messages(found)
    assert time.monotonic() - start < 10


def test_nothing_to_judge_is_no_pass(tmp_path):
    assert limits.judge((), ()).verdicts == ()
