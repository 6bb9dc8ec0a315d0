"""Reads which alerts there are, and which runbook each of them links to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import bounded
from pytest_mlready.errors import DataError, Inconclusive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = ("runbook_url", "runbook", "runbook_link", "runbookUrl", "runbookURL", "playbook", "playbook_url")
_TEMPLATE = re.compile(r"^\s*\{[{%]", re.MULTILINE)
_ALERT_NAME = re.compile(r"\{\{-?\s*(?:\$labels\.alertname|\.Labels\.alertname|\.CommonLabels\.alertname)\s*-?\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert.

    Attributes:
        name: As the rule has it.
        file: Where the rule stands, for a message.
        runbook: The link as written, with the alert's own name filled in; "" for none.
    """

    name: str
    file: str
    runbook: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}, alert {self.name}"


def read(path: Path, *, shown: str) -> list[Alert]:
    """The alerts of a file: Prometheus rules, PrometheusRule objects, ConfigMaps with rules, and Grafana's rules.

    Raises:
        DataError: It cannot be read, or is no YAML.
        Inconclusive: It is a template of Helm or Jinja.
    """
    try:
        documents = bounded.every(path, setting="rules")
    except DataError:
        if _TEMPLATE.search(bounded.text(path, setting="rules")):
            step = "render it (helm template … > rendered.yaml) and name the result in rules"
            raise Inconclusive(f"not understood: {shown} is a template", fix=step) from None
        raise
    return [alert for document in documents for alert in _alerts(document, shown)]


def _alerts(document: Any, shown: str) -> Iterator[Alert]:
    if isinstance(document, dict) and document.get("kind") == "ConfigMap" and isinstance(document.get("data"), dict):
        for name, text in document["data"].items():
            if isinstance(text, str) and "groups:" in text:
                yield from _alerts(bounded.as_written(text), f"{shown}, {name}")
        return
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _alerts(item, shown)
        return
    spec = document.get("spec", document) if isinstance(document, dict) else {}
    for group in _tables(spec.get("groups") if isinstance(spec, dict) else None):
        for rule in _tables(group.get("rules")):
            name = rule.get("alert") or rule.get("title")
            if isinstance(name, str) and name.strip():
                yield Alert(name=name, file=shown, runbook=_link(rule, name))


def _link(rule: dict[str, Any], name: str) -> str:
    annotations = rule.get("annotations")
    found = annotations if isinstance(annotations, dict) else {}
    link = next((str(found[key]).strip() for key in KEYS if str(found.get(key) or "").strip()), "")
    return _ALERT_NAME.sub(lambda _: name, link)


def _tables(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
