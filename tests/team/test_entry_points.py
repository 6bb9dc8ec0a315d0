"""The team's own code: called as documented, within limits, and every way it can go wrong has a sentence."""

from __future__ import annotations

import os
import time
from pathlib import Path

import polars as pl
import pytest

from pytest_mlready.errors import Inconclusive, Unverified
from pytest_mlready.settings import EntryPointsTable, Settings
from pytest_mlready.team import entry_points
from pytest_mlready.team.running import TeamCodeError

ROWS = pl.DataFrame({"x": [1.0, 2.0, 3.0], "y": ["a", "b", "a"]})
TRAIN = """
import pathlib
def train(rows, *, seed, folder):
    target = folder / "model.txt"
    target.write_text(f"{seed} {len(rows)} {type(rows).__module__}")
    return target
"""


class Team:
    """A project with one module `team.py`, as far as entry points look at it."""

    def __init__(self, root, monkeypatch):
        self.root, self.shown = root, []
        self.settings = Settings()
        self.monkeypatch = monkeypatch

    def __call__(self, code, **table):
        (self.root / "team.py").write_text(code)
        self.settings = Settings(entry_points=EntryPointsTable(**table))
        return self

    def progress(self, text):
        self.shown.append(text)

    def train(self, **more):
        folder = self.root / "out"
        folder.mkdir(exist_ok=True)
        return entry_points.train(self, ROWS, seed=7, folder=folder, **more)


@pytest.fixture
def team(tmp_path, monkeypatch):
    return Team(tmp_path, monkeypatch)


def refusal(call, *args, **named):
    with pytest.raises(TeamCodeError) as caught:
        call(*args, **named)
    return str(caught.value)


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_training_is_given_rows_seed_and_folder(team, frame):
    trained = team(TRAIN, train="team:train", frame=frame).train()
    assert trained.path.read_text().startswith(f"7 3 {frame}")
    assert trained.seconds < 5
    assert trained.peak > 1_000_000


def test_it_says_that_it_runs_and_clears_the_line(team):
    team(TRAIN, train="team:train").train(what="training again")
    assert team.shown[0].startswith("training again: 0 s")
    assert team.shown[-1] == ""


def test_steps_are_handed_on_to_a_training_that_takes_them(team):
    code = TRAIN.replace("folder):", "folder, steps=None):").replace("{seed}", "{steps}")
    trained = team(code, train="team:train").train(steps=2)
    assert trained.path.read_text().startswith("2 3")


def test_training_that_takes_no_steps_cannot_show_what_steps_would(team):
    with pytest.raises(Inconclusive, match="does not take steps"):
        team(TRAIN, train="team:train").train(steps=2)


def test_nothing_named_is_unverified_with_the_line_to_paste(team):
    with pytest.raises(Unverified, match=r'train = "train:train"'):
        team("").train()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def tain(rows, *, seed, folder): ...", 'team has no train; did you mean "tain"?'),
        ("train = 3", "it is a int"),
        ("def train(rows): ...", "cannot be called"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        (
            "def train(rows, *, seed, folder):\n    raise ValueError('no such column')",
            "no such column (team.py, line 2)",
        ),
        ("def train(rows, *, seed, folder):\n    raise SystemExit(3)", "SystemExit: 3"),
        ("def train(rows, *, seed, folder): return 3", "it returned a int"),
        ("def train(rows, *, seed, folder): return folder / 'nothing'", "which does not exist"),
        ("def train(rows, *, seed, folder): return __file__", "not in the folder that it was given"),
        (
            "import os\ndef train(rows, *, seed, folder):\n    print('last words', flush=True); os._exit(9)",
            "last words",
        ),
        ("import os\ndef train(rows, *, seed, folder): os.kill(os.getpid(), 11)", "ended by signal 11"),
    ],
)
def test_what_cannot_be_used_is_said(team, code, said):
    assert said in refusal(team(code, train="team:train").train)


@pytest.mark.parametrize("name", ["resource", "difflib", "child", "settings"])
def test_a_module_of_the_teams_may_be_called_as_one_of_ours(team, name):
    (team.root / f"{name}.py").write_text(TRAIN)
    assert team("", train=f"{name}:train", frame="polars").train().path.read_text().startswith("7 3")
    assert 'did you mean "train"?' in refusal(team("", train=f"{name}:tain", frame="polars").train)


def test_a_training_that_reads_the_command_line_finds_no_arguments_there(team):
    code = TRAIN.replace("    target =", "    import argparse; argparse.ArgumentParser().parse_args()\n    target =", 1)
    assert team(code, train="team:train", frame="polars").train().path.is_file()


def test_a_project_in_a_folder_with_spaces_named_from_where_one_is(team, monkeypatch):
    (team.root / "ein Ördner").mkdir()
    monkeypatch.chdir(team.root)
    team.root = Path("ein Ördner")
    assert team(TRAIN, train="team:train", frame="polars").train().path.is_file()
    code = "def train(rows, *, seed, folder):\n    raise ValueError('no such column')"
    assert "(team.py, line 2)" in refusal(team(code, train="team:train", frame="polars").train)


def test_a_training_may_print_change_the_folder_and_close_its_files(team):
    code = TRAIN.replace(
        "    target =",
        "    import os, sys\n    print('x' * 20_000_000)\n    os.chdir('/'); sys.stdout.close(); os.close(0); os.close(1)\n    target =",
    )
    assert team(code, train="team:train", frame="polars").train().path.is_file()


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="a process that left its group is found in /proc")
def test_a_daemon_that_a_training_leaves_behind_is_ended(team):
    code = TRAIN.replace(
        "    target =",
        "    import os, time\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        pathlib.Path('daemon').write_text(str(os.getpid())); time.sleep(600)\n"
        "    while not pathlib.Path('daemon').is_file() or not pathlib.Path('daemon').read_text(): time.sleep(0.01)\n"
        "    target =",
    )
    team(code, train="team:train", frame="polars").train()
    with pytest.raises(ProcessLookupError):
        os.kill(int((team.root / "daemon").read_text()), 0)


def test_an_interrupt_during_training_leaves_no_process(team, monkeypatch):
    code = (
        "import os, pathlib, time\n"
        "def train(rows, *, seed, folder):\n"
        "    pathlib.Path('part').write_text(str(os.getpid())); os.rename('part', 'pid'); time.sleep(600)\n"
    )

    def interrupt(_):
        if (team.root / "pid").is_file():
            raise KeyboardInterrupt

    monkeypatch.setattr(team, "progress", interrupt)
    with pytest.raises(KeyboardInterrupt):
        team(code, train="team:train", frame="polars").train()
    with pytest.raises(ProcessLookupError):
        os.kill(int((team.root / "pid").read_text()), 0)


def test_a_module_that_is_not_there_is_named(team):
    assert "there is no module tema" in refusal(team(TRAIN, train="tema:train").train)


def test_a_call_without_end_is_ended_with_all_it_started(team):
    code = (
        "import pathlib, subprocess, time\n"
        "def train(rows, *, seed, folder):\n"
        "    child = subprocess.Popen(['sleep', '600'])\n"
        "    pathlib.Path('child').write_text(str(child.pid))\n"
        "    time.sleep(600)\n"
    )
    began = time.monotonic()
    said = refusal(team(code, train="team:train", frame="polars", time_limit=3.0).train)
    assert "did not end within 3 s" in said
    assert "time_limit" in said
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int((team.root / "child").read_text()), 0)


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="the limit is Linux's")
def test_memory_beyond_the_limit_is_refused_to_it(team):
    code = "def train(rows, *, seed, folder):\n    block = bytearray(4_000_000_000)\n"
    said = refusal(team(code, train="team:train", memory_limit=2_000_000_000).train)
    assert "more memory than its limit" in said
    assert "memory_limit" in said


def test_features_come_back_in_order_whatever_kind_of_frame_they_are(team):
    code = "def make(rows): return rows.assign(double=rows['x'] * 2)[['double']]"
    made = entry_points.features(team(code, features="team:make", frame="pandas"), ROWS)
    assert made.to_dict(as_series=False) == {"double": [2.0, 4.0, 6.0]}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def make(rows): return rows.head(2)", "2 rows for 3"),
        ("def make(rows): return [1, 2, 3]", "it returned a list"),
        ("def make(rows): return rows.to_pandas().sort_values('x', ascending=False)", "in another order"),
    ],
)
def test_features_that_are_no_row_for_each_row_are_refused(team, code, said):
    assert said in refusal(entry_points.features, team(code, features="team:make", frame="polars"), ROWS)


def test_an_explanation_is_plain_numbers_and_may_be_told_the_model(team, tmp_path):
    code = (
        "import numpy as np\n"
        "def explain(example, model): return {'baseline': np.float64(0.5), 'x': np.arange(2), 'm': model.name}\n"
    )
    given = entry_points.explain(team(code, explain="team:explain"), {"x": 1.0}, model=tmp_path / "m.skops")
    assert given == {"baseline": 0.5, "x": [0, 1], "m": "m.skops"}


def test_features_may_have_an_index_of_their_own(team):
    code = "def make(rows): return rows.set_axis(['b', 'a', 0])[['x']]"
    made = entry_points.features(team(code, features="team:make", frame="pandas"), ROWS)
    assert made["x"].to_list() == [1.0, 2.0, 3.0]


def test_an_explanation_that_json_cannot_carry_is_refused_in_a_sentence(team):
    said = refusal(
        entry_points.explain, team("def explain(example): return {'a': 10**5000}", explain="team:explain"), {}
    )
    assert "raised ValueError" in said


def test_an_explanation_that_takes_no_model_is_given_none(team, tmp_path):
    given = entry_points.explain(
        team("def explain(example): return dict(example)", explain="team:explain"), {"x": 1.0}, model=tmp_path / "m"
    )
    assert given == {"x": 1.0}


def test_an_explanation_that_holds_an_object_is_refused(team):
    said = refusal(
        entry_points.explain, team("def explain(example): return {'a': object()}", explain="team:explain"), {}
    )
    assert "holds a object" in said


def test_a_command_is_run_without_a_shell_and_its_end_is_told(team):
    code = "import sys\nprint(sys.argv[1:])\nsys.exit(3)"
    ran = entry_points.command(
        team(code, gate="python team.py {model} '$HOME; ls'"), "gate", {"model": "a b.skops"}, what="gate"
    )
    assert ran.code == 3
    assert "['a b.skops', '$HOME; ls']" in ran.tail
    assert "ended with status 3" in ran.ended


def test_a_placeholder_that_nobody_knows_is_named_with_the_nearest(team):
    said = refusal(entry_points.command, team("", gate="python team.py {modle}"), "gate", {"model": "m"}, what="gate")
    assert '{modle}; did you mean "model"?' in said


def test_no_secret_of_the_service_is_shown(team, monkeypatch):
    monkeypatch.setenv("TEAM_TOKEN", "hunter2-hunter2")
    team("import os\ndef train(rows, *, seed, folder): raise ValueError(os.environ['TEAM_TOKEN'])", train="team:train")
    endpoint = team.settings.endpoint.model_copy(update={"secrets": ("TEAM_TOKEN",)})
    team.settings = team.settings.model_copy(update={"endpoint": endpoint})
    said = refusal(team.train)
    assert "hunter2" not in said
    assert "ValueError" in said
