"""Holds what is known of a service before it is asked: how to start it, where it listens, what a good request is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready import hosts
from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving import launch as launches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_mlready.serving.launch import Launch

    Rows = Callable[[int], list[dict[str, Any]]]

NO_MODEL = "no-such-model"  # a path that does not exist, in place of {model}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A service as the settings describe it, secrets and files read.

    Attributes:
        folder: Where the command runs.
        start: Command with placeholders; None when `url` is given.
        url: Address of a service that runs already.
        environment: Whole environment of a started service.
        model: Path of the model, for {model}.
        without_model: What the environment is changed by to start without the model.
        convention: Name of the protocol; None: found out.
        predict: "POST /predict"; None: found out.
        example: Body of one good request; None: found out.
        expect: What the answer to the example must hold; None: anything that looks like an answer.
        openapi: Path on the service; None: the customary ones are tried.
        document: A parsed OpenAPI document, where a file was named.
        ready, live: Paths of the health endpoints; None: found out.
        side: URLs of side ports, with placeholders.
        header: Name of the header that carries the credential.
        credentials: Whole values of that header by kind: "good", "expired", "wrong_scope", "other_tenant".
        secrets: Values that no message may show.
        rows: Rows of the held-out set as plain values, for a protocol's own form of request.
    """

    folder: Path
    start: str | None = None
    url: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    without_model: Mapping[str, str] = field(default_factory=dict)
    convention: str | None = None
    predict: str | None = None
    example: bytes | None = None
    expect: Any = None
    openapi: str | None = None
    document: Any = None
    ready: str | None = None
    live: str | None = None
    side: tuple[str, ...] = ()
    header: str = "Authorization"
    credentials: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    start_limit: float = 60.0
    stop_limit: float = 10.0
    allow_hosts: tuple[str, ...] = ()
    may_change_state: bool = False
    rows: Rows | None = None

    def launch(self, environment: Mapping[str, str] | None = None, *, model: str | None = None) -> Launch:
        """The command with free ports, ready to start; every launch has ports of its own.

        Raises:
            ServiceError: There is no command, or it cannot be read.
            Inconclusive: Only a running service is configured, which cannot be started here.
        """
        if self.start is None:
            raise Inconclusive(
                "the service at a configured URL cannot be started here",
                fix='[tool.mlready.endpoint] start = "uvicorn service:app --port {port}"',
            )
        return launches.prepare(
            self.start,
            folder=self.folder,
            environment={**self.environment, **(environment or {})},
            model=model or self.model,
            side=self.side,
            secrets=self.secrets,
            stop_limit=self.stop_limit,
        )

    def launch_without_model(self) -> Launch:
        """The same with its model missing.

        Raises:
            Inconclusive: The settings do not say how to take the model away.
        """
        if self.start is not None and "{model}" not in self.start and not self.without_model:
            raise Inconclusive(
                "the settings do not say how to start the service without its model",
                fix='[tool.mlready.endpoint] without_model = { MODEL_PATH = "no-such-model" }, or {model} in start',
            )
        return self.launch(self.without_model, model=str(self.folder / NO_MODEL))

    def headers(self, kind: str = "good") -> dict[str, str]:
        """The header with a credential of this kind; none where there is no such credential."""
        value = self.credentials.get(kind)
        return {} if value is None else {self.header: value}

    def refusal(self, url: str, *, changes_state: bool) -> str | None:
        """Why load, fuzzing or provoked errors may not go to this URL; None when they may."""
        host = hosts.of(url)
        if hosts.is_loopback(host):
            return None
        if not hosts.may_be_asked(url, self.allow_hosts):
            return f'{host} is not this machine; allow_hosts = ["{host}"] in [tool.mlready.endpoint] allows it'
        if changes_state and not self.may_change_state:
            return f"{host} may not be changed; may_change_state = true in [tool.mlready.endpoint] allows it"
        return None
