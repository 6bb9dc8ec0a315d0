from __future__ import annotations

import resource
import time
from dataclasses import replace

import pytest
from manifest_shapes import compose, deployment, hpa, manifests, service, write

from pytest_mlready.errors import ReadinessError
from pytest_mlready.manifests import reading

HELM = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "income.fullname" . }}
spec:
  replicas: {{ .Values.replicaCount }}
"""
HELM_IN_QUOTES = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: income
spec:
  template:
    spec:
      containers: [{name: income, image: "{{ .Values.image }}:{{ .Values.tag }}"}]
"""
ALERT = """apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: income}
spec:
  groups:
    - name: a
      rules: [{alert: A, expr: up == 0, annotations: {summary: "{{ $labels.instance }} is down"}}]
"""


def problems(found):
    return [(p.kind, p.where, p.message) for p in found.problems]


def only(found):
    (problem,) = found.problems
    return problem


def test_documents_of_one_file_are_numbered_and_named(tmp_path):
    found = manifests(tmp_path, [deployment(), hpa()], "deploy/app.yaml")
    assert [d.where for d in found.documents] == [
        "deploy/app.yaml, document 1 (Deployment/income)",
        "deploy/app.yaml, document 2 (HorizontalPodAutoscaler/income)",
    ]
    assert not found.problems


def test_a_place_names_the_line_of_a_field(tmp_path):
    found = manifests(tmp_path, "kind: A\napiVersion: v1\n---\nkind: Pod\napiVersion: v1\nspec:\n  x: 1\n")
    assert found.documents[1].place("spec", "x").startswith("app.yaml:7, document 2")


def test_the_objects_of_a_list_are_documents_of_their_own(tmp_path):
    listed = {"apiVersion": "v1", "kind": "List", "items": [deployment(), deployment(name="web")]}
    found = manifests(tmp_path, [listed])
    assert [d.name for d in found.documents] == ["income", "web"]
    assert found.documents[1].where == "app.yaml, document 1, item 2 (Deployment/web)"
    assert int(found.documents[1].place("metadata", "name").split(":")[1].split(",")[0]) > 15


def test_json_is_read_too(tmp_path):
    found = manifests(tmp_path, '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}', "pod.json")
    assert found.documents[0].title == "Pod/p"


def test_an_unreadable_document_is_named_and_the_others_are_read(tmp_path):
    found = manifests(tmp_path, "apiVersion: v1\nkind: Pod\n---\na: [\n---\napiVersion: v1\nkind: Service\n")
    assert [d.kind for d in found.documents] == ["Pod", "Service"]
    assert only(found).where == "app.yaml, document 2"
    assert only(found).verdict().outcome == "inconclusive"


@pytest.mark.parametrize("text", [HELM, HELM_IN_QUOTES, "{% if x %}\na: 1\n{% endif %}\n"])
def test_a_template_is_said_to_be_one(tmp_path, text):
    found = manifests(tmp_path, text)
    assert only(found).kind == "not rendered"
    assert "helm template" in only(found).fix


def test_braces_that_are_no_template_are_read(tmp_path):
    config = 'apiVersion: v1\nkind: ConfigMap\ndata: {page: "{{ if .x }}y{{ end }}", note: "# {{ .Values.x }}"}\n'
    commented = "# Source: {{ .Values.x }}\napiVersion: v1\nkind: Pod\n"
    assert not manifests(tmp_path, ALERT).problems
    assert not manifests(tmp_path, commented).problems
    assert only(manifests(tmp_path, config)).kind == "not rendered"  # .Values is Helm's own word, wherever it stands


def test_a_chart_is_one_problem_whether_a_folder_or_a_file_of_it_is_named(tmp_path):
    write(tmp_path, "name: income\n", "chart/Chart.yaml")
    template = write(tmp_path, HELM, "chart/templates/deployment.yaml")
    write(tmp_path, HELM, "chart/templates/hpa.yaml")
    for path in (tmp_path, tmp_path / "chart", template):
        found = reading.read([path], root=tmp_path)
        assert problems(found) == [("not rendered", "chart", "a Helm chart")]


def test_a_folder_is_searched_and_hidden_ones_are_not(tmp_path):
    write(tmp_path, [deployment()], "a/one.yaml")
    write(tmp_path, [deployment(name="two")], "a/b/two.yml")
    write(tmp_path, [deployment(name="no")], ".cache/three.yaml")
    write(tmp_path, "not yaml: [", "notes.txt")
    found = reading.read([tmp_path], root=tmp_path)
    assert [d.name for d in found.documents] == ["two", "income"]
    assert not found.problems


def test_other_yaml_in_a_folder_is_noted_and_a_named_file_of_it_is_a_problem(tmp_path):
    path = write(tmp_path, "replicaCount: 2\n", "values.yaml")
    write(tmp_path, '{"name": "web"}', "package.json")
    assert reading.read([tmp_path], root=tmp_path).notes == ("values.yaml, document 1: no manifest, left out",)
    found = reading.read([path], root=tmp_path)
    assert problems(found) == [
        ("not understood", "values.yaml, document 1", "neither apiVersion and kind nor services at the top level")
    ]


@pytest.mark.parametrize(
    "text",
    ["kind: Deployment\n", "apiVersion: apps/v1\nknd: Deployment\n", "services: [a]\n", "apiVersion: 1.5\nkind: Pod\n"],
)
def test_half_an_object_is_not_understood_wherever_it_lies(tmp_path, text):
    write(tmp_path, text, "deploy/app.yaml")
    assert only(reading.read([tmp_path], root=tmp_path)).kind == "not understood"


def test_a_misspelt_key_at_the_top_is_hinted_at(tmp_path):
    assert 'did you mean "services"' in only(manifests(tmp_path, "service:\n  a: {image: x}\n")).message


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "42\n"])
def test_a_document_that_is_no_table_is_not_understood(tmp_path, text):
    assert only(manifests(tmp_path, text)).kind == "not understood"


def test_an_item_of_a_list_that_is_no_object_is_not_understood(tmp_path):
    listed = {"apiVersion": "v1", "kind": "List", "items": ["x", None, deployment()]}
    found = manifests(tmp_path, [listed])
    assert len(found.documents) == 1
    assert only(found).where == "app.yaml, document 1, item 1"


def test_a_compose_file_is_one_document(tmp_path):
    found = manifests(tmp_path, [compose(service())], "compose.yaml")
    assert [d.where for d in found.compose] == ["compose.yaml, document 1 (compose)"]
    assert not found.kubernetes


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(ReadinessError, match="does not exist"):
        reading.read([tmp_path / "deploy"], root=tmp_path)


def test_a_file_that_is_named_twice_is_read_once(tmp_path):
    path = write(tmp_path, [deployment()])
    assert len(reading.read([path, tmp_path, path], root=tmp_path).documents) == 1


def test_bytes_that_are_no_text_are_unreadable(tmp_path):
    path = tmp_path / "app.yaml"
    path.write_bytes(b"kind: Pod\xff\xfe")
    assert "no UTF-8 (byte 9)" in only(reading.read([path], root=tmp_path)).message


def test_nul_bytes_tabs_and_types_of_python_are_unreadable(tmp_path):
    text = "a: \x00\n---\na:\n\t- b\n---\n!!python/object/apply:os.system [touch pwned]\n"
    found = manifests(tmp_path, text)
    assert [p.kind for p in found.problems] == ["unreadable"] * 3
    assert not (tmp_path / "pwned").exists()


def test_a_file_of_50_mb_is_refused_within_bounds_of_time_and_memory(tmp_path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        for _ in range(50):
            file.write(b"- {a: 1, b: [x, y]}\n" * 50_000)
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = reading.read([path], root=tmp_path)
    assert "more than 10,000,000 bytes" in only(found).message
    assert time.monotonic() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB


def test_a_file_below_the_size_limit_that_is_all_values_is_refused_in_time(tmp_path):
    start = time.monotonic()
    found = manifests(tmp_path, "- 1\n" * 2_000_000)
    assert "more than 250,000 values" in only(found).message
    assert time.monotonic() - start < 5


def test_many_documents_and_many_values_end_the_reading_of_a_file(tmp_path):
    limits = replace(reading.LIMITS, documents=3, values=50)
    path = write(tmp_path, "apiVersion: v1\nkind: Pod\n---\n" * 5)
    found = reading.read([path], root=tmp_path, limits=limits)
    assert len(found.documents) == 3
    assert "document 4" in only(found).where
    big = write(tmp_path, "apiVersion: v1\nkind: Pod\nx: [" + "1," * 100 + "]\n---\napiVersion: v1\nkind: Pod\n")
    assert "too much to read" in only(reading.read([big], root=tmp_path, limits=limits)).message


def test_more_files_than_the_limit_are_said_to_be_left_out(tmp_path):
    for n in range(4):
        write(tmp_path, [deployment(name=f"a{n}")], f"{n}.yaml")
    found = reading.read([tmp_path], root=tmp_path, limits=replace(reading.LIMITS, files=2))
    assert len(found.documents) == 2
    assert "only the first 2 were read" in only(found).message


def test_a_folder_that_looks_like_a_file_and_a_link_to_nowhere_do_no_harm(tmp_path):
    write(tmp_path, [deployment()], "folder.yaml/app.yaml")
    (tmp_path / "broken.yaml").symlink_to(tmp_path / "nowhere.yaml")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [d.name for d in reading.read([tmp_path], root=tmp_path).documents] == ["income"]


def test_a_pipe_is_not_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.yaml")
    found = reading.read([tmp_path / "pipe.yaml"], root=tmp_path)
    assert "no regular file" in only(found).message
