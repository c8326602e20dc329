"""Where a node is and how it calls: what a room of HTTP is given besides the core."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interroam.model.ids import PartyId
from interroam.net.client import Client


class Premises(msgspec.Struct, frozen=True, kw_only=True):
    """The address of a node, the party it is itself, its client and how strict it is."""

    url: str
    """Where partners reach it, without a slash at its end."""
    own: PartyId
    client: Client
    name: str = "Interroam"
    """What people are told that it is called."""
    insecure_http: bool = False
    """A test switch: plain HTTP will do."""
    authorities: Path | None = None
    """Whose certificates are trusted where the node calls."""
