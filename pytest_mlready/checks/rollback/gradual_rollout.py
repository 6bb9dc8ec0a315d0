"""Asks whether a new model first meets a small, watched share of traffic."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="rollback.gradual_rollout",
    title="Gradual rollout: flags or traffic splitting",
    question="Does a new model first meet a small, watched share of traffic before it gets all of it?",
    why=(
        "Some failures exist only in production: an input that staging never sees, a library that differs on the "
        "serving host, users who react. At 5 % of traffic they are an incident report; at 100 % they are an outage. A "
        "split that is configured but not routed sends everybody to the new model while the file says ten percent."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: requests to the running "
        "system whose split by version lies within its binomial interval; and the configuration: Argo Rollouts, "
        "Flagger, KServe, Istio or Gateway weights, OpenFeature or flagd flags. It passes when the first step is at "
        "most 10 %, there are at least 2 steps, and an analysis that can abort is attached. It fails when one is "
        "missing or the observed split contradicts the file. Too few requests are inconclusive. Argo without a traffic "
        "router only approximates by replica counts, and KServe's percentage needs serverless mode. In the ML Test "
        "Score it counts in full when the candidate was also loaded in the serving stack on at least 1,000 sampled "
        "inputs."
    ),
    how_to_fix=(
        "Route by weight at the gateway or by a flag keyed on the user, so that one user stays with one version. Start "
        "at 1 to 10 % beside a control of equal size. Attach an analysis of errors, latency and prediction "
        "distribution that aborts by itself. Before that, load the candidate in the serving image and replay sampled "
        "requests."
    ),
    attestation=(
        "Steps and shares of the last rollout, how the split was observed, what was analysed against which control, "
        "who could abort, versions and date."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 6: models are canaried before serving",
        "Beyer et al. 2018, The Site Reliability Workbook, Canarying Releases",
        "Argo Rollouts documentation, Traffic management",
    ),
)
