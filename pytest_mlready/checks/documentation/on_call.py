"""Asks whether somebody is on call for the model, without gaps, and was briefed."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="documentation.on_call",
    title="On-call team identified and briefed",
    question="Is somebody on call for this model now and for the coming two weeks, and do they know it?",
    why=(
        "An alert without a reader is a log line. Ownership of models is easily lost: the data scientist moved on, the "
        "platform team thinks it only hosts. A rotation that has the service but was never told about the model will "
        "restart it, which cures no wrong prediction."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: an export of the schedule "
        "(iCalendar or the JSON of your paging tool), and the owner in CODEOWNERS or in the service catalogue. It "
        "passes when somebody is on call now and without a gap for 14 days, there are two escalation levels, and the "
        "owner there exists. It fails on a gap, a single level or no owner. An export that is out of date or cannot be "
        "parsed is inconclusive. The schedule by code earns half; that the team was briefed is a person's statement "
        "and earns the other half."
    ),
    how_to_fix=(
        "Name one owning team in the repository and in the catalogue. Put the model's alerts on that team's rotation, "
        "with a second level. Brief them: what the model decides, how it fails, where the runbook and the rollback "
        "are. Let them do one drill before launch. Export the schedule in CI each week."
    ),
    attestation=(
        "Who was briefed, by whom and when, on which model version and what, who could not attend, and the escalation "
        "path."
    ),
    decided_by="both",
    sources=(
        "Beyer et al. 2016, Site Reliability Engineering, Being On-Call",
        "Beyer et al. 2018, The Site Reliability Workbook, On-Call",
        "GitHub documentation, About code owners",
    ),
)
