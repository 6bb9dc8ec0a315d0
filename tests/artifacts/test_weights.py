"""Weights are read by name from models of every library, and what is no weight is left aside."""

from __future__ import annotations

import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn import (
    calibration,
    cluster,
    compose,
    ensemble,
    impute,
    linear_model,
    model_selection,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.datasets import load_breast_cancer

from pytest_mlready.artifacts import booster_weights, models, onnx_weights, weights
from pytest_mlready.errors import Inconclusive

X, Y = load_breast_cancer(return_X_y=True)
GAPS = np.where(np.random.default_rng(0).random(X.shape) < 0.1, np.nan, X)


def fitted(estimator, rows=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(rows, Y)


def wrong(estimator):
    return [name for name, values in weights.of_object(estimator) if not np.isfinite(values).all()]


def count(estimator):
    return sum(values.size for _, values in weights.of_object(estimator))


@pytest.mark.parametrize(
    ("estimator", "rows", "least"),
    [
        (linear_model.LogisticRegression(), X, 31),
        (linear_model.SGDClassifier(), X, 31),
        (tree.DecisionTreeClassifier(), GAPS, 20),
        (ensemble.RandomForestClassifier(5, oob_score=True), X, 100),
        (ensemble.HistGradientBoostingClassifier(max_iter=5), GAPS, 100),
        (ensemble.GradientBoostingClassifier(n_estimators=3), X, 20),
        (svm.SVC(), X, 100),
        (neighbors.KNeighborsClassifier(), X, X.size),
        (neural_network.MLPClassifier(max_iter=5), X, 3000),
        (naive_bayes.GaussianNB(), X, 100),
        (calibration.CalibratedClassifierCV(linear_model.LogisticRegression(), cv=2, method="isotonic"), X, 60),
        (model_selection.GridSearchCV(tree.DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2), X, 3),
        (ensemble.VotingClassifier([("nb", naive_bayes.GaussianNB())]), X, 100),
        (
            compose.ColumnTransformer(
                [("impute", impute.SimpleImputer(), [0]), ("word", preprocessing.OneHotEncoder(), [1])]
            ),
            X,
            0,
        ),
        (pipeline.make_pipeline(preprocessing.KBinsDiscretizer(), linear_model.Ridge()), X, 100),
    ],
    ids=lambda v: type(v).__name__ if hasattr(v, "fit") else "",
)
def test_estimators_have_finite_weights_also_where_nan_stands_for_missing(estimator, rows, least):
    model = fitted(estimator, rows)
    # Thresholds of a split by "missing" are infinite, which is in order.
    assert {name.rpartition(".")[2] for name in wrong(model)} <= {"threshold", "num_threshold"}
    assert not any(np.isnan(values).any() for _, values in weights.of_object(model))
    assert count(model) >= least


def planted(estimator, path, value=np.nan):
    """The estimator with a value put at the path, such as "coef_" or "estimators_[0].tree_"."""
    model = fitted(estimator)
    path(model, value)
    return model


@pytest.mark.parametrize(
    ("estimator", "plant", "named"),
    [
        (linear_model.LogisticRegression(), lambda m, v: m.coef_.__setitem__((0, 3), v), "coef_"),
        (linear_model.Ridge(), lambda m, v: setattr(m, "intercept_", v), "intercept_"),
        (
            ensemble.RandomForestClassifier(3), lambda m, v: m.estimators_[1].tree_.value.__setitem__((0, 0, 0), v),
            "estimators_[1].tree_.values",
        ),
        (
            ensemble.HistGradientBoostingClassifier(max_iter=3),
            lambda m, v: m._predictors[2][0].nodes["value"].__setitem__(1, v), "_predictors[2][0].nodes.value",
        ),
        (
            pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()),
            lambda m, v: m[0].scale_.__setitem__(0, v), "steps[0][1].scale_",
        ),
        (neural_network.MLPClassifier(max_iter=3), lambda m, v: m.coefs_[1].__setitem__((0, 0), v), "coefs_[1]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_value_that_is_not_finite_is_found_by_name(estimator, plant, named, value):
    (found,) = wrong(planted(estimator, plant, value))
    assert found.startswith(named)


def test_parameters_and_scores_are_no_weights():
    model = fitted(model_selection.GridSearchCV(tree.DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2))
    model.cv_results_["mean_test_score"][:] = np.nan
    assert wrong(model) == []
    assert wrong(impute.SimpleImputer(missing_values=np.nan, fill_value=np.inf).fit(X)) == []


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"])
def test_a_nan_is_found_in_every_form_of_sparse_matrix(form):
    class Holder: ...

    holder = Holder()
    holder.table = getattr(sparse, f"{form}_matrix")(np.array([[1.0, np.nan], [0.0, 2.0]]))
    assert wrong(holder) == ["table.data"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_coefficients_in_a_series_are_read(library):
    class Holder: ...

    holder = Holder()
    holder.params = pytest.importorskip(library).Series([1.0, np.nan])
    assert wrong(holder) == ["params"]


def test_rows_that_an_imputer_or_a_clustering_keeps_may_have_gaps():
    rows = np.where(np.arange(60).reshape(20, 3) % 7 == 0, np.nan, np.arange(60.0).reshape(20, 3))
    assert wrong(impute.KNNImputer().fit(rows)) == []
    assert wrong(cluster.OPTICS(min_samples=2).fit(np.nan_to_num(rows))) == []


def test_an_object_that_lies_inside_itself_ends():
    class Ring: ...

    ring = Ring()
    ring.self, ring.coef_ = ring, np.array([1.0])
    assert count(ring) == 1


def test_a_model_of_too_many_parts_is_inconclusive(monkeypatch):
    monkeypatch.setattr(weights, "MOST", 3)
    with pytest.raises(Inconclusive, match="more than 3 parts"):
        count(fitted(ensemble.RandomForestClassifier(3)))


def test_a_function_shows_nothing():
    assert list(weights.of_object(lambda rows: rows)) == []


@pytest.mark.parametrize("linear", [False, True])
def test_lightgbms_leaves_are_read(linear):
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.train(
        {"objective": "binary", "verbose": -1, "linear_tree": linear}, lightgbm.Dataset(X, label=Y), 3
    )
    names = dict(weights.of_object(model))
    assert names["leaf_value"].size == sum(t["num_leaves"] for t in model.dump_model()["tree_info"])
    assert ("leaf_coeff" in names) == linear
    assert wrong(model) == []
    text = model.model_to_string()
    first = text.partition("leaf_value=")[2].split()[0]
    text = text.replace(f"leaf_value={first}", "leaf_value=nan", 1)  # LightGBM itself aborts on text of another length
    broken = dict(booster_weights.lightgbm(SimpleNamespace(model_to_string=lambda: text)))
    assert np.isnan(broken["leaf_value"]).sum() == 1


@pytest.mark.parametrize("kind", ["gbtree", "gblinear", "dart"])
def test_xgboosts_leaves_and_coefficients_are_read(kind):
    xgboost = pytest.importorskip("xgboost")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = xgboost.XGBClassifier(n_estimators=3, booster=kind).fit(X, Y)
    assert wrong(model) == []
    assert count(model) >= 10
    document = json.loads(model.get_booster().save_raw("json"))
    inner = document["learner"]["gradient_booster"]
    held = inner.get("gbtree", inner)["model"]
    values = held["weights"] if kind == "gblinear" else held["trees"][1]["split_conditions"]
    values[-1] = float("nan")
    (found,) = wrong(xgboost.Booster(model_file=bytearray(json.dumps(document).encode())))
    assert found.endswith("weights" if kind == "gblinear" else "trees[1].leaf")


@pytest.fixture
def onnx_file(tmp_path):
    skl2onnx, onnx = pytest.importorskip("skl2onnx"), pytest.importorskip("onnx")
    from skl2onnx.common.data_types import FloatTensorType

    def make(estimator, change=lambda model: None):
        made = skl2onnx.convert_sklearn(fitted(estimator), initial_types=[("x", FloatTensorType([None, X.shape[1]]))])
        change(made)
        path = tmp_path / "model.onnx"
        path.write_bytes(onnx._serialize(made) if hasattr(onnx, "_serialize") else made.SerializeToString())
        return models.load("model.onnx", root=tmp_path)

    return make


@pytest.mark.parametrize(
    ("estimator", "attribute"),
    [(linear_model.LogisticRegression(), "coefficients"), (ensemble.RandomForestClassifier(3), "nodes_values")],
)
def test_onnx_attributes_are_read_and_a_nan_among_them_is_found(onnx_file, estimator, attribute):
    assert all(np.isfinite(values).all() for _, values in weights.of_model(onnx_file(estimator)))

    def change(model):
        (found,) = [a for n in model.graph.node for a in n.attribute if a.name == attribute]
        found.floats[0] = float("nan")

    bad = [name for name, values in weights.of_model(onnx_file(estimator, change)) if np.isnan(values).any()]
    assert len(bad) == 1
    assert bad[0].endswith(f".{attribute}")


@pytest.mark.parametrize(
    ("dtype", "raw"),
    [
        ("float32", True),
        ("float32", False),
        ("float64", True),
        ("float64", False),
        ("float16", True),
        ("bfloat16", True),
    ],
)
def test_onnx_initialisers_are_read_in_every_type_of_float(dtype, raw):
    onnx = pytest.importorskip("onnx")
    kind = {"float32": 1, "float64": 11, "float16": 10, "bfloat16": 16}[dtype]
    values = np.array([1.0, np.inf, 2.5])
    content = values.astype("f4").view("u4") >> 16 if dtype == "bfloat16" else values.astype(dtype)
    tensor = onnx.TensorProto(name="w", data_type=kind, dims=[3])
    if raw:
        tensor.raw_data = (content.astype("u2") if dtype == "bfloat16" else content).tobytes()
    else:
        (tensor.float_data if dtype == "float32" else tensor.double_data).extend(values)
    graph = onnx.helper.make_graph([], "g", [], [], initializer=[tensor])
    ((name, found),) = onnx_weights.read(onnx.helper.make_model(graph).SerializeToString())
    assert name == "w"
    assert found.tolist() == [1.0, np.inf, 2.5]


def test_onnx_constants_inside_branches_are_read():
    onnx = pytest.importorskip("onnx")
    constant = onnx.helper.make_node(
        "Constant", [], ["c"], value=onnx.helper.make_tensor("inner", 1, [2], [1.0, float("nan")])
    )
    branch = onnx.helper.make_graph([constant], "b", [], [])
    node = onnx.helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], []))
    found = list(onnx_weights.read(model.SerializeToString()))
    assert len(found) == 2
    assert all(np.isnan(values).sum() == 1 for _, values in found)


@pytest.mark.parametrize("data", [b"\x3a\xff", b"\x3b"])
def test_a_damaged_onnx_file_is_said_to_be_one(data):
    with pytest.raises(ValueError, match="ONNX"):
        list(onnx_weights.read(data))


def test_the_state_of_a_torch_like_module_is_read():
    class Tensor:
        def __init__(self, values):
            self.values = np.array(values)

        def numpy(self):
            return self.values

        detach = float = cpu = lambda self: self

    class Module:
        def state_dict(self):
            return {"layer.weight": Tensor([1.0, np.nan]), "steps": 3}

    class Wrapper:
        def __init__(self):
            self.net = Module()

    ((name, values),) = weights.of_object(Wrapper())
    assert name == "net.layer.weight"
    assert np.isnan(values[1])
