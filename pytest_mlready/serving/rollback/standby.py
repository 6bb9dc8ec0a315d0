"""Starts the service with the previous version in a process of its own, and has its golden predictions repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive, ReadinessError
from pytest_mlready.serving import process, readiness
from pytest_mlready.serving.rollback import standing
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.serving.rollback.standing import Side

KNOWN = ("previous", "version", "sha256")


def environment(given: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Variables with {previous}, {version} and {sha256} filled in.

    Raises:
        ReadinessError: One has another placeholder.
    """
    try:
        return {name: str(value).format_map(values) for name, value in given.items()}
    except (ValueError, LookupError, AttributeError) as error:
        raise ReadinessError(
            f"with_previous cannot be filled in: {type(error).__name__} {error}",
            expected=f"{', '.join(f'{{{name}}}' for name in KNOWN)} as placeholders; {{{{ and }}}} for plain braces",
        ) from None


def judge(
    plan: Plan, side: Side, *, model: str, with_previous: Mapping[str, str], progress: Callable[[str], None]
) -> Verdict:
    """Whether the serving stack of today serves the previous version and it answers as on record.

    Args:
        plan: How the service is started.
        side: The previous version, with its golden predictions.
        model: Path of its file, for {model} in the command.
        with_previous: Variables that make the service take it, filled in.
        progress: Shows what is going on.

    Raises:
        Inconclusive: The service runs at a URL, or the settings do not say how it is given another model.
    """
    if plan.start is not None and "{model}" not in plan.start and not with_previous:
        raise Inconclusive(
            "the settings do not say how the service is started with another model",
            fix='with_previous = { MODEL_PATH = "{previous}" }, or {model} in start of [tool.mlready.endpoint]',
        )
    launch = plan.launch(with_previous, model=model)
    with process.start(launch) as service:
        try:
            readiness.wait(service, plan, progress)
        except process.ServiceError as error:
            return Verdict(outcome="failed", message=f"with the previous version {error.found}")
        endpoint = standing.endpoint_of(service, plan)
        try:
            seen = standing.look(endpoint, side, samples=1)
        finally:
            endpoint.close()
        log = service.obituary() or service.tail() if seen.wrong else ""
    return _verdict(seen, side, log)


def _verdict(seen: standing.Standing, side: Side, log: str) -> Verdict:
    cases = len(side.golden.cases) if side.golden else 0
    measured = (
        Measurement(name="golden predictions as on record, through the service", value=seen.replayed, n=cases),
        Measurement(name="model served", value=seen.told or "not told"),
    )
    if seen.wrong:
        told = f"today's service with {side.title} does not answer as on record: {seen.wrong}"
        told += f"\nThe service says last:\n{log}" if log else ""
        return Verdict(outcome="failed", message=told, measurements=measured)
    return Verdict(outcome="passed", message=f"today's service serves {side.title}", measurements=measured)
