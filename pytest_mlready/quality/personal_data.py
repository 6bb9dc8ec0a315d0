"""Says which columns or fields hold personal data, by name and by a sample of what stands in them; shows no value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.quality import personal_names, personal_patterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from pytest_mlready.quality.presidio import Recognise

SAMPLE = 10_000  # rows that are looked at; a kind in 0.03 % of the values is then seen with 95 % confidence
LEAST_MEDIUM = (3, 0.01)  # distinct matches, and share of the values, of a form that chance may make
LEAST_COLUMN = (20, 0.9)  # distinct values, and share of them, of a form that chance makes often
_FOR_PRESIDIO = 200  # distinct texts of a column; about 1 ms each
_SHORTEST = 8  # characters: no form is shorter
_EXACT = 2**53  # below, a float holds each whole number
_DIGITS = 1_000_000_000  # numbers below have no ten digits
_NUMBERS = frozenset(
    {
        "phone number",
        "national number",
        "bank account",
        "payment card",
        "pseudonym",
        "date of birth",
        "location of a person",
    }
)  # fmt: skip - kinds that a column of numbers can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Personal data in one column or field.

    Attributes:
        source: What was scanned: "train", "logs", …
        column: Name of the column, or dotted path of the field.
        kind: What it is, in the reader's words.
        group: "direct", "special" or "quasi", as in `personal_names.Meaning`.
        by: "name" or "content".
        count: Values that match; of a name, those that are not empty.
        n: Values that were looked at.
    """

    source: str
    column: str
    kind: str
    group: personal_names.Group
    by: Literal["name", "content"]
    count: int
    n: int

    @property
    def share(self) -> float:
        """Share of the values looked at, 0 to 1."""
        return self.count / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one source holds.

    Attributes:
        source: As in `Found`.
        found: Personal data, by name and by content, in the order of the columns.
        columns: Every column or field that was met.
        rows: Rows looked at.
        total: Rows that there are.
        presidio: Whether Presidio's recognisers were asked too.
        cut: Values of which only the first `personal_patterns.LONGEST` characters were looked at.
    """

    source: str
    found: tuple[Found, ...]
    columns: tuple[str, ...]
    rows: int
    total: int
    presidio: bool = False
    cut: int = 0

    @property
    def bound(self) -> float:
        """Share of rows below which something may have been missed, with 95 % confidence (rule of three)."""
        return 0.0 if self.rows == self.total and self.rows else min(1.0, 3 / self.rows) if self.rows else 1.0


def scan_frame(
    frame: pl.DataFrame, source: str, *, seed: int, sample: int = SAMPLE, recognise: Recognise | None = None
) -> Scan:
    """Scans a table, shape (n, d).

    Args:
        frame: All columns.
        source: For the findings.
        seed: Of the sample.
        sample: Rows that are looked at; all when there are no more.
        recognise: Presidio's recognisers, or None.
    """
    rows = frame if frame.height <= sample else frame.sample(sample, seed=seed)
    texts = {column.name: _texts(column.drop_nulls()) for column in rows.iter_columns()}
    found = [f for column in rows.iter_columns() for f in _column(column, texts[column.name], source, recognise)]
    return Scan(
        source=source, found=tuple(found), columns=tuple(frame.columns), rows=rows.height, total=frame.height,
        presidio=recognise is not None, cut=sum(map(_cut, texts.values())),
    )  # fmt: skip


def scan_fields(
    fields: Mapping[str, Sequence[Any]], source: str, *, rows: int, total: int, recognise: Recognise | None = None
) -> Scan:
    """Scans the fields of records, such as lines of a log; a field of an ambiguous name is judged by content alone.

    Args:
        fields: Values by dotted path.
        source: For the findings.
        rows: Records that the values come from.
        total: Records that there are.
        recognise: Presidio's recognisers, or None.
    """
    found: list[Found] = []
    cut = 0
    for name, values in fields.items():
        meaning = personal_names.meaning(name)
        texts = Counter(str(v) for v in values if v is not None and v != "" and not isinstance(v, bool | float))
        if meaning is not None and not meaning.ambiguous and any(v not in (None, "") for v in values):
            filled = sum(v not in (None, "") for v in values)
            found.append(_by_name(source, name, meaning, filled, len(values)))
        found += _by_content(source, name, texts, recognise)
        cut += _cut(texts)
    return Scan(
        source=source, found=tuple(found), columns=tuple(fields), rows=rows, total=total,
        presidio=recognise is not None, cut=cut,
    )  # fmt: skip


def _cut(texts: Mapping[str, int]) -> int:
    """Values of which the beginning alone is looked at."""
    return sum(count for text, count in texts.items() if len(text) > personal_patterns.LONGEST)


def _column(column: pl.Series, texts: Counter[str], source: str, recognise: Recognise | None) -> Iterator[Found]:
    filled = column.drop_nulls()
    meaning = personal_names.meaning(column.name)
    if meaning is not None and len(filled) and _may_hold(column, meaning):
        yield _by_name(source, column.name, meaning, len(filled), len(column))
    yield from _by_content(source, column.name, texts, recognise)


def _may_hold(column: pl.Series, meaning: personal_names.Meaning) -> bool:
    """Whether the type fits: a number is no name and no e-mail address, whatever the column is called."""
    import polars as pl

    if meaning.group != "direct":
        return True
    if column.dtype == pl.Boolean:
        return False
    return not column.dtype.is_numeric() or meaning.kind in _NUMBERS


def _texts(filled: pl.Series) -> Counter[str]:
    """How often each value occurs, as text; empty for types that hold no text and no long numbers."""
    import polars as pl

    if isinstance(filled.dtype, pl.String | pl.Categorical | pl.Enum):
        return Counter(filled.cast(pl.String).to_list())
    if isinstance(filled.dtype, pl.Binary):
        return Counter(value.decode("utf-8", errors="replace") for value in filled.to_list())
    if filled.dtype.is_float() and ((filled % 1 == 0) & (filled.abs() < _EXACT)).all():
        filled = filled.cast(pl.Int64)  # whole numbers with gaps, as pandas keeps them
    if filled.dtype.is_integer():
        long = [v for v in filled.to_list() if abs(v) >= _DIGITS]
        return Counter(str(v) for v in long) if len(long) * 2 > len(filled) else Counter()
    mixed = filled.dtype.is_nested() or isinstance(filled.dtype, pl.Object)
    return Counter(str(v) for v in filled.to_list()) if mixed else Counter()


def _by_name(source: str, name: str, meaning: personal_names.Meaning, filled: int, n: int) -> Found:
    return Found(source=source, column=name, kind=meaning.kind, group=meaning.group, by="name", count=filled, n=n)


def _by_content(source: str, name: str, texts: Counter[str], recognise: Recognise | None) -> Iterator[Found]:
    n, long = sum(texts.values()), {text: count for text, count in texts.items() if len(text) >= _SHORTEST}
    known: set[str] = set()
    for pattern in personal_patterns.PATTERNS:
        if pattern.kind not in known and (count := _count(pattern, long, n, len(texts))):
            known.add(pattern.kind)
            yield Found(source=source, column=name, kind=pattern.kind, group="direct", by="content", count=count, n=n)
    if recognise is not None:
        yield from _by_presidio(source, name, long, known, recognise)


def _count(pattern: personal_patterns.Pattern, texts: Mapping[str, int], n: int, distinct: int) -> int:
    """Values that hold this kind; 0 when they are no more than chance or another meaning of the form explains."""
    looked = {text: personal_patterns.matches(pattern, text) for text in texts}
    hits = {text: valid for text, (valid, _) in looked.items() if valid}
    valid, invalid = sum(map(len, hits.values())), sum(other for _, other in looked.values())
    count = sum(texts[text] for text in hits)
    fits = valid >= pattern.least_valid * (valid + invalid)
    return count if hits and fits and _enough(pattern.strength, hits, count, n, distinct) else 0


def _enough(strength: str, hits: Mapping[str, set[str]], count: int, n: int, distinct: int) -> bool:
    """Whether the matches are more than chance explains."""
    if strength == "strong":
        return True
    if strength == "medium":
        values, share = LEAST_MEDIUM
        return len(set().union(*hits.values())) >= values and count >= share * n
    values, share = LEAST_COLUMN
    return len(hits) >= values and len(hits) >= share * distinct and count >= share * n


def _by_presidio(
    source: str, name: str, texts: Mapping[str, int], known: set[str], recognise: Recognise
) -> Iterator[Found]:
    """What Presidio finds in the first texts of the sample, held to the limits of a form that chance may make."""
    looked = dict(list(texts.items())[:_FOR_PRESIDIO])
    n = sum(looked.values())
    hits: dict[str, dict[str, set[str]]] = {}
    for text in looked:
        plain_number = text.lstrip("-").replace(".", "").isdigit()  # phonenumbers accepts many
        if not plain_number and any(c.isdigit() for c in text):  # every form that is asked for has digits
            for kind, spans in recognise(text[: personal_patterns.LONGEST]).items():
                hits.setdefault(kind, {})[text] = spans
    for kind, where in hits.items():
        count = sum(looked[text] for text in where)
        if kind not in known and _enough("medium", where, count, n, len(looked)):
            yield Found(source=source, column=name, kind=kind, group="direct", by="content", count=count, n=n)
