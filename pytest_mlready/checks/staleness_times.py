"""Brings when the served model and the stages before it were made: by the service, by pages, by records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.checks import alerting, clock, staleness_study

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.project import Project
    from pytest_mlready.quality.staleness_dates import Made
    from pytest_mlready.quality.staleness_live import Shown
    from pytest_mlready.quality.staleness_stages import Stage
    from pytest_mlready.serving.endpoint import Endpoint

MODEL = "monitoring.model_staleness"
STAGE = ("name", "record", "metric", "date", "max_age")


def limit(mlready: Project, request: pytest.FixtureRequest) -> tuple[float | None, str]:
    """The greatest age in seconds, and what it stands on; or why there is none."""
    agreed: float | None = mlready.options(MODEL)["max_age"]
    derived, why = staleness_study.maximum_age(mlready, request)
    if derived is None:
        return (agreed, "max_age") if agreed is not None else (None, why)
    seconds = derived * 86400
    return (agreed, "max_age") if agreed is not None and agreed < seconds else (seconds, why)


def service(mlready: Project, request: pytest.FixtureRequest) -> Endpoint | None:
    table = mlready.settings.endpoint
    if table.start is None and table.url is None:
        return None
    endpoint: Endpoint = request.getfixturevalue("mlready_endpoint")
    return endpoint


def exposed(mlready: Project, request: pytest.FixtureRequest) -> Exposed:
    """The page of the service, where there is one, and further ones."""
    endpoint, options = service(mlready, request), mlready.options(MODEL)
    if endpoint is None:
        return alerting.jobs(mlready, options)
    return alerting.exposed(mlready, options, alerting.asked(endpoint, options["metrics"]), endpoint)


def shown(mlready: Project, page: Exposed) -> Shown | None:
    from pytest_mlready.quality import staleness_live

    return staleness_live.shown(page.samples, mlready.options(MODEL)["metric"], now=clock.now(mlready))


def told_live(mlready: Project, endpoint: Endpoint | None) -> tuple[Made | None, str]:
    """When the service says that its model was trained, and where it says so."""
    from pytest_mlready.errors import DataError
    from pytest_mlready.quality import staleness_live

    options = mlready.options(MODEL)
    if endpoint is None:
        return None, "no service"
    if options["metadata"]:
        return _told(endpoint, options["metadata"]), f"the service ({options['metadata']})"
    samples = alerting.page(endpoint.up(), options["metrics"])
    found = staleness_live.shown(samples, options["metric"], now=clock.now(mlready))
    if found is None:
        return None, f"the service ({options['metrics']})"
    if staleness_live.is_start(found, samples):
        raise DataError(
            f"{found.metric} says {found.made}, which is when the process started: that is no training time",
            fix="read the time from the record that ships with the model",
        )
    return found.made, f"the service ({found.metric})"


def _told(endpoint: Endpoint, place: str) -> Made:
    """A time in a JSON answer of the service: "/model#trained_at"."""
    from pytest_mlready.errors import DataError
    from pytest_mlready.quality import staleness_dates
    from pytest_mlready.quality import studies_cells as cells
    from pytest_mlready.serving.http import Request

    path, _, key = place.partition("#")
    answer = endpoint.up().send(Request(path=path))
    document = answer.json() if answer.ok else None
    if document is None or not key:
        raise DataError(f"GET {path} answers {answer.status}: {answer.shown(120)}", expected=f'JSON with "{key}"')
    return staleness_dates.made(cells.at(document, key, where=f"the answer to GET {path}"), what=place)


def recorded(mlready: Project, place: str) -> Made:
    from pytest_mlready.quality import staleness_dates

    name, _, key = place.partition("#")
    return staleness_dates.recorded(mlready.file(name, "the record of the training time"), key)


def stages(mlready: Project, request: pytest.FixtureRequest) -> Iterator[Stage]:
    from pytest_mlready.quality.staleness_stages import Stage

    tables: tuple[Mapping[str, Any], ...] = mlready.options(MODEL)["stages"]
    for table in tables:
        made, source = _stage(mlready, request, table)
        most, why = (_seconds(table), "its max_age") if "max_age" in table else limit(mlready, request)
        yield Stage(name=str(table["name"]), made=made, limit=most, why=why, source=source)


def _stage(mlready: Project, request: pytest.FixtureRequest, table: Mapping[str, Any]) -> tuple[Made, str]:
    from pytest_mlready.errors import DataError, near
    from pytest_mlready.quality import staleness_dates, staleness_live

    ways = [way for way in ("record", "metric", "date") if way in table]
    if unknown := [key for key in table if key not in STAGE]:
        raise DataError(f"a stage has the key {unknown[0]}{near(unknown[0], STAGE)}", expected=", ".join(STAGE))
    if not table.get("name") or len(ways) != 1:
        raise DataError(
            f"a stage has {dict(table)!r}", expected='{ name = "…", record = "file#key", max_age = "90 d" }'
        )
    value = table[ways[0]]
    if ways == ["record"]:
        return recorded(mlready, str(value)), str(value)
    if ways == ["date"]:
        return staleness_dates.made(value, what=f"the date of {table['name']}"), "the settings"
    page = exposed(mlready, request)
    found = staleness_live.shown(page.samples, str(value), now=clock.now(mlready))
    if found is None:
        raise DataError(f"{value} is on no page of metrics{page.near(str(value))}", fix="name the job's page in pages")
    return found.made, str(value)


def _seconds(table: Mapping[str, Any]) -> float:
    from pytest_mlready import units
    from pytest_mlready.errors import DataError

    try:
        return float(units.seconds(table["max_age"]))
    except ValueError as error:
        raise DataError(f"max_age of the stage {table['name']} is {table['max_age']!r}", expected=str(error)) from None
