"""Two models timed in turns, in real processes: what they take shows, and what goes wrong has a sentence."""

from __future__ import annotations

import textwrap
import time

import numpy as np
import polars as pl
import pytest

from pytest_mlready.artifacts import turns
from pytest_mlready.errors import ModelError

ROWS = pl.DataFrame({"x": np.arange(40.0)})
CODE = """
import os, sys, time
import numpy as np

class Model:
    feature_names, frame = ("x",), "polars"
    def __init__(self, seconds): self.seconds = seconds
    def predict(self, X):
        print("a model that talks")
        time.sleep(self.seconds)
        return np.zeros(len(X))

class Dies(Model):
    calls = 0
    def predict(self, X):
        self.calls += 1
        if self.calls > 20:
            sys.stderr.write("out of luck\\n"); sys.stderr.flush(); os._exit(3)
        return super().predict(X)

class Hangs(Model):
    def predict(self, X): time.sleep(600)

def load(kind, seconds): return globals()[kind](seconds)
def broken(*_): raise ValueError("no such model")
def threads(*_):
    print(os.environ["OMP_NUM_THREADS"])
    return Model(float(os.environ["OMP_NUM_THREADS"]) / 1000)
"""


@pytest.fixture
def play(tmp_path, monkeypatch):
    (tmp_path / "timed_models.py").write_text(textwrap.dedent(CODE))
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(*subjects, **more):
        given = [
            turns.Subject(name=f"model {i}", loader=f"timed_models:{one[0]}", arguments=list(one[1:]))
            for i, one in enumerate(subjects)
        ]
        plan = {
            "rows": ROWS, "batch": 1, "rounds": 5, "budget": 0.5, "method": "predict", "threads": 1,
            "folder": tmp_path, "limit": 60.0,
        }  # fmt: skip
        return turns.in_turns(tuple(given), turns.Plan(**{**plan, **more}))

    return run


def median(side):
    return np.median([seconds for turn in side for seconds in turn.singles])


def test_a_slower_model_takes_longer_in_every_turn(play):
    fast, slow = play(("load", "Model", 0.002), ("load", "Model", 0.008))
    assert len(fast) == len(slow) == 5
    assert {len(turn.singles) for turn in fast + slow} == {turns.FEWEST}
    assert median(slow) > 2 * median(fast)
    assert all(turn.bulk >= 0.008 for turn in slow)


def test_libraries_are_given_so_many_threads(play):
    one, _ = play(("threads",), ("threads",), threads=3, rounds=1)
    assert median(one) >= 0.003


def test_a_model_that_does_not_load_is_named_with_its_last_line(play):
    with pytest.raises(ModelError, match="times model 1 ended: ValueError: no such model"):
        play(("load", "Model", 0.0), ("broken",))


def test_a_process_that_dies_between_turns_is_named(play):
    with pytest.raises(ModelError, match="times model 0 ended: out of luck"):
        play(("load", "Dies", 0.0), ("load", "Model", 0.0))


def test_a_model_that_hangs_is_given_up_and_ended(play):
    began = time.monotonic()
    with pytest.raises(ModelError, match="did not answer within"):
        play(("load", "Hangs", 0.0), ("load", "Model", 0.0), limit=4.0)
    assert time.monotonic() - began < 60
