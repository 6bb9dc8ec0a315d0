"""What init sees of a project: names of columns, inputs of models, services; nothing is run or loaded."""

from __future__ import annotations

import gzip
import os
import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pytest_mlready.discovery import Discovered, discover
from pytest_mlready.init import columns, inputs, seen, services

FRAME = pl.DataFrame({"age": [1.0, 2.0, 3.0, 4.0], "debt": [2.0, 1.0, 4.0, 3.0], "late": [0, 1, 0, 1]})
NAMES = ["age", "debt"]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow"])
def test_columns_are_read_from_every_form_of_data(tmp_path, suffix):
    path = tmp_path / f"data.{suffix}"
    {"csv": FRAME.write_csv, "parquet": FRAME.write_parquet, "arrow": FRAME.write_ipc}[suffix](path)
    assert columns.names(path) == ("age", "debt", "late")


def test_columns_are_read_from_compressed_text(tmp_path):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b'\xef\xbb\xbf"a;b";c\n1;2\n'))
    assert columns.names(path) == ("a;b", "c")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1,2,3\n4,5,6\n",
        b"a,a\n1,2\n",
        b"a,,b\n",
        b"only one line",
        b"x" * columns.HEADER + b"\n",
        b"\x1f\x8b\x00\n",
    ],
)
def test_what_is_no_table_with_a_header_has_no_columns(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    assert columns.names(path) == ()


@pytest.mark.parametrize("name", ["broken.parquet", "broken.arrow", "broken.csv.gz"])
def test_a_damaged_file_has_no_columns_and_is_no_error(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PAR1 this is none")
    assert columns.names(path) == ()


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "data.csv")
    assert columns.names(tmp_path / "data.csv") == ()


def fitted():
    pd = pytest.importorskip("pandas")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = pd.DataFrame(FRAME.select(NAMES).to_dict(as_series=False))
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, FRAME["late"].to_numpy()), X


def test_inputs_are_read_from_a_skops_file(tmp_path):
    io = pytest.importorskip("skops.io")
    io.dump(fitted()[0], tmp_path / "m.skops")
    assert inputs.names(tmp_path / "m.skops") == ("age", "debt")


def test_inputs_are_read_from_xgboosts_file(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    _, X = fitted()
    xgboost.XGBClassifier(n_estimators=1).fit(X, FRAME["late"].to_numpy()).save_model(tmp_path / "m.ubj")
    assert inputs.names(tmp_path / "m.ubj") == ("age", "debt")


@pytest.mark.parametrize(("named", "expected"), [("age debt", ("age", "debt")), ("Column_0 Column_1", ())])
def test_inputs_are_read_from_lightgbms_text_unless_it_made_them_up(tmp_path, named, expected):
    path = tmp_path / "model.txt"
    path.write_text(f"tree\nversion=v4\nfeature_names={named}\n")
    assert inputs.names(path) == expected


def test_inputs_are_read_from_an_onnx_graph_that_takes_columns(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, 1]) for n in NAMES]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])]
    graph = helper.make_graph([helper.make_node("Add", NAMES, ["y"])], "g", given, out)
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    assert inputs.names(tmp_path / "m.onnx") == ("age", "debt")


@pytest.mark.parametrize("suffix", ["pkl", "joblib"])
def test_a_pickle_is_never_loaded(tmp_path, suffix):
    path = tmp_path / f"m.{suffix}"
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    assert inputs.names(path) == ()
    seen.look(tmp_path, discover(tmp_path))
    assert not (tmp_path / "ran").exists()


class Bomb:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("name", ["m.skops", "m.ubj", "m.onnx", "m.txt"])
def test_a_damaged_model_tells_no_inputs_and_is_no_error(tmp_path, name):
    for content in (b"", b"feature_names[#L", b"feature_names[#Z", np.random.default_rng(0).bytes(500)):
        (tmp_path / name).write_bytes(content)
        assert inputs.names(tmp_path / name) == ()


def test_a_target_is_what_the_data_have_and_the_model_does_not_take():
    whole = seen.Seen(columns={Path("d.csv"): ("age", "late", "debt")}, inputs={Path("m.onnx"): ("age", "debt")})
    assert whole.targets == ("late",)


def test_without_a_models_inputs_only_a_usual_name_is_a_candidate():
    assert seen.Seen(columns={Path("d.csv"): ("age", "late", "Label")}).targets == ("Label",)


def test_a_model_of_other_data_makes_no_column_a_candidate():
    assert seen.Seen(columns={Path("d.csv"): ("a", "b")}, inputs={Path("m.onnx"): ("age", "debt")}).targets == ()


# services


def found(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_py", ".py").replace("_yml", ".yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return services.candidates(root, discover(root))


def test_an_application_and_its_prediction_are_found_in_the_source(tmp_path):
    code = 'from fastapi import FastAPI\napi = FastAPI(title="x")\n@api.get("/healthz")\ndef h(): ...\n'
    code += '@api.post("/v1/predict")\ndef p(): ...\n'
    service = found(tmp_path, app__main_py=code)[0]
    assert (service.start, service.predict) == ("uvicorn app.main:api --port {port}", "POST /v1/predict")
    assert service.where == Path("app/main.py")


def test_flask_is_started_as_flask_is(tmp_path):
    service = found(tmp_path, server_py="import flask\napp = flask.Flask(__name__)\n")[0]
    assert service.start == "flask --app server:app run --port {port}"


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ('CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]', "uvicorn main:app --port {port}"),
        ("CMD gunicorn -b 0.0.0.0:8080 app:app", "gunicorn -b 127.0.0.1:{port} app:app"),
        ('ENTRYPOINT ["python", "serve.py"]\nCMD ["--port", "80"]', "python serve.py --port {port}"),
    ],
)
def test_the_command_of_an_image_is_a_candidate_with_its_port_left_open(tmp_path, line, start):
    assert found(tmp_path, Dockerfile=f"FROM python\n{line}\n")[0].start == start


@pytest.mark.parametrize(
    "line", ['CMD ["python", "train.py"]', "CMD uvicorn a:b --port $PORT", "CMD run --api-key abc --port 80", "CMD 'x"]
)
def test_a_command_without_a_port_or_with_a_secret_is_none(tmp_path, line):
    assert found(tmp_path, Dockerfile=f"FROM python\n{line}\n") == ()


def test_the_command_of_a_compose_service_is_a_candidate(tmp_path):
    text = "services:\n  api:\n    image: x\n    command: uvicorn a:app --port 80\n"
    assert found(tmp_path, compose_yml=text)[0].start == "uvicorn a:app --port {port}"


@pytest.mark.parametrize(
    "code", ["app = FastAPI(", "x = '''FastAPI('''", "def f():\n    app = FastAPI()\n", "\0FastAPI("]
)
def test_source_that_makes_no_application_is_none(tmp_path, code):
    assert found(tmp_path, main_py=code) == ()


def test_nothing_is_imported_to_find_a_service(tmp_path):
    found(tmp_path, main_py=f"open({str(tmp_path / 'ran')!r}, 'w')\napp = FastAPI()\n")
    assert not (tmp_path / "ran").exists()


def test_live_models_and_test_data_are_not_offered():
    some = Discovered(models=(Path("m.onnx"), Path("production/champion.onnx"), Path("tests/m.onnx")))
    assert seen.models(some) == [Path("m.onnx")]


def test_a_folder_with_settings_of_its_own_is_seen(tmp_path):
    for name in ("churn", "fraud"):
        (tmp_path / name / "models").mkdir(parents=True)
        (tmp_path / name / "models/m.onnx").write_bytes(b"")
    (tmp_path / "churn/pyproject.toml").write_text("[tool.mlready]\nsystem = 'churn'\n")
    (tmp_path / "fraud/pyproject.toml").write_text("[project]\nname = 'fraud'\n")
    assert seen.look(tmp_path, discover(tmp_path)).settled == {"churn"}


def test_settings_of_the_project_itself_settle_none_of_its_folders(tmp_path):
    (tmp_path / "churn").mkdir()
    (tmp_path / "churn/m.onnx").write_bytes(b"")
    (tmp_path / "mlready.toml").write_text("system = 'all'\n")
    assert seen.look(tmp_path, discover(tmp_path)).settled == frozenset()


@pytest.mark.parametrize("name", ["mlruns", "mlflow.db"])
def test_runs_of_mlflow_are_seen_where_it_keeps_them(tmp_path, name):
    assert not seen.look(tmp_path, Discovered()).mlflow
    (tmp_path / name).mkdir()
    assert seen.look(tmp_path, Discovered()).mlflow


def test_data_without_a_role_in_their_name_are_told_apart():
    some = Discovered(data=(Path("data.csv"), Path("train.csv"), Path("tests/x.csv")))
    assert seen.of_no_role(some) == [Path("data.csv")]
