"""Reads YAML from outside: no types of other languages, no expansion beyond limits, no key twice."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast; not every platform has it
_MARKER = re.compile(r"^(?:---(?=\s|$)|\.\.\.(?=\s*$))", re.MULTILINE)
_CONTENT = re.compile(r"^[ \t]*[^\s#%]", re.MULTILINE)
_DIRECTIVE = re.compile(r"^%.*$", re.MULTILINE)
# As YAML 1.2 and Kubernetes read them: 22:22 is a text and no sexagesimal number, 2024-01-01 is no date.
_INTEGER = re.compile(r"[-+]?(?:0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|[1-9][0-9]*|0)$")
_FLOAT = re.compile(r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.?[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|\.(?:nan|NaN)$")


class YamlError(Exception):
    """One document cannot be read; the message says where and why."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {message}" if line else message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one document may ask for.

    Attributes:
        values: Scalars, lists and tables in one document, as written; the largest CRDs have about 100,000.
        expanded: The same with every alias replaced by what it stands for.
        depth: Lists and tables inside one another; people write about 25.
    """

    values: int = 250_000
    expanded: int = 1_000_000
    depth: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One document of a stream, as text.

    Attributes:
        number: Place in the file, from 1; empty ones do not count.
        text: From its first to its last line.
        offset: Lines before it.
    """

    number: int
    text: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document's value, and how many scalars, lists and tables it is written with."""

    value: Any
    values: int


class _Loader(_Base):  # type: ignore[misc]
    yaml_implicit_resolvers = {  # noqa: RUF012 - the shape that PyYAML gives it
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":int", ":float", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


def _construct_int(loader: Any, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    octal = re.fullmatch(r"([-+]?)0([0-7]+)", text)
    return int(f"{octal[1]}0o{octal[2]}" if octal else text, 0)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))  # a plain "="


def parts(text: str) -> Iterator[Part]:
    """The documents of a stream, so that one that cannot be read does not hide those after it."""
    number = start = offset = 0
    for marker in itertools.chain(_MARKER.finditer(text), [None]):
        body = text[start : marker.start() if marker else len(text)]
        if _CONTENT.search(body):
            number += 1
            yield Part(number=number, text=_without_directives(body), offset=offset)
        offset += body.count("\n")
        start = marker.end() if marker else len(text)


def parse(part: Part, limits: Limits) -> Parsed:
    """The value of one document.

    Raises:
        YamlError: It is no YAML, asks for more than the limits, names a key twice, or a type that YAML does not have.
    """
    try:
        values = _scan(part, limits)
        loader = _Loader(part.text)
        try:
            node = loader.get_single_node()
            _inspect(node, part, limits)
            return Parsed(value=loader.construct_document(node), values=values)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError((error.problem or "no YAML")[:200], mark.line + part.offset + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:
        raise YamlError(f"the character #x{_code(error):04x} is not allowed in YAML") from None
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, yaml.YAMLError):
        raise YamlError("a value does not fit its type") from None  # PyYAML's constructors raise all of these


def line(part: Part, path: Sequence[str | int]) -> int:
    """The line in the file, from 1, of the deepest step of `path` that a document has; the document was parsed before.

    Parses once more: keeping every node of a large manifest costs a hundred times its bytes, and findings are few.
    """
    at = node = _composed(part)
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        at, node = found
    return _line(at, part)


@functools.lru_cache(maxsize=8)  # findings come document by document
def _composed(part: Part) -> Any:
    return yaml.compose(part.text, Loader=_Loader)


def _line(met: Any, part: Part) -> int:
    """The line in the file of a node or event."""
    return int(met.start_mark.line) + part.offset + 1


def _without_directives(text: str) -> str:
    return _DIRECTIVE.sub("", text) if text.lstrip().startswith("%") else text


def _code(error: Any) -> int:
    return int(error.character) if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")


def _scan(part: Part, limits: Limits) -> int:
    """Walks the events before anything is built from them: depth and number."""
    depth = count = 0
    for count, event in enumerate(yaml.parse(part.text, Loader=_Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > limits.depth:
            raise YamlError(f"more than {limits.depth} lists and tables inside one another", _line(event, part))
        if count > limits.values:
            raise YamlError(f"more than {limits.values:,} values")
    return count


def _inspect(root: yaml.Node, part: Part, limits: Limits) -> None:
    """Refuses recursive aliases, expansions beyond the limit, and keys that stand twice."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        line = _line(node, part)
        if id(node) in sizes:
            if sizes[id(node)] < 0:
                raise YamlError("an alias stands inside what it stands for", line)
            return sizes[id(node)]
        sizes[id(node)] = -1
        if isinstance(node, yaml.MappingNode):
            _no_key_twice(node, part)
            total = 1 + sum(size(key) + size(value) for key, value in node.value)
        else:
            total = 1 + (sum(map(size, node.value)) if isinstance(node, yaml.SequenceNode) else 0)
        if total > limits.expanded:
            raise YamlError(f"aliases expand to more than {limits.expanded:,} values", line)
        sizes[id(node)] = total
        return total

    size(root)


def _no_key_twice(node: yaml.MappingNode, part: Part) -> None:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        line = _line(key, part)
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("a list or table stands where a key is expected", line)
        if key.value in seen and key.value != "<<":
            raise YamlError(f'the key "{key.value[:60]}" stands twice (first in line {seen[key.value]})', line)
        seen[key.value] = line


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """(where it begins, its value) of one step down: a key of a table, or an entry of a list."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
