from __future__ import annotations

import datetime as dt
import statistics
import subprocess
from types import SimpleNamespace

import pytest
from git_history import Repo, Request, project, run

from pytest_mlready.checks.data import feature_lead_time as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError, Unverified

TODAY = dt.date(2026, 11, 24)
DAYS = {"one": 200, "two": 20, "three": 30, "four": 90, "five": 10, "six": 40}


@pytest.fixture
def root(tmp_path):
    table(tmp_path)
    return tmp_path


def table(root, days=None, **more):
    """Features that were served a week apart, the last yesterday; `more` replaces dates of one."""
    rows = []
    for number, (name, took) in enumerate((days or DAYS).items()):
        served = TODAY - dt.timedelta(weeks=len(days or DAYS) - number)
        rows.append(
            {"feature": name, "idea": str(served - dt.timedelta(took)), "served": str(served), **more.get(name, {})}
        )
    lines = ["feature,idea,served", *(",".join(row.values()) for row in rows)]
    (root / "features.csv").write_text("\n".join(lines) + "\n")


def ask(root, request=None, **options):
    options = options if "paths" in options else {"table": "features.csv", **options}
    mlready = project(root, check.ITEM, today=TODAY, **options)
    return run(check.test_the_last_features_came_into_use_quickly, mlready, request or Request())


def test_the_median_of_the_last_five_counts(root):
    noted = ask(root)
    expected = statistics.median([20, 30, 90, 10, 40])
    assert noted["lead time, median"]["value"] == expected
    assert noted["lead time, median"]["interval"] == [10, 90]
    assert "lead time, one" not in noted


def test_slow_features_turn_it_red_and_the_slowest_is_named(root):
    table(root, {"a": 70, "b": 65, "c": 10, "d": 400, "e": 61})
    with pytest.raises(Failed, match=r"took 65 days in the median .* at most 60 .* the slowest, d"):
        ask(root)


def test_it_became_slower_is_seen_although_it_was_quick_for_years(root):
    table(root, {f"old{n}": 5 for n in range(20)} | {f"new{n}": 120 for n in range(5)})
    with pytest.raises(Failed, match="took 120 days"):
        ask(root)


def test_the_limit_and_the_number_are_settings(root):
    table(root, {"a": 70, "b": 65, "c": 10, "d": 400, "e": 61})
    assert ask(root, limit="90 d")["lead time, median"]["max"] == 90
    assert ask(root, limit="70 d", last=3)["lead time, median"]["n"] == 3
    with pytest.raises(DataError, match="at least 3"):
        ask(root, last=1)


def test_of_features_served_on_one_day_the_slower_ones_count(root):
    days = {**{f"quick{n}": 1 for n in range(5)}, **{f"slow{n}": 100 for n in range(5)}}
    rows = [f"{name},{TODAY - dt.timedelta(took + 1)},{TODAY - dt.timedelta(1)}" for name, took in days.items()]
    (root / "features.csv").write_text("\n".join(["feature,idea,served", *rows]))
    with pytest.raises(Failed, match="took 100 days"):
        ask(root)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"five": {"idea": ""}}, "when the idea came is not known of five"),
        ({"five": {"served": "2027-03-01"}}, "1 features lie in the future: five"),
        ({"one": {"idea": "2027-01-01"}}, "lie in the future"),
        ({"five": {"idea": "2026-11-20"}}, "1 features were served before the idea: five"),
        ({"five": {"served": ""}, "six": {"served": ""}}, "4 features have been served"),
    ],
)
def test_a_record_with_holes_or_impossible_dates_is_inconclusive(root, more, told):
    table(root, **more)
    with pytest.raises(Inconclusive, match=told):
        ask(root)


def test_an_old_feature_without_a_date_does_no_harm_and_what_waits_is_shown(root):
    table(root, one={"idea": ""}, six={"served": ""}, zero={})
    table(root, {**DAYS, "seven": 5}, one={"idea": ""}, seven={"served": "", "idea": "2026-01-01"})
    noted = ask(root)
    assert noted["features not served yet"] == {
        "name": "features not served yet",
        "value": 1,
        "note": "the oldest for 327 days",
    }


def test_an_empty_table_is_inconclusive(root):
    (root / "features.csv").write_text("feature,idea,served\n")
    with pytest.raises(Inconclusive, match="0 features have been served"):
        ask(root)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("feature,idea\na,2026-01-01\n", "row 2 has no served"),
        ("feature,idea,servd\na,2026-01-01,2026-01-02\n", 'did you mean "servd"'),
        ("feature,idea,served\na,last spring,2026-01-02\n", "'last spring' is no date"),
        ("feature,idea,served\n,2026-01-01,2026-01-02\n", "names no feature"),
        ("feature,idea,served\na,2026-01-01,2026-01-02\nA,2026-01-01,2026-01-02\n", "A stands twice"),
    ],
)
def test_a_table_that_cannot_be_read_is_an_error_with_its_row(root, content, told):
    (root / "features.csv").write_text(content)
    with pytest.raises(DataError, match=told):
        ask(root)


def test_tables_of_other_forms_are_read_too(root):
    rows = "\n".join(f"- {{name: f{n}, first commit: 2026-10-0{n}, released: 2026-11-0{n}}}" for n in range(1, 6))
    (root / "features.yaml").write_text(f"features:\n{rows}\n".replace("\n-", "\n  -"))
    assert ask(root, table="features.yaml")["lead time, median"]["value"] == 31


def test_nothing_configured_is_unverified_and_a_missing_file_an_error(root):
    with pytest.raises(Unverified, match="table ="):
        ask(root, table=None)
    with pytest.raises(ReadinessError, match=r'did you mean "features\.csv"'):
        ask(root, table="feature.csv")


# --- version control --------------------------------------------------------------------------------------------


def at(day):
    return f"2026-{day}T12:00:00+00:00"


@pytest.fixture
def repo(tmp_path):
    """Five features after the first commit, each mentioned first in code and served by a later release."""
    repo = Repo(tmp_path / "project")
    repo.commit("begin", files={"features.py": "age\n", "schema.json": '["age"]\n'}, date=at("01-01"))
    deliver(repo, {"income": ("02-01", "03-01"), "education": ("02-10", "03-20"), "education-num": ("03-01", "04-10")})
    deliver(repo, {"hours": ("04-01", "05-01"), "page_views": ("05-01", "06-10")})
    return repo


def deliver(repo, features):
    for name, (idea, served) in features.items():
        code, schema = repo.folder / "features.py", repo.folder / "schema.json"
        repo.commit(f"idea of {name}", files={"features.py": code.read_text() + f"{name}(rows)\n"}, date=at(idea))
        repo.commit(f"serve {name}", files={"schema.json": schema.read_text() + f'["{name}"]\n'}, date=at(served))
        repo.git("tag", "-a", f"v{served}", "-m", "release", date=at(served))


NAMES = ["income", "education", "education-num", "hours", "page_views"]
GIT = {"paths": ["features.py"], "served": ["schema.json"], "features": NAMES}


def test_the_first_mention_and_the_first_release_that_serves_it_tell_the_lead_time(repo):
    noted = ask(repo.folder, **GIT)
    took = {name: noted[f"lead time, {name}"]["value"] for name in NAMES}
    assert took == {"income": 28, "education": 38, "education-num": 40, "hours": 30, "page_views": 40}


def test_the_features_are_the_model_s_inputs_where_none_are_named(repo):
    model = SimpleNamespace(feature_names=tuple(NAMES))
    options = {**GIT, "features": []}
    assert ask(repo.folder, Request(mlready_model=model), **options)["features served"]["value"] == 5
    with pytest.raises(Inconclusive, match="does not name its inputs"):
        ask(repo.folder, Request(mlready_model=SimpleNamespace(feature_names=None)), **options)


def test_features_that_wait_for_a_release_turn_it_red_once_it_comes(repo):
    late = {f"late{n}": ("06-15", "11-01") for n in range(5)}
    deliver(repo, {"late0": late.pop("late0")})
    with pytest.raises(Inconclusive, match="4 features have been served"):
        ask(repo.folder, **{**GIT, "features": ["late0", *NAMES[:3], "late9"]})
    for name in late:
        code, schema = repo.folder / "features.py", repo.folder / "schema.json"
        repo.commit("idea", files={"features.py": code.read_text() + f"{name}\n"}, date=at("06-20"))
        repo.commit("serve", files={"schema.json": schema.read_text() + f"{name}\n"}, date=at("11-10"))
    repo.git("tag", "-a", "v11-10", "-m", "release", date=at("11-10"))
    with pytest.raises(Failed, match="took 143 days"):
        ask(repo.folder, **{**GIT, "features": [*NAMES, "late0", *late]})


def test_what_a_history_begins_with_has_no_known_idea(repo):
    with pytest.raises(Inconclusive, match="when the idea came is not known of age"):
        ask(repo.folder, **{**GIT, "features": ["age", *NAMES[1:]]})


def test_a_part_of_another_name_is_no_mention(repo):
    with pytest.raises(Inconclusive, match="4 features have been served"):
        ask(repo.folder, **{**GIT, "features": ["views", *NAMES[1:]]})


@pytest.mark.parametrize("name", ["a.b", "x*", "f(x)", "$amount", "--output=stolen", "größe", "two words", "a|b"])
def test_names_with_signs_are_taken_as_they_are(repo, name):
    deliver(repo, {name: ("07-01", "07-21")})
    noted = ask(repo.folder, **{**GIT, "features": [name, *NAMES]})
    assert noted[f"lead time, {name}"]["value"] == 20
    assert not (repo.folder / "stolen").exists()


def test_without_releases_it_is_inconclusive(repo):
    with pytest.raises(Inconclusive, match="no tag fits release-"):
        ask(repo.folder, tags="release-*", **GIT)


def test_a_shallow_clone_cannot_tell(repo, tmp_path):
    target = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{repo.folder}", str(target)], check=True, timeout=30)
    with pytest.raises(Inconclusive, match="shallow"):
        ask(target, **GIT)


def test_paths_outside_of_the_repository_are_inconclusive(repo):
    with pytest.raises(Inconclusive, match="outside of the repository"):
        ask(repo.folder, **{**GIT, "paths": ["../elsewhere"]})


def test_a_path_that_nothing_lies_at_is_inconclusive(repo):
    with pytest.raises(Inconclusive, match="when the idea came is not known"):
        ask(repo.folder, **{**GIT, "paths": ["no_such_file.py"]})


def test_one_day_for_idea_and_use_of_all_is_inconclusive(root):
    table(root, dict.fromkeys("abcde", 0))
    with pytest.raises(Inconclusive, match="one day for the idea and for the use"):
        ask(root)


def test_empty_rows_that_a_spreadsheet_leaves_at_the_end_are_none(root):
    path = root / "features.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b",,\r\n,,\r\n")
    assert ask(root)["features served"]["value"] == 6
