"""Publishes the finished document: the reports that were asked for, and where CI looks for it, beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import pytest

from pytest_mlready import reports
from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_mlready.catalog import Catalog
    from pytest_mlready.reports.dsse import Key

KEY_FILE = "MLREADY_SIGNING_KEY_FILE"


def signing_key(config: pytest.Config) -> Key | None:
    """The key that signs this run's statement; None where none is given.

    Raises:
        pytest.UsageError: It cannot be read, or there is no statement that it could sign.
    """
    given = config.option.mlready_sign_key
    asked = [r for r in config.option.mlready_report if r.endswith(reports.STATEMENT)]
    if given and not asked:
        fix = f"add --mlready-report=readiness{reports.STATEMENT}"
        raise pytest.UsageError(f"there is nothing for --mlready-sign-key to sign. Next step: {fix}")
    path = given or os.environ.get(KEY_FILE)
    if not path or not asked:
        return None
    from pytest_mlready.reports import dsse

    try:
        return dsse.private_key(config.invocation_params.dir / path)
    except ReadinessError as error:
        raise pytest.UsageError(str(error)) from error


def publish(
    config: pytest.Config,
    document: dict[str, Any],
    catalog: Catalog,
    *,
    key: Key | None,
    kept: Callable[[Path], str],
) -> list[str]:
    """Writes the reports, then the job's summary and JUnit's properties; returns what to tell the reader.

    Args:
        config: Says which reports were asked for, and where.
        document: What they are rendered from. Under a gate, a report that could not be written is a shortfall: it is
            added here, and the other reports say so.
        catalog: Questions and remedies.
        key: Signs the statement.
        kept: Why a path may not be written by this run, or nothing.
    """
    notes = _write(config, document, catalog, key, kept)
    return notes + [note for note in (_summary(document, catalog), _junit(config, document)) if note]


def _write(
    config: pytest.Config, document: dict[str, Any], catalog: Catalog, key: Key | None, kept: Callable[[Path], str]
) -> list[str]:
    given = {path: config.invocation_params.dir / path for path in config.option.mlready_report}
    reasons = {path: kept(at) or reports.write(at, document, catalog, key=key) for path, at in given.items()}
    refused = {path: f"report not written: {path}: {why}" for path, why in reasons.items() if why}
    if refused and document["gate"]["passed"]:
        document["gate"] |= {"passed": False, "shortfalls": list(refused.values())}
        for path in given.keys() - refused.keys():
            reports.write(given[path], document, catalog, key=key)
    return [refused.get(path, f"report: {path}") for path in given]


def _summary(document: Mapping[str, Any], catalog: Catalog) -> str:
    from pytest_mlready.reports import markdown, summary

    if not os.environ.get(summary.VARIABLE):
        return ""
    return summary.append(markdown.render(document, catalog), os.environ)


def _junit(config: pytest.Config, document: Mapping[str, Any]) -> str:
    given = getattr(config.option, "xmlpath", None)
    if not given:
        return ""
    from pytest_mlready.reports import junit

    path = config.invocation_params.dir / Path(os.path.expandvars(given)).expanduser()
    try:
        reports.atomically(path, junit.with_scores(path.read_text(encoding="utf-8"), document))
    except (OSError, ParseError, ValueError) as error:
        return f"the scores are not in {given}: {getattr(error, 'strerror', None) or error}"
    return ""


def annotate(reporter: pytest.TerminalReporter, document: Mapping[str, Any]) -> None:
    """Prints the commands that GitHub turns into annotations; anywhere else nothing."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from pytest_mlready.reports import workflow

    for command in workflow.commands(document):
        reporter.write_line(command.encode("utf-8", "backslashreplace").decode())
