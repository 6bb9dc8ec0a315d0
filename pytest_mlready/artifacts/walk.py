"""Walks over the opcodes of a pickle as an unpickler would, without executing anything, and lists what it would name.

It keeps the stack and the memo with stand-ins for objects, so that a global whose name comes from the memo is seen, and
so that the raw array bytes which joblib puts between opcodes are skipped by exactly as many bytes as joblib reads.
Source: CPython's Lib/pickle.py and pickletools.py; joblib's numpy_pickle.py.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pytest_mlready.artifacts import allowed, arrays
from pytest_mlready.artifacts.stack import UNKNOWN, WRAPPER, Made, Named, Stack, UnscannableError

_MEMO_WRITES = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "FRAME"}
_REFUSED = {
    "EXT1": "an extension code", "EXT2": "an extension code", "EXT4": "an extension code",
    "NEXT_BUFFER": "an out-of-band buffer", "READONLY_BUFFER": "an out-of-band buffer",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Trace:
    """What a walk saw.

    Attributes:
        globals: (module, name) in order, with Python 3's names, each once.
        objections: (global or opcode, why) that forbid loading.
        joblib: Whether array bytes lie between the opcodes.
        problem: Why the walk could not go to the very end, or None.
    """

    globals: dict[tuple[str, str], None] = field(default_factory=dict)
    objections: dict[tuple[str, str], None] = field(default_factory=dict)
    joblib: bool = False
    problem: str | None = None


def walk(data: bytes, *, persistent_ids: bool = False, trusted: tuple[str, ...] = ()) -> Trace:
    """Walks over all pickles in `data`, to its very end.

    Args:
        data: One pickle or several, without compression.
        persistent_ids: Whether the format has them (PyTorch's archives do).
        trusted: Dotted names accepted besides the list.

    Returns:
        What was seen; with a `problem` when the data are damaged, cut off, followed by bytes that are no pickle, or in
        a form that cannot be followed.
    """
    trace, stream = Trace(), BytesIO(data)
    try:
        while stream.tell() < len(data) or not data:
            _Machine(stream, trace, persistent_ids=persistent_ids, trusted=trusted).run()
    except (UnscannableError, arrays.UnreadableError) as reason:
        trace.problem = f"{reason} (near byte {stream.tell():,} of {len(data):,})"
    except Exception as reason:  # noqa: BLE001 - hostile bytes may break pickletools in any way
        trace.problem = f"not a whole pickle: {reason} (near byte {stream.tell():,} of {len(data):,})"
    return trace


class _Machine(Stack):
    """An unpickler's stack and memo over stand-ins."""

    def __init__(
        self, stream: BytesIO, trace: Trace, *, persistent_ids: bool, trusted: tuple[str, ...], inner: bool = False
    ) -> None:
        super().__init__()
        self.stream, self.trace, self.persistent_ids, self.trusted = stream, trace, persistent_ids, trusted
        self.inner = inner  # an array of objects inside a joblib file: read by a plain unpickler
        self.protocol = 0
        self.frame_end = 0
        self.awaited: list[str] = []  # opcodes that must come next, after the array wrapper was named

    def run(self) -> None:
        for op, arg, _ in pickletools.genops(self.stream):
            self._keep_wrapper_contained(op.name)
            step = getattr(self, f"do_{op.name.lower()}", None)
            if step is not None:
                step(arg)
            elif op.name in _REFUSED:
                self.object_to(op.name, f"uses {_REFUSED[op.name]}, whose meaning lies outside the file")
                self.generic(op, arg)
            else:
                self.generic(op, arg)

    def _keep_wrapper_contained(self, opcode: str) -> None:
        # The wrapper makes joblib read raw bytes. Were it made in any other way than joblib writes it, the walk could
        # lose the place where opcodes go on.
        if self.awaited and opcode not in _MEMO_WRITES and opcode != self.awaited.pop(0):
            raise UnscannableError("joblib's array wrapper is used in a way that joblib never writes")

    def push(self, value: Any) -> None:
        if value == WRAPPER:
            if self.inner:
                raise UnscannableError("joblib's array wrapper lies where joblib does not look for it")
            self.trace.joblib = True
            self.awaited = ["EMPTY_TUPLE", "NEWOBJ"]
        super().push(value)

    def do_proto(self, arg: int) -> None:
        self.protocol = arg

    def do_stop(self, _: Any) -> None:
        self.pop()
        self.refuse_inside_frame("a pickle ends")

    def refuse_inside_frame(self, what: str) -> None:
        # Unpicklers read a frame ahead: whatever reads the file next would then go on at the frame's end, not here.
        if self.stream.tell() < self.frame_end:
            raise UnscannableError(f"{what} inside a frame, where readers differ")

    def do_frame(self, arg: int) -> None:
        self.frame_end = max(self.frame_end, self.stream.tell() + arg)

    # Names and calls ------------------------------------------------------------------------------------------------
    def object_to(self, what: str, why: str) -> None:
        self.trace.objections[what, why] = None

    def name(self, module: Any, name: Any) -> Named:
        if not (isinstance(module, str) and isinstance(name, str)):
            self.object_to("STACK_GLOBAL", "computes the name of a global while loading")
            return Named("", "")
        module, name = allowed.names(module, name, protocol=self.protocol)
        self.trace.globals[module, name] = None
        if why := allowed.objection(module, name, self.trusted):
            self.object_to(f"{module}.{name}", why)
        return Named(module, name)

    def do_global(self, arg: str) -> None:
        module, _, name = arg.partition(" ")
        if " " in name:
            raise UnscannableError("a global's name has a space in it")
        self.push(self.name(module, name))

    def do_stack_global(self, _: Any) -> None:
        name = self.pop()
        self.push(self.name(self.pop(), name))

    def call(self, function: Any, args: Any) -> None:
        if not isinstance(function, Named):
            self.object_to("REDUCE", "calls something that is not a plain global")
            function = Named("", "")
        self.push(Made(function, args))

    def do_reduce(self, _: Any) -> None:
        args = self.pop()
        self.call(self.pop(), args)

    do_newobj = do_reduce

    def do_newobj_ex(self, _: Any) -> None:
        self.pop()
        self.do_reduce(None)

    def do_inst(self, arg: str) -> None:
        args = tuple(self.pop_mark())
        self.do_global(arg)
        self.call(self.pop(), args)

    def do_obj(self, _: Any) -> None:
        function, *args = self.pop_mark() or [UNKNOWN]
        self.call(function, tuple(args))

    def do_persid(self, _: Any) -> None:
        self.persistent()

    def do_binpersid(self, _: Any) -> None:
        self.pop()
        self.persistent()

    def persistent(self) -> None:
        if not self.persistent_ids:
            self.object_to("PERSID", "asks the program that loads it for an object")
        self.push(UNKNOWN)

    def do_build(self, _: Any) -> None:
        state, target = self.pop(), self.pop()
        if isinstance(target, Named):
            self.object_to(f"{target.module}.{target.name}", "is changed for the whole process (BUILD on a global)")
        if isinstance(target, Made):
            target.states.append(dict(state) if isinstance(state, dict) else state)
            if target.by == WRAPPER:
                self.skip_array(target)
                target = UNKNOWN
        self.stack.append(target)

    def skip_array(self, wrapper: Made) -> None:
        """Moves past the bytes that joblib reads after an array wrapper; walks into them when they are a pickle."""
        self.refuse_inside_frame("array bytes begin")
        size = arrays.payload(wrapper, self.stream)
        if size is None:
            _Machine(self.stream, self.trace, persistent_ids=False, trusted=self.trusted, inner=True).run()
            return
        here = self.stream.tell()
        if here + size > self.stream.getbuffer().nbytes:
            raise UnscannableError(f"an array of {size:,} bytes is cut off")
        self.stream.seek(here + size)
