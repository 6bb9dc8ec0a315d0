"""Asks whether the model answers rare, odd and slightly changed inputs as it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    import polars as pl

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.feature_schema import FeatureSchema
    from pytest_mlready.values import Dataset, Model

ITEM = Item(
    id="model_quality.edge_and_adversarial_cases",
    title="Edge cases and adversarial inputs",
    question="Does the model answer rare, odd and slightly changed inputs as it must?",
    why=(
        "A held-out set says how the model does on ordinary rows. Outages come from the others: a category that the "
        "encoder has never met, a value at the edge of its range that turns into NaN, a batch of one, columns in "
        "another order. And a model with a good score can still have learnt the wrong thing: more of a good feature "
        "lowers the score, or a change nobody would notice flips the answer."
    ),
    looks_at=(
        "The contract of the inputs (kinds, ranges, categories, nulls) is inferred from the training and held-out "
        "rows; `contract` overrides it. Must hold, and fails the item: every bound, category and allowed null, and "
        "rows that hypothesis draws inside the contract, get a finite answer without a crash; answers do not depend "
        "on the order of columns (where the model recorded their names) or of rows, on a further column, or on the "
        "batch; every `must` case of the case file; every declared relation (invariant, increasing, decreasing, "
        "expect) on held-out rows, where NaN is a violation and fewer than 30 applicable rows are inconclusive. "
        "Reported: hostile inputs outside the contract (NaN, ±Inf, extreme numbers, unseen categories, odd text, "
        "missing columns), for which a clear exception is as good as a finite answer, and only a hang or an exit of "
        "the process fails (non-finite answers too with `reject_non_finite`); `should` cases; the success of a "
        "bounded perturbation search, gated once `max_attack_success` is set. Without a case file or relations those "
        "two parts are unverified and say so; the item is then verified by the contract alone, which shows that the "
        "model answers, not that it answers right: declare relations. A search that finds nothing proves nothing."
    ),
    how_to_fix=(
        "The failure names the smallest input that goes wrong: all that it does not name is typical. Handle it in the "
        "pipeline (`handle_unknown` of encoders, imputers, clipping), or narrow the contract to what the service "
        "really lets through. Write each incident and each rule of the domain into the case file as a `must`. Declare "
        "what has to stay (a name, a typing error) and what has to rise or fall. Where a relation fails, look at the "
        "feature: a sign learnt from confounded or leaked data, or monotonic constraints that are missing."
    ),
    attestation=(
        "Which edge cases and relations were examined and by whom, on which version of the model, what the model did, "
        "which failures were accepted and why, and the date."
    ),
    about_model=True,
    sources=(
        "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList, ACL",
        "MacIver and Hatfield-Dodds 2019, Hypothesis: A new approach to property-based testing, JOSS 4(43)",
        "Zeller and Hildebrandt 2002, Simplifying and Isolating Failure-Inducing Input, IEEE TSE 28(2)",
        "Breck et al. 2017, ML Test Score, Monitor 5: the model is numerically stable",
    ),
    options=(
        Option(name="cases", type="string", default=None, doc="Case file; unset: edge_cases.* in ./, tests/ or data/."),
        Option(
            name="contract", type="table", default={},
            doc="What a column may hold, where the rows seen do not tell: { age = { max = 120, nullable = false } }.",
        ),
        Option(name="examples", type="integer", default=200, doc="Rows that hypothesis draws inside the contract."),
        Option(name="reject_non_finite", type="boolean", default=False, doc="Non-finite answers outside it fail."),
        Option(
            name="relations", type="tables", default=(),
            doc='Such as { kind = "increasing", column = "hours", tolerance = 0.01, max_violations = 0.02 }, or '
            '{ kind = "invariant", column = "name", swap = ["Emily", "Lakisha"] }.',
        ),
        Option(name="relation_rows", type="integer", default=2000, doc="Held-out rows that relations are tried on."),
        Option(name="max_attack_success", type="fraction", default=None, doc="Share of rows; unset: reported only."),
        Option(name="attack_rows", type="integer", default=200, doc="Held-out rows that the search starts from."),
        Option(name="attack_queries", type="integer", default=50, doc="Predictions a row."),
        Option(
            name="attack_eps", type="number", default=0.1,
            doc="How far a number may move, in robust standard deviations; an integer at least by one.",
        ),
        Option(name="attack_swaps", type="integer", default=1, doc="Category columns that may change in a row."),
        Option(name="attack_edits", type="integer", default=2, doc="Characters that may change in a row's texts."),
        Option(name="attack_columns", type="strings", default=(), doc="Columns that may change; unset: all."),
        Option(name="time_limit", type="duration", default=30.0, doc="Time after which one call counts as hung."),
    ),
)  # fmt: skip


@pytest.mark.model_quality("edge_and_adversarial_cases")
def test_cases_of_the_case_file_hold(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Every `must` case holds; `should` cases are reported."""
    from pytest_mlready.quality import casefile

    options = mlready.options(ITEM.id)
    path = mlready.path(options["cases"]) if options["cases"] else casefile.discover(mlready.root)
    if path is None:
        mlready_evidence.unverified(
            "there is no case file",
            fix='write edge_cases.yaml (version: 1, cases: [{name: …, input: {…}, expect: {label: …}}]), or set '
            f'cases = "path" under [tool.mlready.items."{ITEM.id}"]',
        )  # fmt: skip
    cases = casefile.load(path)
    model, schema = _subject(mlready, request)
    mlready_evidence.grade("replayed")
    mlready_evidence.conclude(casefile.judge(model, schema, cases, time_limit=options["time_limit"]))


@pytest.mark.model_quality("edge_and_adversarial_cases")
def test_inputs_inside_the_contract_are_answered(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """No crash, no hang and no non-finite answer for any input inside the contract."""
    from pytest_mlready.quality import strategies

    options = mlready.options(ITEM.id)
    model, schema = _subject(mlready, request, fuzzes=True)
    mlready.progress(f"{options['examples']} inputs inside the contract")
    drawn = strategies.generate(schema, examples=options["examples"], seed=mlready.seed(f"{ITEM.id}.contract"))
    candidates = strategies.boundaries(schema) + drawn
    verdict = strategies.judge_inside(model, schema, candidates, time_limit=options["time_limit"])
    mlready.progress("")
    mlready_evidence.grade("replayed")
    mlready_evidence.record("inputs drawn by hypothesis", len(drawn), note=f"and {len(candidates) - len(drawn)} edges")
    mlready_evidence.conclude([verdict])


@pytest.mark.model_quality("edge_and_adversarial_cases")
def test_answers_do_not_depend_on_order_or_batch(
    mlready: Project, mlready_evidence: Evidence, mlready_model: Model, mlready_heldout: Dataset
) -> None:
    """Order of columns and rows, further columns and the batch a row comes in change no answer."""
    from pytest_mlready.quality import hostile

    seed = mlready.seed(f"{ITEM.id}.order")
    X = _sample(mlready_heldout.X, 200, seed)
    limit = mlready.options(ITEM.id)["time_limit"]
    mlready_evidence.grade("replayed")
    mlready_evidence.conclude(hostile.judge_order(mlready_model, X, seed=seed, time_limit=limit))


@pytest.mark.model_quality("edge_and_adversarial_cases")
def test_inputs_outside_the_contract_do_no_harm(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Hostile inputs neither hang nor end the process; what else they do is reported."""
    from pytest_mlready.quality import hostile

    options = mlready.options(ITEM.id)
    model, schema = _subject(mlready, request, fuzzes=True)
    mlready_evidence.grade("replayed")
    verdict = hostile.judge_outside(
        model,
        hostile.hostile(schema),
        time_limit=options["time_limit"],
        reject_non_finite=options["reject_non_finite"],
    )
    mlready_evidence.conclude([verdict])


@pytest.mark.model_quality("edge_and_adversarial_cases")
def test_declared_relations_hold(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Every declared relation holds on held-out rows."""
    options = mlready.options(ITEM.id)
    if not options["relations"]:
        mlready_evidence.unverified(
            "no relation is declared",
            fix=f'under [tool.mlready.items."{ITEM.id}"] write for example: '
            'relations = [{ kind = "increasing", column = "…", step = 1 }]',
        )
    from pytest_mlready.quality import relation_tables, relations

    model: Model = request.getfixturevalue("mlready_model")
    X = request.getfixturevalue("mlready_heldout").X
    declared = relation_tables.parse(options["relations"], X)
    seed = mlready.seed(f"{ITEM.id}.relations")
    mlready_evidence.grade("replayed")
    verdicts = relations.judge(
        model,
        _sample(X, options["relation_rows"], seed),
        declared,
        seed=seed,
        confidence=mlready.confidence,
        time_limit=options["time_limit"],
    )
    mlready_evidence.conclude(verdicts)


@pytest.mark.model_quality("edge_and_adversarial_cases")
def test_small_changes_rarely_change_the_answer(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """A bounded search for changes that change the answer; gated only with `max_attack_success`."""
    options = mlready.options(ITEM.id)
    model, schema = _subject(mlready, request, fuzzes=True)
    from pytest_mlready.quality import perturbation
    from pytest_mlready.quality.search import Budget

    heldout: Dataset = request.getfixturevalue("mlready_heldout")
    seed = mlready.seed(f"{ITEM.id}.perturbation")
    budget = Budget(
        eps=options["attack_eps"],
        swaps=options["attack_swaps"],
        edits=options["attack_edits"],
        queries=options["attack_queries"],
    )
    found = perturbation.attack(
        model,
        _sample(heldout.X, options["attack_rows"], seed),
        schema,
        budget=budget,
        columns=tuple(options["attack_columns"]) or _used(model, heldout),
        seed=seed,
        time_limit=options["time_limit"],
        progress=mlready.progress,
    )
    mlready_evidence.grade("replayed")
    limit = options["max_attack_success"]
    mlready_evidence.conclude([perturbation.judge(found, limit=limit, confidence=mlready.confidence)])


def _subject(mlready: Project, request: pytest.FixtureRequest, *, fuzzes: bool = False) -> tuple[Model, FeatureSchema]:
    """The model and the contract of its inputs. A service is not sent odd inputs that its owner has not allowed."""
    from pytest_mlready.artifacts import frames
    from pytest_mlready.errors import Inconclusive, Unverified
    from pytest_mlready.quality import feature_schema

    model: Model = request.getfixturevalue("mlready_model")
    if fuzzes and model.kind == "http" and not mlready.settings.endpoint.may_change_state:
        raise Inconclusive(
            "made-up inputs are not sent to a service without leave",
            fix="[tool.mlready.endpoint] may_change_state = true, for a staging service",
        )
    heldout: Dataset = request.getfixturevalue("mlready_heldout")
    loose = getattr(model, "loose_names", False)
    frames.given(heldout.X.clear(), names=model.feature_names, kind="polars", loose=loose)  # all columns are there
    schema = feature_schema.infer(heldout.X, text=heldout.text)
    try:
        train: Dataset = request.getfixturevalue("mlready_train")
    except Unverified:
        pass  # the held-out rows alone tell what inputs look like
    else:
        schema = feature_schema.merge(feature_schema.infer(train.X, text=train.text), schema)
    return model, feature_schema.override(schema, mlready.options(ITEM.id)["contract"])


def _used(model: Model, dataset: Dataset) -> tuple[str, ...]:
    """The feature columns that the model takes, so that the search does not turn wheels that drive nothing."""
    known = set(model.feature_names or ())
    return tuple(name for name in dataset.features if name in known) or dataset.features


def _sample(X: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
    return X.sample(n, seed=seed) if n < X.height else X
