from __future__ import annotations

import hashlib

from pytest_mlready.artifacts import digests


def test_a_files_digest_and_size_are_those_of_its_bytes(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000)
    assert digests.sha256(path) == digests.sha256_of(b"x" * 3_000_000) == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert digests.size(path) == 3_000_000


def test_a_folders_digest_follows_names_and_contents_alone(tmp_path):
    for folder, order in (("one", "ab"), ("two", "ba")):
        (tmp_path / folder / "sub").mkdir(parents=True)
        for name in order:
            (tmp_path / folder / "sub" / name).write_text(name)
    assert digests.sha256(tmp_path / "one") == digests.sha256(tmp_path / "two")
    assert digests.size(tmp_path / "one") == 2
    (tmp_path / "two" / "sub" / "a").rename(tmp_path / "two" / "a")
    assert digests.sha256(tmp_path / "one") != digests.sha256(tmp_path / "two")
