from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pytest_mlready.checks.documentation import model_card as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.values import Predictions

OPTIONS = {option.name: option.default for option in check.ITEM.options}
DIGEST = "a1" * 32
WORDS = "It estimates what people earn, for teaching and for comparing methods, and for nothing that decides about anybody at all."
CARD = """---
version: {version}
---
# Model card: income

## Intended use

{words}

## Limitations

{words}

## Training data

{words}

## Evaluation

| metric | held-out |
|---|---|
| accuracy | {accuracy} |
| recall | {recall} |
"""
RIGHT = {"version": "2.0.0", "words": WORDS, "accuracy": "0.800", "recall": "0.60"}


def metric(**fields):
    return SimpleNamespace(**{"function": None, "min": None, "max": None, **fields})


def project(root, *, options=None, found=("docs/card.md",), metrics=None, version="2.0.0", sha256=DIGEST):
    def file(text, what):
        if not (root / text).exists():
            raise ReadinessError(f"{what} {text} is not there")
        return root / text

    return SimpleNamespace(
        root=root, options=lambda _: {**OPTIONS, **(options or {})}, file=file, confidence=0.95, seed=lambda _: 7,
        today=dt.date(2026, 11, 24), digests=SimpleNamespace(model=sha256),
        discovered=SimpleNamespace(model_cards=tuple(Path(f) for f in found)),
        settings=SimpleNamespace(
            system="income", version=version, metrics={"accuracy": metric()} if metrics is None else metrics
        ),
    )  # fmt: skip


@pytest.fixture
def card(tmp_path):
    """Writes a card with something changed, and returns its project."""

    def make(text=CARD, **changed):
        changed, more = (
            {k: v for k, v in changed.items() if k in RIGHT},
            {k: v for k, v in changed.items() if k not in RIGHT},
        )
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / "card.md").write_text(text.format(**{**RIGHT, **changed}))
        return project(tmp_path, **more)

    return make


class Request:
    """Hands out predictions of accuracy 0.8 and recall 0.6 on 1,000 rows, or what is raised instead."""

    def __init__(self, raised=None):
        self.raised = raised

    def getfixturevalue(self, _):
        if self.raised:
            raise self.raised
        y = np.repeat([0, 1], [500, 500])
        labels = y.copy()
        labels[500:700] = 0
        return Predictions(task="binary-classification", y=y, labels=labels, positive=1, classes=(0, 1), sha256="x")


def numbers(mlready, request=None):
    evidence = Evidence()
    check.test_the_numbers_are_those_of_this_run(mlready, evidence, request or Request())
    return evidence


def test_a_card_that_is_true_passes(card):
    evidence = Evidence()
    check.test_the_required_parts_are_filled(card(), evidence)
    check.test_the_card_is_about_this_model(card(), evidence)
    assert {e["name"] for e in evidence.notes.evidence} >= {"sections of Mitchell et al. 2019", "version in the card"}
    assert evidence.notes.grade == "static"
    assert numbers(card()).notes.grade == "replayed"


def test_figures_of_metrics_outside_the_settings_are_measured_too(card):
    with pytest.raises(Failed, match=r"recall is given as 0\.72, and this run measured 0\.600"):
        numbers(card(recall="0.72"))


@pytest.mark.parametrize("accuracy", ["0.81", "79.2 %", "0.812"])
def test_last_quarters_figure_fails_although_it_lies_in_the_interval(card, accuracy):
    with pytest.raises(Failed, match="accuracy is given as"):
        numbers(card(accuracy=accuracy))


def test_a_placeholder_fails(card):
    with pytest.raises(Failed, match="placeholders are left"):
        check.test_the_required_parts_are_filled(card(words="[More Information Needed]"), Evidence())


def test_a_renamed_part_fails(card):
    with pytest.raises(Failed, match="no section on limitations"):
        check.test_the_required_parts_are_filled(card(CARD.replace("## Limitations", "## Notes")), Evidence())


def test_the_card_of_the_last_version_fails(card):
    with pytest.raises(Failed, match=r"is about version 1\.9\.0"):
        check.test_the_card_is_about_this_model(card(version="1.9.0"), Evidence())


def test_a_card_without_figures_fails(card):
    with pytest.raises(Failed, match="states no figure"):
        numbers(card(CARD.partition("## Evaluation")[0] + "## Evaluation\n\nVery good.\n"))


def test_without_a_model_the_figures_are_inconclusive(card):
    with pytest.raises(Inconclusive, match="cannot be compared"):
        numbers(card(), Request(Unverified("no model is configured")))


def test_a_figure_of_a_metric_of_another_task_is_recorded(card):
    evidence = numbers(card(CARD.replace("| recall | {recall} |", "| RMSE | 3.21 |")))
    assert {
        "name": "figures not compared",
        "value": "rmse",
        "note": "no metric of this task",
    } in evidence.notes.evidence


def test_metrics_that_the_card_does_not_give_are_recorded(card):
    evidence = numbers(card(metrics={"accuracy": metric(), "precision": metric()}))
    assert any(e["value"] == "precision" for e in evidence.notes.evidence)


def test_a_metric_of_the_teams_own_is_measured_by_its_function(card, tmp_path, monkeypatch):
    (tmp_path / "own_metric.py").write_text("def hits(y_true, y_pred):\n    return float((y_true == y_pred).sum())\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    own = {"hits": metric(function="own_metric:hits")}
    text = CARD.replace("| recall | {recall} |", "| hits | 800 |")
    numbers(card(text, metrics=own))
    with pytest.raises(Failed, match="hits is given as 801"):
        numbers(card(text.replace("800", "801"), metrics=own))


def test_several_cards_are_inconclusive_and_none_is_unverified(tmp_path, card):
    for run in (check.test_the_required_parts_are_filled, check.test_the_card_is_about_this_model):
        with pytest.raises(Inconclusive, match="2 model cards were found"):
            run(card(found=("a/model-card.md", "b/model-card.md")), Evidence())
        with pytest.raises(Unverified, match=r'card = "docs/model-card\.md"'):
            run(card(found=()), Evidence())


def test_a_card_that_the_settings_name_must_be_there(card):
    with pytest.raises(ReadinessError, match="is not there"):
        check.test_the_required_parts_are_filled(card(options={"card": "nowhere.md"}), Evidence())


def test_the_item_says_what_it_looks_at():
    assert "No built-in check yet" not in check.ITEM.looks_at
    assert set(OPTIONS) == {"card", "min_words", "headings", "names", "tolerance"}
