from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready import catalog
from pytest_mlready.artifacts import digests, models
from pytest_mlready.checks.model_quality import hyperparameters_tuned as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.project import Project
from pytest_mlready.settings import Settings
from pytest_mlready.tables import load

TESTS = (
    check.test_every_tunable_was_searched,
    check.test_the_deployed_setting_won,
    check.test_the_deployed_setting_is_on_no_edge,
    check.test_selection_did_not_use_the_heldout_set,
)
ROLES = {"target": "y"}
GRID = {"trees__max_depth": [2, 3, 5], "trees__min_samples_leaf": [1, 5, 25]}


def pipeline(**params):
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    return Pipeline([("scale", StandardScaler()), ("trees", DecisionTreeClassifier(random_state=0))]).set_params(
        **params
    )


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """A folder with two sets, and trials of a search that 3 and 5 won."""
    folder = tmp_path_factory.mktemp("search")
    rng = np.random.default_rng(5)
    for name in ("train", "heldout", "validation"):
        x = rng.normal(size=(300, 3))
        pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": (x[:, 0] > 0).astype(int)}).write_parquet(
            folder / f"{name}.parquet"
        )
    tried = [
        {
            "trees__max_depth": d,
            "trees__min_samples_leaf": leaf,
            "roc_auc": 0.9 - abs(d - 3) / 50 - abs(leaf - 5) / 500,
            "sd": 0.002,
        }
        for d in GRID["trees__max_depth"]
        for leaf in GRID["trees__min_samples_leaf"]
    ]
    return folder, tried


class Run:
    """A project with one deployed pipeline and one record, and what its tests note."""

    def __init__(self, search, tmp_path, *, deployed=None, record=None, document=None, items=None):
        import joblib

        folder, tried = search
        self.root, self.evidence, train = tmp_path, Evidence(), pl.read_parquet(folder / "train.parquet")
        for path in folder.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        values = deployed or {"trees__max_depth": 3, "trees__min_samples_leaf": 5}
        fitted = pipeline(**values).fit(train.select("a", "b", "c").to_pandas(), train["y"].to_numpy())
        joblib.dump(fitted, tmp_path / "model.joblib")
        self.model = models.load("model.joblib", root=tmp_path)
        made = {
            "tried": tried,
            "data": digests.sha256(tmp_path / "train.parquet"),
            "chosen": values,
            **(document or {}),
        }
        (tmp_path / "record.json").write_text(json.dumps(record if record is not None else made))
        options = {"study": "record.json", "score": "roc_auc", **(items or {})}
        self.settings = Settings.model_validate({"data": {"target": "y"}, "items": {check.ITEM.id: options}})
        self.stash = pytest.Stash()

    def fixture(self, name):
        if name == "mlready_model":
            return self.model
        part = name.removeprefix("mlready_")
        return load(f"{part}.parquet", name=part, root=self.root, roles=ROLES)

    def __call__(self, test):
        items = catalog.load().items
        mlready = SimpleNamespace(
            settings=self.settings, root=self.root, confidence=0.95, seed=lambda _: 7,
            options=lambda item: self.settings.options(items[item]),
        )  # fmt: skip
        for name in ("file", "path"):
            setattr(mlready, name, getattr(Project, name).__get__(mlready))
        request = SimpleNamespace(getfixturevalue=self.fixture, config=SimpleNamespace(stash=self.stash))
        test(mlready, self.evidence, request)

    def passes(self, test):
        """Runs a test that must come to its end, and must have noted what it measured."""
        before = len(self.evidence.notes.evidence)
        self(test)
        assert len(self.evidence.notes.evidence) > before

    def ends(self, test, ending):
        with pytest.raises(ending) as caught:
            self(test)
        return str(caught.value)


@pytest.fixture
def run(search, tmp_path):
    return lambda **given: Run(search, tmp_path, **given)


def test_a_searched_inner_winner_selected_on_train_passes(run):
    one = run()
    for test in TESTS:
        one.passes(test)
    noted = {e["name"]: e["value"] for e in one.evidence.notes.evidence}
    assert noted["trials with a score"] == 9
    assert noted["best roc_auc"] == pytest.approx(0.9)
    assert one.evidence.notes.grade == "replayed"


def test_no_study_is_unverified(run):
    one = run(items={"study": None})
    for test in TESTS:
        assert "study = " in one.ends(test, Unverified)


def test_a_tunable_that_nobody_searched_fails(run):
    one = run(items={"tunables": ["trees__max_depth", "trees__ccp_alpha"]})
    assert "trees__ccp_alpha was not searched" in one.ends(check.test_every_tunable_was_searched, Failed)


def test_a_default_that_was_deployed_instead_of_the_winner_fails(run):
    one = run(deployed={"trees__max_depth": 3, "trees__min_samples_leaf": 1})
    assert "did not win" in one.ends(check.test_the_deployed_setting_won, Failed)
    one = run(deployed={"trees__max_depth": 4, "trees__min_samples_leaf": 5})
    assert "trees__max_depth is 4" in one.ends(check.test_the_deployed_setting_won, Failed)


def test_a_setting_within_the_noise_passes_once_the_folds_are_known(run):
    deployed = {"trees__max_depth": 3, "trees__min_samples_leaf": 1}
    run(deployed=deployed, items={"tolerance": 0.009}).passes(check.test_the_deployed_setting_won)
    assert "did not win" in run(deployed=deployed, items={"folds": 5}).ends(check.test_the_deployed_setting_won, Failed)
    run(deployed=deployed, items={"folds": 2, "tolerance": 0.0081}).passes(check.test_the_deployed_setting_won)


def test_a_winner_on_the_edge_fails_and_a_reason_excuses_it(run):
    deployed = {"trees__max_depth": 2, "trees__min_samples_leaf": 5}
    assert "lower edge" in run(deployed=deployed).ends(check.test_the_deployed_setting_is_on_no_edge, Failed)
    natural = [{"name": "trees__max_depth", "value": 2, "reason": "rules must fit on a card"}]
    run(deployed=deployed, items={"natural_bounds": natural}).passes(check.test_the_deployed_setting_is_on_no_edge)


def test_a_search_that_read_the_heldout_set_fails(run, search):
    folder, _ = search
    heldout = digests.sha256(folder / "heldout.parquet")
    one = run(document={"validated_on": heldout})
    assert "names the held-out set" in one.ends(check.test_selection_did_not_use_the_heldout_set, Failed)


def test_a_copy_of_heldout_rows_in_another_file_fails(run, search, tmp_path):
    folder, _ = search
    pl.read_parquet(folder / "heldout.parquet").write_csv(tmp_path / "validation.csv")
    one = run(items={"data": ["validation.csv"]})
    assert "held-out" in one.ends(check.test_selection_did_not_use_the_heldout_set, Failed)


def test_validation_rows_of_their_own_pass(run):
    run(items={"data": ["validation.parquet"]}).passes(check.test_selection_did_not_use_the_heldout_set)


def test_no_digest_of_data_is_inconclusive(run):
    one = run(document={"data": None})
    assert "names no data" in one.ends(check.test_selection_did_not_use_the_heldout_set, Inconclusive)


def test_an_unknown_direction_is_inconclusive_and_a_stated_one_counts(run, search):
    _, tried = search
    record = [{**{k: v for k, v in t.items() if k != "roc_auc"}, "regret": -t["roc_auc"]} for t in tried]
    one = run(record=record, items={"score": "regret"})
    assert 'whether more of "regret" is better' in one.ends(check.test_the_deployed_setting_won, Inconclusive)
    run(record=record, items={"score": "regret", "direction": "minimize"}).passes(check.test_the_deployed_setting_won)
    one = run(record=record, items={"score": "regret", "direction": "maximize"})
    assert "did not win" in one.ends(check.test_the_deployed_setting_won, Failed)


def test_trials_that_all_ended_in_nan_are_inconclusive(run, search):
    _, tried = search
    one = run(record=[{**t, "roc_auc": None} for t in tried])
    for test in (check.test_every_tunable_was_searched, check.test_the_deployed_setting_won):
        one.ends(test, Inconclusive)


def test_a_model_that_shows_no_parameters_needs_a_record_that_names_its_digest(run):
    one = run()
    one.model.estimator = object()
    assert "does not show its parameters" in one.ends(check.test_the_deployed_setting_won, Inconclusive)
    one = run(items={"deployed": "record.json#chosen"})
    one.model.estimator = object()
    assert "does not name the digest" in one.ends(check.test_the_deployed_setting_won, Inconclusive)
    one = run(document={"model": one.model.sha256}, items={"deployed": "record.json#chosen"})
    one.model.estimator = object()
    one.passes(check.test_the_deployed_setting_won)
    one = run(document={"model": one.model.sha256}, items={"deployed": "record.json#data"})
    one.model.estimator = object()
    assert "no table" in one.ends(check.test_the_deployed_setting_won, DataError)


def test_a_hyperparameter_that_the_model_does_not_have_is_inconclusive(run, search):
    _, tried = search
    record = [{**t, "rate": n} for n, t in enumerate(tried)]
    assert "no parameter rate" in run(record=record).ends(check.test_the_deployed_setting_won, Inconclusive)


def test_a_record_that_is_not_there_is_an_error(run):
    one = run(items={"study": "recrod.json"})
    assert 'did you mean "record.json"' in one.ends(check.test_the_deployed_setting_won, ReadinessError)


# --- found by review ---------------------------------------------------------------------------------------------


def test_scores_that_are_all_equal_tell_no_winner(run, search):
    one = run(document={"tried": [{**row, "roc_auc": 0.5} for row in search[1]]})
    assert "have the same score" in one.ends(TESTS[1], Inconclusive)


def halved(deployed):
    """Successive halving as scikit-learn records it: one that looked good on few rows loses on all of them."""
    rounds = [(0, 30, 2, 5, 0.99), (0, 30, 3, 5, 0.95), (0, 30, 5, 5, 0.94), (0, 30, 2, 1, 0.6), (0, 30, 3, 25, 0.7),
              (1, 90, 2, 5, 0.80), (1, 90, 3, 5, 0.85)]  # fmt: skip
    grid = {
        "iter": [r[0] for r in rounds], "n_resources": [r[1] for r in rounds],
        "params": [{"trees__max_depth": r[2], "trees__min_samples_leaf": r[3]} for r in rounds],
        "mean_test_score": [r[4] for r in rounds],
    }  # fmt: skip
    return {"record": grid, "deployed": deployed, "items": {"score": "mean_test_score"}}


def test_of_successive_halving_the_last_round_decides(run):
    run(**halved({"trees__max_depth": 3, "trees__min_samples_leaf": 5})).passes(TESTS[1])
    run(**halved({"trees__max_depth": 3, "trees__min_samples_leaf": 5})).passes(TESTS[0])
    lost = run(**halved({"trees__max_depth": 2, "trees__min_samples_leaf": 5}))
    assert "did not win" in lost.ends(TESTS[1], Failed)


def test_one_choice_of_two_is_searched_by_two_trials(run):
    tried = [{"trees__criterion": "gini", "roc_auc": 0.9}, {"trees__criterion": "entropy", "roc_auc": 0.8}]
    one = run(deployed={"trees__criterion": "gini"}, document={"tried": tried})
    for test in TESTS:
        one.passes(test)


def test_a_fraction_of_which_the_artifact_keeps_six_digits_is_the_one_that_won(run):
    scores = ((0.01, 0.7), (0.05123456789, 0.9), (0.2, 0.8))
    tried = [{"trees__ccp_alpha": a, "roc_auc": s} for a, s in scores]
    one = run(deployed={"trees__ccp_alpha": 0.0512346}, document={"tried": tried})
    one.passes(TESTS[1])
    other = run(deployed={"trees__ccp_alpha": 0.05124}, document={"tried": tried})
    assert "never tried" in other.ends(TESTS[1], Failed)


def test_heldout_rows_with_a_column_more_are_found_in_the_data_of_selection(run):
    one = run(items={"data": ["selection.parquet"]})
    table = pl.read_parquet(one.root / "heldout.parquet").with_columns(fold=pl.int_range(300))
    table.sample(fraction=1, shuffle=True, seed=1).write_parquet(one.root / "selection.parquet")
    assert "300 of 300 held-out rows" in one.ends(TESTS[3], Failed)
