"""Asks git about a repository: only reads, runs nothing that the repository configures, stays off the network."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive

if TYPE_CHECKING:
    from collections.abc import Iterable

TIME_LIMIT = 30.0  # seconds for one answer
MOST_BYTES = 50_000_000  # of one answer
# What a repository's own configuration could make git run, or make it say.
QUIET = (
    "--no-pager", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false",
    "-c", "log.showSignature=false", "-c", "diff.external=", "-c", "core.quotePath=false", "-c", "color.ui=false",
)  # fmt: skip
# Set while git runs a hook, these would point it at another repository than the folder's.
ELSEWHERE = frozenset(
    {
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_GRAFT_FILE",
    }
)  # fmt: skip
SURROUNDINGS = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks; older git does not know the line above
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_GRAFT_FILE": os.devnull,  # so could .git/info/grafts
    "GIT_NO_REPLACE_OBJECTS": "1",  # refs/replace could show another history than the one that was reviewed
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C.UTF-8",
}


class GitError(Inconclusive):
    """git answered that it cannot; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository whose whole history is here.

    Attributes:
        top: Folder of its working tree.
    """

    top: Path

    def ask(self, *words: str) -> str:
        """What git writes, as it is.

        Raises:
            GitError: git refuses.
            Inconclusive: no answer within the limits.
        """
        return _run(self.top, words)

    def tells(self, *words: str) -> bool:
        """Whether git ends with 0, and not with 1, for commands that answer so.

        Raises:
            GitError: it ends otherwise.
            Inconclusive: no answer within the limits.
        """
        code, _, told = _call(self.top, words)
        if code > 1 or code < 0:
            raise GitError(_last(told))
        return code == 0

    def commit(self, name: str) -> str | None:
        """The full id of the commit that a name or an abbreviated id stands for; None where there is none."""
        try:
            return self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        except GitError:
            return None

    def blob(self, commit: str, path: str) -> bytes | None:
        """A file's content at a commit, by its path from the top; None where it is not there.

        Raises:
            Inconclusive: it is too large, or its content is not here.
        """
        try:
            name = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{path}").strip()
        except GitError:
            return None
        try:
            size = int(self.ask("cat-file", "-s", name))
            if size <= MOST_BYTES:
                return _raw(self.top, ("cat-file", "blob", name))
        except GitError as reason:  # a partial clone
            raise Inconclusive(f"the content of {path} at commit {commit[:12]} is not here: {reason.found}") from None
        raise Inconclusive(f"{path} has {size:,} bytes at commit {commit[:12]}, too many to compare")

    def inside(self, path: Path) -> str:
        """A path as git names it, from the top of the working tree.

        Raises:
            Inconclusive: it lies outside.
        """
        try:
            return path.resolve().relative_to(self.top).as_posix()
        except ValueError:
            raise Inconclusive(f"{path} lies outside of the repository {self.top}") from None

    def changed_since(self, commit: str, files: Iterable[Path]) -> list[str]:
        """Those of some files that are not as a commit has them; how lines end makes no difference.

        They are compared here: `git diff` would run filters that the repository configures.
        """
        names = [(self.inside(path), path) for path in files]
        return [name for name, path in names if _plain(self.blob(commit, name)) != _plain(path.read_bytes())]

    def changed_last(self, files: Iterable[Path]) -> dt.datetime | None:
        """When a commit of the present history changed one of some files last; None where none has them."""
        paths = [self.inside(path) for path in files]
        told = self.ask("log", "-1", "--format=%cI", "HEAD", "--", *paths).strip()
        return dt.datetime.fromisoformat(told) if told else None


def repository(folder: Path) -> Repository:
    """The repository that a folder lies in.

    Raises:
        Inconclusive: there is no git, no repository, no commit, or only a part of its history.
    """
    try:
        top = Path(_run(folder, ("rev-parse", "--show-toplevel")).strip())
        shallow = _run(folder, ("rev-parse", "--is-shallow-repository")).strip()
    except GitError as reason:
        raise Inconclusive(f"{folder.name}/ has no history that git could tell: {reason.found}") from None
    if Repository(top=top).commit("HEAD") is None:
        raise Inconclusive(f"the repository of {folder.name}/ has no history yet: nothing was committed")
    if shallow != "false":
        raise Inconclusive(
            "this clone holds only a part of the history (shallow)",
            fix="git fetch --unshallow (in GitHub Actions: fetch-depth: 0; in GitLab CI: GIT_DEPTH: 0)",
        )
    return Repository(top=top.resolve())


def _plain(content: bytes | None) -> bytes | None:
    return None if content is None else content.replace(b"\r\n", b"\n")


def _run(folder: Path, words: tuple[str, ...]) -> str:
    return _raw(folder, words).decode("utf-8", errors="replace")


def _raw(folder: Path, words: tuple[str, ...]) -> bytes:
    code, answer, told = _call(folder, words)
    if code != 0:
        raise GitError(_last(told))
    if len(answer) > MOST_BYTES:
        raise Inconclusive(f"git {words[0]} answers with more than {MOST_BYTES:,} bytes")
    return answer


def _call(folder: Path, words: tuple[str, ...]) -> tuple[int, bytes, bytes]:
    environment = {key: value for key, value in os.environ.items() if key not in ELSEWHERE and "GIT_TRACE" not in key}
    try:
        done = subprocess.run(
            ["git", *QUIET, *words], cwd=folder, env={**environment, **SURROUNDINGS}, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=TIME_LIMIT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Inconclusive(f"git {words[0]} gave no answer within {TIME_LIMIT:g} s") from None
    except OSError as reason:
        raise Inconclusive(f"git cannot be run: {reason.strerror}", fix="install git") from None
    return done.returncode, done.stdout, done.stderr


def _last(told: bytes) -> str:
    lines = [line for line in told.decode("utf-8", errors="replace").splitlines() if line.strip()]
    return lines[0].removeprefix("fatal: ")[:300] if lines else "git gives no reason"
