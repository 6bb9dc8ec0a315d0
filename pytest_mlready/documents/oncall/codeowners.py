"""Reads who owns the files of a repository: CODEOWNERS of GitHub and GitLab, and Backstage's catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - part of what callers read
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import bounded
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")  # as the forges look for it
CATALOGUE = ("catalog-info.yaml", "catalog-info.yml")
_SECTION = re.compile(r"\^?\[([^\]]+)\](?:\[\d+\])?\s*(.*)")
_OWNER = re.compile(r"@[\w.-]+(?:/[\w.-]+)*|[^\s@]+@[^\s@]+\.[^\s@]+|@@\w+")
_TEMPLATE = re.compile(
    r"@?(your|my|the|some|org|example|owner|team|user|todo|tbd)?[-_]?(org(anization)?|team|name|user(name)?|owner|todo|tbd)([-_]?name)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A pattern with its owners, and where it stands."""

    number: int
    pattern: str
    owners: tuple[str, ...]


def find(folders: Sequence[Path]) -> tuple[Path, Path] | None:
    """The first CODEOWNERS where a forge would find it, with the folder that its patterns start from."""
    for folder in dict.fromkeys(folders):
        for place in PLACES:
            if (folder / place).is_file():
                return folder / place, folder
    return None


def parse(text: str) -> list[Line]:
    """The lines of a file; a section's default owners stand for its patterns that name none (GitLab)."""
    found: list[Line] = []
    default: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        plain = re.sub(r"(?<!\\)#.*", "", line).strip()
        if section := _SECTION.fullmatch(plain):
            default = tuple(_OWNER.findall(section[2]))
        elif plain:
            pattern, *rest = re.split(r"(?<!\\)\s+", plain)
            owners = tuple(_OWNER.findall(" ".join(rest)))
            found.append(Line(number=number, pattern=pattern.replace("\\", ""), owners=owners or default))
    return found


def owner(lines: Sequence[Line], path: str) -> Line | None:
    """The line that decides about a path: the last one that fits."""
    return next((line for line in reversed(lines) if fits(line.pattern, path)), None)


def fits(pattern: str, path: str) -> bool:
    """Whether a pattern fits a path, as in .gitignore; a pattern for a folder fits all in it."""
    anchored = "/" in pattern.rstrip("/")
    plain = pattern.strip("/")
    expression = "".join(_piece(part) for part in re.split(r"(\*\*/|/\*\*|\*\*|\*|\?)", plain))
    start = "" if anchored else "(?:.*/)?"
    only_files = plain.endswith("*") and not plain.endswith("**") and anchored  # docs/* has no folder below docs
    return re.fullmatch(rf"{start}{expression}{'' if only_files else '(?:/.*)?'}", path) is not None


def _piece(part: str) -> str:
    return {"**/": "(?:.*/)?", "/**": "(?:/.*)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))


def judge(lines: Sequence[Line], paths: Sequence[str], *, shown: str, expected: str | None) -> Verdict:
    """Whether each path has an owner, a real one, and the expected one where one is.

    Args:
        lines: Of the file.
        paths: From the folder that patterns start from.
        shown: The file's name.
        expected: An owner that must be among them; None for any.
    """
    deciding = {path: owner(lines, path) for path in paths}
    owners = sorted({one for line in deciding.values() if line for one in line.owners})
    measured = Measurement(name="owners", value=", ".join(owners) or None, note=shown)
    problems = [_problem(path, line, shown, expected) for path, line in deciding.items()]
    told = "\n".join(one for one in problems if one)
    if told:
        return Verdict(outcome="failed", message=told, measurements=(measured,))
    return Verdict(outcome="passed", message=f"{shown}: {', '.join(owners)}", measurements=(measured,))


def _problem(path: str, line: Line | None, shown: str, expected: str | None) -> str:
    if line is None:
        return f"{shown} has no line for {path}. Next step: {path.partition('/')[0]} @your-org/your-team"
    if not line.owners:
        return f"{shown}:{line.number} ({line.pattern}) takes every owner from {path}"
    invented = [one for one in line.owners if all(_TEMPLATE.fullmatch(part) for part in one.split("/"))]
    if len(invented) == len(line.owners):
        return f"{shown}:{line.number}: {invented[0]} is a placeholder"
    if expected and expected.casefold() not in (one.casefold() for one in line.owners):
        return f"{shown}:{line.number}: {path} belongs to {', '.join(line.owners)}; expected {expected}"
    return ""


def catalogued(path: Path) -> tuple[str, str] | None:
    """(name, owner) of the first component in Backstage's catalogue file that has one; None where there is none."""
    for document in bounded.every(path, setting="catalogue"):
        spec: Any = document.get("spec") if isinstance(document, dict) else None
        metadata: Any = document.get("metadata") if isinstance(document, dict) else None
        named = spec.get("owner") if isinstance(spec, dict) else None
        if isinstance(named, str) and named.strip():
            return str(metadata.get("name", "")) if isinstance(metadata, dict) else "", named.strip()
    return None
