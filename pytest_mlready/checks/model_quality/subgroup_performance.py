"""Asks whether the model is good enough for every group of rows, not just on average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.group_tests import Design
    from pytest_mlready.quality.groups import Partition
    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.quality.slices import SliceSearch
    from pytest_mlready.values import Dataset, Predictions

ITEM = Item(
    id="model_quality.subgroup_performance",
    title="Performance across subgroups",
    question="Does the model serve every group of users and cases well enough, and no group worse than the live model?",
    why=(
        "An average hides whom the model fails: a group of 3 % can be wrong half of the time and cost 1.5 points. The "
        "people in it see nothing else. Plain comparisons mislead the other way: with 20 equal groups of 50 rows, some "
        "group is 5 points below the average in 93 of 100 test sets, so that whoever looks long enough always finds "
        "one. Without a test that allows for the number of groups and their size, such a table proves nothing."
    ),
    looks_at=(
        'Named groups: each value of the columns under data.subgroups, and combinations such as ["sex", "race"]; '
        "missing values are a group, many numbers are cut at their quintiles. Each group is held against subgroup_min "
        "or subgroup_max of the metrics; where none is set, against the overall value less drop (15 points, 15 % of an "
        "error), and the message says so. Exact binomial tests for rates, bounds for the rest, Holm over all groups. "
        "Failed: some group is confidently beyond its limit. Inconclusive: a group listed under must is too small to "
        "show a shortfall of drop, or the groups large enough hold less than 90 % of the rows. Else passed, small ones "
        "listed with their intervals. Worst slices: all bins of one column and of two are searched and the worst are "
        "listed. With max_slice_drop a slice fails when it is confidently that much worse than the whole, after "
        "correction for all of them; without, when the model errs there confidently more often (15 points) than its "
        "own probabilities admit: near a boundary every model errs often, and a good one says so. Against production: "
        "each group paired with the live model's answers, Holm over groups; failed when a group confidently lost more "
        "than the margin."
    ),
    how_to_fix=(
        'Name the groups that matter: [tool.mlready.data] subgroups = ["sex", "age", ["sex", "age"]]; the columns need '
        "not be features. Agree on a floor: accuracy = { subgroup_min = 0.75 }. List groups that must be judged under "
        '[tool.mlready.items."model_quality.subgroup_performance"]: must = ["sex=Female"]. Too small: collect held-out '
        "rows of that group (the message says how many), not more rows overall. Failed: look at its labels and "
        "features, then train on more of its rows, give it its own threshold, or narrow the intended use."
    ),
    attestation=(
        "Which groups and combinations were examined and why these, rows and figure with interval for each, the floor "
        "and who agreed on it, what was found against the previous model, which groups were too small and what is done "
        "about them, the model's digest."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 6: quality is sufficient on important data slices; Model 7: inclusion",
        "Holm 1979, Scandinavian Journal of Statistics 6:65",
        "Chung et al. 2019, Slice Finder: Automated Data Slicing for Model Validation, ICDE",
        "Buolamwini, Gebru 2018, Gender Shades, FAT* (intersections)",
    ),
    options=(
        Option(
            name="drop",
            type="number",
            default=0.15,
            doc="What a group must be large enough to show, and the limit below the overall value where none is set: "
            "points of a rate, a share of an error (a convention).",
        ),
        Option(
            name="power",
            type="fraction",
            default=0.99,
            doc="Probability with which a group large enough shows that drop; 0.99 asks for about 200 rows a group.",
        ),
        Option(
            name="must",
            type="strings",
            default=(),
            doc='Groups ("sex=Female"), columns ("sex") or combinations ("sex × race") that must be large enough.',
        ),
        Option(name="covered", type="fraction", default=0.9, doc="Share of rows that large enough groups must hold."),
        Option(
            name="max_groups",
            type="integer",
            default=200,
            doc="Groups of one column or combination that are examined; the smaller rest is counted and listed.",
        ),
        Option(
            name="margin",
            type="number",
            default=None,
            doc="How much a group may lose against production; a metric's own margin goes first. Unset: one "
            "point of a rate, 1 % of an error.",
        ),
        Option(
            name="max_slice_drop",
            type="number",
            default=None,
            doc="How much worse than all rows a slice may be, in points of the loss. Unset: the worst are listed, and "
            "the errors that the model's probabilities do not admit are held against 0.15 (a convention).",
        ),
        Option(name="slice_depth", type="integer", default=2, doc="Columns that one slice may combine, 1 or 2."),
        Option(name="min_slice_rows", type="integer", default=50, doc="Smaller slices are not examined."),
    ),
)


@pytest.mark.model_quality("subgroup_performance")
def test_named_subgroups(
    mlready: Project, mlready_evidence: Evidence, mlready_predictions: Predictions, mlready_heldout: Dataset
) -> None:
    """No named group is confidently beyond its limit, and those that must be judged can be."""
    from pytest_mlready.quality import subgroup_verdicts, subgroups

    partitions, options = _partitions(mlready, mlready_evidence, mlready_heldout), mlready.options(ITEM.id)
    mlready_evidence.grade("replayed")
    tables = mlready.settings.metrics
    wanted = [
        (metric, tables[name].subgroup_min, tables[name].subgroup_max) if name in tables else (metric, None, None)
        for name, metric in _metrics(mlready, mlready_predictions).items()
    ]
    limits = subgroups.floors(wanted, mlready_predictions, drop=options["drop"])
    found = subgroups.examine(
        mlready_predictions, partitions, limits, design=_design(mlready, "named"), progress=mlready.progress
    )
    mlready.progress("")
    mlready_evidence.plot("intervals", title="Named subgroups", data=subgroup_verdicts.plot_data(found))
    wording = subgroup_verdicts.floor_wording(limits, drop=options["drop"])
    policy = {"must": options["must"], "covered": options["covered"], "confidence": mlready.confidence}
    without = subgroups.unmeasured([metric for metric, *_ in wanted], mlready_predictions)
    without += subgroups.without_bounds(_limited(mlready), [metric.name for metric, *_ in wanted])
    mlready_evidence.conclude([subgroup_verdicts.judge(found, partitions, wording, **policy), *without])


@pytest.mark.model_quality("subgroup_performance")
def test_worst_slice_search(
    mlready: Project, mlready_evidence: Evidence, mlready_predictions: Predictions, mlready_heldout: Dataset
) -> None:
    """No slice of one or two columns is confidently worse than the limit, or than the model itself admits."""
    import functools
    from dataclasses import replace

    from pytest_mlready.quality import row_losses, slices

    max_drop = mlready.options(ITEM.id)["max_slice_drop"]
    mlready_evidence.grade("replayed")
    search = functools.partial(_search, mlready, mlready_heldout, mlready_predictions)
    found = search(row_losses.loss(mlready_predictions))
    listed = slices.judge(found, max_drop=max_drop)
    if found.slices:
        mlready_evidence.plot("table", title="Worst slices", data=slices.table(found))
    unadmitted = row_losses.unadmitted(mlready_predictions)
    if max_drop is not None or listed.outcome == "inconclusive":
        mlready_evidence.conclude([listed])
    elif unadmitted is None:
        mlready_evidence.measure(replace(m, max=None) for m in listed.measurements)
        mlready_evidence.unverified(
            "the worst slices are listed, and no limit is set for them",
            fix=f'[tool.mlready.items."{ITEM.id}"] max_slice_drop = 0.15 (or a model with predict_proba)',
        )
    else:
        mlready_evidence.measure(replace(m, max=None) for m in listed.measurements)
        beyond = "share of errors beyond what its probabilities admit"
        mlready_evidence.conclude([slices.judge(search(unadmitted), max_drop=slices.MAX_DROP, what=beyond)])


def _search(mlready: Project, heldout: Dataset, p: Predictions, loss: NDArray[Any]) -> SliceSearch:
    """Rows of one cluster are no independent witnesses: one of each is taken."""
    import numpy as np

    from pytest_mlready.quality import slices

    options, columns = mlready.options(ITEM.id), _slice_columns(mlready, heldout)
    rows = np.arange(len(p)) if p.cluster is None else np.sort(np.unique(p.cluster, return_index=True)[1])
    found = slices.search(
        heldout.frame.select(columns)[rows], loss[rows], depth=options["slice_depth"],
        min_rows=options["min_slice_rows"], confidence=mlready.confidence or 0.5, progress=mlready.progress,
    )  # fmt: skip
    mlready.progress("")
    return found


@pytest.mark.model_quality("subgroup_performance")
def test_no_subgroup_lost_against_production(
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_predictions: Predictions,
    mlready_heldout: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    """In no named group the candidate is confidently worse than the live model by more than the margin."""
    from pytest_mlready.quality import subgroup_losses, subgroup_verdicts
    from pytest_mlready.quality.paired import default_margin

    partitions, options = _partitions(mlready, mlready_evidence, mlready_heldout), mlready.options(ITEM.id)
    production = request.getfixturevalue("mlready_production_predictions")
    mlready_evidence.grade("replayed")
    wanted = [(m, _margin(mlready, n, default_margin(m))) for n, m in _metrics(mlready, mlready_predictions).items()]
    found = subgroup_losses.lost(
        mlready_predictions, production, partitions, wanted, drop=options["drop"],
        design=_design(mlready, "production"), progress=mlready.progress,
    )  # fmt: skip
    mlready.progress("")
    mlready_evidence.record("compared with previous model", value=True)
    mlready_evidence.plot(
        "intervals", title="Gain over production by subgroup", data=subgroup_verdicts.plot_data(found)
    )
    wording = subgroup_verdicts.loss_wording({m.name: margin for m, margin in wanted}, drop=options["drop"])
    policy = {"must": options["must"], "covered": options["covered"], "confidence": mlready.confidence}
    mlready_evidence.conclude([subgroup_verdicts.judge(found, partitions, wording, **policy)])


def _partitions(mlready: Project, evidence: Evidence, heldout: Dataset) -> tuple[Partition, ...]:
    from pytest_mlready.quality import groups

    specs = mlready.settings.data.subgroups
    if not specs:
        evidence.unverified(
            "no subgroups are named", fix='[tool.mlready.data] subgroups = ["column", ["column", "other column"]]'
        )
    return groups.groups_of(heldout.frame, specs, max_groups=mlready.options(ITEM.id)["max_groups"])


def _metrics(mlready: Project, p: Predictions) -> dict[str, Metric]:
    """Those with a limit for subgroups; else all that are configured; else the first of the usual ones."""
    import functools

    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality import chosen

    tables, limited = mlready.settings.metrics, _limited(mlready)
    load = functools.partial(named.object_named, root=mlready.root, error=ReadinessError)
    found = chosen.metrics_for(limited or tables, p, load=load)
    return found if tables else dict([*found.items()][:1])


def _limited(mlready: Project) -> dict[str, Any]:
    """The tables that set a limit for subgroups."""
    tables = mlready.settings.metrics
    return {n: t for n, t in tables.items() if t.subgroup_min is not None or t.subgroup_max is not None}


def _margin(mlready: Project, name: str, default: float) -> float:
    table = mlready.settings.metrics.get(name)
    given = (table.margin if table else None, mlready.options(ITEM.id)["margin"], default)
    return next(margin for margin in given if margin is not None)


def _design(mlready: Project, part: str) -> Design:
    from pytest_mlready.quality.group_tests import Design

    power = mlready.options(ITEM.id)["power"]
    return Design(confidence=mlready.confidence, power=power, seed=mlready.seed(f"{ITEM.id}.{part}"))


def _slice_columns(mlready: Project, heldout: Dataset) -> list[str]:
    """Features and named subgroup columns; free text cannot be cut into slices."""
    named = [c for spec in mlready.settings.data.subgroups for c in ((spec,) if isinstance(spec, str) else spec)]
    known = [c for c in (*heldout.features, *named) if c in heldout.frame.columns and c not in heldout.text]
    return [*dict.fromkeys(known)]
