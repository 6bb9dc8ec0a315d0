"""Rows are found in the bodies that people send, and broken one field at a time."""

from __future__ import annotations

import pytest

from pytest_mlready.errors import Inconclusive, ReadinessError
from pytest_mlready.serving import broken_rows, invariants
from pytest_mlready.serving.invariants import Kind, Seen
from pytest_mlready.serving.metrics import Movement, Sample
from pytest_mlready.serving.requests.specimen import Specimen

ROW = {"age": 39, "job": "clerk"}


@pytest.mark.parametrize(
    ("body", "place", "row", "two"),
    [
        ({"instances": [ROW, ROW]}, ("instances",), ROW, {"instances": [1, 2]}),
        ([ROW], (), ROW, [1, 2]),
        ({"dataframe_split": {"columns": ["age"], "data": [[39], [40]]}}, ("dataframe_split", "data"), [39],
         {"dataframe_split": {"columns": ["age"], "data": [1, 2]}}),
        (ROW, None, ROW, 1),
        ({"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1.0]}]}, None, None, 1),
    ],
    ids=["instances", "a list", "MLflow", "one row", "Open Inference Protocol"],
)  # fmt: skip
def test_rows_are_found_where_people_send_them(body, place, row, two):
    shape = broken_rows.form(body)
    assert shape.place == place
    assert shape.row == (body if row is None else row)
    assert shape.holding(1, 2) == two


def test_a_body_without_rows_is_inconclusive():
    with pytest.raises(Inconclusive, match="no JSON with rows"):
        broken_rows.form(None)


def specimen(value, excluded=None):
    """A good request; `excluded` tells whether the service's document excludes a body."""
    schema = None if excluded is None else {}
    good = Specimen(request=None, value=value, headers={}, url="", methods=frozenset(), schema=schema)

    class Judging:
        value, schema = good.value, good.schema

        def excluded(self, body):
            return "" if excluded is None or not excluded(body) else "no"

    return Judging()


def test_without_a_schema_only_another_type_is_certain_to_break_it():
    value = {"instances": [ROW]}
    kinds = [b.kind for b in broken_rows.batches(specimen(value), broken_rows.form(value))]
    assert kinds == ["wrong type", "two rows of a batch"]


def test_with_a_schema_every_kind_that_it_excludes_is_sent_and_one_field_is_broken_in_each_row():
    value = {"instances": [ROW]}
    good = specimen(value, lambda body: any(row != ROW for row in body["instances"]))
    made = {b.kind: b for b in broken_rows.batches(good, broken_rows.form(value))}
    assert set(made) == {
        "wrong type", "out of range", "unknown word", "null", "missing field", "unknown field", "two rows of a batch",
    }  # fmt: skip
    assert made["null"].bodies == ({"instances": [{**ROW, "age": None}]}, {"instances": [{**ROW, "job": None}]})
    assert (made["two rows of a batch"].rows, len(made["two rows of a batch"].bodies)) == (6, 3)
    assert [row == ROW for row in made["two rows of a batch"].bodies[0]["instances"]] == [False, True, False]


def test_a_schema_that_allows_everything_is_inconclusive():
    value = {"instances": [ROW]}
    with pytest.raises(Inconclusive, match="allows every row that was tried"):
        broken_rows.batches(specimen(value, lambda _: False), broken_rows.form(value))


def test_a_service_that_takes_one_row_is_sent_no_batches():
    good = specimen(ROW, lambda body: body != ROW)
    assert "two rows of a batch" not in [b.kind for b in broken_rows.batches(good, broken_rows.form(ROW))]


def test_rows_of_another_form_are_refused():
    with pytest.raises(ReadinessError, match="a JSON list of tables"):
        broken_rows.given(broken_rows.form({"instances": [ROW]}), [[1]], "invalid.json")


def moved(sent, **by):
    series = {(name, frozenset()): float(n) for name, n in by.items() if n}
    samples = tuple(Sample(name=name, labels={}, value=float(n), kind="counter") for name, n in by.items())
    return Movement(samples=samples, moved=series, sent=sent, statuses=(422,) * sent, seconds=0.01)


def seen(good, bad):
    batch = broken_rows.Batch(kind="null", bodies=({},) * 3, rows=3)
    return Seen(good=moved(3, **good), one=moved(5, **bad), kinds=(Kind(batch=batch, moved=moved(3, **bad)),))


def test_of_several_counters_that_tell_of_violations_the_one_that_counts_rightly_is_taken():
    both = seen({"requests_rejected_total": 0}, {"requests_rejected_total": 1, "rows_invalid_total": 3})
    assert invariants.guessed(both) == "rows_invalid_total"
    assert invariants.guessed(seen({}, {"answers_total": 3})) is None


@pytest.mark.parametrize(
    "name",
    ["income_schema_violations_total", "rows_invalid_total", "bad_rows_total", "validation_errors_total",
     "features_out_of_range_total", "data_quality_failures_total", "schema_mismatches_total"],
)  # fmt: skip
def test_names_that_people_give_to_such_counters_are_known(name):
    assert invariants.NAMES.search(name)


@pytest.mark.parametrize(
    "name", ["http_requests_total", "predictions_total", "validated_rows_total", "schema_loads_total"]
)
def test_other_names_are_not(name):
    assert not invariants.NAMES.search(name)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("nan_scores_total", True), ("predictions_nonfinite_total", True), ("outputs_non_finite_total", True),
     ("inf_outputs_total", True), ("scores_nans_total", True), ("finance_requests_total", False),
     ("tenant_requests_total", False), ("inference_requests_total", False), ("process_info_total", False)],
)  # fmt: skip
def test_names_of_counters_of_what_is_no_number_are_told_from_others(name, is_one):
    from pytest_mlready.serving import nonfinite

    assert nonfinite.guessed([(name, "counter")]) == ((name,) if is_one else ())
