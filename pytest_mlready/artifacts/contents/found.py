"""Defines what a walk finds: pieces of text with their place, and gaps that it could not look into."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """A place inside an artifact.

    Attributes:
        where: From the outside in, with "!" between: "image.tar!layer 3 (sha256:ab12…)!app/.env".
        name: Path of the innermost file, which tells what it may be.
        depth: Layers of compression and archives around it.
        layer: Index of the image's layer that it lies in; None outside of images.
        path: Path within that layer.
        packaged: Whether it was installed with a package or the operating system, and is not the team's own.
    """

    where: str
    name: str
    depth: int = 0
    layer: int | None = None
    path: str = ""
    packaged: bool = False

    def inside(self, label: str, name: str | None = None) -> At:
        """A place within this one; `name` where it is a file of its own."""
        return replace(self, where=f"{self.where}!{label}", name=name or self.name, depth=self.depth + 1)

    def part(self, label: str, name: str | None = None) -> At:
        """A part of this very file, such as a notebook's cell; `name` says how its text is to be read."""
        return replace(self, where=f"{self.where}!{label}", name=name or self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of text.

    Attributes:
        at: Its place.
        text: The text, of up to about a million characters.
        first_line: Number of its first line within the place; 0 where lines have no number.
        config: Whether values stand without quotes, as in .env files, YAML and Dockerfiles.
        formats_only: Whether only secrets with a format of their own are told from the rest of this text: a list of
            words, code of installed packages, what a compiler left.
    """

    at: At
    text: str
    first_line: int = 0
    config: bool = False
    formats_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What the walk could not look into.

    Attributes:
        at: The place.
        why: The reason, without any of the content.
    """

    at: At
    why: str

    def __str__(self) -> str:
        return f"{self.at.where}: {self.why}"


Found = Piece | Gap
