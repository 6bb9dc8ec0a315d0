"""Asks whether inputs, errors and outcomes were examined for the groups that protected attributes describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.groups import Partition
    from pytest_mlready.values import Dataset, Model, Predictions, Verdict

ITEM = Item(
    id="model_quality.inclusion",
    title="Inclusion considerations",
    question="Have inputs, errors and outcomes been examined for the people whom protected attributes describe?",
    why=(
        "A model that never sees sex or age can still read both from a postcode or a first name, and a good average "
        "hides that one group bears most of the errors. Products have been withdrawn over differences that one table "
        "by group would have shown before launch. Leaving the attribute out of the data does not help: it only takes "
        "away the means to look."
    ),
    looks_at=(
        "The protected attributes are the columns under `protected`, else those of data.subgroups (combinations too), "
        "in the held-out set; they need not be inputs. Groups: each is held against the attribute's largest. For two "
        "classes: recall (equal opportunity) and false positive rate by Newcombe's interval of the difference, the "
        "selection rate by Katz' interval of the ratio and only where min_selection_ratio asks (the four-fifths rule "
        "is a heuristic), calibration as the mean of probability less outcome in each group. More classes: accuracy. "
        "Numbers: mean and absolute error, in standard deviations of the outcome. The outcome rate is listed. "
        "Weighted or clustered rows by bootstrap. It fails when a gap is confidently beyond its limit, Holm over all. "
        "It passes when none is, and the rows would have shown a gap of the limit's size (power 0.8) in groups that "
        "hold 90 % of the rows, with the smallest gap that would have been seen; a ratio must lie within by its whole "
        "interval. A gap beyond its limit that is not sure, a group under must that is too small, and an attribute of "
        "one group are inconclusive. The limits of 0.10 are conventions (the range of AI Fairness 360 for "
        "differences), no law. Inputs: Cramér's V of each input with each attribute, and how well all together "
        "predict it (cross-validated logistic regression, area under the ROC curve); these are listed, and judged "
        "only where max_association or max_proxy_auc is set. Whether the attributes are the ones that matter, and "
        "whether labels are fair, no check can see."
    ),
    how_to_fix=(
        'Name the attributes: protected = ["sex", "race"] under [tool.mlready.items."model_quality.inclusion"]. Write '
        "down which groups could be harmed, and how. Obtain their attributes for the held-out set by consent, survey "
        "or a trusted third party, and keep them out of training. Take inputs that act as stand-ins to whoever owns "
        "the policy. Where a group is worse off, collect more of its data, reweight, move the threshold or narrow the "
        "intended use, then measure again."
    ),
    attestation=(
        "Which groups were examined and why these, on which data with how many people in each, the figures with their "
        "uncertainty, which differences remain, and who accepted them on what grounds."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 7: the model has been tested for considerations of inclusion",
        "Hardt, Price, Srebro 2016, Equality of Opportunity in Supervised Learning",
        "Barocas, Hardt, Narayanan 2023, Fairness and Machine Learning",
        "NIST SP 1270 (2022), Towards a Standard for Identifying and Managing Bias in Artificial Intelligence",
        "Newcombe 1998, Statistics in Medicine 17:873; Katz et al. 1978, Biometrics 34:469; Holm 1979",
        "Bergsma 2013, Journal of the Korean Statistical Society 42:323 (Cramér's V corrected for chance)",
    ),
    options=(
        Option(
            name="protected", type="strings", default=(),
            doc='Protected attributes ("sex"), or combinations ("sex × race"); data.subgroups when left out.',
        ),
        Option(name="max_recall_gap", type="number", default=0.10, doc="Of two classes: difference in recall."),
        Option(
            name="max_fpr_gap", type="number", default=0.10, doc="Of two classes: difference in false positive rate."
        ),
        Option(
            name="max_calibration_gap", type="number", default=0.10,
            doc="Of two classes: mean probability less outcome rate of a group.",
        ),
        Option(name="max_accuracy_gap", type="number", default=0.10, doc="Of more classes: difference in accuracy."),
        Option(
            name="max_error_gap", type="number", default=0.10,
            doc="Of numbers: mean error of a group, and difference in absolute error, in standard deviations.",
        ),
        Option(
            name="min_selection_ratio", type="fraction", default=None,
            doc="Of two classes: least ratio of selection rates either way round, such as 0.8; else listed.",
        ),
        Option(
            name="must", type="strings", default=(), doc='Groups ("sex=Female") or columns that must be large enough.'
        ),
        Option(name="covered", type="fraction", default=0.9, doc="Share of rows that large enough groups must hold."),
        Option(
            name="power", type="fraction", default=0.8,
            doc="Probability with which a group large enough shows a gap of the limit's size.",
        ),
        Option(
            name="max_association", type="fraction", default=None,
            doc="Greatest Cramér's V of an input with an attribute; listed when left out.",
        ),
        Option(
            name="max_proxy_auc", type="fraction", default=None,
            doc="Greatest area with which all inputs tell a group; listed when left out.",
        ),
    ),
)  # fmt: skip
LIMITS = {
    "recall": "max_recall_gap", "false positive rate": "max_fpr_gap", "calibration": "max_calibration_gap",
    "accuracy": "max_accuracy_gap", "error": "max_error_gap", "selection ratio": "min_selection_ratio",
}  # fmt: skip


@pytest.mark.model_quality("inclusion")
def test_no_group_is_worse_off(
    mlready: Project, mlready_evidence: Evidence, mlready_predictions: Predictions, mlready_heldout: Dataset
) -> None:
    """No gap in outcomes, errors or calibration is confidently beyond its limit, and such gaps would have been seen."""
    from pytest_mlready.quality import inclusion, inclusion_measures, inclusion_verdicts
    from pytest_mlready.quality.group_tests import Design

    options, p = mlready.options(ITEM.id), mlready_predictions
    partitions = _attributes(mlready, mlready_evidence, mlready_heldout)
    mlready_evidence.grade("replayed")
    if p.task in ("ranking", "text-generation"):
        mlready_evidence.unverified(f"no group figures are known for {p.task}: mark a test of yours, or attest")
    wanted = inclusion_measures.measures(p, _limits(options))
    design = Design(confidence=mlready.confidence, power=options["power"], seed=mlready.seed(ITEM.id))
    found = inclusion.examine(p, partitions, wanted, design=design)
    mlready_evidence.plot("intervals", title="Gaps between groups", data=inclusion_verdicts.plot_data(found))
    verdicts = [
        inclusion_verdicts.judge(
            found, partitions, must=options["must"], covered=options["covered"], confidence=mlready.confidence
        )
    ]
    mlready_evidence.conclude([*verdicts, *_alone(partitions)])


@pytest.mark.model_quality("inclusion")
def test_inputs_that_stand_in_for_a_protected_attribute(
    mlready: Project, mlready_evidence: Evidence, mlready_model: Model, mlready_heldout: Dataset
) -> None:
    """What inputs tell about the attributes, one by one and together; judged where a limit is set."""
    from pytest_mlready.quality import proxies, proxy_verdicts

    options, inputs = mlready.options(ITEM.id), _inputs(mlready_model, mlready_heldout)
    attributes = [a for a in _attributes(mlready, mlready_evidence, mlready_heldout) if len(a.columns) == 1]
    mlready_evidence.grade("replayed")
    plain = [name for name in inputs if name not in mlready_heldout.text]
    each = _each(mlready.confidence, len(plain) * len(attributes))
    single = [
        (attribute.name, name, association)
        for attribute in attributes
        for name, association in proxies.associations(mlready_heldout.frame, plain, attribute, confidence=each)
    ]
    each, together = _each(mlready.confidence, sum(len(a.groups) for a in attributes)), []
    for attribute in attributes:
        others = [name for name in inputs if name not in attribute.columns]
        areas = proxies.predicted(mlready_heldout, others, attribute, confidence=each, seed=mlready.seed(ITEM.id))
        together += [(attribute.name, group, area) for group, area in areas]
    strict, area = options["max_association"], options["max_proxy_auc"]
    mlready_evidence.measure(proxy_verdicts.listed(single) if strict is None else ())
    mlready_evidence.measure(proxy_verdicts.areas(together) if area is None else ())
    if strict is None and area is None:
        mlready_evidence.unverified(
            "what inputs tell about protected attributes is listed, and no limit is set for it",
            fix=f'[tool.mlready.items."{ITEM.id}"] max_association = 0.5, max_proxy_auc = 0.9',
        )
    verdicts = [proxy_verdicts.judge_associations(single, strict)] if strict is not None else []
    verdicts += [proxy_verdicts.judge_areas(together, area)] if area is not None else []
    mlready_evidence.conclude(verdicts)


def _attributes(mlready: Project, evidence: Evidence, heldout: Dataset) -> tuple[Partition, ...]:
    from pytest_mlready.errors import DataError, near
    from pytest_mlready.quality import groups

    named, columns = mlready.options(ITEM.id)["protected"], heldout.frame.columns
    specs = [tuple(part.strip() for part in text.split("×")) for text in named] or mlready.settings.data.subgroups
    if not specs:
        evidence.unverified(
            "no protected attributes are named", fix=f'[tool.mlready.items."{ITEM.id}"] protected = ["sex", "race"]'
        )
    for name in [name for spec in specs for name in spec] if named else []:
        if name not in columns:
            raise DataError(
                f'the protected attribute "{name}" is not in the held-out data{near(name, columns)}',
                fix="correct protected, or add the column (it need not be an input: see data.drop)",
            )
    return groups.groups_of(heldout.frame, specs)


def _limits(options: Mapping[str, Any]) -> dict[str, float | None]:
    from pytest_mlready.errors import ReadinessError

    found = {name: options[key] for name, key in LIMITS.items()}
    for name, key in LIMITS.items():
        if found[name] is not None and not found[name] > 0:
            raise ReadinessError(f"{key} is {found[name]:g}", expected="a number above 0; no two groups are ever equal")
    return found


def _alone(partitions: Sequence[Partition]) -> list[Verdict]:
    from pytest_mlready.values import Verdict

    single = [part for part in partitions if len(part.groups) < 2]
    message = "all held-out rows have {}: there is nothing to compare"
    return [Verdict(outcome="inconclusive", message=message.format(part.groups[0].name)) for part in single]


def _inputs(model: Model, heldout: Dataset) -> list[str]:
    """The columns that the model itself names, where it does; else those that it is given."""
    known = [name for name in model.feature_names or () if name in heldout.frame.columns]
    return known or list(heldout.features)


def _each(confidence: float, tests: int) -> float:
    """Confidence of one bound among many of which any may raise the alarm (Bonferroni)."""
    return 1 - (1 - (confidence or 0.5)) / max(1, tests)
