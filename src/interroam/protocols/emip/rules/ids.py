"""The identifiers of eMIP: who (operators, contracts), what (pools, stations, EVSEs, connectors), by what (badges).

Letters compare without case. Separators before the instance part mean nothing and may be absent; inside it they count.
What we write is strict and has its separators; what a partner sends may have a longer instance part.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

import msgspec

from interroam.core.keys import masked
from interroam.model.ids import PartyId

_LONGEST = 30  # one less than there may be: one peer reads no more
PROTOCOL = "emip"
"""The name of this room, by which partners are wired and wire forms are known."""

_OPERATOR = re.compile(r"^([A-Z]{2})[*-]?([A-Z0-9]{3})$", re.IGNORECASE | re.ASCII)
_STRICT = re.compile(r"^([A-Z]{2})\*?([A-Z0-9]{3})\*?([PSEX])([A-Z0-9][A-Z0-9*]{0,30})$", re.IGNORECASE | re.ASCII)
_LENIENT = re.compile(r"^([A-Z]{2})\*?([A-Z0-9]{3})\*?([PSEX])([A-Z0-9][A-Z0-9*]{0,50})$", re.IGNORECASE | re.ASCII)
_CONTRACT = re.compile(r"^([A-Z]{2})-?([A-Z0-9]{3})-?C[A-Z0-9]{8}(-?[A-Z0-9])?$", re.IGNORECASE | re.ASCII)
_OLD_CONTRACT = re.compile(r"^([A-Z]{2})[*-]?([A-Z0-9]{3})[*-]?[A-Z0-9]{6}([*-]?[A-Z0-9])?$", re.IGNORECASE | re.ASCII)
_HEX = re.compile(r"^[0-9A-F]{1,14}$", re.ASCII)
_ODD = re.compile(r"[^A-Z0-9*]", re.ASCII)
_SHORT_BADGE, _LONG_BADGE = 8, 14


class Letter(StrEnum):
    """What an element of the infrastructure is: the letter after its operator."""

    POOL = "P"
    STATION = "S"
    EVSE = "E"
    CONNECTOR = "X"


class ElementId(msgspec.Struct, frozen=True, gc=False):
    """The id of a pool, station, EVSE or connector; the instance part in upper case."""

    operator: PartyId
    letter: Letter
    instance: str

    @property
    def compared(self) -> str:
        """The id as compared: without the separators before the instance part."""
        return f"{self.operator.country}{self.operator.code}{self.letter.value}{self.instance}"

    def __str__(self) -> str:
        return f"{self.operator}*{self.letter.value}{self.instance}"


def operator(text: str) -> PartyId:
    """Read an operator: ``FR*A23``, ``fra23``, and ``FR-A23`` as some eMSPs write; ValueError when it is none."""
    match = _OPERATOR.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no operator: two letters and three letters or digits, such as FR*A23")
    return PartyId.of(match[1], match[2])


@lru_cache(maxsize=65_536)
def element(text: str, letter: Letter, *, strict: bool = False) -> ElementId:
    """Read the id of an element of this kind; ``strict`` for what we make ourselves. ValueError when it is none."""
    match = (_STRICT if strict else _LENIENT).match(text.strip())
    if match is None or match[3].upper() != letter.value:
        raise ValueError(f"{text!r} is no {letter.name.lower()} id, such as FR*A23*{letter.value}45B*78C")
    return ElementId(PartyId.of(match[1], match[2]), letter, match[4].upper())


def named(owner: PartyId, letter: Letter, name: str) -> ElementId:
    """Make the id of an element that its owner calls ``name``: the name itself where it is such an id or fits in one.

    Any other name is shortened to what fits and made unique by a digest of the whole; the same name always gives the
    same id.
    """
    try:
        known = element(name, letter, strict=True)
    except ValueError:
        pass
    else:
        if known.operator == owner:
            return known
    upper = name.upper()
    plain = _ODD.sub("", upper).strip("*")
    if plain == upper and 0 < len(plain) <= _LONGEST:
        return ElementId(owner, letter, plain)
    digest = blake2b(name.casefold().encode(), digest_size=5).hexdigest().upper()
    kept = plain[: _LONGEST - len(digest) - 1].strip("*")
    return ElementId(owner, letter, f"{kept}*{digest}" if kept else digest)


def provider(contract: str) -> PartyId | None:
    """Return whose contract this is, by its own id; None when it is not of a form that says so."""
    match = _CONTRACT.match(contract.strip()) or _OLD_CONTRACT.match(contract.strip())
    return PartyId.of(match[1], match[2]) if match is not None else None


def is_badge(uid: str) -> bool:
    """Whether this may be the UID of a badge."""
    return _HEX.match("".join(uid.split()).upper()) is not None


def badge(uid: str) -> str:
    """Return the UID of a badge as written and compared: upper case, 8 or 14 digits; ValueError when it is none."""
    plain = "".join(uid.split()).upper()
    if _HEX.match(plain) is None:
        raise ValueError(f"{masked(uid)} is no UID of a badge: at most 14 hexadecimal digits")
    return plain.zfill(_SHORT_BADGE if len(plain) <= _SHORT_BADGE else _LONG_BADGE)
