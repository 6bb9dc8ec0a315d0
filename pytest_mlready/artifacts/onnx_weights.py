"""Reads the numbers out of an ONNX file: initialisers, constants, and the attributes that hold trees and coefficients.

Source: onnx.proto (ModelProto.graph = 7; GraphProto.node = 1, .initializer = 5; NodeProto.attribute = 5, .op_type = 4;
AttributeProto.name = 1, .f = 2, .t = 5, .g = 6, .floats = 7, .tensors = 10, .graphs = 11; TensorProto.data_type = 2,
.float_data = 4, .int32_data = 5, .name = 8, .raw_data = 9, .double_data = 10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import protobuf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

DEEPEST = 40  # graphs inside attributes inside graphs
_FLOAT, _FLOAT16, _DOUBLE, _BFLOAT16 = 1, 10, 11, 16  # TensorProto.DataType
_TYPES = {_FLOAT: "<f4", _DOUBLE: "<f8", _FLOAT16: "<f2"}


def read(data: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """(name, values) of everything in the model that holds floating-point numbers.

    Raises:
        ValueError: It is no whole ONNX file.
    """
    try:
        for number, graph in protobuf.fields(memoryview(data)):
            if number == 7 and isinstance(graph, memoryview):
                yield from _graph(graph, "", 0)
    except IndexError:
        raise ValueError("it is no whole ONNX file") from None


def _graph(graph: memoryview, place: str, depth: int) -> Iterator[tuple[str, NDArray[Any]]]:
    if depth > DEEPEST:
        raise ValueError("its graphs lie too deep in one another")
    nodes = 0
    for number, value in protobuf.fields(graph):
        if number == 5 and isinstance(value, memoryview):
            yield from _tensor(value, place)
        elif number == 1 and isinstance(value, memoryview):
            yield from _node(value, f"{place}node {nodes}", depth)
            nodes += 1


def _node(node: memoryview, place: str, depth: int) -> Iterator[tuple[str, NDArray[Any]]]:
    parts = list(protobuf.fields(node))
    kind = next((bytes(v).decode("utf-8", "replace") for n, v in parts if n == 4 and isinstance(v, memoryview)), "")
    for number, value in parts:
        if number == 5 and isinstance(value, memoryview):
            yield from _attribute(value, f"{place} {kind}".rstrip(), depth)


def _attribute(attribute: memoryview, place: str, depth: int) -> Iterator[tuple[str, NDArray[Any]]]:
    import numpy as np

    parts = [(n, v) for n, v in protobuf.fields(attribute) if isinstance(v, memoryview)]
    name = f"{place}.{next((bytes(v).decode('utf-8', 'replace') for n, v in parts if n == 1), '')}"
    numbers = [np.frombuffer(v, "<f4") for n, v in parts if n in (2, 7)]
    if numbers:
        yield name, np.concatenate(numbers)
    for number, value in parts:
        if number in (5, 10):
            yield from _tensor(value, f"{name} ")
        elif number in (6, 11):
            yield from _graph(value, f"{name} ", depth + 1)


def _tensor(tensor: memoryview, place: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """A tensor of floats, wherever its values stand; others hold nothing that could be infinite."""
    import numpy as np

    parts = list(protobuf.fields(tensor))
    kind = next((v for n, v in parts if n == 2 and isinstance(v, int)), 0)
    held = [(n, v) for n, v in parts if isinstance(v, memoryview)]
    name = place + next((bytes(v).decode("utf-8", "replace") for n, v in held if n == 8), "tensor")
    raw = [v for n, v in held if n == 9]
    if kind in _TYPES:
        found = [np.frombuffer(v, _TYPES[kind]) for v in raw]
        found += [np.frombuffer(v, "<f4") for n, v in held if n == 4]
        found += [np.frombuffer(v, "<f8") for n, v in held if n == 10]
        if found:
            yield name, np.concatenate(found)
    elif kind == _BFLOAT16 and raw:  # the upper half of a float32
        bits = np.concatenate([np.frombuffer(v, "<u2") for v in raw]).astype("<u4") << 16
        yield name, bits.view("<f4")
