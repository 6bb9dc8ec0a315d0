from __future__ import annotations

import time

import pytest

from pytest_mlready.documents import jsonlines, markdown, placeholders
from pytest_mlready.documents.cards import figures
from pytest_mlready.documents.diagrams import reading as diagrams
from pytest_mlready.documents.runbooks import commands, targets
from pytest_mlready.errors import DataError

SOON = 10.0  # seconds; what grows with the square of the size took minutes


def keys(folder):
    path = folder / "k.json"
    path.write_text("{" + "".join(f'"a{i}": 1,' for i in range(100_000)) + '"z": 1, "z": 2}')
    with pytest.raises(DataError, match="'z' stands twice"):
        list(jsonlines.read(path, setting="x"))


def makefile(folder):
    (folder / "Makefile").write_text("a a a a a\n" * 20_000)
    name = commands.Name(kind="make target", name="a", place="p", command="make a")
    assert targets.judge([name], targets.Known(folders=(folder,)), unknown=0).outcome == "failed"


def headings(_):
    document = markdown.parse("# a\n\nx\n\n" * 4_000)
    assert all(document.below(s) == (s,) and document.above(s) == (s,) for s in document.sections[1:])


def drawn(suffix, text):
    def read(folder):
        (folder / f"d.{suffix}").write_text(text)
        assert not diagrams.read(folder / f"d.{suffix}", shown="d").problem

    return read


@pytest.mark.parametrize(
    "read",
    [
        keys,
        makefile,
        headings,
        lambda _: figures.figures("0.51 " * 40_000),
        lambda _: placeholders.found("[your " * 40_000),
        drawn("mmd", "\n" * 60_000),
        drawn("dsl", "\n" * 60_000),
        drawn("puml", "\n" * 60_000),
        drawn("puml", "/* " * 60_000),
        drawn("mmd", "-[" * 40_000),
    ],
)
def test_a_file_that_is_made_to_be_slow_is_read_soon(tmp_path, read):
    began = time.process_time()
    read(tmp_path)
    assert time.process_time() - began < SOON
