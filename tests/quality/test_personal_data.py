from __future__ import annotations

import datetime as dt
import logging
import sys

import numpy as np
import polars as pl
import pytest

from pytest_mlready.errors import MissingExtra
from pytest_mlready.quality import personal_data, personal_names, personal_patterns, presidio

N = 400
RNG = np.random.default_rng(11)
VALID = {
    "email address": ["jane.doe@acme.io", "j_d+x@mail.uni-bonn.de", "Ada@LOVELACE.org"],
    "bank account (IBAN)": ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947"],
    "payment card": ["4111 1111 1111 1111", "5500-0055-5555-5559", "3782 822463 10005", "card no. 4111111111111111"],
    "social security number (US)": ["SSN: 536-22-8726", "social security number 536228726"],
    "phone number": ["+49 151 23456789", "+12125552368", "+44 (20) 7946-0958"],
}
INVALID = {
    "email address": ["noreply@acme.io", "jane@example.com", "a@b", "user@host.local", "v1.2@3", "@handle"],
    "bank account (IBAN)": ["DE89370400440532013001", "XX89370400440532013000", "GB29 NWBK 6016 1331 9268 1"],
    "payment card": ["4111 1111 1111 1112", "9111 1111 1111 1111", "4111111111111111", "0000 0000 0000 0000"],
    "social security number (US)": ["ssn 000-12-3456", "ssn 666-12-3456", "ssn 078-05-1120", "536-22-8726 shipped"],
    "phone number": ["+1.2345678", "+123456", "+12345678", "room 212-555", "+1 212 555 0123"],
}


def scan(values, name="column", **more):
    return personal_data.scan_frame(pl.DataFrame({name: values}), "train", seed=1, **more).found


def kinds(values, name="column", **more):
    return {f.kind for f in scan(values, name, **more)}


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in VALID.items() for v in values])
def test_one_value_of_a_strong_form_is_enough_anywhere_in_a_text(kind, value):
    texts = ["nothing to see here"] * 999 + [f"please note {value}, thanks"]
    (found,) = scan(texts)
    assert (found.kind, found.by, found.count, found.n) == (kind, "content", 1, 1000)
    assert found.share == 0.001


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in INVALID.items() for v in values])
def test_what_only_looks_like_it_is_not_counted(kind, value):
    assert kinds([f"please note {value}, thanks"]) == set()


def digits(length):
    return [str(v) for v in RNG.integers(10 ** (length - 1), 10**length, N)]


def lookalikes():
    """Columns that people really have, and that hold no personal data."""
    octets, dashes = RNG.integers(0, 12, (N, 4)), RNG.integers(0, 999, (N, 2))
    times = [dt.datetime(2024, 1, 1) + dt.timedelta(seconds=int(s)) for s in RNG.integers(0, 10**7, N)]  # noqa: DTZ001
    return {
        "order_id": RNG.integers(4 * 10**15, 5 * 10**15, N).tolist(),
        "reference": [f"4{d}" for d in digits(15)],
        "millis": RNG.integers(16 * 10**11, 17 * 10**11, N).tolist(),
        "ten_digits": RNG.integers(10**9, 10**10, N).tolist(),
        "hash": [f"{a:032x}" for a in RNG.integers(0, 2**63, N)],
        "software": [".".join(map(str, row)) for row in octets],
        "article": [f"{a:03d}-{b:03d}-{c}" for (a, b), c in zip(dashes, digits(4), strict=True)],
        "batch": [f"{a:03d}-{b % 100:02d}-{c}" for (a, b), c in zip(dashes, digits(4), strict=True)],
        "moment": [f"{t.isoformat()}.123456+01:00" for t in times],
        "place": [f"{x:.6f},{y:.6f}" for x, y in RNG.uniform(-90, 90, (N, 2))],
        "price": [f"{x:.2f}" for x in RNG.normal(1e5, 1e4, N)],
        "host": ["10.0.3.17", "192.168.1.4", "127.0.0.1"] * (N // 3) + ["::1"] * (N % 3),
        "spent": RNG.normal(size=N).tolist(),
        "flag": [True] * N,
        "day": [t.date() for t in times],
        "comment": ["model 12.5 took 0.0034 s at node-7, ref 2023/000123456"] * N,
    }


@pytest.mark.parametrize("name", list(lookalikes()))
@pytest.mark.parametrize("recognise", [None, presidio.recogniser()], ids=["alone", "with Presidio"])
def test_columns_that_only_look_like_numbers_of_people_raise_no_alarm(name, recognise):
    if recognise is None or presidio.recogniser() is not None:
        assert kinds(lookalikes()[name], name, recognise=recognise) == set()


def with_check(digit_of, length):
    """Numbers whose last digit is the one that `digit_of` accepts."""
    for stem in digits(length - 1):
        fitting = [f"{stem}{d}" for d in range(10) if digit_of(f"{stem}{d}")]
        yield from fitting[:1]


def test_a_whole_column_of_bare_card_numbers_is_found_in_text_and_in_integers():
    cards = [f"4{d}" for d in digits(14)]
    cards = [c + next(str(d) for d in range(10) if personal_patterns.luhn(f"{c}{d}")) for c in cards]
    assert kinds(cards) == {"payment card"}
    assert kinds([int(c) for c in cards]) == {"payment card"}


def test_a_whole_column_of_nhs_numbers_is_found():
    numbers = list(with_check(personal_patterns.nhs_number, 10))
    assert kinds(numbers) == {"NHS number (UK)"}
    assert kinds([int(n) for n in numbers]) == {"NHS number (UK)"}


def test_a_form_that_chance_makes_needs_several_distinct_values():
    text = ["as before"] * 300
    assert kinds(["call 212-555-2368", *text]) == set()
    several = [f"ring 212-555-23{i:02d}" for i in range(60, 70)]
    assert kinds([*several, *text]) == {"phone number"}
    assert kinds([f"from 203.{i}.80.9" for i in range(10, 20)] + text) == {"IP address"}
    assert kinds([f"536-22-87{i}" for i in range(10, 40)]) == {"social security number (US)"}


@pytest.mark.parametrize(
    ("name", "kind", "group"),
    [
        ("Email", "email address", "direct"),
        ("contactPhone", "phone number", "direct"),
        ("first name", "person's name", "direct"),
        ("customer_id", "pseudonym", "direct"),
        ("client_ip", "IP address", "direct"),
        ("DateOfBirth", "date of birth", "direct"),
        ("SSN", "national number", "direct"),
        ("race", "racial or ethnic origin", "special"),
        ("religion", "religion or belief", "special"),
        ("has_diabetes", "health", "special"),
        ("criminal_record", "criminal record", "special"),
        ("sex", "sex or gender", "quasi"),
        ("native-country", "nationality or origin", "quasi"),
        ("maritalStatus", "family status", "quasi"),
        ("age", "age", "quasi"),
        ("zip_code", "postcode", "quasi"),
    ],
)
def test_a_telling_name_is_understood_in_any_spelling(name, kind, group):
    said = personal_names.meaning(name)
    assert (said.kind, said.group) == (kind, group)


@pytest.mark.parametrize(
    "name",
    [
        "page",
        "image",
        "message",
        "vehicle_age",
        "HouseAge",
        "product_name",
        "file_name",
        "feature_name",
        "hostname",
        "order_id",
        "email_count",
        "has_email",
        "emailVerified",
        "phone_type",
        "sex_ratio",
        "gender_distribution",
        "race_time",
        "trace",
        "birth_rate",
        "Latitude",
        "median_income",
        "zip_file",
        "education",
        "capital-gain",
        "target",
        "x1",
        "region",
        "Pclass",
        "ticket",
        "state",
        "health_score",
    ],
)
def test_names_of_things_raise_no_alarm(name):
    assert personal_names.meaning(name) is None


def test_a_name_counts_only_where_the_type_fits_and_something_stands():
    assert kinds([1, 2, 3], "email") == set()
    assert kinds([True, False], "address") == set()
    assert kinds([None, None], "surname") == set()
    assert kinds([2125552368, 2125552369], "phone") == {"phone number"}
    assert kinds(["Braund", "Heikkinen"], "Name") == {"person's name"}


def test_no_value_is_in_a_finding():
    found = scan(["jane.doe@acme.io"] * 3, "note")
    assert "jane" not in repr(found)


def test_a_sample_states_what_it_may_have_missed():
    frame = pl.DataFrame({"x": ["a"] * 50_000})
    part = personal_data.scan_frame(frame, "train", seed=1, sample=10_000)
    assert (part.rows, part.total, part.bound) == (10_000, 50_000, 3 / 10_000)
    assert personal_data.scan_frame(frame.head(500), "train", seed=1).bound == 0.0
    assert personal_data.scan_frame(frame.clear(), "train", seed=1).bound == 1.0


def test_the_same_seed_looks_at_the_same_rows():
    frame = pl.DataFrame({"x": ["nothing"] * 20_000 + [f"p{i}@acme.io" for i in range(200)]})
    one, two = (personal_data.scan_frame(frame, "train", seed=5, sample=1000).found for _ in range(2))
    assert one == two
    assert one[0].count > 0


def test_types_of_any_kind_are_looked_into_or_left_out():
    frame = pl.DataFrame(
        {
            "messages": [[{"role": "user", "content": "I am jane.doe@acme.io"}]] * 3,
            "labels": pl.Series(["a@acme.io", "b@acme.io", None], dtype=pl.Categorical),
            "big": pl.Series([2**63, 2**63 + 1, 0], dtype=pl.UInt64),
            "when": [dt.date(2024, 1, 1)] * 3,
            "raw": [b"\x00\xff", b"jane.doe@acme.io", b""],
        }
    )
    found = personal_data.scan_frame(frame, "train", seed=1).found
    assert {(f.column, f.kind) for f in found} == {(name, "email address") for name in ("messages", "labels", "raw")}


def test_fields_of_an_ambiguous_name_are_judged_by_content_alone():
    fields = {
        "logger.name": ["uvicorn.access"] * 5, "user.email": ["x"] * 5, "cache.age": [3] * 5,
        "name": ["jane.doe@acme.io"] * 5, "request.client_ip": ["10.0.0.1"] * 5, "user.id": [None] * 5,
    }  # fmt: skip
    found = personal_data.scan_fields(fields, "logs", rows=5, total=5).found
    assert [(f.column, f.by) for f in found] == [
        ("user.email", "name"), ("name", "content"), ("request.client_ip", "name"),
    ]  # fmt: skip


needs_presidio = pytest.mark.skipif(presidio.recogniser() is None, reason="presidio-analyzer is not installed")


@needs_presidio
@pytest.mark.slow
def test_presidio_adds_kinds_that_need_their_context():
    recognise = presidio.recogniser()
    said = [f"my telephone is 020 7946 0{i}" for i in range(900, 960)]
    assert kinds(said, recognise=recognise) == {"phone number"}
    assert kinds(said) == set()
    assert kinds([t.replace("telephone", "order") for t in said], recognise=recognise) == set()


@needs_presidio
@pytest.mark.slow
def test_presidio_neither_logs_values_nor_asks_the_network(monkeypatch, caplog, capfd):
    def refuse(*_):
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr("socket.socket.connect", refuse)
    caplog.set_level(logging.DEBUG)
    recognise = presidio.recogniser()
    recognise("telephone 020 7946 0958, wallet 1BoatSLRHtKNngkdXEeobR76b53LETtpyT, jane.doe@acme.io")
    assert "020" not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_without_presidio_the_smaller_set_is_used(monkeypatch):
    monkeypatch.setattr(presidio, "find_spec", lambda _: None)
    assert presidio.recogniser() is None
    frame = pl.DataFrame({"x": ["jane.doe@acme.io"]})
    found = personal_data.scan_frame(frame, "train", seed=1, recognise=presidio.recogniser())
    assert (found.presidio, found.found[0].kind) == (False, "email address")


def test_a_broken_installation_of_presidio_gives_the_install_line(monkeypatch):
    monkeypatch.setattr(presidio, "find_spec", lambda _: object())
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    presidio._made.cache_clear()
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[pii\]"):
        presidio.recogniser()("telephone 1")
    presidio._made.cache_clear()


def test_card_numbers_that_pandas_turned_into_floats_are_found():
    cards = [v for v in range(4111111111111111, 4111111111112111) if personal_patterns.payment_card(str(v))]
    assert kinds([float(card) for card in cards] + [None]) == {"payment card"}
    assert kinds([card + 0.5 for card in range(1_000_000_000, 1_000_000_100)]) == set()


def test_values_that_are_too_long_to_be_read_whole_are_counted():
    long = "x" * personal_patterns.LONGEST
    frame = pl.DataFrame({"text": [long, f"{long} jane.doe@acme.io"]})
    assert personal_data.scan_frame(frame, "train", seed=1).cut == 1
    assert personal_data.scan_fields({"a": [f"{long}y", "z"]}, "logs", rows=2, total=2).cut == 1
