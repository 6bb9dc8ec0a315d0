from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest

from pytest_mlready.serving.load import records, shares
from pytest_mlready.serving.load.answers import flaw

SPEC = {"workers": 2, "warm_up": 0.0, "seconds": 1.0, "timeout": 1.0, "credentials": []}


class Runner:
    """Keeps what is sent; as Locust's runners, as far as they are used."""

    client_id = "w0"

    def __init__(self, *ready):
        self.clients = SimpleNamespace(ready=[SimpleNamespace(id=name) for name in ready])
        self.sent = []

    def send_message(self, kind, data, client_id=None):
        assert kind == shares.MESSAGE
        self.sent.append((client_id, data))


def ask(broker, who="asker", run="r1", protocol=shares.PROTOCOL):
    news = {"kind": "ask", "spec": SPEC, "run": run, "protocol": protocol}
    broker.hear(SimpleNamespace(node_id=who, data=news))


def test_a_broker_gives_each_worker_a_share_and_none_to_who_asks():
    runner = Runner("w0", "asker", "w1", "w2")
    ask(shares.Broker(runner))
    assert [(who, data["index"], data["of"], data["to"]) for who, data in runner.sent] == [
        ("w0", 0, 2, "asker"),
        ("w1", 1, 2, "asker"),
    ]


def test_a_broker_hands_news_on_to_who_asked():
    runner = Runner("w0", "w1")
    broker = shares.Broker(runner)
    ask(broker)
    broker.hear(SimpleNamespace(node_id="w0", data={"kind": "samples", "run": "r1", "to": "asker", "data": b"x"}))
    assert runner.sent[-1] == ("asker", {"kind": "samples", "run": "r1", "to": "asker", "data": b"x"})


def test_a_broker_refuses_while_busy_and_takes_the_next_run_when_all_are_done():
    runner = Runner("w0", "w1")
    broker = shares.Broker(runner)
    ask(broker)
    ask(broker, "other", "r2")
    assert runner.sent[-1] == ("other", {"kind": "refused", "why": "the master is busy with another run", "run": "r2"})
    for _ in range(2):
        broker.hear(SimpleNamespace(node_id="w0", data={"kind": "done", "run": "r1", "to": "asker"}))
    ask(broker, "other", "r2")
    assert runner.sent[-1][1]["kind"] == "share"


def test_a_broker_refuses_another_release_and_too_few_workers():
    runner = Runner("w0")
    ask(shares.Broker(runner), protocol=0)
    assert "another release" in runner.sent[-1][1]["why"]
    ask(shares.Broker(runner))
    assert runner.sent[-1][1]["why"] == "1 of 2 workers are connected to the master"


def share(**spec):
    return SimpleNamespace(data={"kind": "share", "spec": {**SPEC, **spec}, "index": 1, "of": 2, "run": "r", "to": "a"})


def test_a_worker_sends_its_share_and_says_whose_it_is():
    runner = Runner()
    shares.Worker(runner, lambda news, tell: tell("done", {"counts": [1]})).hear(share())
    assert runner.sent == [(None, {"counts": [1], "run": "r", "to": "a", "index": 1, "kind": "done"})]


def test_a_worker_without_the_credential_or_with_a_share_in_hand_refuses(monkeypatch):
    runner = Runner()
    shares.Worker(runner, None).hear(share(credentials=["Authorization"]))
    assert "has no Authorization in MLREADY_LOAD_HEADERS" in runner.sent[-1][1]["why"]
    monkeypatch.setenv(records.HEADERS, json.dumps({"Authorization": "x"}))
    worker = shares.Worker(runner, lambda *_: worker.hear(share()))
    worker.hear(share(credentials=["Authorization"]))
    assert "is busy with another run" in runner.sent[-1][1]["why"]


def test_a_collection_puts_shares_together_and_ignores_other_runs(capsys):
    out = io.BytesIO()
    found = shares.Collection(SPEC, out)
    for index in range(2):
        found.hear({"kind": "samples", "run": found.id, "index": index, "data": b"ab"})
        found.hear(
            {"kind": "done", "run": found.id, "index": index, "counts": [3, 1], "examples": {"refused": f"{index}"}}
        )
    found.hear({"kind": "samples", "run": "another", "index": 0, "data": b"no"})
    assert out.getvalue() == b"abab"
    assert found.wait(2) == 0
    assert found.examples == {"refused": "0"}
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"counts": [6, 2]}


def test_a_collection_does_not_wait_for_shares_whose_process_is_gone():
    found = shares.Collection(SPEC, io.BytesIO())
    found.hear({"kind": "done", "run": found.id, "index": 0, "counts": [1], "examples": {}})
    assert found.wait(2, lambda: 1) == 1


def test_a_refusal_ends_the_waiting():
    found = shares.Collection(SPEC, io.BytesIO())
    found.hear({"kind": "refused", "run": found.id, "index": 0, "why": "no"})
    assert (found.wait(2), found.refused) == (2, "no")


@pytest.mark.parametrize(("text", "expected"), [("127.0.0.1:5557", ("127.0.0.1", 5557)), ("[::1]:80", ("::1", 80))])
def test_an_address_is_host_and_port(text, expected):
    assert shares.address(text) == expected


@pytest.mark.parametrize(
    ("content", "keys", "told"),
    [
        (b'{"predictions": [4.0]}', ("predictions",), ""),
        (b'{"predictions": [4.0]}', (), ""),
        (b'{"prediction": 0}', ("prediction",), ""),
        (b"[4.0]", (), ""),
        (b'{"error": "no model"}', ("predictions",), "the answer carries an error"),
        (b'{"predictions": null, "error": "no model"}', ("predictions",), "the answer carries an error"),
        (b'{"detail": "about it", "y": 1}', ("detail", "y"), ""),
        (b'{"status": "starting"}', ("predictions",), "the answer has no predictions"),
        (b"[4.0]", ("predictions",), "the answer has no predictions"),
        (b"<html>busy</html>", ("predictions",), "the answer is no JSON"),
        (b"[" * 100_000, (), "the answer is no JSON"),
        (b"", (), "the answer is empty"),
        (b"{}", (), "the answer is empty"),
        (b"x" * 300_000, (), ""),
    ],
)
def test_an_error_in_a_body_is_told_from_an_answer(content, keys, told):
    assert flaw(content, keys) == told
