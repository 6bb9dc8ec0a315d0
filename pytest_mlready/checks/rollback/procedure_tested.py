"""Asks whether the rollback was performed in staging and brought the old answers back."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="rollback.procedure_tested",
    title="Rollback procedure documented and tested in staging",
    question="Was the rollback really performed in staging, and did the old model's answers come back?",
    why=(
        "An untested rollback is a plan. Caches keep the new model's answers, one replica stays behind, the command "
        "needs a permission that the person on call lacks, or the way forward again is blocked. Under stress each of "
        "these adds to the time that users get wrong results."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the drill itself, through "
        "your configured commands on staging: version N, back to N−1, forward to N; after each step the digest that is "
        "served and the golden outputs are verified, and the duration is recorded. It passes when every step is "
        "verified within the time limit and the last drill is at most 90 days old. It fails when a step does not bring "
        "the expected version or takes too long. If a drill may not be run from here, the record of one counts, with "
        "the same fields; a record without digests is inconclusive. A document alone is no test."
    ),
    how_to_fix=(
        "Write the procedure as one command that anybody on call may run. Let the service report the digest that it "
        "serves. Rehearse both directions with traffic running, and watch for mixed versions and stale caches. Time it "
        "from the decision to the last replica. Put the next drill in the calendar, and run one before each large "
        "release."
    ),
    attestation=(
        "Date, environment, versions and digests before and after each step, duration, who performed it from which "
        "document, deviations, and repairs that followed."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 7: serving models can be rolled back",
        "AWS Builders' Library, Ensuring rollback safety during deployments",
        "NIST SP 800-34 Rev. 1 (2010), Contingency Planning Guide, testing and exercises",
    ),
)
