from __future__ import annotations

from decimal import Decimal

import pytest

from pytest_mlready.manifests import quantities


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("500m", "0.5"), ("2", 2), (2, 2), (0.5, "0.5"), ("0.25", "0.25"), ("1k", 1000), ("1Ki", 1024),
        ("512Mi", 512 * 2**20), ("1Gi", 2**30), ("1.5G", 1_500_000_000), ("1M", 10**6), ("1Ti", 2**40), ("1E", 10**18),
        ("1e3", 1000), ("12E6", 12_000_000), ("1e-3", "0.001"), ("128974848000m", 128974848), ("100u", "0.0001"),
        (".5", "0.5"), ("1.", 1), ("+1", 1), ("-1", -1), (" 1Gi ", 2**30), (0, 0),
    ],
)  # fmt: skip
def test_quantities_are_read_as_kubernetes_reads_them(written, value):
    assert quantities.parse(written) == Decimal(value)


@pytest.mark.parametrize(
    "written",
    ["", "ten", "1 Gi", "1GiB", "1KB", "Mi", "1e", "1.2.3", "0x10", "1_000", True, None, [1], float("nan"),
     float("inf"), "1e9999", "٣", 10**400, "${MEMORY}"],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(written):
    with pytest.raises(ValueError, match="a quantity such as"):
        quantities.parse(written)


@pytest.mark.parametrize(("written", "meant"), [("1gb", "G"), ("512MB", "M"), ("1gi", "Gi"), ("100K", "k")])
def test_a_near_suffix_is_hinted_at(written, meant):
    with pytest.raises(ValueError, match=f'did you mean "{meant}"'):
        quantities.parse(written)


@pytest.mark.parametrize(
    ("written", "value"),
    [("512m", 512 * 2**20), ("1g", 2**30), ("1.5gb", 1.5 * 2**30), ("100k", 102_400), ("64b", 64), (1024, 1024),
     ("1G", 2**30), ("300 MB", 300 * 2**20)],
)  # fmt: skip
def test_bytes_of_compose_are_powers_of_1024(written, value):
    assert quantities.parse_bytes(written) == Decimal(value)


@pytest.mark.parametrize("written", ["", "512Mi", "1Gi", "1t", "-1", "ten", True, None, "${MEMORY}"])
def test_what_compose_does_not_know_is_refused(written):
    with pytest.raises(ValueError, match=r"a (byte value|quantity)"):
        quantities.parse_bytes(written)


def test_placeholders_are_told_from_mistakes():
    assert all(map(quantities.is_placeholder, ["${MEM}", "$MEM", "{{ mem }}", "$(MEM)", "<memory>", "${MEM}Mi"]))
    assert not any(map(quantities.is_placeholder, ["512Mi", "ten", 5, None, ""]))


def test_numbers_are_shown_for_people():
    assert quantities.human(Decimal(2**30)) == "1 GiB"
    assert quantities.human(Decimal("0.512")) == "0.512"
