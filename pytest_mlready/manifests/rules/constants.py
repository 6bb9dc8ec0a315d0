"""Works out the numbers that stand in a query without any series, such as 14.4 * 0.001."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan, "^": lambda a, b: a**b, "%": math.fmod,
}  # fmt: skip


def constant(node: Any) -> float | None:
    """The number that an expression without series stands for, such as 14.4 * 0.001; None where there is none."""
    kind = type(node).__name__
    if kind == "NumberLiteral":
        return float(node.val)
    if kind == "ParenExpr":
        return constant(node.expr)
    if kind == "UnaryExpr":
        value = constant(node.expr)
        return None if value is None else -value
    if kind == "Call" and node.func.name in ("vector", "scalar") and node.args:
        return constant(node.args[0])
    if kind == "BinaryExpr" and str(node.op) in _ARITHMETIC:
        left, right = constant(node.lhs), constant(node.rhs)
        return None if left is None or right is None else _folded(str(node.op), left, right)
    return None


def _folded(op: str, left: float, right: float) -> float | None:
    try:
        value: object = _ARITHMETIC[op](left, right)
    except (OverflowError, ValueError, ZeroDivisionError):
        return None
    return value if isinstance(value, float) else None
