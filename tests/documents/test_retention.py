from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import hmac
import json
from pathlib import Path

import polars as pl
import pytest

from pytest_mlready.documents import inventory
from pytest_mlready.documents.retention import ages, rules, search, subjects
from pytest_mlready.errors import DataError, Inconclusive

EXAMPLE = Path(__file__).parents[2] / "example_project"
TODAY = dt.date(2026, 11, 24)
OLD, NEW = dt.date(2023, 1, 1), dt.date(2026, 11, 1)
SALT = b"pepper"


def column(values, dtype=None):
    return ages.of_column(pl.DataFrame({"at": pl.Series(values, dtype=dtype)}), "at", source="train")


SECONDS = [dt.datetime(d.year, d.month, d.day, 12, tzinfo=dt.UTC).timestamp() for d in (OLD, NEW)]


@pytest.mark.parametrize(
    "values",
    [
        [OLD, NEW],
        pl.Series([OLD, NEW]).cast(pl.Datetime("us")),
        pl.Series([OLD, NEW]).cast(pl.Datetime("ms")).dt.replace_time_zone("Europe/Berlin"),
        ["2023-01-01T10:00:00Z", "2026-11-01 11:00"],
        ["2023/01/01", " 2026-11-01"],
        [20230101, 20261101],
        [int(s) for s in SECONDS],
        [s * 1e3 for s in SECONDS],
        [int(s * 1e6) for s in SECONDS],
        [int(s) * 10**9 for s in SECONDS],
    ],
)
def test_times_are_read_in_every_form_that_people_write(values):
    found = column(values)
    assert (found.oldest, found.newest, found.untimed) == (OLD, NEW, 0)


def test_a_year_alone_ends_on_its_last_day():
    assert column([1994, 1996]).oldest == dt.date(1994, 12, 31)


def test_categories_are_read_as_their_text():
    assert column(["2023-01-01", "2026-11-01"], pl.Categorical).oldest == OLD


@pytest.mark.parametrize("values", [["soon", "2026-11-01"], [None, NEW], [float("nan"), SECONDS[1]], [-5, 20261101]])
def test_what_is_no_time_is_counted(values):
    found = column(values)
    assert (found.oldest, found.untimed) == (NEW, 1)


@pytest.mark.parametrize("values", [[True], [[1]], [dt.timedelta(1)]])
def test_a_column_of_another_kind_is_an_error(values):
    with pytest.raises(DataError, match="Expected: dates"):
        column(values)


def test_a_missing_column_names_the_nearest():
    with pytest.raises(DataError, match='did you mean "at"'):
        ages.of_column(pl.DataFrame({"at": [1]}), "att", source="train")


def aged(values, days=730):
    return rules.judge_age("train", column(values), days, today=TODAY)


def test_a_record_within_its_period_passes():
    assert aged([NEW, TODAY]).outcome == "passed"


def test_one_record_that_is_too_old_turns_it_red():
    verdict = aged([NEW] * 1000 + [OLD])
    assert verdict.outcome == "failed"
    assert "records of 2023-01-01, 1,423 days old; the rule is 730" in verdict.message


def test_the_last_day_of_a_period_is_within_it():
    assert aged([TODAY - dt.timedelta(730)]).outcome == "passed"
    assert aged([TODAY - dt.timedelta(731)]).outcome == "failed"


@pytest.mark.parametrize("values", [[NEW, None], ["never"], [dt.date(2031, 1, 1)]])
def test_records_without_a_time_or_of_the_future_are_inconclusive(values):
    assert aged(values).outcome == "inconclusive"


def test_an_empty_table_is_inconclusive():
    assert rules.judge_age("train", column([], pl.Date), 730, today=TODAY).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("since", "outcome"), [(NEW, "passed"), (OLD, "failed"), (dt.date(2027, 1, 1), "inconclusive")]
)
def test_a_stated_beginning_is_held_against_the_rule(since, outcome):
    assert rules.judge_since("train", since, 730, today=TODAY).outcome == outcome


def known(tmp_path, **dataset):
    fields = {"email": {"personal": True}, "x1": {"personal": False, "why": "a sensor"}}
    table = {"covers": ["train", "logs"], "retention": "2 years", "fields": fields, **dataset}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps({"version": 1, "datasets": {"customers": {k: v for k, v in table.items() if v}}}))
    return inventory.read(path)


def test_a_rule_for_every_data_set_passes_and_the_shortest_period_counts(tmp_path):
    fields = {"email": {"personal": True, "retention": "90 days"}, "age": {"personal": True}}
    found = known(tmp_path, fields=fields)
    assert rules.judge_rules(found, ["train", "logs"]).outcome == "passed"
    assert rules.period(found, "train") == 90


def test_a_personal_field_without_a_period_turns_it_red(tmp_path):
    verdict = rules.judge_rules(known(tmp_path, retention=None), ["train"])
    assert verdict.outcome == "failed"
    assert "customers has no retention for email" in verdict.message


def test_a_data_set_that_the_inventory_does_not_cover_turns_it_red(tmp_path):
    verdict = rules.judge_rules(known(tmp_path), ["train", "current"])
    assert "no data set of the inventory covers current" in verdict.message


def test_data_without_personal_fields_need_no_period(tmp_path):
    found = known(tmp_path, retention=None, fields={"x1": {"personal": False}})
    assert rules.judge_rules(found, ["train"]).outcome == "passed"
    assert rules.period(found, "train") is None


def hashed(*values):
    return subjects.digest(values, SALT)


def wanted(*, key=("id",), deleted=("p7",), present=("p1",)):
    return subjects.Subjects(
        path="deleted.json",
        key=key,
        salt=SALT,
        deleted=frozenset(hashed(one) for one in deleted),
        present=frozenset(hashed(one) for one in present),
    )


PEOPLE = pl.DataFrame({"id": [f"p{i}" for i in range(1, 7)], "x": range(6)})


def outcomes(searched, listed):
    return [verdict.outcome for verdict in search.judge(searched, listed)]


def test_deleted_subjects_that_are_nowhere_pass_when_the_controls_are_found():
    assert outcomes([search.table("train", PEOPLE, wanted())], wanted()) == ["passed"]


def test_a_deleted_subject_that_is_still_there_turns_it_red_and_only_a_hash_is_shown():
    listed = wanted(deleted=("p3", "p7"))
    (verdict,) = search.judge([search.table("train", PEOPLE, listed)], listed)
    assert verdict.outcome == "failed"
    assert f"train still holds 1 of 2 deleted subjects (hashes {hashed('p3')[:12]}…)" in verdict.message
    assert "p3" not in verdict.message.replace(hashed("p3")[:12], "")


def test_hashes_of_another_salt_do_not_pass_for_deletion():
    other = subjects.Subjects(
        path="deleted.json", key=("id",), salt=b"another", deleted=frozenset([hashed("p3")]), present=frozenset([hashed("p1")])
    )  # fmt: skip
    assert outcomes([search.table("train", PEOPLE, other)], other) == ["passed", "inconclusive"]


@pytest.mark.parametrize("listed", [wanted(deleted=()), wanted(present=())])
def test_a_drill_without_deleted_or_present_subjects_is_inconclusive(listed):
    assert "inconclusive" in outcomes([search.table("train", PEOPLE, listed)], listed)


def test_a_store_without_the_keys_column_says_so():
    searched = [search.table("train", PEOPLE, wanted()), search.table("features", PEOPLE.drop("id"), wanted())]
    verdicts = search.judge(searched, wanted())
    assert verdicts[1].outcome == "inconclusive"
    assert "features has no column id" in verdicts[1].message


def test_an_empty_store_is_inconclusive():
    searched = [search.table("train", PEOPLE, wanted()), search.table("features", PEOPLE.clear(), wanted())]
    assert outcomes(searched, wanted()) == ["passed", "inconclusive"]


@pytest.mark.parametrize("ids", [[7, 1], [7.0, 1.0], ["7", " 1 "], pl.Series([7, 1, None])])
def test_an_id_is_the_same_as_number_and_as_text(ids):
    listed = wanted(deleted=("7",), present=("1",))
    found = search.table("train", pl.DataFrame({"id": ids}), listed)
    assert (len(found.deleted), len(found.present)) == (1, 1)


def test_a_key_may_have_several_columns_or_all():
    frame = pl.DataFrame({"name": ["Ada", "Grace"], "born": [1815, 1906]})
    gone = frozenset([subjects.digest(["Ada", 1815], SALT)])
    for key in (("name", "born"), ("*",)):
        listed = subjects.Subjects(path="d", key=key, salt=SALT, deleted=gone, present=frozenset())
        assert search.table("train", frame, listed).deleted == gone


def test_the_hash_is_hmac_as_rfc_2104_has_it():
    assert hashed("p1") == hmac.new(SALT, b"p1", hashlib.sha256).hexdigest()
    assert subjects.digest(["a", 1], SALT) == hmac.new(SALT, b'["a","1"]', hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.log", "2026-11-24 10:00 INFO predicted for p7 in 3 ms\n"),
        ("a.log", 'user="p7", status=200\n'),
        ("a.log", "GET /people?id=p7 200\n"),
        ("a.jsonl", '{"user": {"ids": ["p\\u0037"]}}\n'),
        ("a.jsonl", '{"message": "deleted p7 \\u2192 done"}\n'),
        ("a.log.gz", "p7\n"),
    ],
)
def test_a_deleted_subject_in_a_log_is_found_wherever_it_stands(tmp_path, name, text):
    path = tmp_path / name
    data = f"p1 was here\n{text}".encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    found = search.logs("logs", [path], wanted())
    assert (len(found.deleted), len(found.present)) == (1, 1)


def test_numbers_in_json_logs_are_found_as_ids(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 7}\n{"id": 1.0}\n')
    found = search.logs("logs", [tmp_path / "a.jsonl"], wanted(deleted=("7",), present=("1",)))
    assert (len(found.deleted), len(found.present)) == (1, 1)


def test_a_log_cannot_be_searched_for_a_key_of_several_columns(tmp_path):
    found = search.logs("logs", [], wanted(key=("a", "b")))
    assert "cannot be looked for" in found.gap


def test_a_log_that_is_too_large_says_that_it_was_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "MOST_BYTES", 50)
    (tmp_path / "a.log").write_text("p1 was here and there\n" * 10)
    found = search.logs("logs", [tmp_path / "a.log"], wanted())
    assert outcomes([found], wanted()) == ["inconclusive"]


@pytest.mark.parametrize("data", [b"{" * 100_000, b"[" * 5000 + b"]" * 5000, b"\xff\xfe\x00p1", b"\x1f\x8bnot gzip"])
def test_hostile_logs_are_read_within_limits(tmp_path, data):
    (tmp_path / "a.log").write_bytes(data)
    assert search.logs("logs", [tmp_path / "a.log"], wanted()).deleted == frozenset()


def test_a_cut_off_archive_is_an_error(tmp_path):
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(b"p1\n" * 1000)[:30])
    with pytest.raises(DataError, match="cannot be read"):
        search.logs("logs", [tmp_path / "a.log.gz"], wanted())


LISTED = {"version": 1, "key": ["id"], "salt": "pepper", "deleted": ["a1" * 32], "present": ["B2" * 32]}


def read(tmp_path, content, environ=None):
    (tmp_path / "deleted.json").write_text(json.dumps(content))
    return subjects.read(tmp_path / "deleted.json", environ or {})


def test_a_list_is_read_and_its_salt_is_never_shown(tmp_path):
    found = read(tmp_path, LISTED)
    assert found.present == frozenset(["b2" * 32])
    assert "pepper" not in repr(found)


def test_a_salt_may_stand_in_the_environment(tmp_path):
    content = {**{k: v for k, v in LISTED.items() if k != "salt"}, "salt_env": "PEPPER"}
    assert read(tmp_path, content, {"PEPPER": "x"}).salt == b"x"
    with pytest.raises(Inconclusive, match="set PEPPER"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ({"version": 2}, "version is 2"), ({"key": []}, "key is missing"), ({"key": [3]}, "key is missing"),
        ({"salt": ""}, "expected salt or salt_env"), ({"salt_env": "X"}, "expected salt or salt_env"),
        ({"deleted": ["ada@acme.io"]}, "holds 1 entries that are no hash"), ({"present": "x"}, "present is no list"),
        ({"delted": []}, 'did you mean "deleted"'),
    ],
)  # fmt: skip
def test_a_list_with_mistakes_is_an_error_that_shows_no_entry(tmp_path, fault, what):
    with pytest.raises(DataError) as caught:
        read(tmp_path, {**LISTED, **fault})
    assert what in str(caught.value)
    assert "ada@acme.io" not in str(caught.value)


def test_the_example_has_nobody_who_was_deleted_and_a_drill_that_can_find():
    listed = subjects.read(EXAMPLE / "governance" / "deleted-subjects.json", {})
    frames = {name: pl.read_parquet(EXAMPLE / "data" / f"{name}.parquet") for name in ("train", "heldout")}
    searched = [search.table(name, frame, listed) for name, frame in frames.items()]
    assert outcomes(searched, listed) == ["passed", "passed"]
    assert all(len(one.present) == 1 for one in searched)


def listed(key):
    one = frozenset([subjects.digest([key], b"salt")])
    return subjects.Subjects(path="d", key=("id",), deleted=one, present=frozenset(), salt=b"salt")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("12345", "GET /v1/users/12345 HTTP/1.1"),
        ("12345", "GET /orders?user=12345&page=2"),
        ("12345", "deleted user 12345."),
        ("user:12", "sub=user:12 logged in"),
        ("ada@example.com", "GET /mail?to=ada%40example.com&x=1"),
    ],
)
def test_a_subject_is_found_in_logs_as_services_write_them(tmp_path, key, line):
    (tmp_path / "a.log").write_text(f"{line}\n")
    assert search.logs("logs", [tmp_path / "a.log"], listed(key)).deleted


def test_a_line_that_was_cut_leaves_a_gap(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "LONGEST_LINE", 8)
    (tmp_path / "a.log").write_text("aaa bb 12345 cc\n")
    assert search.logs("logs", [tmp_path / "a.log"], listed("12345")).gap


def test_a_damaged_archive_is_an_error_and_no_crash(tmp_path):
    packed = gzip.compress(b"hello world" * 1000)
    (tmp_path / "a.log.gz").write_bytes(packed[:20] + b"\xff\xff\xff\x00" * 30)
    with pytest.raises(DataError, match="cannot be read"):
        search.logs("logs", [tmp_path / "a.log.gz"], listed("1"))
