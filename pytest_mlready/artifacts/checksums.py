"""Reads checksum files as sha256sum, BSD and OpenSSL write them, and holds files against them."""

from __future__ import annotations

import codecs
import hmac
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from pytest_mlready.artifacts import digests, named
from pytest_mlready.errors import DataError, near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_BYTES = 10_000_000
_NAMES = ("SHA256SUMS", "SHA256SUMS.txt", "sha256sums.txt", "sha256sum.txt", "checksums.sha256", "CHECKSUM")
_LONGEST = 10  # findings that a message lists
# GNU coreutils manual, "md5sum invocation": a leading backslash says that the name is escaped; "*" marks binary mode.
_GNU = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9A-Fa-f]{64})[ \t][ *]?(?P<name>.+)")
_BSD = re.compile(r"(?P<escaped>\\?)SHA(?:2-)?256 ?\((?P<name>.+)\) ?= ?(?P<digest>[0-9A-Fa-f]{64})")
_BARE = re.compile(r"(?P<digest>[0-9A-Fa-f]{64})")
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\r": "\r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a checksum file: name as written (unescaped), digest in lower case, line number from 1."""

    name: str
    sha256: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A checksum file.

    Attributes:
        path: Where it lies.
        entries: Lines that were understood, in order.
        mistakes: Lines that were not, or that may not stand there, as sentences.
    """

    path: Path
    entries: tuple[Entry, ...]
    mistakes: tuple[str, ...]


def find(artifact: Path, *, root: Path) -> Path | None:
    """A checksum file with a usual name, beside the artifact or in it.

    One that is named after the artifact counts whatever it holds; one with a general name only when it names the
    artifact, since a folder may hold the checksums of other things.
    """
    after = (f"{artifact.name}.sha256", f"{artifact.name}.sha256sum", f"{artifact.stem}.sha256")
    folders = (artifact, artifact.parent) if artifact.is_dir() else (artifact.parent,)
    general = [folder / name for folder in folders for name in _NAMES]
    if found := next((own for name in after if (own := artifact.parent / name).is_file()), None):
        return found
    return next((path for path in general if path.is_file() and _is_about(path, artifact, root)), None)


def _is_about(path: Path, artifact: Path, root: Path) -> bool:
    try:
        manifest = read(path)
    except DataError:
        return False
    return bool(_named(manifest, root) & set(_files((artifact,), path)))


def read(path: Path) -> Manifest:
    """The entries of a checksum file, and what is wrong with the rest.

    Understood are the formats of `sha256sum` (text and binary mode, escaped names), `sha256sum --tag`, `shasum`,
    `openssl sha256`, comments with "#", and a digest alone in a file that is named after the file that it is about.

    Raises:
        DataError: it cannot be read, is too large, or is no text.
    """
    entries: list[Entry] = []
    mistakes: list[str] = []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        entry = _entry(line, number, path)
        if entry is None:
            mistakes.append(f"line {number} is no checksum line: {line[:60]!r}")
        elif why := _refused(entry.name):
            mistakes.append(f"line {number} names {entry.name!r}, {why}")
        elif PurePosixPath(entry.name) != PurePosixPath(path.name):  # nobody can know a file's own digest beforehand
            entries.append(entry)
    return Manifest(path=path, entries=tuple(entries), mistakes=(*mistakes, *_contradictions(entries)))


def verify(manifest: Manifest, artifacts: Sequence[Path], *, root: Path) -> Verdict:
    """Computes every digest again and compares it.

    Args:
        manifest: As `read` gave it.
        artifacts: Files and folders that it must name; of a folder, every file.
        root: Folder that names are relative to, where the manifest's own folder has none of them.

    Returns:
        Failed when a line is not understood, a named file is missing or differs, or an artifact is not named;
        inconclusive when a file cannot be read.
    """
    base = _base(manifest, root)
    wrong, unread = list(manifest.mistakes), []
    for entry in manifest.entries:
        try:
            wrong += _difference(entry, base)
        except OSError as reason:
            unread.append(f"{entry.name} cannot be read: {reason.strerror}")
    known = _named(manifest, root)
    wrong += [f"{file.name} is not named in it" for file in _files(artifacts, manifest.path) if file not in known]
    links = (link for artifact in artifacts for link in named.linked_folders(artifact))
    unread += [f"{link.name} is a link to a folder elsewhere, which is not followed" for link in links]
    if not manifest.entries and not wrong:
        wrong.append("it names no file")
    return _verdict(manifest, wrong, unread)


def verify_digest(path: Path, expected: str) -> Verdict:
    """Holds a file, or a folder by its names and digests, against one digest.

    Raises:
        DataError: `expected` is no SHA-256.
    """
    wanted = expected.strip().lower().removeprefix("sha256:")
    if not _BARE.fullmatch(wanted):
        raise DataError(f'digest = "{expected}" is no SHA-256', expected="64 hexadecimal digits")
    found = digests.sha256(path)
    noted = (Measurement(name=f"sha256 of {path.name}", value=found, note="computed in this run"),)
    if hmac.compare_digest(found, wanted):
        return Verdict(outcome="passed", message=f"{path.name} has the digest of the settings", measurements=noted)
    told = f"{path.name} has the sha256 {found}, expected {wanted}; were the new bytes approved, change `digest`"
    return Verdict(outcome="failed", message=told, measurements=noted)


def unchanged(path: Path, known: str) -> Verdict:
    """Says whether a file is still the one whose digest was taken earlier in the run."""
    found = digests.sha256(path)
    noted = (Measurement(name=f"sha256 of {path.name}", value=found, note="computed in this run"),)
    same = hmac.compare_digest(found, known)
    told = "is unchanged" if same else f"was changed while the run was going on: its sha256 was {known} and is {found}"
    return Verdict(outcome="passed" if same else "failed", message=f"{path.name} {told}", measurements=noted)


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror}", fix="correct `manifest`") from None
    if len(data) > MAX_BYTES:
        raise DataError(f"{path} has more than {MAX_BYTES:,} bytes", expected="a checksum file")
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return [line.removesuffix("\r") for line in data.decode(encoding).split("\n")]
    except UnicodeDecodeError:
        raise DataError(f"{path} is no text", expected="lines as `sha256sum` writes them") from None


def _entry(line: str, number: int, path: Path) -> Entry | None:
    if match := _GNU.fullmatch(line) or _BSD.fullmatch(line):
        name = match["name"]
        if match["escaped"]:
            name = re.sub(r"\\[\\nr]", lambda m: _ESCAPES[m[0]], name)
        return Entry(name=name, sha256=match["digest"].lower(), line=number)
    if path.suffix in (".sha256", ".sha256sum") and (match := _BARE.fullmatch(line.strip())):
        return Entry(name=_namesake(path), sha256=match["digest"].lower(), line=number)
    return None


def _namesake(path: Path) -> str:
    """The file that model.bin.sha256 or model.sha256 is about."""
    beside = sorted(p.name for p in path.parent.iterdir() if p.stem == path.stem and p != path)
    return beside[0] if len(beside) == 1 and not (path.parent / path.stem).exists() else path.stem


def _refused(name: str) -> str:
    """Why a manifest may not name this; empty when it may."""
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor:
        return "an absolute path"
    if ".." in PurePosixPath(name).parts or "..\\" in name:
        return "which leads out of its folder"
    return "which no file can have" if "\0" in name else ""


def _contradictions(entries: Sequence[Entry]) -> Iterator[str]:
    known: dict[PurePosixPath, Entry] = {}
    for entry in entries:
        first = known.setdefault(PurePosixPath(entry.name), entry)
        if first.sha256 != entry.sha256:
            yield f"lines {first.line} and {entry.line} give {entry.name} different digests"


def _base(manifest: Manifest, root: Path) -> Path:
    """The folder that names are relative to: `sha256sum` writes them as it was given them."""
    folders = (manifest.path.parent, root)
    return next((f for f in folders if any((f / e.name).is_file() for e in manifest.entries)), folders[0])


def _named(manifest: Manifest, root: Path) -> set[Path]:
    base = _base(manifest, root)
    return {(base / entry.name).resolve() for entry in manifest.entries}


def _difference(entry: Entry, base: Path) -> Iterator[str]:
    path = base / entry.name
    if not path.is_file():  # a folder, a pipe or a device too: reading one could last for ever
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        state = "is no regular file" if path.exists() else "is missing"
        yield f"{entry.name} (line {entry.line}) {state}{near(path.name, set(beside) - {path.name})}"
        return
    found = digests.sha256(path)
    if not hmac.compare_digest(found, entry.sha256):
        yield f"{entry.name} has the sha256 {found}, expected {entry.sha256} (line {entry.line})"


def _files(artifacts: Sequence[Path], manifest: Path) -> Iterator[Path]:
    """The files that must be named; of a folder all but the manifest, signatures, and what git and Python put there."""
    for artifact in artifacts:
        if not artifact.is_dir():
            yield artifact.resolve()
            continue
        for file in sorted(artifact.rglob("*")):
            below = file.relative_to(artifact).parts
            ours = file.is_file() and file.suffix != ".sig" and not {".git", "__pycache__"} & set(below)
            if ours and file.resolve() != manifest.resolve():
                yield file.resolve()


def _verdict(manifest: Manifest, wrong: Sequence[str], unread: Sequence[str]) -> Verdict:
    where, n = manifest.path.name, len(manifest.entries)
    noted = (
        Measurement(name=f"files that differ from {where}", value=len(wrong), max=0, n=n),
        *(Measurement(name=f"sha256 of {e.name}", value=e.sha256, note=where) for e in manifest.entries[:_LONGEST]),
    )
    if wrong:
        more = f"; and {len(wrong) - _LONGEST} more" if len(wrong) > _LONGEST else ""
        told = f"{manifest.path} does not hold: {'; '.join(wrong[:_LONGEST])}{more}"
        return Verdict(outcome="failed", message=told, measurements=noted[:1])
    if unread:
        return Verdict(outcome="inconclusive", message="; ".join(unread[:_LONGEST]), measurements=noted[:1])
    return Verdict(outcome="passed", message=f"{n} files are as {where} says", measurements=noted)
