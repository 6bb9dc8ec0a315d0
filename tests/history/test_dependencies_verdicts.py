from __future__ import annotations

import pytest

from pytest_mlready.history import dependencies, dependencies_verdicts
from pytest_mlready.history.dependencies_required import Required
from pytest_mlready.history.dependencies_verdicts import Found

WHOLE = {"owner": "@team", "channel": "#releases"}
DIGEST = "4a" * 32
DOCUMENT = {
    "code": [{"name": "scikit-learn", "version": "1.9.1", **WHOLE}],
    "data": [
        {"name": "census", "path": "t.parquet", "version": f"sha256:{DIGEST}", "columns": {"a": "Int64"}, **WHOLE}
    ],
    "images": [{"name": "python", "version": "3.11", **WHOLE}],
}
ASKED = (Required(name="Scikit_Learn", pinned="", file="requirements.txt", line=3),)
THERE = {
    "locked": {"scikit-learn": "1.9.1"}, "digests": {"t.parquet": DIGEST}, "columns": {"t.parquet": {"a": "Int64"}},
    "images": {"python": "3.11"}, "trained": ("t.parquet",),
}  # fmt: skip


def judged(document=DOCUMENT, asked=ASKED, **there):
    verdicts = dependencies_verdicts.judge(dependencies.read(document, "m"), asked, Found(**{**THERE, **there}))
    worst = next((v for v in verdicts if v.outcome != "passed"), verdicts[-1])
    return worst.outcome, worst.message


def test_a_manifest_that_is_whole_and_agrees_passes():
    assert judged()[0] == "passed"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"locked": {"scikit-learn": "1.10.0"}}, "code scikit-learn is 1.9.1; the lock file has 1.10.0"),
        ({"locked": {}, "installed": {"scikit-learn": "1.8"}}, "this environment has 1.8"),
        ({"digests": {"t.parquet": "0" * 64}}, "t.parquet has the digest 000000000000…"),
        ({"digests": {"t.parquet": ""}}, "there is no t.parquet"),
        ({"columns": {"t.parquet": {"b": "Int64"}}}, "has no column a any more"),
        ({"columns": {"t.parquet": {"a": "Int64", "b": "Int64"}}}, "has the column b, which"),
        ({"columns": {"t.parquet": {"a": "Float64"}}}, "the column a is Float64, and not Int64"),
        ({"images": {"python": "3.12"}}, "image python is 3.11; the Dockerfile has 3.12"),
        ({"images": {"python": "3.11", "redis": "8"}}, "no entry for the image redis"),
        ({"trained": ("u.parquet",)}, "no entry for the data u.parquet; did you mean"),
    ],
)
def test_what_does_not_agree_or_has_no_entry_fails(there, said):
    outcome, message = judged(**there)
    assert outcome == "failed"
    assert said in message


def test_a_direct_dependency_without_an_entry_fails_with_its_place():
    more = (*ASKED, Required(name="scikit-lern", pinned="", file="requirements.txt", line=4))
    outcome, message = judged(asked=more)
    assert outcome == "failed"
    assert 'scikit-lern (requirements.txt:4); did you mean "scikit-learn"?' in message


def test_an_entry_with_a_placeholder_fails():
    document = {"code": [{**DOCUMENT["code"][0], "owner": "TBD"}]}
    assert "code scikit-learn lacks owner" in judged(document, images={}, trained=())[1]


def test_a_range_is_no_version_since_changes_within_it_go_unseen():
    document = {**DOCUMENT, "code": [{"name": "scikit-learn", "version": ">=1.9", **WHOLE}]}
    assert "which is a range" in judged(document)[1]


def test_data_without_a_digest_fails_with_the_one_to_write():
    document = {**DOCUMENT, "data": [{"name": "census", "path": "t.parquet", "version": "2026-11", **WHOLE}]}
    assert f"(sha256:{DIGEST})" in judged(document)[1]


def test_versions_are_compared_as_pep_440_does_and_the_lock_stands_above_what_is_installed():
    assert judged(locked={"scikit-learn": "1.9.1.0"}, installed={"scikit-learn": "1.8"})[0] == "passed"
    listed = dependencies.read(DOCUMENT, "m")
    told = dependencies_verdicts.elsewhere(listed, Found(**THERE, installed={"scikit-learn": "1.8"}))
    assert told.outcome == "passed"
    assert told.measurements[0].note == "scikit-learn 1.8 (locked 1.9.1)"
    assert dependencies_verdicts.elsewhere(listed, Found(**THERE)) is None


def test_without_requirements_and_without_anything_to_hold_it_against_it_is_inconclusive():
    assert judged(asked=())[0] == "inconclusive"
    document = {"code": DOCUMENT["code"]}
    nothing = {"locked": {}, "digests": {}, "columns": {}, "images": {}, "trained": ()}
    assert judged(document, **nothing) == (
        "inconclusive",
        "no version of the manifest could be held against anything: no lock, no installed package, no file",
    )


def test_what_lies_elsewhere_is_listed_and_held_against_nothing():
    document = {**DOCUMENT, "services": [{"name": "geocoder", "version": "v3", **WHOLE}]}
    verdicts = dependencies_verdicts.judge(dependencies.read(document, "m"), ASKED, Found(**THERE))
    assert "not held against anything here: service geocoder" in verdicts[-1].measurements[0].note
