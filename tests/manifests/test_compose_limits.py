from __future__ import annotations

import pytest
from manifest_shapes import compose, messages, outcomes, read, service

from pytest_mlready.manifests import compose_limits

GPU = {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


def judged(tmp_path, *services):
    return compose_limits.judge(read(tmp_path, compose(*services), name="compose.yaml").services)


def resources(limits=None, reservations=None, **more):
    both = {"limits": limits, "reservations": reservations}
    return service(deploy={"resources": {k: v for k, v in both.items() if v}}, **more)


@pytest.mark.parametrize(
    "own",
    [
        service(),
        resources(mem_limit="512m", cpus=0.5),
        resources(mem_limit=536870912, cpu_shares=512),
        resources({"memory": "1g"}, {"cpus": "0.25"}),
        resources({"memory": "1gb", "cpus": 2}),
        resources({"memory": "1g"}, cpu_quota=50000),
        resources({"memory": "${MEM:-1g}", "cpus": "${CPUS:-1}"}),
    ],
)
def test_the_ways_to_declare_memory_and_cpu_pass(tmp_path, own):
    assert outcomes(judged(tmp_path, own)) == ["passed"]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (resources(cpus=1), "no memory limit"),
        (resources(mem_limit="1g"), "no CPU declared"),
        (resources(mem_limit="1Gi", cpus=1), "compose has no Ki, Mi or Gi"),
        (resources(mem_limit="lots", cpus=1), "a byte value such as"),
        (resources(mem_limit=0, cpus=1), "Docker's own minimum"),
        (resources(mem_limit="512", cpus=1), "Docker's own minimum"),
        (resources(mem_limit="1g", cpus=0), "more than 0"),
        (resources(mem_limit="1g", cpus="half"), "a number of CPUs"),
        (resources(mem_limit="1g", cpu_quota=-1), "a number of CPUs"),
        (resources({"memory": "1g", "cpus": 1}, {"memory": "2g"}), "reservation 2g is above the limit 1g"),
        (resources(mem_limit="1g", cpus=1, runtime="nvidia"), "runtime is nvidia and no GPU is reserved"),
        (resources(mem_limit="1g", cpus=1, environment=["NVIDIA_VISIBLE_DEVICES=all"]), "no GPU is reserved"),
        (resources(mem_limit="1g", cpus=1, environment={"NVIDIA_VISIBLE_DEVICES": "0"}), "no GPU is reserved"),
    ],
)
def test_what_is_missing_or_wrong_fails_and_names_the_service(tmp_path, own, said):
    judgement = judged(tmp_path, own)
    assert set(outcomes(judgement)) == {"failed"}
    assert said in messages(judgement)
    assert 'service "income"' in messages(judgement)


def test_every_service_counts(tmp_path):
    judgement = judged(tmp_path, service(), {"name": "redis", "image": "redis:7"})
    assert [m.split(": ")[0] for m in messages(judgement).splitlines()] == [
        'compose.yaml:11, document 1 (compose), service "redis"'
    ] * 2


def test_a_variable_without_a_default_cannot_be_told(tmp_path):
    judgement = judged(tmp_path, resources(mem_limit="${MEM}", cpus=1))
    assert outcomes(judgement) == ["inconclusive"]
    assert "give the variable a default" in messages(judgement)


@pytest.mark.parametrize("more", [{"runtime": "nvidia"}, {"environment": ["NVIDIA_VISIBLE_DEVICES=all"]}, {}])
def test_a_reserved_gpu_passes(tmp_path, more):
    own = resources({"memory": "1g", "cpus": 1}, {"devices": [GPU]}, **more)
    assert outcomes(judged(tmp_path, own)) == ["passed"]


def test_warnings_say_what_is_weaker_than_it_could_be(tmp_path):
    everything = {"driver": "nvidia", "capabilities": ["gpu"]}
    found = judged(tmp_path, resources({"memory": "1g"}, {"cpus": 1, "devices": [everything]}))
    assert outcomes(found) == ["passed"]
    assert [w.rpartition(": ")[2] for w in found.warnings] == [
        "no memory reservation",
        "no CPU limit; reservations hold outside a swarm for nothing",
        "all devices of the machine are taken (no count)",
    ]


@pytest.mark.parametrize("deploy", ["x", {"resources": []}, {"resources": {"limits": "1g"}}])
def test_another_shape_does_no_harm(tmp_path, deploy):
    assert set(outcomes(judged(tmp_path, service(deploy=deploy)))) == {"failed"}


def test_nothing_to_judge_is_no_pass():
    assert compose_limits.judge([]).verdicts == ()
