from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rule_shapes import PROMISE, alert, exposed, messages, needs_promtool, outcomes, rules, setting

from pytest_mlready.errors import ReadinessError
from pytest_mlready.manifests.rules import dashboards, latency
from pytest_mlready.manifests.rules.traffic import Promise

BASE = "http_request_duration_seconds"
P99 = f"histogram_quantile(0.99, sum by (le) (rate({BASE}_bucket[5m])))"
GOOD = f"{P99} > 0.25"


def judged(tmp_path, text, promise=PROMISE, elsewhere=(), **more):
    return latency.alerts(rules(tmp_path, text), promise, setting(**more), elsewhere=elsewhere)


@needs_promtool
@pytest.mark.parametrize(
    ("expr", "records"),
    [
        (GOOD, ()),
        (f"0.25 < {P99}", ()),
        (f"1000 * {P99} > 250", ()),
        (f"histogram_quantile(0.95, sum(rate({BASE}_bucket{{route='/predict'}}[5m])) by (le, route)) > 0.25", ()),
        (f"histogram_quantile(0.99, sum by (le, job) (rate({BASE}_bucket{{job='income'}}[1m]))) > 0.25", ()),
        (f"histogram_quantile(0.99, rate({BASE}_bucket{{namespace=~'prod|live',job=~'income-.*'}}[5m])) > 0.25", ()),
        ("income:p99 > 0.25", [("income:p99", P99)]),
        ("p99:avg > 0.3", [("b", f"sum by (le) (rate({BASE}_bucket[5m]))"), ("p", "histogram_quantile(0.99, b)"),
                           ("p99:avg", "avg_over_time(p[10m])")]),
        (f"rate({BASE}_sum[5m]) / rate({BASE}_count[5m]) > 0.1", ()),
        (f"1 - sum(rate({BASE}_bucket{{le='0.25'}}[1h])) / sum(rate({BASE}_count[1h])) > 14.4 * 0.01", ()),
        (f"sum(rate({BASE}_bucket{{le='0.25'}}[5m])) / sum(rate({BASE}_count[5m])) < 0.99", ()),
        (f"{GOOD} and on () sum(rate({BASE}_count[5m])) > 1", ()),
        (f"max_over_time(({P99})[10m:1m]) > 0.25", ()),
        (f"{P99} > 2 * ({P99.replace('[5m]', '[5m] offset 1h')})", ()),
    ],
)  # fmt: skip
def test_healthy_alerts_in_the_shapes_that_people_write_pass(tmp_path, expr, records):
    assert outcomes(judged(tmp_path, alert(expr, records=records))) == {"passed"}


@needs_promtool
@pytest.mark.parametrize(
    ("expr", "more", "said"),
    [
        (f"{P99} > 250", {}, "its limit 250 lies beyond the last bucket"),
        (f"{P99} < 0.25", {}, "fires on healthy traffic"),
        (f"{P99.replace('[5m]', '[15s]')} > 0.25", {}, "holds fewer than two samples at a scrape every 30 s"),
        (f"{P99} > 2.5", {}, "lies beyond the last bucket"),
        (f"{P99.replace('_bucket', '_bucket{handler=~`/pred.*`}')} > 0.25", {}, "has le, method, route"),
        (f"{P99.replace('_bucket', '_bucket{route=`/old`}')} > 0.25", {}, "stays silent"),
        (f"{P99} > 0.001", {}, "fires on healthy traffic"),
        (f"{P99} > 0.6", {}, "no alert on latency fires on this: 20% of the predictions take 500 ms"),
        (GOOD, {"labels": ""}, "has no label severity"),
        (GOOD, {"annotations": ""}, "has no link to a runbook"),
        (GOOD, {"annotations": "annotations: {runbook_url: ''}"}, "has no link to a runbook"),
        (f"rate({BASE}_sum[5m]) > 1e6", {}, "stays silent even on this"),
    ],
)  # fmt: skip
def test_faulty_alerts_fail_and_say_why(tmp_path, expr, more, said):
    verdicts = judged(tmp_path, alert(expr, **more))
    assert "failed" in outcomes(verdicts)
    assert said in messages(verdicts)


@needs_promtool
def test_a_dead_alert_fails_even_beside_one_that_works(tmp_path):
    second = alert(f"{P99} > 250", name="Critical").split("rules:")[1]
    verdicts = judged(tmp_path, alert(GOOD) + second)
    assert "alert Critical stays silent" in messages(verdicts)


@needs_promtool
def test_a_metric_that_no_longer_exists_fails_with_its_new_name(tmp_path):
    verdicts = judged(tmp_path, alert(GOOD.replace("http_request_duration", "http_requests_duration")))
    assert outcomes(verdicts) == {"failed"}
    assert f'did you mean "{BASE}_bucket"?' in messages(verdicts)


@needs_promtool
def test_a_vanished_metric_fails_beside_a_working_alert_unless_it_is_elsewhere(tmp_path):
    old = f"{BASE.replace('http', 'http1')}_bucket"
    both = alert(GOOD) + alert(GOOD.replace(f"{BASE}_bucket", old), name="Old").split("rules:")[1]
    assert "failed" in outcomes(judged(tmp_path, both))
    assert outcomes(judged(tmp_path, both, elsewhere=(old,))) == {"passed"}


@needs_promtool
def test_alerts_of_other_services_in_the_same_file_are_left_alone(tmp_path):
    other = alert("histogram_quantile(0.99, rate(kafka_lag_seconds_bucket[5m])) > 9", name="Kafka").split("rules:")[1]
    watchdog = alert("vector(1)", name="Watchdog", labels="", annotations="").split("rules:")[1]
    traffic = alert(f"sum(rate({BASE}_count[5m])) == 0 or absent({BASE}_bucket)", name="NoTraffic").split("rules:")[1]
    assert outcomes(judged(tmp_path, alert(GOOD) + other + watchdog + traffic)) == {"passed"}


@needs_promtool
@pytest.mark.parametrize(
    ("expr", "said"),
    [
        (f"{P99} @ end() > 0.25".replace(" @ end()", "") + f" and {BASE}_count @ end() > 0", "the modifier @"),
        (f"{P99.replace('[5m]', '[$__rate_interval]')} > 0.25", "not understood"),
        (f"histogram_quantile(0.99, rate({BASE}_bucket{{pod=`a`}}[5m]) + rate({BASE}_bucket{{pod=`b`}}[5m])) > 1", "which pod"),
        (f"histogram_quantile(0.99, rate({BASE}_bucket[1m])) > 0.25 and on () avg_over_time(up[30d]) > 0", "too small steps"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_inconclusive_and_never_passes(tmp_path, expr, said):
    verdicts = judged(tmp_path, alert(expr))
    assert outcomes(verdicts) == {"inconclusive"}
    assert said in messages(verdicts)


def test_no_alert_at_all_fails(tmp_path):
    verdicts = judged(tmp_path, "groups: [{name: a, rules: [{record: b, expr: up}]}]")
    assert outcomes(verdicts) == {"failed"}
    assert "no alert reads" in messages(verdicts)


@needs_promtool
def test_a_service_that_counts_milliseconds_needs_a_limit_in_milliseconds(tmp_path):
    shape = {"base": "request_latency_ms", "scale": 1000.0}
    expr = "histogram_quantile(0.99, sum by (le) (rate(request_latency_ms_bucket[5m]))) > {}"
    assert outcomes(judged(tmp_path, alert(expr.format(250)), **shape)) == {"passed"}
    assert "failed" in outcomes(judged(tmp_path, alert(expr.format(0.25)), **shape))


@needs_promtool
def test_the_scrape_interval_decides_whether_a_window_is_long_enough(tmp_path):
    text = alert(f"{P99.replace('[5m]', '[1m]')} > 0.25")
    assert outcomes(judged(tmp_path, text, scrape=15.0)) == {"passed"}
    assert "failed" in outcomes(judged(tmp_path, text, scrape=60.0))


def test_a_bucket_edge_at_the_objective_passes():
    assert outcomes(latency.histogram(exposed(), PROMISE)) == {"passed"}


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ((0.1, 0.3, 1.0), "the nearest are 0.1 and 0.3"),
        ((0.05, 0.1, 0.25), "none lies beyond"),
        ((0.05, 0.1), "none lies beyond"),
    ],
)
def test_buckets_that_cannot_tell_the_objective_fail(edges, said):
    verdicts = latency.histogram(exposed(edges=edges), PROMISE)
    assert outcomes(verdicts) == {"failed"}
    assert said in messages(verdicts)


def test_one_histogram_with_an_edge_is_enough_beside_others():
    inner = exposed(base="inference_duration_seconds", edges=(0.01, 0.02, 1.0))
    outer = exposed()
    both = replace(outer, samples=outer.samples + inner.samples, moved={**outer.moved, **inner.moved})
    assert both.latency == (BASE, "inference_duration_seconds")
    assert outcomes(latency.histogram(both, PROMISE)) == {"passed"}


def test_a_histogram_that_not_every_request_moves_is_not_of_latency():
    shown = exposed()
    rare = replace(shown, moved={series: by / 5 for series, by in shown.moved.items()})
    assert rare.latency == ()


def test_values_that_cannot_be_in_the_unit_of_the_name_fail():
    verdicts = latency.histogram(exposed(scale=1000.0), PROMISE)
    assert outcomes(verdicts) == {"failed"}
    assert "not in the unit of the name" in messages(verdicts)


def test_a_name_without_a_unit_takes_that_of_what_is_measured():
    assert exposed(base="http_latency", scale=1000.0).scale("http_latency") == 1000.0
    assert exposed(base="http_latency").scale("http_latency") == 1.0


def test_three_quantiles_in_rules_pass_without_an_edge(tmp_path):
    records = [(f"p{q}", P99.replace("0.99", str(q))) for q in (0.5, 0.95, 0.99)]
    found, shown = rules(tmp_path, alert(GOOD, records=records)), exposed(edges=(0.1, 0.3, 1.0))
    assert latency.quantiles(found, shown, PROMISE, ()).outcome == "passed"
    two = rules(tmp_path, alert(GOOD, records=records[1:]))
    verdict = latency.quantiles(two, shown, PROMISE, ())
    assert verdict.outcome == "failed"
    assert "p50 is not computed anywhere" in verdict.message


def test_quantiles_of_another_histogram_do_not_count(tmp_path):
    records = [(f"p{q}", f"histogram_quantile({q}, rate(other_bucket[5m]))") for q in (0.5, 0.95, 0.99)]
    found = rules(tmp_path, alert(GOOD, records=records))
    assert latency.tracked(found, exposed(), ()) == {0.99}


def test_dashboards_count_with_their_own_intervals(tmp_path):
    panels = [
        {"panels": [{"targets": [{"expr": P99.replace("0.99", str(q)).replace("[5m]", "[$__rate_interval]")}]}]}
        for q in (0.5, 0.95)
    ]
    path = tmp_path / "board.json"
    path.write_text(json.dumps({"panels": panels}))
    queries = dashboards.queries([path])
    assert latency.tracked(rules(tmp_path, alert(GOOD)), exposed(), queries) == {0.5, 0.95, 0.99}


def test_a_dashboard_that_is_no_json_is_an_error(tmp_path):
    (tmp_path / "board.json").write_text("{")
    with pytest.raises(ReadinessError, match=r"board\.json cannot be read"):
        dashboards.queries([tmp_path / "board.json"])


@needs_promtool
def test_a_summary_with_quantiles_is_watched_as_well(tmp_path):
    extra = 'rpc_duration_seconds{{quantile="{}"}} 0.02\n'
    lines = "# TYPE rpc_duration_seconds summary\n" + "".join(extra.format(q) for q in (0.5, 0.95, 0.99))
    lines += "rpc_duration_seconds_sum 0.1\nrpc_duration_seconds_count 5\n"
    shown = exposed(base="size_bytes", extra=lines)
    shown = replace(shown, moved={("rpc_duration_seconds_count", frozenset()): 1.0})
    assert shown.summaries == ("rpc_duration_seconds",)
    where = replace(setting(), exposed=shown)
    for limit, outcome in ((0.25, "passed"), (250, "failed")):
        found = rules(tmp_path, alert(f'rpc_duration_seconds{{quantile="0.99"}} > {limit}'))
        assert outcome in outcomes(latency.alerts(found, PROMISE, where))


@needs_promtool
def test_an_objective_for_the_95th_percentile_alone_is_enough(tmp_path):
    promise = Promise(latency={0.95: 0.1}, rps=5)
    assert outcomes(judged(tmp_path, alert(f"{P99.replace('0.99', '0.95')} > 0.1"), promise)) == {"passed"}
