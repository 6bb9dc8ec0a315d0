"""Renders a folder with a Kustomization by kubectl, after a look at what it would fetch."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests import strict_yaml
from pytest_mlready.manifests.documents import at, entries, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
TIME_LIMIT = 60.0  # seconds; a folder of ordinary size takes one
MAX_BYTES = 10_000_000
_PLAIN = ("resources", "bases", "components", "crds", "configurations", "transformers", "generators", "validators")
_TABLES = ("patches", "patchesJson6902", "replacements")
_REMOTE = re.compile(r"://|^git@|^git::|\?ref=|^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org)[/:]")


class CannotRenderError(Exception):
    """A Kustomization is not rendered; the message says why.

    Args:
        message: What stands in the way, as a sentence without a full stop.
        missing_tool: Whether kubectl is what is missing.
    """

    def __init__(self, message: str, *, missing_tool: bool = False) -> None:
        self.missing_tool = missing_tool
        super().__init__(message)


def file_of(folder: Path) -> Path | None:
    """The Kustomization of a folder."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def used(folder: Path) -> set[Path]:
    """Files and folders that a Kustomization takes its parts from, resolved, through all of its bases."""
    return {path for path, _ in _references(folder) if path is not None}


def render(folder: Path, *, time_limit: float = TIME_LIMIT) -> str:
    """The rendered manifests, as YAML.

    Args:
        folder: Holds a Kustomization.
        time_limit: Seconds after which kubectl is stopped.

    Raises:
        CannotRenderError: kubectl is not on PATH, fails or takes too long, or the Kustomization names something remote.
    """
    remote = [text for path, text in _references(folder) if path is None]
    if remote:
        raise CannotRenderError(f"it asks for {remote[0]}, and nothing is fetched here")
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise CannotRenderError("a Kustomization is rendered by kubectl, which is not on PATH", missing_tool=True)
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        status = _run([kubectl, "kustomize", str(folder)], home, out, err, time_limit)
        if status != 0:
            err.seek(0)
            said = " ".join(err.read(20_000).decode(errors="replace").split())
            cause = said if len(said) <= 300 else f"…{said[-300:]}"  # the cause stands at the end of a chain
            raise CannotRenderError(f"kubectl kustomize ended with status {status}: {cause}")
        out.seek(0)
        rendered = out.read(MAX_BYTES + 1)
    if len(rendered) > MAX_BYTES:
        raise CannotRenderError(f"it renders to more than {MAX_BYTES:,} bytes")
    return bytes(rendered).decode(errors="replace")


def _run(command: list[str], home: str, out: Any, err: Any, time_limit: float) -> int:
    """Runs kubectl without a cluster, proxies or anybody's settings; stops all that it started."""
    kept = {k: v for k, v in os.environ.items() if k.upper() in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")}
    environment = {**kept, "HOME": home, "KUBECONFIG": os.devnull}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, start_new_session=True
    )
    try:
        return process.wait(time_limit)
    except subprocess.TimeoutExpired:
        raise CannotRenderError(f"kubectl kustomize was stopped after {time_limit:g} s") from None
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()


def _references(folder: Path) -> Iterator[tuple[Path | None, str]]:
    """(resolved path, or None for something remote; the text) of all that a Kustomization and its bases name."""
    seen: set[Path] = set()
    waiting = [folder.resolve()]
    while waiting and len(seen) < 200:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        for text in _named(here):
            if _REMOTE.search(text):
                yield None, text
                continue
            path = (here / text).resolve()
            yield path, text
            if path.is_dir():
                waiting.append(path)


def _named(folder: Path) -> Iterator[str]:
    """What the Kustomization of one folder names, as written; nothing of one that cannot be read (kubectl says why)."""
    content = _content(folder)
    for key in (*_PLAIN, "patchesStrategicMerge"):
        listed = at(content, key)
        yield from (text for text in (listed if isinstance(listed, list) else ()) if _is_path(text))
    for key in _TABLES:
        yield from (str(entry["path"]) for _, entry in entries(content, key) if _is_path(entry.get("path")))
    yield from (f"the chart helm://{chart.get('name')}" for _, chart in entries(content, "helmCharts"))
    if isinstance(path := at(content, "openapi", "path"), str):
        yield path


def _content(folder: Path) -> Any:
    file = file_of(folder)
    with contextlib.suppress(OSError, UnicodeDecodeError, strict_yaml.YamlError):
        if file and file.stat().st_size <= MAX_BYTES:
            for part in strict_yaml.parts(file.read_text(encoding="utf-8")):
                return table(strict_yaml.parse(part, strict_yaml.Limits()).value)
    return {}


def _is_path(text: Any) -> bool:
    """A path, and no patch that is written in place."""
    return isinstance(text, str) and bool(text) and "\n" not in text
