"""Opens one artifact for a walk: a file, a folder, or a saved container image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_mlready.artifacts import named
from pytest_mlready.artifacts.contents import images
from pytest_mlready.artifacts.contents.found import At, Found, Gap, Piece
from pytest_mlready.artifacts.contents.limits import Limits, SpentError
from pytest_mlready.artifacts.contents.packages import is_packaged
from pytest_mlready.artifacts.contents.streams import FileSource
from pytest_mlready.artifacts.contents.walk import Walk
from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from pytest_mlready.artifacts.contents.images import Image


class Artifact:
    """One artifact and the walk over it.

    Attributes:
        path: File or folder.
        name: How it is called in places.
        walk: Limits and counts.
        images: What a saved image says of its layers, by the file's name; filled as the walk goes on.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        *,
        limits: Limits | None = None,
        own_packages: tuple[str, ...] = (),
        numbers: tuple[str, ...] = (),
    ) -> None:
        """Prepares the walk; parameters as for `Walk`."""
        self.path, self.name = path, name
        self.images: dict[str, Image] = {}
        size = sum(file.stat().st_size for file in _files(path))
        self.walk = Walk(size, limits or Limits(), own_packages=own_packages, numbers=numbers)

    def found(self) -> Iterator[Found]:
        """Yields its texts, and what could not be looked into; a limit that ends the walk is the last gap."""
        at = At(where=self.name, name=self.name)
        try:
            for one in self._found(at):
                if isinstance(one, Piece):
                    self.walk.budget.read(len(one.text))
                yield one
        except SpentError as reason:
            yield Gap(at=at, why=str(reason))

    def _found(self, at: At) -> Iterator[Found]:
        if not self.path.is_dir():
            yield from self._file(self.path, at)
            return
        for link in named.linked_folders(self.path):
            inside = f"{self.name}/{link.relative_to(self.path).as_posix()}"
            yield Gap(at=At(where=inside, name=link.name), why="it is a link to a folder elsewhere, not followed")
        for file in _files(self.path):
            inside = file.relative_to(self.path).as_posix()
            packaged = is_packaged(inside, image=False, own=self.walk.own_packages)
            yield from self._file(file, At(where=f"{self.name}/{inside}", name=inside, packaged=packaged))

    def fate(self, at: At) -> str:
        """What became of a file of an image in a later layer, or ""; known once the walk is over."""
        image = self.images.get(at.where.partition("!")[0])
        return image.fate(at) if image else ""

    def _file(self, path: Path, at: At) -> Iterator[Found]:
        if not path.is_file():
            yield Gap(at=at, why="it is no regular file")
            return
        try:
            with path.open("rb") as file:
                yield from self._opened(file, at)
        except SpentError:
            raise
        except (OSError, CannotOpenError) as reason:
            told = str(reason) if isinstance(reason, CannotOpenError) else f"cannot be read ({type(reason).__name__})"
            yield Gap(at=at, why=told)

    def _opened(self, file: BinaryIO, at: At) -> Iterator[Found]:
        image = self._image(file)
        if image is None:
            yield from self.walk.open(FileSource(file, self.walk.budget), at)
        else:
            self.images[at.where] = image
            yield from images.pieces(file, at, self.walk, image)

    def _image(self, file: BinaryIO) -> Image | None:
        try:
            return images.index(file, self.walk.another_budget())
        except SpentError:
            raise
        except CannotOpenError:
            return None  # what is wrong with it shows again in the walk


def _files(path: Path) -> list[Path]:
    """The regular files of a folder, by name, those elsewhere that it links to too; no links to folders."""
    if not path.is_dir():
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        found += [path.__class__(folder, name) for name in sorted(names)]
    inside = path.resolve()
    return [f for f in found if f.is_file() and not (f.is_symlink() and f.resolve().is_relative_to(inside))]
