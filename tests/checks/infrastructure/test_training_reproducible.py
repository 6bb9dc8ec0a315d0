from __future__ import annotations

import pytest
from team_projects import CODE, Project, changed

from pytest_mlready.checks.infrastructure import training_reproducible as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, Unverified
from pytest_mlready.team.running import TeamCodeError

AGAIN, CONTROL = check.test_training_again_gives_the_same_model, check.test_training_on_spoilt_rows_gives_another_model
GRADE = "grade of reproducibility"
DATED = changed(("json.dumps({", 'json.dumps({"written": __import__("time").time(), "hash": hash("x"), '))
UNSEEDED = changed(("default_rng(seed)", "default_rng()"))
SLIGHTLY_NOISY = changed(
    (
        '"weights": model.weights.tolist()',
        '"weights": (model.weights + np.random.default_rng().normal(0, 3e-4, 60)).tolist()',
    )
)
NO_ROWS = changed(("    layer, y =", "    rows = rows.head(0)\n    layer, y ="), ("/ len(y)", "/ 1"))
READY_MADE = (
    CODE
    + """
def train(rows, *, seed, folder, steps=None):
    target = folder / "model.json"
    target.write_text((FOLDER / "candidate" / "model.json").read_text())
    return target
"""
)
MODEL = {"model": {"path": "candidate/model.json", "frame": "polars"}}


def project(tmp_path, **more):
    return Project(tmp_path, check, **more)


def test_a_seeded_training_gives_equal_artifacts(tmp_path):
    noted = project(tmp_path).run(AGAIN)
    assert noted[GRADE]["value"] == "equal artifacts"
    assert "equals the candidate" not in noted


def test_a_time_in_the_artifact_is_named_and_predictions_are_equal(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    noted = project(tmp_path, code=DATED).run(AGAIN)
    assert noted[GRADE]["value"] == "equal predictions"
    assert "$.written" in noted[GRADE]["note"]
    assert "$.hash" in noted[GRADE]["note"]  # each process hashes texts with a seed of its own


def test_noise_within_half_the_margin_is_the_weakest_grade(tmp_path):
    found = project(tmp_path, code=SLIGHTLY_NOISY, metrics={"accuracy": {"margin": 0.05}}, options={"runs": 3})
    noted = found.run(AGAIN)
    assert noted[GRADE]["value"] == "equal metrics"
    assert noted["spread of accuracy"]["max"] == 0.025
    assert "3 runs" in noted[GRADE]["note"]


def test_a_training_without_seed_fails_and_names_the_parameters(tmp_path):
    said = project(tmp_path, code=UNSEEDED, metrics={"brier": {"margin": 0.0001}}).ends(AGAIN, Failed)
    assert "different models: probabilities differ" in said
    assert "weights: 60 of 60 values differ" in said
    assert "seed every generator" in said


def test_the_control_passes_where_training_reads_its_rows(tmp_path):
    noted = project(tmp_path).run(CONTROL)
    assert noted["training on shuffled labels differs"]["value"] is True


def test_half_of_the_rows_are_a_control_too(tmp_path):
    noted = project(tmp_path, options={"control": "rows"}).run(CONTROL)
    assert noted["training on half of the rows differs"]["value"] is True


@pytest.mark.slow
def test_a_training_that_writes_a_model_made_before_is_reproducible_and_fails_the_control(tmp_path):
    found = project(tmp_path, code=READY_MADE, **MODEL)
    Project(tmp_path, check).candidate()  # by an honest training, once
    noted = found.run(AGAIN)
    assert (noted[GRADE]["value"], noted["equals the candidate"]["value"]) == ("equal artifacts", "byte for byte")
    assert "does not come from the rows" in found.ends(CONTROL, Failed)


@pytest.mark.slow
def test_a_training_that_drops_all_rows_fails_the_control(tmp_path):
    found = project(tmp_path, code=NO_ROWS)
    assert found.run(AGAIN)[GRADE]["value"] == "equal artifacts"
    assert "gives the same predictions" in found.ends(CONTROL, Failed)


def test_a_control_that_training_refuses_is_inconclusive(tmp_path):
    refusing = CODE.replace(
        "    random =", "    assert np.corrcoef(rows['age'], rows['y'] == 'yes')[0, 1] > 0.3\n    random ="
    )
    said = project(tmp_path, code=refusing).ends(CONTROL, Inconclusive)
    assert "AssertionError" in said
    assert 'control = "rows"' in said


@pytest.mark.slow
def test_another_candidate_is_recorded_and_fails_where_the_settings_ask_for_it(tmp_path):
    noted = project(tmp_path, **MODEL).run(AGAIN)  # the candidate was trained with the seed 5
    assert noted["equals the candidate"]["value"] == "no"
    assert "values under weights differ" in noted["equals the candidate"]["note"]
    said = project(tmp_path, options={"equals_candidate": True}, **MODEL).ends(AGAIN, Failed)
    assert "does not give the candidate" in said


def test_the_candidates_own_seed_gives_the_candidate(tmp_path):
    noted = project(tmp_path, options={"equals_candidate": True, "seed": 5}, **MODEL).run(AGAIN)
    assert noted["equals the candidate"]["value"] == "byte for byte"


def test_a_candidate_that_is_asked_for_and_not_configured_is_unverified(tmp_path):
    project(tmp_path, options={"equals_candidate": True}).ends(AGAIN, Unverified)


def test_a_sample_is_trained_on_where_rows_say_so_and_noted(tmp_path):
    noted = project(tmp_path, options={"rows": 120}).run(AGAIN)
    assert (noted["training rows"]["value"], noted["training rows"]["n"]) == (120, 300)
    assert "not seen" in noted["training rows"]["note"]


def test_a_pinned_hash_seed_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    assert project(tmp_path).run(AGAIN)["PYTHONHASHSEED"]["value"] == "0"


def test_nothing_configured_is_unverified_before_any_data_are_read(tmp_path):
    found = project(tmp_path, entry_points={})
    found.request.fixtures.clear()
    for test in (AGAIN, CONTROL):
        assert 'train = "train:train"' in found.ends(test, Unverified)


def test_a_training_that_fails_is_an_error_with_its_place(tmp_path):
    code = CODE + "\ndef train(rows, *, seed, folder):\n    raise KeyError('agee')\n"
    assert "KeyError: 'agee'" in project(tmp_path, code=code).ends(AGAIN, TeamCodeError)


@pytest.mark.parametrize(("options", "said"), [({"runs": 1}, "runs = 1"), ({"rows": 0}, "rows = 0")])
def test_options_that_tell_nothing_are_errors(tmp_path, options, said):
    assert said in project(tmp_path, options=options).ends(AGAIN, DataError)


SKLEARN = """
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
def train(rows, *, seed, folder):
    model = RandomForestClassifier(20, random_state=seed).fit(rows[["age", "hours"]], rows["y"])
    skops.io.dump(model, folder / "model.skops")
    return "model.skops"
"""


@pytest.mark.slow
def test_a_skops_file_holds_times_and_addresses_and_its_forest_is_the_same(tmp_path):
    points = {"train": "MODULE:train", "frame": "pandas"}
    trusted = {"trusted_types": ["sklearn.tree._tree.Tree"]}
    found = Project(tmp_path, check, code=SKLEARN, entry_points=points, model=trusted, options={"load": None})
    noted = found.run(AGAIN)
    assert noted[GRADE]["value"] == "equal predictions"
    assert "members only in the first (1" in noted[GRADE]["note"]  # named by address
    assert "the times of writing differ" in noted[GRADE]["note"]
    assert found.run(CONTROL)["training on shuffled labels differs"]["value"] is True
