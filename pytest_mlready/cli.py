"""Answers on the command line: what an item asks for and where the project stands, and the schema of the settings."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_mlready import __version__
from pytest_mlready.errors import ReadinessError, near

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog, Item

DATE = click.DateTime(formats=["%Y-%m-%d"])
CI = ("github", "gitlab", "jenkins", "circleci", "azure")
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


@main.command(short_help="Print what ITEM asks for and where this project stands.")
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
    item = explanation.meant(item, catalog.items)
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


@main.command(short_help="Write settings from what is found here, or a CI workflow.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
@click.option("--ci", "provider", type=click.Choice(CI), help="Write the workflow that runs the gate, instead.")
@click.option("--dry-run", "dry", is_flag=True, help="Print what would be written, and write nothing.")
def init(folder: Path | None, provider: str | None, *, dry: bool) -> None:
    """Write settings to begin with, from what is found in FOLDER (the current one); or a CI workflow.

    Settings go to the end of pyproject.toml where there is one, else into mlready.toml. Files are looked at, none is
    run or loaded. Nothing that is there is changed, so that it can be run again.
    """
    from pytest_mlready.explanation import plain
    from pytest_mlready.init import writing

    try:
        if folder is None and provider is None:
            writing.refuse_to_shadow(Path())
        at = folder or Path()
        told = writing.workflow(at, provider, dry=dry) if provider else writing.settings(at, _items(), dry=dry)
        for line in told:
            click.echo(plain(line, lines=True))
    except ReadinessError as error:
        raise Mistaken(plain(str(error), lines=True)) from None


@main.command()
def schema() -> None:
    """Print the JSON schema of the settings, for editors."""
    from pytest_mlready import settings

    click.echo(json.dumps(settings.json_schema(_catalog().items), indent=2, ensure_ascii=False))


@main.command(short_help="Print what changed between two JSON reports.")
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


@main.command()
@click.argument("item")
@click.option("--evidence", required=True, metavar="FILE", help="The document that shows it, or a link.")
@click.option("--by", required=True, metavar="NAME", help="Who says so.")
@click.option("--role", required=True, help="In which role.")
@click.option("--approver", required=True, metavar="NAME", help="Who approved it: someone else.")
@click.option("--expires", required=True, type=DATE, metavar="DATE", help="Last day on which it holds.")
@click.option("--on", type=DATE, metavar="DATE", help="When it was said; today.")
@click.option("--statement", metavar="TEXT", help="What is stated, in a sentence.")
@click.option("--versions", metavar="RANGE", help="Model versions that it is about, such as '>=2,<3'.")
@click.option("--config", type=FILE, help="Settings file; otherwise the nearest one upward.")
def attest(item: str, config: Path | None, on: dt.datetime | None, expires: dt.datetime, **said: Any) -> None:
    """Write a person's word for ITEM into the settings.

    It is bound to the digest of the document, and to that of the model where the item is about the model. What would
    not be valid is refused. An earlier word for the same item is renewed in its place; comments in the file stay.
    """
    from pytest_mlready import signing
    from pytest_mlready.explanation import plain

    today = dt.datetime.now(tz=dt.UTC).date()
    word = signing.Word(item=item, on=on.date() if on else today, expires=expires.date(), **said)
    try:
        written = signing.attest(word, config=config, items=_catalog().items, today=today)
    except ReadinessError as error:
        raise Mistaken(plain(str(error), lines=True)) from None
    bound = [f"{key} {written.entry[key][:12]}…" for key in ("sha256", "model_sha256") if key in written.entry]
    verb = "renewed" if written.renewed else "written"
    click.echo(f"{verb} in {written.path.name}: {item} by {word.by}, approved by {word.approver}, until {word.expires}")
    click.echo(f"bound to {', '.join(bound)}" if bound else "bound to nothing: a link can only be shown")


@main.command("verify-report", short_help="Verify a report or statement before a deployment.")
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, help="Public key (PEM) that must have signed the statement.")
@click.option("--artifact", "artifacts", type=FILE, multiple=True, help="File about to be deployed (repeatable).")
@click.option("--no-artifact", is_flag=True, help="Do without comparing digests.")
@click.option("--max-age", default="7 d", show_default=True, help="Age since the run began that is accepted.")
@click.option("--allow-failed-gate", is_flag=True, help="Only note a gate that failed or was not asked for.")
def verify_report(file: Path, key: Path | None, max_age: str, **asked: Any) -> None:
    """Verify FILE, a signed statement, a statement or a JSON report, before what it is about is deployed.

    One line for each thing that was verified, refused, or only noted: the signature, the digests of the artifacts at
    hand, the age, that the run was whole, the gate. Exit status 1 when anything is refused.
    """
    from pytest_mlready import units, verification
    from pytest_mlready.explanation import plain
    from pytest_mlready.reports import dsse

    if asked["artifacts"] and asked["no_artifact"]:
        raise Mistaken("--artifact and --no-artifact contradict each other")
    try:
        public = dsse.public_key(key) if key else None
        what = verification.Asked(key=public, max_age=units.seconds(max_age), now=dt.datetime.now(tz=dt.UTC), **asked)
    except ReadinessError as error:
        raise Mistaken(plain(str(error), lines=True)) from None
    except ValueError as error:
        raise Mistaken(f"--max-age={plain(max_age)}: expected {error}") from None
    findings = verification.verify(file, what)
    for finding in findings:
        click.echo(f"{finding.kind:<9} {plain(finding.sentence)}")
    if any(finding.kind == "refused" for finding in findings):
        sys.exit(1)


def _items() -> Mapping[str, Item]:
    return _catalog().items


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
