"""What would make a gate green for the wrong reason, by accident or by wish, and what would bring a run down."""

from __future__ import annotations

import pytest

TWO = """
import pytest

@pytest.mark.security("no_secrets")
def test_one(): pass

@pytest.mark.data("feature_policy")
def test_two(): assert {holds}, "no policy"
"""
GOOD, BAD = TWO.format(holds=True), TWO.format(holds=False)
ASKED = "--mlready-min-score=0"


@pytest.mark.parametrize("least", ["nan", "-1", "7.5", "inf"])
def test_a_minimum_that_is_no_score_is_a_usage_error(readiness, least):
    ran = readiness(f"--mlready-min-score={least}")
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR
    assert "a number from 0 to 7" in ran.errors


def test_a_file_that_skips_itself_takes_its_readiness_tests_out_of_no_score(pytester, three_ways):
    pytester.makepyfile(test_it=GOOD, test_gone="import pytest\npytest.importorskip('nowhere_to_be_found')\n" + BAD)
    ran = three_ways(ASKED)
    assert any("test_gone.py" in reason and "nowhere_to_be_found" in reason for reason in ran.report["partial"])
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_file_of_ordinary_tests_may_skip_itself(pytester, readiness):
    pytester.makepyfile(
        test_it=GOOD, test_gone="import pytest\npytest.importorskip('nowhere_to_be_found')\ndef test_x(): pass"
    )
    ran = readiness(ASKED)
    assert (ran.report["partial"], ran.result.ret) == ([], 0)


def test_last_failed_leaves_files_out_and_is_a_partial_run(pytester, readiness):
    pytester.makepyfile(test_a="def test_fails(): assert 0", test_b=GOOD)
    readiness(ASKED, "-p", "cacheprovider")
    pytester.makepyfile(test_a="def test_fails(): pass", test_b=BAD)
    ran = readiness(ASKED, "-p", "cacheprovider", "--lf")
    assert any("--last-failed" in reason for reason in ran.report["partial"])
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_hook_that_reports_a_failure_as_passed_changes_no_outcome(pytester, readiness):
    pytester.makepyfile(test_it=BAD)
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if "test_two" in item.nodeid:
                report.outcome, report.longrepr = "passed", None
            return report
        """
    )
    ran = readiness(ASKED)
    assert ran.status("data.feature_policy") == "failed"
    assert "reported as passed" in ran.item("data.feature_policy")["reason"]


def test_tests_that_a_hook_removes_without_a_word_are_not_run(pytester, readiness):
    pytester.makepyfile(test_it=BAD)
    pytester.makeconftest(
        "def pytest_collection_modifyitems(items): items[:] = [i for i in items if 'two' not in i.name]"
    )
    ran = readiness(ASKED)
    assert ran.status("data.feature_policy") == "not_run"
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_of_two_tests_under_one_id_the_failed_one_counts(pytester, readiness):
    pytester.makepyfile(
        test_it="N = []\n" + GOOD.replace("test_one(): pass", "test_one():\n    N.append(1)\n    assert len(N) > 1")
    )
    ran = readiness("--keep-duplicates", "test_it.py", "test_it.py")
    assert ran.status("security.no_secrets") == "failed"


def test_a_failure_on_one_of_many_equal_workers_counts(pytester, readiness):
    pytester.makepyfile(
        test_it="import os, pytest\n@pytest.mark.security('no_secrets')\n"
        "def test_it(): assert os.environ['PYTEST_XDIST_WORKER'] == 'gw1'"
    )
    assert readiness("-n", "2", "--dist=each").status("security.no_secrets") == "failed"


def test_tests_of_unittest_end_as_others_do(pytester, readiness):
    pytester.makepyfile(
        """
        import pytest, unittest

        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _evidence(self, evidence):
                self.evidence = evidence

            @pytest.mark.security("no_secrets")
            def test_fails(self):
                self.assertEqual(1, 2)

            @pytest.mark.security("authentication")
            def test_cannot_tell(self):
                self.evidence.inconclusive("no traffic")

            @pytest.mark.security("network_policy")
            def test_skips(self):
                self.skipTest("not today")
        """
    )
    ran = readiness()
    assert ran.item("security.no_secrets")["reason"] == "1 != 2"
    assert (ran.status("security.authentication"), ran.status("security.network_policy")) == ("inconclusive", "not_run")


def test_a_mark_may_name_its_item_by_keyword(pytester, readiness):
    pytester.makepyfile("import pytest\n@pytest.mark.security(item='no_secrets')\ndef test_it(): pass")
    assert readiness().status("security.no_secrets") == "verified"


def test_a_projects_own_endpoint_fixture_makes_no_evidence_live(pytester, readiness):
    pytester.makepyfile(
        "import pytest\n@pytest.fixture\ndef endpoint(): return 3\n"
        "@pytest.mark.security('no_secrets')\ndef test_it(endpoint): pass"
    )
    assert readiness().item("security.no_secrets")["grade"] == "static"


@pytest.mark.parametrize("option", ["--fixtures", "--fixtures-per-test", "--cache-show"])
def test_options_that_run_nothing_neither_gate_nor_write(pytester, readiness, option):
    pytester.makepyfile(test_it=GOOD)
    ran = readiness(ASKED, "-p", "cacheprovider", option)
    assert (ran.report, ran.result.ret) == (None, 0)


def test_a_report_that_cannot_be_written_fails_the_gate_and_the_others_say_so(pytester, readiness):
    pytester.makepyfile(test_it=GOOD)
    ran = readiness(ASKED, "--mlready-report=/proc/nowhere/r.json")
    assert "not written" in ran.report["gate"]["shortfalls"][0]
    assert not ran.report["gate"]["passed"]
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_worse_run_does_not_replace_the_ratchet_report(pytester, readiness):
    (pytester.path / "mlready.toml").write_text('[gate]\nratchet = "readiness.json"\n')
    pytester.makepyfile(test_it=GOOD)
    readiness("--mlready-report=readiness.json")
    committed = (pytester.path / "readiness.json").read_text()
    pytester.makepyfile(test_it=BAD)
    worse = readiness("--mlready-report=readiness.json")
    part = readiness("--mlready-report=readiness.json", "--mlready-item=security.*")
    assert (pytester.path / "readiness.json").read_text() == committed
    assert all("it is the ratchet report" in ran.text for ran in (worse, part))


def test_a_ratchet_report_that_cannot_serve_fails_the_gate_and_says_why(pytester, readiness):
    (pytester.path / "mlready.toml").write_text('[gate]\nratchet = "readiness.json"\n')
    (pytester.path / "readiness.json").write_text('{"schema_version": 1, "items": {"a": 1}}')
    ran = readiness()
    assert "there is no ratchet report to hold this run to" in ran.report["gate"]["shortfalls"][0]
    assert "INTERNALERROR" not in ran.text
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_report_is_written_where_pytest_was_called_whatever_tests_change_to(pytester, readiness):
    pytester.makepyfile("import os\ndef test_it(tmp_path): os.chdir(tmp_path)")
    readiness("--mlready-report=here.json")
    assert (pytester.path / "here.json").exists()


def test_a_property_of_our_name_by_somebody_else_is_left_alone(pytester, readiness):
    pytester.makepyfile(test_it=GOOD + "\ndef test_three(record_property): record_property('mlready', 'yes')\n")
    assert readiness(ASKED).result.ret == 0


def test_odd_evidence_and_exceptions_without_a_text_bring_nothing_down(pytester, three_ways):
    pytester.makepyfile(
        """
        import pytest
        from unittest.mock import Mock

        class Mute(Exception):
            def __str__(self): raise RuntimeError("no words")

        @pytest.mark.security("no_secrets")
        def test_odd(evidence):
            endless = []
            endless.append(endless)
            for value in (Mock(), endless, 10**5000, "\\udce9"):
                evidence.record(5, value, n=2.0, unit=3)

        @pytest.mark.security("authentication")
        def test_mute(evidence):
            raise Mute

        @pytest.mark.security("network_policy")
        def test_grade(evidence):
            evidence.grade("superb")
        """
    )
    ran = three_ways("--mlready-report=out.html")
    assert ran.status("security.no_secrets") == "verified"
    assert ran.item("security.authentication")["reason"] == "Mute: (its text cannot be had: RuntimeError)"
    assert "no grade of evidence" in ran.item("security.network_policy")["reason"]


@pytest.mark.slow
def test_one_worker_that_crashes_twice_does_not_hang_the_run(pytester, readiness):
    crash = "\n@pytest.mark.data('feature_cost')\n@pytest.mark.parametrize('n', [1, 2])\ndef test_x(n): __import__('os')._exit(0)\n"
    pytester.makepyfile(test_it=GOOD + crash)
    ran = readiness(ASKED, "-n", "1")
    assert ran.status("security.no_secrets") == "verified"
    assert [t["outcome"] for t in ran.item("data.feature_cost")["tests"]] == ["not_run", "not_run"]
    assert not ran.report["gate"]["passed"]


def test_a_conftest_that_replaces_what_built_in_checks_are_judged_by_cannot_make_them_green(pytester, readiness):
    pytester.makeconftest(
        """
        import pytest

        class Mute:
            def __getattr__(self, name):
                return lambda *args, **kwargs: None

        @pytest.fixture(scope="session")
        def mlready_evidence():
            return Mute()
        """
    )
    ran = readiness()
    item = ran.item("model_quality.metric_thresholds")
    assert item["status"] in ("failed", "error")
    assert "redefines mlready_evidence" in ran.text + item["reason"]


@pytest.mark.parametrize("name", ["mlready-run", "mlready-conclusion"])
def test_the_parts_of_a_readiness_run_cannot_be_taken_away(readiness, name):
    ran = readiness("-p", f"no:{name}", "--mlready-min-score=0")
    assert ran.result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_fixture_that_a_check_asks_for_only_while_it_runs_cannot_be_replaced_either(pytester, readiness):
    """metric_thresholds asks for the predictions inside its body: its signature does not show them."""
    (pytester.path / "mlready.toml").write_text("[metrics]\naccuracy = { min = 0.9 }\n")
    pytester.makeconftest(
        """
        import numpy as np, pytest
        from pytest_mlready.values import Predictions

        @pytest.fixture(scope="session")
        def mlready_predictions():
            y = np.array(["yes", "no"] * 500)
            return Predictions(task="binary-classification", y=y, labels=y, classes=("no", "yes"), positive="yes")
        """
    )
    ran = readiness("--mlready-item=model_quality.metric_thresholds")
    assert ran.status("model_quality.metric_thresholds") == "failed"
    assert "redefines mlready_predictions" in ran.item("model_quality.metric_thresholds")["reason"]
