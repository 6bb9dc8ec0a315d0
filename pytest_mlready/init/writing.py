"""Writes what was planned, whole or not at all, and tells what was done."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mlready import ci, settings_file
from pytest_mlready.errors import ReadinessError
from pytest_mlready.init import placing, workflows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.catalog import Item


def settings(folder: Path, items: Mapping[str, Item], *, dry: bool) -> Iterator[str]:
    """Adds settings to a folder's file, or shows what it would add; the lines to print.

    Raises:
        ReadinessError: The file cannot be read, has mistakes, or cannot be written.
    """
    plan = placing.plan(folder, items)
    name = settings_file.short(plan.path)
    if dry and plan.added:
        yield f"# {name}, {'at its end' if plan.before is not None else 'new'}:"
        yield plan.added.strip()
    elif plan.added:
        _replace(plan.path, plan.whole, plan.before)
        yield f"{'added to' if plan.before is not None else 'wrote'} {name}"
        yield f"look through it, then: pytest --mlready{'' if folder == Path() else f' {folder}'}"
    if not plan.added:
        yield f"{name} has all tables already: nothing to add"
    yield from (f"note: {note}" for note in plan.notes)


def refuse_to_shadow(folder: Path) -> None:
    """A folder that was not named gets no settings of its own where settings above it count for it.

    Raises:
        ReadinessError: There are such settings; or a folder has two files of them.
    """
    above = settings_file.find(folder)
    if above is not None and above.parent != settings_file.absolute(folder):
        raise ReadinessError(
            f"{above} holds the settings for this folder already; others here would count instead of them",
            fix="`pytest-mlready init .` where this folder is a project of its own, else run init beside that file",
        )


def workflow(folder: Path, provider: str, *, dry: bool) -> Iterator[str]:
    """Writes the CI configuration into a repository, or shows it; the lines to print.

    Raises:
        ReadinessError: Its place is taken, or cannot be written.
    """
    here = settings_file.absolute(folder)
    top = next((f for f in (here, *here.parents) if (f / ".git").exists()), here)
    if top != here:
        raise ReadinessError(
            f"{folder} is not the repository's top, where CI services look for their files",
            fix=f"pytest-mlready init --ci {provider} {settings_file.short(top)}",
        )
    already = ci.gate_in_ci(folder)
    for name, path, line in already:
        if workflows.PROVIDERS[provider].name == name:
            yield f"{name} runs the gate already: {path}, line {line}"
            return
    text = workflows.text(provider, folder)
    try:
        where, also = workflows.place(provider, folder)
    except ReadinessError:
        yield text
        raise
    if dry:
        yield from (f"# {where}, new:", text.rstrip())
    else:
        _replace(folder / where, text.encode(), None)
        yield f"wrote {where}: commit it, and the next push runs the gate"
    if also:
        yield f"note: {also}"
    yield from (f"note: {name} runs the gate too: {path}, line {line}" for name, path, line in already)


def _replace(path: Path, content: bytes, before: bytes | None) -> None:
    """Writes beside the file and renames; a file that changed, or came, in the meantime is left alone.

    Raises:
        ReadinessError: It cannot be written, or is no longer what the plan was made for.
    """
    target = path.resolve() if path.is_symlink() else path  # a link stays one
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            temporary.chmod(target.stat().st_mode & 0o777 if before is not None else 0o666 & ~_umask())
            if (target.read_bytes() if target.exists() else None) != before:
                raise ReadinessError(f"{path.name} was changed while this ran", fix="run it again")
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ReadinessError(f"{path} cannot be written: {error.strerror or error}") from None


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
