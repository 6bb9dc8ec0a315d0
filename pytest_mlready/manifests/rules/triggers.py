"""Reads the criteria for a rollback and judges whether each is complete and agrees with its rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.manifests.rules import promql
from pytest_mlready.manifests.rules.rule_set import Rule, seconds
from pytest_mlready.manifests.rules.selectors import NotUnderstoodError
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.manifests.rules.promql import Limit
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet

SIGNALS = ("latency", "errors", "drift")
NEEDED = ("query", "threshold", "window", "action")
KEYS = ("signal", "rule", *NEEDED, "direction", "no_data")
DIRECTIONS = {"above": (">", ">="), "below": ("<", "<=")}
NO_DATA = ("alert", "ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One criterion as the settings state it.

    Attributes:
        signal: "latency", "errors" or "drift".
        rule: Name of the alert that watches it; "" where the query itself is evaluated.
        query: What is measured: PromQL without the comparison, or the name of a recorded metric.
        threshold: Value at which to roll back.
        window: Seconds over which it is measured, or for which it must hold.
        action: What is done, and by whom.
        direction: "above" or "below" the threshold.
        no_data: "alert": somebody must hear of it when there is no figure. "ignore": decided that nobody need.
    """

    signal: str
    rule: str
    query: str
    threshold: float
    window: float
    action: str
    direction: str = "above"
    no_data: str = "alert"


def read(tables: Sequence[Mapping[str, Any]]) -> tuple[list[Trigger], list[Verdict]]:
    """The criteria, and a finding for each that lacks something and for each signal without one.

    Raises:
        ReadinessError: A key or a value is not known.
    """
    triggers, lacking = [], []
    for number, table in enumerate(tables, start=1):
        place = f"trigger {number} ({table.get('signal', 'without a signal')})"
        _known(table, place)
        missing = [key for key in NEEDED if table.get(key) in (None, "")]
        if missing:
            message = f"{place} has no {' and no '.join(missing)}: nobody can act on it by rule"
            lacking.append(Verdict(outcome="failed", message=message))
        else:
            triggers.append(_trigger(table, place))
    stated = {str(table.get("signal")) for table in tables}
    lacking += [
        Verdict(outcome="failed", message=f"no trigger for {signal}: nothing says at which value to roll back")
        for signal in SIGNALS
        if signal not in stated
    ]
    return triggers, lacking


def _known(table: Mapping[str, Any], place: str) -> None:
    for key in table:
        if key not in KEYS:
            raise ReadinessError(f'{place} has the key "{key}"{near(key, KEYS)}', expected=f"one of {', '.join(KEYS)}")
    for key, known in (("signal", SIGNALS), ("direction", tuple(DIRECTIONS)), ("no_data", NO_DATA)):
        value = table.get(key, known[0] if key != "signal" else None)
        if value not in known:
            raise ReadinessError(f"{place}: {key} is {value!r}{near(str(value), known)}", expected=" or ".join(known))


def _trigger(table: Mapping[str, Any], place: str) -> Trigger:
    threshold = table["threshold"]
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not math.isfinite(threshold):
        raise ReadinessError(f"{place}: threshold is {threshold!r}", expected="a number in the unit of the query")
    try:
        window = seconds(str(table["window"]).replace(" ", "").replace("min", "m"))
    except NotUnderstoodError:
        raise ReadinessError(f"{place}: window is {table['window']!r}", expected='a duration such as "5m"') from None
    return Trigger(
        signal=table["signal"], rule=str(table.get("rule", "")), query=str(table["query"]), threshold=float(threshold),
        window=window, action=str(table["action"]), direction=table.get("direction", "above"),
        no_data=table.get("no_data", "alert"),
    )  # fmt: skip


def alert(trigger: Trigger, rules: RuleSet) -> tuple[Alert | None, list[Verdict]]:
    """The alert that stands for a trigger, and where it says something else than the trigger.

    Raises:
        NotUnderstoodError: Its query is not understood.
    """
    if not trigger.rule:
        op = DIRECTIONS[trigger.direction][0]
        rule = Rule(kind="alert", name=f"the trigger for {trigger.signal}", file="settings",
                    expr=f"({trigger.query}) {op} {trigger.threshold!r}", labels={"severity": "-"},
                    annotations={"runbook_url": "-"})  # fmt: skip
        return rules.follow(rule), []
    found = [rule for rule in rules.alerts if rule.name == trigger.rule]
    if not found:
        names = [rule.name for rule in rules.alerts]
        message = f'the trigger for {trigger.signal} names the rule "{trigger.rule}", which is not there'
        return None, [Verdict(outcome="failed", message=message + near(trigger.rule, names))]
    followed = rules.follow(found[0])
    return followed, [_failed(f"{followed.rule.place}: {one}") for one in _differences(trigger, followed)]


def _differences(trigger: Trigger, followed: Alert) -> Iterator[str]:
    """Where the rule does not say what was agreed on in calm."""
    limits = _limits(followed)
    about = f"the trigger for {trigger.signal}"
    if not any(math.isclose(limit.value, trigger.threshold, rel_tol=1e-9) for limit in limits):
        shown = ", ".join(f"{limit.value:g}" for limit in limits) or "no number"
        yield f"{about} says {trigger.threshold:g}, the rule compares with {shown}"
    elif not any(limit.op in DIRECTIONS[trigger.direction] for limit in limits):
        yield f"{about} says {trigger.direction}, the rule compares by {limits[0].op}"
    spans = (*followed.windows, followed.wait)
    if not any(math.isclose(trigger.window, span) for span in spans):
        shown = ", ".join(f"{span:g} s" for span in spans if span) or "no window"
        yield f"{about} says a window of {trigger.window:g} s, the rule has {shown}"
    if not _reads(trigger.query, followed):
        yield f"{about} measures {trigger.query}, which the rule does not read"


def _limits(followed: Alert) -> list[Limit]:
    rules = (followed.rule, *followed.records)
    return [limit for rule in rules for limit in promql.parse(rule.expr).limits]


def _reads(query: str, followed: Alert) -> bool:
    asked = {s.name for s in promql.parse(query).selectors}
    read = {s.name for s in followed.selectors} | {rule.name for rule in followed.records}
    return bool(asked) and asked <= read


def _failed(message: str) -> Verdict:
    return Verdict(outcome="failed", message=message)
