from __future__ import annotations

import socket
import threading

import pytest

from pytest_mlready.serving import port_watch


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_server_that_comes_up_is_seen():
    port = free_port()
    with port_watch.watched(port) as watch, socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(10)
        server.accept()[0].close()
    assert watch.seen


def test_nothing_is_seen_where_nothing_listens_and_no_thread_is_left():
    with port_watch.watched(free_port()) as watch:
        pass
    assert not watch.seen
    assert not [t for t in threading.enumerate() if t.name.startswith("mlready-port")]


@pytest.mark.skipif(not port_watch.TABLES[0].is_file(), reason="only Linux tells")
def test_a_server_that_comes_and_goes_between_two_looks_is_seen(monkeypatch):
    monkeypatch.setattr(port_watch, "_accepts", lambda *_: False)
    port = free_port()
    with port_watch.watched(port) as watch, socket.create_server(("127.0.0.1", port)) as server:
        client = socket.create_connection(("127.0.0.1", port))
        server.accept()[0].close()
        client.close()
    assert watch.seen


def test_a_system_that_does_not_tell_leaves_it_at_the_looks(monkeypatch, tmp_path):
    monkeypatch.setattr(port_watch, "TABLES", (tmp_path / "none",))
    with port_watch.watched(free_port()) as watch:
        pass
    assert not watch.seen


def test_it_connects_once_to_what_it_has_seen():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        with port_watch.watched(server.getsockname()[1]) as watch:
            server.accept()[0].close()
            watch._over.wait(0.1)
        server.settimeout(0.05)
        try:
            server.accept()[0].close()
            again = True
        except TimeoutError:
            again = False
    assert not again
