"""Reads which findings a person has audited, from the file that detect-secrets keeps them in.

Source: detect-secrets' docs/audit.md; an entry counts once `detect-secrets audit`, or a person by hand, has written
`is_secret: false` into it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_mlready.artifacts.secrets.finding import Finding

_LONGEST = 64 << 20
_OURS = {  # kinds of detect-secrets whose whole values are found here under another name
    "Basic Auth Credentials": ("Password in a URL",),
    "Secret Keyword": ("Credential by its name",),
    "Base64 High Entropy String": ("Credential by its name",),
}


class Baseline:
    """Audited findings: what was judged to be no secret, by kind, digest and file."""

    def __init__(self, accepted: Iterable[tuple[str, str, str]] = ()) -> None:
        """Takes (kind, SHA-1, file) of each accepted finding."""
        self._accepted: dict[tuple[str, str], set[str]] = {}
        for kind, sha1, file in accepted:
            for name in (kind, *_OURS.get(kind, ())):
                self._accepted.setdefault((name, sha1), set()).add(file.replace("\\", "/"))

    def __len__(self) -> int:
        return len(self._accepted)

    def accepts(self, finding: Finding) -> bool:
        """Whether this very secret was judged in this very file, wherever in an archive or image the file lies."""
        parts = finding.at.where.split("!")
        files = self._accepted.get((finding.kind, finding.sha1), ())
        return any(part == file or part.endswith(f"/{file}") for file in files for part in (*parts, finding.at.where))


def read(path: Path) -> Baseline:
    """Reads a baseline.

    Raises:
        ReadinessError: It is not a baseline as detect-secrets writes it.
    """
    try:
        if path.stat().st_size > _LONGEST:
            raise _mistake(path, f"has more than {_LONGEST >> 20} MB")
        results = json.loads(path.read_text(encoding="utf-8"))["results"]
        entries = [(str(file), entry) for file, listed in results.items() for entry in listed]
        return Baseline(_key(entry, file) for file, entry in entries if entry.get("is_secret") is False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as reason:
        raise _mistake(path, f"cannot be read as one ({type(reason).__name__})") from None


def _key(entry: dict[str, Any], file: str) -> tuple[str, str, str]:
    return str(entry["type"]), str(entry["hashed_secret"]), file


def _mistake(path: Path, what: str) -> ReadinessError:
    return ReadinessError(
        f"the baseline {path.name} {what}",
        expected='JSON with "results", as detect-secrets scan writes it',
        fix="detect-secrets scan > .secrets.baseline, then detect-secrets audit .secrets.baseline",
    )


def draft(findings: Iterable[Finding]) -> str:
    """Findings as a baseline that nobody has audited yet: they count as secrets until `is_secret` is false."""
    results: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        entry = {"type": finding.kind, "hashed_secret": finding.sha1, "line_number": finding.line, "is_verified": False}
        results.setdefault(finding.at.where, []).append(entry)
    return json.dumps({"version": "1.5.0", "plugins_used": [], "filters_used": [], "results": results}, indent=2)
