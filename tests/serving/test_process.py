from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from process_list import NAME, gone, marked

from pytest_mlready.serving import launch as launches
from pytest_mlready.serving import process, readiness
from pytest_mlready.serving.http import Client, Request
from pytest_mlready.serving.process import ServiceError

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are listed from /proc")
SERVICE = Path(__file__).with_name("faulty_service.py")


@pytest.fixture
def mark():
    """A mark that every process of this test carries in its environment; none may be left when the test ends."""
    value = uuid.uuid4().hex
    yield value
    left = marked(value)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    assert not left, "processes were left behind"


@pytest.fixture
def started(plan, mark):
    """Starts a faulty service whose processes carry the mark, ends it after the test."""
    opened = []

    def make(*faults, environment=None, **fields):
        planned = plan(*faults, environment={NAME: mark, **(environment or {})}, **fields)
        opened.append(process.start(planned.launch()))
        return opened[-1], planned

    yield make
    for one in opened:
        one.stop()
        one.remove_log()


def run(command, tmp_path, mark, **fields):
    """A process of any command, with {port} in it."""
    environment = {"PATH": os.environ["PATH"], NAME: mark}
    return process.start(launches.prepare(command, folder=tmp_path, environment=environment, **fields))


def python(program: str) -> str:
    """A command that runs a program given as text; {{ }} for braces."""
    return f"{sys.executable} -c '{program}' {{port}}"


def seconds_of(call) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_a_service_is_started_asked_and_ended(started, mark):
    service, planned = started()
    readiness.wait(service, planned)
    with Client(service.url) as client:
        assert client.send(Request(path="/livez")).ok
    assert len(marked(mark)) == 1
    assert service.pid in marked(mark)
    assert os.getpgid(service.pid) == service.pid != os.getpgid(0)
    assert seconds_of(service.stop) < 2
    assert not marked(mark)
    assert (service.alive, service.killed, service.code) == (False, False, -signal.SIGTERM)


def test_stopping_twice_does_nothing_the_second_time(started):
    service, _ = started()
    service.stop()
    assert seconds_of(service.stop) < 0.5


def test_it_is_told_when_it_was_launched(started):
    before = time.monotonic()
    service, _ = started()
    assert before <= service.launched <= time.monotonic()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("exits", r"ended with status 2; its last lines:\ncannot read configuration"),
        ("dies while loading", r"ended with status 137; its last lines:\nfatal: out of memory"),
    ],
)
def test_a_service_that_ends_by_itself_is_noticed_at_once_with_its_last_lines(started, mark, fault, said):
    service, planned = started(fault, start_limit=10.0)
    began = time.monotonic()
    with pytest.raises(ServiceError, match=said):
        readiness.wait(service, planned)
    assert time.monotonic() - began < 4
    assert not marked(mark)


def test_a_service_ended_by_a_signal_is_told_so(started):
    service, planned = started()
    readiness.wait(service, planned)
    os.kill(service.pid, signal.SIGSEGV)
    assert "was ended by signal 11" in service.obituary(wait=2.0)


@pytest.mark.parametrize(
    ("fault", "environment", "said"),
    [
        ("refuses", {}, "nobody answers at http://127.0.0.1"),
        ("", {"LOAD_SECONDS": "60"}, "GET /readyz answers 503"),
        ("slow health", {"HEALTH_SECONDS": "60"}, "GET /readyz got no answer within 2 s"),
    ],
    ids=["never binds", "never ready", "hangs"],
)
def test_a_service_that_never_becomes_ready_fails_within_its_limit(started, mark, fault, environment, said):
    service, planned = started(*[fault] if fault else [], environment=environment, start_limit=0.8)
    began = time.monotonic()
    with pytest.raises(ServiceError, match=rf"was not ready within 0\.8 s \({said}"):
        readiness.wait(service, planned)
    assert time.monotonic() - began < 6
    service.stop()
    assert not marked(mark)


def test_a_service_that_binds_late_is_waited_for(started):
    service, planned = started(environment={"BIND_SECONDS": "0.6"})
    assert seconds_of(lambda: readiness.wait(service, planned)) > 0.5


def test_a_service_that_ignores_sigterm_is_killed_after_its_limit(started, mark):
    service, planned = started("ignores sigterm", stop_limit=0.5)
    readiness.wait(service, planned)
    assert 0.4 < seconds_of(service.stop) < 3
    assert (service.killed, service.code) == (True, -signal.SIGKILL)
    assert not marked(mark)


def test_children_that_moved_to_a_session_of_their_own_are_ended_too(started, mark):
    service, planned = started("forks")
    readiness.wait(service, planned)
    assert len(marked(mark)) == 2
    assert len({os.getsid(pid) for pid in marked(mark)}) == 2
    service.stop()
    assert not marked(mark)


FORKS_AWAY = """
import os, signal, sys, time
for n in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        os._exit(0)
print("all forked", flush=True)
sys.exit({code}) if {code} else time.sleep(600)
"""


@pytest.mark.parametrize("code", [0, 3], ids=["parent stays", "parent ends"])
def test_daemons_that_ignore_sigterm_are_ended_whatever_their_parent_did(tmp_path, mark, code):
    (tmp_path / "forks.py").write_text(FORKS_AWAY.format(code=code))
    service = run(f"{sys.executable} forks.py {{port}}", tmp_path, mark, stop_limit=0.3)
    with service:
        left, deadline = (3 if code else 4), time.monotonic() + 5
        while ("all forked" not in service.tail() or len(marked(mark)) != left) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(marked(mark)) == left
    assert not marked(mark)
    assert service.killed


def test_a_flood_of_log_takes_a_bounded_place_and_does_not_stop_the_service(started, mark):
    service, planned = started("floods")
    readiness.wait(service, planned)
    with Client(service.url) as client:
        deadline = time.monotonic() + 20
        while not service.log.with_name("log.old").exists() and time.monotonic() < deadline:
            assert client.send(Request(path="/livez")).ok
    assert service.log.with_name("log.old").exists()
    assert sum(path.stat().st_size for path in service.log.parent.iterdir()) <= 2 << 20
    tail = service.tail(5)
    assert len(tail) < 5 * 510
    service.stop()
    assert not marked(mark)


def test_a_log_that_cannot_be_written_does_not_stop_the_service(tmp_path, mark):
    program = "import sys; [print(str(n) * 1000, flush=True) for n in range(2000)]; sys.exit(7)"
    service = run(python(program), tmp_path, mark)
    service.log.unlink(missing_ok=True)
    service.log.parent.rmdir() if not any(service.log.parent.iterdir()) else service.remove_log()
    assert "ended with status 7" in service.obituary(wait=10.0)
    service.stop()


def test_the_log_is_removed_with_the_service(tmp_path, mark):
    with run(python("print(1)"), tmp_path, mark) as service:
        service.obituary(wait=5.0)
        assert service.log.exists()
    assert not service.log.parent.exists()


def test_secrets_are_masked_in_the_last_lines_even_where_the_tail_begins_within_one(tmp_path, mark):
    secret = "the-secret-" * 20
    program = f'print("{secret} " * 1000 + "end")'
    with run(python(program), tmp_path, mark, secrets=(secret,)) as service:
        told = service.obituary(wait=5.0)
        assert "***" in told
        assert "secret-" not in told


def test_the_ending_of_a_service_whose_log_is_full_of_control_characters_is_clean(tmp_path, mark):
    with run(python('print("\\033[31mred")'), tmp_path, mark) as service:
        assert "\033" not in str(ServiceError(service.obituary(wait=5.0)))


STARTER = """
import os, signal, sys, time
from pytest_mlready.serving import launch, process
from pathlib import Path
with process.start(launch.prepare(
    sys.argv[2], folder=Path.cwd(), environment=dict(os.environ), stop_limit=float(sys.argv[3])
)) as service:
    print(service.log.parent, flush=True)
    if sys.argv[1] == "forked child":
        if os.fork() == 0:
            time.sleep(8)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[1] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[1] == "crash":
        os.abort()
    time.sleep(60)
"""


@pytest.fixture
def starter(tmp_path, mark):
    """A process of its own that starts a service, and how it comes to its end."""
    opened = []

    def make(ending, fault="", stop_limit=2.0):
        command = f"{sys.executable} {SERVICE} {{port}} {fault!r}"
        words = [sys.executable, "-c", STARTER, ending, command, str(stop_limit)]
        environment = {**os.environ, NAME: mark}
        opened.append(
            subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, start_new_session=True)
        )
        return opened[-1], Path(opened[-1].stdout.readline().decode().strip())

    yield make
    for one in opened:
        one.kill()
        one.wait()
        one.stdout.close()


@pytest.mark.parametrize("ending", ["killed", "crash"])
@pytest.mark.parametrize("fault", ["", "forks", "ignores sigterm"])
def test_when_the_testing_process_is_killed_nothing_is_left_within_seconds(starter, mark, ending, fault):
    run, log = starter(ending, fault, stop_limit=0.5)
    assert run.wait(10) < 0
    assert gone(mark, 5.0)
    deadline = time.monotonic() + 2
    while log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not log.exists()


def test_a_child_that_the_testing_process_forked_does_not_keep_the_service_alive(starter, mark):
    run, _ = starter("forked child")
    assert run.wait(10) == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while any("faulty_service" in words for words in marked(mark).values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [words for words in marked(mark).values() if "-c" not in words.split()]
    assert gone(mark, 12.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_when_the_testing_process_is_interrupted_nothing_is_left(starter, mark, number):
    run, _ = starter("waits")
    os.killpg(run.pid, number)
    run.wait(10)
    assert gone(mark, 5.0)


def test_when_the_supervising_process_is_killed_the_service_dies_and_that_is_noticed(started, mark):
    service, planned = started("forks")
    readiness.wait(service, planned)
    service.supervisor.kill()
    assert service._ended.wait(2.0)
    deadline = time.monotonic() + 2
    while service.pid in marked(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert service.pid not in marked(mark)
    service.stop()
    for pid in marked(mark):  # a child in a session of its own has nobody left who knows it
        os.kill(pid, signal.SIGKILL)


def test_a_command_that_is_not_there_is_one_clear_error(tmp_path, mark):
    with pytest.raises(ServiceError, match=r"cannot be started: FileNotFoundError.*no-such-command"):
        run("no-such-command --port {port}", tmp_path, mark)
    assert not marked(mark)


def test_a_command_that_may_not_be_run_is_one_clear_error(tmp_path, mark):
    (tmp_path / "data").write_text("no program")
    with pytest.raises(ServiceError, match="cannot be started: PermissionError"):
        run("./data {port}", tmp_path, mark)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("uvicorn app:app --port 8000", "has no {port}"),
        ("uvicorn app:app --port {Port} {port}", "unknown placeholder {Port}"),
        ("serve '{port", "cannot be read"),
        ("serve {port", "cannot be read"),
        ("", r"has no \{port\}"),
        ("serve {} {port}", r"unknown placeholder \{\}"),
        ("serve {port} {port_a.b}", r"unknown placeholder \{port_a.b\}"),
        ("serve {port} --model {model}", "no model is configured"),
    ],
)
def test_a_command_that_cannot_be_filled_in_says_why(tmp_path, command, said):
    with pytest.raises(ServiceError, match=said):
        launches.prepare(command, folder=tmp_path, environment={})


def test_placeholders_are_filled_in_with_different_free_ports(tmp_path):
    launch = launches.prepare(
        "serve --port {port} --metrics {port_metrics} --json '{{\"a\": 1}}' {model}",
        folder=tmp_path, environment={"A": "b"}, model="m.bin", side=("http://127.0.0.1:{port_metrics}/metrics",),
    )  # fmt: skip
    port, metrics = launch.words[2], launch.words[4]
    assert port != metrics
    assert launch.words[5:] == ("--json", '{"a": 1}', "m.bin")
    assert launch.url == f"http://127.0.0.1:{port}"
    assert launch.side == (f"http://127.0.0.1:{metrics}/metrics",)
    assert launch.environment == {"A": "b", "PORT": port}


@pytest.mark.parametrize("command", ["cd app && serve {port}", "MODEL=x serve {port}", "serve {port} | tee log"])
def test_words_of_a_shell_are_told_with_a_command_that_has_one(tmp_path, mark, command):
    with pytest.raises(ServiceError, match="sh -c '…'"):
        run(command, tmp_path, mark)


def test_without_proc_a_child_that_ignores_sigterm_is_ended_with_its_group(tmp_path, mark, monkeypatch):
    program = process.SUPERVISOR.read_text().replace('Path("/proc")', 'Path("/no-such-proc")')
    (tmp_path / "supervisor.py").write_text(program)
    monkeypatch.setattr(process, "SUPERVISOR", tmp_path / "supervisor.py")
    child = (
        "import pathlib, signal, time; signal.signal(15, signal.SIG_IGN); pathlib.Path('up').touch(); time.sleep(600)"
    )
    (tmp_path / "parent.py").write_text(
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(600)"
    )
    with run(f"{sys.executable} parent.py {{port}}", tmp_path, mark, stop_limit=0.3) as service:
        assert process.wait_until(service, 20, (tmp_path / "up").exists)
    assert gone(mark, 2)
    assert service.killed


def test_a_command_that_goes_into_the_background_is_told_to_stay(tmp_path, mark):
    with (
        run("sh -c 'sleep 600 & echo {port}'", tmp_path, mark, stop_limit=1.0) as service,
        pytest.raises(ServiceError, match="must stay in the foreground"),
    ):
        process.wait_until(service, 20, lambda: False)
    assert gone(mark, 2)
