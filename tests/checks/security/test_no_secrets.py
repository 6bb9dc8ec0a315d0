from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import SimpleNamespace

import joblib
import pytest

from pytest_mlready.checks.security import no_secrets as check
from pytest_mlready.errors import Failed, Inconclusive, ModelError, NotApplicable, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence

_spec = importlib.util.spec_from_file_location(
    "secret_samples", Path(__file__).parents[2] / "artifacts" / "secret_samples.py"
)
made = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made)

OPTIONS = {option.name: option.default for option in check.ITEM.options}


class Project:
    def __init__(self, root, *, path=None, production=None, shipped=(), **options):
        self.root = root
        self.settings = SimpleNamespace(model=SimpleNamespace(path=path, production=production))
        self._options, self._shipped = {**OPTIONS, **options}, shipped
        self.said = []

    def options(self, _):
        return self._options

    def path(self, text):
        return (self.root / text).resolve()

    def shipped(self):
        return tuple(self._shipped)

    def progress(self, text):
        self.said.append(text)


class Request:
    def __init__(self, path=None):
        self._model = SimpleNamespace(path=str(path))

    def getfixturevalue(self, name):
        assert name == "mlready_model"
        return self._model


@pytest.fixture
def model(tmp_path):
    def save(name="model.joblib", folder=".", **attributes):
        (tmp_path / folder).mkdir(exist_ok=True)
        path = tmp_path / folder / name
        joblib.dump({"weights": list(range(99)), **attributes}, path, compress=3)
        return path

    return save


def models(project, *found, request=None):
    evidence = Evidence()
    check.test_model_artifacts(project, evidence, found, request or Request())
    return evidence.notes


def image(tmp_path, *layers, **config):
    path = tmp_path / "image.tar"
    path.write_bytes(made.docker_archive(list(layers), config))
    return path


# Healthy ------------------------------------------------------------------------------------------------------------


def test_healthy_artifacts_pass_with_numbers_and_a_static_grade(tmp_path, model):
    notes = models(Project(tmp_path, path="model.joblib"), model())
    assert notes.grade == "static"
    assert notes.evidence[0]["name"] == "secrets in model.joblib"
    assert notes.evidence[0]["value"] == 0


def test_a_healthy_image_passes(tmp_path):
    evidence = Evidence()
    path = image(tmp_path, {f"app/{name}": text.encode() for name, text in made.HEALTHY.items()})
    check.test_images(Project(tmp_path), evidence, (path,))
    assert evidence.notes.grade == "static"


def test_healthy_shipped_files_pass_as_one(tmp_path):
    (tmp_path / "service").mkdir()
    for name, text in made.HEALTHY.items():
        (tmp_path / "service" / name).write_text(text)
    (tmp_path / "Dockerfile").write_text("FROM python:3.11\nENV TOKEN_FILE=/run/secrets/token\n")
    evidence = Evidence()
    project = Project(tmp_path, shipped=[tmp_path / "service", tmp_path / "Dockerfile"])
    check.test_shipped_files(project, evidence)
    assert [e["value"] for e in evidence.notes.evidence if e["name"].startswith("secrets in")] == [0]
    assert project.said[-1] == ""


# Faults -------------------------------------------------------------------------------------------------------------


def test_a_key_in_a_compressed_joblib_fails(tmp_path, model):
    with pytest.raises(Failed, match=r"model\.joblib!zlib: OpenAI API Key, 128 characters, sha256 [0-9a-f]{8}…"):
        models(Project(tmp_path, path="model.joblib"), model(config={"key": made.OPENAI}))


def test_a_key_in_the_live_model_fails(tmp_path, model):
    live = model("live.joblib", token=made.HUGGING_FACE)
    with pytest.raises(Failed, match=r"live\.joblib"):
        models(Project(tmp_path, path="model.joblib", production="live.joblib"), model(), live)


def test_a_key_in_an_artifact_that_was_only_found_fails(tmp_path, model):
    with pytest.raises(Failed, match=r"old/v1\.joblib"):
        models(Project(tmp_path, path="model.joblib"), model(), model("v1.joblib", "old", token=made.GITHUB))


def test_a_key_in_a_deleted_layer_fails_and_says_that_it_ships(tmp_path):
    path = image(tmp_path, {"app/.env": f"KEY={made.OPENAI}".encode()}, {"app/.wh..env": b""})
    with pytest.raises(Failed, match=r"app/\.env:1: OpenAI API Key.*\(deleted in layer 2, still shipped\)"):
        check.test_images(Project(tmp_path), Evidence(), (path,))


def test_a_token_in_the_environment_of_an_image_fails(tmp_path):
    path = image(tmp_path, {"x": b"x"}, config={"Env": [f"HF_TOKEN={made.HUGGING_FACE}"]})
    with pytest.raises(Failed, match=r"!ENV: Hugging Face Token"):
        check.test_images(Project(tmp_path), Evidence(), (path,))


def test_a_build_argument_in_the_history_of_an_image_fails(tmp_path):
    path = image(tmp_path, {"x": b"x"}, history=[{"created_by": f"|1 DB_PASSWORD={made.PASSWORD} /bin/sh -c make"}])
    with pytest.raises(Failed, match=r"!history 1: Secret Keyword"):
        check.test_images(Project(tmp_path), Evidence(), (path,))


SHIPPED = {
    "train.ipynb": made.notebook({"output_type": "stream", "text": [f"token: {made.GITHUB}"]}),
    "Dockerfile": f"FROM x\nENV API_TOKEN={made.letters(30)}7\n".encode(),
    "compose.yaml": f"services:\n  a:\n    environment:\n      DB_PASSWORD: {made.PASSWORD}\n".encode(),
    ".env": f"DATABASE_URL=postgresql://svc:{made.PASSWORD}@db/income\n".encode(),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_credential_in_a_shipped_file_fails(name, tmp_path):
    (tmp_path / name).write_bytes(SHIPPED[name])
    with pytest.raises(Failed, match=rf"1 shipped files and folders holds 1 secret:\n  {re.escape(name)}"):
        check.test_shipped_files(Project(tmp_path, shipped=[tmp_path / name]), Evidence())


# Too little to go on --------------------------------------------------------------------------------------------------


def test_a_damaged_artifact_is_inconclusive(tmp_path, model):
    path = model()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Inconclusive, match="could not be looked into"):
        models(Project(tmp_path, path="model.joblib"), path)


def test_a_dockerfile_in_place_of_an_image_is_inconclusive(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(Inconclusive, match="not a saved image"):
        check.test_images(Project(tmp_path), Evidence(), (tmp_path / "Dockerfile",))


def test_nothing_that_ships_is_unverified_with_the_line_to_paste(tmp_path):
    with pytest.raises(Unverified, match=r"\[tool\.mlready\.deploy\] shipped"):
        check.test_shipped_files(Project(tmp_path), Evidence())


def test_an_empty_folder_that_ships_is_inconclusive(tmp_path):
    (tmp_path / "service").mkdir()
    with pytest.raises(Inconclusive, match="nothing to look into"):
        check.test_shipped_files(Project(tmp_path, shipped=[tmp_path / "service"]), Evidence())


def test_a_limit_is_inconclusive(tmp_path):
    (tmp_path / "a.txt").write_text("few words\n" * 999)
    for options in ({"max_text": 100}, {"time_limit": 0.0}):
        with pytest.raises(Inconclusive, match=r"max_text|time_limit"):
            check.test_shipped_files(Project(tmp_path, shipped=[tmp_path / "a.txt"], **options), Evidence())


@pytest.mark.parametrize("source", ["income.model:load", "https://models.corp/predict"])
def test_a_model_without_an_artifact_is_not_applicable(source, tmp_path):
    with pytest.raises(NotApplicable, match="no artifact on disk"):
        models(Project(tmp_path, path=source), tmp_path / source)


def test_a_model_of_a_registry_is_looked_into_as_it_was_fetched(tmp_path, model):
    fetched = model("fetched.joblib", token=made.HUGGING_FACE)
    with pytest.raises(Failed, match=r"fetched\.joblib"):
        models(Project(tmp_path, path="models:/income@champion"), request=Request(fetched))


def test_a_configured_model_that_is_not_there_is_bad_input(tmp_path, model):
    model("model.joblib")
    with pytest.raises(ModelError, match=r'did you mean "model.joblib"'):
        models(Project(tmp_path, path="modle.joblib"))


def test_files_that_a_teams_tests_keep_are_not_artifacts(tmp_path, model):
    models(Project(tmp_path, path="model.joblib"), model(), model("evil.joblib", "tests", token=made.GITHUB))


# Options ----------------------------------------------------------------------------------------------------------------


def baseline(tmp_path, name, **entry):
    from pytest_mlready.artifacts.contents.artifact import Artifact
    from pytest_mlready.artifacts.secrets import baseline, scan

    (report,) = scan.scan([Artifact(tmp_path / "x.env", "x.env")])
    document = json.loads(baseline.draft(report.findings))
    document["results"]["x.env"][0].update(entry)
    (tmp_path / name).write_text(json.dumps(document))


def shipped(tmp_path, **options):
    evidence = Evidence()
    check.test_shipped_files(Project(tmp_path, shipped=[tmp_path / "x.env"], **options), evidence)
    return evidence.notes.evidence


def test_an_audited_baseline_is_honoured_where_it_lies(tmp_path):
    (tmp_path / "x.env").write_text(made.LINES["password"][0])
    baseline(tmp_path, ".secrets.baseline", is_secret=False)
    assert any(e["name"].startswith("accepted by the baseline") for e in shipped(tmp_path))


def test_a_baseline_that_nobody_audited_excuses_nothing(tmp_path):
    (tmp_path / "x.env").write_text(made.LINES["password"][0])
    baseline(tmp_path, "audited.json")
    with pytest.raises(Failed):
        shipped(tmp_path, baseline="audited.json")


def test_a_configured_baseline_that_is_missing_is_bad_input(tmp_path):
    (tmp_path / "x.env").write_text("A=1")
    with pytest.raises(ReadinessError, match="baseline nowhere"):
        shipped(tmp_path, baseline="nowhere")


def test_own_packages_are_looked_into_as_other_files(tmp_path):
    path = image(
        tmp_path, {"usr/local/lib/python3.11/site-packages/income/conf.py": made.LINES["password"][0].encode()}
    )
    check.test_images(Project(tmp_path), Evidence(), (path,))
    with pytest.raises(Failed):
        check.test_images(Project(tmp_path, own_packages=("income",)), Evidence(), (path,))


# End to end -----------------------------------------------------------------------------------------------------------------


def test_a_run_tells_where_and_never_what(pytester, readiness):
    joblib.dump({"db": {"password": made.PASSWORD}, "key": made.OPENAI}, pytester.path / "model.joblib", compress=3)
    (pytester.path / "image.tar").write_bytes(made.docker_archive([{"app/.env": f"K={made.GITHUB}".encode()}]))
    (pytester.path / "Dockerfile").write_text("FROM scratch\n")
    (pytester.path / "mlready.toml").write_text('[model]\npath = "model.joblib"\n[deploy]\nimages = ["image.tar"]\n')
    html = pytester.path / "out.html"
    ran = readiness("--mlready-item=security.no_secrets", "--showlocals", "-vv", f"--mlready-report={html}")
    outcomes = {t["id"].rpartition("::")[2]: t["outcome"] for t in ran.item("security.no_secrets")["tests"]}
    assert outcomes == {"test_model_artifacts": "failed", "test_images": "failed", "test_shipped_files": "passed"}
    assert ran.status("security.no_secrets") == "failed"
    told = ran.text + ran.errors + json.dumps(ran.report) + html.read_text()
    assert "model.joblib!zlib: Secret Keyword" in told
    assert not [secret for secret in (made.PASSWORD, made.OPENAI, made.GITHUB) if secret[3:12] in told]
