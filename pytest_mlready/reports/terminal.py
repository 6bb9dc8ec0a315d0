"""Prints the summary: one screen at 80 columns with what blocks, both scores, and the shortest way up."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Protocol

from pytest_mlready.attestations import WARN_DAYS
from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.errors import clean
from pytest_mlready.reports import changes
from pytest_mlready.reports.document import policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BAR = 10  # characters
WIDEST = 100  # columns: longer lines are hard to read
LISTED = 8  # items a status; -v lists all
SHELL = "a shell"  # where the lines of a next step go that are no settings
DESELECTED = "deselected"  # the reason of an item that an option left out: whoever gave it knows
# Statuses that a reader must see, in this order, with the colour pytest uses for the like.
SHOWN = (
    ("failed", "red"),
    ("error", "red"),
    ("not_run", "red"),
    ("inconclusive", "yellow"),
    ("waived", "yellow"),
    ("attested", "green"),
)


class Reporter(Protocol):
    """What is used of pytest's terminal reporter."""

    _tw: Any  # its writer: the only way to width and encoding

    def section(self, title: str) -> None: ...
    def write(self, content: str, **markup: bool) -> None: ...
    def write_line(self, line: str, **markup: bool) -> None: ...


def print_summary(reporter: Reporter, document: Mapping[str, Any], notes: Sequence[str], *, verbose: int) -> None:
    """Writes the section; under -q (verbose < 0) only the scores, the gate and where the reports are."""
    screen = Screen(reporter)
    reporter.section("production readiness")
    if verbose >= 0:
        screen.lines(_about(document))
        screen.categories(document)
        screen.statuses(document, everything=verbose > 0)
        screen.lines(_expiring(document))
    screen.scores(document)
    if "compared" in document:
        screen.changes(document["compared"], everything=verbose > 0)
    screen.next_steps(document, everything=verbose >= 0)
    screen.gate(document)
    screen.lines(notes)


class Screen:
    """A terminal of a certain width and character set."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        writer = reporter._tw  # noqa: SLF001
        self.width = min(writer.fullwidth, WIDEST)
        encoding = getattr(writer._file, "encoding", None) or "ascii"  # noqa: SLF001
        self.unicode = encoding.lower().replace("-", "") in ("utf8", "utf16")

    def line(self, text: str = "", **markup: bool) -> None:
        text = clean(text)
        if not self.unicode:
            text = text.replace("…", "...").replace("→", "->").encode("ascii", "replace").decode()
        self.reporter.write_line(text, **markup)

    def lines(self, texts: Iterable[str], **markup: bool) -> None:
        for text in texts:
            for row in textwrap.wrap(clean(text), self.width, subsequent_indent="    ") or [""]:
                self.line(row, **markup)

    def bar(self, share: float) -> str:
        full = int(share * BAR + 1e-9)
        return ("█" * full + "·" * (BAR - full)) if self.unicode else ("#" * full + "." * (BAR - full))

    def categories(self, document: Mapping[str, Any]) -> None:
        """A line per category: points, a bar, and how its items stand."""
        for category, title in CATEGORIES.items():
            items = [i for i in document["items"].values() if i["category"] == category]
            points = sum(i["points"] for i in items)
            applicable = sum(i["status"] != "not_applicable" for i in items)
            share = points / applicable if applicable else 0.0
            row = f"{title:<14} {points:>4g}/{applicable:<2} {self.bar(share)}  {_counts(items)}"
            self.line(row if len(row) <= self.width else f"{row[: self.width - 2]} …")

    def statuses(self, document: Mapping[str, Any], *, everything: bool) -> None:
        """Every item that is not simply verified or unverified, with the numbers that decided."""
        for status, colour in SHOWN:
            items = {i: item for i, item in document["items"].items() if item["status"] == status}
            if not everything and (aside := [i for i in items if items[i]["reason"] == DESELECTED]):
                items = {i: item for i, item in items.items() if i not in aside}
                self.line(f"not run        {len(aside)} items were deselected; -v lists them")
            for item_id in list(items) if everything else list(items)[:LISTED]:
                self._item(item_id, items[item_id], colour, everything=everything)
            if len(items) > LISTED and not everything:
                self.line(f"  … and {len(items) - LISTED} more {status.replace('_', ' ')}; -v lists them")
        unverified = [i for i, item in document["items"].items() if item["status"] == "unverified"]
        if everything:
            for item_id in unverified:
                self._item(item_id, document["items"][item_id], "", everything=True)
        elif unverified:
            self.lines(
                [f"unverified     {len(unverified)} items; -v or `pytest-mlready explain` says what would let them be"]
            )

    def _item(self, item_id: str, item: Mapping[str, Any], colour: str, *, everything: bool) -> None:
        label = f"{item['status'].replace('_', ' '):<14} "
        self.reporter.write(clean(label), **({colour: True} if colour else {}))
        self.line(item_id)
        texts = (item["reason"] or _spoken(item)).splitlines()
        for text in texts if everything else texts[:2]:
            said, _, step = clean(text).partition("Next step: ")
            self._paragraph(said, "    ", everything=everything)
            self._paragraph(step, "    -> ", everything=everything)

    def _paragraph(self, text: str, indent: str, *, everything: bool) -> None:
        """A text in rows; without -v the first two are enough to know what it is about."""
        rows = textwrap.wrap(text, self.width - len(indent), break_long_words=False, break_on_hyphens=False)
        for n, row in enumerate(rows if everything else rows[:2]):
            cut = not everything and n == 1 and len(rows) > 2
            self.line(
                (indent if n == 0 else " " * len(indent)) + (f"{row[: self.width - len(indent) - 2]} …" if cut else row)
            )

    def scores(self, document: Mapping[str, Any]) -> None:
        """One line a rubric; a partial run has none, and says why."""
        for rubric, score in document["scores"].items():
            if score is None:
                self.line(f"{rubric.replace('_', ' ')}: no score")
            elif "fraction" in score:
                self.line(
                    f"{score['title']:<22} {score['points']:g} of {score['applicable']} ({score['fraction']:.0%})",
                    bold=True,
                )
            else:
                self._minimum(score)
        self.lines(f"partial run: {reason}" for reason in document["partial"])
        if document["marks_without_item"]:
            self.lines([f"{len(document['marks_without_item'])} marked test(s) name no item and count for none: "
                        + ", ".join(document["marks_without_item"][:3])])  # fmt: skip

    def _minimum(self, score: Mapping[str, Any]) -> None:
        self.line(f"{score['title']:<22} {score['score']:g}  {score['meaning']}"[: self.width], bold=True)
        sections = ", ".join(f"{name} {value:g}" for name, value in score["sections"].items())
        others = [f"executed {score['executed']:g}"] if score["executed"] != score["score"] else []
        others += [f"adjusted {score['adjusted']:g}"] if score["adjusted"] != score["score"] else []
        self.lines([f"    the lowest of {sections}{' (' + ', '.join(others) + ')' if others else ''}"])

    def changes(self, compared: Mapping[str, Any], *, everything: bool) -> None:
        """What changed since an earlier report, the worse first."""
        self.lines([changes.heading(compared)])
        told = list(changes.lines(compared))
        for kind, text in told if everything else told[:LISTED]:
            colour = {"worse": "red", "better": "green"}.get(kind)
            self.lines([f"  {text}"], **({colour: True} if colour else {}))
        if len(told) > LISTED and not everything:
            self.line(f"  … and {len(told) - LISTED} more changes; -v lists them")

    def next_steps(self, document: Mapping[str, Any], *, everything: bool) -> None:
        """What gains most for least, with the lines to paste; only the first of them unless everything is asked for."""
        steps = document.get("next_steps") or []
        if everything:
            self.lines(_cheapest_paths(document))
        for number, step in enumerate(steps if everything else steps[:1], 1):
            many = f"next step {number} of {len(steps)}" if len(steps) > 1 else "next step"
            self.lines([f"{many}: {step['gain']}"], bold=True)
            self._paragraph(step["why"], "    ", everything=True)
            into = step.get("into", "")
            self.line(f"    paste into {into}:" if into and into != SHELL else "    run in a shell:")
            for line in step["lines"]:
                self.line(f"        {line}")  # never wrapped: it is to be pasted
        if everything and steps and document["provenance"]["settings_sha256"] is None:
            self.lines(["`pytest-mlready init` writes settings from what it finds, commented, and overwrites nothing"])

    def gate(self, document: Mapping[str, Any]) -> None:
        gate = document["gate"]
        if not gate["asked"]:
            return
        if gate["passed"]:
            self.line("gate: passed", green=True, bold=True)
            self.lines([f"    it asks for {policy(document['policy'])}"])
            return
        self.line(f"gate: not passed, {len(gate['shortfalls'])} shortfall(s)", red=True, bold=True)
        self.lines(f"  - {shortfall}" for shortfall in gate["shortfalls"])


def _about(document: Mapping[str, Any]) -> Iterator[str]:
    provenance = document["provenance"]
    model = provenance["model_sha256"]
    parts = [document["system"] or "(no name: set system in [tool.mlready])", f"as of {provenance['as_of']}"]
    parts += [f"model {model[:12]}"] if model else ["no model artifact"]
    commit = provenance["commit"]
    parts += [f"commit {commit[:10]}{' with changes' if provenance['dirty'] else ''}"] if commit else []
    yield ", ".join(parts)


def _counts(items: Sequence[Mapping[str, Any]]) -> str:
    """Reads like "5 verified, 1 failed"; the unverified are the rest, and named only where there is nothing else."""
    order = ("verified", "attested", "failed", "error", "not_run", "inconclusive", "waived", "not_applicable")
    counts = {s: sum(i["status"] == s for i in items) for s in order}
    return ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in counts.items() if n) or "all unverified"


def _spoken(item: Mapping[str, Any]) -> str:
    """For an item whose status is a person's doing: whose, and until when."""
    if item["waiver"] and item["waiver"]["valid"]:
        waiver = item["waiver"]
        return f"waived by {waiver['owner']} until {waiver['expires']}: {waiver['reason']}"
    valid = [a for a in item["attestations"] if a["valid"]]
    return f"by {valid[0]['by']} ({valid[0]['role']}) until {valid[0]['expires']}" if valid else ""


def _expiring(document: Mapping[str, Any]) -> Iterator[str]:
    for item_id, item in document["items"].items():
        for a in item["attestations"]:
            if a["valid"] and a["days_left"] <= WARN_DAYS:
                yield f"expires soon   {item_id}: the attestation by {a['by']} holds {a['days_left']} more days"
        waiver = item["waiver"]
        if waiver and waiver["valid"] and item["status"] == "waived":
            yield f"waiver         {item_id}: {waiver['owner']}, {waiver['days_left']} days left: {waiver['reason']}"
        elif waiver and not waiver["valid"]:
            yield f"waiver expired {item_id}: {waiver['owner']}, on {waiver['expires']}"


def _cheapest_paths(document: Mapping[str, Any]) -> Iterator[str]:
    for score in document["scores"].values():
        if score is None or "cheapest_path" not in score:
            continue
        way = score["cheapest_path"]
        if way["items"]:
            yield f"cheapest path  to {way['to']:g}: verify {', '.join(way['items'])}"
        if way["by_ci"] is not None:
            yield f"               to {way['by_ci']:g}: run this gate in CI ({document['automation']['how']})"
