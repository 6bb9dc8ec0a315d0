"""Brings to the checks that test a counter how it is named, which series are its own, and who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.checks import alerting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.manifests.rules.rule_set import RuleSet
    from pytest_mlready.manifests.rules.selectors import Selector
    from pytest_mlready.project import Project
    from pytest_mlready.serving.metrics import Series


def named(text: str) -> Selector:
    """A counter as the settings name it: its name, with matchers where only some of its series are meant.

    Raises:
        ReadinessError: It is no name of one counter.
        MissingExtra: The parser of PromQL is not installed.
    """
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.manifests.rules import promql
    from pytest_mlready.manifests.rules.selectors import NotUnderstoodError

    expected = "a counter's name as Prometheus has it, or name{label=…}"
    try:
        selectors = promql.parse(text).selectors
    except NotUnderstoodError as error:
        raise ReadinessError(f"counter = {text!r} is {error}", expected=expected) from None
    if len(selectors) != 1 or selectors[0].name is None or selectors[0].inside or selectors[0].window:
        raise ReadinessError(f"counter = {text!r} selects no single counter", expected=expected)
    return selectors[0]


def plain(name: str) -> Selector:
    """All series of a counter."""
    from pytest_mlready.manifests.rules.selectors import Selector

    return Selector(name=name, matchers=(), window=0.0, reach=0.0, inside=())


def chooses(counter: Selector, series: Series) -> bool:
    """Whether a series is one of the counter's."""
    return counter.chooses(series[0], dict(series[1]))


def by_request(options: Mapping[str, Any], setting: str) -> bool:
    """Whether the counter is one of requests that hold something, and not of what they hold.

    Raises:
        ReadinessError: The option says neither.
    """
    from pytest_mlready.errors import ReadinessError, near

    known = ("rows", "requests")
    if options["counts"] not in known:
        found = f'counts = "{options["counts"]}"{near(options["counts"], known)}'
        raise ReadinessError(found, expected='"rows" or "requests"', fix=f'{setting} counts = "rows"')
    return bool(options["counts"] == "requests")


def rules(project: Project, evidence: Evidence, options: Mapping[str, Any]) -> RuleSet:
    """The rules; that there are none is half of a proof missing, since the counter has no reader.

    Raises:
        Inconclusive: There are none.
    """
    from pytest_mlready.errors import Inconclusive, Unverified

    try:
        return alerting.rules(project, evidence, options)
    except Unverified as error:
        raise Inconclusive(error.found, fix=error.fix) from None
