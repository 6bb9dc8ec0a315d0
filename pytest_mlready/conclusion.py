"""Gathers what every process reported and, when the run ends, tallies, gates and writes the reports."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready import comparison, expiry, gate, outcomes, provenance, publication, ratchet, tally, trend
from pytest_mlready.attestations import Scope
from pytest_mlready.reports import document, junit
from pytest_mlready.session import Collected

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from pytest_mlready.reports.dsse import Key
    from pytest_mlready.session import Run
    from pytest_mlready.tally import Tally, TestOutcome

ENDED_WELL = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
LOOKING = ("collectonly", "showfixtures", "show_fixtures_per_test", "cacheshow")  # options that run no test
SHOWN = 3  # names in a sentence about many tests


class Conclusion:
    """Lives in the controlling process alone."""

    def __init__(self, run: Run, key: Key | None = None) -> None:
        self.run = run
        self.signing_key = key
        self.outcomes: dict[str, TestOutcome] = {}
        self.trouble: list[str] = []  # why the run did not come to its end
        self.document: dict[str, Any] | None = None
        self.tally: Tally | None = None
        self.loosened: list[str] = []  # policy that is looser than in the ratchet report, for no stated reason
        self.notes: list[str] = []  # what to tell about the reports
        given = run.config.option.mlready_compare
        # Read now: what cannot be read ends the run before it has measured anything.
        self.compare_with = comparison.read(run.config.invocation_params.dir / given) if given else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes the outcome off the report, and leaves properties that people and JUnit's readers understand."""
        properties = []
        for name, value in report.user_properties:
            outcome = outcomes.from_text(value, report.nodeid) if name == outcomes.PROPERTY else None
            if outcome is None:
                properties.append((name, value))
                continue
            self.outcomes[outcome.id] = outcomes.later(self.outcomes.get(outcome.id), outcome)
            properties += junit.properties(outcome)
        report.user_properties = properties

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        output = getattr(node, "workeroutput", None) or {}
        if outcomes.PROPERTY in output:
            self.run.collected.add(Collected.from_text(output[outcomes.PROPERTY]))
        else:
            self.trouble.append(f"the worker {node.gateway.id} went down ({error or 'no word from it'})")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected may hold readiness tests that nobody will ever miss."""
        if report.failed:
            self.trouble.append(f"{report.nodeid or 'a file'} cannot be collected")

    def pytest_keyboard_interrupt(self) -> None:
        self.trouble.append("interrupted")

    def pytest_internalerror(self, excrepr: object) -> None:
        self.trouble.append(f"pytest ended with an internal error: {str(excrepr).splitlines()[-1]}")

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """The innermost wrapper: after xdist has brought its workers down, before the terminal's summary."""
        yield
        if not any(session.config.getoption(option, None) for option in LOOKING):
            self.conclude(session, exitstatus)

    def conclude(self, session: pytest.Session, exitstatus: int) -> None:
        """Tallies, gates, writes; turns exit status 0 into 1 where the gate does not pass."""
        self._note_trouble(session, exitstatus)
        run = self.run
        earlier, unfit = ratchet.held_to(run.project.root, run.policy.ratchet)
        self.tally = tally.tally(run.project.catalog, self._facts(earlier))
        shortfalls = gate.shortfalls(self.tally, run.policy, earlier=earlier, incomplete="; ".join(self.trouble))
        shortfalls += (unfit,) if unfit else ()
        self.document = document.build(
            self.tally,
            policy=run.policy,
            shortfalls=shortfalls,
            settings=run.project.settings,
            provenance=self._provenance(),
            trouble=self.trouble,
            bare=run.collected.bare,
        )
        self.document["places"] = provenance.places(run.project.root, run.config.rootpath, run.project.settings_path)
        self._two_days(self.document, self.tally)
        self._compare(self.document, earlier)
        self._next_steps(self.document, self.tally)
        self.notes += publication.publish(
            run.config,
            self.document,
            run.project.catalog,
            key=self.signing_key,
            kept=lambda at: self._kept(at, earlier),
        )
        if self.document["gate"]["shortfalls"] and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        run.config.hook.pytest_mlready_report(config=run.config, tally=self.tally)

    def _note_trouble(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus not in ENDED_WELL and not self.trouble:
            self.trouble.append(f"pytest ended with exit status {int(exitstatus)}")
        for stopped in (session.shouldstop, session.shouldfail):
            if stopped and str(stopped) not in self.trouble:
                self.trouble.append(str(stopped))

    def _compare(self, document: dict[str, Any], earlier: Mapping[str, Any] | None) -> None:
        """What changed since the ratchet report, or the one that --mlready-compare names, and over the history."""
        given = self.run.config.option.mlready_compare
        if earlier is not None:
            document["compared"] = comparison.compare(earlier, document, path=self.run.policy.ratchet or "")
            if told := list(comparison.shortfalls(document["compared"])):
                self.loosened = told
                document["gate"] |= {"passed": False, "shortfalls": [*document["gate"]["shortfalls"], *told]}
        if given is not None and self.compare_with is not None:
            document["compared"] = comparison.compare(self.compare_with, document, path=given)
        if folder := self.run.project.settings.history:
            document["history"], refused = trend.read(self.run.project.path(folder))
            self.notes += [f"left out of the history: {reason}" for reason in refused]

    def _two_days(self, document: dict[str, Any], counted: Tally) -> None:
        """Where a day was asked for, the scores of today beside those of that day."""
        today, day = self.run.started.date(), self.run.project.today
        if self.run.config.option.mlready_at is not None:
            now = tally.tally(self.run.project.catalog, replace(counted.facts, **self._words(today)))
            document["two_days"] = expiry.two_days(now, counted, today=today, day=day)

    def _words(self, day: dt.date) -> expiry.Words:
        opened = self.run.project
        scope = Scope(model_sha256=opened.digests.model, version=opened.settings.version)
        return expiry.words(opened.settings, opened.catalog.items, root=opened.root, scope=scope, today=day)

    def _next_steps(self, document: dict[str, Any], counted: Tally) -> None:
        """What gains most for least. Beginnings of files are read for it, nothing of the project is run."""
        from pytest_mlready import next_steps, settings_file
        from pytest_mlready.init import seen

        opened = self.run.project
        document["next_steps"] = next_steps.build(
            counted,
            document,
            discovered=opened.discovered,
            seen=seen.look(opened.root, opened.discovered),
            settings=opened.settings,
            file=settings_file.short(opened.settings_path or opened.root / settings_file.home(opened.root)),
        )

    def _kept(self, path: Path, earlier: Mapping[str, Any] | None) -> str:
        """Why this run may not write there: a ratchet that every worse run replaces would hold nothing."""
        committed = self.run.project.path(self.run.policy.ratchet or "")
        if earlier is None or self.tally is None or path.resolve() != committed:
            return ""
        if self.loosened:
            return "it is the ratchet report, and policy is looser than in it for no stated reason"
        if not self.tally.partial and not any(gate.fallen(self.tally, earlier)):
            return ""
        return "it is the ratchet report, and this run is partial or falls below it; delete it to start anew"

    def _facts(self, earlier: Mapping[str, Any] | None) -> tally.Facts:
        run, opened = self.run, self.run.project
        settings = opened.settings
        silent = [run.collected.silent(t) for t in run.collected.tests if t not in self.outcomes]
        order = {test_id: n for n, test_id in enumerate(run.collected.tests)}  # whatever order they ran in
        whole = tuple(sorted((*self.outcomes.values(), *silent), key=lambda t: order.get(t.id, len(order))))
        return tally.Facts(
            outcomes=whole,
            **self._words(opened.today),
            not_applicable=settings.not_applicable,
            switched_off={i: settings.item(i).reason or "" for i in settings.items if not settings.item(i).builtin},
            checked=frozenset(run.wanted),
            automation=provenance.automation(opened.root),
            partial=tuple(self._partial(whole, earlier)),
        )

    def _partial(self, whole: tuple[TestOutcome, ...], earlier: Mapping[str, Any] | None) -> list[str]:
        reasons = list(self.trouble)
        missing = [t for t in whole if t.outcome == "not_run"]
        whys = {t.message for t in missing}
        if len(whys) == 1:  # a reason that all share is said once
            reasons.append(_sentence(len(missing), f"did not run ({whys.pop()})", [t.id for t in missing]))
        elif missing:
            reasons.append(_sentence(len(missing), "did not run", [f"{t.id} ({t.message})" for t in missing]))
        if self.run.narrowed:
            reasons.append("--last-failed leaves out whole files, with the readiness tests in them")
        skipped = self.run.collected.skipped
        if skipped:
            reasons.append(f"skipped before its readiness tests were collected: {', '.join(skipped[:SHOWN])}")
        gone = self._gone(earlier or {"items": {}})
        if gone:
            reasons.append(_sentence(len(gone), "of the ratchet report cannot be found any more", gone))
        return reasons

    def _gone(self, earlier: Mapping[str, Any]) -> list[str]:
        """Tests of the earlier report that this run did not even collect; an item with a stated reason is exempt."""
        settings = self.run.project.settings
        exempt = set(settings.not_applicable) | {i for i in settings.items if not settings.item(i).builtin}
        before = {
            test["id"]
            for item_id, item in earlier["items"].items()
            if item_id not in exempt
            for test in item.get("tests", ())
        }
        return sorted(before - set(self.run.collected.tests) - set(self.outcomes))

    def _provenance(self) -> dict[str, Any]:
        run = self.run
        return {
            **provenance.describe(run.project.root, run.project.digests, settings_sha256=run.project.settings_sha256),
            "started": run.started.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - run.clock, 3),
            "as_of": run.project.today.isoformat(),
            "hooks": run.collected.hooks,
        }

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.document is None:
            return
        from pytest_mlready.reports import terminal

        verbose = self.run.config.option.verbose
        terminal.print_summary(terminalreporter, self.document, self.notes, verbose=verbose)
        publication.annotate(terminalreporter, self.document)


def _sentence(count: int, what: str, names: list[str]) -> str:
    more = f" and {count - SHOWN} more" if count > SHOWN else ""
    return f"{count} readiness test{'s' if count > 1 else ''} {what}: {', '.join(names[:SHOWN])}{more}"
