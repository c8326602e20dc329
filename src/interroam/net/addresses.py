"""Sets of IP addresses and networks."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@lru_cache(maxsize=4096)
def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; an IPv4 one in IPv6 clothes comes out as IPv4, anything unreadable as None."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


class Addresses:
    """A set of networks: ``"192.0.2.7" in Addresses(["192.0.2.0/24"])``."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(ip_network(text, strict=False) for text in networks)

    def __contains__(self, text: object) -> bool:
        address = parse_address(text) if isinstance(text, str) else None
        return address is not None and any(address in network for network in self._networks)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __repr__(self) -> str:
        return f"Addresses({[str(network) for network in self._networks]})"


def normal_address(text: str) -> str:
    """Print an address the one way we compare it; what is no address stays as it is."""
    address = parse_address(text)
    return text if address is None else str(address)


def neighborhood(text: str) -> str:
    """Name what is counted as one caller: an IPv4 address, or the /64 an IPv6 subscriber owns entirely."""
    address = parse_address(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return text if address is None else str(address)
