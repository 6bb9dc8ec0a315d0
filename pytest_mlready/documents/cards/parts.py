"""Finds the parts of a model card by their headings, and tells whether somebody has filled them in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_mlready.documents import placeholders
from pytest_mlready.errors import near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.documents.markdown import Block, Document, Section

# Headings as the templates of Hugging Face, Google and Mitchell et al. have them, and as people write them.
REQUIRED = {
    "intended use": (
        r"(primary )?intended (uses?|users?|purpose)|uses?|direct use|use cases?|(model )?purpose|"
        r"how (the model|it) (is|may|should) be used|what (it|the model) is for|applications?"
    ),
    "limitations": (
        r"(known )?(limitations?|weaknesses|issues|risks|biases)|bias|caveats|(when|what) not to use.*|"
        r"where it fails|failure modes|what is known to be wrong.*"
    ),
    "training data": (
        r"train(ing)? (data( ?sets?)?|sets?|details|corpus|corpora)|data( ?sets?)?|(model )?training|trained on|"
        r"what it (was trained on|learned from)"
    ),
    "evaluation": (
        r"(model )?(evaluations?|performance|metrics|quality)|(evaluation|test|benchmark)? ?(results?|metrics|report)|"
        r"quantitative analys[ei]s|benchmarks?|how good it is|test(ing)? (data.*|results?)"
    ),
}
MITCHELL = {  # the nine sections, and in which words other templates have them
    "model details": r"model (details|description|information|overview|summary)|about( the model)?",
    "intended use": REQUIRED["intended use"],
    "factors": r"(relevant |evaluation )?factors|subgroups?( performance)?|groups|.*disaggregat.*|disparities",
    "metrics": r"(model )?(performance )?(metrics|measures)|decision thresholds?",
    "evaluation data": r"(evaluation|test(ing)?|held ?out)( and evaluation)? (data( ?sets?)?|rows|sets?)",
    "training data": REQUIRED["training data"],
    "quantitative analyses": r"quantitative analys[ei]s|(evaluation )?results|evaluation|performance",
    "ethical considerations": r"ethic(s|al).*|fairness|societal impact|responsible ai|bias",
    "caveats and recommendations": r"caveats|recommendations?|limitations?|known (issues|limitations)",
}
_SPLIT = re.compile(r"\s*(?:,|&|;|/|\+|:|\band\b|–|—)\s*")
_NOISE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|[^\w\s,&;/+:–—-]")
_OPTIONAL = re.compile(r"\boptional\b", re.IGNORECASE)
FEW_WORDS = 20


def section_of(document: Document, pattern: str) -> tuple[Section, ...]:
    """The sections whose heading, or one of the things it lists, fits a pattern."""
    fits = re.compile(pattern)
    return tuple(s for s in document.named if any(fits.fullmatch(part) for part in _names(s.title)))


def _names(title: str) -> list[str]:
    """The whole heading and the things it lists, in small letters: "Bias, Risks, and Limitations" has four names."""
    text = " ".join(_NOISE.sub(" ", title).lower().replace("-", " ").split())
    text = re.sub(r"^[\d.]+\s+", "", text)
    return [text, *(part for part in _SPLIT.split(text) if part)]


def judge_parts(document: Document, *, headings: Mapping[str, str], least: int) -> list[Verdict]:
    """Whether each of the four required parts is there, has enough words, and no placeholder.

    Args:
        document: The card.
        headings: A team's own heading of a part, by the part's name.
        least: Words of a part that somebody must have written.
    """
    return [_part(document, name, _pattern(name, headings), least) for name in REQUIRED]


def _pattern(name: str, headings: Mapping[str, str]) -> str:
    given = headings.get(name)
    return REQUIRED[name] if given is None else re.escape(_names(str(given))[0])


def _part(document: Document, name: str, pattern: str, least: int) -> Verdict:
    found = section_of(document, pattern)
    if not found:
        hint = near(name, [s.title.lower() for s in document.named])
        told = f"{document.path} has no section on {name}{hint or '.'} Expected: a heading “{name.capitalize()}”"
        return Verdict(outcome="failed", message=told)
    whole = dict.fromkeys(below for section in found for below in document.below(section))
    blocks = [block for section in whole for block in section.blocks]
    asked = [b for section in whole if not _OPTIONAL.search(section.title) for b in section.blocks]
    count = sum(placeholders.words(block.text) for block in blocks if block.kind != "code")
    measured = Measurement(name=f"{name}: words", value=count, min=least)
    where = f"{document.path}:{found[0].line}, “{found[0].title}”"
    left = [(block.line, text) for block in asked for text in _left(block)]
    if left:
        shown = "; ".join(f"line {line}: {text}" for line, text in left[:3])
        message = f"{where}: placeholders are left, {len(left)} of them ({shown}). Next step: write what belongs there"
        return Verdict(outcome="failed", message=message, measurements=(measured,))
    if count < least and not _figures(name, blocks):
        message = f"{where}: the part on {name} has {count} words of its own; expected at least {least}"
        return Verdict(outcome="failed", message=message, measurements=(measured,))
    return Verdict(outcome="passed", message=f"{where}: {count} words", measurements=(measured,))


def _left(block: Block) -> list[str]:
    """Placeholders of a block; code may hold what looks like one, such as <token>."""
    if block.kind == "code":
        return []
    text = block.text
    for span in block.code:
        text = text.replace(span, " ", 1)
    return placeholders.found(text)


def _figures(name: str, blocks: Sequence[Block]) -> bool:
    """Whether an evaluation is a table of figures, which needs few words."""
    tables = [block.table for block in blocks if block.table]
    return name == "evaluation" and any(re.search(r"\d", cell) for t in tables for row in t.rows for cell in row)


def sections_found(document: Document) -> Measurement:
    """Which of the nine sections of Mitchell et al. 2019 the card has, by name."""
    missing = [name for name, pattern in MITCHELL.items() if not section_of(document, pattern)]
    note = f"missing: {', '.join(missing)}" if missing else "all nine found"
    return Measurement(name="sections of Mitchell et al. 2019", value=9 - len(missing), n=9, note=note)
