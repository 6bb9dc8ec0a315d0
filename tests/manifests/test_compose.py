from __future__ import annotations

import pytest
from manifest_shapes import compose, service, write

from pytest_mlready.manifests import compose as domain
from pytest_mlready.manifests import reading


def read(tmp_path, *files, workload=None):
    """Files as (name, content)."""
    paths = [write(tmp_path, content if isinstance(content, str) else [content], name) for name, content in files]
    return domain.read(reading.read(paths, root=tmp_path).documents, workload=workload)


def contents(found):
    return {s.name: s.content for s in found.services}


ANCHORS = """
x-defaults: &defaults
  restart: unless-stopped
  deploy: {resources: {limits: {memory: 1g, cpus: '1'}}}
services:
  income: {<<: *defaults, image: "income:1"}
  web: {<<: *defaults, build: ., deploy: {resources: {limits: {memory: 2g}}}}
"""


def test_anchors_are_filled_in(tmp_path):
    found = contents(read(tmp_path, ("compose.yaml", ANCHORS)))
    assert found["income"]["deploy"]["resources"]["limits"]["memory"] == "1g"
    assert found["web"]["deploy"]["resources"]["limits"] == {"memory": "2g"}


def test_a_service_takes_over_what_it_extends(tmp_path):
    base = service("base", mem_limit="1g", environment={"A": "1"}, ports=["127.0.0.1:1:1"], profiles=["never"])
    own = {"name": "income", "extends": {"service": "base"}, "environment": {"B": "2"}, "ports": ["127.0.0.1:2:2"]}
    found = contents(read(tmp_path, ("compose.yaml", compose(base, own))))
    assert found["income"]["mem_limit"] == "1g"
    assert found["income"]["environment"] == {"A": "1", "B": "2"}
    assert found["income"]["ports"] == ["127.0.0.1:1:1", "127.0.0.1:2:2"]
    assert "base" not in found


def test_a_service_of_another_file_is_found_when_that_was_given(tmp_path):
    common = ("deploy/common.yml", compose(service("base", mem_limit="1g")))
    own = ("deploy/compose.yaml", compose({"name": "income", "extends": {"file": "./common.yml", "service": "base"}}))
    assert contents(read(tmp_path, common, own))["income"]["mem_limit"] == "1g"
    found = read(tmp_path, own)
    assert "common.yml, which is not among the files" in found.problems[0].message
    assert "docker compose config" in found.problems[0].fix


@pytest.mark.parametrize(
    ("extends", "said"),
    [("bse", 'there is no service "bse" to extend; did you mean "base"?'), ("income", "extend one another"),
     ({"service": None}, "no service"), (["x"], "no service")],
)  # fmt: skip
def test_what_cannot_be_extended_is_not_understood(tmp_path, extends, said):
    found = read(tmp_path, ("compose.yaml", compose(service("base"), {"name": "income", "extends": extends})))
    assert said in found.problems[0].message
    assert [s.name for s in found.services] == ["base"]


def test_an_override_beside_its_file_is_merged(tmp_path):
    override = compose({"name": "income", "mem_limit": "3g"}, {"name": "debug", "image": "debug:1"})
    found = contents(read(tmp_path, ("compose.yaml", compose(service())), ("compose.override.yaml", override)))
    assert found["income"]["mem_limit"] == "3g"
    assert found["income"]["image"] == "income:2.0.0"
    assert "debug" in found


def test_a_part_of_another_file_is_not_understood(tmp_path):
    found = read(tmp_path, ("docker-compose.prod.yml", compose({"name": "income", "mem_limit": "3g"})))
    assert "neither image nor build" in found.problems[0].message
    assert not found.services


def test_an_override_alone_is_not_understood_where_it_is_a_part(tmp_path):
    found = read(tmp_path, ("compose.override.yaml", compose({"name": "income", "mem_limit": "3g"})))
    assert found.problems


def test_a_file_that_includes_others_needs_them(tmp_path):
    main = ("compose.yaml", compose(service(), include=["db.yaml", {"path": "cache.yaml"}]))
    assert [p.message for p in read(tmp_path, main).problems] == [
        "includes db.yaml, which is not among the files looked at",
        "includes cache.yaml, which is not among the files looked at",
    ]
    others = ("db.yaml", compose(service("db"))), ("cache.yaml", compose(service("cache")))
    assert not read(tmp_path, main, *others).problems


def test_a_service_of_a_profile_is_left_out_unless_it_serves(tmp_path):
    file = ("compose.yaml", compose(service(), service("debug", profiles=["debug"])))
    found = read(tmp_path, file)
    assert [s.name for s in found.services] == ["income"]
    assert 'service "debug" starts with a profile only' in found.notes[0]
    assert [s.name for s in read(tmp_path, file, workload="debug").services] == ["income", "debug"]


def test_defaults_of_variables_are_filled_in(tmp_path):
    own = service(mem_limit="${MEM:-1g}", cpus="${CPUS}", labels=["${A:-${B-x}}-${C:?needed}"])
    found = contents(read(tmp_path, ("compose.yaml", compose(own))))["income"]
    assert (found["mem_limit"], found["cpus"], found["labels"]) == ("1g", "${CPUS}", ["x-${C:?needed}"])


@pytest.mark.parametrize("value", [None, "x", 7, ["image"]])
def test_a_service_that_is_no_table_is_not_understood(tmp_path, value):
    found = read(tmp_path, ("compose.yaml", {"services": {"income": value}}))
    assert found.problems[0].kind == "not understood"
