"""Names what only together lets checks judge: a model with its data, a service with a good request; pure."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_mlready import filenames, paste, step_gains
from pytest_mlready.init import seen as looked
from pytest_mlready.paste import Line
from pytest_mlready.step_candidates import Candidate
from pytest_mlready.toml_places import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from pytest_mlready.discovery import Discovered
    from pytest_mlready.step_candidates import Given

KEEPING = frozenset({"models", "model", "artifacts", "weights", "checkpoints", "registry"})  # names of folders
SHOWN = 3  # names in a comment
MLFLOW = ', or "models:/NAME/1" of MLflow'
OF_MODEL = (("model", "path"), ("data", "train"), ("data", "heldout"), ("data", "target"))
OF_WINDOWS = (("data", "reference"), ("data", "current"))
OF_SERVICE = (("endpoint", "start"),)
LIMITED = ("roc_auc", "accuracy")  # metrics that messages and the candidate below take for an example
# Items that are judged once the settings name a model, both data sets, the target and a metric, and those that a
# service and a good request let be judged. tests/plugin/test_first_hour.py pastes the lines and holds a run to these.
BY_MODEL = (
    "model_quality.metric_thresholds",
    "model_quality.heldout_integrity",
    "model_quality.subgroup_performance",
    "model_quality.baseline_comparison",
    "model_quality.edge_and_adversarial_cases",
    "data.features_beneficial",
)
BY_WINDOWS = ("monitoring.feature_drift", "monitoring.prediction_drift")
BY_SERVICE = (
    "infrastructure.health_checks",
    "security.authentication",
    "security.input_validation",
    "documentation.api_docs",
    "monitoring.error_rates",
)


def missing(given: Given) -> frozenset[tuple[str, str]]:
    """(table, key) of what these candidates would supply: a check that says so waits for them."""
    lacking = {
        (table, key)
        for table, key in (*OF_MODEL, *OF_WINDOWS, *OF_SERVICE)
        if getattr(getattr(given.settings, table), key) is None
    }
    if given.settings.endpoint.url:
        lacking -= set(OF_SERVICE)
    return frozenset(lacking | {("metrics", name) for name in LIMITED if lacking & set(OF_MODEL)})


def model_and_data(given: Given) -> Iterator[Candidate]:
    """The model, the data, the target and a first limit: as far as they are missing."""
    items = given.waiting(BY_MODEL)
    if not items or not (lines := tuple(_of_model(given))):
        return
    effort = sum(line.effort for line in lines)
    if folders := apart(given):
        # Each folder has a service of its own too: what a run in the repository's top could start is one of them.
        items += given.waiting(BY_SERVICE) if given.seen.services else ()
        yield Candidate(
            items=items,
            gain=step_gains.of_items(given.tally, items),
            why=f"Models lie in {len(folders)} folders, and a run judges one: each gets settings of its own.",
            commands=tuple(_begun(folder, given.seen.settled) for folder in folders[:SHOWN]),
            effort=effort,
        )
        return
    gain = step_gains.of_items(given.tally, items)
    why = f"{len(items)} items judge the model's answers on held-out rows, and the settings do not say which."
    yield Candidate(items=items, gain=gain, why=why, settings=lines, effort=effort)


def _begun(folder: str, settled: Collection[str]) -> str:
    """What comes next for a folder that is a project of its own."""
    command = "pytest --mlready" if folder in settled else "pytest-mlready init"
    return f"{command} {shlex.quote(folder)}"


def apart(given: Given) -> tuple[str, ...]:
    """The folders that are projects of their own, where the settings do not name the model of one."""
    return parts(looked.models(given.discovered)) if given.settings.model.path is None else ()


def parts(models: Sequence[Path]) -> tuple[str, ...]:
    """The folders of a repository of several models that have one or more each, such as services/churn.

    A folder that only keeps models (models/, artifacts/v2/) stands for the one that it lies in. Fewer than two: none.
    """
    folders = (
        next((f for f in reversed(p.parents) if (p.relative_to(f).parts[0]) in KEEPING), p.parent) for p in models
    )
    found = dict.fromkeys(f.as_posix() for f in folders if " " not in str(f))
    return tuple(found) if len(found) > 1 and "." not in found else ()


def _of_model(given: Given) -> Iterator[Line]:
    data, discovered = given.settings.data, given.discovered
    if given.settings.model.path is None:
        meaning = f"the model under test{MLFLOW if given.seen.mlflow else ''}"
        yield _choice("model", "path", looked.models(discovered), meaning)
    for role in ("train", "heldout"):
        if getattr(data, role) is None:
            yield _role(discovered, role)
    if data.target is None:
        yield Line(table="data", key="target", value='"…"', note=_target(given), effort=paste.DECIDED)
    if not given.settings.metrics:
        note = "an example: your metric and limit"
        yield Line(table="metrics", key="accuracy", value="{ min = 0.80 }", note=note, effort=paste.DECIDED)


def _role(discovered: Discovered, role: str) -> Line:
    """A data file by a word in its name; where none has one, the files that were found are only asked about."""
    line = _choice("data", role, looked.of_role(discovered, role), filenames.ROLE_MEANING[role])
    others = looked.of_no_role(discovered)[:SHOWN]
    if "found" in line.note or not others or looked.of_role(discovered, role):
        return line
    some = " or ".join(p.as_posix() for p in others)
    asked = f"of {some}?" if role == "train" else f"rows held out of {some}?"
    return replace(line, note=f"{line.note}: {asked}")


def _target(given: Given) -> str:
    likely = given.seen.targets[:SHOWN]
    return f"the true outcome: {' or '.join(map(_shown, likely))}?" if likely else "the column with the true outcome"


def _shown(name: str) -> str:
    return quoted(name) if len(name) < 40 else quoted(name[:39] + "…")


def _choice(table: str, key: str, paths: Sequence[Path], meaning: str) -> Line:
    """One file that was found is the setting, and asked about; of several, or none, a person writes the name."""
    if len(paths) == 1:
        return Line(table=table, key=key, value=quoted(paths[0].as_posix()), note=f"found; is it {meaning}?")
    among = " or ".join(p.as_posix() for p in paths[:SHOWN])
    note = f"{meaning}: {among}{' or …' if len(paths) > SHOWN else ''}" if paths else meaning
    return Line(table=table, key=key, value='"…"', note=note, effort=paste.DECIDED)


def windows(given: Given) -> Iterator[Candidate]:
    """Two windows of served data: as far as they are missing."""
    items, data = given.waiting(BY_WINDOWS), given.settings.data
    roles = [role for _, role in OF_WINDOWS if getattr(data, role) is None]
    if not items or not roles:
        return
    lines = tuple(
        _choice("data", role, looked.of_role(given.discovered, role), filenames.ROLE_MEANING[role]) for role in roles
    )
    yield Candidate(
        items=items,
        gain=step_gains.of_items(given.tally, items),
        why=f"{len(items)} items hold the data of now against those of the release.",
        settings=lines,
        effort=sum(paste.WRITTEN if "found" not in line.note else line.effort for line in lines),
    )


def service(given: Given) -> Iterator[Candidate]:
    """How the service is started, its prediction and one good request: as far as they are missing."""
    items = given.waiting(BY_SERVICE)
    endpoint = given.settings.endpoint
    if not items or endpoint.start or endpoint.url or apart(given):
        return
    lines = tuple(_of_service(given))
    yield Candidate(
        items=items,
        gain=step_gains.of_items(given.tally, items),
        why=f"{len(items)} items ask the running service, and the settings do not say how to start it.",
        settings=lines,
        effort=sum(line.effort for line in lines),
    )


def _of_service(given: Given) -> Iterator[Line]:
    found = given.seen.services
    if found:
        first = found[0]
        note = f"found in {first.where.as_posix()}; does it start the service?"
        yield Line(table="endpoint", key="start", value=quoted(first.start), note=note)
    else:
        note = "or url; {port} stands for a free port"
        start = quoted("uvicorn service:app --port {port}")
        yield Line(
            table="endpoint", key="start", value=start, note=f"an example: say yours ({note})", effort=2 * paste.DECIDED
        )
    predict = next((s.predict for s in found[:1] if s.predict), "")
    asked = "found; is it the prediction?" if predict else "an example: the prediction's method and path"
    yield Line(
        table="endpoint", key="predict", value=quoted(predict or "POST /predict"), note=asked, effort=paste.DECIDED
    )
    body = "a file with the body of one good request (JSON)"
    yield Line(table="endpoint", key="example", value='"…"', note=body, effort=paste.WRITTEN)
