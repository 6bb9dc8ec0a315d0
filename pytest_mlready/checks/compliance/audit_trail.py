"""Asks whether every deployment is on record, complete and protected against later change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import clock

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.documents.audit.log import Log
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="compliance.audit_trail",
    title="Audit trail: versioning and deployment decisions",
    question="For every model that was deployed, is it on record what it was, who approved it and on what evidence?",
    why=(
        "Months later somebody asks which model made a decision on a certain day and why it was live. If the answer "
        "lives in chat messages and memory, there is none. A log that can be edited unnoticed is doubted exactly when "
        "it matters."
    ),
    looks_at=(
        "The deployment log that `log` names, or git's history of the ref that `git` names, and each model that was "
        "served: the live one (production in [tool.mlready.model]) and those of `deployed`. The log is JSON lines, "
        "each chained to the one before by prev and sha256 (python -m pytest_mlready.documents.audit appends and "
        "verifies); an export of entries or of MLflow runs; or commits whose trailers are Model-sha256, Data-sha256, "
        "Report and Approved-by. It passes when every served model has an entry of its deployment, every such entry "
        "names model, data, commit, evaluation report, author, approver and time, nobody approved their own work, a "
        "report in this project still has the digest it was approved with, and a change would show. It fails on a "
        "changed, removed, inserted or moved line, on an end that is not the `head` kept elsewhere, on an entry that "
        "is not whole or lies in the future, and on a served model without one. The candidate needs none before it is "
        "deployed. It is inconclusive where it is not known what was served, for a log without entries, and for an "
        "export of which nothing says how its store prevents change (`append_only`). Whoever can rewrite a whole log "
        "can chain it anew: only a head kept elsewhere shows that. That the named people exist and looked is not seen."
    ),
    how_to_fix=(
        "Let the deployment job write the entry and refuse to deploy without approval and report. Chain each entry to "
        "the digest of the one before, or write to storage with object lock or a protected branch with signed commits. "
        "Record rollbacks and emergency changes too. Once a quarter, pick a past date and try to answer from the log "
        "alone."
    ),
    attestation=(
        "Where the log is kept and who can write, the period examined, entries compared with what was deployed, "
        "missing or late entries, and how change is prevented."
    ),
    about_model=True,
    sources=(
        "EU AI Act (Regulation (EU) 2024/1689), Articles 12 and 19: record-keeping and logs",
        "NIST SP 800-53 Rev. 5, family AU: audit and accountability",
        "Crosby, Wallach 2009, Efficient Data Structures for Tamper-Evident Logging",
        "SR 11-7 (2011), Supervisory Guidance on Model Risk Management",
    ),
    options=(
        Option(name="log", type="string", default=None, doc="Deployment log: chained JSON lines, or an export."),
        Option(
            name="git", type="string", default=None,
            doc='Branch or tag whose commits are the log, by their trailers: "main".',
        ),
        Option(name="head", type="string", default=None, doc="Digest of the log's last line, as kept elsewhere."),
        Option(name="deployed", type="strings", default=(), doc="sha256 of further models that were ever served."),
        Option(
            name="append_only", type="string", default=None,
            doc="How the store of an export prevents change, in words; shown in the report.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.compliance("audit_trail")
def test_a_change_of_the_log_would_show(mlready: Project, mlready_evidence: Evidence) -> None:
    """No line was changed, removed or moved since it was written."""
    from pytest_mlready.documents.audit import verdicts

    options = mlready.options(ITEM.id)
    logs = _logs(mlready, mlready_evidence)
    judged = [
        verdicts.judge_protection(log, head=options["head"], append_only=options["append_only"] or "") for log in logs
    ]
    mlready_evidence.conclude(judged)


@pytest.mark.compliance("audit_trail")
def test_every_deployment_on_record_is_whole(mlready: Project, mlready_evidence: Evidence) -> None:
    """Each entry says what was deployed, on what evidence, and who else approved it."""
    from pytest_mlready.documents.audit import verdicts

    now = clock.now(mlready)
    logs = _logs(mlready, mlready_evidence)
    mlready_evidence.conclude([verdicts.judge_entries(log, root=mlready.root, now=now) for log in logs])


@pytest.mark.compliance("audit_trail")
def test_every_served_model_is_on_record(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The live model, and every other that was ever served, has an entry."""
    from pytest_mlready.documents.audit import log, verdicts

    logs = _logs(mlready, mlready_evidence)
    served = _served(mlready, request)
    if not served and mlready.settings.model.first_release is not None:
        mlready_evidence.not_applicable(f"no model was served yet: {mlready.settings.model.first_release}")
    together = log.together(logs)
    mlready_evidence.conclude([verdicts.judge_deployed(together, served, candidate=mlready.digests.model)])


def _logs(mlready: Project, evidence: Evidence) -> list[Log]:
    from pytest_mlready.documents.audit import log

    options = mlready.options(ITEM.id)
    if options["log"] is None and options["git"] is None:
        line = f'{SETTING} log = "governance/audit-log.jsonl" (or git = "main")'
        evidence.unverified("no deployment log is configured", fix=line)
    evidence.grade("static")
    logs = []
    if options["log"] is not None:
        logs.append(log.read(mlready.file(options["log"], "the deployment log"), head=options["head"]))
    if options["git"] is not None:
        logs.append(log.history(mlready.root, options["git"]))
    return logs


def _served(mlready: Project, request: pytest.FixtureRequest) -> dict[str, str]:
    """What was served, by digest: the live model and those that the settings name."""
    from pytest_mlready.documents.audit import entries
    from pytest_mlready.errors import DataError

    found = {}
    for text in mlready.options(ITEM.id)["deployed"]:
        if not (digest := entries.sha256(text)):
            raise DataError(f"`deployed` names {text[:80]!r}", expected="the sha256 of a model, 64 hexadecimal digits")
        found[digest] = "one of `deployed`"
    source = mlready.settings.model.production
    if source is not None:
        path = mlready.path(source)
        sha256 = _sha256(path) if path.is_file() else request.getfixturevalue("mlready_production").sha256
        found |= {sha256: source} if sha256 else {}
    return found


def _sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
