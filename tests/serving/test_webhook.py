from __future__ import annotations

import json
import socket
import urllib.parse
import urllib.request

import pytest

from pytest_mlready.serving import webhook


def post(url, body, kind="application/json"):
    with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": kind}), timeout=5) as answer:
        return answer.status, answer.read()


def test_what_is_sent_arrives_as_text():
    with webhook.Webhook() as hook:
        assert post(hook.url, json.dumps({"text": "caf\u00e9", "blocks": [{"version": 3}]}).encode()) == (200, b"ok")
        assert hook.messages() == ["text\ncafé\nblocks\nversion\n3"]
        assert hook.wait(5) == hook.messages()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (urllib.parse.urlencode({"payload": json.dumps({"text": "a 1.0 → 2.0"})}).encode(), "a 1.0 → 2.0"),
        (b"a==1.0 is now a==2.0", "a==1.0 is now a==2.0"),
        (b"\xff\xfe", "\ufffd"),
        (b"[" * 100_000, "[["),
    ],
)
def test_forms_plain_text_and_rubbish_are_read(body, said):
    assert said in webhook.words(body)


def test_nothing_arrives_and_the_time_is_over():
    with webhook.Webhook() as hook:
        assert hook.wait(0.05) == []


def test_a_client_that_hangs_up_or_sends_too_much_does_no_harm():
    with webhook.Webhook() as hook:
        port = urllib.parse.urlsplit(hook.url).port
        socket.create_connection(("127.0.0.1", port), 5).close()
        post(hook.url, b"x" * (webhook.LARGEST + 10))
        assert [len(m) for m in hook.messages()] == [webhook.LARGEST]


def test_it_keeps_so_many_messages_and_no_more(monkeypatch):
    monkeypatch.setattr(webhook, "MOST", 2)
    with webhook.Webhook() as hook:
        for n in range(4):
            post(hook.url, str(n).encode(), "text/plain")
        assert hook.messages() == ["0", "1"]
