"""Says where two parsed JSON documents differ, gathered by key: 400 object ids are one finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 100  # levels; what lies deeper is compared as a whole
SHOWN = 40  # signs of a value


@dataclass(frozen=True, slots=True)
class _Leaf:
    path: str
    key: str
    ours: Any
    theirs: Any


def differences(a: Any, b: Any) -> list[str]:
    """One sentence for each key under which values differ, most frequent first; none where the documents are equal."""
    by_key: dict[str, list[_Leaf]] = {}
    for leaf in _leaves(a, b, "$", "the whole", 0):
        by_key.setdefault(leaf.key, []).append(leaf)
    return [_told(key, leaves) for key, leaves in sorted(by_key.items(), key=lambda pair: -len(pair[1]))]


def _leaves(a: Any, b: Any, path: str, key: str, depth: int) -> Iterator[_Leaf]:
    if depth < DEEPEST and isinstance(a, dict) and isinstance(b, dict):
        for name in dict.fromkeys([*a, *b]):
            if name not in a or name not in b:
                yield _Leaf(f"{path}.{name}", f"{name}", a.get(name, "nothing"), b.get(name, "nothing"))
            else:
                yield from _leaves(a[name], b[name], f"{path}.{name}", str(name), depth + 1)
    elif depth < DEEPEST and isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for place, (ours, theirs) in enumerate(zip(a, b, strict=True)):
            yield from _leaves(ours, theirs, f"{path}[{place}]", key, depth + 1)
    elif a != b or type(a) is not type(b):
        yield _Leaf(path, key, a, b)


def _told(key: str, leaves: list[_Leaf]) -> str:
    first = leaves[0]
    count = f"{len(leaves)} values under {key} differ, first " if len(leaves) > 1 else ""
    return f"{count}{first.path}: {_short(first.ours)} and {_short(first.theirs)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
