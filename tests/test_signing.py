"""`pytest-mlready attest`: a person's word, bound to digests, written where the comments stay, and refused where invalid."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib

import pytest
from click.testing import CliRunner

from pytest_mlready import attestations, cli, settings

TODAY = dt.datetime.now(tz=dt.UTC).date()
SOON = str(TODAY + dt.timedelta(days=30))
PYPROJECT = """\
# the build
[project]
name = "income"

[tool.mlready]
system = "income"  # as people call it

[tool.mlready.model]
path = "model.bin"  # what ships

[tool.other]
key = 1
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "model.bin").write_bytes(b"weights")
    (tmp_path / "review.md").write_text("accepted")
    return tmp_path


def run(item, *more, **changed):
    given = {
        "by": "Ada L.",
        "role": "lead",
        "approver": "Grace H.",
        "expires": SOON,
        "evidence": "review.md",
        **changed,
    }
    options = [part for key, value in given.items() for part in (f"--{key}", value)]
    return CliRunner().invoke(cli.main, ["attest", item, *options, *more])


def entries(project):
    return tomllib.loads((project / "pyproject.toml").read_text())["tool"]["mlready"]["attestations"]


def test_it_is_bound_to_the_document_and_to_the_model(project, catalog):
    done = run("compliance.ethics_review", statement="accepted for a year")
    assert done.exit_code == 0, done.output
    (entry,) = entries(project)
    assert entry["sha256"] == hashlib.sha256(b"accepted").hexdigest()
    assert entry["model_sha256"] == hashlib.sha256(b"weights").hexdigest()
    loaded = settings.load(project / "pyproject.toml", items=catalog.items)
    (attestation,) = loaded.settings.attestations
    scope = attestations.Scope(model_sha256=entry["model_sha256"])
    item = catalog.items["compliance.ethics_review"]
    assert attestations.judge(attestation, item, root=project, scope=scope, today=TODAY).valid


def test_every_line_that_stood_there_still_does(project):
    run("documentation.runbook")
    after = (project / "pyproject.toml").read_text()
    assert [line for line in PYPROJECT.splitlines() if line not in after.splitlines()] == []


def test_what_is_not_about_the_model_is_not_bound_to_it(project):
    run("documentation.runbook")
    assert "model_sha256" not in entries(project)[0]


def test_a_second_word_for_the_item_renews_the_first_and_a_comment_in_it_stays(project):
    run("documentation.runbook")
    path = project / "pyproject.toml"
    path.write_text(path.read_text().replace('by = "Ada L."', 'by = "Ada L."  # on call'))
    (project / "review.md").write_text("accepted again")
    done = run("documentation.runbook")
    assert "renewed" in done.output
    (entry,) = entries(project)
    assert entry["sha256"] == hashlib.sha256(b"accepted again").hexdigest()
    assert "# on call" in path.read_text()


def test_a_word_with_open_conditions_is_not_renewed_over_them(project):
    run("documentation.runbook")
    path = project / "pyproject.toml"
    path.write_text(path.read_text().replace('by = "Ada L."', 'by = "Ada L."\nopen_conditions = ["drill in May"]'))
    done = run("documentation.runbook")
    assert done.exit_code == 2
    assert "open conditions" in done.output


def test_words_for_two_items_stand_side_by_side(project):
    run("documentation.runbook")
    run("documentation.on_call")
    assert [e["item"] for e in entries(project)] == ["documentation.runbook", "documentation.on_call"]


def test_an_inline_list_stays_one(project, catalog):
    path = project / "mlready.toml"
    (project / "pyproject.toml").unlink()
    path.write_text('system = "x"\nattestations = []\n')
    assert run("documentation.runbook").exit_code == 0
    assert settings.load(path, items=catalog.items).settings.attestations[0].item == "documentation.runbook"


@pytest.mark.parametrize(
    ("item", "changed", "said"),
    [
        ("documentation.runbok", {}, 'did you mean "documentation.runbook"'),
        ("documentation.runbook", {"approver": "ada l."}, "the approver is the author"),
        ("documentation.runbook", {"evidence": "reviw.md"}, 'is not a file; did you mean "review.md"'),
        ("documentation.runbook", {"expires": str(TODAY - dt.timedelta(days=1))}, "it expired on"),
        ("documentation.runbook", {"expires": str(TODAY + dt.timedelta(days=4000))}, "180 days at most"),
        ("documentation.runbook", {"on": str(TODAY + dt.timedelta(days=3))}, "lies in the future"),
        ("documentation.runbook", {"by": " "}, "not valid"),
        ("documentation.runbook", {"expires": "tomorrow"}, "does not match the format"),
        ("compliance.ethics_review", {"versions": ">=2"}, "the settings do not say the model's"),
    ],
)
def test_what_would_not_be_valid_is_refused_and_the_file_is_as_it_was(project, item, changed, said):
    done = run(item, **changed)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert (project / "pyproject.toml").read_text() == PYPROJECT


def test_without_a_model_file_an_item_about_the_model_says_what_to_do(project):
    (project / "model.bin").unlink()
    done = run("compliance.ethics_review")
    assert "--versions" in done.output
    assert done.exit_code == 2


def test_without_settings_it_points_to_init(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "review.md").write_text("x")
    assert "pytest-mlready init" in run("documentation.runbook").output


def test_mistakes_that_stand_in_the_settings_are_told_first(project):
    path = project / "pyproject.toml"
    path.write_text(PYPROJECT.replace("system =", "sistem ="))
    done = run("documentation.runbook")
    assert 'did you mean "system"' in done.output
    assert "sistem" in path.read_text()


def test_a_link_can_be_named_and_is_bound_to_nothing(project):
    done = run("documentation.runbook", evidence="https://example.org/review")
    assert done.exit_code == 0
    assert "bound to nothing" in done.output
    assert "sha256" not in entries(project)[0]


def test_an_empty_line_stands_above_what_is_written(project):
    path = project / "pyproject.toml"
    path.write_text(PYPROJECT.partition("[tool.other]")[0] + "[tool.mlready.gate]\n# min_score = 0.5\n")
    for item in ("compliance.ethics_review", "documentation.runbook"):
        assert run(item).exit_code == 0
    assert path.read_text().count("\n\n[[tool.mlready.attestations]]\n") == 2
