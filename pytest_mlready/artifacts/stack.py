"""Keeps an unpickler's stack and memo with stand-ins for objects."""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field
from typing import Any


class UnscannableError(Exception):
    """The walk cannot know what an unpickler would do here; the message says why."""


@dataclass(frozen=True, slots=True)
class Named:
    """A global on the stack."""

    module: str
    name: str


@dataclass(slots=True)
class Made:
    """What a call left on the stack, with what is known of it."""

    by: Named
    args: Any
    states: list[Any] = field(default_factory=list)


class _Unknown:
    """Any value that needs no watching."""


UNKNOWN = _Unknown()
COMPUTED = "\0"  # key of a dict that is not a plain text
WRAPPER = Named("joblib.numpy_pickle", "NumpyArrayWrapper")
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}


class Stack:
    """What opcodes do with values, whatever the values are."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # stacks below each mark
        self.memo: dict[int, Any] = {}

    def generic(self, op: pickletools.OpcodeInfo, arg: Any) -> None:
        """Applies an opcode's documented effect on the stack."""
        before, after = op.stack_before, op.stack_after
        if pickletools.markobject in before:
            self.pop_mark()
            for _ in range(before.index(pickletools.markobject)):
                self.pop()
        else:
            for _ in before:
                self.pop()
        for _ in after:
            self.push(_CONSTANTS.get(op.name, arg if isinstance(arg, str | int) else UNKNOWN))

    # The stack ------------------------------------------------------------------------------------------------------
    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack:
            raise UnscannableError("it takes more from the stack than there is")
        return self.stack.pop()

    def pop_mark(self) -> list[Any]:
        if not self.outer:
            raise UnscannableError("a mark is missing")
        items, self.stack = self.stack, self.outer.pop()
        return items

    def do_mark(self, _: Any) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def do_pop(self, _: Any) -> None:
        self.stack.pop() if self.stack else self.pop_mark()

    def do_pop_mark(self, _: Any) -> None:
        self.pop_mark()

    def do_dup(self, _: Any) -> None:
        value = self.pop()
        self.push(value)
        self.push(value)

    # The memo -------------------------------------------------------------------------------------------------------
    def remember(self, key: int) -> None:
        value = self.pop()
        self.memo[key] = value
        self.stack.append(value)

    def do_put(self, arg: Any) -> None:
        self.remember(int(arg))

    do_binput = do_long_binput = do_put

    def do_memoize(self, _: Any) -> None:
        self.remember(len(self.memo))

    def do_get(self, arg: Any) -> None:
        self.push(self.memo[int(arg)])

    do_binget = do_long_binget = do_get

    # Containers that a global's name or an array's shape may come from ----------------------------------------------
    def do_tuple(self, _: Any) -> None:
        self.push(tuple(self.pop_mark()))

    def do_tuple1(self, _: Any) -> None:
        self.push((self.pop(),))

    def do_tuple2(self, _: Any) -> None:
        second = self.pop()
        self.push((self.pop(), second))

    def do_tuple3(self, _: Any) -> None:
        third, second = self.pop(), self.pop()
        self.push((self.pop(), second, third))

    def do_empty_dict(self, _: Any) -> None:
        self.push({})

    def do_dict(self, _: Any) -> None:
        self.push({})
        self.fill(self.pop_mark_below())

    def pop_mark_below(self) -> list[Any]:
        """The items above the last mark, when a container was pushed after them."""
        container = self.pop()
        items = self.pop_mark()
        self.stack.append(container)
        return items

    def do_setitem(self, _: Any) -> None:
        value, key = self.pop(), self.pop()
        self.fill([key, value])

    def do_setitems(self, _: Any) -> None:
        self.fill(self.pop_mark())

    def fill(self, items: list[Any]) -> None:
        """Puts alternating keys and values into the dict on top of the stack."""
        target = self.pop()
        if isinstance(target, dict):
            pairs = zip(items[::2], items[1::2], strict=True)
            target.update((k if isinstance(k, str) else COMPUTED, v) for k, v in pairs)
        self.stack.append(target)
