from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from guarded_service import token

from pytest_mlready.serving.access import credentials
from pytest_mlready.serving.plan import Plan


def plan(good=None, header="Authorization", **others):
    given = {**({"good": good} if good else {}), **others}
    return Plan(folder=Path(), header=header, credentials=given)


def garbage(*args, **more):
    return {c.shape: c for c in credentials.bad(plan(*args, **more), credentials.ALWAYS) if c.kind == "garbage"}


def test_an_opaque_key_is_changed_cut_and_lengthened_and_never_left_as_it_is():
    made = garbage("key-of-the-team", header="X-API-Key")
    values = [c.headers["X-API-Key"] for c in made.values()]
    assert {"key-of-ahe-team", "key-of-", "key-of-the-teamx", "", "null"} <= set(values)
    assert "key-of-the-team" not in values
    assert len(set(values)) == len(values)


def test_a_json_web_token_is_unsigned_stripped_and_forged():
    good = token()
    made = [c.headers["Authorization"].removeprefix("Bearer ") for c in garbage(f"Bearer {good}").values()]
    forged = [value for value in made if value.count(".") == 2]
    assert len(forged) == 3
    header = json.loads(base64.urlsafe_b64decode(forged[0].partition(".")[0] + "=="))
    assert header["alg"] == "none"
    signatures = [base64.urlsafe_b64decode(value.rpartition(".")[2] + "==") for value in (forged[2], good)]
    assert signatures[0] != signatures[1]


def test_what_was_made_from_a_secret_is_hidden_and_plain_garbage_is_shown():
    made = garbage("Bearer opaque-secret-token")
    assert made["the first half of the good token"].shown == {"Authorization": "Bearer ***"}
    assert made['the word "null"'].shown == {"Authorization": "Bearer null"}
    assert "Bearer opaque-secr" not in repr(list(made.values()))


def test_without_a_good_credential_there_is_garbage_in_the_usual_form():
    assert garbage()['the word "null"'].headers == {"Authorization": "Bearer null"}
    assert garbage(header="X-API-Key")['the word "null"'].headers == {"X-API-Key": "null"}


def test_no_default_password_is_tried_where_passwords_are_the_credential():
    assert "a default password" not in garbage("Basic dXNlcjpwYXNz")
    assert "a default password" in garbage("Bearer opaque")


@pytest.mark.parametrize("text", ["a.b.c", "a.b", "", "e30.e30.x", "!.!.!", "W10.W10.W10", "eyJhbGciOjF9.e30.x"])
def test_only_json_web_tokens_have_claims(text):
    assert credentials.claims(text) is None or text.startswith("eyJhbGciOjF9")


JAR = "csrf=a1b2c3d4; session=k9sJq29dkWpzTT81; lang=en"


def test_of_several_cookies_every_value_is_spoiled_and_every_name_stays():
    made = garbage(JAR, header="Cookie")
    assert len(made) == 6
    for one in made.values():
        sent = one.headers["Cookie"]
        assert [pair.partition("=")[0] for pair in sent.split("; ")] == ["csrf", "session", "lang"]
        assert "a1b2c3d4;" not in sent
        assert "k9sJq29dkWpzTT81;" not in sent


def test_no_part_of_a_cookie_is_shown():
    made = credentials.bad(plan(JAR, header="Cookie", expired=JAR.replace("k9", "x8")), credentials.KINDS)
    shown = " ".join(value for one in made for value in one.shown.values())
    assert "csrf=***; session=***; lang=***" in shown
    assert not any(part in shown for part in ("a1b2", "k9sJ", "x8sJ", "zTT81"))
    assert "x8sJq29dkWpzTT81" in credentials.hidden(made)


def test_a_cookie_has_no_scheme():
    assert credentials.split("session=abc; lang=en") == ("", "session=abc; lang=en")
    assert credentials.split("Bearer abc") == ("Bearer", "abc")
