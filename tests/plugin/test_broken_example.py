"""The example project, broken as real projects break; each time the gate must object, in words one wants to read."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

EXAMPLE = Path(__file__).parents[2] / "example_project"
pytestmark = pytest.mark.slow


@pytest.fixture
def example(pytester, readiness):
    """A copy of the example; runs one built-in check on it."""
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    def run(item: str):
        ran = readiness(f"--mlready-item=model_quality.{item}", "--ignore=tests")
        return ran, ran.item(f"model_quality.{item}")

    run.settings = pytester.path / "pyproject.toml"
    return run


def replace(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def test_as_it_is_the_four_required_items_are_verified(readiness, pytester):
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    items = ("metric_thresholds", "heldout_integrity", "subgroup_performance", "baseline_comparison")
    ran = readiness(*(f"--mlready-item=model_quality.{item}" for item in items))
    assert {ran.status(f"model_quality.{item}") for item in items} == {"verified"}
    whole = ran.item("model_quality.metric_thresholds")["tests"][0]["evidence"]
    auc = next(e for e in whole if e["name"] == "roc_auc")
    assert auc["value"] >= 0.91


def test_the_older_model_shipped_by_mistake_is_worse_than_what_is_live(example):
    replace(
        example.settings,
        ('path = "artifacts/model.skops"', 'path = "artifacts/candidate.skops"'),
        ('production = "artifacts/production.joblib"', 'production = "artifacts/model.skops"'),
        ('path = "artifacts/candidate.skops"', 'path = "artifacts/production.joblib"'),
    )
    ran, item = example("baseline_comparison")
    assert item["status"] == "failed"
    assert "production" in item["reason"]
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_200_held_out_rows_among_the_training_rows_are_noticed(example, pytester):
    train, heldout = (pl.read_parquet(EXAMPLE / f"data/{name}.parquet") for name in ("train", "heldout"))
    pl.concat([train, heldout.sample(200, seed=1)]).write_parquet(pytester.path / "data/train.parquet")
    _, item = example("heldout_integrity")
    assert item["status"] == "failed"
    assert "held-out rows are also in train" in item["reason"]


def test_a_truncated_artifact_is_one_clear_sentence(example, pytester):
    artifact = pytester.path / "artifacts/model.skops"
    artifact.write_bytes(artifact.read_bytes()[:100_000])
    ran, item = example("metric_thresholds")
    assert item["status"] == "error"
    assert "model.skops" in item["reason"]
    assert "Traceback" not in ran.text


def test_a_model_that_fails_one_small_group_is_caught_though_the_average_hides_it(example, pytester):
    pytester.makepyfile(
        wrapped="""
        from pathlib import Path
        import numpy as np
        from pytest_mlready.artifacts import models

        TRUST = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
        inner = models.load("artifacts/model.skops", root=Path(__file__).parent, trusted_types=TRUST)

        def model(frame):
            answers = np.array(inner.predict(frame), dtype=object)
            hit = ((frame["sex"] == "Female") & (frame["race"] == "Black")).to_numpy()
            answers[hit] = np.where(np.arange(hit.sum()) % 10 < 6, ">50K", "<=50K")
            return answers
        """
    )
    replace(example.settings, ('path = "artifacts/model.skops"', 'path = "wrapped:model"'))
    _, item = example("subgroup_performance")
    assert item["status"] == "failed"
    assert "Female" in item["reason"]
    assert "Black" in item["reason"]


def test_a_model_that_cannot_answer_a_value_it_was_trained_on_is_caught_with_the_smallest_input(example, pytester):
    pytester.makepyfile(
        wrapped="""
        import numpy as np

        def model(frame):
            if (frame["hours-per-week"] == 99).any():
                raise ValueError("hours out of range")
            return np.where(frame["education-num"].to_numpy() > 12, ">50K", "<=50K")
        """
    )
    replace(example.settings, ('path = "artifacts/model.skops"', 'path = "wrapped:model"'))
    _, item = example("edge_and_adversarial_cases")
    assert item["status"] == "failed"
    assert "hours-per-week" in item["reason"]
