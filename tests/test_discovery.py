"""Discovery: what a project without settings has, found within bounds and never stated as fact."""

from __future__ import annotations

import os
import time
import tomllib
from pathlib import Path

import pytest

from pytest_mlready import discovery
from pytest_mlready.discovery import Limits

DEPLOYMENT = "# licence\napiVersion: apps/v1\nkind: Deployment\n"
RULES = "groups:\n- name: a\n  rules:\n  - alert: Slow\n    expr: x > 1\n"
FILES = {
    "artifacts/model.skops": "",
    "artifacts/production.joblib": "",
    "artifacts/lightgbm.txt": "tree\nversion=v4\n",
    "notes/model.txt": "plain words",
    "data/train.parquet": "",
    "data/held-out.csv.gz": "",
    "MODEL_CARD.md": "",
    "docs/model-card.md": "",
    "Dockerfile": "",
    "docker/serving.Dockerfile": "",
    "deploy/app.yaml": DEPLOYMENT,
    "deploy/alerts.yml": RULES,
    "deploy/crd.yaml": "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n",
    "docker-compose.yml": "services:\n",
    "deploy/stack.yaml": "services:\n  app:\n    image: x\n",
    "api/openapi.yaml": "openapi: 3.1.0\n",
    "api/openapi.json": '{\n "openapi": "3.1.0"}',
    "config.yaml": "a: 1\n",
    "docs/runbooks/slow.md": "",
    "docs/Runbook.md": "",
    "docs/architecture.mmd": "",
    "explore.ipynb": "",
    "tests/test_it.py": "",
    "tests/fixture.csv": "",
    ".github/workflows/ci.yml": "on: push\n",
    ".gitlab-ci.yml": "",
    "Jenkinsfile": "",
    # never looked at
    ".git/model.onnx": "",
    ".hidden/model.onnx": "",
    "node_modules/x/model.onnx": "",
    "src/__pycache__/model.onnx": "",
    "myenv/pyvenv.cfg": "",
    "myenv/lib/model.onnx": "",
}


def write(root, files):
    for place, text in files.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text)


def places(paths):
    return [path.as_posix() for path in paths]


@pytest.fixture
def project(tmp_path):
    write(tmp_path, FILES)
    return tmp_path


def test_files_are_found_by_name_and_by_how_they_begin(project):
    found = discovery.discover(project)
    assert places(found.models) == ["artifacts/lightgbm.txt", "artifacts/model.skops", "artifacts/production.joblib"]
    assert places(found.data) == ["data/held-out.csv.gz", "data/train.parquet", "tests/fixture.csv"]
    assert places(found.model_cards) == ["MODEL_CARD.md", "docs/model-card.md"]
    assert places(found.dockerfiles) == ["Dockerfile", "docker/serving.Dockerfile"]
    assert places(found.manifests) == ["deploy/app.yaml"]
    assert places(found.rules) == ["deploy/alerts.yml", "deploy/crd.yaml"]
    assert places(found.compose) == ["docker-compose.yml", "deploy/stack.yaml"]
    assert places(found.openapi) == ["api/openapi.json", "api/openapi.yaml"]
    assert places(found.runbooks) == ["docs/Runbook.md", "docs/runbooks/slow.md"]
    assert places(found.diagrams) == ["docs/architecture.mmd"]
    assert places(found.notebooks) == ["explore.ipynb"]
    assert places(found.tests) == ["tests/test_it.py"]
    assert [(p.as_posix(), name) for p, name in found.ci] == [
        (".github/workflows/ci.yml", "GitHub Actions"),
        (".gitlab-ci.yml", "GitLab CI"),
        ("Jenkinsfile", "Jenkins"),
    ]
    assert found.bounds == ()


def test_a_folder_that_is_not_there_has_nothing(tmp_path):
    assert discovery.discover(tmp_path / "gone") == discovery.Discovered()


def test_links_are_followed_once_and_loops_end(tmp_path):
    project, outside = tmp_path / "project", tmp_path / "outside"
    write(outside, {"sub/train.parquet": ""})
    write(project, {"a/model.onnx": ""})
    (project / "a" / "up").symlink_to(project)
    (project / "a" / "self").symlink_to("self")
    (project / "data").symlink_to(outside)
    (project / "again").symlink_to(outside)
    (outside / "back").symlink_to(project)
    (project / "dangling.parquet").symlink_to("nowhere")
    found = discovery.discover(project)
    assert places(found.models) == ["a/model.onnx"]
    assert places(found.data) == ["dangling.parquet", "again/sub/train.parquet"]


def test_what_cannot_be_read_is_left_out(project, monkeypatch):
    scandir = os.scandir

    def locked(path):
        if str(path).endswith("deploy"):
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(discovery.os, "scandir", locked)
    found = discovery.discover(project)
    assert (found.manifests, len(found.models)) == ((), 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_does_not_hold_up_the_search(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    assert discovery.discover(tmp_path).manifests == ()


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(files=5), "stopped after 5 files and folders"),
        (Limits(depth=0), "folders more than 0 deep were not searched"),
        (Limits(seconds=0), "stopped after 0 seconds"),
        (Limits(looks=1), "of YAML and JSON files only 1 were opened"),
        (Limits(each=1), "1 of 3 files are kept of: models"),
    ],
)
def test_a_bound_that_is_hit_is_said(project, limits, said):
    assert said in discovery.discover(project, limits=limits).bounds


def test_a_hundred_thousand_files_take_less_than_a_second(tmp_path, monkeypatch):
    class Entry:
        def __init__(self, name, folder):
            self.name, self.path, self.folder = name, f"/project/{name}", folder

        def is_dir(self):
            return self.folder

        def is_symlink(self):
            return False

    class Listing(list):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    def scandir(path):
        if path == "/project":
            return Listing(Entry(f"d{i}", folder=True) for i in range(100))
        return Listing(Entry(f"part-{i}.parquet", folder=False) for i in range(1000))

    monkeypatch.setattr(discovery.os, "scandir", scandir)
    start = time.perf_counter()
    found = discovery.discover(Path("/project"))
    assert time.perf_counter() - start < 1.5  # the limit is 0.9 s; the rest is for a busy machine
    assert len(found.data) == 200
    assert found.bounds


def test_suggestions_are_toml_that_says_found_and_never_names_a_target(project):
    lines = discovery.suggest(discovery.discover(project))
    tables = tomllib.loads("\n".join(lines))
    assert tables["tool"]["mlready"] == {
        "model": {"production": "artifacts/production.joblib"},
        "data": {"train": "data/train.parquet", "heldout": "data/held-out.csv.gz"},
    }
    assert all("found" in line for line in lines if "=" in line and not line.startswith("# target"))
    assert sum("choose the model under test" in line for line in lines) == 2
    assert lines[-1].startswith("# target")
    assert not any("fixture.csv" in line for line in lines)


def test_suggestions_for_nothing_are_comments_alone(tmp_path):
    assert tomllib.loads("\n".join(discovery.suggest(discovery.discover(tmp_path)))) == {
        "tool": {"mlready": {"model": {}, "data": {}}}
    }


def test_a_file_name_cannot_write_settings_of_its_own(tmp_path):
    (tmp_path / 'a"\n[tool.mlready.gate]\n#.onnx').write_text("")
    (tmp_path / 'b"c\\.onnx').write_text("")
    tables = tomllib.loads("\n".join(discovery.suggest(discovery.discover(tmp_path))))
    assert tables["tool"]["mlready"]["model"] == {"path": 'b"c\\.onnx'}
