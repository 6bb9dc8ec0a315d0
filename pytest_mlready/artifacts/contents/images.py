"""Reads saved container images (docker save, OCI archives): which member is a layer, and what later layers hide of it.

Sources: OCI image-spec 1.1 (manifest, config, layer: whiteouts), moby's image/spec v1.2 for docker save.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts.contents import imageconfig, kinds, tarfiles
from pytest_mlready.artifacts.contents.expanding import Expanded
from pytest_mlready.artifacts.contents.found import At, Found, Gap
from pytest_mlready.artifacts.contents.limits import SpentError
from pytest_mlready.artifacts.contents.streams import FileSource
from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from pytest_mlready.artifacts.contents.limits import Budget
    from pytest_mlready.artifacts.contents.streams import Source
    from pytest_mlready.artifacts.contents.walk import Walk

_LONGEST_JSON = 4 << 20  # the registry's own limit of a manifest
_MOST_JSON = 64 << 20
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass(slots=True, kw_only=True)
class Layer:
    """One layer of one image.

    Attributes:
        image: Which image of the archive.
        number: From 1, the lowest.
        digest: Of the blob, or of its uncompressed bytes where the archive names only that.
        names: Paths that it has.
        removed: Paths that it removes.
        emptied: Folders of which it hides all that lower layers had.
    """

    image: int
    number: int
    digest: str
    names: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return f"layer {self.number} ({_short(self.digest)})"

    def note(self, name: str) -> None:
        """Notes a member: a path, or a whiteout."""
        name = _plain(name)
        folder, _, last = name.rpartition("/")
        if last == _OPAQUE:
            self.emptied.add(folder)
        elif last.startswith(_WHITEOUT):
            self.removed.add(f"{folder}/{last.removeprefix(_WHITEOUT)}".lstrip("/"))
        else:
            self.names.add(name)

    def hides(self, name: str) -> str:
        """What it does to a path of a lower layer: "deleted", "replaced", or ""."""
        folders = [name]
        while "/" in folders[-1]:
            folders.append(folders[-1].rpartition("/")[0])
        if self.removed.intersection(folders) or self.emptied.intersection([*folders[1:], ""]):
            return "deleted"
        return "replaced" if name in self.names else ""


@dataclass(slots=True, kw_only=True)
class Image:
    """What an archive says of its members.

    Attributes:
        layers: In order, image after image.
        blobs: Path of a member -> index of its layer.
        configs: Path of a member -> digest of the configuration that it holds.
        missing: What is named and not there.
    """

    layers: list[Layer] = field(default_factory=list)
    blobs: dict[str, int] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def fate(self, at: At) -> str:
        """What became of a file in a later layer: "deleted in layer 4, still shipped", or ""."""
        if at.layer is None:
            return ""
        own = self.layers[at.layer]
        for later in self.layers:
            if later.image == own.image and later.number > own.number and (how := later.hides(_plain(at.path))):
                return f"{how} in layer {later.number}, still shipped"
        return ""


@dataclass(slots=True, kw_only=True)
class _Names:
    """What the first pass over an archive keeps: names, links, and small JSON documents."""

    members: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)


def index(file: BinaryIO, budget: Budget) -> Image | None:
    """Reads what an archive says of itself; None when it is not an image.

    Raises:
        CannotOpenError: It is damaged, or a limit is reached.
    """
    source = _unpacked(FileSource(file, budget), budget)
    if not tarfiles.is_tar(source.peek(tarfiles.BLOCK)):
        return None
    names = _names(source, budget)
    docker, oci = names.documents.get("manifest.json"), names.documents.get("index.json")
    image = Image()
    for number, manifest in enumerate(_manifests(docker, oci, names)):
        _add(image, number, manifest, names)
    return image if image.blobs or image.configs or image.missing else None


def _names(source: Source, budget: Budget) -> _Names:
    names, left = _Names(), _MOST_JSON
    for member in tarfiles.members(source, budget):
        name = _plain(member.name)
        names.members.add(name)
        if member.kind in ("link", "hard link"):
            base = posixpath.dirname(name) if member.kind == "link" else ""
            names.links[name] = _plain(posixpath.normpath(posixpath.join(base, member.target)))
        elif member.content.peek(1) in (b"{", b"["):
            data = member.content.read(min(_LONGEST_JSON, left))
            left -= len(data)
            try:
                names.documents[name] = json.loads(data)
            except (ValueError, RecursionError):
                continue
    return names


def _manifests(docker: Any, oci: Any, names: _Names) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(path of the configuration, [(path, digest) of each layer]) of each image."""
    for entry in docker if isinstance(docker, list) else []:
        config = names.documents.get(_plain(str(entry.get("Config", "")))) if isinstance(entry, dict) else None
        layers = entry.get("Layers") if isinstance(entry, dict) else None
        if not isinstance(layers, list):
            raise CannotOpenError("its manifest.json is damaged")
        digests = (config.get("rootfs") or {}).get("diff_ids") if isinstance(config, dict) else None
        known = digests if isinstance(digests, list) and len(digests) == len(layers) else layers
        yield str(entry.get("Config", "")), [(str(p), str(d)) for p, d in zip(layers, known, strict=True)]
    if isinstance(oci, dict) and not isinstance(docker, list):
        yield from _oci(oci, names, depth=0)


def _oci(document: dict[str, Any], names: _Names, depth: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    layers, below = document.get("layers"), document.get("manifests")
    if isinstance(layers, list):
        config = document.get("config")
        yield _blob(config), [(_blob(layer), _digest(layer)) for layer in layers]
    for entry in below if isinstance(below, list) and depth < 4 else []:
        found = names.documents.get(_blob(entry))
        if isinstance(found, dict):
            yield from _oci(found, names, depth + 1)
        else:
            yield _blob(entry), []


def _digest(descriptor: Any) -> str:
    return str(descriptor.get("digest", "")) if isinstance(descriptor, dict) else ""


def _blob(descriptor: Any) -> str:
    return "blobs/" + _digest(descriptor).replace(":", "/")


def _add(image: Image, number: int, manifest: tuple[str, list[tuple[str, str]]], names: _Names) -> None:
    config, layers = manifest
    if _plain(config) in names.members:
        image.configs[_plain(config)] = config
    else:
        image.missing.append(f"the configuration or manifest {_short(config)}")
    for place, (path, digest) in enumerate(layers, start=1):
        layer = Layer(image=number, number=place, digest=digest)
        image.layers.append(layer)
        real = names.links.get(_plain(path), _plain(path))
        if real in names.members:
            image.blobs.setdefault(real, len(image.layers) - 1)
        else:
            image.missing.append(f"layer {place} ({_short(digest)})")


def pieces(file: BinaryIO, at: At, walk: Walk, image: Image) -> Iterator[Found]:
    """Yields the texts of an image: every layer, whether later ones hide it or not, and all that lies beside them.

    Raises:
        SpentError: While iterating: a limit of the whole artifact is reached.
    """
    for missing in image.missing:
        yield Gap(at=at, why=f"{missing} is named and not in the archive")
    source = _unpacked(FileSource(file, walk.budget), walk.budget)
    for member in tarfiles.members(source, walk.budget):
        if (name := _plain(member.name)) in image.blobs:
            yield from _layer(member.content, at, walk, image, image.blobs[name])
        elif name in image.configs:
            inside = at.inside(f"config ({_short(image.configs[name])})", "config.json")
            yield from imageconfig.pieces(member.content.read(_LONGEST_JSON), inside)
        else:
            yield from walk.member(member, at)


def _layer(content: Source, at: At, walk: Walk, image: Image, which: int) -> Iterator[Found]:
    layer = image.layers[which]
    inside = At(where=f"{at.where}!{layer}", name="", depth=at.depth + 1, layer=which)
    try:
        source = _unpacked(content, walk.budget)
        if not tarfiles.is_tar(source.peek(tarfiles.BLOCK)) and source.peek(1024).strip(b"\0"):
            yield from walk.open(source, inside)
            return
        for member in tarfiles.members(source, walk.budget):
            layer.note(member.name)
            yield from walk.member(member, inside)
    except CannotOpenError as reason:
        if isinstance(reason, SpentError):
            raise
        yield Gap(at=inside, why=str(reason))


def _unpacked(source: Source, budget: Budget) -> Source:
    kind = kinds.kind(source.peek(kinds.LOOK), "")
    return Expanded(source, kind, budget) if kind in kinds.COMPRESSED else source


def _plain(name: str) -> str:
    return posixpath.normpath(name).lstrip("/") if name else ""


def _short(digest: str) -> str:
    """The first twelve digits of a digest, with its algorithm where it is named."""
    algorithm, colon, digits = digest.rpartition(":")
    if not colon:
        algorithm, digits = "sha256", digest.removeprefix("blobs/sha256/").partition("/")[0].removesuffix(".json")
    return f"{algorithm}:{digits[:12]}"
