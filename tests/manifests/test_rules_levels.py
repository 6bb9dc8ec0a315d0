from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from rule_shapes import PROMISE, alert, exposed, messages, needs_promtool, outcomes, rules, setting

from pytest_mlready.errors import ReadinessError
from pytest_mlready.manifests.rules import levels, objectives, traffic, trigger_trials, triggers
from pytest_mlready.manifests.rules.objectives import Objective

LIMIT = 1e9
QUEUE = ("http_requests_in_progress",)


def memory(tmp_path, text):
    found = rules(tmp_path, text)
    shown, breach = levels.memory(exposed(), found, LIMIT)
    return levels.alerts(found, breach, PROMISE, setting_of(shown))


def setting_of(shown):
    return setting().__class__(exposed=shown)


def queue(tmp_path, expr, limit=100.0, **more):
    found = rules(tmp_path, alert(expr, **more))
    return levels.alerts(found, levels.queue(PROMISE, QUEUE, limit), PROMISE, setting())


@needs_promtool
@pytest.mark.parametrize(
    "expr",
    [
        "process_resident_memory_bytes > 0.9e9",
        "process_resident_memory_bytes{job='income'} / 1e6 > 900",
        "max by (pod) (process_resident_memory_bytes) > 900 * 1000 * 1000",
        "avg_over_time(process_resident_memory_bytes[10m]) / 1e9 > 0.9",
        "container_memory_working_set_bytes{container!='',image!=''} / container_spec_memory_limit_bytes{container!='',image!=''} > 0.9",
        "container_memory_working_set_bytes{container='income'} / on (pod) kube_pod_container_resource_limits{resource='memory',container='income'} > 0.9",
        "predict_linear(process_resident_memory_bytes[1h], 4 * 3600) > 1e9",
    ],
)
def test_alerts_on_memory_in_usual_shapes_pass(tmp_path, expr):
    assert outcomes(memory(tmp_path, alert(expr))) == {"passed"}


@needs_promtool
@pytest.mark.parametrize(
    ("expr", "more", "said"),
    [
        ("process_resident_memory_bytes > 900", {}, "fires on a good day"),
        ("process_resident_memory_bytes < 0.9e9", {}, "fires on a good day"),
        ("process_resident_memory_bytes > 0.9e12", {}, "stays silent even on this: memory is at 98%"),
        ("process_resident_memory_byte > 0.9e9", {}, 'did you mean "process_resident_memory_bytes"?'),
        ("absent(process_resident_memory_bytes)", {}, "no alert compares"),
        ("process_resident_memory_bytes != process_resident_memory_bytes", {}, "no alert compares"),
        ("process_resident_memory_bytes > 0.9e9", {"labels": ""}, "severity"),
        ("process_resident_memory_bytes > 0.9e9", {"annotations": ""}, "runbook"),
    ],
)
def test_faulty_alerts_on_memory_fail(tmp_path, expr, more, said):
    verdicts = memory(tmp_path, alert(expr, **more))
    assert "failed" in outcomes(verdicts)
    assert said in messages(verdicts)


@needs_promtool
def test_a_queue_is_judged_by_what_the_service_takes_or_by_littles_law(tmp_path):
    assert outcomes(queue(tmp_path, "http_requests_in_progress > 50")) == {"passed"}
    assert outcomes(queue(tmp_path, "http_requests_in_progress > 50", limit=None)) == {"passed"}
    assert outcomes(queue(tmp_path, "min_over_time(http_requests_in_progress[2m]) > 20")) == {"passed"}


@needs_promtool
@pytest.mark.parametrize(
    "expr", ["http_requests_in_progress > 500", "http_requests_in_progress > 0.5", "http_requests_in_progress < 50"]
)
def test_faulty_alerts_on_a_queue_fail(tmp_path, expr):
    assert "failed" in outcomes(queue(tmp_path, expr))


def test_gauges_are_found_by_their_names():
    shown = exposed(
        extra="# TYPE vllm:num_requests_waiting gauge\nvllm:num_requests_waiting 0\n# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL 3\n"
    )
    assert levels.named(shown, levels.QUEUE, levels.GPU) == ("http_requests_in_progress", "vllm:num_requests_waiting")
    assert levels.named(shown, levels.MEMORY, levels.NO_MEMORY) == ("process_resident_memory_bytes",)
    assert levels.named(shown, levels.GPU) == ("DCGM_FI_DEV_GPU_UTIL",)


def test_series_that_are_not_there_or_no_number_fail():
    assert outcomes(levels.shown(exposed(), (), "the queue")) == {"failed"}
    odd = exposed(extra="# TYPE depth gauge\ndepth NaN\n")
    assert outcomes(levels.shown(odd, ("depth",), "the queue")) == {"failed"}
    assert outcomes(levels.shown(odd, ("model_drift_psi",), "drift")) == {"passed"}


def test_a_gpu_without_an_alert_fails(tmp_path):
    found = rules(tmp_path, alert("DCGM_FI_DEV_GPU_UTIL > 95"))
    assert outcomes(levels.read_by_an_alert(found, ("DCGM_FI_DEV_GPU_UTIL",), "the GPU")) == {"passed"}
    assert outcomes(levels.read_by_an_alert(found, ("DCGM_FI_DEV_FB_USED",), "the GPU")) == {"failed"}
    assert levels.read_by_an_alert(found, (), "the GPU") == []


def business(tmp_path, expr, value="0.88", **limits):
    shown = exposed(extra=f'# TYPE agreement_ratio gauge\nagreement_ratio{{model_version="2"}} {value}\n')
    objective = Objective(metric="agreement_ratio", **{"min": None, "max": None, **limits})
    found = rules(tmp_path, alert(expr))
    now = objectives.within(objective, shown)
    return now, levels.alerts(found, objectives.breach(objective), PROMISE, setting_of(shown))


@needs_promtool
def test_an_alert_on_a_business_figure_passes_in_both_directions(tmp_path):
    for expr, limits in (("agreement_ratio < 0.8", {"min": 0.8}), ("agreement_ratio > 0.9", {"max": 0.9})):
        now, tried = business(tmp_path, expr, **limits)
        assert outcomes(now) == outcomes(tried) == {"passed"}


@needs_promtool
@pytest.mark.parametrize(
    "expr", ["agreement_ratio < 80", "agreement_ratio > 0.8", "agreement_ratio < 0.5", "agreements_ratio < 0.8"]
)
def test_a_faulty_alert_on_a_business_figure_fails(tmp_path, expr):
    assert "failed" in outcomes(business(tmp_path, expr, min=0.8)[1])


@pytest.mark.parametrize(
    ("value", "limits", "outcome"),
    [
        ("0.7", {"min": 0.8}, "failed"),
        ("NaN", {"min": 0.8}, "failed"),
        ("0.88", {}, "inconclusive"),
        ("0.88", {"max": 0.8}, "failed"),
    ],
)
def test_a_figure_outside_its_objective_fails(tmp_path, value, limits, outcome):
    shown = exposed(extra=f"# TYPE agreement_ratio gauge\nagreement_ratio {value}\n")
    objective = Objective(metric="agreement_ratio", **{"min": None, "max": None, **limits})
    assert outcomes(objectives.within(objective, shown)) == {outcome}


def test_a_figure_that_nobody_exposes_fails():
    objective = Objective(metric="agreement", min=0.8, max=None)
    assert outcomes(objectives.within(objective, exposed())) == {"failed"}


DRIFT = {
    "signal": "drift",
    "rule": "Drift",
    "query": "model_drift_psi",
    "threshold": 0.25,
    "window": "30m",
    "action": "roll back",
}
OTHERS = [{**DRIFT, "signal": signal} for signal in ("latency", "errors")]
HEARD = alert("model_drift_psi != model_drift_psi or absent(model_drift_psi)", name="Unknown").split("rules:")[1]
DOWN = alert("up{job='income'} == 0", name="Down").split("rules:")[1]
FIRES = alert("model_drift_psi > 0.25", name="Drift", wait="30m")


def test_complete_criteria_are_read():
    stated, lacking = triggers.read([DRIFT, *OTHERS])
    assert [t.signal for t in stated] == ["drift", "latency", "errors"]
    assert stated[0].window == 1800
    assert lacking == []


@pytest.mark.parametrize("key", ["query", "threshold", "window", "action"])
def test_a_criterion_that_lacks_something_fails(key):
    stated, lacking = triggers.read([{k: v for k, v in DRIFT.items() if k != key}, *OTHERS])
    assert len(stated) == 2
    assert f"has no {key}" in messages(lacking)


def test_a_signal_without_a_criterion_fails():
    assert "no trigger for errors" in messages(triggers.read([DRIFT, OTHERS[0]])[1])


@pytest.mark.parametrize(
    ("change", "said"),
    [({"tresholds": 1}, 'did you mean "threshold"'), ({"signal": "drifts"}, 'did you mean "drift"'), ({"threshold": "high"}, "threshold is 'high'"),
     ({"window": "a while"}, "window is"), ({"direction": "up"}, "above or below"), ({"threshold": math.nan}, "threshold is nan")],
)  # fmt: skip
def test_a_criterion_with_an_unknown_word_is_an_error(change, said):
    with pytest.raises(ReadinessError, match=said):
        triggers.read([{**DRIFT, **change}])


def agrees(tmp_path, text, **change):
    (trigger, *_), _ = triggers.read([{**DRIFT, **change}])
    return triggers.alert(trigger, rules(tmp_path, text))[1]


def test_a_rule_that_says_the_same_as_its_criterion_gives_no_finding(tmp_path):
    assert agrees(tmp_path, FIRES) == []


@pytest.mark.parametrize(
    ("expr", "wait", "said"),
    [("model_drift_psi > 25", "30m", "the rule compares with 25"), ("model_drift_psi < 0.25", "30m", "compares by <"),
     ("model_drift_psi > 0.25", "5m", "says a window of 1800 s"), ("other_psi > 0.25", "30m", "which the rule does not read")],
)  # fmt: skip
def test_a_rule_that_says_something_else_fails(tmp_path, expr, wait, said):
    assert said in messages(agrees(tmp_path, alert(expr, name="Drift", wait=wait)))


def test_a_rule_that_is_not_there_fails_with_the_nearest_name(tmp_path):
    assert 'did you mean "Drift"' in messages(agrees(tmp_path, FIRES, rule="Drifts"))


def tried(tmp_path, text, **change):
    (trigger, *_), _ = triggers.read([{**DRIFT, **change}])
    found = rules(tmp_path, text)
    followed, _ = triggers.alert(trigger, found)
    names = frozenset({"model_drift_psi"})
    calm = traffic.healthy(exposed(), PROMISE)
    trial = trigger_trials.drift_grows(calm, trigger, names)
    return trigger_trials.tried(trigger, followed, found, trial, trigger_trials.silences(calm, names), setting())


@needs_promtool
def test_a_trigger_that_fires_and_is_heard_without_data_passes(tmp_path):
    assert outcomes(tried(tmp_path, FIRES + HEARD + DOWN)) == {"passed"}


@needs_promtool
def test_a_trigger_without_a_rule_is_evaluated_from_its_query(tmp_path):
    assert outcomes(tried(tmp_path, HEARD.join(["groups:\n  - name: g\n    rules:", ""]) + DOWN, rule="")) == {"passed"}


@needs_promtool
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FIRES, "looks healthy on this: model_drift_psi is NaN"),
        (FIRES, "looks healthy on this: model_drift_psi is not there any more"),
        (FIRES, "looks healthy on this: no data"),
        (FIRES + alert("absent(model_drift_psi)", name="Gone").split("rules:")[1], "model_drift_psi is NaN"),
        (FIRES.replace("0.25", "25") + HEARD, "stays silent"),
        (FIRES.replace(">", "<") + HEARD, "fires on drift at 0.1"),
    ],
)
def test_a_trigger_that_misses_something_fails(tmp_path, text, said):
    verdicts = tried(tmp_path, text)
    assert "failed" in outcomes(verdicts)
    assert said in messages(verdicts)


@needs_promtool
def test_what_was_decided_about_missing_data_is_accepted(tmp_path):
    assert outcomes(tried(tmp_path, FIRES, no_data="ignore")) == {"passed"}


@needs_promtool
def test_a_trigger_from_below_fires_below_its_threshold(tmp_path):
    text = alert("model_drift_psi < 0.25", name="Drift", wait="30m") + HEARD + DOWN
    assert outcomes(tried(tmp_path, text, direction="below")) == {"passed"}


@needs_promtool
def test_latency_and_errors_that_are_only_watched_far_beyond_the_objective_still_trigger(tmp_path):
    base = "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"
    for limit, outcome in ((1.0, "passed"), (2.5, "failed")):
        found = rules(tmp_path, alert(f"{base} > {limit}") + DOWN)
        followed = found.follow(found.alerts[0])
        trigger = SimpleNamespace(signal="latency", no_data="alert")
        trial = trigger_trials.latency_slow(exposed(), PROMISE)
        quiet = trigger_trials.silences(trial.silent[0])
        assert outcome in outcomes(trigger_trials.tried(trigger, followed, found, trial, quiet, setting()))


def figure(tmp_path, text, **limits):
    shown = exposed()
    sample = SimpleNamespace(name="agreement_ratio", labels={}, value=0.9, kind="gauge", time=None)
    wider = shown.__class__(samples=(*shown.samples, sample), moved=shown.moved, seconds=shown.seconds)
    breach = objectives.breach(Objective(metric="agreement_ratio", **limits))
    return levels.alerts(rules(tmp_path, text), breach, PROMISE, setting_of(wider))


@needs_promtool
def test_a_second_alert_that_waits_for_worse_is_no_dead_one(tmp_path):
    text = alert("agreement_ratio < 0.8") + alert("agreement_ratio < 0.5").partition("rules:")[2]
    assert outcomes(figure(tmp_path, text, min=0.8, max=None)) == {"passed"}


@needs_promtool
def test_an_alert_on_each_limit_is_tried_on_its_own_side(tmp_path):
    text = alert("agreement_ratio < 0.8") + alert("agreement_ratio > 0.99").partition("rules:")[2]
    assert outcomes(figure(tmp_path, text, min=0.8, max=0.99)) == {"passed"}


@pytest.mark.parametrize(
    ("threshold", "name", "stands"),
    [
        (0.25, "drift_psi", (0.1, 0.5)),
        (0.0, "drift_alarm", (0.0, 1.0)),
        (20.0, "drifted_share", (1.0, 1.0)),  # percent of what is a share: it never gets there
        (-1.0, "drift_score", (-2.0, 0.0)),
    ],
)
def test_drift_is_tried_on_both_sides_of_its_threshold(threshold, name, stands):
    tracks = {(name, frozenset()): traffic.Track(name=name, labels={}, rate=False, first=0.0, then=0.0)}
    calm = traffic.Scenario(name="healthy", says="", tracks=tracks)
    criterion = triggers.Trigger(signal="drift", rule="", query="q", threshold=threshold, window=60.0, action="x")
    (track,) = trigger_trials.drift_grows(calm, criterion, frozenset([name])).loud[0].tracks.values()
    assert (track.first, track.then) == pytest.approx(stands)
