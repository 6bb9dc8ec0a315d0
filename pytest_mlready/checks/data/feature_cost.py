"""Asks whether each feature is worth its latency, memory and dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks.data import features_beneficial

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.features.cost import Manifest
    from pytest_mlready.features.importance_gains import Gain
    from pytest_mlready.project import Project

ITEM = Item(
    id="data.feature_cost",
    title="No feature costs too much",
    question="Is each feature worth the latency, memory, money and dependencies that it brings?",
    why=(
        "One feature that calls a slow service can set the p99 of the whole endpoint. Costs that no table shows, such "
        "as a paid source, a team that must be on call, or a join that delays training by an hour, are paid for years "
        "by people who did not add the feature. Nobody cuts them while cost and benefit stand in different documents."
    ),
    looks_at=(
        "A cost manifest (YAML, JSON or TOML) with an entry for each input of the candidate: latency, memory, money or "
        "compute, dependencies, owner, the source it is fetched from, and whether the figures are measured, by a "
        "record that exists, or estimated; how many are measured is recorded. It passes when every input has an entry "
        "and no entry is for anything else, each total above 0 has a budget and lies within it, and each input that "
        "costs anything is beneficial by data.features_beneficial, measured in this run or read from gains, or kept "
        "there with a reason. Latencies of one source add up, or its slowest counts where one call brings all its "
        "inputs; sources add up, or the slowest counts with parallel. Inputs of one correlated group share its gain. "
        "It fails on a missing entry, an entry without an input, a total above its budget, and a cost that buys "
        "nothing. Inconclusive: a total without budget, gains that are unknown, undecided or of another model, a "
        "manifest of zeros of which none is measured. No manifest is unverified. Sums of percentiles are taken as they "
        "are, and that a figure is what its record shows is not looked into."
    ),
    how_to_fix=(
        "Trace one request and write down how long each feature takes at p95. Add memory, licence fees and the number "
        "of systems that must be up. Set a budget per request. Sort by cost per unit of gain, then cache, precompute "
        "or drop the worst. Ask for a cost entry in the review of every new feature."
    ),
    attestation=(
        "The cost of each feature and how it was measured, the budgets, the total against them, and the reason for "
        "each expensive feature that stays."
    ),
    sources=(
        "Breck et al. 2017, ML Test Score, Data 3: no feature's cost is too much",
        "Sculley et al. 2015, Hidden Technical Debt in Machine Learning Systems",
    ),
    options=(
        Option(
            name="manifest", type="string", default=None, doc="What each input costs: a file in YAML, JSON or TOML."
        ),
        Option(name="latency", type="duration", default=None, doc="Budget of one request for all its inputs."),
        Option(name="memory", type="size", default=None, doc="Budget of the service for all inputs."),
        Option(name="money", type="number", default=None, doc="Budget in the manifest's currency."),
        Option(name="compute", type="duration", default=None, doc="Budget of processor time of one request."),
        Option(name="dependencies", type="integer", default=None, doc="Systems that inputs may depend on at most."),
        Option(
            name="parallel", type="boolean", default=False,
            doc="All sources are asked at the same time, so that the slowest counts and not the sum.",
        ),
        Option(
            name="gains", type="string", default=None,
            doc="What inputs add, from a study of this model: a file; measured in this run when left out.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.data("feature_cost")
def test_costs_are_within_budget(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Every input has a cost entry, and the totals are within their budgets."""
    from pytest_mlready.features import cost, cost_verdicts

    found, options = _manifest(mlready, mlready_evidence), mlready.options(ITEM.id)
    names = _inputs(mlready, request)
    budgets = {kind: options[kind] for kind in cost.KINDS}
    mlready_evidence.grade("static")
    mlready_evidence.plot("bars", title="Latency of inputs", data=cost_verdicts.picture(found))
    mlready_evidence.conclude(
        [
            cost_verdicts.judge_entries(found, names),
            *cost_verdicts.judge_budgets(found, names, budgets, parallel=options["parallel"]),
            cost_verdicts.judge_dependencies(found, names, options["dependencies"]),
        ]
    )


@pytest.mark.data("feature_cost")
def test_no_cost_without_gain(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Each input that costs something adds something to the model, or stays for a stated reason."""
    from pytest_mlready.features import cost_verdicts

    found = _manifest(mlready, mlready_evidence)
    names = _inputs(mlready, request)
    gains, keep = _gains(mlready, request)
    mlready_evidence.grade("static" if mlready.options(ITEM.id)["gains"] else "replayed")
    mlready_evidence.conclude(cost_verdicts.judge_worth(found, gains, names, keep))


def _manifest(mlready: Project, evidence: Evidence) -> Manifest:
    """The manifest, with every record that it names in its place."""
    from pytest_mlready import units
    from pytest_mlready.documents import bounded
    from pytest_mlready.features import cost

    named = mlready.options(ITEM.id)["manifest"]
    if named is None:
        evidence.unverified(
            "no manifest says what each input costs",
            fix=f'{SETTING} manifest = "feature-costs.yaml", latency = "20 ms", memory = "10 MB"',
        )
    content = bounded.read(mlready.file(named, "the cost manifest"), setting="manifest")
    found = cost.manifest(content, seconds=units.seconds, size=units.byte_count)
    for record in found.records:
        mlready.file(record, "the record of a measured cost")
    return found


def _inputs(mlready: Project, request: pytest.FixtureRequest) -> Sequence[str]:
    """The columns that the model takes."""
    model = request.getfixturevalue("mlready_model")
    if mlready.settings.data.heldout is None and model.feature_names:
        return tuple(model.feature_names)
    return features_beneficial.inputs(model, request.getfixturevalue("mlready_heldout"))


def _gains(mlready: Project, request: pytest.FixtureRequest) -> tuple[Sequence[Gain], Collection[str]]:
    """From the file that the settings name, when it is of this model; else measured in this run."""
    from pytest_mlready.documents import bounded
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.features import saved_gains

    judged_by = mlready.options(features_beneficial.ITEM.id)
    named = mlready.options(ITEM.id)["gains"]
    if named is None:
        found, keep = features_beneficial.studied(mlready, request)
        return found.gains, keep
    content = bounded.read(mlready.file(named, "the file of gains"), setting="gains")
    gains = saved_gains.gains(content, limit=judged_by["limit"])
    ours, theirs = mlready.digests.model, content.get("model_sha256")
    if ours is not None and theirs != ours:
        told = f"is of the model {str(theirs)[:12]}" if theirs else "does not say of which model it is"
        raise Inconclusive(f"{named} {told}", fix=f'study this model, and write model_sha256: "{ours}"')
    return gains, judged_by["keep"]
