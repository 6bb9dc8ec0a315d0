"""Bad input through the whole plugin: a clear message, no traceback of ours, the rest of the run intact, never green."""

from __future__ import annotations

import hashlib
import pickle
import re
import shutil
import unicodedata
import zipfile

import pytest

INTEGRITY, THRESHOLDS = "model_quality.heldout_integrity", "model_quality.metric_thresholds"
SUBGROUPS, BASELINE = "model_quality.subgroup_performance", "model_quality.baseline_comparison"
EDGES, SIZE = "model_quality.edge_and_adversarial_cases", "model_quality.size_and_latency"
ASK_THE_MODEL = (THRESHOLDS, SUBGROUPS, BASELINE)
SETTINGS = f"""
system = "income"
task = "binary-classification"

[model]
path = "model.joblib"
first_release = "nothing is live yet"

[data]
train = "train.parquet"
heldout = "heldout.parquet"
target = "income"
positive = "yes"
subgroups = ["sex"]

[metrics]
accuracy = {{{{ min = 0.7 }}}}

[items."{SIZE}"]
builtin = false
reason = "slow"

[items."{EDGES}"]
{{edges}}
"""
OFF, SMALL = 'builtin = false\nreason = "not here"', "examples = 5\nattack_rows = 10\nattack_queries = 5"
TEAMS_OWN = """
import pytest

@pytest.mark.security("no_secrets")
def test_ours(evidence):
    evidence.record("files scanned", 12)
"""
MODEL = """
import numpy as np

class Model:
    classes_ = ["no", "yes"]
    def predict(self, X):
        {predict}
    def predict_proba(self, X):
        return np.full((len(X), 2), {proba})

def make():
    return Model()
"""


def rows(n, seed):
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(seed)
    age, hours = rng.integers(18, 80, n), rng.normal(40, 10, n).round(2)
    job, sex = rng.choice(["clerk", "smith", "sales"], n), rng.choice(["f", "m"], n)
    chance = 1 / (1 + np.exp(-((age - 45) / 6 + (hours - 40) / 5 + 1.5 * (job == "smith"))))
    income = np.where(rng.random(n) < chance, "yes", "no")
    return pl.DataFrame({"age": age, "hours": hours, "job": job, "sex": sex, "income": income})


@pytest.fixture(scope="session")
def healthy(tmp_path_factory):
    """A project on which every check of ours passes that has something to look at."""
    import joblib
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    root = tmp_path_factory.mktemp("healthy")
    train = rows(900, seed=1)
    numbers = make_pipeline(SimpleImputer(), StandardScaler()), ["age", "hours"]
    words = OneHotEncoder(handle_unknown="ignore"), ["job", "sex"]
    model = make_pipeline(make_column_transformer(numbers, words), LogisticRegression(max_iter=1000))
    joblib.dump(model.fit(train.drop("income").to_pandas(), train["income"].to_numpy()), root / "model.joblib")
    train.write_parquet(root / "train.parquet")
    rows(600, seed=2).write_parquet(root / "heldout.parquet")
    (root / "mlready.toml").write_text(SETTINGS.format(edges=OFF), encoding="utf-8")
    (root / "test_ours.py").write_text(TEAMS_OWN, encoding="utf-8")
    return root


class Project:
    """A copy of the healthy project, to be spoilt and run."""

    def __init__(self, root, readiness):
        self.root, self._readiness = root, readiness

    def fuzzed(self):
        """Switches on the item that makes inputs up, with few of them."""
        self.set(OFF, SMALL)
        return self

    def set(self, old, new):
        path = self.root / "mlready.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def data(self, change, *names):
        import polars as pl

        for name in names or ("heldout",):
            path = self.root / f"{name}.parquet"
            change(pl.read_parquet(path)).write_parquet(path)

    def model(self, predict="return np.array(['no'] * len(X))", proba="0.5", source="ours:make"):
        (self.root / "ours.py").write_text(MODEL.format(predict=predict, proba=proba), encoding="utf-8")
        self.set('"model.joblib"', f'"{source}"')

    def run(self, *args):
        """Runs it, and holds what must be true whatever was bad."""
        ran = self._readiness("--mlready-report=x.html", *args)
        printed = ran.text + ran.errors
        assert "Traceback" not in printed
        assert "pytest_mlready/" not in printed
        assert not controls(printed)
        assert ran.report["complete"]
        assert ran.report["partial"] == []
        assert [t["outcome"] for t in ran.item("security.no_secrets")["tests"]] == ["passed"]
        page = (self.root / "x.html").read_bytes().decode("utf-8", "strict")
        assert "<script" not in page
        assert not controls(page)
        return ran


def controls(text):
    """Characters that move the cursor, change colours or turn the direction of writing."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"}


def said(ran, item, test=None):
    """What the tests of an item said that did not pass."""
    return "\n".join(t["message"] for t in ran.item(item)["tests"] if test is None or t["id"].endswith(test))


def statuses(ran, *items):
    return {ran.status(item) for item in items}


@pytest.fixture
def project(healthy, pytester, readiness):
    shutil.copytree(healthy, pytester.path, dirs_exist_ok=True)
    return Project(pytester.path, readiness)


def test_the_project_that_is_spoilt_below_is_healthy(project):
    ran = project.fuzzed().run()
    assert statuses(ran, INTEGRITY, EDGES, *ASK_THE_MODEL) == {"verified"}
    assert ran.result.ret == 0


# models


def test_a_missing_model_is_an_error_with_the_nearest_name(project):
    project.set("model.joblib", "modle.joblib")
    ran = project.fuzzed().run()
    assert statuses(ran, *ASK_THE_MODEL, EDGES, INTEGRITY) == {"error"}
    assert ran.result.ret == 1
    assert "modle.joblib does not exist in" in said(ran, THRESHOLDS)
    assert 'did you mean "model.joblib"?' in said(ran, THRESHOLDS)
    assert {t["outcome"] for t in ran.item(INTEGRITY)["tests"]} >= {"passed", "error"}  # rows are compared without it


def test_bad_input_is_an_error_whether_it_shows_in_setup_or_in_the_test(project):
    project.set("model.joblib", "modle.joblib")
    (project.root / "test_more.py").write_text(
        "import pytest\n"
        "@pytest.mark.monitoring('feature_drift')\ndef test_asks_by_name(model): pass\n"
        "@pytest.mark.monitoring('model_staleness')\ndef test_asks_later(request): request.getfixturevalue('model')\n"
        "def test_without_a_mark(model): pass\n"
    )
    ran = project.run()
    assert statuses(ran, "monitoring.feature_drift", "monitoring.model_staleness", THRESHOLDS, BASELINE) == {"error"}
    assert "failed" not in {t["outcome"] for i in ran.report["items"].values() for t in i["tests"]}


def test_a_model_that_is_cut_off_is_not_offered_as_something_to_trust_first(project):
    path = project.root / "model.joblib"
    path.write_bytes(path.read_bytes()[:900])
    ran = project.run()
    assert statuses(ran, *ASK_THE_MODEL) == {"error"}
    message = said(ran, THRESHOLDS)
    assert "model.joblib was not loaded" in message
    assert "near byte 900 of 900" in message
    assert "Next step: copy or save it again" in message


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ({"predict": "raise RuntimeError('no feature store')"}, "predict raised RuntimeError on 600 rows as numpy: no feature store"),
        ({"predict": "raise SystemExit(3)"}, "predict raised SystemExit on 600 rows as numpy: 3"),
        ({"predict": "return np.full(len(X), np.nan)"}, "gave NaN, infinity or nothing for 600 of 600 rows"),
        ({"proba": "np.nan"}, "predict_proba gave NaN or infinity for 600 of 600 rows"),
        ({"proba": "5"}, "Expected: probabilities that add up to 1"),
        ({"predict": "return np.array(['no', 'yes'])"}, "predict answered an array of shape (2,). Expected: (600,)"),
        ({"predict": "return np.array(['maybe'] * len(X))"}, 'unknown class "maybe". Expected: no, yes'),
    ],
    ids=["raises", "exits", "NaN", "NaN probabilities", "no probabilities", "wrong length", "unknown class"],
)  # fmt: skip
def test_a_model_that_answers_badly_is_an_error_of_every_item_that_asks_it(project, code, message):
    project.model(**code)
    ran = project.run()
    assert statuses(ran, *ASK_THE_MODEL) == {"error"}
    assert message in said(ran, THRESHOLDS)
    assert ran.result.ret == 1
    assert ran.status(INTEGRITY) == "verified"


@pytest.mark.parametrize("source", ["ours:make", "ours:ready", "ours:predict"])
def test_a_model_of_the_teams_own_class_works(project, source):
    better = "return np.where([r[0] * 5 + r[1] * 6 + 45 * (r[2] == 'smith') > 470 for r in np.asarray(X)], 'yes', 'no')"
    project.model(predict=better, source=source)
    with (project.root / "ours.py").open("a") as file:
        file.write("ready = Model()\ndef predict(frame):\n    return ready.predict(frame)\n")
    ran = project.run()
    assert ran.status(THRESHOLDS) == "verified"
    assert "function" in said(ran, INTEGRITY) or ran.status(INTEGRITY) == "verified"


def test_a_function_that_fails_to_make_the_model_is_quoted(project):
    project.model(source="ours:make")
    with (project.root / "ours.py").open("a") as file:
        file.write("def make():\n    raise OSError('no weights in the bucket')\n")
    assert "ours:make raised OSError: no weights in the bucket" in said(project.run(), THRESHOLDS)


# data


def test_a_heldout_set_without_rows_is_inconclusive_everywhere(project):
    project.data(lambda frame: frame.clear())
    ran = project.fuzzed().run()
    assert statuses(ran, *ASK_THE_MODEL, EDGES, INTEGRITY) == {"inconclusive"}
    assert "have no rows" in said(ran, THRESHOLDS)
    assert not {t["id"] for t in ran.item(INTEGRITY)["tests"] if t["outcome"] == "passed"}


def test_a_target_that_is_not_there_is_an_error_with_the_columns_that_are(project):
    project.data(lambda frame: frame.drop("income"))
    ran = project.run()
    assert statuses(ran, *ASK_THE_MODEL, INTEGRITY) == {"error"}
    assert 'lack columns that [tool.mlready.data] names: target = "income"' in said(ran, THRESHOLDS)
    assert "columns among age, hours, job, sex" in said(ran, THRESHOLDS)


def test_a_target_that_never_varies_is_inconclusive(project):
    import polars as pl

    project.data(lambda frame: frame.with_columns(income=pl.lit("yes")))
    ran = project.run()
    assert statuses(ran, *ASK_THE_MODEL) == {"inconclusive"}
    assert "every row of the target is yes" in said(ran, THRESHOLDS)


def test_a_target_with_gaps_is_inconclusive(project):
    import polars as pl

    project.data(lambda frame: frame.with_columns(income=pl.when(pl.int_range(600) >= 3).then("income")))
    ran = project.run()
    assert statuses(ran, *ASK_THE_MODEL) == {"inconclusive"}
    assert "3 of 600 heldout rows have no target (income)" in said(ran, THRESHOLDS)


def test_labels_that_the_model_never_learnt_are_an_error(project):
    import polars as pl

    spoilt = pl.when(pl.int_range(600) < 3).then(pl.lit("yess")).otherwise("income")
    project.data(lambda frame: frame.with_columns(income=spoilt))
    ran = project.run()
    assert statuses(ran, *ASK_THE_MODEL) == {"error"}
    assert 'the target holds "yess" (3 rows), which the model never learnt; did you mean "yes"?' in said(
        ran, THRESHOLDS
    )


def test_a_feature_column_that_is_missing_is_named_in_every_item(project):
    project.data(lambda frame: frame.drop("hours"))
    ran = project.fuzzed().run()
    assert statuses(ran, *ASK_THE_MODEL, EDGES, INTEGRITY) == {"error"}
    for item in (*ASK_THE_MODEL, EDGES):
        assert 'the model needs 1 column that the data lack: "hours"' in said(ran, item)
    assert "the held-out data lack 1 of 5 columns: hours" in said(ran, INTEGRITY)


def test_a_renamed_feature_column_is_offered(project):
    project.data(lambda frame: frame.rename({"hours": "hour"}), "train", "heldout")
    ran = project.run()
    assert statuses(ran, *ASK_THE_MODEL, INTEGRITY) == {"error"}
    assert 'that the data lack: "hours" (did you mean "hour"?).' in said(ran, THRESHOLDS)
    assert "train data lack 1 of the columns that the preprocessing was fitted on: hours" in said(ran, INTEGRITY)


@pytest.mark.slow
def test_reordered_columns_change_nothing(project):
    before = project.run()
    project.data(lambda frame: frame.select(reversed(frame.columns)))
    after = project.run()
    numbers = [[e["value"] for t in r.item(THRESHOLDS)["tests"] for e in t["evidence"]] for r in (before, after)]
    assert numbers[0] == numbers[1]
    assert statuses(after, INTEGRITY, *ASK_THE_MODEL) == {"verified"}


@pytest.mark.parametrize("empty", ["null", "NaN"])
def test_a_column_that_is_empty_in_the_heldout_set_alone_is_an_error(project, empty):
    import polars as pl

    gap = pl.lit(None if empty == "null" else float("nan"), pl.Float64)
    project.data(lambda frame: frame.with_columns(hours=gap))
    ran = project.run()
    assert ran.status(INTEGRITY) == "error"
    assert 'column "hours" is empty in all 600 rows of the held-out data, and filled in the other set' in said(
        ran, INTEGRITY
    )


def test_a_column_that_is_empty_in_both_sets_is_no_trouble(project):
    import polars as pl

    project.data(lambda frame: frame.with_columns(note=pl.lit(None)), "train", "heldout")
    assert statuses(project.fuzzed().run(), INTEGRITY, EDGES, *ASK_THE_MODEL) == {"verified"}


def test_columns_of_lists_are_no_trouble(project):
    import polars as pl

    project.data(lambda frame: frame.with_columns(tags=pl.concat_list("age", "age")), "train", "heldout")
    assert statuses(project.fuzzed().run(), INTEGRITY, EDGES, *ASK_THE_MODEL) == {"verified"}


def test_subgroups_of_one_row_are_inconclusive_and_listed_briefly(project):
    import polars as pl

    project.data(lambda frame: frame.with_columns(who=pl.int_range(pl.len()).cast(pl.String)), "train", "heldout")
    project.set('["sex"]', '["who"]')
    ran = project.run()
    assert ran.status(SUBGROUPS) == "inconclusive"
    message = said(ran, SUBGROUPS, "test_named_subgroups")
    assert "too small to show a drop of 0.15" in message
    assert len(message) < 1000
    assert statuses(ran, THRESHOLDS, BASELINE) == {"verified"}


@pytest.mark.slow
def test_a_column_of_ten_thousand_categories_is_bounded_in_words_and_time(project):
    import polars as pl

    heldout = rows(10_000, seed=3).with_columns(customer=pl.int_range(10_000).cast(pl.String))
    heldout.write_parquet(project.root / "heldout.parquet")
    project.data(lambda frame: frame.with_columns(customer=pl.int_range(pl.len()).cast(pl.String)), "train")
    project.set('["sex"]', '["sex", "customer", ["sex", "customer"]]')
    ran = project.run()
    assert ran.status(SUBGROUPS) == "inconclusive"
    assert len(said(ran, SUBGROUPS)) < 2000
    assert sum(t["seconds"] for t in ran.item(SUBGROUPS)["tests"]) < 10
    assert len(str(ran.report["items"][SUBGROUPS])) < 500_000
    assert ran.status(THRESHOLDS) == "verified"


# settings and marks


MISTAKES = {
    'sistem = "income"': 'sistem: unknown key, expected a key of this table; did you mean "system"?',
    'task = "binary"': 'task: found "binary", expected binary-classification, ',
    "confidence = 2": "confidence:",
    "model = { path = 3 }": "model.path:",
    '[data]\ntarget = ["a"]\nsubgroup = ["sex"]': "data.target:",
    "[metrics]\naccuracy = { minimum = 0.9 }": "minimum",
    '[gate]\nmin_checklist = 80\nrequired = "all"': "gate.min_checklist",
    '[not_applicable]\n"security.no_secret" = "none"': 'did you mean "security.no_secrets"',
}  # fmt: skip


def test_ten_mistakes_in_the_settings_are_listed_at_once_and_nothing_runs(project):
    (project.root / "mlready.toml").write_text("\n".join(MISTAKES), encoding="utf-8")
    ran = project._readiness()
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert "10 mistakes in mlready.toml" in ran.errors
    for fragment in MISTAKES.values():
        assert fragment in ran.errors
    assert ran.report is None
    assert "collected" not in ran.text
    assert not controls(ran.errors)


def test_an_unknown_key_with_control_characters_is_shown_harmlessly(project):
    (project.root / "mlready.toml").write_text('"\\u001b[2J\\u202e" = 1\n', encoding="utf-8")
    ran = project._readiness()
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert not controls(ran.errors)


def test_a_typo_in_a_mark_fails_that_test_and_offers_the_right_name(project):
    (project.root / "test_typo.py").write_text(
        "import pytest\n@pytest.mark.security('no_secret')\ndef test_it(): pass\n"
        "@pytest.mark.data('no_secrets')\ndef test_elsewhere(): pass\n"
    )
    ran = project.run()
    assert ran.result.ret == 1
    assert ran.result.parseoutcomes()["failed"] == 2
    assert 'did you mean "no_secrets"?' in ran.text
    assert "did you mean pytest.mark.security('no_secrets')?" in ran.text
    assert ran.status(THRESHOLDS) == "verified"


@pytest.mark.slow
def test_a_projects_own_fixtures_of_our_names_change_nothing_in_the_tally(project):
    before = project.run().report["items"]
    (project.root / "conftest.py").write_text(
        "import pytest\n"
        "@pytest.fixture\ndef model(): return 'a database model'\n"
        "@pytest.fixture(params=[1, 2])\ndef heldout(request): return request.param\n"
        "@pytest.fixture(autouse=True)\ndef baseline(): return 3\n"
    )
    after = project.run().report["items"]
    assert {k: (v["status"], v["points"]) for k, v in before.items()} == {
        k: (v["status"], v["points"]) for k, v in after.items()
    }


# texts from outside

EVIL = "<script>alert(1)</script>\x1b[2J\x07\u202e\nß漢|`]]>&amp;"


def test_markup_and_control_characters_in_names_and_values_are_harmless_everywhere(project):
    import polars as pl

    group = pl.when(pl.col("sex") == "f").then(pl.lit(EVIL)).otherwise(pl.lit("m\x9b31m"))
    project.data(lambda frame: frame.with_columns(group.alias(EVIL)), "train", "heldout")
    name = EVIL.replace("\x1b", "\\u001b").replace("\x07", "\\u0007").replace("\n", "\\n").replace("\u202e", "\\u202e")
    project.set('["sex"]', f'["sex", "{name}"]')
    project.set('system = "income"', 'system = "<script>alert(2)</script>\\u001b[31m"')
    project.set("min = 0.7", "min = 0.999, subgroup_min = 0.999")
    ran = project.run("-v", "-rA")
    assert statuses(ran, THRESHOLDS, SUBGROUPS) == {"failed"}
    assert "&lt;script&gt;alert(1)" in (project.root / "x.html").read_text(encoding="utf-8")
    assert any("ß漢" in e["name"] for t in ran.item(SUBGROUPS)["tests"] for e in t["evidence"])


def test_the_words_of_a_failing_model_are_harmless_everywhere(project):
    project.model(predict="raise ValueError('<script>alert(3)</script>\\x1b[2J\\x07\\u202e\\udc80')")
    ran = project.fuzzed().run("-v", "-rA")
    assert "<script>alert(3)</script>\\x1b[2J\\x07\\u202e\\udc80" in said(ran, THRESHOLDS)


def test_a_target_of_markup_and_control_characters_is_harmless_in_a_skip(project):
    import polars as pl

    project.data(lambda frame: frame.with_columns(income=pl.lit(EVIL)))
    assert project.run("-rs").status(THRESHOLDS) == "inconclusive"


def test_what_a_team_notes_may_hold_any_character(project):
    (project.root / "test_notes.py").write_text(
        "import pytest\n@pytest.mark.rollback('procedure_tested')\ndef test_it(evidence):\n"
        "    evidence.record('<script>\\x1b[2J\\udc80', '\\udc80\\x07')\n"
        "    evidence.inconclusive('\\udc80<script>\\x1b[2J')\n"
    )
    assert project.run("-rs").status("rollback.procedure_tested") == "inconclusive"


# pickles


class Call:
    """Pickles as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def _plain(payload, path):
    path.write_bytes(pickle.dumps(payload))


def _joblib(payload, path):
    import joblib
    import numpy as np

    joblib.dump({"weights": np.arange(50.0), "model": payload}, path)


def _compressed(payload, path):
    import joblib
    import numpy as np

    joblib.dump({"weights": np.arange(50.0), "model": payload}, path, compress=("gzip", 3))


def _zip(payload, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.pkl", pickle.dumps(payload))


def _nested(payload, path):
    path.write_bytes(pickle.dumps(Call(pickle.loads, pickle.dumps(payload))))


SAVED = {"plain": _plain, "joblib": _joblib, "compressed joblib": _compressed, "zip": _zip, "nested": _nested}


@pytest.mark.parametrize(
    ("save", "place"),
    [*((save, "path") for save in SAVED.values()), (_plain, "production")],
    ids=[*SAVED, "plain, as the live model"],
)
def test_a_pickle_that_would_create_a_file_is_never_loaded(project, save, place):
    import os

    created = project.root / "created"
    evil = project.root / "evil.joblib"
    save(Call(os.system, f"echo x > {created}"), evil)
    if place == "path":
        project.set('path = "model.joblib"', 'path = "evil.joblib"')
        project.set('builtin = false\nreason = "slow"', "repeats = 1")  # the item that loads it in another process, too
    else:
        project.set('first_release = "nothing is live yet"', 'production = "evil.joblib"')
    ran = project.run()
    assert not created.exists()
    assert statuses(ran, *((*ASK_THE_MODEL, SIZE) if place == "path" else (SUBGROUPS, BASELINE))) == {"error"}
    message = said(ran, BASELINE)
    assert ("_pickle.loads can run code" if save is _nested else "posix.system can run code") in message
    digest = hashlib.sha256(evil.read_bytes()).hexdigest()
    assert f'if you know where these bytes come from: trust = "{digest}" in [tool.mlready.model]' in message
    save(Call(os.system, f"echo x > {created}"), evil)
    with pytest.raises(Exception):  # noqa: B017 - only to show that the payload works when something loads it
        _load(evil, save)["weights"]
    assert created.exists()


def _load(path, save):
    import joblib

    if save is _zip:
        return pickle.loads(zipfile.ZipFile(path).read("model.pkl"))
    return pickle.loads(path.read_bytes()) if save in (_plain, _nested) else joblib.load(path)["missing"]


@pytest.mark.slow
def test_trust_accepts_exactly_those_bytes(project, monkeypatch):
    (project.root / "income_features.py").write_text(
        "from sklearn.base import BaseEstimator, TransformerMixin\n"
        "class Clip(TransformerMixin, BaseEstimator):\n"
        "    def fit(self, X, y=None): return self\n"
        "    def transform(self, X): return X\n"
    )
    monkeypatch.syspath_prepend(project.root)
    import joblib
    from income_features import Clip
    from sklearn.pipeline import make_pipeline

    path = project.root / "model.joblib"
    pipeline = joblib.load(path)
    joblib.dump(make_pipeline(Clip(), *[step for _, step in pipeline.steps]), path)
    monkeypatch.delitem(__import__("sys").modules, "income_features")
    refused = project.run()
    assert statuses(refused, *ASK_THE_MODEL) == {"error"}
    message = said(refused, THRESHOLDS)
    assert "income_features.Clip is not on the list of what a model may name" in message
    line = re.search(r'trust = "[0-9a-f]{64}"', message)[0]
    project.set('path = "model.joblib"', f'path = "model.joblib"\n{line}')
    accepted = project.run()
    assert statuses(accepted, *ASK_THE_MODEL) == {"verified"}
    path.write_bytes(path.read_bytes().replace(b"Clip", b"Clop"))
    assert statuses(project.run(), *ASK_THE_MODEL) == {"error"}
