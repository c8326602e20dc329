"""The one-word status of OCPI, and what it says of availability and use: one table for every room. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from interroam.model.places import Availability, Busy, EvseStatus


class _Meaning(NamedTuple):
    availability: Availability
    busy: Busy = Busy.UNKNOWN
    reserved: bool = False
    blocked: bool = False


_MEANINGS = {
    "AVAILABLE": _Meaning(Availability.IN_SERVICE, Busy.FREE),
    "BLOCKED": _Meaning(Availability.IN_SERVICE, blocked=True),
    "CHARGING": _Meaning(Availability.IN_SERVICE, Busy.OCCUPIED),
    "INOPERATIVE": _Meaning(Availability.OUT_OF_SERVICE),
    "OUTOFORDER": _Meaning(Availability.OUT_OF_SERVICE),
    "PLANNED": _Meaning(Availability.PLANNED),
    "REMOVED": _Meaning(Availability.REMOVED),
    "RESERVED": _Meaning(Availability.IN_SERVICE, Busy.FREE, reserved=True),
    "UNKNOWN": _Meaning(Availability.UNKNOWN),
}
WORDS = frozenset(_MEANINGS)
"""OCPI 2.2.1 mod_locations: Status."""

_WORD_OF = {
    Availability.OUT_OF_SERVICE: "OUTOFORDER",
    Availability.PLANNED: "PLANNED",
    Availability.REMOVED: "REMOVED",
}


def from_word(word: str, at: datetime | None = None) -> EvseStatus:
    """Read a word of OCPI; one we do not know is kept and means nothing."""
    spelled = word.strip().upper()
    meaning = _MEANINGS.get(spelled)
    if meaning is None:
        return EvseStatus(word=word, availability=Availability.UNKNOWN, at=at)
    return EvseStatus(
        word=spelled,
        availability=meaning.availability,
        busy=meaning.busy,
        reserved=meaning.reserved,
        blocked=meaning.blocked,
        at=at,
    )


def one_word(status: EvseStatus) -> str:
    """Return the word of OCPI for a status, whatever protocol reported it."""
    if status.word in WORDS:
        return status.word
    if status.availability in _WORD_OF:
        return _WORD_OF[status.availability]
    if status.blocked:
        return "BLOCKED"
    if status.busy is Busy.OCCUPIED:
        return "CHARGING"
    if status.reserved:
        return "RESERVED"
    known = status.availability is Availability.IN_SERVICE and status.busy is Busy.FREE
    return "AVAILABLE" if known else "UNKNOWN"
