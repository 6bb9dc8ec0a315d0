from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from alert_runs import file_of, needs_promtool, rule

from pytest_mlready.checks.monitoring import data_invariants as check
from pytest_mlready.errors import Failed, Inconclusive, MissingExtra, ReadinessError, Unverified

SHARE = "sum(rate(rows_invalid_total[5m])) / sum(rate(answers_total{route='/predict'}[5m])) > 0.05"
GOOD = file_of(rule("Invalid", SHARE))
COUNTS = ("counts rows",)


def options(**given):
    return {"items": {check.ITEM.id: given}}


def test_rows_that_are_counted_by_as_many_pass(run):
    one = run(*COUNTS)
    one(check.test_broken_rows_move_the_counter)
    assert one.evidence.notes.grade == "live"
    values = one.values()
    assert values["counter of violations"] == "rows_invalid_total"
    assert values["valid rows counted as violations"] == 0
    assert values["broken rows counted: missing field"] == 1
    assert values["broken rows counted: two rows of a batch"] == 6


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("counts nothing", "rose by 0 on"),
        ("counts twice", "rose by 2 on 1 rows"),
        ("counts valid rows", "valid rows"),
        ("counts no nulls", r"rose by 0 on 1 rows with the fault “null”"),
        ("counts requests", r'counts = "requests"'),
    ],
)
def test_rows_that_are_counted_wrongly_fail(run, fault, said):
    with pytest.raises(Failed, match=said):
        run(fault)(check.test_broken_rows_move_the_counter)


def test_a_counter_of_requests_passes_where_the_settings_say_that_it_is_one(run):
    one = run("counts requests", **options(counts="requests"))
    one(check.test_broken_rows_move_the_counter)
    assert one.values()["broken rows counted: two rows of a batch"] == 3


def test_a_count_of_422_is_taken_only_where_it_is_named(run):
    with pytest.raises(Unverified, match=r"(?s)answers_total\{.*422.*counter = "):
        run()(check.test_broken_rows_move_the_counter)
    named = options(counter='answers_total{route="/predict",status="422"}', counts="requests")
    run(**named)(check.test_broken_rows_move_the_counter)
    with pytest.raises(Failed, match=r'counts = "requests"'):
        run(**options(counter='answers_total{status="422"}'))(check.test_broken_rows_move_the_counter)


def test_a_counter_whose_name_tells_nothing_must_be_named(run):
    with pytest.raises(Failed, match="the page of metrics has no row_refused_total; did you mean"):
        run("counts under another name", **options(counter="row_refused_total"))(
            check.test_broken_rows_move_the_counter
        )


def test_rows_of_the_teams_own_file_are_sent(run, tmp_path):
    (tmp_path / "invalid.json").write_text(json.dumps([{"x": "a"}, {"y": 1}, {"x": 1, "name": 3}]))
    one = run(*COUNTS, **options(invalid="invalid.json"))
    one(check.test_broken_rows_move_the_counter)
    assert one.values()["broken rows counted: rows of the team's"] == 3
    (tmp_path / "invalid.json").write_text("[1, 2]")
    with pytest.raises(ReadinessError, match="a JSON list of tables"):
        run(*COUNTS, **options(invalid="invalid.json"))(check.test_broken_rows_move_the_counter)


def test_held_out_rows_are_sent_as_valid_ones(service, run):
    from alert_runs import Run

    asked = service("metrics", *COUNTS, predict="POST /predict", example=b'{"instances": [{"x": 2}]}',
                    rows=lambda n: [{"x": float(i), "y": 1} for i in range(n)])  # fmt: skip
    one = Run(run().root, asked)
    one(check.test_broken_rows_move_the_counter)
    (noted,) = [e for e in one.evidence.notes.evidence if e["name"] == "valid rows counted as violations"]
    assert noted["n"] == 25


def test_a_service_that_may_not_be_disturbed_is_inconclusive(run, monkeypatch):
    one = run(*COUNTS)
    monkeypatch.setattr("pytest_mlready.serving.plan.Plan.refusal", lambda *_, **__: "it may not be changed")
    with pytest.raises(Inconclusive, match="no broken rows may be sent"):
        one(check.test_broken_rows_move_the_counter)


def test_a_service_that_answers_broken_rows_with_500_is_inconclusive(run):
    with pytest.raises(Inconclusive, match="answered 500, which is no judgement"):
        run(*COUNTS, "trace")(check.test_broken_rows_move_the_counter)


def test_a_missing_validator_is_inconclusive(run, monkeypatch):
    monkeypatch.setattr("pytest_mlready.serving.requests.specimen.find_spec", lambda _: None)
    with pytest.raises(MissingExtra):
        run(*COUNTS)(check.test_broken_rows_move_the_counter)


@pytest.mark.parametrize(
    ("rose", "exactly", "outcome"), [(3, True, "failed"), (3, False, "inconclusive"), (25, False, "failed")]
)
def test_a_few_counts_on_valid_rows_are_told_from_those_of_others_who_ask_meanwhile(rose, exactly, outcome):
    from pytest_mlready.serving.invariants import Seen, judge
    from pytest_mlready.serving.metrics import Movement, Sample

    sample = Sample(name="rows_invalid_total", labels={}, value=rose, kind="counter")
    good = Movement(samples=(sample,), moved={sample.series: rose}, sent=25, statuses=(200,) * 25, seconds=0.01)
    batch = SimpleNamespace(kind="null", rows=1, bodies=({"x": None},))
    broken = Movement(samples=(sample,), moved={sample.series: 1.0}, sent=1, statuses=(422,), seconds=0.01)
    seen = Seen(good=good, one=broken, kinds=(SimpleNamespace(batch=batch, moved=broken),))
    first, *_ = judge(seen, lambda series: series == sample.series, "rows_invalid_total", exactly=exactly)
    assert first.outcome == outcome


@needs_promtool
def test_an_alert_on_the_share_of_broken_rows_passes(run):
    one = run(*COUNTS, text=GOOD)
    one(check.test_an_alert_fires_on_broken_rows)
    assert one.values()["alerts on rows that break the schema that fire on a breach and are silent otherwise"] == 1


@needs_promtool
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("> 0.05", "> 5"), "stays silent even on this"),
        (("> 0.05", "< 0.05"), "fires on healthy traffic"),
        (("> 0.05", ">= 0"), "fires on healthy traffic"),
        (("rows_invalid_total[", "rows_invalid_total{column='x'}["), "has field"),
        (("rows_invalid_total", "rows_invalids_total"), "does not expose; did you mean"),
        (("{severity: page}", "{}"), "severity"),
        (("[5m]", "[30s]"), "fewer than two samples"),
    ],
)
def test_faulty_alerts_on_broken_rows_fail(run, change, said):
    with pytest.raises(Failed) as caught:
        run(*COUNTS, text=GOOD.replace(*change))(check.test_an_alert_fires_on_broken_rows)
    assert said in str(caught.value)


@needs_promtool
def test_an_alert_that_a_usual_share_of_broken_rows_sets_off_fails(run):
    text = GOOD.replace("> 0.05", "> 0.001")
    run(*COUNTS, text=text)(check.test_an_alert_fires_on_broken_rows)
    with pytest.raises(Failed, match=r"fires on healthy traffic with 1\.00% rows"):
        run(*COUNTS, text=text, **options(normal=0.01))(check.test_an_alert_fires_on_broken_rows)


def test_no_rules_are_inconclusive_since_the_counter_alone_is_half(run):
    with pytest.raises(Inconclusive, match="no alert rules"):
        run(*COUNTS)(check.test_an_alert_fires_on_broken_rows)


@needs_promtool
def test_rules_without_an_alert_on_the_counter_fail(run):
    text = file_of(rule("Other", "answers_in_progress > 5"))
    with pytest.raises(Failed, match="none of 1 alerts reads rows_invalid_total"):
        run(*COUNTS, text=text)(check.test_an_alert_fires_on_broken_rows)


BATCHES = """
def broken(rows):
    found = [f"{c} has {rows[c].null_count()} nulls" for c in rows.columns if rows[c].null_count()]
    if rows["age"].max() > 120 or rows["age"].n_unique() < 5:
        found.append("age")
    if not set(rows["job"].unique()) <= {"clerk", "driver", None} or rows["job"].n_unique() < 2:
        found.append("job")
    return found

def deaf(rows):
    return [c for c in rows.columns if rows[c].null_count()]

def wolf(rows):
    return ["age is odd"]

def wrong(rows):
    return True
"""


@pytest.fixture
def batches(tmp_path, monkeypatch):
    """Runs the test on invariants of a batch, by the name of one of the functions above."""
    module = f"batch_invariants_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(BATCHES)
    rng = np.random.default_rng(0)
    rows = pl.DataFrame({"age": rng.integers(17, 90, 300), "job": rng.choice(["clerk", "driver"], 300)})

    def perform(name, endpoint=None):
        given = {o.name: o.default for o in check.ITEM.options} | {"statistics": name and f"{module}:{name}"}
        project = SimpleNamespace(
            root=tmp_path, options=lambda _: given, seed=lambda _: 3,
            settings=SimpleNamespace(endpoint=SimpleNamespace(start="service", url=None) if endpoint is None else endpoint),
        )  # fmt: skip
        from pytest_mlready.evidence import Evidence

        evidence, request = Evidence(), SimpleNamespace(getfixturevalue=lambda _: SimpleNamespace(X=rows))
        check.test_invariants_on_batches_speak_of_what_breaks(project, evidence, request)
        return {e["name"]: e["value"] for e in evidence.notes.evidence}

    return perform


def test_invariants_on_batches_that_hear_of_what_breaks_pass(batches):
    found = batches("broken")
    assert found["broken copies heard of"] == 1
    assert found["broken copies heard of: a column stuck at one value"] == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [("deaf", "never hears of"), ("wolf", "objects to the training rows themselves")],
)
def test_invariants_on_batches_that_are_deaf_or_cry_wolf_fail(batches, name, said):
    with pytest.raises(Failed, match=said):
        batches(name)


def test_invariants_on_batches_that_answer_otherwise_are_an_error(batches):
    with pytest.raises(ReadinessError, match="returned a bool"):
        batches("wrong")


def test_invariants_on_batches_alone_are_inconclusive_and_none_are_unverified(batches):
    with pytest.raises(Inconclusive, match="half of what is asked"):
        batches("broken", endpoint=SimpleNamespace(start=None, url=None))
    with pytest.raises(Unverified, match="no invariants on batches"):
        batches(None)
