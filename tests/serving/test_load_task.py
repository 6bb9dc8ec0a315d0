from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from pytest_mlready.errors import Inconclusive, ReadinessError
from pytest_mlready.serving import conventions
from pytest_mlready.serving.http import Request
from pytest_mlready.serving.load import payloads as load_payloads
from pytest_mlready.serving.load import task as load_task
from pytest_mlready.serving.load.verdict import Objectives

ROWS = [{"x": float(i), "name": f"row {i}", "other": i} for i in range(3)]
OPTIONS = {"factor": 2.0, "arrivals": "poisson", "workers": 1, "master": None}


def asked(rate=80.0, errors=0.001, **latency):
    return Objectives(rate=rate, errors=errors, latency=latency or {"p99": 0.25})


def test_the_time_follows_from_what_the_objectives_need():
    assert load_task.seconds(None, asked(), confidence=0.95) == 38.0
    assert load_task.seconds(None, asked(errors=0.05), confidence=0.95) == 15.0
    assert load_task.seconds(None, asked(rate=1000.0, errors=0.05), confidence=0.95) == 10.0


def test_a_time_that_is_given_wins():
    assert load_task.seconds(5.0, asked(rate=1.0), confidence=0.95) == 5.0


@pytest.mark.parametrize(
    ("errors", "told"), [(0.001, r"2,995 requests.*seconds = \"1498 s\""), (0.0, "no number of requests")]
)
def test_a_run_that_could_not_pass_is_not_begun(errors, told):
    with pytest.raises(Inconclusive, match=told):
        load_task.seconds(None, asked(rate=2.0, errors=errors), confidence=0.95)


def test_the_warm_up_is_five_seconds_or_a_tenth():
    assert [load_task.warm_up(None, s) for s in (10.0, 50.0, 120.0)] == [5.0, 5.0, 12.0]
    assert load_task.warm_up(0.0, 10.0) == 0.0


def test_the_time_out_lies_above_every_objective():
    assert load_task.timeout(None, asked()) == 10.0
    assert load_task.timeout(None, asked(p99=8.0)) == 16.0
    with pytest.raises(ReadinessError, match="not above the objective of 8 s"):
        load_task.timeout(8.0, asked(p99=8.0))


def test_connections_carry_the_rate():
    assert load_task.connections(None, asked(), 10.0) == 800
    assert load_task.connections(None, asked(rate=5000.0), 10.0) == 1250
    assert load_task.connections(None, asked(rate=1.0), 10.0) == 100
    with pytest.raises(ReadinessError, match="concurrency = 19 connections cannot carry 80"):
        load_task.connections(19, asked(), 10.0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"arrivals": "possion"}, 'did you mean "poisson"'),
        ({"workers": 0}, "workers = 0"),
        ({"factor": -1.0}, "factor = -1"),
        ({"master": "somewhere"}, '"host:port"'),
        ({"master": "loads.example:5557"}, "cannot reach the service"),
    ],
)
def test_options_that_cannot_be_are_refused(changed, told):
    with pytest.raises(ReadinessError, match=told):
        load_task.check({**OPTIONS, **changed}, "http://127.0.0.1:8000")


def test_a_master_elsewhere_may_load_a_service_elsewhere():
    load_task.check({**OPTIONS, "master": "loads.example:5557"}, "https://staging.example")
    load_task.check({**OPTIONS, "master": "localhost:5557"}, "http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ({"instances": [{"x": 9.5, "name": "n"}]}, {"instances": [{"x": 1.0, "name": "row 1"}]}),
        ({"x": 9, "name": "n"}, {"x": 1.0, "name": "row 1"}),
        ([{"x": 1.5}, {"x": 2.5}], [{"x": 1.0}, {"x": 1.0}]),
        ({"data": {"row": {"other": 4}}, "version": 3}, {"data": {"row": {"other": 1}}, "version": 3}),
    ],
)
def test_rows_take_the_place_that_the_example_shows(example, expected):
    made = load_payloads.varied(json.dumps(example).encode(), ROWS)
    assert len(made) == 3
    assert json.loads(made[1]) == expected


@pytest.mark.parametrize(
    "example", [{"instances": [[1.0, 2.0]]}, {"x": "text"}, {"x": 1.0, "unknown": 2}, {"x": True}, {}, [], 7, "text"]
)
def test_an_example_without_a_place_for_rows_is_not_varied(example):
    assert load_payloads.varied(json.dumps(example).encode(), ROWS) == ()


@pytest.mark.parametrize("body", [None, b"no json"])
def test_a_body_that_is_no_json_is_not_varied(body):
    assert load_payloads.varied(body, ROWS) == ()


def test_bodies_come_from_the_lines_of_a_file(tmp_path):
    path = tmp_path / "bodies.jsonl"
    path.write_text('{"a": 1}\n\n  {"a": 2}\n')
    assert load_payloads.from_file(path) == ('{"a": 1}', '{"a": 2}')


@pytest.mark.parametrize(
    ("text", "told"), [("", "holds no body"), ('{"a": 1}\n{"a"\n', "line 2 of bodies.jsonl is no JSON")]
)
def test_a_file_without_bodies_is_an_error(tmp_path, text, told):
    path = tmp_path / "bodies.jsonl"
    path.write_text(text)
    with pytest.raises(ReadinessError, match=told):
        load_payloads.from_file(path)


class Stub:
    """An endpoint that answers 422 to the row whose x is 1."""

    def __init__(self, body, rows, convention=conventions.KUBERNETES):
        self.good = Request(method="POST", path="/predict").json(body)
        self.plan = SimpleNamespace(rows=(lambda n: rows[:n]) if rows is not None else None)
        self.probes = SimpleNamespace(convention=convention, model="")

    def send(self, request):
        return SimpleNamespace(status=422 if b'"x": 1.0' in request.body else 200)


def test_rows_that_the_service_refuses_are_left_out():
    made = load_task.bodies(Stub({"x": 0.5}, ROWS), None)
    assert [json.loads(body)["x"] for body in made] == [0.5, 0.0, 2.0]


def test_without_rows_the_good_request_is_all_that_is_sent():
    assert load_task.bodies(Stub({"x": 0.5}, None), None) == ('{"x": 0.5}',)


def test_a_body_that_the_protocol_makes_of_a_row_is_made_of_the_others():
    first = conventions.body(conventions.MLFLOW, ROWS[:1])
    made = load_task.bodies(Stub(first, ROWS, conventions.MLFLOW), None)
    assert [json.loads(body)["dataframe_split"]["data"][0][2] for body in made] == [0, 1, 2]
