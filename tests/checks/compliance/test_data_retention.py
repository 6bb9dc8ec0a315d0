from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace

import polars as pl
import pytest
from governed import Request, project, run

from pytest_mlready.checks.compliance import data_retention as check
from pytest_mlready.documents.retention import subjects
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable, ReadinessError, Unverified

RULE = check.test_every_data_set_has_a_rule
AGE = check.test_no_record_is_older_than_its_rule
DRILL = check.test_deleted_subjects_are_nowhere
N = 50
SALT = "pepper"


def people(**columns):
    days = [dt.date(2026, 11, 1)] * N
    return pl.DataFrame({"id": [f"p{i}" for i in range(N)], "at": days, "x": range(N), **columns})


def inventory(**changed):
    fields = {"id": {"personal": True}, "x": {"personal": False}}
    return {
        "version": 1,
        "datasets": {"customers": {"covers": ["train"], "retention": "2 years", "fields": fields, **changed}},
    }


def listed(*deleted, present=("p1",), **more):
    def hashes(ids):
        return [subjects.digest([one], SALT.encode()) for one in ids]

    return {"version": 1, "key": ["id"], "salt": SALT, "deleted": hashes(deleted), "present": hashes(present), **more}


def ask(root, test, frame=None, *, entries=None, deleted=None, data=None, **options):
    table = {"train": "train.parquet", "time": "at", **(data or {})}
    if entries is not False:
        (root / "inventory.json").write_text(json.dumps(entries or inventory()))
        table["inventory"] = "inventory.json"
    if deleted is not None:
        (root / "deleted.json").write_text(json.dumps(deleted))
        options["deleted"] = "deleted.json"
    given = project(root, check.ITEM, {"data": {k: v for k, v in table.items() if v}}, **options)
    frames = SimpleNamespace(frame=people() if frame is None else frame)
    request = Request(mlready_train=frames, mlready_heldout=frames)
    return run(test, given) if test is RULE else run(test, given, request)


def test_rules_ages_and_drill_pass_on_healthy_data(tmp_path):
    assert ask(tmp_path, RULE)["train: retention"]["value"] == 730.5
    assert ask(tmp_path, AGE)["train: age of the oldest record"]["value"] == 23
    assert ask(tmp_path, DRILL, deleted=listed("gone"))["train: deleted subjects"]["value"] == 0


def test_a_retention_rule_with_older_rows_turns_it_red(tmp_path):
    days = [dt.date(2026, 11, 1)] * (N - 1) + [dt.date(2024, 1, 1)]
    with pytest.raises(Failed, match="train holds records of 2024-01-01"):
        ask(tmp_path, AGE, people(at=days))


def test_the_shortest_period_of_the_personal_fields_counts(tmp_path):
    fields = {"id": {"personal": True, "retention": "10 days"}, "x": {"personal": False}}
    with pytest.raises(Failed, match="23 days old; the rule is 10"):
        ask(tmp_path, AGE, entries=inventory(fields=fields))


def test_a_personal_field_without_a_period_turns_it_red(tmp_path):
    fields = {"id": {"personal": True}}
    with pytest.raises(Failed, match="customers has no retention for id"):
        ask(tmp_path, RULE, entries={"version": 1, "datasets": {"customers": {"covers": ["train"], "fields": fields}}})


def test_a_data_set_that_the_inventory_does_not_cover_turns_it_red(tmp_path):
    with pytest.raises(Failed, match="no data set of the inventory covers heldout"):
        ask(tmp_path, RULE, data={"heldout": "heldout.parquet"})


def test_a_deleted_subject_in_the_training_data_turns_it_red(tmp_path):
    with pytest.raises(Failed, match="train still holds 1 of 2 deleted subjects"):
        ask(tmp_path, DRILL, deleted=listed("gone", "p7"))


@pytest.mark.parametrize("name", ["features.parquet", "features.csv"])
def test_a_deleted_subject_in_a_feature_store_turns_it_red(tmp_path, name):
    store = pl.DataFrame({"id": ["gone", "p1"], "f": [1.0, 2.0]})
    store.write_parquet(tmp_path / name) if name.endswith("parquet") else store.write_csv(tmp_path / name)
    with pytest.raises(Failed, match="features still holds 1 of 1 deleted subjects"):
        ask(tmp_path, DRILL, deleted=listed("gone"), stores={"features": name})


def test_a_deleted_subject_in_a_log_turns_it_red(tmp_path):
    (tmp_path / "requests.jsonl").write_text('{"caller": "gone", "status": 200}\n')
    with pytest.raises(Failed, match="logs still holds 1"):
        ask(tmp_path, DRILL, deleted=listed("gone"), stores={"logs": ["requests.jsonl"]})


def test_no_id_column_is_said_and_is_inconclusive(tmp_path):
    with pytest.raises(Inconclusive, match="has no column id: nothing in it says who a record is about"):
        ask(tmp_path, DRILL, people().drop("id"), deleted=listed("gone"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (listed(), "names no deleted subject"),
        (listed("gone", present=()), "names nobody who is still there"),
        (listed("gone", present=("nobody",)), "were found nowhere"),
    ],
)
def test_a_drill_that_could_not_find_anybody_is_inconclusive(tmp_path, content, told):
    with pytest.raises(Inconclusive, match=told):
        ask(tmp_path, DRILL, deleted=content)


def test_an_inventory_without_a_drill_is_inconclusive(tmp_path):
    with pytest.raises(Inconclusive, match="no deletion drill"):
        ask(tmp_path, DRILL)


def test_logs_that_the_inventory_knows_of_must_be_searched(tmp_path):
    with pytest.raises(Inconclusive, match="the inventory covers logs, and `stores` names none"):
        ask(tmp_path, DRILL, entries=inventory(covers=["train", "logs"]), deleted=listed("gone"))


def test_no_column_with_times_is_inconclusive_until_the_settings_state_the_day(tmp_path):
    frame = people().drop("at")
    with pytest.raises(Inconclusive, match="no column tells when a record was collected"):
        ask(tmp_path, AGE, frame)
    noted = ask(tmp_path, AGE, frame, since={"train": "2026-11-01"})
    assert noted["train: days since the period began"]["note"] == "stated in the settings, not read"
    with pytest.raises(Failed, match="Next step: delete it"):
        ask(tmp_path, AGE, frame, since={"train": dt.date(2020, 1, 1)})
    with pytest.raises(DataError, match="Expected: a day"):
        ask(tmp_path, AGE, frame, since={"train": "last year"})


def test_a_column_may_be_named_for_one_data_set(tmp_path):
    frame = people().rename({"at": "seen"})
    assert ask(tmp_path, AGE, frame, time={"train": "seen"})["train: age of the oldest record"]["value"] == 23
    with pytest.raises(DataError, match='did you mean "seen"'):
        ask(tmp_path, AGE, frame, time={"train": "seeen"})


@pytest.mark.parametrize("test", [RULE, AGE, DRILL])
def test_data_that_are_about_no_person_need_nothing(tmp_path, test):
    entries = {"version": 1, "datasets": {"sensors": {"covers": ["train"], "fields": {"x": {"personal": False}}}}}
    with pytest.raises(NotApplicable):
        ask(tmp_path, test, entries=entries)


@pytest.mark.parametrize("test", [RULE, AGE, DRILL])
def test_without_an_inventory_it_is_unverified_with_the_line_to_paste(tmp_path, test):
    with pytest.raises(Unverified, match="inventory ="):
        ask(tmp_path, test, entries=False)


def test_a_drill_without_an_inventory_leaves_the_rules_inconclusive(tmp_path):
    for test in (RULE, AGE):
        with pytest.raises(Inconclusive, match="no data inventory says how long"):
            ask(tmp_path, test, entries=False, deleted=listed("gone"))
    assert ask(tmp_path, DRILL, entries=False, deleted=listed("gone"))["train: deleted subjects"]["value"] == 0


def test_a_drill_without_anything_to_search_is_inconclusive(tmp_path):
    with pytest.raises(Inconclusive, match="could be looked for"):
        ask(tmp_path, DRILL, deleted=listed("gone"), data={"train": None})


def test_a_store_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ReadinessError, match="the store features"):
        ask(tmp_path, DRILL, deleted=listed("gone"), stores={"features": "features.parquet"})
