"""Finds what settings name: a file below the project, or an object as "module:function"."""

from __future__ import annotations

import importlib
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError, near

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def is_object(source: str) -> bool:
    """Whether `source` has the form "module:function" (dots allowed on both sides)."""
    return _OBJECT.fullmatch(source) is not None


def file(source: str, root: Path, *, error: type[ReadinessError], what: str) -> Path:
    """The existing file or folder that `source` names, relative to `root`.

    Raises:
        ReadinessError: of type `error`; there is no such file. It names the nearest one in that folder.
    """
    path = (root / Path(source).expanduser()).resolve()
    if path.exists():
        return path
    if not path.parent.is_dir():
        raise error(f"{what} {source} does not exist: there is no folder {path.parent}", fix=_PATH_FIX)
    hint = near(path.name, [p.name for p in path.parent.iterdir()])
    raise error(f"{what} {source} does not exist in {path.parent}{hint}", fix=_PATH_FIX)


def linked_folders(folder: Path) -> list[Path]:
    """Links below a folder to folders outside of it, which no walk over it enters."""
    inside = folder.resolve()
    links = [p for p in folder.rglob("*") if p.is_symlink() and p.is_dir()] if folder.is_dir() else []
    return sorted(link for link in links if not link.resolve().is_relative_to(inside))


_PATH_FIX = "correct the path in [tool.mlready] (paths are relative to the settings file), or write the file first"


def object_named(source: str, root: Path, *, error: type[ReadinessError]) -> Any:
    """Imports what "module:function" names, with `root` first on `sys.path` while it is imported.

    Raises:
        ReadinessError: of type `error`; the module or the name is missing, or the module fails on import.
    """
    module_name, _, path = source.partition(":")
    with importable(root):
        found = _import(module_name, source, root, error)
    for part in path.split("."):
        if not hasattr(found, part):
            hint = near(part, [n for n in dir(found) if not n.startswith("_")])
            raise error(f'"{source}": {module_name} has no {part}{hint}', fix="correct the name after the colon")
        found = getattr(found, part)
    return found


def _import(module_name: str, source: str, root: Path, error: type[ReadinessError]) -> Any:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as reason:
        if reason.name and (module_name == reason.name or module_name.startswith(f"{reason.name}.")):
            hint = near(module_name, [p.stem for p in root.glob("*.py")])
            raise error(f'"{source}": there is no module {module_name} in {root}{hint}', fix="correct it") from None
        raise error(f'"{source}": importing {module_name} needs {reason.name}, which is missing') from reason
    except (Exception, SystemExit) as reason:
        raise error(f'"{source}": importing {module_name} raised {type(reason).__name__}: {reason}') from reason


@contextmanager
def importable(root: Path) -> Iterator[None]:
    """Puts `root` first on `sys.path` for a while."""
    entry = str(root)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)
