"""Finds the pickle inside NumPy's .npy files, without NumPy.

Source: the format's description in numpy.lib.format.
"""

from __future__ import annotations

import ast
import re

MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 100_000
_OBJECTS = re.compile(r"[|<>=]?O")


def objects(data: bytes) -> bytes | None:
    """The pickle that holds an array of objects; None for an array of plain numbers or texts.

    Raises:
        ValueError: the header is damaged.
    """
    if len(data) < 12 or data[6] not in (1, 2, 3):
        raise ValueError("its version is unknown")
    width = 2 if data[6] == 1 else 4
    start = 8 + width
    length = int.from_bytes(data[8:start], "little")
    if length > _LONGEST_HEADER or start + length > len(data):
        raise ValueError("its header is cut off")
    try:
        header = ast.literal_eval(data[start : start + length].decode("utf-8" if data[6] == 3 else "latin-1").strip())
        described = header["descr"]
    except (SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as reason:
        raise ValueError("its header cannot be read") from reason
    return data[start + length :] if _names_objects(described) else None


def _names_objects(described: object) -> bool:
    if isinstance(described, str):
        return _OBJECTS.match(described) is not None
    return isinstance(described, list | tuple) and any(_names_objects(part) for part in described)
