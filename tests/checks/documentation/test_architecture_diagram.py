from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_mlready.checks.documentation import architecture_diagram as check
from pytest_mlready.errors import Failed, Inconclusive, Unverified
from pytest_mlready.evidence import Evidence

OPTIONS = {option.name: option.default for option in check.ITEM.options}
MERMAID = "%% income 2.0.0\nflowchart LR\n  income --> feature-store\n  income --> train.parquet\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: income}
spec: {template: {spec: {containers: [{name: c, image: i, env: [{name: STORE_URL, value: "http://feature-store:80"}]}]}}}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a diagram and a manifest, outside any repository; None leaves a file out."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    def make(*, diagram=MERMAID, name="docs/a.mmd", manifest=DEPLOYMENT, system="income", version="2.0.0", **options):
        for place, text in ((name, diagram), ("deploy.yaml", manifest)):
            if text is not None:
                (tmp_path / place).parent.mkdir(exist_ok=True)
                (tmp_path / place).write_text(text)
        return SimpleNamespace(
            root=tmp_path, options=lambda _: {**OPTIONS, **options}, path=lambda text: tmp_path / text,
            files=lambda patterns, _: tuple(tmp_path / p for p in patterns),
            settings=SimpleNamespace(
                system=system, version=version, model=SimpleNamespace(path="model.skops"),
                deploy=SimpleNamespace(manifests=(), workload=None),
            ),
            discovered=SimpleNamespace(
                diagrams=(Path(name),) if diagram is not None else (),
                manifests=(Path("deploy.yaml"),) if manifest is not None else (), compose=(),
            ),
        )  # fmt: skip

    return make


def named(mlready):
    evidence = Evidence()
    check.test_the_diagram_names_the_model_and_its_dependencies(mlready, evidence)
    return evidence


def current(mlready):
    evidence = Evidence()
    check.test_the_diagram_is_of_this_model(mlready, evidence)
    return evidence


def test_a_diagram_that_names_everything_passes(project):
    evidence = named(project(dependencies=("train.parquet",)))
    assert {e["name"]: e["value"] for e in evidence.notes.evidence}["dependencies that the diagram names"] == 2
    assert current(project()).notes.grade == "static"


def test_a_dependency_of_the_manifests_that_is_not_drawn_fails(project):
    with pytest.raises(Failed, match=r"does not show feature-store \(deploy\.yaml.*STORE_URL"):
        named(project(diagram=MERMAID.replace("feature-store", "features")))


def test_a_dependency_of_the_settings_that_is_not_drawn_fails(project):
    with pytest.raises(Failed, match=r"does not show registry \(\[tool\.mlready"):
        named(project(dependencies=("registry",)))


def test_a_diagram_of_another_system_fails(project):
    with pytest.raises(Failed, match="does not name the model"):
        named(project(system="churn"))


def test_a_diagram_of_the_last_version_fails(project):
    with pytest.raises(Failed, match=r"states another version; the candidate is 2\.1\.0"):
        current(project(version="2.1.0"))


def test_without_version_and_history_currency_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="git tells no history"):
        current(project(diagram=MERMAID.replace("%% income 2.0.0\n", "")))


def test_what_is_left_out_on_purpose_and_what_has_another_name_passes(project):
    assert named(
        project(diagram=MERMAID.replace("feature-store", "Feast"), aliases={"feature-store": "Feast"})
    ).notes.evidence
    with pytest.raises(Inconclusive, match="nothing can be missing"):
        named(project(diagram=MERMAID.replace("feature-store", "x"), ignored=("feature-*",)))


def test_where_nothing_is_known_of_dependencies_completeness_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="nothing can be missing"):
        named(project(manifest=None))


def test_a_manifest_that_cannot_be_read_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="not rendered"):
        named(project(manifest=DEPLOYMENT + "---\nkind: Service\napiVersion: v1\nmetadata: {name: {{ .Values.x }}}\n"))


def test_an_image_alone_is_inconclusive(project):
    for run in (named, current):
        with pytest.raises(Inconclusive, match="attest it with the image's sha256"):
            run(project(diagram="<svg/>", name="architecture.svg"))


def test_a_format_that_is_not_known_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="not understood"):
        named(project(diagram="a -> b", name="a.d2"))


def test_no_diagram_is_unverified(project):
    for run in (named, current):
        with pytest.raises(Unverified, match=r'diagrams = \["docs/architecture\.mmd"\]'):
            run(project(diagram=None))
