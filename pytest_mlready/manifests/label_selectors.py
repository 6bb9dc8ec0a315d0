"""Matches label selectors against labels, as Kubernetes does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.manifests.documents import at, entries, is_odd, shown, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEYS = ("matchLabels", "matchExpressions")


class NotUnderstoodError(Exception):
    """A selector says something that Kubernetes does not know; the message says what."""


def matches(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects these labels; an empty one selects everything.

    Raises:
        NotUnderstoodError: It has an unknown key or operator, or another shape.
    """
    if selector is None:
        return True
    if not isinstance(selector, Mapping):
        raise NotUnderstoodError(f"the selector is {shown(selector)}, expected a table")
    for key in selector:
        if key not in _KEYS:
            raise NotUnderstoodError(f'the selector has the key "{key}"{near(str(key), _KEYS)}')
    for key, odd in (("matchLabels", _is_no_table), ("matchExpressions", is_odd)):
        if odd(selector, key):
            raise NotUnderstoodError(f"the selector's {key} is {shown(selector[key])}")
    wanted = texts(table(selector, "matchLabels"))
    held = [_holds(entry, labels) for _, entry in entries(selector, "matchExpressions")]  # all, so that none hides
    return all(held) and all(labels.get(key) == value for key, value in wanted.items())


def _is_no_table(selector: Mapping[str, Any], key: str) -> bool:
    return not isinstance(selector.get(key), Mapping | None)


def is_empty(selector: Any) -> bool:
    """Whether a selector selects everything."""
    return not at(selector, "matchLabels") and not at(selector, "matchExpressions")


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator, values = str(expression.get("key")), expression.get("operator"), expression.get("values") or []
    listed = {str(value) for value in values} if isinstance(values, list) else set()
    if operator == "In":
        return labels.get(key) in listed
    if operator == "NotIn":
        return labels.get(key) not in listed
    if operator in ("Exists", "DoesNotExist"):
        return bool((key in labels) == (operator == "Exists"))
    raise NotUnderstoodError(f"the operator {shown(operator)} of a selector; there are In, NotIn, Exists, DoesNotExist")


def text(selector: Any) -> str:
    """A selector for the reader: app=income, tier in (web)."""
    wanted = [f"{key}={value}" for key, value in texts(table(selector, "matchLabels")).items()]
    wanted += [
        f"{entry.get('key')} {entry.get('operator')} {entry.get('values') or ''}".strip()
        for _, entry in entries(selector, "matchExpressions")
    ]
    return ", ".join(wanted) or "everything"


def nearest(selector: Any, labels: Iterable[Mapping[str, str]]) -> str:
    """A hint at the label that may be meant: `; did you mean "app=income"?`; empty when none is near."""
    there = {f"{key}={value}" for table in labels for key, value in table.items()}
    wanted = [f"{key}={value}" for key, value in texts(table(selector, "matchLabels")).items()]
    wanted += [
        f"{entry.get('key')}={value}"
        for _, entry in entries(selector, "matchExpressions")
        for value in (entry.get("values") if isinstance(entry.get("values"), list) else None) or ()
    ]
    return next((hint for pair in wanted if pair not in there and (hint := near(pair, sorted(there)[:1000]))), "")
