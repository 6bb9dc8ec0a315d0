from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.quality import experiment_verdicts, experiments
from pytest_mlready.quality.experiment_verdicts import Demands
from pytest_mlready.quality.experiments import Columns

TODAY = dt.date(2026, 11, 24)
DEMANDS = Demands(today=TODAY, max_age=dt.timedelta(days=730))
NAMES = {"offline_metric": "roc_auc", "online_metric": "orders"}


def table(n=12, *, slope=1.0, **more):
    """Experiments whose online difference follows the offline one, with some disorder, losers among them."""
    offline = [0.001 * (k - 3) for k in range(n)]
    online = [slope * 0.2 * x + 0.0002 * ((k * 7) % 5 - 2) for k, x in enumerate(offline)]
    days = [TODAY - dt.timedelta(days=20 * (n - k)) for k in range(n)]
    frame = pl.DataFrame(
        {"experiment": [f"exp-{k}" for k in range(n)], "date": days, "offline": offline, "online": online}
    )
    return frame.with_columns(pl.lit(v).alias(k) for k, v in (NAMES | more).items())


def judged(frame, *, pair=(), demands=DEMANDS, columns=None):
    return experiment_verdicts.judge(experiments.select(frame, columns or Columns(), pair=pair), demands)


def outcome(verdicts):
    found = [v.outcome for v in verdicts]
    return next(o for o in ("failed", "inconclusive", "passed") if o in found)


def said(verdicts):
    return "\n".join(v.message for v in verdicts)


def test_differences_that_rise_together_pass_with_the_agreement_of_signs_recorded():
    verdicts = judged(table())
    assert outcome(verdicts) == "passed"
    noted = {m.name: m for v in verdicts for m in v.measurements}
    assert noted["Spearman's correlation"].interval[0] > 0
    assert noted["differences of one sign"].n == 12
    assert noted["experiments that lost online"].value > 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.with_columns(online=-pl.col("online")), "rho -"),
        (lambda t: pl.concat([t, t.head(2)]), "stand more than once"),
        (lambda t: t.with_columns(date=pl.col("date") + pl.duration(days=300)), "yet to come"),
        (
            lambda t: t.with_columns(online_lower=pl.col("online") + 1, online_upper=pl.col("online") + 2),
            "own interval",
        ),
        (
            lambda t: t.with_columns(offline_metric=pl.lit("log_loss")),
            "taking less log_loss and more orders for better",
        ),
    ],
    ids=["the wrong way round", "twice", "future", "interval", "a loss taken for a gain"],
)
def test_a_table_that_says_otherwise_or_is_wrong_fails(change, text):
    verdicts = judged(change(table()))
    assert outcome(verdicts) == "failed"
    assert text in said(verdicts)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.head(7), "7 experiments count"),
        (lambda t: t.with_columns(date=pl.col("date") - pl.duration(days=700)), "experiments count (none older than 730 days)"),
        (lambda t: t.with_columns(online=pl.lit(0.1)), "1 different values"),
        (lambda t: t.with_columns(online=pl.col("online").round(3)), "different values"),
        (lambda t: t.with_columns(online=pl.when(pl.col("experiment") != "exp-3").then("online")), "exp-3 have no online difference"),
        (lambda t: t.with_columns(offline=pl.when(pl.col("experiment") != "exp-3").then("offline").otherwise(float("nan"))), "no offline difference"),
        (lambda t: t.with_columns(date=pl.when(pl.col("experiment") != "exp-3").then("date")), "exp-3 have no date"),
        (lambda t: t.with_columns(experiment=pl.when(pl.col("experiment") != "exp-3").then("experiment")), "1 experiments have no name"),
        (lambda t: t.with_columns(online=pl.Series([0.3, -0.1, 0.2, -0.3, 0.0, 0.25, -0.2, 0.31, 0.1, -0.25, 0.12, 0.02])), "No sign of a relation yet"),
        (lambda t: t.drop("offline_metric"), "does not say which metrics"),
        (lambda t: pl.concat([t, t.with_columns(online_metric=pl.lit("returns"))]), "mixes 2 pairs of metrics"),
        (lambda t: t.head(0), "does not say which metrics"),
    ],
    ids=["few", "old", "constant", "rounded", "null", "nan", "undated", "nameless", "noise", "unnamed metrics", "mixed", "empty"],
)  # fmt: skip
def test_a_table_that_cannot_tell_is_inconclusive(change, text):
    verdicts = judged(change(table()))
    assert outcome(verdicts) == "inconclusive"
    assert text in said(verdicts)


def test_copies_under_other_names_count_once():
    copies = pl.concat([table(5), table(5).with_columns(experiment=pl.col("experiment") + "-again")])
    verdicts = judged(copies)
    assert outcome(verdicts) == "inconclusive"
    assert "5 experiments count" in said(verdicts)


def test_one_of_several_pairs_can_be_chosen():
    frame = pl.concat([table(), table(slope=-1.0, online_metric="returns")])
    assert outcome(judged(frame, pair=("roc_auc", "orders"))) == "passed"
    assert outcome(judged(frame, pair=("roc_auc", "returns"))) == "failed"
    less = replace(DEMANDS, less=(None, True))
    assert outcome(judged(frame, pair=("roc_auc", "returns"), demands=less)) == "passed"


def test_settings_may_say_what_a_table_without_names_is_about():
    frame = table().drop("offline_metric", "online_metric")
    assert outcome(judged(frame, pair=("log_loss", "orders"))) == "failed"
    assert outcome(judged(frame, pair=("roc_auc", "orders"))) == "passed"


def test_agreement_is_also_told_for_the_experiments_that_were_clear():
    frame = table().with_columns(online_lower=pl.col("online") - 0.0009, online_upper=pl.col("online") + 0.0009)
    noted = {m.name: m for v in judged(frame) for m in v.measurements}
    assert 0 < noted["of one sign, where the online interval excludes 0"].n < 12


def test_zero_agrees_with_nothing():
    frame = table().with_columns(online=pl.when(pl.col("experiment") == "exp-11").then(0.0).otherwise("online"))
    noted = {m.name: m for v in judged(frame) for m in v.measurements}
    assert noted["differences of one sign"].value < 1


def test_point_estimates_alone_are_compared_where_that_was_asked():
    noisy = table(8).with_columns(online=pl.Series([1.0, 4, 2, 3, 6, 5, 0, 7]))
    assert outcome(judged(noisy)) == "inconclusive"
    assert outcome(judged(noisy, demands=replace(DEMANDS, confidence=0.0))) == "passed"


def test_dates_may_be_texts():
    frame = table().with_columns(date=pl.col("date").dt.to_string("%Y-%m-%dT10:00:00Z"))
    assert outcome(judged(frame)) == "passed"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.rename({"online": "onlin"}), 'no column "online"; did you mean "onlin"'),
        (lambda t: t.with_columns(online=pl.lit("+0.3 %")), r"holds \"\+0.3 %\""),
        (lambda t: t.with_columns(date=pl.lit(20260101)), "holds no dates"),
    ],
)
def test_a_column_that_is_missing_or_of_another_kind_is_an_error(change, text):
    with pytest.raises(DataError, match=text):
        judged(change(table()))


def test_a_pair_that_is_not_in_the_table_is_an_error_with_the_nearest():
    with pytest.raises(DataError, match="did you mean"):
        judged(table(), pair=("roc_auc", "order"))
    with pytest.raises(DataError, match="names 1 metrics"):
        judged(table(), pair=("roc_auc",))


def test_json_is_read_and_anything_but_a_list_of_objects_refused(tmp_path):
    path = tmp_path / "experiments.json"
    path.write_text(table().with_columns(pl.col("date").cast(pl.String)).write_json())
    assert outcome(judged(experiments.read_json(path))) == "passed"
    for text in ("{", "[]", "{}", "[1]", '[{"offline": [1]}, {"offline": {"a": 1}}]'):
        path.write_text(text)
        with pytest.raises(DataError):
            experiments.read_json(path)
