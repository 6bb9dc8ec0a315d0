"""Calls one function of the team's in a process of its own: reads a request, imports, calls, writes what came of it.

A program, started as `python -P child.py request.json` in the project's folder. What the function prints goes to the
log of whoever started it; the answer is a file, since a function may print whatever it likes.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import inspect
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

resource: Any = None  # Windows has none
with contextlib.suppress(ImportError):
    resource = importlib.import_module("resource")
for name in ("resource", "difflib"):  # a project may have modules of these names, which it then imports itself
    sys.modules.pop(name, None)

DEPTH = 12  # of a returned mapping


class RefusedError(Exception):
    """The call cannot be made, or what came back cannot be used: what was found, what was expected."""

    def __init__(self, found: str, expected: str = "") -> None:
        super().__init__(found)
        self.expected = expected


class LackingError(RefusedError):
    """The function does not take an argument that is optional in general and needed for this call."""


def main() -> None:
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.path.insert(0, request["root"])
    sys.argv = [request["source"].partition(":")[0]]  # a module that reads its arguments has none
    try:
        answer = called(request)
        json.dumps(answer)
    except RefusedError as refusal:
        lacks = isinstance(refusal, LackingError)
        answer = {"found": str(refusal), "expected": refusal.expected, "lacks": lacks}
    except MemoryError:
        answer = {"found": "took more memory than its limit", "memory": True}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the team's code raises is the answer
        answer = {"found": f"raised {type(error).__name__}: {error}{place(error, request['root'])}"}
    Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def called(request: dict[str, Any]) -> dict[str, Any]:
    function = found(request["source"], request["root"])
    first, others = arguments(function, request)
    began = time.perf_counter()
    given = function(first, **others)
    seconds = time.perf_counter() - began
    value = {"path": as_path, "rows": as_rows, "mapping": as_mapping}[request["returns"]](given, request)
    return {"value": value, "seconds": seconds, "peak": peak()}


def found(source: str, root: str) -> Any:
    module_name, _, path = source.partition(":")
    try:
        thing = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise RefusedError(f"there is no module {module_name} in {Path(root).name}/") from None
        raise
    for part in path.split("."):
        if not hasattr(thing, part):
            raise RefusedError(f"{module_name} has no {part}{near(part, dir(thing))}")
        thing = getattr(thing, part)
    if not callable(thing):
        raise RefusedError(f"it is a {type(thing).__name__}", "a function")
    return thing


def near(name: str, known: list[str]) -> str:
    match = difflib.get_close_matches(name, [k for k in known if not k.startswith("_")], n=1)
    return f'; did you mean "{match[0]}"?' if match else ""


def arguments(function: Any, request: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The first argument and the others by name; optional ones only where the function takes them.

    Raises:
        RefusedError: The function does not take what it would be given.
    """
    signature = inspect.signature(function)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    given = {
        name: Path(value) if name in ("folder", "model") else value
        for name, value in request["arguments"].items()
        if takes_any or name in signature.parameters or name not in request["optional"]
    }
    if lacking := [name for name in request["arguments"] if name not in given and name in request["needed"]]:
        raise LackingError(f"{function.__name__}{signature} does not take {lacking[0]}", request["expected"])
    first = rows(request) if "rows" in request else request["example"]
    try:
        signature.bind(first, **given)
    except TypeError as error:
        raise RefusedError(f"{function.__name__}{signature} cannot be called: {error}", request["expected"]) from None
    return first, given


def rows(request: dict[str, Any]) -> Any:
    import polars as pl

    frame = pl.read_ipc(request["rows"])
    return frame.to_pandas() if request["frame"] == "pandas" else frame


def as_path(given: Any, request: dict[str, Any]) -> str:
    """An artifact that the call wrote. Anything else, such as a model itself, could only travel as a pickle."""
    expected = "the path of the artifact that it wrote in folder"
    if not isinstance(given, (str, Path)):
        raise RefusedError(f"it returned a {type(given).__name__}", expected)
    path, folder = (Path(request["arguments"]["folder"]) / given).resolve(), Path(request["arguments"]["folder"])
    if not path.exists():
        raise RefusedError(f"it returned {given}, which does not exist", expected)
    if not path.is_relative_to(folder.resolve()):
        raise RefusedError(f"it returned {given}, which is not in the folder that it was given", expected)
    return str(path)


def as_rows(given: Any, request: dict[str, Any]) -> str:
    import polars as pl

    frame = given
    if hasattr(given, "collect") and not isinstance(given, pl.DataFrame):
        frame = given.collect()
    if type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns"):
        refuse_another_order(list(frame.index))
        frame = pl.from_pandas(frame)
    if not isinstance(frame, pl.DataFrame):
        raise RefusedError(f"it returned a {type(given).__name__}", "a polars or pandas frame with named columns")
    target = f"{request['answer']}.arrow"
    frame.write_ipc(target)
    return target


def refuse_another_order(index: list[Any]) -> None:
    """The rows went out numbered from 0: pandas keeps the numbers when it sorts or shuffles them."""
    ordered = list(range(len(index)))
    with contextlib.suppress(TypeError):  # numbers and texts
        if index != ordered and sorted(index) == ordered:
            raise RefusedError("it returned the rows in another order, as their index tells", "the order of the rows")


def as_mapping(given: Any, _: dict[str, Any]) -> Any:
    if not isinstance(given, dict):
        raise RefusedError(f"it returned a {type(given).__name__}", "a dictionary")
    return plain(given, 0)


def plain(value: Any, depth: int) -> Any:
    """Numbers, text, lists and dictionaries as JSON has them; arrays as lists."""
    if depth > DEPTH:
        raise RefusedError(f"what it returned is nested deeper than {DEPTH} levels", "a dictionary of numbers")
    if isinstance(value, dict):
        return {str(key): plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner, depth + 1) for inner in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist(), depth + 1)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise RefusedError(f"what it returned holds a {type(value).__name__}", "numbers, text, lists and dictionaries")


def peak() -> int:
    """Most memory that this process held so far, in bytes; 0 where the system does not say."""
    if resource is None:
        return 0
    most = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return most if sys.platform == "darwin" else most * 1024


def place(error: BaseException, root: str) -> str:
    """Where in the team's own code it was raised."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(root)]
    return f" ({Path(frames[-1].filename).relative_to(root)}, line {frames[-1].lineno})" if frames else ""


if __name__ == "__main__":
    main()
