"""Holds every metric against scikit-learn and sacrebleu, under weights too, and every refusal against its reason."""

import builtins
from dataclasses import replace

import numpy as np
import pytest
import sacrebleu
from sklearn import metrics as sk

from pytest_mlready.errors import Inconclusive, MissingExtra, ReadinessError
from pytest_mlready.quality import intervals
from pytest_mlready.quality.metrics import METRICS, measure, names, resolve
from pytest_mlready.values import Predictions

YES, NO = ">50K", "<=50K"


def binary(n=400, seed=0, *, separation=1.5, share=0.3):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < share
    score = np.round(1 / (1 + np.exp(-(rng.normal(size=n) + separation * (truth - 0.5)))), 2)  # with ties
    y, labels = np.where(truth, YES, NO), np.where(score > 0.5, YES, NO)
    return Predictions(
        task="binary-classification", y=y, labels=labels, classes=(NO, YES), proba=np.column_stack([1 - score, score]),
        score=score, positive=YES, sha256="x",
    )  # fmt: skip


def multiclass(n=400, seed=0):
    rng = np.random.default_rng(seed)
    names = np.array(["ant", "bee", "cat"])
    code = rng.integers(0, 3, n)
    proba = rng.dirichlet([1, 1, 1], n) + np.eye(3)[code] * 0.5
    proba /= proba.sum(axis=1, keepdims=True)
    return Predictions(
        task="multiclass-classification", y=names[code], labels=names[proba.argmax(axis=1)], classes=tuple(names.tolist()),
        proba=proba, sha256="x",
    )  # fmt: skip


def regression(n=300, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(10, 3, n)
    return Predictions(task="regression", y=y, labels=y + rng.normal(size=n), sha256="x")


def texts(n=120):
    subjects = ["the cat", "a small dog", "our old neighbour", "the quick brown fox", "nobody"]
    verbs = ["sat on", "jumped over", "looked at", "wrote about", "ran from"]
    things = ["the mat", "a lazy dog", "three red houses", "the long river", "it all", "the moon"]
    y = [f"{subjects[i % 5]} {verbs[i // 5 % 5]} {things[i % 6]} number {i}" for i in range(n)]
    said = [t if i % 3 else t.replace("the", "some").replace("number", "no") for i, t in enumerate(y)]
    return Predictions(task="text-generation", y=np.array(y, object), labels=np.array(said, object), sha256="x")


ORACLES = {
    "accuracy": lambda p, w: sk.accuracy_score(p.y, p.labels, sample_weight=w),
    "balanced_accuracy": lambda p, w: sk.balanced_accuracy_score(p.y, p.labels, sample_weight=w),
    "precision": lambda p, w: sk.precision_score(p.y, p.labels, pos_label=YES, sample_weight=w),
    "recall": lambda p, w: sk.recall_score(p.y, p.labels, pos_label=YES, sample_weight=w),
    "specificity": lambda p, w: sk.recall_score(p.y, p.labels, pos_label=NO, sample_weight=w),
    "npv": lambda p, w: sk.precision_score(p.y, p.labels, pos_label=NO, sample_weight=w),
    "fpr": lambda p, w: 1 - sk.recall_score(p.y, p.labels, pos_label=NO, sample_weight=w),
    "fnr": lambda p, w: 1 - sk.recall_score(p.y, p.labels, pos_label=YES, sample_weight=w),
    "error_rate": lambda p, w: sk.zero_one_loss(p.y, p.labels, sample_weight=w),
    "f1": lambda p, w: sk.f1_score(p.y, p.labels, pos_label=YES, sample_weight=w),
    "mcc": lambda p, w: sk.matthews_corrcoef(p.y, p.labels, sample_weight=w),
    "roc_auc": lambda p, w: sk.roc_auc_score(
        p.y, p.score if p.positive else p.proba, multi_class="ovr", average="macro", sample_weight=w
    ),
    "average_precision": lambda p, w: sk.average_precision_score(p.y, p.score, pos_label=YES, sample_weight=w),
    "log_loss": lambda p, w: sk.log_loss(p.y, p.proba, sample_weight=w, labels=p.classes),
    "brier": lambda p, w: sk.brier_score_loss(p.y, p.score if p.positive else p.proba, **({"pos_label": YES} if p.positive else {}), sample_weight=w),
    "mae": lambda p, w: sk.mean_absolute_error(p.y, p.labels, sample_weight=w),
    "mse": lambda p, w: sk.mean_squared_error(p.y, p.labels, sample_weight=w),
    "rmse": lambda p, w: sk.root_mean_squared_error(p.y, p.labels, sample_weight=w),
    "mape": lambda p, w: sk.mean_absolute_percentage_error(p.y, p.labels, sample_weight=w),
    "r2": lambda p, w: sk.r2_score(p.y, p.labels, sample_weight=w),
    **{
        f"{name}_{average}": lambda p, w, f=function, a=average: f(p.y, p.labels, average=a, sample_weight=w)
        for name, function in [("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)]
        for average in ("macro", "micro", "weighted")
    },
}  # fmt: skip
DATA = {
    "binary-classification": binary,
    "multiclass-classification": multiclass,
    "regression": regression,
    "text-generation": texts,
}
COVERED = [(m, t) for m in METRICS for t in m.tasks if m.name in ORACLES]


@pytest.mark.parametrize(("metric", "task"), COVERED, ids=lambda v: getattr(v, "name", v))
def test_each_metric_agrees_with_scikit_learn_under_many_weightings_at_once(metric, task):
    p = DATA[task]()
    rng = np.random.default_rng(0)
    weights = np.vstack([np.ones(len(p)), rng.integers(0, 4, len(p)), rng.random(len(p))])
    expected = [ORACLES[metric.name](p, w) for w in weights]
    np.testing.assert_allclose(metric.statistic(p)(weights), expected, atol=1e-9)


def test_metrics_without_an_oracle_are_few_and_tested_below():
    assert {m.name for m in METRICS} - set(ORACLES) == {"ece", "median_absolute_error", "max_error", "bleu", "chrf", "exact_match", "ndcg"}  # fmt: skip


def test_the_median_and_largest_error_agree_with_scikit_learn():
    p = regression(301)
    assert measure("median_absolute_error", p).value == sk.median_absolute_error(p.y, p.labels)
    twice = replace(p, y=np.r_[p.y, p.y[:1]], labels=np.r_[p.labels, p.labels[:1]])
    counted = np.r_[2, np.ones(300)][None, :]
    assert resolve("median_absolute_error", "regression").statistic(p)(counted)[0] == sk.median_absolute_error(
        twice.y, twice.labels
    )
    assert measure("max_error", p, confidence=0).value == sk.max_error(p.y, p.labels)


def test_corpus_scores_are_sacrebleus():
    p = texts()
    references = [list(p.y)]
    assert measure("bleu", p).value == pytest.approx(sacrebleu.corpus_bleu(list(p.labels), references).score, abs=1e-9)
    assert measure("chrf", p).value == pytest.approx(sacrebleu.corpus_chrf(list(p.labels), references).score, abs=1e-9)
    half = np.r_[np.ones(60), np.zeros(60)]
    expected = sacrebleu.corpus_bleu(list(p.labels[:60]), [list(p.y[:60])]).score
    assert resolve("bleu", p.task).statistic(p)(half[None, :])[0] == pytest.approx(expected, abs=1e-9)


def test_several_references_are_all_accepted():
    p = texts()
    y = np.empty(len(p), object)
    y[:] = [["something else entirely"] * (i % 2) + [t] for i, t in enumerate(p.labels)]
    p = replace(p, y=y)
    assert measure("exact_match", p).value == 1
    assert measure("bleu", p).value == pytest.approx(100)


def test_a_missing_sacrebleu_is_named_with_its_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("sacrebleu"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[text\]"):
        measure("bleu", texts())


def test_ndcg_is_the_mean_over_queries_and_resamples_whole_queries():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(150), 8)
    y = rng.integers(0, 4, 1200).astype(float)
    score = y + rng.normal(size=1200)
    p = Predictions(task="ranking", y=y, labels=score, score=score, extra={"group": group}, sha256="x")
    found = measure("ndcg", p)
    expected = sk.ndcg_score(y.reshape(150, 8), score.reshape(150, 8))
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.lower < found.value < found.upper
    assert "cluster" in found.method


def test_calibration_error_is_zero_for_exact_frequencies_and_the_gap_for_overconfidence():
    score = np.repeat([0.25, 0.75], 200)
    y = np.tile([1, 0, 0, 0], 50).tolist() + np.tile([1, 1, 1, 0], 50).tolist()
    p = replace(
        binary(),
        y=np.where(np.array(y) == 1, YES, NO),
        labels=np.where(score > 0.5, YES, NO),
        score=score,
        proba=np.column_stack([1 - score, score]),
    )
    assert measure("ece", p, confidence=0).value == pytest.approx(0, abs=1e-12)
    sure = np.where(score > 0.5, 0.95, 0.05)
    p = replace(p, score=sure, proba=np.column_stack([1 - sure, sure]))
    assert measure("ece", p, confidence=0).value == pytest.approx(0.2)


@pytest.mark.parametrize("name", ["jaccard", "d2_log_loss_score", "neg_log_loss", "roc_auc", "f1"])
def test_scikit_learns_scorer_names_mean_what_they_mean_there(name):
    p = binary(250)
    truth = (p.y == YES).astype(int)
    model = sk.get_scorer(name)
    expected = {
        "jaccard": sk.jaccard_score(truth, p.labels == YES),
        "d2_log_loss_score": sk.d2_log_loss_score(truth, p.score),
        "neg_log_loss": -sk.log_loss(truth, p.score),
        "roc_auc": sk.roc_auc_score(truth, p.score),
        "f1": sk.f1_score(truth, p.labels == YES),
    }[name]
    assert model is not None
    assert measure(name, p, confidence=0).value == pytest.approx(expected, abs=1e-9)
    assert measure(name, p, confidence=0).greater_is_better


def test_scorers_that_only_scikit_learn_knows_are_bounded_by_drawing_rows():
    found = measure("explained_variance", regression(150))
    assert found.lower < found.value < found.upper


def test_a_negated_error_has_the_bounds_of_the_error_turned_round():
    plain, negated = measure("mae", regression(), seed=1), measure("neg_mean_absolute_error", regression(), seed=1)
    assert (negated.lower, negated.upper) == pytest.approx((-plain.upper, -plain.lower), rel=0.01)


def off_by_more_than_one(y_true, y_pred):
    return float(np.mean(np.abs(y_true - y_pred) > 1))


def test_a_function_of_the_team_is_a_metric():
    metric = resolve("misses", "regression", function=off_by_more_than_one, greater_is_better=False)
    found = measure(metric, regression())
    assert found.value == off_by_more_than_one(regression().y, regression().labels)
    assert found.lower < found.value < found.upper
    assert not found.greater_is_better


def test_a_function_is_found_by_module_and_name():
    assert resolve("sklearn.metrics:zero_one_loss", "multiclass-classification", greater_is_better=False)
    with pytest.raises(ReadinessError, match="cannot be imported"):
        resolve("sklearn.metrics:zero_one_los", "regression")


def test_a_function_that_raises_is_reported_in_words():
    metric = resolve("broken", "regression", function=lambda y_true, y_pred: 1 / 0)
    with pytest.raises(ReadinessError, match="broken cannot be computed: ZeroDivisionError"):
        measure(metric, regression())


def test_a_function_without_sample_weight_cannot_judge_weighted_rows():
    metric = resolve("misses", "regression", function=off_by_more_than_one)
    with pytest.raises(Inconclusive, match="sample_weight"):
        measure(metric, replace(regression(), weight=np.ones(300)))


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ReadinessError, match='no metric "roc_acu"; did you mean "roc_auc"'):
        resolve("roc_acu", "binary-classification")


def test_a_metric_of_another_task_is_refused_with_what_would_suit():
    with pytest.raises(ReadinessError, match=r"f1 is a metric of binary-classification.*f1_macro"):
        resolve("f1", "multiclass-classification")


def test_all_names_can_be_listed():
    assert {"accuracy", "auc", "neg_log_loss", "jaccard"} <= set(names())


def test_rates_are_bounded_on_their_own_denominator():
    p = binary()
    found = measure("recall", p)
    positives = int((p.y == YES).sum())
    hits = int(((p.y == YES) & (p.labels == YES)).sum())
    assert found.n == positives
    assert found.rows == "positive rows"
    assert (found.lower, found.upper) == intervals.wilson(hits, positives, sides=1)


def test_the_area_is_bounded_by_logit_delong():
    p = binary()
    expected = intervals.logit_delong(p.y == YES, p.score, sides=1)
    found = measure("roc_auc", p)
    assert (found.value, found.lower, found.upper) == (expected.estimate, expected.lower, expected.upper)


def test_a_perfect_ranking_is_bounded_by_disjoint_pairs():
    p = binary()
    p = replace(p, score=(p.y == YES).astype(float))
    found = measure("roc_auc", p)
    assert found.lower == pytest.approx(1 - 3 / (p.y == YES).sum(), abs=0.002)
    assert found.upper == 1


def test_everything_else_is_bounded_by_a_bootstrap_that_a_digest_seeds():
    p = binary()
    assert measure("f1", p) == measure("f1", p) != measure("f1", replace(p, sha256="other"))
    assert measure("f1", p).method == "BCa bootstrap"


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "balanced_accuracy"])
def test_clusters_widen_every_bound(name):
    one = binary(300)
    tenfold = {k: np.repeat(getattr(one, k), 10, axis=0) for k in ("y", "labels", "score", "proba")}
    rows = replace(one, **tenfold)
    clustered = replace(rows, cluster=np.repeat(np.arange(300), 10))
    narrow, wide, alone = measure(name, rows), measure(name, clustered), measure(name, one)
    assert wide.method == "BCa cluster bootstrap"
    assert wide.upper - wide.lower > 2.5 * (narrow.upper - narrow.lower)
    assert wide.upper - wide.lower == pytest.approx(alone.upper - alone.lower, rel=0.15)


def test_clusters_that_are_all_right_count_once_each():
    p = binary(300)
    p = replace(p, labels=p.y, cluster=np.repeat(np.arange(100), 3))
    assert measure("accuracy", p).lower == intervals.wilson(100, 100, sides=1)[0]


def test_weights_weigh_the_value_and_are_bounded_by_a_bootstrap():
    weight = np.random.default_rng(1).random(400)
    p = replace(binary(), weight=weight)
    found = measure("accuracy", p)
    assert found.value == pytest.approx(sk.accuracy_score(p.y, p.labels, sample_weight=weight))
    assert found.method == "BCa bootstrap"
    assert found.lower < found.value < found.upper


@pytest.mark.parametrize(
    ("name", "p", "reason"),
    [
        ("accuracy", replace(binary(), y=binary().y[:0], labels=binary().y[:0]), "no rows"),
        ("f1", replace(binary(), y=np.full(400, YES)), "every row is >50K"),
        ("roc_auc", replace(binary(), score=None), "no probabilities or decision values"),
        ("log_loss", replace(binary(), proba=None), "no probabilities"),
        ("roc_auc", replace(binary(), score=np.r_[np.nan, binary().score[1:]]), "scores hold 1 missing"),
        ("mae", replace(regression(), labels=np.r_[np.nan, regression().labels[1:]]), "predictions hold 1 missing"),
        ("mae", replace(regression(), y=np.r_[np.inf, regression().y[1:]]), "target hold 1 missing"),
        ("roc_auc", binary(400, share=0.1), "rows of the rarest class, and a bound needs 50"),
        ("f1", binary(99), "only 99 rows"),
        ("mae", regression(99), "only 99 rows"),
        ("accuracy", replace(binary(), cluster=np.arange(400) % 19), "only 19 clusters"),
        ("ndcg", Predictions(task="ranking", y=np.ones(9), labels=np.ones(9)), "no group column"),
        ("max_error", regression(), "no confidence bound exists for a maximum"),
        ("precision", replace(binary(), labels=np.full(400, NO)), "no rows predicted positive"),
        ("balanced_accuracy", replace(binary(), labels=binary().y), "no resample differs"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_says_why_and_has_no_bounds(name, p, reason):
    found = measure(name, p)
    assert reason in found.reason
    assert found.lower is None


def test_without_confidence_the_point_estimate_comes_alone():
    found = measure("roc_auc", binary(60), confidence=0)
    assert found.value is not None
    assert (found.lower, found.upper, found.reason) == (None, None, "")


def test_wide_problems_stay_sparse():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2000, 5000)
    p = Predictions(task="multiclass-classification", y=y, labels=np.where(rng.random(5000) < 0.5, y, 0), sha256="x")
    metric = resolve("f1_macro", p.task)
    assert metric.statistic(p)(np.ones((1, 5000)))[0] == pytest.approx(sk.f1_score(y, p.labels, average="macro"))


def test_a_share_of_rows_is_measured_on_a_single_class_too():
    p = replace(binary(), y=np.full(400, NO), labels=np.full(400, YES))
    assert (measure("accuracy", p).value, measure("fpr", p).value) == (0.0, 1.0)
    assert "no positive rows" in measure("recall", p).reason


def test_few_rows_without_clusters_are_not_called_clusters():
    p = binary(12)
    assert measure("accuracy", p).reason == ""
    assert "cluster" not in measure("f1", p).reason


def test_an_alias_needs_as_many_rows_as_the_name_it_stands_for():
    p = multiclass(400)
    rare = replace(p, y=np.where(np.arange(400) < 10, "ant", np.where(p.y == "ant", "bee", p.y)))
    assert all("only 10 rows of the rarest class" in measure(name, rare).reason for name in ("roc_auc", "auroc"))


def test_only_clusters_with_rows_that_count_are_counted():
    y = np.where(np.arange(2000) < 60, YES, NO)
    p = replace(binary(2000), y=y, labels=y, cluster=np.arange(2000) // 10)
    assert "only 6 clusters with positive rows" in measure("recall", p).reason
    assert "only 6 clusters with rows of one class" in measure("roc_auc", p).reason
    assert measure("accuracy", p).lower == pytest.approx(intervals.wilson(200, 200, sides=1)[0])


def test_rows_of_unequal_weight_are_worth_fewer_rows():
    p = binary(1000)
    heavy = np.where(np.arange(1000) == 5, 1e6, 1.0)
    assert (
        "the rows are worth 1, and a bootstrap bound needs 100" in measure("accuracy", replace(p, weight=heavy)).reason
    )


def test_weighted_rows_that_are_all_right_are_bounded_by_their_worth():
    p = binary(400)
    found = measure("accuracy", replace(p, labels=p.y, weight=np.full(400, 2.5)))
    assert found.lower == pytest.approx(intervals.wilson(400, 400, sides=1)[0])


def test_a_share_of_very_few_rows_is_bounded_exactly():
    p = binary(12)
    found = measure("accuracy", replace(p, labels=p.y))
    assert found.method == "Clopper-Pearson"
    assert found.lower == pytest.approx(0.05 ** (1 / 12))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "share"), [(500, 0.3), (1000, 0.1)])
def test_the_upper_bound_of_f1_covers_on_held_out_sets_drawn_at_random(n, share):
    """Resampling within classes covers .92 and .88 here: the class shares of a held-out set are random too."""
    truth, covered, repetitions = 2 * share * 0.8 / (share + share * 0.8 + (1 - share) * 0.2), 0, 200
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        y = rng.random(n) < share
        labels = np.where(rng.random(n) < 0.8, y, ~y)
        p = Predictions(task="binary-classification", y=y, labels=labels, classes=(False, True), positive=True)
        covered += measure("f1", p, confidence=0.95, seed=seed).upper >= truth
    assert 0.92 <= covered / repetitions <= 0.98
