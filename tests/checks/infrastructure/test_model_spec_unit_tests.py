from __future__ import annotations

import numpy as np
import pytest
from team_projects import CODE, Project, changed

from pytest_mlready.checks.infrastructure import model_spec_unit_tests as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable, Unverified

STEPS, HEART = check.test_steps_lower_the_loss, check.test_a_few_rows_are_learnt_by_heart
SAVED = check.test_a_saved_model_answers_the_same_wherever_it_is_loaded
FORM, BATCH = check.test_answers_have_the_form_that_serving_expects, check.test_an_answer_does_not_depend_on_the_batch
ALL = (STEPS, HEART, SAVED, FORM, BATCH)

WITHOUT_STEPS = changed(("folder, steps=None", "folder"), ("range(steps or 300)", "range(300)"))
LINEAR = changed(("np.tanh(matrix(rows) @ self.hidden[:-1] + self.hidden[-1])", "matrix(rows) @ self.hidden[:-1]"))


def project(tmp_path, *replacements, **more):
    code = changed(*replacements) if replacements else more.pop("code", CODE)
    return Project(tmp_path, check, code=code, **more)


@pytest.mark.slow
@pytest.mark.parametrize("test", ALL, ids=lambda test: test.__name__)
def test_a_model_that_learns_and_answers_row_by_row_passes(tmp_path, test):
    found = project(tmp_path)
    assert found.run(test)
    assert found.grade == "replayed"


def test_both_losses_are_noted(tmp_path):
    noted = project(tmp_path, options={"steps": 25}).run(STEPS)
    assert noted["log loss after 25 steps"]["value"] < noted["log loss after 1 step"]["value"]


@pytest.mark.parametrize(
    ("replacement", "said"),
    [
        (("model.weights - 0.3", "model.weights + 0.3"), "rises"),
        (("range(steps or 300)", "range(1)"), "stays"),
        (("layer.T @ (p - y)", "0 * layer.T @ (p - y)"), "stays"),
        (("    target.write", "    model.weights = model.weights * np.nan\n    target.write"), "after 1 steps"),
    ],
    ids=["wrong sign", "steps ignored", "not connected", "not finite"],
)
def test_a_loss_that_does_not_fall_fails(tmp_path, replacement, said):
    assert said in project(tmp_path, replacement).ends(STEPS, Failed)


def test_a_training_without_steps_is_inconclusive_until_the_settings_say_why(tmp_path):
    assert "does not take steps" in project(tmp_path, code=WITHOUT_STEPS).ends(STEPS, Inconclusive)
    closed = project(tmp_path, code=WITHOUT_STEPS, options={"no_steps": "closed form"})
    assert "closed form" in closed.ends(STEPS, NotApplicable)
    assert closed.run(FORM)["shape of probabilities"]["value"] == "(300, 2)"


def test_one_step_cannot_be_compared_with_itself(tmp_path):
    assert "steps = 1" in project(tmp_path, options={"steps": 1}).ends(STEPS, DataError)


@pytest.mark.parametrize(
    "replacement",
    [
        ('rows["y"].to_numpy() == "yes")', 'np.roll(rows["y"].to_numpy(), 1) == "yes")'),
        ("[rows[name].to_numpy().astype(float) for name in NAMES]", "[np.ones(len(rows)) for name in NAMES]"),
        ('"weights": model.weights.tolist()', '"weights": [0.0] * 60'),
        ('classes_ = np.array(["no", "yes"])', 'classes_ = np.array(["yes", "no"])'),
    ],
    ids=["labels shifted by a row", "inputs lost", "weights not saved", "class order"],
)
def test_a_model_that_cannot_learn_a_few_rows_by_heart_fails(tmp_path, replacement):
    assert "on these very rows" in project(tmp_path, replacement).ends(HEART, Failed)


def test_a_linear_model_fails_until_the_settings_say_why(tmp_path):
    assert "cannot_overfit" in project(tmp_path, code=LINEAR).ends(HEART, Failed)
    excused = project(tmp_path, code=LINEAR, options={"cannot_overfit": "linear in two features"})
    assert "linear in two features" in excused.ends(HEART, NotApplicable)


@pytest.mark.parametrize(
    ("replacement", "said"),
    [
        (("return Model(stored", "stored['hidden'][0][0] += hash('x') % 97\n    return Model(stored"), "fresh process"),
        (("return Model(stored", "stored['hidden'][0][0] += np.random.random()\n    return Model(stored"), "second time"),
        (
            ("def load(path):", "import os\nHERE = os.getpid() == int((FOLDER / 'pid').read_text())\ndef load(path):\n    assert HERE"),
            "without an answer",
        ),
    ],
    ids=["hashes of texts", "chance", "state of the process"],
)  # fmt: skip
def test_a_model_that_is_another_one_when_loaded_again_fails(tmp_path, replacement, said, monkeypatch):
    import os

    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    (tmp_path / "pid").write_text(str(os.getpid()))
    assert said in project(tmp_path, replacement).ends(SAVED, Failed)


@pytest.mark.parametrize(
    ("replacement", "said"),
    [
        (("np.column_stack([1 - p, p])", "np.column_stack([p, 1 - p])"), "stand in another order"),
        (("np.column_stack([1 - p, p])", "np.column_stack([p / 2, p / 2])"), "add up to"),
        (("np.column_stack([1 - p, p])", "np.column_stack([1 - p, p, 0 * p])"), "array of shape (300, 3)"),
        (('classes_ = np.array(["no", "yes"])', 'classes_ = np.array(["no", "Yes"])'), 'hold "Yes"'),
    ],
)
def test_answers_in_another_form_fail(tmp_path, replacement, said):
    assert said in project(tmp_path, replacement).ends(FORM, Failed)


@pytest.mark.parametrize(
    ("replacement", "said"),
    [
        (("np.tanh(matrix(rows) @", "np.tanh((matrix(rows) - matrix(rows).mean(axis=0)) @"), "row 0 alone"),
        (("for name in NAMES])", "for name in NAMES])[: max(2, len(rows))].reshape(max(2, len(rows)), 2)"), "alone"),
        (
            ("np.tanh(matrix(rows) @", "np.tanh(np.random.normal(1, 0.1, (len(rows), 1)) * matrix(rows) @"),
            "asked again",
        ),
    ],
    ids=["batch statistics", "no batch of one", "dropout left on"],
)
def test_answers_that_depend_on_the_batch_fail(tmp_path, replacement, said):
    assert said in project(tmp_path, replacement).ends(BATCH, Failed)


def test_nothing_configured_is_unverified(tmp_path):
    found = project(tmp_path, entry_points={})
    for test in ALL:
        found.ends(test, Unverified)


def test_rows_with_one_outcome_are_inconclusive(tmp_path):
    import dataclasses

    import polars as pl

    found = project(tmp_path)
    same = found.train.frame.with_columns(y=pl.lit("yes"))
    found.request.fixtures["mlready_train"] = dataclasses.replace(found.train, frame=same)
    assert "one class" in found.ends(STEPS, Inconclusive)
    assert "too few distinct rows" in found.ends(HEART, Inconclusive)


REGRESSION = """
import json
import numpy as np
class Model:
    feature_names_in_ = np.array(["age", "hours"])
    def __init__(self, table): self.table = table
    def predict(self, rows):
        X = rows.select("age", "hours").to_numpy()
        points, values = np.array(self.table["X"]), np.array(self.table["y"])
        return values[((X[:, None] - points[None]) ** 2).sum(axis=2).argmin(axis=1)]
def train(rows, *, seed, folder):
    table = {"X": rows.select("age", "hours").to_numpy().tolist(), "y": rows["y"].to_list()}
    (folder / "model.json").write_text(json.dumps(table))
    return folder / "model.json"
def load(path): return Model(json.loads(path.read_text()))
"""


def test_a_model_of_numbers_is_judged_by_its_variance(tmp_path):
    import dataclasses

    import polars as pl

    found = project(tmp_path, code=REGRESSION, options={"no_steps": "nearest neighbour"})
    values = pl.Series("y", np.linspace(0, 5, 300))
    found.request.fixtures["mlready_train"] = dataclasses.replace(
        found.train, frame=found.train.frame.with_columns(values)
    )
    noted = found.run(HEART)
    assert noted["unexplained share of the variance on rows learnt by heart"]["value"] == pytest.approx(0)
    assert found.run(FORM)["type of predictions"]["value"] == "float64"
