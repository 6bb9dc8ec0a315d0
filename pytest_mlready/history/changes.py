"""Finds how a commit came into the protected branch: what was submitted with it, by whom, and who merged it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.history.git import Repository

BRANCHES = ("main", "master", "trunk")
MOST_COMMITS = 1000  # of one change
# git interpret-trailers knows them by these names; the first three are how approval is written.
APPROVALS = ("reviewed-by", "approved-by", "acked-by")
_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.+)")
_RULE = re.compile(r"-{3,}")  # GitHub sets the authors of a squashed request off by one
_FORM = "%H%x1f%P%x1f%an <%ae>%x1f%aN <%aE>%x1f%cn <%ce>%x1f%cI%x1f%B"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit.

    Attributes:
        id: In full.
        parents: Ids.
        author: Name and address, as committed and as .mailmap has them.
        committer: Name and address.
        time: Of the committer, in ISO 8601.
        subject: First line of the message.
        approvers: From the trailers Reviewed-by, Approved-by and Acked-by.
    """

    id: str
    parents: tuple[str, ...]
    author: tuple[str, ...]
    committer: str
    time: str
    subject: str
    approvers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.id[:12]} ({self.subject[:60]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What came into the branch at once.

    Attributes:
        commits: Those that somebody wrote, the latest first.
        merge: The merge commit that brought them; None where they lie on the branch itself.
    """

    commits: tuple[Commit, ...]
    merge: Commit | None = None

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(one.id for one in (*self.commits, *([self.merge] if self.merge else ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """The protected branch.

    Attributes:
        ref: In full.
        name: Without its remote, as a forge calls it.
        shown: For messages.
    """

    ref: str
    name: str
    shown: str


def protected(repository: Repository, name: str | None) -> Branch:
    """The protected branch.

    What a remote has goes before the local branch, which may hold what nobody was shown.

    Args:
        repository: The repository.
        name: As the settings have it; None: the remote's default, else main, master or trunk.

    Raises:
        Inconclusive: there is no such branch.
    """
    remotes = repository.ask("remote").split()
    names = [name] if name else [*_default(repository, remotes), *BRANCHES]
    for remote in remotes:
        for one in names:
            bare = one.removeprefix(f"{remote}/")
            if repository.commit(f"refs/remotes/{remote}/{bare}"):
                return Branch(ref=f"refs/remotes/{remote}/{bare}", name=bare, shown=f"{remote}/{bare}")
    if remotes:
        raise Inconclusive(
            f"this clone does not have the branch {names[0]} of {remotes[0]}", fix=f"git fetch {remotes[0]} {names[0]}"
        )
    for one in names:
        if repository.commit(f"refs/heads/{one}"):
            return Branch(ref=f"refs/heads/{one}", name=one, shown=f"{one} (local: the repository has no remote)")
    raise Inconclusive(f"there is no branch {' or '.join(names)}", fix='name the protected branch: branch = "…"')


def _default(repository: Repository, remotes: Sequence[str]) -> list[str]:
    """What refs/remotes/origin/HEAD points at."""
    from pytest_mlready.history.git import GitError

    found = []
    for remote in remotes:
        try:
            told = repository.ask("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD").strip()
        except GitError:
            continue
        found.append(told.removeprefix(f"refs/remotes/{remote}/"))
    return found


def change(repository: Repository, commit: str, ref: str) -> Change:
    """The change that a commit belongs to, on a branch that it is reachable from.

    Args:
        repository: The repository.
        commit: Full id.
        ref: The branch.
    """
    on_branch = repository.ask("rev-list", "--first-parent", f"{commit}..{ref}").split()
    after = set(repository.ask("rev-list", "--ancestry-path", f"{commit}..{ref}").split())
    first = next((one for one in reversed(on_branch) if one in after), None)
    merge = read(repository, first) if first else None
    if merge is not None and len(merge.parents) > 1 and not _reaches(repository, commit, merge.parents[0]):
        return Change(commits=(*_written(repository, commit), *_brought(repository, merge, commit)), merge=merge)
    itself = read(repository, commit)
    if len(itself.parents) > 1:
        return Change(commits=(*_written(repository, commit), *_brought(repository, itself, commit)), merge=itself)
    return Change(commits=(itself,))


def _written(repository: Repository, commit: str) -> tuple[Commit, ...]:
    """A merge in which somebody wrote what neither side had: a conflict resolved, or a change slipped in."""
    itself = read(repository, commit)
    words = ("diff-tree", "--cc", "--no-commit-id", "--no-ext-diff", "--no-textconv", commit, "--")
    return (itself,) if len(itself.parents) > 1 and repository.ask(*words).strip() else ()


def _reaches(repository: Repository, commit: str, other: str) -> bool:
    return repository.tells("merge-base", "--is-ancestor", commit, other)


def _brought(repository: Repository, merge: Commit, upto: str) -> tuple[Commit, ...]:
    """What a merge brought, up to a commit, without the merges on the way, which say what others wrote already."""
    words = [
        "log",
        "-z",
        f"--format={_FORM}",
        "--no-merges",
        f"--max-count={MOST_COMMITS + 1}",
        upto,
        f"^{merge.parents[0]}",
    ]
    found = tuple(_commit(text) for text in repository.ask(*words, "--").split("\0") if text)
    if len(found) > MOST_COMMITS:
        raise Inconclusive(f"{merge} brought more than {MOST_COMMITS} commits, too many to judge as one change")
    return found


def read(repository: Repository, name: str) -> Commit:
    """One commit, by its full id."""
    return _commit(repository.ask("log", "-1", f"--format={_FORM}", name, "--"))


def _commit(text: str) -> Commit:
    name, parents, author, mapped, committer, time, message = text.strip("\n").split("\x1f", 6)
    return Commit(
        id=name,
        parents=tuple(parents.split()),
        author=tuple(dict.fromkeys((author, mapped))),
        committer=committer,
        time=time,
        subject=message.strip().partition("\n")[0],
        approvers=_approvers(message),
    )


def _approvers(message: str) -> tuple[str, ...]:
    """From the end, where git and forges keep trailers; a sentence elsewhere that begins so is none."""
    found: list[str] = []
    for paragraph in re.split(r"\r?\n[ \t]*\r?\n", message.strip())[:0:-1]:
        lines = [line.strip() for line in paragraph.splitlines()]
        trailers = [match for line in lines if (match := _TRAILER.fullmatch(line))]
        found += [match[2].strip() for match in trailers if match[1].lower() in APPROVALS]
        if not all(_TRAILER.fullmatch(line) or _RULE.fullmatch(line) for line in lines):
            break
    return tuple(found)
