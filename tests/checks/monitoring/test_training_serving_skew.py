"""Logged examples against the team's training features: equal passes, skewed fails, too little is inconclusive."""

from __future__ import annotations

import datetime as dt
import functools
import json
import textwrap
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.artifacts import named
from pytest_mlready.checks.monitoring import training_serving_skew as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.settings import Settings

N = 3200
RNG = np.random.default_rng(11)
AGE, HOURS = RNG.integers(17, 90, N), RNG.uniform(1, 99, N)
JOB = [None if r < 0.1 else str(v) for r, v in zip(RNG.random(N), RNG.choice(["clerk", "nurse"], N), strict=True)]
TEAM = """
import polars as pl
def make(rows):
    return rows.select(
        "age", decade=pl.col("age") // 10, minutes=pl.col("hours") * 60, job=pl.col("job").fill_null("?"),
    )
"""
INVENTORY = """
version: 1
owner: team
datasets:
  log:
    covers: [logs]
    purpose: serving
    basis: contract
    retention: 30 days
    fields:
      age: { personal: true }
      minutes: { personal: false, why: "of a machine" }
"""


class Model:
    """Answers yes above 40, with a probability that falls with the minutes."""

    kind, source, path, classes = "function", "model", None, ("no", "yes")
    feature_names = ("age", "decade", "minutes", "job")

    def predict(self, X):
        return np.where(X["age"].to_numpy() > 40, "yes", "no")

    def predict_proba(self, X):
        share = 1 / (1 + X["minutes"].to_numpy())
        return np.column_stack([1 - share, share])


def served(**changed):
    """Features as serving computes them, some of them otherwise."""
    right = {"age": AGE.tolist(), "decade": (AGE // 10).tolist(), "minutes": (HOURS * 60).tolist(),
             "job": ["?" if j is None else j for j in JOB]}  # fmt: skip
    return {**right, **changed}


class Case:
    """A project with a log, and `features` in a process of its own."""

    def __init__(
        self, root, *, features=None, answers=None, n=N, version="2.0.0", age=1.0, tables=None, team=TEAM, **options
    ):
        features = features or served()
        answers = answers or {
            "prediction": np.where(AGE > 40, "yes", "no").tolist(),
            "score": (1 / (1 + HOURS * 60)).tolist(),
        }
        time = (dt.datetime.now(tz=dt.UTC) - dt.timedelta(hours=age)).isoformat()
        with (root / "log.ndjson").open("w") as log:
            for i in range(n):
                raw = {"age": int(AGE[i]), "hours": float(HOURS[i]), "job": JOB[i]}
                values = {name: column[i] for name, column in features.items()}
                said = {name: column[i] for name, column in answers.items()}
                record = {"time": time, "model_version": version, "raw": raw, "features": values, **said}
                log.write(json.dumps(record) + "\n")
        (root / "team.py").write_text(textwrap.dedent(team))
        points = {"entry_points": {"features": "team:make", "frame": "polars"}}
        items = {check.ITEM.id: {"log": "log.ndjson", **options}}
        self.settings = Settings.model_validate({"version": "2.0.0", **points, **(tables or {}), "items": items})
        self.project = SimpleNamespace(
            root=root, settings=self.settings, confidence=0.95, progress=lambda _: None,
            today=dt.datetime.now(tz=dt.UTC).date(), digests=SimpleNamespace(model=None),
            options=lambda _: self.settings.options(check.ITEM),
            file=lambda text, what: named.file(text, root, error=ReadinessError, what=what),
        )  # fmt: skip
        self.evidence, self.model = Evidence(), Model()

    def getfixturevalue(self, name):
        return self.model

    def __call__(self):
        check.test_serving_computes_what_training_computes(self.project, self.evidence, self)
        return {e["name"]: e["value"] for e in self.evidence.notes.evidence}

    def ends(self, ending):
        with pytest.raises(ending) as caught:
            self()
        return str(caught.value)


@pytest.fixture
def case(tmp_path):
    return functools.partial(Case, tmp_path)


def test_the_same_features_pass_and_skew_planted_into_them_is_found(case):
    values = case()()
    assert values["logged examples"] == N
    assert values["mismatching features"] == values["mismatching logged predictions"] == 0.0
    assert values["mismatching logged scores"] == 0.0
    assert values["planted skew found"] >= 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"minutes": HOURS.tolist()}, "minutes: 3,200 examples, 0.0166667 times as much"),
        ({"decade": (AGE // 10 + 1).tolist()}, "decade: 3,200 examples, +1"),
        ({"job": ["" if j is None else j for j in JOB]}, "job: "),
        ({"age": (AGE // 10).tolist(), "decade": AGE.tolist()}, "age: 3,200 examples, what training calls decade"),
        ({"age": [str(a) for a in AGE]}, "String where training has Int64"),
        ({"minutes": [None, *(HOURS * 60).tolist()[1:-9], *[None] * 9]}, "nothing where training has a value"),
    ],
)
def test_features_that_serving_computes_otherwise_fail_with_their_kind(case, changed, said):
    assert said in case(features=served(**changed)).ends(Failed)


def test_one_mismatch_in_three_thousand_decides_nothing(case):
    assert "about" in case(features=served(age=[1, *AGE.tolist()[1:]])).ends(Inconclusive)


def test_a_feature_that_only_serving_has_fails(case):
    features = {**served(), "extra": [1] * N}
    one = case(features=features)
    one.model.feature_names = (*Model.feature_names, "extra")
    assert "serving computes extra, which training does not" in one.ends(Failed)


def test_a_logged_column_that_the_model_does_not_take_is_no_feature(case):
    assert case(features={**served(), "request_id": list(range(N))})()["mismatching features"] == 0.0


def test_a_feature_that_is_not_logged_is_inconclusive(case):
    features = {name: column for name, column in served().items() if name != "job"}
    assert "the log does not hold job" in case(features=features).ends(Inconclusive)


def test_an_input_that_neither_side_holds_is_inconclusive(case):
    features = {name: column for name, column in served().items() if name != "minutes"}
    team = TEAM.replace('minutes=pl.col("hours") * 60, ', "")
    said = case(features=features, team=team, answers={"note": [1] * N}).ends(Inconclusive)
    assert "neither training nor the log holds minutes, which the model takes" in said


def test_answers_that_were_rounded_on_their_way_are_told_apart_from_skewed_features(case):
    rounded = [round(value, 4) for value in (1 / (1 + HOURS * 60)).tolist()]
    assert "neither rounded nor under another name" in case(answers={"score": rounded}).ends(Failed)


def test_another_artifact_behind_the_service_fails(case):
    answers = {"prediction": np.where(AGE > 50, "yes", "no").tolist()}
    assert "another artifact answered" in case(answers=answers).ends(Failed)


def test_a_log_without_answers_compares_features_alone(case):
    assert "mismatching logged predictions" not in case(answers={"latency": [1.0] * N})()


def test_values_of_personal_fields_are_masked_and_others_are_shown(case, tmp_path):
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    one = case(
        features=served(age=(AGE * 100).tolist(), minutes=HOURS.tolist()),
        tables={"data": {"inventory": "inventory.yaml"}},
    )
    said = one.ends(Failed)
    assert f"served {AGE[0] * 100}" not in said
    assert "age: 3,200 examples, 100 times as much (values not shown" in said
    assert "minutes: 3,200 examples, 0.0166667 times as much (served" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": 500}, "500 different examples of this model count; 3,000 are needed"),
        ({"age": 24.0 * 30}, "too old"),
        ({"version": "1.9.0"}, "no logged example is of the model under test"),
    ],
)
def test_too_few_examples_of_this_model_are_inconclusive(case, change, said):
    assert said in case(**change).ends(Inconclusive)


def test_a_larger_age_may_be_allowed(case):
    assert case(age=24.0 * 30, max_age="60 d")()["logged examples"] == N


def test_features_that_do_not_vary_cannot_show_skew(case):
    features = {"nothing": [None] * N}
    one = case(
        features=features,
        team="import polars as pl\ndef make(rows): return rows.select(nothing=pl.col('age').cast(pl.Int64).replace_strict({}, default=None, return_dtype=pl.Int64))",
    )
    one.model = SimpleNamespace(feature_names=("nothing",), predict=lambda X: np.where(AGE > 40, "yes", "no"),
                                predict_proba=lambda X: None, classes=None)  # fmt: skip
    assert "the log cannot show skew" in one.ends(Inconclusive)


def test_training_code_that_fails_is_an_error_of_the_item(case):
    assert "raised ValueError" in case(team="def make(rows): raise ValueError('no')").ends(ReadinessError)


def test_nothing_named_is_unverified(case):
    assert "no logged serving examples" in case(log=None).ends(Unverified)
    one = case()
    one.project.settings = one.settings = Settings.model_validate({"items": {check.ITEM.id: {"log": "log.ndjson"}}})
    assert "features =" in one.ends(Unverified)


def test_a_log_that_is_not_there_is_an_error_with_the_nearest(case):
    assert 'did you mean "log.ndjson"' in case(log="logs.ndjson").ends(ReadinessError)


def test_a_function_may_hand_over_the_log(case, tmp_path):
    frame = "import polars as pl\ndef served(): return pl.read_ndjson('{}')".format(tmp_path / "log.ndjson")
    one = case(log="skew_log_of_a_team:served")
    (tmp_path / "skew_log_of_a_team.py").write_text(frame)
    assert one()["logged examples"] == N
    pl.read_ndjson(tmp_path / "log.ndjson").write_parquet(tmp_path / "log.parquet")
    assert case(log="log.parquet")()["logged examples"] == N
