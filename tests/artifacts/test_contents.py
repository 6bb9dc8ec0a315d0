"""Where texts are found, whatever they are packed in; and that hostile files cost little and end in a gap."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import subprocess
import sys
import tarfile
import time
import warnings
import zlib

import joblib
import numpy as np
import pytest
import secret_samples as made

from pytest_mlready.artifacts.contents.artifact import Artifact
from pytest_mlready.artifacts.contents.found import Gap, Piece
from pytest_mlready.artifacts.contents.limits import Limits

MARK = "a-text-to-be-found"


def walked(path, **more):
    """(place -> text, gaps, artifact) of a file."""
    artifact = Artifact(path, path.name, **more)
    texts, gaps = {}, []
    for one in artifact.found():
        if isinstance(one, Gap):
            gaps.append(str(one))
        else:
            texts[one.at.where] = texts.get(one.at.where, "") + one.text + "\n"
    return texts, gaps, artifact


def places(path, mark=MARK, **more):
    """Where a text is found; there must be no gap."""
    texts, gaps, _ = walked(path, **more)
    assert gaps == []
    return [where for where, text in texts.items() if mark in text]


@pytest.fixture
def written(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


PACKED = {
    "plain.txt": (MARK.encode(), "plain.txt"),
    "utf16.txt": (MARK.encode("utf-16"), "utf16.txt"),
    "a.zip": (made.zipped({"in/side.txt": MARK.encode()}), "a.zip!in/side.txt"),
    "a.tar": (made.tar({"./in/side.txt": MARK.encode()}), "a.tar!./in/side.txt"),
    "a.tar.gz": (gzip.compress(made.tar({"x.txt": MARK.encode()})), "a.tar.gz!gzip!x.txt"),
    "a.tgz": (gzip.compress(made.tar({"x.txt": MARK.encode()})), "a.tgz!gzip!x.txt"),
    "a.tar.xz": (lzma.compress(made.tar({"x.txt": MARK.encode()})), "a.tar.xz!xz!x.txt"),
    "a.txt.bz2": (bz2.compress(MARK.encode()), "a.txt.bz2!bz2"),
    "a.z": (zlib.compress(MARK.encode()), "a.z!zlib"),
    "a.lzma": (lzma.compress(MARK.encode(), format=lzma.FORMAT_ALONE), "a.lzma!lzma"),
    "two.gz": (gzip.compress(b"x" * 99) + gzip.compress(MARK.encode()) + b"\0" * 512, "two.gz!gzip"),
    "deep.zip": (
        made.zipped({"b.tar.gz": gzip.compress(made.tar({"c.zip": made.zipped({"d.txt": MARK.encode()})}))}),
        "deep.zip!b.tar.gz!gzip!c.zip!d.txt",
    ),
    "zip in tar.tar": (made.tar({"c.zip": made.zipped({"d.txt": MARK.encode()})}), "zip in tar.tar!c.zip!d.txt"),
    "binary.bin": (b"\x00\x01" * 500 + MARK.encode() + b"\x00\xff" * 500, "binary.bin"),
    "wide.bin": (b"\x00\x01\x00" * 333 + MARK.encode("utf-16-le") + b"\x01\xff" * 500, "wide.bin"),
    "long name.tar": (made.tar({"d/" * 90 + "x.txt": MARK.encode()}), "long name.tar!" + "d/" * 90 + "x.txt"),
    "behind the end.tar": (made.tar({"a": b"1"}) + made.tar({"b.txt": MARK.encode()}), "behind the end.tar!b.txt"),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_text_is_found_in_every_packing(name, written):
    data, where = PACKED[name]
    assert places(written(name, data)) == [where]


class State:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


PICKLED = {
    "text": MARK,
    "bytes": MARK.encode(),
    "list": ["x", [MARK]],
    "key": {MARK: 1},
    "object": State(note=MARK, weights=np.arange(1000.0)),
    "array of texts": np.array(["a", MARK]),
    "array of bytes": np.array([b"a", MARK.encode()]),
    "array of objects": np.array(["a", MARK], dtype=object),
    "behind arrays": [np.arange(5000), np.zeros((30, 30), order="F"), MARK],
    "zip inside": made.zipped({"x.txt": MARK.encode()}),
    "pickle inside": pickle.dumps([MARK] * 30),
    "long text": MARK + "x" * 3_000_000,
    "structured": [np.zeros(3, dtype=[("a", "i4"), ("b", "U5")]), MARK],
}


@pytest.mark.parametrize("value", PICKLED.values(), ids=PICKLED.keys())
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_texts_of_pickles_are_found_at_every_protocol(value, protocol, written):
    data = pickle.dumps(value, protocol=protocol)
    assert MARK in str(value) or MARK.encode() not in data[:0]
    assert places(written("model.pkl", data))


@pytest.mark.parametrize("value", PICKLED.values(), ids=PICKLED.keys())
@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 1), ("lzma", 1)], ids=str)
def test_texts_of_joblib_files_are_found_with_every_compressor(value, compress, tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump(value, path, compress=compress)
    assert places(path)


def test_a_value_is_told_with_its_key(written):
    texts, _, _ = walked(written("m.pkl", pickle.dumps({"db": {"password": MARK}, "lr": 0.1})))
    assert f'password = "{MARK}"' in texts["m.pkl"]


def test_neighbours_in_a_list_are_not_taken_for_key_and_value(written):
    texts, _, _ = walked(written("m.pkl", pickle.dumps({"names": ["has_password", "age_in_years"]})))
    assert "=" not in texts["m.pkl"].replace("names =", "")


def test_array_bytes_are_passed_over(written):
    noise = np.frombuffer(b"not-a-text-but-numbers--" * 1000, dtype=np.float64)
    for protocol in range(3, 6):
        texts, gaps, _ = walked(written("m.pkl", pickle.dumps(noise, protocol=protocol)))
        assert gaps == []
        assert sum(map(len, texts.values())) < 200_000


def test_pickles_that_name_a_command_are_read_without_executing_it(tmp_path, written):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    assert places(written("m.pkl", pickle.dumps([MARK, Bomb()])))
    assert not (tmp_path / "executed").exists()


def test_pytorch_archives_are_read_without_their_tensors(written):
    members = {"m/data.pkl": pickle.dumps({"note": MARK}), "m/data/0": b"raw-bytes-of-a-tensor" * 9, "m/version": b"3"}
    path = written("model.pt", made.zipped(members))
    assert places(path) == ["model.pt!m/data.pkl"]
    assert places(path, "raw-bytes") == []


def test_an_older_pytorch_file_goes_on_with_its_tensors(written):
    pickled = pickle.dumps(1, 2) + b"\x80\x02X\x05\x00\x00\x00whereQX\x12\x00\x00\x00" + MARK.encode() + b"\x86."
    assert places(written("model.pt", pickled + b"\x00\x01raw-bytes-of-a-tensor" * 99)) == ["model.pt"]


def test_npy_and_npz_texts_are_found(tmp_path):
    np.save(tmp_path / "a.npy", np.array(["x", MARK]))
    assert places(tmp_path / "a.npy") == ["a.npy"]
    np.save(tmp_path / "o.npy", np.array([{"k": MARK}]), allow_pickle=True)
    assert places(tmp_path / "o.npy") == ["o.npy!objects"]
    np.savez_compressed(tmp_path / "z.npz", words=np.array([MARK.encode()]), numbers=np.arange(9))
    assert places(tmp_path / "z.npz") == ["z.npz!words.npy"]


def test_metadata_of_safetensors_are_found(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    numpy.save_file({"w": np.zeros(9999)}, tmp_path / "m.safetensors", metadata={"api_key": MARK})
    texts, gaps, _ = walked(tmp_path / "m.safetensors")
    assert gaps == []
    assert f'api_key = "{MARK}"' in texts["m.safetensors!metadata"]


def test_keys_and_values_of_gguf_are_found(tmp_path):
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_string("general.token", MARK)
    writer.add_uint32("llama.block_count", 3)
    writer.add_token_list(["<s>", f"tok-{MARK}"])
    writer.add_array("nested", [1, 2, 3])
    writer.add_tensor("w", np.zeros((100, 100), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert places(tmp_path / "m.gguf") == ["m.gguf!metadata", "m.gguf!metadata tokenizer.ggml.tokens"]


def onnx_model(**more):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, [1000], b"\0" * 4000, raw=True)
    node = helper.make_node("Add", ["x", "w"], ["y"], doc_string=more.pop("node", ""))
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1000]) for name in ("x", "y")]
    graph = helper.make_graph([node], "g", values[:1], values[1:], [weights])
    model = helper.make_model(graph, producer_name=more.pop("producer", "p"), doc_string=more.pop("doc", ""))
    helper.set_model_props(model, more)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_metadata_of_onnx_are_found_without_its_weights(written):
    data = onnx_model(tracking_password=MARK, doc=f"about {MARK}", node=f"node {MARK}", producer=f"by {MARK}")
    texts, gaps, _ = walked(written("m.onnx", data))
    assert gaps == []
    (text,) = texts.values()
    assert f'tracking_password = "{MARK}"' in text
    assert all(f"{word} {MARK}" in text for word in ("about", "node", "by"))


def test_notebook_code_and_outputs_are_found_and_pictures_left_out(written):
    stream = {"output_type": "stream", "name": "stdout", "text": ["one\n", f"\x1b[31m{MARK}\x1b[0m\n"]}
    path = written("n.ipynb", made.notebook(stream, made.picture(), source=f"x = '{MARK}'"))
    assert places(path) == ["n.ipynb!cell 1", "n.ipynb!cell 1 output 1"]
    texts, _, _ = walked(path)
    assert max(map(len, texts.values())) < 1000


def test_a_notebook_that_is_none_is_a_gap(written):
    _, gaps, _ = walked(written("n.ipynb", '{"cells": 1'))
    assert "no JSON with cells" in gaps[0]


def test_lines_are_numbered_across_pieces(written):
    path = written("long.txt", "".join(f"line {i}\n" for i in range(300_000)) + MARK)
    last = [one for one in Artifact(path, path.name).found() if isinstance(one, Piece)][-1]
    assert last.first_line + last.text[: last.text.index(MARK)].count("\n") == 300_001


def test_links_to_files_elsewhere_are_read_and_links_to_folders_elsewhere_are_gaps(tmp_path):
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x.txt").write_text(MARK)
    (tmp_path / "outside.txt").write_text(MARK)
    (folder / "link").symlink_to(tmp_path / "outside.txt")
    (folder / "again").symlink_to(folder / "deep" / "x.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "blobs").symlink_to(tmp_path)
    (folder / "nowhere").symlink_to(tmp_path / "gone")
    os.mkfifo(folder / "pipe")
    texts, gaps, _ = walked(folder)
    assert sorted(texts) == ["model/deep/x.txt", "model/link"]
    assert gaps == ["model/blobs: it is a link to a folder elsewhere, not followed"]


def test_a_pipe_is_a_gap_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in walked(tmp_path / "pipe")[1][0]


def test_zstd_without_a_library_is_a_gap_that_names_the_library(written, monkeypatch):
    monkeypatch.setattr("importlib.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    _, gaps, _ = walked(written("a.zst", b"\x28\xb5\x2f\xfd" + b"\0" * 50))
    assert "pip install backports.zstd" in gaps[0]


# Hostile files ---------------------------------------------------------------------------------------------------------


def header(name="x.txt", size=0, kind=tarfile.REGTYPE, **more):
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in more.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def negative_size():
    """A header whose base-256 size is negative, with its checksum put right."""
    block = bytearray(header())
    block[124:136] = b"\xff" * 12
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def nested_gzip(depth):
    data = MARK.encode()
    for _ in range(depth):
        data = gzip.compress(data)
    return data


def inflated(megabytes):
    """Zeros, as many gzip streams one after another."""
    return gzip.compress(b"\0" * (64 << 20)) * (megabytes // 64)


DAMAGED = {
    "cut.gz": (gzip.compress(MARK.encode() * 999)[:-40], "cut off"),
    "flipped.gz": (gzip.compress(MARK.encode())[:-8] + b"\x55" * 8, "damaged"),
    "trailing.gz": (gzip.compress(b"x") + b"trailing", "bytes follow"),
    "deep.gz": (nested_gzip(12), "more than 8 layers deep"),
    "cut.zip": (made.zipped({"x.txt": os.urandom(9000)})[:4000], "damaged zip"),
    "cut.tar": (made.tar({"x.txt": b"x" * 9000})[:3000], "cut off"),
    "no end.tar": (made.tar({"x.txt": b"x"})[:1024], "no end mark"),
    "garbled.tar": (made.tar({"x.txt": b"x"})[:1024] + b"\x01" * 512 + b"\0" * 1024, "header is damaged"),
    "negative.tar": (made.tar({"x.txt": b"x"})[:1024] + negative_size() + b"\0" * 1024, "negative size"),
    "huge name.tar": (header(size=1 << 40, kind=tarfile.GNUTYPE_LONGNAME) + b"\0" * 1024, "claims a name"),
    "huge member.tar": (header(size=1 << 40) + b"x" * 512, "cut off"),
    "cut.pkl": (pickle.dumps([MARK, np.arange(9999)])[:-500], "cannot be followed"),
    "garbled.pkl": (pickle.dumps([MARK])[:-3] + b"\xff\xff\xff", "cannot be followed"),
    "empty stack.pkl": (b"\x80\x04uuuu.", "cannot be followed"),
    "cut.safetensors": ((1000).to_bytes(8, "little") + b'{"a": 1' + b" " * 20, "cut off"),
    "cut.gguf": (b"GGUF\x03\0\0\0" + (9).to_bytes(8, "little") * 2 + (1 << 50).to_bytes(8, "little"), "claims"),
    "old.gguf": (b"GGUF\x01\0\0\0" + b"\0" * 40, "version is not known"),
    "cut.onnx": (b"\x08\x08\x3a\xff\xff\x7f" + b"x" * 50, "cut off"),
    "bad.npy": (b"\x93NUMPY\x09\x00" + b"x" * 50, "version is not known"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "does not open"),
    "a.deb": (b"!<arch>\ndebian-binary   " + b"\0" * 50, "does not open"),
    "a.lz4": (b"\x04\x22\x4d\x18" + b"\0" * 50, "does not open"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_a_gap_with_its_reason(name, written):
    data, reason = DAMAGED[name]
    _, gaps, _ = walked(written(name, data))
    assert len(gaps) == 1
    assert reason in gaps[0]
    assert gaps[0].startswith(name)


def test_what_stands_before_the_damage_is_still_found(written):
    texts, gaps, _ = walked(written("a.tar", made.tar({"a.txt": MARK.encode(), "b.txt": b"x" * 9000})[:4000]))
    assert MARK in texts["a.tar!a.txt"]
    assert len(gaps) == 1


def test_damage_in_one_member_leaves_the_others(written):
    members = {"a.gz": gzip.compress(MARK.encode())[:-9], "b.txt": MARK.encode()}
    for name, data in (("a.tar", made.tar(members)), ("a.zip", made.zipped(members))):
        texts, gaps, _ = walked(written(name, data))
        assert [gap.partition(":")[0] for gap in gaps] == [f"{name}!a.gz!gzip"]
        assert MARK in texts[f"{name}!b.txt"]


def test_two_members_of_one_name_are_both_read(written):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = io.BytesIO()
        import zipfile

        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("x.txt", MARK)
            archive.writestr("x.txt", "something else")
    texts, gaps, _ = walked(written("a.zip", stream.getvalue()))
    assert gaps == []
    assert MARK in texts["a.zip!x.txt"]
    assert "something else" in texts["a.zip!x.txt"]


def test_a_member_without_a_name_is_read(written):
    data = made.zipped({"qx.txt": MARK.encode()}).replace(b"qx.txt", b"\0x.txt")  # cut by Python at the zero
    texts, _, _ = walked(written("a.zip", data))
    assert list(texts) in (["a.zip!"], [])


def test_what_breaks_a_reader_in_an_unknown_way_is_a_gap_and_the_walk_goes_on(written, monkeypatch):
    def broken(source, at):
        raise IndexError(MARK)

    monkeypatch.setattr("pytest_mlready.artifacts.contents.headers.gguf", broken)
    texts, gaps, _ = walked(
        written("a.tar", made.tar({"m.gguf": b"GGUF\x03\0\0\0" + b"\0" * 9, "b.txt": MARK.encode()}))
    )
    assert gaps == ["a.tar!m.gguf: it is damaged in a way that its reader does not know (IndexError)"]
    assert MARK in texts["a.tar!b.txt"]


def test_an_encrypted_member_is_a_gap(written):
    data = bytearray(made.zipped({"x.txt": MARK.encode()}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in walked(written("a.zip", bytes(data)))[1][0]


def test_ten_thousand_members_are_read_in_seconds(written):
    path = written("many.tar", made.tar({f"d/{i}.txt": b"few words" for i in range(10_000)}))
    start = time.perf_counter()
    _, gaps, artifact = walked(path)
    assert time.perf_counter() - start < 20
    assert gaps == []
    assert artifact.walk.files == 10_000


def test_members_beyond_the_limit_are_a_gap(written):
    path = written("many.tar", made.tar({f"{i}.txt": b"x" for i in range(50)}))
    assert "more than 20 members" in walked(path, limits=Limits(members=20))[1][0]


def test_names_that_lead_out_are_counted_and_nothing_is_written(tmp_path, written):
    names = {"../../evil.txt": MARK.encode(), "/etc/evil.txt": MARK.encode(), "c:\\evil.txt": MARK.encode()}
    links = {"a": made.link("../../../etc/passwd"), "b": made.link("/etc/passwd", tarfile.LNKTYPE)}
    device = tarfile.TarInfo("null")
    device.type = tarfile.CHRTYPE
    path = written("a.tar", made.tar({**names, **links, "dev": device}))
    before = sorted(tmp_path.rglob("*"))
    texts, gaps, artifact = walked(path)
    assert gaps == []
    assert list(texts) == ["a.tar!../../evil.txt", "a.tar!/etc/evil.txt", "a.tar!c:\\evil.txt"]
    assert artifact.walk.outside == 4
    assert sorted(tmp_path.rglob("*")) == before


def test_text_beyond_the_limit_is_a_gap(written):
    path = written("a.txt", "words and words\n" * 200_000)
    assert "more text than max_text" in walked(path, limits=Limits(text=1_000_000))[1][-1]


def test_a_walk_that_takes_too_long_is_a_gap(written):
    path = written("a.tar", made.tar({f"{i}": b"x" for i in range(50)}))
    assert "longer than time_limit" in walked(path, limits=Limits(seconds=0.0))[1][-1]


def test_an_unknown_binary_is_read_at_its_beginning_and_is_a_gap_unless_it_holds_numbers(tmp_path):
    path = tmp_path / "weights.bin"
    with path.open("wb") as file:
        file.write(b"\x00\x01" + MARK.encode())
        file.truncate(2 << 30)  # a hole: no disk is needed
    start = time.perf_counter()
    texts, gaps, _ = walked(path)
    assert time.perf_counter() - start < 10
    assert "only its first 64 MB" in gaps[0]
    assert MARK in texts["weights.bin"]
    assert places(path, numbers=("*.bin",)) == ["weights.bin"]


MEASURED = """
import resource, sys, time
from pathlib import Path
from pytest_mlready.artifacts.contents.artifact import Artifact
from pytest_mlready.artifacts.contents.found import Gap
path = Path(sys.argv[1])
list(Artifact(Path(__file__) if "__file__" in globals() else path.parent / "warm.txt", "warm").found())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
found = list(Artifact(path, path.name).found())
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
gaps = [str(one) for one in found if isinstance(one, Gap)]
import json
print(json.dumps({"seconds": seconds, "grown": (after - before) * 1024, "gaps": gaps, "pieces": len(found) - len(gaps)}))
"""


def measured(path):
    """Seconds and growth of the peak in a fresh process."""
    (path.parent / "warm.txt").write_text("warm")
    out = subprocess.run([sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def gigabyte_pickle(path, protocol):
    """A pickle of one array of a gigabyte, whose numbers are a hole in the file."""
    small = pickle.dumps(np.zeros(100, dtype=np.uint8), protocol=protocol)
    old = {3: b"C\x64", 4: b"C\x64", 5: b"\x96" + (100).to_bytes(8, "little")}[protocol] + b"\0" * 100
    new = {3: b"B", 4: b"\x8e", 5: b"\x96"}[protocol] + (1 << 30).to_bytes(4 if protocol == 3 else 8, "little")
    before, after = small.split(old)
    with path.open("wb") as file:
        file.write(before + new)
        file.seek(1 << 30, 1)
        file.write(after)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_pickle_of_one_gigabyte_array_takes_no_memory(protocol, tmp_path):
    gigabyte_pickle(tmp_path / "model.pkl", protocol)
    found = measured(tmp_path / "model.pkl")
    assert found["gaps"] == []
    assert found["seconds"] < 10
    assert found["grown"] < 50e6


def bomb(kind):
    """Gigabytes of zeros in a megabyte; a member of a tar archive is passed over, and costs time alone."""
    if kind == "tar.gz":
        return gzip.compress(header(size=3 << 30)) + inflated(3 << 10)
    return made.zipped({f"{i}.gz": inflated(1 << 10) for i in range(3)}) if kind == "zip" else inflated(3 << 10)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
@pytest.mark.parametrize("kind", ["gz", "zip", "tar.gz"])
def test_a_bomb_ends_in_a_gap_with_bounded_memory(kind, tmp_path):
    path = tmp_path / f"bomb.{kind}"
    path.write_bytes(bomb(kind))
    found = measured(path)
    assert found["gaps"]
    assert ("a decompression bomb?" in found["gaps"][-1]) == (kind == "tar.gz")  # the others are let go after 64 MB
    assert found["seconds"] < 60
    assert found["grown"] < 100e6
