from __future__ import annotations

import socket

import pytest

from pytest_mlready.serving.access import listening


@pytest.mark.skipif(not listening.PROC.is_dir(), reason="only Linux tells")
def test_every_other_listening_port_of_the_session_is_found():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        first, second = one.getsockname()[1], two.getsockname()[1]
        assert second in listening.beside(first)
        assert first not in listening.beside(first)


def test_a_system_that_does_not_tell_gives_none(tmp_path, monkeypatch):
    monkeypatch.setattr(listening, "PROC", tmp_path / "no-proc")
    assert listening.beside(80) == frozenset()


def test_a_process_that_may_not_be_looked_into_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(listening, "PROC", tmp_path)
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text("header\n 0: 0100007F:0050 00000000:0000 0A 0 0 0 0 0 77\nbroken\n")
    folder = tmp_path / "9" / "fd"
    folder.mkdir(parents=True)
    (folder / "3").symlink_to("socket:[77]")
    assert listening.beside(80) == frozenset()
