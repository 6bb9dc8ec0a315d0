from __future__ import annotations

import json
import tracemalloc

import pytest

from pytest_mlready.documents import jsonlines
from pytest_mlready.errors import DataError


def written(tmp_path, content):
    path = tmp_path / "log.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def values(path):
    return [(r.line, r.value) for r in jsonlines.read(path, setting="log")]


def test_json_lines_keep_their_line_numbers(tmp_path):
    assert values(written(tmp_path, '{"a": 1}\n\n{"b": 2}\n')) == [(1, {"a": 1}), (3, {"b": 2})]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_is_its_elements_on_one_line_or_several(tmp_path, indent):
    found = values(written(tmp_path, json.dumps([{"a": 1}, {"b": 2}], indent=indent)))
    assert [value for _, value in found] == [{"a": 1}, {"b": 2}]


def test_one_document_over_several_lines_is_one_record(tmp_path):
    assert values(written(tmp_path, json.dumps({"a": [1, 2]}, indent=2))) == [(0, {"a": [1, 2]})]


def test_a_byte_order_mark_and_windows_line_ends_are_passed_over(tmp_path):
    assert values(written(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n{"b": 2}\r\n')) == [(1, {"a": 1}), (2, {"b": 2})]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"a": 1}\n{"b": \n', "line 2, is not valid JSON"),
        ('{"a": 1, "a": 2}\n', "the key 'a' stands twice"),
        ('{"a": 1}\n{"a": NaN}\n', "NaN is no JSON"),
        ("no json at all\n", "is not valid JSON"),
        ("[" * 200_000, "is not valid JSON"),
        (b"\xff\xfe{}\n", "is not valid JSON"),
    ],
)
def test_what_is_no_json_is_said_with_its_line(tmp_path, content, told):
    with pytest.raises(DataError, match=told):
        values(written(tmp_path, content))


def test_a_missing_file_names_the_nearest(tmp_path):
    written(tmp_path, "{}")
    with pytest.raises(DataError, match=r'did you mean "log.jsonl"'):
        values(tmp_path / "logs.jsonl")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="is no file"):
        values(tmp_path)


def test_files_lines_and_numbers_of_records_have_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonlines, "MAX_LINE", 100)
    with pytest.raises(DataError, match="more than 100 bytes"):
        values(written(tmp_path, json.dumps("x" * 200)))
    monkeypatch.setattr(jsonlines, "MAX_RECORDS", 3)
    with pytest.raises(DataError, match="more than 3 records"):
        values(written(tmp_path, "1\n2\n3\n4\n"))
    monkeypatch.setattr(jsonlines, "MAX_BYTES", 20)
    with pytest.raises(DataError, match="more than 20 bytes"):
        values(written(tmp_path, '"xxxxxxxxx"\n' * 3))


def test_a_long_log_is_never_held_as_a_whole(tmp_path):
    path = written(tmp_path, ('{"a": "' + "x" * 1000 + '"}\n') * 20_000)
    tracemalloc.start()
    assert sum(1 for _ in jsonlines.read(path, setting="log")) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
