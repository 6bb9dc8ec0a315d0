"""Says which parameters of two loaded models differ: names, how many numbers, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.quality.training.artifact_difference import arrays

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 20  # levels of attributes and containers
MOST_VISITED = 200_000  # values; a model of many trees is not walked to its end
SIMPLE = (bool, int, float, complex, str, bytes, type(None))


def differences(a: Any, b: Any, *, most: int = 5) -> list[str]:
    """Sentences on the first `most` parameters that differ; none where nothing that can be looked into does.

    Walks attributes, dictionaries, lists and arrays; what hides its state (compiled objects) is passed over.

    Args:
        a: An estimator.
        b: Another of its kind.
        most: Sentences at most.
    """
    walk = _Walk()
    found = []
    for said in walk.pairs(a, b, "", 0):
        found.append(said)
        if len(found) == most:
            break
    return found


class _Walk:
    def __init__(self) -> None:
        self.seen: set[tuple[int, int]] = set()

    def pairs(self, a: Any, b: Any, name: str, depth: int) -> Iterator[str]:
        if a is b or depth > DEEPEST or (id(a), id(b)) in self.seen or len(self.seen) > MOST_VISITED:
            return
        if not isinstance(a, SIMPLE):
            self.seen.add((id(a), id(b)))
        place = name.lstrip(".") or "the model"
        if type(a) is not type(b):
            yield f"{place} is a {type(a).__name__} and a {type(b).__name__}"
        elif isinstance(a, np.ndarray) and a.dtype.kind != "O":
            yield from (f"{place}: {said}" for said in arrays(a, b))
        elif isinstance(a, (list, tuple, np.ndarray)):
            yield from self._sequences(a, b, name, depth)
        elif isinstance(a, (*SIMPLE, np.generic)):
            if a != b and not (a != a and b != b):  # noqa: PLR0124 - NaN equals NaN here
                yield f"{place} is {str(a)[:40]!r} and {str(b)[:40]!r}"
        else:
            yield from self._attributes(_state(a), _state(b), name, depth, dotted=not isinstance(a, dict))

    def _sequences(self, a: Any, b: Any, name: str, depth: int) -> Iterator[str]:
        if len(a) != len(b):
            yield f"{name.lstrip('.') or 'the model'} has {len(a)} and {len(b)} entries"
            return
        for place, (ours, theirs) in enumerate(zip(a, b, strict=True)):
            yield from self.pairs(ours, theirs, f"{name}[{place}]", depth + 1)

    def _attributes(
        self, a: dict[Any, Any], b: dict[Any, Any], name: str, depth: int, *, dotted: bool
    ) -> Iterator[str]:
        for key in dict.fromkeys([*a, *b]):
            where = f"{name}.{key}" if dotted else f"{name}[{str(key)[:40]!r}]"
            if key not in a or key not in b:
                yield f"{where.lstrip('.')} is only in the {'first' if key in a else 'second'}"
            else:
                yield from self.pairs(a[key], b[key], where, depth + 1)


def _state(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return value
    return getattr(value, "__dict__", None) or {
        name: getattr(value, name) for name in getattr(type(value), "__slots__", ()) if hasattr(value, name)
    }
