"""What the alert rules rely on: figures that are numbers when they can be, and outcomes that find their predictions."""

from __future__ import annotations

import math

import pytest
from monitoring import outcomes
from prometheus_client.parser import text_string_to_metric_families
from service.metrics import FEWEST, REFERENCE, Drift


def served(*labels):
    drift = Drift()
    drift.add(list(labels))
    return drift.psi()


def mixed(share, n=1000):
    rich = round(share * n)
    return (">50K",) * rich + ("<=50K",) * (n - rich)


def test_drift_of_few_predictions_is_no_number():
    assert math.isnan(served(*mixed(0.2, FEWEST - 1)))


def test_drift_of_the_reference_itself_is_nothing():
    assert served(*mixed(REFERENCE[">50K"])) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_drift_of_other_labels_is_above_the_limit_of_the_alert(share):
    assert served(*mixed(share)) > 0.25


def test_outcomes_find_the_predictions_that_they_belong_to():
    joined = outcomes.predictions().join(outcomes.outcomes(), on="id")
    assert joined.height == outcomes.outcomes().height > 1000


def test_the_jobs_page_is_one_that_prometheus_can_read():
    (family,) = text_string_to_metric_families(outcomes.page())
    assert [(s.labels, s.value > 0.8) for s in family.samples] == [({"model_version": outcomes.VERSION}, True)]
