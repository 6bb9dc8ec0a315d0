"""Two reports held against one another: what rose, what fell, what moved beyond noise, and what was loosened."""

from __future__ import annotations

import copy
import json
import tomllib

import pytest
from given import check_report, fully_verified, outcome, waiver

from pytest_mlready import comparison, trend
from pytest_mlready.errors import ReadinessError
from pytest_mlready.gate import Policy
from pytest_mlready.reports import changes, document
from pytest_mlready.settings import Settings
from pytest_mlready.tally import Facts, tally

SECRETS = "security.no_secrets"
METRICS = "model_quality.metric_thresholds"
PROVENANCE = {
    "commit": "a" * 40, "dirty": False, "settings_sha256": None, "model_sha256": None, "data_sha256": {}, "seed": 1,
    "versions": {}, "trigger": "local", "started": "2026-11-23T10:00:00+00:00", "seconds": 1.5, "as_of": "2026-11-23",
}  # fmt: skip


def report(catalog, some: Facts, **settings):
    made = document.build(
        tally(catalog, some), policy=Policy(), shortfalls=(), settings=Settings.model_validate(settings),
        provenance=PROVENANCE, trouble=(), bare=(),
    )  # fmt: skip
    check_report(made, catalog)
    return made


@pytest.fixture
def whole(catalog):
    return report(catalog, fully_verified(catalog))


def without(catalog, item):
    every = fully_verified(catalog)
    kept = tuple(o for o in every.outcomes if o.items != (item,))
    return Facts(outcomes=kept, attestations=every.attestations, automation=every.automation)


def auc(catalog, value, interval, **limits):
    entry = {"name": "roc_auc", "value": value, "interval": interval, **limits}
    return report(catalog, Facts(outcomes=(outcome(METRICS, evidence=(entry,)),)))


def test_a_report_held_against_itself_has_not_changed(whole):
    compared = comparison.compare(whole, whole)
    assert not list(changes.lines(compared))
    assert not list(comparison.shortfalls(compared))


def test_an_item_that_fell_and_one_that_rose_are_told_with_their_status(catalog, whole):
    worse = report(catalog, without(catalog, SECRETS))
    (fell,) = comparison.compare(whole, worse)["fell"]
    assert (fell["item"], fell["from"], fell["to"], fell["was"], fell["is"]) == (
        SECRETS,
        1,
        0,
        "verified",
        "unverified",
    )
    (rose,) = comparison.compare(worse, whole)["rose"]
    assert rose["item"] == SECRETS
    assert any(
        "fell      security.no_secrets: 1 -> 0" in text for _, text in changes.lines(comparison.compare(whole, worse))
    )


@pytest.mark.parametrize(
    ("now", "moved"),
    [((0.91, [0.90, 0.92]), False), ((0.85, [0.84, 0.86]), True), ((0.99, [0.98, None]), True), ((0.85, None), False)],
)
def test_a_metric_counts_as_moved_only_beyond_both_intervals(catalog, now, moved):
    before = auc(catalog, 0.92, [0.91, 0.93], min=0.8)
    value, interval = now
    after = auc(catalog, value, interval or [None, None], min=0.8)
    found = comparison.compare(before, after)["metrics"]
    assert bool(found) == moved
    if moved:
        assert found[0]["better"] == (value > 0.92)


def test_which_way_is_better_is_told_by_the_limit_and_by_nothing_else(catalog):
    def better(**limits):
        before, after = (auc(catalog, v, [v - 0.01, v + 0.01], **limits) for v in (0.5, 0.9))
        return comparison.compare(before, after)["metrics"][0]["better"]

    assert (better(min=0.1), better(max=1.0), better(), better(min=0.1, max=1.0)) == (True, False, None, None)


def test_looser_policy_without_a_reason_is_a_shortfall_with_the_lines_to_paste(catalog):
    before = report(catalog, fully_verified(catalog), metrics={"roc_auc": {"min": 0.9}})
    after = report(catalog, fully_verified(catalog), metrics={"roc_auc": {"min": 0.88}})
    (said,) = comparison.shortfalls(comparison.compare(before, after))
    assert "metrics.roc_auc.min was changed from 0.9 to 0.88" in said
    assert '[[tool.mlready.loosened]] what = "metrics.roc_auc.min" to = 0.88 reason = "…"' in said


def test_looser_policy_with_a_reason_is_shown_and_no_shortfall(catalog):
    before = report(catalog, fully_verified(catalog), metrics={"roc_auc": {"min": 0.9}})
    told = [{"what": "metrics.roc_auc.min", "to": 0.88, "reason": "labels are stricter now"}]
    after = report(catalog, fully_verified(catalog), metrics={"roc_auc": {"min": 0.88}}, loosened=told)
    compared = comparison.compare(before, after)
    assert not list(comparison.shortfalls(compared))
    assert any("labels are stricter now" in text for _, text in changes.lines(compared))


def test_a_check_that_was_replaced_is_policy_that_was_loosened(catalog):
    def with_test(test, *, builtin):
        return report(catalog, Facts(outcomes=(outcome(SECRETS, id=test, builtin=builtin),)))

    before = with_test("mlready::security::no_secrets::test_images", builtin=True)
    after = with_test("tests/test_ours.py::test_secrets", builtin=False)
    (said,) = comparison.shortfalls(comparison.compare(before, after))
    assert "built-in checks of security.no_secrets were replaced (test_images)" in said


def test_a_new_waiver_and_a_new_exemption_are_told_in_words(catalog):
    before = report(catalog, fully_verified(catalog))
    settings = {
        "not_applicable": {"infrastructure.autoscaling": "fixed load"},
        "waivers": [{"item": SECRETS, "owner": "p", "reason": "r", "expires": "2027-01-31"}],
    }
    made = Settings.model_validate({**settings, "waivers": []})
    assert made.not_applicable
    after = copy.deepcopy(before)
    after["judged_by"] |= {"not_applicable.infrastructure.autoscaling": "declared", f"waivers.{SECRETS}": "2027-01-31"}
    said = " ".join(comparison.shortfalls(comparison.compare(before, after)))
    assert "infrastructure.autoscaling was declared not applicable" in said
    assert "security.no_secrets was waived until 2027-01-31" in said
    assert waiver(SECRETS).valid


BEFORE = {"task": "regression", "gate": {"required": ("security.*", "rollback.*")}, "metrics": {"r2": {"min": 0.5}}}


@pytest.mark.parametrize(
    "now",
    [
        {"metrics": {"r2": {"min": 0.25}}},
        {"metrics": {}},
        {"task": "ranking"},
        {"task": None},
        {"confidence": 0.0},
        {"gate": {"required": ("rollback.*",)}},
        {"gate": {"required": ()}},
        {"gate": {**BEFORE["gate"], "accept_attested": True}},
        {"model": {"trust": ("ab" * 32, "cd" * 32)}},
        {"model": {"first_release": "es gibt noch keins"}},
        {"data": {"positive": False}},
        {"data": {"subgroups": ("sex", ("sex", "race"))}, "deploy": {"manifests": ("k8s/",)}},
        {"not_applicable": {"infrastructure.autoscaling": "fixed load"}},
        {"waivers": ({"item": SECRETS, "owner": "p", "reason": "r", "expires": "2027-01-31"},)},
        {"items": {SECRETS: {"builtin": False, "reason": "ours"}}},
        {"items": {"monitoring.resource_utilization": {"gpu": False}}},
        {"items": {"security.input_validation": {"allow": {"null": "we take it"}}}},
        {"items": {"monitoring.model_staleness": {"stages": [{"name": 'a "b"', "max_age": "9 d"}]}}},
    ],
)
def test_the_lines_to_paste_are_a_reason_for_the_change_that_they_were_shown_for(catalog, now):
    before = report(catalog, fully_verified(catalog), **BEFORE)
    after = report(catalog, fully_verified(catalog), **{**BEFORE, **now})
    loosened = comparison.compare(before, after)["loosened"]
    pasted = [comparison.fix(change).replace("…", "because") for change in loosened]
    for name in ("to", "reason"):
        pasted = [line.replace(f" {name} = ", f"\n{name} = ") for line in pasted]
    told = tomllib.loads("\n".join(pasted).replace("[[tool.mlready.loosened]] ", "[[loosened]]\n"))["loosened"]
    if now != {"task": None}:
        assert pasted
    explained = report(catalog, fully_verified(catalog), **{**BEFORE, **now}, loosened=told)
    assert not list(comparison.shortfalls(comparison.compare(before, explained)))


def test_other_held_out_data_need_a_reason_once_and_another_path_to_the_same_none(catalog, whole):
    def judged(source, digest, **settings):
        made = report(catalog, fully_verified(catalog), **settings)
        made["provenance"] |= {"data_sha256": {"train": None, "heldout": digest}}
        made["subject"]["heldout"] = source
        return made

    before = judged("a.csv", "1" * 64)
    (said,) = comparison.shortfalls(comparison.compare(before, judged("a.csv", "2" * 64)))
    assert "data.heldout was changed" in said
    assert not list(comparison.shortfalls(comparison.compare(before, judged("b.csv", "1" * 64))))
    assert list(comparison.shortfalls(comparison.compare(judged("m:a", None), judged("m:b", None))))
    monthly = [{"what": "data.heldout", "reason": "drawn anew every month by data/split.py"}]
    for digest in ("3" * 64, "4" * 64):
        assert not list(comparison.shortfalls(comparison.compare(before, judged("a.csv", digest, loosened=monthly))))


def test_a_least_score_that_the_command_line_lowers_is_seen(catalog, whole):
    before, after = copy.deepcopy(whole), copy.deepcopy(whole)
    before["judged_by"]["gate.min_score"] = after["judged_by"]["gate.min_score"] = 2.0
    before["policy"]["min_score"], after["policy"]["min_score"] = 2.0, 0.5
    (said,) = comparison.shortfalls(comparison.compare(before, after))
    assert "gate.min_score was changed from 2.0 to 0.5" in said


def test_an_option_of_an_item_that_had_nothing_to_be_judged_by_yet_loosens_nothing(catalog):
    cold = "infrastructure.cold_start"
    after = report(catalog, fully_verified(catalog), items={cold: {"limit": "90 s"}})
    assert not list(comparison.shortfalls(comparison.compare(report(catalog, Facts(outcomes=())), after)))
    (said,) = comparison.shortfalls(comparison.compare(report(catalog, fully_verified(catalog)), after))
    assert f"items.{cold}.limit was set to 90.0" in said


def test_a_project_that_grows_is_asked_for_no_reasons(catalog):
    """Model, data, service and manifests are named for the first time: nothing was judged before."""
    grown = {
        "task": "binary-classification",
        "risk": "high",
        "model": {"path": "m.skops", "first_release": "nothing is live yet", "max_size": 5_000_000},
        "data": {"heldout": "h.csv", "target": "y", "positive": "yes", "weight": "w", "subgroups": ("sex",)},
        "metrics": {"roc_auc": {"min": 0.9, "margin": 0.02, "subgroup_min": 0.8}},
        "endpoint": {"start": "serve", "expect": "answer.json", "peak_rps": 40.0, "slo": {"p99": 0.25}},
        "deploy": {"manifests": ("k8s/",), "images": ("image.tar",)},
        "gate": {"min_score": 1.0, "required": ("security.*",)},
        "items": {"infrastructure.load_test": {"factor": 1.5}},
    }
    before, after = report(catalog, Facts(outcomes=())), report(catalog, fully_verified(catalog), **grown)
    after["provenance"] = {**PROVENANCE, "data_sha256": {"train": None, "heldout": "1" * 64}}
    before["provenance"] = {**PROVENANCE, "data_sha256": {"train": None, "heldout": None}}
    assert not list(comparison.shortfalls(comparison.compare(before, after)))


def test_a_first_release_is_no_way_out_once_models_were_judged(catalog):
    after = report(catalog, fully_verified(catalog), model={"first_release": "nothing is live yet"})
    (said,) = comparison.shortfalls(comparison.compare(report(catalog, fully_verified(catalog)), after))
    assert "model.first_release was set to" in said


def test_an_option_stricter_than_its_default_needs_no_reason_and_a_weaker_one_does(catalog):
    def factor(value):
        settings = {"items": {"infrastructure.load_test": {"factor": value}}} if value else {}
        return report(catalog, fully_verified(catalog), **settings)

    assert not list(comparison.shortfalls(comparison.compare(factor(None), factor(3.0))))
    assert not list(comparison.shortfalls(comparison.compare(factor(1.5), factor(None))))
    (said,) = comparison.shortfalls(comparison.compare(factor(None), factor(1.0)))
    assert "items.infrastructure.load_test.factor was set to 1.0" in said
    (said,) = comparison.shortfalls(comparison.compare(factor(3.0), factor(None)))
    assert "items.infrastructure.load_test.factor = 3.0 was taken away" in said


def test_checks_that_are_switched_off_for_ones_own_need_one_reason_and_not_two(catalog):
    def of(test, *, builtin, **settings):
        return report(catalog, Facts(outcomes=(outcome(SECRETS, id=test, builtin=builtin),)), **settings)

    before = of("mlready::security::no_secrets::test_images", builtin=True)
    off = {"items": {SECRETS: {"builtin": False, "reason": "ours"}}}
    (said,) = comparison.shortfalls(comparison.compare(before, of("test_ours", builtin=False, **off)))
    assert "the built-in checks of security.no_secrets were switched off" in said


def test_a_report_that_does_not_say_what_it_was_judged_by_cannot_be_held_to(whole):
    old = copy.deepcopy(whole)
    del old["judged_by"]
    (said,) = comparison.shortfalls(comparison.compare(old, whole, path="ratchet.json"))
    assert said.startswith("ratchet.json does not say what it was judged by")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not valid JSON"),
        ("[1]", "no report"),
        ('{"schema_version": 1}', "no report"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path, content, said):
    path = tmp_path / "old.json"
    path.write_text(content)
    with pytest.raises(ReadinessError, match=said):
        comparison.read(path)


@pytest.mark.parametrize("broken", ["points", "tests", "status"])
def test_a_report_that_somebody_changed_is_refused_without_a_traceback(whole, broken):
    old = copy.deepcopy(whole)
    del old["items"][SECRETS][broken]
    with pytest.raises(ReadinessError, match="lacks what a comparison looks up"):
        comparison.compare(
            old, copy.deepcopy(whole) | {"items": {**whole["items"], SECRETS: {**whole["items"][SECRETS], "points": 0}}}
        )


@pytest.mark.parametrize(
    "change",
    [
        {"status": None},
        {"points": "1"},
        {"points": None},
        {"points": True},
        {"tests": [{"id": "a"}]},
        {"tests": 3},
    ],
)
def test_what_a_comparison_would_stumble_over_is_refused_when_the_report_is_read(tmp_path, whole, change):
    old = copy.deepcopy(whole)
    old["items"][SECRETS] |= change
    (tmp_path / "old.json").write_text(json.dumps(old))
    with pytest.raises(ReadinessError, match=r"old\.json"):
        comparison.read(tmp_path / "old.json")


@pytest.mark.parametrize("judged_by", [3, "x", [1]])
def test_a_report_whose_policy_is_no_table_is_refused(tmp_path, whole, judged_by):
    (tmp_path / "old.json").write_text(json.dumps({**whole, "judged_by": judged_by}))
    with pytest.raises(ReadinessError, match="lacks what a comparison looks up"):
        comparison.read(tmp_path / "old.json")


def test_a_folder_of_reports_is_a_trend_oldest_first(tmp_path, whole):
    for n, day in enumerate(("2026-11-03", "2026-11-01", "2026-11-02")):
        one = copy.deepcopy(whole)
        one["provenance"]["started"] = f"{day}T10:00:00+00:00"
        (tmp_path / f"{n}.json").write_text(json.dumps(one))
    (tmp_path / "notes.json").write_text("{}")
    points, refused = trend.read(tmp_path)
    assert [p["started"][:10] for p in points] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert points[0]["ml_test_score"] == 7
    assert len(refused) == 1
    assert "notes.json" in refused[0]


def test_a_folder_that_is_not_there_has_no_history_yet(tmp_path):
    assert trend.read(tmp_path / "none") == ([], [])
