from __future__ import annotations

import math

import pytest
from rule_shapes import alert, rules

from pytest_mlready.manifests.rules import burn_rates, constants, promql, rule_set
from pytest_mlready.manifests.rules.selectors import Matcher, NotUnderstoodError

pytest.importorskip("promql_parser")
RATIO = '(sum(rate(r_total{{code=~"5.."}}[{0}])) / sum(rate(r_total[{0}])))'


def test_a_percentile_tells_its_quantile_window_and_limit():
    query = promql.parse('histogram_quantile(0.99, sum by (le) (rate(d_bucket{job="a"}[5m] offset 1h))) > 250 / 1000')
    (selector,) = query.selectors
    assert (selector.name, selector.window, selector.reach) == ("d_bucket", 300, 3900)
    assert query.quantiles == [0.99]
    assert query.limits == [promql.Limit(op=">", value=0.25)]


def test_a_number_on_the_left_turns_the_comparison_round():
    assert promql.parse("0.25 < x").limits == [promql.Limit(op=">", value=0.25)]


def test_a_subquery_adds_to_how_far_it_looks_back():
    (selector,) = promql.parse("max_over_time(rate(x_total[5m])[1h:1m]) > 1").selectors
    assert selector.reach == 3900


def test_a_series_under_absent_is_known_as_such():
    first, second = promql.parse("absent(x) or x > 1").selectors
    assert (first.for_absence, second.for_absence) == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "rate(x[$__rate_interval])", "x @ end()", "x[5m] @ 100", 'x{a="1" or b="2"}', "sum(", "", "fun(x)", "holt_winters(x[1h], 0.5, 0.5) > 1",
        "(" * 400 + "x" + ")" * 400, "x" * 30_000,
    ],
)  # fmt: skip
def test_an_unknown_construct_is_not_understood_and_never_a_crash(text):
    with pytest.raises(NotUnderstoodError, match="not understood"):
        promql.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "up == 0", "x unless on (job) y", "topk(3, sum by (a) (rate(x_total[5m]))) > 1", "-x < -1", "x > bool 1",
        "sum(rate(a_total[5m])) by (job) / ignoring (x) group_left sum(b)", "label_replace(x, 'a', '$1', 'b', '(.*)')",
        "predict_linear(x[1h], 4 * 3600) < 0", "time() - x > 3600", "vector(1)", "count(up == 1) by (job) < 2",
        "avg_over_time(x[1d:5m]) > 1", "changes(process_start_time_seconds[15m]) > 2", "1e3 * x > 0x10",
        '{__name__=~"http_.*_total"} > 1', "deriv(x[30m]) > 0 and x > 1", "x and on() hour() > 8", "x > Inf",
        'quantile_over_time(0.95, x{quantile="0.9"}[10m]) > 1', "absent_over_time(x[10m])",
    ],
)  # fmt: skip
def test_the_shapes_that_people_write_are_understood(text):
    assert promql.parse(text).text == text


@pytest.mark.parametrize(
    ("op", "value", "label", "accepted"),
    [("=", "a", "a", True), ("!=", "", "", False), ("=~", "5..", "503", True), ("=~", "5..", "5033", False),
     ("!~", "2..|3..", "200", False), ("=~", ".*", "", True)],
)  # fmt: skip
def test_matchers_select_as_prometheus_does(op, value, label, accepted):
    assert Matcher(label="l", op=op, value=value).accepts(label) is accepted


def test_a_regular_expression_that_python_does_not_know_is_not_understood():
    with pytest.raises(NotUnderstoodError, match="regular expression"):
        Matcher(label="l", op="=~", value="(?P<x").accepts("a")


@pytest.mark.parametrize(
    ("expr", "folded"),
    [("14.4 * 0.001", 0.0144), ("(1 - 0.999) * 6", 0.006), ("-2", -2.0), ("1 / 0", math.nan), ("x * 2", None),
     ("vector(3)", 3.0)],
)  # fmt: skip
def test_constants_are_folded(expr, folded):
    import promql_parser

    found = constants.constant(promql_parser.parse(expr))
    assert found == pytest.approx(folded, nan_ok=True) if folded is not None else found is None


def test_recording_rules_are_followed_to_what_is_scraped(tmp_path):
    text = alert("a:b > 1", records=[("base:rate5m", "sum by (le) (rate(d_bucket[5m]))"),
                                     ("a:b", "avg_over_time(base:rate5m[1h])")])  # fmt: skip
    found = rules(tmp_path, text)
    followed = found.follow(found.alerts[0])
    assert [s.name for s in followed.selectors] == ["d_bucket"]
    assert followed.reach == 3900
    assert [rule.name for rule in followed.records] == ["base:rate5m", "a:b"]


def test_recording_rules_that_stand_on_themselves_are_not_understood(tmp_path):
    found = rules(tmp_path, alert("a:b > 1", records=[("a:b", "a:b + 1")]))
    with pytest.raises(NotUnderstoodError, match="stand on themselves"):
        found.follow(found.alerts[0])


@pytest.mark.parametrize(
    ("text", "seconds"), [("5m", 300), ("1h30m", 5400), ("0s", 0), ("0", 0), ("", 0), ("2d", 172800)]
)
def test_durations_are_read(text, seconds):
    assert rule_set.seconds(text) == seconds


def test_a_duration_that_is_none_is_not_understood():
    with pytest.raises(NotUnderstoodError, match="duration"):
        rule_set.seconds("five minutes")


def burn(expr, tmp_path, records=()):
    found = rules(tmp_path, alert(expr, records=records))
    return burn_rates.recognised(found, [found.follow(found.alerts[0])], 0.001)


def test_the_workbooks_pairs_are_recognised_directly_and_through_recording_rules(tmp_path):
    direct = f"{RATIO.format('1h')} > (14.4 * 0.001) and {RATIO.format('5m')} > (14.4 * 0.001)"
    records = [("e:rate3d", RATIO.format("3d")), ("e:rate6h", RATIO.format("6h"))]
    for one in (burn(direct, tmp_path), burn("e:rate3d > 0.001 and e:rate6h > 0.001", tmp_path, records)):
        assert [burn_rates.is_standard(found) for found in one] == [True]
    assert str(burn(direct, tmp_path)[0]) == "14.4 over 1 h and 5 min"


@pytest.mark.parametrize(
    "expr",
    [f"{RATIO.format('1h')} > 0.0144", f"{RATIO.format('1h')} > 0.0144 or {RATIO.format('5m')} > 0.0144",
     f"{RATIO.format('1h')} < 0.0144 and {RATIO.format('5m')} < 0.0144",
     f"{RATIO.format('1h')} > 0.0144 and {RATIO.format('5m')} > 0.2"],
)  # fmt: skip
def test_what_is_no_pair_of_windows_is_not_taken_for_one(tmp_path, expr):
    assert burn(expr, tmp_path) == []
