from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pytest_mlready.drift.foreign import Foreign
from pytest_mlready.drift.windows import Windows
from pytest_mlready.errors import DataError

FRAME = pl.DataFrame({"a": [1, 2], "b": [3, 4]})


def answer(given, current=FRAME):
    return Foreign(function=lambda reference, current: given, name="ours:drifted")(
        Windows(reference=FRAME, current=current)
    )


@pytest.mark.parametrize(
    ("given", "alarmed"),
    [
        ([], set()), (["a"], {"a"}), ({"b"}, {"b"}), (("a", "b"), {"a", "b"}), ({"a": False, "b": True}, {"b"}),
        ({"a": np.bool_(True)}, {"a"}),
    ],
)  # fmt: skip
def test_names_or_a_table_say_what_drifted(given, alarmed):
    found = answer(given)
    assert found.alarmed == alarmed
    assert {f.column for f in found.findings} == {"a", "b"}


@pytest.mark.parametrize("given", [None, True, 0.3, "a"])
def test_any_other_answer_is_an_error_that_says_what_is_expected(given):
    with pytest.raises(DataError, match="Expected: names of the columns that drifted"):
        answer(given)


def test_a_name_that_is_no_column_is_an_error_with_the_nearest_one():
    with pytest.raises(DataError, match="named 'aa', which is no column"):
        answer(["aa"])


def test_an_exception_is_an_error_that_names_the_detector():
    def broken(reference, current):
        raise ValueError("no bins")

    with pytest.raises(DataError, match="the detector ours:drifted raised ValueError: no bins"):
        Foreign(function=broken, name="ours:drifted")(Windows(reference=FRAME, current=FRAME))


def test_a_missing_column_alarms_whatever_the_detector_says():
    assert answer([], FRAME.drop("b")).alarmed == {"b"}
