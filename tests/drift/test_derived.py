from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from drift_windows import texts

from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.windows import Windows


def of_texts(first, second, **more):
    frames = (pl.DataFrame({"note": side}) for side in (first, second))
    return Builtin()(
        Windows(**dict(zip(("reference", "current"), frames, strict=True)), text=frozenset(["note"]), **more)
    )


def parts(found):
    return {f.part: f.state for f in found.findings}


def test_texts_of_the_same_source_are_quiet():
    rng = np.random.default_rng(0)
    found = of_texts(texts(rng, 900), texts(rng, 900))
    assert parts(found) == dict.fromkeys(("words in a text", "share of unknown words", "domain score"), "quiet")


def test_longer_texts_alarm():
    rng = np.random.default_rng(1)
    found = of_texts(texts(rng, 900), texts(rng, 900) + " " + texts(rng, 900))
    assert parts(found)["words in a text"] == "alarm"


def test_other_words_alarm():
    rng = np.random.default_rng(2)
    found = of_texts(texts(rng, 900), texts(rng, 900).str.reverse())
    assert parts(found)["share of unknown words"] == "alarm"
    assert parts(found)["domain score"] == "alarm"


def test_known_words_with_other_frequencies_alarm():
    rng = np.random.default_rng(3)
    assert parts(of_texts(texts(rng, 900), texts(rng, 900, roll=5)))["domain score"] == "alarm"


def test_lost_texts_alarm():
    rng = np.random.default_rng(4)
    kept = pl.Series([None if i % 3 == 0 else t for i, t in enumerate(texts(rng, 900))])
    assert parts(of_texts(texts(rng, 900), kept))["missing share"] == "alarm"


def test_few_texts_are_refused():
    rng = np.random.default_rng(5)
    assert set(parts(of_texts(texts(rng, 60), texts(rng, 60))).values()) == {"refused"}


def test_a_handful_of_texts_is_no_error():
    assert not of_texts(pl.Series(["a", "b"]), pl.Series(["c", ""])).alarmed


def test_a_text_column_too_short_to_split_is_refused():
    found = of_texts(pl.Series(["a"]), pl.Series(["b"]))
    assert parts(found) == {"values": "refused"}


def test_texts_of_one_cluster_stay_on_one_side_of_the_split():
    rng = np.random.default_rng(6)
    first, second = (pl.Series(np.repeat(texts(rng, 40).to_numpy(), 15)) for _ in range(2))
    blocks = (np.repeat(np.arange(40), 15), np.repeat(np.arange(40), 15))
    assert not of_texts(first, second, blocks=blocks).alarmed


def vectors(rng, rows, width=32, shift=0.0):
    values = rng.normal(size=(rows, width))
    values[:, 0] += shift
    return pl.DataFrame({"v": pl.Series(values.tolist())})


@pytest.mark.parametrize(("shift", "alarms"), [(0.0, set()), (1.5, {"v"})])
def test_vectors_alarm_when_they_move_in_one_direction(shift, alarms):
    rng = np.random.default_rng(7)
    assert Builtin()(Windows(reference=vectors(rng, 900), current=vectors(rng, 900, shift=shift))).alarmed == alarms


def test_vectors_of_another_width_alarm():
    rng = np.random.default_rng(8)
    found = Builtin()(Windows(reference=vectors(rng, 500), current=vectors(rng, 500, 48)))
    assert {f.part for f in found.of("alarm")} == {"dimensions"}


def test_fixed_size_arrays_are_vectors_too():
    values = np.random.default_rng(9).normal(size=(500, 8))
    frame = pl.DataFrame({"v": pl.Series(values, dtype=pl.Array(pl.Float64, 8))})
    assert {f.part for f in Builtin()(Windows(reference=frame, current=frame)).findings} == {"length", "domain score"}
