"""Holds rules and follows recording rules down to the series that are scraped."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from pytest_mlready.manifests import strict_yaml
from pytest_mlready.manifests.rules import promql
from pytest_mlready.manifests.rules.selectors import NotUnderstoodError, Selector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.manifests.documents import Problem, Steps
    from pytest_mlready.manifests.strict_yaml import Part

RUNBOOK = ("runbook_url", "runbook", "runbook_link", "runbookUrl")  # annotations that people use for the link
_ZERO = re.compile(r"(0+[a-z]*)?")  # "0s", "0", nothing: the parser knows no such duration
DEEPEST = 20  # recording rules above one another


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as written.

    Attributes:
        kind: "alert" or "record".
        name: Of the alert, or of the recorded metric.
        expr: Its query.
        wait: Value of `for`, "0s" where there is none.
        labels, annotations: As written, values as text.
        group: Name of its group.
        file: As the reader may open it, relative to the project.
        part, steps: Where it stands in the file.
    """

    kind: Literal["alert", "record"]
    name: str
    expr: str
    wait: str = "0s"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    file: str = ""
    part: Part | None = field(default=None, repr=False, compare=False)
    steps: Steps = field(default=(), repr=False, compare=False)

    @property
    def place(self) -> str:
        """File, line and name, for a message."""
        line = f":{strict_yaml.line(self.part, self.steps)}" if self.part is not None else ""
        return f"{self.file}{line}, {self.kind} {self.name}"

    @property
    def severity(self) -> str:
        return self.labels.get("severity", "").strip()

    @property
    def runbook(self) -> str:
        return next((self.annotations[key].strip() for key in RUNBOOK if self.annotations.get(key, "").strip()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert with the recording rules that it stands on.

    Attributes:
        rule: The alert.
        records: Recording rules that it needs, each after those that it needs itself.
        selectors: Series that are scraped, as the alert and its recording rules select them.
        quantiles: Quantiles that are computed on the way.
        windows: Seconds of all ranges, ascending.
        reach: Seconds that it looks back in all.
    """

    rule: Rule
    records: tuple[Rule, ...]
    selectors: tuple[Selector, ...]
    quantiles: tuple[float, ...]
    windows: tuple[float, ...]
    reach: float

    @property
    def wait(self) -> float:
        return seconds(self.rule.wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All rules of a project.

    Attributes:
        rules: In the order of the files.
        problems: What could not be read.
        sources: Native rule files, which promtool can check as they are: name and text.
    """

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()

    @property
    def alerts(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind == "alert")

    def recording(self, name: str | None) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind == "record" and rule.name == name)

    def follow(self, rule: Rule) -> Alert:
        """The rule with all that it stands on.

        Raises:
            NotUnderstoodError: A query on the way is not understood, or recording rules stand on themselves.
        """
        records: dict[int, Rule] = {}
        selectors: list[Selector] = []
        quantiles: list[float] = []
        windows: set[float] = set()
        for query, chosen in self._below(rule, 0.0, (), records):
            quantiles += query.quantiles
            windows |= {s.window for s in query.selectors if s.window}
            selectors += chosen
        return Alert(
            rule=rule,
            records=tuple(records.values()),
            selectors=tuple(selectors),
            quantiles=tuple(dict.fromkeys(quantiles)),
            windows=tuple(sorted(windows)),
            reach=max((s.reach for s in selectors), default=0.0),
        )

    def _below(
        self, rule: Rule, outer: float, inside: tuple[str, ...], records: dict[int, Rule], depth: int = 0
    ) -> Iterator[tuple[promql.Query, list[Selector]]]:
        if depth > DEEPEST:
            raise NotUnderstoodError(f"recording rules that stand on themselves, at {rule.name}")
        query = promql.parse(rule.expr)
        scraped = []
        for selector in query.selectors:
            recorded = self.recording(selector.name)
            here = replace(selector, reach=outer + selector.reach, inside=(*inside, *selector.inside))
            if not recorded:
                scraped.append(here)
            for below in recorded:
                yield from self._below(below, here.reach, here.inside, records, depth + 1)
                records[id(below)] = below
        yield query, scraped


def seconds(duration: str) -> float:
    """A duration as Prometheus writes it ("1h30m"), in seconds.

    Raises:
        NotUnderstoodError: It is none.
    """
    text = duration.strip()
    if _ZERO.fullmatch(text):
        return 0.0
    parser = promql.parser()
    try:
        return float(parser.parse_duration(text).total_seconds())
    except (ValueError, OverflowError) as error:
        raise NotUnderstoodError(f"the duration {text!r} ({error})") from None
