"""Verifies a report before what it is about is deployed: signature, digests, age, gate, and that the run was whole."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.errors import ReadinessError, clean
from pytest_mlready.reports import dsse, intoto, reading
from pytest_mlready.reports.document import SCHEMA_VERSION, policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SKEW = dt.timedelta(minutes=5)  # by which the clocks of two machines may differ
DAY = dt.timedelta(days=1)
SHA256 = re.compile(r"[0-9a-f]{64}")
PASSING = ("PASSED", "WARNED")  # results of a statement; a JSON report has none, and its gate alone decides


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; "note" is what was not verified and need not be."""

    kind: Literal["verified", "refused", "note"]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report must show.

    Attributes:
        key: The public key that must have signed it; None: it need not be signed.
        artifacts: Files at hand, each of which the report must be about; empty: none is compared, which was asked for
            by `no_artifact` or is refused.
        no_artifact: Digests need not be compared.
        max_age: Seconds since the run began.
        allow_failed_gate: A gate that failed, or was not asked for, is only noted.
        now: The present.
    """

    key: dsse.Key | None
    artifacts: Sequence[Path]
    no_artifact: bool
    max_age: float
    allow_failed_gate: bool
    now: dt.datetime


def verify(path: Path, asked: Asked) -> list[Finding]:
    """Everything that was looked at, one finding each; the report holds when none is refused."""
    found: list[Finding] = []
    try:
        found.extend(_verify(reading.content(path), asked))
    except ReadinessError as error:
        found.append(Finding("refused", str(error)))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        what = f"{path.name} lacks what is looked up in it ({type(error).__name__}: {clean(str(error))})"
        found.append(Finding("refused", what))
    return found


def _verify(content: Any, asked: Asked) -> Iterator[Finding]:
    if isinstance(content, dict) and "signatures" in content:
        payload, kind, signatures = dsse.opened(content)
        signed = _signature(payload, kind, signatures, asked.key)
        yield signed
        if asked.key is not None and signed.kind == "refused":
            return  # what is not authentic is not even read
        if kind != intoto.PAYLOAD:
            yield Finding("refused", f"the envelope holds {clean(kind)}, not an in-toto statement ({intoto.PAYLOAD})")
            return
        content = json.loads(payload)
    elif asked.key is not None:
        yield Finding("refused", f"it is not signed, and key {asked.key.id[:12]} was to have signed it")
    else:
        yield Finding("note", "it is not signed: whoever could write the file could write anything into it")
    run, digests = _about(content)
    yield from _artifacts(digests, asked)
    yield from _age(run, asked)
    yield from _outcome(run, asked)


def _signature(payload: bytes, kind: str, signatures: Sequence[bytes], key: dsse.Key | None) -> Finding:
    if key is None:
        return Finding("refused", "it is signed, and nothing says by whom it should be; --key names the public key")
    if any(key.verifies(signature, kind, payload) for signature in signatures):
        return Finding("verified", f"it is signed by key {key.id[:12]}, and unchanged since")
    return Finding("refused", f"no signature of it is key {key.id[:12]}'s over this content: changed, or another's")


def _about(content: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """What the run was like, and the digests of what it was about by name; of a statement or of a JSON report."""
    if isinstance(content, dict) and content.get("_type") == intoto.STATEMENT:
        if content["predicateType"] != intoto.PREDICATE:
            raise ReadinessError(f"it is a statement of another type, {content['predicateType']}")
        predicate = content["predicate"]
        return {**predicate[intoto.RUN], "result": predicate["result"]}, _subjects(content["subject"])
    if isinstance(content, dict) and content.get("schema_version") == SCHEMA_VERSION:
        provenance = content["provenance"]
        digest, named = provenance["model_sha256"], content.get("subject", {}).get("model")
        times = {key: provenance[key] for key in ("started", "as_of")}
        times |= {key: provenance.get(key) for key in ("commit", "dirty", "hooks")}
        return {**content, **times, "result": "PASSED"}, {digest: str(named or "model")} if digest else {}
    raise ReadinessError(
        "it is neither a signed envelope, nor a statement, nor a JSON report of pytest --mlready",
        expected="what --mlready-report=….intoto.json or ….json wrote",
    )


def _subjects(subjects: Any) -> dict[str, str]:
    """Names by digest. A statement about nothing, or about what cannot be compared here, covers no artifact."""
    try:
        found = {str(s["digest"]["sha256"]).lower(): str(s.get("name", "model")) for s in subjects}
    except (KeyError, TypeError, AttributeError):
        raise ReadinessError("what it is about has no sha256 digest", expected="one for each subject") from None
    if not found or not all(SHA256.fullmatch(digest) for digest in found):
        raise ReadinessError("it is about nothing that has a sha256 digest", expected="one for each subject")
    return found


def _artifacts(digests: dict[str, str], asked: Asked) -> Iterator[Finding]:
    if not asked.artifacts:
        told = ", ".join(f"{clean(name)} ({digest[:12]})" for digest, name in digests.items()) or "no model file"
        kind: Literal["refused", "note"] = "note" if asked.no_artifact else "refused"
        means = "" if asked.no_artifact else "; --artifact names the file at hand, --no-artifact goes without"
        yield Finding(kind, f"no artifact was compared with it; it is about {told}{means}")
    for artifact in asked.artifacts:
        digest = _digest(artifact)
        if digest in digests:
            yield Finding("verified", f"{artifact.name} is what was tested (sha256 {digest[:12]})")
        else:
            about = ", ".join(d[:12] for d in digests) or "no model file"
            yield Finding("refused", f"{artifact.name} (sha256 {digest[:12]}) was not tested: it is about {about}")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReadinessError(f"{path.name} cannot be read: {error.strerror or error}") from None


def _age(run: dict[str, Any], asked: Asked) -> Iterator[Finding]:
    started = dt.datetime.fromisoformat(run["started"])
    if started.tzinfo is None:
        yield Finding("refused", f"it began {started}, in no time zone, so its age is not known")
        return
    age = asked.now - started
    if age < -SKEW:
        yield Finding("refused", f"it began {started}, which is yet to come")
    elif age.total_seconds() > asked.max_age:
        yield Finding("refused", f"it is {_span(age)} old, more than {_span(dt.timedelta(seconds=asked.max_age))}")
    else:
        yield Finding("verified", f"it is {_span(max(age, dt.timedelta()))} old")
    as_of = dt.date.fromisoformat(run["as_of"])
    if abs(as_of - started.astimezone(dt.UTC).date()) > DAY:
        what = f"it was judged as of {as_of} (--mlready-at), not of the day it ran: what has expired may count in it"
        yield Finding("refused", what)


def _span(age: dt.timedelta) -> str:
    seconds = age.total_seconds()
    size, unit = next((s, u) for s, u in ((86400, "days"), (3600, "hours"), (60, "minutes"), (0, "s")) if seconds >= s)
    return f"{seconds / (size or 1):.3g} {unit}"


def _outcome(run: dict[str, Any], asked: Asked) -> Iterator[Finding]:
    if run["complete"] is True and run["partial"] == []:
        yield Finding("verified", "the run was whole")
    else:
        why = "; ".join(map(str, run["partial"] or ())) or "it did not come to its end"
        yield Finding("refused", f"the run was not whole: {clean(why)}")
    gate = run["gate"]
    otherwise: Literal["refused", "note"] = "note" if asked.allow_failed_gate else "refused"
    if gate["asked"] is not True:
        yield Finding(otherwise, "no gate was asked for, so nothing was passed")
    elif gate["passed"] is not True or gate["shortfalls"] or run["result"] not in PASSING:
        why = "; ".join(map(str, gate["shortfalls"])) or "the result says so"
        yield Finding(otherwise, f"the gate was not passed: {clean(why)}")
    else:
        yield Finding("verified", f"the gate was passed; it asks for {clean(policy(run['policy']))}")
    for hook in run.get("hooks") or ():
        what = "that it handed over the file with this digest is the project's word"
        yield Finding("note", f"{clean(str(hook))}: {what}")
    if run.get("dirty"):
        yield Finding("note", f"it ran on commit {clean(str(run['commit']))[:10]} with changes that are not committed")
