from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from manifest_shapes import deployment, write

from pytest_mlready.manifests import kustomize, reading

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")
OVERLAY = """
resources: [../../base]
namespace: income
images: [{name: income, newTag: 2.1.0}]
patches: [{path: limits.yaml}]
"""
PATCH = """apiVersion: apps/v1
kind: Deployment
metadata: {name: income}
spec: {template: {spec: {containers: [{name: income, resources: {limits: {memory: 2Gi}}}]}}}
"""


@pytest.fixture
def project(tmp_path):
    write(tmp_path, "resources: [app.yaml]\n", "base/kustomization.yaml")
    write(tmp_path, [deployment()], "base/app.yaml")
    write(tmp_path, OVERLAY, "overlays/prod/kustomization.yaml")
    write(tmp_path, PATCH, "overlays/prod/limits.yaml")
    return tmp_path


def only(found):
    (problem,) = found.problems
    return problem


@needs_kubectl
def test_a_folder_is_rendered_with_its_patches(project):
    found = reading.read([project / "overlays" / "prod"], root=project)
    (document,) = found.documents
    assert document.where == "overlays/prod (kustomize), document 1 (Deployment/income)"
    assert document.namespace == "income"
    container = document.content["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "income:2.1.0"
    assert container["resources"]["limits"]["memory"] == "2Gi"
    assert document.place("spec", "template") == document.where


@needs_kubectl
def test_the_parts_of_a_kustomization_are_not_read_by_themselves(project):
    for paths in ([project], sorted(project.rglob("*.yaml"))):
        found = reading.read(paths, root=project)
        assert [d.file for d in found.documents] == ["overlays/prod (kustomize)"]
        assert not found.problems


@needs_kubectl
def test_a_base_that_is_named_itself_is_rendered(project):
    assert reading.read([project / "base"], root=project).documents[0].namespace is None


@needs_kubectl
def test_what_kubectl_objects_to_is_said(project):
    (project / "base" / "app.yaml").unlink()
    problem = only(reading.read([project / "overlays" / "prod"], root=project))
    assert problem.kind == "not rendered"
    assert "app.yaml" in problem.message


@needs_kubectl
def test_files_outside_the_folder_are_not_taken_in(project):
    write(project, [deployment(name="other")], "outside.yaml")
    write(project, "resources: [../../outside.yaml]\n", "overlays/prod/kustomization.yaml")
    assert only(reading.read([project / "overlays"], root=project)).kind == "not rendered"


def test_without_kubectl_it_is_said_to_be_needed(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = reading.read([project], root=project)
    assert not found.documents
    assert only(found).kind == "tool missing"
    assert only(found).verdict().outcome == "inconclusive"
    assert "kubectl kustomize overlays/prod > rendered.yaml" in only(found).fix


@pytest.mark.parametrize(
    "line",
    [
        "resources: ['https://example.com/app.yaml']",
        "resources: ['github.com/kubernetes-sigs/kustomize//examples/helloWorld?ref=v1.0.6']",
        "resources: ['git@example.com:team/base.git']",
        "bases: ['git::https://example.com/base']",
        "helmCharts: [{name: redis, repo: 'https://example.com/charts'}]",
    ],
)
def test_nothing_is_fetched(project, line, monkeypatch):
    write(project, line, "base/kustomization.yaml")
    monkeypatch.setattr(kustomize, "_run", lambda *_: pytest.fail("kubectl was started"))
    problem = only(reading.read([project / "overlays" / "prod"], root=project))
    assert "nothing is fetched here" in problem.message


def kubectl(folder, script):
    tool = folder / "bin" / "kubectl"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return f"{tool.parent}{os.pathsep}{os.environ['PATH']}"


def state(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "gone"


def test_a_kubectl_that_hangs_is_stopped_with_its_children(project, monkeypatch):
    marker = project / "child"
    monkeypatch.setenv("PATH", kubectl(project, f"sleep 60 & echo $! > {marker}; wait"))
    start = time.monotonic()
    with pytest.raises(kustomize.CannotRenderError, match=r"stopped after 0\.5 s"):
        kustomize.render(project / "base", time_limit=0.5)
    assert time.monotonic() - start < 5
    child = int(marker.read_text())
    while state(child) not in ("Z", "gone") and time.monotonic() < start + 10:  # init reaps an orphan in its time
        time.sleep(0.05)
    assert state(child) in ("Z", "gone")


def test_a_rendering_without_end_is_refused(project, monkeypatch):
    monkeypatch.setenv("PATH", kubectl(project, "head -c 12000000 /dev/zero"))
    with pytest.raises(kustomize.CannotRenderError, match="more than 10,000,000 bytes"):
        kustomize.render(project / "base")


def test_kubectl_sees_no_cluster_no_proxy_and_no_home(project, monkeypatch):
    monkeypatch.setenv("PATH", kubectl(project, "env | grep -i -e proxy -e kubeconfig >&2; exit 3"))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("KUBECONFIG", "/root/secret")
    with pytest.raises(kustomize.CannotRenderError) as error:
        kustomize.render(project / "base")
    assert "status 3" in str(error.value)
    assert "KUBECONFIG=/dev/null" in str(error.value)
    assert "proxy.example" not in str(error.value)


def test_bases_that_name_one_another_end(tmp_path):
    write(tmp_path, "resources: [../b]\n", "a/kustomization.yaml")
    write(tmp_path, "resources: [../a, {no: path}, 7]\n", "b/kustomization.yaml")
    assert kustomize.used(tmp_path / "a") == {tmp_path / "a", tmp_path / "b"}


@pytest.mark.parametrize("text", ["resources: [", "- a", "resources: {a: b}", ""])
def test_a_kustomization_that_cannot_be_read_is_left_to_kubectl(tmp_path, text):
    write(tmp_path, text, "a/kustomization.yaml")
    assert kustomize.used(tmp_path / "a") == set()
