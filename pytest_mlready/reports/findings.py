"""Lists what failed or could not tell, each with the file and line that its message names, for formats that point."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUTCOMES = ("failed", "error", "inconclusive")
PLACES = 20  # of one test; what a test says beyond them is told in one more finding
# A file that people write by hand, by its suffix or its name: an address (127.0.0.1:8000) or a ratio has none of these.
SUFFIX = r"\.(?:ya?ml|jsonl?|toml|md|rst|txt|py|ipynb|cfg|ini|sql|tf|sh|csv|lock|in)"
FILE = rf"(?:[\w.@+-]+/)*(?:[\w.@+-]+{SUFFIX}|(?:Dockerfile|Containerfile)[\w.-]*|Makefile|Jenkinsfile)"
AT_START = re.compile(rf"(?P<path>{FILE})(?:(?::|, line )(?P<line>[1-9]\d{{0,6}}))?(?=[\s,:;)]|\.(?:\s|$)|$)")
WITHIN = re.compile(rf"(?<![\w/:.@+-])(?P<path>{FILE})(?::|, line )(?P<line>[1-9]\d{{0,6}})(?=[\s,:;)]|\.(?:\s|$)|$)")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a test found wrong or could not tell.

    Attributes:
        item: Id of the item.
        title: Its title.
        test: Id of the test.
        outcome: "failed", "error" or "inconclusive".
        message: What it said, without control characters.
        path: File, relative to the top of the repository: the one that the message names, else the team's own test,
            else the settings, where a remedy starts.
        line: Line in it, from 1.
        required: The gate requires the item.
        waiver: Who waived it, why and until when; "" when nobody did.
        fingerprint: The same in every run that finds the same thing, whatever was measured.
    """

    item: str
    title: str
    test: str
    outcome: str
    message: str
    path: str
    line: int
    required: bool
    waiver: str
    fingerprint: str


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """All findings, in the order of the catalogue."""
    seen: Counter[str] = Counter()
    found = []
    for finding in _all(document):
        seen[finding.fingerprint] += 1
        n = seen[finding.fingerprint]
        found.append(finding if n == 1 else replace(finding, fingerprint=_digest(finding.fingerprint, str(n))))
    return found


def _all(document: Mapping[str, Any]) -> Iterator[Finding]:
    globs = document["policy"]["required"]
    for item_id, item in document["items"].items():
        if item["underlying"] not in OUTCOMES:
            continue
        for test in item["tests"]:
            if test["outcome"] not in OUTCOMES:
                continue
            for message in parts(clean(test["message"])):
                path, line = _place(message, test, document)
                yield Finding(
                    item=item_id,
                    title=item["title"],
                    test=clean(test["id"]),
                    outcome=test["outcome"],
                    message=message or f"{item['title']}: {test['outcome']}",
                    path=path,
                    line=line,
                    required=any(fnmatchcase(item_id, glob) for glob in globs),
                    waiver=_waiver(item) if item["status"] == "waived" else "",
                    fingerprint=_digest(item_id, test["id"], path, NUMBER.sub("#", message)),
                )


def _waiver(item: Mapping[str, Any]) -> str:
    waiver = item["waiver"]
    return clean(f"waived by {waiver['owner']} until {waiver['expires']}: {waiver['reason']}")


def parts(message: str) -> list[str]:
    """A message in parts, each of which begins where a line names a file of its own."""
    found: list[str] = []
    for line in message.splitlines():
        if not found or (len(found) <= PLACES and AT_START.match(line)):
            found.append(line)
        else:
            found[-1] += f"\n{line}"
    return found or [""]


def place(text: str) -> tuple[str, int] | None:
    """The file that a message names, and the line or 1: the one it begins with, else the first that is given a line."""
    for match in (AT_START.match(text), WITHIN.search(text)):
        if match and ".." not in match["path"].split("/"):
            return match["path"], int(match["line"] or 1)
    return None


def _place(message: str, test: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, int]:
    places = document.get("places", {})
    named = place(message)
    if named:
        return f"{places.get('root' if test['builtin'] else 'tests', '')}{named[0]}", named[1]
    if not test["builtin"]:
        return f"{places.get('tests', '')}{clean(test['id'].partition('::')[0])}", test.get("line") or 1
    return places.get("settings") or f"{places.get('root', '')}pyproject.toml", 1


def _digest(*texts: str) -> str:
    return hashlib.sha256("\x1f".join(texts).encode("utf-8", "backslashreplace")).hexdigest()[:32]
