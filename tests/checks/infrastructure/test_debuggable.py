from __future__ import annotations

import dataclasses

import pytest
from team_projects import CODE, Project, changed

from pytest_mlready.checks.infrastructure import debuggable as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, Unverified
from pytest_mlready.team.running import TeamCodeError

RECOMPOSE = check.test_explanations_recompose_to_the_prediction
POINTS = {"explain": "MODULE:explain", "time_limit": 60.0}
GOOD = '"contributions": {"age": float((first - start) @ model.weights), "hours": float((h - first) @ model.weights)},'


def project(tmp_path, *replacements, code=CODE, options=None, entry_points=POINTS):
    code = changed(*replacements) if replacements else code
    found = Project(tmp_path, check, code=code, options={"examples": 3, **(options or {})}, entry_points=entry_points)
    found.candidate()
    return found


def test_contributions_that_recompose_pass(tmp_path):
    found = project(tmp_path, options={"examples": 4})
    noted = found.run(RECOMPOSE)
    assert noted["examples that recompose"]["value"] == 4
    assert noted["largest difference"]["value"] < 1e-12
    assert noted["independent contributions"]["value"] == 2
    assert found.grade == "replayed"


def test_a_function_that_takes_the_model_is_given_the_candidate(tmp_path):
    noted = project(
        tmp_path,
        ("def explain(example):", "def explain(example, *, model):"),
        ('load(FOLDER / "candidate" / "model.json")', "load(model)"),
    ).run(RECOMPOSE)
    assert noted["examples that recompose"]["value"] == 3


@pytest.mark.parametrize(
    ("replacement", "said"),
    [
        (('"baseline": float(start @ model.weights)', '"baseline": 0.0'), "do not recompose"),
        (('"link": "logit"', '"link": "identity"'), "(link identity)"),
        ((GOOD, '"contributions": {"age": float((h - start) @ model.weights), "hours": 0.0},'), "explain nothing"),
        ((GOOD, '"contributions": {n: float((h - start) @ model.weights) / 2 for n in NAMES},'), "shared out"),
        ((GOOD, GOOD.replace('"age"', '"f0"').replace('"hours"', '"f1"')), "bear no name of an input (f0, f1)"),
        ((GOOD, '"contribution": {},'), "contributions is None"),
    ],
    ids=["baseline", "link", "one is all", "shared evenly", "names", "form"],
)
def test_explanations_that_do_not_explain_fail(tmp_path, replacement, said):
    assert said in project(tmp_path, replacement).ends(RECOMPOSE, Failed)


def test_parts_may_be_added_up_on_another_way(tmp_path):
    noted = project(tmp_path, ('example["age"] * model', '0.9 * example["age"] * model')).run(RECOMPOSE)
    assert noted["examples that recompose"]["value"] == 3


def test_an_explanation_of_another_model_fails(tmp_path):
    found = project(tmp_path)
    found.request.fixtures["mlready_model"] = found.candidate()
    (tmp_path / "candidate" / "model.json").unlink()
    found.train = dataclasses.replace(found.train, frame=found.train.frame.head(50))
    found.candidate()
    assert "do not recompose" in found.ends(RECOMPOSE, Failed)


def test_an_example_on_which_it_raises_fails_and_all_of_them_are_an_error(tmp_path):
    some = project(tmp_path, ("    model = load(FOLDER", "    assert example['age'] < 1\n    model = load(FOLDER"))
    assert "explain raised or returned nothing usable" in some.ends(RECOMPOSE, Failed)
    none = project(tmp_path, ("    model = load(FOLDER", "    raise KeyError('agee')\n    model = load(FOLDER"))
    assert "agee" in none.ends(RECOMPOSE, TeamCodeError)


def test_declared_stages_are_names_too(tmp_path):
    replacement = (GOOD, GOOD.replace('"age"', '"layer 1"').replace('"hours"', '"layer 2"'))
    noted = project(tmp_path, replacement, options={"stages": ["layer *"]}).run(RECOMPOSE)
    assert noted["contributions named after inputs or stages"]["value"] == 2


def test_too_few_examples_are_inconclusive_or_an_error(tmp_path):
    found = project(tmp_path)
    found.request.fixtures["mlready_heldout"] = dataclasses.replace(found.heldout, frame=found.heldout.frame.head(2))
    assert "there are 2 held-out examples" in found.ends(RECOMPOSE, Inconclusive)
    assert "examples = 2" in project(tmp_path, options={"examples": 2}).ends(RECOMPOSE, DataError)


def test_a_model_without_probabilities_has_nothing_to_add_up_to(tmp_path):
    found = project(tmp_path)
    model = found.candidate()
    model.ask_proba = None
    found.request.fixtures["mlready_model"] = model
    assert "no probabilities" in found.ends(RECOMPOSE, Inconclusive)


def test_nothing_configured_is_unverified(tmp_path):
    found = project(tmp_path, entry_points={})
    found.request.fixtures.clear()
    assert 'explain = "explain:explain"' in found.ends(RECOMPOSE, Unverified)
