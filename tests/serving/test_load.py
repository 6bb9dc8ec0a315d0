from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import numpy as np
import pytest
from loads import command, made_up, processes, task

from pytest_mlready.errors import Inconclusive, MissingExtra
from pytest_mlready.serving.load import program as load_program
from pytest_mlready.serving.load import records
from pytest_mlready.serving.load import sending as load
from pytest_mlready.serving.load import verdict as load_verdict
from pytest_mlready.serving.load.verdict import Objectives

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
GOOD = {"Authorization": "Bearer good-token"}
EASY = Objectives(rate=100.0, errors=0.02, latency={"p95": 1.0})


@pytest.fixture
def mark():
    """A text in the environment of everything that a test starts; at the end, nothing with it may be left."""
    text = f"mark-{uuid.uuid4().hex}"
    yield text
    deadline = time.monotonic() + 5
    while processes(text) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes(text) == []


@pytest.fixture
def sent(mark):
    """Sends a load and gives back what was recorded."""

    def send(endpoint, **fields):
        url = getattr(endpoint, "url", endpoint)
        keywords = {key: fields.pop(key) for key in ("died", "progress", "secrets") if key in fields}
        fields.setdefault("credentials", tuple(GOOD))
        return load.send(task(url, **fields), credentials={**GOOD, "X-Mark": mark}, **keywords)

    return send


def outcomes(found, objectives=EASY):
    """How each part ended; the machine of the tests may be busy, and the generator late, which has a test of its own."""
    on_time = dataclasses.replace(found, late=np.zeros(len(found)))
    return [verdict.outcome for verdict in load_verdict.judge(on_time, objectives)]


@pytest.mark.slow
def test_a_healthy_service_holds_its_objectives_and_every_request_is_told_of(service, sent):
    lines = []
    found = sent(service(), progress=lines.append)
    assert len(found) == 300
    assert found.missing == 0
    assert found.rate == pytest.approx(100)
    assert np.all(np.diff(found.at) >= 0)
    assert not found.failed.any()
    assert set(outcomes(found)) == {"passed"}
    assert any("answered, 0 failed" in line for line in lines)
    assert lines[-1] == ""


@pytest.mark.slow
def test_a_stall_of_two_seconds_in_ten_shows_in_p99(service, sent):
    endpoint = service("stall all", environment={"STALL_AT": "400", "STALL_SECONDS": "2"})
    found = sent(endpoint, seconds=10.0, arrivals="fixed")
    assert np.quantile(found.latency, 0.99) >= 1.5
    assert outcomes(found, Objectives(rate=100.0, errors=0.02, latency={"p50": 1.0, "p99": 1.5}))[-2:] == [
        "passed",
        "failed",
    ]


@pytest.mark.slow
def test_a_service_that_is_too_slow_queues_up_and_fails(service, sent):
    found = sent(service("one at a time", environment={"TURN_SECONDS": "0.014"}), seconds=4.0)
    assert outcomes(found, Objectives(rate=100.0, errors=0.02, latency={"p95": 0.5}))[-1] == "failed"
    first, second = load_verdict.halves(found)
    assert second > first
    assert "it queues up" in load_verdict.drift(found)


@pytest.mark.slow
def test_two_percent_of_errors_are_found_and_named(service, sent):
    found = sent(service("flaky"), seconds=5.0)
    assert found.failed.mean() == pytest.approx(0.02, abs=0.004)
    assert np.all(found.latency[found.failed] == 5.0)
    assert found.examples["error status"].startswith('500: {"reason": "now and then"}')
    [verdict] = [
        v for v in load_verdict.judge(found, Objectives(rate=100.0, errors=0.005, latency={})) if v.outcome == "failed"
    ]
    assert "× error status" in verdict.message


@pytest.mark.slow
def test_an_error_in_the_body_of_a_200_is_a_failure(service, sent):
    found = sent(service("error body"), seconds=1.0)
    assert set(found.endings) == {records.BODY}
    assert found.examples["error in the body"] == "the answer carries an error"


@pytest.mark.slow
def test_a_service_that_hangs_is_over_in_time_and_every_request_counts_as_its_time_out(service, sent):
    begun = time.monotonic()
    found = sent(service("hang"), seconds=2.0, timeout=1.0, rate=50.0, concurrency=1000)
    assert time.monotonic() - begun < 30
    assert set(found.endings) == {records.TIMEOUT}
    assert np.all(found.latency >= 1.0)


@pytest.mark.slow
def test_connections_that_all_wait_for_answers_are_the_services_failure(service, sent):
    found = sent(service("hang"), seconds=2.0, timeout=1.0, rate=50.0, concurrency=10)
    assert (found.waited > 0.5).any()
    assert outcomes(found, Objectives(rate=50.0, errors=0.02, latency={})) == ["failed", "failed"]


@pytest.mark.slow
def test_nobody_listening_is_a_failure_of_every_request(sent):
    found = sent("http://127.0.0.1:9", seconds=1.0)
    assert set(found.endings) == {records.REFUSED}
    assert outcomes(found) == ["passed", "failed", "failed"]


@pytest.mark.slow
def test_a_service_that_dies_under_load_is_told_with_its_last_lines(service, sent, mark):
    endpoint = service("die", environment={"DIE_AT": "60"})
    with pytest.raises(
        load.ServiceDiedError, match=r"(?s)100 requests a second the service ended with status 137.*out of memory"
    ):
        sent(endpoint, seconds=60.0, died=endpoint.obituary)
    assert processes(mark) == []


@pytest.mark.slow
def test_a_generator_that_was_stopped_for_a_second_is_late_and_nothing_is_concluded(service, sent, mark):
    def stop_and_go():
        while not (found := [p for p in processes(mark) if b"locust" in command(p)]):
            time.sleep(0.05)
        while not going:
            time.sleep(0.05)
        for number in (signal.SIGSTOP, signal.SIGCONT):
            os.kill(found[0], number)
            time.sleep(1.0)

    going = []
    thread = threading.Thread(target=stop_and_go)
    thread.start()
    found = sent(service(), seconds=5.0, progress=lambda text: going.append(1) if "answered" in text else None)
    thread.join()
    assert load_verdict.late_share(found) > 0.05
    [verdict] = load_verdict.judge(found, EASY)
    assert verdict.outcome == "inconclusive"
    assert "the generator was late" in verdict.message


@pytest.mark.slow
def test_connections_that_timed_out_are_free_again(service, sent):
    endpoint = service("stall all", environment={"STALL_AT": "30", "STALL_SECONDS": "2"})
    found = sent(endpoint, rate=50.0, seconds=6.0, timeout=1.0, concurrency=100)
    last = found.endings[found.at > 4.0]
    assert (found.endings == records.TIMEOUT).any()
    assert np.all(last == records.ANSWERED)


@pytest.mark.slow
def test_workers_under_locusts_master_share_the_schedule(service, sent):
    found = sent(service(), workers=2)
    alone = sent(service(), workers=1)
    assert len(found) == 300
    assert found.workers == 2
    assert found.at == pytest.approx(alone.at, abs=1e-9)
    assert set(outcomes(found)) == {"passed"}


@pytest.mark.slow
def test_a_worker_that_is_killed_makes_the_run_inconclusive(service, sent, mark):
    def kill_one():
        while not going:
            time.sleep(0.05)
        os.kill(workers(mark)[0], signal.SIGKILL)

    going = []
    thread = threading.Thread(target=kill_one)
    thread.start()
    found = sent(
        service(),
        workers=2,
        progress=lambda text: going.append(1) if ", 0 answered" not in text and "answered" in text else None,
    )
    thread.join()
    assert found.missing >= 100
    [verdict] = load_verdict.judge(found, EASY)
    assert verdict.outcome == "inconclusive"
    assert "a part of the load generator was lost" in verdict.message


def workers(mark):
    return [p for p in processes(mark) if b"worker" in command(p).split(b"\0")]


@pytest.fixture
def standing(mark):
    """A master that stands by, and workers of it, as people start them on other machines."""
    started = []

    def program(*words, credentials=GOOD):
        environment = load_program.environment({**credentials, "X-Mark": mark})
        process = subprocess.Popen(
            [sys.executable, "-I", str(load_program.DRIVER), *words, "--with-parent"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield program
    for process in started:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


@pytest.mark.slow
def test_a_master_that_stands_by_hands_runs_on_to_its_workers(service, sent, standing):
    master = standing("master", "127.0.0.1:0")
    at = f"127.0.0.1:{json.loads(master.stdout.readline())['listening']}"
    with pytest.raises(Inconclusive, match="0 of 2 workers are connected"):
        sent(service(), master=at, workers=2)
    for _ in range(2):
        standing("worker", at)
    found = until_ready(lambda: sent(service(), master=at, workers=2))
    assert len(found) == 300
    assert set(outcomes(found)) == {"passed"}
    again = sent(service(), master=at, workers=2)
    assert len(again) == 300


def until_ready(send):
    """Sends as soon as the workers are connected."""
    for _ in range(60):
        try:
            return send()
        except Inconclusive as ending:
            if "workers are connected" not in str(ending):
                raise
            time.sleep(0.5)
    raise AssertionError("the workers did not come up")


@pytest.mark.slow
def test_a_worker_without_the_credential_refuses(service, sent, standing, mark):
    master = standing("master", "127.0.0.1:0")
    at = f"127.0.0.1:{json.loads(master.stdout.readline())['listening']}"
    standing("worker", at, credentials={})
    with pytest.raises(Inconclusive, match="has no Authorization in MLREADY_LOAD_HEADERS"):
        until_ready(lambda: sent(service(), master=at, workers=1))


@pytest.mark.slow
def test_a_master_that_is_not_there_is_told(sent):
    with pytest.raises(Inconclusive, match=r"no master answers at 127\.0\.0\.1:9"):
        sent("http://127.0.0.1:9", master="127.0.0.1:9", connect_limit=2.0)


@pytest.mark.slow
def test_the_program_dies_with_the_process_that_started_it(tmp_path, mark):
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({**made_spec(), "seconds": 60.0}))
    words = [sys.executable, "-I", str(load_program.DRIVER), "run", str(spec), str(tmp_path / "out"), "--with-parent"]
    code = f"import subprocess, sys, time; subprocess.Popen({words!r}, stdin=subprocess.PIPE); print(1, flush=True); time.sleep(60)"
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=load_program.environment({"X-Mark": mark})
    )
    parent.stdout.readline()
    deadline = time.monotonic() + 20
    while len(processes(mark)) < 4 and time.monotonic() < deadline:  # this one, the program, its workers
        time.sleep(0.05)
    assert len(processes(mark)) == 4
    parent.kill()
    parent.wait()
    parent.stdout.close()


def made_spec():
    return dataclasses.asdict(task("http://127.0.0.1:9", workers=2))


@pytest.mark.slow
def test_secrets_are_on_no_command_line_and_in_no_message(service, sent, mark):
    seen = []

    def look(_):
        seen.extend(command(p) for p in processes(mark))

    endpoint = service("trace")
    body = '{"instances": [{"x": "good-token"}]}'
    found = sent(endpoint, seconds=1.0, bodies=(body,), secrets=("good-token",), progress=look, workers=2)
    assert seen
    assert not [line for line in seen if b"good-token" in line]
    assert found.failed.all()
    assert "good-token" not in str(found.examples)


def test_the_environment_of_the_program_holds_neither_proxy_nor_pytest_nor_coverage(monkeypatch):
    for name in (
        "HTTP_PROXY",
        "https_proxy",
        "PYTEST_ADDOPTS",
        "COVERAGE_PROCESS_START",
        "COV_CORE_SOURCE",
        "PYTHONPATH",
        "AWS_SECRET_ACCESS_KEY",
        "LOCUST_HOST",
    ):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert "http://127.0.0.1:9" not in load_program.environment({}).values()


@pytest.mark.slow
def test_what_would_disturb_the_program_does_not_reach_it(service, sent, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    monkeypatch.setenv("COVERAGE_PROCESS_START", "/nowhere")
    assert not sent(service(), seconds=1.0).failed.any()


def test_without_locust_the_install_line_is_told(monkeypatch):
    monkeypatch.setattr(load, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[load\]"):
        load.send(task("http://127.0.0.1:9"))


def test_a_program_that_ends_without_a_result_is_told_with_its_last_line(tmp_path, monkeypatch):
    broken = tmp_path / "broken.py"
    broken.write_text("import sys; print('not json', flush=True); sys.exit('no module named gevent')")
    monkeypatch.setattr(load_program, "DRIVER", broken)
    with pytest.raises(load.LoadError, match="ended with status 1 and no result: no module named gevent"):
        load.send(task("http://127.0.0.1:9"))


def test_a_program_that_does_not_end_is_killed(tmp_path, monkeypatch, mark):
    stuck = tmp_path / "stuck.py"
    stuck.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(load_program, "DRIVER", stuck)
    monkeypatch.setattr(load, "START_LIMIT", -25.0)
    with pytest.raises(Inconclusive, match="did not end within"):
        load.send(task("http://127.0.0.1:9"), credentials={"X-Mark": mark})


def test_a_run_of_too_many_requests_is_refused_before_it_starts():
    with pytest.raises(load.LoadError, match="too many for one run"):
        load.send(task("http://127.0.0.1:9", rate=1e6, seconds=1e4))


def test_a_made_up_load_has_failures_at_the_time_out():
    assert made_up([0.1, 0.1], endings=[0, records.BROKEN]).latency.tolist() == [0.1, 10.0]
