"""Tells whether an address is on this machine: load, provoked errors and credentials go nowhere else unasked."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable


def of(url: str) -> str:
    """The host that an URL names, without port; "" when it names none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # brackets that do not close
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name: localhost, 127.0.0.0/8, ::1. Names are not looked up."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_be_asked(url: str, allowed: Iterable[str] = ()) -> bool:
    """Whether requests may go to this URL: loopback, or a host that the settings allow by name."""
    host = of(url)
    return is_loopback(host) or host in set(allowed)
