from __future__ import annotations

import hashlib
import subprocess

import pytest

from pytest_mlready.artifacts import committed

OID = "c3" * 32


@pytest.fixture
def repository(tmp_path):
    """A repository whose folder "project" holds a model and a pointer of Git LFS; (folder, commit)."""

    def git(*words):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"\x00model\n")
    (folder / "large.bin").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 9\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    commit = git("rev-parse", "HEAD")
    (folder / "model.bin").write_bytes(b"changed since")
    return folder, commit


def test_the_digest_is_that_of_the_bytes_at_the_commit(repository):
    folder, commit = repository
    expected = hashlib.sha256(b"\x00model\n").hexdigest()
    assert committed.digest(folder, "model.bin", commit) == expected
    assert committed.digest(folder, "model.bin", commit[:10]) == expected


def test_a_pointer_of_git_lfs_stands_for_the_file(repository):
    folder, commit = repository
    assert committed.digest(folder, "large.bin", commit) == OID


@pytest.mark.parametrize(
    ("path", "commit"), [("other.bin", None), ("", None), ("model.bin", "f" * 40), ("model.bin", "--help")]
)
def test_what_git_does_not_know_has_no_digest(repository, path, commit):
    folder, known = repository
    assert committed.digest(folder, path, commit or known) is None


def test_outside_a_repository_there_is_no_digest(tmp_path):
    assert committed.digest(tmp_path, "model.bin", "f" * 40) is None


def test_a_file_that_is_too_large_has_no_digest(repository, monkeypatch):
    folder, commit = repository
    monkeypatch.setattr(committed, "LARGEST", 3)
    assert committed.digest(folder, "model.bin", commit) is None
