"""Builds projects around the switching service of tests/serving, as the settings would describe them."""

from __future__ import annotations

import datetime as dt
import json
import os
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

from pytest_mlready.serving.plan import Plan

SERVICE = Path(__file__).parents[2] / "serving" / "switching_service.py"
N, BEFORE = "a1" * 32, "b2" * 32
REQUEST = {"instances": [{"x": 2}]}


def command(what: str) -> str:
    """A command that does this to the running service."""
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(SERVICE))} switch {what} {{url}} {{pid}}"


def plan(folder, *faults, environment=None, **fields):
    words = " ".join([shlex.quote(sys.executable), shlex.quote(str(SERVICE)), "{port}", *faults])
    fields.setdefault("start", words)
    fields.setdefault("expect", {"predictions": [4]})
    return Plan(
        folder=folder, environment={"PATH": os.environ["PATH"], **(environment or {})}, predict="POST /predict",
        example=json.dumps(REQUEST).encode(), start_limit=15.0, stop_limit=2.0, **fields,
    )  # fmt: skip


def golden(folder, factor=3, sha256=BEFORE, name="golden.json"):
    """A file with what the previous version answered."""
    answer = {"predictions": [2 * factor]}
    model = {"version": "1.9.0", **({"sha256": sha256} if sha256 else {})}
    (folder / name).write_text(json.dumps({"model": model, "cases": [{"request": REQUEST, "answer": answer}]}))
    return name


def project(item, folder, *, options=None, service=None, others=None, **settings):
    """A project with these options of one item; `service` is its plan."""
    defaults = {option.name: option.default for option in item.options}
    model = {"path": "model.joblib", "production": None, "first_release": None, "frame": None, "trust": (),
             "trusted_types": ()}  # fmt: skip

    def found(item_id):
        return {**defaults, **(options or {})} if item_id == item.id else (others or {"golden": None})

    return SimpleNamespace(
        options=found, root=folder, path=lambda text: folder / text, file=lambda text, _: folder / text,
        files=lambda patterns, _: tuple(folder / p for p in patterns), alone="", progress=lambda _: None, plan=service,
        today=dt.datetime.now(tz=dt.UTC).date(), digests=SimpleNamespace(model=settings.pop("sha256", N)),
        seed=lambda _: 7, discovered=SimpleNamespace(manifests=(), rules=settings.pop("rules", ())),
        settings=SimpleNamespace(
            version="2.0.0", model=SimpleNamespace(**{**model, **settings.pop("model", {})}),
            endpoint=SimpleNamespace(start=service and service.start, url=service and service.url),
            deploy=SimpleNamespace(manifests=settings.pop("manifests", ()), workload=settings.pop("workload", None)),
        ),
    )  # fmt: skip
