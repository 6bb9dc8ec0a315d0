from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from git_history import Repo, Request, project, run

from pytest_mlready.checks.data import feature_code_tested as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, MissingExtra, ReadinessError, Unverified

CODE = """\
def ratio(a, b):
    if b == 0:
        return 0.0
    return a / b


def share(a, b):
    return ratio(a, a + b)
"""
THOROUGH = "from features import ratio, share\nassert ratio(1, 0) == 0.0\nassert share(1, 1) == 0.5\n"
NEVER_ZERO = "from features import ratio, share\nassert share(1, 1) == 0.5\n"
ONLY_IMPORTED = "import features\n"
NOON, LATER, EVENING = "2026-11-01T12:00:00+00:00", "2026-11-01T15:00:00+00:00", "2026-11-01T18:00:00+00:00"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "features.py").write_text(CODE)
    return tmp_path


def measure(root, tests=THOROUGH, *words, branch=True, form=None):
    """Runs tests under coverage and writes the report in the form that is asked for, as a team would."""
    (root / "tests.py").write_text(tests)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COV")}

    def coverage(*arguments):
        command = [sys.executable, "-m", "coverage", *arguments]
        subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=60, env=clean)

    coverage("run", *(["--branch"] if branch else []), *(words or ["--include=features.py"]), "tests.py")
    if form is not None:
        coverage(form, "-q", "-o", f"coverage.{form}")
        (root / ".coverage").unlink()


def ask(root, request=None, tables=None, **options):
    options = {"modules": ["features.py"], **options}
    mlready = project(root, check.ITEM, tables, **options)
    return run(check.test_feature_code_is_covered, mlready, request or Request())


def dated(root, text, form="json"):
    """Writes the time that a report states, or that of its file."""
    path = root / f"coverage.{form}"
    if form == "json":
        report = json.loads(path.read_text())
        report["meta"]["timestamp"] = text
        path.write_text(json.dumps(report))


@pytest.mark.parametrize("form", ["json", "xml", "lcov", None])
def test_code_that_tests_run_through_passes_in_every_form_of_report(root, form):
    Repo(root).commit(date=NOON)
    measure(root, form=form)
    noted = ask(root)
    assert noted["line coverage"]["value"] == 1.0
    assert noted["branch coverage"]["value"] == 1.0
    assert noted["branch coverage"]["n"] == 2


@pytest.mark.parametrize("form", ["json", "xml", "lcov", None])
def test_branches_that_no_test_takes_turn_it_red(root, form):
    Repo(root).commit(date=NOON)
    measure(root, NEVER_ZERO, form=form)
    with pytest.raises(Failed, match=r"branch coverage is 50\.0 %.*Next step: test features\.py, lines 3"):
        ask(root)


def test_code_that_is_only_imported_turns_it_red(root):
    measure(root, ONLY_IMPORTED, form="json")
    with pytest.raises(Failed, match=r"line coverage is 33\.3 %"):
        ask(root)


def test_a_module_that_no_test_touches_turns_it_red_whatever_the_sum(root):
    (root / "other").mkdir()
    (root / "other" / "__init__.py").touch()
    (root / "other" / "rare.py").write_text("X = 1\n")
    measure(root, THOROUGH, "--source=.", form="json")
    with pytest.raises(Failed, match=r"no line of rare\.py ran"):
        ask(root, modules=["features.py", "other"])


def test_the_limits_are_the_settings(root):
    measure(root, NEVER_ZERO, form="json")
    assert ask(root, line_min=0.8, branch_min=0.5)["branch coverage"]["min"] == 0.5


def test_a_report_without_branches_is_inconclusive(root):
    for form in ("json", "xml", "lcov"):
        measure(root, branch=False, form=form)
        with pytest.raises(Inconclusive, match="was made without branches"):
            ask(root)
        (root / f"coverage.{form}").unlink()


def test_code_without_branches_passes_on_its_lines(root):
    (root / "features.py").write_text("def double(x):\n    return 2 * x\n")
    measure(root, "import features; features.double(1)\n", form="xml")
    assert ask(root)["branch coverage"]["note"] == "no branches in this code"


def test_a_module_that_the_report_does_not_mention_is_inconclusive(root):
    (root / "more.py").write_text("X = 1\n")
    measure(root, form="json")
    with pytest.raises(Inconclusive, match=r"does not mention more\.py \(it has features\.py"):
        ask(root, modules=["features.py", "more.py"])


def test_another_file_of_the_same_name_is_no_stand_in(root):
    (root / "lib").mkdir()
    (root / "lib" / "features.py").write_text(CODE)
    measure(root, form="json")
    with pytest.raises(Inconclusive, match=r"does not mention lib/features\.py"):
        ask(root, modules=["lib/features.py"])


def test_a_report_of_another_machine_counts_where_its_paths_end_as_ours_do(root):
    measure(root, form="json")
    text = (root / "coverage.json").read_text()
    (root / "coverage.json").write_text(text.replace('"features.py"', f'"/ci/build/{root.name}/features.py"'))
    assert ask(root)["line coverage"]["value"] == 1.0
    (root / "coverage.json").write_text(text.replace('"features.py"', '"/ci/build/elsewhere/features.py"'))
    with pytest.raises(Inconclusive, match="does not mention"):
        ask(root)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (CODE.replace("\n\n\ndef share", "\n\n\n\n\n\ndef share"), "a statement in line"),
        (CODE + "\n\ndef new(a):\n    return a\n", "does not know new in line 11"),
    ],
)
def test_a_report_of_another_version_of_the_code_is_inconclusive_whatever_its_time(root, edit, told):
    measure(root, form="json")
    (root / "features.py").write_text(edit)
    dated(root, "2030-01-01T00:00:00")
    with pytest.raises(Inconclusive, match=f"another version of features.py: it .*{told}"):
        ask(root)


def test_code_that_was_changed_and_not_committed_makes_the_report_stale(root):
    Repo(root).commit(date=NOON)
    measure(root, form="json")
    dated(root, "2026-11-01T15:00:00")
    (root / "features.py").write_text(CODE.replace("a / b", "b / a"))
    with pytest.raises(Inconclusive, match=r"the code was changed .* uncommitted"):
        ask(root)


def test_a_fresh_clone_is_judged_by_the_commit_and_not_by_the_time_of_its_files(root, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    repo = Repo(root)
    repo.commit(date=NOON)
    measure(root, form="json")
    dated(root, LATER[:19])
    assert "the code was committed 2026-11-01 12:00" in ask(root)["report"]["note"]
    repo.commit(files={"features.py": CODE.replace("0.0", "1.0")}, date=EVENING)
    with pytest.raises(Inconclusive, match=r"before the code was committed \(2026-11-01 18:00"):
        ask(root)


def test_a_committed_report_without_a_time_of_its_own_is_as_old_as_its_commit(root):
    repo = Repo(root)
    measure(root, form="lcov")
    repo.commit(date=NOON)
    assert ask(root)["line coverage"]["value"] == 1.0
    repo.commit(files={"features.py": CODE.replace("0.0", "1.0")}, date=EVENING)
    with pytest.raises(Inconclusive, match="before the code was committed"):
        ask(root)


def test_a_shallow_clone_cannot_tell_the_age(root, tmp_path_factory):
    repo = Repo(root)
    repo.commit(date=NOON)
    measure(root, form="json")
    dated(root, LATER[:19])
    repo.commit(date=EVENING)
    clone = tmp_path_factory.mktemp("clones") / root.name
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{root}", str(clone)], check=True, timeout=30)
    with pytest.raises(Inconclusive, match="shallow"):
        ask(clone)


def test_without_a_repository_a_report_that_is_older_than_the_files_cannot_be_placed(root):
    measure(root, form="json")
    dated(root, "2020-01-01T00:00:00")
    with pytest.raises(Inconclusive, match="may be that of a copy"):
        ask(root)
    measure(root)  # a data file says nothing of its time
    with pytest.raises(Inconclusive, match="no time of its own"):
        ask(root)


def test_digests_tell_by_content(root):
    measure(root)
    subprocess.run("sha256sum features.py > measured.sha256", shell=True, cwd=root, check=True, timeout=10)
    assert "digests in measured.sha256" in ask(root, digests="measured.sha256")["report"]["note"]
    (root / "features.py").write_text(CODE.replace("0.0", "1.0"))
    with pytest.raises(Inconclusive, match="is not the file that was measured"):
        ask(root, digests="measured.sha256")
    (root / "measured.sha256").write_text(f"{'0' * 64}  others.py\n")
    with pytest.raises(Inconclusive, match=r"no digest of features\.py"):
        ask(root, digests="measured.sha256")


def test_the_commit_that_was_measured_tells_by_content(root):
    repo = Repo(root)
    measured = repo.commit(date=NOON)
    measure(root)
    repo.commit(files={"README.md": "words"}, date=EVENING)
    assert f"that of commit {measured[:12]}" in ask(root, commit=measured)["report"]["note"]
    repo.commit(files={"features.py": CODE.replace("0.0", "1.0")}, date=EVENING)
    with pytest.raises(Inconclusive, match=r"features\.py changed since commit"):
        ask(root, commit=measured)
    with pytest.raises(Inconclusive, match="there is no commit deadbeef"):
        ask(root, commit="deadbeef")


def test_more_code_left_out_than_measured_is_inconclusive(root):
    (root / "features.py").write_text(
        CODE.replace("def ratio(a, b):", "def ratio(a, b):  # pragma: no cover") + "X = 1\n"
    )
    measure(root, form="json")
    with pytest.raises(Inconclusive, match="more lines of the feature modules were left out"):
        ask(root)


def test_the_team_s_own_configuration_says_which_lines_are_left_out(root):
    Repo(root).commit(date=NOON)
    (root / ".coveragerc").write_text("[report]\nexclude_also =\n    if b == 0\n")
    measure(root, NEVER_ZERO)
    assert ask(root)["lines left out"]["value"] == 2


def test_a_module_of_the_project_never_stands_in_for_the_standard_library(root):
    Repo(root).commit(date=NOON)
    measure(root)
    (root / "json.py").write_text("raise SystemExit('taken over')\n")
    assert ask(root)["line coverage"]["value"] == 1.0


def test_the_entry_point_of_features_names_the_module(root):
    measure(root, form="json")
    tables = {"entry_points": {"features": "features:ratio"}}
    assert ask(root, tables=tables, modules=[])["line coverage"]["value"] == 1.0


def test_nothing_declared_or_nothing_measured_is_unverified(root):
    with pytest.raises(Unverified, match="no feature code is declared"):
        ask(root, modules=[])
    with pytest.raises(Unverified, match="no coverage report"):
        ask(root)
    with pytest.raises(Inconclusive, match="no Python file was found"):
        ask(root, modules=[], tables={"entry_points": {"features": "elsewhere:make"}})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "hello",
        "{}",
        '{"files": {}, "meta": 1}',
        "<html/>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><coverage/>",
        "SF:x\nDA:one,two\n",
    ],
)
def test_what_is_no_report_is_an_error_and_never_a_pass(root, content):
    (root / "report").write_text(content)
    with pytest.raises(DataError, match="coverage report"):
        ask(root, report="report")


def test_an_empty_report_or_a_damaged_data_file_is_inconclusive(root):
    Repo(root).commit(date=NOON)
    (root / "coverage.json").write_text('{"meta": {"branch_coverage": true}, "files": {}}')
    with pytest.raises(Inconclusive, match=r"does not mention features\.py \(it has no file\)"):
        ask(root)
    (root / ".coverage").write_bytes(b"SQLite format 3\x00" + b"\xff" * 2000)
    with pytest.raises(Inconclusive, match="coverage makes no report"):
        ask(root)


def test_without_the_library_a_data_file_says_what_to_install(root, monkeypatch):
    from pytest_mlready.features import coverage_data

    measure(root)
    monkeypatch.setattr(coverage_data, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[coverage\]"):
        ask(root)


def test_a_report_that_is_not_there_is_an_error_with_the_nearest_name(root):
    measure(root, form="json")
    with pytest.raises(ReadinessError, match=r'did you mean "coverage\.json"'):
        ask(root, report="coverag.json")


# --- this run -------------------------------------------------------------------------------------------------

IN_A_RUN = """
import sys
sys.path[:0] = {paths!r}
import test_feature_code_tested as here

def test_the_features():
    import features
    assert features.share(1, 1) == 0.5 and features.ratio(1, 0) == 0.0

def test_the_check(request):
    from pathlib import Path
    later = [] if {last} else ["tests/test_more.py::test_more"]
    noted = here.ask(Path({root!r}), here.Request(later))
    assert noted["report"]["note"] == "measured in this run" and noted["line coverage"]["value"] == 1.0
"""


def in_a_run(root, *, last=True, branch=True):
    here = Path(__file__).parent
    paths = [str(root), str(here), str(here.parents[1])]
    (root / "test_suite.py").write_text(IN_A_RUN.format(paths=paths, last=last, root=str(root)))
    words = [
        "-m",
        "coverage",
        "run",
        *(["--branch"] if branch else []),
        "--source=.",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:randomly",
    ]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, *words, "-rs", "test_suite.py"], cwd=root, capture_output=True, text=True, timeout=120, check=False, env=clean
    )  # fmt: skip


@pytest.mark.slow
def test_what_measures_this_run_is_asked_and_goes_on_measuring(root):
    done = in_a_run(root)
    assert "2 passed" in done.stdout, done.stdout
    assert (root / ".coverage").is_file()


@pytest.mark.slow
def test_this_run_is_inconclusive_without_branches_and_while_tests_are_still_to_come(root):
    assert "without branches" in in_a_run(root, branch=False).stdout
    assert "1 tests are still to come" in in_a_run(root, last=False).stdout


def test_this_run_must_be_measured_and_whole(root, monkeypatch):
    from pytest_mlready.features import coverage_data

    monkeypatch.setattr(coverage_data, "measuring", lambda: None)
    with pytest.raises(Inconclusive, match="nothing measures this run"):
        ask(root, report="this run")
    monkeypatch.setattr(coverage_data, "measuring", SimpleNamespace)
    mlready = project(root, check.ITEM, modules=["features.py"])
    mlready.alone = "2 xdist workers run tests side by side"
    with pytest.raises(Inconclusive, match="none of them has the coverage of all"):
        run(check.test_feature_code_is_covered, mlready, Request())


def moved(root, form, change):
    """Measures, moves the code to src/ with an old time, and changes the report."""
    measure(root, form=form)
    (root / "src").mkdir()
    (root / "features.py").rename(root / "src" / "features.py")
    os.utime(root / "src" / "features.py", (1, 1))
    path = root / f"coverage.{form}"
    path.write_text(change(path.read_text()))


def test_a_report_with_paths_of_windows_is_about_the_same_files(root):
    moved(root, "json", lambda text: text.replace('"features.py"', '"src\\\\features.py"'))
    assert ask(root, modules=["src/features.py"])["line coverage"]["value"] == 1


def test_of_several_folders_of_sources_the_one_that_has_the_file_counts(root):
    both = f"<source>{root}/lib</source><source>{root}/src</source>"
    moved(
        root,
        "xml",
        lambda text: text.split("<sources>")[0] + f"<sources>{both}</sources>" + text.split("</sources>")[1],
    )
    assert ask(root, modules=["src/features.py"])["line coverage"]["value"] == 1


def test_digests_of_a_checkout_with_other_line_ends_are_of_the_same_code(root):
    Repo(root).commit(date=NOON)
    measure(root, form="json")
    dated(root, "2026-10-01T12:00:00")
    digest = hashlib.sha256(CODE.replace("\n", "\r\n").encode()).hexdigest()
    (root / "sums.txt").write_bytes(f"{digest} *.\\features.py\r\n".encode())
    assert ask(root, digests="sums.txt")["line coverage"]["value"] == 1
