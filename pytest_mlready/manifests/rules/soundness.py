"""Checks rule files as a whole: what cannot be read, and what promtool refuses to load."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive
from pytest_mlready.manifests.rules import promql, promtool
from pytest_mlready.manifests.rules.selectors import NotUnderstoodError
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.manifests.rules.rule_set import Rule, RuleSet


# Keys of newer Prometheus releases, and of Mimir, Thanos and Loki, which load files of the same form.
_NEWER = re.compile(
    r"field (?:query_offset|labels|keep_firing_for|limit|namespace|source_tenants|align_evaluation_time_on_interval|"
    r"evaluation_delay|partial_response_strategy|remote_write) not found"
)


def tool() -> str:
    """Promtool's version, or that it is missing."""
    try:
        promtool.path()
    except Inconclusive:
        return "not installed"
    return promtool.version()


def verdicts(rules: RuleSet) -> list[Verdict]:
    """Problems of reading are inconclusive; what promtool refuses fails, since Prometheus would load none of the file.

    A query that our parser reads and promtool does not may be newer than promtool: that is inconclusive.

    Raises:
        Inconclusive: promtool is missing.
    """
    problems = [problem.verdict() for problem in rules.problems]
    refused = promtool.check((*rules.sources, *_rebuilt(rules)))
    fine = all(_parses(rule) for rule in rules.rules)
    return [*problems, *_judged(refused, fine=fine)]


def _judged(refused: list[str], *, fine: bool) -> Iterator[Verdict]:
    for line in refused[:10]:
        if fine and "could not parse expression" in line:
            message = f"promtool {promtool.version()} cannot read a query that may be newer: {line}"
            yield Verdict(outcome="inconclusive", message=message)
        elif _NEWER.search(line):
            message = f"promtool {promtool.version()} does not know a key of newer or other servers: {line}"
            yield Verdict(outcome="inconclusive", message=message)
        else:
            yield Verdict(outcome="failed", message=f"Prometheus would refuse the rules: {line}")


def _parses(rule: Rule) -> bool:
    try:
        promql.parse(rule.expr)
    except NotUnderstoodError:
        return False
    return True


def _rebuilt(rules: RuleSet) -> list[tuple[str, str]]:
    """Rules of objects that carry them, as the file that the operator makes of each."""
    native = {name for name, _ in rules.sources}
    files: dict[str, dict[str, list[dict[str, object]]]] = {}
    for rule in rules.rules:
        if rule.file not in native:
            files.setdefault(rule.file, {}).setdefault(rule.group or "rules", []).append(_plain(rule))
    return [
        (file, json.dumps({"groups": [{"name": name, "rules": rules} for name, rules in groups.items()]}))
        for file, groups in files.items()
    ]


def _plain(rule: Rule) -> dict[str, object]:
    of_alert = {"for": rule.wait, "annotations": dict(rule.annotations)} if rule.kind == "alert" else {}
    return {rule.kind: rule.name, "expr": rule.expr, "labels": dict(rule.labels), **of_alert}
