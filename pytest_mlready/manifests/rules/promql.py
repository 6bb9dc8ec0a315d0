"""Parses PromQL and lists what a query asks for: series, windows, quantiles, limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import MissingExtra
from pytest_mlready.manifests.rules.constants import constant
from pytest_mlready.manifests.rules.selectors import Matcher, NotUnderstoodError, Selector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
LONGEST = 20_000  # characters of a query that are parsed
DEEPEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A comparison with a number: `op` as if the number stood on the right."""

    op: str
    value: float


@dataclass(slots=True, kw_only=True)
class Query:
    """What a query asks for."""

    text: str
    selectors: list[Selector] = field(default_factory=list)
    quantiles: list[float] = field(default_factory=list)  # of histogram_quantile and matchers on "quantile"
    limits: list[Limit] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)  # what `and` joins at the top, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One comparison that stands by itself or between `and`: its limit and the series it reads."""

    limit: Limit
    selectors: tuple[Selector, ...]


@cache
def parse(text: str) -> Query:
    """What a query asks for.

    Raises:
        NotUnderstoodError: It is no PromQL that the parser knows.
        MissingExtra: The parser is not installed.
    """
    tree = _tree(text)
    query = Query(text=text)
    _Walk(query).visit(tree, (), 0.0, 0)
    query.clauses += _clauses(tree)
    return query


def _tree(text: str) -> Any:
    if len(text) > LONGEST:
        raise NotUnderstoodError(f"a query of {len(text):,} characters")
    try:
        return parser().parse(text)
    except (ValueError, RecursionError) as error:
        raise NotUnderstoodError(f"{' '.join(text.split())[:120]} ({error})") from None


def parser() -> ModuleType:
    """The library that parses PromQL.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import promql_parser
    except ImportError:
        raise MissingExtra("promql-parser", "monitoring", "reading alert rules") from None
    return promql_parser


@dataclass(slots=True)
class _Walk:
    query: Query

    def visit(self, node: Any, inside: tuple[str, ...], outer: float, depth: int) -> None:
        """Notes what stands at and below a node; `outer` seconds are looked back by what is around it."""
        if depth > DEEPEST:
            raise NotUnderstoodError("a query nested too deeply")
        kind = type(node).__name__
        visitor = getattr(self, f"_{kind.lower()}", None)
        if visitor is None:
            raise NotUnderstoodError(f"{kind} in {' '.join(self.query.text.split())[:120]}")
        visitor(node, inside, outer, depth + 1)

    def _parenexpr(self, node: Any, inside: tuple[str, ...], outer: float, depth: int) -> None:
        self.visit(node.expr, inside, outer, depth)

    _unaryexpr = _parenexpr

    def _numberliteral(self, *_: Any) -> None: ...

    _stringliteral = _numberliteral

    def _aggregateexpr(self, node: Any, inside: tuple[str, ...], outer: float, depth: int) -> None:
        self.visit(node.expr, (*inside, str(node.op)), outer, depth)

    def _binaryexpr(self, node: Any, inside: tuple[str, ...], outer: float, depth: int) -> None:
        if limit := _limit(node):
            self.query.limits.append(limit)
        self.visit(node.lhs, inside, outer, depth)
        self.visit(node.rhs, inside, outer, depth)

    def _call(self, node: Any, inside: tuple[str, ...], outer: float, depth: int) -> None:
        if node.func.name == "histogram_quantile" and (quantile := constant(node.args[0])) is not None:
            self.query.quantiles.append(quantile)
        for argument in node.args:
            self.visit(argument, (*inside, node.func.name), outer, depth)

    def _subqueryexpr(self, node: Any, inside: tuple[str, ...], outer: float, depth: int) -> None:
        if node.at is not None:
            raise NotUnderstoodError("the modifier @")
        self.visit(node.expr, inside, outer + _seconds(node.range) + max(0.0, _seconds(node.offset)), depth)

    def _matrixselector(self, node: Any, inside: tuple[str, ...], outer: float, depth: int) -> None:  # noqa: ARG002
        self._select(node.vector_selector, inside, outer, _seconds(node.range))

    def _vectorselector(self, node: Any, inside: tuple[str, ...], outer: float, depth: int) -> None:  # noqa: ARG002
        self._select(node, inside, outer, 0.0)

    def _select(self, node: Any, inside: tuple[str, ...], outer: float, window: float) -> None:
        if node.at is not None:
            raise NotUnderstoodError("the modifier @")
        if node.matchers.or_matchers:
            raise NotUnderstoodError("alternatives of matchers (or) in a selector")
        matchers = [Matcher(label=m.name, op=_op(m), value=m.value) for m in node.matchers.matchers]
        name = node.name
        for matcher in matchers:
            if matcher.label == "__name__" and matcher.op == "=":
                name = matcher.value
            elif matcher.label == "quantile" and matcher.op == "=":
                self.query.quantiles.append(_number(matcher.value))
        kept = tuple(m for m in matchers if (m.label, m.op) != ("__name__", "="))
        reach = outer + window + max(0.0, _seconds(node.offset))
        self.query.selectors.append(
            Selector(name=name, matchers=kept, window=window, reach=reach, inside=inside)
        )  # fmt: skip


def _op(matcher: Any) -> str:
    return {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}[str(matcher.op).rpartition(".")[2]]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _seconds(duration: Any) -> float:
    return 0.0 if duration is None else float(duration.total_seconds())


def _limit(node: Any) -> Limit | None:
    op = str(node.op)
    if op not in COMPARISONS:
        return None
    if (value := constant(node.rhs)) is not None:
        return Limit(op=op, value=value)
    if (value := constant(node.lhs)) is not None:
        return Limit(op=op.translate(str.maketrans("<>", "><")), value=value)
    return None


def _clauses(node: Any) -> Iterator[Clause]:
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    if type(node).__name__ != "BinaryExpr":
        return
    if str(node.op) == "and":
        yield from _clauses(node.lhs)
        yield from _clauses(node.rhs)
    elif limit := _limit(node):
        part = Query(text="")
        _Walk(part).visit(node, (), 0.0, 0)
        yield Clause(limit=limit, selectors=tuple(part.selectors))
