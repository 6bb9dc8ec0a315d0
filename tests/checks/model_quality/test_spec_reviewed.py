from __future__ import annotations

import hashlib
import json
import subprocess

import pytest
from git_history import ADA, GRACE, Repo, Request, project, run

from pytest_mlready.checks.model_quality import spec_reviewed as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError, Unverified

SUBMITTED = check.test_the_commit_of_the_artifact_was_merged
CLEAN = check.test_nothing_uncommitted_went_into_training
REVIEWED = check.test_somebody_else_approved_what_made_the_artifact
ALL = (SUBMITTED, CLEAN, REVIEWED)
CODE = "rate = 0.1\n"
TABLES = {"model": {"path": "model.bin"}}


@pytest.fixture
def repo(tmp_path):
    """A model trained from main, whose code came in through a merge by somebody else."""
    repo = Repo(tmp_path / "project")
    repo.commit("begin", files={".gitignore": "*.json\n*.bin\n"}, author=GRACE)
    repo.branch("feature")
    repo.commit("the model", files={"train.py": CODE, "config.toml": "x = 1\n"})
    repo.merge("feature", author=GRACE)
    trained(repo)
    return repo


def trained(repo, *, commit=None, dirty=False, model="the model", **more):
    """What a training would write: the artifact, and the record beside it."""
    (repo.folder / "model.bin").write_text(model)
    record = {
        "commit": commit or repo.git("rev-parse", "HEAD"), "dirty": dirty,
        "model": {"sha256": hashlib.sha256(model.encode()).hexdigest()}, **more,
    }  # fmt: skip
    (repo.folder / "training.json").write_text(json.dumps(record))
    return record


def ask(repo, test, tables=TABLES, **options):
    options = {"record": "training.json", "spec": ["train.py", "config.toml"], **options}
    return run(test, project(repo.folder, check.ITEM, tables, **options), Request())


def pull(repo, **more):
    """A pull request of GitHub's REST interface that was merged, with one approval at its head."""
    head = repo.git("rev-parse", "feature")
    table = {
        "number": 7, "state": "closed", "merged": True, "user": {"login": "ada"}, "base": {"ref": "main"},
        "head": {"sha": head}, "merge_commit_sha": repo.git("rev-parse", "main"),
        "reviews": [{"user": {"login": "grace"}, "state": "APPROVED", "commit_id": head, "submitted_at": "2026-11-02T10:00:00Z"}],
    }  # fmt: skip
    return {**table, **more}


def export(repo, *tables, name="pulls.json"):
    (repo.folder / name).write_text("\n".join(json.dumps(one) for one in tables))
    return {"reviews": [name]}


@pytest.mark.parametrize("test", ALL)
def test_code_that_somebody_else_merged_passes(repo, test):
    noted = ask(repo, test)
    if test is REVIEWED:
        assert noted["approvals known by"]["value"] == "merged by somebody else"
        assert noted["files of the specification"]["value"] == 2


# --- submitted --------------------------------------------------------------------------------------------------


def test_a_model_from_a_branch_that_was_never_merged_turns_it_red(repo):
    repo.branch("experiment")
    trained(repo, commit=repo.commit(files={"train.py": "rate = 9\n"}))
    with pytest.raises(Failed, match="is not in main"):
        ask(repo, SUBMITTED)


def test_a_commit_that_nobody_pushed_turns_it_red(repo, tmp_path):
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "forge.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "forge.git"))
    repo.git("fetch", "-q")
    ask(repo, SUBMITTED)
    trained(repo, commit=repo.commit(files={"train.py": "rate = 9\n"}))
    with pytest.raises(Failed, match="is not in origin/main"):
        ask(repo, SUBMITTED)


def test_a_commit_of_nowhere_turns_it_red_and_the_other_tests_cannot_tell(repo):
    trained(repo, commit="0123456789abcdef0123456789abcdef01234567")
    with pytest.raises(Failed, match="not in this repository"):
        ask(repo, SUBMITTED)
    for test in (CLEAN, REVIEWED):
        with pytest.raises(Inconclusive, match="not in this repository"):
            ask(repo, test)


def test_the_branch_is_a_setting_and_must_be_there(repo):
    repo.git("branch", "release/2")
    assert ask(repo, SUBMITTED, branch="release/2")["protected branch"]["value"].startswith("release/2")
    with pytest.raises(Inconclusive, match="no branch production"):
        ask(repo, SUBMITTED, branch="production")
    with pytest.raises(Inconclusive, match="no branch --output"):
        ask(repo, SUBMITTED, branch="--output=stolen")
    assert not (repo.folder / "stolen").exists()


@pytest.mark.parametrize("test", ALL)
def test_a_shallow_clone_cannot_tell(repo, test, tmp_path):
    target = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{repo.folder}", str(target)], check=True, timeout=30)
    for name in ("model.bin", "training.json"):
        (target / name).write_bytes((repo.folder / name).read_bytes())
    with pytest.raises(Inconclusive, match=r"shallow.*--unshallow"):
        run(test, project(target, check.ITEM, TABLES, record="training.json", spec=["train.py"]), Request())


@pytest.mark.parametrize("test", ALL)
def test_no_repository_cannot_tell(tmp_path, test):
    repo = Repo(tmp_path / "bare")
    repo.commit()
    trained(repo)
    for path in sorted((repo.folder / ".git").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (repo.folder / ".git").rmdir()
    with pytest.raises(Inconclusive, match="no history that git could tell"):
        ask(repo, test)


@pytest.mark.parametrize("test", ALL)
def test_a_repository_that_a_hook_of_git_names_is_not_asked_instead(repo, test, monkeypatch, tmp_path):
    Repo(tmp_path / "other").commit()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert ask(repo, test)


@pytest.mark.parametrize("test", ALL)
def test_nothing_is_run_that_the_repository_configures(repo, test):
    trap = repo.folder.parent / "trap"
    script = repo.folder.parent / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    script.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "filter.evil.clean",
        "filter.evil.smudge",
        "gpg.program",
    ):
        repo.git("config", name, str(script))
    repo.git("config", "log.showSignature", "true")
    (repo.folder / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil\n")
    ask(repo, test)
    assert not trap.exists()


# --- clean ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dirty", [True, "true", 1, "dirty"])
def test_uncommitted_changes_at_training_turn_it_red(repo, dirty):
    trained(repo, dirty=dirty)
    with pytest.raises(Failed, match="uncommitted changes at training"):
        ask(repo, CLEAN)


def test_code_other_than_the_commit_holds_turns_it_red_whatever_the_flag(repo):
    trained(repo, code={"sha256": hashlib.sha256(b"rate = 0.7\n").hexdigest()})
    with pytest.raises(Failed, match=r"train\.py of the training .* is not what commit"):
        ask(repo, CLEAN, code={"train.py": "code.sha256"})


def test_digests_of_the_code_show_that_it_was_clean_where_no_flag_does(repo):
    trained(repo, dirty=None, code={"sha256": "sha256:" + hashlib.sha256(CODE.encode()).hexdigest().upper()})
    assert ask(repo, CLEAN, code={"train.py": "code.sha256"})["working tree at training"]["value"] == "not on record"
    with pytest.raises(Inconclusive, match=r"has no digest \(sha256\) of train\.py"):
        ask(repo, CLEAN, code={"train.py": "code.md5"})


def test_a_record_without_the_flag_is_inconclusive(repo):
    trained(repo, dirty=None)
    with pytest.raises(Inconclusive, match="does not say whether the working tree was clean"):
        ask(repo, CLEAN)


# --- reviewed: git alone ----------------------------------------------------------------------------------------


@pytest.fixture
def direct(tmp_path):
    """A model whose code was committed to main directly, with some trailers."""

    def make(*trailers, author=ADA):
        repo = Repo(tmp_path / f"direct{len(list(tmp_path.iterdir()))}")
        repo.commit("begin", files={".gitignore": "*.json\n*.bin\n"})
        message = "the model" + ("\n\n" + "\n".join(trailers) if trailers else "")
        repo.commit(message, files={"train.py": CODE, "config.toml": "x = 1\n"}, author=author)
        repo.commit("words, reviewed by nobody", files={"README.md": "words\n"})
        trained(repo)
        return repo

    return make


@pytest.mark.parametrize("trailer", ["Reviewed-by", "Approved-by", "Acked-by", "reviewed-BY"])
def test_a_trailer_with_another_name_passes(direct, trailer):
    assert (
        ask(direct(f"{trailer}: Grace Hopper <grace@example.com>"), REVIEWED)["approvals known by"]["value"]
        == "trailers"
    )


@pytest.mark.parametrize(
    "name",
    [
        "Ada <ada@example.com>",
        "ada",
        "@ada",
        "Ada <12345+ada@users.noreply.github.com>",
        "A. Lovelace <ada@example.com>",
    ],
)
def test_an_approval_of_ones_own_work_turns_it_red_however_the_name_is_written(direct, name):
    with pytest.raises(Failed, match="approved what is their own work"):
        ask(direct(f"Reviewed-by: {name}"), REVIEWED)


def test_a_mailmap_tells_that_two_addresses_are_one_person(direct):
    repo = direct("Reviewed-by: Augusta King <king@example.org>")
    (repo.folder / ".mailmap").write_text("Augusta King <king@example.org> <ada@example.com>\n")
    with pytest.raises(Failed, match="their own work"):
        ask(repo, REVIEWED)


def test_a_machine_approves_nothing(direct):
    with pytest.raises(Inconclusive, match="git does not say who approved it"):
        ask(direct("Reviewed-by: dependabot[bot] <support@github.com>"), REVIEWED)


def test_words_about_a_review_are_no_trailer(direct):
    with pytest.raises(Inconclusive, match="git does not say"):
        ask(direct("Reviewed-by: Grace <grace@example.com>", "", "and then some more words"), REVIEWED)


def test_a_commit_that_names_nobody_fails_only_where_the_team_records_reviews_in_git(direct):
    with pytest.raises(Inconclusive, match=r"train\.py, .*export the forge's reviews"):
        ask(direct(), REVIEWED)
    with pytest.raises(Failed, match="no trailer names an approver"):
        ask(direct(), REVIEWED, trailers=True)


def test_a_merge_by_its_own_author_is_no_approval(repo):
    repo.branch("second")
    repo.commit("more", files={"train.py": "rate = 0.2\n"})
    repo.merge("second", author=ADA)
    trained(repo)
    with pytest.raises(Failed, match="no trailer names an approver, and nobody else merged it"):
        ask(repo, REVIEWED, trailers=True)


def test_each_commit_of_a_merge_needs_somebody_else(repo):
    repo.branch("second")
    repo.commit("more", files={"train.py": "rate = 0.2\n"})
    repo.commit("by the one who merges", files={"train.py": "rate = 0.3\n"}, author=GRACE)
    repo.merge("second", author=GRACE)
    trained(repo)
    with pytest.raises(Failed, match="by the one who merges"):
        ask(repo, REVIEWED, trailers=True)


def test_an_unreviewed_change_of_the_code_is_found_behind_reviewed_ones_of_other_files(repo):
    repo.commit("straight to main", files={"train.py": "rate = 0.5\n"})
    repo.branch("second")
    repo.commit("words", files={"README.md": "words\n"})
    repo.merge("second", author=GRACE)
    trained(repo)
    with pytest.raises(Failed, match=r"train\.py: .*straight to main"):
        ask(repo, REVIEWED, trailers=True)


def test_code_that_the_commit_does_not_hold_turns_it_red(repo):
    (repo.folder / "features.py").write_text("never committed\n")
    with pytest.raises(Failed, match=r"does not hold features\.py"):
        ask(repo, REVIEWED, spec=["train.py", "features.py"])


def test_without_a_specification_it_cannot_tell(repo):
    with pytest.raises(Inconclusive, match="which files make the model"):
        ask(repo, REVIEWED, spec=[])
    trained(repo, code={"sha256": "0" * 64})
    assert ask(repo, REVIEWED, spec=[], code={"train.py": "code.sha256"})["files of the specification"]["value"] == 1


def test_settings_below_the_top_of_the_repository_name_paths_of_their_own(tmp_path):
    repo = Repo(tmp_path / "mono")
    repo.commit("m\n\nReviewed-by: Grace <g@x.io>", files={"team/train.py": CODE, "train.py": "other"})
    inner = Repo.__new__(Repo)
    inner.folder = repo.folder / "team"
    trained(inner, code={"sha256": hashlib.sha256(CODE.encode()).hexdigest()})
    for test in ALL:
        assert ask(inner, test, spec=["."] if test is REVIEWED else [], code={"train.py": "code.sha256"})


# --- reviewed: a forge ------------------------------------------------------------------------------------------


@pytest.fixture
def merged_by_ada(tmp_path):
    """As most forges are used: the author presses the button after the review."""
    repo = Repo(tmp_path / "forge")
    repo.commit("begin", files={".gitignore": "*.json\n*.bin\n"})
    repo.branch("feature")
    repo.commit("first", files={"train.py": "rate = 0.9\n"})
    repo.commit("the model", files={"train.py": CODE, "config.toml": "x = 1\n"})
    repo.merge("feature", author=ADA)
    trained(repo)
    return repo


def test_an_approval_at_the_last_commit_passes(merged_by_ada):
    repo = merged_by_ada
    noted = ask(repo, REVIEWED, **export(repo, pull(repo)))
    assert noted["approvals known by"]["value"] == "reviews on the forge"


def test_reviews_in_a_file_of_their_own_are_joined_by_the_request(merged_by_ada):
    repo = merged_by_ada
    table = pull(repo)
    (review,) = table.pop("reviews")
    review["pull_request_url"] = "https://api.github.com/repos/o/r/pulls/7"
    export(repo, table, name="pull.json")
    export(repo, [review], name="reviews.json")
    assert ask(repo, REVIEWED, reviews=["pull.json", "reviews.json"])["commits without an approval"]["value"] == 0


def test_the_command_line_of_github_writes_another_form(merged_by_ada):
    repo = merged_by_ada
    head = repo.git("rev-parse", "feature")
    table = {
        "number": 7, "state": "MERGED", "author": {"login": "ada"}, "baseRefName": "main", "headRefOid": head,
        "mergeCommit": {"oid": repo.git("rev-parse", "main")}, "mergedAt": "2026-11-02T11:00:00Z",
        "reviews": [{"author": {"login": "grace"}, "state": "APPROVED", "submittedAt": "2026-11-02T10:00:00Z", "commit": {"oid": head}}],
    }  # fmt: skip
    assert ask(repo, REVIEWED, **export(repo, [table]))["commits without an approval"]["value"] == 0
    graphql = {"data": {"repository": {"pullRequest": {**table, "reviews": {"nodes": table["reviews"]}}}}}
    assert ask(repo, REVIEWED, **export(repo, graphql))["commits without an approval"]["value"] == 0


def gitlab(repo, **more):
    table = {
        "iid": 3, "state": "merged", "author": {"username": "ada"}, "target_branch": "main",
        "sha": repo.git("rev-parse", "feature"), "merge_commit_sha": repo.git("rev-parse", "main"),
    }  # fmt: skip
    return {**table, **more}


def test_gitlab_s_approvals_count_with_their_time_or_a_word_on_how_they_are_taken_back(merged_by_ada):
    repo = merged_by_ada
    by = {"user": {"username": "grace"}}
    timed = {"iid": 3, "approved_by": [{**by, "approved_at": "2026-11-05T10:00:00Z"}]}
    assert ask(repo, REVIEWED, **export(repo, gitlab(repo), timed))["commits without an approval"]["value"] == 0
    untimed = {"iid": 3, "approved_by": [by]}
    with pytest.raises(Inconclusive, match="when grace approved request 3 is not known"):
        ask(repo, REVIEWED, **export(repo, gitlab(repo), untimed))
    assert ask(repo, REVIEWED, approvals_reset="on every push", **export(repo, gitlab(repo), untimed))
    early = {"iid": 3, "approved_by": [{**by, "approved_at": "2026-10-01T10:00:00Z"}]}
    with pytest.raises(Failed, match="approved request 3 before its last commit"):
        ask(repo, REVIEWED, **export(repo, gitlab(repo), early))


@pytest.mark.parametrize(
    ("review", "told"),
    [
        ({"commit_id": "0" * 40}, "grace approved request 7 before its last commit"),
        ({"user": {"login": "ada"}}, "ada approved request 7, which is their own"),
        ({"user": {"login": "review[bot]"}}, "is a machine"),
        ({"user": {"login": "checker", "type": "Bot"}}, "is a machine"),
        ({"state": "COMMENTED"}, "merged without an approval"),
        ({"state": "DISMISSED"}, "merged without an approval"),
        ({"state": "CHANGES_REQUESTED"}, "merged without an approval"),
    ],
)
def test_a_request_that_was_merged_without_a_good_approval_turns_it_red(merged_by_ada, review, told):
    repo = merged_by_ada
    table = pull(repo)
    table["reviews"] = [{**table["reviews"][0], **review}]
    with pytest.raises(Failed, match=told):
        ask(repo, REVIEWED, **export(repo, table))


def test_who_took_an_approval_back_has_not_approved(merged_by_ada):
    repo = merged_by_ada
    table = pull(repo)
    (review,) = table["reviews"]
    table["reviews"] = [{**review, "state": "CHANGES_REQUESTED", "submitted_at": "2026-11-03T10:00:00Z"}, review]
    with pytest.raises(Failed, match="merged without an approval"):
        ask(repo, REVIEWED, **export(repo, table))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"base": {"ref": "develop"}}, "request 7 was merged into develop"),
        ({"merged": False}, "request 7 was not merged"),
        ({"merge_commit_sha": "0" * 40, "head": {"sha": "0" * 40}}, "no request of the export holds it"),
    ],
)
def test_another_request_says_nothing_about_this_change(merged_by_ada, more, told):
    repo = merged_by_ada
    with pytest.raises(Inconclusive, match=told):
        ask(repo, REVIEWED, **export(repo, pull(repo, **more)))


def test_a_squashed_request_is_known_by_the_commit_that_stands_for_it(direct):
    repo = direct()
    squashed = repo.git("rev-parse", "HEAD~1")
    table = {
        "number": 9, "merged_at": "2026-11-02", "user": {"login": "ada"}, "base": {"ref": "main"},
        "head": {"sha": "a" * 40}, "merge_commit_sha": squashed,
        "reviews": [{"user": {"login": "grace"}, "state": "APPROVED", "commit_id": "a" * 40}],
    }  # fmt: skip
    assert ask(repo, REVIEWED, **export(repo, table))["commits without an approval"]["value"] == 0


@pytest.mark.parametrize("content", ["[]", "{}", '{"message": "Not Found"}', "<html>", '[{"number": 1}]'])
def test_an_export_that_holds_no_request_is_an_error(repo, content):
    (repo.folder / "pulls.json").write_text(content)
    with pytest.raises(DataError):
        ask(repo, REVIEWED, reviews=["pulls.json"])


# --- the record -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ALL)
def test_a_record_about_another_artifact_is_inconclusive(repo, test):
    (repo.folder / "model.bin").write_text("trained again")
    with pytest.raises(Inconclusive, match=r"training\.json does not name the artifact"):
        ask(repo, test)


@pytest.mark.parametrize("commit", [None, "", "main", 7, "a work of art"])
def test_a_record_without_a_commit_is_inconclusive(repo, commit):
    record = trained(repo)
    (repo.folder / "training.json").write_text(json.dumps({**record, "commit": commit}))
    for test in ALL:
        with pytest.raises(Inconclusive, match="where the commit should be"):
            ask(repo, test)


def test_the_settings_may_state_the_commit_for_one_artifact(repo):
    stated = {
        "record": None,
        "commit": repo.git("rev-parse", "HEAD"),
        "model_sha256": hashlib.sha256(b"the model").hexdigest(),
    }
    digests = {"train.py": hashlib.sha256(CODE.encode()).hexdigest()}
    for test in ALL:
        ask(repo, test, code=digests, **stated)
    with pytest.raises(Inconclusive, match="model_sha256 does not name the artifact"):
        ask(repo, SUBMITTED, **{**stated, "model_sha256": "0" * 64})
    with pytest.raises(Inconclusive, match="does not say whether"):
        ask(repo, CLEAN, **stated)
    with pytest.raises(DataError, match="the id of a commit"):
        ask(repo, SUBMITTED, **{**stated, "commit": "main"})


def test_an_exported_run_of_mlflow_is_a_record(repo):
    tags = [
        {"key": "mlflow.source.git.commit", "value": repo.git("rev-parse", "HEAD")},
        {"key": "git_dirty", "value": "False"},
        {"key": "model_sha256", "value": hashlib.sha256(b"the model").hexdigest()},
    ]
    (repo.folder / "run.json").write_text(json.dumps({"run": {"info": {}, "data": {"tags": tags}}}))
    where = {"record": "run.json", "key": "run.data.tags.mlflow.source.git.commit"}
    ask(repo, SUBMITTED, **where)
    ask(repo, CLEAN, dirty_key="run.data.tags.git_dirty", **where)
    assert ask(repo, CLEAN, **where)["working tree at training"]["value"] == "clean"


def test_a_model_card_is_a_record(repo):
    sha256 = hashlib.sha256(b"the model").hexdigest()
    front = f"---\ncommit: {repo.git('rev-parse', 'HEAD')}\ndirty: false\nsha256: {sha256}\n---\n# Card\n"
    (repo.folder / "card.md").write_text(front)
    for test in ALL:
        assert ask(repo, test, record="card.md")


@pytest.mark.parametrize("test", ALL)
def test_nothing_configured_is_unverified_with_the_line_to_paste(repo, test):
    with pytest.raises(Unverified, match="record ="):
        ask(repo, test, record=None)


def test_a_record_that_is_not_there_or_damaged_is_an_error(repo):
    with pytest.raises(ReadinessError, match=r'did you mean "training\.json"'):
        ask(repo, SUBMITTED, record="traning.json")
    (repo.folder / "training.json").write_text("{")
    with pytest.raises(DataError, match="not valid JSON"):
        ask(repo, SUBMITTED)


# --- found by review ---------------------------------------------------------------------------------------------


def test_who_opened_a_request_and_merged_it_under_another_name_has_not_approved_it(tmp_path):
    repo = Repo(tmp_path / "own")
    repo.commit("begin", files={".gitignore": "*.json\n*.bin\n"}, author=GRACE)
    repo.branch("feature")
    repo.commit(
        "the model", files={"train.py": CODE, "config.toml": "x = 1\n"}, author="Ada Lovelace <ada@corp.example>"
    )
    repo.merge("feature", author="adal <123+adal@users.noreply.github.com>")
    trained(repo)
    with pytest.raises(Failed, match="merged without an approval"):
        ask(repo, REVIEWED, **export(repo, pull(repo, user={"login": "adal"}, reviews=[])))


def test_what_was_slipped_into_a_merge_needs_an_approval_of_its_own(repo):
    repo.branch("second")
    repo.commit("more", files={"train.py": "rate = 0.2\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "second", author=GRACE)
    repo.commit("merged", files={"train.py": "rate = 99\n"}, author=GRACE)
    trained(repo)
    with pytest.raises(Inconclusive, match=r"train\.py: .*merged\) by Grace"):
        ask(repo, REVIEWED)


def test_a_merge_of_two_changes_of_one_file_that_fit_together_is_nobodys_writing(repo):
    lines = "\n".join(f"x{n} = {n}" for n in range(30))
    repo.branch("base")
    repo.commit("lines", files={"train.py": f"a = 1\n{lines}\nb = 1\n"})
    repo.merge("base", author=GRACE)
    for name, text in (("one", f"a = 2\n{lines}\nb = 1\n"), ("two", f"a = 1\n{lines}\nb = 2\n")):
        repo.git("checkout", "-q", "base")
        repo.branch(name)
        repo.commit(name, files={"train.py": text})
    for name in ("one", "two"):
        repo.merge(name, author=GRACE)
    trained(repo)
    assert ask(repo, REVIEWED)["approvals known by"]["value"] == "merged by somebody else"


@pytest.mark.parametrize(
    "name",
    [
        "Copilot <198982749+Copilot@users.noreply.github.com>", "Claude <noreply@anthropic.com>", "coderabbitai",
        "none", "N/A", "TBD", "me", "<name>",
    ],
)  # fmt: skip
def test_assistants_and_placeholders_approve_nothing(direct, name):
    with pytest.raises(Inconclusive, match="git does not say who approved it"):
        ask(direct(f"Reviewed-by: {name}"), REVIEWED)


@pytest.mark.parametrize(
    "account",
    [
        {"login": "copilot-pull-request-reviewer"},
        {"login": "auto", "__typename": "Bot"},
        {"login": "auto", "is_bot": True},
    ],
)
def test_a_machine_that_graphql_or_the_command_line_names_approves_nothing(merged_by_ada, account):
    repo = merged_by_ada
    table = pull(repo)
    table["reviews"][0].pop("user")
    table["reviews"][0]["author"] = account
    with pytest.raises(Failed, match="is a machine"):
        ask(repo, REVIEWED, **export(repo, table))


@pytest.mark.parametrize(
    "tail",
    ["\r\n\r\nReviewed-by: Grace <grace@example.com>\r\n",
     "\n\n* more\n\nReviewed-by: Grace <grace@example.com>\n\n---------\n\nCo-authored-by: Carol <c@example.org>\n"],
    ids=["line ends of Windows", "GitHub's list of authors below"],
)  # fmt: skip
def test_trailers_are_found_as_forges_write_them(direct, tail):
    repo = direct()
    (repo.folder / "train.py").write_text("rate = 0.5\n")
    (repo.folder / "config.toml").write_text("x = 2\n")
    (repo.folder / "message.bin").write_bytes(f"the model{tail}".encode())
    repo.git("commit", "-q", "-a", "--cleanup=verbatim", "-F", "message.bin")
    trained(repo)
    assert ask(repo, REVIEWED)["approvals known by"]["value"] == "trailers"


def test_an_approval_stands_when_the_request_was_only_brought_up_to_date(tmp_path):
    repo = Repo(tmp_path / "updated")
    repo.commit("begin", files={".gitignore": "*.json\n*.bin\n"})
    repo.branch("feature")
    approved = repo.commit("the model", files={"train.py": CODE, "config.toml": "x = 1\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("words", files={"README.md": "words\n"})
    repo.git("checkout", "-q", "feature")
    repo.git("merge", "-q", "--no-ff", "main", "-m", "Merge branch 'main' into feature")
    repo.merge("feature", author=ADA)
    trained(repo)
    table = pull(repo)
    table["reviews"][0]["commit_id"] = approved
    assert ask(repo, REVIEWED, **export(repo, table))["approvals known by"]["value"] == "reviews on the forge"


def test_a_word_on_how_approvals_are_taken_back_counts_for_those_at_earlier_commits(merged_by_ada):
    repo = merged_by_ada
    table = pull(repo)
    table["reviews"][0]["commit_id"] = "0" * 40
    assert ask(repo, REVIEWED, approvals_reset="GitHub dismisses stale approvals", **export(repo, table))


def test_a_digest_from_a_checkout_on_windows_is_that_of_the_commit(repo):
    trained(repo, dirty=None, code={"sha256": hashlib.sha256(CODE.replace("\n", "\r\n").encode()).hexdigest()})
    assert ask(repo, CLEAN, code={"train.py": "code.sha256"})["files other than at the commit"]["value"] == 0


def test_a_graft_does_not_hide_what_was_never_reviewed(repo):
    (repo.folder / ".git" / "info").mkdir(exist_ok=True)
    repo.commit("by nobody's leave", files={"train.py": "rate = 7\n"})
    repo.git("checkout", "-q", "--orphan", "elsewhere")
    other = repo.commit("elsewhere", files={"train.py": "rate = 7\n"})
    repo.git("checkout", "-q", "main")
    (repo.folder / ".git" / "info" / "grafts").write_text(f"{repo.git('rev-parse', 'HEAD')} {other}\n")
    from pytest_mlready.history import git

    assert git.repository(repo.folder).ask("log", "-2", "--format=%s").splitlines()[1] == "merged"
