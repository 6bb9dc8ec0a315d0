"""Asks whether a change in the distribution of predictions raises an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks.monitoring.feature_drift import (
    DETECTOR_OPTIONS,
    conclude_false_alarms,
    conclude_power,
    conclude_window,
    in_blocks,
)

if TYPE_CHECKING:
    import polars as pl

    from pytest_mlready.drift.windows import Windows
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset

ANSWERS = pytest.StashKey["Windows"]()

ITEM = Item(
    id="monitoring.prediction_drift",
    title="Prediction drift",
    question="Does an alarm rise when the distribution of predictions changes, and stay silent when it does not?",
    why=(
        "Labels come late, sometimes never; the predictions are there at once. A share of approvals that moves from 20 "
        "% to 35 % overnight is the first sign of a broken input or a changed world. Detectors with textbook "
        "thresholds either cry every week, so that people stop reading, or were never able to see the shift that "
        "matters."
    ),
    looks_at=(
        "The predictions of the reference and of the current window: the columns that prediction and score name, where "
        "the windows were logged with their answers; else the candidate's own answers on the features of both windows "
        "(labels or values, the positive class's probability, or each class's of up to 20). They are judged as "
        "monitoring.feature_drift judges features: failed when a change is both real (adjusted p-value ≤ fdr) and "
        "relevant (population stability index less its 95 % quantile under no change ≥ fail; warn is told), "
        "inconclusive where that quantile exceeds warn, though a gross change still fails. Missing answers count as "
        "a comparison of their own. Then the detector that the settings name: failed when it alarms on confidently "
        "more than max_false_alarms of windows drawn from the reference alone, or sees answers that were shifted, "
        "scaled, stuck, lost or renamed in confidently less than min_power of the windows; inconclusive where the "
        "bounds leave it open. For a label of two values 0.25 is a large change: 24 % positive becomes 49 %; the "
        "score moves sooner, and warn tells of 24 % becoming 39 %. Right answers on other inputs count as a change "
        "too: whether the world or the pipeline moved, the features tell."
    ),
    how_to_fix=(
        "Log each prediction with time and model version. Fix a reference window from after the release, and compare "
        "equal weekdays and hours. Choose window and threshold by resampling your own history so that false alarms are "
        "rare. Route the alarm to the people who own the model, with a runbook that starts at the inputs."
    ),
    attestation=(
        "Windows and detector, threshold and how it was chosen, its false alarms and its power on a planted shift, who "
        "is notified, and the last comparison with date."
    ),
    lifetime_days=90,
    sources=(
        "Rabanser, Günnemann, Lipton 2019, Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift",
        "Gama et al. 2014, A Survey on Concept Drift Adaptation",
        "Benjamini, Hochberg 1995, Controlling the False Discovery Rate",
        "Siddiqi 2006, Credit Risk Scorecards (0.1 and 0.25 are conventions of practice)",
    ),
    options=(
        Option(
            name="prediction", type="string", default=None,
            doc="Column of both windows with the label or value that was answered. Unset: the candidate is asked.",
        ),
        Option(name="score", type="string", default=None, doc="Column of both windows with the score behind it."),
        *DETECTOR_OPTIONS,
    ),
)  # fmt: skip


@pytest.mark.monitoring("prediction_drift")
def test_current_window(  # noqa: PLR0913, PLR0917 - fixtures
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_reference: Dataset,
    mlready_current: Dataset,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The predictions of the current window have not moved, really and relevantly, against the reference."""
    compared = _answers(mlready, mlready_evidence, mlready_reference, mlready_current, request)
    conclude_window(mlready, mlready_evidence, ITEM, compared, tmp_path_factory)


@pytest.mark.monitoring("prediction_drift")
def test_detector_does_not_cry_wolf(
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_reference: Dataset,
    mlready_current: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    """On windows drawn from the reference's predictions the detector seldom alarms."""
    compared = _answers(mlready, mlready_evidence, mlready_reference, mlready_current, request)
    conclude_false_alarms(mlready, mlready_evidence, ITEM, compared)


@pytest.mark.monitoring("prediction_drift")
def test_detector_sees_planted_faults(
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_reference: Dataset,
    mlready_current: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    """In copies with broken predictions the detector alarms on them."""
    compared = _answers(mlready, mlready_evidence, mlready_reference, mlready_current, request)
    conclude_power(mlready, mlready_evidence, ITEM, compared)


def _answers(
    mlready: Project, evidence: Evidence, reference: Dataset, current: Dataset, request: pytest.FixtureRequest
) -> Windows:
    """What was predicted in both windows; a model is asked once a session."""
    from pytest_mlready.drift import answers, windows

    options = mlready.options(ITEM.id)
    windows.of(reference, current)  # neither empty nor the same
    columns = [column for column in (options["prediction"], options["score"]) if column]
    stash = request.config.stash
    if columns:
        first, second = (answers.logged(window, columns) for window in (reference, current))
        compared = windows.Windows(reference=first, current=second)
    else:
        if ANSWERS not in stash:
            first, second = (_asked(mlready, window, request) for window in (reference, current))
            stash[ANSWERS] = windows.Windows(reference=first, current=second)
        compared = stash[ANSWERS]
    return in_blocks(evidence, compared, reference, current, options["period"])


def _asked(mlready: Project, window: Dataset, request: pytest.FixtureRequest) -> pl.DataFrame:
    from pytest_mlready.drift import answers
    from pytest_mlready.quality import answers as asking

    model: Any = request.getfixturevalue("mlready_model")
    mlready.progress(f"drift: the candidate answers the {window.name} window")
    answer = asking.usable(model, window.X, what=f"the {window.name} window", time_limit=LIMIT)
    mlready.progress("")
    return answers.table(answer.labels, answer.proba, model.classes, mlready.settings.data.positive)  # type: ignore[arg-type]


LIMIT = 300.0  # seconds for one window
