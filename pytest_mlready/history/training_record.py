"""Reads from a training record which commit made which artifact, and whether the working tree was clean."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.history.git import Repository

_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_DEEPEST = 20  # levels of a record that are searched
# How trackers and training scripts call the flag beside the commit.
_DIRTY = ("dirty", "git_dirty", "is_dirty", "uncommitted", "mlflow.source.git.dirty", "git.dirty")
_YES, _NO = ("true", "yes", "1", "dirty"), ("false", "no", "0", "clean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is on record about the making of an artifact.

    Attributes:
        place: Where it stands, for messages.
        commit: As recorded; "" where there is none.
        dirty: Whether the working tree had uncommitted changes; None where that is not on record.
        code: Digests (sha256) of files as they were in training, by path.
    """

    place: str
    commit: str = ""
    dirty: bool | None = None
    code: Mapping[str, str] = field(default_factory=dict)


def find(table: Any, key: str) -> Any:
    """What a record holds at a dotted key, whose parts may hold dots themselves ("data.tags.mlflow.source.git.commit").

    Lists of {key, value} (MLflow's tags) are read as tables. None where it is not there.
    """
    table = _table(table)
    if table is None:
        return None
    words = key.split(".")
    for size in range(len(words), 0, -1):
        name, rest = ".".join(words[:size]), ".".join(words[size:])
        if name in table:
            found = table[name] if not rest else find(table[name], rest)
            if found is not None:
                return found
    return None


def _table(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "key" in one for one in value):
        return {str(one["key"]): one.get("value") for one in value}
    return value if isinstance(value, Mapping) else None


def origin(table: Any, *, key: str, dirty_key: str | None, code: Mapping[str, str], place: str) -> Origin:
    """What a record says.

    Args:
        table: The record as plain values.
        key: Where the commit stands.
        dirty_key: Where the flag stands; None: beside the commit, under one of the usual names.
        code: Digests of files, or where they stand: path -> key.
        place: Of the record, for messages.

    Raises:
        Inconclusive: no commit stands there.
    """
    commit = find(table, key)
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit.strip()):
        shown = "nothing" if commit is None else repr(commit)[:60]
        raise Inconclusive(
            f"{place} has {shown} at {key}, where the commit should be",
            fix="let training write `git rev-parse HEAD`, and whether `git status --porcelain` had something to say",
        )
    return Origin(
        place=place,
        commit=commit.strip().lower(),
        dirty=_flag(find(table, dirty_key) if dirty_key else _beside(table, key)),
        code={path: digest(where) or digest(find(table, where)) for path, where in code.items()},
    )


def named(commit: str, code: Mapping[str, str]) -> Origin:
    """What the settings themselves state: the commit, and digests of files.

    Raises:
        DataError: it is no commit; the name of a branch means another one tomorrow.
    """
    if not _COMMIT.fullmatch(commit.strip()):
        raise DataError(f"`commit` is {commit[:60]!r}", expected="the id of a commit, 7 to 64 hexadecimal digits")
    stated = {path: digest(sha256) for path, sha256 in code.items()}
    return Origin(place="the settings", commit=commit.strip().lower(), code=stated)


def digest(value: Any) -> str:
    """A sha256 without its prefix, in lower case; "" where the value is none."""
    text = str(value or "").strip().lower().removeprefix("sha256:")
    return text if re.fullmatch(r"[0-9a-f]{64}", text) else ""


def _beside(table: Any, key: str) -> Any:
    parents = [key[:at] for at, character in enumerate(key) if character == "."]
    for parent in ["", *parents]:
        for name in _DIRTY:
            found = find(table, f"{parent}.{name}" if parent else name)
            if found is not None:
                return found
    return None


def _flag(value: Any) -> bool | None:
    word = str(value).strip().lower()
    return True if word in _YES else False if word in _NO else None


def names(table: Any, sha256: str) -> bool:
    """Whether a record holds a digest anywhere: it is about that artifact."""
    return any(sha256 in text.lower() for text in _texts(table, 0))


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield value
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for one in inside:
        yield from _texts(one, depth + 1)


def judge_clean(found: Origin, repository: Repository, commit: str) -> Verdict:
    """Nothing uncommitted went into training: the flag says so, or recorded digests are those of the commit's files.

    Args:
        found: The record.
        repository: That the commit is in.
        commit: Its full id.
    """
    same = {path: _same(repository, commit, path, sha256) for path, sha256 in found.code.items()}
    other = [path for path, equal in same.items() if equal is False]
    unknown = [path for path, equal in same.items() if equal is None]
    flag = {True: "dirty", False: "clean", None: "not on record"}[found.dirty]
    noted = (
        Measurement(name="working tree at training", value=flag),
        Measurement(name="files other than at the commit", value=len(other) if same else None, max=0, n=len(same)),
    )
    if found.dirty:
        step = "Next step: commit, and train again"
        message = f"{found.place} says that the working tree had uncommitted changes at training. {step}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    if other:
        message = f"{', '.join(other)} of the training ({found.place}) is not what commit {commit[:12]} holds"
        return Verdict(outcome="failed", message=message, measurements=noted)
    if unknown:
        message = f"{found.place} has no digest (sha256) of {', '.join(unknown)} to compare with commit {commit[:12]}"
        return Verdict(outcome="inconclusive", message=message, measurements=noted)
    if found.dirty is None and not same:
        step = "record `dirty` beside the commit, or digests of the code (`code`)"
        message = f"{found.place} does not say whether the working tree was clean at training. Next step: {step}"
        return Verdict(outcome="inconclusive", message=message, measurements=noted)
    return Verdict(outcome="passed", message=f"the working tree was clean ({flag})", measurements=noted)


def _same(repository: Repository, commit: str, path: str, sha256: str) -> bool | None:
    """Whether a file at a commit has a digest, with lines as git keeps them or as Windows ends them; None without."""
    if not sha256:
        return None
    content = repository.blob(commit, path)
    if content is None:
        return False
    plain = content.replace(b"\r\n", b"\n")
    return sha256 in {hashlib.sha256(one).hexdigest() for one in (content, plain, plain.replace(b"\n", b"\r\n"))}
