from __future__ import annotations

import builtins

import numpy as np
import polars as pl
import pytest
from drift_windows import mixed, numbers, pair, texts

from pytest_mlready.drift.evidently_detector import Evidently
from pytest_mlready.drift.windows import Windows, with_current
from pytest_mlready.errors import DataError, Inconclusive, MissingExtra

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def quiet():
    return pair(mixed, RNG, 1500)


def states(found):
    return {(f.column, f.part): f.state for f in found.findings}


@pytest.mark.slow
def test_a_quiet_window_is_quiet_under_warnings_as_errors(quiet):
    found = Evidently()(Windows(reference=quiet.reference.drop("city"), current=quiet.current.drop("city")))
    assert set(states(found).values()) == {"quiet"}


@pytest.mark.slow
def test_a_shift_alarms_with_evidentlys_own_number(quiet):
    found = Evidently()(with_current(quiet, quiet.current["normal"] + 15))
    shifted = next(f for f in found.findings if f.column == "normal")
    assert (shifted.state, shifted.method, shifted.limit) == ("alarm", "psi", 0.25)
    assert shifted.value > 0.25


@pytest.mark.slow
def test_what_evidently_drops_or_ignores_alarms_all_the_same(quiet):
    lossy = quiet.current.with_columns(
        plan=pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise(pl.col("plan")),
        gappy=pl.lit(float("nan")),
        count=pl.col("count").cast(pl.String),
    ).drop("flag")
    found = states(Evidently()(Windows(reference=quiet.reference, current=lossy)))
    assert found["plan", "missing share"] == found["gappy", "missing share"] == "alarm"
    assert found["flag", "presence"] == found["count", "type"] == "alarm"


@pytest.mark.slow
@pytest.mark.parametrize("rows", [400, 1001])
def test_the_method_does_not_change_with_the_number_of_rows(rows):
    both = pair(numbers, RNG, rows, columns=2)
    assert {f.method for f in Evidently()(both).findings} == {"psi"}


@pytest.mark.slow
def test_p_value_methods_alarm_below_their_threshold():
    both = pair(numbers, RNG, 1000, columns=2)
    found = Evidently(numbers=("ks", 0.001))(with_current(both, both.current["x0"] + 0.5))
    assert states(found) == {("x0", "values"): "alarm", ("x1", "values"): "quiet"}


@pytest.mark.slow
def test_small_windows_are_refused():
    assert set(states(Evidently()(pair(numbers, RNG, 60, columns=2))).values()) <= {"refused", "alarm"}


@pytest.mark.slow
def test_hostile_column_names_and_texts_do_no_harm():
    frames = [pl.DataFrame({"": rng.normal(size=500), "a b[0]\n": rng.normal(size=500), "t": texts(rng, 500)})
              for rng in (np.random.default_rng(1), np.random.default_rng(2))]  # fmt: skip
    found = Evidently()(Windows(reference=frames[0], current=frames[1], text=frozenset(["t"])))
    assert not found.alarmed
    assert ("t", "domain score") in states(found)


@pytest.mark.slow
def test_large_windows_are_sampled_and_it_is_said():
    found = Evidently(most=500)(pair(numbers, RNG, 2000, columns=2))
    assert found.notes == ("Evidently was given 500 rows of a window",)


@pytest.mark.slow
def test_its_page_is_written_where_asked(tmp_path):
    page = tmp_path / "drift.html"
    Evidently(page=page)(pair(numbers, RNG, 500, columns=2))
    assert "<html" in page.read_text()[:1000]


@pytest.mark.slow
def test_an_unknown_method_is_an_error_that_lists_the_known_ones():
    with pytest.raises(DataError, match=r'no method "psy".*jensenshannon'):
        Evidently(numbers=("psy", 0.1))(pair(numbers, RNG, 500, columns=2))


@pytest.mark.parametrize(
    ("raised", "ending"),
    [
        (ModuleNotFoundError("no", name="evidently"), MissingExtra),
        (ImportError("cannot import name 'infer_dtype_from_object'"), Inconclusive),
    ],
)
def test_an_evidently_that_cannot_be_imported_is_inconclusive_with_the_install_line(monkeypatch, raised, ending):
    real = builtins.__import__

    def without(name, *more):
        if name.startswith("evidently"):
            raise raised
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ending, match=r"pytest-mlready\[drift\]"):
        Evidently()(pair(numbers, RNG, 500, columns=2))
