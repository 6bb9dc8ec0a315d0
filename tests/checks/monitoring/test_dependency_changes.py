from __future__ import annotations

import hashlib
import json
import sys
from types import SimpleNamespace

import pytest
from alert_runs import Run

from pytest_mlready.checks.monitoring import dependency_changes as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ReadinessError, Unverified

WATCH = """
import hashlib, json, os, re, sys, time, urllib.request
from pathlib import Path

def found(manifest, lock):
    document = json.loads(Path(manifest).read_text())
    pins = dict(re.findall(r"^([a-z0-9-]+)==(.+)$", Path(lock).read_text(), re.M))
    for one in document["code"]:
        if pins.get(one["name"]) != one["version"]:
            yield one, one["version"], pins.get(one["name"])
    for one in document["data"]:
        digest = "sha256:" + hashlib.sha256(Path(one["path"]).read_bytes()).hexdigest()
        if digest != one["version"]:
            yield one, one["version"], digest
        columns = Path(one["path"]).read_text().split()[0].split(",")
        if columns != one["columns"]:
            yield one, str(one["columns"]), str(columns)

def told(manifest, lock):
    for one, old, new in found(manifest, lock):
        yield json.dumps({"text": f"{one['name']}: {old} -> {new}", "owner": one["owner"]})

def post(url, text):
    urllib.request.urlopen(urllib.request.Request(url, text.encode()), timeout=5).close()

def notify(manifest, lock, url):
    for text in told(manifest, lock):
        post(url, text)

def to_file(manifest, lock, file):
    Path(file).write_text("\\n".join(told(manifest, lock)))

def by_variable(manifest, lock):
    for text in told(manifest, lock):
        post(os.environ["HOOK"], text)

def takes_nothing(url):
    pass

def raises(manifest, url):
    raise RuntimeError("no such channel")

if __name__ == "__main__":
    fault, manifest, lock, url = (sys.argv[1:] + [""])[:4]
    if fault == "hangs":
        time.sleep(600)
    if fault == "cries":
        post(url, "all is well")
    changes = list(found(manifest, lock))
    for one, old, new in changes:
        if fault == "majors" and one["name"] != "gamma":
            continue
        if fault == "code" and "path" in one:
            continue
        if fault == "nobody":
            one["owner"] = "team"
        if fault == "vague":
            old = "before"
        if fault != "drops":
            post(url, json.dumps({"text": f"{one['name']}: {old} -> {new}", "owner": one["owner"]}))
    sys.exit(1 if changes else 0)
"""
LOCK = "alpha==1.4.2\nbeta==0.9.0\ngamma==2.0.1\ndelta==3.0\n"


def entry(name, version, owner, **more):
    return {"name": name, "version": version, "owner": owner, "channel": f"#{name}-news", **more}


@pytest.fixture
def drilled(tmp_path):
    """Runs a test in a project with a manifest, a lock file, data and a watch: drilled(test, notify=…)."""
    (tmp_path / "train.csv").write_text("age,income\n1,a\n2,b\n")
    digest = hashlib.sha256((tmp_path / "train.csv").read_bytes()).hexdigest()
    module = f"watch_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(WATCH)
    (tmp_path / "requirements.txt").write_text("alpha>=1\nbeta\nGamma\n")
    (tmp_path / "constraints.txt").write_text(LOCK)
    code = [entry("alpha", "1.4.2", "@ann"), entry("beta", "0.9.0", "@bob"), entry("gamma", "2.0.1", "@ann")]
    data = [entry("census", f"sha256:{digest}", "@data-office", path="train.csv", columns=["age", "income"])]
    manifest = tmp_path / "dependencies.json"
    manifest.write_text(json.dumps({"code": code, "data": data}, indent=1))

    def perform(test, *, fault=None, change=("", ""), **options):
        if fault is not None:
            options["notify"] = f"{sys.executable} {module}.py {fault} {{manifest}} {{lock}} {{url}}"
        elif "notify" in options and options["notify"].startswith(":"):
            options["notify"] = module + options["notify"]
        if manifest.exists():
            manifest.write_text(manifest.read_text().replace(*change))
        options = {"settle": "100 ms", **options}
        one = Run(tmp_path, None, data={"train": "train.csv"}, items={check.ITEM.id: options})
        project = one.mlready
        project.discovered = SimpleNamespace(
            dockerfiles=tuple(p.relative_to(tmp_path) for p in tmp_path.glob("Dockerfile"))
        )
        test(project, one.evidence)
        perform.notes = one.evidence.notes
        return one.values()

    perform.folder, perform.manifest = tmp_path, manifest
    return perform


LISTS, DRILL = check.test_the_manifest_names_what_is_there, check.test_simulated_changes_are_notified


def test_a_manifest_that_agrees_with_what_is_there_passes(drilled):
    values = drilled(LISTS)
    assert values["direct dependencies with an entry"] == 4
    assert values["entries held against what is there"] == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("1.4.2", "1.4.1"), "code alpha is 1.4.1; the lock file has 1.4.2"),
        (('"beta"', '"betta"'), r'no entry for beta \(requirements.txt:2\); did you mean "betta"'),
        (("@bob", "TODO"), "code beta lacks owner"),
        (('"income"', '"wage"'), "has no column wage any more"),
        (("train.csv", "trian.csv"), r"no entry for the data train\.csv"),
    ],
)
def test_a_manifest_that_is_not_true_or_not_whole_fails(drilled, change, said):
    with pytest.raises(Failed, match=said):
        drilled(LISTS, change=change)


def test_data_that_changed_under_the_manifest_fail(drilled):
    (drilled.folder / "train.csv").write_text("age,income\n9,a\n")
    with pytest.raises(Failed, match=r"train\.csv has the digest"):
        drilled(LISTS)


def test_a_base_image_without_an_entry_fails(drilled):
    (drilled.folder / "Dockerfile").write_text("FROM python:3.11\n")
    with pytest.raises(Failed, match="no entry for the image python"):
        drilled(LISTS)


def test_a_manifest_with_mistakes_is_an_error_that_lists_them(drilled):
    with pytest.raises(DataError, match="write it in quotes"):
        drilled(LISTS, change=('"1.4.2"', "1.4"))


def test_no_manifest_is_unverified_and_inconclusive_beside_a_notifier(drilled):
    drilled.manifest.unlink()
    for test in (LISTS, DRILL):
        with pytest.raises(Unverified, match=r"write dependencies.yaml"):
            drilled(test)
        with pytest.raises(Inconclusive, match="a notifier is named"):
            drilled(test, fault="none")


def test_no_requirements_are_inconclusive(drilled):
    (drilled.folder / "requirements.txt").unlink()
    with pytest.raises(Inconclusive, match="requirement files name no dependency"):
        drilled(LISTS)


def test_a_notifier_that_tells_every_change_and_nothing_else_passes(drilled):
    values = drilled(DRILL, fault="none")
    assert values["simulated changes notified"] == 5
    assert values["changes notified: data schema"] == values["changes notified: code version (minor)"] == 1
    assert values["notifications on nothing"] == values["notifications on owner alone"] == 0
    assert drilled.notes.grade == "live"


@pytest.mark.parametrize(
    ("notify", "env"),
    [(":notify", {}), (":to_file", {}), (":by_variable", {"HOOK": "{url}"})],
)
def test_a_function_is_called_with_what_it_takes_and_may_deliver_to_a_file(drilled, notify, env):
    assert drilled(DRILL, notify=notify, env=env)["simulated changes notified"] == 5


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("drops", "5 of 5 simulated changes.*nothing arrived.*ended with status 1"),
        ("majors", r"4 of 5 simulated changes.*code version \(patch\) of alpha, 1.4.2 → 1.4.3: nothing arrived"),
        ("code", "2 of 5 simulated changes.*data version of census"),
        ("nobody", r"does not name owner or channel \(@ann, #alpha-news\)"),
        ("vague", r"does not name the old version \(1.4.2\)"),
        ("cries", "a notification arrives on no change at all: all is well"),
    ],
)
def test_a_notifier_that_misses_changes_or_cries_wolf_fails(drilled, fault, said):
    with pytest.raises(Failed) as caught:
        drilled(DRILL, fault=fault)
    assert pytest.RaisesExc(Failed, match=f"(?s){said}").matches(caught.value)


def test_a_notifier_that_raises_fails_with_its_last_lines(drilled):
    with pytest.raises(Failed, match=r"(?s)nothing arrived.*RuntimeError: no such channel"):
        drilled(DRILL, notify=":raises")


def test_a_notifier_that_hangs_fails_within_its_limit(drilled):
    with pytest.raises(Failed, match="did not end within"):
        drilled(DRILL, fault="hangs", limit="300 ms")


def test_a_notifier_that_does_not_take_the_manifest_is_an_error(drilled):
    with pytest.raises(ReadinessError, match="does not take the manifest"):
        drilled(DRILL, notify=":takes_nothing")
    with pytest.raises(ReadinessError, match="unknown placeholder"):
        drilled(DRILL, notify="watch {manifest} {hook}")
    with pytest.raises(ReadinessError, match="env cannot be filled in"):
        drilled(DRILL, fault="none", env={"A": "{hook}"})


def test_a_lock_file_that_is_asked_for_and_not_there_is_an_error(drilled):
    (drilled.folder / "constraints.txt").rename(drilled.folder / "pins.txt")
    with pytest.raises((ReadinessError, Inconclusive), match="takes a lock file, and none was found"):
        drilled(DRILL, fault="none")
    assert drilled(DRILL, fault="none", locks=["pins.txt"])["simulated changes notified"] == 5


def test_a_list_without_a_notifier_is_inconclusive(drilled):
    with pytest.raises(Inconclusive, match="a list alone is no notice"):
        drilled(DRILL)


def test_a_manifest_that_is_not_true_leaves_the_drill_inconclusive(drilled):
    with pytest.raises(Inconclusive, match="silence on no change cannot be told"):
        drilled(DRILL, fault="none", change=("1.4.2", "1.4.1"))
