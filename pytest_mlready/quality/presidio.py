"""Asks Presidio's recognisers for what our own patterns do not know, without any language model and any network."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Recognise = Callable[[str], dict[str, set[str]]]  # text -> what was matched, by kind

# Recognisers that check a number or a distinctive form, by the class that has them, and whether the form alone says
# enough. The others accept many codes and times of day (of random dates with a zone a sixth are phone numbers
# somewhere), so that a word of their context must stand in the same text.
_RECOGNISERS = {
    "CryptoRecognizer": ("crypto wallet", True),
    "PhoneRecognizer": ("phone number", False),
    "UsItinRecognizer": ("taxpayer number (US)", False),
    "EsNifRecognizer": ("national number (ES)", False),
    "ItFiscalCodeRecognizer": ("fiscal code (IT)", False),
    "FiPersonalIdentityCodeRecognizer": ("national number (FI)", False),
    "UkNinoRecognizer": ("national insurance number (UK)", False),
}
_TOO_COMMON = frozenset({"number", "call", "cell"})  # words of contexts that stand beside numbers of any kind
LEAST_SCORE = 0.4  # that of a phone number that the library phonenumbers accepts


def recogniser() -> Recognise | None:
    """What finds personal data in a text; None when presidio-analyzer is not installed. It loads when first asked."""
    if find_spec("presidio_analyzer") is None:
        return None

    def recognise(text: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        words = set(re.findall(r"[^\W\d_]+", text.lower()))
        with quiet():
            for one, kind, alone in _made():
                if alone or words & _context(one):
                    spans = one.analyze(text, one.supported_entities, None) or ()
                    hits = {text[s.start : s.end] for s in spans if s.score >= LEAST_SCORE}
                    found |= {kind: hits} if hits else {}
        return found

    return recognise


@functools.cache
def _made() -> tuple[tuple[Any, str, bool], ...]:
    try:
        from presidio_analyzer import predefined_recognizers as shipped
    except ImportError:
        raise MissingExtra("presidio-analyzer", "pii", "looking for personal data with Presidio") from None
    known = ((name, kind, alone) for name, (kind, alone) in _RECOGNISERS.items() if hasattr(shipped, name))
    return tuple((getattr(shipped, name)(), kind, alone) for name, kind, alone in known)


def _context(recogniser: Any) -> set[str]:
    return {word.lower() for word in recogniser.context or ()} - _TOO_COMMON


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Its loggers write texts that hold the very values, and its imports warn."""
    logger = logging.getLogger("presidio-analyzer")
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before
