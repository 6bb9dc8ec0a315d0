from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from scipy import stats

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving.canary import candidate, split
from pytest_mlready.serving.canary.candidate import Expected, Replayed
from pytest_mlready.serving.canary.split import Split
from pytest_mlready.serving.http import Response

CONFIDENCE = 0.9999


def outcome(found, share=0.05, confidence=CONFIDENCE):
    ended = {verdict.outcome for verdict in split.judge(found, share=share, confidence=confidence)}
    return next(one for one in ("failed", "inconclusive", "passed") if one in ended)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Split(candidate=30, other=570), "passed"),
        (Split(candidate=12, other=588), "passed"),
        (Split(candidate=11, other=589), "failed"),
        (Split(candidate=54, other=546), "failed"),
        (Split(candidate=600, other=0), "failed"),
        (Split(candidate=0, other=600), "failed"),
        (Split(candidate=1, other=19), "inconclusive"),
        (Split(untold=600), "inconclusive"),
        (Split(), "inconclusive"),
        (Split(candidate=30, other=570, twice=30), "passed"),
        (Split(candidate=30, other=570, twice=30, moved=1), "failed"),
        (Split(candidate=30, other=569, failed=1, wrong=["it was answered 500"]), "failed"),
    ],
)
def test_a_split_is_held_against_its_exact_interval(found, expected):
    assert outcome(found) == expected


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("n", [50, 600, 5000])
def test_a_true_split_leaves_the_interval_no_oftener_than_it_may(n, share):
    low, high = split.interval(n, share, CONFIDENCE)
    outside = stats.binom.cdf(low - 1, n, share) + stats.binom.sf(high, n, share)
    assert outside <= 1 - CONFIDENCE
    narrower = stats.binom.cdf(low, n, share) + stats.binom.sf(high - 1, n, share)
    assert narrower > 1 - CONFIDENCE or high - low <= 1


def test_twice_the_weight_is_seen_with_the_default_number_of_requests():
    _, high = split.interval(600, 0.05, CONFIDENCE)
    assert stats.binom.sf(high, 600, 0.10) > 0.75
    _, high = split.interval(600, 0.05, CONFIDENCE)
    assert stats.binom.sf(high, 600, 0.15) > 0.999


def answer(value):
    return Response(status=200, headers={}, body=json.dumps(value).encode(), seconds=0.0)


PROBA = np.array([[0.9, 0.1], [0.2, 0.8]])
WORDS = Expected(labels=np.array(["no", "yes"]), proba=PROBA)
DIGITS = Expected(labels=np.array([0, 1]), proba=PROBA)
VALUES = Expected(labels=np.array([1.5, 2.5]), proba=None)


@pytest.mark.parametrize(
    ("own", "said", "agrees"),
    [
        (WORDS, {"predictions": ["no", "yes"]}, [True, True]),
        (WORDS, {"predictions": ["no", "no"]}, [True, False]),
        (WORDS, {"predictions": ["no", "yes"], "probabilities": [[0.9, 0.1], [0.3, 0.7]]}, [True, False]),
        (WORDS, {"scores": [0.1, 0.8]}, [True, True]),
        (WORDS, [[0.9, 0.1], [0.2, 0.8]], [True, True]),
        (WORDS, {"probabilities": [[0.9], [0.2, 0.8]]}, [False, True]),
        (DIGITS, {"predictions": [0, 1]}, [True, True]),
        (DIGITS, {"predictions": [0.1, 0.8]}, [True, True]),
        (DIGITS, {"predictions": [1, 1]}, [False, True]),
        (VALUES, {"predictions": [1.5, 2.6]}, [True, False]),
    ],
)
def test_answers_are_held_against_the_candidates_own(own, said, agrees):
    assert candidate._agreement(answer(said), own).tolist() == agrees


@pytest.mark.parametrize("said", [{"status": "ok"}, {"ids": [None, None]}, {"predictions": ["no"]}])
def test_answers_without_a_list_for_the_rows_cannot_be_compared(said):
    with pytest.raises(Inconclusive, match="neither labels nor probabilities"):
        candidate._agreement(answer(said), WORDS)


GOOD = {"predict": "POST /predict", "example": b'{"instances": [{"x": 2.0}]}', "expect": {"predictions": [4.0]}}


class Doubles:
    def predict(self, X):
        return (X["x"] * 2).to_numpy()

    def predict_proba(self, X):
        return None


def replayed(endpoint, rows=120):
    frame = pl.DataFrame({"x": [float(n) for n in range(rows)]})
    return candidate.replay(endpoint, frame, candidate.expected(Doubles(), frame))


def test_a_service_with_the_candidate_loaded_answers_as_the_candidate_does(service, monkeypatch):
    monkeypatch.setattr(candidate, "BATCH", 50)  # the most that this service takes
    endpoint = service(**GOOD)
    found = replayed(endpoint, 1000)
    assert found == Replayed(sent=1000, equal=1000)
    ended = candidate.judge(endpoint, found, sha256="a1" * 32, version=None)
    assert [verdict.outcome for verdict in ended] == ["passed", "passed"]


@pytest.mark.parametrize(
    ("fault", "batch", "words"),
    [("wrong answer", 50, "119 of 120 held-out rows otherwise"), ("", 100, "answered 422"), ("flaky", 3, "500")],
)
def test_a_service_that_answers_otherwise_or_not_at_all_fails(service, monkeypatch, fault, batch, words):
    monkeypatch.setattr(candidate, "BATCH", batch)
    endpoint = service(*([fault] if fault else []), **{**GOOD, "expect": None})
    found = replayed(endpoint, 160 if fault == "flaky" else 120)
    ended = candidate.judge(endpoint, found, sha256=None, version=None)
    assert ended[1].outcome == "failed"
    assert words in ended[1].message


def test_too_few_rows_are_inconclusive_and_another_model_fails(service, monkeypatch):
    monkeypatch.setattr(candidate, "BATCH", 50)
    endpoint = service("names its model", environment={"MODEL_SHA256": "b2" * 32}, **GOOD)
    ended = candidate.judge(endpoint, replayed(endpoint), sha256="a1" * 32, version=None)
    assert [verdict.outcome for verdict in ended] == ["failed", "inconclusive"]


def test_a_request_without_rows_cannot_be_filled(service):
    endpoint = service(predict="POST /predict", example=b'{"text": "x"}')
    with pytest.raises(Inconclusive, match="no rows of the form"):
        candidate.columns(endpoint)
