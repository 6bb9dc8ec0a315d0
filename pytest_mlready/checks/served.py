"""Brings to the checks on served predictions what they share: the joined log in windows, limits, the page of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.checks import alerting, clock

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.project import Project
    from pytest_mlready.quality.known_metrics import Metric
    from pytest_mlready.quality.served import Served, Window
    from pytest_mlready.values import Dataset, Predictions

    Limit = tuple[Metric, float | None, float | None]

BUSINESS = "monitoring.business_metrics"
TABLES = (
    "predictions", "outcomes", "id", "outcome_id", "time", "outcome_time", "version", "prediction", "outcome", "mature",
    "coverage", "fresh",
)  # fmt: skip
LISTED = 4  # windows before those that are judged
READ = pytest.StashKey["Log"]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Served predictions with their outcomes.

    Attributes:
        served: All rows.
        windows: The latest windows of predictions old enough to have an outcome, latest first.
        now: The time of the run.
    """

    served: Served
    windows: tuple[Window, ...]
    now: dt.datetime


def options(mlready: Project, item: str) -> dict[str, Any]:
    """An item's settings; how predictions and outcomes are joined is that of business_metrics where it is not set."""
    own, business = mlready.options(item), mlready.options(BUSINESS)
    return own | {name: business[name] for name in TABLES if own[name] is None}


def log(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest, item: str) -> Log:
    """The log that an item's settings name, joined and cut into windows; once for all tests of a run.

    Raises:
        Unverified: No tables are named, or no columns of answers and outcomes.
        DataError: Answers and outcomes are the same column.
    """
    from pytest_mlready.errors import DataError

    given = options(mlready, item)
    lacking = [name for name in ("predictions", "outcomes", "prediction", "outcome") if not given[name]]
    if lacking:
        told = ", ".join(f'{name} = "…"' for name in lacking)
        evidence.unverified(
            "no table joins answers with what happened afterwards", fix=f'[tool.mlready.items."{item}"] {told}'
        )
    if (given["predictions"], given["prediction"]) == (given["outcomes"], given["outcome"]):
        raise DataError(
            f'predictions and outcomes are the same column, "{given["outcome"]}" of {given["outcomes"]}: an answer '
            "cannot be judged by itself",
            fix="name the column or table with what happened afterwards",
        )
    stash = request.config.stash
    if READ not in stash:
        stash[READ] = _read(mlready, given)
    return stash[READ]


def _read(mlready: Project, given: Mapping[str, Any]) -> Log:
    import datetime as dt

    from pytest_mlready.quality import served
    from pytest_mlready.quality.outcome_join import Columns

    at, tables = clock.now(mlready), [_table(mlready, given, name) for name in ("predictions", "outcomes")]
    names = ("id", "time", "outcome_time", "version", "prediction", "outcome")
    columns = Columns(**{n: given[n] for n in names}, outcome_id=given["outcome_id"] or given["id"])
    found = served.bring(
        tables[0].frame, tables[1].frame, columns, now=at, probability=given["probability"],
        slices=_slices(mlready, given, {*tables[0].frame.columns, *tables[1].frame.columns}),
        task=mlready.settings.task, positive=mlready.settings.data.positive,
    )  # fmt: skip
    cut = served.windows(
        found, end=at - dt.timedelta(seconds=given["mature"]), length=dt.timedelta(seconds=given["window"]),
        count=max(1, given["windows"]) + LISTED,
    )  # fmt: skip
    return Log(served=found, windows=cut, now=at)


def _table(mlready: Project, given: Mapping[str, Any], name: str) -> Dataset:
    from pytest_mlready import tables

    return tables.load(given[name], name=name, root=mlready.root, roles={})


def specs(mlready: Project, given: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Columns of slices and their combinations: the item's own, else those of data.subgroups."""
    if given["slices"]:
        return [tuple(part.strip() for part in text.split("×")) for text in given["slices"]]
    return [(spec,) if isinstance(spec, str) else tuple(spec) for spec in mlready.settings.data.subgroups]


def _slices(mlready: Project, given: Mapping[str, Any], present: set[str]) -> list[str]:
    columns = dict.fromkeys(column for spec in specs(mlready, given) for column in spec)
    return [c for c in columns if given["slices"] or c in present]


def limits(mlready: Project, own: Mapping[str, Any], p: Predictions, keys: tuple[str, str]) -> list[Limit]:
    """Metrics with their least and most value: an item's own table, else `keys` of [tool.mlready.metrics].

    Raises:
        ReadinessError: No such metric, or a limit that is no number.
    """
    import functools

    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality import chosen

    if own:
        return [_own(name, value, p) for name, value in own.items()]
    tables = {n: t for n, t in mlready.settings.metrics.items() if any(getattr(t, k) is not None for k in keys)}
    load = functools.partial(named.object_named, root=mlready.root, error=ReadinessError)
    found = chosen.metrics_for(tables, p, load=load) if tables else {}
    return [(m, getattr(tables[n], keys[0]), getattr(tables[n], keys[1])) for n, m in found.items() if n in tables]


def _own(name: str, value: Any, p: Predictions) -> Limit:
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality.metrics import resolve

    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ReadinessError(f"the limit of {name} is {value!r}", expected="a number, such as accuracy = 0.9")
    metric = resolve(name, p.task)
    return (metric, float(value), None) if metric.greater_is_better else (metric, None, float(value))


def floors(mlready: Project, options: Mapping[str, Any], p: Predictions) -> list[Limit]:
    """Limits of slices; with none, the first metric of the windows, or the usual one, against the overall value."""
    from pytest_mlready.quality import chosen

    if found := limits(mlready, options["slice_limits"], p, ("subgroup_min", "subgroup_max")):
        return found
    overall = limits(mlready, options["limits"], p, ("min", "max"))
    first = overall[0][0] if overall else next(iter(chosen.usual(p).values()))
    return [(first, None, None)]


def exposed(mlready: Project, settings: Mapping[str, Any], request: pytest.FixtureRequest) -> Exposed:
    """The pages of jobs; and that of the service, where one is configured."""
    table, pages = mlready.settings.endpoint, settings["pages"]
    elsewhere = pages and not any("://" in page or page.startswith("/") for page in pages)
    if elsewhere or (table.start is None and table.url is None):
        return alerting.jobs(mlready, settings)
    endpoint = request.getfixturevalue("mlready_endpoint")
    return alerting.exposed(mlready, settings, alerting.asked(endpoint, settings["metrics"]), endpoint)
