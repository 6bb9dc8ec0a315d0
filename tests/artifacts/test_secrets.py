"""Credentials are found wherever they are hidden, healthy artifacts give no finding, and nothing ever says a secret."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pickle
import subprocess
import sys
import time
import warnings

import joblib
import numpy as np
import pytest
import secret_samples as made
from detect_secrets import settings as their_settings
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_file

from pytest_mlready.artifacts.contents.artifact import Artifact
from pytest_mlready.artifacts.contents.limits import Limits
from pytest_mlready.artifacts.secrets import baseline, detectors, excuses, scan, verdicts
from pytest_mlready.artifacts.secrets.suspects import Suspect
from pytest_mlready.errors import ReadinessError


def scanned(path, **more):
    audited = more.pop("audited", None)
    (report,) = scan.scan([Artifact(path, path.name, **more)], baseline=audited)
    return report


@pytest.fixture
def written(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


@pytest.mark.parametrize("name", ["notes.txt", "settings.env", "train.py", "config.yaml", "page.html"])
def test_every_kind_of_credential_is_found_in_a_text(name, written):
    path = written(name, "\n".join(line for line, _ in made.LINES.values()))
    digests = {hashlib.sha256(secret.encode()).hexdigest()[:8] for _, secret in made.LINES.values()}
    assert digests <= {finding.sha256 for finding in scanned(path).findings}


@pytest.mark.parametrize("kind", made.LINES)
def test_each_kind_of_credential_is_found_alone(kind, written):
    line, secret = made.LINES[kind]
    report = scanned(written("notes.txt", f"\nfirst\n{line}\n"))
    assert report.gaps == []
    assert [finding.line for finding in report.findings] == [3]
    assert report.findings[0].length == len(secret)
    assert report.findings[0].sha256 == hashlib.sha256(secret.encode()).hexdigest()[:8]


@pytest.mark.parametrize("name", made.HEALTHY)
def test_what_healthy_projects_have_is_no_alarm(name, written):
    report = scanned(written(name, made.HEALTHY[name]))
    assert report.findings == []
    assert report.gaps == []
    assert report.files == 1


class Pipeline:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def hidden(tmp_path):
    """A credential in every place that the item is about, by name."""
    table, weights = {"storage": {"api_key": made.OPENAI}}, np.arange(50_000.0)
    joblib.dump([weights, Pipeline(config=table)], tmp_path / "plain.joblib")
    joblib.dump([weights, Pipeline(config=table)], tmp_path / "zlib.joblib", compress=3)
    joblib.dump(table, tmp_path / "lzma.joblib", compress=("lzma", 1))
    (tmp_path / "bytes.pkl").write_bytes(pickle.dumps({"x": made.OPENAI.encode()}))
    (tmp_path / "old.pkl").write_bytes(pickle.dumps(table, protocol=0))
    (tmp_path / "n.ipynb").write_bytes(made.notebook({"output_type": "stream", "text": [f"using {made.HUGGING_FACE}"]}))
    (tmp_path / "m.zip").write_bytes(made.zipped({"a/b.json": json.dumps(table).encode()}))
    (tmp_path / "deleted.tar").write_bytes(
        made.docker_archive([{"a/.env": f"K={made.GITHUB}".encode()}, {"a/.wh..env": b""}])
    )
    (tmp_path / "env.tar").write_bytes(
        made.oci_archive([{"x": b"x"}], {"config": {"Env": [f"DB_PASSWORD={made.PASSWORD}"]}})
    )
    arg = {"history": [{"created_by": f"|1 PIP_TOKEN={made.letters(30)}9 /bin/sh -c pip install -r requirements.txt"}]}
    (tmp_path / "history.tar").write_bytes(made.docker_archive([{"x": b"x"}], arg))
    (tmp_path / "in layer.tar").write_bytes(
        made.docker_archive([{"srv/m.joblib": (tmp_path / "zlib.joblib").read_bytes()}])
    )
    (tmp_path / "key.tar").write_bytes(made.oci_archive([{"root/.ssh/id": made.PEM.encode()}]))
    return sorted(tmp_path.iterdir())


def test_a_credential_is_found_in_every_hiding_place(tmp_path):
    for path in hidden(tmp_path):
        report = scanned(path)
        assert len(report.findings) == 1, path.name
        assert report.gaps == [], path.name


def test_a_credential_is_found_in_the_metadata_of_models(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    numpy.save_file({"w": np.zeros(9)}, tmp_path / "m.safetensors", metadata={"hub_token": made.HUGGING_FACE})
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_string("general.source.password", made.PASSWORD)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    onnx = pytest.importorskip("onnx")
    graph = onnx.helper.make_graph([], "g", [], [])
    model = onnx.helper.make_model(graph)
    onnx.helper.set_model_props(model, {"mlflow_tracking_uri": f"https://team:{made.PASSWORD}@mlflow.corp"})
    onnx.save(model, tmp_path / "m.onnx")
    for path in sorted(tmp_path.iterdir()):
        report = scanned(path)
        assert [f.at.where for f in report.findings] == [f"{path.name}!metadata"]
        assert report.gaps == []


def test_a_key_in_a_deleted_layer_says_that_it_still_ships(written):
    layers = [{"app/.env": f"A=1\nTOKEN={made.GITHUB}\n".encode()}, {"app/.wh..env": b""}]
    (finding,) = scanned(written("image.tar", made.docker_archive(layers))).findings
    assert "!app/.env:2: GitHub Credential, 93 characters" in str(finding)
    assert str(finding).endswith("(deleted in layer 2, still shipped)")


# Healthy artifacts ------------------------------------------------------------------------------------------------------


def test_healthy_models_of_every_format_give_no_finding(tmp_path):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = [f"password token secret key number{i} api_key hunter{i}" for i in range(200)]
    text = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words, [i % 2 for i in range(200)])
    X = np.random.default_rng(0).normal(size=(400, 6))
    trees = HistGradientBoostingClassifier(max_iter=30).fit(X, X[:, 0] > 0)
    linear = LogisticRegression().fit(X, X[:, 0] > 0)
    joblib.dump(text, tmp_path / "text.joblib", compress=3)
    joblib.dump(trees, tmp_path / "trees.joblib")
    (tmp_path / "trees.pkl").write_bytes(pickle.dumps(trees))
    skops = pytest.importorskip("skops.io")
    skops.dump(trees, tmp_path / "trees.skops")
    skl2onnx = pytest.importorskip("skl2onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (tmp_path / "linear.onnx").write_bytes(skl2onnx.to_onnx(linear, X[:1].astype(np.float32)).SerializeToString())
    (tmp_path / "plot.ipynb").write_bytes(made.notebook(made.picture(), source="plt.plot(x)"))
    layers = [
        {f"app/{name}": text.encode() for name, text in made.HEALTHY.items()},
        {"app/m.skops": (tmp_path / "trees.skops").read_bytes()},
    ]
    config = {
        "config": {"Env": ["PATH=/usr/bin", "GPG_KEY=" + made.letters(40, "0123456789ABCDEF"), "PYTHON_VERSION=3.11.9"]}
    }
    (tmp_path / "image.tar").write_bytes(made.docker_archive(layers, config))
    for path in sorted(tmp_path.iterdir()):
        report = scanned(path)
        assert [str(f) for f in report.findings] == [], path.name
        assert report.gaps == [], path.name
        assert report.files, path.name


def test_examples_in_a_packages_tests_are_no_alarm_and_elsewhere_in_it_they_are(written):
    package = "usr/lib/python3/dist-packages/tornado"
    quiet = {f"{package}/test/test.key": made.PEM.encode(), f"{package}/docs.py": made.LINES["password"][0].encode()}
    assert scanned(written("a.tar", made.docker_archive([quiet]))).findings == []
    loud = {f"{package}/settings.py": f'KEY = "{made.OPENAI}"'.encode()}
    assert len(scanned(written("b.tar", made.docker_archive([loud]))).findings) == 1


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("password: options can not be used", "options can not be used"),
        ('secretName: "income-tls-cert"', "income-tls-cert"),
        ('token_url = "login/v2/token"', "login/v2/token"),
        ('api_key = "OPENAI_API_KEY"', "OPENAI_API_KEY"),
        ('client_secret: "clientSecret"', "clientSecret"),
        ("password=%(password)s", "%(password)s"),
        ('password = "{{ vault.password }}"', "{{ vault.password }}"),
        ('"pad_token": "blank9-filling-text"', "blank9-filling-text"),
        ("password = $DB_PASSWORD", "$DB_PASSWORD"),
        ('token = "prefix-$token"', "prefix-$token"),
        ("api_key = ", "/run/secrets/Income/ApiKey2024"),
        ("api_key = ", "models/Income2024/TreeV2/Final"),
        ("private_key: Ed25519PrivateKey | Ed448PrivateKey", "Ed25519PrivateKey | Ed448PrivateKey"),
    ],
)
def test_names_places_and_prose_are_no_secret(line, value):
    assert excuses.is_no_secret(value, line)


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("password: ", "hunter2"),
        ("client_secret: ", "hunter2"),
        ("passphrase = ", "correct-horse-battery-staple"),
        ("secret_key = '", "supersecret1"),
        ("DB_PASSWORD=", "postgres42"),
        ("DB_PASSWORD=", "Tr0ub4dor$9xQ"),
        ("DB_PASSWORD=", "S3cret%(x"),
        ("AWS_SECRET_ACCESS_KEY=", made.letters(13) + "I/K7mD2nG/bPxRfiCYzR7q2wYkEp"),
        ("AWS_SECRET_ACCESS_KEY=", "/" + "JalrXUtnF9MIaK7mD2nG+bPxRfiCYzR7q2wYkEp"),
    ],
)
def test_weak_passwords_are_secrets(before, value):
    assert not excuses.is_no_secret(value, before + value)


# Never a character of it ------------------------------------------------------------------------------------------------


def parts(secret):
    """Every stretch of six characters."""
    return {secret[i : i + 6] for i in range(len(secret) - 5)}


def test_nothing_that_is_told_has_a_part_of_a_secret(tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    audited = baseline.Baseline()
    text = "\n".join(line for line, _ in made.LINES.values())
    (tmp_path / "x.env").write_text(text + '\npassword = "0123456789"\nsecret = "{templated-Zq81x-value}"\n')
    report = scanned(tmp_path / "x.env", audited=audited)
    told = "\n".join(
        [repr(report), *map(str, report.findings), *map(str, verdicts.judge([report])), baseline.draft(report.findings)]
    )
    printed = capfd.readouterr()
    told += caplog.text + printed.out + printed.err
    for finding in report.findings:
        told = told.replace(finding.kind, "")
    fixed = "-----BEGIN PRIVATE KEY-----"
    secrets = {secret for _, secret in made.LINES.values()} | {"{templated-Zq81x-value}"}
    assert [part for secret in secrets for part in parts(secret) if part in told and part not in fixed] == []
    assert told.count("characters, sha256") >= len(made.LINES) - 5


def test_a_crash_tells_its_kind_and_not_what_was_read(written, monkeypatch):
    def crash(piece):
        raise ValueError(piece.text)
        yield

    monkeypatch.setattr("pytest_mlready.artifacts.secrets.suspects.pick", crash)
    report = scanned(written("x.env", made.LINES["password"][0]))
    assert report.gaps == ["x.env: the scan ended early (ValueError)"]
    assert verdicts.judge([report])[0].outcome == "inconclusive"


def test_a_detect_secrets_that_reads_nothing_is_an_error_without_the_text(written, monkeypatch):
    monkeypatch.setattr("detect_secrets.core.scan.scan_file", lambda _: iter(()))
    with pytest.raises(ReadinessError, match="did not read") as caught:
        scanned(written("x.env", made.LINES["password"][0]))
    frames = [frame for entry in caught.traceback for frame in (entry.frame.f_locals,)]
    assert not any(made.PASSWORD in repr(value) for frame in frames for key, value in frame.items() if key != "self")


def test_lines_are_read_whatever_the_encoding_of_the_system(written, tmp_path):
    """detect-secrets opens files in the encoding of the locale, and leaves out without a word what that cannot read."""
    written("x.env", f"grün = 1\nDB_PASSWORD=ü{made.PASSWORD}\n")
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "pytest_mlready.artifacts.secrets", "x.env"]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=plain)
    assert len(json.loads(out.stdout)["results"]["x.env"]) == 1


# What detect-secrets was set to before, it is set to after -----------------------------------------------------------------


def test_settings_caches_and_globals_are_as_they_were(written, tmp_path):
    mine = tmp_path / "my.txt"
    mine.write_text(made.LINES["password"][0])
    with their_settings.default_settings():
        before = their_settings.get_settings().json()
        classes = set(get_mapping_from_secret_type_to_class())
        scanned(written("x.env", made.LINES["Anthropic"][0]))
        assert their_settings.get_settings().json() == before
        assert set(get_mapping_from_secret_type_to_class()) == classes
        assert [s.type for s in scan_file(str(mine))] == ["Secret Keyword"]
    assert not logging.getLogger("detect-secrets").disabled


def test_importing_the_library_leaves_configparser_and_warnings_alone():
    program = (
        "import configparser, warnings; e, w = configparser.ParsingError, warnings.showwarning\n"
        "from pytest_mlready.artifacts.secrets import detectors\n"
        "with detectors.ready(): pass\n"
        "assert configparser.ParsingError is e and warnings.showwarning is w"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_second_scan_in_one_process_finds_the_same(written):
    path = written("x.env", "\n".join(line for line, _ in made.LINES.values()))
    assert scanned(path).findings == scanned(path).findings


def test_a_pragma_of_detect_secrets_is_honoured(written):
    text = f'password = "{made.PASSWORD}"  # pragma: allowlist secret\n# pragma: allowlist nextline secret\n{made.LINES["password"][0]}\n'
    assert scanned(written("x.py", text)).findings == []


# Audited baselines ---------------------------------------------------------------------------------------------------------


def drafted(path, tmp_path, **change):
    report = scanned(path)
    document = json.loads(baseline.draft(report.findings))
    for entries in document["results"].values():
        for entry in entries:
            entry.update(change)
    file = tmp_path / ".secrets.baseline"
    file.write_text(json.dumps(document))
    return baseline.read(file)


def test_an_audited_finding_is_accepted_and_counted(written, tmp_path):
    path = written("x.env", made.LINES["password"][0])
    report = scanned(path, audited=drafted(path, tmp_path, is_secret=False))
    assert (report.findings, report.accepted) == ([], 1)
    assert verdicts.judge([report])[0].outcome == "passed"


@pytest.mark.parametrize("change", [{}, {"is_secret": True}, {"is_secret": None}, {"is_verified": True}])
def test_an_entry_that_nobody_judged_a_false_alarm_excuses_nothing(change, written, tmp_path):
    path = written("x.env", made.LINES["password"][0])
    assert len(scanned(path, audited=drafted(path, tmp_path, **change)).findings) == 1


@pytest.mark.parametrize("change", [{"hashed_secret": "0" * 40}, {"type": "Hex High Entropy String"}])
def test_another_secret_or_another_kind_is_not_excused(change, written, tmp_path):
    path = written("x.env", made.LINES["password"][0])
    assert len(scanned(path, audited=drafted(path, tmp_path, is_secret=False, **change)).findings) == 1


def test_a_file_that_was_audited_is_excused_in_an_image_too_and_another_file_is_not(written, tmp_path):
    finding = scanned(written("settings.py", made.LINES["password"][0])).findings[0]
    audited = baseline.Baseline([(finding.kind, finding.sha1, "app/settings.py")])
    line = made.LINES["password"][0].encode()
    inside = written("i.tar", made.docker_archive([{"srv/app/settings.py": line, "srv/app/other.py": line}]))
    report = scanned(inside, audited=audited)
    assert report.accepted == 1
    assert [f.at.name for f in report.findings] == ["srv/app/other.py"]


def test_a_baseline_that_detect_secrets_wrote_is_understood(written, tmp_path):
    from detect_secrets import SecretsCollection
    from detect_secrets.core import baseline as theirs

    written("x.env", made.LINES["password"][0])
    with their_settings.default_settings():
        secrets = SecretsCollection(root=str(tmp_path))
        secrets.scan_file("x.env")
        document = theirs.format_for_output(secrets)
    for entry in document["results"]["x.env"]:
        entry["is_secret"] = False
    (tmp_path / "audited").write_text(json.dumps(document))
    report = scanned(tmp_path / "x.env", audited=baseline.read(tmp_path / "audited"))
    assert (report.findings, report.accepted) == ([], 1)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"results": []}', '{"results": {"a": [1]}}', '{"results": {"a": [{"is_secret": false}]}}']
)
def test_a_damaged_baseline_is_bad_input(text, tmp_path):
    (tmp_path / "b").write_text(text)
    with pytest.raises(ReadinessError, match="baseline b"):
        baseline.read(tmp_path / "b")


def test_a_draft_can_be_made_from_the_command_line(written, tmp_path):
    joblib.dump({"password": made.PASSWORD}, tmp_path / "m.joblib", compress=3)
    command = [sys.executable, "-m", "pytest_mlready.artifacts.secrets", "m.joblib"]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    (entry,) = json.loads(out.stdout)["results"]["m.joblib!zlib"]
    assert entry["type"] == "Secret Keyword"
    assert made.PASSWORD not in out.stdout + out.stderr


# Verdicts --------------------------------------------------------------------------------------------------------------------


def test_a_finding_fails_even_when_something_could_not_be_opened(written):
    data = made.zipped({"a.env": made.LINES["password"][0].encode(), "b.gz": b"\x1f\x8b\x08cut"})
    (verdict,) = verdicts.judge([scanned(written("a.zip", data))])
    assert verdict.outcome == "failed"
    assert "a.zip holds 1 secret:" in verdict.message
    assert "1 place in a.zip could not be looked into" in verdict.message


def test_what_could_not_be_opened_never_passes(written):
    (verdict,) = verdicts.judge([scanned(written("a.gz", b"\x1f\x8b\x08cut"))])
    assert verdict.outcome == "inconclusive"
    assert verdict.measurements[1].value == 1


def test_nothing_to_look_into_never_passes(written, tmp_path):
    assert verdicts.judge([scanned(written("empty", b""))])[0].outcome == "inconclusive"
    (tmp_path / "folder").mkdir()
    assert verdicts.judge([scanned(tmp_path / "folder")])[0].outcome == "inconclusive"
    assert verdicts.judge([]) == []


def test_a_file_that_is_no_image_does_not_pass_as_one(written):
    (verdict,) = verdicts.judge([scanned(written("Dockerfile", "FROM scratch\n"))], images=True)
    assert verdict.outcome == "inconclusive"
    assert "not a saved image" in verdict.message


def test_a_limit_that_ends_the_scan_never_passes(written):
    path = written("x.txt", "few words\n" * 1000)
    for limits in (Limits(seconds=0.0), Limits(text=100)):
        (verdict,) = verdicts.judge([scanned(path, limits=limits)])
        assert verdict.outcome == "inconclusive"


@pytest.mark.parametrize("words", ["secret_key_", "password=", "--token ", "eyJ", "token=\n"])
def test_a_text_that_is_made_to_be_slow_ends_at_its_time_limit(words, written):
    path = written("x.env", words * (3_000_000 // len(words)))
    start = time.perf_counter()
    (verdict,) = verdicts.judge([scanned(path, limits=Limits(seconds=1.0))])
    assert time.perf_counter() - start < 15
    assert verdict.outcome != "passed" or words == "eyJ"


def test_many_findings_are_listed_in_part_and_counted_in_full(written):
    text = "\n".join(f'{"password"} = "{made.letters(9)}"' for _ in range(50))
    (verdict,) = verdicts.judge([scanned(written("x.py", text))])
    assert verdict.message.count("x.py:") == 20
    assert "and 30 more" in verdict.message
    assert verdict.measurements[0].value == 50


def test_detectors_read_lines_one_by_one():
    with detectors.ready() as ready:
        lines = [
            Suspect(line=i, text=text)
            for i, text in enumerate(["[section]", f'password = "{made.PASSWORD}"', "# comment"])
        ]
        (hit,) = ready.read(lines, config=False)
    assert hit.index == 1


@pytest.mark.parametrize("kind", ["Basic Auth Credentials", "Secret Keyword"])
def test_what_was_audited_under_detect_secrets_name_for_it_is_accepted(kind, written):
    lines = {
        "Basic Auth Credentials": f"https://bob:{made.PASSWORD}@db.acme.io/x",
        "Secret Keyword": made.LINES["password"][0],
    }
    path = written("x.env", lines[kind])
    (finding,) = scanned(path).findings
    assert scanned(path, audited=baseline.Baseline([(kind, finding.sha1, "x.env")])).findings == []


def test_an_image_without_layers_is_not_called_free_of_secrets(written):
    report = scanned(written("image.tar", made.docker_archive([])))
    verdict = verdicts.judge([report], images=True)[0]
    assert (verdict.outcome, "names no layers" in verdict.message) == ("inconclusive", True)
