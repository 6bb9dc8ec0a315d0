"""Runs a readiness session: collects the checks, follows each test, and at the end tallies, gates and reports."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready import collection, gate, outcomes, project, reports
from pytest_mlready.errors import ReadinessError, clean, inert, near
from pytest_mlready.evidence import Evidence, to_text
from pytest_mlready.fixtures import EVIDENCE
from pytest_mlready.plugin import CATEGORIES
from pytest_mlready.tally import TestOutcome

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from pytest_mlready.project import Project

FOLLOWING = pytest.StashKey[outcomes.Following]()
WRONG = pytest.StashKey[list[str]]()
FAILED = "cache/lastfailed"  # where pytest keeps what --last-failed runs
HIGHEST = 7  # tests in each section of the ML Test Score


def start(config: pytest.Config) -> None:
    """Registers what a readiness run needs, after everything that can be wrong with its settings was checked.

    Raises:
        pytest.UsageError: Wrong settings or options; exit status 4, before anything runs.
    """
    try:
        opened = project.of(config)
        policy = _policy(config, opened)
        _check_options(config, opened)
    except ReadinessError as error:
        raise pytest.UsageError(str(error)) from error
    run = Run(config, opened, policy)
    _register(config, run, "mlready-run")
    if hasattr(config, "workerinput"):
        return
    from pytest_mlready import publication
    from pytest_mlready.conclusion import Conclusion

    key = publication.signing_key(config)
    try:
        _register(config, Conclusion(run, key), "mlready-conclusion")
    except ReadinessError as error:
        raise pytest.UsageError(f"--mlready-compare: {error}") from error
    if config.pluginmanager.hasplugin("dsession") or config.pluginmanager.hasplugin("xdist"):
        from pytest_mlready import distribution

        config.pluginmanager.register(distribution, "mlready-distribution")


def _register(config: pytest.Config, plugin: object, name: str) -> None:
    if config.pluginmanager.register(plugin, name) is None:
        raise pytest.UsageError(
            f"-p no:{name} takes away what a readiness run consists of; leave --mlready out instead"
        )


def _policy(config: pytest.Config, opened: Project) -> gate.Policy:
    asked = opened.settings.gate
    given = config.option.mlready_min_score
    return gate.Policy(
        min_score=asked.min_score if given is None else given,
        min_checklist=asked.min_checklist,
        required=asked.required,
        accept_attested=asked.accept_attested,
        ratchet=asked.ratchet,
    )


def _check_options(config: pytest.Config, opened: Project) -> None:
    for argument in config.args:
        if argument.startswith(f"{collection.ROOT}::"):
            parts = argument.split("::")
            glob = ".".join(parts[1:3]) if parts[2:] else f"{parts[1]}.*"
            raise ReadinessError(
                f"{argument} is the id of a built-in check, which is no file to collect from",
                fix=f"pytest --mlready-item={glob}" + (f" -k {parts[3]}" if parts[3:] else ""),
            )
    for glob in config.option.mlready_item:
        if not any(fnmatchcase(item, glob) for item in opened.catalog.items):
            raise ReadinessError(
                f"--mlready-item={glob} matches no item{near(glob, opened.catalog.items)}",
                fix="pytest-mlready explain lists all items",
            )
    least = config.option.mlready_min_score
    if least is not None and not 0 <= least <= HIGHEST:  # NaN is no number to be held against either
        raise ReadinessError(f"--mlready-min-score={least:g} is no score", expected=f"a number from 0 to {HIGHEST}")
    for report in config.option.mlready_report:
        if reports.format_of(Path(report)) is None:
            raise ReadinessError(
                f"--mlready-report={report} has no known suffix", expected=" or ".join(reports.SUFFIXES)
            )


@dataclass(slots=True, kw_only=True)
class Collected:
    """What one process collected: sent to the controller as JSON text under xdist, which collects nothing itself."""

    tests: dict[str, dict[str, Any]] = field(default_factory=dict)  # id -> {"items": [...], "builtin": bool}
    deselected: list[str] = field(default_factory=list)  # readiness tests that an option left out
    bare: list[str] = field(default_factory=list)  # tests with a category's mark that names no item
    skipped: list[str] = field(default_factory=list)  # files with readiness tests that were skipped whole, and why
    hooks: list[str] = field(default_factory=list)  # which hooks of the project hand over models and data

    def add(self, other: Collected) -> None:
        self.tests.update(other.tests)
        self.deselected = list(dict.fromkeys(self.deselected + other.deselected))
        self.bare = list(dict.fromkeys(self.bare + other.bare))
        self.skipped = list(dict.fromkeys(self.skipped + other.skipped))
        self.hooks = list(dict.fromkeys(self.hooks + other.hooks))

    def to_text(self) -> str:
        return to_text(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Collected:
        return cls(**json.loads(text))

    def silent(self, test_id: str) -> TestOutcome:
        """The outcome of a test that never reported: not run, whatever the reason."""
        test = self.tests[test_id]
        why = "deselected" if test_id in self.deselected else "collected, and no result came back"
        return TestOutcome(
            id=test_id, items=tuple(test["items"]), outcome="not_run", message=why, builtin=test["builtin"]
        )


class Run:
    """Collects and follows readiness tests, in every process that runs tests."""

    def __init__(self, config: pytest.Config, opened: Project, policy: gate.Policy) -> None:
        self.config = config
        self.project = opened
        self.policy = policy
        self.collected = Collected()
        self.started = datetime.now(tz=UTC)
        self.clock = time.perf_counter()
        switched_off = {i for i in opened.settings.items if not opened.settings.item(i).builtin}
        left_out = switched_off | set(opened.settings.not_applicable)
        self.wanted = dict(collection.every(opened.catalog, left_out))
        self.waived = {w.item for w in opened.settings.waivers if w.expires >= opened.today}
        self.narrowed = bool(config.getoption("lf", default=False) and config.cache.get(FAILED, {}))
        config.stash.setdefault(EVIDENCE, Evidence())

    # collection

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            report.result = [*report.result, collection.Checks.beside(collector, self.wanted)]
        if report.skipped and collection.mentions_marks(collector.path, CATEGORIES):
            self.collected.skipped.append(f"{collector.nodeid} ({outcomes.said(report)})")
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None]:
        items[:] = collection.without_imported(items)
        for item in items:
            self._follow(item)
        self._select(items)
        self.collected.hooks = collection.handing_over(self.config)
        yield

    def _follow(self, item: pytest.Item) -> None:
        ids, wrong = collection.marked(item, self.project.catalog, CATEGORIES)
        if wrong:
            item.stash[WRONG] = wrong
        if not ids:
            if not wrong and collection.is_bare(item, CATEGORIES):
                self.collected.bare.append(item.nodeid)
            return
        builtin = collection.is_builtin(item)
        if builtin and (replaced := collection.replaced_fixtures(item)):
            item.stash[WRONG] = [replaced]
        grade = outcomes.grade_of(getattr(item, "fixturenames", ()))
        at = None if builtin or item.location[1] is None else item.location[1] + 1
        item.stash[FOLLOWING] = outcomes.Following(id=item.nodeid, items=ids, builtin=builtin, grade=grade, line=at)
        self.collected.tests[item.nodeid] = {"items": list(ids), "builtin": builtin}

    def _select(self, items: list[pytest.Item]) -> None:
        globs = self.config.option.mlready_item
        if not globs and not self.config.option.mlready_only:
            return
        wanted = [self._is_wanted(item, globs) for item in items]
        kept = [item for item, is_wanted in zip(items, wanted, strict=True) if is_wanted]
        left_out = [item for item, is_wanted in zip(items, wanted, strict=True) if not is_wanted]
        if left_out:
            self.config.hook.pytest_deselected(items=left_out)
            items[:] = kept

    @staticmethod
    def _is_wanted(item: pytest.Item, globs: Iterable[str]) -> bool:
        following = item.stash.get(FOLLOWING, None)
        ids = following.items if following else ()
        wrong = WRONG in item.stash  # a typo must not make a test vanish from a gate's run
        return any(fnmatchcase(i, glob) for i in ids for glob in globs) if globs else bool(ids or wrong)

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        self.collected.deselected += [item.nodeid for item in items if FOLLOWING in item.stash]

    # running

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        following = item.stash.get(FOLLOWING, None)
        if following is not None:
            self.config.stash[EVIDENCE].notes = following.begin()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        wrong: list[str] = item.stash.get(WRONG, [])
        if wrong:
            pytest.fail("\n".join(wrong), pytrace=False)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        before = call.excinfo
        report = yield
        caught = before or call.excinfo  # that of a unittest.TestCase arrives within
        raised = caught.value if caught else None
        following = item.stash.get(FOLLOWING, None)
        if following is None:
            return report
        following.phase(report, raised)
        if report.failed:
            if isinstance(raised, ReadinessError) or (following.builtin and isinstance(raised, AssertionError)):
                report.longrepr = inert(outcomes.spoken(raised))  # a verdict, or bad input: no traceback of ours
            self._soften(report, following, outcomes.spoken(raised))
        others = [(name, value) for name, value in report.user_properties if name != outcomes.PROPERTY]
        report.user_properties = [*others, (outcomes.PROPERTY, following.to_text())]
        return report

    def _soften(self, report: pytest.TestReport, following: outcomes.Following, message: str) -> None:
        """A waiver, or a gate that does not require the item, leaves the verdict to the tally: pytest sees an xfail."""
        waived = all(i in self.waived for i in following.items)
        gated = following.builtin and self.policy.asked and not any(self.policy.requires(i) for i in following.items)
        if waived or gated:
            report.outcome = "skipped"
            report.wasxfail = f"{'waived' if waived else 'left to the gate'}: {clean(message.partition(chr(10))[0])}"

    # xdist

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[outcomes.PROPERTY] = self.collected.to_text()
