"""Looks at what a project without settings has: models, data, manifests, documents, CI configuration."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mlready import ci, filenames
from pytest_mlready.ci import gate_in_ci as gate_in_ci  # noqa: PLC0414 - part of this module's face
from pytest_mlready.toml_places import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "__pypackages__", "venv", "env", "mlruns"})
KEPT = frozenset({".github", ".gitlab", ".circleci", ".buildkite", ".azure-pipelines", ".azuredevops"})  # hidden ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """Files by what they seem to be, relative to the folder that was searched; nearest to it first.

    A name or a look into the beginning of a file decides: found, never known.

    Attributes:
        ci: (path, provider) of each CI configuration.
        bounds: What was not looked at, and why; empty when everything was.
    """

    models: tuple[Path, ...] = ()
    data: tuple[Path, ...] = ()
    model_cards: tuple[Path, ...] = ()
    dockerfiles: tuple[Path, ...] = ()
    manifests: tuple[Path, ...] = ()
    compose: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    openapi: tuple[Path, ...] = ()
    runbooks: tuple[Path, ...] = ()
    diagrams: tuple[Path, ...] = ()
    notebooks: tuple[Path, ...] = ()
    tests: tuple[Path, ...] = ()
    ci: tuple[tuple[Path, str], ...] = ()
    bounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a search goes.

    Attributes:
        files: Files and folders that are met at most.
        depth: Folders below folders.
        seconds: Wall-clock time.
        looks: Files whose beginning is read, to tell manifests, rules and OpenAPI documents from other YAML.
        each: Files kept of one kind.
    """

    files: int = 200_000
    depth: int = 12
    seconds: float = 0.9
    looks: int = 1000
    each: int = 200


LIMITS = Limits()


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One walk: its limits and what it has met so far."""

    root: str
    limits: Limits
    deadline: float
    looks: int = 0
    seen: int = 0
    bounds: dict[str, None] = field(default_factory=dict)  # an ordered set
    links: set[str] = field(default_factory=set)  # real folders reached through symbolic links


def discover(root: Path, *, limits: Limits = LIMITS) -> Discovered:
    """Walks a project once. Never raises: what cannot be read is left out.

    Args:
        root: Folder to search. Version control, virtual environments, caches and hidden folders are skipped.
        limits: How far the search goes; what it left out for that stands in `bounds`.
    """
    top = os.path.abspath(root)  # noqa: PTH100 - keeps symbolic links as the team sees them
    walk = _Walk(root=top, limits=limits, deadline=time.monotonic() + limits.seconds)
    found: dict[str, list[str]] = {}
    providers: list[tuple[Path, str]] = []
    for path, name, place in _files(walk):
        if provider := ci.provider(place):
            providers.append((Path(place), provider))
        elif kind := filenames.kind(name, place) or _by_content(walk, name, path):
            found.setdefault(kind, []).append(place)
    for kind, places in found.items():
        if len(places) > limits.each:
            walk.bounds[f"{limits.each} of {len(places)} files are kept of: {kind}"] = None
    kept = {kind: tuple(Path(p) for p in _nearest(places)[: limits.each]) for kind, places in found.items()}
    return Discovered(ci=tuple(sorted(providers)), bounds=tuple(walk.bounds), **kept)


def _nearest(places: list[str]) -> list[str]:
    return sorted(places, key=lambda place: (place.count("/"), place))


def _files(walk: _Walk) -> Iterator[tuple[str, str, str]]:
    """(path, name, path below the root with "/") of each regular file, level by level."""
    level = [(walk.root, "")]
    for depth in range(walk.limits.depth + 1):
        below: list[tuple[str, str]] = []
        for folder, at in level:
            for entry in _entries(walk, folder):
                if _is_folder(entry):
                    if _enters(walk, entry, depth):
                        below.append((entry.path, f"{at}{entry.name}/"))
                elif not entry.name.startswith(".") or entry.name == ".gitlab-ci.yml":
                    yield entry.path, entry.name, at + entry.name
            if _over(walk):
                return
        level = below
    if level:
        walk.bounds[f"folders more than {walk.limits.depth} deep were not searched"] = None


def _entries(walk: _Walk, folder: str) -> list[os.DirEntry[str]]:
    """The entries of a folder by name, as far as the limits allow; none of a virtual environment."""
    entries = []
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                if entry.name == "pyvenv.cfg":
                    return []
                walk.seen += 1
                entries.append(entry)
                if (walk.seen >= walk.limits.files or not walk.seen % 256) and _over(walk):
                    break
    except OSError:
        return []
    return sorted(entries, key=lambda entry: entry.name)


def _over(walk: _Walk) -> bool:
    """Whether a limit is reached; notes which."""
    if walk.seen >= walk.limits.files:
        walk.bounds[f"stopped after {walk.limits.files} files and folders"] = None
        return True
    if time.monotonic() > walk.deadline:
        walk.bounds[f"stopped after {walk.limits.seconds} seconds"] = None
        return True
    return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symbolic link that leads to itself
        return False


def _enters(walk: _Walk, entry: os.DirEntry[str], depth: int) -> bool:
    """Whether a folder is searched. A link is followed once, and only to where the walk does not come anyway."""
    if entry.name in SKIPPED or (entry.name.startswith(".") and (depth > 0 or entry.name not in KEPT)):
        return False
    if not entry.is_symlink():
        return True
    real = os.path.realpath(entry.path)
    top = os.path.realpath(walk.root)
    if real in walk.links or os.path.commonpath((real, top)) in (real, top):
        return False
    walk.links.add(real)
    return True


def _by_content(walk: _Walk, name: str, path: str) -> str | None:
    if not filenames.needs_look(name):
        return None
    if walk.looks >= walk.limits.looks or time.monotonic() > walk.deadline:
        walk.bounds[f"of YAML and JSON files only {walk.looks} were opened"] = None
        return None
    walk.looks += 1
    try:
        if not os.path.isfile(path):  # noqa: PTH113 - a pipe would wait for ever
            return None
        with open(path, "rb") as file:  # noqa: PTH123
            return filenames.kind_of_content(file.read(filenames.LOOK))
    except OSError:
        return None


def suggest(discovered: Discovered) -> list[str]:
    """Lines of TOML to paste, from names alone: what is certain enough stands, the rest is a comment to choose from."""
    models = [p for p in discovered.models if _offered(p)]
    live = [p for p in models if filenames.words(p) & filenames.LIVE]
    lines = ["[tool.mlready.model]", *_choice("path", [p for p in models if p not in live], "the model under test")]
    lines += _choice("production", live, "the model now live")
    lines += ["", "[tool.mlready.data]"]
    for role, words in filenames.ROLES.items():
        candidates = [p for p in discovered.data if _offered(p) and filenames.words(p) & words]
        lines += _choice(role, candidates, filenames.ROLE_MEANING[role])
    return [*lines, '# target = "…"  # the column with the true outcome']


def _offered(path: Path) -> bool:
    """Test data are not offered, nor names that no settings file could hold."""
    return "tests" not in path.parts and str(path).isprintable()


def _choice(key: str, paths: Sequence[Path], meaning: str) -> list[str]:
    """One file: a setting, said to be found. Several: comments to choose from. None: what would stand there."""
    if not paths:
        return [f'# {key} = "…"  # {meaning}; nothing was found']
    if len(paths) == 1:
        return [f"{key} = {quoted(paths[0].as_posix())}  # found; is it {meaning}?"]
    return [f"# {key} = {quoted(p.as_posix())}  # found, 1 of {len(paths)}: choose {meaning}" for p in paths[:5]]
