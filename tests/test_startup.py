"""What the plugin costs those who did not ask for it: nothing beyond pytest and the standard library."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "numpy", "scipy", "sklearn", "polars", "pandas", "pydantic", "yaml", "jinja2", "httpx", "click", "hypothesis",
    "narwhals", "markdown_it", "prometheus_client", "detect_secrets", "evidently", "locust",
}  # fmt: skip
BARE = ("-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:benchmark", "-p", "no:xdist", "-p", "no:randomly", "-p", "no:rerunfailures", "-p", "no:schemathesis", "-p", "no:cacheprovider")  # fmt: skip


def imported(folder, *args: str) -> set[str]:
    """Every module that one pytest run imports, as -X importtime tells."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", *BARE, *args],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_a_plain_run_imports_nothing_beyond_pytest_and_the_standard_library(tmp_path):
    with_us, without = imported(tmp_path), imported(tmp_path, "-p", "no:mlready")
    foreign = {name.partition(".")[0] for name in with_us - without} - set(sys.stdlib_module_names)
    assert foreign <= {"pytest_mlready"}
    loaded = {name for name in with_us if name.startswith("pytest_mlready")}
    assert "pytest_mlready.fixtures" in loaded, "the plugin was there"
    assert loaded <= {"pytest_mlready", *(f"pytest_mlready.{name}" for name in ("plugin", "fixtures", "hooks"))}


def test_collecting_the_checks_loads_no_library_for_numbers(tmp_path):
    loaded = {name.partition(".")[0] for name in imported(tmp_path, "--mlready", "--collect-only", "-q")}
    assert not loaded & (HEAVY - {"pydantic"})


def test_a_project_without_settings_is_told_what_is_missing_before_any_library_for_numbers_is_loaded(tmp_path):
    loaded = {name.partition(".")[0] for name in imported(tmp_path, "--mlready")}
    assert not loaded & {"sklearn", "scipy", "pandas", "polars"}


@pytest.mark.parametrize("name", ["Dataset", "Verdict", "Inconclusive"])
def test_public_names_load_when_they_are_first_used(name):
    import pytest_mlready

    assert getattr(pytest_mlready, name).__name__ == name
