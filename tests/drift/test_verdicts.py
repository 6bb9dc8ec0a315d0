from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from drift_windows import mixed, numbers, pair

from pytest_mlready.drift import verdicts
from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.findings import Bands, Detection, Finding
from pytest_mlready.drift.trials import Rate
from pytest_mlready.drift.windows import Windows, with_current

RNG = np.random.default_rng(0)


def judged(windows):
    rows = windows.reference.height, windows.current.height
    return verdicts.judge(Builtin()(windows), rows, Bands())


def test_a_quiet_window_passes():
    verdict = judged(pair(mixed, RNG, 2000))
    assert (verdict.outcome, verdict.message) == ("passed", "none of 7 columns drifted")


def test_an_alarm_fails_with_what_changed_how_much_and_what_to_do():
    both = pair(mixed, RNG, 2000)
    verdict = judged(with_current(both, both.current["normal"] + 20))
    assert verdict.outcome == "failed"
    assert '1 column of 7 drifted: "normal" median ' in verdict.message
    assert "PSI" in verdict.message
    assert "Next step: look upstream" in verdict.message


def test_a_small_change_passes_and_is_told():
    both = pair(numbers, RNG, 20_000, columns=3)
    verdict = judged(with_current(both, both.current["x0"] + 0.4))
    assert verdict.outcome == "passed"
    assert 'a small change in "x0"' in verdict.message


def test_too_few_rows_are_inconclusive_with_the_rows_that_would_decide():
    verdict = judged(pair(numbers, RNG, 1000, 100, columns=3))
    assert verdict.outcome == "inconclusive"
    assert "Next step: take a current window of 204 rows" in verdict.message
    assert "about 339 rows in both windows" in judged(pair(numbers, RNG, 100, columns=3)).message


def test_what_was_not_understood_is_inconclusive():
    frame = pl.DataFrame({"x": [{"a": 1}] * 400})
    verdict = judged(Windows(reference=frame, current=frame))
    assert verdict.outcome == "inconclusive"
    assert "not understood" in verdict.message


def test_nothing_to_compare_is_no_pass():
    assert verdicts.judge(Detection(findings=()), (1, 1), Bands()).outcome == "inconclusive"


def test_a_doubt_is_no_pass():
    found = Builtin()(pair(numbers, RNG, 1000, columns=1))
    doubted = Detection(findings=found.findings, doubt="the days are too few")
    verdict = verdicts.judge(doubted, (1000, 1000), Bands())
    assert (verdict.outcome, verdict.message) == ("inconclusive", "no column drifted, but the days are too few")


@pytest.mark.parametrize(("hits", "outcome"), [(0, "passed"), (3, "passed"), (9, "inconclusive"), (25, "failed")])
def test_false_alarms_have_three_endings(hits, outcome):
    rate = Rate(name="false alarms", hits=hits, trials=200)
    verdict = verdicts.judge_false_alarms(rate, (1000, 1000), limit=0.05, confidence=0.95)
    assert verdict.outcome == outcome
    measured = verdict.measurements[0]
    assert measured.interval[0] <= measured.value <= measured.interval[1]


@pytest.mark.parametrize(
    ("hits", "refused", "outcome"),
    [(60, 0, "passed"), (50, 0, "inconclusive"), (30, 0, "failed"), (10, 50, "inconclusive")],
)
def test_power_has_three_endings_and_a_refusal_is_no_miss(hits, refused, outcome):
    rate = Rate(name="a fault", hits=hits, trials=60, refused=refused, columns=(("x", 60 - hits),) if hits < 60 else ())
    assert verdicts.judge_power(rate, (1000, 1000), least=0.8, confidence=0.95).outcome == outcome


def test_the_picture_holds_the_statistic_of_each_column_and_its_bands():
    both = pair(numbers, RNG, 1000, columns=2)
    found = Builtin()(with_current(both, both.current["x0"] + 1))
    data = verdicts.picture(found, Bands())
    assert data["labels"] == ["x0", "x1"]
    assert data["values"] == [f.value for f in found.findings]
    (moved, quiet), (limit, other) = data["values"], data["each"]["fails at"]
    assert moved > limit
    assert quiet < other
    assert data["each"]["warns at"] == pytest.approx([limit - 0.15, other - 0.15])


def test_a_detector_without_statistics_leaves_nothing_to_draw():
    said = Detection(findings=(Finding(column="x", part="values", state="quiet"),))
    assert verdicts.picture(said, Bands())["labels"] == []
