"""The example's image without an engine: the same bytes each time, what the Dockerfile says, and no secret in it."""

from __future__ import annotations

import importlib.util
import io
import json
import tarfile
from pathlib import Path

import pytest
import secret_samples as made

from pytest_mlready.artifacts.contents.artifact import Artifact
from pytest_mlready.artifacts.secrets import scan, verdicts

EXAMPLE = Path(__file__).parents[2] / "example_project"
_spec = importlib.util.spec_from_file_location("build_image", EXAMPLE / "deploy" / "build_image.py")
build_image = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build_image)


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def config(data):
    saved = members(data)
    return json.loads(saved[json.loads(saved["manifest.json"])[0]["Config"]])


@pytest.fixture
def project(tmp_path):
    """A project with one file, whose Dockerfile a test extends."""
    (tmp_path / "app.py").write_text("x = 1\n")

    def build(text):
        (tmp_path / "Dockerfile").write_text(f"FROM python:3.11\n{text}\n")
        return build_image.build(tmp_path / "Dockerfile", tmp_path)

    return build


def test_the_same_files_give_the_same_bytes():
    first, second = (build_image.build(EXAMPLE / "Dockerfile", EXAMPLE) for _ in range(2))
    assert first == second


def test_each_copy_is_a_layer_with_its_files_where_the_dockerfile_puts_them(project):
    saved = members(project("WORKDIR /srv\nCOPY app.py ./service/\nCOPY app.py /etc/app.conf"))
    layers = json.loads(saved["manifest.json"])[0]["Layers"]
    assert [list(members(saved[layer])) for layer in layers] == [["srv/service/app.py"], ["etc/app.conf"]]


def test_environment_user_and_commands_are_in_the_configuration(project):
    running = config(project('ENV A=1 \\\n  B="two words"\nUSER 10001\nLABEL v=2\nCMD ["serve", "--port", "1"]'))[
        "config"
    ]
    assert running["Env"] == ["A=1", "B=two words"]
    assert (running["User"], running["Labels"], running["Cmd"]) == ("10001", {"v": "2"}, ["serve", "--port", "1"])


@pytest.mark.parametrize("line", ["COPY --from=build /x /x", "COPY nowhere.py .", "ADD app.py .", "COPY app.py"])
def test_what_it_cannot_build_it_refuses(line, project):
    with pytest.raises((ValueError, FileNotFoundError), match=r"understood here|names no file"):
        project(line)


def test_the_examples_image_is_recognised_and_holds_no_secret(tmp_path):
    path = tmp_path / "income.tar"
    path.write_bytes(build_image.build(EXAMPLE / "Dockerfile", EXAMPLE))
    (verdict,) = verdicts.judge(scan.scan([Artifact(path, path.name)]), images=True)
    assert verdict.outcome == "passed", verdict.message
    assert verdict.measurements[0].n > 10


def test_a_secret_that_is_copied_into_it_is_found(project, tmp_path):
    (tmp_path / ".env").write_text(made.LINES["password"][0])
    (tmp_path / "image.tar").write_bytes(project("COPY .env app.py /app/"))
    (verdict,) = verdicts.judge(scan.scan([Artifact(tmp_path / "image.tar", "image.tar")]), images=True)
    assert verdict.outcome == "failed"
    assert "!app/.env:1: " in verdict.message
