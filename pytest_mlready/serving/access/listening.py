"""Finds the TCP ports on which a service really listens, from /proc: whoever declares ports may forget one."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")
LISTEN = "0A"  # the state in /proc/net/tcp (Linux, include/net/tcp_states.h)


def beside(port: int) -> frozenset[int]:
    """Ports on which the process that listens on `port` listens too, with all of its session.

    Empty where the system does not tell: not Linux, or a process of somebody else.
    """
    listeners = dict(_listeners())
    sockets = {pid: _sockets(pid) & listeners.keys() for pid in _processes()}
    sessions = {_session(pid) for pid, held in sockets.items() if port in {listeners[i] for i in held}} - {None}
    return frozenset(
        listeners[inode] for pid, held in sockets.items() if held and _session(pid) in sessions for inode in held
    ) - {port}


def _listeners() -> Iterator[tuple[str, int]]:
    """(inode, port) of every listening socket."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN:
                    yield fields[9], int(fields[1].rpartition(":")[2], 16)


def _processes() -> Iterator[str]:
    with contextlib.suppress(OSError):
        yield from (entry.name for entry in PROC.iterdir() if entry.name.isdigit())


def _sockets(pid: str) -> set[str]:
    """Inodes of the sockets that a process holds; none of a process that may not be looked into."""
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in (PROC / pid / "fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found


def _session(pid: str) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int((PROC / pid / "stat").read_text().rpartition(")")[2].split()[3])
    return None
