"""Prints the summary: one screen at 80 columns with what blocks, both scores, and the shortest way up."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Protocol

from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.errors import clean, inert
from pytest_mlready.reports import changes, endings, pasting, until
from pytest_mlready.reports.document import policy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

BAR = 10  # characters
WIDEST = 100  # columns: longer lines are hard to read
LISTED = 8  # entries a status; -v lists all items
LABEL = 15  # columns of a status
ENOUGH = 150  # characters that tell what a text is about: two rows of 80 columns
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
        screen.lines(f"{label:<14} {text}" for label, text in until.expiring(document))
        screen.lines(endings.waivers(document))
    screen.scores(document)
    screen.two_days(document, everything=verbose >= 0)
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
        text = inert(clean(text))
        if not self.unicode:
            text = text.replace("…", "...").replace("→", "->").encode("ascii", "replace").decode()
        self.reporter.write_line(text, **markup)

    def lines(self, texts: Iterable[str], **markup: bool) -> None:
        for text in texts:
            for row in self._rows(clean(text)) or [""]:
                self.line(row, **markup)

    def _rows(self, text: str, indent: str = "    ") -> list[str]:
        """Rows of the terminal's width; an id or a path stays whole, to be copied, even where it is wider."""
        return textwrap.wrap(text, self.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

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
            row, told = f"{title:<14} {points:>4g}/{applicable:<2} {self.bar(share)}", endings.counts(items)
            fits = len(row) + 2 + len(told) <= self.width
            self.lines([f"{row}  {told}"] if fits else [row, f"    {told}"])

    def statuses(self, document: Mapping[str, Any], *, everything: bool) -> None:
        """Every item that is not simply verified or unverified, with the numbers that decided."""
        for status, colour in SHOWN:
            items = {i: item for i, item in document["items"].items() if item["status"] == status}
            if not everything and (aside := [i for i in items if items[i]["reason"] == DESELECTED]):
                items = {i: item for i, item in items.items() if i not in aside}
                verb = "were" if len(aside) > 1 else "was"
                self.line(f"not run        {_many(aside)} {verb} deselected; -v lists them")
            if everything:
                self._each(items, colour)
            else:
                self._grouped(status, items, colour)
        unverified = {i: item for i, item in document["items"].items() if item["status"] == "unverified"}
        if everything:
            self._each(unverified, "")
        elif unverified:
            self.lines([f"unverified     {_many(unverified)}; -v says what would let them be verified"])

    def _each(self, items: Mapping[str, Any], colour: str) -> None:
        for item_id, item in items.items():
            self._item(item["status"], item_id, colour)
            self._reason(endings.reason(item), everything=True)

    def _grouped(self, status: str, items: Mapping[str, Any], colour: str) -> None:
        """Items that ended in the same words together: one cause is one entry, however many items wait for it."""
        groups = endings.by_reason(items)
        for listed in list(groups.values())[:LISTED]:
            first, *others = listed
            self._item(status, first, colour)
            if others:
                self._paragraph(f"and {len(others)} more: {', '.join(others)}", " " * LABEL, everything=False)
            self._reason(endings.reason(items[first]), everything=False)
        left = sum(map(len, list(groups.values())[LISTED:]))
        if left:
            self.line(f"  … and {left} more {status.replace('_', ' ')}; -v lists them")

    def _item(self, status: str, item_id: str, colour: str) -> None:
        label = f"{status.replace('_', ' '):<{LABEL}}"
        self.reporter.write(clean(label), **({colour: True} if colour else {}))
        self.line(item_id)

    def _reason(self, reason: str, *, everything: bool) -> None:
        texts = reason.splitlines()
        for text in texts if everything else texts[:2]:
            said, _, step = clean(text).partition("Next step: ")
            self._paragraph(said, "    ", everything=everything)
            self._paragraph(step, "    -> ", everything=everything)

    def _paragraph(self, text: str, indent: str, *, everything: bool) -> None:
        """A text in rows; without -v the first two, more on a narrow terminal, tell what it is about."""
        width = self.width - len(indent)
        rows = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
        most = len(rows) if everything else max(2, ENOUGH // width)
        if len(rows) > most:
            rows = [*rows[: most - 1], f"{textwrap.shorten(rows[most - 1], width - 2, placeholder='')} …"]
        for n, row in enumerate(rows):
            self.line((indent if n == 0 else " " * len(indent)) + row)

    def scores(self, document: Mapping[str, Any]) -> None:
        """One line a rubric; a partial run has none, and says why."""
        for rubric, score in document["scores"].items():
            if score is None:
                self.line(f"{rubric.replace('_', ' ')}: no score")
            elif "fraction" in score:
                of = f"{score['points']:g} of {score['applicable']} ({changes.share(score['fraction'])})"
                self.lines([f"{score['title']:<22} {of}"], bold=True)
            else:
                self._minimum(score)
        self.lines(f"partial run: {reason}" for reason in document["partial"])
        if document["marks_without_item"]:
            self.lines([f"{len(document['marks_without_item'])} marked test(s) name no item and count for none: "
                        + ", ".join(document["marks_without_item"][:3])])  # fmt: skip

    def _minimum(self, score: Mapping[str, Any]) -> None:
        self.lines([f"{score['title']:<22} {score['score']:g}  {score['meaning']}"], bold=True)
        sections = ", ".join(f"{name} {value:g}" for name, value in score["sections"].items())
        others = [f"executed {score['executed']:g}"] if score["executed"] != score["score"] else []
        others += [f"adjusted {score['adjusted']:g}"] if score["adjusted"] != score["score"] else []
        self.lines([f"    the lowest of {sections}{' (' + ', '.join(others) + ')' if others else ''}"])

    def two_days(self, document: Mapping[str, Any], *, everything: bool) -> None:
        """The scores as of the day that --mlready-at names, beside those of today."""
        told = until.scores(document)
        if told:
            self.lines([told], bold=True)
        if told and everything:
            self.lines(f"    {text}" for text in [*until.moved(document, most=LISTED), until.ALIKE])

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
            for row in pasting.rows(step):
                self.line(row)
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
    parts = [document["system"] or "(no name: set system in the settings)", f"as of {provenance['as_of']}"]
    parts += [f"model {model[:12]}"] if model else ["no model artifact"]
    commit = provenance["commit"]
    parts += [f"commit {commit[:10]}{' with changes' if provenance['dirty'] else ''}"] if commit else []
    yield ", ".join(parts)


def _many(items: Collection[str]) -> str:
    return f"{len(items)} item{'' if len(items) == 1 else 's'}"


def _cheapest_paths(document: Mapping[str, Any]) -> Iterator[str]:
    for score in document["scores"].values():
        if score is None or "cheapest_path" not in score:
            continue
        way = score["cheapest_path"]
        if way["items"]:
            yield f"cheapest path  to {way['to']:g}: verify {', '.join(way['items'])}"
        if way["by_ci"] is not None:
            yield f"               to {way['by_ci']:g}: run this gate in CI ({document['automation']['how']})"
