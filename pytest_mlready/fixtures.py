"""Offers what checks and a team's tests ask for: session-scoped, and nothing is loaded before a test asks."""

# `_bring` finds by name what it calls.
# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.values import Dataset, Model, Predictions

    EVIDENCE: pytest.StashKey[Evidence]

EVIDENCE = pytest.StashKey()


class BadInput(pytest.fail.Exception):  # type: ignore[name-defined,misc]
    """Something under test cannot be opened or asked: an error of each test that needs it, never a verdict."""

    __module__ = "builtins"  # as pytest does: its summary shows the name before the message


def _bring(what: str, *given: Any) -> Any:
    """Asks `subjects`; bad input becomes a message without our traceback, a third party's warning no verdict.

    A plain call in each fixture, not a decorator: every ordinary test run pays for reading these signatures.
    """
    from pytest_mlready import subjects
    from pytest_mlready.errors import Ending, ReadinessError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(subjects, what)(*given)
    except Ending:
        raise
    except ReadinessError as error:
        message = str(error)
    raise BadInput(message, pytrace=False)


@pytest.fixture(scope="session")
def mlready_evidence(pytestconfig: pytest.Config) -> Evidence:
    """Notes what the running test measures."""
    from pytest_mlready.evidence import Evidence

    return pytestconfig.stash.setdefault(EVIDENCE, Evidence())


@pytest.fixture(scope="session")
def mlready(pytestconfig: pytest.Config) -> Project:
    """The project under test: settings, paths, digests, options of items."""
    return _bring("opened", pytestconfig)


@pytest.fixture(scope="session")
def mlready_model(mlready: Project, pytestconfig: pytest.Config) -> Model:
    """The candidate: the model that is to ship."""
    return _bring("candidate", mlready, pytestconfig)


@pytest.fixture(scope="session")
def mlready_production(mlready: Project, pytestconfig: pytest.Config) -> Model:
    """The model that is live now."""
    return _bring("production", mlready, pytestconfig)


@pytest.fixture(scope="session")
def mlready_train(mlready: Project, pytestconfig: pytest.Config) -> Dataset:
    """The data the candidate was trained on."""
    return _bring("data", mlready, pytestconfig, "train")


@pytest.fixture(scope="session")
def mlready_heldout(mlready: Project, pytestconfig: pytest.Config) -> Dataset:
    """The data that no training and no tuning has seen."""
    return _bring("data", mlready, pytestconfig, "heldout")


@pytest.fixture(scope="session")
def mlready_reference(mlready: Project, pytestconfig: pytest.Config) -> Dataset:
    """The window that served data are compared with."""
    return _bring("data", mlready, pytestconfig, "reference")


@pytest.fixture(scope="session")
def mlready_current(mlready: Project, pytestconfig: pytest.Config) -> Dataset:
    """The window of data that was served last."""
    return _bring("data", mlready, pytestconfig, "current")


@pytest.fixture(scope="session")
def mlready_predictions(mlready: Project, mlready_model: Model, mlready_heldout: Dataset) -> Predictions:
    """The candidate's answers on the held-out set, aligned by class name."""
    return _bring("predictions", mlready, mlready_model, mlready_heldout)


@pytest.fixture(scope="session")
def mlready_production_predictions(
    mlready: Project, mlready_production: Model, mlready_heldout: Dataset
) -> Predictions:
    """The live model's answers on the same rows."""
    return _bring("predictions", mlready, mlready_production, mlready_heldout)


@pytest.fixture(scope="session")
def mlready_baseline(mlready: Project, mlready_train: Dataset) -> Model:
    """The simplest model that could be: scikit-learn's Dummy, fitted on the training data."""
    return _bring("baseline", mlready, mlready_train)


@pytest.fixture(scope="session")
def mlready_endpoint(mlready: Project, pytestconfig: pytest.Config) -> Endpoint:
    """The running service: one for the whole run, started when first asked for."""
    return _bring("endpoint", mlready, pytestconfig)


@pytest.fixture(scope="session")
def mlready_artifacts(mlready: Project) -> tuple[Path, ...]:
    """Model files: those the settings name, and those that were found."""
    return _bring("found", mlready, "models")


@pytest.fixture(scope="session")
def mlready_images(mlready: Project) -> tuple[Path, ...]:
    """Saved images: those the settings name, else those that were found."""
    return _bring("images", mlready)


@pytest.fixture(scope="session")
def mlready_manifests(mlready: Project) -> tuple[Path, ...]:
    """Kubernetes and compose manifests: those the settings name, else those that were found."""
    return _bring("manifests", mlready)


@pytest.fixture(scope="session")
def mlready_alert_rules(mlready: Project) -> tuple[Path, ...]:
    """Prometheus rule files that were found."""
    return _bring("found", mlready, "rules")


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
def endpoint(mlready_endpoint: Endpoint) -> Endpoint:
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
