"""Pictures of what the domain functions really hand over: staleness, drift, slices, scaling, cold starts, load."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from page_documents import Page

from pytest_mlready.drift import verdicts
from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.findings import Bands, Detection, Finding
from pytest_mlready.drift.windows import Windows
from pytest_mlready.manifests import scaling_record
from pytest_mlready.quality import slices, staleness
from pytest_mlready.reports.plots import figure

RNG = np.random.default_rng(5)


def places(page, tag, key, class_):
    return [float(e["attrs"][key]) for e in page.all(tag) if class_ in e["attrs"].get("class", "").split()]


def drawn(kind, data, title="t"):
    found = figure({"kind": kind, "title": title, "data": data})
    return found, Page(str(found.svg))


def words(page):
    return [e["text"] for e in page.all("text")]


def drifted(columns, moved, rows=1500):
    reference = pl.DataFrame({f"x{i}": RNG.normal(size=rows) for i in range(columns)})
    current = pl.DataFrame({f"x{i}": RNG.normal(size=rows) + (i in moved) for i in range(columns)})
    return Builtin()(Windows(reference=reference, current=current))


def test_drift_shows_every_column_with_its_bands_and_one_that_moved_beyond_them():
    found, page = drawn("bars", verdicts.picture(drifted(3, {1}), Bands()))
    assert found.header == ["Name", "Value", "warns at", "fails at"]
    assert found.rows[0][0] == "x1"
    ends = [x + w for x, w in zip(places(page, "rect", "x", "bar"), places(page, "rect", "width", "bar"), strict=True)]
    limits = places(page, "line", "x1", "limit")
    assert len(limits) == 6
    warn, fail = sorted(limits[:2])
    assert ends[0] > fail > warn > max(ends[1:])
    assert any(word.startswith("fails at 0.2") for word in words(page))


def test_two_hundred_columns_are_cut_to_the_gravest_and_stay_small():
    data = verdicts.picture(drifted(200, {150, 199}, rows=300), Bands())
    found, page = drawn("bars", data)
    assert {"x150", "x199"} <= set(words(page))
    assert found.shown == 24
    assert len(found.svg) < 20_000


def test_a_p_value_stands_against_its_own_threshold_and_not_against_bands_of_another_statistic():
    said = Finding(column="age", part="values", state="quiet", value=0.4, limit=0.05, method="ks")
    found, page = drawn("bars", verdicts.picture(Detection(findings=(said,)), Bands()))
    assert found.rows == [["age", "0.4", "0.05"]]
    assert "fails at 0.05" in words(page)
    assert not [word for word in words(page) if word.startswith("warns")]


def test_slices_become_a_table_with_a_row_for_each():
    frame = pl.DataFrame({"job": RNG.choice(["nurse", "clerk", "cook"], 3000)})
    loss = (RNG.random(3000) < np.where(frame["job"] == "nurse", 0.4, 0.1)).astype(float)
    found, _ = drawn("table", slices.table(slices.search(frame, loss)))
    assert found.svg == ""
    assert found.header == ["Slice", "Rows", "Loss", "At least", "Overall", "Adjusted p"]
    assert found.rows[0][0] == "job = nurse"
    assert float(found.rows[0][2]) == pytest.approx(0.4, abs=0.05)
    assert (len(found.rows), found.rows_left) == (3, 0)


def test_quality_lost_by_age_shows_its_bounds_the_margin_and_the_maximum_age():
    points = [
        staleness.Point(name=str(age), age=age, gap=gap, lower=gap - 0.004, upper=gap + 0.004, n=1000)
        for age, gap in ((30.0, 0.002), (60.0, 0.008), (120.0, 0.03))
    ]
    curve = staleness.Curve(metric="accuracy", margin=0.02, points=tuple(points), confidence=0.95)
    found, page = drawn("curve", staleness.picture(curve))
    assert "maximum age 60 d" in words(page)
    assert "– – margin 0.02" in words(page)
    assert [e["attrs"]["class"] for e in page.all("path")].count("band") == 1
    assert [row[0] for row in found.rows] == [0, 30, 60, 120]
    (margin,), dots = places(page, "line", "y1", "limit"), places(page, "circle", "cy", "dot")
    assert dots[-1] < margin < dots[-2]  # y grows downwards


def test_replicas_and_load_are_drawn_over_time():
    text = [(0, 2, 10.0), (60, 2, 80.0), (90, 6, 80.0)]
    samples = [scaling_record.Sample(time=t, replicas=n, rps=rps) for t, n, rps in text]
    (replicas, line), (load, _) = (drawn("curve", data) for data in scaling_record.pictures(samples).values())
    assert [row[1] for row in replicas.rows] == ["2", "2", "6"]
    assert [row[1] for row in load.rows] == ["10/s", "80/s", "80/s"]
    heights = places(line, "circle", "cy", "dot")
    assert heights[0] == heights[1] > heights[2]


def test_limits_at_one_and_the_same_place_share_a_name_and_a_line():
    data = {
        "labels": ["start 1", "start 2"],
        "values": [2.7, 2.5],
        "unit": "s",
        "limits": {"limit": 30, "startup_budget": 30},
    }
    _, page = drawn("bars", data)
    assert "limit, startup_budget 30 s" in words(page)
    assert len(places(page, "line", "x1", "limit")) == 1


def test_no_line_is_drawn_over_the_name_of_a_percentile_or_of_a_limit():
    values = [0.004 + 0.00001 * n for n in range(500)]
    _, page = drawn("histogram", {"values": values, "unit": "s", "limits": {"p50": 0.025, "p99": 0.1}})
    kinds = [
        (e["tag"], e["attrs"].get("class"))
        for e in page.elements
        if e["attrs"].get("class") in ("mark", "limit", "name", "value")
    ]
    tags = [tag for tag, _ in kinds]
    assert tags == sorted(tags)  # lines come before texts, whose ground covers them


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"columns": "a", "rows": 3},
        {"columns": [], "rows": [[1]]},
        {"columns": ["a"], "rows": [None, 3, "x"]},
        {"columns": ["a"]},
    ],
)
def test_a_table_without_rows_or_columns_is_empty(data):
    assert figure({"kind": "table", "title": "t", "data": data}).rows == []


def test_rows_of_a_table_are_as_long_as_its_header_and_counted_where_they_are_cut():
    data = {"columns": ["a", "b"], "rows": [[1], [1, 2, 3], *([["x", 0.5]] * 98)]}
    found = figure({"kind": "table", "title": "t", "data": data}, numbers=10)
    assert found.rows[:2] == [["1", ""], ["1", "2"]]
    assert (len(found.rows), found.rows_left) == (10, 90)
