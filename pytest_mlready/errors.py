"""Names what can go wrong, and the three endings that are neither pass nor failure.

The endings derive from `unittest.SkipTest`, which pytest and hypothesis know: code that has never heard of pytest can
raise one from anywhere (a fixture, a check, a helper in a notebook) and a test run ends that test with it.
"""

from __future__ import annotations

import re
import unittest

COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)


class ReadinessError(Exception):
    """Something from outside is not as it must be.

    Args:
        found: What was found, as a sentence.
        expected: What was expected instead.
        fix: The next step, as an instruction; a line to paste where there is one.
    """

    def __init__(self, found: str, *, expected: str = "", fix: str = "") -> None:
        self.found, self.expected, self.fix = found, expected, fix
        parts = [_sentence(found)]
        if expected:
            parts.append(f"Expected: {_sentence(expected)}")
        if fix:
            parts.append(f"Next step: {fix}")
        super().__init__(clean(" ".join(parts)))


class SettingsError(ReadinessError):
    """The settings cannot be used; lists every mistake at once."""


class DataError(ReadinessError):
    """A data set cannot be read, or lacks what a check needs."""


class ModelError(ReadinessError):
    """A model cannot be loaded, or answers in a form that no check can use."""


class Failed(AssertionError):  # noqa: N818 - it is a verdict, not an error
    """A check's verdict: what was asked for does not hold."""

    def __init__(self, message: str = "") -> None:
        super().__init__(clean(message))


class Ending(ReadinessError, unittest.SkipTest):  # noqa: N818 - no error, an ending
    outcome: str


class Inconclusive(Ending):
    """Configured or found, but this run could not tell: too few rows, no traffic, NaN, a tool missing."""

    outcome = "inconclusive"


class Unverified(Ending):
    """Nothing is configured and nothing was found; `fix` names the setting or file that would change it."""

    outcome = "unverified"


class NotApplicable(Ending):
    """This part does not exist in this system; the message is the reason."""

    outcome = "not_applicable"


class MissingExtra(Inconclusive):
    """A library that a configured check needs is not installed."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed", fix=f"pip install 'pytest-mlready[{extra}]'"
        )


def _sentence(text: str) -> str:
    return text if text.endswith(("?", "!", "…")) else text.rstrip(".") + "."


def clean(text: str) -> str:
    """The text with control and format characters spelt out: printed, they would move the cursor or change colours.

    Names of columns, values of categories and messages of models come from outside.
    """
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def inert(text: str) -> str:
    """The text without what the runner of GitHub Actions would obey in a log, on whatever stream.

    That is `::stop-commands::x` where a line begins, white space aside, and the older `##[error]` anywhere.
    """
    return COMMAND.sub(lambda match: f"{match[0]} ", text)


def near(name: str, known: object) -> str:
    """Returns `; did you mean "x"?` for the nearest of `known`, or an empty string."""
    import difflib

    match = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.6)  # type: ignore[attr-defined]
    return f'; did you mean "{match[0]}"?' if match else ""
