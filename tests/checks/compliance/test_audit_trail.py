from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import subprocess
from types import SimpleNamespace

import pytest
from governed import Request, project, run

from pytest_mlready.checks.compliance import audit_trail as check
from pytest_mlready.documents.audit import chain
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable, ReadinessError, Unverified

CHANGE = check.test_a_change_of_the_log_would_show
WHOLE = check.test_every_deployment_on_record_is_whole
SERVED = check.test_every_served_model_is_on_record
TABLES = {"model": {"path": "model.bin", "production": "live.bin"}}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(root, name="live.bin", **changed):
    told = {
        "event": "deployed", "time": "2026-11-20T10:00:00Z", "model_sha256": sha256(root / name), "data_sha256": "c3" * 32,
        "commit": "335d1cf", "report": "https://ci.example.org/7", "author": "Ada", "approver": "Grace",
    }  # fmt: skip
    return {**told, **changed}


@pytest.fixture
def root(tmp_path):
    for name in ("model.bin", "live.bin", "old.bin"):
        (tmp_path / name).write_text(f"content of {name}")
    for name in ("old.bin", "live.bin"):
        chain.append(tmp_path / "log.jsonl", entry(tmp_path, name))
    return tmp_path


def ask(root, test, tables=TABLES, request=None, **options):
    given = project(root, check.ITEM, tables, **{"log": "log.jsonl", **options})
    return run(test, given, request or Request()) if test is SERVED else run(test, given)


def tamper(root, change):
    lines = (root / "log.jsonl").read_text().splitlines()
    (root / "log.jsonl").write_text("".join(f"{line}\n" for line in change(lines)))


def test_a_whole_log_passes_without_an_entry_of_the_candidate(root):
    assert ask(root, CHANGE)["breaks in the chain"]["value"] == 0
    assert ask(root, WHOLE)["deployments on record"]["value"] == 2
    noted = ask(root, SERVED)
    assert noted["served models without an entry"]["value"] == 0
    assert noted["candidate"]["value"] == "not on record yet"


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace("Grace", "Linus"), lines[1]],
        lambda lines: lines[1:],
        lambda lines: lines[::-1],
        lambda lines: [lines[0], lines[0], lines[1]],
    ],
)
def test_one_broken_link_turns_it_red(root, change):
    tamper(root, change)
    with pytest.raises(Failed, match="is not as it was written"):
        ask(root, CHANGE)


def test_a_cut_off_end_turns_it_red_by_the_head_and_by_the_served_model(root):
    head = json.loads((root / "log.jsonl").read_text().splitlines()[-1])["sha256"]
    assert ask(root, CHANGE, head=head)["protected by"]["value"].endswith("is the same")
    tamper(root, lambda lines: lines[:-1])
    with pytest.raises(Failed, match="whose digest was kept"):
        ask(root, CHANGE, head=head)
    with pytest.raises(Failed, match=r"no deployment of live.bin"):
        ask(root, SERVED)


def test_an_approver_who_is_the_author_turns_it_red(root):
    chain.append(root / "log.jsonl", entry(root, approver="ADA"))
    with pytest.raises(Failed, match="own work"):
        ask(root, WHOLE)


def test_an_entry_without_data_or_commit_turns_it_red(root):
    chain.append(root / "log.jsonl", entry(root, commit="", data_sha256=""))
    with pytest.raises(Failed, match="lacks data_sha256, commit"):
        ask(root, WHOLE)


def test_a_report_that_changed_since_the_approval_turns_it_red(root):
    (root / "report.json").write_text('{"auc": 0.9}')
    told = {"report": "report.json", "report_sha256": sha256(root / "report.json")}
    chain.append(root / "log.jsonl", entry(root, **told))
    ask(root, WHOLE)
    (root / "report.json").write_text('{"auc": 0.99}')
    with pytest.raises(Failed, match="has changed since"):
        ask(root, WHOLE)


def test_a_deployment_of_tomorrow_turns_it_red(root):
    with pytest.raises(Failed, match="lies in the future"):
        run(WHOLE, project(root, check.ITEM, TABLES, today=dt.date(2026, 11, 1), log="log.jsonl"))


def test_a_live_model_that_was_exchanged_turns_it_red(root):
    (root / "live.bin").write_text("a hotfix")
    with pytest.raises(Failed, match=r"no deployment of live.bin"):
        ask(root, SERVED)


def test_further_served_models_need_an_entry_too(root):
    ask(root, SERVED, deployed=[f"sha256:{sha256(root / 'old.bin')}"])
    with pytest.raises(Failed, match="one of `deployed`"):
        ask(root, SERVED, deployed=["d4" * 32])
    with pytest.raises(DataError, match="64 hexadecimal digits"):
        ask(root, SERVED, deployed=["v3"])


def test_where_it_is_not_known_what_was_served_it_is_inconclusive(root):
    with pytest.raises(Inconclusive, match="which models were served is not known"):
        ask(root, SERVED, tables={"model": {"path": "model.bin"}})


def test_before_the_first_release_nothing_was_served(root):
    with pytest.raises(NotApplicable, match="a new product"):
        ask(root, SERVED, tables={"model": {"first_release": "a new product"}})


def test_a_live_model_of_a_registry_is_known_by_what_was_fetched(root):
    tables = {"model": {"production": "models:/income@champion"}}
    request = Request(mlready_production=SimpleNamespace(sha256=sha256(root / "live.bin")))
    assert ask(root, SERVED, tables, request)["served models without an entry"]["value"] == 0


@pytest.mark.parametrize("test", [CHANGE, WHOLE, SERVED])
def test_without_a_log_it_is_unverified_with_the_line_to_paste(root, test):
    given = project(root, check.ITEM, TABLES)
    with pytest.raises(Unverified, match=r"audit-log\.jsonl"):
        run(test, given, *([Request()] if test is SERVED else []))


def test_a_log_that_is_not_there_or_is_cut_in_a_line_is_an_error(root):
    with pytest.raises(ReadinessError, match="did you mean"):
        ask(root, CHANGE, log="logs.jsonl")
    with (root / "log.jsonl").open("a") as stream:
        stream.write('{"event": "deploy')
    with pytest.raises(DataError, match="line 3, is not valid JSON"):
        ask(root, CHANGE)


def test_an_export_is_inconclusive_until_it_is_said_what_protects_it(root):
    (root / "export.json").write_text(json.dumps([entry(root)]))
    with pytest.raises(Inconclusive, match="append_only"):
        ask(root, CHANGE, log="export.json")
    noted = ask(root, CHANGE, log="export.json", append_only="object lock")
    assert noted["protected by"]["value"] == "object lock"


def test_commits_may_be_the_log(root):
    text = f"Deploy\n\nModel-sha256: {sha256(root / 'live.bin')}\nData-sha256: c3\nReport: https://ci.example.org/7\nApproved-by: Grace\n"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.io")
    for words in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", text]):
        subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, env=environment)
    given = project(root, check.ITEM, TABLES, git="main", today=dt.date(2100, 1, 1))
    for test, more in ((CHANGE, ()), (WHOLE, ()), (SERVED, (Request(),))):
        assert run(test, given, *more)
