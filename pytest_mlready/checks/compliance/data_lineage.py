"""Asks whether the served model can be traced back to versioned sources without a gap."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="compliance.data_lineage",
    title="Data lineage: source → training → serving",
    question="Can the served model be traced back, step by step and without a gap, to the data it learned from?",
    why=(
        "When a source turns out to be wrong, unlawful or poisoned, the question is which models have it inside. "
        "Without lineage the safe answer is all of them. An audit and a request for erasure ask the same from the "
        "other end, and nobody can rebuild the chain from memory a year later."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a walk over the lineage "
        "records (OpenLineage events, MLflow runs, DVC files), starting from the digest that the service really "
        "serves: served artifact, training run, training data, features, sources. It passes when there is no gap and "
        "every node has a version or digest. It fails when a link is missing or a node is named without a version, and "
        "says where the chain ends. Records that cannot be read, or an unknown served digest, are inconclusive. A "
        "drawing of the flow is no lineage: it names no versions."
    ),
    how_to_fix=(
        "Let each job write what it read and wrote, with digests, when it runs; add nothing by hand afterwards. Store "
        "the run's id in the artifact. Address data by version or snapshot, never by a path that is overwritten. Let "
        "the service report the digest that it loaded. Try the walk in both directions, from the model to its sources "
        "and from one source to all models."
    ),
    attestation=(
        "The chain for this model with versions at each step, how it was put together, which steps are documented by "
        "hand, and known gaps."
    ),
    about_model=True,
    sources=(
        "OpenLineage specification",
        "W3C 2013, PROV-O: The PROV Ontology",
        "EU AI Act (Regulation (EU) 2024/1689), Article 10: data and data governance",
    ),
)
