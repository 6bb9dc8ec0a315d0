"""Makes a built-in check the team's own: imported here it runs here, once, and counts for the same item.

What changes is who may soften it. Under a gate, a built-in check outside `required` is reported and does not fail the
run by itself. A team's own test fails the run whenever it fails, and it runs in a plain `pytest` too.
"""

from __future__ import annotations

from pytest_mlready.checks.model_quality.metric_thresholds import test_metrics_meet_their_limits

__all__ = ["test_metrics_meet_their_limits"]
