"""Judges a manifest of dependencies: every entry whole, every direct dependency in it, every version the real one."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from pytest_mlready.errors import near
from pytest_mlready.history import dependencies_required
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.history.dependencies import Dependency
    from pytest_mlready.history.dependencies_required import Required

SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is really there.

    Attributes:
        locked: Version by plain name, from lock and constraint files and pins.
        installed: The same, of this environment, of the packages that are asked about.
        digests: Sha256 of the content by path; "" for a path that is not there.
        columns: Name and type of the columns of tables, by path.
        images: Version by name, of the images that Dockerfiles build on.
        trained: Paths of the data that the model is trained on.
    """

    locked: Mapping[str, str] = field(default_factory=dict)
    installed: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    trained: tuple[str, ...] = ()

    def version(self, one: Dependency) -> tuple[str, str]:
        """(version, where it is from) of code or an image; ("", "") where it is not known here."""
        if one.kind == "image":
            return (self.images[one.name], "the Dockerfile") if one.name in self.images else ("", "")
        if one.kind != "code":
            return "", ""
        if one.plain in self.locked:
            return self.locked[one.plain], "the lock file"
        return (self.installed[one.plain], "this environment") if one.plain in self.installed else ("", "")


def judge(manifest: Sequence[Dependency], required: tuple[Required, ...], found: Found) -> list[Verdict]:
    """All that the manifest is held against."""
    return [complete(manifest), covers(manifest, required, found), agrees(manifest, found)]


def complete(manifest: Sequence[Dependency]) -> Verdict:
    """Whether every entry has a version, an owner and a channel that are no placeholders."""
    lacking = [f"{one} lacks {' and '.join(one.lacks)}" for one in manifest if one.lacks]
    noted = Measurement(name="dependencies in the manifest", value=len(manifest), min=1, note=_by_kind(manifest))
    whole = Measurement(name="entries with version, owner and channel", value=len(manifest) - len(lacking),
                        min=len(manifest), n=len(manifest))  # fmt: skip
    if lacking:
        return Verdict(
            outcome="failed", message=f"{_some(lacking)}. Next step: write them", measurements=(noted, whole)
        )
    return Verdict(outcome="passed", message="every entry is whole", measurements=(noted, whole))


def _by_kind(manifest: Sequence[Dependency]) -> str:
    kinds = [one.kind for one in manifest]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


def covers(manifest: Sequence[Dependency], required: tuple[Required, ...], found: Found) -> Verdict:
    """Whether all that is asked for directly, built on and trained on has an entry."""
    code = frozenset(one.plain for one in manifest if one.kind == "code")
    images = {one.name for one in manifest if one.kind == "image"}
    paths = {one.path for one in manifest}
    missing = [
        f"{one.name} ({one.place}){near(one.name, code)}" for one in dependencies_required.missing(required, code)
    ]
    missing += [f"the image {name}{near(name, images)}" for name in found.images if name not in images]
    missing += [f"the data {path}{near(path, paths)}" for path in found.trained if path not in paths]
    asked = len(required) + len(found.images) + len(found.trained)
    noted = Measurement(name="direct dependencies with an entry", value=asked - len(missing), min=asked, n=asked)
    if not required:
        message = "the requirement files name no dependency, so that nothing tells whether the manifest is whole"
        return Verdict(outcome="inconclusive", message=message, measurements=(noted,))
    if missing:
        message = f"the manifest has no entry for {_some(missing)}. Next step: add them with owner and channel"
        return Verdict(outcome="failed", message=message, measurements=(noted,))
    message = f"all {asked} direct dependencies have an entry"
    return Verdict(outcome="passed", message=message, measurements=(noted,))


def agrees(manifest: Sequence[Dependency], found: Found) -> Verdict:
    """Whether every version, digest and column that is known here is the one of the manifest."""
    wrong = [told for one in manifest for told in differences(one, found)]
    held = [one for one in manifest if _is_held(one, found)]
    unheld = [str(one) for one in manifest if one not in held]
    note = f"not held against anything here: {', '.join(unheld)[:200]}" if unheld else ""
    noted = Measurement(name="entries held against what is there", value=len(held), min=1, n=len(manifest), note=note)
    if wrong:
        message = f"the manifest does not agree with what is there: {_some(wrong)}. Next step: correct it"
        return Verdict(outcome="failed", message=message, measurements=(noted,))
    if not held:
        message = "no version of the manifest could be held against anything: no lock, no installed package, no file"
        return Verdict(outcome="inconclusive", message=message, measurements=(noted,))
    return Verdict(outcome="passed", message=f"{len(held)} entries agree with what is there", measurements=(noted,))


def _is_held(one: Dependency, found: Found) -> bool:
    return bool(found.version(one)[0]) or bool(one.path and one.sha256 and found.digests.get(one.path))


def differences(one: Dependency, found: Found) -> Iterator[str]:
    """What of an entry is not as it is there."""
    version, where = found.version(one)
    if version and not same(one.version, version):
        exact = ", which is a range: a change within it would go unseen" if set("<>~!,*") & set(one.version) else ""
        yield f"{one} is {one.version}{exact}; {where} has {version}"
    if one.path and one.path in found.digests:
        digest = found.digests[one.path]
        if not digest:
            yield f"{one}: there is no {one.path}"
        elif not one.sha256:
            yield f"{one} has no digest of {one.path} (sha256:{digest})"
        elif digest != one.sha256:
            yield f"{one}: {one.path} has the digest {digest[:12]}…, and not {one.sha256[:12]}…"
    if one.columns and one.path in found.columns:
        yield from _columns(one, found.columns[one.path])


def _columns(one: Dependency, there: Mapping[str, str]) -> Iterator[str]:
    stated = dict(one.columns)
    yield from (f"{one} has no column {name} any more{near(name, there)}" for name in stated if name not in there)
    yield from (
        f"{one} has the column {name}, which the manifest does not name" for name in there if name not in stated
    )
    for name, kind in stated.items():
        if kind and name in there and kind.lower() != there[name].lower():
            yield f"{one}: the column {name} is {there[name]}, and not {kind}"


def same(stated: str, real: str) -> bool:
    """Whether two versions are one: as PEP 440 compares them, else as text."""
    if stated == real:
        return True
    try:
        return Version(stated) == Version(real)
    except InvalidVersion:
        return False


def elsewhere(manifest: Sequence[Dependency], found: Found) -> Verdict | None:
    """What is installed in this environment in another version than the lock file says: what is tested is not shipped.

    It is told and judges nothing: the service may be built elsewhere.
    """
    other = [
        f"{one.name} {found.installed[one.plain]} (locked {found.locked[one.plain]})"
        for one in manifest
        if one.kind == "code" and one.plain in found.locked and one.plain in found.installed
        and not same(found.locked[one.plain], found.installed[one.plain])
    ]  # fmt: skip
    if not other:
        return None
    noted = Measurement(name="installed here in another version than locked", value=len(other), note=_some(other))
    return Verdict(outcome="passed", message="this environment differs from the lock file", measurements=(noted,))


def _some(parts: Sequence[str]) -> str:
    more = f"; and {len(parts) - SHOWN} more" if len(parts) > SHOWN else ""
    return "; ".join(parts[:SHOWN]) + more
