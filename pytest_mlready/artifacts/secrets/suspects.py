"""Picks the lines that a detector could object to, so that detect-secrets reads those and not whole texts.

detect-secrets reads about 5,000 lines a second. A credential of a format of its own has a long run of letters and
digits with a telling beginning, or one of a few fixed words; any other stands beside a word such as "password". Lines
without either are left out; `tests/artifacts/test_suspects.py` holds this against every detector.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.artifacts.contents.found import Piece

LONGEST_LINE = 4096  # of a longer one, the surroundings of each place are taken
_BEFORE = 256  # characters around such a place
_AFTER_FORMAT = 4096  # JSON web tokens take a thousand or two
_AFTER_NAME = 768  # a name, what assigns, and its value
_CROWD, _PART = 24, 512  # names in a part, and characters of the parts it is then cut into
_KEY_LINES = 12  # lines of a private key that are joined to its first: PGP writes headers before the key
_RUN = re.compile(r"[A-Za-z0-9_-]{20,}")
_CONTEXT = 24  # characters before a run that a telling beginning may stand in, such as "SG." or "1234567890:"
_TELLING = re.compile(
    r"sk-|hf_|api_org_|gsk_|nvapi-|pplx-|pcsk_|r8_|lsv2_|xai-|gh[pousr]_|github_pat_|gl[a-z]{1,6}[-_]|GR1348941|AIza|"
    r"GOCSPX-|ya29\.|xapp-|xox|dapi[0-9a-f]|dckr_|npm_|hv[sbr]\.|atlasv1|o[opr]_v1_|sntr|[Ww][Aa][Nn][Dd][Bb]|A3T|ABIA|ACCA|"
    r"AKIA|ASIA|eyJ|[rs]k_live_|SG\.|sq0csp|pypi-Ag|authToken|T3BlbkFJ|[0-9a-z]{32}-us\d|(?:AC|SK)[a-z0-9]{32}|"
    r"\d{8,10}:AA|[MNO][\w-]{23,25}\.[\w-]{6}\.|AKCp|cmVmdGtu|[Aa][Ww][Ss]"
)
_WORDS = (
    "PRIVATE KEY-----", "PuTTY-User-Key", "hooks.slack.com", "sig=", "SharedAccessKey=", "AccountKey=", "Q~", "whsec_",
)  # fmt: skip
_NAMES = ("pass", "pw", "secret", "token", "key", "credential", "authorization", "connection", '"auth"', "contrase")
_LOGINS = re.compile(r"://[^\s/]{1,200}@|(?:curl|wget)\b[^\n]{0,200}\s-(?:u|-user)")
_KEY_BEGINS = re.compile(r"BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key")
_KEY_LINE = re.compile(r"[\s\"'+#]*([A-Za-z0-9+/=]{8,}(\\n)?|[A-Za-z-]{1,20}: .{0,100})?[\s\"',+]*")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A line, or the part of a long one, that a detector is to read.

    Attributes:
        line: Its number in the file; 0 where lines have no number.
        text: Without line feeds.
        before: The line before it, when that has a comment for detect-secrets ("pragma: allowlist nextline secret").
    """

    line: int
    text: str
    before: str = ""


def pick(piece: Piece) -> Iterator[Suspect]:
    """Yields the lines of a piece that a detector could object to, in order."""
    text = piece.text
    counted = number = end = covered = reach = 0
    for hit, after in sorted(set(_hits(text, formats_only=piece.formats_only))):
        if hit < covered or hit + after // 2 <= reach:
            continue
        start = text.rfind("\n", end, hit) + 1 or end
        end = _end(text, hit)
        number += text.count("\n", counted, start)
        counted = start
        line = piece.first_line + number if piece.first_line else 0
        if end - start <= LONGEST_LINE:
            covered = end
            yield from _bounded(line, _whole(text, start, end), _pragma(text, start))
        else:
            reach = hit + after
            yield from _bounded(line, text[max(start, hit - _BEFORE) : min(end, reach)], "")
            end = start  # the next place may lie in this line too


def _bounded(line: int, text: str, before: str) -> Iterator[Suspect]:
    """One suspect; several short ones where the text is crowded with names, on which detect-secrets takes seconds."""
    lower = text.translate(_LOWER)
    if len(text) <= _PART or sum(lower.count(name) for name in _NAMES) <= _CROWD:
        yield Suspect(line=line, text=text, before=before)
        return
    for start in range(0, len(text), _PART - _PART // 4):
        yield Suspect(line=line, text=text[start : start + _PART], before=before)


def _hits(text: str, *, formats_only: bool) -> Iterator[tuple[int, int]]:
    """(place, how many characters after it may belong to it)."""
    for run in _RUN.finditer(text):
        begin = max(0, run.start() - _CONTEXT)
        if told := _TELLING.search(text, begin, run.end() + 8):
            place = max(told.start(), run.start()) if run.end() - run.start() > LONGEST_LINE else run.start()
            yield place, _AFTER_FORMAT
    for word in _WORDS:
        yield from ((place, _AFTER_FORMAT) for place in _occurrences(text, word))
    if not formats_only:
        yield from ((login.start(), _AFTER_NAME) for login in _LOGINS.finditer(text))
        lower = text.translate(_LOWER)
        for name in _NAMES:
            yield from ((place, _AFTER_NAME) for place in _occurrences(lower, name))


def _occurrences(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _whole(text: str, start: int, end: int) -> str:
    r"""The line; a private key's first line with those of the key that follow, joined by "\n" as JSON would."""
    line = text[start:end]
    if not _KEY_BEGINS.search(line):
        return line
    for _ in range(_KEY_LINES):
        after = _end(text, end + 1)
        if end >= len(text) or after - start > LONGEST_LINE or not _KEY_LINE.fullmatch(text, end + 1, after):
            break
        end = after
    return text[start:end].replace("\n", "\\n")


def _pragma(text: str, start: int) -> str:
    before = text[text.rfind("\n", 0, max(0, start - 1)) + 1 : max(0, start - 1)] if start else ""
    return before if "pragma" in before and len(before) < 200 else ""
