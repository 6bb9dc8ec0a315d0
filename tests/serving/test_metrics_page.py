from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving import live_prometheus, metrics, provoked
from pytest_mlready.serving.http import NoAnswerError, Request, Response
from pytest_mlready.serving.metrics import MetricsError

GOOD = {"predict": "POST /predict", "example": b'{"instances": [{"x": 2}]}'}
PAGE = """# TYPE a_total counter
a_total{status="200"} 3
# TYPE d histogram
d_bucket{le="0.1"} 1
d_bucket{le="+Inf"} 2
d_sum 0.3
d_count 2
# TYPE g gauge
g NaN 1700000000000
"""


def test_a_page_is_read_with_names_as_queries_have_them():
    found = {s.name: s for s in metrics.parse(PAGE)}
    assert found["a_total"].kind == "counter"
    assert found["d_bucket"].labels == {"le": "+Inf"}
    assert found["g"].time == 1_700_000_000


def test_open_metrics_is_read_where_the_type_says_so():
    text = "# TYPE a counter\na_total 3\na_created 1\n# EOF\n"
    (sample,) = metrics.parse(text, "application/openmetrics-text; version=1.0.0")
    assert (sample.name, sample.kind, sample.value) == ("a_total", "counter", 3)


@pytest.mark.parametrize("text", ["", "<html>not found</html>", '{"a": 1}', "# HELP a b\n"])
def test_what_is_no_page_of_metrics_is_inconclusive(text):
    with pytest.raises(MetricsError):
        metrics.parse(text)


def answer(status=200, body=b"", **headers):
    return Response(status=status, headers=headers, body=body, seconds=0.01)


def test_a_page_that_refuses_says_what_to_set():
    with pytest.raises(MetricsError, match=r"GET /metrics answers 404.*metrics = "):
        metrics.read(lambda _: answer(404), "/metrics")


def test_a_page_that_does_not_answer_is_inconclusive():
    def refuse(_):
        raise NoAnswerError("nobody answers", kind="refused")

    with pytest.raises(MetricsError, match="nobody answers"):
        metrics.read(refuse, "/metrics")


class Counting:
    """A service in memory: what it counts, and its page."""

    def __init__(self, *, late=0):
        self.good, self.scrapes, self.late, self.shown = 0, 0, late, 0

    def send(self):
        self.good += 1
        return answer()

    def page(self):
        text = f'# TYPE r counter\nr_total{{route="/p"}} {self.shown if self.late else self.good}\nr_total{{route="/metrics"}} {self.scrapes}\n'
        self.scrapes += 1
        self.late -= 1
        self.shown = self.good if self.late <= 0 else self.shown
        return metrics.parse(text)


@pytest.mark.parametrize("late", [0, 6])
def test_what_requests_move_is_told_from_what_reading_moves_even_when_counted_late(late):
    service = Counting(late=late)
    moved = metrics.movement(service.send, service.page)
    assert moved.moved == {("r_total", frozenset({("route", "/p")})): 5.0}
    assert set(moved.each.values()) == {1.0}


def test_counters_that_fall_are_of_several_processes():
    before = metrics.parse("# TYPE a counter\na_total 5\n")
    after = metrics.parse("# TYPE a counter\na_total 3\n")
    with pytest.raises(MetricsError, match="several processes answer in turn"):
        metrics.risen(before, after)


def test_a_series_whose_own_time_is_long_ago_is_stale():
    samples = metrics.parse(PAGE)
    assert metrics.stale(samples, ("g",), now=1_700_000_400, most=300) == ["g is 400 s old"]
    assert metrics.stale(samples, ("g", "a_total"), now=1_700_000_200, most=300) == []


def seen(service, *faults, **fields):
    endpoint = service("metrics", *faults, **{**GOOD, **fields})

    def page():
        return metrics.read(endpoint.send, "/metrics")

    good = metrics.movement(lambda: endpoint.send(endpoint.good), page)
    client = provoked.clients(endpoint, page)
    return provoked.Provoked(good=good, client=client, server=provoked.failures(endpoint, "/metrics"))


def test_a_service_that_counts_by_status_passes(service):
    found = seen(service)
    assert found.client.statuses == (422,) * 5
    assert found.server.statuses == (503,) * 5
    assert {v.outcome for v in provoked.judge(found, exactly=True)} == {"passed"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("metrics forget errors", "no counter tells them from others (nothing rose)"),
        ("metrics say 200", "no counter tells them from others (what rose: answer_seconds_count, answers_total)"),
        ("metrics say 500", 'they were counted as answers_total{status="500"}'),
        ("metrics count twice", "rose by 10"),
    ],
)
def test_errors_that_are_counted_wrongly_fail(service, fault, said):
    verdicts = provoked.judge(seen(service, fault), exactly=True)
    assert "failed" in {v.outcome for v in verdicts}
    assert said in "\n".join(v.message for v in verdicts)


def test_counting_more_than_was_sent_is_accepted_only_where_others_ask_too(service):
    found = seen(service, "metrics count twice")
    assert provoked.judge(found, exactly=False)[0].outcome == "passed"


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (["exits without model"], "without its model the service does not run"),
        (["built in", "loads first"], "was answered 200, not 5xx"),
        (["error body"], "was answered 200"),
        (["metrics by process"], "several processes answer in turn"),
    ],
)
def test_a_service_on_which_nothing_can_be_provoked_is_inconclusive(service, faults, said):
    with pytest.raises(Inconclusive, match=said):
        seen(service, *faults)


def test_a_good_request_is_spoilt_by_half_its_body_or_by_its_path():
    assert provoked.spoilt(Request(method="POST", path="/p", body=b'{"a": 1}')).body == b'{"a"'
    assert provoked.spoilt(Request(path="/p")).path == "/p/no-such-thing"


@contextlib.contextmanager
def prometheus(answers):
    """Something that answers instant queries: the first answer whose key is in the query."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            value = next((v for k, v in answers.items() if k in self.path), [])
            body = value if isinstance(value, bytes) else json.dumps(
                {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"instance": "a"}, "value": [0, str(v)]} for v in value]}}
            ).encode()  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("answers", "outcome", "said"),
    [
        ({"timestamp": [12], "up": [1, 1]}, "passed", ""),
        ({"timestamp": [900], "up": [1]}, "failed", "d_bucket is 900 s old"),
        ({"up": [1]}, "failed", "d_bucket is not there"),
        ({"timestamp": [12], "up": [1, 0]}, "failed", "targets are down: a"),
        ({"timestamp": [12]}, "failed", "scrapes no target"),
        ({"timestamp": [12], "up": b"<html>"}, "inconclusive", "cannot be asked"),
        ({"timestamp": [12], "up": b'{"status": "error"}'}, "inconclusive", "cannot be asked"),
    ],
)
def test_a_running_prometheus_is_asked_for_targets_and_series(answers, outcome, said):
    with prometheus(answers) as url:
        verdicts = live_prometheus.judge(url, ["d_bucket"], job="income")
    told = [v for v in verdicts if v.outcome == outcome]
    assert told
    assert said in "\n".join(v.message for v in told)
    assert outcome != "passed" or len(told) == len(verdicts)


def test_a_prometheus_that_is_not_there_is_inconclusive():
    (verdict,) = live_prometheus.judge("http://127.0.0.1:9", ["a"])
    assert verdict.outcome == "inconclusive"
