"""Asks whether it is known how fast the model's quality falls with its age."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="model_quality.staleness_impact",
    title="Impact of staleness known",
    question="How much worse does the model get with age, and after how long must it be replaced?",
    why=(
        "The world moves and a served model does not. Without a curve of quality against age, the retraining schedule "
        "is a guess: too slow, and losses build up unseen; too fast, and every retraining risks a bad release for "
        "nothing. When the pipeline breaks over a holiday, somebody has to know whether it can wait until Monday."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a replay of archived model "
        "versions, or of retrainings cut off at earlier dates, on the newest labelled data, or the saved result of "
        "such a run. It passes with at least 4 ages, the gap of each to a fresh model, a maximum age derived from the "
        "gap that you can accept, and a result no older than 90 days. It fails when the served model is beyond that "
        "age in the result itself. Fewer ages or gaps lost in noise are inconclusive."
    ),
    how_to_fix=(
        "Keep old versions loadable, or retrain with the data cut off one, three, six and twelve periods ago. Score "
        "all on the same recent labelled rows, with intervals. Decide which loss is acceptable, read off the age, and "
        "write it as the limit that the staleness alert uses. Repeat each quarter and after a change of features."
    ),
    attestation=(
        "Which versions or cut-offs were compared, on which recent data, the loss at each age, the maximum age drawn "
        "from it, the date, and who owns the retraining schedule."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 4: the impact of model staleness is known",
        "Zinkevich, Rules of Machine Learning, Rule 8: know the freshness requirements of your system",
        "Vela et al. 2022, Temporal quality degradation in AI models",
    ),
)
