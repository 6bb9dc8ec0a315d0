"""Settings are added where nothing is changed, can be added again, and are valid as written and as offered."""

from __future__ import annotations

import re
import tomllib

import pytest
from click.testing import CliRunner

from pytest_mlready import cli, settings
from pytest_mlready.init import placing

PYPROJECT = '[project]\nname = "scorer"\n\n[tool.ruff]\nline-length = 100 # ours\n'


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A scikit-learn project, as far as files without content tell it."""
    (tmp_path / "model.joblib").write_bytes(b"")
    (tmp_path / "data").mkdir()
    for name in ("train", "test"):
        (tmp_path / "data" / f"{name}.csv").write_text("age,debt,label\n1,2,0\n")
    (tmp_path / "model_card.md").write_text("# card")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*args, status=0):
    result = CliRunner().invoke(cli.main, ["init", *args])
    assert result.exit_code == status, result.output
    return result.output


def loaded(path, catalog):
    return settings.load(path, items=catalog.items).settings


def test_without_a_pyproject_settings_go_into_a_file_of_their_own(project, catalog):
    assert init().startswith("wrote mlready.toml\n")
    found = loaded(project / "mlready.toml", catalog)
    assert (found.system, found.model.path) == (project.name, "model.joblib")


def test_what_a_name_cannot_tell_is_offered_and_not_set(project, catalog):
    init()
    text = (project / "mlready.toml").read_text()
    assert '# train = "data/train.csv"  # found' in text
    assert '# heldout = "data/test.csv"  # found' in text
    assert '# target = "label"  # the column with the true outcome? A candidate: by its name' in text
    data = loaded(project / "mlready.toml", catalog).data
    assert (data.train, data.heldout, data.target) == (None, None, None)


def test_a_pyproject_keeps_every_byte_and_gets_the_rest_at_its_end(project, catalog):
    path = project / "pyproject.toml"
    path.write_bytes(PYPROJECT.replace("\n", "\r\n").encode())
    init()
    assert path.read_bytes().startswith(PYPROJECT.replace("\n", "\r\n").encode())
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert loaded(path, catalog).system == "scorer"


def test_run_again_it_adds_nothing(project):
    init()
    before = (project / "mlready.toml").read_bytes()
    assert "nothing to add" in init()
    assert (project / "mlready.toml").read_bytes() == before


def test_settings_that_are_there_get_offers_alone(project, catalog):
    path = project / "pyproject.toml"
    path.write_text(PYPROJECT + '\n[tool.mlready.model]\npath = "other.onnx"\n')
    before = loaded(path, catalog)
    said = init()
    assert loaded(path, catalog) == before
    assert "# [tool.mlready.data]" in path.read_text()
    assert path.read_text().count("[tool.mlready.model]") == 1
    assert 'note: found, and not in the settings: [model] path = "model.joblib"' in said
    assert "nothing to add" in init()


def test_every_offer_is_valid_once_it_is_taken(project, catalog):
    (project / "pyproject.toml").write_text(PYPROJECT)
    init()
    path, keys = project / "pyproject.toml", set()
    lines = []
    for line in path.read_text().splitlines():
        offer = re.match(r"# (?=[\[\w\"])(.*)", line)
        taken = offer[1] if offer else line
        key = taken.partition(" = ")[0]
        if taken.startswith("["):
            keys = set()
        if key in keys or key == "first_release":  # a choice of several, and what production excludes
            continue
        keys.add(key)
        lines.append(taken)
    path.write_text("\n".join(lines).replace('"…"', '"mine"'))
    assert loaded(path, catalog).data.target == "label"


def test_a_dry_run_prints_and_writes_nothing(project):
    said = init("--dry-run")
    assert said.startswith("# mlready.toml, new:\n")
    tomllib.loads(said)
    assert not (project / "mlready.toml").exists()


@pytest.mark.parametrize("text", ["[tool", '[tool.mlready]\nsytem = "x"\n', "tool = { ruff = {} }\n", "\0"])
def test_a_file_that_cannot_take_settings_is_refused_and_left_as_it_is(project, text):
    path = project / "pyproject.toml"
    path.write_text(text)
    said = init(status=2)
    assert "Traceback" not in said
    assert "pyproject.toml" in said
    assert path.read_text() == text


def test_both_files_with_settings_are_a_mistake(project):
    (project / "pyproject.toml").write_text("[tool.mlready]\nsystem = 'a'\n")
    (project / "mlready.toml").write_text("system = 'b'\n")
    assert "both hold settings" in init(status=2)


def test_several_models_are_not_chosen_from_and_several_projects_are_told(tmp_path, monkeypatch, catalog):
    for name in ("churn", "fraud"):
        (tmp_path / "services" / name / "models").mkdir(parents=True)
        (tmp_path / "services" / name / "models" / "m.joblib").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert "models lie in services/churn, services/fraud" in init()
    assert loaded(tmp_path / "mlready.toml", catalog).model.path is None
    said = init("services/churn")
    assert "look through it, then: pytest --mlready services/churn" in said
    assert "mlready.toml has settings too" in said
    assert loaded(tmp_path / "services/churn/mlready.toml", catalog).model.path == "models/m.joblib"


def test_a_subfolder_gets_settings_that_hide_those_above_only_when_it_is_named(project, monkeypatch, catalog):
    init()
    (project / "app").mkdir()
    monkeypatch.chdir(project / "app")
    said = init(status=2)
    assert f"{project / 'mlready.toml'} holds the settings for this folder already" in said.replace("\n", " ")
    assert not list((project / "app").iterdir())
    assert "wrote mlready.toml" in init(".")
    assert loaded(project / "app/mlready.toml", catalog).system == "app"


def test_runs_of_mlflow_are_seen_and_its_way_to_name_a_model_is_offered(tmp_path, catalog):
    (tmp_path / "mlruns").mkdir()
    assert '\n# path = "models:/NAME/1"  # or a model of MLflow' in placing.plan(tmp_path, catalog.items).added


def test_a_file_that_changed_in_the_meantime_is_left_alone(project, monkeypatch):
    plan = placing.plan

    def slow(folder, items):
        made = plan(folder, items)
        (project / "mlready.toml").write_text("system = 'theirs'\n")
        return made

    monkeypatch.setattr(placing, "plan", slow)
    assert "was changed while this ran" in init(status=2)
    assert (project / "mlready.toml").read_text() == "system = 'theirs'\n"
    assert not list(project.glob(".*.part"))


def test_hostile_names_stay_within_their_line(tmp_path, catalog):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text('"a\n[gate]\nmin_score = 7","label\x1b[31m"\n')
    (tmp_path / 'x"] #.onnx').write_bytes(b"")
    (tmp_path / "new\nline.onnx").write_bytes(b"")
    text = placing.plan(tmp_path, catalog.items).added
    assert tomllib.loads(text)["model"]["path"] == 'x"] #.onnx'
    assert tomllib.loads(text)["gate"] == {}
    assert "\x1b" not in text


def test_what_a_service_or_manifest_would_show_is_proposed_as_not_applicable_only_without_it(tmp_path, catalog):
    assert '# "infrastructure.load_test" = "a batch job' in placing.plan(tmp_path, catalog.items).added
    (tmp_path / "main.py").write_text("app = FastAPI()\n")
    text = placing.plan(tmp_path, catalog.items).added
    assert "load_test" not in text
    assert '# start = "uvicorn main:app --port {port}"  # found in main.py' in text


def test_every_proposal_is_an_item(catalog):
    from pytest_mlready.init import absent

    assert {*absent.ANSWERS, *absent.RUNS_IN_A_CLUSTER} <= set(catalog.items)


def test_a_folder_that_may_not_be_written_is_told(project, monkeypatch):
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert "cannot be written: Permission denied" in init(status=2)
