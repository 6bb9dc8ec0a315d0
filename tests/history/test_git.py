from __future__ import annotations

import datetime as dt
import os
import subprocess

import pytest
from git_history import Repo

from pytest_mlready.errors import Inconclusive
from pytest_mlready.history import changes, git


@pytest.fixture
def repo(tmp_path):
    repo = Repo(tmp_path / "project")
    repo.commit("begin", files={"a.py": "a\n", "dir/b.py": "b\n"}, date="2026-10-01T12:00:00+00:00")
    return repo


@pytest.fixture
def fake_git(tmp_path, monkeypatch):
    """Puts another program in git's place."""

    def place(script):
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    return place


def test_a_git_that_hangs_is_inconclusive_within_its_limit(repo, fake_git, monkeypatch):
    fake_git("exec sleep 60")
    monkeypatch.setattr(git, "TIME_LIMIT", 0.3)
    with pytest.raises(Inconclusive, match="no answer within"):
        git.repository(repo.folder)


def test_a_machine_without_git_is_inconclusive(repo, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Inconclusive, match="git cannot be run"):
        git.repository(repo.folder)


def test_an_answer_without_end_is_inconclusive(repo, monkeypatch):
    monkeypatch.setattr(git, "MOST_BYTES", 10)
    with pytest.raises(Inconclusive, match="more than 10 bytes"):
        git.repository(repo.folder)


def test_a_repository_without_a_commit_is_inconclusive(tmp_path):
    Repo(tmp_path / "empty")
    with pytest.raises(Inconclusive, match="no history"):
        git.repository(tmp_path / "empty")


def test_a_partial_clone_fetches_nothing(repo, tmp_path):
    repo.git("config", "uploadpack.allowFilter", "true")
    target = tmp_path / "partial"
    words = ["git", "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo.folder}", str(target)]
    subprocess.run(words, check=True, timeout=30)
    found = git.repository(target)
    commit = found.commit("HEAD")
    with pytest.raises(Inconclusive, match=r"content of a\.py at commit \w+ is not here"):
        found.blob(commit, "a.py")
    assert found.blob(commit, "no_such_file.py") is None
    assert len(list((target / ".git" / "objects" / "pack").glob("*.pack"))) == 1


def test_files_are_compared_by_their_content_and_not_by_how_lines_end(repo):
    found = git.repository(repo.folder)
    paths = [repo.folder / "a.py", repo.folder / "dir" / "b.py"]
    assert found.changed_since("HEAD", paths) == []
    paths[0].write_bytes(b"a\r\n")
    assert found.changed_since("HEAD", paths) == []
    paths[1].write_text("changed\n")
    new = repo.folder / "new.py"
    new.write_text("n\n")
    assert found.changed_since("HEAD", [*paths, new]) == ["dir/b.py", "new.py"]


def test_when_files_changed_last_is_told_by_commits(repo):
    repo.commit("words", files={"README.md": "words"}, date="2026-11-01T12:00:00+00:00")
    found = git.repository(repo.folder / "dir")
    assert found.changed_last([repo.folder / "a.py"]) == dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
    assert found.changed_last([repo.folder / "nothing.py"]) is None


@pytest.mark.parametrize("name", ["--output=stolen", "no such thing", "HEAD..HEAD", ""])
def test_a_name_that_stands_for_no_commit_is_none_and_never_an_option(repo, name):
    assert git.repository(repo.folder).commit(name) is None
    assert not (repo.folder / "stolen").exists()


def test_replaced_history_is_not_believed(repo):
    first = repo.git("rev-parse", "HEAD")
    second = repo.commit("unreviewed", files={"a.py": "x\n"})
    other = repo.commit("m\n\nReviewed-by: Grace <g@x.io>", files={"a.py": "x\n"})
    repo.git("replace", second, other)
    found = changes.read(git.repository(repo.folder), second)
    assert found.subject == "unreviewed"
    assert found.parents == (first,)


def test_a_change_is_what_one_merge_brought(repo):
    repo.branch("one")
    first = repo.commit("first")
    repo.merge("one", "merge one")
    repo.branch("two")
    second, third = repo.commit("second"), repo.commit("third")
    merge = repo.merge("two", "merge two")
    direct = repo.commit("direct")
    found = git.repository(repo.folder)

    def brought(commit):
        change = changes.change(found, commit, "refs/heads/main")
        return [one.id for one in change.commits], change.merge and change.merge.subject

    assert brought(first) == ([first], "merge one")
    assert brought(third) == ([third, second], "merge two")
    assert brought(second) == ([second], "merge two")
    assert brought(merge) == ([third, second], "merge two")
    assert brought(direct) == ([direct], None)


def test_the_protected_branch_is_the_remote_s_default(repo, tmp_path):
    repo.git("branch", "develop")
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "forge.git"))
    subprocess.run(
        ["git", "symbolic-ref", "HEAD", "refs/heads/develop"], cwd=tmp_path / "forge.git", check=True, timeout=30
    )
    subprocess.run(["git", "clone", "-q", str(tmp_path / "forge.git"), str(tmp_path / "clone")], check=True, timeout=30)
    found = changes.protected(git.repository(tmp_path / "clone"), None)
    assert (found.name, found.shown) == ("develop", "origin/develop")
    assert changes.protected(git.repository(tmp_path / "clone"), "origin/main").name == "main"
    with pytest.raises(Inconclusive, match="git fetch origin release"):
        changes.protected(git.repository(tmp_path / "clone"), "release")
