"""Holds the catalogue's texts and the two rubric files against the checklist and the paper."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tomllib
from importlib import resources

import pytest

from pytest_mlready.catalog import CATEGORIES, Catalog, Item, Rubric, load
from pytest_mlready.errors import SettingsError

# Item -> the rubric tests it covers: F fully, P partly; "-" none. Items marked + are not in the checklist.
COVERAGE = """
  model_quality.metric_thresholds                infra-4 P
  model_quality.heldout_integrity                infra-4 P, model-3 P
  model_quality.subgroup_performance             model-6 F, model-7 P
  model_quality.baseline_comparison              model-5 F, infra-4 P
  model_quality.edge_and_adversarial_cases       monitor-5 P
  model_quality.size_and_latency                 monitor-6 P, infra-6 P
+ model_quality.inclusion                        model-7 F
+ model_quality.spec_reviewed                    model-1 F
+ model_quality.offline_online_correlation       model-2 F
+ model_quality.hyperparameters_tuned            model-3 F
+ model_quality.staleness_impact                 model-4 F
+ data.feature_schema                            data-1 F
+ data.features_beneficial                       data-2 F
+ data.feature_cost                              data-3 F
+ data.feature_policy                            data-4 F
+ data.feature_lead_time                         data-6 F
+ data.feature_code_tested                       data-7 F
  infrastructure.autoscaling                     -
  infrastructure.load_test                       monitor-6 P
  infrastructure.health_checks                   -
  infrastructure.resource_limits                 -
  infrastructure.cold_start                      monitor-6 P
  infrastructure.deployment_pipeline             infra-3 P, infra-6 P
+ infrastructure.training_reproducible           infra-1 F
+ infrastructure.model_spec_unit_tests           infra-2 F
+ infrastructure.pipeline_integration            infra-3 F
+ infrastructure.quality_gate_blocks_bad_models  infra-4 F
+ infrastructure.debuggable                      infra-5 F
  security.input_validation                      data-1 P, monitor-2 P
  security.authentication                        -
  security.artifact_integrity                    data-5 P
  security.no_secrets                            -
  security.network_policy                        -
  security.pii_handling                          data-5 F, data-4 P
  monitoring.latency_percentiles                 monitor-6 P
  monitoring.prediction_drift                    monitor-7 P
  monitoring.feature_drift                       monitor-2 P, data-1 P
  monitoring.error_rates                         -
  monitoring.resource_utilization                monitor-6 P
  monitoring.business_metrics                    model-2 P, monitor-7 P
+ monitoring.dependency_changes                  monitor-1 F
+ monitoring.data_invariants                     monitor-2 F
+ monitoring.training_serving_skew               monitor-3 F
+ monitoring.model_staleness                     monitor-4 F
+ monitoring.numerical_stability                 monitor-5 F
+ monitoring.compute_regression                  monitor-6 F
+ monitoring.prediction_quality                  monitor-7 F
  documentation.model_card                       -
  documentation.api_docs                         -
  documentation.runbook                          -
  documentation.architecture_diagram             -
  documentation.on_call                          -
  compliance.data_lineage                        monitor-1 P, monitor-4 P, infra-1 P, data-5 P
  compliance.regulatory_requirements             data-4 P
  compliance.ethics_review                       model-7 P
  compliance.audit_trail                         model-1 P, infra-1 P
  compliance.data_retention                      data-5 F
  rollback.previous_version                      infra-7 P
  rollback.procedure_tested                      infra-7 F
  rollback.trigger_criteria                      infra-7 P, monitor-6 P, monitor-7 P
  rollback.gradual_rollout                       infra-6 F
  rollback.communication_plan                    -
"""
CHECKLIST = (resources.files("pytest_mlready") / "rubrics" / "checklist.toml").read_text(encoding="utf-8")
NO_CHECK = "No built-in check yet; mark a test of yours or attest."
TEXTS = ("title", "question", "why", "looks_at", "how_to_fix", "attestation")
SHIPPED = ("checklist.toml", "ml_test_score.toml")


def rows() -> dict[str, dict[str, str]]:
    """item id -> rubric test id -> F or P, in the order of the table."""
    table = {}
    for line in COVERAGE.strip("\n").splitlines():
        item, cell = line[2:].split(maxsplit=1)
        table[item] = {} if cell == "-" else dict(part.split() for part in cell.split(", "))
    return table


def checklist_ids() -> list[str]:
    return [line.split()[0] for line in COVERAGE.strip("\n").splitlines() if not line.startswith("+")]


def item_ids() -> list[str]:
    return list(rows())


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


def rubric(catalog: Catalog, rubric_id: str) -> Rubric:
    (found,) = (r for r in catalog.rubrics if r.id == rubric_id)
    return found


@pytest.fixture(scope="module")
def checklist(catalog: Catalog) -> Rubric:
    return rubric(catalog, "checklist")


@pytest.fixture(scope="module")
def ml_test_score(catalog: Catalog) -> Rubric:
    return rubric(catalog, "ml_test_score")


def item_of(item_id: str) -> Item:
    return importlib.import_module(f"pytest_mlready.checks.{item_id}").ITEM


def shipped(name: str) -> dict:
    return tomllib.loads((resources.files("pytest_mlready") / "rubrics" / name).read_text(encoding="utf-8"))


# The catalogue


def test_the_catalogue_has_exactly_the_62_items_of_the_table():
    found = [
        f"{category}.{module.name}"
        for category in CATEGORIES
        for module in pkgutil.iter_modules(importlib.import_module(f"pytest_mlready.checks.{category}").__path__)
    ]
    assert len(found) == 62
    assert sorted(found) == sorted(item_ids())


@pytest.mark.parametrize("item_id", item_ids())
def test_an_items_id_is_its_place(item_id):
    assert item_of(item_id).id == item_id


def test_no_two_items_share_an_id_a_title_or_a_question():
    items = [item_of(i) for i in item_ids()]
    for name in ("id", "title", "question"):
        values = [getattr(item, name) for item in items]
        assert len(set(values)) == len(values), name


@pytest.mark.parametrize("item_id", item_ids())
def test_every_text_of_an_item_says_something(item_id):
    for name in TEXTS:
        text = getattr(item_of(item_id), name)
        assert len(text.split()) >= (2 if name == "title" else 8), name
        assert text == text.strip(), name
        assert "  " not in text, name


@pytest.mark.parametrize("item_id", item_ids())
def test_a_question_is_one_question(item_id):
    question = item_of(item_id).question
    assert question.endswith("?")
    assert question.count("?") == 1


@pytest.mark.parametrize("item_id", item_ids())
def test_every_item_names_its_sources(item_id):
    sources = item_of(item_id).sources
    assert sources
    assert all(isinstance(s, str) and s.strip() for s in sources)
    assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("item_id", item_ids())
def test_an_item_says_that_it_has_no_check_exactly_when_it_has_none(item_id):
    module = importlib.import_module(f"pytest_mlready.checks.{item_id}")
    tests = [name for name, _ in inspect.getmembers(module, inspect.isfunction) if name.startswith("test_")]
    assert module.ITEM.looks_at.startswith(NO_CHECK) is (not tests)


@pytest.mark.parametrize("item_id", item_ids())
def test_an_items_module_docstring_is_one_sentence(item_id):
    doc = importlib.import_module(f"pytest_mlready.checks.{item_id}").__doc__
    assert doc
    assert "\n" not in doc.strip()
    assert doc.endswith(".")


def test_a_persons_word_decides_only_where_the_catalogue_says_so():
    deciders = {i: item_of(i).decided_by for i in item_ids() if item_of(i).decided_by != "code"}
    assert deciders == {
        "compliance.ethics_review": "person",
        "rollback.communication_plan": "person",
        "compliance.regulatory_requirements": "both",
        "documentation.on_call": "both",
        "documentation.runbook": "both",
        "security.pii_handling": "both",
    }


def test_an_attestation_lives_90_180_or_365_days():
    lifetimes = {i: item_of(i).lifetime_days for i in item_ids()}
    assert set(lifetimes.values()) == {90, 180, 365}
    assert [i for i, days in lifetimes.items() if days == 365] == [
        "compliance.regulatory_requirements",
        "compliance.ethics_review",
    ]
    drills = ("infrastructure.load_test", "infrastructure.cold_start", "rollback.procedure_tested")
    assert {lifetimes[i] for i in drills} == {90}


# Both rubric files


@pytest.mark.parametrize("name", SHIPPED)
def test_a_rubric_names_only_items_that_exist(name):
    tests = [t for section in shipped(name)["sections"] for t in section["tests"]]
    named = {i for t in tests for i in (*t["full"], *t.get("partial", ()), *t.get("requires", ()))}
    assert named <= set(item_ids())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_rubric_has_no_test_twice_and_no_item_both_fully_and_partly(name):
    tests = [t for section in shipped(name)["sections"] for t in section["tests"]]
    assert len({t["id"] for t in tests}) == len(tests)
    for t in tests:
        covering = [*t["full"], *t.get("partial", ())]
        assert len(set(covering)) == len(covering), t["id"]
        assert set(t.get("requires", ())) <= set(t["full"]), t["id"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_rubric_file_has_no_key_that_nothing_reads(name):
    known = {"id", "title", "full", "partial", "all_of", "requires"}
    for section in shipped(name)["sections"]:
        assert set(section) == {"id", "title", "tests"}
        assert all(set(t) <= known for t in section["tests"])


def test_a_third_rubric_is_added_by_a_file_alone(tmp_path, catalog: Catalog):
    file = tmp_path / "ours.toml"
    file.write_text(
        'id = "ours"\ntitle = "Ours"\ncombine = "fraction"\nattested = 0.5\nnot_applicable = "leaves"\n'
        '[[sections]]\nid = "all"\ntitle = "All"\n'
        '[[sections.tests]]\nid = "secrets"\ntitle = "No secrets"\nfull = ["security.no_secrets"]\n',
        encoding="utf-8",
    )
    ours = rubric(catalog.with_rubrics([file]), "ours")
    assert [t.full for t in ours.tests] == [("security.no_secrets",)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CHECKLIST, "two rubrics with the id 'checklist'"),
        (CHECKLIST.replace('id = "checklist"', 'id = "ours"').replace('"fraction"', '"sum"'), "combine = 'sum'"),
        ("\x00", "cannot be read"),
    ],
    ids=["same id", "unknown way to combine", "no text"],
)
def test_a_rubric_that_would_count_wrongly_is_refused(tmp_path, catalog: Catalog, text, said):
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        catalog.with_rubrics([tmp_path / "ours.toml"])


# The checklist


def test_the_checklist_has_39_lines_in_seven_categories(checklist: Rubric):
    assert len(checklist.tests) == 39
    assert [(s.id, len(s.tests)) for s in checklist.sections] == [
        ("model_quality", 6),
        ("infrastructure", 6),
        ("security", 6),
        ("monitoring", 6),
        ("documentation", 5),
        ("compliance", 5),
        ("rollback", 5),
    ]


def test_the_checklist_is_in_the_catalogues_order_and_each_line_is_its_item(checklist: Rubric):
    assert [t.id for t in checklist.tests] == checklist_ids()
    for section in checklist.sections:
        for line in section.tests:
            assert line.id.partition(".")[0] == section.id
            assert line.full == (line.id,)
            assert not line.partial


def test_the_checklist_and_its_items_have_the_same_titles(checklist: Rubric):
    assert {t.id: t.title for t in checklist.tests} == {t.id: item_of(t.id).title for t in checklist.tests}
    assert {s.id: s.title for s in checklist.sections} == {s.id: CATEGORIES[s.id] for s in checklist.sections}


def test_the_checklist_counts_points_over_what_applies(checklist: Rubric):
    rules = (checklist.combine, checklist.attested, checklist.not_applicable, checklist.needs_automation)
    assert rules == ("fraction", "by_item", "leaves", False)


def test_items_are_shown_in_the_checklists_order_and_the_others_after_them(catalog: Catalog):
    for category in CATEGORIES:
        shown = [i for i in catalog.items if i.startswith(category + ".")]
        listed = [i for i in checklist_ids() if i.startswith(category + ".")]
        assert shown[: len(listed)] == listed


# The ML Test Score


def test_the_ml_test_score_has_28_tests_in_four_sections_of_seven(ml_test_score: Rubric):
    assert [s.id for s in ml_test_score.sections] == ["data", "model", "infrastructure", "monitoring"]
    expected = [f"{prefix}-{n}" for prefix in ("data", "model", "infra", "monitor") for n in range(1, 8)]
    assert [t.id for t in ml_test_score.tests] == expected


def test_the_ml_test_score_covers_what_the_table_says(ml_test_score: Rubric):
    covered: dict[str, dict[str, str]] = {item: {} for item in item_ids()}
    for test in ml_test_score.tests:
        for item in test.full:
            covered[item][test.id] = "F"
        for item in test.partial:
            covered[item][test.id] = "P"
    assert covered == rows()


def test_each_of_the_28_can_be_earned_in_full(ml_test_score: Rubric):
    assert all(t.full for t in ml_test_score.tests)


def test_only_privacy_needs_two_items_together(ml_test_score: Rubric):
    assert {t.id: t.full for t in ml_test_score.tests if t.all_of} == {
        "data-5": ("security.pii_handling", "compliance.data_retention")
    }
    assert all(len(t.full) == 1 for t in ml_test_score.tests if not t.all_of)


def test_slices_and_canary_need_more_than_their_item(ml_test_score: Rubric):
    assert {t.id: dict(t.requires) for t in ml_test_score.tests if t.requires} == {
        "model-6": {"model_quality.subgroup_performance": "compared with previous model"},
        "infra-6": {"rollback.gradual_rollout": "candidate loaded in the serving stack"},
    }


def test_each_plus_item_is_there_for_one_test_in_full(ml_test_score: Rubric):
    plus = [item for item in item_ids() if item not in checklist_ids()]
    assert len(plus) == 23
    for item in plus:
        assert sum(item in t.full for t in ml_test_score.tests) == 1, item


def test_the_ml_test_score_is_the_paper_of_2017(ml_test_score: Rubric):
    rules = (ml_test_score.combine, ml_test_score.attested, ml_test_score.not_applicable)
    assert rules == ("minimum", 0.5, "zero")
    assert ml_test_score.needs_automation
    assert ml_test_score.edition == 2017
    assert "2017" in ml_test_score.title
    assert "Breck" in ml_test_score.source


def test_the_bands_end_at_0_1_2_3_and_5_and_the_last_has_no_end(ml_test_score: Rubric):
    assert [upto for upto, _ in ml_test_score.bands] == [0, 1, 2, 3, 5, None]
    assert all(text.strip() for _, text in ml_test_score.bands)
