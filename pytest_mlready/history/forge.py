"""Reads pull requests and their reviews from what forges export: GitHub's and GitLab's JSON.

GitHub: `gh api repos/O/R/pulls/N` with `…/pulls/N/reviews`, or `gh pr view N --json` (and `gh pr list`) with number,
state, author, baseRefName, headRefOid, mergeCommit, mergedAt, reviews, commits. GitLab: `…/merge_requests/N` with
`…/merge_requests/N/approvals`. Several answers may stand in one file, as a list or a line each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXPECTED = "pull requests of GitHub (gh api, gh pr view --json) or merge requests of GitLab, with reviews or approvals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one person said last.

    Attributes:
        by: Login, or name.
        state: "approved", "changes requested", "dismissed" or "commented".
        commit: That was looked at; "" where the export does not say.
        time: ISO 8601; "" where the export does not say.
        machine: Whether the forge itself calls the reviewer a bot.
    """

    by: str
    state: str
    commit: str = ""
    time: str = ""
    machine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A pull or merge request.

    Attributes:
        number: On the forge.
        author: Login, or name.
        merged: Whether it was merged.
        base: Branch that it was merged into.
        head: Its last commit.
        merge: Commits on the branch that stand for it: of the merge, or squashed.
        commits: Others that it holds.
        reviews: In their order.
    """

    number: str
    author: str
    merged: bool
    base: str
    head: str = ""
    merge: frozenset[str] = frozenset()
    commits: frozenset[str] = frozenset()
    reviews: tuple[Review, ...] = field(default=())

    @property
    def ids(self) -> frozenset[str]:
        return self.merge | self.commits | ({self.head} if self.head else frozenset())

    @property
    def latest(self) -> tuple[Review, ...]:
        """What each person said last; a comment takes nothing back."""
        said: dict[str, Review] = {}
        for one in sorted(self.reviews, key=lambda review: review.time):
            if one.state != "commented":
                said[one.by.casefold()] = one
        return tuple(said.values())


def requests(values: Iterable[Any], *, name: str) -> tuple[Request, ...]:
    """The requests in an export, with reviews that stand apart joined to them.

    Args:
        values: Parsed JSON, one a line or document.
        name: Of the export, for messages.

    Raises:
        DataError: nothing in it is understood.
    """
    found: dict[str, Request] = {}
    apart: dict[str, list[Review]] = {}
    for table in _tables(values, 0):
        if (one := _request(table)) is not None:
            found[one.number] = one
        for number, review in _apart(table):
            apart.setdefault(number, []).append(review)
    if not found:
        raise DataError(f"{name} holds no pull request that is understood", expected=EXPECTED)
    return tuple(replace(one, reviews=(*one.reviews, *apart.get(one.number, ()))) for one in found.values())


def _tables(values: Iterable[Any], depth: int) -> Iterator[Mapping[str, Any]]:
    """Tables that may be requests, reviews or approvals: in lists, GraphQL answers and pages."""
    for value in values:
        if isinstance(value, Mapping):
            yield value
            keys = ("data", "repository", "pullRequest", "pullRequests", "nodes", "items")
            inside: list[Any] = [value[key] for key in keys if key in value]
        else:
            inside = value if isinstance(value, list) else []
        if depth < 8:
            yield from _tables(inside, depth + 1)


def _request(table: Mapping[str, Any]) -> Request | None:
    if "number" in table and ("base" in table or "baseRefName" in table):
        return _of_github(table) if "base" in table else _of_gh(table)
    if "iid" in table and "target_branch" in table:
        return _of_gitlab(table)
    return None


def _of_github(table: Mapping[str, Any]) -> Request:
    """The REST form."""
    return Request(
        number=str(table["number"]),
        author=_text(table, "user", "login"),
        merged=bool(table.get("merged") or table.get("merged_at")),
        base=_text(table, "base", "ref"),
        head=_text(table, "head", "sha"),
        merge=_ids(_text(table, "merge_commit_sha")),
        reviews=tuple(_review(one) for one in _listed(table.get("reviews"))),
    )


def _of_gh(table: Mapping[str, Any]) -> Request:
    """The form of `gh pr view --json`, and of GraphQL."""
    commits = [_text(one, "oid") or _text(one, "commit", "oid") for one in _listed(table.get("commits"))]
    return Request(
        number=str(table["number"]),
        author=_text(table, "author", "login"),
        merged=bool(table.get("mergedAt")) or str(table.get("state", "")).upper() == "MERGED",
        base=_text(table, "baseRefName"),
        head=_text(table, "headRefOid"),
        merge=_ids(_text(table, "mergeCommit", "oid")),
        commits=_ids(*commits),
        reviews=tuple(_review(one) for one in _listed(table.get("reviews"))),
    )


def _of_gitlab(table: Mapping[str, Any]) -> Request:
    return Request(
        number=str(table["iid"]),
        author=_text(table, "author", "username") or _text(table, "author", "name"),
        merged=table.get("state") == "merged",
        base=_text(table, "target_branch"),
        head=_text(table, "sha"),
        merge=_ids(_text(table, "merge_commit_sha"), _text(table, "squash_commit_sha")),
        reviews=tuple(_approval(one) for one in _listed(table.get("approved_by"))),
    )


def _apart(table: Mapping[str, Any]) -> Iterator[tuple[str, Review]]:
    """Reviews that are no part of a request's table, with its number."""
    url = _text(table, "pull_request_url")
    if url and "user" in table and "state" in table:
        yield url.rpartition("/")[2], _review(table)
    if "iid" in table and "approved_by" in table and "target_branch" not in table:
        yield from ((str(table["iid"]), _approval(one)) for one in _listed(table["approved_by"]))


def _review(one: Mapping[str, Any]) -> Review:
    """GitHub's, in either form."""
    login = _text(one, "user", "login") or _text(one, "author", "login")
    return Review(
        by=login,
        state=_text(one, "state").lower().replace("_", " "),
        commit=(_text(one, "commit_id") or _text(one, "commit", "oid")).lower(),
        time=_text(one, "submitted_at") or _text(one, "submittedAt"),
        machine=_is_bot(one.get("user")) or _is_bot(one.get("author")) or login.endswith("[bot]"),
    )


def _is_bot(account: Any) -> bool:
    """As REST, GraphQL and the command line say it."""
    told = account if isinstance(account, Mapping) else {}
    return "Bot" in (told.get("type"), told.get("__typename")) or told.get("is_bot") is True


def _approval(one: Mapping[str, Any]) -> Review:
    """GitLab's: a list of users, each perhaps with the time."""
    name = _text(one, "user", "username") or _text(one, "user", "name") or _text(one, "username")
    machine = name.startswith(("project_", "group_")) and "_bot" in name  # how GitLab calls the users of access tokens
    return Review(by=name, state="approved", time=_text(one, "approved_at"), machine=machine)


def _listed(value: Any) -> list[Mapping[str, Any]]:
    """A list, or GraphQL's {nodes: […]}."""
    if isinstance(value, Mapping):
        value = value.get("nodes")
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(table: Mapping[str, Any], *keys: str) -> str:
    value: Any = table
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value.strip() if isinstance(value, str) else ""


def _ids(*commits: str) -> frozenset[str]:
    return frozenset(one.lower() for one in commits if one)
