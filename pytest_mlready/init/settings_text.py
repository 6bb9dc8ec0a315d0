"""Writes settings to begin with: what was found stands, or is offered in comments; what nobody can see is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready import filenames
from pytest_mlready.errors import clean
from pytest_mlready.init import seen as looked
from pytest_mlready.init.absent import proposals
from pytest_mlready.toml_places import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_mlready.catalog import Item
    from pytest_mlready.discovery import Discovered
    from pytest_mlready.init.seen import Seen

CHOICES = 5  # candidates that a comment lists
NAMED = 40  # columns that a comment lists
WIDTH = 100  # columns of a comment


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of the settings.

    Attributes:
        table: Below [tool.mlready]; "" for the top.
        lines: Settings and comments, without the header.
        offered: The header is a comment as well; otherwise it stands even above offers alone, so that a line which is
            uncommented does not fall into another table.
    """

    table: str
    lines: tuple[str, ...]
    offered: bool = False


def sections(name: str, discovered: Discovered, seen: Seen, items: Mapping[str, Item]) -> list[Section]:
    """The tables to write, from what a project has.

    Args:
        name: Of the system, as far as a folder or a package tells it.
        discovered: Files by what they seem to be.
        seen: What the beginnings of some of them tell.
        items: The catalogue; a proposal is made for its items alone.
    """
    made = [
        _section("", _top(name)),
        _section("model", _model(discovered, seen)),
        _section("data", _data(discovered, seen)),
        _section("metrics", ["# accuracy = { min = 0.80 }  # an example: your metrics and limits"]),
        _section("endpoint", _endpoint(discovered, seen)),
        _section("deploy", _deploy(discovered)),
        _section("not_applicable", _not_applicable(discovered, seen, items)),
        *(_section(f'items."{item}"', lines) for item, lines in _items(discovered) if item in items),
        _section("gate", _gate()),
    ]
    return [section for section in made if section.lines]


def text(made: Sequence[Section], prefix: str) -> str:
    """The tables as TOML; `prefix` is what they stand below, "" in mlready.toml."""
    parts = []
    for section in made:
        header = ".".join(part for part in (prefix, section.table) if part)
        head = [f"# [{header}]" if section.offered else f"[{header}]"] if header else []
        parts.append("\n".join([*head, *section.lines]))
    return "\n\n".join(parts) + "\n"


def _section(table: str, lines: Iterable[str]) -> Section:
    return Section(table=table, lines=tuple(lines))


def _top(name: str) -> Iterator[str]:
    yield "## What pytest --mlready judges. A line with one # is an offer: make it true, then take the # away."
    yield f"system = {quoted(name)}  # the name in reports"
    yield '# task = "binary-classification"  # or multiclass-classification, regression, ranking, text-generation'
    yield '# risk = "limited"  # or minimal, high: decides which compliance items apply'


def _model(discovered: Discovered, seen: Seen) -> Iterator[str]:
    live = [p for p in looked.offered(discovered.models) if filenames.words(p) & filenames.LIVE]
    models = looked.models(discovered)
    if len(models) == 1:
        yield f"path = {quoted(models[0].as_posix())}  # found; is it the model under test?"
    else:
        yield from _choice("path", models, "the model under test")
    if seen.mlflow and not models:
        yield '# path = "models:/NAME/1"  # or a model of MLflow, whose runs were found: NAME/VERSION or NAME@ALIAS'
    yield from _choice("production", live, "the model now live")
    yield '# first_release = "…"  # instead of production: why none is live yet'
    yield '# max_size = "20 MB"  # an example: your limit'
    yield '# latency = { p99 = "20 ms" }  # an example: your limit on one call'


def _data(discovered: Discovered, seen: Seen) -> Iterator[str]:
    """Offers alone: which file a model was trained on, and which column is the truth, no name can tell."""
    yield "## train, heldout and target belong together."
    for role, meaning in filenames.ROLE_MEANING.items():
        yield from _choice(role, looked.of_role(discovered, role), meaning)
    if others := looked.of_no_role(discovered):
        yield f"## other data found: {_listed([p.as_posix() for p in others], CHOICES)}"
    yield from _target(seen)
    yield '# subgroups = ["…"]  # columns whose groups are judged apart'


def _target(seen: Seen) -> Iterator[str]:
    meaning = "the column with the true outcome"
    taken = {name for names in seen.inputs.values() for name in names}
    for name in seen.targets[:CHOICES]:
        told = "no input of the model" if taken else "by its name"
        yield f"# target = {quoted(name)}  # {meaning}? A candidate: {told}"
    if not seen.targets:
        yield f'# target = "…"  # {meaning}'
    for path, names in list(seen.columns.items())[:1]:
        yield f"## columns of {path.as_posix()}: {_listed(names, NAMED)}"


def _endpoint(discovered: Discovered, seen: Seen) -> Iterator[str]:
    if seen.services:
        yield "## Uncommented, the run starts this command on loopback and ends it afterwards."
    for service in seen.services:
        yield f"# start = {quoted(service.start)}  # found in {service.where.as_posix()}"
    if not seen.services:
        yield '# start = "uvicorn service:app --port {port}"  # an example; or url = "…"; nothing was found'
    predict = next((s.predict for s in seen.services if s.predict), "")
    yield f"# predict = {quoted(predict or 'POST /predict')}  # {'found' if predict else 'an example'}: method and path"
    yield '# example = "…"  # a file with the body of one good request (JSON)'
    yield from _choice("openapi", looked.offered(discovered.openapi), "the committed OpenAPI document")
    yield "# peak_rps = 40  # an example: your expected peak"
    yield '# slo = { p99 = "250 ms", errors = 0.001 }  # an example: your objectives'


def _deploy(discovered: Discovered) -> Iterator[str]:
    for kinds, key in ((("manifests", "compose"), "manifests"), (("images",), "images"), (("dockerfiles",), "shipped")):
        found = [p.as_posix() for kind in kinds for p in looked.offered(getattr(discovered, kind))]
        if found:
            many = f" and {len(found) - CHOICES} more" if len(found) > CHOICES else ""
            listed = ", ".join(quoted(p) for p in found[:CHOICES])
            yield f"# {key} = [{listed}]  # found{many}, and looked at as it is: name them to fix which"


def _items(discovered: Discovered) -> Iterator[tuple[str, list[str]]]:
    """Documents and rules: checks find these by themselves; named, they cannot go missing unseen."""
    for item, key, found, many in (
        ("documentation.model_card", "card", discovered.model_cards, False),
        ("documentation.runbook", "runbooks", discovered.runbooks, True),
        ("documentation.runbook", "rules", discovered.rules, True),
        ("documentation.architecture_diagram", "diagrams", discovered.diagrams, True),
    ):
        paths = [quoted(p.as_posix()) for p in looked.offered(found)[:CHOICES]]
        if paths:
            value = f"[{', '.join(paths)}]" if many else paths[0]
            yield item, [f"# {key} = {value}  # found"]


def _not_applicable(discovered: Discovered, seen: Seen, items: Mapping[str, Item]) -> Iterator[str]:
    offered = [p for p in proposals(discovered, seen) if p.item in items]
    if offered:
        yield "## Only where it is true: each line needs its reason, and every report shows it."
    for because in dict.fromkeys(p.because for p in offered):
        yield f"## {because}: it may be that"
        yield from (f"# {quoted(p.item)} = {quoted(p.reason)}" for p in offered if p.because == because)


def _gate() -> Iterator[str]:
    yield "## With any of these, a run that falls short fails. Begin with what holds today."
    yield '# required = ["security.no_secrets"]  # ids or globs: "security.*"'
    yield "# min_checklist = 0.1  # share of the checklist's points"
    yield "# min_score = 0.5  # ML Test Score, 0 to 7"
    yield '# ratchet = "readiness.json"  # a committed report below which nothing may fall'


def _choice(key: str, paths: Sequence[Path], meaning: str) -> Iterator[str]:
    if not paths:
        yield f'# {key} = "…"  # {meaning}; nothing was found'
    for path in paths[:CHOICES]:
        which = f"found, 1 of {len(paths)}" if len(paths) > 1 else "found"
        yield f"# {key} = {quoted(path.as_posix())}  # {which}: is it {meaning}?"


def _listed(names: Sequence[str], most: int) -> str:
    """Names in a comment: on one line, whatever they hold."""
    line = ""
    for n, name in enumerate(names):
        shown = clean(name.replace("\n", " "))
        if n == most or len(line) + len(shown) > WIDTH:
            return f"{line} and {len(names) - n} more"
        line += f", {shown}" if line else shown
    return line
