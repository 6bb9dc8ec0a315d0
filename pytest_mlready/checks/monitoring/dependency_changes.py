"""Asks whether the team hears of a change in data or code that it depends on."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.dependency_changes",
    title="Dependency changes result in notification",
    question="Does your team hear of a change in the data or code that it depends on before the model does?",
    why=(
        "A source table gets a new meaning, a library changes a default, a vendor retires an embedding model. None of "
        "it is a commit in your repository, so no review and no CI of yours sees it. Teams learn of it from a drop in "
        "quality and then spend days to find the cause."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a drill: a simulated version "
        "bump of a dependency on the declared channel, and the notification that arrives from it; and the manifest of "
        "all data and code dependencies with owner, channel and version. It passes when the notification is delivered "
        "and every entry is complete. It fails when nothing arrives, or the lineage names a source that the manifest "
        "lacks. A channel that cannot be exercised from here is inconclusive; the record of a real notification in the "
        "last quarter counts as replayed evidence."
    ),
    how_to_fix=(
        "List every table, stream, API, pretrained model and library, with the owner and the place where changes are "
        "announced. Pin versions and let a bot propose updates. Agree with data owners on notice before a schema or "
        "meaning changes, and register as a consumer. Send all of it to a channel that on-call reads, and rehearse it."
    ),
    attestation=(
        "The list of dependencies with owners and channels, the last notification received or simulated with date, who "
        "read it, and which sources give no notice."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 1: dependency changes result in notification",
        "Sculley et al. 2015, Hidden Technical Debt in Machine Learning Systems",
    ),
)
