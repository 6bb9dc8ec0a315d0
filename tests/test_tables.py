from __future__ import annotations

import gzip
import sys

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pytest_mlready import tables
from pytest_mlready.errors import DataError

FRAME = pl.DataFrame({"age": [30, 40, None], "town": ["Ulm", "Aix", None], "who": [1, 2, 2], "income": ["a", "b", "a"]})
ROLES = {"target": "income", "group": "who", "drop": (), "text": ("town",)}


@pytest.fixture
def folder(tmp_path):
    FRAME.write_parquet(tmp_path / "d.parquet")
    FRAME.write_csv(tmp_path / "d.csv")
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress((tmp_path / "d.csv").read_bytes()))
    FRAME.write_ipc(tmp_path / "d.arrow")
    FRAME.write_ipc_stream(tmp_path / "d.ipc")
    return tmp_path


def load(folder, source="d.parquet", name="heldout", **roles):
    return tables.load(source, name=name, root=folder, roles={**ROLES, **roles})


@pytest.mark.parametrize("source", ["d.parquet", "d.csv", "d.csv.gz", "d.arrow", "d.ipc"])
def test_every_format_reads_the_same(folder, source):
    data = load(folder, source)
    assert data.frame.equals(FRAME)
    assert (data.target, data.group, data.features, data.text) == ("income", "who", ("age", "town"), ("town",))
    assert (data.name, data.source, len(data.sha256), len(data)) == ("heldout", source, 64, 3)
    assert load(folder, source).sha256 == data.sha256


KINDS = {
    "pandas": FRAME.to_pandas,
    "polars": lambda: FRAME,
    "lazy": FRAME.lazy,
    "pyarrow": FRAME.to_arrow,
    "nothing": lambda: None,
    "dict": lambda: {"a": [1]},
    "broken": lambda: 1 / 0,
}


@pytest.fixture
def module(tmp_path, monkeypatch):
    holder = type(sys)("table_kinds")
    vars(holder).update(KINDS)
    monkeypatch.setitem(sys.modules, "table_kinds", holder)
    return tmp_path


@pytest.mark.parametrize("kind", ["pandas", "polars", "lazy", "pyarrow"])
def test_a_function_may_return_any_kind_of_frame(module, kind):
    data = load(module, f"table_kinds:{kind}")
    assert data.frame["town"].to_list() == ["Ulm", "Aix", None]
    assert data.frame["age"].to_list()[:2] == [30, 40]
    assert load(module, f"table_kinds:{kind}").sha256 == data.sha256


def test_a_function_that_fails_or_returns_no_table_is_a_clear_error(module):
    with pytest.raises(DataError, match=r"returned a builtins\.NoneType"):
        load(module, "table_kinds:nothing")
    with pytest.raises(DataError, match=r"returned a builtins\.dict"):
        load(module, "table_kinds:dict")
    with pytest.raises(DataError, match="raised ZeroDivisionError"):
        load(module, "table_kinds:broken")
    with pytest.raises(DataError, match='did you mean "polars"'):
        load(module, "table_kinds:polar")


def test_the_digest_of_a_frame_follows_its_content_alone():
    chunked = pl.concat([FRAME.head(1), FRAME.tail(2)], rechunk=False)
    coded = FRAME.with_columns(pl.col("town").cast(pl.Categorical))
    recoded = pl.concat([coded.tail(2), coded.head(1)])[[2, 0, 1]]
    assert tables.content_sha256(chunked) == tables.content_sha256(FRAME)
    assert tables.content_sha256(coded) == tables.content_sha256(recoded)
    for other in (FRAME.reverse(), FRAME.rename({"age": "Age"}), FRAME.with_columns(who=pl.Series([1, 2, 3]))):
        assert tables.content_sha256(other) != tables.content_sha256(FRAME)


def test_a_missing_file_names_the_nearest_one(folder):
    with pytest.raises(DataError, match=r'heldout data file d\.parqet does not exist.*did you mean "d\.parquet"'):
        load(folder, "d.parqet")


@pytest.mark.parametrize("source", ["d.parquet", "d.csv.gz", "d.arrow"])
def test_a_file_that_is_cut_off_is_a_clear_error(folder, source):
    data = (folder / source).read_bytes()
    (folder / source).write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=f"heldout data file {source} cannot be read"):
        load(folder, source)


def test_an_empty_file_and_an_unknown_suffix_are_clear_errors(folder):
    for source, message in {
        "d.csv": "is empty",
        "d.parquet": "cannot be read",
        "d.xlsx": "no suffix that names",
    }.items():
        (folder / source).write_bytes(b"")
        with pytest.raises(DataError, match=message):
            load(folder, source)


def test_no_rows_and_columns_of_nulls_are_read_and_left_to_the_checks(folder):
    FRAME.head(0).write_parquet(folder / "none.parquet")
    assert len(load(folder, "none.parquet")) == 0
    (folder / "head.csv").write_text("age,town,who,income\n")
    assert load(folder, "head.csv").features == ("age", "town")
    FRAME.with_columns(age=None).write_parquet(folder / "null.parquet")
    assert load(folder, "null.parquet").frame["age"].null_count() == 3


def test_a_missing_column_is_named_with_the_nearest_one(folder):
    with pytest.raises(DataError, match=r'target = "incme", did you mean "income".*Expected: columns among age, town'):
        load(folder, target="incme")
    with pytest.raises(DataError, match=r'time = "day"; drop = "twon", did you mean "town"'):
        load(folder, time="day", drop=("twon",))


def test_windows_of_traffic_may_lack_their_outcomes(folder):
    FRAME.drop("income", "who").write_parquet(folder / "now.parquet")
    data = load(folder, "now.parquet", name="current")
    assert (data.target, data.group, data.features) == (None, None, ("age", "town"))
    with pytest.raises(DataError, match='group = "who"'):
        load(folder, "now.parquet", name="train")


def test_two_columns_of_one_name_are_a_clear_error(folder):
    (folder / "twice.csv").write_text("age,age,income\n1,2,a\n")
    with pytest.raises(DataError, match="more than one column named 'age'"):
        load(folder, "twice.csv")
    twice = pd.DataFrame([[1, 2]], columns=["age", "age"])
    with pytest.raises(DataError):
        tables.wrap(twice, name="train", source="hook", roles={})
    twice = pa.table([[1], [2]], names=["age", "age"])
    with pytest.raises(DataError):
        tables.wrap(twice, name="train", source="hook", roles={})


def test_roles_and_dropped_columns_are_no_features_and_given_features_are_taken_in_order(folder):
    assert load(folder, drop=("town",), id="who").features == ("age",)
    assert load(folder, features=("town", "age")).features == ("town", "age")


def test_column_names_may_hold_any_signs(folder):
    odd = FRAME.rename({"age": "<b>Größe 💧</b>", "town": 'a"b,c'})
    odd.write_csv(folder / "odd.csv")
    assert load(folder, "odd.csv", text=()).features == ("<b>Größe 💧</b>", 'a"b,c')
