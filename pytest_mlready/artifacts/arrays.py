"""Computes how many bytes an array takes in a joblib file, from stand-ins alone."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from io import BytesIO

_STATE = {"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"}
_SIMPLE = re.compile(r"[biufcmM?](\d+)")
_FLEXIBLE = {"S": 1, "U": 4, "V": 1}
_DEPTH = 8


class UnreadableError(Exception):
    """The size of an array does not follow from the pickle alone."""


def payload(wrapper: Any, stream: BytesIO) -> int | None:
    """Bytes of the array that follows a joblib wrapper; None when a nested pickle follows (an array of objects).

    Moves `stream` past the alignment bytes, as joblib does before it reads an array.

    Args:
        wrapper: A `stack.Made` with the wrapper's states.
        stream: At the first byte after the wrapper's BUILD.

    Raises:
        UnreadableError: the wrapper is not as joblib writes it.
    """
    state: dict[str, Any] = {}
    for update in wrapper.states:
        if not isinstance(update, dict) or not set(update) <= _STATE:
            raise UnreadableError("joblib's array wrapper has a state that joblib never writes")
        state |= update
    shape, kind = state.get("shape"), getattr(state.get("subclass"), "name", None)
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise UnreadableError("an array's shape is not a tuple of numbers")
    if kind not in ("ndarray", "matrix", "memmap") or getattr(state.get("dtype"), "by", None) is None:
        raise UnreadableError("an array has an unknown class or type")
    if has_objects(state["dtype"]):
        return None
    if state.get("numpy_array_alignment_bytes") is not None:
        padding = stream.read(1)
        stream.read(padding[0] if padding else 0)
    return math.prod(shape) * item_size(state["dtype"])


def item_size(dtype: Any, depth: int = 0) -> int:
    """Bytes of one element of a `numpy.dtype` stand-in.

    Raises:
        UnreadableError: not a dtype as NumPy pickles it.
    """
    code, state = _parts(dtype, depth)
    if match := _SIMPLE.fullmatch(code):
        return int(match[1])
    if code[:1] in _FLEXIBLE and code[1:].isdigit():
        size = int(code[1:]) * _FLEXIBLE[code[0]]
        if size > 0 and (state is None or (len(state) > 5 and state[5] == size)):
            return size
    raise UnreadableError(f"an array has elements of unknown size ({code!r})")


def has_objects(dtype: Any, depth: int = 0) -> bool:
    """Whether elements are Python objects, in which case joblib writes a nested pickle.

    Raises:
        UnreadableError: objects inside a structured type, which joblib's readers treat in more than one way.
    """
    code, state = _parts(dtype, depth)
    if code in ("O", "O8", "O4"):
        return True
    inner = _inner(state) if state is not None else []
    if any(has_objects(one, depth + 1) for one in inner):
        raise UnreadableError("an array has objects inside structured elements")
    return False


def _parts(dtype: Any, depth: int) -> tuple[str, tuple[Any, ...] | None]:
    by = getattr(dtype, "by", None)
    if depth > _DEPTH or by is None or (by.module, by.name) != ("numpy", "dtype"):
        raise UnreadableError("an array's type is not made by numpy.dtype")
    args, states = dtype.args, dtype.states
    if not isinstance(args, tuple) or not args or not isinstance(args[0], str) or len(states) > 1:
        raise UnreadableError("an array's type is not as NumPy pickles it")
    if states and (not isinstance(states[0], tuple) or len(states[0]) < 5):
        raise UnreadableError("an array's type has a state that NumPy never writes")
    return args[0], states[0] if states else None


def _inner(state: tuple[Any, ...]) -> list[Any]:
    """Types of the fields, and of a sub-array's elements."""
    subarray, fields = state[2], state[4]
    if len(state) > 7 and isinstance(state[7], int) and state[7] & 1 and not (subarray or fields):
        raise UnreadableError("an array's type claims objects without naming them")
    parts = [subarray, *fields.values()] if isinstance(fields, dict) and "\0" not in fields else [subarray, fields]
    if not all(part is None or (isinstance(part, tuple) and part) for part in parts):
        raise UnreadableError("an array's type has fields that NumPy never writes")
    return [part[0] for part in parts if part]
