"""Changes are simulated one at a time, in every format, and a notification must say what changed and whose it is."""

from __future__ import annotations

import json

import pytest
import yaml

from pytest_mlready.history import dependencies, dependencies_bumps, dependencies_drill, dependencies_locked
from pytest_mlready.history.dependencies_bumps import Sources
from pytest_mlready.history.dependencies_drill import Outcome
from pytest_mlready.history.dependencies_verdicts import Found

DIGEST = "4a" * 32
YAML = f"""\
# kept as it is written
code:
  - {{ name: a, version: "1.9.1", owner: "@one", channel: "#a" }}
  - {{ name: b, version: "1.9.1", owner: "@two", channel: "#b" }}
  - {{ name: c, version: "2.0", owner: "@one", channel: "#c" }}
data:
  - name: census
    path: t.parquet
    version: "sha256:{DIGEST}"
    columns: [age, income]
    owner: "@one"
    channel: "#census"
images:
  - {{ name: python, version: "3.11.14-slim", owner: "@two", channel: "#py" }}
services:
  - {{ name: geocoder, version: v3, owner: "@two", channel: "#geo" }}
"""
TOML = """\
[[code]]
name = "a"
version = "1.9.1"
owner = "@one"
channel = "#a"
[[code]]
name = "b"
version = "1.9.1"
owner = "@two"
channel = "#b"
"""
LOCK = "a==1.9.1\nb==1.9.1\nc==2.0\nd==1.9.1\n"
FOUND = Found(
    locked={"a": "1.9.1", "b": "1.9.1", "c": "2.0"}, digests={"t.parquet": DIGEST},
    columns={"t.parquet": {"age": "Int64", "income": "String"}}, images={"python": "3.11.14-slim"},
)  # fmt: skip


def planned(text=YAML, suffix=".yaml", lock=LOCK):
    listed = dependencies.read(dependencies_bumps.parsed(text, suffix), "m")
    sources = Sources(manifest=text, suffix=suffix, lock=lock, lock_name="constraints.txt")
    return dependencies_bumps.plan(listed, sources, FOUND)


def by_kind(plan):
    return {trial.kind: trial for trial in plan.trials}


def test_a_change_of_every_kind_is_made_and_two_controls():
    plan = planned()
    assert [trial.kind for trial in plan.trials] == [
        "code version (patch)", "code version (minor)", "code version (major)", "image version", "data version",
        "data schema", "nothing", "owner alone",
    ]  # fmt: skip
    assert plan.left == ["service geocoder (what it is now cannot be seen from here)"]


def test_code_is_raised_in_the_lock_file_alone_and_nothing_else_moves():
    trials = by_kind(planned())
    raised = {
        kind: dependencies_locked.read(trials[f"code version ({kind})"].lock, "c.txt")
        for kind in ("patch", "minor", "major")
    }
    before = dependencies_locked.read(LOCK, "c.txt")
    assert {kind: {k: v for k, v in lock.items() if v != before[k]} for kind, lock in raised.items()} == {
        "patch": {"a": "1.9.2"}, "minor": {"b": "1.10.1"}, "major": {"c": "3.0"},
    }  # fmt: skip
    assert trials["code version (minor)"].manifest == YAML
    assert (trials["code version (minor)"].old, trials["code version (minor)"].new) == ("1.9.1", "1.10.1")


def test_without_a_lock_file_the_manifest_says_another_version_before():
    trials = by_kind(planned(lock=None))
    trial = trials["code version (minor)"]
    assert yaml.safe_load(trial.manifest)["code"][1]["version"] == trial.old == "1.10.1"
    assert yaml.safe_load(trial.manifest)["code"][0]["version"] == "1.9.1"
    assert (trial.new, trial.lock) == ("1.9.1", None)


def test_data_and_images_change_in_the_manifest_in_one_place_each():
    trials, whole = by_kind(planned()), yaml.safe_load(YAML)

    def differing(kind):
        changed = yaml.safe_load(trials[kind].manifest)
        return {
            key: value
            for section in ("code", "data", "images")
            for before, after in zip(whole[section], changed[section], strict=True)
            for key, value in after.items()
            if value != before[key]
        }

    assert differing("data version") == {"version": f"sha256:{trials['data version'].old}"}
    assert differing("data schema") == {"columns": ["mlready-column", "income"]}
    assert differing("image version") == {"version": "3.11.15-slim"}
    assert differing("owner alone") == {"owner": "mlready-somebody-else"}
    assert differing("nothing") == {}
    assert trials["data version"].manifest.startswith("# kept as it is written")


def test_toml_and_json_are_changed_as_well():
    for text, suffix in ((TOML, ".toml"), (json.dumps(dependencies_bumps.parsed(TOML, ".toml")), ".json")):
        trial = by_kind(planned(text, suffix, lock=None))["code version (major)"]
        document = dependencies_bumps.parsed(trial.manifest, suffix)
        assert [entry["version"] for entry in document["code"]] == ["1.9.1", "2.9.1"]


def test_a_place_that_cannot_be_changed_as_text_is_said_to_be_left_out():
    text = YAML.replace('"1.9.1"', '"1.9\\u002e1"')
    assert any("does not stand in the file as text" in one for one in planned(text, lock=None).left)


@pytest.mark.parametrize(
    ("version", "place", "other"),
    [("1.9.1", 0, "1.9.2"), ("1.9.1", 1, "1.10.1"), ("1.9.1", 2, "2.9.1"), ("7", 2, "8"), ("2.0", 1, "3.0"),
     ("v1.2-rc1", 0, "v1.3-rc1"), ("bookworm", 0, "bookworm-mlready")],
)  # fmt: skip
def test_versions_move_in_one_place(version, place, other):
    assert dependencies_bumps.moved(version, place) == other


def outcome(message=None, kind="code version (minor)", **more):
    trial = by_kind(planned())[kind]
    return Outcome(trial=trial, messages=[] if message is None else [message], **more)


@pytest.mark.parametrize(
    "message",
    ["@two: B changed from 1.9.1 to 1.10.1.", "b 1.9.1 -> v1.10.1, see #b", "TWO\nb==1.10.1 (was ==1.9.1)"],
)
def test_a_notification_that_names_everything_is_one_in_whatever_words(message):
    assert dependencies_drill.lacks(outcome(message)) == ""


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (None, "nothing arrived"),
        ("something changed", "does not name the dependency"),
        ("@two: b changed to 1.10.1", "does not name the old version (1.9.1)"),
        ("@two: b changed from 1.9.1 to 1.10.10", "does not name the new version (1.10.1)"),
        ("@two: b changed from 11.9.1 to 1.10.1", "does not name the old version"),
        ("@two: bb changed from 1.9.1 to 1.10.1", "does not name the dependency"),
        ("@one: b changed from 1.9.1 to 1.10.1", "does not name owner or channel (@two, #b)"),
    ],
)
def test_a_notification_that_lacks_something_says_what(message, said):
    assert said in dependencies_drill.lacks(outcome(message))


def test_a_digest_may_be_shortened():
    trial = by_kind(planned())["data version"]
    message = f"@one: census {trial.old[:12]} -> {trial.new[:16]}"
    assert dependencies_drill.lacks(outcome(message, "data version")) == ""
    assert "the new version" in dependencies_drill.lacks(outcome(f"@one: census {trial.old[:12]}", "data version"))


def test_a_schema_needs_both_names_of_the_column():
    assert dependencies_drill.lacks(outcome("@one: census lost mlready-column, has age", "data schema")) == ""
    assert "(age)" in dependencies_drill.lacks(outcome("@one: census lost mlready-column", "data schema"))


def test_how_many_were_caught_is_told_by_kind():
    right, wrong = outcome("@two b 1.9.1 1.10.1"), outcome(kind="data version")
    verdict, quiet = dependencies_drill.judge([right, wrong, outcome(kind="nothing")], ["x"])
    assert verdict.outcome == "failed"
    assert {m.name: m.value for m in verdict.measurements} == {
        "simulated changes notified": 1, "changes notified: code version (minor)": 1, "changes notified: data version": 0,
    }  # fmt: skip
    assert verdict.measurements[0].note == "not tried: x"
    assert quiet.outcome == "passed"


def test_a_notification_on_nothing_or_on_a_new_owner_fails():
    for kind in ("nothing", "owner alone"):
        (_, verdict) = dependencies_drill.judge([outcome("@two b 1.9.1 1.10.1"), outcome("all is well", kind)], [])
        assert verdict.outcome == "failed"
        assert "all is well" in verdict.message


def test_a_notifier_that_hangs_fails_also_where_it_should_be_silent():
    for kind in ("nothing", "code version (minor)"):
        hung = outcome(kind=kind, ended="`watch` did not end within 3 s", hung=True)
        assert any("did not end" in v.message for v in dependencies_drill.judge([hung], []) if v.outcome == "failed")


def test_a_notifier_that_breaks_where_it_should_be_silent_has_not_shown_that_it_is():
    broken = outcome(kind="nothing", ended="`watch` ended with status 1")
    (_, verdict) = dependencies_drill.judge([outcome("@two b 1.9.1 1.10.1"), broken], [])
    assert verdict.outcome == "inconclusive"
    assert "ended with status 1" in verdict.message


def test_no_change_that_could_be_simulated_is_inconclusive():
    verdict, _ = dependencies_drill.judge([outcome(kind="nothing")], ["service geocoder"])
    assert verdict.outcome == "inconclusive"
