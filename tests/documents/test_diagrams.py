from __future__ import annotations

import base64
import datetime as dt
import os
import subprocess
import zlib
from urllib.parse import quote

import pytest

from pytest_mlready.documents import history
from pytest_mlready.documents.diagrams import currency, drawio, naming, reading
from pytest_mlready.documents.history import History

MERMAID = """---
title: income 2.0.0
---
%%{init: {'theme': 'dark'}}%%
%% redis is gone
flowchart LR
  income[Income model] --> fs["feature-store<br>Feast"]
  fs -->|nightly| db[(ledger)]
  classDef hidden fill:#fff;
  class income kafka;
"""
PLANTUML = """@startuml
!include redis.puml
' kafka is gone
/' so is
rabbitmq '/
skinparam backgroundColor vault
node "income" as i
database ledger
[feature store] as fs
i --> ledger : reads
i ..> fs
note right of i
  vault
end note
@enduml
"""
C4 = '@startuml\nContainer(income, "income", "FastAPI")\nContainerDb(l, "ledger")\nContainer(f, "feature-store")\nRel(income, l, "reads")\n@enduml\n'
STRUCTURIZR = """workspace {
  # kafka is gone
  // vault too
  model {
    income = softwareSystem "income"
    fs = softwareSystem "Feature Store"
    ledger = softwareSystem "ledger" "" "redis"
    income -> fs "reads"
    income -> ledger
  }
  views {
    styles {
      element "rabbitmq" {
        shape Cylinder
      }
    }
  }
}
"""
MODEL = (
    '<mxGraphModel><root><mxCell id="0"/><mxCell id="2" value="&lt;b&gt;income&lt;/b&gt; model" vertex="1"/>'
    '<mxCell id="3" value="feature-store" vertex="1"/><UserObject id="5" label="ledger"/>'
    '<mxCell id="4" edge="1" source="2" target="3"/></root></mxGraphModel>'
)


def compressed(text):
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(quote(text).encode()) + packer.flush()).decode()


SOURCES = {
    "a.mmd": MERMAID,
    "b.puml": PLANTUML,
    "c.puml": C4,
    "workspace.dsl": STRUCTURIZR,
    "d.drawio": f'<mxfile><diagram name="page">{MODEL}</diagram></mxfile>',
    "e.drawio": f'<mxfile><diagram name="page">{compressed(MODEL)}</diagram></mxfile>',
    "f.drawio": MODEL,
    "architecture.md": f"# Architecture\n\nredis is gone.\n\n```mermaid\n{MERMAID}```\n",
    "architecture2.md": f"# Architecture\n\n```plantuml\n{PLANTUML}```\n",
    "sequence.mmd": "sequenceDiagram\n  participant i as income\n  i->>feature-store: ask\n  feature-store-->>ledger: read\n",
    "c4.mmd": 'C4Context\n  System(i, "income")\n  System(f, "feature store")\n  SystemDb(l, "ledger")\n  Rel(i, f, "asks")\n',
}
WANTED = [naming.Dependency(name=name, source="service.yaml") for name in ("feature-store", "ledger")]


def drawing(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return reading.read(tmp_path / name, shown=name)


@pytest.mark.parametrize("name", SOURCES)
def test_every_format_shows_what_is_drawn_and_nothing_else(tmp_path, name):
    found = drawing(tmp_path, name, SOURCES[name])
    assert found.relations >= 1
    verdicts = naming.judge([found], model=("income",), dependencies=WANTED, aliases={})
    assert {v.outcome for v in verdicts} == {"passed"}, verdicts
    for gone in ("kafka", "rabbitmq", "vault"):
        assert not naming.names(found.drawn, gone)


@pytest.mark.parametrize("name", SOURCES)
def test_a_dependency_that_is_not_drawn_fails(tmp_path, name):
    more = [*WANTED, naming.Dependency(name="payments-db", source="deploy.yaml, document 2")]
    found = drawing(tmp_path, name, SOURCES[name])
    verdicts = naming.judge([found], model=("income",), dependencies=more, aliases={})
    (failed,) = [v for v in verdicts if v.outcome == "failed"]
    assert f"{name} does not show payments-db (deploy.yaml, document 2)" in failed.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "flowchart LR\n  outcome --> ledger --> feature-store\n",
            'does not name the model (income); did you mean "outcome"?',
        ),
        ("flowchart LR\n  income\n  ledger\n  feature-store\n", "draws no relation"),
        ("%% income --> ledger --> feature-store\nflowchart LR\n", "does not name the model"),
        ("", "does not name the model"),
    ],
)
def test_a_diagram_without_the_model_or_without_relations_fails(tmp_path, text, words):
    verdicts = naming.judge([drawing(tmp_path, "a.mmd", text)], model=("income",), dependencies=WANTED, aliases={})
    assert any(v.outcome == "failed" and words in v.message for v in verdicts)


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("Feature Store", "feature-store", True), ("FeatureStore", "feature-store", True), ("feature_store", "feature-store", True),
        ("feature", "feature-store", False), ("incomes", "income", False), ("my-income-api", "income", True),
        ("train.parquet", "train.parquet", True), ("model_v2", "model-v2", True), ("x", "", False),
    ],
)  # fmt: skip
def test_names_are_compared_as_people_write_them(text, wanted, expected):
    assert naming.names(text, wanted) is expected


def test_a_host_may_be_shown_by_its_first_part_and_anything_by_its_alias():
    assert naming.forms("db.example.org") == ("db.example.org",), "two letters name nothing"
    assert naming.forms("ledger.example.org") == ("ledger.example.org", "ledger")
    assert naming.forms("train.parquet") == ("train.parquet",)
    drawn = reading.Drawing(path="a", kind="Mermaid", drawn="income --> ledger", relations=1)
    host = [naming.Dependency(name="db.example.org", source="x")]
    assert "failed" in {v.outcome for v in naming.judge([drawn], model=("income",), dependencies=host, aliases={})}
    aliases = {"db.example.org": "ledger"}
    assert {v.outcome for v in naming.judge([drawn], model=("income",), dependencies=host, aliases=aliases)} == {
        "passed"
    }


@pytest.mark.parametrize("name", ["a.svg", "a.png", "architecture.md"])
def test_what_holds_no_text_is_an_image(tmp_path, name):
    assert drawing(tmp_path, name, "# Architecture\n\n![picture](a.png)\n").kind == "image"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><mxfile>&a;</mxfile>', "document type or entities"),
        ("<mxfile", "no XML"),
        ("<svg/>", "where drawio has <mxfile>"),
        ("<mxfile><diagram>!!!</diagram></mxfile>", "damaged page"),
        (f"<mxfile><diagram>{base64.b64encode(b'abc').decode()}</diagram></mxfile>", "damaged page"),
    ],
)
def test_a_drawio_file_that_must_not_or_cannot_be_read_is_not_understood(tmp_path, text, words):
    problem = drawing(tmp_path, "a.drawio", text).problem
    assert problem.startswith("not understood")
    assert words in problem


def test_a_bomb_in_a_drawio_page_is_refused(monkeypatch):
    monkeypatch.setattr(drawio, "LARGEST", 1000)
    with pytest.raises(drawio.NotUnderstoodError, match="more than 1,000 bytes"):
        drawio.labels(f"<mxfile><diagram>{compressed('a' * 100_000)}</diagram></mxfile>".encode())


def test_entities_in_another_encoding_are_refused_too():
    with pytest.raises(drawio.NotUnderstoodError):
        drawio.labels('<!DOCTYPE x [<!ENTITY a "b">]><mxfile>&a;</mxfile>'.encode("utf-16"))


def test_an_unknown_format_is_not_understood(tmp_path):
    assert "not understood" in drawing(tmp_path, "a.d2", "x -> y").problem


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        ("%% income 2.0.0", True), ("title: income v2.0.0", True), ("model: 2.0.0", True), ("version = 2.0.0", True),
        ("%% income 1.9.0", False), ("income --> x", None), ("image postgres:15.1", None),
    ],
)  # fmt: skip
def test_a_stated_version_is_found(whole, expected):
    assert naming.stated_version(whole, "income", "2.0.0") is expected


DAY = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def at(days, *, touched=False, added=0):
    return History(added=DAY + dt.timedelta(days=added), changed=DAY + dt.timedelta(days=days), touched=touched)


def current(diagram, model, whole="", version="2.0.0"):
    drawn = reading.Drawing(path="a.mmd", kind="Mermaid", drawn="income", whole=whole)
    return currency.judge([drawn], system="income", version=version, diagram=[diagram], model=model)


@pytest.mark.parametrize(
    ("diagram", "model", "outcome"),
    [
        (at(10), at(5), "passed"),
        (at(5), at(5), "passed"),
        (at(-1, added=-1), at(5), "failed"),
        (at(3), at(5), "inconclusive"),
        (at(-1, added=-1, touched=True), at(5), "passed"),
        (at(10), at(5, touched=True), "inconclusive"),
        (None, at(5), "inconclusive"),
        (at(5), None, "inconclusive"),
        (History(added=None, changed=None, touched=False), at(5), "inconclusive"),
    ],
)
def test_the_histories_of_diagram_and_model_decide(diagram, model, outcome):
    assert current(diagram, model).outcome == outcome


def test_a_stated_version_goes_before_history():
    assert current(at(-1), at(5), "%% income 2.0.0").outcome == "passed"
    assert current(at(10), at(5), "%% income 1.9.0").outcome == "failed"


def git(folder, *words, date="2026-06-01T12:00:00+00:00"):
    own = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ, **own})


def test_git_tells_when_a_file_came_and_changed(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a.mmd").write_text("x")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one", date="2026-06-01T12:00:00+00:00")
    (tmp_path / "a.mmd").write_text("y")
    git(tmp_path, "commit", "-qam", "two", date="2026-07-01T12:00:00+00:00")
    found = history.of(tmp_path / "a.mmd")
    assert (found.added.month, found.changed.month, found.touched) == (6, 7, False)
    (tmp_path / "a.mmd").write_text("z")
    (tmp_path / "new.mmd").write_text("z")
    assert history.of(tmp_path / "a.mmd").touched
    assert history.of(tmp_path / "new.mmd") == History(added=None, changed=None, touched=True)
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path}", str(shallow))
    assert history.of(shallow / "a.mmd") is None


def test_without_a_repository_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "a.mmd").write_text("x")
    assert history.of(tmp_path / "a.mmd") is None
