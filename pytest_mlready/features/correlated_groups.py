"""Puts inputs together that must be shuffled as one: those that the settings name, and those that depend strongly."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, near
from pytest_mlready.features.association import associations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

THRESHOLD = 0.8  # a convention: |rho| of 0.8 to 0.9 is where most texts begin to call inputs collinear
SHOWN = 3  # members in a group's name


def groups_of(
    frame: pl.DataFrame,
    *,
    threshold: float = THRESHOLD,
    named: Mapping[str, Sequence[str]] | None = None,
    text: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, tuple[str, ...]]:
    """Every column in just one group, by name, in the order of the frame.

    Two columns are in one group when the association of every two of its members is at least the threshold (complete
    linkage), so that a chain of neighbours does not become one large group.

    Args:
        frame: The model's inputs.
        threshold: 0 to 1; above 1 nothing is grouped.
        named: Groups that are known, by name: names or globs of columns. They are left as they are.
        text: Columns of free text.
        seed: Of the sample that associations are measured on.

    Raises:
        DataError: a named group matches no column, or a column stands in two.
    """
    known = _named(named or {}, frame.columns)
    taken = {column for members in known.values() for column in members}
    rest = frame.select(column for column in frame.columns if column not in taken)
    groups = known | {_name(members): members for members in _clusters(rest, threshold, text, seed)}
    return dict(sorted(groups.items(), key=lambda one: frame.columns.index(one[1][0])))


def _clusters(frame: pl.DataFrame, threshold: float, text: Sequence[str], seed: int) -> list[tuple[str, ...]]:
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    if frame.width < 2 or frame.height < 2:
        return [(column,) for column in frame.columns]
    distance = 1 - associations(frame, text=text, seed=seed)
    tree = hierarchy.linkage(squareform(distance, checks=False), method="complete")
    labels = hierarchy.fcluster(tree, 1 - threshold + 1e-12, criterion="distance").tolist()
    members: dict[int, list[str]] = {}
    for label, column in zip(labels, frame.columns, strict=True):
        members.setdefault(label, []).append(column)
    return [tuple(columns) for columns in members.values()]


def _named(named: Mapping[str, Any], columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for name, patterns in named.items():
        wanted = [patterns] if isinstance(patterns, str) else list(patterns)
        for pattern in wanted:
            if not any(fnmatchcase(column, str(pattern)) for column in columns):
                raise DataError(
                    f'the group "{name}" names "{pattern}", which is no input{near(str(pattern), columns)}',
                    fix="correct `groups`",
                )
        groups[name] = tuple(c for c in columns if any(fnmatchcase(c, str(pattern)) for pattern in wanted))
        if not groups[name]:
            raise DataError(f'the group "{name}" has no members', fix="correct `groups`")
    _refuse_twice(groups)
    if clash := [n for n, members in groups.items() if n in columns and members != (n,)]:
        raise DataError(f'the group "{clash[0]}" has the name of an input', fix="give it another name in `groups`")
    return groups


def _refuse_twice(groups: Mapping[str, tuple[str, ...]]) -> None:
    seen: dict[str, str] = {}
    for name, members in groups.items():
        for column in members:
            if column in seen:
                raise DataError(f'"{column}" is in the groups "{seen[column]}" and "{name}"', fix="correct `groups`")
            seen[column] = name


def _name(members: Iterable[str]) -> str:
    names = list(members)
    return " + ".join(names[:SHOWN]) + (f" + {len(names) - SHOWN} more" if len(names) > SHOWN else "")
