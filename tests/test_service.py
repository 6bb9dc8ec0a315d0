"""What the settings say about the service becomes a plan, and every mistake in them a sentence."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pytest_mlready import project, service
from pytest_mlready.errors import ReadinessError, Unverified

START = 'start = "serve --port {port}"\n'


@pytest.fixture
def planned(pytester, monkeypatch):
    """The plan that [endpoint] in mlready.toml gives."""
    monkeypatch.setenv("TOKEN", "t0ken")

    def read(table: str, **files: str):
        (pytester.path / "mlready.toml").write_text(f"[endpoint]\n{table}")
        for name, text in files.items():
            (pytester.path / name.replace("__", ".")).write_text(text)
        return project.Project(pytester.parseconfig(str(pytester.path))).plan

    return read


def test_without_a_service_the_line_that_would_configure_one_is_shown(planned):
    with pytest.raises(Unverified, match=r'start = "uvicorn service:app --port \{port\}"'):
        planned("")


def test_the_credential_gets_its_scheme(planned):
    assert planned(START + 'auth = { env = "TOKEN" }').headers() == {"Authorization": "Bearer t0ken"}
    assert planned(START + 'auth = { env = "TOKEN", scheme = "" }').headers() == {"Authorization": "t0ken"}
    assert planned(START + 'auth = { env = "TOKEN", header = "X-Api-Key" }').headers() == {"X-Api-Key": "t0ken"}
    assert planned(START + 'auth = { env = "TOKEN", scheme = "Token" }').headers() == {"Authorization": "Token t0ken"}


def test_every_credential_is_a_secret_with_and_without_its_scheme(planned):
    plan = planned(START + 'auth = { env = "TOKEN" }')
    assert {"t0ken", "Bearer t0ken"} <= set(plan.secrets)


def test_a_made_up_secret_reaches_the_service_and_the_credentials_function(planned):
    plan = planned(
        START + 'secrets = ["KEY"]\nauth = { credentials = "issuing:issue" }',
        issuing__py="def issue(environment):\n    return {'good': environment['KEY'][:8], 'expired': 'old'}",
    )
    made_up = plan.environment["KEY"]
    assert len(made_up) == 64
    assert plan.credentials == {"good": f"Bearer {made_up[:8]}", "expired": "Bearer old"}
    assert made_up in plan.secrets


def test_a_secret_that_is_set_is_not_made_up_and_still_hidden(planned, monkeypatch):
    monkeypatch.setenv("KEY", "of-the-team")
    plan = planned(START + 'secrets = ["KEY"]')
    assert plan.environment["KEY"] == "of-the-team"
    assert "of-the-team" in plan.secrets


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def issue(e):\n    return {'goood': 'x'}", "expected"),
        ("def issue(e):\n    return None", "returned something else than credentials by kind"),
        ("def issue(e):\n    raise KeyError(e['KEY'])", 'credentials = "wrong:issue" raised KeyError'),
        ("", "wrong has no issue"),
    ],
)
def test_a_credentials_function_that_is_wrong_is_told_so_without_its_secrets(planned, code, said):
    with pytest.raises(ReadinessError, match="(?i)" + said.replace("(", r"\(")) as caught:
        planned(START + 'secrets = ["KEY"]\nauth = { credentials = "wrong:issue" }', wrong__py=code)
    assert not [word for word in str(caught.value).split() if len(word) == 64]


def test_an_example_that_is_not_there_is_named_with_the_nearest(planned):
    with pytest.raises(ReadinessError, match=r'does not exist in .*did you mean "one\.json"'):
        planned(START + 'example = "onne.json"', one__json="{}")


def test_an_expected_answer_that_is_no_json_is_told_so(planned):
    with pytest.raises(ReadinessError, match=r"one\.json cannot be read"):
        planned(START + 'expect = "one.json"', one__json="{")


def test_an_openapi_file_is_read_and_an_openapi_path_is_left_to_the_service(planned):
    assert planned(START + 'openapi = "/api.json"').openapi == "/api.json"
    plan = planned(START + 'openapi = "api.yaml"', api__yaml="openapi: 3.1.0\npaths: {}")
    assert plan.document == {"openapi": "3.1.0", "paths": {}}


def test_a_url_goes_before_a_command(planned):
    plan = planned(START + 'url = "http://127.0.0.1:9"')
    assert (plan.start, plan.url) == (None, "http://127.0.0.1:9")


def test_load_goes_to_this_machine_and_to_hosts_that_are_allowed_by_name(planned):
    plan = planned('url = "http://staging.example:80"')
    assert 'allow_hosts = ["staging.example"]' in plan.refusal(plan.url, changes_state=False)
    allowed = planned('url = "http://staging.example:80"\nallow_hosts = ["staging.example"]')
    assert allowed.refusal(allowed.url, changes_state=False) is None
    assert "may_change_state = true" in allowed.refusal(allowed.url, changes_state=True)
    local = planned('url = "http://[::1]:80"')
    assert local.refusal(local.url, changes_state=True) is None


def test_a_command_of_the_same_environment_is_found_although_nobody_activated_it(planned, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    folder = str(Path(sys.executable).parent)
    assert planned(START).environment["PATH"].split(os.pathsep) == [folder, "/usr/bin"]


def test_made_up_secrets_differ_from_run_to_run_and_name_to_name(pytester):
    one, two = pytester.parseconfig(), pytester.parseconfig()
    assert service.made_up_secret(one, "A") == service.made_up_secret(one, "A")
    made_up = {service.made_up_secret(c, n) for c in (one, two) for n in "AB"}
    assert len(made_up) == 4


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('url = "http://127.0.0.1:8000/predict"', 'predict = "POST /predict"'),
        (START + 'predict = "POST predict"', 'predict = "POST /predict"'),
        (START + 'ready = "readyz"', 'ready = "/readyz"'),
    ],
)
def test_an_address_that_is_slightly_wrong_is_told_before_anything_starts(planned, table, said):
    with pytest.raises(ReadinessError, match=said):
        planned(table)


@pytest.mark.parametrize("source", ["models:/churn@champion", "predictor:predict"])
def test_a_model_that_is_no_file_reaches_the_command_as_it_is_written(planned, source):
    assert planned(START + f'[model]\npath = "{source}"').model == source


def test_a_model_file_reaches_the_command_as_an_absolute_path(planned, pytester):
    assert planned(START + '[model]\npath = "model.joblib"').model == str(pytester.path / "model.joblib")


def test_a_credential_of_blanks_is_none_and_a_newline_at_its_end_is_left_out(planned, monkeypatch):
    monkeypatch.setenv("TOKEN", "t0ken\n")
    assert planned(START + 'auth = { env = "TOKEN" }').headers() == {"Authorization": "Bearer t0ken"}
    monkeypatch.setenv("TOKEN", " ")
    with pytest.raises(ReadinessError, match="TOKEN, which holds a credential, is not set"):
        planned(START + 'auth = { env = "TOKEN" }')


def test_a_password_in_the_url_is_a_secret(planned):
    assert "s3cret" in planned('url = "https://me:s3cret@models.example"').secrets
