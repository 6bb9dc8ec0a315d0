from __future__ import annotations

import pytest

from pytest_mlready.documents import markdown
from pytest_mlready.documents.cards import figures, metric_words, numbers, stated

AUC = numbers.Measured(value=0.927856, lower=0.9235, upper=0.9321, n=16281)
MEASURED = {"roc_auc": AUC, "accuracy": numbers.Measured(value=0.87402), "brier": numbers.Measured(value=0.0881)}


def said(text, **more):
    given = {
        "labels": metric_words.Labels(["roc_auc", "accuracy", "brier"], {}),
        "ours": ("income", "2.0.0"),
        "version": "2.0.0",
    }
    return stated.Reader(**{**given, **more}).stated(markdown.parse(text, path="card.md"))


def outcomes(text, tolerance=0.0, **more):
    found = numbers.judge(said(text, **more), MEASURED, tolerance=tolerance, path="card.md")
    return [v.outcome for v in found]


def index(value="0.928", kind="roc_auc", data="{name: adult, split: test}"):
    return (
        "---\nmodel-index:\n  - name: income\n    results:\n      - task: {type: t}\n"
        f"        dataset: {data}\n        metrics: [{{type: {kind}, value: {value}}}]\n---\n# Card\n"
    )


RIGHT = {
    "model-index": index(),
    "a percentage": index("92.79"),
    "eval_results": "---\neval_results:\n  - {metric_type: roc_auc, metric_value: 0.9279, dataset_name: adult}\n---\n",
    "metrics by name": "---\nmetrics: {auroc: 0.928}\n---\n# Card\n",
    "metrics in rows": "# C\n\n|Metric|Value|\n|-|-|\n|ROC AUC|0.928|\n",
    "bold": "# C\n\n|Metric|Value|\n|-|-|\n|**ROC-AUC** ↑|**0.928**|\n",
    "splits": "# C\n\n|Metric|Train|Validation|Test|\n|-|-|-|-|\n|AUC|0.951|0.930|0.928|\n",
    "models in columns": "# C\n\n|on the held-out rows|candidate|production|\n|-|-|-|\n|ROC AUC|0.928|0.905|\n",
    "models on the same data": "# C\n\n|metric|candidate (test)|production (test)|\n|-|-|-|\n|AUC|0.928|0.905|\n",
    "versions in columns": "# C\n\n|metric|v1.9.0|v2.0.0|\n|-|-|-|\n|AUC|0.905|0.928|\n",
    "metrics in the header": "# C\n\n|Model|ROC AUC|Other|\n|-|-|-|\n|income|0.928|7|\n|production|0.905|8|\n",
    "splits in rows": "# C\n\n|split|AUC|\n|-|-|\n|train|0.951|\n|validation|0.93|\n|held-out|0.928|\n",
    "a column of metrics": "# C\n\n|Dataset|Metric|Value|\n|-|-|-|\n|validation|AUC|0.930|\n|test|AUC|0.928|\n",
    "with its limit": "# C\n\n|metric|threshold|value|95 % CI|\n|-|-|-|-|\n|AUC|0.90|0.928|0.924–0.932|\n",
    "with an interval": "# C\n\n|metric|value|\n|-|-|\n|AUC|0.928 [0.924, 0.932]|\n",
    "plus or minus": "# C\n\n|metric|value|\n|-|-|\n|AUC|0.928 ± 0.004|\n",
    "percent in the header": "# C\n\n|metric|value (%)|\n|-|-|\n|AUC|92.8|\n",
    "a decimal comma": "# C\n\n|metric|value|\n|-|-|\n|AUC|0,928|\n",
    "a list": "# C\n\n- Loss: 0.3\n- ROC AUC: 0.928\n",
    "a sentence": "# C\n\nOn the held-out rows it reaches a ROC AUC of 0.928 (0.924 to 0.932).\n",
    "a sentence the other way round": "# C\n\nIt reaches 0.928 AUC.\n",
    "two digits": index("0.93"),
}
WRONG = {
    "last quarter's, inside the interval": index("0.925"),
    "last quarter's, in the table alone": index() + "\n|Metric|Value|\n|-|-|\n|AUC|0.925|\n",
    "last quarter's, in the metadata alone": index("0.925") + "\n|Metric|Value|\n|-|-|\n|AUC|0.928|\n",
    "swapped columns": "# C\n\n|metric|candidate|production|\n|-|-|-|\n|ROC AUC|0.905|0.928|\n",
    "rounded up": index("0.94"),
    "a percentage": "# C\n\n|metric|value|\n|-|-|\n|AUC|93.5 %|\n",
    "a list": "# C\n\n- AUC: 0.935\n",
    "a sentence": "# C\n\nThe ROC AUC is 0.935.\n",
    "the wrong unit": "# C\n\n|metric|value|\n|-|-|\n|AUC|0.928 %|\n",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_the_measured_figure_passes_in_every_shape(text):
    assert outcomes(text) == ["passed"]


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_another_figure_fails_in_every_shape(text):
    assert "failed" in outcomes(text)


OTHERS = {
    "validation data": index("0.935", data="{name: adult, split: validation}"),
    "training results": "# C\n\n## Training results\n\n|epoch|accuracy|\n|-|-|\n|1|0.9|\n",
    "groups": "# C\n\n## By group\n\n|metric|women|men|\n|-|-|-|\n|accuracy|0.936|0.842|\n",
    "production": "# C\n\nThe production model has an AUC of 0.905.\n",
    "a limit": "# C\n\nThe AUC must be at least 0.90, and AUC > 0.91 is hoped for.\n",
    "a threshold's table": "# C\n\n|metric|minimum|\n|-|-|\n|AUC|0.90|\n",
    "production on the same data": "# C\n\nOn the held-out rows the production model has an AUC of 0.905.\n",
    "a metric within a longer name": "# C\n\n|metric|value|\n|-|-|\n|accuracy on the hardest slice|0.7|\n",
    "an earlier version": "# C\n\n|metric|v1.9.0|\n|-|-|\n|AUC|0.905|\n",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_figures_about_something_else_are_left_out(text):
    assert said(text) == []


def test_a_card_without_figures_fails():
    (verdict,) = numbers.judge([], MEASURED, tolerance=0, path="card.md")
    assert verdict.outcome == "failed"
    assert "states no figure that can be compared" in verdict.message


def test_figures_of_metrics_that_cannot_be_measured_here_are_inconclusive():
    (verdict,) = numbers.judge(said("# C\n\n- RMSE: 3.2\n"), {}, tolerance=0, path="card.md")
    assert verdict.outcome == "inconclusive"
    assert "rmse cannot be measured here" in verdict.message


def test_one_digit_is_too_coarse():
    assert outcomes(index("0.9")) == ["inconclusive"]


def test_a_figure_of_one_digit_that_is_exact_passes():
    found = said(index("0.9"))
    (verdict,) = numbers.judge(found, {"roc_auc": numbers.Measured(value=0.9)}, tolerance=0, path="card.md")
    assert verdict.outcome == "passed"


def test_columns_that_are_not_understood_are_inconclusive():
    text = "# C\n\n|metric|north|south|\n|-|-|-|\n|AUC|0.91|0.95|\n"
    assert outcomes(text) == ["inconclusive"]
    assert outcomes(text + "\n- AUC: 0.928\n") == ["passed"], "once another place is clear, they decide nothing"


def test_a_tolerance_is_for_evaluations_that_are_not_repeatable():
    assert outcomes(index("0.926"), tolerance=0.002) == ["passed"]


def test_a_metric_that_could_not_be_measured_is_inconclusive():
    found = said(index())
    (verdict,) = numbers.judge(
        found, {"roc_auc": numbers.Measured(value=None, reason="one class")}, tolerance=0, path="c"
    )
    assert verdict.outcome == "inconclusive"


def test_the_message_says_where_and_what():
    (verdict,) = numbers.judge(said(index("0.925")), MEASURED, tolerance=0, path="card.md")
    assert "card.md, metadata: roc_auc is given as 0.925, and this run measured 0.9279" in verdict.message
    assert "confidence interval" in verdict.message


@pytest.mark.parametrize(
    ("text", "value", "half"),
    [
        ("0.928", 0.928, 0.0005), ("92.8 %", 0.928, 0.0005), (".93", 0.93, 0.005), ("1,234.5", 1234.5, 0.05),
        ("0,928", 0.928, 0.0005), ("1.2e-3", 0.0012, 0.00005), ("-3.25", -3.25, 0.005), ("12", 12, 0.5), ("12,345", 12345, 0.5),
    ],
)  # fmt: skip
def test_figures_are_read_as_people_write_them(text, value, half):
    found = figures.figure(text)
    assert (found.value, found.half) == (pytest.approx(value), pytest.approx(half))


@pytest.mark.parametrize(
    "text", ["> 0.9", "≥0.90", "at least 0.9", "0.92–0.95", "0.87 / 0.84", "2.0.0", "2026-01-02", "v2", "n/a", "-"]
)
def test_what_is_no_figure_is_none(text):
    assert figures.figure(text) is None


def test_a_team_may_call_a_metric_what_it_likes():
    labels = metric_words.Labels(["roc_auc"], {"roc_auc": "Trennschärfe"})
    assert [one.metric for one in said("# C\n\n- Trennschärfe: 0.928\n", labels=labels)] == ["roc_auc"]


def test_a_metric_under_another_of_its_names_is_the_settings_one():
    assert metric_words.Labels(["auroc"], {}).metric("ROC AUC") == "auroc"
