"""Scanning text for credentials against detect-secrets alone, and walking artifacts against reading their bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import statistics
import subprocess
import sys
import sysconfig
import tarfile
import time
import zlib
from pathlib import Path

import joblib
import numpy as np
import pytest

from pytest_mlready.artifacts.contents.artifact import Artifact
from pytest_mlready.artifacts.contents.found import Gap
from pytest_mlready.artifacts.secrets import scan

ROUNDS, STEP = 3, 1 << 18
TEXT = 600_000  # characters: detect-secrets reads some 200,000 a second
LIMIT_SCAN, LIMIT_SKIP, LIMIT_EXPAND, LIMIT_LAYER = 0.25, 1.0, 1.5, 4.0


def code(characters):
    """The standard library's own text: what every Python image holds."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)[:characters]


def seconds(function, *given):
    start = time.perf_counter()
    function(*given)
    return time.perf_counter() - start


def compared(ours, theirs):
    """Medians of both, interleaved so that a busy minute hits both."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    return (statistics.median(side) for side in zip(*pairs, strict=True))


def told(benchmark, what, ours, theirs, limit):
    ratio = ours / theirs
    benchmark.extra_info |= {"ours_seconds": ours, "theirs_seconds": theirs, "ratio": ratio, "limit": limit}
    print(f"{what}: {ours:.3f} s against {theirs:.3f} s, ratio {ratio:.2f}")
    assert ratio <= limit


def scanned(path):
    (report,) = scan.scan([Artifact(path, path.name)])
    assert not report.gaps
    return report


def walked(path):
    found = list(Artifact(path, path.name).found())
    assert found
    assert not [one for one in found if isinstance(one, Gap)]


@pytest.mark.slow
def test_a_scan_takes_at_most_a_quarter_of_detect_secrets_alone(benchmark, tmp_path):
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    key = "AK" + "IA" + "Q3ZD7WXK5RMT2VHN"
    text = code(TEXT)
    path = tmp_path / "text.txt"
    path.write_text(f"{text[: TEXT // 2]}\nkey = '{key}'\n{text[TEXT // 2 :]}")

    def alone():
        with default_settings():
            secrets = SecretsCollection()
            secrets.scan_file(str(path))
        assert any(secret.secret_value == key for _, secret in secrets)

    def ours():
        assert hashlib.sha256(key.encode()).hexdigest()[:8] in {f.sha256 for f in scanned(path).findings}

    ours()
    mine, theirs = compared(ours, alone)
    benchmark.pedantic(ours, rounds=3)
    benchmark.extra_info["megabytes_a_second"] = TEXT / 1e6 / mine
    told(benchmark, "scan against detect-secrets alone", mine, theirs, LIMIT_SCAN)


def arrays(path, compress):
    rng = np.random.default_rng(1)
    joblib.dump({"w": [rng.normal(size=1_000_000) for _ in range(25)], "note": "text"}, path, compress=compress)
    return path


def read(path):
    with path.open("rb") as file:
        while file.read(STEP):
            pass


def test_walking_arrays_costs_no_more_than_reading_them(benchmark, tmp_path):
    path = arrays(tmp_path / "model.joblib", 0)
    mine, theirs = compared(lambda: walked(path), lambda: read(path))
    benchmark.pedantic(walked, (path,), rounds=3)
    told(benchmark, "walk of 200 MB against reading them", mine, theirs, LIMIT_SKIP)


def expanded(path):
    decoder = zlib.decompressobj(wbits=47)
    with path.open("rb") as file:
        while data := file.read(STEP):
            decoder.decompress(data)


@pytest.mark.slow
def test_walking_compressed_arrays_costs_little_more_than_expanding_them(benchmark, tmp_path):
    path = arrays(tmp_path / "model.joblib", ("zlib", 1))
    mine, theirs = compared(lambda: walked(path), lambda: expanded(path))
    benchmark.pedantic(walked, (path,), rounds=3)
    told(benchmark, "walk of 200 MB in zlib against expanding them", mine, theirs, LIMIT_EXPAND)


def image(path):
    """A saved image with the standard library in one compressed layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for file in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))[:1500]:
            tar.add(file, arcname=f"usr/lib/python3/{file.name}")
    packed = gzip.compress(layer.getvalue(), 1)
    manifest = [{"Config": "c.json", "Layers": ["l/layer.tar"]}]
    members = {"l/layer.tar": packed, "c.json": b"{}", "manifest.json": json.dumps(manifest).encode()}
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed


def opened(packed):
    """The same layer by the standard library: expanded, and every member read."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        for member in tar:
            if member.isfile():
                tar.extractfile(member).read().decode("utf-8", "replace")


def test_walking_a_layer_costs_a_few_times_reading_its_members(benchmark, tmp_path):
    path = tmp_path / "image.tar"
    packed = image(path)
    mine, theirs = compared(lambda: walked(path), lambda: opened(packed))
    benchmark.pedantic(walked, (path,), rounds=3)
    told(benchmark, "walk of a layer against reading its members", mine, theirs, LIMIT_LAYER)


def peak_growth(path):
    """Bytes that the peak of memory grows by in a fresh process."""
    out = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True, check=True)
    return int(out.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_walk_holds_a_small_part_of_what_it_walks_over(benchmark, tmp_path):
    path = arrays(tmp_path / "model.joblib", ("zlib", 1))
    grown = benchmark.pedantic(peak_growth, (path,), rounds=1)
    benchmark.extra_info |= {"bytes": grown, "file": path.stat().st_size}
    print(f"walk of 200 MB in zlib: the peak grows by {grown / 1e6:.1f} MB")
    assert grown <= 32e6


def memory(line):
    """Bytes, from a line of what Linux says of this process."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(text for text in status if text.startswith(line)).split()[1]) * 1024


if __name__ == "__main__":
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    walked(Path(sys.argv[1]))
    print(memory("VmHWM") - before)
