"""Scans pickles, however they are wrapped, and loads the very bytes that were scanned."""

from __future__ import annotations

import io
import logging
import pickle
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import allowed, digests, npy, unpack
from pytest_mlready.artifacts.walk import walk
from pytest_mlready.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".p", ".dill")  # of files that are unpickled


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason not to load a file.

    Attributes:
        where: Place in the file ("model.pt!archive/data.pkl").
        name: The global that the pickle names ("posix.system"), or "" when the file could not be scanned.
        why: What is wrong with it.
    """

    where: str
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.name or 'could not be scanned:'} {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan found.

    Attributes:
        path: File.
        sha256: Digest of the file's bytes.
        findings: Reasons not to load it; empty: it may be loaded.
        scanned: Places of the pickles that were walked to their end.
        globals: Every global that they name, sorted.
        pickles: The pickles' bytes without compression, by place, for `load`; unfinished walks too.
        joblib: Places whose pickle has joblib's array bytes between the opcodes.
    """

    path: str
    sha256: str
    findings: tuple[Finding, ...]
    scanned: tuple[str, ...]
    globals: tuple[str, ...]
    pickles: dict[str, bytes]
    joblib: frozenset[str]

    @property
    def safe(self) -> bool:
        """Whether nothing speaks against loading."""
        return not self.findings


def scan(
    path: Path, *, limits: unpack.Limits | None = None, trusted: tuple[str, ...] = (), data: bytes | None = None
) -> Scan:
    """Says whether a pickle may be loaded; nothing in it is executed.

    Opens gzip, zlib, bz2, xz, lzma and zip (PyTorch, npz) in any nesting. A file that cannot be walked to its very end
    is not safe. What is judged are the globals that a pickle names; harm through memory (an
    array crafted against a library's C code) is out of its reach.

    Args:
        path: File; read once, unless `data` is given.
        limits: Depth, members and bytes of unpacking.
        trusted: Dotted names of classes that are accepted besides the list in `allowed`.
        data: The file's bytes, when they were read already.

    Raises:
        OSError: the file cannot be read.
    """
    data = path.read_bytes() if data is None else data
    notes = _Notes(trusted)
    try:
        for leaf in unpack.leaves(data, path.name, limits):
            notes.look_at(leaf)
    except unpack.CannotOpenError as reason:
        notes.findings[Finding(where=path.name, name="", why=str(reason))] = None
    return Scan(
        path=str(path),
        sha256=digests.sha256_of(data),
        findings=tuple(notes.findings),
        scanned=tuple(notes.scanned),
        globals=tuple(sorted(notes.globals)),
        pickles=notes.pickles,
        joblib=frozenset(notes.joblib),
    )


class _Notes:
    """Collects what the scan of each leaf gives."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self.trusted = trusted
        self.findings: dict[Finding, None] = {}
        self.pickles: dict[str, bytes] = {}
        self.scanned: list[str] = []
        self.globals: set[str] = set()
        self.joblib: set[str] = set()

    def look_at(self, leaf: unpack.Leaf) -> None:
        try:
            inner = npy.objects(leaf.data) if leaf.data.startswith(npy.MAGIC) else leaf.data
        except ValueError as reason:
            self.findings[Finding(where=leaf.where, name="", why=f"damaged .npy: {reason}")] = None
            return
        if inner is not None and not _is_tensor(leaf):
            self.walk(leaf, inner)

    def walk(self, leaf: unpack.Leaf, data: bytes) -> None:
        trace = walk(data, persistent_ids=leaf.sibling_pickle, trusted=self.trusted)
        if trace.problem and not trace.objections and leaf.member and not _must_be_pickle(leaf.where, data):
            return  # a text, an image, a tensor: nothing unpickles it
        found = [Finding(where=leaf.where, name=name, why=why) for name, why in trace.objections]
        if trace.problem:
            found.append(Finding(where=leaf.where, name="", why=trace.problem))
        else:
            found += _second_opinion(leaf.where, data, {f.name for f in found}, self.trusted)
            self.scanned.append(leaf.where)
        self.pickles[leaf.where] = data
        self.findings |= dict.fromkeys(found)
        self.globals |= {f"{module}.{name}" for module, name in trace.globals}
        self.joblib |= {leaf.where} if trace.joblib else set()


def _is_tensor(leaf: unpack.Leaf) -> bool:
    """Raw numbers of a PyTorch archive, which its reader never unpickles: <archive>/data/<number>."""
    folder, _, name = leaf.where.rpartition("/")
    return leaf.sibling_pickle and folder.endswith("/data") and name.isdigit()


def _must_be_pickle(where: str, data: bytes) -> bool:
    name = where.replace("!", "/").rpartition("/")[2].lower()
    return name.endswith(SUFFIXES) or (len(data) > 1 and data[0] == 0x80 and 2 <= data[1] <= 5)


def _second_opinion(where: str, data: bytes, known: set[str], trusted: tuple[str, ...]) -> Iterator[Finding]:
    """What picklescan calls dangerous, when it is installed; it stops at joblib's first array, so it only adds.

    It objects to every `functools.partial`; ours is judged by the function that it holds.
    """
    try:
        from picklescan.scanner import SafetyLevel, scan_pickle_bytes
    except ImportError:
        return
    logger = logging.getLogger("picklescan")
    before, logger.disabled = logger.disabled, True  # it logs joblib's arrays as errors
    try:
        second = scan_pickle_bytes(io.BytesIO(data), where)
    finally:
        logger.disabled = before
    for found in second.globals:
        name = f"{found.module}.{found.name}"
        if found.safety == SafetyLevel.Dangerous and name not in {*known, *trusted, "functools.partial"}:
            yield Finding(where=where, name=name, why="is dangerous (picklescan)")


def load(scanned: Scan, *, trusted: tuple[str, ...] = (), trust: tuple[str, ...] = ()) -> Any:
    """Loads the one pickle of a file from the bytes that were scanned.

    While it loads, every global is held against the list once more, so a gap in the walk would end in an error.

    Args:
        scanned: Result of `scan`.
        trusted: As for `scan`.
        trust: SHA-256 digests of files to load whatever the scan says.

    Raises:
        ModelError: the scan objects and the file's digest is not in `trust`; not exactly one pickle; loading fails.
    """
    accepted = scanned.sha256 in {digest.lower().removeprefix("sha256:") for digest in trust}
    if not scanned.safe and not accepted:
        raise _refusal(scanned)
    if len(scanned.pickles) != 1:
        raise ModelError(f"{scanned.path} holds {len(scanned.pickles)} pickles", expected="one pickled model")
    ((where, data),) = scanned.pickles.items()
    reader = _joblib_reader if where in scanned.joblib else _plain_reader
    try:
        return reader(data, None if accepted else trusted)
    except ModelError:
        raise
    except Exception as reason:
        raise ModelError(
            f"{scanned.path} cannot be loaded: {type(reason).__name__}: {reason}",
            fix="install the versions that it was trained with, or save it again",
        ) from reason


def _refusal(scanned: Scan) -> ModelError:
    whole = f"{PurePath(scanned.path).name}: "  # what the sentence begins with already
    shown = "; ".join(str(f).removeprefix(whole) for f in scanned.findings[:5])
    more = f"; and {len(scanned.findings) - 5} more" if len(scanned.findings) > 5 else ""
    named = any(f.name for f in scanned.findings)
    trust = f'if you know where these bytes come from: trust = "{scanned.sha256}" in [tool.mlready.model]'
    return ModelError(
        f"{scanned.path} was not loaded: {shown}{more}",
        expected="only globals that a fitted model needs" if named else "a whole pickle that can be read to its end",
        fix=f"{trust}; better: save the model as .skops or .onnx" if named else f"copy or save it again; or, {trust}",
    )


def _find(find: Any, module: str, name: str, trusted: tuple[str, ...] | None) -> Any:
    """Finds a global as the unpickler would, after the list was asked; None as `trusted` means anything goes."""
    if trusted is None:
        return find(module, name)
    canonical = allowed.names(module, name, protocol=0)
    reason = allowed.objection(*canonical, trusted)
    found = None if reason else find(module, name)
    owner = getattr(found, "__module__", None)
    if (
        reason is None
        and ".".join(canonical) not in trusted
        and isinstance(owner, str)
        and not _same_package(owner, canonical[0])
    ):
        reason = f"comes from {owner}, not from {canonical[0]}"
    if reason:
        raise ModelError(f"{module}.{name} {reason}; loading was stopped")
    return found


def _same_package(owner: str, module: str) -> bool:
    roots = {owner.partition(".")[0], module.partition(".")[0]}
    return len(roots) == 1 or roots in ({"_codecs", "codecs"}, {"decimal", "_decimal"})


def _plain_reader(data: bytes, trusted: tuple[str, ...] | None) -> Any:
    class Reader(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            return _find(super().find_class, module, name, trusted)

    return Reader(io.BytesIO(data)).load()


def _joblib_reader(data: bytes, trusted: tuple[str, ...] | None) -> Any:
    from pytest_mlready.artifacts.loaders import joblib_stream

    return joblib_stream.load(data, lambda find, module, name: _find(find, module, name, trusted))
