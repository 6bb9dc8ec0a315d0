"""What a readiness run makes of how tests end: the same in one process, on two workers, and without xdist."""

from __future__ import annotations

import pytest

ENDINGS = """
import pytest

@pytest.mark.security("no_secrets")
def test_passes(evidence):
    evidence.record("files scanned", 12, min=1)

@pytest.mark.security("artifact_integrity")
def test_fails():
    assert 1 == 2, "digest differs"

@pytest.mark.security("authentication")
def test_cannot_tell(evidence):
    evidence.inconclusive("no traffic in the last hour")

@pytest.mark.security("network_policy")
def test_has_no_network(evidence):
    evidence.not_applicable("a batch job without a network")

@pytest.fixture
def broken():
    raise RuntimeError("no database")

@pytest.mark.security("pii_handling")
def test_errs(broken):
    pass

@pytest.mark.data("feature_policy")
def test_nothing_found(mlready_evidence):
    mlready_evidence.unverified("no policy found", fix="write policy.toml")
"""
NOT_RUN = """
import pytest

@pytest.mark.data("feature_cost")
@pytest.mark.skip(reason="not today")
def test_skipped():
    pass

@pytest.mark.data("feature_schema")
@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    assert False

@pytest.mark.data("feature_lead_time")
@pytest.mark.xfail(reason="known", strict=False)
def test_passes_unexpectedly():
    pass
"""


def test_each_ending_becomes_its_outcome(pytester, three_ways):
    pytester.makepyfile(ENDINGS)
    ran = three_ways()
    assert ran.status("security.no_secrets") == "verified"
    assert ran.status("security.artifact_integrity") == "failed"
    assert ran.status("security.authentication") == "inconclusive"
    assert ran.status("security.network_policy") == "not_applicable"
    assert ran.status("security.pii_handling") == "error"
    assert ran.status("data.feature_policy") == "unverified"
    assert ran.item("security.authentication")["reason"].startswith("no traffic in the last hour")
    assert "no database" in ran.item("security.pii_handling")["reason"]
    assert "write policy.toml" in ran.item("data.feature_policy")["reason"]
    assert ran.report["complete"]
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_evidence_reaches_the_report_with_its_limits(pytester, three_ways):
    pytester.makepyfile(ENDINGS)
    (test,) = three_ways().item("security.no_secrets")["tests"]
    assert test["evidence"] == [{"name": "files scanned", "value": 12, "min": 1}]


def test_a_skip_and_an_xfail_are_not_run_and_an_xpass_is_a_failure(pytester, three_ways):
    pytester.makepyfile(NOT_RUN)
    ran = three_ways()
    assert ran.status("data.feature_cost") == "not_run"
    assert ran.status("data.feature_schema") == "not_run"
    assert ran.status("data.feature_lead_time") == "failed"
    assert "not today" in ran.item("data.feature_cost")["reason"]
    assert ran.report["scores"]["checklist"] is None
    assert any("2 readiness tests did not run" in reason for reason in ran.report["partial"])


def test_marks_on_classes_and_parameter_sets_all_count(pytester, three_ways):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.security("no_secrets")
        class TestArtifacts:
            @pytest.mark.parametrize("name", ["a", "b"])
            def test_clean(self, name):
                assert name == "a"

        @pytest.mark.data("feature_policy")
        @pytest.mark.compliance("data_lineage")
        def test_both():
            pass
        """
    )
    ran = three_ways()
    assert ran.status("security.no_secrets") == "failed"
    assert len(ran.item("security.no_secrets")["tests"]) == 2
    assert {ran.status("data.feature_policy"), ran.status("compliance.data_lineage")} == {"verified"}


def test_an_unknown_item_fails_that_test_with_a_near_name(pytester, three_ways):
    pytester.makepyfile("import pytest\n@pytest.mark.security('no_secretz')\ndef test_it(): pass")
    ran = three_ways()
    assert 'did you mean "no_secrets"?' in ran.text
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_an_item_under_the_wrong_category_is_told_its_right_one(pytester, readiness):
    pytester.makepyfile("import pytest\n@pytest.mark.security('model_card')\ndef test_it(): pass")
    assert "documentation(model_card)" in readiness().text.replace("'", "")


def test_a_bare_mark_counts_for_no_item_and_the_report_says_so(pytester, three_ways):
    pytester.makepyfile("import pytest\n@pytest.mark.security\ndef test_it(): pass")
    ran = three_ways()
    assert ran.report["marks_without_item"] == [
        "test_a_bare_mark_counts_for_no_item_and_the_report_says_so.py::test_it"
    ]
    assert all(not item["tests"] or "mlready::" in item["tests"][0]["id"] for item in ran.report["items"].values())
    assert "name no item" in ran.text
    assert ran.result.ret == 0


def test_an_error_in_teardown_counts(pytester, three_ways):
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def lock():
            yield
            raise OSError("still locked")

        @pytest.mark.security("no_secrets")
        def test_it(lock):
            pass
        """
    )
    assert three_ways().status("security.no_secrets") == "error"


def test_a_retry_does_not_wash_a_failure_away(pytester, three_ways):
    pytester.makepyfile(
        """
        import pathlib, pytest

        @pytest.mark.security("no_secrets")
        def test_second_time_lucky(tmp_path_factory):
            flag = pathlib.Path(__file__).with_name("flag")
            if not flag.exists():
                flag.touch()
                raise AssertionError("first time")
        """
    )
    ran = three_ways("--reruns", "2", "--mlready-min-score=0")
    (test,) = ran.item("security.no_secrets")["tests"]
    assert (test["outcome"], test["attempts"]) == ("failed", 2)
    assert any("retried" in s for s in ran.report["gate"]["shortfalls"])
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_evidence_works_under_hypothesis(pytester, three_ways):
    pytester.makepyfile(
        """
        import pytest
        from hypothesis import given, settings, strategies as st

        @pytest.mark.model_quality("edge_and_adversarial_cases")
        @settings(max_examples=5, database=None)
        @given(number=st.integers())
        def test_given(number, evidence):
            evidence.record("number", number)

        @pytest.mark.security("no_secrets")
        @settings(max_examples=5, database=None)
        @given(number=st.integers())
        def test_cannot_tell(number, evidence):
            evidence.inconclusive("nothing to see")
        """
    )
    ran = three_ways()
    tests = {t["id"].rpartition("::")[2]: t for t in ran.item("model_quality.edge_and_adversarial_cases")["tests"]}
    assert len(tests["test_given"]["evidence"]) == 5
    assert ran.status("security.no_secrets") == "inconclusive"


def test_subtests_that_fail_fail_the_item(pytester, three_ways):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.security("no_secrets")
        def test_files(subtests):
            for name in "ab":
                with subtests.test(name):
                    assert name == "a"
        """
    )
    assert three_ways().status("security.no_secrets") == "failed"


def test_values_that_json_cannot_carry_travel_as_text(pytester, three_ways):
    pytester.makepyfile(
        """
        import enum, math, numpy as np, pytest

        class Colour(enum.StrEnum):
            RED = "red"

        @pytest.mark.security("no_secrets")
        def test_odd_values(evidence):
            for value in (Colour.RED, np.float32(0.5), math.nan, math.inf, np.int64(3), {1, 2}, object, np.bool_(True), b"x"):
                evidence.record("odd", value)
            evidence.record("interval", 0.5, interval=(np.float64(0.1), None), n=np.int64(7))
        """
    )
    (test,) = three_ways().item("security.no_secrets")["tests"]
    values = [e["value"] for e in test["evidence"]]
    assert values[:5] == ["red", 0.5, "nan", "inf", 3]
    assert values[7] is True
    assert test["evidence"][-1]["interval"] == [0.1, None]
    assert test["evidence"][-1]["n"] == 7


def test_the_grade_follows_from_what_a_test_asked_for(pytester, readiness):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.security("no_secrets")
        def test_reads_files(evidence):
            pass

        @pytest.mark.security("authentication")
        def test_says_so_itself(evidence):
            evidence.grade("live")
        """
    )
    ran = readiness()
    assert (ran.item("security.no_secrets")["grade"], ran.item("security.authentication")["grade"]) == (
        "static",
        "live",
    )
