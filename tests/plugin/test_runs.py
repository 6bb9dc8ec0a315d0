"""How a readiness run fits into pytest: selection, partial runs, interrupts, crashes, configuration, other plugins."""

from __future__ import annotations

import pytest

TWO = """
import pytest

@pytest.mark.security("no_secrets")
def test_one(): pass

@pytest.mark.data("feature_policy")
def test_two(): pass

def test_ordinary(): pass
"""


def test_without_the_option_there_are_markers_and_fixtures_and_nothing_else(pytester, three_ways):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.security("no_secrets")
        def test_one(evidence):
            evidence.record("a", 1)

        @pytest.mark.security("no_secrets")
        def test_two(evidence):
            evidence.inconclusive("cannot tell")
        """
    )
    result = pytester.runpytest_subprocess("-rs", "--strict-markers", *three_ways.way)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*cannot tell*"])
    assert "production readiness" not in result.stdout.str()


def test_an_empty_project_runs_and_says_what_would_let_each_item_be_verified(readiness):
    ran = readiness("-v")
    assert ran.result.ret == 0
    assert {i["status"] for i in ran.report["items"].values()} == {"unverified"}
    assert all(i["reason"] for i in ran.report["items"].values())
    assert '[tool.mlready.model] path = "' in ran.text


def test_built_in_checks_have_ids_that_read_like_the_checklist(readiness):
    result = readiness("--collect-only", "-q").result
    result.stdout.fnmatch_lines(["mlready::model_quality::metric_thresholds::test_*"])


def test_collect_only_neither_scores_nor_gates_nor_writes(pytester, three_ways):
    pytester.makepyfile(TWO)
    ran = three_ways("--collect-only", "--mlready-min-score=7")
    assert ran.report is None
    assert ran.result.ret == 0
    assert "ML Test Score" not in ran.text


@pytest.mark.parametrize(
    "option", [("-k", "not test_one"), ("-m", "not security"), ("--deselect", "test_it.py::test_one")]
)
def test_a_deselected_readiness_test_makes_the_run_partial(pytester, three_ways, option):
    pytester.makepyfile(test_it=TWO)
    ran = three_ways(*option, "--mlready-min-score=0")
    assert ran.status("security.no_secrets") == "not_run"
    assert ran.report["scores"]["ml_test_score"] is None
    assert "deselected" in ran.report["partial"][0]
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_deselecting_an_ordinary_test_changes_nothing(pytester, three_ways):
    pytester.makepyfile(test_it=TWO)
    ran = three_ways("--deselect", "test_it.py::test_ordinary", "--mlready-min-score=0")
    assert ran.report["partial"] == []
    assert ran.result.ret == 0


def test_only_leaves_ordinary_tests_out_and_is_a_whole_run(pytester, three_ways):
    pytester.makepyfile(test_it=TWO)
    ran = three_ways("--mlready-only")
    assert ran.report["partial"] == []
    assert ran.result.parseoutcomes()["passed"] == 2


def test_a_typo_in_a_mark_is_not_left_out_by_only(pytester, readiness):
    pytester.makepyfile("import pytest\n@pytest.mark.security('no_secretz')\ndef test_it(): pass")
    assert readiness("--mlready-only").result.ret == pytest.ExitCode.TESTS_FAILED


def test_item_runs_those_items_alone_and_gives_no_score(pytester, three_ways):
    pytester.makepyfile(test_it=TWO)
    ran = three_ways("--mlready-item=security.*")
    assert ran.status("security.no_secrets") == "verified"
    assert ran.status("data.feature_policy") == "not_run"
    assert ran.report["scores"]["checklist"] is None


def test_stopping_at_the_first_failure_is_incomplete_and_fails_the_gate(pytester, three_ways):
    pytester.makepyfile(test_it=TWO.replace("def test_one(): pass", "def test_one(): assert False"))
    ran = three_ways("-x", "--mlready-min-score=0")
    assert not ran.report["complete"]
    assert not ran.report["gate"]["passed"]
    assert ran.result.ret != 0


def test_an_interrupt_still_writes_a_report_that_says_incomplete(pytester, readiness):
    pytester.makepyfile(test_it=TWO.replace("def test_two(): pass", "def test_two(): raise KeyboardInterrupt"))
    ran = readiness("--mlready-min-score=0")
    assert ran.result.ret == pytest.ExitCode.INTERRUPTED
    assert not ran.report["complete"]
    assert ran.status("security.no_secrets") == "verified"
    assert any("interrupt" in s.lower() for s in ran.report["gate"]["shortfalls"])


def test_a_worker_that_crashes_makes_the_run_incomplete(pytester, readiness):
    pytester.makepyfile(test_it=TWO.replace("def test_two(): pass", "def test_two():\n    import os\n    os._exit(3)"))
    ran = readiness("-n", "2", "--mlready-min-score=0")
    assert not ran.report["complete"]
    assert ran.status("data.feature_policy") == "not_run"
    assert not ran.report["gate"]["passed"]
    assert ran.result.ret != 0


def test_a_file_that_cannot_be_collected_makes_the_run_incomplete(pytester, three_ways):
    pytester.makepyfile(test_it=TWO, test_bad="import nowhere_to_be_found")
    ran = three_ways("--mlready-min-score=0")
    assert not ran.report["complete"]
    assert ran.result.ret != 0


def test_a_file_that_cannot_be_collected_cannot_be_waved_through(pytester, readiness):
    pytester.makepyfile(test_it=TWO, test_bad="import nowhere_to_be_found")
    ran = readiness("--mlready-min-score=0", "--continue-on-collection-errors")
    assert not ran.report["complete"]
    assert not ran.report["gate"]["passed"]


def test_random_order_gives_the_same_tally(pytester, readiness):
    pytester.makepyfile(test_it=TWO)
    plain = readiness()
    shuffled = [readiness("-p", "randomly", "-p", "no:cacheprovider", f"--randomly-seed={seed}") for seed in (1, 2)]
    statuses = [{k: v["status"] for k, v in ran.report["items"].items()} for ran in (plain, *shuffled)]
    assert statuses[0] == statuses[1] == statuses[2]


def test_the_id_of_a_built_in_check_as_an_argument_is_answered_with_the_form_that_works(readiness):
    ran = readiness("mlready::model_quality::metric_thresholds")
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--mlready-item=model_quality.metric_thresholds" in ran.errors


def test_an_item_that_matches_nothing_is_a_usage_error_with_a_near_name(readiness):
    ran = readiness("--mlready-item=security.no_secretz")
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert 'did you mean "security.no_secrets"?' in ran.errors


def test_a_report_with_an_unknown_suffix_is_a_usage_error(readiness):
    ran = readiness("--mlready-report=report.docx")
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert all(suffix in ran.errors for suffix in (".html", ".json", ".md", ".sarif"))


def test_any_option_of_the_group_implies_a_readiness_run(readiness):
    assert readiness("--mlready-min-score=0", flag="").report["gate"]["asked"]


def test_the_nearest_settings_of_the_arguments_are_used_in_a_monorepo(pytester, three_ways):
    for name in ("fraud", "churn"):
        pytester.mkdir(name)
        (pytester.path / name / "mlready.toml").write_text(f'system = "{name}"\n')
        (pytester.path / name / "test_it.py").write_text(TWO)
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\n")
    ran = three_ways("churn")
    assert ran.report["system"] == "churn"
    assert ran.status("security.no_secrets") == "verified"


def test_settings_with_mistakes_end_with_status_4_before_anything_runs(pytester, three_ways):
    pytester.makepyfile(test_it=TWO)
    (pytester.path / "mlready.toml").write_text('sistem = "x"\n[gate]\nmin_score = "high"\n')
    ran = three_ways()
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert "sistem" in ran.errors
    assert "min_score" in ran.errors
    assert "Traceback" not in ran.errors + ran.text
    assert ran.report is None


def test_a_projects_own_unrelated_model_fixture_changes_nothing(pytester, three_ways):
    pytester.makepyfile(test_it=TWO)
    before = three_ways().report["items"]
    pytester.makeconftest(
        "import pytest\n@pytest.fixture\ndef model(): return 'a database model'\n@pytest.fixture\ndef evidence(): return 3"
    )
    after = three_ways().report["items"]
    assert {k: v["status"] for k, v in before.items()} == {k: v["status"] for k, v in after.items()}


def test_a_projects_own_naming_and_strict_warnings_do_not_touch_the_built_in_checks(pytester, three_ways):
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\npython_functions = ["check_*"]\nfilterwarnings = ["error"]\n'
    )
    pytester.makepyfile("def check_it(): pass")
    ran = three_ways()
    assert ran.item("model_quality.metric_thresholds")["tests"]
    assert ran.result.ret == 0


def test_a_built_in_check_that_a_team_imports_runs_there_and_only_there(pytester, three_ways):
    pytester.makepyfile(
        test_ours="from pytest_mlready.checks.model_quality.metric_thresholds import *\n"
        "from pytest_mlready.checks.model_quality import metric_thresholds as m\n"
        "globals().update({k: v for k, v in vars(m).items() if k.startswith('test_')})\n"
    )
    tests = three_ways().item("model_quality.metric_thresholds")["tests"]
    assert tests
    assert all(t["id"].startswith("test_ours.py::") for t in tests)


def test_a_built_in_check_can_be_switched_off_with_a_reason(pytester, three_ways):
    (pytester.path / "mlready.toml").write_text(
        '[items."model_quality.metric_thresholds"]\nbuiltin = false\nreason = "our own gate"\n'
    )
    item = three_ways().item("model_quality.metric_thresholds")
    assert item["tests"] == []
    assert "our own gate" in item["reason"]


def test_a_declared_not_applicable_item_is_listed_with_its_reason(pytester, three_ways):
    (pytester.path / "mlready.toml").write_text(
        '[not_applicable]\n"infrastructure.autoscaling" = "one fixed machine"\n'
    )
    ran = three_ways()
    assert ran.item("infrastructure.autoscaling")["reason"] == "one fixed machine"
    assert ran.report["scores"]["checklist"]["applicable"] == 38


def test_the_junit_report_stays_valid_and_carries_the_outcome(pytester, three_ways):
    pytester.makepyfile(test_it=TWO)
    three_ways("--junitxml=junit.xml")
    import xml.etree.ElementTree as ET

    names = {p.get("name") for p in ET.parse(pytester.path / "junit.xml").iter("property")}
    assert {"mlready.item", "mlready.outcome", "mlready.grade"} <= names


def test_the_report_folder_is_made_and_a_folder_that_cannot_be_written_does_not_lose_the_run(pytester, readiness):
    ran = readiness("--mlready-report=out/deep/r.html", "--mlready-report=/proc/nowhere/r.json")
    assert (pytester.path / "out/deep/r.html").exists()
    assert "report not written" in ran.text
    assert ran.report is not None


def test_a_date_can_be_given_and_a_wrong_one_is_refused(readiness):
    assert readiness("--mlready-at=2027-03-01").report["provenance"]["as_of"] == "2027-03-01"
    assert readiness("--mlready-at=soon").result.ret == pytest.ExitCode.USAGE_ERROR


def test_quiet_prints_the_scores_alone(readiness):
    text = readiness("-q").text
    assert "ML Test Score" in text
    assert "Rollback" not in text


def test_no_line_is_wider_than_eighty_columns_and_no_colour_code_leaks(pytester, readiness):
    pytester.makepyfile(
        test_it=TWO + "\n@pytest.mark.rollback('procedure_tested')\ndef test_x(): assert 0, 'long ' * 80\n"
    )
    text = readiness("--color=no").text
    section = text[text.index("production readiness") :].partition("short test summary")[0]
    to_paste = "        "  # a line that was broken in two could not be pasted, nor could a path
    wide = [line for line in section.splitlines() if len(line) > 80 and not line.startswith(to_paste)]
    assert [line.strip() for line in wide if line.strip() != str(pytester.path / "out.json")] == []
    assert "\x1b" not in section


def test_a_message_with_control_characters_cannot_move_the_cursor(pytester, readiness):
    pytester.makepyfile(
        "import pytest\n@pytest.mark.security('no_secrets')\ndef test_it(evidence): evidence.inconclusive('\\x1b[2Jcleared')"
    )
    section = readiness().text.partition("production readiness")[2]
    assert "\x1b[2J" not in section
