"""Tells whether the things that a runbook's commands name exist; what cannot be known is not judged."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING

from pytest_mlready.documents import bounded
from pytest_mlready.errors import near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.documents.runbooks.commands import Name

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_RULE = re.compile(r"^([^\s:#=][^\n:#=]*?)[ \t]*::?(?!=)", re.MULTILINE)
_UNKNOWN_RULES = re.compile(r"^(?:-?include|sinclude)\b|^[^#\n:=]*[%$][^#\n:=]*:(?!=)|\$\(eval", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is.

    Attributes:
        folders: Folders that commands may be given in: the project, that of its repository, that of the runbook.
        resources: Names of Kubernetes objects in the manifests, by kind.
        services: Names of compose services; None where there is no compose file.
    """

    folders: tuple[Path, ...]
    resources: Mapping[str, frozenset[str]] = field(default_factory=dict)
    services: frozenset[str] | None = None


def judge(names: Sequence[Name], known: Known, *, unknown: int) -> Verdict:
    """Whether everything that is named, and of which it can be known, is there.

    Args:
        names: What the commands name.
        known: What there is.
        unknown: Commands that name nothing which could be looked up.
    """
    found = {name: _there(name, known) for name in dict.fromkeys(names)}
    missing = [
        f"{n.place}: {n.kind} {n.name} is not there{hint} ({n.command})"
        for n, (there, hint) in found.items()
        if there is False
    ]
    judged = sum(there is not None for there, _ in found.values())
    measured = Measurement(
        name="things that commands name", value=judged - len(missing), min=judged, n=judged,
        note=f"{unknown + len(found) - judged} commands or names not judged",
    )  # fmt: skip
    told = "\n".join(missing) or f"{judged} things that the commands name are there"
    return Verdict(outcome="failed" if missing else "passed", message=told, measurements=(measured,))


def _there(name: Name, known: Known) -> tuple[bool | None, str]:
    """Whether it is there, None where that cannot be known; and the nearest name."""
    if name.kind == "file":
        return any(os.path.exists(folder / name.name) for folder in known.folders), ""  # noqa: PTH110 - no OSError of a long name
    if name.kind == "make target":
        return _target(name.name, known.folders)
    if name.kind == "compose service":
        return (None, "") if known.services is None else _among(name.name, known.services)
    kind, _, plain = name.name.partition("/")
    if kind not in known.resources:
        return None, ""
    return _among(plain, known.resources[kind])


def _among(name: str, there: Iterable[str]) -> tuple[bool, str]:
    listed = list(there)
    return name in listed, near(name, listed)


def _target(name: str, folders: Iterable[Path]) -> tuple[bool | None, str]:
    """Whether a Makefile has the target; one that includes others, or has patterns, may have it elsewhere."""
    files = [folder / file for folder in dict.fromkeys(folders) for file in MAKEFILES if (folder / file).is_file()]
    if not files:
        return None, ""
    text = "\n".join(bounded.text(file, setting="Makefile") for file in files).replace("\\\n", " ")
    targets = {word for match in _RULE.finditer(text) for word in match[1].split()}
    if name in targets:
        return True, ""
    return (None, "") if _UNKNOWN_RULES.search(text) else (False, near(name, targets))
