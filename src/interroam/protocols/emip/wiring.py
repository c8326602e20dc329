"""How we and one partner are connected: kept by the core as an opaque part of the partner."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from interroam.model.parties import Partner


class Wiring(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where a partner is called; one without an address only ever calls us."""

    url: str = ""


_decode = msgspec.msgpack.Decoder(Wiring).decode
_encode = msgspec.msgpack.Encoder().encode


def wiring_of(partner: Partner) -> Wiring:
    """Return how a partner is wired; a new one is not."""
    return _decode(partner.wiring) if partner.wiring else Wiring()


def wired(partner: Partner, wiring: Wiring) -> Partner:
    """Return the partner with this wiring."""
    return replace(partner, wiring=_encode(wiring))
