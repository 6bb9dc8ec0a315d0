"""Brings to the check on dependencies the manifest, what it is held against, and the team's notifier."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.history.dependencies import Dependency
    from pytest_mlready.history.dependencies_bumps import Sources, Trial
    from pytest_mlready.history.dependencies_drill import Outcome
    from pytest_mlready.history.dependencies_required import Required
    from pytest_mlready.history.dependencies_verdicts import Found
    from pytest_mlready.project import Project
    from pytest_mlready.serving.commands import Ran

MANIFESTS = tuple(f"dependencies.{suffix}" for suffix in ("yaml", "yml", "json", "toml"))
REQUIREMENTS = ("requirements.txt", "pyproject.toml")
LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "constraints.txt")
TAKES = ("manifest", "lock", "url", "file")
LARGEST = 1 << 20  # bytes of a file of notifications that are read
VARIABLE = "MLREADY_WEBHOOK"


def manifest(mlready: Project, options: Mapping[str, Any]) -> Path | None:
    """The file that the settings name, else the one that lies in the project's folder under its usual name."""
    if options["manifest"]:
        return mlready.file(options["manifest"], "the manifest of dependencies")
    return next((mlready.root / name for name in MANIFESTS if (mlready.root / name).is_file()), None)


def entries(path: Path) -> tuple[Dependency, ...]:
    """What the manifest lists.

    Raises:
        DataError: It cannot be read or used; with every mistake.
    """
    from pytest_mlready.documents import bounded
    from pytest_mlready.history import dependencies

    return dependencies.read(bounded.read(path, setting="manifest"), path.name)


def required(mlready: Project, options: Mapping[str, Any]) -> tuple[tuple[Required, ...], tuple[Path, ...]]:
    """The direct requirements of the service, and the constraint files that stand beside them."""
    from pytest_mlready.history import dependencies_required

    named = options["requirements"]
    if named:
        paths = mlready.files(named, "the requirement file")
    else:
        found = (mlready.root / name for name in REQUIREMENTS)
        paths = tuple([path for path in found if path.is_file()][:1])
    read = [dependencies_required.read(path, mlready.root) for path in paths]
    return tuple(one for found, _ in read for one in found), tuple(path for _, beside in read for path in beside)


def locks(mlready: Project, options: Mapping[str, Any], beside: Sequence[Path]) -> tuple[Path, ...]:
    """The lock files that the settings name, else those in the project's folder; and constraint files."""
    if options["locks"]:
        return (*mlready.files(options["locks"], "the lock file"), *beside)
    return (*(mlready.root / name for name in LOCKS if (mlready.root / name).is_file()), *beside)


def found(
    mlready: Project, options: Mapping[str, Any], listed: Sequence[Dependency], asked: Sequence[Required],
    locked: Sequence[Path],
) -> Found:  # fmt: skip
    """What is really there of all that the manifest may name."""
    from pytest_mlready.artifacts import digests
    from pytest_mlready.history import (
        dependencies,
        dependencies_images,
        dependencies_locked,
        dependencies_required,
        dependencies_there,
        dependencies_verdicts,
    )

    pins = {dependencies.normal(one.name): one.pinned for one in asked if one.pinned}
    for path in reversed(locked):
        pins |= dependencies_locked.read(dependencies_required.content(path), path.name)
    stated = {one.path: mlready.path(one.path) for one in listed if one.path}
    tables = {one.path: dependencies_there.columns(stated[one.path]) for one in listed if one.path and one.columns}
    dockerfiles = options["dockerfiles"] or tuple(map(str, mlready.discovered.dockerfiles))
    images = [dependencies_images.bases(dependencies_required.content(mlready.file(f, "the Dockerfile")))
              for f in dockerfiles]  # fmt: skip
    return dependencies_verdicts.Found(
        locked=pins,
        installed=dependencies_there.installed([one.plain for one in listed if one.kind == "code"]),
        digests={name: digests.sha256(path) if path.is_file() else "" for name, path in stated.items()
                 if not path.is_dir()},
        columns={name: columns for name, columns in tables.items() if columns is not None},
        images={name: version for bases in images for name, version in bases},
        trained=_trained(mlready),
    )  # fmt: skip


def _trained(mlready: Project) -> tuple[str, ...]:
    """The file that the model is trained on, where the settings name one."""
    source = mlready.settings.data.train
    return (os.path.normpath(source),) if source and mlready.path(source).exists() else ()


def sources(path: Path, notify: str, locked: Sequence[Path], mlready: Project) -> Sources:
    """The files that the notifier is handed copies of.

    Raises:
        ReadinessError: It does not take the manifest, or takes a lock file where there is none.
    """
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.history import dependencies_bumps, dependencies_required

    taken = _takes(mlready, notify)
    if "manifest" not in taken:
        raise ReadinessError(
            f"notify = {notify!r} does not take the manifest, so that no change can be simulated",
            expected="{manifest} in the command, or a parameter of that name; {lock} as well where it watches one",
        )
    if "{lock}" in notify and not locked:
        raise ReadinessError(f"notify = {notify!r} takes a lock file, and none was found", fix='locks = ["uv.lock"]')
    lock = locked[0] if locked and "lock" in taken else None
    return dependencies_bumps.Sources(
        manifest=dependencies_required.content(path), suffix=path.suffix.lower(),
        lock=None if lock is None else dependencies_required.content(lock), lock_name="" if lock is None else lock.name,
    )  # fmt: skip


def _takes(mlready: Project, notify: str) -> set[str]:
    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ReadinessError

    if not named.is_object(notify):
        return {name for name in TAKES if f"{{{name}}}" in notify}
    import inspect

    parameters = inspect.signature(named.object_named(notify, mlready.root, error=ReadinessError)).parameters
    return set(TAKES) if any(p.kind is p.VAR_KEYWORD for p in parameters.values()) else set(TAKES) & set(parameters)


def tried(mlready: Project, options: Mapping[str, Any], trial: Trial, names: tuple[str, str]) -> Outcome:
    """Hands copies with one simulated change to the notifier, and gives back what it delivered."""
    from pytest_mlready.history import dependencies_drill
    from pytest_mlready.serving import webhook

    with tempfile.TemporaryDirectory(prefix="mlready-") as folder, webhook.Webhook() as hook:
        own = Path(folder)
        written = own / "notifications"
        given = {"manifest": str(own / names[0]), "lock": "", "url": hook.url, "file": str(written)}
        Path(given["manifest"]).write_text(trial.manifest, encoding="utf-8")
        if trial.lock is not None:
            given["lock"] = str(own / names[1])
            Path(given["lock"]).write_text(trial.lock, encoding="utf-8")
        ran = _run(mlready, options, given, own)
        filed = [text] if (text := _content(written)) else []
        posted = hook.messages() if filed else hook.wait(options["settle"])
    return dependencies_drill.Outcome(
        trial=trial, messages=[*posted, *filed], ended=ran.ended, hung=ran.code is None
    )  # fmt: skip


def _run(mlready: Project, options: Mapping[str, Any], given: dict[str, str], folder: Path) -> Ran:
    """Runs the notifier in the project's folder, without a shell, within its limit."""
    from dataclasses import replace

    from pytest_mlready import history
    from pytest_mlready.artifacts import named
    from pytest_mlready.serving import commands
    from pytest_mlready.team import entry_points, running

    notify = options["notify"]
    own = _variables(options["env"], given)
    if named.is_object(notify):
        program = Path(os.fspath(history.__path__[0])) / "notifier.py"
        (folder / "arguments.json").write_text(json.dumps(given), encoding="utf-8")
        words: tuple[str, ...] = (sys.executable, "-P", str(program), notify, str(folder / "arguments.json"))
    else:
        words = commands.filled(notify, given, "notify", error=running.TeamCodeError)
    setting = entry_points.setting(mlready)
    environment = {**setting.environment, VARIABLE: given["url"], **own}
    setting = replace(setting, environment=environment, seconds=options["limit"])
    return running.run(words, setting, what="dependencies: asking the notifier")


def _variables(env: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    from pytest_mlready.errors import ReadinessError

    try:
        return {name: str(value).format_map(given) for name, value in env.items()}
    except (ValueError, LookupError, AttributeError) as error:
        expected = f"{', '.join(f'{{{name}}}' for name in TAKES)} as placeholders; {{{{ and }}}} for plain braces"
        raise ReadinessError(f"env cannot be filled in: {type(error).__name__} {error}", expected=expected) from None


def _content(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(LARGEST).decode("utf-8", errors="replace").strip()
