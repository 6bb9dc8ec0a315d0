from __future__ import annotations

import hashlib
import json

import joblib
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression
from switching import N, golden, plan, project

from pytest_mlready.checks.rollback import previous_version as check
from pytest_mlready.errors import Failed, Inconclusive, NotApplicable, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence

WITH = {"FACTOR": "3", "MODEL_SHA256": "{sha256}"}


@pytest.fixture
def kept(tmp_path):
    """The previous version with its checksum file: a model that triples; its digest."""
    rows = pl.DataFrame({"x": [1.0, 2.0, 3.0]})
    path = tmp_path / "previous" / "model.joblib"
    path.parent.mkdir()
    joblib.dump(LinearRegression().fit(rows.to_numpy(), np.array([3.0, 6.0, 9.0])), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (path.parent / "SHA256SUMS").write_text(f"{digest}  model.joblib\n")
    return digest


@pytest.fixture
def judge(tmp_path, kept):
    """Runs the check for the kept version; options beside, and whether there is a service."""

    def run(
        *faults, serves=True, with_previous=WITH, environment=None, factor=3, golden_sha256=None, settings=None, **o
    ):
        options = {"previous": "previous/model.joblib", "with_previous": with_previous, **o}
        if factor is not None:
            options["golden"] = golden(tmp_path, factor=factor, sha256=golden_sha256 or kept)
        service = plan(tmp_path, *faults, environment=environment) if serves else None
        evidence = Evidence()
        run.notes = evidence.notes
        found = project(check.ITEM, tmp_path, options=options, service=service, **(settings or {}))
        check.test_previous_version_would_serve_again(found, evidence)
        return {e["name"]: e for e in evidence.notes.evidence}

    return run


def test_a_version_that_is_kept_loads_and_answers_in_the_service_passes(judge, kept):
    found = judge()
    assert found["model served"]["value"] == kept
    assert found["golden predictions as on record, through the service"]["value"] == 1
    assert found["until it answers"]["max"] == 300.0
    assert judge.notes.grade == "live"


def test_the_production_model_is_the_one_to_return_to_where_none_is_named(judge):
    assert judge(previous=None, settings={"model": {"production": "previous/model.joblib"}})


def test_without_a_service_the_loaded_model_repeats_the_golden_predictions(judge):
    found = judge(serves=False)
    assert found["golden rows answered otherwise"]["value"] == 0
    assert judge.notes.grade == "replayed"
    with pytest.raises(Failed, match="1 of 1 golden rows are answered otherwise"):
        judge(serves=False, factor=4)


def test_a_damaged_copy_fails_and_is_not_loaded(judge, tmp_path):
    path = tmp_path / "previous" / "model.joblib"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(Failed, match=r"model\.joblib") as failure:
        judge()
    assert "golden" not in str(failure.value)


def test_another_digest_than_the_settings_name_fails(judge):
    with pytest.raises(Failed, match="the setting digest says 00000"):
        judge(digest="0" * 64)


def test_a_version_that_is_gone_fails_with_the_nearest_name(judge):
    with pytest.raises(Failed, match=r'of no use: .*does not exist.*did you mean "model\.joblib"'):
        judge(previous="previous/model.jobli")


def test_the_candidate_itself_is_no_way_back(judge, kept):
    with pytest.raises(Failed, match="is the candidate itself"):
        judge(settings={"sha256": kept})


def test_what_cannot_be_loaded_safely_fails(judge, tmp_path):
    class Evil:
        def __reduce__(self):
            import os

            return os.system, ("true",)

    path = tmp_path / "previous" / "model.joblib"
    joblib.dump(Evil(), path)
    (path.parent / "SHA256SUMS").write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  model.joblib\n")
    with pytest.raises(Failed, match="of no use"):
        judge(golden_sha256=N)


def test_other_answers_than_at_release_fail(judge):
    with pytest.raises(Failed, match=r"does not answer as on record: golden case 1 of 1: /predictions/0 is 6"):
        judge(factor=4)


def test_a_service_that_serves_another_model_all_the_same_fails(judge):
    with pytest.raises(Failed, match=r"does not answer as on record: .*sha256 is a1a1"):
        judge(with_previous={"FACTOR": "3"})


def test_a_service_of_today_that_does_not_take_the_old_model_fails_with_its_last_lines(judge):
    with pytest.raises(Failed, match=r"(?s)with the previous version the service ended.*unknown model format"):
        judge("refuses")


def test_taking_too_long_fails_and_is_inconclusive_beside_other_tests(judge):
    with pytest.raises(Failed, match=r"all of it took .* expected at most 1e-06 s"):
        judge(serves=False, limit=1e-6)
    assert check._in_time(400.0, 300.0, "2 xdist workers").outcome == "inconclusive"


def test_nothing_that_says_which_bytes_it_must_have_is_inconclusive(judge, tmp_path):
    (tmp_path / "previous" / "SHA256SUMS").unlink()
    with pytest.raises(Inconclusive, match="nothing says which bytes"):
        judge()


def test_no_golden_predictions_are_inconclusive(judge):
    with pytest.raises(Inconclusive, match="no golden predictions are configured"):
        judge(factor=None)


def test_golden_predictions_of_another_model_are_inconclusive(judge):
    with pytest.raises(Inconclusive, match="the golden predictions are of another model"):
        judge(golden_sha256=N)


def test_a_service_that_cannot_be_given_another_model_is_inconclusive(judge):
    with pytest.raises(Inconclusive, match="do not say how the service is started with another model"):
        judge(with_previous={})


def test_a_service_at_a_url_is_inconclusive(tmp_path, kept):
    options = {"previous": "previous/model.joblib", "golden": golden(tmp_path, sha256=kept), "with_previous": WITH}
    service = plan(tmp_path, start=None, url="http://127.0.0.1:1")
    with pytest.raises(Inconclusive, match="cannot be started here"):
        check.test_previous_version_would_serve_again(
            project(check.ITEM, tmp_path, options=options, service=service), Evidence()
        )


def test_a_registry_that_is_not_at_hand_is_inconclusive(judge, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(Inconclusive, match="no registry is at hand"):
        judge(previous="models:/income@previous")


def test_a_version_of_which_no_file_is_kept_is_inconclusive(judge):
    with pytest.raises(Inconclusive, match="no file is kept"):
        judge(previous="module:function")


def test_none_configured_is_unverified_and_a_first_release_has_none(judge):
    with pytest.raises(Unverified, match="no previous version is configured"):
        judge(previous=None)
    with pytest.raises(NotApplicable, match="the first of its kind"):
        judge(previous=None, settings={"model": {"first_release": "the first of its kind"}})


def test_an_unknown_placeholder_is_an_error(judge):
    with pytest.raises(ReadinessError, match="with_previous cannot be filled in"):
        judge(with_previous={"MODEL_PATH": "{path}"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"), ("{", "no JSON"), ("[]", "holds no case"), ('{"cases": []}', "holds no case"),
        ('{"request": {"a": 1}}', 'case 1 has no "answer"'), ('{"cases": [1]}', "case 1 is a int"),
        ('{"request": {}, "answer": {"a": 1}}', 'no "request", or an empty one'),
    ],
)  # fmt: skip
def test_golden_predictions_that_cannot_be_read_are_an_error(tmp_path, text, words):
    from pytest_mlready.serving.rollback import golden as goldens

    if text is not None:
        (tmp_path / "golden.json").write_text(text)
    with pytest.raises(goldens.GoldenError, match=words):
        goldens.read(tmp_path / "golden.json")


def test_one_case_alone_and_a_list_of_cases_are_read_too(tmp_path):
    from pytest_mlready.serving.rollback import golden as goldens

    case = {"request": {"a": 1}, "answer": {"b": 2}}
    for written in (case, [case], {"cases": case}):
        (tmp_path / "golden.json").write_text(json.dumps(written))
        assert goldens.read(tmp_path / "golden.json").cases == (goldens.Case(**case),)
