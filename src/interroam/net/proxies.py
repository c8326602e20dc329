"""Who really called, when a proxy of ours stands in front: believed from configured proxies only."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING

from interroam.net.addresses import parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interroam.net.addresses import Addresses


def forwarded_client(peer: str, headers: Mapping[bytes, bytes], proxies: Addresses) -> str:
    """Name the nearest caller that is no proxy of ours.

    What stands left of it in ``X-Forwarded-For`` was written by that caller and proves nothing.
    """
    client = peer
    for hop in reversed(headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
        address = parse_address(hop.strip())
        if client not in proxies or address is None:
            break
        client = str(address)
    return client


def forwarded_certificate(headers: Mapping[bytes, bytes]) -> bytes | None:
    """Read ``Client-Cert`` (RFC 9440): one DER certificate between colons; anything else is none."""
    field = headers.get(b"client-cert", b"").strip()
    if len(field) < 3 or field[:1] != b":" or field[-1:] != b":":
        return None
    try:
        return b64decode(field[1:-1], validate=True)
    except binascii.Error:
        return None


def forwarded_name(headers: Mapping[bytes, bytes]) -> str:
    """Read ``X-Client-DN``: the name of the caller's certificate, as some proxies tell it instead of the whole."""
    return headers.get(b"x-client-dn", b"").decode("utf-8", "replace").strip()


def forwarded_security(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the proxy was called over TLS; one that does not say is taken to have been."""
    return headers.get(b"x-forwarded-proto", b"https").strip().lower() != b"http"
