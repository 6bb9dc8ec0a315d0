"""Judges how services of a compose file are separated from one another, from the machine and from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.hosts import is_loopback
from pytest_mlready.manifests.documents import Judgement, Problem, failed, shown, table
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.manifests.compose import Service
    from pytest_mlready.manifests.documents import Steps

DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A port of a service that the machine publishes beyond loopback."""

    service: Service
    steps: Steps
    written: str
    target: str
    published: str


def judge(
    services: Sequence[Service], *, workload: str | None = None, public_ports: Sequence[str] = (), alone: bool = True
) -> Judgement:
    """Findings over networks and published ports.

    Args:
        services: Of all compose files.
        workload: The service that serves. None: any of them may.
        public_ports: Ports that may be published on every interface; without them one port of the serving service may.
        alone: Whether compose is all that is deployed: then open egress decides, otherwise it is recorded.
    """
    verdicts: list[Verdict] = []
    warnings: list[str] = []
    for service in services:
        verdicts += _mode(service)
        verdicts += _unknown_networks(service)
        verdicts += _odd(service)
    verdicts += _shared_default(services, workload)
    verdicts += _ports(services, workload, public_ports)
    for service in services:
        if workload in (None, service.name) and (names := _leading_out(service)):
            through = f"egress is open through {', '.join(names)}"
            text = f"{service.place('networks')}: {through}; compose closes it only by internal: true"
            if alone:
                verdicts.append(
                    Verdict(outcome="inconclusive", message=f"{text}; whatever else closes it is not seen here")
                )
            else:
                warnings.append(text)
    if services and not verdicts:
        measured = Measurement(name="services looked at in compose files", value=len(services), n=len(services))
        message = f"{len(services)} services on networks of their own, no needless port published"
        verdicts = [Verdict(outcome="passed", message=message, measurements=(measured,))]
    return Judgement(verdicts=tuple(verdicts), warnings=tuple(warnings))


def _mode(service: Service) -> Iterator[Verdict]:
    mode = str(service.content.get("network_mode") or "")
    place = service.place("network_mode")
    if mode == "host":
        yield failed(place, "network_mode is host: it shares all of the machine's network", "a network of its own")
    elif mode == "bridge":
        yield failed(
            place, "network_mode is bridge: every container of the machine may be on it", "a network of its own"
        )
    elif mode not in ("", "none") and not mode.startswith(("service:", "container:")):
        yield Problem(where=place, kind="not understood", message=f"network_mode is {shown(mode)}").verdict()


def networks(service: Service) -> tuple[str, ...]:
    """The networks of a service; the default one where it names none; none where it has another mode."""
    if service.content.get("network_mode"):
        return ()
    named = service.content.get("networks")
    return tuple(map(str, named)) if isinstance(named, list | Mapping) and named else (DEFAULT,)


def _unknown_networks(service: Service) -> Iterator[Verdict]:
    known = table(service.document.content, "networks")
    for name in networks(service):
        if name != DEFAULT and name not in known:
            found = f'network "{name}" is not among the networks of the file{near(name, known)}'
            yield failed(service.place("networks"), found, "a network that is declared")


def _odd(service: Service) -> Iterator[Verdict]:
    """Ports or networks of a shape that compose refuses, and that hides what they open."""
    for key, kinds in (("ports", list), ("networks", list | Mapping)):
        value = service.content.get(key)
        if value is not None and not isinstance(value, kinds):
            message = f"{key} is {shown(value)}, expected a list"
            yield Problem(where=service.place(key), kind="not understood", message=message).verdict()


def _shared_default(services: Sequence[Service], workload: str | None) -> Iterator[Verdict]:
    """Services that meet on the default network because none was chosen."""
    files: dict[str, list[Service]] = {}
    for service in services:
        if DEFAULT in networks(service):
            files.setdefault(service.document.file, []).append(service)
    for together in files.values():
        if len(together) > 1 and workload in (None, *(s.name for s in together)):
            names = ", ".join(s.name for s in together)
            found = f"{names} are all on the default network, where each reaches the others"
            yield failed(together[0].document.where, found, "networks that join only those that talk to one another")


def _ports(services: Sequence[Service], workload: str | None, public: Sequence[str]) -> Iterator[Verdict]:
    """Ports beyond loopback: those that the settings name, or one port of the serving service."""
    opened = [p for service in services for p in _published(service) if not {p.target, p.published} & set(public)]
    own = [p for p in opened if workload in (None, p.service.name)]
    excused = own if len(own) == 1 and "-" not in own[0].target and not public else []  # no range of ports
    for port in opened:
        if port not in excused:
            found = f"port {port.written} is published on every interface"
            expected = f'"127.0.0.1:{port.published or port.target}:{port.target}", or the port in public_ports'
            yield failed(port.service.place(*port.steps), found, expected)


def _published(service: Service) -> Iterator[Published]:
    ports = service.content.get("ports")
    for index, port in enumerate(ports if isinstance(ports, list) else ()):
        host, published, target = _read(port)
        if not is_loopback(host.strip("[]")):
            steps: Steps = ("ports", index)
            yield Published(service=service, steps=steps, written=shown(port), target=target, published=published)


def _read(port: Any) -> tuple[str, str, str]:
    """(host address, published port, port of the container) of the long or the short form."""
    if isinstance(port, Mapping):
        return str(port.get("host_ip") or ""), str(port.get("published") or ""), str(port.get("target") or "")
    text = str(port).partition("/")[0]
    head, _, target = text.rpartition(":")
    host, _, published = head.rpartition(":")
    return host, published, target


def _leading_out(service: Service) -> list[str]:
    """Networks of a service that lead out of the machine."""
    declared = table(service.document.content, "networks")
    return [name for name in networks(service) if table(declared, name).get("internal") is not True]
