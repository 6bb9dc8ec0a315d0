"""Tells whether a section of a runbook has steps: something that whoever is called can do in order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_mlready.documents import placeholders
from pytest_mlready.errors import near
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.documents.markdown import Block, Document, Section

FEW_WORDS = 2  # of a step: “Roll back” is one, “TODO” and “?” are none
LEAST_ITEMS = 2  # entries of a list without numbers that still are steps
_SMALL = frozenset({"the", "a", "an", "is", "are", "was", "of", "on", "in", "to", "and", "or", "not", "no"})


def has_steps(sections: Iterable[Section]) -> bool:
    """Whether sections hold a numbered or task list, commands, or a list of at least two things to do."""
    blocks = [block for section in sections for block in section.blocks]
    items = [block for block in blocks if block.kind == "item" and _says(block)]
    return any(_is_step(block) for block in blocks) or len(items) >= LEAST_ITEMS


def _is_step(block: Block) -> bool:
    if block.kind == "code":
        return any(line.strip() and not line.strip().startswith("#") for line in block.text.splitlines())
    return block.kind == "step" and _says(block)


def _says(block: Block) -> bool:
    return placeholders.words(block.text) >= FEW_WORDS or any(span.strip() for span in block.code)


def judge_modes(documents: Sequence[Document], modes: Iterable[str]) -> list[Verdict]:
    """Whether each declared failure mode has a section with steps.

    Args:
        documents: Runbooks.
        modes: Failure modes in the team's words; a section is meant whose heading has all of them.
    """
    return [_mode(documents, mode) for mode in modes]


def _mode(documents: Sequence[Document], mode: str) -> Verdict:
    found = [(d, s) for d in documents for s in d.sections if s.level and _names(s.title, mode)]
    shown = ", ".join(d.path for d in documents)
    if not found:
        titles = [s.title for d in documents for s in d.sections if s.level]
        told = f"{shown} has no section on the failure mode “{mode}”{near(mode, titles)}"
        return Verdict(outcome="failed", message=told)
    with_steps = [(d, s) for d, s in found if has_steps(d.below(s))]
    if not with_steps:
        document, section = found[0]
        told = f"{document.path}:{section.line}, “{section.title}” has no steps: a numbered list, or commands"
        return Verdict(outcome="failed", message=told)
    document, section = with_steps[0]
    return Verdict(outcome="passed", message=f"{mode}: {document.path}:{section.line}, “{section.title}”")


def _names(title: str, mode: str) -> bool:
    """Whether a heading has all words of a mode: “Model not loaded (readyz 503)” names “model not loaded”."""
    wanted = _words(mode)
    return bool(wanted) and wanted <= _words(title)


def _words(text: str) -> set[str]:
    every = {word.lower() for word in re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))}
    return every - _SMALL or every
