from __future__ import annotations

import json

import pytest

from pytest_mlready.quality import pipeline_result

GOOD = {
    "rows": 500,
    "artifact": "model.bin",
    "prediction": {"example": {"age": 39, "job": None}, "answer": {"no": 0.25, "yes": 0.75}},
    "stages": ["prepare", "train", "serve"],
}


@pytest.fixture
def left(tmp_path):
    def write(result=GOOD, **changes):
        (tmp_path / "model.bin").write_bytes(b"weights")
        text = result if isinstance(result, str) else json.dumps({**result, **changes})
        (tmp_path / "result.json").write_text(text)
        return tmp_path

    return write


def test_a_whole_result_is_read(left):
    result = pipeline_result.read(left())
    assert (result.rows, result.artifact.name, result.stages) == (500, "model.bin", ("prepare", "train", "serve"))


def test_a_run_that_left_nothing_is_told_with_what_it_left(tmp_path):
    (tmp_path / "log.txt").write_text("OK")
    with pytest.raises(pipeline_result.ResultError, match=r"no result\.json in its folder \(there is log\.txt\)"):
        pipeline_result.read(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rows": "500"}, "rows is '500'"),
        ({"rows": True}, "rows is True"),
        ({"artifact": None}, "artifact is None"),
        ({"artifact": "model.skops"}, "model.skops is not there"),
        ({"artifact": "."}, "does not lie in the folder"),
        ({"artifact": "../"}, "does not lie in the folder"),
        ({"artifact": "/etc/hostname"}, "does not lie in the folder"),
        ({"stages": []}, "stages is []"),
        ({"stages": [1]}, "stages is [1]"),
        ({"prediction": {"example": {}, "answer": 1}}, "no example"),
        ({"prediction": {"example": {"age": 1}}}, "answer is null"),
        ({"prediction": {"example": {"age": 1}, "answer": [0.1, 0.9]}}, "answer is [0.1, 0.9]"),
        ({"prediction": {"example": {"age": 1}, "answer": float("nan")}}, "answer is NaN"),
        ({"prediction": {"example": {"age": 1}, "answer": {"no": None}}}, "not of finite numbers"),
    ],
)
def test_each_lacking_part_is_named(left, changes, said):
    with pytest.raises(pipeline_result.ResultError) as caught:
        pipeline_result.read(left(**changes))
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "OK", "[]", "[" * 100_000, '"' + "x" * 1_100_000 + '"'])
def test_what_is_no_table_is_refused(left, text):
    with pytest.raises(pipeline_result.ResultError):
        pipeline_result.read(left(text))


def test_an_artifact_that_is_linked_from_elsewhere_is_not_the_runs(left, tmp_path_factory):
    folder, elsewhere = left(), tmp_path_factory.mktemp("elsewhere") / "model.bin"
    elsewhere.write_bytes(b"old")
    (folder / "linked.bin").symlink_to(elsewhere)
    with pytest.raises(pipeline_result.ResultError, match="does not lie in the folder"):
        pipeline_result.read(left(artifact="linked.bin"))


@pytest.mark.parametrize(("rows", "outcome"), [(500, "passed"), (0, "failed"), (32_561, "failed")])
def test_rows_must_be_those_asked_for(left, rows, outcome):
    assert pipeline_result.judge_rows(pipeline_result.read(left(rows=rows)), 500).outcome == outcome


def test_a_copy_of_an_older_model_was_not_trained():
    assert pipeline_result.judge_fresh("ab", {"cd": "model.skops"}).outcome == "passed"
    verdict = pipeline_result.judge_fresh("ab", {"ab": "model.skops"})
    assert verdict.outcome == "failed"
    assert "is model.skops, byte for byte" in verdict.message


def judged(left, answer, label="yes", probabilities=None, positive="yes"):
    result = pipeline_result.read(left(prediction={"example": {"a": 1}, "answer": answer}))
    own = {"no": 0.25, "yes": 0.75} if probabilities is None else probabilities
    return pipeline_result.judge_answer(result, label, own, positive=positive)


@pytest.mark.parametrize("answer", ["yes", 0.75, 0.7500001, {"no": 0.25, "yes": 0.75}])
def test_an_answer_may_be_a_label_the_positive_probability_or_all_of_them(left, answer):
    assert judged(left, answer).outcome == "passed"


@pytest.mark.parametrize("answer", ["no", 0.25, 0.7501, {"no": 0.75, "yes": 0.25}, {"yes": 0.75}, True])
def test_another_answer_than_the_artifacts_fails(left, answer):
    verdict = judged(left, answer)
    assert verdict.outcome == "failed"
    assert "not the artifact's own" in verdict.message


def test_numbers_are_compared_as_numbers(left):
    assert judged(left, 1_500_000.4, label=1_500_000.5, probabilities={}, positive=None).outcome == "passed"
    assert judged(left, 1_500_100, label=1_500_000.5, probabilities={}, positive=None).outcome == "failed"
    assert judged(left, 3, label=3, probabilities={}, positive=None).outcome == "passed"


def answered(answer, label, shares, positive, **options):
    result = pipeline_result.Result(rows=1, artifact=None, example={"age": 1}, answer=answer, stages=("serve",))
    return pipeline_result.judge_answer(result, label, shares, positive=positive, **options).outcome


@pytest.mark.parametrize(
    ("answer", "label", "shares", "positive"),
    [
        (0.75, 1.0, {"0.0": 0.25, "1.0": 0.75}, "1.0"),
        (1.0, 1.0, {"0.0": 0.25, "1.0": 0.75}, "1.0"),
        (1, True, {"False": 0.25, "True": 0.75}, "True"),
        ("1", 1.0, {"0.0": 0.25, "1.0": 0.75}, "1.0"),
        ({"0": 0.25, "1": 0.75}, 1.0, {"0.0": 0.25, "1.0": 0.75}, "1.0"),
        ({"false": 0.25, "true": 0.75}, True, {"False": 0.25, "True": 0.75}, "True"),
    ],
    ids=["probability of a number", "a number", "a truth value", "text", "table of numbers", "table of truth values"],
)
def test_a_label_is_the_same_whatever_carried_it(answer, label, shares, positive):
    assert answered(answer, label, shares, positive) == "passed"


@pytest.mark.parametrize(("answer", "label"), [(0.0, 1.0), (0, True), ("0", 1.0), (0.5, 1.0)])
def test_another_label_or_probability_fails_whatever_carried_it(answer, label):
    assert answered(answer, label, {"0": 0.25, "1": 0.75}, "1") == "failed"


def test_a_rounded_answer_passes_only_where_the_settings_say_by_how_much():
    asked = (0.8312, "yes", {"no": 0.16879, "yes": 0.83121}, "yes")
    assert answered(*asked) == "failed"
    assert answered(*asked, tolerance=5e-5) == "passed"
    assert answered(0.84, *asked[1:], tolerance=5e-5) == "failed"
