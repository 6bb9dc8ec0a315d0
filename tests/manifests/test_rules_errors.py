from __future__ import annotations

import pytest
from rule_shapes import PROMISE, alert, exposed, messages, needs_promtool, outcomes, rules

from pytest_mlready.manifests.rules import errors_seen
from pytest_mlready.manifests.rules.errors_seen import Seen
from pytest_mlready.manifests.rules.exposed import key
from pytest_mlready.manifests.rules.judging import Setting
from pytest_mlready.manifests.rules.traffic import Promise

LINK = "annotations: {runbook_url: 'https://wiki.example/runbook#errors'}"
RATE = 'sum(rate(http_requests_total{{status=~"5.."}}[{0}])) / sum(rate(http_requests_total[{0}]))'
PAIRS = ((14.4, "1h", "5m"), (6, "6h", "30m"), (1, "3d", "6h"))


def pair(factor, long, short, budget=0.001):
    return f"({RATE.format(long)}) > {factor} * {budget} and ({RATE.format(short)}) > {factor} * {budget}"


def several(*exprs, wait="0s", **more):
    """A file with an alert for each query."""
    first, *rest = (alert(expr, name=f"Errors{n}", wait=wait, annotations=LINK, **more) for n, expr in enumerate(exprs))
    return first + "".join(one.split("rules:")[1] for one in rest)


WORKBOOK = several(*(pair(*one) for one in PAIRS))


def counted(status, name="http_requests_total"):
    return {key(name, {"route": "/predict", "method": "POST", "status": str(status)}): 1.0}


def seen(server=None, client=None):
    every = {key("http_request_duration_seconds_count", {"route": "/predict", "method": "POST"}): 1.0}
    return Seen(
        good=every | counted(200), client=every | (client or counted(422)), server=every | (server or counted(503))
    )


def judged(tmp_path, text, promise=PROMISE, of=None, **more):
    return errors_seen.alerts(rules(tmp_path, text), of or seen(), promise, Setting(exposed=exposed(), **more))


@needs_promtool
@pytest.mark.slow
def test_the_workbooks_three_pairs_pass(tmp_path):
    verdicts = judged(tmp_path, WORKBOOK)
    assert outcomes(verdicts) == {"passed"}
    assert "Errors0, Errors1, Errors2" in messages(verdicts)


@needs_promtool
@pytest.mark.slow
def test_recorded_ratios_with_a_default_of_zero_pass(tmp_path):
    def record(window):
        return f"(sum(rate(http_requests_total{{status=~'5..'}}[{window}])) or vector(0)) / sum(rate(http_requests_total[{window}]))"

    records = [(f"e:rate{w}", record(w)) for w in ("5m", "1h", "30m", "6h", "3d")]
    exprs = [f"e:rate{long} > {f} * 0.001 and e:rate{short} > {f} * 0.001" for f, long, short in PAIRS]
    assert outcomes(judged(tmp_path, several(*exprs, records=records))) == {"passed"}


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize(
    "expr",
    [
        "1 - sum(rate(http_requests_total{status!~'5..'}[5m])) / sum(rate(http_requests_total[5m])) > 0.001",
        "sum(rate(http_requests_total{status!~'5..'}[5m])) / sum(rate(http_requests_total[5m])) < 0.999",
        "sum(rate(http_requests_total{status='503'}[5m])) / sum(rate(http_requests_total[5m])) > 0.001",
        "100 * sum(rate(http_requests_total{status=~'5.+',job='income'}[5m])) / sum(rate(http_requests_total{job='income'}[5m])) > 0.1",
    ],
)
def test_one_tight_limit_catches_every_burn(tmp_path, expr):
    assert outcomes(judged(tmp_path, several(expr))) == {"passed"}


@needs_promtool
@pytest.mark.parametrize(
    ("exprs", "said"),
    [
        ([pair(*PAIRS[0])], "0.150% of the requests fail, 1.5 times what is allowed"),
        ([pair(14.4, "1h", "5m", budget=0.1)], "stays silent even on this: every request fails"),
        (["sum(rate(http_requests_total{status=~'5..'}[5m])) / sum(rate(http_requests_total[5m])) < 0.0005"], "fires on healthy traffic"),
        (["sum(rate(http_requests_total{status=~'[45]..'}[5m])) / sum(rate(http_requests_total[5m])) > 0.001"], "fires on 30% of the requests are the clients' own mistakes"),
        (["sum(rate(http_requests_total{status!='200'}[5m])) > 0.04"], "clients' own mistakes"),
        (["sum(rate(http_requests_total{status=~'5..'}[20s])) / sum(rate(http_requests_total[20s])) > 0.001"], "holds fewer than two samples"),
        (["sum(rate(http_requests_total{code=~'5..'}[5m])) / sum(rate(http_requests_total[5m])) > 0.001"], "has method, route, status"),
        (["sum(rate(http_requests_total{status='500'}[5m])) / sum(rate(http_requests_total[5m])) > 0.001"], "tells failures from successes"),
        (["sum(rate(http_request_total{status=~'5..'}[5m])) > 0.001"], "tells failures from successes"),
        (["sum(rate(http_requests_total{status=~'5..'}[5m])) / sum(rate(http_requests_total[5m])) > 5"], "stays silent even on this"),
    ],
    ids=["fast only", "unreachable", "direction", "class", "not 200", "window", "label", "status", "metric", "percent"],
)  # fmt: skip
def test_faulty_alerts_fail(tmp_path, exprs, said):
    verdicts = judged(tmp_path, several(*exprs))
    assert "failed" in outcomes(verdicts)
    assert said in messages(verdicts)


@needs_promtool
def test_missing_severity_and_runbook_fail(tmp_path):
    verdicts = judged(tmp_path, alert(RATE.format("5m") + " > 0.001", wait="0s", labels="", annotations=""))
    assert "no label severity" in messages(verdicts)
    assert "no link to a runbook" in messages(verdicts)


@needs_promtool
def test_an_alert_that_is_not_understood_is_inconclusive(tmp_path):
    verdicts = judged(tmp_path, several("sum(rate(http_requests_total{status=~'5..'}[$__rate_interval])) > 1"))
    assert outcomes(verdicts) == {"inconclusive"}


def test_a_counter_of_its_own_for_failures_is_recognised(tmp_path):
    own = seen(server={key("failures_total", {}): 1.0, key("process_cpu_seconds_total", {}): 0.7})
    assert errors_seen.told(own) == {key("failures_total", {})}
    found = rules(tmp_path, several("rate(failures_total[5m]) > 1", "rate(other_total[5m]) > 1"))
    assert [errors_seen.about(found.follow(rule), own) for rule in found.alerts] == [True, False]


def test_an_alert_on_traffic_alone_is_not_about_errors(tmp_path):
    found = rules(tmp_path, several("sum(rate(http_requests_total[5m])) == 0", "absent(http_requests_total{status='503'})",
                                    "rate(http_requests_total{status=~'4..'}[5m]) > 9"))  # fmt: skip
    assert not any(errors_seen.about(found.follow(rule), seen()) for rule in found.alerts)


@needs_promtool
def test_a_budget_above_what_a_fast_burn_multiplies_is_capped_at_every_request(tmp_path):
    text = several(RATE.format("5m") + " > 0.1")
    assert outcomes(judged(tmp_path, text, Promise(errors=0.1, rps=40))) == {"passed"}
