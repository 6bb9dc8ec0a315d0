from __future__ import annotations

import json
import shlex
import sys

import pytest
from team_projects import CODE, Project

from pytest_mlready.checks.infrastructure import pipeline_integration as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, Unverified

SERVED, BROKEN = check.test_raw_rows_become_a_served_prediction, check.test_broken_raw_data_stop_the_pipeline

# Raw text lines become typed rows, a model, a running service, and one answer over HTTP.
PIPELINE = """
import http.client, http.server, importlib, json, os, pathlib, sys, threading
rows, folder, port, module = int(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
sys.path.insert(0, os.getcwd())
import polars as pl
team = importlib.import_module(module)

lines = pathlib.Path(os.environ.get("RAW", "raw.txt")).read_text().splitlines()[:rows]
records = [line.split(";") for line in lines]
frame = pl.DataFrame(records, schema=["age", "hours", "y"], orient="row").cast({"age": pl.Float64, "hours": pl.Float64})
artifact = team.train(frame, seed=1, folder=folder)
model = team.load(artifact)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        proba = model.predict_proba(pl.DataFrame([asked]))[0].tolist()
        body = json.dumps(dict(zip(model.classes_.tolist(), proba))).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
example = {"age": 0.5, "hours": -1.0}
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
connection.request("POST", "/", json.dumps(example))
answer = json.loads(connection.getresponse().read())
server.shutdown(); server.server_close()
result = {"rows": frame.height, "artifact": artifact.name, "prediction": {"example": example, "answer": answer},
          "stages": ["read", "train", "serve"]}
(folder / "result.json").write_text(json.dumps(result))
"""
ROWS = 80


def project(tmp_path, pipeline=PIPELINE, *, options=None, placeholders="{rows} {folder} {port}", **more):
    (tmp_path / "pipeline.py").write_text(pipeline)
    command = f"{shlex.quote(sys.executable)} pipeline.py {placeholders} MODULE"
    points = {"pipeline": command, "time_limit": 60.0, **more.pop("entry_points", {})}
    found = Project(tmp_path, check, code=CODE, options={"rows": ROWS, **(options or {})}, entry_points=points, **more)
    raw = found.train.frame
    (tmp_path / "raw.txt").write_text("".join(f"{a};{h};{y}\n" for a, h, y in raw.iter_rows()))
    (tmp_path / "broken.txt").write_text("".join(f"{a};{y}\n" for a, _, y in raw.iter_rows()))
    return found


def spoilt(old, new):
    assert old in PIPELINE
    return PIPELINE.replace(old, new)


def test_a_pipeline_from_raw_lines_to_a_served_answer_passes(tmp_path):
    found = project(tmp_path)
    noted = found.run(SERVED)
    assert noted["raw rows"]["value"] == ROWS
    assert noted["listened on {port}"]["value"] is True
    assert noted["served answer"]["value"].startswith('{"no": ')
    assert found.grade == "live"


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        ("print('OK')", "left no result.json"),
        ("raise SystemExit('no such column: agee')", "no such column: agee"),
        (spoilt('"rows": frame.height', '"rows": 32561'), "took 32,561 raw rows"),
        (spoilt("[:rows]", ""), "took 300 raw rows"),
        (spoilt("model = team.load(artifact)", "model = team.load(team.FOLDER / 'candidate' / 'model.json')"), "not the artifact's own"),
        (spoilt("proba = model.predict_proba(pl.DataFrame([asked]))", 'proba = model.predict_proba(pl.DataFrame([asked | {"hours": 0.0}]))'), "the artifact says"),
        (spoilt('"artifact": artifact.name', '"artifact": str(team.FOLDER / "candidate" / "model.json")'), "does not lie in the folder"),
        (spoilt("artifact = team.train(frame, seed=1, folder=folder)", "import shutil\nartifact = pathlib.Path(shutil.copy(team.FOLDER / 'candidate' / 'model.json', folder))"), "nothing was trained"),
        (spoilt("answer = json", "artifact.write_text('{}'); answer = json"), "raised KeyError on model.json"),
    ],
    ids=["only prints", "fails", "wrong count", "ignores rows", "serves another model", "serves other features", "stale artifact", "copies a model", "damaged artifact"],
)  # fmt: skip
def test_a_pipeline_with_a_break_between_its_stages_fails(tmp_path, pipeline, said):
    found = project(tmp_path, pipeline, model={"path": "candidate/model.json", "frame": "polars"})
    found.candidate()
    assert said in found.ends(SERVED, Failed)


def test_the_last_lines_stand_in_the_message_of_one_that_only_prints(tmp_path):
    assert "OK" in project(tmp_path, "print('all stages OK')").ends(SERVED, Failed)


def test_files_of_an_earlier_run_do_not_count(tmp_path):
    found = project(tmp_path)
    found.run(SERVED)
    (tmp_path / "result.json").write_text(json.dumps({"rows": ROWS}))
    (tmp_path / "pipeline.py").write_text("print('OK')")
    assert "there is nothing" in found.ends(SERVED, Failed)


def test_a_pipeline_that_serves_nothing_is_inconclusive_until_the_settings_say_why(tmp_path):
    unserved = spoilt(PIPELINE[PIPELINE.index("server = http") : PIPELINE.index("example = ")], "")
    start, end = unserved.index("connection ="), unserved.index("result = ")
    unserved = (
        unserved[:start]
        + ("answer = dict(zip(model.classes_.tolist(), model.predict_proba(pl.DataFrame([example]))[0].tolist()))\n")
        + unserved[end:]
    )
    assert "nothing was seen listening" in project(tmp_path, unserved).ends(SERVED, Inconclusive)
    no_port = project(tmp_path, unserved, placeholders="{rows} {folder} 0")
    assert "has no {port}" in no_port.ends(SERVED, Inconclusive)
    excused = project(tmp_path, unserved, options={"in_process": "through a test client"})
    assert excused.run(SERVED)["listened on {port}"]["note"] == "through a test client"


def test_a_pipeline_that_does_not_end_is_inconclusive(tmp_path):
    found = project(tmp_path, "import time; time.sleep(60)", entry_points={"time_limit": 2.0})
    assert "did not end" in found.ends(SERVED, Inconclusive)


def test_a_label_alone_may_be_the_answer(tmp_path):
    noted = project(tmp_path, spoilt('"answer": answer}', '"answer": max(answer, key=answer.get)}')).run(SERVED)
    assert noted["served answer"]["value"] in ('"no"', '"yes"')


def test_features_are_computed_where_the_model_takes_others_than_the_example_has(tmp_path):
    code = CODE + "\ndef features(rows):\n    return rows.rename({'years': 'age'})\n"
    renamed = spoilt('"prediction": {"example": example', '"prediction": {"example": {"years": 0.5, "hours": -1.0}')
    found = project(tmp_path, renamed, entry_points={"features": "MODULE:features", "frame": "polars"})
    (tmp_path / f"{found.module}.py").write_text(f"from pathlib import Path\nFOLDER = Path({str(tmp_path)!r})\n" + code)
    assert found.run(SERVED)["served answer"]["value"].startswith('{"no": ')
    bare = project(tmp_path, renamed)
    assert "cannot be asked for the recorded example" in bare.ends(SERVED, Failed)


def test_broken_raw_data_must_stop_it(tmp_path):
    options = {"broken_raw": {"RAW": "broken.txt"}}
    noted = project(tmp_path, options=options).run(BROKEN)
    assert noted["status on broken raw data"]["value"] == 1
    careless = spoilt(
        "records = [line.split",
        "lines = pathlib.Path('raw.txt').read_text().splitlines()[:rows]\nrecords = [line.split",
    )
    said = project(tmp_path, careless, options=options).ends(BROKEN, Failed)
    assert "ended with status 0 on broken raw data (RAW)" in said


def test_without_broken_data_the_control_is_unverified(tmp_path):
    assert "broken_raw = { RAW_DATA" in project(tmp_path).ends(BROKEN, Unverified)


def test_nothing_configured_is_unverified(tmp_path):
    found = Project(tmp_path, check, entry_points={})
    for test in (SERVED, BROKEN):
        assert 'pipeline = "python pipeline.py' in found.ends(test, Unverified)


def test_no_rows_are_an_error(tmp_path):
    assert "rows = 0" in project(tmp_path, options={"rows": 0}).ends(SERVED, DataError)
