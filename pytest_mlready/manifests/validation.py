"""Holds documents against the schemas of Kubernetes, where kubernetes-validate is installed."""

from __future__ import annotations

import importlib
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests.documents import failed, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.manifests.documents import Document, Steps
    from pytest_mlready.values import Verdict

_NAMES = re.compile(r"[A-Za-z][A-Za-z0-9]{0,80}"), re.compile(r"(?=.{1,100}$)[a-z0-9]+([.-][a-z0-9]+)*(/[a-z0-9]+)?")
MISSING = "not validated: kubernetes-validate is not installed (pip install 'pytest-mlready[infra]')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What the schemas say.

    Attributes:
        summary: For the record: how many documents were held against which version, and which were not.
        verdicts: One failed verdict for each document that its schema does not admit.
    """

    summary: str
    verdicts: tuple[Verdict, ...] = ()


def validate(documents: Sequence[Document]) -> Validation:
    """Holds documents against the newest schemas that kubernetes-validate ships, unknown fields refused.

    Kinds that the schemas do not have (custom resources, removed API versions) are counted as not validated.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            schemas: Any = importlib.import_module("kubernetes_validate")
    except ImportError:
        return Validation(summary=MISSING)
    version = schemas.latest_version()
    without: dict[str, None] = {}
    verdicts = []
    for document in documents:
        try:
            found = _mistake(document, schemas, version)
        except LookupError:
            without[f"{document.kind} ({document.api_version})"] = None
            continue
        verdicts += [found] if found else []
    checked = len(documents) - sum(f"{d.kind} ({d.api_version})" in without for d in documents)
    rest = f"; no schema, not validated: {', '.join(without)}" if without else ""
    summary = f"{checked} documents against the schemas of Kubernetes {'.'.join(version.split('.')[:2])}{rest}"
    return Validation(summary=summary, verdicts=tuple(verdicts))


def _mistake(document: Document, schemas: Any, version: str) -> Verdict | None:
    """The mistake that the schema names first.

    Raises:
        LookupError: There is no schema for the kind.
    """
    # The library makes a file name of both.
    if not all(p.fullmatch(t) for p, t in zip(_NAMES, (document.kind, document.api_version), strict=True)):
        raise LookupError(document.kind)
    try:
        schemas.validate(dict(document.content), version, strict=True)
    except schemas.SchemaNotFoundError:
        raise LookupError(document.kind) from None
    except schemas.ValidationError as error:
        steps = tuple(error.path)
        field = ".".join(map(str, steps)) or "the document"
        expected = f"what the schema of {document.kind} ({document.api_version}) admits"
        return failed(document.place(*steps), f"{field}: {_said(error, steps)}", expected)
    return None


def _said(error: Any, steps: Steps) -> str:
    """What is wrong, without printing whole tables, or values of variables."""
    if error.validator == "additionalProperties":
        return str(error.message).removeprefix("Additional properties are not allowed ").strip("()")[:200]
    if error.validator == "required":
        return str(error.message)[:200]
    found = f"a {type(error.instance).__name__}" if "env" in steps else shown(error.instance)
    wanted = error.validator_value
    kinds = [str(kind) for kind in (wanted if isinstance(wanted, list) else [wanted]) if kind != "null"]
    return (
        f"{found} is no {' or '.join(kinds)}"
        if error.validator == "type"
        else f"{found} does not fit {error.validator}"
    )
