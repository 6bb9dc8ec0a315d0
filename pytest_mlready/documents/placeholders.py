"""Finds what a template left to be filled in, and counts the words that somebody wrote."""

from __future__ import annotations

import re

# What templates and hurried authors leave: Hugging Face's card template, cookiecutters, drafts.
_PATTERNS = (
    r"\[?\bmore information (?:is )?needed\b(?: for further recommendations)?\.?\]?",
    r"\b(?:TODO|TBD|TBA|TBC|FIXME|XXX+)\b(?!\s*(?:list|app|item)s?\b):?",
    r"(?i:\bto be (?:done|added|completed|determined|defined|filled(?: in)?|written)\b)",
    r"(?i:\blorem ipsum\b[^\n]*)",
    r"(?i:\bcoming soon\b)",
    r"<(?!(?:https?|mailto):)[A-Za-z][\w .,:/'-]*>",
    r"\{\{[^{}]*\}\}|\{%[^{}]*%\}",
    r"(?i:\[(?:your|insert|add|describe|name of|e\.g\.|enter|fill|link to|provide|placeholder)\b[^\]\n]{0,400}\])",
    r"(?i:\busers \(both direct and downstream\) should be made aware[^\n.]*\.?)",
    r"(?i:\buse the code below to get started with the model\.?)",
    r"(?i:\bthis model card has been automatically generated\b[^\n]*)",
)
PLACEHOLDER = re.compile("|".join(f"(?:{p})" for p in (f"(?i:{_PATTERNS[0]})", *_PATTERNS[1:])))
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")


def found(text: str) -> list[str]:
    """The placeholders in a text, each as it is written."""
    return [" ".join(match[0].split())[:80] for match in PLACEHOLDER.finditer(text)]


def words(text: str) -> int:
    """How many words are left without placeholders; in scripts without spaces two characters count as one word."""
    rest = PLACEHOLDER.sub(" ", text)
    ideographs = len(_IDEOGRAPH.findall(rest))
    return len(_WORD.findall(_IDEOGRAPH.sub(" ", rest))) + ideographs // 2
