"""Held-out integrity: each check on sound data, on a realistic fault, and with too little to tell."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pytest_mlready.checks.model_quality import heldout_integrity as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable
from pytest_mlready.evidence import Evidence
from pytest_mlready.quality import usage
from pytest_mlready.values import Dataset

DATA = Path(__file__).parents[3] / "example_project" / "data"
ROLES = ("income", "household", "day")


def read(name):
    return pl.read_parquet(DATA / f"{name}.parquet")


class Run:
    """A project with these sets and settings, and what one check makes of it."""

    def __init__(self, train, heldout, *, model=None, root=Path(), data=None, **options):
        self.evidence = Evidence()
        self.sets = {"mlready_train": self.set(train, "train"), "mlready_heldout": self.set(heldout, "heldout")}
        self.sets["mlready_model"] = model
        defaults = {o.name: o.default for o in check.ITEM.options}
        assert options.keys() <= defaults.keys()
        roles = {"group": None, "time": None, "text": (), **(data or {})}
        self.mlready = SimpleNamespace(
            settings=SimpleNamespace(data=SimpleNamespace(**roles)), root=root, path=lambda text: (root / text).resolve(),
            options=lambda _: defaults | options, seed=lambda _: 7, confidence=0.95, progress=lambda _: None,
        )  # fmt: skip

    @staticmethod
    def set(frame, name):
        features = tuple(c for c in frame.columns if c not in ROLES)
        target = "income" if "income" in frame.columns else None
        return Dataset(
            frame=frame, name=name, source=f"{name}.parquet", sha256="ab" * 32, target=target, features=features
        )  # fmt: skip

    def rows(self):
        check.test_heldout_rows_are_not_in_train(self.mlready, self.evidence, *list(self.sets.values())[:2])

    def of(self, function):
        function(self.mlready, self.evidence, SimpleNamespace(getfixturevalue=self.sets.__getitem__))

    def noted(self, start):
        return next(e for e in self.evidence.notes.evidence if e["name"].startswith(start))


# Rows


def test_adult_as_its_donors_split_it_is_green_and_its_23_shared_rows_are_in_the_evidence():
    run = Run(read("train"), read("heldout"))
    run.rows()
    assert run.noted("held-out rows also in train (features and label)")["value"] == 23
    assert run.evidence.notes.grade == "replayed"


def test_200_heldout_rows_in_train_are_red():
    heldout = read("heldout")
    with pytest.raises(Failed, match="held-out rows are also in train"):
        Run(pl.concat([read("train"), heldout.sample(200, seed=1)]), heldout).rows()


def test_rows_that_are_all_alike_are_inconclusive():
    columns = ["sex", "race", "income"]
    with pytest.raises(Inconclusive, match="would not show"):
        Run(read("train").select(columns), read("heldout").select(columns)).rows()


def test_an_empty_heldout_set_is_inconclusive_and_a_lost_column_an_error():
    train = read("train")
    with pytest.raises(Inconclusive, match="no rows"):
        Run(train, train[:0]).rows()
    with pytest.raises(DataError, match="lack 1 of 15 columns: age"):
        Run(train, read("heldout").drop("age")).rows()


# Groups and times


def households(train, heldout):
    return pl.DataFrame({"household": train}), pl.DataFrame({"household": heldout})


def test_groups_kept_apart_are_green_shared_ones_red_missing_ones_inconclusive():
    Run(*households([1, 1, 2], [3]), group="household").of(check.test_no_group_is_in_both_sets)
    with pytest.raises(Failed, match="1 groups"):
        Run(*households([1, 1, 2], [2]), group="household").of(check.test_no_group_is_in_both_sets)
    with pytest.raises(Inconclusive, match="have no household"):
        Run(*households([1, None], [2]), group="household").of(check.test_no_group_is_in_both_sets)


def test_a_column_of_the_data_settings_serves_too_and_a_wrong_name_is_an_error():
    with pytest.raises(Failed):
        Run(*households([1], [1]), data={"group": "household"}).of(check.test_no_group_is_in_both_sets)
    with pytest.raises(DataError, match='did you mean "household"'):
        Run(*households([1], [2]), group="houshold").of(check.test_no_group_is_in_both_sets)


def test_order_in_time_is_green_disorder_red_and_missing_times_inconclusive():
    def days(*numbers):
        return pl.DataFrame({"day": [None if n is None else dt.date(2026, 3, n) for n in numbers]})

    Run(days(1, 2), days(3), time="day").of(check.test_train_ends_before_heldout_begins)
    Run(days(1, 5), days(3), time="day", max_time_violations=1).of(check.test_train_ends_before_heldout_begins)
    with pytest.raises(Failed, match="train ends 2026-03-05, held-out begins 2026-03-03"):
        Run(days(1, 5), days(3), time="day").of(check.test_train_ends_before_heldout_begins)
    with pytest.raises(Inconclusive, match="have no day"):
        Run(days(1, None), days(3), time="day").of(check.test_train_ends_before_heldout_begins)


# Texts


def test_independent_texts_are_green_edited_copies_red_and_no_texts_inconclusive():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklm"), 6)) for _ in range(500)]
    texts = [" ".join(rng.choice(words, 20)) for _ in range(300)]
    train, heldout = pl.DataFrame({"t": texts[:200]}), pl.DataFrame({"t": texts[200:]})
    known = {"data": {"text": ("t",)}}
    Run(train, heldout, **known).of(check.test_heldout_texts_are_not_nearly_in_train)
    copies = heldout[:15].with_columns(pl.col("t") + " indeed")
    with pytest.raises(Failed, match="near duplicates"):
        Run(pl.concat([train, copies]), heldout, **known).of(check.test_heldout_texts_are_not_nearly_in_train)
    blank = heldout.with_columns(t=pl.lit(""))
    with pytest.raises(Inconclusive, match="holds no text"):
        Run(train, blank, **known).of(check.test_heldout_texts_are_not_nearly_in_train)


# Preprocessing


def pipeline(frame):
    columns = ColumnTransformer([("n", StandardScaler(), ["age", "hours-per-week"])])
    model = make_pipeline(columns, LogisticRegression()).fit(frame.to_pandas(), frame["income"].to_numpy())
    return SimpleNamespace(kind="scikit-learn", estimator=model)


def test_a_scaler_of_train_alone_is_green_one_of_all_data_red_one_of_other_rows_inconclusive():
    train, heldout = read("train"), read("heldout")
    function = check.test_preprocessing_was_fitted_on_train_alone
    Run(train, heldout, model=pipeline(train)).of(function)
    with pytest.raises(Failed, match=r"n\.mean_"):
        Run(train, heldout, model=pipeline(pl.concat([train, heldout]))).of(function)
    with pytest.raises(Inconclusive, match="neither"):
        Run(train, heldout, model=pipeline(train[:20_000])).of(function)


def test_a_model_of_another_library_shows_no_preprocessing():
    model = SimpleNamespace(kind="onnx", estimator=object())
    with pytest.raises(NotApplicable, match="onnx"):
        Run(*households([1], [2]), model=model).of(check.test_preprocessing_was_fitted_on_train_alone)


# Tuning


def test_tuning_on_other_files_is_green_on_the_heldout_file_red_and_on_a_lost_file_inconclusive(tmp_path):
    for name in ("train", "heldout"):
        (tmp_path / f"{name}.parquet").write_bytes((DATA / f"{name}.parquet").read_bytes())
    sets, function = (read("train"), read("heldout")), check.test_tuning_did_not_read_heldout
    Run(*sets, root=tmp_path, tuning_inputs=("train.parquet",)).of(function)
    with pytest.raises(Failed, match="tuning read the held-out set"):
        Run(*sets, root=tmp_path, tuning_inputs=("train.parquet", "heldout.parquet")).of(function)
    (digest, *_) = usage.digests(tmp_path / "heldout.parquet")
    with pytest.raises(Failed):
        Run(*sets, root=tmp_path, tuning_inputs=(digest,)).of(function)
    with pytest.raises(Failed):
        Run(*sets, root=tmp_path, tuning_inputs=("ab" * 32,)).of(function)
    with pytest.raises(Inconclusive, match="not there"):
        Run(*sets, root=tmp_path, tuning_inputs=("gone.json",)).of(function)


@pytest.mark.parametrize(
    "function",
    [
        check.test_no_group_is_in_both_sets,
        check.test_train_ends_before_heldout_begins,
        check.test_heldout_texts_are_not_nearly_in_train,
        check.test_tuning_did_not_read_heldout,
    ],
)
def test_what_is_not_configured_is_not_applicable_and_names_its_setting(function):
    with pytest.raises(NotApplicable, match=r"= (\[)?\"…"):
        Run(*households([1], [2])).of(function)
