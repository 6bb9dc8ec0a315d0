"""What the service keeps of what was served: nothing unless asked to, and then what was sent, made and answered."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from features import make
from service.examples import Examples, named
from service.model import load
from service.schema import EXAMPLE, Batch
from service.settings import Settings

HERE = Path(__file__).parents[1]
KEY = {"INCOME_SIGNING_KEY": "k" * 32}


@pytest.fixture(scope="module")
def model():
    return load(HERE / "artifacts" / "model.skops", version="2.0.0", sha256=None)


def kept(model, target, share, count=40):
    instances = Batch.model_validate({"instances": EXAMPLE["instances"] * count}).instances
    features = model.features(instances)
    examples = Examples(file=target, share=share, chance=random.Random(1))
    examples.keep(model, instances, features, model.probabilities(features))
    return [json.loads(line) for line in target.read_text().splitlines()] if target.exists() else []


def test_nothing_is_kept_unless_a_file_is_named():
    assert named(Settings.read(KEY)) is None


def test_an_example_holds_what_was_sent_made_and_answered(model, tmp_path):
    one = kept(model, tmp_path / "served.ndjson", 1.0)[0]
    assert one["raw"] == EXAMPLE["instances"][0]
    assert one["features"] == make(model.features(Batch.model_validate(EXAMPLE).instances)).to_dict("records")[0]
    assert (one["model_version"], one["model_sha256"], one["prediction"]) == ("2.0.0", model.sha256, ">50K")
    assert 0.5 < one["score"] < 1


def test_a_share_of_the_rows_is_kept_in_a_file_of_our_own(model, tmp_path):
    target = tmp_path / "served.ndjson"
    assert 5 < len(kept(model, target, 0.5)) < 35
    assert target.stat().st_mode & 0o077 == 0
    assert kept(model, tmp_path / "none.ndjson", 0.0) == []


def test_a_file_that_is_full_or_cannot_be_written_stops_no_answer(model, tmp_path, monkeypatch):
    monkeypatch.setattr("service.examples.MAX_BYTES", 10)
    target = tmp_path / "served.ndjson"
    assert len(kept(model, target, 1.0)) == len(kept(model, target, 1.0)) == 40
    assert kept(model, tmp_path / "missing" / "served.ndjson", 1.0) == []
