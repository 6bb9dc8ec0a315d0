"""Reads the texts of a pickle from its opcodes, forward, without executing anything and without holding its arrays.

The stack and the memo are kept with stand-ins (`artifacts.stack`), so that a dict's value is told with its key, and the
raw array bytes that joblib puts between opcodes are passed over. Source: CPython's pickletools.
"""

from __future__ import annotations

import io
import pickletools
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import arrays
from pytest_mlready.artifacts.contents import headers, texts
from pytest_mlready.artifacts.contents.found import Gap, Piece
from pytest_mlready.artifacts.contents.limits import SpentError
from pytest_mlready.artifacts.contents.streams import STEP, FileSource, Section
from pytest_mlready.artifacts.stack import UNKNOWN, WRAPPER, Made, Named, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.artifacts.contents.found import At, Found
    from pytest_mlready.artifacts.contents.streams import Source
    from pytest_mlready.artifacts.contents.walk import Walk

LONGEST_WORD = 1 << 20  # bytes of a text that is held; a longer one is read like a file
_SHORTEST_FILE = 64  # bytes in which a file of its own may hide
_MOST_OBJECTS = 4_000_000  # in the memo: a few hundred MB
_MOST_KEYS = 1024  # that a stand-in for a dict keeps: an array's description has a dozen
_COUNTED = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_BYTES = frozenset(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "BINSTRING", "SHORT_BINSTRING"))
_OPCODES: dict[bytes, pickletools.OpcodeInfo] = {o.code.encode("latin-1"): o for o in pickletools.opcodes}


def pieces(source: Source, at: At, walk: Walk) -> Iterator[Found]:
    """Yields the texts of all pickles in a row, and of what lies inside them."""
    tensors, first = False, True
    while first or source.peek(1) == b"\x80":
        first = False
        reader = _Reader(source, at, walk)
        try:
            yield from reader.run()
        except SpentError:
            raise
        except Exception:  # noqa: BLE001 - hostile bytes may break the reading in any way; what they say stays unsaid
            yield from reader.flush()
            yield Gap(at=at, why=f"its pickle cannot be followed to its end (near byte {source.position:,})")
            break
        tensors |= reader.persistent
    if not tensors and source.peek(1):  # PyTorch's older files go on with their tensors
        yield from walk.binary(source, at.part("rest"))


class _Reader(Stack):
    """One pickle: its stack and memo, and the texts seen since the last piece."""

    def __init__(self, source: Source, at: At, walk: Walk) -> None:
        super().__init__()
        self.source, self.at, self.walk = source, at, walk
        self.persistent = False
        self._words: list[str] = []
        self._pairs: list[str] = []
        self._size = 0

    def run(self) -> Iterator[Found]:
        while True:
            op = _OPCODES[self.source.exactly(1)]
            if op.arg is not None and op.arg.n in _COUNTED:
                size = int.from_bytes(self.source.exactly(_COUNTED[op.arg.n]), "little")
                yield from self._counted(op, size)
            else:
                arg = op.arg.reader(self.source) if op.arg is not None else None  # type: ignore[arg-type]
                step = getattr(self, f"do_{op.name.lower()}", None)
                yield from (step(arg) if step else self._plain(op, arg)) or ()
            if self._size > texts.BLOCK:
                yield from self.flush()
            if op.name == "STOP":
                break
        yield from self.flush()

    def flush(self) -> Iterator[Piece]:
        """The texts seen since the last piece."""
        if self._words:
            yield Piece(at=self.at, text="\n".join(self._words), formats_only=True)
        if self._pairs:
            yield Piece(at=self.at, text="\n".join(self._pairs), formats_only=self.at.packaged)
        self._words, self._pairs, self._size = [], [], 0

    # Values ---------------------------------------------------------------------------------------------------------
    def _plain(self, op: pickletools.OpcodeInfo, arg: Any) -> Iterator[Found]:
        if isinstance(arg, str):
            encoded, numbers = self._context()
            if encoded:
                yield from self._encoded(arg, numbers=numbers)
            else:
                self._note(arg)
        self.generic(op, arg)

    def _counted(self, op: pickletools.OpcodeInfo, size: int) -> Iterator[Found]:
        value: Any = UNKNOWN
        encoded, numbers = self._context()
        if op.name.startswith("LONG"):
            self.source.leave(size)
        elif encoded and size <= LONGEST_WORD:
            yield from self._encoded(self.source.exactly(size).decode("utf-8", "replace"), numbers=numbers)
        elif numbers:
            yield from array(self.source, size, self.at)
        elif op.name in _BYTES and size >= _SHORTEST_FILE:
            inside = Section(self.source, size)
            yield from self.walk.open(inside, self.at.inside("bytes", "bytes"))
            inside.finish()
        elif size > LONGEST_WORD:
            inside = Section(self.source, size)
            yield from texts.of_file(inside, self.at.part("text", "text.txt"), "utf-8")
            inside.finish()
        else:
            value = self.source.exactly(size).decode("utf-8", "replace")
            self._note(value)
        self.push(value)

    def _context(self) -> tuple[bool, bool]:
        """Whether the next text stands for bytes (up to protocol 2), and whether it holds an array's numbers.

        An array's numbers follow its type and order, or the name of what makes it.
        """
        under = self.stack or (self.outer[-1] if self.outer else [])
        encoded = bool(under) and isinstance(under[-1], Named) and under[-1].name == "encode"
        if encoded:
            under = under[-3:-1]
        if under and isinstance(under[-1], Named) and under[-1].name == "_frombuffer":
            return encoded, True
        typed = len(under) > 1 and isinstance(under[-1], bool) and isinstance(under[-2], Made)
        return encoded, typed and under[-2].by.name == "dtype"

    def _encoded(self, text: str, *, numbers: bool) -> Iterator[Found]:
        data = text.encode("latin-1", "replace")
        if numbers:
            yield Piece(at=self.at, text=headers.fixed_width(data), formats_only=True)
        elif len(data) >= _SHORTEST_FILE:
            yield from self.walk.open(FileSource(io.BytesIO(data), self.walk.budget), self.at.inside("bytes", "bytes"))
        else:
            self._note(data.decode("ascii", "replace"))

    def _note(self, text: str) -> None:
        """Keeps a text; one of several lines, or a long one, may be a whole file of settings."""
        if len(text) < texts.SHORTEST_RUN:
            return
        if "\n" in text or len(text) > 200:
            self._pairs.append(text)
        else:
            self._words.append(text)
        self._size += len(text)

    def fill(self, items: list[Any]) -> None:
        for key, value in zip(items[::2], items[1::2], strict=False):
            if isinstance(key, str) and isinstance(value, str) and value:
                self._pairs.append(texts.assignment(key, value))
                self._size += len(self._pairs[-1])
        target = self.stack[-1] if self.stack else None
        if not isinstance(target, dict) or len(target) < _MOST_KEYS:
            super().fill(items)

    def remember(self, key: int) -> None:
        if len(self.memo) > _MOST_OBJECTS:
            raise SpentError(f"a pickle in it has more than {_MOST_OBJECTS:,} objects")
        super().remember(key)

    # Names and calls ------------------------------------------------------------------------------------------------
    def do_global(self, arg: str) -> None:
        module, _, name = arg.partition(" ")
        self.push(Named(module, name))

    def do_stack_global(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        self.push(Named(module, name) if isinstance(module, str) and isinstance(name, str) else UNKNOWN)

    def do_reduce(self, _: Any) -> None:
        args, function = self.pop(), self.pop()
        self.push(Made(function, args) if isinstance(function, Named) else UNKNOWN)

    do_newobj = do_reduce

    def do_inst(self, _: Any) -> None:
        self.pop_mark()
        self.push(UNKNOWN)

    do_obj = do_inst

    def do_persid(self, _: Any) -> None:
        self.persistent = True
        self.push(UNKNOWN)

    def do_binpersid(self, _: Any) -> None:
        self.pop()
        self.do_persid(None)

    def do_build(self, _: Any) -> Iterator[Found] | None:
        state, target = self.pop(), self.pop()
        if not isinstance(target, Made):
            self.stack.append(target)
            return None
        target.states.append(dict(state) if isinstance(state, dict) else state)
        if target.by != WRAPPER:
            self.stack.append(target)
            return None
        self.stack.append(UNKNOWN)
        return self._joblib_array(target)

    def _joblib_array(self, wrapper: Made) -> Iterator[Found]:
        size = arrays.payload(wrapper, self.source)  # type: ignore[arg-type] # it reads, and nothing else
        if size is None:
            yield from _Reader(self.source, self.at, self.walk).run()
        else:
            yield from array(self.source, size, self.at)


def array(source: Source, size: int, at: At) -> Iterator[Piece]:
    """Passes over the bytes of an array; yields its texts, where it has texts of fixed width.

    Raises:
        CannotOpenError: It is cut off.
    """
    inside = Section(source, size)
    while headers.fixed_width(inside.peek(4096)) and (data := inside.read(STEP)):
        yield Piece(at=at, text=headers.fixed_width(data), formats_only=True)
    inside.finish()
