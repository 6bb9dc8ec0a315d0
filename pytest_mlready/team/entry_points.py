"""Calls what a team names under [tool.mlready.entry_points]: training, features, explanation, pipeline and gate."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import Inconclusive, Unverified
from pytest_mlready.serving.commands import Ran, filled
from pytest_mlready.team.running import Setting, TeamCodeError, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from pytest_mlready.project import Project

CHILD = Path(__file__).with_name("child.py")
TABLE = "[tool.mlready.entry_points]"
SIGNATURES = {
    "train": "train(rows, *, seed, folder) -> path of the artifact that it wrote in folder (and perhaps steps)",
    "features": "features(rows) -> a frame with a row for each of them, in their order",
    "explain": "explain(example) -> {baseline, contributions, link} (and perhaps model)",
}
EXAMPLES = {
    "train": 'train = "train:train"',
    "features": 'features = "features:make"',
    "explain": 'explain = "explain:explain"',
    "pipeline": 'pipeline = "python pipeline.py --rows {rows} --folder {folder} --port {port}"',
    "gate": 'gate = "python gate.py {model}"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """An artifact that the team's training wrote.

    Attributes:
        path: The artifact, in the folder that was handed over.
        seconds: Time of the call alone, without start and imports.
        peak: Most memory that its process held, in bytes; 0 where the system does not say.
    """

    path: Path
    seconds: float
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of an entry point.

    Attributes:
        name: Of the entry point.
        returns: "path", "rows" or "mapping".
        what: For the line of progress.
        rows: Its first argument, a frame; or else
        example: Its first argument, a dictionary.
        arguments: The others, by name.
        optional: Those left out where the function does not take them.
        needed: Those that it need not take in general, and must for this call.
        scratch: Where the answer is written when it must outlive the call.
    """

    name: str
    returns: str
    what: str
    rows: pl.DataFrame | None = None
    example: Mapping[str, Any] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    scratch: Path | None = None


def setting(project: Project) -> Setting:
    """Where and within which limits the team's code runs."""
    from pytest_mlready import service

    table, endpoint = project.settings.entry_points, project.settings.endpoint
    named = [getattr(endpoint.auth, n, None) for n in ("env", "expired_env", "wrong_scope_env", "other_tenant_env")]
    hidden = (os.environ.get(name, "") for name in (*endpoint.secrets, *named) if name)
    environment = {**os.environ, "PATH": service.search_path(os.environ), **table.env}
    return Setting(
        root=project.root.resolve(),
        environment=environment,
        secrets=tuple(value for value in hidden if value),
        seconds=table.time_limit,
        memory=table.memory_limit,
        frame=table.frame or ("pandas" if find_spec("pandas") and find_spec("pyarrow") else "polars"),
        progress=project.progress,
    )


def named(project: Project, name: str) -> str:
    """What the settings name as an entry point.

    Raises:
        Unverified: Nothing.
    """
    source: str | None = getattr(project.settings.entry_points, name)
    if source is None:
        raise Unverified(f"no entry point `{name}` is configured", fix=f"{TABLE} {EXAMPLES[name]}")
    return source


def train(  # noqa: PLR0913 - the entry point's own arguments
    project: Project, rows: pl.DataFrame, *, seed: int, folder: Path, steps: int | None = None, what: str = "training"
) -> Trained:
    """Trains on rows.

    Args:
        project: Names the entry point and its limits.
        rows: Features and target, n rows.
        seed: Of everything random.
        folder: An empty one, where the artifact is written.
        steps: Train so many steps (epochs, trees, iterations) only.
        what: For the line of progress.

    Raises:
        Unverified: No entry point is configured.
        Inconclusive: `steps` are given, and the function does not take them.
        TeamCodeError: It cannot be called so, failed, took too long, or returned no path; says which.
    """
    arguments: dict[str, Any] = {"seed": seed, "folder": str(folder.resolve())}
    if steps is not None:
        arguments["steps"] = steps
    answer = _call(
        project, Call(name="train", returns="path", what=what, rows=rows, arguments=arguments, needed=("steps",))
    )
    return Trained(path=Path(answer["value"]), seconds=answer["seconds"], peak=answer["peak"])


def features(project: Project, rows: pl.DataFrame) -> pl.DataFrame:
    """Features as training computes them from raw rows.

    Args:
        project: Names the entry point and its limits.
        rows: Raw rows, n of them.

    Returns:
        n feature rows, in the same order.

    Raises:
        Unverified: No entry point is configured.
        TeamCodeError: It cannot be called so, failed, took too long, or returned no frame of n rows.
    """
    import polars as pl

    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        call = Call(name="features", returns="rows", what="computing features", rows=rows, scratch=Path(folder))
        answer = _call(project, call)
        made = pl.read_ipc(answer["value"])
    if made.height != rows.height:
        raise _error(project, "features", f"it returned {made.height} rows for {rows.height}", "a row for each")
    return made


def explain(project: Project, example: Mapping[str, Any], *, model: Path | None = None) -> dict[str, Any]:
    """The intermediates of one prediction.

    Args:
        project: Names the entry point and its limits.
        example: A value by feature, as JSON has them.
        model: The artifact, for functions that take `model`.

    Raises:
        Unverified: No entry point is configured.
        TeamCodeError: It cannot be called so, failed, took too long, or returned no dictionary.
    """
    call = Call(
        name="explain",
        returns="mapping",
        what="explaining a prediction",
        example=dict(example),
        arguments={} if model is None else {"model": str(model)},
        optional=("model",),
    )
    answer = _call(project, call)
    value: dict[str, Any] = answer["value"]
    return value


def command(
    project: Project, name: str, values: Mapping[str, str], *, what: str, environment: Mapping[str, str] | None = None
) -> Ran:
    """Runs the command that the settings name as `pipeline` or `gate`, its placeholders filled in.

    Raises:
        Unverified: None is configured.
        TeamCodeError: It has an unknown placeholder.
        ServiceError: It cannot be started.
    """
    return custom(project, named(project, name), values, setting_name=name, what=what, environment=environment)


def custom(  # noqa: PLR0913 - one argument for each part of a command
    project: Project,
    text: str,
    values: Mapping[str, str],
    *,
    setting_name: str,
    what: str,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Runs a command of an item's own options, within the same limits; `setting_name` is for messages."""
    given = setting(project)
    given = replace(given, environment={**given.environment, **(environment or {})})
    return run(filled(text, values, setting_name, error=TeamCodeError), given, what=what)


def _call(project: Project, call: Call) -> dict[str, Any]:
    given = setting(project)
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        own = Path(folder)
        file, asked, rows = (call.scratch or own) / "answer.json", own / "request.json", own / "rows.arrow"
        request = {
            "source": named(project, call.name), "root": str(given.root), "frame": given.frame, "returns": call.returns,
            "arguments": dict(call.arguments), "optional": [*call.optional, *call.needed], "needed": call.needed,
            "expected": SIGNATURES[call.name], "answer": str(file), "example": call.example,
        }  # fmt: skip
        if call.rows is not None:
            call.rows.write_ipc(rows)
            request["rows"] = str(rows)
        asked.write_text(json.dumps(request), encoding="utf-8")
        ran = run((sys.executable, "-P", str(CHILD), str(asked)), given, what=call.what)
        return _answer(project, call.name, file, ran)


def _answer(project: Project, name: str, file: Path, ran: Ran) -> dict[str, Any]:
    limits = project.settings.entry_points
    if ran.code is None:
        raise _error(
            project, name, f"it did not end within {limits.time_limit:.0f} s", "an end", fix=f"{TABLE} time_limit = …"
        )
    try:
        answer: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        how = f"its process was ended by signal {-ran.code}" if ran.code < 0 else f"its process ended ({ran.code})"
        raise _error(project, name, how + (f"; its last lines:\n{ran.tail}" if ran.tail else ""), "a return") from None
    if answer.get("lacks"):
        raise Inconclusive(f'{name} = "{getattr(limits, name)}": {answer["found"]}', expected=answer["expected"])
    if "value" not in answer:
        fix = f"{TABLE} memory_limit = …" if answer.get("memory") else "call it by hand"
        raise _error(project, name, answer["found"], answer.get("expected", ""), fix=fix)
    return answer


def _error(project: Project, name: str, found: str, expected: str, *, fix: str = "call it by hand") -> TeamCodeError:
    from pytest_mlready.serving.http import masked

    source = getattr(project.settings.entry_points, name)
    hidden = setting(project).secrets
    return TeamCodeError(f'{name} = "{source}": {masked(found, hidden)}', expected=expected, fix=fix)
