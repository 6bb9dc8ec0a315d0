from __future__ import annotations

import gzip
import io
import json
import zipfile

import numpy as np
import pytest

from pytest_mlready.quality.training import artifact_difference


def archive(path, members, date=(1980, 1, 1, 0, 0, 0)):
    with zipfile.ZipFile(path, "w") as target:
        for name, content in members.items():
            target.writestr(zipfile.ZipInfo(name, date), content)
    return path


def array(values):
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


@pytest.fixture
def both(tmp_path):
    def write(a, b):
        paths = tmp_path / "a.bin", tmp_path / "b.bin"
        for path, content in zip(paths, (a, b), strict=True):
            path.write_bytes(content)
        return paths

    return write


def test_equal_files_have_no_difference(both):
    a, b = both(b"weights", b"weights")
    assert artifact_difference.equal(a, b)
    assert artifact_difference.differences(a, b) == []


@pytest.mark.parametrize(("a", "b", "at"), [(b"abcd", b"abXd", 2), (b"ab", b"abcd", 2), (b"", b"x", 0)])
def test_bytes_differ_from_a_place(both, a, b, at):
    assert artifact_difference.differences(*both(a, b)) == [f"they differ from byte {at} ({len(a)} and {len(b)} bytes)"]


def test_files_beyond_what_is_read_differ_from_a_place_too(both, monkeypatch):
    monkeypatch.setattr(artifact_difference, "READ", 10)
    (said,) = artifact_difference.differences(*both(b"x" * 50 + b"a", b"x" * 50 + b"b"))
    assert said == "they differ from byte 50 (51 and 51 bytes)"


def test_members_and_their_times_are_named(tmp_path):
    a = archive(tmp_path / "a", {"schema.json": "1", "old.npy": "1"})
    b = archive(tmp_path / "b", {"schema.json": "1", "new.npy": "1"}, date=(2026, 1, 1, 0, 0, 0))
    said = artifact_difference.differences(a, b)
    assert said == [
        "1 member only in the first (old.npy)",
        "1 member only in the second (new.npy)",
        "the times of writing differ in 1 of 1 members (schema.json)",
    ]


def test_members_in_another_order_are_told(tmp_path):
    a, b = archive(tmp_path / "a", {"x": "1", "y": "2"}), archive(tmp_path / "b", {"y": "2", "x": "1"})
    assert artifact_difference.differences(a, b) == ["the members stand in another order"]


def test_fields_of_a_member_and_numbers_of_an_array_are_told(tmp_path):
    first = {"schema.json": json.dumps({"content": {"__id__": 17}}), "0.npy": array(np.array([1.0, 2.0]))}
    second = {"schema.json": json.dumps({"content": {"__id__": 18}}), "0.npy": array(np.array([1.0, 2.5]))}
    said = artifact_difference.differences(archive(tmp_path / "a", first), archive(tmp_path / "b", second))
    assert said == ["schema.json: $.content.__id__: 17 and 18", "0.npy: 1 of 2 values differ, by up to 0.5"]


def test_a_damaged_archive_is_told_and_ends_nothing(tmp_path):
    a, b = archive(tmp_path / "a", {"x": "1" * 99}), archive(tmp_path / "b", {"x": "2" * 99})
    b.write_bytes(b.read_bytes().replace(b"2" * 99, b"3" * 99))
    (said,) = artifact_difference.differences(a, b)
    assert said.startswith("the archives cannot be compared by member")


def test_a_gzip_header_alone_is_told_from_its_content(both):
    a, b, c = (gzip.compress(text, mtime=time) for text, time in ((b"same", 1), (b"same", 2), (b"sane", 2)))
    assert "headers differ" in artifact_difference.differences(*both(a, b))[0]
    assert artifact_difference.differences(*both(a, c)) == ["what is compressed differs from byte 2"]


def test_folders_are_compared_file_by_file(tmp_path):
    for name, text in (("a", "1"), ("b", "2")):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "w.txt").write_text(text)
    (tmp_path / "b" / "more.txt").write_text("")
    a, b = tmp_path / "a", tmp_path / "b"
    assert not artifact_difference.equal(a, b)
    assert artifact_difference.differences(a, b) == [
        "1 file only in the second (more.txt)",
        "deep/w.txt: they differ from byte 0 (1 and 1 bytes)",
    ]
    assert artifact_difference.differences(a, b / "more.txt") == ["one is a folder, the other a file"]


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (np.zeros(2), np.zeros(3), "float64 of shape (2,) and float64 of shape (3,)"),
        (np.array([np.nan, 1]), np.array([np.nan, 2]), "1 of 2 values differ, by up to 1"),
        (np.array(["a"]), np.array(["b"]), "1 of 1 values differ"),
        (np.array([(1, 2.0)], "i4,f8"), np.array([(1, 2.5)], "i4,f8"), "f1: 1 of 1 values differ, by up to 0.5"),
        (np.array([np.inf]), np.array([-np.inf]), "1 of 1 values differ, by up to inf"),
    ],
)
def test_arrays_differ_in_shape_values_or_fields(a, b, said):
    assert artifact_difference.arrays(a, b) == [said]
