from __future__ import annotations

import json
import math

import load_files
import numpy as np
import pytest

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving.load import foreign as load_foreign
from pytest_mlready.serving.load import records
from pytest_mlready.serving.load import results as load_results
from pytest_mlready.serving.load import verdict as load_verdict
from pytest_mlready.serving.load.results import ResultError
from pytest_mlready.serving.load.verdict import Objectives

P99 = Objectives(rate=100.0, errors=0.01, latency={"p99": 0.25})
WRITERS = {
    f.__name__: f for f in (load_files.vegeta_json, load_files.vegeta_csv, load_files.k6_json, load_files.k6_csv)
}


@pytest.fixture
def read(tmp_path):
    def read_(content, warm_up=0.0, timeout=10.0):
        path = tmp_path / "result"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_results.read(path, warm_up=warm_up, timeout=timeout)

    return read_


def outcomes(load, objectives=P99):
    return {verdict.outcome for verdict in load_verdict.judge(load, objectives)}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_run_at_a_constant_rate_is_read_and_judged(read, writer):
    starts, latency = load_files.open_loop()
    found = read(writer(starts, latency))
    assert len(found) == 2000
    assert found.rate == pytest.approx(100, rel=1e-3)
    assert found.started == pytest.approx(load_files.START.timestamp(), abs=0.01)
    assert np.abs(np.sort(found.latency) - np.sort(latency)).max() < 2e-3
    assert outcomes(found) == {"passed"}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_closed_loop_is_told_by_its_sends(read, writer):
    [verdict] = load_verdict.judge(read(writer(*load_files.closed_loop())), P99)
    assert verdict.outcome == "inconclusive"
    assert "a closed loop or a ramp, or fell behind" in verdict.message


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_slow_run_fails(read, writer):
    starts, latency = load_files.open_loop()
    assert "failed" in outcomes(read(writer(starts, 20 * latency)))


def test_a_ramp_before_the_rate_is_left_out_as_warm_up(read):
    starts, latency = load_files.open_loop()
    ramp = np.sort(10 * np.sqrt(np.random.default_rng(1).random(500)))
    both = load_files.vegeta_json(np.concatenate([ramp, 10 + starts]), np.concatenate([latency[:500], latency]))
    assert outcomes(read(both)) == {"inconclusive"}
    assert outcomes(read(both, warm_up=10.0)) == {"passed"}


def test_failed_requests_of_other_tools_count_as_the_time_out(read):
    starts, latency = load_files.open_loop()
    for content in (load_files.vegeta_json(starts, latency, code=503), load_files.k6_json(starts, latency, status="0")):
        found = read(content)
        assert found.failed.all()
        assert (found.latency >= 10.0).all()
        assert "failed" in outcomes(found)


def test_a_rate_below_the_target_is_inconclusive(read):
    found = read(load_files.vegeta_json(*load_files.open_loop()))
    assert outcomes(found, Objectives(rate=150.0, errors=0.01, latency={})) == {"inconclusive"}


@pytest.mark.parametrize("content", [load_files.LOCUST_CSV, load_files.LOCUST_HISTORY, load_files.LOCUST_JSON])
def test_locusts_own_statistics_are_refused_as_a_closed_loop(read, content):
    with pytest.raises(Inconclusive, match="closed loop"):
        read(content)


@pytest.mark.parametrize("content", [load_files.VEGETA_REPORT, load_files.K6_SUMMARY])
def test_percentiles_without_their_requests_are_refused(read, content):
    with pytest.raises(Inconclusive, match="without the requests behind them"):
        read(content)


def test_times_in_whole_seconds_tell_no_schedule(read):
    with pytest.raises(Inconclusive, match="K6_CSV_TIME_FORMAT=unix_micro"):
        read(load_files.k6_csv(*load_files.open_loop(), scale=1))


def test_iterations_that_k6_left_out_are_inconclusive(read):
    with pytest.raises(Inconclusive, match="no free VU for 7 iterations"):
        read(load_files.k6_json(*load_files.open_loop(), dropped=7))


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_file_that_was_cut_off_within_a_line_is_an_error(read, writer):
    content = writer(*load_files.open_loop(100))
    with pytest.raises(ResultError, match=r"damaged or cut off|lacks points"):
        read(content[: len(content) - 60])


def test_results_that_are_missing_between_others_are_noticed(read):
    lines = load_files.vegeta_json(*load_files.open_loop(100)).splitlines(keepends=True)
    with pytest.raises(ResultError, match="lacks 1 of 100 requests"):
        read("".join(lines[:50] + lines[51:]))
    with pytest.raises(ResultError, match="lacks points"):
        read("".join(load_files.k6_json(*load_files.open_loop(100)).splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "0 bytes"),
        ("hello\nworld\n", "no result file that is known"),
        ("{", "no result file that is known"),
        (b"\x00\x01\xff gob", "binary"),
        ('{"code": 200, "timestamp": "soon", "latency": 5, "seq": 0}\n', "without seq, timestamp, latency and code"),
        ('{"type": "Point", "metric": "http_req_duration", "data": 7}\n', "holds 0 requests"),
        ("[" * 10_000, "no result file that is known"),
    ],
)  # fmt: skip
def test_what_is_no_result_is_an_error(read, content, told):
    with pytest.raises(ResultError, match=told):
        read(content)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ResultError, match="cannot be read"):
        load_results.read(tmp_path / "none", warm_up=0.0, timeout=1.0)


SPEC = {
    "rate": 100.0, "requests": 350, "seconds": 3.0, "warm_up": 0.5, "timeout": 5.0, "arrivals": "fixed", "workers": 1, "seed": 1,
    "started": 1.79e9, "model": "ab" * 32, "locust": "2.47.0", "url": "http://secret.example", "bodies": ["secret"],
}  # fmt: skip


def ours(**fields):
    spec = {**SPEC, **fields}
    rows = [records.RECORD.pack(i, at, 1e-4, 0.0, 0.01, 200, 0) for i, at in records.schedule(spec)]
    return records.header(spec) + b"".join(reversed(rows))


def test_our_own_file_is_read_whole_and_in_order(read):
    found = read(ours())
    assert len(found) == 300
    assert found.model == "ab" * 32
    assert np.all(np.diff(found.at) > 0)
    assert outcomes(found, Objectives(rate=100.0, errors=0.02, latency={"p95": 0.25})) == {"passed"}


def test_our_own_file_names_neither_address_nor_bodies():
    assert b"secret" not in ours()


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-10],
        lambda b: b[: -records.RECORD.size],
        lambda b: b + b[-records.RECORD.size :],
        lambda b: b[: -records.RECORD.size] + b[-2 * records.RECORD.size : -records.RECORD.size],
        lambda b: b[:-1] + b"\x63",
        lambda b: b.replace(b'"requests": 350', b'"requests": null'),
        lambda b: b.replace(b"mlready-load-1", b"mlready-load-9"),
        lambda b: b.replace(b'"warm_up"', b"'warm_up'"),
        lambda b: records.header(SPEC),
    ],
)
def test_our_own_file_damaged_is_an_error(read, damage):
    with pytest.raises(ResultError):
        read(damage(ours()))


def test_a_part_that_is_known_to_be_lost_is_counted(tmp_path):
    path = tmp_path / "result"
    path.write_bytes(ours()[: -100 * records.RECORD.size])
    assert load_results.ours(path, lost=1).missing == 100


def test_lateness_is_measured_from_the_line_of_all_sends():
    starts = np.arange(1000) / 100
    starts[500:550] = starts[550]
    late = load_foreign.lateness(starts)
    assert late.max() == pytest.approx(0.5, abs=0.02)
    assert (late > 0.01).mean() == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("kind", ["fixed", "poisson"])
def test_a_schedule_keeps_its_rate_in_the_warm_up_and_after_it(kind):
    spec = {"rate": 80.0, "warm_up": 2.0, "seconds": 10.0, "arrivals": kind, "seed": 3}
    found = list(records.schedule(spec))
    at = np.array([a for _, a in found])
    assert [i for i, _ in found] == list(range(960))
    assert (at < 2.0).sum() == 160
    assert at.max() < 12.0
    assert np.all(np.diff(at) >= 0)
    assert found == list(records.schedule(spec))


def test_poisson_arrivals_are_spaced_as_a_poisson_process():
    gaps = np.diff(list(records.arrivals("poisson", requests=20_000, seconds=200.0, seed=5)))
    assert gaps.mean() == pytest.approx(0.01, rel=0.01)
    assert gaps.std() == pytest.approx(0.01, rel=0.03)
    assert (gaps > 0.03).mean() == pytest.approx(math.exp(-3), rel=0.1)


def test_a_header_is_one_line_of_json():
    line = records.header(SPEC)
    assert line.count(b"\n") == 1
    assert json.loads(line)["format"] == records.FORMAT
