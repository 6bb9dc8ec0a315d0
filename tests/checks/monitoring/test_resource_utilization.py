from __future__ import annotations

import pytest
from alert_runs import file_of, needs_promtool, rule

from pytest_mlready.checks.monitoring import resource_utilization as check
from pytest_mlready.errors import Failed, Inconclusive, NotApplicable, Unverified

MEMORY = file_of(rule("Memory", "process_resident_memory_bytes > 0.9e9"))
QUEUE = file_of(rule("Queue", "answers_in_progress > 50"))
LIMIT = {check.ITEM.id: {"memory_limit": "1 GB"}}
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: doubles}
spec:
  selector: {matchLabels: {app: doubles}}
  template:
    metadata: {labels: {app: doubles}}
    spec:
      containers:
        - {name: doubles, image: doubles:1, resources: {limits: {memory: 1G}}}
"""
GPU = "# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL 3\n"


@needs_promtool
def test_memory_and_queue_that_are_watched_pass(run):
    memory = run(text=MEMORY, items=LIMIT)
    memory(check.test_memory_is_watched)
    assert memory.values()
    queue = run(text=QUEUE)
    queue(check.test_the_queue_is_watched)
    assert queue.values()


@needs_promtool
@pytest.mark.parametrize("change", [("0.9e9", "900"), ("0.9e9", "0.9e12"), (">", "<"), ("memory_bytes", "memory_byte")])
def test_faulty_alerts_on_memory_fail(run, change):
    with pytest.raises(Failed):
        run(text=MEMORY.replace(*change), items=LIMIT)(check.test_memory_is_watched)


@needs_promtool
@pytest.mark.parametrize(
    "change", [("> 50", "> 5000"), (">", "<"), ("answers_in_progress", "answers_running"), ("runbook_url", "text")]
)
def test_faulty_alerts_on_the_queue_fail(run, change):
    with pytest.raises(Failed):
        run(text=QUEUE.replace(*change))(check.test_the_queue_is_watched)


@needs_promtool
def test_the_limit_comes_from_the_manifests_of_the_serving_workload(run, tmp_path):
    (tmp_path / "deploy.yaml").write_text(DEPLOYMENT)
    one = run(text=MEMORY, deploy={"manifests": ["deploy.yaml"]})
    one(check.test_memory_is_watched)
    assert one.values()["memory limit"] == 1e9


@needs_promtool
def test_no_known_limit_is_inconclusive(run):
    with pytest.raises(Inconclusive, match="no memory limit is known"):
        run(text=MEMORY)(check.test_memory_is_watched)


def test_no_rules_are_unverified(run):
    with pytest.raises(Unverified, match="no alert rules"):
        run(items=LIMIT)(check.test_memory_is_watched)


@needs_promtool
def test_a_stale_series_fails(run, tmp_path):
    (tmp_path / "old.prom").write_text("# TYPE job_queue_depth gauge\njob_queue_depth 3 1700000000000\n")
    items = {check.ITEM.id: {"pages": ["old.prom"], "queue": ["answers_in_progress", "job_queue_depth"]}}
    with pytest.raises(Failed, match=r"job_queue_depth is .* s old"):
        run(text=QUEUE, items=items)(check.test_the_queue_is_watched)


def test_the_gpu_is_not_applicable_where_none_is_asked_for(run, tmp_path):
    (tmp_path / "deploy.yaml").write_text(DEPLOYMENT)
    with pytest.raises(NotApplicable, match="no container in the manifests asks for one"):
        run(deploy={"manifests": ["deploy.yaml"]})(check.test_the_gpu_is_watched)
    with pytest.raises(NotApplicable, match="the settings say so"):
        run(items={check.ITEM.id: {"gpu": False}})(check.test_the_gpu_is_watched)


def test_whether_there_is_a_gpu_is_unverified_without_manifests(run):
    with pytest.raises(Unverified, match="gpu = false"):
        run()(check.test_the_gpu_is_watched)


@needs_promtool
def test_a_gpu_in_the_manifests_must_be_exposed_and_watched(run, tmp_path):
    (tmp_path / "deploy.yaml").write_text(DEPLOYMENT.replace("memory: 1G", "memory: 1G, nvidia.com/gpu: 1"))
    (tmp_path / "gpu.prom").write_text(GPU)
    watched, pages = file_of(rule("Gpu", "DCGM_FI_DEV_GPU_UTIL > 95")), {check.ITEM.id: {"pages": ["gpu.prom"]}}
    deploy = {"manifests": ["deploy.yaml"]}
    run(text=watched, deploy=deploy, items=pages)(check.test_the_gpu_is_watched)
    with pytest.raises(Failed, match="no alert reads the GPU"):
        run(text=MEMORY, deploy=deploy, items=pages)(check.test_the_gpu_is_watched)
    with pytest.raises(Failed, match="shows nothing about the GPU"):
        run(text=watched, deploy=deploy)(check.test_the_gpu_is_watched)
