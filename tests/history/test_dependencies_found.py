"""What is asked for, locked, built on and installed is read in the shapes that people write."""

from __future__ import annotations

import importlib.metadata

import polars as pl
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.history import (
    dependencies_images,
    dependencies_locked,
    dependencies_required,
    dependencies_there,
)

REQUIREMENTS = """\
# the service
-r base.txt
-c constraints.txt
--index-url https://example.invalid/simple
fastapi>=0.115  # web
uvicorn[standard]==0.54.0 ; python_version >= "3.8"
pywin32>=300; sys_platform == "nowhere"
numpy==2.4.* \\
    --hash=sha256:aa
own @ file:///srv/own-1.0.whl
"""


def test_requirement_files_are_read_with_what_they_take_in(tmp_path):
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    (tmp_path / "base.txt").write_text("Scikit_Learn>=1.9,<1.10\n")
    found, constraints = dependencies_required.read(tmp_path / "requirements.txt", tmp_path)
    assert [(r.name, r.pinned, r.place) for r in found] == [
        ("Scikit_Learn", "", "base.txt:1"),
        ("fastapi", "", "requirements.txt:5"),
        ("uvicorn", "0.54.0", "requirements.txt:6"),
        ("numpy", "", "requirements.txt:8"),
        ("own", "", "requirements.txt:10"),
    ]
    assert constraints == (tmp_path / "constraints.txt",)
    assert [r.name for r in dependencies_required.missing(found, frozenset({"scikit-learn", "fastapi", "own"}))] == [
        "uvicorn",
        "numpy",
    ]


def test_the_dependencies_of_a_project_table_are_read(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "x"\ndependencies = ["a>=1", "b==2.0"]\n')
    assert [(r.name, r.pinned) for r in dependencies_required.read(path, tmp_path)[0]] == [("a", ""), ("b", "2.0")]
    path.write_text('[project]\nname = "x"\ndynamic = ["dependencies"]\n')
    with pytest.raises(DataError, match="lists no dependencies"):
        dependencies_required.read(path, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [("./local/package\n", "no requirement by name"), ("-r requirements.txt\n", "take in one another"),
     ("-r gone.txt\n", "gone.txt cannot be read")],
)  # fmt: skip
def test_a_requirement_file_that_cannot_be_read_says_why(tmp_path, text, said):
    (tmp_path / "requirements.txt").write_text(text)
    with pytest.raises(DataError, match=said):
        dependencies_required.read(tmp_path / "requirements.txt", tmp_path)


LOCKS = {
    "constraints.txt": "# pins\nScikit-Learn==1.9.1\nuvicorn[standard] == 0.54.0 ; python_version >= '3.8'\n",
    "requirements.lock": "scikit-learn==1.9.1 \\\n    --hash=sha256:aa\n    # via x\nuvicorn==0.54.0\n",
    "uv.lock": 'version = 1\n[[package]]\nname = "scikit-learn"\nversion = "1.9.1"\n[[package]]\nname = "uvicorn"\n'
    'version = "0.54.0"\n[[package]]\nname = "own"\nsource = { editable = "." }\n',
    "poetry.lock": '[[package]]\nname = "scikit-learn"\nversion = "1.9.1"\n[[package]]\nname = "uvicorn"\nversion = "0.54.0"\n',
    "pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "scikit-learn"\nversion = "1.9.1"\n[[packages]]\n'
    'name = "uvicorn"\nversion = "0.54.0"\n',
    "Pipfile.lock": '{"default": {"scikit-learn": {"version": "==1.9.1"}, "uvicorn": {"version": "==0.54.0"}, '
    '"own": {"path": "."}}}',
    "environment.yml": "dependencies:\n  - scikit-learn=1.9.1\n  - pip:\n      - uvicorn==0.54.0\n",
}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_of_every_tool_are_read(name):
    found = dependencies_locked.read(LOCKS[name], name)
    assert found == {"scikit-learn": "1.9.1", "uvicorn": "0.54.0"}


@pytest.mark.parametrize(("name", "text"), [("uv.lock", "a = ["), ("Pipfile.lock", "[]"), ("c.txt", "numpy>=2\n")])
def test_a_lock_file_without_versions_is_said_to_be_one(name, text):
    with pytest.raises(DataError, match=f"the lock file {name}"):
        dependencies_locked.read(text, name)


def test_base_images_are_read_from_dockerfiles():
    text = """
ARG TAG=3.11.14-slim
ARG REGISTRY
FROM --platform=linux/amd64 python:${TAG} AS build
FROM registry.example.invalid:5000/team/base@sha256:abcd
from ubuntu
FROM ${REGISTRY:-mirror.example.invalid}/nginx:1.29@sha256:ef
FROM build
FROM scratch
"""
    assert dependencies_images.bases(text) == (
        ("python", "3.11.14-slim"),
        ("registry.example.invalid:5000/team/base", "sha256:abcd"),
        ("ubuntu", "latest"),
        ("mirror.example.invalid/nginx", "1.29@sha256:ef"),
    )


def test_what_is_installed_and_which_columns_a_table_has_is_looked_up(tmp_path):
    assert dependencies_there.installed(["pytest", "no-such-package"]) == {
        "pytest": importlib.metadata.version("pytest")
    }
    frame = pl.DataFrame({"a": [1], "b": ["x"]})
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_csv(tmp_path / "t.csv")
    for name in ("t.parquet", "t.csv"):
        assert dependencies_there.columns(tmp_path / name) == {"a": "Int64", "b": "String"}
    (tmp_path / "bad.parquet").write_bytes(b"no table")
    assert dependencies_there.columns(tmp_path / "bad.parquet") is None
    assert dependencies_there.columns(tmp_path / "t.bin") is None
