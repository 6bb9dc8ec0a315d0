"""Looks into every artifact for what would run code when it is loaded; loads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.artifacts import digests, named, pickles, unpack
from pytest_mlready.artifacts.loaded import one_line
from pytest_mlready.errors import MissingExtra
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OTHER_CODE = {".h5": "Keras", ".hdf5": "Keras", ".keras": "Keras", ".pb": "TensorFlow"}  # Lambda layers, file access
_HEAD = 16
_LONGEST = 10  # findings that a message lists
ADVICE = "formats that hold no code: .skops, .onnx, .safetensors"

Kind = Literal["pickle", "skops", "other code", "data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What was found in one file.

    Attributes:
        path: The file.
        kind: What loading it means: unpickling, making listed types, running another format's code, or reading data.
        sha256: Digest of the bytes that were looked at; "" where only the beginning was read.
        objections: Reasons not to load it, each with the place in the file.
        unread: Why it could not be looked into, or "".
        names: Globals or types that it names.
        accepted: Whether the settings accept these very bytes, whatever was found.
    """

    path: Path
    kind: Kind
    sha256: str = ""
    objections: tuple[str, ...] = ()
    unread: str = ""
    names: tuple[str, ...] = ()
    accepted: bool = False


def files(artifacts: Sequence[Path]) -> tuple[Path, ...]:
    """Every file of the artifacts, folders walked; links to folders are not followed."""
    return tuple(dict.fromkeys(f for artifact in artifacts for f in _below(artifact) if f.is_file()))


def unfollowed(artifacts: Sequence[Path]) -> tuple[Inspected, ...]:
    """Links in folders to folders elsewhere, as what was not looked into: one to "/" would never end."""
    return tuple(
        Inspected(path=link, kind="data", unread="is a link to a folder elsewhere, which is not followed")
        for artifact in artifacts
        for link in named.linked_folders(artifact)
    )


def _below(artifact: Path) -> list[Path]:
    if not artifact.is_dir():
        return [artifact]
    return sorted(f for f in artifact.rglob("*") if ".git" not in f.relative_to(artifact).parts)


def inspect(path: Path, *, trust: Sequence[str] = (), trusted_types: Sequence[str] = ()) -> Inspected:
    """Looks into one file, by its suffix and its first bytes.

    Pickles are walked to their end, however they are compressed or packed, and every global that they name is held
    against a list of what a fitted model needs. A .skops file tells its types. Other formats hold data alone, but for
    those in `OTHER_CODE`, into which this does not look. A pickle of protocol 0 or 1 under a foreign suffix is not
    recognised.

    Args:
        path: The file.
        trust: SHA-256 of files that are accepted whatever is found.
        trusted_types: Dotted names that are accepted besides the list.

    Raises:
        MissingExtra: a .skops file, and skops is not installed.
    """
    trust = tuple(digest.lower().removeprefix("sha256:") for digest in trust)
    suffix = path.suffix.lower()
    try:
        if suffix == ".skops":
            return _skops(path, trust, tuple(trusted_types))
        if suffix in pickles.SUFFIXES or (suffix not in OTHER_CODE and _seems_pickled(path)):
            return _pickle(path, trust, tuple(trusted_types))
        return _other(path, trust)
    except OSError as reason:
        return Inspected(path=path, kind="data", unread=f"cannot be read: {reason.strerror}")


def judge(inspected: Sequence[Inspected]) -> Verdict:
    """One verdict on all files: failed when anything speaks against loading one, inconclusive when one was not read."""
    if not inspected:
        return Verdict(outcome="inconclusive", message="there was no file to look into")
    wrong = [f"{i.path.name}: {o}" for i in inspected for o in i.objections if not i.accepted]
    unread = [f"{i.path.name} {i.unread}" for i in inspected if i.unread and not i.accepted]
    noted = tuple(_measured(inspected, len(wrong)))
    if wrong:
        more = f"; and {len(wrong) - _LONGEST} more" if len(wrong) > _LONGEST else ""
        told = f"do not load: {'; '.join(wrong[:_LONGEST])}{more}. {_ways_out(inspected)}"
        return Verdict(outcome="failed", message=told, measurements=noted)
    if unread:
        told = f"not looked into, which is not the same as safe: {'; '.join(unread[:_LONGEST])}"
        return Verdict(outcome="inconclusive", message=told, measurements=noted)
    return Verdict(outcome="passed", message=_worded(inspected), measurements=noted)


def _seems_pickled(path: Path) -> bool:
    """By its first bytes: protocols 2 to 5, or an archive or compressed file that holds such a pickle."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    kind = unpack.kind_of(head)
    if kind is None or kind == "zip":
        return kind == "zip" or _begins_as_pickle(head)
    try:
        return any(leaf.member or _begins_as_pickle(leaf.data) for leaf in unpack.leaves(path.read_bytes(), path.name))
    except unpack.CannotOpenError:
        return True  # the scan says why


def _begins_as_pickle(data: bytes) -> bool:
    return len(data) > 1 and data[0] == 0x80 and 2 <= data[1] <= 5


def _pickle(path: Path, trust: tuple[str, ...], trusted_types: tuple[str, ...]) -> Inspected:
    scan = pickles.scan(path, trusted=trusted_types)
    unread = "; ".join(finding.why for finding in scan.findings if not finding.name)
    return Inspected(
        path=path,
        kind="pickle" if scan.pickles or scan.findings else "data",
        sha256=scan.sha256,
        objections=tuple(f"{f.name} {f.why} ({f.where})" for f in scan.findings if f.name),
        unread=f"could not be scanned: {unread}" if unread else "",
        names=scan.globals,
        accepted=scan.sha256 in trust,
    )


def _skops(path: Path, trust: tuple[str, ...], trusted_types: tuple[str, ...]) -> Inspected:
    try:
        import skops.io
    except ImportError:
        raise MissingExtra("skops", "artifacts", f"listing the types in {path.name}") from None
    data = path.read_bytes()
    digest = digests.sha256_of(data)
    known: dict[str, Any] = {"path": path, "kind": "skops", "sha256": digest, "accepted": digest in trust}
    try:
        for _ in unpack.leaves(data, path.name):  # within the limits of an archive
            pass
        asked = skops.io.get_untrusted_types(data=data)
    except Exception as reason:  # noqa: BLE001 - hostile bytes may break the parser in any way
        return Inspected(**known, unread=f"cannot be read as .skops: {one_line(reason)}")
    unknown = sorted(set(asked) - set(trusted_types))
    told = tuple(f"{name} is a type that nobody vouched for (trusted_types)" for name in unknown)
    return Inspected(**known, objections=told, names=tuple(sorted(asked)))


def _other(path: Path, trust: tuple[str, ...]) -> Inspected:
    format_ = OTHER_CODE.get(path.suffix.lower())
    if format_ is None:
        return Inspected(path=path, kind="data")
    digest = digests.sha256(path) if trust else ""
    why = f"is of {format_}, whose files can hold code that this scan does not know"
    return Inspected(path=path, kind="other code", sha256=digest, unread=why, accepted=bool(trust) and digest in trust)


def _measured(inspected: Sequence[Inspected], wrong: int) -> Iterator[Measurement]:
    yield Measurement(name="reasons not to load a file", value=wrong, max=0, n=len(inspected))
    names = {name for i in inspected for name in i.names}
    pickled = [i for i in inspected if i.kind == "pickle"]
    yield Measurement(name="pickles", value=len(pickled), note=ADVICE if pickled else "")
    yield Measurement(name="globals and types that files name", value=len(names))
    for i in inspected:
        if i.accepted:
            found = "; ".join(i.objections[:3]) or i.unread or "nothing"
            yield Measurement(name=f"accepted by `trust`: {i.path.name}", value=i.sha256, note=f"found: {found[:200]}")


def _ways_out(inspected: Sequence[Inspected]) -> str:
    worst = next(i for i in inspected if i.objections and not i.accepted)
    return (
        f"Types of your own: trusted_types in [tool.mlready.model]; bytes whose origin you know: "
        f'trust = "{worst.sha256}"; better, {ADVICE}'
    )


def _worded(inspected: Sequence[Inspected]) -> str:
    pickled = [i for i in inspected if i.kind == "pickle"]
    if not pickled:
        return f"none of {len(inspected)} files is a pickle, and none names a type that nobody vouched for"
    names = {name for i in pickled for name in i.names}
    return (
        f"{len(pickled)} pickles among {len(inspected)} files name {len(names)} globals, all on the list of what a "
        "model may name; that is what was looked at, no proof that loading them is harmless"
    )
