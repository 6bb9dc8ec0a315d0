from __future__ import annotations

import datetime as dt
import hashlib
import json
import multiprocessing
import os
import subprocess
from pathlib import Path

import pytest

from pytest_mlready.documents import jsonlines
from pytest_mlready.documents.audit import __main__ as command
from pytest_mlready.documents.audit import chain, log, verdicts
from pytest_mlready.errors import DataError

EXAMPLE = Path(__file__).parents[2] / "example_project"
FIRST, SECOND = "a1" * 32, "b2" * 32
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
REPORT = "reports/evaluation.json"


def entry(**changed):
    told = {
        "event": "deployed", "time": "2026-11-20T10:00:00+00:00", "model_sha256": FIRST, "data_sha256": "c3" * 32,
        "commit": "335d1cf", "report": REPORT, "report_sha256": hashlib.sha256(b"good").hexdigest(),
        "author": "Ada", "approver": "Grace",
    }  # fmt: skip
    return {key: value for key, value in {**told, **changed}.items() if value is not None}


@pytest.fixture
def written(tmp_path):
    """A log of three lines."""
    (tmp_path / "reports").mkdir()
    (tmp_path / REPORT).write_bytes(b"good")
    path = tmp_path / "log.jsonl"
    chain.append(path, {"event": "note", "text": "begun"})
    chain.append(path, entry())
    chain.append(path, entry(model_sha256=SECOND, time="2026-11-22T10:00:00Z"))
    return path


def broken(path, **more):
    return chain.breaks(list(jsonlines.read(path, setting="log")), **more)


def lines(path):
    return path.read_text().splitlines()


def write(path, these):
    path.write_text("".join(line + "\n" for line in these))


def judged(path, *, deployed=None, head=None, append_only=""):
    found = log.read(path, head=head)
    return [
        verdicts.judge_protection(found, head=head, append_only=append_only),
        verdicts.judge_entries(found, root=path.parent, now=NOW),
        verdicts.judge_deployed(found, deployed if deployed is not None else {FIRST: "live"}, candidate=SECOND),
    ]


def outcomes(path, **more):
    return [verdict.outcome for verdict in judged(path, **more)]


def test_a_log_as_it_was_written_passes(written):
    assert outcomes(written) == ["passed"] * 3


def test_a_changed_word_shows_and_its_line_is_named(written):
    write(written, [line.replace("Grace", "Linus") for line in lines(written)])
    assert any("line 2 was changed" in told for told in broken(written))
    assert outcomes(written)[0] == "failed"


def test_a_removed_line_shows(written):
    first, _, third = lines(written)
    write(written, [first, third])
    assert broken(written) == [
        "line 2 follows a line that is not there, by its prev: lines were removed, inserted or put in another order"
    ]


def test_lines_in_another_order_show(written):
    first, second, third = lines(written)
    write(written, [first, third, second])
    assert len(broken(written)) == 2
    assert "line 2 follows line 3" in broken(written)[0]


def test_a_log_whose_beginning_is_gone_shows(written):
    write(written, lines(written)[1:])
    assert "line 1 follows a line that is not there" in broken(written)[0]


def test_an_inserted_line_shows_however_well_it_is_made(written):
    first, second, third = lines(written)
    false = {**entry(model_sha256="d4" * 32), "prev": json.loads(first)["sha256"]}
    false["sha256"] = chain.digest(false)
    write(written, [first, json.dumps(false), second, third])
    assert "line 3 follows line 1" in broken(written)[0]


def test_a_log_that_is_chained_anew_shows_only_against_a_head_kept_elsewhere(written):
    head = json.loads(lines(written)[-1])["sha256"]
    assert not broken(written, head=head.upper())
    write(written, lines(written)[:-1])
    assert not broken(written)
    assert "whose digest was kept" in broken(written, head=head)[0]
    assert outcomes(written, head=head)[0] == "failed"


def test_a_line_without_a_chain_among_chained_ones_shows(written):
    with written.open("a") as stream:
        stream.write(json.dumps(entry(model_sha256="d4" * 32)) + "\n")
    assert outcomes(written)[0] == "failed"


def test_a_key_that_stands_twice_is_refused(written):
    write(written, [lines(written)[0].replace('"event"', '"event": "deployed", "event"')])
    with pytest.raises(DataError, match="stands twice"):
        log.read(written)


def test_the_digest_does_not_depend_on_order_or_spaces():
    assert chain.digest({"a": 1, "b": "ü"}) == chain.digest({"b": "ü", "a": 1, "sha256": "whatever"})
    assert chain.digest({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


def test_nothing_is_appended_to_a_broken_log(written):
    write(written, lines(written)[1:])
    with pytest.raises(DataError, match="nothing is added"):
        chain.append(written, entry())


def test_a_log_whose_last_line_has_no_end_is_appended_to_on_a_line_of_its_own(written):
    written.write_text(written.read_text().rstrip("\n"))
    chain.append(written, entry())
    assert len(lines(written)) == 4
    assert not broken(written)


def test_an_entry_may_not_bring_its_own_place_in_the_chain(written):
    with pytest.raises(DataError, match="has prev"):
        chain.append(written, entry(prev="0" * 64))


def _append(path):
    for number in range(10):
        chain.append(Path(path), {"event": "note", "by": os.getpid(), "number": number})


def test_two_processes_that_append_at_once_leave_one_whole_chain(tmp_path):
    pytest.importorskip("fcntl")
    path = tmp_path / "log.jsonl"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append, args=(str(path),)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(lines(path)) == 20
    assert not broken(path)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"approver": "Ada"}, "approved what is their own work"),
        ({"approver": " ada "}, "approved what is their own work"),
        ({"author": "Ada <ada@acme.io>", "approver": "A. Lovelace <ADA@acme.io>"}, "approved what is their own work"),
        ({"approver": None}, "lacks approver"),
        ({"commit": None, "data_sha256": ""}, "lacks data_sha256, commit"),
        ({"report": None}, "lacks report"),
        ({"report_sha256": None}, "lacks report_sha256"),
        ({"report_sha256": "e5" * 32}, "its report reports/evaluation.json has changed since"),
        ({"time": "yesterday"}, "is none of ISO 8601"),
        ({"time": "2027-01-01T00:00:00Z"}, "lies in the future"),
        ({"model_sha256": "not a digest"}, "lacks model_sha256"),
    ],
)
def test_an_entry_that_is_not_whole_turns_it_red(written, fault, told):
    chain.append(written, entry(**fault))
    verdict = judged(written)[1]
    assert verdict.outcome == "failed"
    assert told in verdict.message
    assert "line 4" in verdict.message


@pytest.mark.parametrize(
    "shape",
    [
        {"report": "https://ci.example.org/runs/7", "report_sha256": None},
        {"report": "reports/kept-elsewhere.json", "report_sha256": "e5" * 32},
        {"model_sha256": f"sha256:{FIRST.upper()}"},
        {"time": "2026-11-20"},
        {"event": "rolled back"},
        {"event": None},
    ],
)
def test_entries_as_people_write_them_are_whole(written, shape):
    chain.append(written, entry(**shape))
    assert outcomes(written) == ["passed"] * 3


def test_what_is_no_deployment_needs_no_approval(written):
    chain.append(written, {"event": "approval requested", "author": "Ada"})
    assert outcomes(written) == ["passed"] * 3


def test_a_served_model_without_an_entry_turns_it_red(written):
    verdict = judged(written, deployed={FIRST: "live", "d4" * 32: "one of `deployed`"})[2]
    assert verdict.outcome == "failed"
    assert "no deployment of one of `deployed` (sha256 d4d4" in verdict.message


def test_a_note_about_a_model_is_no_entry_of_its_deployment(written):
    chain.append(written, {"event": "note", "model_sha256": "d4" * 32})
    assert judged(written, deployed={"d4" * 32: "live"})[2].outcome == "failed"


def test_what_was_served_must_be_known(written):
    assert judged(written, deployed={})[2].outcome == "inconclusive"


def test_an_empty_log_is_inconclusive_and_has_no_served_model(tmp_path):
    (tmp_path / "log.jsonl").write_text("")
    assert outcomes(tmp_path / "log.jsonl") == ["inconclusive", "inconclusive", "failed"]


def test_an_export_without_a_chain_needs_a_store_that_prevents_change(written):
    written.write_text(json.dumps({"entries": [entry()]}, indent=1))
    assert outcomes(written) == ["inconclusive", "passed", "passed"]
    assert outcomes(written, append_only="object lock, seven years") == ["passed"] * 3


def test_an_export_held_against_a_head_is_not_taken_for_a_chain(written):
    written.write_text(json.dumps([entry()]))
    assert outcomes(written, head="a" * 64)[0] == "failed"


def test_a_log_that_lost_its_chain_on_every_line_is_not_taken_for_whole(written):
    stripped = [{k: v for k, v in json.loads(line).items() if k not in chain.KEYS} for line in lines(written)]
    write(written, [json.dumps(one) for one in stripped])
    assert outcomes(written)[0] == "inconclusive"


def test_mlflow_runs_are_a_log_without_a_chain(written):
    tags = {
        "model_sha256": FIRST, "mlflow.source.git.commit": "335d1cf", "mlflow.user": "ada", "approved_by": "grace",
        "report": "https://ci.example.org/7",
    }  # fmt: skip
    run = {
        "info": {"run_id": "r1", "status": "FINISHED", "end_time": 1_763_600_000_000}, "data": {"tags": tags},
        "inputs": {"dataset_inputs": [{"dataset": {"name": "census", "digest": "8b1f3c2e"}}]},
    }  # fmt: skip
    written.write_text(json.dumps({"runs": [run]}))
    assert outcomes(written) == ["inconclusive", "passed", "passed"]
    tags["approved_by"] = "Ada"
    written.write_text(json.dumps({"runs": [run]}))
    assert outcomes(written)[1] == "failed"


def git(folder, *words, message=None):
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.io", "-c", "commit.gpgsign=false")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, input=message, env=environment
    )


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "begin")
    return tmp_path


def commit(folder, *trailers):
    text = "Deploy the model\n\nWith care.\n\n" + "".join(f"{line}\n" for line in trailers)
    git(folder, "commit", "-q", "--allow-empty", "-F", "-", message=text.encode())


TRAILERS = (f"Model-sha256: {FIRST}", f"Data-sha256: {SECOND}", "Report: https://ci.example.org/7")


def test_gits_own_history_is_a_log(repository):
    commit(repository, *TRAILERS, "Approved-by: Grace <grace@acme.io>")
    found = log.history(repository, "main")
    far = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    assert verdicts.judge_protection(found).outcome == "passed"
    assert verdicts.judge_entries(found, root=repository, now=far).outcome == "passed"
    assert verdicts.judge_deployed(found, {FIRST: "live"}).outcome == "passed"


@pytest.mark.parametrize(
    ("trailer", "told"), [("Approved-by: Ada <ada@acme.io>", "own work"), ("Seen-by: Grace", "lacks approver")]
)
def test_a_commit_that_nobody_else_approved_turns_it_red(repository, trailer, told):
    commit(repository, *TRAILERS, trailer)
    verdict = verdicts.judge_entries(log.history(repository, "main"), root=repository, now=NOW)
    assert verdict.outcome == "failed"
    assert told in verdict.message


def test_a_history_without_entries_is_inconclusive(repository):
    assert verdicts.judge_protection(log.history(repository, "main")).outcome == "inconclusive"


@pytest.mark.parametrize("ref", ["no-such-branch", "--output=stolen"])
def test_a_ref_that_is_not_there_is_an_error_and_never_an_option_of_git(repository, ref):
    with pytest.raises(DataError, match="git cannot tell"):
        log.history(repository, ref)
    assert not (repository / "stolen").exists()


def test_the_command_appends_with_digests_and_verifies(tmp_path, capsys):
    (tmp_path / "model.bin").write_bytes(b"model")
    (tmp_path / "report.json").write_bytes(b"good")
    path = tmp_path / "log.jsonl"
    words = [
        "event=deployed", f"model={tmp_path / 'model.bin'}", f"report={tmp_path / 'report.json'}", "data_sha256=c3",
        "commit=335d1cf", "author=Ada", "approver=Grace",
    ]  # fmt: skip
    assert command.main([str(path), *words]) == 0
    assert command.main([str(path)]) == 0
    assert log.read(path).entries[0].model == hashlib.sha256(b"model").hexdigest()
    assert f"head {log.read(path).head}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["event=deployed", "author=Ada"], "lacks model_sha256"),
        (["model=nowhere.bin"], "cannot be read"),
        (["nonsense"], "KEY=VALUE"),
        ([f"{k}={v}" for k, v in entry(approver="Ada").items()], "cannot approve their own work"),
    ],
)
def test_the_command_refuses_what_the_check_would_not_accept(tmp_path, capsys, words, told):
    assert command.main([str(tmp_path / "log.jsonl"), *words]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "log.jsonl").exists()


def test_the_command_says_where_a_log_is_broken(written, capsys):
    write(written, lines(written)[1:])
    assert command.main([str(written)]) == 1
    assert "line 1" in capsys.readouterr().err
    assert command.main([]) == 2


@pytest.mark.parametrize("content", ['"text"', "[[], 3, null]", '{"entries": [1, {}]}', '{"prev": 3, "sha256": []}'])
def test_logs_of_odd_forms_never_pass_and_never_crash(tmp_path, content):
    (tmp_path / "log.jsonl").write_text(content)
    assert "failed" in outcomes(tmp_path / "log.jsonl")


def test_the_log_of_the_example_is_whole():
    found = log.read(EXAMPLE / "governance" / "audit-log.jsonl")
    live = hashlib.sha256((EXAMPLE / "artifacts" / "production.joblib").read_bytes()).hexdigest()
    assert verdicts.judge_protection(found).outcome == "passed"
    assert verdicts.judge_entries(found, root=EXAMPLE, now=dt.datetime(2026, 11, 25, tzinfo=dt.UTC)).outcome == "passed"
    assert verdicts.judge_deployed(found, {live: "live"}).outcome == "passed"


def test_a_number_beyond_all_bounds_is_an_error_and_no_crash(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"prev": "x", "sha256": "y", "n": 1e999}\n')
    with pytest.raises(DataError, match="1e999"):
        log.read(tmp_path / "log.jsonl")
