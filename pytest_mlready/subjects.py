"""Brings what is under test: candidate, live model, data sets, predictions, files; or says what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.errors import Unverified

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.values import Dataset, Model, Predictions

FIXES = {
    "manifests": '[tool.mlready.deploy] manifests = ["deploy/"]',
    "images": '[tool.mlready.deploy] images = ["image.tar"] (docker save -o image.tar …)',
    "models": '[tool.mlready.model] path = "path/to/model.joblib"',
}
ROLES = ("target", "id", "group", "cluster", "time", "weight", "drop", "text")


def opened(config: pytest.Config) -> Project:
    """The project of this run.

    Raises:
        SettingsError: With every mistake in the settings.
    """
    from pytest_mlready import project

    return project.of(config)


def candidate(project: Project, config: pytest.Config) -> Model:
    """The model that is to ship.

    Raises:
        Unverified: The settings name none; a model file that was found is offered, never assumed.
        ModelError: It cannot be loaded.
    """
    source = project.settings.model.path
    if source is None:
        found = project.discovered.models
        raise Unverified(
            f"no model is configured{f' (found {found[0]})' if found else ''}",
            fix=f'[tool.mlready.model] path = "{found[0] if found else "path/to/model.joblib"}"',
        )
    return _load_model(project, config, source)


def production(project: Project, config: pytest.Config) -> Model:
    """The model that is live now.

    Raises:
        NotApplicable: The settings say that this is the first release, and why.
        Unverified: The settings name none.
    """
    from pytest_mlready.errors import NotApplicable

    model = project.settings.model
    if model.first_release is not None:
        raise NotApplicable(f"no model is live yet: {model.first_release}")
    if model.production is None:
        raise Unverified(
            "no production model is configured",
            fix='[tool.mlready.model] production = "path/to/live-model" (or first_release = "why there is none")',
        )
    return _load_model(project, config, model.production)


def _load_model(project: Project, config: pytest.Config, source: str) -> Model:
    from pytest_mlready.artifacts import models

    given = config.hook.pytest_mlready_load_model(config=config, source=source)
    if given is not None:
        return models.wrap(given, source=source)
    settings = project.settings
    return models.load(
        source,
        root=project.root,
        frame=settings.model.frame,
        trust=settings.model.trust,
        trusted_types=settings.model.trusted_types,
        allow_hosts=settings.endpoint.allow_hosts,
    )


def data(project: Project, config: pytest.Config, name: str) -> Dataset:
    """One of the data sets "train", "heldout", "reference", "current".

    Raises:
        Unverified: The settings do not name it.
        DataError: It cannot be read, or lacks a column that the settings name.
    """
    from pytest_mlready import filenames, tables

    settings = project.settings.data
    source = getattr(settings, name)
    if source is None:
        found = project.discovered.data
        fitting = [p for p in found if filenames.words(p) & filenames.ROLES[name]]  # another role's file is no guess
        raise Unverified(
            f"no {name} data are configured" + (f" (found {', '.join(map(str, found[:3]))})" if found else ""),
            fix=f'[tool.mlready.data] {name} = "{fitting[0] if fitting else f"data/{name}.parquet"}"',
        )
    roles = {role: getattr(settings, role) for role in ROLES}
    given = config.hook.pytest_mlready_load_data(config=config, name=name, source=source)
    if given is not None:
        return tables.wrap(given, name=name, source=source, roles=roles)
    return tables.load(source, name=name, root=project.root, roles=roles)


def predictions(project: Project, model: Model, dataset: Dataset) -> Predictions:
    """A model's answers on a data set.

    Raises:
        Inconclusive: There are no rows, or the answers hold NaN.
        ModelError: The model raises, or its answers fit neither rows nor classes.
    """
    from pytest_mlready.quality import predictions as quality

    settings = project.settings
    return quality.predict(model, dataset, task=settings.task, positive=settings.data.positive)


def baseline(project: Project, train: Dataset) -> Model:
    """scikit-learn's Dummy, fitted on the training data."""
    from pytest_mlready.quality import baselines, predictions

    task = project.settings.task or predictions.infer_task(train.y, None)
    return baselines.dummy(train, task=task)


def endpoint(project: Project, config: pytest.Config) -> Endpoint:
    """The running service: started when it is first asked for, or at the configured URL.

    Raises:
        Unverified: None is configured.
        ServiceError: It cannot be started, or does not become ready.
    """
    from pytest_mlready import service

    return service.endpoint(project, config)


def manifests(project: Project) -> tuple[Path, ...]:
    """Production manifests: files and folders that the settings name, else those that were found.

    Raises:
        Unverified: None are named, and none were found.
    """
    named = project.settings.deploy.manifests
    return project.files(named, "the manifest") if named else found(project, "manifests", "compose")


def images(project: Project) -> tuple[Path, ...]:
    """Saved images: those that the settings name, else those that were found.

    Raises:
        Unverified: None are named, and none were found.
    """
    named = project.settings.deploy.images
    return project.files(named, "the saved image") if named else found(project, "images")


def found(project: Project, *kinds: str) -> tuple[Path, ...]:
    """Files of some kinds that lie in the project, as absolute paths.

    Raises:
        Unverified: There are none.
    """
    paths = tuple(project.root / path for kind in kinds for path in getattr(project.discovered, kind))
    if "models" in kinds and project.settings.model.path is not None:
        paths = tuple(dict.fromkeys([project.root / project.settings.model.path, *paths]))
    if not paths:
        raise Unverified(f"no {' or '.join(kinds)} were found below {project.root.name}/", fix=FIXES.get(kinds[0], ""))
    return paths
