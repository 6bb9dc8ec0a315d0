"""Explains why an alert did what it did: a unit, a direction, a window, a label, an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.manifests.rules import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.manifests.rules.judging import Setting
    from pytest_mlready.manifests.rules.rule_set import Alert

RATES = frozenset({"rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear"})  # of two samples or more
SAFE = 4  # scrapes in the shortest window of a rate, so that one or two may be missed


def silence(alert: Alert, setting: Setting) -> str:
    """Likely reasons for staying silent, as the end of a sentence; "" where none is known."""
    return _told(_silence(alert, setting))


def too_short(alert: Alert, setting: Setting) -> str:
    """Why a rate is over too short a window; "" where it is not.

    Two samples are in it for certain only from twice the interval of scrapes on. promtool's samples lie on the very
    edges of windows, where real ones do not, so that running the alert would not tell.
    """
    windows = [s.window for s in alert.selectors if s.window and RATES & set(s.inside)]
    if not windows or min(windows) >= 2 * setting.scrape:
        return ""
    return (
        f"a window of {min(windows):g} s holds fewer than two samples at a scrape every {setting.scrape:g} s; "
        f"take at least {SAFE * setting.scrape:g} s"
    )


def noise(alert: Alert, setting: Setting) -> str:
    """Likely reasons for firing without cause."""
    return _told(_directions(alert, (">", ">=")) or _units(alert, setting) or _edges(alert, setting))


def _told(reasons: Iterator[str] | list[str]) -> str:
    found = list(dict.fromkeys(reasons))
    return f" ({'; '.join(found)})" if found else ""


def _silence(alert: Alert, setting: Setting) -> Iterator[str]:
    exposed = setting.exposed
    for selector in alert.selectors:
        name = selector.name
        if name is not None and name not in exposed.by_name and name != "up":
            yield f"{exposed.where} has no {name}{exposed.near(name)}"
        elif miss := exposed.misses(selector):
            yield miss
    if short := too_short(alert, setting):
        yield short
    yield from _directions(alert, ("<", "<="))
    yield from _units(alert, setting)


def _directions(alert: Alert, expected: tuple[str, ...]) -> list[str]:
    """Says how the query compares when that is the other way round than one expects."""
    limits = promql.parse(alert.rule.expr).limits
    return [f"it compares by {one.op} {one.value:g}" for one in limits[:2] if one.op in expected]


def _units(alert: Alert, setting: Setting) -> list[str]:
    """Says where a limit lies beyond the last bucket: a percentile never gets there."""
    told = []
    for base in _histograms(alert):
        edges = setting.exposed.edges(base)
        if not edges:
            continue
        unit = "ms" if setting.exposed.scale(base) > 1 else "s"
        told += [
            f"its limit {limit.value:g} lies beyond the last bucket of {base}, {edges[-1]:g} {unit}: another unit?"
            for limit in promql.parse(alert.rule.expr).limits
            if alert.quantiles and limit.value >= edges[-1]
        ]
    return told


def _edges(alert: Alert, setting: Setting) -> list[str]:
    bases = [base for base in _histograms(alert) if setting.exposed.edges(base)]
    return [f"{base} has the edges {', '.join(f'{e:g}' for e in setting.exposed.edges(base))}" for base in bases]


def _histograms(alert: Alert) -> list[str]:
    names = [s.name for s in alert.selectors if s.name is not None and s.name.endswith("_bucket")]
    return list(dict.fromkeys(name.removesuffix("_bucket") for name in names))
