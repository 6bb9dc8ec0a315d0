"""Collects the figures that a card states for the model: in its metadata, tables, lists and sentences.

What is about something else (other data, another model, a group of rows, a limit) is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.documents.cards.figures import Figure, figure, figures
from pytest_mlready.documents.cards.metric_words import is_percentage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.documents.cards.metric_words import Labels
    from pytest_mlready.documents.markdown import Document, Section, Table

Source = Literal["metadata", "table", "list", "sentence"]
NEAR = 40  # characters between a metric's name and its figure in a sentence
RIVAL = re.compile(  # another model, a group of rows, a limit, a spread: whatever else the text says
    r"\b(production|prod|live|champion|previous|prior|old(er)?|earlier|former|baselines?|dummy|linear|always|threshold|"
    r"limit|minimum|min|maximum|max|target|goal|required|floor|margin|ci|intervals?|std|sd|stdev|deviation|delta|change|"
    r"difference|diff|gap|drop|lower|upper|sub-?groups?|groups?|slices?|segments?|wom[ae]n|m[ae]n|females?|males?|race|"
    r"sex|gender|must|should)\b|±|Δ|\b95 ?%",
    re.IGNORECASE,
)
OTHER = re.compile(  # other data, or other numbers, unless the text names the data that the model has not seen
    r"\b(train(ing|ed)?|valid(ation)?|val|dev|cv|cross[- ]?validat\w*|folds?|last|confidence|n|rows|count|support|"
    r"samples|by|per|age|expected|agreed)\b",
    re.IGNORECASE,
)
OURS = re.compile(
    r"\b(test(ing)?|held[- ]?out|hold[- ]?out|eval(uation)?|candidate|this (model|version|release))\b", re.IGNORECASE
)
PLAIN = re.compile(r"\b(value|score|results?|measured|overall|all|total)\b", re.IGNORECASE)
_VERSION = re.compile(r"\bv(\d+(?:\.\d+)+)\b|\b(\d+\.\d+\.\d+)\b")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What one place says a metric is.

    Attributes:
        metric: Its name.
        among: The figures of which one is the model's: a single one, where the place is clear.
        place: Where it stands, for a message.
    """

    metric: str
    among: tuple[Figure, ...]
    place: str
    source: Source

    @property
    def clear(self) -> bool:
        return len(self.among) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What is looked for in a card.

    Attributes:
        labels: The metrics.
        ours: Words that stand for the model under test, such as its name and version.
        version: Its version; columns of others are left out.
    """

    labels: Labels
    ours: tuple[str, ...] = ()
    version: str | None = None

    def stated(self, document: Document) -> list[Stated]:
        """All that a card states; sentences only for metrics that stand nowhere else."""
        found = list(_metadata(self, document))
        for section in document.sections:
            found += _section(self, document, section)
        settled = {one.metric for one in found if one.source != "sentence"}
        return [one for one in found if one.source != "sentence" or one.metric not in settled]

    def is_other(self, text: str) -> bool:
        """Whether a text is about other data, another model, a group or a limit."""
        versions = [one or other for one, other in _VERSION.findall(text)]
        if self.version and versions and self.version.lstrip("v") not in versions:
            return True
        return RIVAL.search(text) is not None or (OTHER.search(text) is not None and not self.is_ours(text))

    def is_ours(self, text: str) -> bool:
        """Whether a text says that it is about the model under test, or the data that it has not seen."""
        named = any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) for word in self.ours)
        return named or OURS.search(text) is not None


def _metadata(reader: Reader, document: Document) -> Iterator[Stated]:
    """Of Hugging Face's `model-index`, its `eval_results`, and a table `metrics`."""
    found: dict[str, list[Figure]] = {}
    for label, value, about in _entries(document.front):
        metric = reader.labels.metric(label)
        number = figure(str(value))
        if metric and number and not (OTHER.search(about) and not OURS.search(about)):
            found.setdefault(metric, []).append(number)
    for metric, numbers in found.items():
        yield Stated(metric=metric, among=tuple(numbers), place=f"{document.path}, metadata", source="metadata")


def _entries(front: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """(name of the metric, value, what it was measured on)."""
    for model in _tables(front.get("model-index", front.get("model_index"))):
        for result in _tables(model.get("results")):
            data = result.get("dataset")
            about = (
                " ".join(str(data.get(k, "")) for k in ("name", "split")) if isinstance(data, dict) else str(data or "")
            )
            for metric in _tables(result.get("metrics")):
                names = (metric.get("type"), metric.get("name"))
                yield next((str(n) for n in names if n), ""), metric.get("value"), about
    for result in _tables(front.get("eval_results")):
        about = " ".join(str(result.get(k) or "") for k in ("dataset_name", "dataset_split"))
        yield str(result.get("metric_type") or result.get("metric_name") or ""), result.get("metric_value"), about
    metrics = front.get("metrics")
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        yield str(name), value, ""


def _tables(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _section(reader: Reader, document: Document, section: Section) -> Iterator[Stated]:
    titles = " ".join(s.title for s in document.above(section)[1 if section.level > 1 else 0 :])
    if reader.is_other(titles):
        return
    for block in section.blocks:
        place = f"{document.path}:{block.line}"
        if block.table is not None:
            for metric, among in _table(reader, block.table):
                yield Stated(metric=metric, among=among, place=place, source="table")
        elif block.kind in ("text", "item", "step"):
            yield from _prose(reader, block.text, place)


def _table(reader: Reader, table: Table) -> Iterator[tuple[str, tuple[Figure, ...]]]:
    """Metrics with their figures, whether they stand in rows or in the header."""
    column = next((c for c in range(len(table.header)) for row in table.rows if _metric(reader, row, c)), None)
    if column is not None:
        for row in table.rows:
            yield from _row(reader, table.header, row, column)
        return
    for c, head in enumerate(table.header):
        if metric := reader.labels.metric(head):
            cells = [(_words(row), figure(row[c], percent=is_percentage(head))) for row in table.rows if c < len(row)]
            if among := _chosen(reader, cells):
                yield metric, among


def _metric(reader: Reader, row: Sequence[str], column: int) -> str | None:
    return reader.labels.metric(row[column]) if column < len(row) else None


def _row(
    reader: Reader, header: Sequence[str], row: Sequence[str], column: int
) -> Iterator[tuple[str, tuple[Figure, ...]]]:
    metric = _metric(reader, row, column)
    about = " ".join(cell for c, cell in enumerate(row) if c != column and not figures(cell))
    if metric is None or reader.is_other(about):
        return
    percent = is_percentage(row[column])
    cells = [
        (head, figure(cell, percent=percent or is_percentage(head)))
        for c, (head, cell) in enumerate(zip(header, row, strict=False))
        if c != column
    ]
    if among := _chosen(reader, cells):
        yield metric, among


def _words(row: Sequence[str]) -> str:
    return " ".join(cell for cell in row if not figures(cell))


def _chosen(reader: Reader, cells: Sequence[tuple[str, Figure | None]]) -> tuple[Figure, ...]:
    """The figures of the cells that are the model's: those that say so, else those that say nothing else."""
    with_figure = [(about, number) for about, number in cells if number is not None]
    mine = [number for about, number in with_figure if reader.is_ours(about) and not reader.is_other(about)]
    rest = [(about, number) for about, number in with_figure if not reader.is_other(about)]
    plain = [number for about, number in rest if PLAIN.search(about)]
    return tuple(mine or plain or [number for _, number in rest])


def _prose(reader: Reader, text: str, place: str) -> Iterator[Stated]:
    for sentence in _SENTENCE.split(text):
        if reader.is_other(sentence):
            continue
        for match in reader.labels.pattern.finditer(sentence):
            metric = reader.labels.metric(match[0])
            number, direct = _beside(reader, sentence, match)
            if metric and number:
                alone = direct and match.start() == 0
                yield Stated(metric=metric, among=(number,), place=place, source="list" if alone else "sentence")


def _beside(reader: Reader, sentence: str, match: re.Match[str]) -> tuple[Figure | None, bool]:
    """The figure that a metric's name goes with, and whether it follows a colon at once."""
    after = sentence[match.end() : match.end() + 2 * NEAR]
    following = next(iter(figures(after)), None)
    if following is not None and following[0] <= NEAR:
        between = after[: following[0]]
        if not reader.labels.pattern.search(between):
            return following[1], re.fullmatch(r"\W*(?:\([^()]*\))?\s*[:=]\s*", between) is not None
    before = [n for at, n in figures(sentence[: match.start()]) if at + len(n.text) >= match.start() - 3]
    return (before[-1] if before else None), False
