"""Shares one service among the processes of a run: one process owns it, the others ask over a socket on loopback.

What travels is JSON, both ways authenticated by the run's key (`multiprocessing.connection`).
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener, answer_challenge, deliver_challenge
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving.process import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from pytest_mlready.serving.owner import Keeper

PAUSE = 0.05  # seconds after a connection that could not be accepted


class Host:
    """Answers other processes about the service that this one owns; nothing is started before one asks.

    Args:
        make: Makes the owner, when it is first needed.
        key: Who does not have it is not answered.

    Attributes:
        address: Where to ask: (host, port).
    """

    def __init__(self, make: Callable[[], Keeper], key: bytes) -> None:
        self._make, self._keeper, self._key = make, None, key
        self._listener = Listener(
            ("127.0.0.1", 0), backlog=16
        )  # the key is asked for later: a stranger may say nothing
        self.address: tuple[str, int] = self._listener.address
        self._closed = False
        self._one_at_a_time = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    _keeper: Keeper | None

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection = self._listener.accept()
            except OSError:  # our own closing, or too many open files
                time.sleep(PAUSE)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, contextlib.suppress(OSError, EOFError, ValueError, AuthenticationError):
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
            asked = json.loads(connection.recv_bytes(4096))
            connection.send_bytes(json.dumps(self._answer(asked)).encode())

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            keeper = self._owner()
            if asked["what"] == "up":
                keeper.up()
                return {"url": keeper.url, "side": keeper.side}
            text = keeper.log(asked["lines"]) if asked["what"] == "log" else keeper.obituary(asked["wait"])
        except Exception as error:  # noqa: BLE001 - whatever it is, the other process must be told
            return {"error": str(error)}
        return {"text": text}

    def _owner(self) -> Keeper:
        with self._one_at_a_time:
            if self._keeper is None:
                self._keeper = self._make()
            return self._keeper

    def close(self) -> None:
        """Ends the service, and answers nobody any more."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.close()
        with self._one_at_a_time:
            if self._keeper is not None:
                self._keeper.close()


class Guest:
    """The owner as another process sees it.

    Args:
        address: Of the `Host`.
        key: Of the run.
    """

    def __init__(self, address: tuple[str, int] | list[Any], key: bytes) -> None:
        self._address, self._key = (str(address[0]), int(address[1])), key
        self.url = ""
        self.side: tuple[str, ...] = ()

    def up(self) -> Guest:
        answer = self._ask(what="up")
        self.url, self.side = answer["url"], tuple(answer["side"])
        return self

    def obituary(self, wait: float = 0.0) -> str:
        return str(self._ask(what="obituary", wait=wait)["text"])

    def log(self, lines: int = 200) -> str:
        return str(self._ask(what="log", lines=lines)["text"])

    def _ask(self, **asked: Any) -> dict[str, Any]:
        try:
            with Client(self._address, authkey=self._key) as connection:
                connection.send_bytes(json.dumps(asked).encode())
                answer: dict[str, Any] = json.loads(connection.recv_bytes())
        except (OSError, EOFError, AuthenticationError) as error:
            raise ServiceError(
                f"the process that owns the service cannot be asked: {error}", expected="workers on this machine"
            ) from None
        if "error" in answer:
            raise ServiceError(answer["error"])
        return answer
