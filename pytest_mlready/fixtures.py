"""Offers what checks and a team's tests ask for: session-scoped, and nothing is loaded before a test asks."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset, Model, Predictions

    EVIDENCE: pytest.StashKey[Evidence]

EVIDENCE = pytest.StashKey()
P = ParamSpec("P")
T = TypeVar("T")


class BadInput(pytest.fail.Exception):  # type: ignore[name-defined,misc]
    """Something under test cannot be opened or asked: an error of each test that needs it, never a verdict."""

    __module__ = "builtins"  # as pytest does: its summary shows the name before the message


def _told(build: Callable[P, T]) -> Callable[P, T]:
    """Bad input becomes a message without our traceback; a third party's warning at loading time no verdict."""

    @functools.wraps(build)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        from pytest_mlready.errors import Ending, ReadinessError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return build(*args, **kwargs)
        except Ending:
            raise
        except ReadinessError as error:
            message = str(error)
        raise BadInput(message, pytrace=False)

    return wrapper


@pytest.fixture(scope="session")
def mlready_evidence(pytestconfig: pytest.Config) -> Evidence:
    """Notes what the running test measures."""
    from pytest_mlready.evidence import Evidence

    return pytestconfig.stash.setdefault(EVIDENCE, Evidence())


@pytest.fixture(scope="session")
@_told
def mlready(pytestconfig: pytest.Config) -> Project:
    """The project under test: settings, paths, digests, options of items."""
    from pytest_mlready import project

    return project.of(pytestconfig)


@pytest.fixture(scope="session")
@_told
def mlready_model(mlready: Project, pytestconfig: pytest.Config) -> Model:
    """The candidate: the model that is to ship."""
    from pytest_mlready import subjects

    return subjects.candidate(mlready, pytestconfig)


@pytest.fixture(scope="session")
@_told
def mlready_production(mlready: Project, pytestconfig: pytest.Config) -> Model:
    """The model that is live now."""
    from pytest_mlready import subjects

    return subjects.production(mlready, pytestconfig)


@pytest.fixture(scope="session")
@_told
def mlready_train(mlready: Project, pytestconfig: pytest.Config) -> Dataset:
    """The data the candidate was trained on."""
    from pytest_mlready import subjects

    return subjects.data(mlready, pytestconfig, "train")


@pytest.fixture(scope="session")
@_told
def mlready_heldout(mlready: Project, pytestconfig: pytest.Config) -> Dataset:
    """The data that no training and no tuning has seen."""
    from pytest_mlready import subjects

    return subjects.data(mlready, pytestconfig, "heldout")


@pytest.fixture(scope="session")
@_told
def mlready_reference(mlready: Project, pytestconfig: pytest.Config) -> Dataset:
    """The window that served data are compared with."""
    from pytest_mlready import subjects

    return subjects.data(mlready, pytestconfig, "reference")


@pytest.fixture(scope="session")
@_told
def mlready_current(mlready: Project, pytestconfig: pytest.Config) -> Dataset:
    """The window of data that was served last."""
    from pytest_mlready import subjects

    return subjects.data(mlready, pytestconfig, "current")


@pytest.fixture(scope="session")
@_told
def mlready_predictions(mlready: Project, mlready_model: Model, mlready_heldout: Dataset) -> Predictions:
    """The candidate's answers on the held-out set, aligned by class name."""
    from pytest_mlready import subjects

    return subjects.predictions(mlready, mlready_model, mlready_heldout)


@pytest.fixture(scope="session")
@_told
def mlready_production_predictions(
    mlready: Project, mlready_production: Model, mlready_heldout: Dataset
) -> Predictions:
    """The live model's answers on the same rows."""
    from pytest_mlready import subjects

    return subjects.predictions(mlready, mlready_production, mlready_heldout)


@pytest.fixture(scope="session")
@_told
def mlready_baseline(mlready: Project, mlready_train: Dataset) -> Model:
    """The simplest model that could be: scikit-learn's Dummy, fitted on the training data."""
    from pytest_mlready import subjects

    return subjects.baseline(mlready, mlready_train)


@pytest.fixture(scope="session")
@_told
def mlready_endpoint(mlready: Project) -> Any:
    """The running service, as a model that answers over HTTP."""
    from pytest_mlready import subjects

    return subjects.endpoint(mlready)


def _paths(mlready: Project, kind: str) -> tuple[Path, ...]:
    from pytest_mlready import subjects

    return subjects.found(mlready, kind)


@pytest.fixture(scope="session")
@_told
def mlready_artifacts(mlready: Project) -> tuple[Path, ...]:
    """Model files: those the settings name, and those that were found."""
    return _paths(mlready, "models")


@pytest.fixture(scope="session")
@_told
def mlready_images(mlready: Project) -> tuple[Path, ...]:
    """Dockerfiles and saved images that were found."""
    return _paths(mlready, "dockerfiles")


@pytest.fixture(scope="session")
@_told
def mlready_manifests(mlready: Project) -> tuple[Path, ...]:
    """Kubernetes and compose manifests that were found."""
    return _paths(mlready, "manifests")


@pytest.fixture(scope="session")
@_told
def mlready_alert_rules(mlready: Project) -> tuple[Path, ...]:
    """Prometheus rule files that were found."""
    return _paths(mlready, "rules")


# The short names are for a team's tests; built-in checks never ask for them, so that a project's own, unrelated
# `model` fixture, which goes before ours, changes nothing in the tally.


@pytest.fixture(scope="session")
def model(mlready_model: Model) -> Model:
    """The candidate (short for mlready_model)."""
    return mlready_model


@pytest.fixture(scope="session")
def heldout(mlready_heldout: Dataset) -> Dataset:
    """The held-out set (short for mlready_heldout)."""
    return mlready_heldout


@pytest.fixture(scope="session")
def endpoint(mlready_endpoint: Any) -> Any:
    """The running service (short for mlready_endpoint)."""
    return mlready_endpoint


@pytest.fixture(scope="session")
def baseline(mlready_baseline: Model) -> Model:
    """The simplest model (short for mlready_baseline)."""
    return mlready_baseline


@pytest.fixture(scope="session")
def evidence(mlready_evidence: Evidence) -> Evidence:
    """Notes what the running test measures (short for mlready_evidence)."""
    return mlready_evidence
