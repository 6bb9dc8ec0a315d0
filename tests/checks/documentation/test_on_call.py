from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from pytest_mlready.checks.documentation import on_call as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence

OPTIONS = {option.name: option.default for option in check.ITEM.options}
EVENT = "BEGIN:VEVENT\nUID:{0}\nDTSTART:20260101T000000Z\nDTEND:20260102T000000Z\nRRULE:FREQ=DAILY{1}\nSUMMARY:{0}\nEND:VEVENT\n"


def calendar(*names, rule=""):
    return "BEGIN:VCALENDAR\n" + "".join(EVENT.format(name, rule) for name in names) + "END:VCALENDAR\n"


BOTH = calendar("Primary: Ada", "Secondary: Grace")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project outside any repository, with a schedule and owners; None leaves a file out."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    def make(*, schedule=BOTH, owners="* @acme/income\n", catalogue=None, today=None, **options):
        files = {
            "docs/on-call.ics": schedule,
            ".github/CODEOWNERS": owners,
            "catalog-info.yaml": catalogue,
            "model.skops": "x",
        }
        for place, text in files.items():
            if text is not None:
                (tmp_path / place).parent.mkdir(exist_ok=True)
                (tmp_path / place).write_text(text)

        def named(patterns, what):
            if missing := [p for p in patterns if not (tmp_path / p).exists()]:
                raise ReadinessError(f"{what} {missing[0]} is not there")
            return tuple(tmp_path / p for p in patterns)

        return SimpleNamespace(
            root=tmp_path, today=today or dt.datetime.now(tz=dt.UTC).date(), options=lambda _: {**OPTIONS, **options},
            files=named, path=lambda text: tmp_path / text, settings_path=tmp_path / "pyproject.toml",
            settings=SimpleNamespace(model=SimpleNamespace(path="model.skops")),
        )  # fmt: skip

    return make


def scheduled(mlready):
    evidence = Evidence()
    check.test_somebody_is_on_call(mlready, evidence)
    return evidence


def owned(mlready):
    evidence = Evidence()
    check.test_the_project_has_an_owner(mlready, evidence)
    return evidence


def test_two_levels_without_a_gap_pass(project):
    evidence = scheduled(project())
    named = {e["name"]: e for e in evidence.notes.evidence}
    assert named["level 2: hours without anybody"]["value"] == 0
    assert named["level 1: hours without anybody"]["note"] == "Ada"
    assert evidence.notes.grade == "static"


def test_an_owner_of_model_and_settings_passes(project):
    assert owned(project()).notes.evidence[0]["value"] == "@acme/income"
    assert owned(project(owner="@acme/income")).notes.evidence


def test_a_single_level_fails(project):
    with pytest.raises(Failed, match="level 2: nobody is on call"):
        scheduled(project(schedule=calendar("Primary: Ada")))


def test_one_level_can_be_enough(project):
    assert scheduled(project(schedule=calendar("Primary: Ada"), levels=1)).notes.evidence


def test_a_gap_fails(project):
    with pytest.raises(Failed, match="level 1: nobody is on call from"):
        scheduled(project(schedule=calendar("Primary: Ada", "Secondary: Grace", rule=";BYDAY=MO,TU,WE,TH,FR")))


def test_one_person_for_both_levels_fails(project):
    with pytest.raises(Failed, match="nobody other than who is called first"):
        scheduled(project(schedule=calendar("Primary: Ada", "Secondary: Ada")))


def test_the_date_that_was_asked_for_counts(project):
    until = calendar("Primary: Ada", "Secondary: Grace", rule=";UNTIL=20270101T000000Z")
    with pytest.raises(Inconclusive, match="the export ends on 2027-01-02"):
        scheduled(project(schedule=until, today=dt.date(2027, 6, 1)))


def test_a_rule_that_is_not_understood_is_inconclusive(project):
    with pytest.raises(Inconclusive, match="not understood"):
        scheduled(project(schedule=calendar("Primary: Ada", "Secondary: Grace").replace("DAILY", "HOURLY")))


@pytest.mark.parametrize(
    ("owners", "words"),
    [
        ("docs/ @acme/docs\n", "has no line for model.skops"),
        ("* @acme/income\n*.skops\n", "takes every owner"),
        ("* @your-org/your-team\n", "is a placeholder"),
    ],
)
def test_a_model_without_an_owner_fails(project, owners, words):
    with pytest.raises(Failed, match=words):
        owned(project(owners=owners))


def test_another_owner_than_the_expected_fails(project):
    with pytest.raises(Failed, match="expected @acme/ml"):
        owned(project(owner="@acme/ml"))


def test_a_schedule_without_an_owner_fails_and_an_owner_without_a_schedule_is_inconclusive(project):
    with pytest.raises(Failed, match="nobody owns the project"):
        owned(project(owners=None))
    (project().root / "docs" / "on-call.ics").unlink()
    with pytest.raises(Inconclusive, match="no schedule says who is on call"):
        scheduled(project(schedule=None))


def test_the_catalogue_will_do_instead(project):
    catalogue = "kind: Component\nmetadata: {name: income}\nspec: {owner: acme-income}\n"
    assert owned(project(owners=None, catalogue=catalogue)).notes.evidence[0]["value"] == "acme-income"
    with pytest.raises(Failed, match="income belongs to acme-income; expected acme-ml"):
        owned(project(owners=None, catalogue=catalogue, owner="acme-ml"))


def test_neither_schedule_nor_owner_is_unverified(project):
    with pytest.raises(Unverified, match=r"docs/on-call\.ics"):
        scheduled(project(schedule=None, owners=None))
    with pytest.raises(Unverified, match="CODEOWNERS"):
        owned(project(schedule=None, owners=None))


def test_a_schedule_that_the_settings_name_must_be_there(project):
    mlready = project()
    mlready.options = lambda _: {**OPTIONS, "schedule": ("nowhere.ics",)}
    with pytest.raises(ReadinessError, match="is not there"):
        scheduled(mlready)
