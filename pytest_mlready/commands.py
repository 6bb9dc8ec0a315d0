"""Tells whether a shell command runs the gate, directly or through one step of make, tox, nox or a script."""

from __future__ import annotations

import ast
import configparser
import itertools
import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GATE = re.compile(r"--mlready(-only|-(min-score|report|config)(=.*)?)?")
PARTIAL = re.compile(r"--mlready-item(=.*)?|--collect-only|--co")  # runs that no gate can pass
TALK = frozenset({"echo", "printf", "grep", "git", "#", ":", "true", "cat"})  # they mention an option, and run nothing
SHELLS = frozenset({"bash", "sh", "zsh", "source", "."})
LARGEST = 256 * 1024


def content(path: Path, largest: int = LARGEST) -> str | None:
    """A file's text; None when it is no readable regular file of at most `largest` bytes."""
    try:
        if not path.is_file() or path.stat().st_size > largest:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):  # ValueError: a null character in the name
        return None


def joined(script: str) -> Iterator[tuple[int, str]]:
    """(offset of the first line, text) of each command line; lines that end in a backslash continue."""
    start, held = 0, ""
    for number, line in enumerate(script.splitlines()):
        if not held:
            start = number
        if line.rstrip().endswith("\\"):
            held += line.rstrip()[:-1] + " "
            continue
        yield start, held + line
        held = ""
    if held:
        yield start, held


def runs_gate(line: str, root: Path, *, follow: bool = True) -> bool:
    """Whether a line of shell runs `pytest … --mlready`.

    Args:
        line: Commands, joined by && ; | if several; comments are dropped.
        root: Folder in which the line runs: where Makefile, tox.ini, noxfile.py and scripts are looked for.
        follow: Whether to look into those; inside them it is not done again.
    """
    for part in _parts(line):
        if not part or part[0].lstrip("@-") in TALK:
            continue
        if _is_gate(part) or (follow and _leads_to_gate(part, root)):
            return True
    return False


def _parts(line: str) -> Iterator[list[str]]:
    """The words of each simple command; quotes and comments as a shell reads them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;()")
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        for word in lexer:
            if word.strip("&|;()"):
                words.append(word)
            else:
                yield words
                words = []
    except ValueError:  # an unmatched quote: the rest of a text that runs over several lines
        words = []
    yield words


def _is_gate(words: list[str]) -> bool:
    for i, word in enumerate(words):
        if "pytest" in word.lower() and not word.startswith("-"):
            options = words[i + 1 :]
            return any(GATE.fullmatch(w) for w in options) and not any(PARTIAL.fullmatch(w) for w in options)
    return False


def _leads_to_gate(words: list[str], root: Path) -> bool:
    """Follows the first program of the command that can be followed: behind `uv run`, `python -m`, `VARIABLE=…`."""
    for i, word in enumerate(words):
        program, arguments = word.rpartition("/")[2].lstrip("@"), words[i + 1 :]
        if program in ("make", "gmake"):
            return _make(arguments, root)
        if program == "tox":
            return _tox(_named(arguments, "-e"), root)
        if program == "nox":
            return _nox(_named(arguments, "-s", "--session", "--sessions"), root)
        if program in SHELLS and arguments[:1] and re.fullmatch(r"-\w*c", arguments[0]):
            return any(runs_gate(line, root, follow=False) for _, line in joined(" ".join(arguments[1:2])))
        if program in SHELLS or "/" in word:
            return _script(arguments if program in SHELLS else [word], root)
    return False


def _named(arguments: list[str], *options: str) -> set[str]:
    """The environments or sessions that are asked for: `-e a,b`, `-s a b`, `-s=a`."""
    names: set[str] = set()
    taking = False
    for word in arguments:
        option, _, value = word.partition("=")
        taking = option in options if word.startswith("-") else taking
        names |= {n for n in (value if option in options else word if taking else "").split(",") if n}
    return names


def _make(arguments: list[str], root: Path) -> bool:
    folder = next((b for a, b in itertools.pairwise(arguments) if a == "-C"), "")
    text = next((t for n in ("GNUmakefile", "makefile", "Makefile") if (t := content(root / folder / n))), "")
    targets = {a for a in arguments if not a.startswith("-") and "=" not in a and a != folder}
    current: set[str] = set()
    for _, line in joined(text):
        if line.startswith("\t"):
            if current & targets and runs_gate(line.strip().lstrip("@-+"), root / folder, follow=False):
                return True
        elif match := re.match(r"([^#\s=:][^#=:]*):(?!=)", line):
            current = set(match[1].split())
            targets = targets or {next(iter(current - {".PHONY"}), "")} - {""}
    return False


def _tox(names: set[str], root: Path) -> bool:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(content(root / "tox.ini") or "")
    except configparser.Error:
        return False
    listed = parser.get("tox", "env_list", fallback=None) or parser.get("tox", "envlist", fallback=None) or ""
    names = names or set(re.split(r"[\s,]+", listed))
    base = parser.get("testenv", "commands", fallback=None)
    scripts = [parser.get(f"testenv:{name}", "commands", fallback=base) or "" for name in sorted(names)]
    return any(runs_gate(line, root, follow=False) for script in scripts for _, line in joined(script))


def _nox(names: set[str], root: Path) -> bool:
    try:
        module = ast.parse(content(root / "noxfile.py") or "")
    except (SyntaxError, ValueError, RecursionError):
        return False
    sessions = [n for n in module.body if isinstance(n, ast.FunctionDef) and n.decorator_list]
    return any(_is_gate(words) for s in sessions if not names or s.name in names for words in _run_calls(s))


def _run_calls(function: ast.FunctionDef) -> Iterator[list[str]]:
    """The words of each `session.run(…)`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("run"):
            yield [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]


def _script(words: list[str], root: Path) -> bool:
    """A shell script of the repository: the first word that is a file."""
    for word in words:
        path = root / word
        if (text := content(path)) is not None and path.resolve().is_relative_to(root.resolve()):
            return any(runs_gate(line, root, follow=False) for _, line in joined(text))
    return False
