from __future__ import annotations

import io
import pickle
import warnings
import zlib
from pathlib import Path

import artifact_payloads as made
import joblib
import numpy as np
import pytest

from pytest_mlready.artifacts import allowed, models, pickles
from pytest_mlready.artifacts.unpack import Limits
from pytest_mlready.artifacts.walk import walk
from pytest_mlready.errors import ModelError

NAMES = sorted(made.payloads(Path("x")))
LAYERS = sorted(made.wrapped(b"x" * 9))
COMPRESSED = {"joblib": 0, "joblib zlib": ("zlib", 3), "joblib gzip": ("gzip", 3), "joblib bz2": ("bz2", 3),
              "joblib xz": ("xz", 3), "joblib lzma": ("lzma", 3)}  # fmt: skip
FITTED = ["pipeline", "forest", "boosting", "boosting with categories", "TF-IDF", "LightGBM"]


def refused(path: Path, target: Path) -> str:
    """Every door refuses the file, and nothing in it ran."""
    scanned = pickles.scan(path)
    with pytest.raises(ModelError, match="was not loaded"):
        pickles.load(scanned)
    with pytest.raises(ModelError) as caught:
        models.load(path.name, root=path.parent)
    assert not scanned.safe
    assert not target.exists()
    return str(caught.value)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "executed"


@pytest.fixture
def model_file(tmp_path):
    return tmp_path / "model.pkl"


@pytest.mark.parametrize("name", NAMES)
def test_a_payload_is_never_executed(name, target, model_file):
    model_file.write_bytes(made.payloads(target)[name])
    assert "Next step:" in refused(model_file, target)


def test_the_payloads_would_create_the_file_if_they_were_executed(target):
    """Otherwise the tests above would prove nothing."""
    for name in (
        "protocol 0",
        "protocol 4",
        "text",
        "INST",
        "OBJ",
        "memo",
        "dup and pop",
        "exec",
        "nested loads",
        "open",
    ):
        loaded = pickle.loads(made.payloads(target)[name])
        getattr(loaded, "close", int)()
        assert target.exists(), name
        target.unlink()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_payload_is_found_under_every_layer(layer, target, model_file):
    model_file.write_bytes(made.wrapped(made.payloads(target)["protocol 4"])[layer])
    assert "system" in refused(model_file, target)


@pytest.mark.parametrize("name", COMPRESSED)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_payload_behind_joblib_arrays_is_never_executed(name, protocol, target, tmp_path):
    path = tmp_path / "model.joblib"
    content = [np.arange(1000.0), np.array(["x", None], dtype=object), made.touch(target), np.zeros((3, 2), order="F")]
    joblib.dump(content, path, compress=COMPRESSED[name], protocol=protocol)
    assert "posix.system" in refused(path, target)


def test_a_payload_inside_an_array_of_objects_is_never_executed(target, tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump({"a": np.array([made.touch(target)], dtype=object)}, path)
    assert "posix.system" in refused(path, target)


def test_a_payload_inside_an_npz_is_found(target, tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez_compressed(path, plain=np.arange(3), objects=np.array([made.touch(target)], dtype=object))
    scanned = pickles.scan(path)
    assert [f.name for f in scanned.findings] == ["posix.system"]
    assert not target.exists()


def test_an_npz_of_numbers_and_a_pytorch_archive_of_tensors_pass(tmp_path):
    np.savez(tmp_path / "a.npz", numbers=np.arange(3), objects=np.array([1, "x"], dtype=object))
    tensors = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(X\x01\x00\x00\x00xQK\x00K\x01\x85K\x01\x85\x89tR."
    (tmp_path / "b.pt").write_bytes(made.zipped({"archive/data.pkl": tensors, "archive/data/0": b"\x80\x02raw"}))
    assert [pickles.scan(tmp_path / n).findings for n in ("a.npz", "b.pt")] == [(), ()]


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize("saved", [*COMPRESSED, "pickle 0", "pickle 2", "pickle 4", "pickle 5"])
def test_real_models_pass_and_predict_the_same(fitted, name, saved, tmp_path):
    model, rows = fitted[name]
    path = tmp_path / "model.joblib"
    if saved in COMPRESSED:
        joblib.dump(model, path, compress=COMPRESSED[saved])
    else:
        path.write_bytes(pickle.dumps(model, protocol=int(saved[-1])))
    scanned = pickles.scan(path)
    assert scanned.findings == ()
    loaded = pickles.load(scanned)
    if rows is not None:
        assert (loaded.predict(rows) == model.predict(rows)).all()


@pytest.mark.parametrize("kept", [1, 20, 200, -1, -40])
@pytest.mark.parametrize("compress", [0, 3])
def test_a_file_that_is_cut_off_is_refused(pipeline, compress, kept, tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump(pipeline, path, compress=compress)
    path.write_bytes(path.read_bytes()[:kept])
    scanned = pickles.scan(path)
    assert not scanned.safe
    with pytest.raises(ModelError, match="could not be scanned"):
        pickles.load(scanned)


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"no pickle at all", b"\x80\x04N.garbage", b"PK\x03\x04nonsense", b"BZh9?"]
)
def test_what_is_no_pickle_is_refused(data, model_file):
    model_file.write_bytes(data)
    assert not pickles.scan(model_file).safe


def test_no_byte_flip_of_a_payload_is_executed(target, model_file):
    """Damage may make it harmless or unreadable, but a file that passes the scan must not create the file."""
    whole = made.payloads(target)["memo"]
    for position in range(len(whole)):
        model_file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        scanned = pickles.scan(model_file)
        if scanned.safe:
            pickles.load(scanned)
        assert not target.exists()


def wrapper_stream(
    state: bytes, *, head: bytes = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81", after: bytes = b""
) -> bytes:
    dtype = b"cnumpy\ndtype\nX\x02\x00\x00\x00f8\x89\x88\x87R"
    parts = b"}(X\x08\x00\x00\x00subclasscnumpy\nndarray\nX\x05\x00\x00\x00shapeK\x01\x85X\x05\x00\x00\x00orderX\x01\x00\x00\x00C"
    return b"\x80\x02" + head + parts + b"X\x05\x00\x00\x00dtype" + dtype + state + b"ub" + after


def test_array_bytes_are_skipped_exactly():
    trace = walk(wrapper_stream(b"", after=b"8 bytes: ."))
    assert trace.problem is not None  # the ninth byte is read as an opcode
    trace = walk(wrapper_stream(b"", after=b"cposix\nx."))
    assert trace.problem is None
    assert ("posix", "x") not in trace.globals


@pytest.mark.parametrize(
    "stream",
    [
        wrapper_stream(b"X\x04\x00\x00\x00readcnumpy\nndarray\n", after=b"12345678."),
        wrapper_stream(b"X\x05\x00\x00\x00shape(K\x01l", after=b"12345678."),
        wrapper_stream(b"cbuiltins\nstr\nX\x04\x00\x00\x00read\x85RN", after=b"12345678."),
        wrapper_stream(b"", head=b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)R", after=b"12345678."),
        wrapper_stream(
            b"", head=b"ccopyreg\n_reconstructor\n(cjoblib.numpy_pickle\nNumpyArrayWrapper\ncbuiltins\nobject\nNtR"
        ),
        wrapper_stream(b"X\x05\x00\x00\x00shapeJ\xff\xff\xff\x7f\x85", after=b"12345678."),
    ],
    ids=["method overridden", "shape no tuple", "key computed", "called", "reconstructed", "too large"],
)
def test_an_array_wrapper_that_joblib_never_writes_is_refused(stream):
    assert walk(stream).problem is not None


def test_array_bytes_inside_a_frame_are_refused():
    body = wrapper_stream(b"")[2:]
    framed = b"\x80\x04\x95" + (len(body) + 50).to_bytes(8, "little") + body + b"12345678."
    assert "inside a frame" in str(walk(framed).problem)


def test_the_list_is_asked_again_while_loading(target, tmp_path):
    """Even a walk that saw nothing does not open the door."""
    for joblib_places, data in (
        (frozenset(), made.payloads(target)["protocol 4"]),
        (frozenset({"m"}), _dumped(target)),
    ):
        blind = pickles.Scan(
            path="m", sha256="", findings=(), scanned=("m",), globals=(), pickles={"m": data}, joblib=joblib_places
        )
        with pytest.raises(ModelError, match=r"posix\.system can run code or reach files; loading was stopped"):
            pickles.load(blind)
        assert not target.exists()


def _dumped(target: Path) -> bytes:
    stream = io.BytesIO()
    joblib.dump([np.arange(4), np.array([made.touch(target)], dtype=object)], stream)
    return stream.getvalue()


def test_a_class_of_the_team_is_accepted_by_name_or_by_digest(tmp_path, monkeypatch):
    (tmp_path / "teamwork.py").write_text("class Constant:\n    def predict(self, X):\n        return [1] * len(X)\n")
    monkeypatch.syspath_prepend(tmp_path)
    import teamwork

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(teamwork.Constant()))
    digest = pickles.scan(path).sha256
    with pytest.raises(ModelError, match=rf'teamwork\.Constant is not on the list.*trust = "{digest}"'):
        models.load("model.pkl", root=tmp_path)
    for options in ({"trust": digest}, {"trust": ("sha256:" + digest,)}, {"trusted_types": ("teamwork.Constant",)}):
        assert models.load("model.pkl", root=tmp_path, **options).predict([[1], [2]]).tolist() == [1, 1]
    path.write_bytes(path.read_bytes() + b"N.")
    with pytest.raises(ModelError, match="was not loaded"):
        models.load("model.pkl", root=tmp_path, trust=digest)


def test_no_name_in_the_settings_opens_a_module_that_runs_code(target, model_file):
    model_file.write_bytes(made.payloads(target)["protocol 4"])
    with pytest.raises(ModelError, match="was not loaded"):
        models.load("model.pkl", root=model_file.parent, trusted_types=("posix.system",))
    assert not target.exists()


def test_limits_end_bombs_and_deep_nesting(model_file):
    model_file.write_bytes(zlib.compress(b"\0" * 40_000_000, 9))
    assert "decompression bomb" in str(pickles.scan(model_file, limits=Limits(floor=1 << 20)).findings[0])
    data = pickle.dumps(1)
    for _ in range(12):
        data = zlib.compress(data)
    model_file.write_bytes(data)
    assert "layers inside one another" in str(pickles.scan(model_file).findings[0])
    model_file.write_bytes(made.zipped({str(n): b"x" for n in range(30)}))
    assert "more than 20 members" in str(pickles.scan(model_file, limits=Limits(members=20)).findings[0])


def test_a_zip_with_two_members_of_one_name_is_refused(model_file):
    import zipfile

    with warnings.catch_warnings(), zipfile.ZipFile(model_file, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("data.pkl", pickle.dumps(1))
        archive.writestr("data.pkl", pickle.dumps(2))
    assert "two members of the same name" in str(pickles.scan(model_file).findings[0])


def test_what_was_scanned_is_what_is_loaded(target, model_file):
    model_file.write_bytes(pickle.dumps([1, 2]))
    scanned = pickles.scan(model_file)
    model_file.write_bytes(made.payloads(target)["protocol 4"])
    assert pickles.load(scanned) == [1, 2]
    assert not target.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy.f2py", "compile"), ("numpy", "load"), ("numpy.lib.npyio", "load"), ("numpy", "fromfile"), ("numpy", "save"),
        ("joblib", "load"), ("joblib.memory", "Memory"), ("sklearn.datasets._base", "load_files"), ("sklearn.utils", "os"),
        ("sklearn.datasets", "X"), ("sklearn.utils._testing", "TempMemmap"), ("pandas", "read_pickle"), ("pandas", "eval"),
        ("pandas.core.computation.expr", "Expr"), ("scipy.io", "loadmat"), ("scipy.stats._continuous_distns", "norm_gen"),
        ("polars", "LazyFrame"), ("torch", "load"), ("torch.hub", "load"), ("collections", "namedtuple"),
        ("functools", "reduce"), ("operator", "methodcaller"), ("types", "CodeType"), ("types", "FunctionType"),
        ("sys", "modules"), ("builtins", "__import__"), ("builtins", "compile"), ("builtins", "type"),
    ],
)  # fmt: skip
def test_what_runs_code_or_opens_files_is_not_on_the_list(module, name):
    assert allowed.objection(module, name) is not None
