"""Runs promtool, which checks rule files and evaluates rules on series, bounded in time."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT = 120.0  # seconds of one run
INSTALL = "apt-get install prometheus, or put promtool of a Prometheus release on PATH"


class PromtoolError(Inconclusive):
    """promtool could not tell."""


@cache
def path() -> str:
    """Where promtool is.

    Raises:
        Inconclusive: It is not on PATH.
    """
    found = shutil.which("promtool")
    if found is None:
        raise Inconclusive("alert rules are evaluated by promtool, which is not on PATH", fix=INSTALL)
    return found


def version() -> str:
    """Its version, for the record."""
    match = re.search(r"version (\S+)", _run(["--version"], Path(tempfile.gettempdir()))[1])
    return match[1] if match else "unknown"


def check(sources: Sequence[tuple[str, str]]) -> list[str]:
    """What promtool objects to in rule files; empty where nothing is.

    Args:
        sources: Name and text of each file.
    """
    objections: list[str] = []
    for name, text in sources:
        with tempfile.TemporaryDirectory(prefix="mlready-rules-") as folder:
            place = Path(folder) / "rules.yaml"
            place.write_text(text, encoding="utf-8")
            code, output = _run(["check", "rules", place.name], Path(folder))
        if code:
            lines = [line.strip() for line in output.splitlines()]
            told = [
                line
                for line in lines
                if line
                and not line.startswith(("Checking", "FAILED", "SUCCESS"))
                and not line.endswith("unmarshal errors:")  # a heading: the lines below it say which
            ]
            objections += [
                line.replace("rules.yaml", name) if "rules.yaml" in line else f"{name}: {line}" for line in told
            ] or [f"{name}: refused"]
    return objections


def test(files: Mapping[str, str], tests: Sequence[str]) -> str:
    """What `promtool test rules` prints.

    Args:
        files: Text by name: rule files and test files, written to a temporary folder.
        tests: Names of the test files.
    """
    with tempfile.TemporaryDirectory(prefix="mlready-rules-") as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        return _run(["test", "rules", *tests], Path(folder))[1]


def _run(words: Sequence[str], folder: Path) -> tuple[int, str]:
    try:
        ran = subprocess.run(
            [path(), *words], cwd=folder, timeout=LIMIT, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PromtoolError(
            f"promtool was not done after {LIMIT:g} s", fix="shorten the windows of the rules"
        ) from None
    except OSError as error:
        raise PromtoolError(f"promtool cannot be run: {error.strerror}", fix=INSTALL) from None
    return ran.returncode, ran.stdout.decode("utf-8", errors="replace")
