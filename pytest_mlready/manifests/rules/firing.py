"""Lets promtool evaluate alerts on scenarios and reads from its output which of them fired."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_mlready.manifests.rules import promtool
from pytest_mlready.manifests.rules.exposed import SCRAPED
from pytest_mlready.manifests.rules.selectors import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_mlready.manifests.rules.rule_set import Alert, Rule
    from pytest_mlready.manifests.rules.selectors import Selector
    from pytest_mlready.manifests.rules.traffic import Scenario, Track

SCRAPE = 30.0  # seconds between two scrapes where nothing is said: the Prometheus operator's default
FEW = 2 * 3600.0  # seconds of looking back up to which the real scrape interval is simulated
STEPS = 240  # scrapes in the longest window beyond that
MOST = 12_000  # scrapes in one simulation
SERIES = 2_000
_MARK = re.compile(r"mlready-(\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How long and how densely an alert is simulated, in seconds.

    Attributes:
        step: Between two scrapes, and between two evaluations.
        first: Length of the healthy phase: all that the alert looks back.
        then: Length of the second phase: the same, its `for`, and a little.
    """

    step: int
    first: int
    then: int

    @property
    def end(self) -> int:
        return self.first + self.then


@dataclass(slots=True, kw_only=True)
class Results:
    """Which alerts fired in which scenarios.

    Attributes:
        fired: By (number of the alert, name of the scenario).
        doubts: By number of the alert: why nothing is known about it.
    """

    fired: dict[tuple[int, str], bool] = field(default_factory=dict)
    doubts: dict[int, str] = field(default_factory=dict)

    def in_any(self, number: int, names: Iterable[str]) -> bool:
        return any(self.fired.get((number, name), False) for name in names)

    def in_any_alert(self, name: str) -> bool:
        return any(fired for (_, scenario), fired in self.fired.items() if scenario == name)


def shape(alert: Alert, scrape: float) -> Shape:
    """Scrapes come as in reality for short windows; for windows of days they are spread, four in the shortest.

    Raises:
        NotUnderstoodError: The simulation would be too long.
    """
    step = max(1, round(scrape))
    if alert.reach > FEW:
        shortest = alert.windows[0] if alert.windows else math.inf
        step = max(step, int(min(shortest / 4, alert.reach / STEPS)))
    first = step * (math.ceil(alert.reach / step) + 2)
    then = step * (math.ceil((alert.reach + alert.wait) / step) + 4)
    if (first + then) / step > MOST:
        raise NotUnderstoodError(f"{alert.rule.name} looks back {alert.reach / 3600:.0f} h in too small steps")
    return Shape(step=step, first=first, then=then)


def run(
    alerts: Sequence[Alert], scenarios: Sequence[Scenario], *, scrape: float = SCRAPE,
    labels: Mapping[str, str] | None = None,
) -> Results:  # fmt: skip
    """Evaluates every alert in every scenario.

    Args:
        alerts: With the recording rules that they stand on.
        scenarios: Series of the service.
        scrape: Seconds between two scrapes.
        labels: What Prometheus adds when it scrapes. What the rules ask for beyond that is taken as met.

    Raises:
        Inconclusive: promtool is missing, too slow, or says what is not understood.
    """
    results, files, tests = Results(), {}, []
    marks: Marks = {}
    for number, alert in enumerate(alerts):
        try:
            text = _tests(number, alert, scenarios, scrape, dict(labels or {}), marks)
        except NotUnderstoodError as error:
            results.doubts[number] = str(error)
            continue
        files[f"rules-{number}.yaml"] = _rules(number, alert)
        files[f"test-{number}.yaml"] = text
        tests.append(f"test-{number}.yaml")
    if tests:
        _read(promtool.test(files, tests), marks, results)
    return results


def _rules(number: int, alert: Alert) -> str:
    """A rule file with this alert alone: what it stands on comes first, so that one evaluation is enough."""
    recorded = [_written(rule, "record", rule.name) for rule in alert.records]
    rules = [*recorded, _written(alert.rule, "alert", _alias(number))]
    return json.dumps({"groups": [{"name": "mlready", "rules": rules}]})


def _written(rule: Rule, kind: str, name: str) -> dict[str, object]:
    labels = {k: v for k, v in rule.labels.items() if "{{" not in v}
    wait = {"for": rule.wait if rule.wait != "0" else "0s"} if kind == "alert" else {}
    return {kind: name, "expr": rule.expr, "labels": labels, **wait}


def _alias(number: int) -> str:
    return f"mlready_{number}"


Marks = dict[int, tuple[int, str]]  # mark -> (number of the alert, name of the scenario)


def _tests(  # noqa: PLR0913, PLR0917 - one question with all that it is about
    number: int, alert: Alert, scenarios: Sequence[Scenario], scrape: float, labels: dict[str, str], marks: Marks
) -> str:
    here = shape(alert, scrape)
    added = labels | scraped_labels(alert.selectors, labels)
    tests = []
    for scenario in scenarios:
        mark = len(marks)
        marks[mark] = (number, scenario.name)
        tests.append({
            "name": f"{alert.rule.name} {scenario.name}", "interval": f"{here.step}s",
            "input_series": list(_series(alert, scenario, here, added)),
            "promql_expr_test": _questions(number, scenario, here, mark),
        })  # fmt: skip
    head = {"rule_files": [f"rules-{number}.yaml"], "evaluation_interval": f"{here.step}s"}
    return json.dumps({**head, "tests": tests})


def _questions(number: int, scenario: Scenario, here: Shape, mark: int) -> list[dict[str, object]]:
    """Two questions whose answer is expected to be empty, so that promtool prints them where it is not.

    The first is true by itself: it proves that the output is read rightly.
    """
    seen = int(min(here.then, max(scenario.within, here.step)))
    alert = f'alertname="{_alias(number)}",alertstate="firing",mlready!="mlready-{2 * mark + 1}"'
    control = f'label_replace(vector(1), "control", "mlready-{2 * mark}", "", "")'
    fired = f"count_over_time(ALERTS{{{alert}}}[{max(1, seen - here.step // 2)}s])"
    at = f"{here.first + seen}s"
    return [{"expr": expr, "eval_time": at, "exp_samples": []} for expr in (control, fired)]


def scraped_labels(selectors: Iterable[Selector], known: Mapping[str, str]) -> dict[str, str]:
    """Labels of the scrape that the rules ask for, with a value that they accept.

    Raises:
        NotUnderstoodError: No value can be made up, or two conditions exclude each other.
    """
    chosen: dict[str, str] = {}
    for selector in selectors:
        for m in selector.matchers:
            if m.label not in SCRAPED or m.label in known or (selector.name in (None, "up") and m.label in chosen):
                continue
            value = chosen.get(m.label, next((c for c in _candidates(m.op, m.value) if m.accepts(c)), None))
            if value is None or not m.accepts(value):
                raise NotUnderstoodError(
                    f"which {m.label} this service has, for {selector}; option labels = {{ {m.label} = … }} says it"
                )
            chosen[m.label] = value
    return chosen


def _candidates(op: str, value: str) -> Iterator[str]:
    if op == "=":
        yield value
        return
    plain = re.sub(r"\.[*+]", "x", value.strip("^$()"))
    yield from ("mlready", *(part.strip("()") for part in plain.split("|")), plain.replace("\\", ""))


def _series(alert: Alert, scenario: Scenario, here: Shape, added: Mapping[str, str]) -> Iterator[dict[str, str]]:
    count = 0
    for track in scenario.tracks.values():
        if not any(s.name == track.name if s.name else True for s in alert.selectors):
            continue
        count += 1
        if count > SERIES:
            raise NotUnderstoodError(f"{alert.rule.name} reads more than {SERIES:,} series")
        yield {"series": _name(track, added), "values": values(track, here)}


def _name(track: Track, added: Mapping[str, str]) -> str:
    pairs = {**added, **track.labels}
    return track.name + "{" + ",".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in pairs.items()) + "}"


def values(track: Track, here: Shape) -> str:
    """The samples of a series in promtool's notation: the first phase, then the second."""
    before, after = here.first // here.step, here.then // here.step
    start, parts = 0.0, []
    for amount, length in ((track.first, before), (track.then, after)):
        if amount is None:
            parts.append("stale " + f"_x{length - 1}")
        elif math.isnan(amount):
            parts.append(" ".join(["NaN"] * length))
        elif track.rate:
            grown = amount * here.step
            parts.append(f"{start:.10g}+{grown:.10g}x{length - 1}")
            start += grown * length
        else:
            parts.append(
                f"{amount:.10g}+0x{length - 1}" if math.isfinite(amount) else " ".join([_inf(amount)] * length)
            )
    return " ".join(parts)


def _inf(amount: float) -> str:
    return "+Inf" if amount > 0 else "-Inf"


def _read(output: str, marks: Marks, results: Results) -> None:
    told, wrong = set(), []
    for line in output.splitlines():
        found = [int(mark) for mark in _MARK.findall(line)]
        if found and "err:" not in line:
            told.update(found)
        elif "err" in line.lower():
            wrong.append(line.strip())
    for mark, (number, name) in marks.items():
        if 2 * mark in told:
            results.fired[number, name] = 2 * mark + 1 in told
        elif number not in results.doubts:
            why = "; ".join(wrong)[:300] or f"what promtool {promtool.version()} prints"
            results.doubts[number] = f"not understood: {why}"
