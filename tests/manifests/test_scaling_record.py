from __future__ import annotations

import json

import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.manifests import scaling_record
from pytest_mlready.manifests.scaling_record import Sample

RISING = [(0, 2, 10), (30, 2, 80), (60, 2, 80), (90, 4, 80), (120, 6, 80), (150, 6, 80)]
QUIET = [(180, 6, 5), (480, 5, 5), (780, 2, 5)]


def samples(rows):
    return [Sample(time=row[0], replicas=row[1], rps=row[2] if len(row) > 2 else None) for row in rows]


def judged(rows, **more):
    return scaling_record.judge(samples(rows), **more)


def test_replicas_that_rise_and_fall_pass(tmp_path):
    verdict = judged(RISING + QUIET)
    assert verdict.outcome == "passed"
    values = {m.name: m.value for m in verdict.measurements}
    assert values == {
        "replicas before the load": 2, "most replicas under load": 6, "replicas at the end": 2,
        "time to the first added replica": 90.0, "replicas seen to fall after the load": True,
    }  # fmt: skip


def test_the_pictures_begin_at_the_first_sample_and_leave_out_a_load_that_nobody_knows():
    drawn = scaling_record.pictures(samples([(100, 2, 10), (130, 4, None)]))
    assert drawn["Replicas over time"] == {"x": [0, 30], "x_unit": "s", "y": [2, 4]}
    assert drawn["Load over time"]["y"] == [10, None]
    assert list(scaling_record.pictures(samples([(0, 2), (30, 2)]))) == ["Replicas over time"]


def test_a_long_record_is_thinned_for_its_pictures():
    drawn = scaling_record.pictures(samples([(t, 2) for t in range(100_000)]))
    assert len(drawn["Replicas over time"]["x"]) <= 1000


def test_a_record_that_ends_with_the_load_passes_and_says_that_no_fall_was_seen():
    verdict = judged(RISING)
    assert verdict.outcome == "passed"
    assert verdict.measurements[-1].value is False


def test_replicas_that_stay_fail():
    verdict = judged([(t, 2, rps) for t, _, rps in RISING + QUIET])
    assert verdict.outcome == "failed"
    assert "stayed at 2 under load" in verdict.message


def test_replicas_that_rise_only_after_the_load_fail():
    late = [(t, 2, rps) for t, _, rps in RISING] + [(180, 4, 5), (480, 4, 5)]
    assert "rose only when it was over" in judged(late).message


def test_replicas_that_never_fall_fail_when_there_was_time():
    stuck = [*RISING, (180, 6, 5), (500, 6, 5), (900, 6, 5)]
    verdict = judged(stuck)
    assert verdict.outcome == "failed"
    assert "still at their peak of 6 720 s after the load" in verdict.message
    assert judged(stuck, fall_within=1000).outcome == "passed"


def test_a_load_that_never_rose_cannot_be_told():
    verdict = judged([(t, replicas, 10) for t, replicas, _ in RISING])
    assert verdict.outcome == "inconclusive"
    assert "shows no load test" in verdict.message


def test_a_record_that_begins_under_full_load_cannot_be_told():
    assert judged([(t, 6, 80) for t in range(6)]).outcome == "inconclusive"


def test_a_ramp_during_which_replicas_follow_passes():
    ramp = [(t, min(8, 2 + t // 60), t) for t in range(0, 900, 30)]
    assert judged(ramp).outcome == "passed"


def test_a_load_from_nothing_passes():
    assert judged([(0, 2, 0), (1, 2, 0), *((t, 4, 50) for t in range(2, 8))]).outcome == "passed"


@pytest.mark.parametrize("rows", [[], RISING[:4]])
def test_too_few_samples_cannot_be_told(rows):
    assert judged(rows).outcome == "inconclusive"


def test_without_requests_a_second_any_rise_counts():
    rows = [row[:2] for row in RISING + QUIET]
    assert judged(rows).outcome == "passed"
    assert judged([(t, 2) for t, _ in rows]).outcome == "failed"


def test_replicas_that_only_fall_fail():
    assert judged([(t, 8 - t) for t in range(6)]).outcome == "failed"


def written(tmp_path, text, name="scaling.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_and_json_hold_the_same_record(tmp_path):
    rows = [{"time": t, "replicas": n, "rps": rps} for t, n, rps in RISING]
    csv = "time,replicas,rps\n" + "".join(f"{t},{n},{rps}\n" for t, n, rps in reversed(RISING))
    expected = samples(RISING)
    assert scaling_record.read(written(tmp_path, csv)) == expected
    assert scaling_record.read(written(tmp_path, json.dumps(rows), "a.json")) == expected
    assert scaling_record.read(written(tmp_path, json.dumps({"samples": rows}), "b.json")) == expected


def test_times_of_the_day_are_read(tmp_path):
    csv = "time,replicas\n2026-11-01T10:00:00Z,2\n2026-11-01T10:01:00+00:00,3\n2026-11-01T10:02:00,4\n"
    found = scaling_record.read(written(tmp_path, csv))
    assert [s.time - found[0].time for s in found] == [0, 60, 120]
    assert found[0].rps is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,replcas\n1,2\n", 'did you mean "replicas"'),
        ("time,replicas\n1,two\n", "row 1: not all values are numbers"),
        ("time,replicas\n1,2\n2,2.5\n", "row 2: a value is negative, not finite, or no whole number"),
        ("time,replicas\nnan,2\n", "not finite"),
        ("time,replicas\n1,-2\n", "negative"),
        ("time,replicas,rps\n1,2,-1\n", "negative"),
        ("time,replicas\nyesterday,2\n", "not all values are numbers"),
        ("time,replicas\n1\n", "not all values are numbers"),
    ],
)
def test_a_record_of_another_shape_is_an_error_that_names_the_row(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        scaling_record.read(written(tmp_path, text))


@pytest.mark.parametrize("text", ["{", "{}", "[[1, 2]]", "7", "[" * 10_000])
def test_json_of_another_shape_is_an_error(tmp_path, text):
    with pytest.raises(DataError):
        scaling_record.read(written(tmp_path, text, "a.json"))


def test_a_record_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        scaling_record.read(tmp_path / "none.csv")
