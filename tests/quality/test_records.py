from __future__ import annotations

import gzip
import json

import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.quality import records


def test_json_lines_become_fields_and_other_lines_text(tmp_path):
    lines = [
        '{"user": {"email": "a@acme.io"}, "tags": ["x", "y"], "n": 1}',
        "127.0.0.1 - GET /predict",
        "",
        '{"broken": ',
    ]
    (tmp_path / "app.log").write_text("\n".join(lines))
    read = records.read([tmp_path / "app.log"], seed=1, sample=100)
    assert (read.rows, read.total, read.whole) == (3, 3, True)
    assert read.fields == {
        "user.email": ["a@acme.io"], "tags[]": ["x", "y"], "n": [1],
        "line": ["127.0.0.1 - GET /predict", '{"broken":'],
    }  # fmt: skip


def test_a_list_in_one_json_file_and_compressed_lines_are_read(tmp_path):
    (tmp_path / "prompts.json").write_text(json.dumps([{"prompt": "hello"}, "plain"]))
    (tmp_path / "more.jsonl.gz").write_bytes(gzip.compress(b'{"prompt": "again"}\n'))
    read = records.read([tmp_path / "prompts.json", tmp_path / "more.jsonl.gz"], seed=1, sample=100)
    assert read.fields == {"prompt": ["hello", "again"], "line": ["plain"]}


def test_keys_that_are_ids_are_one_field(tmp_path):
    rows = [{"users": {str(i): {"email": f"{i}@acme.io"}}} for i in range(50)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert list(records.read([tmp_path / "a.jsonl"], seed=1, sample=100).fields) == ["users.*.email"]


def test_a_sample_is_seeded_and_reaches_every_part_of_the_file(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"i": i}) for i in range(5000)))
    one, two = (records.read([tmp_path / "a.jsonl"], seed=3, sample=500) for _ in range(2))
    assert one.fields == two.fields
    assert (one.rows, one.total) == (500, 5000)
    assert 100 < sum(i < 2500 for i in one.fields["i"]) < 400


def test_limits_hold_for_size_depth_and_number_of_fields(tmp_path, monkeypatch):
    deep = "[" * 5000 + "]" * 5000
    wide = json.dumps({f"field {chr(97 + i % 26)}{i}": i for i in range(100)})
    (tmp_path / "a.jsonl").write_text(f'{{"a": {deep}}}\n{wide}\n')
    monkeypatch.setattr(records, "MOST_FIELDS", 10)
    read = records.read([tmp_path / "a.jsonl"], seed=1, sample=10)
    assert len(read.fields) <= 11
    monkeypatch.setattr(records, "MOST_BYTES", 50)
    assert not records.read([tmp_path / "a.jsonl"], seed=1, sample=10).whole


@pytest.mark.parametrize("name", ["gone.jsonl", "cut.jsonl.gz", "text.gz"])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, name):
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n' * 1000)[:30])
    (tmp_path / "text.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        records.read([tmp_path / name], seed=1, sample=10)


@pytest.mark.parametrize(
    "data", ["jane.doe@acme.io\n".encode("utf-16"), b"PAR1\x15\x04\x00\x15jane\n", b"BZh91AY\x00\x01\n"]
)
def test_what_is_no_text_is_an_error_and_not_read_as_lines(tmp_path, data):
    (tmp_path / "a.log").write_bytes(data)
    with pytest.raises(DataError, match="is no text in UTF-8"):
        records.read([tmp_path / "a.log"], seed=1, sample=10)


def test_a_log_that_was_cut_while_it_was_written_is_read(tmp_path):
    (tmp_path / "a.log").write_bytes(b"\0" * 500 + b"GET /predict\n")
    assert records.read([tmp_path / "a.log"], seed=1, sample=10).fields == {"line": ["GET /predict"]}


def test_damaged_compressed_lines_are_an_error(tmp_path):
    data = bytearray(gzip.compress("".join(f"line {i}\n" for i in range(5000)).encode()))
    data[60:90] = bytes(range(100, 130))
    (tmp_path / "a.gz").write_bytes(data)
    with pytest.raises(DataError, match="cannot be read"):
        records.read([tmp_path / "a.gz"], seed=1, sample=10)


def test_a_list_is_read_whatever_stands_before_it_and_however_it_is_packed(tmp_path, monkeypatch):
    text = "\n " + json.dumps([{"email": "x"}] * 3, indent=1)
    (tmp_path / "a.json").write_text(text)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(text.encode()))
    read = records.read([tmp_path / "a.json", tmp_path / "b.json.gz"], seed=1, sample=10)
    assert read.fields == {"email": ["x"] * 6}
    monkeypatch.setattr(records, "MOST_BYTES", 20)
    assert not records.read([tmp_path / "a.json"], seed=1, sample=10).whole
