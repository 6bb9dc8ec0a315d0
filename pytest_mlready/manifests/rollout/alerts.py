"""Looks up the alerts that abort a rollout, for tools that attach no analysis of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.errors import SettingsError, near
from pytest_mlready.manifests.rules import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def named(names: Sequence[str], files: Sequence[Path], *, root: Path) -> str:
    """The names of alerts in one line, once all of them are among the rules.

    Raises:
        SettingsError: One is not.
    """
    rules = reading.read(files, root=root).rules if names else ()
    known = [rule.name for rule in rules if rule.kind == "alert"]
    if missing := [name for name in names if name not in known]:
        raise SettingsError(
            f"alerts names {missing[0]!r}, which no rule file has{near(missing[0], known)}",
            expected="names of alerts in Prometheus rules of this project",
        )
    return ", ".join(names)
