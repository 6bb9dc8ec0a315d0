"""Asks whether weights and predictions stay finite and a NaN would be noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import alerting, counting, finiteness

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Request
    from pytest_mlready.values import Dataset, Model

ITEM = Item(
    id="monitoring.numerical_stability",
    title="The model is numerically stable",
    question="Are weights and predictions finite even on extreme inputs, and would a NaN in production be noticed?",
    why=(
        "A single NaN spreads through averages and weights and can empty a ranking or block a payment without an "
        "error. Comparisons with NaN are false, so a threshold alert stays silent exactly then. Reduced precision and "
        "quantisation make overflow likelier at values that training never had."
    ),
    looks_at=(
        "Weights: every fitted floating-point number of the loaded model, read attribute by attribute from "
        "scikit-learn's estimators and what lies inside them, from the trees of XGBoost and LightGBM, from the state "
        "of PyTorch and Keras modules, from the initialisers, constants and attributes of ONNX, or from the table that "
        "`weights` returns. One NaN or infinity fails, with its name and place; an infinite threshold or bound does "
        "not, since trees write it for a split by what is missing. A model in which no number can be seen is "
        "inconclusive, for its predictions do not stand for its weights; no_weights says why there are none. "
        "Predictions: labels, probabilities (0 to 1) and decision values on all held-out rows; on an edge set inside "
        "the contract of the inputs (every bound, category and allowed null, zeros and the smallest numbers), where an "
        "exception fails too; and on finite numbers outside of it, `beyond` times the largest magnitude seen, where a "
        "clear exception is as good as a finite answer. Columns whose min and max the contract of "
        f"{finiteness.CONTRACT} states are not pushed beyond them. Counter: the page of metrics must have "
        "a counter of answers that are not finite (`counter`, else one whose name tells so), already at 0; and among "
        "the alert rules one that promtool sees firing when a share of `breach` of the answers raises it, and silent "
        "otherwise, with severity and a link to a runbook. Where `nonfinite` holds variables with which the service "
        "cannot answer with a number, it is started so, and must count each such answer and pass none on. It passes "
        "with 0 non-finite numbers and such an alert. No counter, no rules and no promtool are inconclusive, and so is "
        "a model without a service or the reverse; neither of the two is unverified. `beyond` and `breach` are "
        "conventions without authority."
    ),
    how_to_fix=(
        "Assert finiteness at export and after loading. Clip or transform inputs with long tails, add a small constant "
        "to divisors, compute logits in a stable form. Watch gradients and the share of dead units while training. In "
        "serving, replace a non-finite score by a fallback, count it, and let the counter show 0 from the start. Alert "
        "on its increase: a threshold on the score itself is never crossed by NaN."
    ),
    attestation=(
        "Which weights and inputs were examined and how, non-finite values found, the counter and its alert, when it "
        "was made to fire, and model digest."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 5: the model is numerically stable",
        "Goldberg 1991, What Every Computer Scientist Should Know About Floating-Point Arithmetic",
        "Higham 2002, Accuracy and Stability of Numerical Algorithms",
    ),
    options=(
        Option(
            name="weights", type="string", default=None,
            doc='"module:function" of the loaded model that returns a table of name to array.',
        ),
        Option(
            name="no_weights", type="string", default=None,
            doc="Why the model has none, where it is made of rules.",
        ),
        Option(
            name="beyond", type="number", default=1e6,
            doc="Times the largest magnitude seen at which finite inputs are tried; a convention.",
        ),
        Option(name="time_limit", type="duration", default=60.0, doc="Time after which one call counts as hung."),
        Option(
            name="counter", type="string", default=None,
            doc="Counter of answers that are not finite, with matchers where only some of its series are meant.",
        ),
        Option(
            name="breach", type="fraction", default=0.01,
            doc="Share of the answers that are not finite at which an alert must fire; a convention.",
        ),
        Option(
            name="nonfinite", type="table", default={},
            doc='Variables with which the service has no number for a request: { MODEL_PATH = "tests/nan.skops" }.',
        ),
        Option(
            name="nonfinite_request", type="string", default=None,
            doc="File with the body of that request; left out: the good one.",
        ),
        *alerting.SHARED,
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.monitoring("numerical_stability")
def test_weights_are_finite(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """No fitted number of the model is NaN or infinite."""
    from pytest_mlready.quality import finite

    options = mlready.options(ITEM.id)
    model: Model = finiteness.needed(mlready, request, "mlready_model")
    mlready_evidence.grade("replayed")
    if options["no_weights"]:
        mlready_evidence.not_applicable(f"the model has no weights: {options['no_weights']}")
    verdict = finite.judge_weights(finiteness.weights(mlready, model, options["weights"]))
    if verdict.outcome == "inconclusive":
        mlready_evidence.inconclusive(
            f"no weights can be seen in {model.source} ({model.kind}), and its predictions do not stand for them. Next "
            f'step: {SETTING} weights = "module:function" returns them by name, or no_weights = "why there are none"'
        )
    mlready_evidence.conclude([verdict])


@pytest.mark.monitoring("numerical_stability")
def test_predictions_are_finite_on_held_out_rows(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Labels, probabilities and decision values of all held-out rows are finite."""
    from pytest_mlready.quality import finite

    model: Model = finiteness.needed(mlready, request, "mlready_model")
    heldout: Dataset = finiteness.needed(mlready, request, "mlready_heldout")
    mlready_evidence.grade("replayed")
    limit = mlready.options(ITEM.id)["time_limit"]
    mlready_evidence.conclude([finite.judge_answers(model, heldout.X, what="held-out rows", time_limit=limit)])


@pytest.mark.monitoring("numerical_stability")
def test_predictions_are_finite_on_the_edge_set(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Bounds, nulls, zeros, the smallest and very large numbers get a finite answer, outside the contract or none."""
    from pytest_mlready.quality import finite, hostile, strategies

    options = mlready.options(ITEM.id)
    model: Model = finiteness.needed(mlready, request, "mlready_model")
    if model.kind == "http" and not mlready.settings.endpoint.may_change_state:
        mlready_evidence.inconclusive(
            "made-up inputs are not sent to a service without leave. Next step: [tool.mlready.endpoint] "
            "may_change_state = true, for a staging service"
        )
    schema, stated = finiteness.schema(mlready, request)
    mlready_evidence.grade("replayed")
    limit = options["time_limit"]
    inside = [*strategies.boundaries(schema), *finite.small(schema)]
    outside = finite.beyond(schema, factor=options["beyond"], promised=finite.promised(stated))
    verdicts = [strategies.judge_inside(model, schema, inside, time_limit=limit)]
    if outside:
        verdicts.append(hostile.judge_outside(model, outside, time_limit=limit, reject_non_finite=True))
    mlready_evidence.conclude(verdicts)


@pytest.mark.monitoring("numerical_stability")
def test_provoked_answers_that_are_not_finite_are_counted(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Started so that it has no number for a request, the service counts each such answer and passes none on."""
    from pytest_mlready.serving import nonfinite

    options = mlready.options(ITEM.id)
    if not options["nonfinite"]:
        mlready_evidence.unverified(
            "the settings do not say how the service is brought to an answer that is not finite",
            fix=f'{SETTING} nonfinite = {{ MODEL_PATH = "…" }}, nonfinite_request = "requests/nan.json"',
        )
    mlready_evidence.grade("live")
    endpoint: Endpoint = request.getfixturevalue("mlready_endpoint")
    counters = finiteness.counters(options, finiteness.exposed(mlready, options, request), SETTING)
    environment = {name: str(value) for name, value in options["nonfinite"].items()}
    asked = _request(mlready, endpoint.good, options["nonfinite_request"])
    seen = nonfinite.provoke(endpoint, options["metrics"], asked, environment, mlready.progress)
    name = " and ".join(map(str, counters))
    mlready_evidence.conclude(
        nonfinite.judge(seen, lambda series: any(counting.chooses(one, series) for one in counters), name)
    )


@pytest.mark.monitoring("numerical_stability")
def test_an_alert_fires_on_answers_that_are_not_finite(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The service counts such answers, and an alert on the counter fires, and is silent while there are none."""
    from pytest_mlready.manifests.rules import counted
    from pytest_mlready.manifests.rules.exposed import key

    options = mlready.options(ITEM.id)
    exposed = finiteness.exposed(mlready, options, request)
    counters = finiteness.counters(options, exposed, SETTING)
    mlready_evidence.record("counter of answers that are not finite", " and ".join(map(str, counters)))
    rules = counting.rules(mlready, mlready_evidence, options)
    mlready_evidence.grade("replayed")
    verdicts = alerting.sound(rules, mlready_evidence)
    own = [key(s.name, s.labels) for s in exposed.samples if any(one.chooses(s.name, s.labels) for one in counters)]
    raised = dict.fromkeys(own, 1.0)
    facts = counted.Counted(
        about="answers that are not finite", good=exposed.moved, bad=raised, any_bad=raised, series=frozenset(own),
        share=options["breach"],
    )  # fmt: skip
    verdicts += counted.alerts(rules, facts, alerting.promise(mlready), alerting.setting(options, exposed))
    mlready_evidence.conclude(verdicts)


def _request(mlready: Project, good: Request, source: str | None) -> Request:
    from dataclasses import replace

    if source is None:
        return good
    return replace(good, body=mlready.file(source, "the request without a number").read_bytes())
