"""Result files as vegeta, k6 and Locust write them."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np

START = dt.datetime(2026, 11, 20, 12, 0, 0, tzinfo=dt.UTC)
K6_COLUMNS = (
    "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,"
    "service,status,subproto,tls_version,url,extra_tags,metadata"
)


def moment(seconds):
    return (START + dt.timedelta(seconds=float(seconds))).isoformat().replace("+00:00", "Z")


def open_loop(n=2000, rate=100.0, seed=1):
    """(start, latency) of a run at a constant rate, sends jittering by half a millisecond."""
    rng = np.random.default_rng(seed)
    return np.arange(n) / rate + rng.random(n) * 5e-4, rng.lognormal(np.log(0.02), 0.4, n)


def closed_loop(n=2000, stall=2.0):
    """(start, latency) of one user who waits for each answer, one of which takes long."""
    latency = np.full(n, 0.01)
    latency[n // 2] = stall
    return np.concatenate([[0.0], np.cumsum(latency)[:-1]]), latency


def vegeta_json(starts, latencies, code=200):
    return "".join(
        json.dumps(
            {
                "attack": "", "seq": i, "code": code, "timestamp": moment(at), "latency": int(spent * 1e9), "bytes_out": 28,
                "bytes_in": 22, "error": "" if code == 200 else f"{code} status", "body": "", "method": "POST",
                "url": "http://127.0.0.1:8000/predict", "headers": {},
            }
        ) + "\n"
        for i, (at, spent) in enumerate(zip(starts, latencies, strict=True))
    )  # fmt: skip


def vegeta_csv(starts, latencies):
    zero = int(START.timestamp() * 1e9)
    return "".join(
        f"{zero + int(at * 1e9)},200,{int(spent * 1e9)},28,22,,e30=,,{i},POST,http://127.0.0.1:8000/predict,\n"
        for i, (at, spent) in enumerate(zip(starts, latencies, strict=True))
    )


def k6_json(starts, latencies, *, status="200", dropped=0):
    lines = [{"type": "Metric", "metric": "http_req_duration", "data": {"name": "http_req_duration", "type": "trend"}}]
    for at, spent in zip(starts, latencies, strict=True):
        tags = {
            "status": status,
            "method": "POST",
            "scenario": "default",
            "expected_response": str(status == "200").lower(),
        }
        for metric, value in (("http_reqs", 1), ("http_req_duration", 900 * spent), ("http_req_blocked", 100 * spent)):
            data = {"time": moment(at + spent), "value": value, "tags": tags}
            lines.append({"type": "Point", "metric": metric, "data": data})
    if dropped:
        lines.append(
            {"type": "Point", "metric": "dropped_iterations", "data": {"time": moment(1), "value": dropped, "tags": {}}}
        )
    return "".join(json.dumps(line) + "\n" for line in lines)


def k6_csv(starts, latencies, scale=1e6):
    rows = [K6_COLUMNS]
    for at, spent in zip(starts, latencies, strict=True):
        time = int((START.timestamp() + at + spent) * scale)
        for metric, value in (("http_reqs", 1), ("http_req_duration", 900 * spent), ("http_req_blocked", 100 * spent)):
            rows.append(
                f"{metric},{time},{value:f},,,,true,,POST,predict,HTTP/1.1,default,,200,,,http://127.0.0.1/predict,,"
            )
    return "\n".join(rows) + "\n"


LOCUST_CSV = """Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,\
Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%
POST,/predict,1000,0,5,5.1,4,9,22,100.0,0.0,5,5,5,5,6,6,7,8,9,9,9
,Aggregated,1000,0,5,5.1,4,9,22,100.0,0.0,5,5,5,5,6,6,7,8,9,9,9
"""
LOCUST_HISTORY = (
    "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%\n1795000000,10,,Aggregated,100.0,0.0,5,6\n"
)
LOCUST_JSON = json.dumps(
    [{"name": "/predict", "method": "POST", "num_requests": 1000, "num_failures": 0, "response_times": {"5": 900}}],
    indent=4,
)
VEGETA_REPORT = json.dumps(
    {"latencies": {"mean": 5, "99th": 9}, "rate": 100.0, "throughput": 99.9, "status_codes": {"200": 1000}}
)
K6_SUMMARY = json.dumps({"root_group": {}, "metrics": {"http_req_duration": {"avg": 5.0, "p(95)": 9.0}}}, indent=4)
