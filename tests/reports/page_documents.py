"""Builds documents in which every field that comes from outside says the same thing, and reads the page made of them."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

from given import TODAY, facts, outcome, signed, waiver

from pytest_mlready.gate import Policy, shortfalls
from pytest_mlready.reports import document
from pytest_mlready.settings import Settings
from pytest_mlready.tally import tally

VOID = {"meta", "input", "br", "img", "link", "hr", "wbr"}
SECRETS, METRICS, INCLUSION = "security.no_secrets", "model_quality.metric_thresholds", "model_quality.inclusion"
PROVENANCE = {
    "commit": "a" * 40, "dirty": True, "settings_sha256": None, "model_sha256": "b" * 64, "data_sha256": {"train": None},
    "seed": 1, "versions": {"python": "3.11"}, "trigger": "local", "started": "2026-11-23T10:00:00+00:00", "seconds": 1.5,
    "as_of": TODAY.isoformat(),
}  # fmt: skip


def plots(text="a"):
    """One of every kind, with the text wherever a text may stand."""
    rows = [{"name": text, "value": 0.9, "lower": 0.8, "upper": 0.95, "min": 0.85, "max": None}]
    group = {"name": text, "metric": text, "n": 9, "value": 0.9, "lower": 0.8, "upper": None, "limit": 0.7}
    curve = {"x": [0, 1, 2], "y": [1, 3, 2], "x_unit": text, "unit": text, "x_label": text, "y_label": text}
    around = {"lower": [0, 2, 1], "upper": [2, 4, 3], "limits": {text: 2}, "marks": {text: 1}}
    answers = {"x": [0, 1, 2], "series": {text: [0, 1, 1]}, "x_label": text}
    return (
        {"kind": "intervals", "title": text, "data": {"rows": rows}},
        {"kind": "intervals", "title": text, "data": {"groups": [group, {**group, "limit": None}]}},
        {"kind": "bars", "title": text, "data": {"labels": [text, text], "values": [1, 2], "unit": text, "limits": {text: 2}}},
        {"kind": "histogram", "title": text, "data": {"values": [1, 2, 3], "unit": text, "limits": {text: 3}, "marks": {text: 2}}},
        {"kind": "curve", "title": text, "data": {**curve, **around}},
        {"kind": "curve", "title": text, "data": answers},
        {"kind": "bars", "title": text, "data": {"labels": [text], "values": [1], "unit": text, "each": {text: [2]}}},
        {"kind": "table", "title": text, "data": {"columns": [text, text], "rows": [[text, 1]]}},
        {"kind": text, "title": text, "data": {text: [text]}},
    )  # fmt: skip


def outcomes(text, **more):
    entry = {"name": text, "value": text, "unit": text, "note": text, "min": 0.5, "interval": [0.1, None], "n": 3}
    yield outcome(METRICS, "failed", id=text, message=f"{text}\nNext step: {text}", evidence=(entry,), plots=plots(text),
                  attachments=(text,), attempts=2, **more)  # fmt: skip
    number = {"name": text, "value": 0.4, "min": 0.5, "interval": [0.1, 0.6], "note": text}
    yield outcome(INCLUSION, "inconclusive", message=text, evidence=(number, number))


def whole(catalog, text="words"):
    """A document with every key, optional ones too."""
    word = dataclasses.replace(signed(SECRETS, text), by=text, role=text, approver=text, evidence=text, days_left=3)
    excused = dataclasses.replace(waiver(INCLUSION), owner=text, reason=text)
    some = facts(
        *outcomes(text), attestations=(word,), waivers=(excused,), not_applicable={"data.feature_cost": text},
    )  # fmt: skip
    made = tally(catalog, some)
    policy = Policy(min_score=2.0, required=(METRICS,))
    provenance = {**PROVENANCE, "versions": {text: text}, "trigger": text, "data_sha256": {text: None}}
    built = document.build(
        made, policy=policy, shortfalls=(*shortfalls(made, policy), text), settings=Settings(system=text), bare=[text],
        provenance=provenance, trouble=[text],
    )  # fmt: skip
    return {**built, **asked(text), "automation": {"shown": False, "how": text}}


def shown(catalog, some, *, policy=None, trouble=(), **more):
    """A document of these facts, with the optional keys that `more` names."""
    made = tally(catalog, some)
    policy = policy or Policy()
    return {**document.build(
        made, policy=policy, shortfalls=shortfalls(made, policy), settings=Settings(system="income"), provenance=PROVENANCE,
        trouble=trouble, bare=(),
    ), **more}  # fmt: skip


def asked(text):
    """The keys that are there only when somebody asks."""
    move = {"item": SECRETS, "from": 1, "to": 0, "was": text, "is": text, "reason": text}
    metric = {"item": METRICS, "name": text, "from": 1.0, "to": 2.0, "unit": text, "better": None}
    point = {"commit": text, "checklist": 0.5, "ml_test_score": 0.0, "gate": True}
    return {
        "loosened": [{"what": text, "reason": text}],
        "next_steps": [{"items": [SECRETS], "gain": text, "why": text, "lines": [text, text]}],
        "expiring": [{"item": SECRETS, "kind": "waiver", "expires": text, "days_left": 2, "by": text}],
        "history": [{**point, "started": day, "sections": {text: 0.0, "model": 1.0}} for day in ("2026-11-01", text)],
        "compared": {
            "with": {"path": text, "started": text, "commit": text}, "scores": {"checklist": [0.1, 0.2]},
            "rose": [move], "fell": [move], "new": [SECRETS], "gone": [text], "metrics": [metric],
            "loosened": [{"what": text, "from": text, "to": text, "reason": ""}],
            "tightened": [{"what": text, "from": text, "to": None}], "policy_known": True,
        },
    }  # fmt: skip


class Page(HTMLParser):
    """What a browser would see: elements with their attributes and ancestors, and the text of each."""

    def __init__(self, source):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        entry = {"tag": tag, "attrs": dict(attrs), "text": "", "within": [e["tag"] for e in self.open]}
        self.elements.append(entry)
        if tag not in VOID:
            self.open.append(entry)

    def handle_endtag(self, tag):
        assert self.open[-1]["tag"] == tag, f"</{tag}> closes <{self.open[-1]['tag']}>"
        self.open.pop()

    def handle_data(self, data):
        for entry in self.open:
            entry["text"] += data

    def all(self, *tags):
        return [e for e in self.elements if e["tag"] in tags]
