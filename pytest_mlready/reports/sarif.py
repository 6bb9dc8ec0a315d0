"""Renders SARIF 2.1.0 (OASIS): items are rules, what failed or could not tell are results with a file and a line."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.errors import clean
from pytest_mlready.reports.findings import Finding, findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog, Item

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "mlready/v1"  # name and version of how a result is recognised in the next run
# What nothing was found for (unverified) is no result: nothing in the code is wrong, and 60 notes would hide the three
# that matter. What could not tell is a note.
LEVELS = {"failed": "error", "error": "error", "inconclusive": "note"}


def render(document: Mapping[str, Any], catalog: Catalog) -> str:
    """One log with one run."""
    rules = {item_id: n for n, item_id in enumerate(catalog.items)}
    run = {
        "tool": {"driver": _driver(document, catalog)},
        "automationDetails": {"id": f"mlready/{clean(document['system'] or '')}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(document)],
        "results": [_result(f, rules[f.item]) for f in findings(document)],
        "properties": {
            "gate": dict(document["gate"]),
            "commit": document["provenance"]["commit"],
            "model_sha256": document["provenance"]["model_sha256"],
        },
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    text = json.dumps(log, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def _driver(document: Mapping[str, Any], catalog: Catalog) -> dict[str, Any]:
    version = document["provenance"]["versions"].get("pytest-mlready", "")
    named = {"version": version} if version else {}
    return {"name": "pytest-mlready", **named, "rules": [_rule(item) for item in catalog.items.values()]}


def _rule(item: Item) -> dict[str, Any]:
    sources = "".join(f"\n- <{source}>" for source in item.sources)
    return {
        "id": item.id,
        "name": "".join(word.capitalize() for word in item.name.split("_")),
        "shortDescription": {"text": item.title},
        "fullDescription": {"text": item.question},
        "help": {
            "text": f"{item.why}\n\n{item.how_to_fix}",
            "markdown": f"**Why it matters.** {item.why}\n\n**How to fix.** {item.how_to_fix}\n{sources}",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["readiness", CATEGORIES[item.category].lower()]},
    }


def _invocation(document: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the run came to its end, and why its scores are missing where they are."""
    started = dt.datetime.fromisoformat(document["provenance"]["started"]).astimezone(dt.UTC)
    ended = started + dt.timedelta(seconds=document["provenance"]["seconds"])
    told = dict.fromkeys([*document["trouble"], *document["partial"]])
    return {
        "executionSuccessful": document["complete"],
        "startTimeUtc": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "endTimeUtc": ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "toolExecutionNotifications": [{"level": "warning", "message": {"text": clean(reason)}} for reason in told],
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    suppressed = [{"kind": "external", "status": "accepted", "justification": finding.waiver}]
    where = {"uri": quote(finding.path, safe="/+@"), "uriBaseId": "%SRCROOT%"}
    return {
        "ruleId": finding.item,
        "ruleIndex": rule,
        "level": LEVELS[finding.outcome],
        "message": {
            "text": finding.message.replace("](", "] (")
        },  # SARIF text may hold links, and this comes from outside
        "locations": [
            {
                "physicalLocation": {"artifactLocation": where, "region": {"startLine": finding.line}},
                "logicalLocations": [{"fullyQualifiedName": finding.test, "kind": "function"}],
            }
        ],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        **({"suppressions": suppressed} if finding.waiver else {}),
        "properties": {"outcome": finding.outcome, "required": finding.required},
    }
