from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path

import pytest

from pytest_mlready.documents.lineage import graph, reading, verdicts, walk
from pytest_mlready.documents.lineage.graph import Entity, Run
from pytest_mlready.errors import DataError

EXAMPLE = Path(__file__).parents[2] / "example_project"
MODEL, OTHER, TRAIN, RAW = ("".join(c * 64) for c in "abcd")
START = Entity(name="artifacts/model.onnx", digests=frozenset([f"sha256:{MODEL}", f"md5:{'a' * 32}"]))


def dataset(name, version=None, namespace="file", facet="version"):
    facets = {} if version is None else {facet: {"datasetVersion" if facet == "version" else "sha256": version}}
    return {"namespace": namespace, "name": name, "facets": facets}


def event(job, inputs=(), outputs=(), *, kind="COMPLETE", run=None):
    return {
        "eventType": kind, "eventTime": "2026-11-24T10:00:00Z", "run": {"runId": run or f"run-of-{job}"},
        "job": {"namespace": "income", "name": job}, "inputs": list(inputs), "outputs": list(outputs),
    }  # fmt: skip


PREPARE = event("prepare", [dataset("raw", "snapshot 17", "s3://lake")], [dataset("train.parquet", TRAIN)])
TRAINING = event("train", [dataset("train.parquet", TRAIN)], [dataset("model.onnx", MODEL)])


def written(tmp_path, *events, name="lineage.ndjson"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    return path


def judged(runs, sources=("s3://lake/raw",), **more):
    return verdicts.judge(walk.walk(runs, START), runs, sources=sources, **more)


def of(tmp_path, *events, **more):
    return judged(reading.read([written(tmp_path, *events)]).runs, **more)


def test_a_whole_chain_passes_and_names_its_steps(tmp_path):
    verdict = of(tmp_path, PREPARE, TRAINING)
    assert verdict.outcome == "passed"
    assert "← train ← prepare ← s3://lake/raw (snapshot 17)" in verdict.message


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([TRAINING], "the chain ends at train.parquet .* no run wrote it"),
        ([PREPARE], "no run in the lineage records wrote artifacts/model.onnx"),
        (
            [PREPARE, event("train", [dataset("train.parquet", TRAIN)], [dataset("model.onnx", OTHER)])],
            "they are about another model: model.onnx",
        ),
        (
            [event("prepare", [dataset("raw")], [dataset("train.parquet", TRAIN)]), TRAINING],
            "raw is named without a version",
        ),
        (
            [event("prepare", [dataset("raw", "17")], [dataset("train.parquet", RAW)]), TRAINING],
            "no run wrote train.parquet .* prepare .* wrote train.parquet",
        ),
        ([PREPARE, {**TRAINING, "eventType": "FAIL"}], "train .* failed"),
        ([PREPARE, {**TRAINING, "eventType": "START"}], "has no record of its end"),
        ([PREPARE, {**TRAINING, "inputs": []}], "names no data that it read"),
        ([PREPARE, {**TRAINING, "run": {}}], "a run without an id"),
        ([PREPARE, {**TRAINING, "job": {"namespace": "income"}}], "a run without a job"),
        (
            [event("prepare", [dataset("model.onnx", MODEL)], [dataset("train.parquet", TRAIN)]), TRAINING],
            "in a circle",
        ),
    ],
)
def test_every_break_turns_it_red_and_is_named(tmp_path, events, told):
    verdict = of(tmp_path, *events)
    assert verdict.outcome == "failed"
    assert re.search(told, verdict.message), verdict.message


def test_an_end_that_nobody_declared_a_source_is_inconclusive(tmp_path):
    verdict = of(tmp_path, PREPARE, TRAINING, sources=())
    assert verdict.outcome == "inconclusive"
    assert 'sources = ["s3://lake/raw"]' in verdict.message


def test_training_data_at_hand_that_are_others_turn_it_red(tmp_path):
    assert of(tmp_path, PREPARE, TRAINING, at_hand={"data/train.parquet": TRAIN}).outcome == "passed"
    verdict = of(tmp_path, PREPARE, TRAINING, at_hand={"data/train.parquet": RAW})
    assert verdict.outcome == "failed"
    assert "data/train.parquet is not what the model learned from" in verdict.message


def test_no_runs_at_all_are_inconclusive():
    assert judged(()).outcome == "inconclusive"


def test_the_events_of_one_run_are_one_run(tmp_path):
    start = event("train", [dataset("train.parquet")], kind="START")
    middle = event("train", [dataset("train.parquet", TRAIN)], kind="RUNNING")
    end = event("train", [], [dataset("model.onnx", MODEL)])
    verdict = of(tmp_path, PREPARE, start, middle, end)
    assert verdict.outcome == "passed"


def test_a_digest_may_stand_in_a_facet_of_any_name(tmp_path):
    training = event("train", [dataset("train.parquet", TRAIN)], [dataset("model.onnx", MODEL, facet="ours_hash")])
    assert of(tmp_path, PREPARE, training).outcome == "passed"


def test_a_run_that_copied_the_model_is_not_where_it_comes_from(tmp_path):
    register = event("register", [dataset("model.onnx", MODEL)], [dataset("income/7", MODEL, "models")])
    assert "← train ← prepare" in of(tmp_path, PREPARE, TRAINING, register).message


def test_a_copy_without_an_origin_goes_in_a_circle(tmp_path):
    register = event("register", [dataset("model.onnx", MODEL)], [dataset("income/7", MODEL, "models")])
    assert of(tmp_path, register).outcome == "failed"


def test_a_failed_attempt_beside_a_good_one_does_no_harm(tmp_path):
    failed = {**TRAINING, "run": {"runId": "first"}, "eventType": "FAIL"}
    assert of(tmp_path, PREPARE, failed, TRAINING).outcome == "passed"
    assert of(tmp_path, PREPARE, TRAINING, failed).outcome == "passed"


def test_job_events_are_passed_over_and_counted(tmp_path):
    records = reading.read([written(tmp_path, {"job": {"name": "x"}, "eventTime": "…"}, PREPARE, TRAINING)])
    assert (len(records.runs), records.passed_over) == (2, 1)


def test_a_file_that_holds_no_run_is_an_error_that_says_what_is_understood(tmp_path):
    with pytest.raises(DataError, match="holds no run that is understood"):
        reading.read([written(tmp_path, {"some": "thing"})])


def mlflow_run(**more):
    tags = {"mlflow.source.name": "train.py", "mlflow.source.git.commit": "abc", "model_sha256": MODEL}
    dataset_ = {"name": "census", "digest": "8b1f3c2e", "source": json.dumps({"uri": "s3://lake/census.parquet"})}
    return {
        "info": {"run_id": "r1", "status": "FINISHED"}, "data": {"tags": tags, "params": {}, "metrics": {}},
        "inputs": {"dataset_inputs": [{"dataset": dataset_, "tags": []}]}, **more,
    }  # fmt: skip


def test_an_mlflow_run_is_read_in_every_form_of_export(tmp_path):
    one = mlflow_run()
    listed = [{"key": key, "value": value} for key, value in one["data"]["tags"].items()]
    forms = [one, {"run": one}, {"runs": [one]}, [one], {**one, "data": {"tags": listed}}]
    for number, form in enumerate(forms):
        runs = reading.read([written(tmp_path, form, name=f"{number}.json")]).runs
        assert judged(runs, sources=["s3://lake/*"]).outcome == "passed"
        assert runs[0].code == "abc"


@pytest.mark.parametrize(
    "fault",
    [
        {"info": {"run_id": "r1", "status": "RUNNING"}},
        {"info": {"run_id": "r1", "status": "FINISHED", "lifecycle_stage": "deleted"}},
        {"inputs": {}},
        {"data": {"tags": {"mlflow.source.name": "train.py"}}},
        {"inputs": {"dataset_inputs": [{"dataset": {"name": "census"}}]}},
    ],
)
def test_an_mlflow_run_with_a_fault_turns_it_red(tmp_path, fault):
    runs = reading.read([written(tmp_path, mlflow_run(**fault), name="runs.json")]).runs
    assert judged(runs, sources=["s3://lake/*"]).outcome == "failed"


LOCK = """
schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - path: prepare.py
      hash: md5
      md5: 11111111111111111111111111111111
    - path: data/raw.csv
      md5: 22222222222222222222222222222222
    outs:
    - path: data/train.parquet
      md5: 33333333333333333333333333333333.dir
  train:
    cmd: python train.py
    deps:
    - path: data/train.parquet
      md5: {train}
    outs:
    - path: artifacts/model.onnx
      md5: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
"""


def dvc_lock(tmp_path, text=LOCK, train="33333333333333333333333333333333.dir"):
    path = tmp_path / "dvc.lock"
    path.write_text(text.replace("{train}", train))
    return reading.read([path]).runs


def test_a_dvc_lock_knows_what_comes_from_outside(tmp_path):
    verdict = judged(dvc_lock(tmp_path), sources=())
    assert verdict.outcome == "passed"
    assert "data/raw.csv (md5:2222222222222222222…)" in verdict.message


def test_a_lock_whose_stages_do_not_fit_together_turns_it_red(tmp_path):
    assert judged(dvc_lock(tmp_path, train="44444444444444444444444444444444"), sources=()).outcome == "failed"


def test_a_lock_without_the_digest_of_a_source_turns_it_red(tmp_path):
    text = LOCK.replace("      md5: 22222222222222222222222222222222\n", "")
    verdict = judged(dvc_lock(tmp_path, text), sources=())
    assert verdict.outcome == "failed"
    assert "data/raw.csv is named without a version" in verdict.message


def test_a_stage_that_reads_nothing_but_code_turns_it_red(tmp_path):
    text = LOCK.replace("    - path: data/raw.csv\n      md5: 22222222222222222222222222222222\n", "")
    assert "names no data" in judged(dvc_lock(tmp_path, text), sources=()).message


def test_a_lock_of_the_first_schema_is_read(tmp_path):
    text = LOCK.replace("schema: '2.0'\nstages:\n", "").replace("\n  ", "\n")
    assert judged(dvc_lock(tmp_path, text), sources=()).outcome == "passed"


def test_a_dvc_file_that_imports_is_a_run(tmp_path):
    path = tmp_path / "raw.csv.dvc"
    path.write_text(
        "deps:\n- path: raw.csv\n  repo:\n    url: https://example.org/data\n    rev_lock: f00ba4\n"
        "outs:\n- md5: 22222222222222222222222222222222\n  path: raw.csv\n"
    )
    (run,) = reading.read([path]).runs
    assert run.inputs[0].version == "f00ba4"
    assert run.inputs[0].source == "https://example.org/data"


def test_a_file_is_known_by_both_digests(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"model")
    expected = {f"{name}:{hashlib.new(name, b'model').hexdigest()}" for name in ("sha256", "md5")}
    assert graph.of_file(path, "model.bin").digests == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (MODEL, f"sha256:{MODEL}"), (f"sha256:{MODEL.upper()}", f"sha256:{MODEL}"), ("1" * 32 + ".dir", "md5:" + "1" * 32),
        ("8b1f3c2e", None), ("md5:" + MODEL, None), ("e" * 40, None), (17, None), (None, None),
    ],
)  # fmt: skip
def test_what_a_text_states_as_a_digest(text, found):
    assert graph.content(text) == (frozenset([found]) if found else frozenset())


def test_long_chains_and_wide_runs_take_little_time():
    def entity(i):
        return Entity(name=f"d{i}", digests=frozenset([f"sha256:{i:064x}"]))

    chain = [
        Run(job=f"j{i}", id=str(i), state="complete", place="x", inputs=(entity(i + 1),), outputs=(entity(i),))
        for i in range(20_000)
    ]
    wide = Run(
        job="wide",
        id="w",
        state="complete",
        place="x",
        inputs=tuple(entity(i) for i in range(20_000)),
        outputs=(START,),
    )
    began = time.perf_counter()
    trace = walk.walk([*chain, wide], START)
    assert len(trace.runs) == 20_001
    assert [end.name for end in trace.ends] == ["d20000"]
    assert time.perf_counter() - began < 10


def test_runs_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_RUNS", 5)
    with pytest.raises(DataError, match="more than 5 runs"):
        reading.read([written(tmp_path, *[event("train", run=str(i)) for i in range(8)])])


def test_a_bomb_in_a_lock_file_is_refused(tmp_path):
    bomb = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    (tmp_path / "dvc.lock").write_text(bomb)
    with pytest.raises(DataError, match="aliases"):
        reading.read([tmp_path / "dvc.lock"])


@pytest.mark.parametrize(
    "odd",
    [
        {**TRAINING, "inputs": "train.parquet"},
        {**TRAINING, "inputs": [None, 7, {"name": 5}, {"namespace": "x"}]},
        {**TRAINING, "outputs": [{"name": "model.onnx", "facets": [1]}]},
        {"run": {"runId": {"a": 1}}, "job": {"name": []}},
        {"info": {}, "data": [], "inputs": 3},
        {"runs": [3, None, {}]},
        {
            "info": {"status": None},
            "data": {"tags": [{"key": "model_sha256"}, 4]},
            "inputs": {"dataset_inputs": [None]},
        },
    ],
)
def test_records_of_odd_forms_never_pass_and_never_crash(tmp_path, odd):
    assert of(tmp_path, PREPARE, odd).outcome == "failed"


@pytest.mark.parametrize("name", ["model.skops", "production.joblib"])
def test_the_example_is_traced_to_the_donors_files(name):
    runs = reading.read([EXAMPLE / "governance" / "lineage.ndjson"]).runs
    model = graph.of_file(EXAMPLE / "artifacts" / name, f"artifacts/{name}")
    verdict = verdicts.judge(walk.walk(runs, model), runs, sources=["https://archive.ics.uci.edu/dataset/2/adult/*"])
    assert verdict.outcome == "passed", verdict.message
    assert "adult.data" in verdict.message
