"""Reads joblib's stream (a pickle with array bytes between the opcodes) from memory, every global asked for first."""

from __future__ import annotations

import inspect
import io
import pickle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def load(data: bytes, find: Callable[[Any, str, str], Any]) -> Any:
    """Loads one object.

    Args:
        data: The stream without compression.
        find: (the unpickler's own find_class, module, name) -> the object of that name, or an exception.
    """
    from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

    class Inner(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            return find(super().find_class, module, name)

    class Reader(NumpyUnpickler):  # type: ignore[misc]
        dispatch = NumpyUnpickler.dispatch.copy()

        def find_class(self, module: str, name: str) -> Any:
            return find(super().find_class, module, name)

        def load_build(self) -> None:
            # joblib before 1.6 reads an array of objects with an unpickler that asks nobody: read it here.
            wrapper, state = self.stack[-2], self.stack[-1]
            if isinstance(wrapper, NumpyArrayWrapper) and isinstance(state, dict) and state["dtype"].hasobject:
                del self.stack[-2:]
                self.stack.append(Inner(self.file_handle).load())
            else:
                super().load_build()

        dispatch[pickle.BUILD[0]] = load_build

    options = {"ensure_native_byte_order": True}
    known = inspect.signature(NumpyUnpickler.__init__).parameters
    stream = io.BytesIO(data)
    return Reader("", stream, **{k: v for k, v in options.items() if k in known}).load()
