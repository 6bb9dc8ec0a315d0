from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from pytest_mlready.documents import bounded, inventory, inventory_mistakes, inventory_verdicts
from pytest_mlready.errors import DataError

EXAMPLE = Path(__file__).parents[2] / "example_project" / "data" / "inventory.yaml"
WHOLE = {
    "version": 1,
    "owner": "data protection",
    "datasets": {
        "customers": {
            "covers": ["train", "logs"],
            "purpose": "churn",
            "basis": "contract",
            "retention": "2 years",
            "fields": {
                "email": {"personal": True},
                "race": {"personal": True, "category": "special", "condition": "9(2)(a)"},
                "name": {"personal": False, "why": "of a product"},
            },
        }
    },
}


def written(tmp_path, content, name="inventory.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def changed(**fields):
    content = json.loads(json.dumps(WHOLE))
    content["datasets"]["customers"]["fields"].update(fields)
    return content


@pytest.fixture
def known(tmp_path):
    return inventory.read(written(tmp_path, WHOLE))


def found(column, kind="email address", *, group="direct", by="content", count=5, n=10):
    return SimpleNamespace(column=column, kind=kind, group=group, by=by, count=count, n=n, share=count / n)


def scan(*findings, source="train", columns=None, rows=1000, total=1000):
    names = tuple(columns or dict.fromkeys(f.column for f in findings))
    return SimpleNamespace(
        source=source, found=findings, columns=names, rows=rows, total=total, bound=3 / max(rows, 1), presidio=False
    )


def test_a_whole_inventory_is_read_with_what_holds_for_all_fields(known):
    email = known.field("train", "email")
    assert (email.personal, email.basis, email.purpose, email.owner) == (True, "6(1)(b)", "churn", "data protection")
    assert email.retention_days == pytest.approx(730.5)
    assert known.field("logs", "name").personal is False
    assert known.field("heldout", "email") is None
    assert inventory_verdicts.judge_entries(known).outcome == "passed"


def test_all_three_formats_give_the_same(tmp_path, known):
    as_yaml = inventory.read(written(tmp_path, yaml.safe_dump(WHOLE), "inventory.yaml"))
    toml = """
version = 1
owner = "data protection"
[datasets.customers]
covers = ["train", "logs"]
purpose = "churn"
basis = "contract"
retention = "2 years"
[datasets.customers.fields]
email = { personal = true }
race = { personal = true, category = "special", condition = "9(2)(a)" }
name = { personal = false, why = "of a product" }
"""
    as_toml = inventory.read(written(tmp_path, toml, "inventory.toml"))
    assert as_yaml.datasets == as_toml.datasets == known.datasets


def test_without_covers_a_data_set_is_about_the_four_tables(tmp_path):
    content = changed()
    del content["datasets"]["customers"]["covers"]
    read = inventory.read(written(tmp_path, content))
    assert [bool(read.covering(s)) for s in inventory_mistakes.SOURCES] == [True] * 4 + [False] * 2


def test_the_examples_inventory_is_whole():
    read = inventory.read(EXAMPLE)
    assert inventory_verdicts.judge_entries(read).outcome == "passed"
    assert read.field("train", "race").category == "special"


def test_every_mistake_is_listed_at_once_with_near_names(tmp_path):
    content = {
        "version": 2,
        "onwer": "x",
        "datasets": {
            "a": {
                "covers": ["trian"],
                "basis": "legitimate intrests",
                "retention": "a while",
                "condition": "9(3)",
                "fields": {
                    "x": {"personal": "yes", "categroy": "special"},
                    "y": 3,
                    "z": {"personal": True, "category": "health"},
                },
            },
            "b": {"fields": {}},
            "c": [],
        },
    }
    with pytest.raises(DataError) as caught:
        inventory.read(written(tmp_path, content))
    told = str(caught.value)
    for part in (
        "has 12 mistakes", 'unknown key onwer; did you mean "owner"?', "version is 2, expected 1",
        """datasets.a.covers names 'trian'; did you mean "train"?""",
        """datasets.a.basis is 'legitimate intrests'; did you mean "legitimate interests"?""",
        "datasets.a.retention is 'a while'", "datasets.a.condition is '9(3)'", "datasets.a.fields.x.personal is 'yes'",
        'unknown key datasets.a.fields.x.categroy; did you mean "category"?', "datasets.a.fields.y is 3",
        "datasets.a.fields.z.category is 'health'", "datasets.b.fields is {}", "datasets.c is []",
    ):  # fmt: skip
        assert part in told, part


@pytest.mark.parametrize(
    ("text", "article"),
    [
        ("6(1)(f)", "6(1)(f)"), ("Art. 6 (1) f", "6(1)(f)"), ("GDPR Art. 6(1)(a)", "6(1)(a)"), ("Consent", "6(1)(a)"),
        ("legitimate_interests", "6(1)(f)"), ("6(1)(g)", None), ("because", None), (6, None), ("", None),
    ],
)  # fmt: skip
def test_a_basis_is_one_of_six(text, article):
    assert inventory_mistakes.basis(text) == article


@pytest.mark.parametrize(
    ("text", "days"),
    [("90 days", 90), ("1 day", 1), ("2 weeks", 14), ("6 months", 182.625), ("2 years", 730.5), ("P1Y2M3D", 429.125),
     ("P", None), ("0 days", None), ("forever", None), (90, None), ("-3 days", None)],
)  # fmt: skip
def test_a_retention_period_is_read_or_refused(text, days):
    assert inventory_mistakes.days(text) == days


@pytest.mark.parametrize("lost", ["basis", "retention", "purpose"])
def test_a_personal_field_without_basis_retention_or_purpose_fails(tmp_path, lost):
    content = changed()
    del content["datasets"]["customers"][lost]
    verdict = inventory_verdicts.judge_entries(inventory.read(written(tmp_path, content)))
    assert (verdict.outcome, f"customers.email lacks {lost}" in verdict.message) == ("failed", True)


def test_a_special_category_needs_a_condition_of_its_own(tmp_path):
    content = changed(race={"personal": True, "category": "special"})
    verdict = inventory_verdicts.judge_entries(inventory.read(written(tmp_path, content)))
    assert (verdict.outcome, "customers.race lacks condition" in verdict.message) == ("failed", True)


def test_declared_columns_pass(known):
    verdict = inventory_verdicts.judge_scan(
        known, scan(found("email"), found("race", "race", group="special", by="name"))
    )
    assert verdict.outcome == "passed"


def test_an_undeclared_column_fails_with_kind_and_share_and_lines_to_paste(known):
    verdict = inventory_verdicts.judge_scan(known, scan(found("e_mail", count=7), columns=["e_mail", "race", "name"]))
    assert verdict.outcome == "failed"
    assert 'e_mail (email address, in 7 of 10 values) is not declared; did you mean "email"?' in verdict.message
    pasted = yaml.safe_load(verdict.message.partition("\n  ")[2].replace("\n  ", "\n"))
    assert pasted["datasets"]["NAME"]["fields"] == {"e_mail": {"personal": True}}


def test_the_lines_to_paste_for_no_inventory_are_a_whole_document():
    verdict = inventory_verdicts.judge_scan(
        None, scan(found("race", "racial or ethnic origin", group="special", by="name"))
    )
    pasted = yaml.safe_load(verdict.message.partition("\n  ")[2].replace("\n  ", "\n"))
    assert pasted["version"] == 1
    assert pasted["datasets"]["NAME"]["fields"]["race"]["category"] == "special"
    assert 'inventory = "…" in [tool.mlready.data]' in verdict.message


def test_a_source_that_no_data_set_covers_fails_and_says_so(known):
    verdict = inventory_verdicts.judge_scan(known, scan(found("email"), source="prompts"))
    assert (verdict.outcome, "no data set of the inventory covers prompts" in verdict.message) == ("failed", True)


def test_a_column_declared_not_personal_is_held_against_its_content(known, tmp_path):
    by_name = found("name", "person's name", by="name")
    assert inventory_verdicts.judge_scan(known, scan(by_name)).outcome == "passed"
    verdict = inventory_verdicts.judge_scan(known, scan(by_name, found("name")))
    assert (verdict.outcome, "is declared not personal" in verdict.message) == ("failed", True)
    silent = inventory.read(written(tmp_path, changed(name={"personal": False}), "silent.json"))
    verdict = inventory_verdicts.judge_scan(silent, scan(by_name))
    assert (verdict.outcome, "without saying why" in verdict.message) == ("failed", True)


@pytest.mark.parametrize(
    ("kind", "category"), [("racial or ethnic origin", "special"), ("criminal record", "criminal")]
)
def test_a_special_category_declared_as_ordinary_fails(tmp_path, kind, category):
    read = inventory.read(written(tmp_path, changed(race={"personal": True})))
    verdict = inventory_verdicts.judge_scan(read, scan(found("race", kind, group="special", by="name")))
    assert (verdict.outcome, f"of the category {category}" in verdict.message) == ("failed", True)


def test_without_an_inventory_what_identifies_people_fails_and_what_may_describe_them_is_inconclusive():
    age = found("age", "age", group="quasi", by="name")
    assert inventory_verdicts.judge_scan(None, scan(age)).outcome == "inconclusive"
    assert inventory_verdicts.judge_scan(None, scan(age, found("email", by="name"))).outcome == "failed"
    assert inventory_verdicts.judge_scan(None, scan(found("note"))).outcome == "failed"
    assert inventory_verdicts.judge_scan(None, scan(columns=["x"])).outcome == "passed"


@pytest.mark.parametrize(("total", "outcome"), [(0, "inconclusive"), (299, "inconclusive"), (300, "passed")])
def test_nothing_found_in_too_few_rows_means_nothing(known, total, outcome):
    verdict = inventory_verdicts.judge_scan(known, scan(columns=["x"], rows=total, total=total))
    assert verdict.outcome == outcome
    assert inventory_verdicts.judge_scan(known, scan(found("note"), rows=total, total=total)).outcome == "failed"


def test_a_tolerated_share_is_of_content_alone(known):
    rare = found("note", count=1, n=1000)
    assert inventory_verdicts.judge_scan(known, scan(rare)).outcome == "failed"
    assert inventory_verdicts.judge_scan(known, scan(rare), max_share=0.001).outcome == "passed"
    named = found("phone", "phone number", by="name", count=1, n=1000)
    assert inventory_verdicts.judge_scan(known, scan(named), max_share=0.5).outcome == "failed"


def test_a_declared_field_that_is_gone_is_noted_and_fails_nothing(known):
    verdict = inventory_verdicts.judge_scan(known, scan(columns=["x", "race"]))
    noted = {m.name: m.value for m in verdict.measurements}
    assert (verdict.outcome, noted["train: declared, and not there"]) == ("passed", "email, name")


HOSTILE = {
    "bomb.yaml": "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*{'a' if i == 0 else f'b{i - 1}'}, *{'a' if i == 0 else f'b{i - 1}'}]\n" for i in range(60)),
    "itself.yaml": "a: &a [*a]\n",
    "many.yaml": "a: &a 1\nb: [" + ", ".join(["*a"] * 300) + "]\n",
    "object.yaml": "!!python/object/apply:os.system ['true']\n",
    "twice.yaml": "version: 1\nversion: 2\n",
    "keys.yaml": "? [1, 2]\n: 3\n",
    "cut.json": '{"version": 1',
    "deep.json": "[" * 100_000,
    "bad.toml": "version = \n",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_documents_are_clear_errors(tmp_path, name):
    with pytest.raises(DataError, match=r"is not valid|mistakes"):
        inventory.read(written(tmp_path, HOSTILE[name], name))


def test_a_document_that_is_missing_too_large_or_of_no_known_kind_is_an_error(tmp_path, monkeypatch):
    written(tmp_path, WHOLE)
    with pytest.raises(DataError, match=r'did you mean "inventory\.json"'):
        inventory.read(tmp_path / "inventary.json")
    with pytest.raises(DataError, match="no suffix that names a format"):
        inventory.read(tmp_path / "inventory.docx")
    monkeypatch.setattr(bounded, "MAX_BYTES", 10)
    with pytest.raises(DataError, match="more than 10 bytes"):
        inventory.read(tmp_path / "inventory.json")


@pytest.mark.parametrize(("rows", "least"), [(0, 300), (5, 300), (0, 0)])
def test_a_sample_of_next_to_nothing_means_nothing_whatever_the_table_holds(known, rows, least):
    found = scan(columns=["x"], rows=rows, total=100_000)
    assert inventory_verdicts.judge_scan(known, found, least_rows=least).outcome == "inconclusive"


def test_a_period_longer_than_any_number_is_a_mistake():
    assert inventory_mistakes.days("P" + "9" * 5000 + "Y") is None
    assert inventory_mistakes.days("9" * 5000 + " years") is None
