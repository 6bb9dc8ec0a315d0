"""Judges whether every service of a compose file declares the memory, CPU and GPU that it may take."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests import quantities
from pytest_mlready.manifests.documents import Judgement, Problem, at, entries, failed, shown
from pytest_mlready.manifests.limits import LEAST_MEMORY, visible_devices
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_mlready.manifests.compose import Service
    from pytest_mlready.manifests.documents import Steps

_LIMITS: Steps = ("deploy", "resources", "limits")
_RESERVATIONS: Steps = ("deploy", "resources", "reservations")
MEMORY: tuple[Steps, ...] = ((*_LIMITS, "memory"), ("mem_limit",))
RESERVED: tuple[Steps, ...] = ((*_RESERVATIONS, "memory"), ("mem_reservation",))
# Any of these declares a CPU; outside a swarm only the limits hold a container back.
CPU: tuple[Steps, ...] = (
    (*_LIMITS, "cpus"), ("cpus",), ("cpu_quota",), ("cpu_count",), (*_RESERVATIONS, "cpus"), ("cpu_shares",),
)  # fmt: skip


def judge(services: Sequence[Service]) -> Judgement:
    """One finding for each quantity that is missing or wrong; a pass when there is none."""
    verdicts = [verdict for service in services for verdict in _service(service)]
    warnings = [warning for service in services for warning in _warnings(service)]
    counted = Measurement(name="services looked at in compose files", value=len(services), n=len(services))
    if services and not verdicts:
        message = f"all {len(services)} services declare memory, CPU and GPU"
        verdicts = [Verdict(outcome="passed", message=message, measurements=(counted,))]
    return Judgement(verdicts=tuple(verdicts), warnings=tuple(warnings))


def _service(service: Service) -> Iterator[Verdict]:
    limit, reserved = _declared(service, MEMORY), _declared(service, RESERVED)
    if limit is None:
        yield failed(
            service.place(), "no memory limit", 'deploy.resources.limits.memory (or mem_limit), such as "512m"'
        )
    if not any(_declared(service, (steps,)) for steps in CPU):
        yield failed(service.place(), "no CPU declared", 'deploy.resources.limits.cpus (or cpus), such as "1.0"')
    for found in (limit, reserved):
        yield from _wrong(service, found, quantities.parse_bytes, LEAST_MEMORY, "at least 6 MB, Docker's own minimum")
    for steps in CPU:
        yield from _wrong(service, _declared(service, (steps,)), _number, Decimal("1e-9"), "more than 0")
    yield from _at_most_limit(service, limit, reserved)
    yield from _gpu(service)


def _declared(service: Service, places: tuple[Steps, ...]) -> tuple[Steps, Any] | None:
    """The first of these places that holds something, with what it holds."""
    found = ((steps, at(service.content, *steps)) for steps in places)
    return next(((steps, value) for steps, value in found if value is not None), None)


def _wrong(
    service: Service, found: tuple[Steps, Any] | None, read: Callable[[Any], Decimal], least: Decimal, expected: str
) -> Iterator[Verdict]:
    """A quantity that cannot be read or is too small."""
    if found is None:
        return
    steps, raw = found
    place, written = service.place(*steps), f"{'.'.join(map(str, steps))} is {shown(raw)}"
    try:
        if read(raw) < least:
            yield failed(place, written, expected)
    except (ValueError, ArithmeticError) as error:
        if quantities.is_placeholder(raw):
            fix = "give the variable a default (${NAME:-value}), or name the output of docker compose config"
            yield Problem(where=place, kind="not rendered", message=written, fix=fix).verdict()
        else:
            yield failed(place, written, str(error) if isinstance(error, ValueError) else "a number")


def _at_most_limit(
    service: Service, limit: tuple[Steps, Any] | None, reserved: tuple[Steps, Any] | None
) -> Iterator[Verdict]:
    if limit is None or reserved is None:
        return
    try:
        above = quantities.parse_bytes(reserved[1]) > quantities.parse_bytes(limit[1])
    except ValueError:  # a finding of its own
        return
    if above:
        found = f"the memory reservation {reserved[1]} is above the limit {limit[1]}"
        yield failed(service.place(*reserved[0]), found, "at most the limit")


def _number(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float) or not str(raw)[:1].isdigit():
        raise ValueError('a number of CPUs, such as "0.5" or 2')
    return Decimal(str(raw)[:50])


def _gpu(service: Service) -> Iterator[Verdict]:
    content = service.content
    devices = [d for _, d in entries(content, *_RESERVATIONS, "devices") if "gpu" in str(d.get("capabilities"))]
    if devices or content.get("gpus"):
        return
    if str(content.get("runtime") or "") == "nvidia":
        yield failed(service.place("runtime"), "runtime is nvidia and no GPU is reserved", _expected_gpu())
    elif seen := visible_devices(environment(content)):
        yield failed(service.place("environment"), f"NVIDIA_VISIBLE_DEVICES is {shown(seen)} and no GPU is reserved",
                     _expected_gpu())  # fmt: skip


def _expected_gpu() -> str:
    return "deploy.resources.reservations.devices with capabilities: [gpu] and a count or device_ids"


def environment(content: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a service, written as a table or as a list of NAME=value."""
    written = content.get("environment")
    if isinstance(written, Mapping):
        return {str(k): "" if v is None else str(v) for k, v in written.items()}
    listed = (str(e).partition("=") for e in (written if isinstance(written, list) else ()))
    return {name: value for name, _, value in listed}


def _warnings(service: Service) -> Iterator[str]:
    if _declared(service, RESERVED) is None:
        yield f"{service.place()}: no memory reservation"
    if all(_declared(service, (steps,)) is None for steps in CPU[:4]):
        yield f"{service.place()}: no CPU limit; reservations hold outside a swarm for nothing"
    for _, device in entries(service.content, *_RESERVATIONS, "devices"):
        if device.get("count") in (None, "all", -1) and not device.get("device_ids"):
            yield f"{service.place(*_RESERVATIONS, 'devices')}: all devices of the machine are taken (no count)"
