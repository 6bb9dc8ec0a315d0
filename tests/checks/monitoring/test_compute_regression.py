"""Candidate against the live model: equal passes, slower or fatter fails, and what cannot be compared is said."""

from __future__ import annotations

import functools
import itertools
import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.artifacts import named, turns
from pytest_mlready.checks.monitoring import compute_regression as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.quality import footprint
from pytest_mlready.quality.footprint import Footprint
from pytest_mlready.settings import Settings
from pytest_mlready.team import entry_points
from pytest_mlready.values import Dataset

HELDOUT = Dataset(
    frame=pl.DataFrame({"x": np.arange(50.0)}), name="heldout", source="h", sha256="0", features=("x",), target="x"
)
TRUNKS = """
import time
import numpy as np
class Model:
    feature_names_in_, n_features_in_ = np.array(["x"], dtype=object), 1
    def __init__(self, seconds): self.seconds = seconds
    def predict(self, X):
        time.sleep(self.seconds)
        return np.zeros(len(X))
def quick(): return Model(0.002)
def slow(): return Model(0.006)
"""


class Case:
    """A project whose measurements are given: seconds of single calls, of bulk calls, bytes, trainings."""

    def __init__(self, root, monkeypatch, *, single=(1.0, 1.0), bulk=(1.0, 1.0), memory=(1.0, 1.0), training=(1.0, 1.0),
                 noise=0.02, alone="", tables=None, hooks=(), kind="function", measured=True, **options):  # fmt: skip
        self.noise, self.rng, self.kind, self.hooks = noise, np.random.default_rng(3), kind, hooks
        self.sizes = {"single": single, "bulk": bulk, "memory": memory, "training": training}
        settings = {"version": "2.0.0", **(tables or {}), "items": {check.ITEM.id: options}}
        self.settings = Settings.model_validate(settings)
        self.evidence, self.trained = Evidence(), []
        self.project = SimpleNamespace(
            root=root, settings=self.settings, confidence=0.95, progress=lambda _: None, seed=lambda _: 7, alone=alone,
            path=lambda name: root / name,
            options=lambda _: self.settings.options(check.ITEM),
            file=lambda text, what: named.file(text, root, error=ReadinessError, what=what),
        )  # fmt: skip
        self.config = SimpleNamespace(
            hook=SimpleNamespace(pytest_mlready_load_model=SimpleNamespace(get_hookimpls=lambda: self.hooks))
        )
        if measured:
            monkeypatch.setattr(turns, "in_turns", self.in_turns)
            monkeypatch.setattr(footprint, "measure", self.measure)
            monkeypatch.setattr(entry_points, "train", self.train)

    def value(self, what, side, scale):
        return scale * self.sizes[what][side] * float(np.exp(self.rng.normal(scale=self.noise)))

    def in_turns(self, subjects, plan, *, progress):
        assert [s.name for s in subjects] == ["the candidate", "the production model"]
        sides = [
            [
                turns.Turn(
                    singles=tuple(self.value("single", i, 0.01) for _ in range(30)), bulk=self.value("bulk", i, 0.1)
                )
                for _ in range(plan.rounds)
            ]
            for i in (0, 1)
        ]
        return sides[0], sides[1]

    def measure(self, loader, arguments, **_):
        added = int(self.value("memory", 0 if arguments[0] == "models:candidate" else 1, 1e8))
        return [Footprint(seconds=1.0, before=100, loaded=100, peak=100 + added)]

    def train(self, project, rows, *, seed, folder, what):
        side = 0 if project.settings.entry_points.train == "team:train" else 1
        self.trained.append(side)
        return SimpleNamespace(seconds=self.value("training", side, 5.0), path=folder)

    def getfixturevalue(self, name):
        if name in ("mlready_heldout", "mlready_train"):
            return HELDOUT
        source = "models:candidate" if name == "mlready_model" else "models:production"
        return SimpleNamespace(kind=self.kind, source=source)

    def __call__(self, test):
        test(
            self.project,
            self.evidence,
            *((self,) if test is not check.test_saved_benchmarks_are_as_fast_as_before else ()),
        )
        return {e["name"]: e["value"] for e in self.evidence.notes.evidence}

    def ends(self, test, ending):
        with pytest.raises(ending) as caught:
            self(test)
        return str(caught.value)


SERVING, MEMORY = check.test_serving_is_as_fast_as_before, check.test_memory_is_as_before
TRAINING, SAVED = check.test_training_takes_as_long_as_before, check.test_saved_benchmarks_are_as_fast_as_before
TRAINS = {"entry_points": {"train": "team:train"}}


@pytest.fixture
def case(tmp_path, monkeypatch):
    return functools.partial(Case, tmp_path, monkeypatch)


def test_a_release_as_fast_as_the_last_passes_with_its_figures(case):
    values = case()(SERVING)
    assert values["latency p50, times the previous"] == pytest.approx(1, abs=0.05)
    assert values["throughput, times the previous"] == pytest.approx(1, abs=0.05)
    assert values["rows a second, candidate"] == pytest.approx(10_000, rel=0.2)


def test_memory_and_training_as_before_pass(case):
    assert case()(MEMORY)["memory, times the previous"] == pytest.approx(1, abs=0.05)
    one = case(tables=TRAINS, previous_train="team:before")
    assert one(TRAINING)["training time, times the previous"] == pytest.approx(1, abs=0.05)
    assert one.trained == [0, 1, 1, 0, 0, 1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("test", "change", "said"),
    [
        (SERVING, {"single": (1.3, 1.0)}, "latency p50: 1.3"),
        (SERVING, {"bulk": (2.0, 1.0)}, "throughput: "),
        (MEMORY, {"memory": (1.5, 1.0)}, "memory: "),
        (TRAINING, {"training": (3.0, 1.0), "tables": TRAINS, "previous_train": "team:before"}, "training time: "),
        (SERVING, {"tables": {"model": {"latency": {"p99": "5 ms"}}}}, "latency p99"),
        (SERVING, {"min_throughput": 50_000.0}, "min_throughput"),
        (MEMORY, {"tables": {"model": {"max_memory": "10 MB"}}}, "max_memory"),
        (
            TRAINING,
            {"max_training_time": "1 s", "tables": TRAINS, "previous_train": "team:before"},
            "max_training_time",
        ),
    ],
)
def test_what_costs_more_or_misses_its_budget_fails(case, test, change, said):
    assert said in case(**change).ends(test, Failed)


def test_only_the_tail_that_grew_fails_too(case, monkeypatch):
    one = case()
    values = iter(itertools.cycle([1.0] * 27 + [1.6] * 3))
    plain = one.value

    def value(what, side, scale):
        return plain(what, side, scale) * (next(values) if what == "single" and side == 0 else 1)

    monkeypatch.setattr(one, "value", value)
    assert "latency p95" in one.ends(SERVING, Failed)


@pytest.mark.parametrize("change", [{"single": (1.1, 1.0)}, {"single": (1.05, 1.0), "noise": 0.8}])
def test_an_interval_across_the_limit_is_inconclusive(case, change):
    assert "Repeat on a quiet machine" in case(**change).ends(SERVING, Inconclusive)


def test_too_few_processes_for_memory_are_inconclusive(case):
    assert "At least 5 pairs" in case(repeats=3).ends(MEMORY, Inconclusive)


def entry(figure, value=4.0, version="2.0.0"):
    return {"figure": figure, "ratio": value, "version": version, "reason": "trees instead of a line"}


def test_a_decided_increase_with_a_budget_passes_for_this_version(case):
    given = {"bulk": (2.0, 1.0), "min_throughput": 1000.0}
    assert "throughput, candidate" in case(**given, accepted=[entry("throughput")])(SERVING)
    assert "throughput" in case(**given, accepted=[entry("throughput", version="1.9.0")]).ends(SERVING, Failed)
    assert "trees instead" in case(**given, accepted=[entry("throughput", 1.5)]).ends(SERVING, Failed)


def test_a_decided_increase_without_a_budget_is_an_error(case):
    said = case(bulk=(2.0, 1.0), accepted=[entry("throughput")]).ends(SERVING, DataError)
    assert "without an absolute budget" in said


def test_beside_other_workers_no_time_is_measured(case):
    assert "without -n" in case(alone="2 xdist workers run").ends(SERVING, Inconclusive)
    trains = {"tables": TRAINS, "previous_train": "team:before"}
    assert "without -n" in case(alone="2 xdist workers run", **trains).ends(TRAINING, Inconclusive)
    assert case(alone="2 xdist workers run")(MEMORY)


def test_training_without_a_previous_one_is_inconclusive_and_without_any_unverified(case):
    assert "previous_train =" in case(tables=TRAINS).ends(TRAINING, Inconclusive)
    assert "no entry point `train`" in case().ends(TRAINING, Unverified)


def test_a_training_compared_with_itself_is_inconclusive(case):
    assert "train itself" in case(tables=TRAINS, previous_train="team:train").ends(TRAINING, Inconclusive)


def test_a_model_compared_with_itself_is_inconclusive(case, tmp_path):
    for name in ("new.joblib", "old.joblib"):
        (tmp_path / name).write_bytes(b"weights")
    one = case(tables={"model": {"path": "new.joblib", "production": "old.joblib"}})
    assert "the same bytes" in one.ends(SERVING, Inconclusive)
    (tmp_path / "old.joblib").write_bytes(b"other weights")
    assert one(SERVING)["latency p50, times the previous"]


def test_a_folder_compared_with_its_copy_is_inconclusive(case, tmp_path):
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "MLmodel").write_bytes(b"flavors: {}")
    one = case(tables={"model": {"path": "new", "production": "old"}})
    assert "the same bytes" in one.ends(SERVING, Inconclusive)


def test_models_that_no_process_can_load_are_said(case):
    assert "a hook loads the models" in case(hooks=(1,)).ends(SERVING, Inconclusive)
    assert "is a service" in case(kind="http").ends(MEMORY, NotApplicable)


def test_a_system_that_does_not_tell_memory_is_inconclusive(case, monkeypatch):
    one = case()
    nothing = [Footprint(seconds=1.0, before=None, loaded=None, peak=None)]
    monkeypatch.setattr(footprint, "measure", lambda *_, **__: nothing)
    assert "VmHWM" in one.ends(MEMORY, Inconclusive)


def test_an_unknown_method_is_an_error(case):
    assert "predict_proba" in case(method="transform").ends(SERVING, DataError)


def saved(mean, commit, day):
    stats = {"rounds": 100, "mean": mean, "stddev": mean / 50}
    return json.dumps(
        {"datetime": f"2026-11-{day}T10:00:00", "commit_info": {"id": commit}, "machine_info": {"node": "ci"},
         "benchmarks": [{"fullname": "test_it", "stats": stats}]}
    )  # fmt: skip


@pytest.mark.parametrize(("mean", "ending"), [(0.01, None), (0.02, Failed)])
def test_saved_benchmarks_are_found_and_compared(case, tmp_path, mean, ending):
    folder = tmp_path / ".benchmarks" / "Linux-CPython-3.11-64bit"
    folder.mkdir(parents=True)
    (folder / "0001_a.json").write_text(saved(0.01, "a", "01"))
    (folder / "0002_b.json").write_text(saved(mean, "b", "20"))
    one = case()
    if ending is None:
        assert one(SAVED)["saved runs compared"] == "0002_b.json with 0001_a.json"
        assert one.evidence.notes.grade == "static"
    else:
        assert "test_it: 2 times the previous run" in one.ends(SAVED, ending)


def test_no_saved_benchmarks_are_unverified_and_a_wrong_folder_an_error(case):
    assert "saved no runs" in case().ends(SAVED, Unverified)
    assert "does not exist" in case(benchmarks="bench").ends(SAVED, ReadinessError)


@pytest.mark.slow
@pytest.mark.parametrize(("previous", "ending"), [("slow", None), ("quick", Failed)])
def test_real_models_in_real_processes(case, tmp_path, monkeypatch, previous, ending):
    (tmp_path / "turn_models.py").write_text(TRUNKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    one = case(measured=False, rounds=8, time_budget="1 s", rows=10)
    sources = {"mlready_model": "turn_models:slow", "mlready_production": f"turn_models:{previous}"}
    monkeypatch.setattr(
        one, "getfixturevalue",
        lambda name: HELDOUT if name == "mlready_heldout" else SimpleNamespace(kind="function", source=sources[name]),
    )  # fmt: skip
    if ending is None:  # both are the slow one: only that it is not slower than itself by more than a half is certain
        one.settings.items[check.ITEM.id]["limit"] = 0.5
        assert one(SERVING)["latency p50, candidate"] >= 0.006
    else:
        assert "latency p50" in one.ends(SERVING, ending)
