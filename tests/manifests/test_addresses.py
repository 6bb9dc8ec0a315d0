from __future__ import annotations

import pytest

from pytest_mlready.manifests import addresses

PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]


def opened(*blocks):
    return addresses.whole_internet(addresses.block(*(b if isinstance(b, tuple) else (b, None))) for b in blocks)


@pytest.mark.parametrize(
    "blocks",
    [("0.0.0.0/0",), ("::/0",), (("0.0.0.0/0", PRIVATE),), (("0.0.0.0/0", ["169.254.169.254/32"]),),
     ("0.0.0.0/1", "128.0.0.0/1"), ("2000::/3",), ("10.0.0.0/8", "64.0.0.0/2"),
     tuple(f"{n}.0.0.0/8" for n in range(1, 100))],
)  # fmt: skip
def test_the_internet_in_all_its_spellings_is_open(blocks):
    assert opened(*blocks)


@pytest.mark.parametrize(
    "blocks",
    [(), ("10.0.0.0/8",), tuple(PRIVATE), ("203.0.113.7/32",), ("fd00::/8",), ("2001:db8::/32",),
     ("10.0.0.0/8",) * 200, (("0.0.0.0/0", ["0.0.0.0/1", "128.0.0.0/1"]),)],
)  # fmt: skip
def test_what_is_named_is_not(blocks):
    assert not opened(*blocks)


@pytest.mark.parametrize("cidr", ["10.0.0.1", "10.0.0.0/33", "example.com", "", None, 7, ["10.0.0.0/8"]])
def test_what_is_no_block_is_refused(cidr):
    with pytest.raises(ValueError, match="no block of addresses"):
        addresses.block(cidr, None)


def test_an_exception_outside_its_block_takes_nothing_away():
    assert addresses.block("10.0.0.0/8", ["192.168.0.0/16", "fd00::/8"])[1] == 2**24
    assert addresses.block("10.0.0.0/8", ["10.1.0.0/16", "10.1.2.0/24"])[1] == 2**24 - 2**16
