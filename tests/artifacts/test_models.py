from __future__ import annotations

import pickle
import sys

import joblib
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from pytest_mlready.artifacts import digests, models
from pytest_mlready.errors import DataError, MissingExtra, ModelError
from pytest_mlready.values import Model


def without(monkeypatch, library):
    """As if the library were not installed."""
    for name in [n for n in sys.modules if n == library or n.startswith(library + ".")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)


@pytest.fixture
def saved(pipeline, tmp_path):
    joblib.dump(pipeline, tmp_path / "model.joblib")
    return tmp_path


def test_a_pipeline_of_mixed_columns_answers_a_polars_frame_as_it_answers_pandas(saved, pipeline, people, table):
    model = models.load("model.joblib", root=saved)
    assert isinstance(model, Model)
    assert (model.predict(people) == pipeline.predict(table)).all()
    assert np.array_equal(model.predict_proba(people), pipeline.predict_proba(table))
    assert np.array_equal(model.decision_function(people), pipeline.decision_function(table))
    assert model.classes == ("<=50K", ">50K")
    assert (model.kind, model.feature_names) == ("scikit-learn", ("age", "hours per week", "sex"))
    assert model.sha256 == digests.sha256(saved / "model.joblib")
    assert model.path == str((saved / "model.joblib").resolve())


def test_columns_are_chosen_and_ordered_by_name(saved, people):
    model = models.load("model.joblib", root=saved)
    shuffled = people.select("sex", pl.lit(1).alias("extra"), "hours per week", "age")
    assert (model.predict(shuffled) == model.predict(people)).all()
    assert (model.predict(shuffled.to_pandas()) == model.predict(people)).all()


def test_missing_columns_are_named_with_the_nearest_ones(saved, people):
    model = models.load("model.joblib", root=saved)
    with pytest.raises(
        DataError, match=r'2 columns that the data lack: "hours per week" \(did you mean "hours_per_week"\?\), "sex"'
    ):
        model.predict(people.rename({"hours per week": "hours_per_week", "sex": "Geschlecht <b>"}))


def test_nulls_reach_a_pandas_model_as_pandas_reads_them_from_a_file(tmp_path):
    (tmp_path / "looking.py").write_text("def look(frame):\n    look.seen = frame\n    return [0] * len(frame)\n")
    model = models.load("looking:look", root=tmp_path, frame="pandas")
    frame = pl.DataFrame(
        {"i": [1, None], "f": [1.5, None], "s": ["x", None], "b": [True, None], "e": [None, None], "t": ["a", "b"]},
        schema_overrides={"t": pl.Enum(["b", "a", "c"])},
    ).with_columns(d=pl.date(2026, 1, 1), c=pl.col("s").cast(pl.Categorical))
    model.predict(frame)
    seen = model.estimator.seen
    assert [str(seen[c].dtype) for c in "ifsbtc"] == ["float64", "float64", "object", "object", "category", "category"]
    assert seen["i"].isna().tolist() == seen["s"].isna().tolist() == [False, True]
    assert isinstance(seen["s"][1], float)
    assert seen["b"][1] is None
    assert seen["t"].cat.categories.tolist() == ["b", "a", "c"]
    assert seen["d"].dtype.kind == "M"


def test_a_model_without_names_gets_an_array_and_frame_overrides(numbers, outcome, people, tmp_path):
    plain = LogisticRegression().fit(numbers.to_numpy(), outcome)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(plain))
    model = models.load("model.pkl", root=tmp_path)
    assert model.frame == "numpy"
    assert (model.predict(people.drop("sex")) == plain.predict(numbers.to_numpy())).all()
    assert (model.predict(numbers.to_numpy()) == plain.predict(numbers.to_numpy())).all()
    assert models.load("model.pkl", root=tmp_path, frame="polars").frame == "polars"


def test_a_text_model_gets_its_one_column_as_texts(fitted, tmp_path):
    joblib.dump(fitted["TF-IDF"][0], tmp_path / "model.joblib")
    model = models.load("model.joblib", root=tmp_path)
    assert model.predict(pl.DataFrame({"review": ["good day", "bad day", None]})).tolist()[:2] == [1, 0]
    with pytest.raises(DataError, match="takes one column of texts, the data have 2"):
        model.predict(pl.DataFrame({"a": ["x"], "b": ["y"]}))


def test_a_regressor_has_neither_classes_nor_probabilities(numbers, tmp_path):
    joblib.dump(LinearRegression().fit(numbers, numbers["age"] * 2.0), tmp_path / "model.joblib")
    model = models.load("model.joblib", root=tmp_path)
    assert model.classes is None
    assert model.predict_proba(numbers) is None
    assert model.decision_function(numbers) is None


def test_a_lightgbm_estimator_trained_on_an_array_is_asked_without_a_warning(fitted, people, tmp_path):
    estimator, _ = fitted["LightGBM"]
    joblib.dump(estimator, tmp_path / "model.joblib")
    model = models.load("model.joblib", root=tmp_path)
    assert (model.kind, model.feature_names) == ("lightgbm", None)
    assert model.predict_proba(people.drop("sex")).shape == (60, 2)


def test_another_version_of_scikit_learn_is_noted_and_does_not_stop_loading(numbers, outcome, tmp_path, monkeypatch):
    import sklearn.base

    estimator = LogisticRegression().fit(numbers, outcome)
    monkeypatch.setattr(sklearn.base, "__version__", "1.0")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(estimator))
    monkeypatch.undo()
    model = models.load("model.pkl", root=tmp_path)
    assert "from version 1.0" in model.warnings[0]


def test_skops_types_must_be_vouched_for_by_name(pipeline, people, table, tmp_path, monkeypatch):
    import skops.io

    skops.io.dump(pipeline, tmp_path / "model.skops")
    assert (models.load("model.skops", root=tmp_path).predict(people) == pipeline.predict(table)).all()
    (tmp_path / "ours.py").write_text(
        "from sklearn.base import BaseEstimator\nclass Clip(BaseEstimator):\n    def fit(self, X, y=None):\n        return self\n    def transform(self, X):\n        return X\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import ours

    skops.io.dump(make_pipeline(ours.Clip(), pipeline), tmp_path / "own.skops")
    with pytest.raises(ModelError, match=r'ours\.Clip.*write trusted_types = \["ours\.Clip"\]'):
        models.load("own.skops", root=tmp_path)
    assert models.load("own.skops", root=tmp_path, trusted_types=("ours.Clip",)).predict(people).shape == (60,)
    data = (tmp_path / "model.skops").read_bytes()
    (tmp_path / "cut.skops").write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match=r"cannot be read as \.skops"):
        models.load("cut.skops", root=tmp_path)


def onnx_file(model, path, types, **options):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from skl2onnx import to_onnx

        path.write_bytes(to_onnx(model, initial_types=types, target_opset=17, **options).SerializeToString())


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("labels", ["texts", "numbers"])
def test_onnx_with_one_matrix_agrees_with_scikit_learn(numbers, outcome, people, zipmap, labels, tmp_path):
    from skl2onnx.common.data_types import FloatTensorType

    y = outcome if labels == "texts" else np.where(outcome == ">50K", 7, -3)
    estimator = LogisticRegression().fit(numbers.to_numpy(), y)
    onnx_file(
        estimator, tmp_path / "m.onnx", [("X", FloatTensorType([None, 2]))], options={id(estimator): {"zipmap": zipmap}}
    )
    model = models.load("m.onnx", root=tmp_path)
    assert model.classes == tuple(estimator.classes_.tolist())
    assert (model.predict(people.drop("sex")) == estimator.predict(numbers.to_numpy())).all()
    expected = estimator.predict_proba(numbers.to_numpy())
    assert np.allclose(model.predict_proba(people.drop("sex")), expected, atol=1e-5)


def test_onnx_with_one_input_a_column_takes_mixed_columns(pipeline, table, people, tmp_path):
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    types = [
        ("age", FloatTensorType([None, 1])),
        ("hours per week", FloatTensorType([None, 1])),
        ("sex", StringTensorType([None, 1])),
    ]
    onnx_file(pipeline, tmp_path / "m.onnx", types)
    model = models.load("m.onnx", root=tmp_path)
    assert model.feature_names[0] == "age"
    assert (model.predict(people.select("sex", "age", "hours per week")) == pipeline.predict(table)).all()
    assert np.allclose(model.predict_proba(people), pipeline.predict_proba(table), atol=1e-5)


def test_an_onnx_regressor_answers_numbers(numbers, people, tmp_path):
    from skl2onnx.common.data_types import FloatTensorType

    estimator = LinearRegression().fit(numbers.to_numpy(), numbers["age"] * 2.0)
    onnx_file(estimator, tmp_path / "m.onnx", [("X", FloatTensorType([None, 2]))])
    model = models.load("m.onnx", root=tmp_path)
    assert np.allclose(model.predict(people.drop("sex")), people["age"] * 2.0, rtol=1e-4)
    assert (model.predict_proba(people.drop("sex")), model.classes) == (None, None)


@pytest.mark.parametrize("suffix", ["ubj", "json"])
@pytest.mark.parametrize("classes", [2, 3])
def test_xgboost_files_agree_with_the_estimator(numbers, people, suffix, classes, tmp_path):
    import xgboost

    y = np.arange(60) % classes
    estimator = xgboost.XGBClassifier(n_estimators=3, max_depth=2).fit(numbers, y)
    estimator.save_model(tmp_path / f"m.{suffix}")
    model = models.load(f"m.{suffix}", root=tmp_path)
    assert (model.kind, model.classes) == ("xgboost", tuple(range(classes)))
    assert (model.predict(people) == estimator.predict(numbers)).all()
    assert np.allclose(model.predict_proba(people), estimator.predict_proba(numbers), atol=1e-6)


def test_an_xgboost_regressor_answers_numbers(numbers, people, tmp_path):
    import xgboost

    estimator = xgboost.XGBRegressor(n_estimators=3).fit(numbers, numbers["age"])
    estimator.save_model(tmp_path / "m.ubj")
    model = models.load("m.ubj", root=tmp_path)
    assert np.allclose(model.predict(people), estimator.predict(numbers))
    assert model.predict_proba(people) is None


@pytest.mark.parametrize("classes", [2, 3])
def test_lightgbm_files_agree_with_the_estimator(numbers, people, classes, tmp_path):
    import lightgbm

    y = np.arange(60) % classes
    named = numbers.rename(columns={"hours per week": "hours_per_week"})
    estimator = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(named, y)
    estimator.booster_.save_model(tmp_path / "m.txt")
    model = models.load("m.txt", root=tmp_path)
    assert (model.kind, model.classes) == ("lightgbm", tuple(range(classes)))
    assert (model.predict(people) == estimator.predict(named)).all()
    assert np.allclose(model.predict_proba(people), estimator.predict_proba(named))


def test_a_lightgbm_file_that_is_cut_off_is_no_smaller_model(numbers, tmp_path):
    import lightgbm

    booster = lightgbm.LGBMRegressor(n_estimators=9, verbose=-1).fit(numbers.to_numpy(), numbers["age"]).booster_
    (tmp_path / "m.txt").write_text(booster.model_to_string()[:2000])
    with pytest.raises(ModelError, match="not a whole model file"):
        models.load("m.txt", root=tmp_path)


@pytest.mark.parametrize("name", ["m.onnx", "m.ubj", "m.json", "m.txt", "m.pkl", "m.skops", "m.joblib"])
@pytest.mark.parametrize("data", [b"", b"damaged", b"\x80\x04\x95", b'{"learner": '])
def test_a_damaged_file_of_any_kind_is_a_clear_error(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelError, match=name):
        models.load(name, root=tmp_path)


def test_a_missing_file_names_the_nearest_one(saved):
    with pytest.raises(ModelError, match=r'model modell\.joblib does not exist in .*did you mean "model\.joblib"'):
        models.load("modell.joblib", root=saved)
    with pytest.raises(ModelError, match="there is no folder"):
        models.load("nowhere/model.joblib", root=saved)


def test_an_unknown_suffix_and_an_object_without_predict_are_clear_errors(tmp_path):
    (tmp_path / "model.h5").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"model\.h5 has no suffix"):
        models.load("model.h5", root=tmp_path)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"weights": [1]}))
    with pytest.raises(ModelError, match="an object of type dict, without `predict`"):
        models.load("model.pkl", root=tmp_path)


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        ("m.onnx", "onnxruntime", "onnx"),
        ("m.ubj", "xgboost", "xgboost"),
        ("m.txt", "lightgbm", "lightgbm"),
        ("m.skops", "skops", "artifacts"),
    ],
)
def test_a_missing_library_names_its_extra(name, library, extra, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(b"x")
    without(monkeypatch, library)
    with pytest.raises(MissingExtra, match=rf"pytest-mlready\[{extra}\]"):
        models.load(name, root=tmp_path)


FUNCTIONS = """
import numpy as np

def constant(frame):
    return [1] * len(frame)

def chance(frame):
    return np.full(len(frame), 0.25)

constant.predict_proba = chance
constant.classes = (0, 1)

def broken(frame):
    raise ZeroDivisionError("no <b>rows</b>")

def short(frame):
    return [1]

class Model:
    def predict(self, X):
        return np.zeros(len(X))

instance = Model()
number = 3
"""


@pytest.fixture
def functions(tmp_path):
    name = f"functions_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(FUNCTIONS)
    return lambda attribute: models.load(f"{name}:{attribute}", root=tmp_path)


def test_a_function_is_a_model_with_optional_probabilities(functions, people):
    before = list(sys.path)
    model = functions("constant")
    assert sys.path == before
    assert (model.kind, model.sha256, model.path, model.classes) == ("function", None, None, (0, 1))
    assert model.predict(people).tolist() == [1] * 60
    assert model.predict_proba(people)[0].tolist() == [0.75, 0.25]
    assert functions("instance").predict(people).shape == (60,)


def test_a_function_that_fails_or_answers_another_shape_is_a_clear_error(functions, people):
    with pytest.raises(ModelError, match="predict raised ZeroDivisionError on 60 rows as polars: no <b>rows</b>"):
        functions("broken").predict(people)
    with pytest.raises(ModelError, match=r"array of shape \(1,\)\. Expected: \(60,\)"):
        functions("short").predict(people)


def test_what_is_no_model_is_a_clear_error(functions, tmp_path):
    for attribute, message in {
        "Model": "is a class",
        "number": "is a int",
        "constnat": 'did you mean "constant"',
    }.items():
        with pytest.raises(ModelError, match=message):
            functions(attribute)
    with pytest.raises(ModelError, match="there is no module no_such_module"):
        models.load("no_such_module:x", root=tmp_path)
    (tmp_path / "breaks_on_import.py").write_text("1 / 0\n")
    with pytest.raises(ModelError, match="importing breaks_on_import raised ZeroDivisionError"):
        models.load("breaks_on_import:x", root=tmp_path)


def test_a_hook_may_return_a_model_or_an_estimator(saved, pipeline, people):
    model = models.load("model.joblib", root=saved)
    assert models.wrap(model, source="hook") is model
    assert models.wrap(pipeline, source="hook").predict(people).shape == (60,)
