from __future__ import annotations

import datetime as dt
import importlib.util
import json
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_mlready.checks.infrastructure import load_test as check
from pytest_mlready.errors import Failed, Inconclusive, MissingExtra, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.serving.load import records
from pytest_mlready.serving.load import sending as load
from pytest_mlready.serving.load import verdict as load_verdict
from pytest_mlready.serving.plan import Plan


def borrowed(name):
    spec = importlib.util.spec_from_file_location(
        f"borrowed_{name}", Path(__file__).parents[2] / "serving" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


files, loads = borrowed("load_files"), borrowed("loads")
OPTIONS = {option.name: option.default for option in check.ITEM.options}
QUICK = {"seconds": 3.0, "warm_up": 0.5, "timeout": 5.0}
EXAMPLE = b'{"instances": [{"x": 2.0, "name": "two"}]}'
GOOD = {"predict": "POST /predict", "example": EXAMPLE, "expect": {"predictions": [4.0]}}


def rows(count):
    return [{"x": float(i), "name": f"row {i}", "label": i} for i in range(min(count, 20))]


def project(
    plan=None, *, root=None, peak=50.0, p99=None, p95=1.0, errors=0.02, alone="", today="2026-11-21", **options
):
    slo = SimpleNamespace(p50=None, p95=p95, p99=p99, errors=errors)
    return SimpleNamespace(
        settings=SimpleNamespace(endpoint=SimpleNamespace(peak_rps=peak, slo=slo)), plan=plan, alone=alone,
        options=lambda _: {**OPTIONS, **options}, confidence=0.95, seed=lambda _: 7, progress=lambda _: None,
        digests=SimpleNamespace(model=None), today=dt.date.fromisoformat(today), file=lambda text, _: root / text,
    )  # fmt: skip


class Asking:
    """The request of a test; says whether the service was asked for."""

    def __init__(self, endpoint=None):
        self.endpoint = endpoint

    def getfixturevalue(self, name):
        assert (name, self.endpoint is not None) == ("mlready_endpoint", True)
        return self.endpoint


def run(mlready, endpoint=None):
    evidence = Evidence()
    try:
        check.test_load_at_twice_the_peak(mlready, evidence, Asking(endpoint))
    finally:
        run.notes = evidence.notes
        run.named = {entry["name"]: entry for entry in evidence.notes.evidence}
    return run.named


@pytest.fixture
def sent(service, monkeypatch):
    """Runs the check against a real service with these faults; nothing of either may be left afterwards.

    The machine may be busy with other tests: that the generator was late is the subject of another one.
    """
    mark = f"mark-{uuid.uuid4().hex}"
    monkeypatch.setattr(load_verdict, "LATE_SHARE", 1.0)

    def send(*faults, environment=None, **changed):
        endpoint = service(*faults, environment={"MARK": mark, **(environment or {})}, rows=rows, **GOOD)
        assert loads.processes(mark) != []
        return run(project(endpoint.plan, **{**QUICK, **changed}), endpoint)

    yield send
    assert not [p for p in loads.processes(mark) if b"locust_driver" in loads.command(p)]


@pytest.mark.slow
def test_a_healthy_service_passes_and_its_evidence_is_complete(sent):
    found = sent()
    assert found["rate sent"]["value"] == pytest.approx(100)
    assert found["error rate"]["value"] == 0
    assert found["latency p95"]["interval"][1] <= 1.0
    assert found["sends late by more than 10 ms"]["max"] is not None
    assert found["different bodies"]["value"] == 21
    assert "poisson arrivals" in found["load"]["note"]
    assert "warm-up of 0.5 s" in found["measured"]["note"]
    assert run.notes.grade == "live"
    assert [plot["kind"] for plot in run.notes.plots] == ["histogram", "curve", "curve"]
    assert len(json.dumps(run.notes.plots)) < 50_000


@pytest.mark.slow
def test_a_stall_that_everybody_waits_for_fails(sent):
    with pytest.raises(Failed, match=r"latency p99 1\.\d+ s over 1,000 requests exceeds 500 ms"):
        sent("stall all", environment={"STALL_AT": "400", "STALL_SECONDS": "2"}, seconds=10.0, p99=0.5, p95=None)


@pytest.mark.slow
def test_a_service_that_cannot_keep_up_fails(sent):
    with pytest.raises(Failed, match=r"latency p95 .* exceeds 500 ms"):
        sent("one at a time", environment={"TURN_SECONDS": "0.014"}, p95=0.5)


@pytest.mark.slow
def test_a_flaky_service_fails_and_says_what_it_answered(sent):
    with pytest.raises(Failed, match=r"× error status \(500: \{\"reason\": \"now and then\"\}\)"):
        sent("flaky", errors=0.01)
    assert run.named["requests that ended in: error status"]["value"] >= 4


@pytest.mark.slow
def test_a_service_that_dies_under_load_fails_with_its_last_lines(sent):
    with pytest.raises(Failed, match=r"(?s)100 requests a second the service ended with status 137.*out of memory"):
        sent("die", environment={"DIE_AT": "150"}, seconds=30.0)


@pytest.mark.slow
def test_a_service_that_hangs_fails_before_any_load(sent):
    begun = time.monotonic()
    with pytest.raises(Failed, match="before any load, POST /predict got no answer"):
        sent("hang")
    assert time.monotonic() - begun < 30


@pytest.mark.slow
def test_a_service_that_answers_wrongly_tells_nothing_about_load(sent):
    with pytest.raises(Inconclusive, match="the good request is not answered well"):
        sent("error body")


@pytest.mark.slow
def test_too_few_requests_for_p99_are_inconclusive(sent):
    with pytest.raises(Inconclusive, match="cannot bound it"):
        sent(seconds=2.0, p99=1.0)


@pytest.mark.slow
def test_less_than_twice_the_peak_is_not_enough_to_pass(sent):
    with pytest.raises(Inconclusive, match=r"1\.5 × the peak was held, and at least 2 × is asked for"):
        sent(factor=1.5)
    assert run.named["rate sent"]["value"] == pytest.approx(75)


@pytest.mark.slow
def test_two_workers_send_it_together(sent):
    assert "2 processes" in sent(workers=2)["load"]["note"]


NOTHING = Plan(folder=Path(), start="never started {port}")


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"peak": None}, "peak_rps = 40"),
        ({"errors": None}, "errors = 0.001"),
        ({"p95": None}, 'p99 = "250 ms"'),
    ],
)
def test_without_peak_or_objectives_nothing_is_sent_and_the_line_to_write_is_told(changed, line):
    with pytest.raises(Unverified, match=line):
        run(project(NOTHING, **changed))


def test_without_an_slo_table_it_is_unverified():
    mlready = project(NOTHING)
    mlready.settings.endpoint.slo = None
    with pytest.raises(Unverified, match="slo = "):
        run(mlready)


def test_beside_other_tests_nothing_is_measured():
    with pytest.raises(Inconclusive, match=r"2 xdist workers .* without -n"):
        run(project(NOTHING, alone="2 xdist workers run tests side by side"))


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (Plan(folder=Path(), url="https://api.example"), r'allow_hosts = \["api.example"\]'),
        (Plan(folder=Path(), url="https://api.example", allow_hosts=("api.example",)), "may_change_state = true"),
    ],
)
def test_load_goes_to_no_host_that_is_not_allowed(plan, told):
    with pytest.raises(Inconclusive, match=told):
        run(project(plan))


def test_without_locust_the_install_line_is_told_before_anything_starts(monkeypatch):
    monkeypatch.setattr(load, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[load\]"):
        run(project(NOTHING))


def test_objectives_that_no_short_run_can_show_are_told_before_anything_starts():
    with pytest.raises(Inconclusive, match=r'seconds = "1498 s"'):
        run(project(NOTHING, peak=1.0, errors=0.001))


def test_an_option_that_cannot_be_is_an_error_before_anything_starts():
    with pytest.raises(ReadinessError, match='did you mean "fixed"'):
        run(project(NOTHING, arrivals="fixd"))


@pytest.fixture
def replayed(tmp_path):
    def replay(content, **changed):
        path = tmp_path / "result.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run(project(root=tmp_path, result=path.name, **changed))

    return replay


def test_a_result_file_is_judged_and_no_service_is_asked_for(replayed):
    found = replayed(files.vegeta_json(*files.open_loop()), p99=0.25)
    assert run.notes.grade == "replayed"
    assert found["age of the result"]["value"] == 1
    assert found["latency p99"]["n"] == 2000


@pytest.mark.parametrize("scale", [20, 100])
def test_a_result_file_of_a_slow_run_fails(replayed, scale):
    starts, latency = files.open_loop()
    with pytest.raises(Failed, match="exceeds 250 ms"):
        replayed(files.k6_json(starts, scale * latency), p99=0.25)


def test_a_result_file_of_failed_requests_fails(replayed):
    with pytest.raises(Failed, match=r"2,000 of 2,000 requests failed .*503 status"):
        replayed(files.vegeta_json(*files.open_loop(), code=503))


@pytest.mark.parametrize(
    "content",
    [files.LOCUST_CSV, files.VEGETA_REPORT, files.vegeta_json(*files.closed_loop())],
    ids=["locust", "report", "sends"],
)
def test_a_closed_loop_or_a_summary_is_inconclusive(replayed, content):
    with pytest.raises(Inconclusive):
        replayed(content)


def test_a_result_at_less_than_twice_the_peak_is_inconclusive(replayed):
    with pytest.raises(Inconclusive, match="100 requests a second, and 160 are asked for"):
        replayed(files.vegeta_json(*files.open_loop()), peak=80.0)


@pytest.mark.parametrize(("today", "age"), [("2027-03-01", 101), ("2027-02-19", 91)])
def test_an_old_result_is_inconclusive(replayed, today, age):
    with pytest.raises(Inconclusive, match=f"{age} days old"):
        replayed(files.vegeta_json(*files.open_loop()), today=today)


def test_a_result_from_the_future_is_an_error(replayed):
    with pytest.raises(ReadinessError, match="after today"):
        replayed(files.vegeta_json(*files.open_loop()), today="2026-11-01")


def test_a_damaged_result_is_an_error(replayed):
    with pytest.raises(ReadinessError, match="damaged or cut off"):
        replayed(files.vegeta_json(*files.open_loop())[:-50])


def test_a_result_of_another_model_is_inconclusive(tmp_path):
    spec = {
        "rate": 100.0, "requests": 600, "seconds": 6.0, "warm_up": 0.0, "timeout": 5.0, "arrivals": "fixed", "workers": 1,
        "seed": 1, "started": files.START.timestamp(), "model": "a" * 64, "locust": "2.47.0",
    }  # fmt: skip
    body = b"".join(records.RECORD.pack(i, at, 0.0, 0.0, 0.01, 200, 0) for i, at in records.schedule(spec))
    (tmp_path / "ours").write_bytes(records.header(spec) + body)
    mlready = project(root=tmp_path, result="ours", p99=0.25)
    run(mlready)
    mlready.digests.model = "b" * 64
    with pytest.raises(Inconclusive, match="another model"):
        run(mlready)


def test_the_check_imports_neither_locust_nor_gevent():
    assert not {"locust", "gevent"} & set(sys.modules)
