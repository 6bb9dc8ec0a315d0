"""What clients of the income service rely on, asked of the application without a network."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from prometheus_client.parser import text_string_to_metric_families
from service.access import for_readiness
from service.app import create_app
from service.logs import JsonLines
from service.metrics import Metrics
from service.predictor import MAX_WAITING, Predictor, UnavailableError
from service.schema import EXAMPLE
from service.settings import Settings, SettingsError

HERE = Path(__file__).parents[1]
ENVIRONMENT = {"INCOME_SIGNING_KEY": "k" * 32, "MODEL_PATH": str(HERE / "artifacts" / "model.skops")}
TOKENS = for_readiness(ENVIRONMENT)
ONE = EXAMPLE["instances"][0]
CANARY = "<canary>\n"


def authorized(kind="good"):
    return {"Authorization": f"Bearer {TOKENS[kind]}"}


@contextmanager
def asking(environment):
    """A function that sends a request to an application with this environment; its loop runs in a thread of its own."""
    app = create_app(environment)
    web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://income")
    with start_blocking_portal() as loop, loop.wrap_async_context_manager(app.router.lifespan_context(app)):
        yield lambda method, path, **request: loop.call(partial(web.request, method, path, **request))
        loop.call(web.aclose)


def settled(ask):
    """The answer of /readyz once the model is loaded or refused."""
    until = time.monotonic() + 30
    while (answer := ask("GET", "/readyz")).json().get("reason") == "model_loading" and time.monotonic() < until:
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="module")
def ask():
    with asking(ENVIRONMENT) as ask:
        assert settled(ask).status_code == 200
        yield ask


def predict(ask, body):
    return ask("POST", "/predict", json=body, headers=authorized()).json()


async def chunks():
    for _ in range(2):
        yield b" " * 200_000


def test_the_example_gets_the_answer_on_record(ask):
    body, expected = (json.loads((HERE / "requests" / name).read_text()) for name in ("one.json", "one.expected.json"))
    answer = predict(ask, body)
    assert body == EXAMPLE, "requests/one.json is not the example of the OpenAPI document"
    assert answer["predictions"] == expected["predictions"]
    assert answer["model"]["sha256"] == expected["model"]["sha256"]
    assert answer["probabilities"][0] == pytest.approx(expected["probabilities"][0], abs=1e-9)


def test_the_service_says_what_the_model_says(ask, model, heldout):
    rows = heldout.X.select(model.feature_names)
    wanted = model.predict_proba(rows)
    for at in (0, 100, 200):
        body = {"instances": rows[at : at + 100].to_dicts()}
        answer = predict(ask, body)
        assert answer["probabilities"] == wanted[at : at + 100].tolist()


def test_requests_that_share_a_call_of_the_model_get_their_own_answers(ask):
    bodies = [{"instances": [{**ONE, "age": 20 + i}] * (1 + i % 3)} for i in range(24)]
    alone = [predict(ask, body) for body in bodies]
    with ThreadPoolExecutor(12) as many:
        together = list(many.map(partial(predict, ask), bodies))
    assert together == alone


def test_when_too_many_wait_the_next_one_is_told_at_once():
    async def crowd():
        predictor = Predictor(Settings.read(ENVIRONMENT), Metrics())  # nobody answers
        waiting = [asyncio.create_task(predictor.probabilities([])) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0)
        try:
            with pytest.raises(UnavailableError, match="busy"):
                await predictor.probabilities([])
        finally:
            for task in waiting:
                task.cancel()

    asyncio.run(crowd())


@pytest.mark.parametrize("path", ["/predict", "/metrics", "/openapi.json"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        (authorized("expired"), 401),
        (authorized("wrong_scope"), 403),
        (authorized("other_tenant"), 403),
    ],
    ids=["none", "nonsense", "expired", "wrong scope", "other tenant"],
)
def test_nobody_else_gets_in(ask, path, headers, status):
    answer = ask("POST" if path == "/predict" else "GET", path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps({"instances": [{**ONE, "age": float("nan")}]}), 422),
        (json.dumps({"instances": [{**ONE, "age": "39"}]}), 422),
        (json.dumps({"instances": [{**ONE, "occupation": CANARY}]}), 422),
        (json.dumps({"instances": [{**ONE, CANARY: 1}]}), 422),
        (json.dumps({"instances": [{name: ONE[name] for name in ONE if name != "age"}]}), 422),
        (json.dumps({"instances": [ONE] * 101}), 422),
        ("[" * 100_000, 400),
        (CANARY, 400),
        (" " * 300_000, 413),
        (chunks(), 413),
    ],
    ids=["NaN", "text", "unknown word", "unknown field", "column missing", "101", "deep", "no JSON", "big", "chunks"],
)
def test_a_bad_body_is_refused_and_not_repeated(ask, body, status):
    answer = ask("POST", "/predict", content=body, headers={**authorized(), "Content-Type": "application/json"})
    assert answer.status_code == status
    assert set(answer.json()) == {"reason", "message", "places"}
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"MODEL_PATH": "no/such/model.skops"}, "model_missing"),
        ({"MODEL_PATH": __file__}, "model_digest_unknown"),
        ({"MODEL_SHA256": "0" * 64}, "model_digest_wrong"),
    ],
)
def test_without_the_released_model_the_process_lives_and_is_not_ready(change, reason):
    with asking({**ENVIRONMENT, **change}) as ask:
        answer = settled(ask)
        assert (answer.status_code, answer.json()["reason"]) == (503, reason)
        assert ask("GET", "/livez").status_code == 200
        assert ask("POST", "/predict", json=EXAMPLE, headers=authorized()).status_code == 503


@pytest.fixture
def released(tmp_path):
    """An environment with a release file, and a function that writes one of the releases into it."""
    file = tmp_path / "release.json"

    def write(version, **change):
        path = HERE / json.loads((HERE / "releases" / "releases.json").read_text())[version]["path"]
        digest = (path.parent / "SHA256SUMS").read_text().partition(f"  {path.name}")[0][-64:]
        file.write_text(json.dumps({"path": str(path), "version": version, "sha256": digest, **change}))
        return digest

    return {**ENVIRONMENT, "RELEASE_FILE": str(file)}, write


def served_after_a_while(ask, version):
    until = time.monotonic() + 30
    while (model := ask("GET", "/readyz").json()["model"])["version"] != version and time.monotonic() < until:
        time.sleep(0.02)
    return model


def test_it_goes_back_to_an_earlier_release_and_forward_again_while_it_runs(released):
    environment, write = released
    golden = json.loads((HERE / "releases" / "1.9.0" / "golden.json").read_text())
    (case,) = golden["cases"]
    with asking(environment) as ask:
        assert settled(ask).json()["model"]["version"] == "2.0.0"  # the environment's, as long as there is no file
        write("1.9.0")
        assert served_after_a_while(ask, "1.9.0") == golden["model"]
        answer = predict(ask, case["request"])
        assert answer["model"] == golden["model"]
        assert answer["predictions"] == case["answer"]["predictions"]
        digest = write("2.0.0")
        assert served_after_a_while(ask, "2.0.0")["sha256"] == digest
        figures = ask("GET", "/metrics", headers=authorized()).text
        assert figures.count("income_model_info{") == 1


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"path": "no/such.skops"}, {"path": None}])
def test_a_release_that_is_refused_changes_nothing(released, caplog, change):
    environment, write = released
    with asking(environment) as ask:
        before = settled(ask).json()
        write("1.9.0", **change)
        until = time.monotonic() + 30
        while not any(record.levelname == "ERROR" for record in caplog.records) and time.monotonic() < until:
            time.sleep(0.02)
        assert ask("GET", "/readyz").json() == before
        assert predict(ask, EXAMPLE)["model"] == before["model"]


def test_it_does_not_start_with_a_key_that_could_be_guessed():
    with pytest.raises(SettingsError, match="at least 32 bytes"), asking({"INCOME_SIGNING_KEY": "k"}):
        pass


def test_a_line_of_the_log_is_one_json_object_whatever_is_in_it():
    record = logging.makeLogRecord({"msg": "GET /\n{}", "fields": {"route": "\x1b[2J\r\n"}})
    line = JsonLines().format(record)
    assert line.isprintable()
    assert json.loads(line)["message"] == "GET /\n{}"


def test_metrics_count_by_route_and_never_by_what_a_client_made_up(ask):
    ask("GET", f"/made/up/{id(ask)}")
    figures = ask("GET", "/metrics", headers=authorized()).text
    assert 'http_requests_total{method="GET",route="unknown",status="404"}' in figures
    assert 'http_request_duration_seconds_bucket{le="0.25",method="POST",route="/predict"}' in figures
    assert str(id(ask)) not in figures


def violations(ask):
    """Rows counted so far, by field."""
    figures = ask("GET", "/metrics", headers=authorized()).text
    (family,) = [f for f in text_string_to_metric_families(figures) if f.name == "income_schema_violations"]
    return {s.labels["field"]: s.value for s in family.samples if s.name.endswith("_total")}


@pytest.mark.parametrize(
    ("rows", "counted"),
    [
        ([{**ONE, "age": "39"}], {"age": 1}),
        ([{**ONE, "education-num": 17}, ONE, {**ONE, "education-num": None, "occupation": CANARY}],
         {"education-num": 1, "occupation": 1}),
        ([{**ONE, "age": float("nan"), "workclass": None}], {"age": 1, "workclass": 1}),
        ([{**ONE, CANARY: 1, "more": 2}, {**ONE, CANARY: 1}], {"unknown field": 2}),
        ([[39], "39"], {"row": 2}),
        ([{}], dict.fromkeys(ONE, 1)),
        ([ONE], {}),
        ([], {}),
        ([ONE] * 101, {}),
    ],
)  # fmt: skip
def test_rows_that_break_the_schema_are_counted_by_field_and_never_by_what_a_client_made_up(ask, rows, counted):
    before = violations(ask)
    assert set(before) == {*ONE, "row", "unknown field"}
    content = json.dumps({"instances": rows})
    ask("POST", "/predict", content=content, headers={**authorized(), "Content-Type": "application/json"})
    after = violations(ask)
    assert {field: after[field] - before[field] for field in after if after[field] != before[field]} == counted
    assert set(after) == set(before)


def test_an_answer_that_is_no_number_is_counted_and_not_sent(ask, monkeypatch):
    def nonfinite():
        figures = ask("GET", "/metrics", headers=authorized()).text
        return float(figures.partition("\nincome_nonfinite_predictions_total ")[2].split()[0])

    before = nonfinite()
    monkeypatch.setattr("service.model.Model.probabilities", lambda *_: [[float("nan"), float("nan")]])
    answer = ask("POST", "/predict", json=EXAMPLE, headers=authorized())
    assert (answer.status_code, answer.json()["reason"]) == (500, "model_not_finite")
    assert nonfinite() == before + 2
