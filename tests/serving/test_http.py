from __future__ import annotations

import gzip
import resource
import time
import zlib

import pytest
from hostile_peer import Peer, answer

from pytest_mlready.serving.http import BODY_LIMIT, Client, NoAnswerError, Request, Response, masked

SECRET = "s3cr3t/with+signs="


@pytest.fixture
def ask():
    """Answers one request with bytes, or by a script, and gives what the client makes of it."""
    opened = []

    def make(script, *, request=None, timeout=2.0, secrets=(), **more):
        peer = Peer(script if callable(script) else lambda connection: connection.sendall(script))
        client = Client(peer.url, timeout=timeout, secrets=secrets)
        opened.append((peer, client))
        make.peer, make.client = peer, client
        return client.send(request or Request(), **more)

    yield make
    for peer, client in opened:
        client.close()
        peer.close()


def drip(head: bytes, part: bytes, step: float = 0.02):
    """Writes a beginning, then one part after another for ever."""

    def script(connection):
        connection.sendall(head)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            connection.sendall(part)
            time.sleep(step)

    return script


def broken(ask, script, **more) -> NoAnswerError:
    began = time.monotonic()
    with pytest.raises(NoAnswerError) as caught:
        ask(script, **more)
    assert time.monotonic() - began < 2.5
    return caught.value


def test_an_answer_comes_back_whole(ask):
    found = ask(answer(b'{"a": 1}', "X-Odd: Yes"), request=Request(path="/p").json({"b": 2}))
    assert (found.status, found.json(), found.headers["x-odd"], found.cut) == (200, {"a": 1}, "Yes", False)
    assert b"content-type: application/json" in ask.peer.asked[0].lower()
    assert ask.peer.asked[0].endswith(b'{"b": 2}')


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"y"),
        (b"HTTP/1.1 ", b"2"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["body", "chunks", "headers", "first line", "interim answers"],
)
def test_an_answer_that_drips_in_for_ever_meets_the_limit(ask, head, part):
    error = broken(ask, drip(head, part), timeout=0.5)
    assert error.kind == "timeout"
    assert "within 0.5 s" in str(error)


def test_silence_meets_the_limit(ask):
    assert broken(ask, drip(b"", b""), timeout=0.4).kind == "timeout"


def test_a_service_that_does_not_read_the_request_meets_the_limit(ask):
    big = Request(method="POST", body=b"x" * (64 << 20))
    error = broken(ask, lambda _: time.sleep(2), request=big, timeout=0.5)
    assert error.kind == "timeout"


def test_a_body_of_100_mb_is_cut(ask):
    def script(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x" * (1 << 20))

    found = ask(script, timeout=10)
    assert found.cut
    assert len(found.body) == BODY_LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1, 2])
def test_a_compressed_body_that_stands_for_a_gigabyte_is_cut(ask, layers):
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(bytes(1 << 24)) for _ in range(64)), packer.flush()])
    for _ in range(layers - 1):
        bomb = gzip.compress(bomb)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = ask(answer(bomb, f"Content-Encoding: {', '.join(['gzip'] * layers)}"), timeout=10)
    assert found.cut
    assert found.body == bytes(BODY_LIMIT)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", lambda b: zlib.compress(b)[2:-4])],
    ids=["gzip", "zlib", "bare deflate"],
)
def test_a_compressed_answer_is_read(ask, coding, pack):
    assert ask(answer(pack(b'{"a": 1}'), f"Content-Encoding: {coding}")).json() == {"a": 1}


def test_no_coding_is_asked_for_that_cannot_be_bounded(ask):
    ask(answer(b"{}"))
    assert b"accept-encoding: gzip, deflate\r\n" in ask.peer.asked[0].lower()


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(50_000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"",
    ],
    ids=[
        "another protocol",
        "no status",
        "short body",
        "header flood",
        "long header",
        "bad chunk",
        "bad gzip",
        "nothing",
    ],
)
def test_what_is_no_http_is_a_broken_answer(ask, data):
    assert broken(ask, data).kind == "broken"


def test_nobody_listening_is_refused():
    with (
        Client("http://127.0.0.1:9", timeout=2) as client,
        pytest.raises(NoAnswerError, match="nobody answers") as told,
    ):
        client.send(Request())
    assert told.value.kind == "refused"


def test_a_redirect_is_not_followed(ask):
    found = ask(answer(b"", "Location: /elsewhere", status="302 Found"))
    assert found.status == 302
    assert len(ask.peer.asked) == 1


def test_a_cookie_is_not_kept(ask):
    ask(answer(b"", "Set-Cookie: session=abc"))
    ask.client.send(Request())
    assert not [request for request in ask.peer.asked if b"cookie:" in request.lower()]


def test_the_environments_proxy_is_not_asked(ask, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask(answer(b"{}")).ok


def test_a_path_with_dots_goes_out_as_it_is_written(ask):
    ask(answer(b"{}"), request=Request(path="/static/../../etc/passwd?x=1"))
    assert ask.peer.asked[0].startswith(b"GET /static/../../etc/passwd?x=1 HTTP/1.1\r\n")


def test_a_header_that_http_does_not_allow_is_told_without_its_value(ask):
    error = broken(ask, answer(b"{}"), headers={"Authorization": f"Bearer {SECRET}\n"})
    assert error.kind == "broken"
    assert SECRET not in str(error)
    error = broken(ask, answer(b"{}"), headers={"Authorization": f"Bearer {SECRET}ü"})
    assert SECRET not in str(error)


@pytest.mark.parametrize("form", [SECRET, "s3cr3t%2Fwith%2Bsigns%3D"])
def test_messages_do_not_show_secrets(ask, form):
    error = broken(ask, drip(b"", b""), request=Request(path=f"/x?key={form}"), timeout=0.2, secrets=[SECRET])
    assert form not in str(error)
    assert "***" in str(error)


def test_a_secret_is_masked_also_where_json_quotes_it():
    assert masked('{"key": "a\\"b"}', ['a"b']) == '{"key": "***"}'


def test_of_two_secrets_the_longer_goes_first():
    assert masked("token abcdef", ["abc", "abcdef"]) == "token ***"


def test_curl_shows_the_request_and_no_secret(ask):
    ask(answer(b"{}"), secrets=[SECRET])
    line = ask.client.curl(
        Request(method="POST", path="/p").json(["it's"]), headers={"Authorization": f"Bearer {SECRET}"}
    )
    assert line.startswith("curl -i -X POST http://127.0.0.1:")
    assert """--data-raw '["it'"'"'s"]'""" in line
    assert "Bearer ***" in line
    assert SECRET not in line


def test_curl_does_not_take_a_body_for_the_name_of_a_file(ask):
    ask(answer(b"{}"))
    assert "--data-raw @/etc/passwd" in ask.client.curl(Request(method="POST", body=b"@/etc/passwd"))


def test_curl_does_not_print_a_body_of_megabytes(ask):
    ask(answer(b"{}"))
    line = ask.client.curl(Request(method="POST", body=b"x" * 5_000_000))
    assert len(line) < 400
    assert "5000000 bytes" in line


def test_json_nested_too_deeply_is_a_value_error():
    with pytest.raises(ValueError, match="nested too deeply"):
        Response(status=200, headers={}, body=b"[" * 200_000, seconds=0).json()


def test_a_body_is_shown_on_one_line_and_cut():
    assert Response(status=200, headers={}, body=b"a\n b" * 200, seconds=0).shown(10) == "a ba ba ba…"
