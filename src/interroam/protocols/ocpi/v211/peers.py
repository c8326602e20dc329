"""Credentials, version details and the window of a pull (sheet 4.7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party
from interroam.protocols.ocpi.wire import credentials as newer
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire import versions as newer_versions
from interroam.protocols.ocpi.wire.words import InterfaceRole

from . import shapes
from .hows import ascii_bytes, said
from .table import (
    How,
    Lifted,
    Loss,
    Lowered,
    Rule,
    Table,
    Work,
    convert,
    decode,
    dropped,
    encode,
    invented,
    kept,
    lost,
    renamed,
)

Face = Literal["CPO", "EMSP"]
_OWNED: dict[str, Face] = {"locations": "CPO", "tariffs": "CPO", "sessions": "CPO", "cdrs": "CPO", "tokens": "EMSP"}
_ASKED: dict[str, Face] = {"commands": "CPO"}
MODULES = frozenset({"credentials", *_OWNED, *_ASKED})
"""What 2.1.1 has; chargingprofiles and hubclientinfo came later."""


def interface(module: str, face: Face) -> InterfaceRole:
    """Return which side of a module a party in this role implements: 2.1.1 does not say, the connection does."""
    if module in _ASKED:
        return "RECEIVER" if _ASKED[module] == face else "SENDER"
    return "SENDER" if _OWNED.get(module, face) == face else "RECEIVER"


# -- credentials -------------------------------------------------------------------------------------------------------

_ONE = "the one role of the connection"


def _roles(value: Any, work: Work[Face]) -> Any:
    codes = {name: work.given.get(name) for name in ("party_id", "country_code")}
    return [{"role": work.context, "business_details": value} | codes]


def _part(name: str) -> How:
    return lambda value, work: _own(value, work.context).get(name)


def _details_of(value: Any, work: Work[Party]) -> Any:
    if len(value) > 1:
        work.note(Loss.LOST)
    return _own(value, work.context).get("business_details")


def _own(roles: Any, party: Party) -> dict[str, Any]:
    """Return the role of a party: the very one, else the first under its codes (a hub shows itself as HUB)."""
    codes = (party.id.country, party.id.code)
    own = [each for each in roles or () if (each.get("country_code"), each.get("party_id")) == codes]
    if not own:
        raise Refused(Reason.UNKNOWN_PARTY, f"{party} is not among the roles")
    found: dict[str, Any] = next((each for each in own if each.get("role") == party.role.value), own[0])
    return found


CREDENTIALS_UP = Table(
    "Credentials",
    "up",
    newer.Credentials,
    (
        *kept("token", "url"),
        renamed("business_details", "roles", _ONE, _roles),
        renamed("party_id", "", "inside roles"),
        renamed("country_code", "", "inside roles"),
    ),
)
CREDENTIALS_DOWN = Table(
    "Credentials",
    "down",
    shapes.Credentials,
    (
        *kept("token", "url"),
        renamed("roles", "business_details", _ONE, _details_of, lost("all roles but that of the connection")),
        renamed("roles", "party_id", _ONE, _part("party_id")),
        renamed("roles", "country_code", _ONE, _part("country_code")),
    ),
)


def lift_credentials(raw: bytes, face: Face) -> Lifted:
    """Lift the credentials of a party; a 2.1.1 connection is one party in one role (OCPI-22)."""
    _, findings = read(shapes.Credentials, raw)
    work: Work[Face] = Work(face)
    return Lifted(encode(convert(CREDENTIALS_UP, decode(raw), work)), tuple(work.losses), findings)


def lower_credentials(raw: bytes, party: Party) -> Lowered:
    """Lower credentials to those of one party in one of its roles."""
    work: Work[Party] = Work(party)
    return Lowered(ascii_bytes(convert(CREDENTIALS_DOWN, decode(raw), work)), tuple(work.losses))


# -- versions ----------------------------------------------------------------------------------------------------------


def _side(_: Any, work: Work[Face]) -> InterfaceRole:
    return interface(str(work.given.get("identifier")), work.context)


def _elsewhere(given: dict[str, Any], _made: dict[str, Any], work: Work[Face]) -> bool:
    module = str(given.get("identifier"))
    side = "SENDER" if module == "credentials" else interface(module, work.context)
    return module not in MODULES or given.get("role") != side


VERSION_DETAILS_UP = Table(
    "VersionDetails",
    "up",
    newer_versions.VersionDetails,
    (
        *kept("version"),
        Rule(
            "endpoints",
            "endpoints",
            inner=Table(
                "Endpoint",
                "up",
                newer_versions.Endpoint,
                (
                    *kept("identifier", "url"),
                    Rule("", "role", _side, (invented("by the module and the role of the connection", always=True),)),
                ),
            ),
        ),
    ),
)
VERSION_DETAILS_DOWN = Table(
    "VersionDetails",
    "down",
    shapes.VersionDetails,
    (
        *kept("version"),
        Rule(
            "endpoints",
            "endpoints",
            inner=Table(
                "Endpoint",
                "down",
                shapes.Endpoint,
                (*kept("identifier", "url"), dropped("role", "the connection says it", always=True)),
                omit=_elsewhere,
                omitted="2.1.1 has no such module, or it is of the other face",
            ),
        ),
    ),
)


def lift_version_details(raw: bytes, face: Face) -> Lifted:
    """Lift what a party in this role offers: each endpoint gets its side."""
    _, findings = read(shapes.VersionDetails, raw)
    work: Work[Face] = Work(face)
    return Lifted(encode(convert(VERSION_DETAILS_UP, decode(raw), work)), tuple(work.losses), findings)


def lower_version_details(raw: bytes, face: Face) -> Lowered:
    """Lower what we offer to the endpoints of one face: what a party in this role implements."""
    work: Work[Face] = Work(face)
    return Lowered(ascii_bytes(convert(VERSION_DETAILS_DOWN, decode(raw), work)))


# -- pulls -------------------------------------------------------------------------------------------------------------


class Window(msgspec.Struct, frozen=True):
    """The dates a pull names."""

    date_from: str | None = None
    date_to: str | None = None


def lower_window(since: datetime | None, until: datetime | None = None) -> Window:
    """Return the dates to ask a 2.1.1 partner with.

    It may read "after" as not including the moment itself, and knows no fractions: a second more on either side loses
    nothing, and what comes twice is recorded once (OCPI-51).
    """
    more = timedelta(seconds=1)
    after = said(since - more) if since is not None else None
    before = said(until + more) if until is not None else None
    return Window(after, before)
