"""Tells whether blocks of addresses together are, in effect, the whole internet."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# A quarter of all IPv4 addresses, and 2000::/3, which is all that IPv6 has given out: no rule of least privilege
# needs as much, and 0.0.0.0/1 beside 128.0.0.0/1, or 0.0.0.0/0 except the private ranges, is the internet too.
OPEN = {4: 2**30, 6: 2**125}


def block(cidr: Any, excepted: Any) -> tuple[Network, int]:
    """A block, and how many addresses of it are left without those excepted.

    Raises:
        ValueError: One of them is no block of addresses; the message names it.
    """
    network = _network(cidr)
    holes = [_network(hole) for hole in (excepted if isinstance(excepted, list) else ())]
    # collapse_addresses is typed for one version at a time, which `inside` holds
    inside: Any = [h for h in holes if h.version == network.version and h.subnet_of(network)]  # type: ignore[arg-type]
    gone = sum(hole.num_addresses for hole in ipaddress.collapse_addresses(inside))
    return network, network.num_addresses - gone


def _network(text: Any) -> Network:
    try:
        return ipaddress.ip_network(text if "/" in text else "", strict=False)
    except (ValueError, TypeError):
        raise ValueError(f"{text!r} is no block of addresses such as 10.0.0.0/8") from None


def whole_internet(blocks: Iterable[tuple[Network, int]]) -> str:
    """The blocks that together are open, as text; empty when they are not."""
    listed = list(dict.fromkeys(blocks))
    for version, most in OPEN.items():
        own = [(network, size) for network, size in listed if network.version == version]
        if sum(size for _, size in own) >= most:
            largest = sorted(own, key=lambda entry: -entry[1])[:3]
            return ", ".join(str(network) for network, _ in largest)
    return ""
