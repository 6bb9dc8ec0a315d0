"""Writes alert rules in the shapes that people use, and a page of metrics as a service exposes it."""

from __future__ import annotations

import shutil
import textwrap

import pytest

from pytest_mlready.manifests.rules import reading
from pytest_mlready.manifests.rules.exposed import Exposed, key
from pytest_mlready.manifests.rules.judging import Setting
from pytest_mlready.manifests.rules.traffic import Promise
from pytest_mlready.serving import metrics

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
EDGES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
GOOD = {"route": "/predict", "method": "POST"}
PROMISE = Promise(latency={0.99: 0.25}, errors=0.001, rps=40)
LABELS = "labels: {severity: page}"
LINK = "annotations: {runbook_url: 'https://wiki.example/runbook#latency'}"


def page(*, base="http_request_duration_seconds", edges=EDGES, scale=1.0, extra="") -> str:
    """A page with a histogram, requests by status, and gauges, after five good requests of 20 ms."""
    lines = [f"# TYPE {base} histogram"]
    for labels in ('route="/predict",method="POST"', 'route="/metrics",method="GET"'):
        lines += [f'{base}_bucket{{{labels},le="{edge * scale:g}"}} 5' for edge in edges]
        lines += [f'{base}_bucket{{{labels},le="+Inf"}} 5', f"{base}_sum{{{labels}}} {0.1 * scale:g}"]
        lines += [f"{base}_count{{{labels}}} 5"]
    lines += ["# TYPE http_requests_total counter"]
    lines += ['http_requests_total{route="/predict",method="POST",status="200"} 5']
    lines += ["# TYPE process_resident_memory_bytes gauge", "process_resident_memory_bytes 3e8"]
    lines += ["# TYPE http_requests_in_progress gauge", "http_requests_in_progress 1"]
    lines += ["# TYPE model_drift_psi gauge", "model_drift_psi 0.02"]
    return "\n".join([*lines, extra]) + "\n"


def exposed(*, base="http_request_duration_seconds", seconds=0.021, **shape) -> Exposed:
    """The same, with what each good request moved."""
    samples = metrics.parse(page(base=base, **shape))
    moved = {
        key(s.name, s.labels): s.value / 5
        for s in samples
        if s.kind in ("counter", "histogram") and s.labels.get("route") == "/predict"
    }
    return Exposed(samples=samples, moved=moved, seconds=seconds)


def setting(**more) -> Setting:
    shape = {name: more.pop(name) for name in ("base", "edges", "scale", "extra", "seconds") if name in more}
    return Setting(exposed=exposed(**shape), **more)


def rules(tmp_path, text, name="rules.yaml"):
    """Rules read from a file of this text."""
    path = tmp_path / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return reading.read([path], root=tmp_path)


def alert(expr, *, name="HighLatency", wait="5m", labels=LABELS, annotations=LINK, records=()) -> str:
    """A rule file with one alert, and recording rules before it: (name, query)."""
    recorded = "".join(f"\n      - record: {n}\n        expr: {q!r}" for n, q in records)
    tail = "".join(f"\n        {line}" for line in (labels, annotations) if line)
    return (
        f"groups:\n  - name: g\n    rules:{recorded}\n      - alert: {name}\n        expr: {expr!r}\n"
        f"        for: {wait}{tail}\n"
    )


def outcomes(verdicts):
    return {v.outcome for v in verdicts}


def messages(verdicts):
    return "\n".join(v.message for v in verdicts)
