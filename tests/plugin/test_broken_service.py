"""The example's service and deployment, broken as real ones break; each time the gate must object, in clear words."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "example_project"
pytestmark = pytest.mark.slow
LEFT_OUT = shutil.ignore_patterns("__pycache__", "build", "reports")


@pytest.fixture
def example(pytester, readiness):
    """A copy of the example; runs one built-in item on it."""
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True, ignore=LEFT_OUT)

    def run(item: str):
        ran = readiness(f"--mlready-item={item}", "--ignore=tests")
        return ran, ran.item(item)

    return run


def replace(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def build_image(folder: Path) -> Path:
    image = folder / "build" / "income.tar"
    command = [sys.executable, "deploy/build_image.py", str(image)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return image


@pytest.mark.parametrize(
    "item", ["security.authentication", "infrastructure.health_checks", "infrastructure.resource_limits",
             "security.network_policy", "security.artifact_integrity", "security.input_validation"],
)  # fmt: skip
def test_as_it_is_the_item_is_verified(example, item):
    _, found = example(item)
    assert found["status"] == "verified", found["reason"]


def test_a_token_that_is_looked_at_and_not_verified_is_caught_with_the_call_that_shows_it(example, pytester):
    """The classic: decoded for its claims, the signature left for later."""
    replace(
        pytester.path / "service/access.py",
        ('options={"require": ["exp", "aud", "tenant", "scope"]}', 'options={"verify_signature": False}'),
    )
    ran, found = example("security.authentication")
    assert found["status"] == "failed"
    assert "/predict" in found["reason"]
    assert "curl" in found["reason"]
    assert "eyJ" not in json.dumps(ran.report), "no token, not even a bad one, stands in a report"


def test_a_metrics_route_that_forgot_its_guard_is_caught(example, pytester):
    replace(
        pytester.path / "service/app.py",
        ('    "/metrics",\n    dependencies=[Depends(allowed(METRICS))],\n', '    "/metrics",\n'),
    )
    _, found = example("security.authentication")
    assert found["status"] == "failed"
    assert "/metrics" in found["reason"]


def test_readiness_that_is_true_before_the_model_is_there_is_caught(example, pytester):
    lying = (
        "async def readyz() -> Response:\n    return Response('{}', media_type='application/json')\n\n\nasync def was("
    )
    replace(
        pytester.path / "service/app.py",
        ("async def readyz(", lying),
        ('@router.get("/readyz", responses=', '@router.get("/readyz", response_model=None, responses='),
    )
    _, found = example("infrastructure.health_checks")
    assert found["status"] == "failed"
    assert "/readyz" in found["reason"]


def test_a_validation_error_that_ends_in_a_500_with_its_stack_is_caught(example, pytester):
    told = "RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, 'oops', __import__('traceback').format_exc())"
    replace(pytester.path / "service/admission.py", ("raise invalid(error) from None", f"raise {told} from None"))
    _, found = example("security.input_validation")
    assert found["status"] == "failed"
    assert "500" in found["reason"]
    assert "curl" in found["reason"]


def test_one_byte_of_the_artifact_changed_after_signing_is_caught(example, pytester):
    artifact = pytester.path / "artifacts/model.skops"
    data = bytearray(artifact.read_bytes())
    data[-30] ^= 1
    artifact.write_bytes(data)
    _, found = example("security.artifact_integrity")
    assert found["status"] == "failed"
    assert "model.skops" in found["reason"]


def test_a_policy_whose_label_was_renamed_selects_nothing_and_is_caught(example, pytester):
    network = pytester.path / "deploy/kubernetes/production/network.yaml"
    assert "values: [income, income-primary]" in network.read_text()
    replace(network, ("values: [income, income-primary]", "values: [incomes, incomes-primary]"))
    _, found = example("security.network_policy")
    assert found["status"] == "failed"
    assert "incomes" in found["reason"]


def test_a_container_that_lost_its_memory_limit_is_named(example, pytester):
    import re

    manifest = pytester.path / "deploy/kubernetes/production/service.yaml"
    text = manifest.read_text()
    changed = re.sub(r"(limits:\n(?:\s+cpu:.*\n)?)\s+memory:.*\n", r"\1", text)
    assert changed != text
    manifest.write_text(changed)
    _, found = example("infrastructure.resource_limits")
    assert found["status"] == "failed"
    assert "memory" in found["reason"]
    assert "service.yaml" in found["reason"]


def test_a_key_in_a_layer_that_a_later_one_deleted_is_caught_and_not_shown(example, pytester):
    image = build_image(pytester.path)
    key = "AKIA" + "Q3EGWNJ5X7ZK2LMT"
    add_layers(image, [("app/.env", f"aws_access_key_id = {key}\n"), ("app/.wh..env", "")])
    ran, found = example("security.no_secrets")
    assert found["status"] == "failed"
    assert "app/.env" in found["reason"]
    assert key not in json.dumps(ran.report) + ran.text


def add_layers(image: Path, files: list[tuple[str, str]]) -> None:
    """Puts one layer a file on top of a docker-archive, as `docker build` would."""
    with tarfile.open(image) as archive:
        members = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}
    manifest = json.loads(members["manifest.json"])
    config = json.loads(members[manifest[0]["Config"]])
    for number, (name, text) in enumerate(files):
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
        members[f"added{number}/layer.tar"] = layer.getvalue()
        manifest[0]["Layers"].append(f"added{number}/layer.tar")
        config["rootfs"]["diff_ids"].append("sha256:" + "0" * 64)
    members["manifest.json"] = json.dumps(manifest).encode()
    members[manifest[0]["Config"]] = json.dumps(config).encode()
    with tarfile.open(image, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
