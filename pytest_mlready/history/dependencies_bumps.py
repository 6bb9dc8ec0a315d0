"""Simulates changes of dependencies in copies of the manifest and the lock file, one at a time."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from pytest_mlready.history import dependencies_locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.history.dependencies import Dependency, Step
    from pytest_mlready.history.dependencies_verdicts import Found

PARTS = ("patch", "minor", "major")  # places of a version, from the last
EACH = 2  # entries of a kind other than code that are changed
COLUMN = "mlready-column"  # what a column was called before the simulated change
OWNER = "mlready-somebody-else"
MOST = 200  # places of a text that are tried
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the notifier is handed copies of.

    Attributes:
        manifest: Text of the manifest.
        suffix: Of its name, which tells the format.
        lock: Text of the lock file; None where there is none, or where the notifier does not take it.
        lock_name: Name of the lock file.
    """

    manifest: str
    suffix: str
    lock: str | None = None
    lock_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One simulated change, or none.

    Attributes:
        kind: "code version (minor)", "data schema", "nothing", …
        about: What changed; None where nothing did that anybody must hear of.
        manifest, lock: Texts of the copies.
        old, new: Before and after, as a notification must name them.
    """

    kind: str
    about: Dependency | None
    manifest: str
    lock: str | None
    old: str = ""
    new: str = ""


@dataclass(slots=True, kw_only=True)
class Planned:
    """Trials, and what cannot be tried here."""

    trials: list[Trial]
    left: list[str]


def plan(manifest: Sequence[Dependency], sources: Sources, found: Found) -> Planned:
    """Changes of every kind that the manifest has, and two copies in which nothing has changed that matters.

    Code changes in the lock file's copy where the notifier takes one: the version there is raised. All else changes in
    the manifest's copy, which says what was before; what is really there then looks like the change.
    """
    made = _Maker(sources=sources, found=found)
    planned = Planned(trials=[], left=[])
    code = [one for one in manifest if one.kind == "code" and found.version(one)[0]]
    for place, part in enumerate(PARTS):
        if code:
            one = code[(len(code) - 1) * place // (len(PARTS) - 1)]
            _add(planned, made.code(one, place, part), f"code version ({part}) of {one}")
    images = [one for one in manifest if one.kind == "image" and found.version(one)[0]]
    held = [one for one in manifest if one.path and one.sha256 and found.digests.get(one.path)]
    tables = [one for one in held if one.columns and one.path in found.columns]
    for ones, make, what in (
        (images, made.image, "version"),
        (held, made.content, "version"),
        (tables, made.schema, "schema"),
    ):
        for one in ones[:EACH]:
            _add(planned, make(one), f"{what} of {one}")
    planned.left += [f"{one} (what it is now cannot be seen from here)" for one in manifest
                     if one not in (*code, *images, *held)]  # fmt: skip
    planned.trials += [made.nothing(), *made.owner(manifest)]
    return planned


def _add(planned: Planned, trial: Trial | None, what: str) -> None:
    if trial is None:
        planned.left.append(f"{what} (it does not stand in the file as text that could be changed)")
    else:
        planned.trials.append(trial)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    sources: Sources
    found: Found

    def code(self, one: Dependency, place: int, part: str) -> Trial | None:
        kind, real = f"code version ({part})", self.found.version(one)[0]
        lock, other = self.sources.lock, moved(real, place)
        if lock is not None and one.plain in (versions := dependencies_locked.read(lock, self.sources.lock_name)):
            changed = replaced(
                lock, real, other, lambda text: dependencies_locked.read(text, self.sources.lock_name),
                {**versions, one.plain: other},
            )  # fmt: skip
            if changed is None:
                return None
            return Trial(kind=kind, about=one, manifest=self.sources.manifest, lock=changed, old=one.version, new=other)
        return self._before(one, kind, "version", one.version, other, new=real)

    def image(self, one: Dependency) -> Trial | None:
        real = self.found.version(one)[0]
        return self._before(one, "image version", "version", one.version, moved(real, 0), new=real)

    def content(self, one: Dependency) -> Trial | None:
        before = hashlib.sha256(f"before {one.sha256}".encode()).hexdigest()
        key = "version" if one.sha256 in one.version.lower() else "sha256"
        stated = one.version if key == "version" else one.sha256
        other = stated.lower().replace(one.sha256, before)
        return self._before(one, f"{one.kind} version", key, stated, other, old=before, new=one.sha256)

    def schema(self, one: Dependency) -> Trial | None:
        name = one.columns[0][0]
        changed = self._changed((*one.steps, "columns"), name, COLUMN)
        if changed is None:
            return None
        kind = f"{one.kind} schema"
        return Trial(kind=kind, about=one, manifest=changed, lock=self.sources.lock, old=COLUMN, new=name)

    def nothing(self) -> Trial:
        return Trial(kind="nothing", about=None, manifest=self.sources.manifest, lock=self.sources.lock)

    def owner(self, manifest: Sequence[Dependency]) -> Iterator[Trial]:
        changed = self._changed((*manifest[0].steps, "owner"), manifest[0].owner, OWNER)
        if changed:
            yield Trial(kind="owner alone", about=None, manifest=changed, lock=self.sources.lock)

    def _before(  # noqa: PLR0913 - what stands where, and what a notification must name
        self, one: Dependency, kind: str, key: str, stated: str, other: str, *, new: str, old: str = ""
    ) -> Trial | None:
        changed = self._changed((*one.steps, key), stated, other)
        if changed is None:
            return None
        return Trial(kind=kind, about=one, manifest=changed, lock=self.sources.lock, old=old or other, new=new)

    def _changed(self, steps: tuple[Step, ...], old: str, new: str) -> str | None:
        """The manifest with another text at one place, all else as it is written."""

        def parse(text: str) -> Any:
            return parsed(text, self.sources.suffix)

        return replaced(
            self.sources.manifest, old, new, parse, _with(parse(self.sources.manifest), steps, old, new)
        )  # fmt: skip


def parsed(text: str, suffix: str) -> Any:
    """A manifest's document; its size and aliases were looked at when it was read."""
    if suffix == ".json":
        return json.loads(text)
    return tomllib.loads(text) if suffix == ".toml" else yaml.safe_load(text)


def _with(document: Any, steps: tuple[Step, ...], old: str, new: str) -> Any:
    """A copy with `new` for `old` at a place: a text, a name in a list, or a key of a table."""
    whole = copy.deepcopy(document)
    node = whole
    for step in steps[:-1]:
        node = node[step]
    held = node[steps[-1]]
    if isinstance(held, list):
        node[steps[-1]] = [new if one == old else one for one in held]
    elif isinstance(held, Mapping):
        node[steps[-1]] = {new if key == old else key: value for key, value in held.items()}
    else:
        node[steps[-1]] = new
    return whole


def replaced(text: str, old: str, new: str, parse: Callable[[str], Any], intended: Any) -> str | None:
    """The text with `old` replaced in the one place that makes it mean what is intended; None where there is none."""
    at = -1
    for _ in range(MOST):
        at = text.find(old, at + 1)
        if at < 0 or not old:
            return None
        changed = text[:at] + new + text[at + len(old) :]
        try:
            if parse(changed) == intended:
                return changed
        except Exception:  # noqa: BLE001, S112 - a place where it breaks the document is not the one
            continue
    return None


def moved(version: str, place: int) -> str:
    """Another version: `place` 0 changes its last number, 1 the one before, 2 the first of three; the rest stays."""
    match = _NUMBERS.search(version)
    if match is None:
        return f"{version}-mlready"
    numbers = [int(part) for part in match[0].split(".")]
    at = max(0, len(numbers) - 1 - place)
    numbers[at] += 1
    return version[: match.start()] + ".".join(map(str, numbers)) + version[match.end() :]
