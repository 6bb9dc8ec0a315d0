"""Builds pickles that would create a file if anything executed them."""

from __future__ import annotations

import builtins
import bz2
import functools
import gzip
import importlib
import io
import lzma
import operator
import os
import pickle
import subprocess
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Call:
    """Pickles as a call of `function` with `args`."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.function, self.args = function, args

    def __call__(self) -> None:
        """Lets one call stand where pickle wants a function."""

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.args


def touch(target: Path) -> Call:
    return Call(os.system, f"echo x > '{target}'")


def payloads(target: Path) -> dict[str, bytes]:
    """Hand-written and pickled payloads, by name; each creates `target` when it is unpickled."""
    code = f"open({str(target)!r}, 'w').close()"
    command = f"echo x > '{target}'"
    shell = command.encode()
    dumped = {
        f"protocol {p}": pickle.dumps(touch(target), protocol=p) for p in range(pickle.HIGHEST_PROTOCOL + 1)
    } | {
        "eval": pickle.dumps(Call(builtins.eval, f"open({str(target)!r}, 'w')")),
        "exec": pickle.dumps(Call(builtins.exec, code)),
        "subprocess": pickle.dumps(Call(subprocess.call, ["touch", str(target)])),
        "Popen": pickle.dumps(Call(subprocess.Popen, ["touch", str(target)])),
        "getattr": pickle.dumps(Call(Call(getattr, Call(importlib.import_module, "os"), "system"), command)),
        "attrgetter": pickle.dumps(Call(operator.attrgetter("real"), 1)),
        "partial": pickle.dumps(functools.partial(os.system, command)),
        "open": pickle.dumps(Call(open, str(target), "w")),
        "several pickles": pickle.dumps([1]) + pickle.dumps(touch(target)),
        "nested loads": pickle.dumps(Call(pickle.loads, pickle.dumps(touch(target)))),
    }  # fmt: skip
    written = {
        "text": b"cposix\nsystem\n(S'" + shell.replace(b"'", b"\\'") + b"'\ntR.",
        "nt": b"cnt\nsystem\n(S'x'\ntR.",
        "INST": b"(S'" + shell.replace(b"'", b"\\'") + b"'\niposix\nsystem\n.",
        "OBJ": b"(cposix\nsystem\n" + _text(command) + b"o.",
        "memo": b"\x80\x04" + _short("posix") + b"\x940" + _short("system") + b"\x940h\x00h\x01\x93"
        + _text(command) + b"\x85R.",
        "dup and pop": b"\x80\x04" + _short("posix") + b"20(0" + _short("system") + b"\x93" + _text(command) + b"\x85R.",
        "Python 2 name": b"c__builtin__\neval\n(" + _text(f"open({str(target)!r}, 'w')") + b"tR.",
        "BUILD": b"\x80\x04csklearn.base\nBaseEstimator\nN}(" + _text("__setstate__") + b"cposix\nsystem\nu\x86b.",
        "BUILD on a class": b"\x80\x04csklearn.base\nBaseEstimator\nN}(" + _text("fit") + b"cbuiltins\nint\nu\x86b.",
        "dotted": b"\x80\x04" + _short("sklearn.base") + _short("os.system") + b"\x93" + _text(command) + b"\x85R.",
        "computed name": b"\x80\x04cbuiltins\nstr\n" + _text("posix") + b"\x85R" + _short("system") + b"\x93"
        + _text(command) + b"\x85R.",
        "EXT": b"\x80\x02\x82\x01)R.",
        "persistent": b"\x80\x02" + _text("x") + b"Q.",
        "call of an instance": b"\x80\x04csklearn.base\nBaseEstimator\n)\x81)R.",
        "frozen distribution": b"\x80\x04cscipy.stats._distn_infrastructure\nrv_continuous\n)\x81}"
        + _text("_parse_arg_template") + _text(code) + b"sb.",
        "own module": b"\x80\x04cincome.features\nCleaner\n)\x81.",
        "trailing bytes": pickle.dumps([1]) + b"\xff\xff",
        "numpy runstring": b"cnumpy.testing._private.utils\nrunstring\n(" + _text(code) + b"}tR.",
        "joblib load": b"cjoblib.numpy_pickle\nload\n(" + _text(str(target)) + b"tR.",
        "joblib array from another file": b"\x80\x04cjoblib.numpy_pickle_compat\nNDArrayWrapper\n)\x81}b.",
        "ufunc by name": b"cnumpy._core\n_ufunc_reconstruct\n(" + _text("os") + _text("system") + b"tR.",
    }  # fmt: skip
    return dumped | written


def _text(value: str) -> bytes:
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def _short(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def wrapped(data: bytes) -> dict[str, bytes]:
    """The same bytes in every layer that is opened."""
    return {
        "plain": data,
        "gzip": gzip.compress(data),
        "zlib": zlib.compress(data),
        "bz2": bz2.compress(data),
        "xz": lzma.compress(data),
        "lzma": lzma.compress(data, format=lzma.FORMAT_ALONE),
        "two gzip members": gzip.compress(data[:5]) + gzip.compress(data[5:]),
        "zip": zipped({"model.pkl": data}),
        "zip without a telling name": zipped({"weights": data}),
        "PyTorch": zipped({"archive/data.pkl": data, "archive/data/0": b"\x80\x02raw", "archive/version": b"3\n"}),
        "pickle in zip in gzip": gzip.compress(zipped({"inner.zip": zipped({"model.pkl": data})})),
    }


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()
