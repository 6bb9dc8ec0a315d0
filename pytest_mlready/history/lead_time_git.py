"""Reads lead times from version control: the first commit that mentions a feature, the first release that serves it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive
from pytest_mlready.history.git import GitError
from pytest_mlready.history.lead_time import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.history.git import Repository

MOST_RELEASES = 300  # the latest ones
_EDGE = "[^[:alnum:]_-]"  # what a name ends at: `education` is not mentioned by `education-num`
_SPECIAL = re.compile(r"([.\\^$*+?()\[\]{}|])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A tag with the day it was made."""

    tag: str
    day: dt.date


def deliveries(  # noqa: PLR0913 - one argument for each thing that a team declares
    repository: Repository,
    features: Sequence[str],
    *,
    tags: str,
    defined: Sequence[str],
    served: Sequence[str],
    last: int,
) -> tuple[Delivery, ...]:
    """When each feature was first mentioned and first released.

    The day of the idea is looked up for the last ones alone, since git must read the whole history for each. It is not
    known for what the repository began with: the first commit of a history may be an import of years.

    Args:
        repository: The repository.
        features: Names.
        tags: Glob of the release tags.
        defined: Files or folders, from the top, where a feature is mentioned first.
        served: Those that mention what is served, as of a release.
        last: How many of the last ones count.

    Raises:
        Inconclusive: there is no release.
    """
    releases, whole = _releases(repository, tags)
    first: dict[str, Release] = {}
    for release in releases:
        missing = [one for one in features if one not in first]
        first |= dict.fromkeys(_mentioned(repository, release.tag, missing, served), release)
    if not whole:  # what the first release at hand has may be older than it
        first = {name: release for name, release in first.items() if release != releases[0]}
    newest = sorted(first.values(), key=lambda release: release.day, reverse=True)[:last]
    oldest = newest[-1].day if newest else dt.date.max
    return tuple(_delivery(repository, name, first.get(name), oldest, defined) for name in features)


def _delivery(
    repository: Repository, name: str, release: Release | None, oldest: dt.date, defined: Sequence[str]
) -> Delivery:
    found = Delivery(feature=name, idea=None, served=release.day if release else None)
    if release is None or release.day < oldest:
        return found
    return replace(found, idea=_begun(repository, name, release.tag, defined), place=release.tag)


def _releases(repository: Repository, tags: str) -> tuple[list[Release], bool]:
    """Tags by their day, and whether these are all."""
    form = "--format=%(refname:strip=2)%1f%(creatordate:iso-strict)"
    told = repository.ask("for-each-ref", "--sort=creatordate", form, f"refs/tags/{tags}").splitlines()
    if not told:
        raise Inconclusive(f"no tag fits {tags}, by which releases would be known", fix='tags = "release-*"')
    listed = [line.split("\x1f") for line in told]
    found = [Release(tag=tag, day=dt.datetime.fromisoformat(day).date()) for tag, day in listed if day]
    return found[-MOST_RELEASES:], len(found) <= MOST_RELEASES


def _mentioned(repository: Repository, tag: str, features: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Those features that files mention as of a tag."""
    if not features:
        return []
    patterns = [word for name in features for word in ("-e", name)]
    try:
        text = repository.ask("grep", "-h", "-I", "-F", "--no-textconv", *patterns, f"refs/tags/{tag}", "--", *paths)
    except GitError:  # nothing is mentioned
        return []
    return [name for name in features if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


def _begun(repository: Repository, name: str, tag: str, paths: Sequence[str]) -> dt.date | None:
    """The day of the first commit that mentions a feature; None where it is the first of a history."""
    escaped = _SPECIAL.sub(r"\\\1", name)
    pattern = f"(^|{_EDGE}){escaped}($|{_EDGE})"
    words = ["--reverse", "--full-history", "--format=%P%x1f%aI%x1f%cI", "--pickaxe-regex", f"-S{pattern}"]
    told = repository.ask("log", *words, "--no-ext-diff", "--no-textconv", f"refs/tags/{tag}", "--", *paths)
    lines = [line for line in told.splitlines() if line.strip()]
    if not lines:
        return None
    parents, *moments = lines[0].split("\x1f")
    return min(dt.datetime.fromisoformat(one).date() for one in moments) if parents else None
