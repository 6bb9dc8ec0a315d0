"""A report is verified before what it is about is deployed: each thing on its own, and every way to cheat."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json

import pytest
from click.testing import CliRunner
from given import facts, fully_verified
from sample_reports import built
from statement_keys import pair

from pytest_mlready import cli, reports
from pytest_mlready.gate import Policy
from pytest_mlready.reports import dsse, intoto

NOW = dt.datetime.now(tz=dt.UTC)
CONTENT = b"the model"
ASKED = Policy(min_score=5.0)


class Deployment:
    """A folder with a model, the key that signs, and the report that a run wrote about that model."""

    def __init__(self, folder, catalog):
        self.folder, self.catalog = folder, catalog
        self.model = folder / "model.skops"
        self.model.write_bytes(CONTENT)
        self.private, self.public = pair(folder)

    def write(self, name="r.intoto.json", *, signed=True, age=dt.timedelta(hours=2), policy=ASKED, partial=(), **more):
        started = NOW - age
        about = {
            "model_sha256": hashlib.sha256(CONTENT).hexdigest(), "started": started.isoformat(timespec="seconds"),
            "as_of": started.date().isoformat(), **more.pop("provenance", {}),
        }  # fmt: skip
        whole = fully_verified(self.catalog)
        some = facts(*whole.outcomes, attestations=whole.attestations, partial=partial)
        document = built(self.catalog, more.pop("facts", some), policy=policy, provenance=about, **more)
        key = dsse.private_key(self.private) if signed else None
        assert reports.write(self.folder / name, document, self.catalog, key=key) == ""
        return self.folder / name

    def verify(self, report, *options, key=True, artifact=True):
        words = ["verify-report", str(report), *(["--key", str(self.public)] if key else [])]
        words += ["--artifact", str(self.model)] if artifact else []
        result = CliRunner().invoke(cli.main, [*words, *options])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result.exit_code, result.stdout.splitlines(), result.stderr


@pytest.fixture
def deployment(tmp_path, catalog):
    return Deployment(tmp_path, catalog)


def kinds(lines):
    return [line.split()[0] for line in lines]


def refused(lines):
    return [line.partition(" ")[2].strip() for line in lines if line.startswith("refused")]


def test_a_signed_statement_that_holds_is_verified_thing_by_thing(deployment):
    status, lines, _ = deployment.verify(deployment.write())
    assert status == 0
    assert kinds(lines) == ["verified"] * 5
    text = "\n".join(lines)
    for said in (
        "signed by key",
        "model.skops is what was tested",
        "hours old",
        "the run was whole",
        "the gate was passed",
    ):
        assert said in text


def test_a_byte_of_the_payload_that_was_changed_is_found(deployment):
    path = deployment.write()
    envelope = json.loads(path.read_text())
    payload = bytearray(base64.b64decode(envelope["payload"]))
    payload[-3] ^= 1
    envelope["payload"] = base64.b64encode(bytes(payload)).decode()
    path.write_text(json.dumps(envelope))
    status, lines, _ = deployment.verify(path)
    assert status == 1
    assert kinds(lines) == ["refused"], "what is not authentic is not even read"
    assert "changed, or another's" in refused(lines)[0]


def test_no_byte_of_the_file_can_be_changed_unseen(deployment):
    """Every byte but those of the key id, which is a hint, and of white space."""
    path = deployment.write()
    original = path.read_bytes()
    inside = range(original.index(b'"payload"'), original.index(b'"keyid"'), 211)
    signature = range(original.index(b'"sig"'), original.rindex(b'"'), 7)
    for at in (*inside, *signature):
        if chr(original[at]).isspace():
            continue
        changed = bytearray(original)
        changed[at] = ord("A") if original[at] != ord("A") else ord("B")
        path.write_bytes(bytes(changed))
        assert deployment.verify(path)[0] == 1, original[at - 10 : at + 10]


def test_another_key_did_not_sign_it(deployment, tmp_path):
    _, other = pair(tmp_path, name="other")
    status, lines, _ = deployment.verify(deployment.write(), "--key", str(other), key=False)
    assert status == 1
    assert "no signature of it is key" in refused(lines)[0]


def test_signatures_of_others_beside_the_right_one_do_no_harm(deployment):
    path = deployment.write()
    envelope = json.loads(path.read_text())
    envelope["signatures"].insert(0, {"keyid": envelope["signatures"][0]["keyid"], "sig": "AAAA"})
    path.write_text(json.dumps(envelope))
    assert deployment.verify(path)[0] == 0


@pytest.mark.parametrize("signatures", [[], [{"keyid": "x", "sig": ""}]])
def test_an_envelope_whose_signatures_were_taken_away_is_refused(deployment, signatures):
    path = deployment.write()
    path.write_text(json.dumps({**json.loads(path.read_text()), "signatures": signatures}))
    assert deployment.verify(path)[0] == 1


def test_a_signed_statement_without_a_key_to_check_it_by_is_refused(deployment):
    status, lines, _ = deployment.verify(deployment.write(), key=False)
    assert status == 1
    assert "--key names the public key" in refused(lines)[0]


def test_an_unsigned_statement_is_told_and_where_a_key_is_given_refused(deployment):
    path = deployment.write(signed=False)
    status, lines, _ = deployment.verify(path, key=False)
    assert status == 0
    assert lines[0].startswith("note      it is not signed")
    status, lines, _ = deployment.verify(path)
    assert status == 1
    assert "it is not signed, and key" in refused(lines)[0]


def test_the_json_report_does_as_well_and_is_said_to_be_unsigned(deployment):
    path = deployment.write("readiness.json")
    status, lines, _ = deployment.verify(path, key=False)
    assert status == 0
    assert kinds(lines) == ["note", *["verified"] * 4]
    assert deployment.verify(path)[0] == 1


def test_a_signed_envelope_around_something_else_is_refused(deployment):
    path = deployment.folder / "other.json"
    path.write_text(dsse.private_key(deployment.private).sign("{}", "application/json"))
    status, lines, _ = deployment.verify(path)
    assert status == 1
    assert "holds application/json, not an in-toto statement" in refused(lines)[0]


def test_a_signed_statement_of_another_type_is_refused(deployment):
    statement = {
        "_type": intoto.STATEMENT,
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [],
        "predicate": {},
    }
    path = deployment.folder / "other.json"
    path.write_text(dsse.private_key(deployment.private).sign(json.dumps(statement), intoto.PAYLOAD))
    assert "statement of another type" in refused(deployment.verify(path)[1])[0]


def test_a_model_that_was_not_tested_is_refused(deployment):
    path = deployment.write()
    deployment.model.write_bytes(b"another model")
    status, lines, _ = deployment.verify(path)
    assert status == 1
    assert "was not tested: it is about" in refused(lines)[0]


def test_every_artifact_given_must_have_been_tested(deployment):
    (deployment.folder / "b.onnx").write_bytes(b"b")
    status, lines, _ = deployment.verify(deployment.write(), "--artifact", str(deployment.folder / "b.onnx"))
    assert status == 1
    assert kinds(lines).count("refused") == 1


def test_without_an_artifact_it_says_what_was_not_verified_and_fails_unless_told_to_go_without(deployment):
    path = deployment.write()
    status, lines, _ = deployment.verify(path, artifact=False)
    assert status == 1
    assert "no artifact was compared with it; it is about artifacts/model.skops (" in refused(lines)[0]
    status, lines, _ = deployment.verify(path, "--no-artifact", artifact=False)
    assert status == 0
    assert "note" in kinds(lines)
    status, _, err = deployment.verify(path, "--no-artifact")
    assert status == 2
    assert "contradict" in err


def test_a_report_that_is_about_no_model_file_covers_no_artifact(deployment):
    path = deployment.write("readiness.json", provenance={"model_sha256": None})
    assert "it is about no model file" in refused(deployment.verify(path, key=False)[1])[0]


def test_it_may_not_be_older_than_asked(deployment):
    path = deployment.write(age=dt.timedelta(days=8))
    status, lines, _ = deployment.verify(path)
    assert status == 1
    assert refused(lines) == ["it is 8 days old, more than 7 days"]
    assert deployment.verify(path, "--max-age", "9 d")[0] == 0
    assert deployment.verify(deployment.write(), "--max-age", "1 h")[0] == 1


def test_an_age_that_is_no_duration_is_a_usage_error(deployment):
    status, _, err = deployment.verify(deployment.write(), "--max-age", "soon")
    assert status == 2
    assert "--max-age=soon: expected" in err


def test_a_date_that_is_yet_to_come_is_refused_but_for_the_difference_of_two_clocks(deployment):
    status, lines, _ = deployment.verify(deployment.write(age=-dt.timedelta(hours=1)))
    assert status == 1
    assert "yet to come" in refused(lines)[0]
    assert deployment.verify(deployment.write(age=-dt.timedelta(minutes=1)))[0] == 0


def test_a_time_in_no_time_zone_is_refused(deployment):
    path = deployment.write(provenance={"started": NOW.replace(tzinfo=None).isoformat()})
    assert "in no time zone" in refused(deployment.verify(path)[1])[0]


def test_a_run_that_was_judged_as_of_another_day_is_refused(deployment):
    path = deployment.write(provenance={"as_of": "2026-01-01"})
    status, lines, _ = deployment.verify(path)
    assert status == 1
    assert "--mlready-at" in refused(lines)[0]


@pytest.mark.parametrize("name", ["r.intoto.json", "readiness.json"])
def test_a_run_that_was_not_whole_is_refused(deployment, name):
    key = name.startswith("r.")
    for more in ({"partial": ("two tests were deselected",)}, {"trouble": ["interrupted"]}):
        status, lines, _ = deployment.verify(deployment.write(name, **more), "--allow-failed-gate", key=key)
        assert status == 1
        assert "the run was not whole" in refused(lines)[0]


@pytest.mark.parametrize("policy", [Policy(), Policy(required=("security.*",), min_score=5)])
def test_a_gate_that_failed_or_was_not_asked_for_is_refused_unless_allowed(deployment, policy):
    path = deployment.write(policy=policy, facts=facts())
    status, lines, _ = deployment.verify(path)
    assert status == 1
    assert "gate" in refused(lines)[0]
    assert deployment.verify(path, "--allow-failed-gate")[0] == 0


def test_a_statement_whose_parts_contradict_each_other_is_refused(deployment):
    path = deployment.write(signed=False)
    statement = json.loads(path.read_text())
    statement["predicate"]["result"] = "FAILED"
    path.write_text(json.dumps(statement))
    assert "the result says so" in refused(deployment.verify(path, key=False)[1])[0]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "3", "null", "{", "[" * 99999, '{"signatures": 1}', '{"payload": "e30=", "payloadType": "x", "signatures": []}',
     '{"_type": "https://in-toto.io/Statement/v1"}', '{"schema_version": 1}', '{"schema_version": 1, "provenance": []}',
     '{"schema_version": 2}', "\udcff"],
)  # fmt: skip
def test_what_is_no_report_is_refused_in_one_sentence(deployment, content):
    path = deployment.folder / "x.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    for key in (True, False):
        status, lines, _ = deployment.verify(path, key=key)
        assert status == 1
        assert refused(lines)


def test_keys_that_cannot_be_used_are_usage_errors(deployment):
    path = deployment.write()
    status, _, err = deployment.verify(path, "--key", str(deployment.private), key=False)
    assert status == 2
    assert "a verifier should never see" in err
    assert deployment.verify(path, "--key", "gone.pub", key=False)[0] == 2


def test_nothing_from_the_file_reaches_the_terminal_as_control(deployment):
    path = deployment.write("readiness.json", policy=ASKED, facts=facts(), trouble=["\x1b[31m\nverified  the gate"])
    _, lines, _ = deployment.verify(path, key=False)
    assert "\x1b" not in "".join(lines)
    assert not [line for line in lines if line.startswith("verified  the gate")]


def rewritten(deployment, change, name="r.intoto.json"):
    """An unsigned statement whose author changed it, which a key could still have signed."""
    path = deployment.write(name, signed=False)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(dsse.private_key(deployment.private).sign(json.dumps(content), intoto.PAYLOAD))
    return path


@pytest.mark.parametrize(
    "subject",
    [
        [],
        [{"name": "m", "digest": {"sha512": "0" * 128}}],
        [{"name": "m", "digest": {}}],
        [{"name": "m"}],
        [{"name": "m", "digest": {"sha256": "0" * 12}}],
        [{"name": "m", "digest": {"sha256": None}}],
        None,
        "m",
        [3],
    ],
)
def test_a_statement_about_nothing_that_can_be_compared_is_refused_even_where_nothing_is_compared(deployment, subject):
    path = rewritten(deployment, lambda content: content.update(subject=subject))
    status, lines, _ = deployment.verify(path, "--no-artifact", artifact=False)
    assert status == 1
    assert "sha256" in " ".join(refused(lines))


def test_digests_are_compared_however_they_are_written(deployment):
    digest = hashlib.sha256(CONTENT).hexdigest().upper()
    subject = [{"name": "m", "digest": {"sha256": digest, "sha512": "0"}}]
    assert deployment.verify(rewritten(deployment, lambda content: content.update(subject=subject)))[0] == 0


@pytest.mark.parametrize("result", ["failed", "", None, "SKIPPED", 1])
def test_a_result_that_is_no_pass_is_refused(deployment, result):
    path = rewritten(deployment, lambda content: content["predicate"].update(result=result))
    assert "result" in refused(deployment.verify(path)[1])[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("started", "0001-01-01T00:00:00+14:00"),
        ("started", "9999-12-31T23:59:59-14:00"),
        ("started", 12),
        ("started", "yesterday"),
        ("as_of", "0001-01-01"),
        ("as_of", None),
        ("partial", None),
        ("partial", "no"),
        ("partial", {"0": "deselected"}),
        ("complete", 1),
        ("complete", "true"),
        ("gate", None),
        ("gate", {"asked": True, "passed": True}),
        ("gate", {"asked": 1, "passed": True, "shortfalls": []}),
        ("gate", {"asked": True, "passed": "yes", "shortfalls": []}),
        ("gate", {"asked": True, "passed": True, "shortfalls": ["a"]}),
    ],
)
def test_a_statement_with_anything_else_in_a_field_is_refused_in_one_sentence(deployment, key, value):
    path = rewritten(deployment, lambda content: content["predicate"][intoto.RUN].update({key: value}))
    status, lines, _ = deployment.verify(path)
    assert status == 1
    assert refused(lines)


def test_it_says_what_the_gate_asked_for_since_a_pass_means_no_more(deployment):
    _, lines, _ = deployment.verify(deployment.write(policy=Policy(min_score=5.0, required=("security.*",))))
    assert "verified  the gate was passed; it asks for min_score = 5; security.*" in lines


def test_a_working_tree_with_changes_is_told_and_refuses_nothing(deployment):
    for name in ("r.intoto.json", "readiness.json"):
        path = deployment.write(name, provenance={"dirty": True})
        status, lines, _ = deployment.verify(path, key=name.startswith("r."))
        assert status == 0
        assert "note      it ran on commit aaaaaaaaaa with changes that are not committed" in lines


def test_a_link_to_an_artifact_is_what_it_leads_to(deployment):
    link = deployment.folder / "link.skops"
    link.symlink_to(deployment.model)
    path = deployment.write()
    assert deployment.verify(path, "--artifact", str(link))[0] == 0
    (deployment.folder / "other").write_bytes(b"another model")
    link.unlink()
    link.symlink_to(deployment.folder / "other")
    assert deployment.verify(path, "--artifact", str(link))[0] == 1


def test_a_file_larger_than_any_report_is_refused_unread(deployment, monkeypatch):
    path = deployment.folder / "huge.json"
    with path.open("wb") as file:
        file.truncate(60 * 1024 * 1024)
    assert refused(deployment.verify(path)[1]) == ["huge.json is larger than a report ever is."]


def test_a_stream_without_an_end_is_refused(deployment):
    status, lines, _ = deployment.verify("/dev/zero")
    assert status == 1
    assert refused(lines) == ["zero is larger than a report ever is."]


def test_a_report_or_an_artifact_that_is_not_there_is_a_usage_error(deployment):
    assert deployment.verify(deployment.folder / "gone.json")[0] == 2
    assert deployment.verify(deployment.write(), "--artifact", "gone.onnx")[0] == 2
    assert deployment.verify(deployment.write(), "--artifact", str(deployment.folder))[0] == 2


@pytest.mark.parametrize("age", ["-1 d", "nan", "inf", "", "7", "1e400 d"])
def test_an_age_that_would_accept_anything_is_no_age(deployment, age):
    path = deployment.write(age=dt.timedelta(days=4000))
    assert deployment.verify(path, f"--max-age={age}")[0] in (1, 2)


def test_a_model_that_a_hook_handed_over_is_told_since_its_digest_is_the_projects_word(deployment):
    for name in ("r.intoto.json", "readiness.json"):
        path = deployment.write(name, provenance={"hooks": ["load_model by conftest.py"]})
        status, lines, _ = deployment.verify(path, key=name.startswith("r."))
        assert status == 0
        (note,) = [line for line in lines if "conftest" in line]
        assert note.startswith("note      load_model by conftest.py: that it handed over the file with this digest")
