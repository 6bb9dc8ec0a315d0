from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

import pytest

from pytest_mlready.artifacts import checksums
from pytest_mlready.errors import DataError


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    (tmp_path / "vocabulary.txt").write_bytes(b"words")
    return tmp_path


def sums(folder, *lines, name="SHA256SUMS"):
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def verdict(folder, *lines, artifacts=("model.bin",), root=None, name="SHA256SUMS"):
    manifest = checksums.read(sums(folder, *lines, name=name))
    return checksums.verify(manifest, [folder / a for a in artifacts], root=root or folder)


MODEL = f"{digest(b'weights')}  model.bin"
WORDS = f"{digest(b'words')} *vocabulary.txt"


def test_files_as_the_manifest_says_pass(folder):
    found = verdict(folder, MODEL, WORDS, artifacts=("model.bin", "vocabulary.txt"))
    assert found.outcome == "passed"
    assert [m.value for m in found.measurements] == [0, digest(b"weights"), digest(b"words")]


@pytest.mark.parametrize(
    "line",
    [
        MODEL.upper().replace("MODEL.BIN", "model.bin"),
        f"{digest(b'weights')} *model.bin",
        f"{digest(b'weights')}\tmodel.bin",
        f"{digest(b'weights')}  ./model.bin",
        f"SHA256 (model.bin) = {digest(b'weights')}",
        f"SHA2-256(model.bin)= {digest(b'weights')}",
        f"SHA256(model.bin)= {digest(b'weights')}",
        f"# written by the training job\n\n{MODEL}\r",
    ],
)
def test_every_usual_form_of_a_line_is_read(folder, line):
    assert verdict(folder, line).outcome == "passed"


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this machine")
@pytest.mark.parametrize("options", [(), ("--binary",), ("--tag",)])
def test_what_sha256sum_writes_is_read_with_names_of_any_kind(folder, options):
    names = ["model.bin", "with space.bin", "new\nline.bin", "back\\slash.bin", "wéird-名.bin"]
    for name in names:
        (folder / name).write_bytes(name.encode())
    written = subprocess.run(["sha256sum", *options, *names], cwd=folder, capture_output=True, check=True).stdout
    (folder / "SHA256SUMS").write_bytes(written)
    manifest = checksums.read(folder / "SHA256SUMS")
    assert [entry.name for entry in manifest.entries] == names
    assert checksums.verify(manifest, [folder / n for n in names], root=folder).outcome == "passed"


def test_a_changed_byte_fails_with_both_digests(folder):
    (folder / "model.bin").write_bytes(b"weightz")
    found = verdict(folder, MODEL, WORDS)
    assert found.outcome == "failed"
    assert f"model.bin has the sha256 {digest(b'weightz')}, expected {digest(b'weights')} (line 1)" in found.message


def test_a_missing_file_fails_with_a_near_name(folder):
    found = verdict(folder, MODEL, f"{digest(b'words')}  vocabulary.tx")
    assert found.outcome == "failed"
    assert 'vocabulary.tx (line 2) is missing; did you mean "vocabulary.txt"?' in found.message


def test_an_artifact_that_is_not_named_fails(folder):
    found = verdict(folder, WORDS)
    assert (found.outcome, "model.bin is not named in it" in found.message) == ("failed", True)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("garbage", "line 2 is no checksum line"),
        (f"{digest(b'weights')[:-1]}  model.bin", "line 2 is no checksum line"),
        (f"{hashlib.md5(b'weights').hexdigest()}  model.bin", "line 2 is no checksum line"),
        (f"{hashlib.sha512(b'weights').hexdigest()}  model.bin", "line 2 is no checksum line"),
        (digest(b"weights"), "line 2 is no checksum line"),
        (f"{digest(b'x')}  ../model.bin", "leads out of its folder"),
        (f"{digest(b'x')}  a/../../model.bin", "leads out of its folder"),
        (f"{digest(b'x')}  /etc/passwd", "an absolute path"),
        (f"{digest(b'x')}  C:\\model.bin", "an absolute path"),
        (f"{digest(b'other')}  model.bin", "lines 1 and 2 give model.bin different digests"),
    ],
)
def test_a_line_that_cannot_be_trusted_is_never_green(folder, line, told):
    found = verdict(folder, MODEL, line)
    assert (found.outcome, told in found.message) == ("failed", True), found.message


@pytest.mark.parametrize("content", ["", "# nothing\n"])
def test_a_manifest_without_files_is_never_green(folder, content):
    (folder / "SHA256SUMS").write_text(content)
    manifest = checksums.read(folder / "SHA256SUMS")
    assert checksums.verify(manifest, [folder / "model.bin"], root=folder).outcome == "failed"
    assert checksums.verify(manifest, [], root=folder).outcome == "failed"


def test_names_may_be_relative_to_the_project_as_sha256sum_was_called_there(folder):
    (folder / "artifacts").mkdir()
    (folder / "model.bin").rename(folder / "artifacts" / "model.bin")
    path = sums(folder / "artifacts", f"{digest(b'weights')}  artifacts/model.bin")
    found = checksums.verify(checksums.read(path), [folder / "artifacts" / "model.bin"], root=folder)
    assert found.outcome == "passed"


def test_the_line_about_the_manifest_itself_is_skipped(folder):
    assert verdict(folder, MODEL, f"{digest(b'')}  SHA256SUMS").outcome == "passed"


@pytest.mark.parametrize("name", ["model.bin.sha256", "model.sha256"])
def test_a_digest_alone_is_about_the_file_it_is_named_after(folder, name):
    assert verdict(folder, digest(b"weights"), name=name).outcome == "passed"
    assert verdict(folder, digest(b"other"), name=name).outcome == "failed"


def test_text_in_utf16_as_powershell_writes_it_is_read(folder):
    (folder / "SHA256SUMS").write_text(f"{MODEL}\r\n", encoding="utf-16")
    assert (
        checksums.verify(checksums.read(folder / "SHA256SUMS"), [folder / "model.bin"], root=folder).outcome == "passed"
    )


def test_of_a_folder_every_file_must_be_named(folder):
    model = folder / "model"
    (model / "__pycache__").mkdir(parents=True)
    (model / "weights").write_bytes(b"weights")
    (model / "__pycache__" / "x.pyc").write_bytes(b"")
    path = sums(model, f"{digest(b'weights')}  weights")
    assert checksums.verify(checksums.read(path), [model], root=folder).outcome == "passed"
    (model / "modelling.py").write_text("import os")
    found = checksums.verify(checksums.read(path), [model], root=folder)
    assert (found.outcome, "modelling.py is not named in it" in found.message) == ("failed", True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_place_of_a_file_does_not_hang(folder):
    (folder / "model.bin").unlink()
    os.mkfifo(folder / "model.bin")
    assert "is no regular file" in verdict(folder, MODEL).message


def test_an_unreadable_file_is_inconclusive(folder, monkeypatch):
    def denied(_):
        raise PermissionError(13, "Permission denied")

    manifest = checksums.read(sums(folder, MODEL))
    monkeypatch.setattr(checksums.digests, "sha256", denied)
    found = checksums.verify(manifest, [folder / "model.bin"], root=folder)
    assert (found.outcome, found.message) == ("inconclusive", "model.bin cannot be read: Permission denied")


def test_a_file_that_is_no_text_or_not_there_is_an_error(folder):
    (folder / "SHA256SUMS").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(DataError, match="is no text"):
        checksums.read(folder / "SHA256SUMS")
    with pytest.raises(DataError, match="cannot be read"):
        checksums.read(folder / "nowhere")


def test_a_huge_manifest_is_refused(folder, monkeypatch):
    monkeypatch.setattr(checksums, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="more than 100 bytes"):
        checksums.read(sums(folder, MODEL, WORDS))


def test_a_manifest_with_a_general_name_is_found_when_it_names_the_artifact(folder):
    assert checksums.find(folder / "model.bin", root=folder) is None
    path = sums(folder, WORDS)
    assert checksums.find(folder / "model.bin", root=folder) is None
    sums(folder, WORDS, MODEL)
    assert checksums.find(folder / "model.bin", root=folder) == path


def test_a_manifest_named_after_the_artifact_counts_whatever_it_holds(folder):
    path = sums(folder, "garbage", name="model.bin.sha256")
    assert checksums.find(folder / "model.bin", root=folder) == path


@pytest.mark.parametrize("form", ["{}", "sha256:{}", " {} "])
def test_one_digest_is_held_against_the_file(folder, form):
    assert checksums.verify_digest(folder / "model.bin", form.format(digest(b"weights").upper())).outcome == "passed"
    found = checksums.verify_digest(folder / "model.bin", form.format(digest(b"others")))
    assert (found.outcome, digest(b"weights") in found.message) == ("failed", True)


def test_a_digest_that_is_none_is_an_error(folder):
    with pytest.raises(DataError, match="is no SHA-256"):
        checksums.verify_digest(folder / "model.bin", "d41d8cd98f00b204e9800998ecf8427e")


def test_a_file_changed_since_its_digest_was_taken_fails(folder):
    assert checksums.unchanged(folder / "model.bin", digest(b"weights")).outcome == "passed"
    assert checksums.unchanged(folder / "model.bin", digest(b"before")).outcome == "failed"


def test_a_link_to_a_folder_elsewhere_is_not_called_compared(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    model = tmp_path / "model"
    model.mkdir()
    (model / "a.bin").write_bytes(b"a")
    (model / "weights").symlink_to(tmp_path / "elsewhere")
    path = sums(model, f"{digest(b'a')}  a.bin")
    found = checksums.verify(checksums.read(path), [model], root=tmp_path)
    assert (found.outcome, "weights is a link to a folder elsewhere" in found.message) == ("inconclusive", True)
