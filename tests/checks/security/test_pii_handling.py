from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.checks.security import pii_handling as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.quality import presidio
from pytest_mlready.settings import Settings

ITEM = "security.pii_handling"
N = 500
INVENTORY = {
    "version": 1,
    "owner": "data protection",
    "datasets": {
        "customers": {
            "covers": ["train", "heldout", "logs", "prompts"],
            "purpose": "churn",
            "basis": "contract",
            "retention": "2 years",
            "fields": {"email": {"personal": True}, "age": {"personal": True}, "user.email": {"personal": True}},
        }
    },
}


def pytest_generate_tests(metafunc):
    if "either_way" in metafunc.fixturenames:
        ways = ["with presidio"] if "readiness" in metafunc.fixturenames else ["with presidio", "without presidio"]
        metafunc.parametrize("either_way", ways, indirect=True)


@pytest.fixture(autouse=True)
def either_way(request, monkeypatch):
    """Every test runs with Presidio and without; a run in a process of its own has what is installed."""
    if request.param == "without presidio":
        monkeypatch.setattr(presidio, "find_spec", lambda _: None)


def people(**columns):
    rng = np.random.default_rng(1)
    frame = {"email": [f"p{i}@acme.io" for i in range(N)], "age": rng.integers(18, 80, N), "x1": rng.normal(size=N)}
    return pl.DataFrame({**frame, **columns})


def sensors(n=N):
    return pl.DataFrame({"x1": np.arange(n, dtype=float), "unit": ["kelvin"] * n})


def project(root, *, inventory=INVENTORY, data=None, **options):
    """What the `mlready` fixture hands out; `data` names the roles that the settings configure."""
    table = dict(data or {})
    if inventory is not None:
        (root / "inventory.json").write_text(json.dumps(inventory))
        table["inventory"] = "inventory.json"
    settings = Settings.model_validate({"data": table, "items": {ITEM: options}})
    return SimpleNamespace(
        root=root, settings=settings, path=lambda text: (root / text).resolve(), progress=lambda _: None,
        seed=lambda _: 7, options=lambda _: settings.options(check.ITEM),
    )  # fmt: skip


def scan_data(mlready, **frames):
    evidence = Evidence()
    fixtures = {f"mlready_{name}": SimpleNamespace(frame=frame) for name, frame in frames.items()}
    request = SimpleNamespace(getfixturevalue=fixtures.__getitem__)
    check.test_the_data_hold_no_undeclared_personal_data(mlready, evidence, request)
    return {e["name"]: e for e in evidence.notes.evidence}


TRAIN = {"train": "train.parquet"}


def test_declared_personal_data_pass_and_the_evidence_says_what_was_looked_at(tmp_path):
    noted = scan_data(project(tmp_path, data=TRAIN), train=people())
    assert noted["train: columns with personal data"]["value"] == "email, age"
    assert noted["train: rows looked at"]["value"] == N


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        (
            "notes",
            ["called twice", "write to jane.doe@acme.io"] * (N // 2),
            "notes (email address, in 250 of 500 values)",
        ),
        ("payment", ["DE89 3704 0044 0532 0130 00"] * N, "payment (bank account (IBAN)"),
        ("race", ["Samoan", "Black"] * (N // 2), "race (racial or ethnic origin, by its name) is not declared"),
        ("customer_phone", ["+49 151 23456789"] * N, "customer_phone (phone number"),
        ("passport_number", ["C01X00T47"] * N, "passport_number (passport or licence, by its name)"),
    ],
)
def test_an_undeclared_column_turns_it_red_without_showing_a_value(tmp_path, column, values, told):
    with pytest.raises(Failed) as caught:
        scan_data(project(tmp_path, data=TRAIN), train=people(**{column: values}))
    assert told in str(caught.value)
    assert values[-1] not in str(caught.value)


def test_every_configured_table_is_scanned(tmp_path):
    mlready = project(tmp_path, data={"train": "train.parquet", "heldout": "heldout.parquet"})
    assert len(scan_data(mlready, train=people(), heldout=people())) > 6
    with pytest.raises(Failed, match="heldout: surname"):
        scan_data(mlready, train=people(), heldout=people(surname=["Doe"] * N))


def test_two_roles_of_one_file_are_scanned_once(tmp_path):
    mlready = project(tmp_path, data={"train": "a.parquet", "reference": "a.parquet"})
    assert check._tables(mlready) == ["train"]


def test_personal_data_without_any_inventory_turn_it_red_with_lines_to_paste(tmp_path):
    with pytest.raises(Failed, match=r'(?s)inventory = "…".*"email": \{ personal: true \}'):
        scan_data(project(tmp_path, inventory=None, data=TRAIN), train=people())


def test_columns_that_only_may_describe_people_are_inconclusive_without_an_inventory(tmp_path):
    with pytest.raises(Inconclusive, match="may describe people"):
        scan_data(project(tmp_path, inventory=None, data=TRAIN), train=people().drop("email"))


def test_nothing_found_is_unverified_without_an_inventory_and_passes_with_one(tmp_path):
    with pytest.raises(Unverified, match="no data inventory says so"):
        scan_data(project(tmp_path, inventory=None, data=TRAIN), train=sensors())
    assert scan_data(project(tmp_path, data=TRAIN), train=sensors())


@pytest.mark.parametrize("n", [0, 50, 299])
def test_nothing_found_in_few_rows_is_inconclusive(tmp_path, n):
    with pytest.raises(Inconclusive, match="rule of three"):
        scan_data(project(tmp_path, data=TRAIN), train=sensors(n))


def test_nothing_to_scan_is_unverified_in_every_part(tmp_path):
    mlready, evidence = project(tmp_path), Evidence()
    with pytest.raises(Unverified, match="no data are configured"):
        scan_data(mlready)
    with pytest.raises(Unverified, match="no logs are named"):
        check.test_logs_hold_no_undeclared_personal_data(mlready, evidence)
    with pytest.raises(Unverified, match="no prompts are named"):
        check.test_prompts_hold_no_undeclared_personal_data(mlready, evidence)
    with pytest.raises(Unverified, match="nothing to hold the inventory against"):
        check.test_the_inventory_says_why_and_how_long(mlready, evidence)


def test_the_inventory_is_judged_by_itself(tmp_path):
    mlready = project(tmp_path, data=TRAIN)
    check.test_the_inventory_says_why_and_how_long(mlready, Evidence())
    (tmp_path / "inventory.json").write_text(json.dumps(INVENTORY).replace('"retention": "2 years", ', ""))
    with pytest.raises(Failed, match=r"customers\.email lacks retention"):
        check.test_the_inventory_says_why_and_how_long(mlready, Evidence())
    (tmp_path / "inventory.json").write_text("{}")
    with pytest.raises(DataError, match="mistakes"):
        check.test_the_inventory_says_why_and_how_long(mlready, Evidence())
    with pytest.raises(Unverified, match="inventory ="):
        check.test_the_inventory_says_why_and_how_long(project(tmp_path, inventory=None, data=TRAIN), Evidence())


LOG = {"level": "info", "logger": {"name": "uvicorn.access"}, "message": "POST /predict 200", "ms": 12}


def logs(tmp_path, *extra, n=N):
    (tmp_path / "logs").mkdir(exist_ok=True)
    lines = [json.dumps({**LOG, **extra[i % len(extra)]} if extra else LOG) for i in range(n)]
    (tmp_path / "logs" / "app.jsonl").write_text("\n".join(lines))
    return project(tmp_path, logs="logs/*.jsonl")


def test_clean_logs_pass(tmp_path):
    evidence = Evidence()
    check.test_logs_hold_no_undeclared_personal_data(logs(tmp_path), evidence)
    assert evidence.notes.evidence


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"message": "no account for jane.doe@acme.io"}, "message (email address"),
        ({"body": {"contact": {"phone": "555"}}}, "body.contact.phone (phone number, by its name)"),
        ({"features": {"race": "a"}}, "features.race (racial or ethnic origin"),
        ({"remote_addr": "203.0.113.9"}, "remote_addr (IP address, by its name)"),
    ],
)
def test_personal_data_in_any_field_of_the_logs_turn_it_red(tmp_path, extra, told):
    with pytest.raises(Failed) as caught:
        check.test_logs_hold_no_undeclared_personal_data(logs(tmp_path, {}, {}, extra), Evidence())
    assert told in str(caught.value)


def test_a_declared_field_of_the_logs_passes(tmp_path):
    mlready, evidence = logs(tmp_path, {"user": {"email": "jane.doe@acme.io"}}), Evidence()
    check.test_logs_hold_no_undeclared_personal_data(mlready, evidence)
    assert evidence.notes.evidence


def test_logs_of_plain_text_are_scanned_line_by_line(tmp_path):
    (tmp_path / "app.log").write_text("GET /predict 200\n" * N + "mail to jane.doe@acme.io bounced\n")
    with pytest.raises(Failed, match=r"line \(email address, in 1 of 501 values\)"):
        check.test_logs_hold_no_undeclared_personal_data(project(tmp_path, logs="app.log"), Evidence())


def test_one_card_number_among_prompts_turns_it_red(tmp_path):
    said = [{"messages": [{"role": "user", "content": f"question {i}"}]} for i in range(N)]
    said[77]["messages"][0]["content"] = "pay with card 4111 1111 1111 1111 please"
    (tmp_path / "prompts.json").write_text(json.dumps(said))
    with pytest.raises(Failed, match=r"messages\[\]\.content \(payment card, in 1 of 500 values\)"):
        check.test_prompts_hold_no_undeclared_personal_data(project(tmp_path, prompts="prompts.json"), Evidence())


def test_few_or_empty_logs_are_inconclusive_and_missing_ones_an_error(tmp_path):
    with pytest.raises(Inconclusive, match="rule of three"):
        check.test_logs_hold_no_undeclared_personal_data(logs(tmp_path, n=20), Evidence())
    (tmp_path / "logs" / "app.jsonl").write_text("")
    with pytest.raises(Inconclusive, match="logs has 0 rows"):
        check.test_logs_hold_no_undeclared_personal_data(project(tmp_path, logs="logs"), Evidence())
    with pytest.raises(DataError, match="logs names what is not there"):
        check.test_logs_hold_no_undeclared_personal_data(project(tmp_path, logs="log/*.jsonl"), Evidence())


SETTINGS = '[data]\ntrain = "train.csv"\ninventory = "inventory.json"\n'


@pytest.mark.slow
def test_in_a_run_code_gives_half_and_an_undeclared_column_fails(readiness, pytester):
    people().write_csv(pytester.path / "train.csv")
    (pytester.path / "inventory.json").write_text(json.dumps(INVENTORY))
    (pytester.path / "mlready.toml").write_text(SETTINGS)
    item = readiness("--mlready-only", f"--mlready-item={ITEM}").item(ITEM)
    assert (item["points"], {t["outcome"] for t in item["tests"]}) == (0.5, {"passed", "unverified"})
    people(surname=["Doe"] * N).write_csv(pytester.path / "train.csv")
    assert readiness("--mlready-only", f"--mlready-item={ITEM}").status(ITEM) == "failed"
