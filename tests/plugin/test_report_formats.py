"""All formats in whole runs: written at once, three ways; where CI looks for them; options and their mistakes."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from statement_keys import pair

from pytest_mlready import reports

OURS = Path(sys.executable).with_name("pytest-mlready")  # wherever PATH leads

TESTS = """
import pytest

@pytest.mark.security("no_secrets")
def test_ours(evidence):
    evidence.record("files scanned", 12, min=1, unit="files")

@pytest.mark.infrastructure("resource_limits")
def test_limits():
    assert False, "deploy/app.yaml:3, container a: no limit"

@pytest.mark.monitoring("feature_drift")
def test_drift(evidence):
    evidence.inconclusive("too few rows")

def test_ordinary(request):
    request.node.user_properties.append(("mine", 1))
"""
NAMES = [f"all{suffix}" if suffix.startswith(".") else suffix for suffix in reports.SUFFIXES]


@pytest.fixture
def project(pytester, catalog):
    """A project whose own tests are all that runs: the formats are the same whoever wrote the test."""
    off = [
        f'[items."{i}"]\nbuiltin = false\nreason = "not here"\n'
        for i in catalog.items
        if i.startswith("model_quality.")
    ]
    pytester.makepyfile(test_it=TESTS)
    (pytester.path / "mlready.toml").write_text("".join(['system = "income"\n[gate]\nmin_score = 0\n', *off]))
    return pytester.path


@pytest.fixture
def model(project):
    """What the reports are about: a file with a digest."""
    with (project / "mlready.toml").open("a") as settings:
        settings.write('[model]\npath = "model.bin"\n')
    (project / "model.bin").write_bytes(b"the model")
    return project / "model.bin"


def test_every_format_is_written_in_one_run(project, model, three_ways):
    ran = three_ways(*(f"--mlready-report=out/{name}" for name in NAMES), "--junitxml=junit.xml", "-W", "error")
    assert sorted(p.name for p in (project / "out").iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert f"report: out/{name}" in ran.text
        text = (project / "out" / name).read_text()
        assert json.loads(text) if "json" in name or name.endswith(".sarif") else len(text) > 1000
    badge = json.loads((project / "out" / "badge.json").read_text())
    assert badge["color"] == "yellowgreen"
    results = json.loads((project / "out" / "all.sarif").read_text())["runs"][0]["results"]
    places = {r["ruleId"]: r["locations"][0]["physicalLocation"] for r in results}
    assert places["infrastructure.resource_limits"]["artifactLocation"]["uri"] == "deploy/app.yaml"
    assert places["infrastructure.resource_limits"]["region"]["startLine"] == 3
    assert places["monitoring.feature_drift"]["artifactLocation"]["uri"] == "test_it.py"
    assert places["monitoring.feature_drift"]["region"]["startLine"] == 11
    assert json.loads((project / "out" / "all.json").read_text())["subject"]["model"] == "model.bin"


def test_junit_xml_holds_readable_properties(project, three_ways):
    ran = three_ways("--junitxml=junit.xml", "-W", "error")
    suite = ET.parse(project / "junit.xml").getroot().find("testsuite")
    cases = {case.get("name"): pairs(case) for case in suite.iter("testcase")}
    assert cases["test_ours"] == [
        ("mlready.item", "security.no_secrets"), ("mlready.outcome", "passed"), ("mlready.grade", "static"),
        ("mlready.evidence.files scanned", "12"), ("mlready.evidence.files scanned.min", "1.0"),
        ("mlready.evidence.files scanned.unit", "files"),
    ]  # fmt: skip
    assert ("mlready.outcome", "failed") in cases["test_limits"]
    assert cases["test_ordinary"] == [("mine", "1")]
    assert ("mlready.gate", "passed") in pairs(suite)
    assert dict(pairs(suite))["mlready.ml_test_score"] == "0"
    assert ran.status("security.no_secrets") == "verified"


def pairs(element):
    return [(p.get("name"), p.get("value")) for p in element.findall("properties/property")]


def test_the_job_summary_is_appended_to_once_by_the_controlling_process(project, three_ways, monkeypatch):
    summary = project / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    three_ways()
    text = summary.read_text()
    assert text.startswith("before\n## Production readiness of income: gate passed")
    assert text.count("## Production readiness") == 1


def test_without_the_option_the_job_summary_is_left_alone(project, pytester, monkeypatch):
    summary = project / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    pytester.runpytest_subprocess()
    assert not summary.exists()


def test_a_job_summary_that_cannot_be_written_is_noted_and_fails_nothing(project, readiness, monkeypatch):
    (project / "test_it.py").write_text("def test_ordinary(): pass")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project))
    ran = readiness()
    assert ran.result.ret == 0
    assert "the job summary cannot be written: Is a directory" in ran.text


def test_annotations_are_printed_on_github_alone(project, three_ways, monkeypatch):
    assert "::error" not in three_ways().text
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = [line for line in three_ways("-q").text.splitlines() if line.startswith("::")]
    assert [line.partition("title=")[0] for line in lines] == [
        "::error file=deploy/app.yaml,line=3,",
        "::warning file=test_it.py,line=11,",
    ]


def test_no_line_that_is_ours_is_a_command_but_the_annotations(pytester, three_ways, monkeypatch):
    """The runner obeys a line of the log that begins with two colons: what a service or a file says may hold one."""
    (pytester.path / "mlready.toml").write_text('system = "::error::of the system"\n')
    pytester.makepyfile(
        """
        import pytest
        from pytest_mlready.errors import ReadinessError
        SAID = "the service said:\\n::stop-commands::x\\n  ::set-output name=a::b\\n##[error]c"
        @pytest.mark.security("no_secrets")
        def test_it(): raise ReadinessError(SAID)
        """
    )
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = [line.strip() for line in three_ways("-v").text.splitlines()]
    (command,) = [line for line in lines if line.startswith("::")]
    assert command.startswith("::error file=test_no_line_that_is_ours_is_a_command_but_the_annotations.py,line=")
    assert "%0A::stop-commands::x%0A" in command
    assert not [line for line in lines if "##[" in line and not line.startswith("::error file=")]


def test_a_statement_is_signed_by_the_key_that_the_option_or_the_environment_names(
    project, model, readiness, pytester, monkeypatch
):
    pair(project)
    readiness("--mlready-report=a.intoto.json", "--mlready-sign-key=key.pem")
    monkeypatch.setenv("MLREADY_SIGNING_KEY_FILE", "key.pem")
    readiness("--mlready-report=b.intoto.json", "--mlready-report=b.sarif")
    for name in ("a", "b"):
        verified = pytester.run(OURS, "verify-report", f"{name}.intoto.json", "--key=key.pub", "--artifact=model.bin")
        assert verified.ret == 0, verified.stdout.str()
    assert "payload" not in json.loads((project / "b.sarif").read_text())
    model.write_bytes(b"another")
    again = pytester.run(OURS, "verify-report", "a.intoto.json", "--key=key.pub", "--artifact=model.bin")
    assert again.ret == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mlready-sign-key=key.pem"], "there is nothing for --mlready-sign-key to sign"),
        (["--mlready-sign-key=gone.pem", "--mlready-report=a.intoto.json"], "the key gone.pem cannot be read"),
        (["--mlready-sign-key=mlready.toml", "--mlready-report=a.intoto.json"], "mlready.toml is no private key"),
    ],
)
def test_a_key_that_cannot_sign_ends_the_run_before_it_measures(project, readiness, options, said):
    ran = readiness(*options)
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in ran.errors
    assert "Traceback" not in ran.errors + ran.text


def test_an_unknown_suffix_is_told_all_that_there_are(project, readiness):
    ran = readiness("--mlready-report=x.txt")
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert all(suffix in ran.errors for suffix in reports.SUFFIXES)


def test_a_statement_about_no_model_is_not_written_and_the_gate_says_so(project, readiness):
    (project / "test_it.py").write_text("def test_ordinary(): pass")
    ran = readiness("--mlready-report=a.intoto.json")
    assert ran.result.ret == 1
    assert not (project / "a.intoto.json").exists()
    assert "there is no model file" in " ".join(ran.report["gate"]["shortfalls"])


def test_paths_are_those_of_the_repository_wherever_the_settings_lie(pytester, readiness):
    inner = pytester.mkdir("service")
    (inner / "mlready.toml").write_text('system = "income"\n')
    (inner / "test_it.py").write_text(TESTS)
    pytester.run("git", "init", "-q")
    ran = readiness("service", "--rootdir=service", "--mlready-report=a.codequality.json")
    paths = {
        i["check_name"]: i["location"]["path"] for i in json.loads((pytester.path / "a.codequality.json").read_text())
    }
    assert ran.report["places"] == {"settings": "service/mlready.toml", "root": "service/", "tests": "service/"}
    assert paths["infrastructure.resource_limits"] == "service/deploy/app.yaml"
    assert paths["monitoring.feature_drift"] == "service/test_it.py"
