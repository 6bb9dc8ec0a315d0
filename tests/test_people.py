from __future__ import annotations

import pytest

from pytest_mlready import people


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ada", "ada ", True), ("Ada <a@x.io>", "A@X.io", True), ("Ada <a@x.io>", "Ada <b@x.io>", True),
        ("Ada", "Grace", False), ("Ada <a@x.io>", "Grace <g@x.io>", False), ("", "", False), ("a@x.io", "g@x.io", False),
    ],
)  # fmt: skip
def test_when_two_names_are_one_person(one, other, same):
    assert people.same_person(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("@ada", "ada", True),
        ("ada", "ada@example.com", True),
        ("Ada Example <ada@example.com>", "@ada", True),
        ("ada", "grace@example.com", False),
        ("Ada <ada@example.com>", "Grace", False),
    ],
)
def test_handles_and_addresses_of_one_person_are_one(one, other, same):
    assert people.same_person(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hopper, Grace", "Grace Hopper", True),
        ("José Núñez", "Jose Nunez", True),
        ("Dr. Grace Hopper", "grace hopper", True),
        ("12345+ada@users.noreply.github.com", "ada", True),
        ("Ada L <12345+ada@users.noreply.github.com>", "Ada <ada@users.noreply.github.com>", True),
        ("ada+git@example.com", "ada@example.com", True),
        ("Hopper, Grace", "Hopper, Vincent", False),
        ("ada@example.com", "ada@example.org", False),
    ],
)
def test_names_are_one_persons_however_they_are_written(one, other, same):
    assert people.same_person(one, other) is same
    assert people.same_person(other, one) is same


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Grace Hopper, head of ethics", "Grace Hopper"),
        ("Grace Hopper (ethics)", "Grace Hopper"),
        ("Dr. Grace Hopper, board, chair", "Dr. Grace Hopper"),
        ("Hopper, Grace", "Hopper, Grace"),
        ("Grace", "Grace"),
    ],
)
def test_a_role_behind_a_name_is_no_part_of_it(text, name):
    assert people.without_role(text) == name
