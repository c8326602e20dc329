"""Who may call which interface of the hub, and what a card's number must look like.

OCPI 2.2.1, the role matrix: whoever implements the Sender of a module calls the hub's Receiver, and the reverse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from interroam.model.ids import Role
from interroam.protocols.ocpi.wire.words import InterfaceRole

_ALL = frozenset(Role)
_CPO = frozenset({Role.CPO})
_EMSP = frozenset({Role.EMSP})
_NOT_CPO = _ALL - _CPO
_NOT_EMSP = _ALL - _EMSP
_COMMANDERS = frozenset({Role.EMSP, Role.SCSP})
_NOBODY: frozenset[Role] = frozenset()

# (module, interface of the hub) → roles that may call it. A HUB may call both sides of every module.
_CALLERS: Mapping[tuple[str, InterfaceRole], frozenset[Role]] = {
    ("locations", "RECEIVER"): frozenset({Role.CPO, Role.NAP}),
    ("locations", "SENDER"): _NOT_CPO,
    ("tokens", "RECEIVER"): _EMSP,
    ("tokens", "SENDER"): _NOT_EMSP,
    ("commands", "RECEIVER"): _COMMANDERS,
    ("commands", "SENDER"): _NOT_EMSP,
    ("sessions", "RECEIVER"): _CPO,
    ("sessions", "SENDER"): _NOT_CPO,
    ("cdrs", "RECEIVER"): _CPO,
    ("cdrs", "SENDER"): _NOT_CPO,
    ("tariffs", "RECEIVER"): _CPO,
    ("tariffs", "SENDER"): _NOT_CPO,
    ("chargingprofiles", "RECEIVER"): _COMMANDERS,
    ("chargingprofiles", "SENDER"): _ALL,
    ("hubclientinfo", "RECEIVER"): _NOBODY,
    ("hubclientinfo", "SENDER"): _ALL,
}

_RFID = re.compile(r"[0-9A-Fa-f]{8}(?:[0-9A-Fa-f]{6})?")


def may_call(module: str, interface: InterfaceRole, role: Role) -> bool:
    """Whether a party of this role may use this interface of the hub (OCPI-23)."""
    callers = _CALLERS.get((module, interface), _NOBODY)
    return role in callers or (role is Role.HUB and bool(callers))


def is_rfid_uid(uid: str) -> bool:
    """Whether a card's number is one of 4 or 7 bytes (OCPI-92); whether that matters is a switch of the profile."""
    return _RFID.fullmatch(uid) is not None
