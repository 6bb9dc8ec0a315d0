"""Answers on the command line: what an item asks for and where the project stands, and the schema of the settings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_mlready import __version__
from pytest_mlready.errors import ReadinessError, near

if TYPE_CHECKING:
    from pytest_mlready.catalog import Catalog

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Mistaken(click.ClickException):
    """Bad input: one clear message, exit status 2."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="pytest-mlready", message="%(prog)s %(version)s")
def main() -> None:
    """Production readiness of ML systems. The run itself is `pytest --mlready`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character still gets the rest


@main.command()
@click.argument("item", required=False)
@click.option("--config", type=FILE, help="Settings file; otherwise the nearest one upward.")
@click.option(
    "--report", type=FILE, help="JSON report of a run (--mlready-report=….json), for the item's last outcome."
)
def explain(item: str | None, config: Path | None, report: Path | None) -> None:
    """Print what ITEM asks for, why, how to get there, and where this project stands. Without ITEM, list all items."""
    from pytest_mlready import explanation

    catalog = _catalog()
    if item is None:
        click.echo("\n".join(explanation.overview(catalog)))
        return
    if item not in catalog.items:
        raise Mistaken(
            f'there is no item "{explanation.plain(item)}"{near(item, catalog.items)}\n'
            "`pytest-mlready explain` lists them all"
        )
    click.echo("\n".join(explanation.text(catalog, item)))
    last = _report(report, item)
    try:
        click.echo("\n".join(["", *explanation.standing(catalog.items, item, config, last)]))
    except ReadinessError as error:
        raise Mistaken(explanation.plain(str(error), lines=True)) from None


@main.command()
def schema() -> None:
    """Print the JSON schema of the settings, for editors."""
    from pytest_mlready import settings

    click.echo(json.dumps(settings.json_schema(_catalog().items), indent=2, ensure_ascii=False))


@main.command()
@click.argument("earlier", type=FILE)
@click.argument("later", type=FILE)
def compare(earlier: Path, later: Path) -> None:
    """Print what changed from the JSON report EARLIER to the report LATER.

    Items that rose and fell, metrics beyond noise, policy that was loosened. Exit status 1 when an item fell, or
    policy was loosened without a reason in [[tool.mlready.loosened]].
    """
    from pytest_mlready import comparison
    from pytest_mlready.explanation import plain
    from pytest_mlready.reports import changes

    try:
        compared = comparison.compare(comparison.read(earlier), comparison.read(later), path=earlier.name)
    except ReadinessError as error:
        raise Mistaken(plain(str(error), lines=True)) from None
    told = [text for _, text in changes.lines(compared)] or ["nothing changed"]
    click.echo(plain("\n".join([changes.heading(compared), *told]), lines=True))
    if compared["fell"] or any(comparison.shortfalls(compared)):
        sys.exit(1)


def _catalog() -> Catalog:
    from pytest_mlready import catalog

    try:
        return catalog.load()
    except ReadinessError as error:
        raise Mistaken(str(error)) from None


def _report(path: Path | None, item: str) -> dict[str, Any] | None:
    """What a JSON report says about the item; None without a report."""
    if path is None:
        return None
    try:
        items = json.loads(path.read_bytes())["items"]
        return dict(items.get(item) or {"status": "not in this report"})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Mistaken(
            f"{path} is not a JSON report of pytest --mlready\n"
            "write one with: pytest --mlready --mlready-report=readiness.json"
        ) from None
