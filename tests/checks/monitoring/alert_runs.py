"""Runs checks on monitoring as the plugin does, over a real service and rules in a temporary project."""

from __future__ import annotations

import datetime as dt
import shutil
from types import SimpleNamespace

import pytest

from pytest_mlready import catalog
from pytest_mlready.evidence import Evidence
from pytest_mlready.project import Project
from pytest_mlready.settings import Settings

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
TAIL = """
        labels: {severity: page}
        annotations: {runbook_url: docs/runbook.md#it}
"""
LATENCY = "histogram_quantile(0.99, sum by (le) (rate(answer_seconds_bucket[5m]))) > 0.25"
ERRORS = "sum(rate(answers_total{status=~'5..'}[5m])) / sum(rate(answers_total[5m])) > 0.001"


def rule(name, expr, tail=TAIL) -> str:
    return f"\n      - alert: {name}\n        expr: {expr!r}{tail}"


def file_of(*rules) -> str:
    return "groups:\n  - name: g\n    rules:" + "".join(rules)


class Run:
    """One project with a service, and what its checks note."""

    def __init__(self, root, asked, *, text=None, **settings):
        self.root, self.endpoint, self.evidence = root, asked, Evidence()
        if text is not None:
            (root / "rules.yaml").write_text(text, encoding="utf-8")
        self.settings = Settings.model_validate(settings)
        self.request = SimpleNamespace(
            config=SimpleNamespace(stash=pytest.Stash()), getfixturevalue=lambda _: self.endpoint
        )  # fmt: skip
        self.items = catalog.load().items

    @property
    def mlready(self):
        found = SimpleNamespace(
            rules=("rules.yaml",) if (self.root / "rules.yaml").exists() else (), manifests=(), compose=()
        )
        project = SimpleNamespace(
            root=self.root, settings=self.settings, discovered=found, alone="", progress=lambda _: None,
            options=lambda item: self.settings.options(self.items[item]), digests=SimpleNamespace(model=None),
            today=dt.datetime.now(tz=dt.UTC).date(),
        )  # fmt: skip
        for name in ("files", "file", "path"):
            setattr(project, name, getattr(Project, name).__get__(project))
        return project

    def __call__(self, test, *more):
        names = test.__code__.co_varnames[: test.__code__.co_argcount]
        given = {"mlready": self.mlready, "mlready_evidence": self.evidence, "mlready_endpoint": self.endpoint,
                 "request": self.request, "signal": more[0] if more else None}  # fmt: skip
        return test(**{name: given[name] for name in names})

    def values(self):
        return {e["name"]: e["value"] for e in self.evidence.notes.evidence}
