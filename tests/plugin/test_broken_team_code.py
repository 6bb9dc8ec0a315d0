"""The example's own code and records, broken as real ones break: what would make the ML Test Score worth nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "example_project"
pytestmark = pytest.mark.slow


@pytest.fixture
def broken(pytester, readiness):
    """Breaks a file of a copy of the example, and returns why one item is not verified."""
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "build"))

    def run(item: str, file: str, old: str, new: str) -> str:
        path = pytester.path / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has changed: this test breaks nothing any more"
        path.write_text(text.replace(old, new), encoding="utf-8")
        found = readiness(f"--mlready-item={item}", "--ignore=tests").item(item)
        assert found["status"] == "failed", found
        return found["reason"]

    return run


def test_a_notifier_that_sees_a_change_and_tells_nobody_is_caught(broken):
    silent = "def send(change: Change, webhook: str) -> None:"
    quiet = f"{silent}\n    return\n\n\ndef kept(change: Change, webhook: str) -> None:"
    said = broken("monitoring.dependency_changes", "monitoring/dependency_watch.py", silent, quiet)
    assert "6 of 6 simulated changes were not notified" in said


def test_an_explanation_that_is_off_by_one_percent_is_caught(broken):
    said = broken("infrastructure.debuggable", "explain.py", "+= change\n", "+= change * 1.01\n")
    assert "do not recompose to the model's prediction" in said


def test_an_alert_on_broken_rows_that_can_never_fire_is_caught_with_its_line(broken):
    said = broken("monitoring.data_invariants", "monitoring/rules.yaml", ") > 0.05", ") > 5")
    assert "IncomeSchemaViolations stays silent even on this" in said
    assert "monitoring/rules.yaml:" in said


def test_a_deployed_setting_that_another_one_beat_is_caught(broken):
    beaten = json.loads((EXAMPLE / "artifacts/training.json").read_text())["selection"]["tried"][-1]["roc_auc"]
    said = broken(
        "model_quality.hyperparameters_tuned", "artifacts/training.json", f'"roc_auc": {beaten}', '"roc_auc": 0.95'
    )
    assert "did not win" in said


def test_a_schema_that_lets_everything_through_is_caught(broken):
    said = broken("data.feature_schema", "data/schema.json", '"maximum"', '"x-maximum"')
    assert "rejected" in said or "accepted" in said
