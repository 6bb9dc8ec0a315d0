"""Finds commands that may start the service: applications in the source, commands of images and of compose files."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.discovery import Discovered

FRAMEWORKS = {"FastAPI": "uvicorn {} --port {{port}}", "Starlette": "uvicorn {} --port {{port}}",
              "Flask": "flask --app {} run --port {{port}}"}  # fmt: skip
MENTIONED = re.compile(rb"\b(FastAPI|Starlette|Flask)\s*\(")
PREDICTS = re.compile(r"predict|score|infer|classif", re.IGNORECASE)
LARGEST = 256 * 1024
FILES, SECONDS = 2000, 0.5  # how far the search for applications goes
AT_MOST = 5  # candidates
PORT = re.compile(r"(--port[= ]|-p |:)\d{2,5}\b")
SECRET = re.compile(r"passw|secret|token|api[-_]?key", re.IGNORECASE)
TESTS = frozenset({"tests", "test", "docs", "examples"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A command that may start the service: found, never tried.

    Attributes:
        start: With {port} for the port.
        where: The file that it was read from, relative to the project.
        predict: Method and path of what looks like its prediction, or "".
    """

    start: str
    where: Path
    predict: str = ""


def candidates(root: Path, discovered: Discovered) -> tuple[Service, ...]:
    """Commands that may start the service: applications in the source first, then those of images and compose files."""
    found = [*_applications(root), *_images(root, discovered), *_composed(root, discovered)]
    return tuple({s.start: s for s in reversed(found)}.values())[::-1][:AT_MOST]


def _applications(root: Path) -> Iterator[Service]:
    for place in _sources(root):
        content = _content(root / place)
        if not MENTIONED.search(content):
            continue
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        yield from _of_module(tree, place)


def _sources(root: Path) -> Iterator[Path]:
    """Python files, but for tests and what is hidden or installed; nearest first."""
    from pytest_mlready.discovery import SKIPPED

    deadline, met = time.monotonic() + SECONDS, 0
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(d for d in inner if not d.startswith(".") and d not in SKIPPED | TESTS)
        if "pyvenv.cfg" in files:
            inner[:] = []
            continue
        for name in sorted(files):
            met += 1
            if met > FILES or time.monotonic() > deadline:
                return
            if name.endswith(".py") and not name.startswith("test_"):
                yield Path(folder, name).relative_to(root)


def _of_module(tree: ast.Module, place: Path) -> Iterator[Service]:
    module = ".".join(place.with_suffix("").parts).removesuffix(".__init__")
    if not all(part.isidentifier() for part in module.split(".")):
        return
    for statement in tree.body:
        name, framework = _assigned(statement)
        if framework in FRAMEWORKS:
            start = FRAMEWORKS[framework].format(f"{module}:{name}")
            yield Service(start=start, where=place, predict=_prediction(tree, name))


def _assigned(statement: ast.stmt) -> tuple[str, str]:
    """The name that a module gives to an application, and the class that makes it: `app = FastAPI(…)`."""
    targets = statement.targets if isinstance(statement, ast.Assign) else ()
    call = statement.value if isinstance(statement, ast.Assign) else None
    if len(targets) != 1 or not isinstance(targets[0], ast.Name) or not isinstance(call, ast.Call):
        return "", ""
    function = call.func
    made = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return targets[0].id, str(made)


def _prediction(tree: ast.Module, app: str) -> str:
    """The route of an application that looks like the prediction: `@app.post("/predict")`."""
    for node in ast.walk(tree):
        for call in getattr(node, "decorator_list", ()):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
                continue
            owner, path = getattr(call.func.value, "id", ""), getattr(call.args[0], "value", None)
            posts = call.func.attr == "post" or "POST" in ast.unparse(call)
            if owner == app and posts and isinstance(path, str) and PREDICTS.search(path) and path.isprintable():
                return f"POST {path}"
    return ""


def _images(root: Path, discovered: Discovered) -> Iterator[Service]:
    for place in discovered.dockerfiles:
        text = _content(root / place).decode("utf-8", errors="replace").replace("\\\n", " ")
        parts = {k.upper(): words for k, line in re.findall(r"(?im)^(ENTRYPOINT|CMD)\s+(.+)$", text)
                 if (words := _words(line))}  # fmt: skip
        yield from _service([*parts.get("ENTRYPOINT", ()), *parts.get("CMD", ())], place)


def _words(line: str) -> list[str]:
    """The words of a command in either form of a Dockerfile: ["uvicorn", "app"] or uvicorn app."""
    try:
        listed = json.loads(line)
    except ValueError:
        listed = None
    if isinstance(listed, list):
        return [str(word) for word in listed]
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _composed(root: Path, discovered: Discovered) -> Iterator[Service]:
    import yaml

    for place in discovered.compose:
        try:
            document = yaml.safe_load(_content(root / place))
            services = document["services"].values()
        except (yaml.YAMLError, RecursionError, ValueError, KeyError, TypeError, AttributeError):
            continue
        for service in services:
            command = service.get("command") if isinstance(service, dict) else None
            if isinstance(command, str | list):
                yield from _service(_words(command) if isinstance(command, str) else [str(w) for w in command], place)


def _service(words: list[str], place: Path) -> Iterator[Service]:
    """A command with its port left open; one that names no port cannot be given one, and is none to start here."""
    line = " ".join(shlex.quote(word) if not re.fullmatch(r"[\w./:=@-]+", word) else word for word in words)
    if "$" in line or "{" in line or not line.isprintable() or SECRET.search(line):
        return
    opened, changed = PORT.subn(lambda m: f"{m[1]}{{port}}", line)
    if changed:
        yield Service(start=re.sub(r"\s--host[= ]\S+", "", opened).replace("0.0.0.0:", "127.0.0.1:"), where=place)


def _content(path: Path) -> bytes:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return b""
        return path.read_bytes()
    except OSError:
        return b""
