"""Brings to the check on numerical stability the model, its weights, the contract of its inputs, and the counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.checks import alerting, counting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.manifests.rules.selectors import Selector
    from pytest_mlready.project import Project
    from pytest_mlready.quality.feature_schema import FeatureSchema
    from pytest_mlready.values import Dataset, Model

CONTRACT = "model_quality.edge_and_adversarial_cases"  # where the contract of the inputs is stated
NO_MODEL = "weights and predictions are half of what is asked"
NO_SERVICE = (
    "the counter of answers that are not finite is half of what is asked, and no service or page of metrics is "
    "configured"
)


def needed(mlready: Project, request: pytest.FixtureRequest, name: str) -> Any:
    """A fixture without which half of the item cannot be told.

    Raises:
        Unverified: It is not configured, and neither is anything else of the item.
        Inconclusive: It is not configured, and another half of the item is.
    """
    from pytest_mlready.errors import Inconclusive, Unverified

    try:
        return request.getfixturevalue(name)
    except Unverified as error:
        if mlready.settings.model.path is None and not _serves(mlready):
            raise
        raise Inconclusive(f"{error.found}, and {NO_MODEL}", fix=error.fix) from None


def _serves(mlready: Project) -> bool:
    return mlready.settings.endpoint.start is not None or mlready.settings.endpoint.url is not None


def weights(mlready: Project, model: Model, source: str | None) -> Iterator[tuple[str, Any]]:
    """The model's numbers by name: as the team's function returns them, else as they can be read.

    Raises:
        ReadinessError: The function raises, or returns something else than arrays by name.
    """
    from pytest_mlready.artifacts import named
    from pytest_mlready.artifacts import weights as reading
    from pytest_mlready.errors import ReadinessError

    if source is None:
        yield from reading.of_model(model)
        return
    import numpy as np

    function = named.object_named(source, mlready.root, error=ReadinessError)
    expected = "a table of name to array of floating-point numbers"
    try:
        given = function(model.estimator)
        yield from ((str(name), np.asarray(values, dtype=float)) for name, values in dict(given).items())
    except (Exception, SystemExit) as error:
        raise ReadinessError(
            f'weights = "{source}" cannot be used: {type(error).__name__}: {error}', expected=expected
        ) from error


def schema(mlready: Project, request: pytest.FixtureRequest) -> tuple[FeatureSchema, Mapping[str, Any]]:
    """The contract of the inputs, from the rows that the model has met, and what the settings say about it."""
    from pytest_mlready.errors import Unverified
    from pytest_mlready.quality import feature_schema

    heldout: Dataset = needed(mlready, request, "mlready_heldout")
    found = feature_schema.infer(heldout.X, text=heldout.text)
    try:
        train: Dataset = request.getfixturevalue("mlready_train")
    except Unverified:
        pass  # the held-out rows alone tell what inputs look like
    else:
        found = feature_schema.merge(feature_schema.infer(train.X, text=train.text), found)
    stated = mlready.options(CONTRACT)["contract"]
    return feature_schema.override(found, stated), stated


def exposed(mlready: Project, options: Mapping[str, Any], request: pytest.FixtureRequest) -> Exposed:
    """What the service exposes, else what the pages of jobs do.

    Raises:
        Unverified: There is neither, and no model.
        Inconclusive: There is neither, and a model.
    """
    from pytest_mlready.errors import Inconclusive, Unverified

    if _serves(mlready):
        endpoint = request.getfixturevalue("mlready_endpoint")
        return alerting.exposed(mlready, options, alerting.asked(endpoint, options["metrics"]), endpoint)
    if options["pages"]:
        return alerting.jobs(mlready, options)
    ending = Unverified if mlready.settings.model.path is None else Inconclusive
    raise ending(NO_SERVICE, fix='[tool.mlready.endpoint] start = "uvicorn service:app --port {port}"')


def counters(options: Mapping[str, Any], page: Exposed, setting: str) -> tuple[Selector, ...]:
    """The counters of answers that are not finite: the one that the settings name, else those that the page has.

    Raises:
        Failed: The one named is not on the page.
        Inconclusive: None is named, and the page has none.
    """
    from pytest_mlready.errors import Failed, Inconclusive
    from pytest_mlready.serving import nonfinite

    if options["counter"]:
        counter = counting.named(options["counter"])
        if not any(counter.chooses(s.name, s.labels) for s in page.samples):
            step = (
                "let it show 0 from the start, with every value of its labels: a series that begins with 1 never rose"
            )
            raise Failed(f"{page.where} has no {counter}{page.near(str(counter.name))}. Next step: {step}")
        return (counter,)
    series = [(s.name, s.kind) for s in page.samples]
    names = nonfinite.guessed(series)
    if not names:
        gauges = nonfinite.guessed(series, "gauge")
        hint = f"; {gauges[0]} is a gauge, which a NaN between two scrapes does not move" if gauges else ""
        raise Inconclusive(
            f"{page.where} has no counter whose name tells of answers that are not finite{hint}",
            fix=f'count them from 0 on, and name the counter: {setting} counter = "…"',
        )
    return tuple(counting.plain(name) for name in names)
