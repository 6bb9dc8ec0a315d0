from __future__ import annotations

import socket
import threading

import pytest

from pytest_mlready.serving.endpoint import Endpoint
from pytest_mlready.serving.owner import RESTARTS, Keeper
from pytest_mlready.serving.process import ServiceError
from pytest_mlready.serving.sharing import Guest, Host

KEY = b"k" * 32


@pytest.fixture
def host(plan):
    """A host for a faulty service; ended when the test ends."""
    opened = []

    def make(*faults: str, **fields) -> Host:
        opened.append(Host(lambda: Keeper(plan(*faults, **fields)), KEY))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_two_guests_are_told_of_one_service(host):
    shared = host()
    first, second = Guest(shared.address, KEY), Guest(list(shared.address), KEY)
    assert first.up().url == second.up().url != ""


def test_guests_that_ask_at_the_same_time_start_it_once(host):
    shared = host(environment={"LOAD_SECONDS": "0.5"})
    urls: list[str] = []
    asking = [threading.Thread(target=lambda: urls.append(Guest(shared.address, KEY).up().url)) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(urls) == 4
    assert len(set(urls)) == 1


def test_a_guest_with_another_key_is_told_nothing(host):
    with pytest.raises(ServiceError, match="cannot be asked: digest"):
        Guest(host().address, b"x" * 32).up()


def test_a_stranger_who_connects_and_says_nothing_keeps_nobody_waiting(host):
    shared = host()
    with socket.create_connection(shared.address):
        asking = threading.Thread(target=Guest(shared.address, KEY).up, daemon=True)
        asking.start()
        asking.join(15)
        assert not asking.is_alive()


def test_after_a_stranger_the_right_guest_is_still_answered(host):
    shared = host()
    with pytest.raises(Exception, match="digest"):
        Guest(shared.address, b"x" * 32).up()
    assert Guest(shared.address, KEY).up().url


def test_a_guest_is_told_why_the_service_does_not_come_up(host):
    guest = Guest(host("exits").address, KEY)
    with pytest.raises(ServiceError, match="cannot read configuration"):
        guest.up()


def test_a_guest_reads_the_log_and_the_obituary(host, plan):
    shared = host("die", environment={"DIE_AT": "1"})
    guest = Guest(shared.address, KEY)
    endpoint = Endpoint(plan("die"), guest)
    assert guest.obituary() == ""
    with pytest.raises(Exception, match="fatal: out of memory"):
        endpoint.ask()
    assert "fatal: out of memory" in guest.log()
    endpoint.close()


def test_a_guest_whose_host_is_gone_says_so(host):
    shared = host()
    shared.close()
    with pytest.raises(ServiceError, match="cannot be asked"):
        Guest(("127.0.0.1", 1), KEY).up()


def test_a_service_that_cannot_come_up_is_not_tried_again_for_every_check(plan):
    keeper = Keeper(plan("exits"))
    for _ in range(3):
        with pytest.raises(ServiceError, match="ended with status 2"):
            keeper.up()
    assert keeper.starts == 1
    keeper.close()


def test_a_service_that_dies_again_and_again_is_given_up(plan):
    keeper = Keeper(plan("die", environment={"DIE_AT": "1", "LOAD_SECONDS": "0"}))
    endpoint = Endpoint(keeper.plan, keeper)
    for _ in range(RESTARTS + 1):
        with pytest.raises(Exception, match="status 137"):
            endpoint.up().ask()
    with pytest.raises(ServiceError, match=f"the service died {RESTARTS + 1} times"):
        endpoint.up()
    endpoint.close()
    keeper.close()
