"""Loads that tests send or make up, and the processes that must not remain of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from pytest_mlready.serving.load import records
from pytest_mlready.serving.load.results import Load
from pytest_mlready.serving.load.sending import Task

BODY = '{"instances": [{"x": 2.0}]}'


def task(url, **fields):
    given = {
        "method": "POST", "path": "/predict", "headers": {"content-type": "application/json"}, "bodies": (BODY,),
        "rate": 100.0, "seconds": 3.0, "warm_up": 0.5, "timeout": 5.0, "answer_keys": ("predictions",), "seed": 7,
    }  # fmt: skip
    return Task(**{"url": url, **given, **fields})


def made_up(latency, *, endings=None, late=None, rate=100.0, timeout=10.0, **fields):
    """A load with these latencies, one after another at a rate."""
    latency = np.asarray(latency, float)
    n = len(latency)
    endings = np.zeros(n, int) if endings is None else np.asarray(endings)
    given = {
        "tool": "Locust, open loop", "seconds": n / rate, "warm_up": 5.0, "timeout": timeout, "arrivals": "poisson",
        "at": np.arange(n) / rate, "endings": endings, "statuses": np.where(endings == 0, 200, 500),
        "waited": np.zeros(n), "late": np.zeros(n) if late is None else np.asarray(late, float), "started": 0.0,
        "latency": np.where(endings == records.ANSWERED, latency, np.maximum(latency, timeout)),
    }  # fmt: skip
    return Load(**{**given, **fields})


def command(process):
    return Path(f"/proc/{process}/cmdline").read_bytes()


def processes(mark):
    """Ids of all processes that have this text in their environment or their command line."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                known = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in known:
                found.append(int(process.name))
    return found
