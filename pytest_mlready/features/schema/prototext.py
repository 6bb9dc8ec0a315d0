"""Parses text protos as plain values: fields, messages, lists, strings, numbers, words."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 30
_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<sign>[{}\[\]<>:,;])|(?P<word>[-+.\w/]+)"""
)
_CLOSES = {"{": "}", "<": ">"}


def parse(source: str) -> dict[str, Any]:
    """The message; a field that stands several times is a list.

    Raises:
        DataError: it is no text proto; names the line.
    """
    tokens = list(_tokens(source))
    message, at = _message(tokens, 0, "", 0)
    if at != len(tokens):
        raise _mistake(tokens, at)
    return message


def _tokens(source: str) -> Iterator[tuple[str, str, int]]:
    """(kind, text, line) of each token."""
    at, line = 0, 1
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise DataError(f"line {line} is no text proto: {source[at : at + 20]!r}")
        if found.lastgroup:
            yield found.lastgroup, found.group(), line
        line += found.group().count("\n")
        at = found.end()


def _message(tokens: list[tuple[str, str, int]], at: int, closing: str, depth: int) -> tuple[dict[str, Any], int]:
    message: dict[str, Any] = {}
    while at < len(tokens) and tokens[at][1] != closing:
        if tokens[at][0] != "word":
            raise _mistake(tokens, at)
        name = tokens[at][1]
        value, at = _value(tokens, at + 1, depth)
        _add(message, name, value)
        at += at < len(tokens) and tokens[at][1] in (",", ";")
    return message, at


def _add(message: dict[str, Any], name: str, value: Any) -> None:
    if name not in message:
        message[name] = value
        return
    before = message[name] if isinstance(message[name], list) else [message[name]]
    message[name] = [*before, *(value if isinstance(value, list) else [value])]


def _value(tokens: list[tuple[str, str, int]], at: int, depth: int) -> tuple[Any, int]:
    if at < len(tokens) and tokens[at][1] == ":":
        at += 1
    if at >= len(tokens) or depth > DEEPEST:
        raise _mistake(tokens, at)
    kind, text, _ = tokens[at]
    if kind == "sign" and text in _CLOSES:
        message, at = _message(tokens, at + 1, _CLOSES[text], depth + 1)
        if at >= len(tokens):
            raise _mistake(tokens, at)
        return message, at + 1
    if kind == "sign" and text == "[":
        return _list(tokens, at + 1, depth + 1)
    if kind == "sign":
        raise _mistake(tokens, at)
    return _string(tokens, at) if kind == "text" else (_scalar(text), at + 1)


def _list(tokens: list[tuple[str, str, int]], at: int, depth: int) -> tuple[list[Any], int]:
    values = []
    while at < len(tokens) and tokens[at][1] != "]":
        value, at = _value(tokens, at, depth)
        values.append(value)
        at += at < len(tokens) and tokens[at][1] == ","
    if at >= len(tokens):
        raise _mistake(tokens, at)
    return values, at + 1


def _string(tokens: list[tuple[str, str, int]], at: int) -> tuple[str, int]:
    """A text; several in a row are one."""
    text = ""
    while at < len(tokens) and tokens[at][0] == "text":
        try:
            text += ast.literal_eval(tokens[at][1])
        except (ValueError, SyntaxError):
            raise _mistake(tokens, at) from None
        at += 1
    return text, at


def _scalar(word: str) -> Any:
    if word in ("true", "false"):
        return word == "true"
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def _mistake(tokens: list[tuple[str, str, int]], at: int) -> DataError:
    if at >= len(tokens):
        return DataError("the text proto ends in the middle of a field")
    return DataError(f"line {tokens[at][2]} is no text proto: {tokens[at][1][:20]!r}")
