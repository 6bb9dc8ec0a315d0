from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from alert_runs import Run, file_of, needs_promtool, rule
from sklearn.linear_model import LogisticRegression

from pytest_mlready.artifacts import models
from pytest_mlready.checks.monitoring import numerical_stability as check
from pytest_mlready.errors import Failed, Inconclusive, NotApplicable, ReadinessError, Unverified
from pytest_mlready.values import Dataset

SHOWS = "shows non-finite"
GOOD = file_of(rule("NonFinite", "increase(answers_nonfinite_total[10m]) > 0"))
MODEL = {"model": {"path": "model.joblib"}}
SERVICE = {"endpoint": {"start": "service {port}"}}
RNG = np.random.default_rng(0)
ROWS = pl.DataFrame({"a": RNG.normal(size=120), "b": RNG.uniform(0, 10, 120)})


def options(**given):
    return {"items": {check.ITEM.id: given}}


def logistic():
    return LogisticRegression().fit(ROWS.to_numpy(), (ROWS["a"] > 0).to_numpy())


class Estimator:
    """A model of the team's without fitted numbers."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, X):
        return self.answer(np.asarray(X, float))


@pytest.fixture
def judged(tmp_path):
    """Runs a test on a model: judged(test, estimator, **settings); None for no model."""

    def perform(test, estimator, **settings):
        def fixture(name):
            if name == "mlready_model" and estimator is None:
                raise Unverified("no model is configured", fix='[tool.mlready.model] path = "…"')
            if name == "mlready_model":
                return models.wrap(estimator, source="model.joblib")
            if name == "mlready_train":
                raise Unverified("no train data are configured")
            return Dataset(frame=ROWS, name="heldout", source="t", sha256="0", features=("a", "b"))

        one = Run(tmp_path, None, **{**({} if estimator is None else MODEL), **settings})
        one.request = SimpleNamespace(config=SimpleNamespace(stash=pytest.Stash()), getfixturevalue=fixture)
        one(test)
        return one.values()

    return perform


MODEL_TESTS = (
    check.test_weights_are_finite,
    check.test_predictions_are_finite_on_held_out_rows,
    check.test_predictions_are_finite_on_the_edge_set,
)


def test_a_stable_model_passes(judged):
    assert judged(check.test_weights_are_finite, logistic())["weights that are not finite"] == 0
    values = judged(check.test_predictions_are_finite_on_held_out_rows, logistic())
    assert values["answers that are not finite, held-out rows"] == 0
    judged(check.test_predictions_are_finite_on_the_edge_set, logistic())


def test_a_weight_that_is_not_finite_fails(judged):
    model = logistic()
    model.coef_[0, 1] = np.nan
    with pytest.raises(Failed, match=r"coef_\[1\] is nan"):
        judged(check.test_weights_are_finite, model)


def test_a_prediction_that_is_not_finite_on_a_held_out_row_fails(judged):
    with pytest.raises(Failed, match="1 of 120 answers on held-out rows are not finite"):
        judged(
            check.test_predictions_are_finite_on_held_out_rows,
            Estimator(lambda X: np.where(X[:, 0] == ROWS["a"].max(), np.nan, 1.0)),
        )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda X: np.log(np.abs(X[:, 0])), "a = 0.0"),
        (lambda X: np.exp(X[:, 1]), "in b"),
        (lambda X: np.where(X[:, 1] > 1e6, np.nan, 1.0), "in b"),
    ],
    ids=["logarithm of zero", "exponential that overflows", "NaN for large values"],
)
def test_an_edge_that_gives_no_number_fails_with_the_column(judged, answer, said):
    with pytest.raises(Failed) as caught, np.errstate(all="ignore"):
        judged(check.test_predictions_are_finite_on_the_edge_set, Estimator(answer))
    assert said in str(caught.value)


def test_a_range_that_the_contract_states_is_not_left(judged):
    contract = {"items": {"model_quality.edge_and_adversarial_cases": {"contract": {"b": {"min": 0, "max": 10}}}}}
    assert judged(check.test_predictions_are_finite_on_the_edge_set, Estimator(lambda X: np.exp(X[:, 1])), **contract)


def test_a_model_without_visible_weights_is_inconclusive_or_says_why(judged):
    model = Estimator(lambda X: X[:, 0])
    with pytest.raises(Inconclusive, match=r"no weights can be seen.*do not stand for them.*no_weights ="):
        judged(check.test_weights_are_finite, model)
    with pytest.raises(NotApplicable, match="two rules of the bank"):
        judged(check.test_weights_are_finite, model, **options(no_weights="two rules of the bank"))


FUNCTIONS = """
def finite(model): return {"w": [1.0, 2.0]}
def broken(model): return {"w": [1.0, float("nan")]}
def wrong(model): return 5
"""


def test_weights_come_from_the_teams_function(judged, tmp_path):
    module = f"own_weights_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(FUNCTIONS)
    model = Estimator(lambda X: X[:, 0])
    judged(check.test_weights_are_finite, model, **options(weights=f"{module}:finite"))
    with pytest.raises(Failed, match=r"w\[1\] is nan"):
        judged(check.test_weights_are_finite, model, **options(weights=f"{module}:broken"))
    with pytest.raises(ReadinessError, match="a table of name to array"):
        judged(check.test_weights_are_finite, model, **options(weights=f"{module}:wrong"))


@pytest.mark.parametrize("test", MODEL_TESTS)
def test_a_service_without_a_model_is_inconclusive_and_neither_is_unverified(judged, test):
    with pytest.raises(Inconclusive, match="half of what is asked"):
        judged(test, None, **SERVICE)
    with pytest.raises(Unverified, match="no model is configured"):
        judged(test, None)


def test_a_model_without_a_service_is_inconclusive_and_neither_is_unverified(judged):
    with pytest.raises(Inconclusive, match="no service or page of metrics"):
        judged(check.test_an_alert_fires_on_answers_that_are_not_finite, logistic())
    with pytest.raises(Unverified, match="no service or page of metrics"):
        judged(check.test_an_alert_fires_on_answers_that_are_not_finite, None)


@needs_promtool
def test_an_alert_on_the_counter_passes(run):
    one = run(SHOWS, text=GOOD)
    one(check.test_an_alert_fires_on_answers_that_are_not_finite)
    assert one.values()["counter of answers that are not finite"] == "answers_nonfinite_total"


@needs_promtool
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("> 0", "> 1e6"), "stays silent even on this"),
        (("> 0", ">= 0"), "fires on healthy traffic"),
        (("nonfinite_total", "nonfinit_total"), "does not expose; did you mean"),
        (("total[", 'total{kind="nan"}['), "has no labels"),
        (("{severity: page}", "{}"), "severity"),
        (("runbook_url", "text"), "runbook"),
        (("increase(answers_nonfinite_total[10m]) > 0", "answers_in_progress > 50"), "nobody hears of"),
    ],
)
def test_faulty_alerts_fail(run, change, said):
    with pytest.raises(Failed) as caught:
        run(SHOWS, text=GOOD.replace(*change))(check.test_an_alert_fires_on_answers_that_are_not_finite)
    assert said in str(caught.value)


@needs_promtool
def test_a_page_of_a_job_stands_for_a_service(run, tmp_path):
    (tmp_path / "job.prom").write_text("# TYPE scores_nan_total counter\nscores_nan_total 0\n")
    text = GOOD.replace("answers_nonfinite_total", "scores_nan_total")
    one = run(text=text, endpoint={}, **options(pages=["job.prom"]))
    one(check.test_an_alert_fires_on_answers_that_are_not_finite)
    assert one.values()


def test_no_counter_and_no_rules_are_inconclusive(run):
    with pytest.raises(Inconclusive, match="no alert rules"):
        run(SHOWS)(check.test_an_alert_fires_on_answers_that_are_not_finite)
    with pytest.raises(Inconclusive, match=r"no counter whose name tells.*counter = "):
        run(text=GOOD)(check.test_an_alert_fires_on_answers_that_are_not_finite)


def test_a_named_counter_that_is_not_there_fails(run):
    with pytest.raises(Failed, match=r"no answers_nan_total; did you mean .*show 0 from the start"):
        run(SHOWS, text=GOOD, **options(counter="answers_nan_total"))(
            check.test_an_alert_fires_on_answers_that_are_not_finite
        )


def test_a_gauge_is_no_counter(run, tmp_path):
    (tmp_path / "job.prom").write_text("# TYPE nan_ratio gauge\nnan_ratio 0\n")
    with pytest.raises(Inconclusive, match="nan_ratio is a gauge"):
        run(text=GOOD, endpoint={}, **options(pages=["job.prom"]))(
            check.test_an_alert_fires_on_answers_that_are_not_finite
        )


NAN = {"nonfinite": {"NONFINITE": "1"}}


def test_provoked_answers_that_are_counted_and_kept_back_pass(run):
    one = run(SHOWS, **options(**NAN))
    one(check.test_provoked_answers_that_are_not_finite_are_counted)
    assert one.values()["provoked answers that were not finite, counted"] == 5
    assert one.evidence.notes.grade == "live"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("forgets non-finite", r"answered 500, and answers_nonfinite_total rose by 0"),
        ("passes non-finite on", r"is passed on to the caller"),
        ("recovers", r"answered 200, and answers_nonfinite_total rose by 0"),
    ],
)
def test_provoked_answers_that_are_lost_or_passed_on_fail(run, fault, said):
    with pytest.raises(Failed, match=said):
        run(SHOWS, fault, **options(**NAN))(check.test_provoked_answers_that_are_not_finite_are_counted)


def test_a_provocation_that_ends_the_service_is_inconclusive_and_none_is_unverified(run):
    nan = {"nonfinite": {"MODEL_PATH": "no-such-model"}}
    with pytest.raises(Inconclusive, match="started with `nonfinite` gives no answer"):
        run(SHOWS, "exits without model", "loads first", **options(**nan))(
            check.test_provoked_answers_that_are_not_finite_are_counted
        )
    with pytest.raises(Unverified, match="do not say how the service is brought"):
        run(SHOWS)(check.test_provoked_answers_that_are_not_finite_are_counted)
