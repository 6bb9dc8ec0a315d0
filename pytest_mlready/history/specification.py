"""Finds the changes that brought each file of a model's specification to its state at a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive
from pytest_mlready.history import changes
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.history.changes import Branch, Change
    from pytest_mlready.history.git import Repository

MOST_FILES = 500


def judge_submitted(repository: Repository, commit: str, branch: Branch) -> Verdict:
    """The commit is in the protected branch.

    Args:
        repository: The repository.
        commit: As recorded.
        branch: The protected branch.
    """
    full = repository.commit(commit)
    noted = (Measurement(name="commit", value=full or commit), Measurement(name="protected branch", value=branch.shown))
    step = "Next step: merge first, then train from the protected branch"
    if full is None:
        message = f"commit {commit} of the artifact is not in this repository. {step}"
    elif not repository.tells("merge-base", "--is-ancestor", full, branch.ref):
        message = f"commit {commit[:12]} of the artifact is not in {branch.shown}: it was not merged as it is. {step}"
    else:
        message = f"commit {full[:12]} of the artifact is in {branch.shown}"
        return Verdict(outcome="passed", message=message, measurements=noted)
    return Verdict(outcome="failed", message=message, measurements=noted)


def files(repository: Repository, commit: str, paths: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Each file below some paths with the commit that changed it last, as of a commit; and paths that it lacks."""
    found: dict[str, str] = {}
    absent = []
    for path in paths:
        inside = repository.ask("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", path).split("\0")
        names = [name for name in inside if name]
        absent += [] if names else [path]
        if len(found) + len(names) > MOST_FILES:
            raise Inconclusive(
                f"the specification has more than {MOST_FILES} files", fix="name narrower paths in `spec`"
            )
        for name in names:
            last = repository.ask("log", "-1", "--format=%H", commit, "--", name).strip()
            found[name] = last or commit
    return found, absent


def brought(repository: Repository, last: dict[str, str], branch: Branch) -> dict[str, Change]:
    """How each of these commits came into the branch, by path."""
    known = {commit: changes.change(repository, commit, branch.ref) for commit in dict.fromkeys(last.values())}
    return {path: known[commit] for path, commit in last.items()}
