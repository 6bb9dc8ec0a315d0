from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.checks.model_quality import edge_and_adversarial_cases as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.values import Dataset

OPTIONS = {o.name: o.default for o in check.ITEM.options}


def dataset(n=300, name="heldout", seed=0):
    rng = np.random.default_rng(seed)
    age, hours = rng.integers(17, 90, n), np.round(rng.uniform(1, 99, n), 1)
    frame = pl.DataFrame({"age": age, "hours": hours, "job": rng.choice(["clerk", "driver", "nurse"], n)})
    yes = 0.08 * (age - 45) + 0.05 * (hours - 40) + rng.logistic(size=n) > 0
    frame = frame.with_columns(pl.Series("outcome", np.where(yes, "yes", "no")))
    return Dataset(
        frame=frame, name=name, source="test", sha256="0", target="outcome", features=("age", "hours", "job")
    )


class Model:
    """A scikit-learn pipeline asked with polars frames, as the loaders do it."""

    source, sha256, kind, path, feature_names = "test", None, "scikit-learn", None, ("age", "hours", "job")

    def __init__(self, pipeline):
        self.estimator, self.classes = pipeline, tuple(pipeline.classes_)

    def _frame(self, X):
        import pandas as pd

        return pd.DataFrame({name: X[name].to_list() for name in self.feature_names})

    def predict(self, X):
        return self.estimator.predict(self._frame(X))

    def predict_proba(self, X):
        return self.estimator.predict_proba(self._frame(X))


def fitted(*, handle_unknown="ignore", flip=False):
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    train = dataset(600, "train", seed=1)
    encode = ColumnTransformer(
        [("job", OneHotEncoder(handle_unknown=handle_unknown), ["job"]), ("number", StandardScaler(), ["age", "hours"])]
    )
    pipeline = make_pipeline(encode, LogisticRegression())
    model = Model(pipeline.fit(train.X.to_pandas(), train.y))
    if flip:
        pipeline[-1].coef_[0, -2] *= -1  # age
    return model


class Request:
    def __init__(self, fixtures):
        self.fixtures = fixtures

    def getfixturevalue(self, name):
        if name not in self.fixtures:
            raise Unverified(f"{name} is not configured")
        return self.fixtures[name]


@pytest.fixture
def run(tmp_path):
    """Runs one test of the check on a model with the item's options; returns what it noted."""

    def _run(test, model, *, heldout=None, train=None, **options):
        mlready = SimpleNamespace(
            root=tmp_path, confidence=0.95, path=lambda text: tmp_path / text, seed=lambda _: 7, progress=lambda _: None,
            options=lambda _: {**OPTIONS, **options},
            settings=SimpleNamespace(endpoint=SimpleNamespace(may_change_state=False)),
        )  # fmt: skip
        fixtures = {"mlready_model": model, "mlready_heldout": heldout or dataset()}
        if train is not None:
            fixtures["mlready_train"] = train
        evidence = Evidence()
        if test is check.test_answers_do_not_depend_on_order_or_batch:
            test(mlready, evidence, fixtures["mlready_model"], fixtures["mlready_heldout"])
        else:
            test(mlready, evidence, Request(fixtures))
        return {e["name"]: e for e in evidence.notes.evidence}

    return _run


@pytest.mark.parametrize(
    "test",
    [
        check.test_inputs_inside_the_contract_are_answered,
        check.test_answers_do_not_depend_on_order_or_batch,
        check.test_inputs_outside_the_contract_do_no_harm,
        check.test_small_changes_rarely_change_the_answer,
    ],
)
def test_a_healthy_pipeline_passes_without_any_settings(run, test):
    assert run(test, fitted(), train=dataset(600, "train", seed=1))


def test_a_pipeline_that_raises_on_a_category_of_the_contract_fails_with_the_smallest_input(run):
    heldout = dataset()
    met = heldout.frame.with_columns(job=pl.when(pl.col("age") == 40).then(pl.lit("baker")).otherwise("job"))
    heldout = Dataset(frame=met, name="heldout", source="t", sha256="0", target="outcome", features=heldout.features)
    with pytest.raises(Failed, match=r"raises ValueError: .*baker.* for job = 'baker'"):
        run(check.test_inputs_inside_the_contract_are_answered, fitted(handle_unknown="error"), heldout=heldout)


def test_a_null_that_the_contract_allows_must_be_answered(run):
    with pytest.raises(Failed, match=r"raises ValueError: .*NaN.* for age = None"):
        run(check.test_inputs_inside_the_contract_are_answered, fitted(), contract={"age": {"nullable": True}})


def test_made_up_inputs_go_to_no_service_without_leave(run):
    model = fitted()
    model.kind = "http"
    with pytest.raises(Inconclusive, match="may_change_state = true"):
        run(check.test_inputs_inside_the_contract_are_answered, model)


def test_hostile_inputs_are_counted(run):
    noted = run(check.test_inputs_outside_the_contract_do_no_harm, fitted())
    assert noted["inputs outside the contract: rejected"]["value"] > 0
    assert noted["inputs outside the contract: answered"]["value"] > 0


def test_a_flipped_sign_fails_the_directional_relation(run):
    relations = ({"kind": "increasing", "column": "age"},)
    run(check.test_declared_relations_hold, fitted(), relations=relations)
    with pytest.raises(Failed, match="increasing age"):
        run(check.test_declared_relations_hold, fitted(flip=True), relations=relations)


def test_too_few_rows_for_a_relation_are_inconclusive(run):
    relations = ({"kind": "increasing", "column": "age"},)
    with pytest.raises(Inconclusive, match="at least 30"):
        run(check.test_declared_relations_hold, fitted(), heldout=dataset(10), relations=relations)


def test_a_mistaken_relation_is_an_error_with_the_nearest_name(run):
    with pytest.raises(DataError, match='did you mean "hours"'):
        run(check.test_declared_relations_hold, fitted(), relations=({"kind": "increasing", "column": "hour"},))


def test_without_relations_or_a_case_file_the_line_to_write_is_given(run):
    with pytest.raises(Unverified, match=r'relations = \[\{ kind = "increasing"'):
        run(check.test_declared_relations_hold, fitted())
    with pytest.raises(Unverified, match=r"write edge_cases\.yaml"):
        run(check.test_cases_of_the_case_file_hold, fitted())


def test_a_case_file_is_found_and_its_must_cases_hold_or_fail(run, tmp_path):
    case = "{name: oldest, input: {age: 89, hours: 99, job: clerk}, expect: {label: '%s'}}"
    (tmp_path / "edge_cases.yaml").write_text("version: 1\ncases:\n  - " + case % "yes")
    assert run(check.test_cases_of_the_case_file_hold, fitted())["`must` cases that do not hold"]["value"] == 0
    (tmp_path / "other.yaml").write_text("version: 1\ncases:\n  - " + case % "no")
    with pytest.raises(Failed, match="oldest: label yes, expected no"):
        run(check.test_cases_of_the_case_file_hold, fitted(), cases="other.yaml")


def test_the_search_is_gated_only_with_a_limit(run):
    test = check.test_small_changes_rarely_change_the_answer
    noted = run(test, fitted(), attack_eps=2.0)
    assert noted["attack success"]["value"] > 0.5
    with pytest.raises(Failed, match=r"max_attack_success = 0\.1"):
        run(test, fitted(), attack_eps=2.0, max_attack_success=0.1)
    with pytest.raises(Inconclusive, match="at least 30 rows"):
        run(test, fitted(), heldout=dataset(10), max_attack_success=0.9)
