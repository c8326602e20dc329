"""What a conversion must be told that does not stand in the message: plain values, looked up by who calls.

Ids go through ``Names``: run a conversion once to learn which are ``asked``, look them up, and run it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec

from interroam.model.ids import PartyId

Thing = Literal["location", "evse", "connector", "session", "cdr", "tariff"]
LONGEST = 36
Path = tuple[str, ...]
"""An id with those around it: ``(location,)``, ``(location, evse)``, ``(location, evse, connector)``."""


class Names:
    """From the ids that stand in a message to those the receiver knows; an id nobody gave a name stays."""

    def __init__(self, known: Mapping[tuple[Thing, Path], str] | None = None) -> None:
        self.known = dict(known or {})
        self.asked: set[tuple[Thing, Path]] = set()

    def __call__(self, thing: Thing, path: Iterable[str]) -> str:
        """Return the receiver's id of a thing."""
        trail = tuple(path)
        self.asked.add((thing, trail))
        return self.known.get((thing, trail), trail[-1])


def connector_name(evse_hub_id: str, connector_id: str) -> str:
    """Return the hub's id of a connector: made of its EVSE's, for ever, of 36 characters (OCPI-58, OCPI-61)."""
    return str(uuid5(NAMESPACE_URL, f"{evse_hub_id}/{connector_id.casefold()}"))


class Up(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a message of a 2.1.1 partner besides its bytes."""

    owner: PartyId
    """The party of the connection."""
    received: datetime
    names: Names = msgspec.field(default_factory=Names)
    """From hub ids to owners' (commands, answers to authorize); for a CPO's own objects short ids for too long ones."""
    time_zone: str = ""
    """The zone of this location as it is stored."""
    starts: datetime | None = None
    """Since when this tariff is in force, if it is stored already (C34)."""
    token: bytes | None = None
    """The token of the charge, or of the question, as 2.2.1 writes it: Token or CdrToken."""
    reference: str | None = None
    """Our reference for the partner's authorization_id, where it is another."""
    by_command: bool = False
    """Whether the authorization of the charge was a StartSession that we relayed."""
    session_id: str | None = None
    """The id of the session that a CDR ends, where it is known."""
    place: bytes | None = None
    """The Location of the charge as it is stored (2.2.1, with its EVSEs)."""
    evse_id: str | None = None
    """The evse_id that a CDR without one was given when it was told first."""
    connector_id: str | None = None
    """The connector a StartSession means, where its EVSE has one only (OCPI-116)."""
    timeout: int = 30
    """How many seconds a charge point has to answer a command, which 2.1.1 does not say."""

    def short(self, thing: Thing, path: Path) -> str:
        """Return an owner's id, in a body or a URL, as 2.2.1 has room for it: 36 characters, not 39 (sheet 4.7)."""
        return path[-1] if len(path[-1]) <= LONGEST else self.names(thing, path)[:LONGEST]


def _first(tariff_ids: Sequence[str]) -> str | None:
    return tariff_ids[0] if tariff_ids else None


class Down(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a 2.1.1 receiver, and of an object for it, besides the object's bytes."""

    names: Names = msgspec.field(default_factory=Names)
    """From owners' ids to the hub's (table 1.5.1); empty toward the owner itself."""
    operator_ids: bool = True
    """Whether operator.name and issuer give way to the owner's eMI3 id (OCPI-88, OCPI-104)."""
    owner: PartyId | None = None
    """The owner of the object, which some fields of it alone do not name."""
    text: Literal["escape", "transliterate"] = "escape"
    """How text beyond ASCII goes out: escaped, or spelled with the nearest letters."""
    tariff_in_force: Callable[[Sequence[str]], str | None] = _first
    """Which of a connector's tariffs is REGULAR and in force for this receiver."""
    at: datetime | None = None
    """Now: a tariff that is not in force is not shown; None shows it all the same."""
    extensions: bool = True
    """Whether tariffs carry the published extensions (OCPI-159, OCPI-160)."""
    place: bytes | None = None
    """The Location of the charge as it was at its start (2.2.1, with its EVSEs, its owner's ids)."""
    costs: Literal["owner", "hub", "unknown"] = "owner"
    """Whose total_cost it is (OCPI-141)."""
    signed_data: bool = False
    """Whether the agreement lets signed_data travel (OCPI-142)."""
    credits: bool = False
    """Whether the partner takes a credit as a CDR with a negative amount (OCPI-140)."""
    home_charging: bool = False
    """Whether the partner takes CDRs of home chargers, marked in the remark."""
    reservation: int | None = None
    """Our number for a reservation at this CPO."""
