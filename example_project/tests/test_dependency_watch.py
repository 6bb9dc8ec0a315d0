"""What the nightly watch on dependencies says, and that it is silent while nothing changes."""

from __future__ import annotations

import copy

import pytest
import yaml
from monitoring.dependency_watch import PROJECT, changes

MANIFEST = yaml.safe_load((PROJECT / "dependencies.yaml").read_text(encoding="utf-8"))
LOCK = (PROJECT / "service" / "constraints.txt").read_text(encoding="utf-8")


def told(manifest=MANIFEST, lock=LOCK):
    return [change.message() for change in changes(manifest, lock)]


def with_entry(kind, **change):
    manifest = copy.deepcopy(MANIFEST)
    manifest[kind][0] |= change
    return manifest


def test_it_is_silent_while_nothing_changes():
    assert told() == []


def test_a_bump_in_the_lock_file_is_told_with_both_versions_and_the_owner():
    (message,) = told(lock=LOCK.replace("scikit-learn==1.9.1", "scikit-learn==1.10.0"))
    assert (message["dependency"], message["old"], message["new"]) == ("scikit-learn", "1.9.1", "1.10.0")
    assert message["owner"] in message["text"]


@pytest.mark.parametrize(
    ("kind", "change", "what"),
    [
        ("data", {"version": "sha256:" + "0" * 64}, "the content"),
        ("data", {"columns": {**MANIFEST["data"][0]["columns"], "age": "Float64"}}, "the schema"),
        ("data", {"path": "data/gone.parquet"}, "the content"),
        ("images", {"version": "3.11.13-slim-bookworm"}, "the tag"),
        ("code", {"name": "no-such-package"}, "the version"),
    ],
)
def test_every_kind_of_change_is_told(kind, change, what):
    (message,) = told(with_entry(kind, **change))
    assert f"{what} of " in message["text"]
