"""Saved images: every layer is read, with what later layers hide; environment, labels and history too."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile

import pytest
import secret_samples as made

from pytest_mlready.artifacts.contents.artifact import Artifact
from pytest_mlready.artifacts.contents.found import Gap

MARK = "a-text-to-be-found"
FORMS = {"docker": made.docker_archive, "OCI": made.oci_archive}


def walked(path):
    artifact = Artifact(path, path.name)
    found = list(artifact.found())
    gaps = [str(one) for one in found if isinstance(one, Gap)]
    marked = [one for one in found if not isinstance(one, Gap) and MARK in one.text]
    return artifact, marked, gaps


@pytest.fixture
def saved(tmp_path):
    def save(data, name="image.tar"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return save


def only(path):
    """(place, fate) of the one piece with the mark; there must be no gap."""
    artifact, marked, gaps = walked(path)
    assert gaps == []
    (one,) = marked
    return one.at.where, artifact.fate(one.at)


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS.keys())
def test_a_file_is_named_by_layer_digest_and_path(make, saved):
    where, fate = only(saved(make([{"etc/os-release": b"x"}, {"app/.env": MARK.encode()}])))
    assert where.startswith("image.tar!layer 2 (sha256:")
    assert where.endswith(")!app/.env")
    assert fate == ""


HIDDEN = {
    "whiteout": ({"app/.wh..env": b""}, "deleted in layer 2, still shipped"),
    "whiteout of its folder": ({".wh.app": b""}, "deleted in layer 2, still shipped"),
    "opaque folder": ({"app/.wh..wh..opq": b"", "app/new": b"x"}, "deleted in layer 2, still shipped"),
    "replaced": ({"./app/.env": b"nothing"}, "replaced in layer 2, still shipped"),
    "untouched": ({"app/other": b"x", "lib/.wh..env": b""}, ""),
}


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("how", HIDDEN)
def test_what_a_later_layer_hides_is_still_found_and_said_to_ship(how, make, saved):
    later, told = HIDDEN[how]
    where, fate = only(saved(make([{"app/.env": MARK.encode()}, later])))
    assert "!layer 1 (" in where
    assert fate == told


def test_an_earlier_layer_hides_nothing(saved):
    _, fate = only(saved(made.docker_archive([{"app/.wh..env": b""}, {"app/.env": MARK.encode()}])))
    assert fate == ""


def test_a_file_in_an_archive_in_a_layer_shares_the_fate_of_the_archive(saved):
    inner = made.zipped({"config.json": MARK.encode()})
    where, fate = only(saved(made.docker_archive([{"app/model.skops": inner}, {"app/.wh.model.skops": b""}])))
    assert where.endswith("!app/model.skops!config.json")
    assert fate == "deleted in layer 2, still shipped"


CONFIG = {
    "ENV": ({"config": {"Env": ["PATH=/bin", f"API_TOKEN={MARK}"]}}, f'API_TOKEN = "{MARK}"'),
    "LABEL": ({"config": {"Labels": {"token": MARK}}}, f'token = "{MARK}"'),
    "CMD": ({"config": {"Cmd": ["serve", "--token", MARK]}}, f"serve --token {MARK}"),
    "ENTRYPOINT": ({"config": {"Entrypoint": ["sh", "-c", f"TOKEN={MARK} serve"]}}, f"TOKEN={MARK}"),
    "HEALTHCHECK": ({"config": {"Healthcheck": {"Test": ["CMD", "curl", MARK]}}}, f"curl {MARK}"),
    "history 1": ({"history": [{"created_by": f"|1 API_TOKEN={MARK} /bin/sh -c make"}]}, f"\nAPI_TOKEN={MARK}"),
}


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("part", CONFIG)
def test_every_part_of_the_configuration_is_read(part, make, saved):
    config, text = CONFIG[part]
    _, marked, gaps = walked(saved(make([{"x": b"x"}], config)))
    assert gaps == []
    found = {one.at.where.rpartition("!")[2]: one.text for one in marked}
    assert text in found[part]


PACKS = {"plain": bytes, "gzip": gzip.compress, "xz": lzma.compress}


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS.keys())
def test_layers_are_opened_however_they_are_packed(pack, saved):
    where, _ = only(saved(made.oci_archive([{"app/x.txt": MARK.encode()}], pack=pack)))
    assert where.endswith(")!app/x.txt")


def test_an_image_that_is_compressed_as_a_whole_is_an_image(saved):
    data = gzip.compress(made.docker_archive([{"app/x.txt": MARK.encode()}, {"app/.wh.x.txt": b""}]))
    where, fate = only(saved(data, "image.tar.gz"))
    assert where.startswith("image.tar.gz!layer 1 (")
    assert fate == "deleted in layer 2, still shipped"


def test_a_layer_packed_with_zstd_and_no_library_is_a_gap(saved, monkeypatch):
    monkeypatch.setattr("importlib.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    data = made.oci_archive([{"x": b"x"}], pack=lambda layer: b"\x28\xb5\x2f\xfd" + layer)
    _, _, gaps = walked(saved(data))
    assert len(gaps) == 1
    assert "layer 1 (sha256:" in gaps[0]
    assert "backports.zstd" in gaps[0]


def without(data, names):
    """The archive without some members."""
    return made.tar({name: content for name, content in members(data).items() if not any(n in name for n in names)})


def test_a_layer_that_is_named_and_missing_is_a_gap(saved):
    _, _, gaps = walked(saved(without(made.docker_archive([{"x": b"x"}]), ["layer.tar"])))
    assert [gap.partition(" (")[0] for gap in gaps] == ["image.tar: layer 1"]


def test_a_missing_configuration_is_a_gap(saved):
    _, _, gaps = walked(saved(without(made.docker_archive([{"x": b"x"}]), ["c0ffee"])))
    assert "the configuration or manifest sha256:c0ffee" in gaps[0]


def test_a_damaged_layer_is_a_gap_and_the_others_are_read(saved):
    broken = [False]

    def pack(layer):
        broken[0], first = True, not broken[0]
        return gzip.compress(layer)[:-20] if first else gzip.compress(layer)

    _, marked, gaps = walked(saved(made.oci_archive([{"x": b"x" * 999}, {"y.txt": MARK.encode()}], pack=pack)))
    assert len(marked) == 1
    assert gaps
    assert all("layer 1" in gap and "cut off" in gap for gap in gaps)


def test_a_layer_under_a_link_is_found(saved):
    """Older engines write a layer that two images share once, and link to it."""
    layer = made.tar({"x.txt": MARK.encode()})
    manifest = [{"Config": "c.json", "Layers": ["b/layer.tar"]}]
    members = {
        "a/layer.tar": layer, "b/layer.tar": made.link("../a/layer.tar"), "c.json": b"{}",
        "manifest.json": json.dumps(manifest).encode(),
    }  # fmt: skip
    where, _ = only(saved(made.tar(members)))
    assert "!layer 1 (" in where


def test_what_lies_beside_the_layers_is_read_too(saved):
    beside = members(made.docker_archive([{"x": b"x"}])) | {"note.txt": MARK.encode()}
    where, _ = only(saved(made.tar(beside)))
    assert where == "image.tar!note.txt"


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}


def test_two_images_in_one_archive_keep_their_layers_apart(saved):
    one, two = made.docker_archive([{"a.txt": MARK.encode()}]), made.docker_archive([{"b": b"b"}, {".wh.a.txt": b""}])
    both = members(one) | {k: v for k, v in members(two).items() if "json" not in k}
    manifests = [json.loads(members(each)["manifest.json"])[0] for each in (one, two)]
    both["manifest.json"] = json.dumps(manifests).encode()
    _, fate = only(saved(made.tar(both)))
    assert fate == ""


@pytest.mark.parametrize("document", [b"{", b"[]", b"[1]", b'[{"Layers": 3}]', b'{"a": 1}'])
def test_a_damaged_manifest_is_no_image_and_no_crash(document, saved):
    artifact, marked, _ = walked(saved(made.tar({"manifest.json": document, "x.txt": MARK.encode()})))
    assert len(marked) == 1
    assert artifact.images == {}


def test_packages_of_the_system_are_told_from_the_teams_files(saved):
    names = [
        "usr/lib/python3/dist-packages/x.py",
        "opt/venv/lib/python3.11/site-packages/x/y.py",
        "usr/src/app/x.py",
        "app/x.py",
    ]
    _, marked, _ = walked(saved(made.docker_archive([dict.fromkeys(names, MARK.encode())])))
    assert [one.at.packaged for one in marked] == [True, True, False, False]


def test_a_package_of_the_team_is_its_own(saved):
    name = "usr/local/lib/python3.11/site-packages/income_service/x.py"
    path = saved(made.docker_archive([{name: MARK.encode()}]))
    (one,) = [
        p for p in Artifact(path, "i", own_packages=("income-service",)).found() if MARK in getattr(p, "text", "")
    ]
    assert not one.at.packaged
