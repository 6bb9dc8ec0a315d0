from __future__ import annotations

import pytest
from manifest_shapes import compose, messages, outcomes, read, service

from pytest_mlready.manifests import compose_network

NETWORKS = {"networks": {"front": {"internal": True}, "back": {"internal": True}, "out": None}}


def judged(tmp_path, *services, networks=None, **more):
    file = compose(*services, **(NETWORKS if networks is None else networks))
    return compose_network.judge(read(tmp_path, file, name="compose.yaml").services, **more)


def inside(name="income", **more):
    return service(name, **{"networks": ["front"], **more})


@pytest.mark.parametrize(
    "services",
    [
        (inside(),),
        (inside(ports=["127.0.0.1:8000:8000"]),),
        (inside(ports=["8000:8000"]),),
        (inside(ports=["[::1]:8000:8000", "localhost:9:9/udp"]),),
        (inside(ports=[{"target": 8000, "published": "8000", "host_ip": "127.0.0.1"}]),),
        (inside(networks={"front": {"aliases": ["model"]}}), inside("redis", networks=["back"], expose=["6379"])),
        (inside(network_mode="none", networks=None),),
        (inside(), inside("proxy", network_mode="service:income", networks=None)),
        (inside(ports=["${BIND:-127.0.0.1}:8000:8000"]), inside("db", ports=["127.0.0.1:5432:5432"])),
    ],
)
def test_separated_services_pass(tmp_path, services):
    found = judged(tmp_path, *services)
    assert outcomes(found) == ["passed"], messages(found)


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ((inside(network_mode="host", networks=None),), "network_mode is host"),
        ((inside(network_mode="bridge", networks=None),), "network_mode is bridge"),
        ((inside(ports=["8000:8000", "9090:9090"]),), "port '9090:9090' is published on every interface"),
        ((inside(ports=["8000:8000"]), inside("db", ports=["5432:5432"])), "port '5432:5432'"),
        ((inside(ports=["0.0.0.0:8000:8000", "3000"]),), "port '3000' is published"),
        ((inside(ports=[{"target": 1, "published": 1}, {"target": 2, "host_ip": "0.0.0.0"}]),), "every interface"),
        ((inside(ports=["[::]:8000:8000", "192.168.1.5:9:9"]),), "every interface"),
        ((inside(networks=["frnt"]),), '"frnt" is not among the networks of the file; did you mean "front"?'),
        ((service(), service("redis")), "income, redis are all on the default network"),
    ],
)
def test_what_is_open_fails(tmp_path, services, said):
    found = judged(tmp_path, *services)
    assert "failed" in outcomes(found)
    assert said in messages(found)


def test_the_port_of_the_serving_service_alone_may_be_public(tmp_path):
    services = inside(ports=["8000:8000"]), inside("db", ports=["5432:5432"])
    found = judged(tmp_path, *services, workload="income")
    assert outcomes(found) == ["failed"]
    assert "service \"db\": port '5432:5432'" in messages(found)
    assert outcomes(judged(tmp_path, inside("db", ports=["5432:5432"]), inside(), workload="income")) == ["failed"]


def test_public_ports_are_named(tmp_path):
    services = inside(ports=["80:8000", "443:8443", "9090:9090"]), inside("db", ports=["127.0.0.1:5432:5432"])
    assert outcomes(judged(tmp_path, *services, public_ports=("80", "443", "9090"))) == ["passed"]
    assert "'9090:9090'" in messages(judged(tmp_path, *services, public_ports=("80", "443")))


def test_compose_alone_with_open_egress_cannot_be_told(tmp_path):
    found = judged(tmp_path, inside(networks=["out"]))
    assert outcomes(found) == ["inconclusive"]
    assert "closes it only by internal: true" in messages(found)


def test_open_egress_beside_kubernetes_is_recorded(tmp_path):
    found = judged(tmp_path, inside(networks=["out"]), alone=False)
    assert outcomes(found) == ["passed"]
    assert any("egress is open through out" in w for w in found.warnings)


def test_a_single_service_on_the_default_network_shares_it_with_nobody(tmp_path):
    assert outcomes(judged(tmp_path, service(), alone=False)) == ["passed"]
    closed = {"networks": {"default": {"internal": True}}}
    assert outcomes(judged(tmp_path, service(), networks=closed)) == ["passed"]


def test_others_on_the_default_network_do_not_concern_a_service_that_is_elsewhere(tmp_path):
    services = inside(), service("redis"), service("web")
    assert outcomes(judged(tmp_path, *services, workload="income")) == ["passed"]


@pytest.mark.parametrize("mode", ["macvlan", "custom"])
def test_an_unknown_mode_is_not_understood(tmp_path, mode):
    assert "not understood" in messages(judged(tmp_path, inside(network_mode=mode, networks=None)))


@pytest.mark.parametrize("ports", ["8000:8000", 8000, {"a": 1}, [None], [[]]])
def test_ports_of_another_shape_do_no_harm(tmp_path, ports):
    assert judged(tmp_path, inside(ports=ports)).verdicts


def test_nothing_to_judge_is_no_pass():
    assert compose_network.judge([]).verdicts == ()


@pytest.mark.parametrize("more", [{"ports": "8000:8000"}, {"ports": {8000: 8000}}, {"networks": "front"}])
def test_a_shape_that_hides_what_is_open_is_not_understood(tmp_path, more):
    found = judged(tmp_path, inside(**more))
    assert "passed" not in outcomes(found)
    assert "expected a list" in messages(found)


def test_a_range_of_ports_is_more_than_the_one_that_a_service_may_publish(tmp_path):
    assert outcomes(judged(tmp_path, inside(ports=["8000-8010:8000-8010"]))) == ["failed"]
