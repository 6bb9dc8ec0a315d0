"""Lines to paste are read out of messages as the checks write them, and say what they still ask of a person."""

from __future__ import annotations

import tomllib

import pytest

from pytest_mlready import paste


def pasted(fix, **more):
    return "\n".join(paste.toml(paste.lines(fix, **more), there=()))


@pytest.mark.parametrize(
    ("fix", "tables"),
    [
        ('[tool.mlready.model] path = "m.onnx"', {"model": {"path": "m.onnx"}}),
        (
            "under [tool.mlready.metrics] write for example: roc_auc = { min = 0.90 }",
            {"metrics": {"roc_auc": {"min": 0.9}}},
        ),
        (
            '[tool.mlready.deploy] manifests = ["deploy/production"] and staging = ["deploy/staging"]',
            {"deploy": {"manifests": ["deploy/production"], "staging": ["deploy/staging"]}},
        ),
        (
            'under [tool.mlready.endpoint] write for example: peak_rps = 40 and slo = { p99 = "250 ms", errors = 0.001 }.',
            {"endpoint": {"peak_rps": 40, "slo": {"p99": "250 ms", "errors": 0.001}}},
        ),
        (
            '[tool.mlready.items."a.b"] metric = "…", min = 0.8, pages = ["m:page"]',
            {"items": {"a.b": {"metric": "…", "min": 0.8, "pages": ["m:page"]}}},
        ),
        (
            '[tool.mlready.items."a.b"] versions = [{ path = "old.skops", on = 2026-10-01 }, …] (or result)',
            {"items": {"a.b": {"versions": [{"path": "old.skops", "on": __import__("datetime").date(2026, 10, 1)}]}}},
        ),
        ('[tool.mlready.items."a.b"] manifests = ["x.yaml"] or flags = ["f"]', {"items": {"a.b": {"manifests": ["x.yaml"]}}}),
        ('[tool.mlready] risk = "high"  # or "limited", "minimal"', {"risk": "high"}),
        ('let it write one, and name it: [tool.mlready.items."a.b"] record = "r.json"', {"items": {"a.b": {"record": "r.json"}}}),
    ],
)  # fmt: skip
def test_settings_are_read_out_of_a_next_step(fix, tables):
    assert tomllib.loads(pasted(fix))["tool"]["mlready"] == tables


@pytest.mark.parametrize("fix", ["", "write a file", "write x.yaml, or set cases = …", "[tool.mlready.data] see there"])
def test_prose_gives_no_line(fix):
    assert paste.lines(fix) == ()


def test_every_next_step_of_an_empty_project_that_names_a_table_parses(catalog):
    fixes = [
        getattr(module, name)
        for module in catalog.modules.values()
        for name in ("LINE", "PASTE", "EXAMPLE", "WRITE", "INVENTORY_LINE")
        if "[tool.mlready" in str(getattr(module, name, ""))
    ]
    assert fixes
    for fix in fixes:
        tomllib.loads(pasted(fix))


def test_a_path_that_was_found_asks_for_less_than_one_that_is_an_example():
    fix = '[tool.mlready.model] path = "m.onnx"'
    known, example = paste.lines(fix, found={"m.onnx"})[0], paste.lines(fix)[0]
    assert known.effort < example.effort
    assert (known.note, example.note) == ("", paste.NAMED)


@pytest.mark.parametrize(
    ("fix", "effort"),
    [
        ('[tool.mlready.entry_points] train = "train:train"', paste.CODED),
        ('[tool.mlready.items."a.b"] pages = ["m:page"]', paste.CODED),
        ('[tool.mlready.items."a.b"] card = "docs/card.md"', paste.WRITTEN),
        ('[tool.mlready.items."a.b"] previous = "models:/NAME@previous"', paste.WRITTEN),
        ('[tool.mlready.data] target = "…"', paste.DECIDED),
    ],
)
def test_what_a_line_asks_for_is_told_by_its_value(fix, effort):
    assert paste.lines(fix)[0].effort == effort


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        ("pip install 'pytest-mlready[artifacts]'", ("pip install 'pytest-mlready[artifacts]'", "artifacts")),
        ("pip install 'pytest-mlready[api]'.", ("pip install 'pytest-mlready[api]'", "api")),
        ("cd models && sha256sum m.onnx > SHA256SUMS", ("cd models && sha256sum m.onnx > SHA256SUMS", "")),
        ("pip install evil", ("", "")),
        ("cd / && rm -rf home", ("", "")),
        ("cd x;rm && sha256sum m > SHA256SUMS", ("", "")),
        ("git fetch", ("", "")),
    ],
)
def test_only_commands_of_ours_are_offered(fix, expected):
    assert paste.command(fix) == expected


def test_a_table_that_is_there_gets_no_second_header():
    lines = paste.lines('[tool.mlready.data] train = "a.csv"')
    assert paste.toml(lines, there={"data"})[0] == "# add to [tool.mlready.data]:"
    assert paste.toml(lines, there=(), prefix="")[0] == "[data]"
