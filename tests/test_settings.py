"""Settings: everything that DESIGN.md shows is understood, and every mistake is said at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import tomllib

import jsonschema
import pytest

from pytest_mlready import settings
from pytest_mlready.catalog import Item, Option
from pytest_mlready.errors import SettingsError

DESIGN = """\
[tool.mlready]
system = "income"                     # name in reports
task = "binary-classification"        # or multiclass-, regression, ranking, text-generation
risk = "high"                         # minimal | limited | high: decides which compliance items apply

[tool.mlready.model]
path = "artifacts/model.skops"        # .skops .joblib .pkl .onnx .ubj .txt, models:/name@alias, or "module:function"
production = "models:/income@champion"
max_size = "20 MB"
latency = { p50 = "5 ms", p95 = "10 ms", p99 = "20 ms", batch = 1 }

[tool.mlready.data]
train = "data/train.parquet"          # .parquet .csv .csv.gz .arrow, "module:function"
heldout = "data/heldout.parquet"
target = "income"
positive = ">50K"
subgroups = ["sex", "race", ["sex", "race"]]

[tool.mlready.metrics]
roc_auc = { min = 0.90 }
accuracy = { min = 0.84, subgroup_min = 0.75 }

[tool.mlready.endpoint]
start = "uvicorn service:app --port {port}"   # started on loopback, stopped afterwards; or url = "…"
predict = "POST /predict"
example = "requests/one.json"
auth = { header = "Authorization", env = "INCOME_TOKEN" }
peak_rps = 40
slo = { p99 = "250 ms", errors = 0.001 }

[tool.mlready.not_applicable]
"infrastructure.autoscaling" = "single tenant appliance, fixed load"

[tool.mlready.items."model_quality.heldout_integrity"]   # any item: its own thresholds, or builtin = false with a reason
group = "household_id"

[[tool.mlready.waivers]]
item = "security.network_policy"
owner = "platform team"
reason = "policies move to the mesh in Q1"
expires = 2027-01-31

[[tool.mlready.attestations]]
item = "compliance.ethics_review"
by = "…"
role = "…"
approver = "…"
on = 2026-11-01
expires = 2027-11-01
evidence = "docs/ethics-review.md"
sha256 = "…"

[tool.mlready.gate]
min_score = 2.0                       # ML Test Score
min_checklist = 0.8
required = ["security.*", "rollback.procedure_tested"]
ratchet = "readiness.json"            # nothing may fall below this committed report
"""


def an_item(item_id, *options):
    text = dict.fromkeys(("title", "question", "why", "looks_at", "how_to_fix", "attestation"), "text")
    return Item(id=item_id, options=options, **text)


def option(name, kind, default=None):
    return Option(name=name, type=kind, default=default, doc="One sentence.")


OPTIONS = (
    option("group", "string"),
    option("max_age", "duration", "90 d"),
    option("largest", "size", "20 MB"),
    option("share", "fraction", 0.5),
    option("margin", "number", 1),
    option("rows", "integer", 30),
    option("columns", "strings", ("a",)),
    option("strict", "boolean", default=True),
    option("since", "date"),
    option("limits", "table"),
    option("cases", "tables", ()),
    option("schema", "string"),
)
ITEMS = {
    item.id: item
    for item in (
        an_item("model_quality.heldout_integrity", *OPTIONS),
        an_item("infrastructure.autoscaling"),
        an_item("security.network_policy"),
        an_item("security.no_secrets"),
        an_item("compliance.ethics_review"),
        an_item("rollback.procedure_tested"),
    )
}
HELDOUT = ITEMS["model_quality.heldout_integrity"]


@pytest.fixture
def load(tmp_path):
    """Loads a text as mlready.toml, or as pyproject.toml."""

    def load(text, name="mlready.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return settings.load(tmp_path / name, items=ITEMS)

    return load


@pytest.fixture
def mistakes(load):
    """The lines of the error that a text of settings raises, each without its mark."""

    def mistakes(text, name="mlready.toml"):
        with pytest.raises(SettingsError) as caught:
            load(text, name)
        head, *lines = str(caught.value).splitlines()
        assert head.startswith(f"{len(lines)} mistake")
        return [line.strip() for line in lines]

    return mistakes


def test_the_example_of_the_design_is_understood(load, tmp_path):
    loaded = load(DESIGN, "pyproject.toml")
    found = loaded.settings
    assert loaded.root == tmp_path
    assert loaded.path == tmp_path / "pyproject.toml"
    assert loaded.sha256 == hashlib.sha256(loaded.path.read_bytes()).hexdigest()
    assert (found.system, found.task, found.risk) == ("income", "binary-classification", "high")
    assert found.model.max_size == 20_000_000
    assert found.model.latency.p95 == 0.010
    assert found.data.subgroups == ("sex", "race", ("sex", "race"))
    assert found.metrics["accuracy"].subgroup_min == 0.75
    assert (found.endpoint.peak_rps, found.endpoint.slo.p99) == (40, 0.25)
    assert found.not_applicable == {"infrastructure.autoscaling": "single tenant appliance, fixed load"}
    assert found.waivers[0].expires == dt.date(2027, 1, 31)
    assert found.attestations[0].on == dt.date(2026, 11, 1)
    assert found.gate.required == ("security.*", "rollback.procedure_tested")
    assert found.options(HELDOUT)["group"] == "household_id"


def test_the_same_tables_stand_at_the_top_of_mlready_toml(load):
    text = re.sub(r"^(\[+)tool\.mlready\.?", r"\1", DESIGN, flags=re.MULTILINE).replace("[]", "")
    assert load(text).settings == load(DESIGN, "pyproject.toml").settings


def test_no_file_gives_defaults(tmp_path):
    loaded = settings.load(None, items=ITEMS, root=tmp_path)
    assert (loaded.path, loaded.sha256, loaded.root) == (None, None, tmp_path)
    assert loaded.settings == settings.Settings()


def test_settings_cannot_be_changed(load):
    with pytest.raises(ValueError, match="frozen"):
        load("").settings.system = "other"


TEN = """\
[tool.mlready]
sistem = "income"
task = "clasification"
[tool.mlready.model]
max_size = "20 XB"
first_release = "none yet"
production = "models:/income@champion"
[tool.mlready.data]
target = "income"
drop = ["id", "income"]
[tool.mlready.metrics]
roc_auc = { min = 0.9, max = 0.8 }
[tool.mlready.not_applicable]
"infrastructure.autoscalin" = "fixed load"
[tool.mlready.items."security.no_secrets"]
builtin = false
[[tool.mlready.waivers]]
item = "security.network_policy"
owner = " "
reason = "mesh"
expires = "31.01.2027"
"""


def test_ten_mistakes_are_reported_at_once_each_with_its_place(mistakes):
    lines = mistakes(TEN, "pyproject.toml")
    places = [line.partition(": ")[0] + " " + line.split(": ")[1] for line in lines]
    assert places == [
        "pyproject.toml:2 tool.mlready.sistem",
        "pyproject.toml:3 tool.mlready.task",
        "pyproject.toml:5 tool.mlready.model.max_size",
        "pyproject.toml:6 tool.mlready.model.first_release",
        "pyproject.toml:10 tool.mlready.data.drop",
        "pyproject.toml:12 tool.mlready.metrics.roc_auc.min",
        'pyproject.toml:14 tool.mlready.not_applicable."infrastructure.autoscalin"',
        'pyproject.toml:15 tool.mlready.items."security.no_secrets".reason',
        "pyproject.toml:19 tool.mlready.waivers[0].owner",
        "pyproject.toml:21 tool.mlready.waivers[0].expires",
    ]
    assert all("expected" in line and len(line) < 200 for line in lines)
    assert not any("pydantic" in line or "Input should" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('sistem = "x"', "sistem", 'did you mean "system"?'),
        ('heldout = "x.parquet"', "heldout", "expected it as data.heldout"),
        ("[model.latency]\nquux = 1", "model.latency.quux", "expected one of p50, p95, p99, batch, calls"),
        ("[metrics]\nroc_auc = { mim = 0.9 }", "metrics.roc_auc.mim", 'did you mean "min"?'),
        ("[metrics]\nroc_auc = 0.9", "metrics.roc_auc", "found 0.9, expected a table"),
        ("[metrics]\nf1 = { subgroup_min = 2, subgroup_max = 1 }", "metrics.f1.subgroup_min", "is above subgroup_max 1"),
        ("[metrics]\nf1 = { min = nan }", "metrics.f1.min", "expected a finite number"),
        ('[metrics]\nf1 = { function = "mine" }', "metrics.f1.function", '"module:function"'),
        ('task = "regresion"', "task", 'did you mean "regression"?'),
        ("system = 3", "system", "found 3, expected text in quotes"),
        ('[data]\ntarget = "y"\ndrop = "y"', "data.drop", 'holds the target "y"'),
        ("[data]\npositive = [1]", "data.positive", "found [1], expected text in quotes, true or false"),
        ("[data]\nsubgroups = [3]", "data.subgroups[0]", "found 3, expected text in quotes or a list"),
        ("[model]\nmax_load_time = '5 m'", "model.max_load_time", 'did you mean "min"?'),
        ("[model]\nmax_size = -1", "model.max_size", "not negative"),
        ("[model]\nlatency = { batch = 0 }", "model.latency.batch", "expected a number of at least 1"),
        ("[model]\nlatency = { calls = 1.5 }", "model.latency.calls", "expected a whole number"),
        ("[model]\nfirst_release = ' '", "model.first_release", "expected text that says something"),
        ("[endpoint.slo]\nerrors = 1.5", "endpoint.slo.errors", "expected a fraction from 0 to 1"),
        ("[gate]\nmin_checklist = 80", "gate.min_checklist", "expected a fraction from 0 to 1"),
        ("[gate]\nmin_score = 8", "gate.min_score", "at most 7"),
        ('[gate]\nrequired = ["securty.*"]', "gate.required[0]", 'did you mean "security.*"?'),
        ('[gate]\nrequired = "security"', "gate.required", 'did you mean "security.*"?'),
        ("confidence = 1", "confidence", "less than 1"),
        ('[model]\npath = "…"', "model.path", '"…" is still to be filled in'),
        ('[data]\nsubgroups = ["..."]', "data.subgroups[0]", '"..." is still to be filled in'),
        ("[waivers]\nitem = 'security.no_secrets'", "waivers", "two brackets in the header"),
        ("[[waivers]]\nitem = 'security.no_secret'", "waivers[0].item", 'did you mean "security.no_secrets"?'),
        ("[[waivers]]\nitem = 'security.no_secrets'", "waivers[0].owner", "missing, expected owner = …"),
        ("[not_applicable]\n'security.no_secrets' = ''", 'not_applicable."security.no_secrets"', "says something"),
        ("[not_applicable]\nsecurity.no_secrets = 'x'", "not_applicable.security", 'in quotes: "security.no_secrets"'),
        ("[items.security.no_secrets]\nbuiltin = true", "items.security", 'in quotes: "security.no_secrets"'),
        ("[items.'security.no_secrets']\nbuiltin = false", 'items."security.no_secrets".reason', "without a reason"),
        ("[items.'security.no_secrets']\nbuiltin = 0", 'items."security.no_secrets".builtin', "true or false"),
        ("[items]\n'security.no_secrets' = 3", 'items."security.no_secrets"', "found 3, expected a table"),
        ("[tool.mlready]\nsystem = 'x'", "tool", "at the top level here"),
        ("'\\u001b[31m' = 1", r'"\\u001b[31m"', "unknown key"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_what_was_found_and_what_was_expected(mistakes, text, place, said):
    lines = [line for line in mistakes(text) if f": {place}: " in line]
    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("grop = 'x'", 'grop: unknown option, expected an option of this item; did you mean "group"?'),
        ("group = 3", "group: found 3, expected text in quotes"),
        ("max_age = '9 q'", "one of the units ns, us"),
        ("largest = 'big'", "expected a size such as"),
        ("share = 2", "expected a fraction from 0 to 1"),
        ("margin = inf", "expected a finite number"),
        ("rows = 1.5", "expected a whole number"),
        ("columns = [1]", "columns[0]: found 1, expected text in quotes"),
        ("strict = 'yes'", "expected true or false"),
        ("since = 2027-01-01T00:00:00", "expected a date such as 2027-01-31"),
        ("limits = 3", "expected a table"),
        ("cases = [3]", "cases[0]: found 3, expected a table"),
    ],
)
def test_an_option_of_an_item_is_checked_by_its_type(mistakes, line, said):
    (found,) = mistakes(f'[items."{HELDOUT.id}"]\n{line}')
    assert said in found


def test_options_are_converted_and_defaults_filled_in(load):
    text = f"""[items."{HELDOUT.id}"]
    max_age = "2 h"
    columns = "one"
    since = "2026-02-03"
    cases = [{{ a = 1 }}, {{ a = 2 }}]
    """
    assert load(text).settings.options(HELDOUT) == {
        "group": None,
        "max_age": 7200.0,
        "largest": 20_000_000,
        "share": 0.5,
        "margin": 1.0,
        "rows": 30,
        "columns": ("one",),
        "strict": True,
        "since": dt.date(2026, 2, 3),
        "limits": None,
        "cases": ({"a": 1}, {"a": 2}),
        "schema": None,
    }
    assert settings.Settings().options(HELDOUT)["max_age"] == 90 * 86_400


def test_built_in_checks_are_switched_off_with_a_reason(load):
    found = load("[items.'security.no_secrets']\nbuiltin = false\nreason = 'scanned elsewhere'").settings
    assert found.item("security.no_secrets") == settings.ItemSettings(builtin=False, reason="scanned elsewhere")
    assert found.item("security.network_policy") == settings.ItemSettings(builtin=True, reason="")


def test_a_single_text_stands_for_a_list(load):
    found = load("[model]\ntrust = 'aa'\n[data]\nsubgroups = 'sex'\n[gate]\nrequired = 'security.*'").settings
    assert (found.model.trust, found.data.subgroups, found.gate.required) == (("aa",), ("sex",), ("security.*",))


ATTESTATION = """
[[attestations]]
item = "compliance.ethics_review"
by = "A"
role = "lead"
approver = "B"
on = "2026-11-01"
expires = 2027-11-01
evidence = "docs/ethics.md"
"""


def test_an_attestation_stands_once_for_an_item_and_scope(load, mistakes):
    assert len(load(ATTESTATION + ATTESTATION + 'versions = ">=2"').settings.attestations) == 2
    (line,) = mistakes(ATTESTATION * 2)
    assert 'attestations[1]: a second entry for "compliance.ethics_review"' in line


def test_an_attestation_does_not_expire_before_it_is_made(mistakes):
    (line,) = mistakes(ATTESTATION.replace("2027-11-01", "2025-11-01"))
    assert "attestations[0].expires: 2025-11-01, expected a day after 2026-11-01" in line


@pytest.mark.parametrize("day", ["2027-02-30", "31.01.2027", "2027-1-31", "0001-01-01", "soon"])
def test_a_date_is_a_day_of_the_calendar(mistakes, day):
    (line,) = mistakes(ATTESTATION.replace('"2026-11-01"', f'"{day}"'))
    assert f'found "{day}", expected a date such as 2027-01-31' in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"system = \n", r"not valid TOML: Invalid value \(at line 1"),
        (b"system = 'x'\nsystem = 'y'\n", r"not valid TOML: .*line 2"),
        (b"system = '\xff'\n", "byte 10 is not UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deeply|not valid TOML"),
        (b"a = " + b"1" * 5000, "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_one_clear_error(tmp_path, content, said):
    (tmp_path / "mlready.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        settings.load(tmp_path / "mlready.toml", items=ITEMS)


def test_a_file_that_is_not_there_or_not_ours_is_one_clear_error(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        settings.load(tmp_path / "gone.toml", items=ITEMS)
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    with pytest.raises(SettingsError, match=r"has no \[tool.mlready\]"):
        settings.load(tmp_path / "pyproject.toml", items=ITEMS)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path):
    (tmp_path / "mlready.toml").write_bytes(b"\xef\xbb\xbfsystem = 'x'\r\nrisk = 'low'\r\n")
    with pytest.raises(SettingsError, match=r"mlready.toml:2: risk"):
        settings.load(tmp_path / "mlready.toml", items=ITEMS)


class TestFind:
    def test_the_nearest_file_upward_wins(self, tmp_path):
        inner = tmp_path / "a" / "b"
        inner.mkdir(parents=True)
        (tmp_path / "pyproject.toml").write_text("[tool.mlready]\nsystem = 'x'\n")
        (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n")
        assert settings.find(inner) == tmp_path / "pyproject.toml"
        (tmp_path / "a" / "mlready.toml").write_text("")
        assert settings.find(inner) == tmp_path / "a" / "mlready.toml"
        assert settings.find(tmp_path) == tmp_path / "pyproject.toml"

    def test_the_way_starts_beside_a_file_argument(self, tmp_path):
        (tmp_path / "mlready.toml").write_text("")
        (tmp_path / "test_it.py").write_text("")
        assert settings.find(tmp_path / "test_it.py") == tmp_path / "mlready.toml"

    def test_two_files_with_settings_in_one_folder_are_an_error_that_says_which_to_delete(self, tmp_path):
        (tmp_path / "mlready.toml").write_text("system = 'x'\n")
        (tmp_path / "pyproject.toml").write_text("[tool.mlready]\nsystem = 'x'\n")
        with pytest.raises(SettingsError, match=r"delete mlready.toml"):
            settings.find(tmp_path)

    def test_an_empty_file_beside_one_with_settings_does_not_count(self, tmp_path):
        (tmp_path / "mlready.toml").write_text("# nothing yet\n")
        (tmp_path / "pyproject.toml").write_text("[tool.mlready]\nsystem = 'x'\n")
        assert settings.find(tmp_path) == tmp_path / "pyproject.toml"

    def test_a_broken_pyproject_counts_only_when_it_means_us(self, tmp_path):
        inner = tmp_path / "a"
        inner.mkdir()
        (tmp_path / "mlready.toml").write_text("")
        (inner / "pyproject.toml").write_text("[tool.other]\n# mlready\nx = \n")
        assert settings.find(inner) == tmp_path / "mlready.toml"
        (inner / "pyproject.toml").write_text("[tool.mlready]\nx = \n")
        assert settings.find(inner) == inner / "pyproject.toml"


class TestSchema:
    SCHEMA = settings.json_schema(ITEMS)

    def valid(self, tables):
        checker = jsonschema.Draft202012Validator(self.SCHEMA, format_checker=jsonschema.FormatChecker())
        return checker.is_valid(json.loads(json.dumps(tables, default=str)))

    def test_it_is_a_valid_schema_that_describes_every_key(self):
        jsonschema.Draft202012Validator.check_schema(self.SCHEMA)
        assert self.SCHEMA["$schema"].endswith("2020-12/schema")
        tables = [self.SCHEMA, *self.SCHEMA["$defs"].values()]
        assert all("description" in key for table in tables for key in table["properties"].values())
        item = self.SCHEMA["properties"]["items"]["properties"][HELDOUT.id]
        assert "250 ms" in item["properties"]["max_age"]["description"]

    def test_the_example_of_the_design_conforms(self):
        assert self.valid(tomllib.loads(DESIGN)["tool"]["mlready"])

    @pytest.mark.parametrize(
        "tables",
        [
            {"sistem": "x"},
            {"task": "classification"},
            {"confidence": 1},
            {"model": {"max_size": "20 mb"}},
            {"model": {"max_load_time": -1}},
            {"model": {"first_release": "new", "production": "x"}},
            {"data": {"drop": [1]}},
            {"metrics": {"roc_auc": {"mim": 1}}},
            {"not_applicable": {"security.nothing": "x"}},
            {"not_applicable": {"security.no_secrets": " "}},
            {"items": {"security.nothing": {}}},
            {"items": {"security.no_secrets": {"builtin": False}}},
            {"items": {HELDOUT.id: {"grop": "x"}}},
            {"items": {HELDOUT.id: {"share": 2}}},
            {"waivers": [{"item": "security.no_secrets"}]},
            {"waivers": [{"item": "x.y", "owner": "a", "reason": "b", "expires": "2027-01-01"}]},
            {"waivers": [{"item": "security.no_secrets", "owner": "a", "reason": "b", "expires": "soon"}]},
            {"gate": {"min_checklist": 80}},
        ],
    )
    def test_what_is_refused_does_not_conform(self, tables):
        assert not self.valid(tables)
