"""Pictures held against their numbers: places in the order of the values, ticks that are true, any data survived."""

from __future__ import annotations

import itertools
import re

import pytest
from page_documents import Page, plots

from pytest_mlready.reports.plots import axes, bars, curve_data, figure, histogram, intervals, of_evidence, paths
from pytest_mlready.reports.plots.canvas import fitted, width
from pytest_mlready.reports.plots.numbers import number, shown

ODD = [
    {}, {"rows": None}, {"rows": [None, 3, "x", {}]}, {"groups": [{"value": "nan", "name": 3}]}, {"values": []}, {"values": "abc"},
    {"labels": ["a"], "values": ["nan"]}, {"labels": None, "values": [1]}, {"labels": ["a"], "values": [1e308], "limits": {"x": -1e308}},
    {"labels": ["a", "b"], "values": [0, 0]}, {"values": [5]}, {"values": [0, 0, 0]}, {"values": [-1e308, 1e308]}, {"values": ["inf", None, 2, True]},
    {"values": [5e-324, 1]}, {"x": [1], "y": [1]}, {"x": [], "y": []}, {"x": [1, 2], "y": ["nan", "nan"]}, {"x": ["nan", 1], "y": [1, 2, 3]},
    {"x": [0, 1e308], "y": [-1e308, 1e308]}, {"x": [1, 1], "y": [1, 1], "lower": [0], "upper": [2], "limits": 4, "marks": []},
    {"series": {}, "x": [1]}, {"series": {"a": [1, 0], "b": None}, "x": [1, 2]}, {"x": [1, 2], "y": [10**400, 1]}, {"values": [1] * 5000, "unit": None},
    {"rows": [{"name": "a", "value": 1, "lower": 1, "upper": 1, "min": 1, "max": 1}], "limit": "nan"},
    {"rows": [{"name": ["list"], "value": 1e-320, "lower": -1e300, "upper": 1e300}]}, {"x": [0, 1e-320], "y": [0, 1e-320]},
]  # fmt: skip


def drawn(kind, data, title="t"):
    return Page(str(figure({"kind": kind, "title": title, "data": data}).svg))


def places(page, tag, key, class_):
    return [float(e["attrs"][key]) for e in page.all(tag) if class_ in e["attrs"].get("class", "").split()]


@pytest.mark.parametrize("data", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("kind", ["intervals", "bars", "histogram", "curve", "nothing we know"])
def test_no_data_break_a_picture_and_every_place_is_a_number(kind, data):
    found = figure({"kind": kind, "title": "t", "data": data})
    assert not re.search(r"nan|inf", re.sub(r"<(title|desc|text)\b.*?</\1>", "", str(found.svg)))
    Page(str(found.svg))
    for number_ in re.findall(r'[ "]([xy][12]?|c[xy]|width|height)="([^"]*)"', str(found.svg)):
        assert abs(float(number_[1])) < 1e5


@pytest.mark.parametrize("plot", [{}, {"kind": "bars"}, {"kind": "bars", "data": [1, 2]}, {"data": "x", "kind": None}])
def test_a_plot_without_what_a_plot_has_becomes_a_table_or_nothing(plot):
    assert figure(plot).svg == ""


def test_an_unknown_kind_becomes_a_table_of_its_data():
    found = figure({"kind": "heatmap", "title": "t", "data": {"cells": [1, 2], "name": "x"}})
    assert (found.svg, found.rows) == ("", [["cells", [1, 2]], ["name", "x"]])


@pytest.mark.parametrize("plot", plots(), ids=lambda p: p["kind"])
def test_every_picture_has_a_name_a_description_and_its_numbers_in_a_table(plot):
    found = figure(plot)
    if plot["kind"] in ("a", "table"):
        assert found.rows
        return
    svg = Page(str(found.svg)).elements
    assert svg[0]["attrs"]["role"] == "img"
    assert [e["tag"] for e in svg[1:3]] == ["title", "desc"]
    assert svg[1]["text"] == plot["title"]
    assert svg[2]["text"]
    assert found.rows
    assert all(len(row) == len(found.header) for row in found.rows)


def test_places_grow_with_the_values_on_both_kinds_of_axis():
    values = [0.001, 0.002, 0.01, 0.5, 3]
    for axis in (axes.linear(values, 10, 300), axes.positive(values, 10, 300)):
        found = [axis.at(v) for v in values]
        assert found == sorted(found)
        assert 10 <= found[0] < found[-1] <= 300
    assert axis.log
    assert axis.at(axis.step(0.5)) == pytest.approx(155)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.84, 0.88), (-3, 17), (0, 1e-7), (1e6, 3e6), (-1e300, 1e300), (99.99, 100.01)]
)
def test_ticks_are_round_few_ascending_within_the_ends_and_told_apart_by_their_labels(low, high):
    axis = axes.Axis(low=low, high=high, start=0, end=400)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 6
    assert ticks == sorted(ticks)
    assert all(low - 1e-9 * (high - low) <= t <= high + 1e-9 * (high - low) for t in ticks)
    labels = axes.labels(ticks, "")
    assert len(set(labels)) == len(labels)
    assert [float(t.replace(",", "")) for t in labels] == pytest.approx(ticks, rel=5e-3, abs=5e-3 * (high - low))


def test_ticks_of_minutes_and_hours_are_round_in_minutes_and_hours():
    for high, unit, labels in (
        (780, "s", ["0 min", "5 min", "10 min"]),
        (9000, "s", ["0 h", "0.5 h", "1.0 h", "1.5 h", "2.0 h", "2.5 h"]),
    ):
        axis = axes.linear([0, high], 0, 400, unit=unit, pad=0)
        assert axes.labels(axis.ticks(), unit) == labels
        assert all(0 <= tick <= high for tick in axis.ticks())


def test_labels_that_would_overlap_are_left_out():
    page = drawn("bars", {"labels": ["a"], "values": [1.0], "unit": "requests a second"})
    axis = [e["attrs"] for e in page.all("text") if e["attrs"].get("class") == "axis"]
    spans = [(float(a["x"]), float(a["x"]) + width("0.2 requests a second")) for a in axis]
    assert len(spans) >= 1
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_a_logarithmic_axis_has_ticks_at_powers_of_ten_and_between():
    ticks = axes.Axis(low=0.9, high=120, start=0, end=400, log=True).ticks()
    assert ticks == [1, 3, 10, 30, 100]


def test_an_axis_from_zero_begins_at_zero_exactly():
    axis = axes.linear([3, 8], 0, 100, zero=True)
    assert axis.low == 0
    assert axis.high > 8


def test_labels_carry_a_unit_of_fitting_size():
    assert axes.labels([0, 0.005, 0.01], "s") == ["0 ms", "5 ms", "10 ms"]
    assert axes.labels([0, 0.25, 0.5], "share") == ["0%", "25%", "50%"]


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(0.00234, "s", "2.34 ms"), (90, "s", "90 s"), (1234567, "", "1,234,567"), (0.92714, "", "0.9271"), (True, "", "yes"), (None, "", "–"),
     ("nan", "s", "nan s"), (35_200_000, "bytes", "35.2 MB"), (0.973, "share", "97.3 %"), ([1, 2.5], "", "1, 2.5"), (0, "s", "0 s"), (1e12, "", "1e+12"),
     (16281.0, "rows", "16,281 rows"), (-0.00001, "", "-1e-05"), ({"a": 1}, "", "a: 1"), (10**400, "", "1" + "0" * 400)],
)  # fmt: skip
def test_numbers_are_written_as_people_read_them(value, unit, words):
    assert shown(value, unit) == words


def test_only_finite_numbers_are_numbers():
    assert [number(v) for v in ("nan", float("nan"), float("inf"), None, True, "3", 10**400)] == [None] * 7
    assert number(1e308) == 1e300


def test_bars_are_as_long_as_their_values():
    page = drawn("bars", {"labels": ["a", "b", "c"], "values": [1.0, 2.0, 4.0]})
    wide = places(page, "rect", "width", "bar")
    assert wide == pytest.approx([wide[0], 2 * wide[0], 4 * wide[0]], abs=0.11)


def test_a_negative_bar_lies_on_the_other_side_of_zero():
    page = drawn("bars", {"labels": ["a", "b"], "values": [-2.0, 2.0]})
    (left, right), wide = places(page, "rect", "x", "bar"), places(page, "rect", "width", "bar")
    assert left + wide[0] == pytest.approx(right, abs=0.11)


def test_a_limit_is_drawn_at_its_value_between_the_ends_of_bars():
    page = drawn("bars", {"labels": ["a", "b"], "values": [1.0, 3.0], "limits": {"fails": 2.0, "unset": None}})
    ends = [x + w for x, w in zip(places(page, "rect", "x", "bar"), places(page, "rect", "width", "bar"), strict=True)]
    (limit,) = places(page, "line", "x1", "limit")
    assert limit == pytest.approx(sum(ends) / 2, abs=0.2)
    assert "fails 2" in [e["text"] for e in page.all("text")]


ROW = {"name": "m", "value": 0.9, "lower": 0.85, "upper": 0.95}


def test_an_interval_runs_from_bound_to_bound_with_the_value_between_and_the_limit_where_it_is():
    page = drawn("intervals", {"rows": [{**ROW, "min": 0.8, "max": None}]})
    bound = next(e["attrs"] for e in page.all("line") if e["attrs"]["class"] == "bound")
    (value,), (limit,) = places(page, "circle", "cx", "full"), places(page, "line", "x1", "limit")
    low, high = float(bound["x1"]), float(bound["x2"])
    assert limit < low < value < high
    assert (value - low) / (high - low) == pytest.approx(0.5, abs=0.01)
    assert (low - limit) / (high - low) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("row", "mark"),
    [({"min": 0.8}, "full"), ({"min": 0.88}, "hollow"), ({"min": 0.93}, "cross"), ({"max": 0.97}, "full"), ({"max": 0.92}, "hollow"),
     ({"max": 0.5}, "cross"), ({"value": 0.0, "lower": 0.0, "upper": 0.002, "max": 0.0}, "full"), ({"value": 0.01, "lower": 0.0, "max": 0.0}, "cross"), ({"min": 0.8, "adequate": False}, "hollow"), ({}, "full")],
)  # fmt: skip
def test_the_shape_of_a_mark_tells_how_the_value_stands_to_its_limit(row, mark):
    page = drawn("intervals", {"rows": [{**ROW, **row}]})
    classes = {e["attrs"].get("class") for e in page.elements}
    assert {"full", "hollow", "cross"} & classes == {mark}


def test_an_open_side_ends_at_the_value():
    page = drawn("intervals", {"rows": [{**ROW, "upper": None, "min": 0.8}]})
    bound = next(e["attrs"] for e in page.all("line") if e["attrs"]["class"] == "bound")
    assert float(bound["x2"]) == places(page, "circle", "cx", "full")[0]


def test_metrics_with_limits_of_their_own_have_axes_of_their_own_and_groups_share_one():
    rows = [
        {**ROW, "name": "auc", "min": 0.8},
        {**ROW, "name": "rmse", "value": 41000, "lower": 4e4, "upper": 42000, "max": 5e4},
    ]
    assert len({row.panel for row in intervals.rows({"rows": rows})}) == 2
    assert len({row.panel for row in intervals.rows({"rows": [{**r, "min": 0.8, "max": None} for r in rows]})}) == 1
    groups = [{**ROW, "metric": m, "limit": 0.8} for m in ("recall", "recall", "accuracy")]
    assert [row.panel for row in intervals.rows({"groups": groups})] == ["recall", "recall", "accuracy"]


def test_of_a_thousand_groups_the_nearest_to_their_limits_are_drawn():
    groups = [
        {"name": f"g{i}", "metric": "m", "value": i / 1000, "lower": i / 1000, "upper": i / 1000, "min": 0.5}
        for i in range(1000)
    ]
    found = figure({"kind": "intervals", "title": "t", "data": {"groups": groups}}, numbers=10)
    names = {e["text"] for e in Page(str(found.svg)).all("text")}
    assert {"g499", "g490"} <= names
    assert "g0" not in names
    assert (found.shown, len(found.rows), found.rows_left) == (24, 10, 990)
    assert len(found.svg) < 20_000


def test_measurements_with_bounds_and_limits_make_a_picture_of_their_own():
    entries = [{"name": f"violations: {n}", "value": 0.1, "max": 0.2, "interval": [None, 0.15]} for n in "ab"]
    plot = of_evidence(entries)
    assert plot["title"] == "Violations: bounds and limits"
    assert [row["name"] for row in plot["data"]["rows"]] == ["a", "b"]
    assert of_evidence(entries[:1]) is None


def test_what_all_names_end_with_stands_once_in_the_title():
    entries = [{"name": f"{n}: gain over production", "value": 0.1, "max": 0.2, "interval": [None, 0.15]} for n in "ab"]
    plot = of_evidence(entries)
    assert plot["title"] == "Gain over production: bounds and limits"
    assert [row["name"] for row in plot["data"]["rows"]] == ["a", "b"]
    assert of_evidence([*entries, {**entries[0], "name": "c"}])["title"] == "Measured: bounds and limits"


def test_measurements_in_different_units_stand_on_axes_of_their_own():
    entries = [
        {"name": n, "value": 0.1, "max": 0.2, "interval": [None, 0.15], "unit": u}
        for n, u in zip("abc", ("", "s", "s"), strict=True)
    ]
    page = Page(str(figure(of_evidence(entries)).svg))
    words = [e["text"] for e in page.all("text")]
    assert sum("150 ms" in word for word in words) == 2
    assert "0.150" in words


def test_a_histogram_counts_every_value_once_and_its_heights_follow_the_counts():
    values = [float(i % 17) for i in range(1000)]
    spread = histogram.bins(values, axes.positive(values, 0, 100))
    assert sum(n for *_, n in spread) == 1000
    assert [a for a, *_ in spread[1:]] == [b for _, b, _ in spread[:-1]]
    page = drawn("histogram", {"values": values})
    tall, counts = places(page, "rect", "height", "bar"), [n for *_, n in spread if n]
    assert [t / max(tall) for t in tall] == pytest.approx([n / max(counts) for n in counts], abs=0.01)


def test_a_value_falls_into_the_bin_whose_edges_hold_it():
    values = [0.001 * 1.1**i for i in range(80)]
    spread = histogram.bins(values, axes.positive(values, 0, 100))
    for low, high, n in spread:
        assert n == sum(low * (1 - 1e-12) < v <= high * (1 + 1e-12) for v in values) or low == spread[0][0]


def test_percentiles_are_those_of_the_data_where_none_are_given():
    assert histogram.marks({}, [float(i) for i in range(1, 101)]) == {"p50": 50, "p95": 95, "p99": 99}
    assert histogram.marks({"marks": {"p99": 7, "p50": "nan"}}, [1.0]) == {"p99": 7}


def test_percentiles_and_limits_stand_in_the_order_of_their_values():
    page = drawn("histogram", {"values": [0.01 * i for i in range(1, 101)], "unit": "s", "limits": {"p99": 1.5}})
    marks = places(page, "line", "x1", "mark")
    assert marks == sorted(marks)
    assert marks[-1] < places(page, "line", "x1", "limit")[0]


def test_a_hundred_thousand_values_make_a_small_picture():
    found = figure({"kind": "histogram", "title": "t", "data": {"values": [float(i) for i in range(100_000)]}})
    assert len(found.svg) < 10_000


def test_a_rising_line_rises_and_a_gap_stays_a_gap():
    page = drawn("curve", {"x": [0, 1, 2, 3, 4], "y": [1, 2, "nan", 4, 5]})
    lines = [e["attrs"]["d"] for e in page.all("path") if "line" in e["attrs"]["class"]]
    assert len(lines) == 2
    points = [tuple(map(float, p.split())) for p in "L".join(line[1:] for line in lines).split("L")]
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in itertools.pairwise(points))


def test_a_line_of_many_points_keeps_its_peak():
    points = [(float(i), 50.0) for i in range(10_000)]
    points[7777] = (7777.0, 1.0)
    thin = paths.thinned(points, 200)
    assert len(thin) <= 200
    assert (7777.0, 1.0) in thin
    assert [x for x, _ in thin] == sorted(x for x, _ in thin)


def test_a_roc_curve_stands_in_a_square_with_its_diagonal_from_corner_to_corner():
    page = drawn("curve", {"x": [0, 0.1, 1], "y": [0, 0.8, 1], "diagonal": True})
    diagonal = next(e["attrs"] for e in page.all("line") if e["attrs"]["class"] == "diagonal")
    start, end = page.all("path")[-1]["attrs"]["d"][1:].split("L")[::2]
    assert start == f"{diagonal['x1']} {diagonal['y1']}"
    assert end == f"{diagonal['x2']} {diagonal['y2']}"


def test_answers_over_time_have_a_lane_each():
    page = drawn("curve", {"x": [0, 1, 2], "series": {"live": [0, 1, 1], "ready": [0, 0, 1]}, "x_label": "seconds"})
    assert sum("line" in e["attrs"]["class"] for e in page.all("path")) == 2
    assert {"live", "ready", "filled: yes"} <= {e["text"] for e in page.all("text")}
    assert not curve_data.read({"x": [0], "series": {"score": [0]}, "steps": False}).two


def test_long_names_are_cut_to_the_room_and_stand_above_their_rows():
    assert fitted("a" * 100, 140).endswith("…")
    assert width(fitted("漢字" * 50, 140)) <= 140
    page = drawn("bars", {"labels": ["short", "a name that is far too long to stand beside a bar"], "values": [1, 2]})
    assert "a name that is far too long to stand beside a bar" in [e["text"] for e in page.all("text")]


def test_limits_that_are_no_table_are_none():
    assert bars.limits({"limits": [1]}) == {}
    assert bars.limits({"limits": {"a": "inf", "b": 2}}) == {"b": 2}
