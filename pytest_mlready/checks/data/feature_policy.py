"""Asks whether the model's inputs keep to the rules on what may be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.features.policy import Policy
    from pytest_mlready.features.policy_lineage import Facets, Trace
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset, Model

ITEM = Item(
    id="data.feature_policy",
    title="Features adhere to meta-level requirements",
    question="Do the model's inputs, and the sources they come from, keep to the rules on what may be used?",
    why=(
        "An attribute can be lawful in the warehouse and forbidden in a credit decision. A source may be licensed for "
        "research only, or announced for removal next quarter. Such rules live in contracts and policies that no "
        "training script reads, so a forbidden column comes in through a convenient join and is found by an auditor or "
        "by an outage."
    ),
    looks_at=(
        "The file that `policy` names (YAML, JSON or TOML): rules that say forbidden, deprecated until a date, "
        "licensed for purposes, or allowed, each about columns or about sources, by name or glob; how the words of a "
        "name are joined and case make no difference. They are held against the inputs that the model itself names "
        "(where it names none, the columns it is given) and against every column these are made from. What an input "
        "is made from is read from `derived` and `raw` in the policy, and where these say nothing from the "
        "columnLineage facet of OpenLineage `records`. It passes when no rule is broken, directly or on the way "
        "back, every input has a rule or the policy states a `default`, and every way ends in a source. It fails on "
        "a forbidden column, one whose last day is past, a licence that has ended or is for other purposes than "
        "`purpose`, and on an input that no rule is about. It is inconclusive where nothing says where an input "
        "comes from, because a derived copy of a forbidden column would be invisible, and where licences hold for "
        "purposes and nobody says what the model is for. A second test shuffles each forbidden column among held-out "
        "rows: no answer may change, whatever the list of inputs says; it needs 30 rows whose value becomes another. "
        "Neither sees a stand-in that the lineage does not record: a postcode can say what a forbidden column says. "
        "What `raw` and `derived` claim is taken as said."
        " An input without a rule whose name holds a forbidden one is inconclusive."
    ),
    how_to_fix=(
        "Collect the rules from privacy, legal and data owners into one file under version control: what is forbidden "
        "for which purpose, what ends when, what the licence allows. Let training fail on a violation. Record the "
        "source columns of each derived feature. Replace deprecated inputs before their date, and prove a stand-in by "
        "its association with the forbidden attribute."
    ),
    attestation=(
        "Which policies apply, who compiled the list, the inputs and their sources that were held against it, the "
        "date, and each exception with its approver."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Data 4: features adhere to meta-level requirements",
        "EU AI Act (Regulation (EU) 2024/1689), Article 10: data and data governance",
        "Gebru et al. 2021, Datasheets for Datasets",
        "OpenLineage specification, ColumnLineageDatasetFacet 1-2-0",
    ),
    options=(
        Option(name="policy", type="string", default=None, doc="The rules: YAML, JSON or TOML."),
        Option(name="purpose", type="string", default=None, doc="What the model is for; left out: as the policy says."),
        Option(
            name="records", type="strings", default=(),
            doc="OpenLineage events with column lineage, files or globs; left out: those of compliance.data_lineage.",
        ),
        Option(
            name="dataset", type="string", default=None,
            doc="Name of the data set with the model's inputs in those records; left out: `train` of the data.",
        ),
        Option(name="rows", type="integer", default=2000, doc="Most held-out rows in which a column is shuffled."),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
JSON_SUFFIXES = (".json", ".ndjson", ".jsonl")  # records of other kinds have no column lineage


@pytest.mark.data("feature_policy")
def test_no_input_breaks_a_rule(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """No input, and no column that one is made from, is forbidden, past its last day or licensed for something else."""
    from pytest_mlready.features import policy_verdicts

    policy = _policy(mlready, mlready_evidence)
    model: Model = request.getfixturevalue("mlready_model")
    inputs = model.feature_names or request.getfixturevalue("mlready_heldout").features
    known = _facets(mlready)
    mlready_evidence.grade("static")
    if known.datasets:
        mlready_evidence.record("column lineage on record", ", ".join(sorted(known.datasets)[:5]))
    purpose = mlready.options(ITEM.id)["purpose"] or policy.purpose
    at = policy_verdicts.Circumstances(today=mlready.today, purpose=purpose)
    mlready_evidence.conclude([policy_verdicts.judge(_traces(mlready, inputs, policy, known), policy, at)])


@pytest.mark.data("feature_policy")
def test_no_answer_follows_a_forbidden_column(
    mlready: Project, mlready_evidence: Evidence, mlready_model: Model, mlready_heldout: Dataset
) -> None:
    """Shuffled among held-out rows, a forbidden column moves no answer of the model."""
    from pytest_mlready.features import policy_effect, policy_verdicts

    policy, seed = _policy(mlready, mlready_evidence), mlready.seed(f"{ITEM.id}.effect")
    X = mlready_heldout.X
    traces = _traces(mlready, X.columns, policy, _facets(mlready))
    columns = [trace.input for trace in traces if policy_verdicts.forbidden(trace, policy)]
    if not columns:
        mlready_evidence.not_applicable("no column of the held-out data is forbidden, or made from one that is")
    rows = min(X.height, mlready.options(ITEM.id)["rows"])
    mlready_evidence.conclude([policy_effect.judge(mlready_model, X.sample(rows, seed=seed), columns, seed=seed)])


def _policy(mlready: Project, evidence: Evidence) -> Policy:
    from pytest_mlready.documents import bounded
    from pytest_mlready.features import policy

    named = mlready.options(ITEM.id)["policy"]
    if named is None:
        line = f'{SETTING} policy = "governance/feature-policy.yaml"'
        evidence.unverified("no policy on the use of features is configured", fix=line)
    path = mlready.file(named, "the feature policy")
    return policy.parse(bounded.read(path, setting="policy"), name=path.name)


def _facets(mlready: Project) -> Facets:
    """Column lineage in the item's own records, else in those of the lineage item."""
    from pytest_mlready.features import policy_lineage

    named = mlready.options(ITEM.id)["records"] or mlready.options("compliance.data_lineage")["records"]
    paths = [path for path in mlready.files(named, "the lineage record") if path.suffix.lower() in JSON_SUFFIXES]
    return policy_lineage.facets(event for path in paths for event in _events(path))


def _events(path: Path) -> list[Any]:
    from pytest_mlready.documents import jsonlines

    return [record.value for record in jsonlines.read(path, setting="records")]


def _traces(mlready: Project, inputs: Sequence[str], policy: Policy, known: Facets) -> list[Trace]:
    from pytest_mlready.features import policy_lineage

    named = mlready.options(ITEM.id)["dataset"] or mlready.settings.data.train or ""
    dataset = known.dataset(named)
    return [policy_lineage.trace(one, policy, known, dataset=dataset) for one in inputs]
