"""Asks a running Prometheus whether its targets are up and the series that rules need are there and fresh."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pytest_mlready.serving.http import Client, NoAnswerError, Request
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

FRESH = 300.0  # seconds: Prometheus itself forgets a series after five minutes
LIMIT = 10.0


def judge(url: str, names: Sequence[str], *, job: str = "", fresh: float = FRESH) -> list[Verdict]:
    """Whether all targets of a job are up, and each series is there and at most `fresh` seconds old.

    Args:
        url: Root of Prometheus.
        names: Metrics.
        job: Scrape job; "" for all.
        fresh: Seconds.
    """
    with Client(url, timeout=LIMIT) as client:
        selector = f'{{job="{job}"}}' if job else ""
        try:
            up = _ask(client, f"up{selector}")
            ages = {name: _ask(client, f"time() - max(timestamp({name}{selector}))") for name in names}
        except (NoAnswerError, ValueError) as error:
            return [Verdict(outcome="inconclusive", message=f"Prometheus at {client.base} cannot be asked: {error}")]
    return [_targets(up), *(_age(name, found, fresh) for name, found in ages.items())]


def _ask(client: Client, query: str) -> list[tuple[dict[str, str], float]]:
    """The answer to an instant query: labels and value of each series.

    Raises:
        ValueError: It is no answer of Prometheus.
    """
    answer = client.send(Request(path=f"/api/v1/query?{urlencode({'query': query})}"))
    value: Any = answer.json() if answer.ok else None
    if not isinstance(value, dict) or value.get("status") != "success":
        raise ValueError(f"the query {query} was answered {answer.status}: {answer.shown(120)}")
    try:
        return [(dict(one["metric"]), float(one["value"][1])) for one in value["data"]["result"]]
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"the query {query} has an odd answer ({error})") from None


def _targets(up: list[tuple[dict[str, str], float]]) -> Verdict:
    down = [labels.get("instance", "?") for labels, value in up if value != 1]
    noted = (Measurement(name="targets up", value=len(up) - len(down), n=len(up)),)
    if not up:
        return Verdict(outcome="failed", message="Prometheus scrapes no target", measurements=noted)
    if down:
        return Verdict(outcome="failed", message=f"targets are down: {', '.join(down[:5])}", measurements=noted)
    return Verdict(outcome="passed", message=f"{len(up)} targets are up", measurements=noted)


def _age(name: str, found: list[tuple[dict[str, str], float]], fresh: float) -> Verdict:
    age = found[0][1] if found else math.nan
    noted = (Measurement(name=f"age of {name} in Prometheus", value=age if found else None, max=fresh, unit="s"),)
    if not age <= fresh:
        what = f"is {age:.0f} s old" if found else "is not there"
        return Verdict(outcome="failed", message=f"in Prometheus {name} {what}", measurements=noted)
    return Verdict(outcome="passed", message=f"{name} is fresh", measurements=noted)
