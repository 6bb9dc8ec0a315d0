"""Brings to the checks on staleness what they share: the study of quality by age, and the time of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.checks import clock

if TYPE_CHECKING:
    from pytest_mlready.project import Project
    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.quality.staleness import Curve, Version
    from pytest_mlready.quality.staleness_dates import Made
    from pytest_mlready.values import Dataset, Model, Predictions, Verdict

IMPACT = "model_quality.staleness_impact"
SETTING = f'[tool.mlready.items."{IMPACT}"]'
Studied = tuple[list["Verdict"], list["Curve"]]  # what is wrong with the evidence itself, and what it shows
STUDIED = pytest.StashKey["Studied"]()


def maximum_age(mlready: Project, request: pytest.FixtureRequest) -> tuple[float | None, str]:
    """The greatest age in days that this item's evidence shows to be acceptable, and what it stands on or why not."""
    from pytest_mlready.errors import Ending
    from pytest_mlready.quality import staleness

    try:
        doubts, curves = studied(mlready, request)
    except Ending as ending:
        return None, str(ending.found)
    least = mlready.options(IMPACT)["min_ages"]
    verdicts = [*doubts, *(staleness.judge(found, least=least) for found in curves)]
    wrong = next((v.message for v in verdicts if v.outcome != "passed"), None)
    if wrong is not None or not curves:
        return None, (wrong or "no age was judged").partition(". Next step")[0]
    ages = {found.metric: found.maximum for found in curves if found.maximum is not None}
    metric = min(ages, key=lambda name: ages[name])
    return ages[metric], f"{IMPACT}: by {metric}"


def studied(mlready: Project, request: pytest.FixtureRequest) -> Studied:
    """What a saved result or a replay shows; the replay is made once in a run.

    Raises:
        Unverified: Neither versions nor a result are configured.
        DataError: A version, a date or the result is malformed.
    """
    from pytest_mlready.errors import Unverified

    options, stash = mlready.options(IMPACT), request.config.stash
    if not options["versions"] and not options["result"]:
        raise Unverified(
            "neither archived versions nor the result of a replay are named",
            fix=f'{SETTING} versions = [{{ path = "archive/2026-10.skops", trained_on = 2026-10-01 }}, …] (or result)',
        )
    if STUDIED not in stash:
        stash[STUDIED] = _replayed(mlready, request) if options["versions"] else _saved(mlready, request)
    return stash[STUDIED]


def _saved(mlready: Project, request: pytest.FixtureRequest) -> Studied:
    from dataclasses import replace

    from pytest_mlready.errors import DataError, near
    from pytest_mlready.quality import staleness_result

    options = mlready.options(IMPACT)
    result = staleness_result.read(mlready.file(options["result"], "the result of the replay"))
    named = options["metric"]
    if named is not None and named not in result.curves:
        raise DataError(f'{result.source} has no metric "{named}"{near(named, result.curves)}')
    chosen = {name: c for name, c in result.curves.items() if named in (None, name)}
    curves = [replace(c, margin=_accepted(mlready, name)) for name, c in chosen.items()]
    verdict = staleness_result.holds(
        result, now=clock.now(mlready), model_sha256=_digest(mlready, request), lifetime=options["max_result_age"],
        confidence=mlready.confidence,
    )  # fmt: skip
    return [verdict], curves


def _digest(mlready: Project, request: pytest.FixtureRequest) -> str | None:
    """Of the candidate; it is loaded only where its digest cannot be had from a file."""
    known: str | None = mlready.digests.model or request.getfixturevalue("mlready_model").sha256
    return known


def _replayed(mlready: Project, request: pytest.FixtureRequest) -> Studied:
    from pytest_mlready.quality import predictions, staleness
    from pytest_mlready.values import Verdict

    rows = newest(mlready, request)
    model: Model = request.getfixturevalue("mlready_model")
    born = _fresh(mlready)
    settings = mlready.settings
    fresh = predictions.predict(model, rows, task=settings.task, positive=settings.data.positive)
    versions = _versions(mlready, rows, model, born, fresh)
    doubts = [Verdict(outcome="inconclusive", message=why)] if (why := _too_old(rows, born)) else []
    curves = []
    for name, metric in _metrics(mlready, fresh).items():
        mlready.progress(f"{name}: {len(versions)} archived versions on {len(rows):,} rows")
        curves.append(
            staleness.curve(
                metric, fresh, versions, margin=_margin(mlready, name), confidence=mlready.confidence,
                seed=mlready.seed(f"{IMPACT}.{name}"),
            )
        )  # fmt: skip
    mlready.progress("")
    return doubts, curves


def newest(mlready: Project, request: pytest.FixtureRequest) -> Dataset:
    """The newest rows with outcomes."""
    from pytest_mlready import subjects, tables

    source, settings = mlready.options(IMPACT)["data"], mlready.settings.data
    if source is not None:
        roles = {role: getattr(settings, role) for role in subjects.ROLES}
        return tables.load(source, name="newest", root=mlready.root, roles=roles)
    if settings.current is not None:
        current: Dataset = request.getfixturevalue("mlready_current")
        if current.target is not None:
            return current
    heldout: Dataset = request.getfixturevalue("mlready_heldout")
    return heldout


def _too_old(rows: Dataset, born: Made) -> str:
    """Why rows cannot judge the fresh model: it may have seen those from before its training ended."""
    from pytest_mlready.quality import staleness_dates

    if rows.time is None or not len(rows):
        return ""
    first = staleness_dates.made(rows.frame[rows.time].min(), what=f"the first {rows.time} of the {rows.name} rows")
    if first.at >= born.at:
        return ""
    return (
        f"the {rows.name} rows begin on {first}, before the fresh model's data end ({born}): it may have been trained "
        f"on them, and no old version was. Next step: {SETTING} data = rows from after that day"
    )


def _fresh(mlready: Project) -> Made:
    """When the candidate was trained.

    Raises:
        Inconclusive: Nothing says so.
        DataError: The date is malformed, or lies ahead.
    """
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.quality import staleness_dates

    options = mlready.options(IMPACT)
    if options["trained_on"] is not None:
        return _past(staleness_dates.made(options["trained_on"], what="trained_on"), mlready, "the candidate")
    if options["record"] is None:
        raise Inconclusive(
            "nothing says up to which day the candidate was trained", fix=f"{SETTING} trained_on = 2026-11-01"
        )
    name, _, key = options["record"].partition("#")
    return _past(staleness_dates.recorded(mlready.file(name, "the record"), key), mlready, "the candidate")


def _past(when: Made, mlready: Project, what: str) -> Made:
    from pytest_mlready.errors import DataError

    if when.is_ahead(clock.now(mlready)):
        raise DataError(f"{what} was trained on {when}, which lies ahead", expected="the last day of its data")
    return when


def _versions(mlready: Project, rows: Dataset, model: Model, born: Made, fresh: Predictions) -> list[Version]:
    """The archived versions with their answers; each loaded as the model under test is, scan included."""
    from pytest_mlready.artifacts import models
    from pytest_mlready.errors import DataError
    from pytest_mlready.quality import predictions, staleness, staleness_dates

    table, seen, found = mlready.settings.model, {model.sha256: "the candidate"}, []
    for entry in mlready.options(IMPACT)["versions"]:
        if set(entry) != {"path", "trained_on"}:
            raise DataError(f"a version has {dict(entry)!r}", expected='{ path = "…", trained_on = 2026-10-01 }')
        path, when = (
            str(entry["path"]),
            staleness_dates.made(entry["trained_on"], what=f"trained_on of {entry['path']}"),
        )
        days = (born.at - _past(when, mlready, path).at).total_seconds() / 86400
        if days <= 0:
            raise DataError(f"{path} was trained on {when}, not before the candidate ({born})")
        mlready.progress(f"replaying {path}")
        old = models.load(
            path, root=mlready.root, frame=table.frame, trust=table.trust, trusted_types=table.trusted_types,
            allow_hosts=mlready.settings.endpoint.allow_hosts,
        )  # fmt: skip
        if old.sha256 is not None and old.sha256 in seen:
            raise DataError(f"{path} and {seen[old.sha256]} are the same file", expected="another model for each date")
        seen[old.sha256] = path
        answers = predictions.predict(old, rows, task=fresh.task, positive=fresh.positive)
        found.append(staleness.Version(name=path, age=days, predictions=answers))
    return found


def _metrics(mlready: Project, fresh: Predictions) -> dict[str, Metric]:
    import functools

    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality import chosen
    from pytest_mlready.quality.metrics import resolve

    load = functools.partial(named.object_named, root=mlready.root, error=ReadinessError)
    known, one = chosen.metrics_for(mlready.settings.metrics, fresh, load=load), mlready.options(IMPACT)["metric"]
    if one is None:
        return known
    return {one: known[one] if one in known else resolve(one, fresh.task)}


def _margin(mlready: Project, name: str) -> float | None:
    own = mlready.settings.metrics[name].margin if name in mlready.settings.metrics else None
    margin: float | None = mlready.options(IMPACT)["margin"] if own is None else own
    return margin


def _accepted(mlready: Project, name: str) -> float:
    """The margin for a metric of a saved result, which need not be one that we know."""
    from pytest_mlready.quality import known_metrics, paired

    margin = _margin(mlready, name)
    return (
        paired.POINT * (100 if known_metrics.ALIASES.get(name, name) in paired.HUNDREDS else 1)
        if margin is None
        else margin
    )
