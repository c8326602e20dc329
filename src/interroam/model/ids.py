"""Who and what: parties, kinds of objects and the keys by which objects are known.

Two rules live here. Codes and ids compare without case, so every key holds them casefolded (OCPI-27), while
bodies keep the spelling of their owner. And an object belongs to its owner: an id means nothing without one
(OCPI-63, OCPI-193).
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec

SEPARATOR = "*"
_PARTY = re.compile(r"^([A-Za-z$]{2})[*/_-]?([A-Za-z0-9]{3})$")

_CONTRACT = re.compile(
    r"^([A-Z]{2})(?:-?([A-Z0-9]{3})-?C[A-Z0-9]{8}|[*-]?([A-Z0-9]{3})[*-]?[A-Z0-9]{6})(?:[*-]?[A-Z0-9])?$", re.IGNORECASE
)


class Role(StrEnum):
    """What a party does in the roaming network; spelled as OCPI 2.2.1 does."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


class PartyId(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """The country and the code of a party, upper case: ``CH*CCC``."""

    country: str
    code: str

    @classmethod
    def of(cls, country: str, code: str) -> PartyId:
        """Return the id for these two codes, whatever their case; equal ids are one object."""
        return party_id(country, code)

    @classmethod
    def parse(cls, text: str) -> PartyId:
        """Read ``CH*CCC``, ``CH-CCC``, ``CH/CCC`` or ``CHCCC``; ValueError when it is none of them."""
        match = _PARTY.match(text.strip())
        if match is None:
            message = f"{text!r} is no party: two letters and three letters or digits, such as CH*CCC"
            raise ValueError(message)
        return party_id(match[1], match[2])

    def __str__(self) -> str:
        return f"{self.country}{SEPARATOR}{self.code}"


@lru_cache(maxsize=65_536)
def party_id(country: str, code: str) -> PartyId:
    """Return the id for these two codes, as ``PartyId.of`` does: for those who ask for every message."""
    return PartyId(country.upper(), code.upper())


def provider_of(contract: str) -> PartyId | None:
    """Return the provider that a contract id names, in the newer form or the older one; None when it is no such id."""
    match = _CONTRACT.match(contract.strip())
    return party_id(match[1], match[2] or match[3]) if match is not None else None


class Party(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """A party in one of its roles: the one who holds rights and duties."""

    id: PartyId
    role: Role

    @classmethod
    def parse(cls, text: str) -> Party:
        """Read ``CH*CCC/CPO``; ValueError when it is no party with a role."""
        name, _, role = text.rpartition("/")
        return cls(PartyId.parse(name), Role(role.upper()))

    def __str__(self) -> str:
        return f"{self.id}/{self.role.value}"


@lru_cache(maxsize=65_536)
def party_of(id: PartyId, role: Role) -> Party:
    """Return the party in this role; equal ones are one object."""
    return Party(id, role)


class Kind(StrEnum):
    """What an object is."""

    LOCATION = "location"
    EVSE = "evse"
    TARIFF = "tariff"
    TOKEN = "token"
    SESSION = "session"
    CDR = "cdr"
    AUTHORIZATION = "authorization"
    COMMAND = "command"


class Module(StrEnum):
    """What an agreement switches on or off, one by one."""

    LOCATIONS = "locations"
    TARIFFS = "tariffs"
    TOKENS = "tokens"
    COMMANDS = "commands"
    SESSIONS = "sessions"
    CDRS = "cdrs"


class Lane(StrEnum):
    """Facts that must keep order among themselves; ``all`` is the one queue of the policy ``strict``."""

    PLACES = "places"
    TOKENS = "tokens"
    CHARGES = "charges"
    OUTCOMES = "outcomes"
    ALL = "all"


MODULE_OF = {
    Kind.LOCATION: Module.LOCATIONS,
    Kind.EVSE: Module.LOCATIONS,
    Kind.TARIFF: Module.TARIFFS,
    Kind.TOKEN: Module.TOKENS,
    Kind.SESSION: Module.SESSIONS,
    Kind.CDR: Module.CDRS,
    Kind.AUTHORIZATION: Module.TOKENS,
    Kind.COMMAND: Module.COMMANDS,
}

LANE_OF = {
    Kind.LOCATION: Lane.PLACES,
    Kind.EVSE: Lane.PLACES,
    Kind.TARIFF: Lane.PLACES,
    Kind.TOKEN: Lane.TOKENS,
    Kind.SESSION: Lane.CHARGES,
    Kind.CDR: Lane.CHARGES,
    Kind.AUTHORIZATION: Lane.CHARGES,
    Kind.COMMAND: Lane.OUTCOMES,
}

OWNER_ROLE = {kind: Role.EMSP if kind is Kind.TOKEN else Role.CPO for kind in Kind}


class Key(NamedTuple):
    """The identity of an object: (kind, owner, id, sub), all but the kind casefolded.

    ``sub`` is the uid of an EVSE inside its location, the type of a token, the target of a tariff variant; else empty.
    """

    kind: Kind
    owner: str
    id: str
    sub: str = ""

    @property
    def party(self) -> PartyId:
        """The owner as a party."""
        country, _, code = self.owner.partition(SEPARATOR)
        return party_id(country, code)

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


@lru_cache(maxsize=65_536)
def _owner(owner: PartyId) -> str:
    return f"{owner.country}{SEPARATOR}{owner.code}".casefold()


# Keys are made for every message: past their own ``__new__``, and without asking the enumeration each time.
_made = tuple.__new__
_LOCATION, _EVSE, _TARIFF, _TOKEN = Kind.LOCATION, Kind.EVSE, Kind.TARIFF, Kind.TOKEN
_SESSION, _CDR, _AUTHORIZATION, _COMMAND = Kind.SESSION, Kind.CDR, Kind.AUTHORIZATION, Kind.COMMAND


def normal_evse_id(evse_id: str) -> str:
    """Return an EVSE id as compared: without case and separators (OCPI-75)."""
    return evse_id.replace("*", "").replace("-", "").casefold()


def location_key(owner: PartyId, location_id: str) -> Key:
    """Return the key of a location."""
    return _made(Key, (_LOCATION, _owner(owner), location_id.casefold(), ""))


def evse_key(owner: PartyId, location_id: str, uid: str) -> Key:
    """Return the key of an EVSE: its uid is unique only together with owner and location."""
    return _made(Key, (_EVSE, _owner(owner), location_id.casefold(), uid.casefold()))


def tariff_key(owner: PartyId, tariff_id: str, target: PartyId | None = None) -> Key:
    """Return the key of a tariff variant (OCPI-153)."""
    return _made(Key, (_TARIFF, _owner(owner), tariff_id.casefold(), _owner(target) if target else ""))


def token_key(owner: PartyId, token_type: str, uid: str) -> Key:
    """Return the key of a token."""
    return _made(Key, (_TOKEN, _owner(owner), uid.casefold(), token_type.casefold()))


def session_key(owner: PartyId, session_id: str) -> Key:
    """Return the key of a session."""
    return _made(Key, (_SESSION, _owner(owner), session_id.casefold(), ""))


def cdr_key(owner: PartyId, cdr_id: str) -> Key:
    """Return the key of a CDR."""
    return _made(Key, (_CDR, _owner(owner), cdr_id.casefold(), ""))


def authorization_key(reference: str) -> Key:
    """Return the key of an authorization: its reference is minted here, so no owner is needed."""
    return _made(Key, (_AUTHORIZATION, "", reference.casefold(), ""))


def command_key(command_id: str) -> Key:
    """Return the key of a command: its id is minted here, so no owner is needed."""
    return _made(Key, (_COMMAND, "", command_id.casefold(), ""))
