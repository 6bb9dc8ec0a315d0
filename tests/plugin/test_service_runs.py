"""The one service of a run: shared, watched, ended with the run, and never speaking of its secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[1] / "serving" / "faulty_service.py"
SETTINGS = """
[endpoint]
start = "{python} {service} {{port}} {faults}"
predict = "POST /predict"
example = "one.json"
start_limit = {start_limit}
stop_limit = 1
secrets = ["SIGNING_KEY"]
auth = {{ env = "TOKEN", expired_env = "EXPIRED" }}
"""
TESTS = """
import os, pytest

def note(kind, endpoint):
    with open("addresses", "a") as file:
        print(endpoint.url, file=file)

@pytest.mark.security("authentication")
@pytest.mark.parametrize("n", range(6))
def test_it(mlready_endpoint, n):
    note("a", mlready_endpoint.up())
    assert mlready_endpoint.ask().json() == {"predictions": [4.0]}
    assert mlready_endpoint.send(mlready_endpoint.good, kind=None).status == 401
    assert mlready_endpoint.send(mlready_endpoint.good, kind="expired").status == 401
"""


def processes(mark: str) -> set[str]:
    """Every running process that was started with this mark in its environment, by its command."""
    found = set()
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.add((process / "cmdline").read_bytes().decode().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.fixture
def mark(tmp_path):
    """An environment variable that tells this test's processes from those of others, which run beside it."""
    return f"MLREADY_TEST={tmp_path}"


@pytest.fixture
def project(pytester, monkeypatch, mark):
    """A project whose service is the faulty one; nothing of it may remain."""
    monkeypatch.setenv(*mark.split("=", 1))

    def make(*faults: str, tests: str = TESTS, start_limit: float = 15.0) -> None:
        words = " ".join(f"'{f}'" for f in faults)
        settings = SETTINGS.format(python=sys.executable, service=SERVICE, faults=words, start_limit=start_limit)
        (pytester.path / "mlready.toml").write_text(settings)
        (pytester.path / "one.json").write_text(json.dumps({"instances": [{"x": 2.0}]}))
        pytester.makepyfile(test_it=tests)

    monkeypatch.setenv("TOKEN", "good-token")
    monkeypatch.setenv("EXPIRED", "expired-token")
    yield make
    assert not processes(mark), "a process was left behind"


def test_all_tests_of_a_run_share_one_service(pytester, project, three_ways):
    project()
    ran = three_ways("-k", "test_it")
    endings = {t["outcome"] for t in ran.item("security.authentication")["tests"] if "test_it" in t["id"]}
    assert endings == {"passed"}
    assert len(set((pytester.path / "addresses").read_text().split())) == 1


def test_a_service_that_is_never_asked_for_is_never_started(pytester, project, readiness):
    project("exits", tests="def test_other(): pass")
    ran = readiness("-k", "test_other")
    assert "cannot read configuration" not in ran.text


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("exits", "cannot read configuration"),
        ("refuses", "was not ready within 1 s (nobody answers"),
    ],
)
def test_a_service_that_does_not_come_up_is_one_clear_error_of_each_test(project, readiness, fault, said):
    project(fault, start_limit=1.0)
    started = time.monotonic()
    ran = readiness("-k", "test_it")
    assert time.monotonic() - started < 20
    tests = ran.item("security.authentication")["tests"]
    asked = [t for t in tests if "test_it" in t["id"]]
    assert {t["outcome"] for t in asked} == {"error"}
    assert all(said in t["message"] for t in asked)
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("fault", ["ignores sigterm", "forks", "floods"])
def test_whatever_the_service_does_nothing_of_it_remains(project, three_ways, fault):
    project(fault)
    ran = three_ways("-k", "test_it")
    endings = {t["outcome"] for t in ran.item("security.authentication")["tests"] if "test_it" in t["id"]}
    assert endings == {"passed"}


def test_a_service_that_died_is_started_again_for_the_next_test(pytester, project, readiness, monkeypatch):
    monkeypatch.setenv("DIE_AT", "2")
    project(
        "die",
        tests="""
        import pytest
        pytestmark = pytest.mark.security("authentication")

        def test_it_one(mlready_endpoint):
            mlready_endpoint.up().ask()
            mlready_endpoint.ask()

        def test_it_two(mlready_endpoint):
            mlready_endpoint.up().ask()
        """,
    )
    ran = readiness("-k", "test_it")
    tests = {t["id"].rpartition("::")[2]: t for t in ran.item("security.authentication")["tests"]}
    assert tests["test_it_one"]["outcome"] == "failed"
    assert "fatal: out of memory" in tests["test_it_one"]["message"]
    assert tests["test_it_two"]["outcome"] == "passed"


def test_secrets_stand_neither_in_the_output_nor_in_the_report(pytester, project, readiness):
    project(
        tests="""
        import os, pytest

        @pytest.mark.security("authentication")
        def test_it(mlready_endpoint):
            key = mlready_endpoint.plan.environment["SIGNING_KEY"]
            assert len(key) == 64
            open("key", "w").write(key)
            mlready_endpoint.client.send(mlready_endpoint.good, headers={"Authorization": key})
            pytest.fail(mlready_endpoint.curl(mlready_endpoint.good))
        """
    )
    ran = readiness("-k", "test_it")
    key = (pytester.path / "key").read_text()
    for text in (ran.text, ran.errors, json.dumps(ran.report)):
        assert "curl" in text or text == ran.errors
        assert key not in text
        assert "good-token" not in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_from_outside_leaves_no_service(pytester, project, mark, number):
    project(tests="def test_it(mlready_endpoint):\n    import time; print(mlready_endpoint.url); time.sleep(60)")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-s", "test_it.py"]
    run = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    for line in run.stdout:
        if "http://127.0.0.1:" in line:
            break
    assert any("faulty_service" in command for command in processes(mark))
    os.killpg(run.pid, number) if number == signal.SIGINT else run.send_signal(number)
    run.stdout.close()
    run.wait(20)
    deadline = time.monotonic() + 10
    while processes(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes(mark)


def test_a_variable_that_holds_no_credential_is_named(project, readiness, monkeypatch):
    project()
    monkeypatch.delenv("TOKEN")
    ran = readiness("-k", "test_it")
    tests = [t for t in ran.item("security.authentication")["tests"] if "test_it" in t["id"]]
    assert {t["outcome"] for t in tests} == {"error"}
    assert "the environment variable TOKEN, which holds a credential, is not set" in tests[0]["message"]
