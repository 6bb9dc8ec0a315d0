"""Loads .skops, whose types are asked for before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import digests, unpack
from pytest_mlready.artifacts.loaded import one_line
from pytest_mlready.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path, data: bytes, *, trust: tuple[str, ...], trusted_types: tuple[str, ...]) -> Any:
    """The object that skops saved.

    Raises:
        MissingExtra: skops is not installed.
        ModelError: the file is damaged, or holds types that are neither skops' own nor in `trusted_types`.
    """
    try:
        import skops.io
    except ImportError:
        raise MissingExtra("skops", "artifacts", f"loading {path.name}") from None
    try:
        for _ in unpack.leaves(data, path.name):  # within the limits of an archive
            pass
        asked = skops.io.get_untrusted_types(data=data)
    except Exception as reason:
        raise ModelError(f"{path} cannot be read as .skops: {one_line(reason)}", fix="save it again") from reason
    if digests.sha256_of(data) not in trust:
        _refuse(path, sorted(set(asked) - set(trusted_types)), trusted_types)
    try:
        return skops.io.loads(data, trusted=list(asked))
    except Exception as reason:
        raise ModelError(f"{path} cannot be loaded: {type(reason).__name__}: {one_line(reason)}") from reason


def _refuse(path: Path, unknown: list[str], trusted_types: tuple[str, ...]) -> None:
    if unknown:
        line = ", ".join(f'"{name}"' for name in [*trusted_types, *unknown])
        raise ModelError(
            f"{path} was not loaded: it holds types that nobody vouched for: {', '.join(unknown)}",
            fix=f"read their code, then write trusted_types = [{line}] in [tool.mlready.model]",
        )
