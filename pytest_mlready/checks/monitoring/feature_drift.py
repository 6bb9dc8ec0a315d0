"""Asks whether a change in the distribution of inputs raises an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.drift.findings import Bands, Detector
    from pytest_mlready.drift.trials import Resampler
    from pytest_mlready.drift.windows import Windows
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset

PREDICTIONS = "monitoring.prediction_drift"

DETECTOR_OPTIONS = (
    Option(
        name="detector", type="string", default="builtin",
        doc='"builtin", "evidently", or "module:function" of (reference, current), both polars frames with the same '
        "columns, that returns the names of the columns that drifted, or a table of column to whether it did.",
    ),
    Option(name="fail", type="number", default=0.25, doc="Population stability index, less what chance gives, from "
           "which a real change alarms (a convention: Siddiqi 2006)."),
    Option(name="warn", type="number", default=0.1, doc="The same from which a change is told; where chance gives more "
           "than that, the sample cannot pass."),
    Option(name="fdr", type="fraction", default=0.05, doc="Limit on the adjusted p-value, over all columns together."),
    Option(name="bins", type="integer", default=10, doc="Bins of a column of numbers: quantiles of the reference."),
    Option(name="period", type="string", default="1d", doc='Rows of one period of the time column ("1d", "6h", "1w") '
           'depend on one another where data.time is set and data.cluster is not; "" takes rows as independent.'),
    Option(name="number_method", type="string", default="psi", doc="Evidently's method for numbers."),
    Option(name="number_threshold", type="number", default=0.25, doc="Its threshold."),
    Option(name="category_method", type="string", default="psi", doc="Evidently's method for categories."),
    Option(name="category_threshold", type="number", default=0.25, doc="Its threshold."),
    Option(name="evidently_rows", type="integer", default=50_000, doc="Rows of a window that Evidently is given."),
    Option(name="max_false_alarms", type="fraction", default=0.05, doc="Share of quiet windows that may alarm."),
    Option(name="min_power", type="fraction", default=0.8, doc="Share of windows with a fault that it must see."),
    Option(name="shift", type="number", default=0.75, doc="Standard deviations by which one column of numbers is "
           "shifted for the power: 0.25 is an index of about half a standard deviation, seen half of the time."),
    Option(name="repetitions", type="integer", default=200, doc="Windows without a change; fewer where they do not fit "
           "into the budget."),
    Option(name="fault_repetitions", type="integer", default=60, doc="Windows with each planted fault, likewise."),
    Option(name="budget", type="duration", default=20.0, doc="Time for the windows without a change, and again for all "
           "those with a fault."),
    Option(name="trial_rows", type="integer", default=20_000, doc="Rows of a window in these trials where the real one "
           "has more."),
)  # fmt: skip

ITEM = Item(
    id="monitoring.feature_drift",
    title="Feature drift",
    question="Does an alarm rise when the inputs change, over all features at once, without crying wolf?",
    why=(
        "Most production failures of a model begin in its inputs: a source switched off, a sensor recalibrated, a new "
        "client with other customers. Fifty features tested one by one at 5 % give a false alarm on nine of ten quiet "
        "days, and with large samples even a shift of no consequence is significant. Ignored alarms are as good as "
        "none."
    ),
    looks_at=(
        "The windows data.reference and data.current, then the detector that compares them. Window: a column that is "
        "in one window only, or of another type, fails. For each column the share of missing values and the values "
        "are compared: Kolmogorov-Smirnov for numbers, chi-square for categories and for few numbers; values never "
        "seen before, or outside the reference's range, count by themselves. It fails when a change is both real "
        "(adjusted p-value ≤ fdr over all comparisons, Benjamini-Hochberg) and relevant (population stability index "
        "less its 95 % quantile under no change ≥ fail); warn is told and passes. Where that quantile exceeds warn "
        "(below about 340 rows a window) nothing can pass: inconclusive, though a gross change still fails. Texts and "
        "vectors are compared by derived numbers: length, share of unknown words, score of a linear classifier that "
        "was taught on other rows to tell the windows apart; it sees no change of order or meaning. Rows of one "
        "data.cluster, or of one period of data.time, count for as many as they are worth (design effect); fewer than "
        "12 such blocks cannot pass. Detector: windows are drawn from the reference alone at the real sizes (up to "
        "trial_rows). It fails when the detector alarms on confidently more than max_false_alarms of them, or sees a "
        "planted fault (a number shifted or × 100, a column stuck, a fifth of it missing, a category spelt otherwise, "
        "a text garbled, in one column at a time; columns of which nine tenths are one value are left out) in "
        "confidently less than min_power; inconclusive where bounds (Clopper-Pearson) leave it open or the detector "
        "says that it cannot tell. With evidently we compare presence, types and missing values beside it; with "
        "module:function its false alarms and power are its own. Not seen: a change in how columns go together while "
        "each keeps its distribution."
    ),
    how_to_fix=(
        "Log the features as the model saw them, not as the warehouse has them. Correct for the number of features, "
        "and demand a size as well as significance. Order alarms by importance of the feature. Give each feature an "
        "owner upstream. Name columns that are no inputs (request ids, answers) in ignore. Point detector at the "
        "function that your monitoring job calls, so that the alarm itself is tested."
    ),
    attestation=(
        "Features watched, windows, detector and thresholds, false alarms and power that were measured, features left "
        "out and why, recipients, and the last comparison."
    ),
    lifetime_days=90,
    sources=(
        "Rabanser, Günnemann, Lipton 2019, Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift",
        "Benjamini, Hochberg 1995, Controlling the False Discovery Rate",
        "Yurdakul, Naranjo 2020, Statistical Properties of the Population Stability Index (chi-square under no change)",
        "Rao, Scott 1981, The Analysis of Categorical Data from Complex Sample Surveys",
        "Breck, Polyzotis, Roy, Whang, Zinkevich 2019, Data Validation for Machine Learning",
    ),
    options=(
        Option(name="columns", type="strings", default=(), doc="Columns that are watched; all features when left out."),
        Option(name="ignore", type="strings", default=(), doc="Columns that are no inputs of the model."),
        *DETECTOR_OPTIONS,
    ),
)  # fmt: skip


@pytest.mark.monitoring("feature_drift")
def test_current_window(
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_reference: Dataset,
    mlready_current: Dataset,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """No feature of the current window has moved, really and relevantly, against the reference."""
    compared = watched(mlready, mlready_evidence, mlready_reference, mlready_current)
    conclude_window(mlready, mlready_evidence, ITEM, compared, tmp_path_factory)


@pytest.mark.monitoring("feature_drift")
def test_detector_does_not_cry_wolf(
    mlready: Project, mlready_evidence: Evidence, mlready_reference: Dataset, mlready_current: Dataset
) -> None:
    """On windows drawn from the reference the detector seldom alarms."""
    compared = watched(mlready, mlready_evidence, mlready_reference, mlready_current)
    conclude_false_alarms(mlready, mlready_evidence, ITEM, compared)


@pytest.mark.monitoring("feature_drift")
def test_detector_sees_planted_faults(
    mlready: Project, mlready_evidence: Evidence, mlready_reference: Dataset, mlready_current: Dataset
) -> None:
    """In copies with one broken column the detector alarms on that column."""
    compared = watched(mlready, mlready_evidence, mlready_reference, mlready_current)
    conclude_power(mlready, mlready_evidence, ITEM, compared)


def watched(mlready: Project, evidence: Evidence, reference: Dataset, current: Dataset) -> Windows:
    """The features of both windows; columns that prediction_drift reads are answers, and no features."""
    from pytest_mlready.drift import windows

    options, others = mlready.options(ITEM.id), mlready.options(PREDICTIONS)
    answers = [column for column in (others["prediction"], others["score"]) if column]
    compared = windows.of(reference, current, columns=options["columns"], ignore=(*options["ignore"], *answers))
    return in_blocks(evidence, compared, reference, current, options["period"])


def in_blocks(evidence: Evidence, compared: Windows, reference: Dataset, current: Dataset, period: str) -> Windows:
    """The windows with the blocks of rows that depend on one another, which the evidence names."""
    from dataclasses import replace

    from pytest_mlready.drift import dependence

    blocks, told = dependence.blocks(reference, current, period)
    evidence.grade("replayed")
    evidence.record("rows, reference and current", f"{len(reference):,} and {len(current):,}", note=told)
    return replace(compared, blocks=blocks)


def conclude_window(
    mlready: Project, evidence: Evidence, item: Item, compared: Windows, folder: pytest.TempPathFactory
) -> None:
    """Ends the test as the detector judges the current window; Evidently's own page is attached."""
    from pytest_mlready.drift import verdicts

    page = None
    if mlready.options(item.id)["detector"] == "evidently":
        page = folder.mktemp("evidently") / f"{item.name}.html"
    bands, detect = _bands(mlready, item), _detector(mlready, item, page)
    found = detect(compared)
    if page is not None and page.is_file():
        evidence.attach(page)
    rows = compared.reference.height, compared.current.height
    evidence.record("detector", detect.name, note="; ".join(found.notes))
    if detect.name == "builtin" and compared.blocks is None:
        evidence.measure([verdicts.resolution(rows, bands)])
    if (picture := verdicts.picture(found, bands))["labels"]:
        evidence.plot("bars", title=item.title, data=picture)
    evidence.conclude([verdicts.judge(found, rows, bands)])


def conclude_false_alarms(mlready: Project, evidence: Evidence, item: Item, compared: Windows) -> None:
    """Ends the test as the detector's false-alarm rate has it."""
    from pytest_mlready.drift import trials, verdicts

    options, detect = mlready.options(item.id), _detector(mlready, item)
    resampler = _resampler(mlready, item, compared, "false alarms")
    count = trials.affordable(detect, resampler, options["repetitions"], options["budget"])
    rate = trials.false_alarms(detect, resampler, count, mlready.progress)
    mlready.progress("")
    limits = {"limit": options["max_false_alarms"], "confidence": mlready.confidence or 0.5}
    evidence.conclude([verdicts.judge_false_alarms(rate, resampler.sizes(), **limits)])


def conclude_power(mlready: Project, evidence: Evidence, item: Item, compared: Windows) -> None:
    """Ends the test as the detector's power has it, over all faults that any column can have."""
    from pytest_mlready.drift import faults, trials, verdicts

    options, detect = mlready.options(item.id), _detector(mlready, item)
    resampler = _resampler(mlready, item, compared, "power")
    planted = faults.faults(options["shift"])
    share = options["budget"] / len(planted)
    count = trials.affordable(detect, resampler, options["fault_repetitions"], share)
    rates = trials.powers(detect, resampler, planted, count, mlready.progress)
    mlready.progress("")
    limits = {"least": options["min_power"], "confidence": mlready.confidence or 0.5}
    evidence.conclude([verdicts.judge_power(rate, resampler.sizes(), **limits) for rate in rates])


def _resampler(mlready: Project, item: Item, compared: Windows, part: str) -> Resampler:
    import numpy as np

    from pytest_mlready.drift import trials

    most = mlready.options(item.id)["trial_rows"]
    return trials.Resampler(windows=compared, rng=np.random.default_rng(mlready.seed(f"{item.id}.{part}")), most=most)


def _bands(mlready: Project, item: Item) -> Bands:
    from pytest_mlready.drift.findings import Bands

    options = mlready.options(item.id)
    return Bands(**{name: options[name] for name in ("fail", "warn", "fdr", "bins")})


def _detector(mlready: Project, item: Item, page: Path | None = None) -> Detector:
    """The detector that the settings name."""
    from pytest_mlready.artifacts import named
    from pytest_mlready.drift import builtin, evidently_detector, foreign
    from pytest_mlready.errors import ReadinessError, near

    options: dict[str, Any] = mlready.options(item.id)
    name, seed, bands = options["detector"], mlready.seed(item.id), _bands(mlready, item)
    if name == "builtin":
        return builtin.Builtin(bands=bands, seed=seed)
    if name == "evidently":
        numbers, categories = (
            (options[f"{kind}_method"], options[f"{kind}_threshold"]) for kind in evidently_detector.KINDS
        )
        return evidently_detector.Evidently(
            numbers=numbers, categories=categories, bands=bands, most=options["evidently_rows"], seed=seed, page=page
        )
    if not named.is_object(name):
        found = f'the detector is "{name}"{near(name, ("builtin", "evidently"))}'
        raise ReadinessError(found, expected='"builtin", "evidently" or "module:function"')
    return foreign.Foreign(function=named.object_named(name, mlready.root, error=ReadinessError), name=name)
