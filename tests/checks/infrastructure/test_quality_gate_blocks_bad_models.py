"""The check of a team's gate: gates that judge pass; those that bless, crash or refuse everything do not."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import joblib
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from pytest_mlready.artifacts import models
from pytest_mlready.checks.infrastructure import quality_gate_blocks_bad_models as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.quality.predictions import predict
from pytest_mlready.serving.commands import Ran
from pytest_mlready.settings import Settings
from pytest_mlready.team import entry_points
from pytest_mlready.values import Dataset

FEATURES = ("age", "hours")
LIMITS = {"accuracy": {"min": 0.75}, "roc_auc": {"min": 0.8}}
CRASH = 'Traceback (most recent call last):\n  File "gate.py"\nValueError: cannot read it'
GATE = """
import sys
import joblib, numpy as np
rows = np.load("heldout.npz")
model = joblib.load(sys.argv[1])
right = (model.predict(rows["X"]) == rows["y"]).mean()
print("accuracy", right)
sys.exit(0 if right >= 0.75 else 1)
"""


def table(name, seed, n=1500):
    rng = np.random.default_rng(seed)
    age, hours = rng.normal(size=n), rng.normal(size=n)
    outcome = np.where(2 * age + hours + 0.7 * rng.normal(size=n) > 0, "yes", "no")
    frame = pl.DataFrame({"age": age, "hours": hours, "outcome": outcome})
    return Dataset(frame=frame, name=name, source=name, sha256=str(seed), target="outcome", features=FEATURES)


TRAINED, HELDOUT = table("train", 1), table("heldout", 2)


def right(model):
    return float((model.predict(HELDOUT.X.to_numpy()) == HELDOUT.y).mean())


def honest(path):
    """A gate: (exit status, what it wrote)."""
    try:
        value = right(joblib.load(path))
    except Exception:  # noqa: BLE001 - damaged files raise whatever they like
        return 1, "veto: cannot be read"
    return (0, f"accuracy {value}") if value >= 0.75 else (1, f"veto: accuracy {value}")


class Case:
    """A project with a joblib model, a gate that is a function, and a training in this process."""

    def __init__(self, root, monkeypatch, *, gate, trains=True, metrics=LIMITS, model=None, **options):
        self.gate, self.asked, self.trained = gate, [], 0
        estimator = model or LogisticRegression().fit(TRAINED.X.to_numpy(), TRAINED.y)
        joblib.dump(estimator, root / "model.joblib")
        tables = {"entry_points": {"gate": "gate {model}"} if gate else {}, "metrics": metrics}
        if trains:
            tables["entry_points"]["train"] = "team:train"
        self.settings = Settings.model_validate(
            {**tables, "model": {"path": "model.joblib"}, "items": {check.ITEM.id: options}}
        )
        self.model = models.load("model.joblib", root=root)
        self.project = SimpleNamespace(
            root=root, settings=self.settings, confidence=0.95, progress=lambda _: None, seed=lambda _: 7,
            options=lambda _: self.settings.options(check.ITEM), file=lambda text, what: root / text,
        )  # fmt: skip
        self.evidence = Evidence()
        monkeypatch.setattr(entry_points, "command", self.command)
        monkeypatch.setattr(entry_points, "train", self.train)

    def command(self, project, name, values, *, what):
        self.asked.append(values["model"])
        code, tail = self.gate(values["model"])
        return Ran(shown="gate", code=code, seconds=0.1, tail=tail)

    def train(self, project, rows, *, seed, folder, what):
        self.trained += 1
        joblib.dump(
            LogisticRegression().fit(rows.select(FEATURES).to_numpy(), rows["outcome"].to_numpy()), folder / "m.joblib"
        )
        return SimpleNamespace(path=folder / "m.joblib")

    def getfixturevalue(self, name):
        if name == "mlready_predictions":
            return predict(self.model, HELDOUT, task="binary-classification")
        return {"mlready_heldout": HELDOUT, "mlready_train": TRAINED}[name]

    def __call__(self):
        check.test_the_gate_stops_bad_models_and_no_good_one(self.project, self.evidence, self.model, self)
        return self.values()

    def values(self):
        return {e["name"].removeprefix("gate on "): e["value"] for e in self.evidence.notes.evidence}

    def ends(self, ending):
        with pytest.raises(ending) as caught:
            self()
        return str(caught.value)


@pytest.fixture
def case(tmp_path, monkeypatch):
    return functools.partial(Case, tmp_path, monkeypatch)


def test_a_gate_that_judges_passes_with_every_kind_that_can_be_made(case):
    values = case(gate=honest)()
    assert values == {
        "bad models that the gate stopped": 5, "the candidate": "blessed", "shuffled labels": "vetoed",
        "noised weights": "vetoed", "constant answer": "vetoed", "leaked target": "vetoed", "stale": "not asked",
        "wrong class order": "vetoed",
    }  # fmt: skip


def test_without_training_the_kinds_made_of_the_model_are_enough(case):
    one = case(gate=honest, trains=False)
    assert one()["shuffled labels"] == "not asked"
    assert one.values()["noised weights"] == "vetoed"
    assert one.trained == 0


def test_without_limits_bad_is_what_is_worse_than_the_candidate(case):
    assert case(gate=honest, metrics={})()["constant answer"] == "vetoed"


def only(status, words, good="accuracy 0.9"):
    return lambda path: (0, good) if right_or_none(path) is not None else (status, words)


def right_or_none(path):
    try:
        return right(joblib.load(path))
    except Exception:  # noqa: BLE001
        return None


def blind_to(kind):
    """An honest gate that lets one kind through."""
    tells = {
        "constant": lambda model: type(model).__name__ == "DummyClassifier",
        "order": lambda model: list(model.classes_) == ["yes", "no"],
        "noise": lambda model: "Dummy" not in type(model).__name__ and list(model.classes_) == ["no", "yes"],
    }

    def gate(path):
        value = right_or_none(path)
        blessed = value is not None and "m.joblib" not in path and tells[kind](joblib.load(path))
        return (0, "fine") if blessed else honest(path)

    return gate


def reversed_gate(path):
    value = right_or_none(path)
    return (1, "bad") if value is None or value > 0.75 else (0, "good")


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        (lambda path: (0, "done"), "lets a bad model through"),
        (lambda path: (0, "done"), "cut in half"),
        (reversed_gate, "the gate stops the candidate"),
        (lambda path: (1, "no"), "the gate stops the candidate"),
        (only(1, "unreadable"), "lets a bad model through"),
        (blind_to("constant"), "constant answer"),
        (blind_to("order"), "wrong class order"),
        (blind_to("noise"), "noised weights"),
    ],
)
def test_a_gate_that_does_not_tell_good_from_bad_fails(case, gate, said):
    assert said in case(gate=gate).ends(Failed)


def crashing(path):
    value = right_or_none(path)
    return (0, "fine") if value is not None and value >= 0.75 else (1, CRASH)


def by_name(path):
    """Knows the candidate by its place alone, as a gate does that verifies signatures or digests."""
    return (0, "known") if "mlready-" not in path else (1, "veto: nobody signed it")


def by_type(path):
    kind = type(joblib.load(path)).__name__ if right_or_none(path) is not None else "nothing"
    return (1, "veto: a type that is not trusted") if kind != "LogisticRegression" else honest(path)


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        (crashing, "it crashed with ValueError"),
        (by_name, "refuses an unharmed copy of the candidate too"),
        (by_type, "what it says of a file that cannot be read"),
        (lambda path: (None, ""), "did not end within its time limit"),
        (lambda path: (-9, ""), "ended by signal 9"),
        (lambda path: (127, "gate: command not found"), "ended with status 127"),
    ],
)
def test_a_crash_is_no_veto_and_no_blessing(case, gate, said):
    assert said in case(gate=gate).ends(Inconclusive)


def test_a_veto_of_its_own_status_tells_a_crash_apart(case):
    def gate(path):
        code, words = honest(path)
        return (3, words) if code and "accuracy" in words else (code, words)

    one = case(gate=gate, veto=3)
    assert one()["noised weights"] == "vetoed"
    assert "ended with status 1, which is no veto" in case(gate=honest, veto=3).ends(Inconclusive)


def test_a_regression_has_no_class_order_and_passes_with_the_others(tmp_path, monkeypatch):
    heldout = HELDOUT.frame.with_columns(outcome=2 * pl.col("age") + pl.col("hours"))
    rows = Dataset(frame=heldout, name="heldout", source="h", sha256="3", target="outcome", features=FEATURES)

    def gate(path):
        try:
            error = np.abs(joblib.load(path).predict(rows.X.to_numpy()) - rows.y).mean()
        except Exception:  # noqa: BLE001
            return 1, "unreadable"
        return int(error > 0.5), f"error {error}"

    ridge = Ridge().fit(rows.X.to_numpy(), rows.y)
    one = Case(tmp_path, monkeypatch, gate=gate, trains=False, metrics={}, model=ridge)
    monkeypatch.setattr(
        one, "getfixturevalue", lambda name: rows if name == "mlready_heldout" else predict(one.model, rows)
    )
    values = one()
    assert (values["wrong class order"], values["noised weights"]) == ("not asked", "vetoed")


def test_fewer_than_two_kinds_are_inconclusive(case):
    said = case(gate=honest, kinds=["constant answer"]).ends(Inconclusive)
    assert "tried on 1 kinds of bad models" in said


def test_limits_that_no_spoilt_model_misses_are_inconclusive(case):
    said = case(gate=honest, metrics={"accuracy": {"min": 0.0}}).ends(Inconclusive)
    assert "not clearly bad" in said


def test_an_older_model_that_is_named_is_tried_and_counts_where_it_is_bad(case, tmp_path):
    bad = LogisticRegression().fit(TRAINED.X.to_numpy(), np.roll(TRAINED.y, 5))
    joblib.dump(bad, tmp_path / "old.joblib")
    assert case(gate=honest, stale="old.joblib")()["stale"] == "vetoed"


def test_an_unknown_kind_is_an_error_with_the_nearest(case):
    assert 'did you mean "noised weights"?' in case(gate=honest, kinds=["noised weight"]).ends(ReadinessError)


def test_a_command_that_does_not_take_the_model_is_an_error_before_anything_is_asked(case):
    one = case(gate=honest)
    points = one.settings.entry_points.model_copy(update={"gate": "python gate.py"})
    one.project.settings = one.settings.model_copy(update={"entry_points": points})
    assert "has no {model}" in one.ends(ReadinessError)
    assert not one.asked


def test_no_gate_is_unverified_with_the_line_to_paste(case):
    assert 'gate = "python gate.py {model}"' in case(gate=None).ends(Unverified)


def test_a_model_without_a_file_is_inconclusive(case):
    one = case(gate=honest)
    one.model.path = None
    assert "no artifact on disk" in one.ends(Inconclusive)


@pytest.mark.slow
def test_a_real_gate_in_processes_of_its_own(tmp_path, monkeypatch, case):
    real = entry_points.command
    one = case(gate=honest, trains=False, kinds=["wrong class order", "constant answer"])
    monkeypatch.setattr(entry_points, "command", real)
    (tmp_path / "gate.py").write_text(GATE)
    np.savez(tmp_path / "heldout.npz", X=HELDOUT.X.to_numpy(), y=HELDOUT.y.astype(str))
    table = one.settings.entry_points.model_copy(update={"gate": "python gate.py {model}"})
    one.project.settings = one.settings = one.settings.model_copy(update={"entry_points": table})
    assert one()["bad models that the gate stopped"] == 2  # it crashes on the file that is cut in half, and may
