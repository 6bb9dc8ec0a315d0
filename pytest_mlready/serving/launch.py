"""Prepares the start of a service: the command's words with free ports in them."""

from __future__ import annotations

import contextlib
import shlex
import socket
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


class ServiceError(ReadinessError):
    """The service could not be started, never became ready, or died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What is started.

    Attributes:
        words: The command, without a shell, placeholders filled in.
        folder: Where it runs.
        environment: All of its environment.
        url: Where it will listen.
        side: URLs of its side ports.
        secrets: Values that no message may show.
        stop_limit: Seconds within which it must end when told to.
        memory: Bytes that each of its processes may hold, on Linux; None for no limit.
    """

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    url: str
    side: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    stop_limit: float = 10.0
    memory: int | None = None


def prepare(  # noqa: PLR0913 - one argument for each setting
    command: str,
    *,
    folder: Path,
    environment: Mapping[str, str],
    model: str | None = None,
    side: Iterable[str] = (),
    secrets: Iterable[str] = (),
    stop_limit: float = 10.0,
) -> Launch:
    """Fills in the placeholders of a command: {port} and {port_NAME} with free ports, {model} with the model's path.

    Raises:
        ServiceError: The command cannot be split into words, has no {port}, or has an unknown placeholder.
    """
    try:
        words = shlex.split(command)
        names = {
            name for word in (*words, *side) for _, name, _, _ in string.Formatter().parse(word) if name is not None
        }
    except ValueError as error:
        raise ServiceError(
            f"the command {command!r} cannot be read: {error}", expected="words as a shell splits them"
        ) from None
    unknown = {n for n in names if n not in {"model", "port"} and not (n.startswith("port_") and n.isidentifier())}
    if "model" in names and model is None:
        raise ServiceError(
            f"the command {command!r} has {{model}}, and no model is configured",
            fix='[tool.mlready.model] path = "path/to/model.joblib"',
        )
    if unknown or not words or "port" not in names:
        found = f"has the unknown placeholder {{{min(unknown)}}}" if unknown else "has no {port}"
        raise ServiceError(
            f"the command {command!r} {found}",
            expected="{port} where the port goes, and perhaps {port_NAME} and {model}; {{ and }} for plain braces",
            fix='[tool.mlready.endpoint] start = "uvicorn service:app --port {port}"',
        )
    ports = free_ports(sorted(n for n in names if n != "model"))
    values = {**{name: str(port) for name, port in ports.items()}, "model": model or ""}
    return Launch(
        words=tuple(word.format_map(values) for word in words),
        folder=folder,
        environment={**environment, "PORT": str(ports["port"])},
        url=f"http://127.0.0.1:{ports['port']}",
        side=tuple(url.format_map(values) for url in side),
        secrets=tuple(secrets),
        stop_limit=stop_limit,
    )


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """A free port of the loopback interface for each name, all different."""
    with contextlib.ExitStack() as stack:
        ports = {}
        for name in names:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports[name] = int(listener.getsockname()[1])
        return ports
