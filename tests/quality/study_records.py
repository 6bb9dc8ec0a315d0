"""Searches to judge, built in a line each."""

from __future__ import annotations

from pytest_mlready.quality.studies import Study, Trial

GRID = {
    (rate, leaves): 0.92 - (rate - 0.05) ** 2 - (leaves - 31) ** 2 / 1e5
    for rate in (0.03, 0.05, 0.1)
    for leaves in (15, 31, 63)
}
WINNER = {"rate": 0.05, "leaves": 31}


def grid(*, sd=None, greater=True, **more) -> Study:
    """Nine settings, of which rate = 0.05 with leaves = 31 is best and lies inside."""
    trials = tuple(
        Trial(name=str(n), params={"rate": rate, "leaves": leaves}, score=score if greater else -score, sd=sd)
        for n, ((rate, leaves), score) in enumerate(GRID.items())
    )
    return Study(
        **{"source": "grid.json", "tool": "table", "trials": trials, "score": "roc_auc", "greater": greater, **more}
    )


def of(*trials, **more) -> Study:
    """Trials given as (params, score) or (params, score, further fields)."""
    made = tuple(
        Trial(name=str(n), params=params, score=score, **(rest[0] if rest else {}))
        for n, (params, score, *rest) in enumerate(trials)
    )
    return Study(
        **{"source": "trials.csv", "tool": "table", "trials": made, "score": "roc_auc", "greater": True, **more}
    )
