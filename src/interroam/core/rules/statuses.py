"""The one-word status of OCPI, and what it says of availability and use: one table for every room. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

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


# -- halves ------------------------------------------------------------------------------------------------------------


def with_availability(
    status: EvseStatus, availability: Availability, at: datetime, until: datetime | None = None
) -> EvseStatus:
    """Return a status with this availability since then; as it is, where something newer was said of that half."""
    known = _halved(status)
    if known.availability_at is not None and at < known.availability_at:
        return status
    return _worded(replace(known, availability=availability, until=until, availability_at=at), at)


def with_busy(
    status: EvseStatus, busy: Busy, at: datetime, until: datetime | None = None, *, reserved: bool = False
) -> EvseStatus:
    """Return a status with this use since then; as it is, where something newer was said of that half."""
    known = _halved(status)
    if known.busy_at is not None and at < known.busy_at:
        return status
    return _worded(replace(known, busy=busy, reserved=reserved, busy_until=until, busy_at=at), at)


def next_end(status: EvseStatus) -> datetime | None:
    """Return when a half of a status ends first; None when neither does."""
    if status.until is None or status.busy_until is None:
        return status.until or status.busy_until
    return min(status.until, status.busy_until)


def lapsed(status: EvseStatus, now: datetime) -> EvseStatus:
    """Return a status without the halves whose time is over: nothing is known of them any more."""
    if status.until is not None and status.until <= now:
        status = replace(status, availability=Availability.UNKNOWN, until=None)
    if status.busy_until is not None and status.busy_until <= now:
        status = replace(status, busy=Busy.UNKNOWN, reserved=False, busy_until=None)
    return _worded(status, status.at)


def _halved(status: EvseStatus) -> EvseStatus:
    """Return a status whose halves have a time each, where both were stated as one word; an unknown one has none."""
    if status.availability_at is not None or status.busy_at is not None or one_word(status) == "UNKNOWN":
        return status
    return replace(status, availability_at=status.at, busy_at=status.at)


def _worded(status: EvseStatus, at: datetime | None) -> EvseStatus:
    newest = at if status.at is None or (at is not None and at > status.at) else status.at
    return replace(status, word=one_word(replace(status, word="")), at=newest)
