from __future__ import annotations

import hashlib
import socket

import pytest
import store_stub

from pytest_mlready.artifacts import exposure
from pytest_mlready.errors import DataError

MODEL = b"weights"
KNOWN = {hashlib.sha256(MODEL).hexdigest()}


def ask(answer, path="/model.bin", **more):
    with store_stub.serving(answer) as base:
        return exposure.verify(base + path, artifacts=KNOWN, **more)


def always(status, headers=None, body=b""):
    return lambda path, given: (status, headers or {}, body)


@pytest.mark.parametrize("status", [401, 403])
def test_a_store_that_denies_passes(status):
    found = ask(always(status))
    assert (found.outcome, found.measurements[0].value) == ("passed", status)


def test_a_store_that_gives_the_artifact_away_fails():
    found = ask(always(200, body=MODEL))
    assert (found.outcome, "gives the artifact to anybody" in found.message) == ("failed", True)


def test_a_store_that_answers_something_else_fails_too():
    found = ask(always(200, {"Content-Type": "application/octet-stream"}, b"older weights"))
    assert (found.outcome, "answers anybody with 200" in found.message) == ("failed", True)


def test_a_redirect_to_an_open_place_is_followed_and_fails():
    def answer(path, headers):
        return (200, {}, MODEL) if path == "/open" else (302, {"Location": "/open"}, b"")

    assert ask(answer).outcome == "failed"


def test_a_page_to_sign_in_is_inconclusive():
    def answer(path, headers):
        return (
            (200, {"Content-Type": "text/html"}, b"<form>") if path == "/login" else (302, {"Location": "/login"}, b"")
        )

    found = ask(answer)
    assert (found.outcome, "a form to sign in?" in found.message) == ("inconclusive", True)


def test_a_redirect_to_a_host_that_is_not_allowed_is_not_followed():
    found = ask(always(307, {"Location": "https://storage.example/model.bin?X-Amz-Signature=secret"}))
    assert found.outcome == "inconclusive"
    assert "https://storage.example/model.bin, which was not asked" in found.message
    assert "secret" not in found.message


def test_a_404_counts_only_when_a_credential_opens_the_same_address(monkeypatch):
    def answer(path, headers):
        opened = path == "/model.bin" and headers.get("Authorization") == "Bearer good"
        return (200, {}, MODEL) if opened else (404, {}, b"")

    assert "set `credential_env`" in ask(answer).message
    assert "STORE_TOKEN is not set" in ask(answer, credential_env="STORE_TOKEN").message
    monkeypatch.setenv("STORE_TOKEN", "Bearer good")
    assert ask(answer, credential_env="STORE_TOKEN").outcome == "passed"
    found = ask(answer, "/typo.bin", credential_env="STORE_TOKEN")
    assert (found.outcome, "404 to the credential of STORE_TOKEN" in found.message) == ("inconclusive", True)
    assert "good" not in found.message


def test_azures_word_for_a_closed_account_passes():
    assert ask(always(409, {"x-ms-error-code": "PublicAccessNotPermitted"})).outcome == "passed"
    assert ask(always(409)).outcome == "inconclusive"


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_an_answer_that_neither_gives_nor_denies_is_inconclusive(status):
    assert ask(always(status)).outcome == "inconclusive"


def test_a_store_that_does_not_answer_is_inconclusive():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = exposure.verify(f"http://127.0.0.1:{unused.getsockname()[1]}/model.bin", artifacts=KNOWN)
    assert (found.outcome, "does not answer" in found.message) == ("inconclusive", True)


def test_a_loop_of_redirects_ends():
    assert ask(always(302, {"Location": "/again"})).outcome == "inconclusive"


def test_no_credential_of_this_machine_is_sent(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    seen = {}

    def answer(path, headers):
        seen.update(headers)
        return 401, {}, b""

    assert ask(answer).outcome == "passed"
    assert "Authorization" not in seen


def test_a_body_is_read_only_so_far(monkeypatch):
    monkeypatch.setattr(exposure, "MOST", 10)
    assert ask(always(200, body=b"x" * 100_000)).outcome == "failed"


def test_hosts_that_are_not_allowed_are_not_asked(monkeypatch):
    monkeypatch.setattr(exposure, "_fetch", lambda *_: pytest.fail("it was asked"))
    found = exposure.verify("https://models.example/income.bin", artifacts=KNOWN)
    assert (found.outcome, 'allow_hosts = ["models.example"]' in found.message) == ("inconclusive", True)


@pytest.mark.parametrize(
    "url",
    [
        "https://me:secret@models.example/income.bin",
        "https://models.example/income.bin?X-Amz-Signature=secret",
        "https://models.example/income.bin?sig=secret&se=2027",
        "https://models.example/income.bin?access_token=secret",
    ],
)
def test_an_address_with_a_credential_is_refused_and_not_shown(url):
    with pytest.raises(DataError, match="carries a credential") as caught:
        exposure.verify(url, artifacts=KNOWN, allow_hosts=("models.example",))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3://bucket/income.bin", "models.example/income.bin", "file:///etc/passwd", ""])
def test_what_is_no_web_address_is_an_error(url):
    with pytest.raises(DataError, match="that a stranger could ask"):
        exposure.verify(url, artifacts=KNOWN)


def test_a_credential_that_no_header_can_hold_is_not_shown(monkeypatch):
    monkeypatch.setenv("STORE_CREDENTIAL", "Bearer sup3rs3cret\n")
    found = ask(always(404), credential_env="STORE_CREDENTIAL")
    assert (found.outcome, "sup3rs3cret" in found.message) == ("inconclusive", False)
    assert "a line feed?" in found.message


def test_a_redirect_to_what_is_no_address_is_inconclusive():
    found = ask(always(302, {"Location": "http://[bad"}))
    assert (found.outcome, "an address that cannot be read" in found.message) == ("inconclusive", True)


def test_a_redirect_in_a_circle_names_where_it_leads():
    found = ask(always(302, {"Location": "/model.bin"}))
    assert (found.outcome, ":///" in found.message) == ("inconclusive", False)


def test_an_address_that_cannot_be_read_is_an_error():
    with pytest.raises(DataError, match="an address that cannot be read"):
        exposure.verify("http://[bad/model.bin", artifacts=KNOWN)
