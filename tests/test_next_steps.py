"""The three next steps: what gains most for least, with lines that are pasted as they are."""

from __future__ import annotations

import dataclasses
import shlex
import tomllib
from pathlib import Path

import pytest
from given import MANUAL, facts, fully_verified, outcome, signed

from pytest_mlready import next_steps, settings, step_bundles
from pytest_mlready.discovery import Discovered
from pytest_mlready.errors import SettingsError
from pytest_mlready.gate import Policy
from pytest_mlready.init.seen import Seen
from pytest_mlready.init.services import Service
from pytest_mlready.mistakes import find
from pytest_mlready.reports import document
from pytest_mlready.settings import Settings
from pytest_mlready.tally import tally

SECRETS, CARD = "security.no_secrets", "documentation.model_card"
EMPTY = Discovered()
SKLEARN = Discovered(models=(Path("m.joblib"),), data=(Path("data/test.csv"), Path("data/train.csv")))


def steps(catalog, some=None, *, discovered=EMPTY, seen=None, configured=None, policy=None, file="pyproject.toml"):
    made = tally(catalog, some or facts())
    configured = configured or Settings()
    built = document.build(
        made, policy=policy or Policy(), shortfalls=(), settings=configured, provenance={}, trouble=(), bare=()
    )
    return next_steps.build(
        made, built, discovered=discovered, seen=seen or Seen(), settings=configured, file=file
    )  # fmt: skip


def told(item, ended, message, **more):
    return outcome(item, ended, message=message, builtin=True, **more)


def but(catalog, item, *more, **changes):
    """A project that has everything but one item, which is as `more` says."""
    whole = fully_verified(catalog)
    rest = tuple(o for o in whole.outcomes if o.items != (item,))
    return dataclasses.replace(whole, outcomes=(*rest, *more), **changes)


def test_an_empty_project_gets_three_steps_that_name_nothing_as_found(catalog):
    made = steps(catalog)
    assert len(made) == 3
    assert not [line for s in made for line in s["lines"] if "found" in line]


def test_the_lines_of_a_step_are_settings_without_a_mistake(catalog):
    for some in (EMPTY, SKLEARN):
        for step in steps(catalog, discovered=some):
            text = "\n".join(step["lines"])
            assert not [m for m in found_in(text, catalog) if "to be filled in" not in m.found]
            assert found_in(text.replace("…", "mine"), catalog) == []


def found_in(text, catalog):
    return find(tomllib.loads(text).get("tool", {}).get("mlready", {}), catalog.items)


def test_all_steps_can_be_pasted_one_below_the_other_as_they_say(catalog):
    headers = [line for s in steps(catalog) for line in s["lines"] if line.startswith("[")]
    assert len(headers) == len(set(headers))


def test_a_model_and_data_that_were_found_come_first_and_the_target_is_only_asked_for(catalog):
    seen = Seen(columns={Path("data/train.csv"): ("age", "label")})
    first = steps(catalog, discovered=SKLEARN, seen=seen)[0]
    assert set(first["items"]) == set(step_bundles.BY_MODEL)
    assert first["lines"] == [
        "[tool.mlready.model]",
        'path = "m.joblib"  # found; is it the model under test?',
        "[tool.mlready.data]",
        'train = "data/train.csv"  # found; is it what the model was trained on?',
        'heldout = "data/test.csv"  # found; is it data that the model has never seen, not even in tuning?',
        'target = "…"  # the true outcome: "label"?',
        "[tool.mlready.metrics]",
        "accuracy = { min = 0.80 }  # an example: your metric and limit",
    ]


def test_of_several_models_none_is_chosen(catalog):
    several = Discovered(models=(Path("a.onnx"), Path("b.onnx")))
    lines = steps(catalog, discovered=several)[0]["lines"]
    assert lines[1] == 'path = "…"  # the model under test: a.onnx or b.onnx'


def test_models_in_several_folders_are_several_projects(catalog):
    several = Discovered(models=(Path("services/churn/models/m.onnx"), Path("services/fraud/m.onnx")))
    first = next(s for s in steps(catalog, discovered=several) if step_bundles.BY_MODEL[0] in s["items"])
    assert first["lines"] == ["pytest-mlready init services/churn", "pytest-mlready init services/fraud"]
    assert first["into"] == "a shell"


def test_where_models_lie_in_several_folders_no_one_service_is_offered_for_all(catalog):
    several = Discovered(models=(Path("services/churn/models/m.onnx"), Path("services/fraud/m.onnx")))
    service = Service(start="uvicorn main:app --port {port}", where=Path("services/churn/main.py"), predict="")
    made = steps(catalog, discovered=several, seen=Seen(services=(service,)))
    assert made[0]["lines"] == ["pytest-mlready init services/churn", "pytest-mlready init services/fraud"]
    assert set(step_bundles.BY_SERVICE) <= set(made[0]["items"])
    assert not [s["lines"] for s in made if s["into"] != "a shell"]


@pytest.mark.parametrize("places", [("artifacts/v1/m.onnx", "artifacts/v2/m.onnx"), ("m.onnx", "models/old/m.onnx")])
def test_versions_of_a_model_in_folders_of_their_own_are_one_project(catalog, places):
    several = Discovered(models=tuple(map(Path, places)))
    first = next(s for s in steps(catalog, discovered=several) if step_bundles.BY_MODEL[0] in s["items"])
    assert f"the model under test: {places[0]} or {places[1]}" in first["lines"][1]


def test_a_folder_that_has_settings_already_is_run_and_not_begun_again(catalog):
    several = Discovered(models=(Path("services/churn/models/m.onnx"), Path("services/fraud/m.onnx")))
    seen = Seen(settled=frozenset({"services/churn"}))
    first = next(s for s in steps(catalog, discovered=several, seen=seen) if step_bundles.BY_MODEL[0] in s["items"])
    assert first["lines"] == ["pytest --mlready services/churn", "pytest-mlready init services/fraud"]


def test_a_name_of_a_folder_is_one_word_for_a_shell(catalog):
    several = Discovered(models=(Path("a/$(touch x)/m.onnx"), Path("a/b;c/m.onnx"), Path("a/d/m.onnx")))
    lines = next(s["lines"] for s in steps(catalog, discovered=several) if step_bundles.BY_MODEL[0] in s["items"])
    assert [shlex.split(line)[2:] for line in lines] == [["a/b;c"], ["a/d"]]
    assert lines[0] == "pytest-mlready init 'a/b;c'"


def test_data_whose_names_tell_no_role_are_asked_about_and_not_set(catalog):
    lines = steps(catalog, discovered=Discovered(models=(Path("m.joblib"),), data=(Path("data.csv"),)))[0]["lines"]
    assert 'train = "…"  # what the model was trained on: of data.csv?' in lines
    assert any(line.startswith('heldout = "…"') and line.endswith("rows held out of data.csv?") for line in lines)


def test_where_mlflow_keeps_runs_its_way_to_name_a_model_is_told(catalog):
    lines = steps(catalog, seen=Seen(mlflow=True))[0]["lines"]
    assert 'path = "…"  # the model under test, or "models:/NAME/1" of MLflow' in lines


def test_manifests_that_are_yet_to_be_written_are_left_open(catalog):
    fix = 'nothing is there. Next step: [tool.mlready.deploy] manifests = ["deploy/"]'
    item = "security.network_policy"
    lines = steps(catalog, but(catalog, item, told(item, "unverified", fix)))[0]["lines"]
    assert lines == ["[tool.mlready.deploy]", 'manifests = ["…"]  # name yours, or write it']


def test_a_service_that_was_seen_is_asked_about(catalog):
    seen = Seen(
        services=(Service(start="uvicorn main:app --port {port}", where=Path("main.py"), predict="POST /score"),)
    )
    lines = next(s["lines"] for s in steps(catalog, seen=seen) if "[tool.mlready.endpoint]" in s["lines"])
    assert lines[1] == 'start = "uvicorn main:app --port {port}"  # found in main.py; does it start the service?'
    assert lines[2].startswith('predict = "POST /score"  # found')


def test_what_the_settings_have_is_not_asked_for_again(catalog):
    there = Settings.model_validate({"model": {"path": "m.joblib"}, "data": {"train": "a.csv"}})
    lines = next(s["lines"] for s in steps(catalog, configured=there) if step_bundles.BY_MODEL[0] in s["items"])
    assert lines[0] == "# add to [tool.mlready.data]:"
    assert not [line for line in lines if line.startswith(("path", "train"))]


def test_lines_for_mlready_toml_have_its_tables(catalog):
    assert "[model]" in [line for s in steps(catalog, file="mlready.toml") for line in s["lines"]]


def test_items_that_wait_for_the_same_lines_are_one_step(catalog):
    fix = 'nothing is there. Next step: [tool.mlready.deploy] manifests = ["deploy/"]'
    both = ["security.network_policy", "infrastructure.resource_limits"]
    waiting = [told(i, "unverified", fix) for i in both]
    whole = fully_verified(catalog)
    rest = tuple(o for o in whole.outcomes if o.items[0] not in both)
    made = steps(catalog, dataclasses.replace(whole, outcomes=(*rest, *waiting)))
    assert sorted(made[0]["items"]) == sorted(both)
    assert made[0]["gain"].startswith("checklist +2")
    assert made[0]["why"] == "nothing is there."


def test_missing_libraries_are_installed_by_one_command(catalog):
    waiting = [
        told(SECRETS, "inconclusive", "it needs x. Next step: pip install 'pytest-mlready[artifacts]'"),
        told(CARD, "inconclusive", "it needs y. Next step: pip install 'pytest-mlready[api]'"),
    ]
    whole = fully_verified(catalog)
    rest = tuple(o for o in whole.outcomes if o.items[0] not in (SECRETS, CARD))
    made = steps(catalog, dataclasses.replace(whole, outcomes=(*rest, *waiting)))
    assert made[0]["lines"] == ["pip install 'pytest-mlready[api,artifacts]'"]
    assert set(made[0]["items"]) == {SECRETS, CARD}


def test_the_gain_is_what_the_scores_would_be_and_no_more(catalog):
    item = "data.feature_schema"
    fix = f'no schema. Next step: [tool.mlready.items."{item}"] schema = "schema.json"'
    some = but(catalog, item, told(item, "unverified", fix))
    before, after = (tally(catalog, f).scores["ml_test_score"].value for f in (some, fully_verified(catalog)))
    assert steps(catalog, some)[0]["gain"] == f"ML Test Score {before:g} → {after:g} at most"


def test_a_failure_comes_before_what_is_only_missing_and_is_explained(catalog):
    made = steps(catalog, facts(told(SECRETS, "failed", "a key in the image")))
    mended = next(s for s in made if SECRETS in s["items"])
    assert mended["lines"] == [f"pytest-mlready explain {SECRETS}"]


def test_what_the_gate_requires_comes_first(catalog):
    fix = f'no card. Next step: [tool.mlready.items."{CARD}"] card = "docs/card.md"'
    some = facts(told(CARD, "unverified", fix))
    assert CARD not in steps(catalog, some)[0]["items"]
    assert steps(catalog, some, policy=Policy(required=("documentation.model_*",)))[0]["items"] == [CARD]


def test_half_credits_are_made_whole_by_ci(catalog):
    local = dataclasses.replace(fully_verified(catalog), automation=MANUAL)
    known = Discovered(ci=((Path(".gitlab-ci.yml"), "GitLab CI"),))
    assert steps(catalog, local)[0]["lines"] == ["pytest-mlready init --ci github"]
    assert steps(catalog, local, discovered=known)[0]["lines"] == ["pytest-mlready init --ci gitlab"]


def test_a_missing_word_is_asked_of_a_person(catalog):
    item = next(i.id for i in catalog.items.values() if i.decided_by == "both")
    whole = fully_verified(catalog)
    some = dataclasses.replace(whole, attestations=tuple(a for a in whole.attestations if a.item != item))
    first = steps(catalog, some)[0]
    assert first["items"] == [item]
    assert first["lines"][0].startswith(f"pytest-mlready attest {item} --evidence FILE")


def test_nothing_is_left_to_do_where_everything_is_verified(catalog):
    assert steps(catalog, fully_verified(catalog)) == []


def test_a_partial_run_has_no_next_steps_as_it_has_no_score(catalog):
    assert steps(catalog, facts(partial=("interrupted",))) == []


def test_a_part_that_is_only_unverified_is_no_step_where_another_could_not_tell(catalog):
    fix = "x is missing. Next step: pip install 'pytest-mlready[artifacts]'"
    few, missing = told(SECRETS, "inconclusive", "too few rows", id="a"), told(SECRETS, "unverified", fix, id="b")
    assert "[artifacts]" in str(steps(catalog, but(catalog, SECRETS, missing)))
    assert "[artifacts]" not in str(steps(catalog, but(catalog, SECRETS, few, missing)))


def test_an_item_that_two_parts_hold_back_needs_a_step_for_each(catalog):
    fix = "x is missing. Next step: pip install 'pytest-mlready[artifacts]'"
    few, missing = told(SECRETS, "inconclusive", "too few rows", id="a"), told(SECRETS, "inconclusive", fix, id="b")
    assert "[artifacts]" in str(steps(catalog, but(catalog, SECRETS, missing)))
    assert "[artifacts]" not in str(steps(catalog, but(catalog, SECRETS, few, missing)))


def test_a_teams_own_message_offers_no_command(catalog):
    item = "security.artifact_integrity"
    said = outcome(item, "inconclusive", message="x. Next step: pip install 'pytest-mlready[artifacts]'", builtin=False)
    assert "pip install" not in str(steps(catalog, but(catalog, item, said)))


def test_what_stands_before_the_last_next_step_is_quoted_from_outside_and_not_offered(catalog):
    item = "security.artifact_integrity"
    said = told(
        item, "inconclusive", "it answered: Next step: pip install 'pytest-mlready[evil]' Next step: look there"
    )
    assert "evil" not in str([s["lines"] for s in steps(catalog, but(catalog, item, said))])


@pytest.mark.parametrize("name", ["BY_MODEL", "BY_SERVICE", "BY_WINDOWS"])
def test_the_items_of_what_belongs_together_are_items_of_the_catalogue(catalog, name):
    assert set(getattr(step_bundles, name)) <= set(catalog.items)


def test_names_from_outside_cannot_leave_their_line(catalog):
    hostile = Seen(columns={Path("data/train.csv"): ('x"\n[gate]\nmin_score = 0', "label\x1b[31m")})
    found = Discovered(models=(Path('m".joblib'),), data=(Path("data/train.csv"),))
    lines = steps(catalog, discovered=found, seen=hostile)[0]["lines"]
    assert tomllib.loads("\n".join(lines))["tool"]["mlready"].keys() == {"model", "data", "metrics"}
    assert all("\x1b" not in line for line in lines)


def test_an_attested_item_is_not_offered_as_unverified(catalog):
    some = facts(attestations=(signed(CARD),))
    assert all(CARD not in s["items"] for s in steps(catalog, some))


def test_settings_are_validated_as_a_run_would(catalog, tmp_path):
    file = tmp_path / "pyproject.toml"
    text = "\n".join(line for s in steps(catalog, discovered=SKLEARN)[:2] for line in s["lines"])
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r'tool\.mlready\.data\.target: "…" is still to be filled in'):
        settings.load(file, items=catalog.items)
    file.write_text(text.replace("…", "mine"), encoding="utf-8")
    assert settings.load(file, items=catalog.items).settings.model.path == "m.joblib"
