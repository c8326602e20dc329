"""availabilityStatus and busyStatus ⇄ EvseStatus, half by half, and the one word of OCPI as two halves.

What eMIP cannot say of a status: that the EVSE is blocked (it is busy then), and why. What OCPI's one word cannot say:
that it is in service while nobody knows whether it is free (UNKNOWN then). The comments of a status stay in the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from interroam.core.rules.statuses import lapsed, with_availability, with_busy
from interroam.model.facts import Body, Change, Wire
from interroam.model.ids import Key
from interroam.model.places import Availability, Busy, Element, Evse, EvseStatus, Location

Meaning = TypeVar("Meaning")

UNSPECIFIED, IN_SERVICE, GONE = 0, 2, 4
_STATUS = frozenset({"status"})
_STATION = frozenset({"station_status"})
_CONNECTORS = frozenset({"connectors"})

# Sheet 3.8.
_AVAILABILITIES = {
    UNSPECIFIED: Availability.UNKNOWN,
    1: Availability.OUT_OF_SERVICE,
    IN_SERVICE: Availability.IN_SERVICE,
    3: Availability.PLANNED,
    GONE: Availability.REMOVED,
}
_AVAILABILITY_CODES = {meaning: code for code, meaning in _AVAILABILITIES.items()}
# Sheet 3.9: what is reserved is not used yet.
_USES = {0: (Busy.UNKNOWN, False), 1: (Busy.FREE, False), 2: (Busy.OCCUPIED, False), 3: (Busy.FREE, True)}
_WORST = (Availability.REMOVED, Availability.PLANNED, Availability.OUT_OF_SERVICE)


class Halves(msgspec.Struct, frozen=True, gc=False):
    """A status as eMIP says it: two numbers, each with its date and its end."""

    availability: int = UNSPECIFIED
    availability_at: datetime | None = None
    availability_until: datetime | None = None
    busy: int = UNSPECIFIED
    busy_at: datetime | None = None
    busy_until: datetime | None = None


# -- words -------------------------------------------------------------------------------------------------------------


def read_availability(code: int) -> Availability:
    """Read an availabilityStatus; ValueError for a number of no meaning."""
    return _read(_AVAILABILITIES, code, "availabilityStatus")


def write_availability(availability: Availability) -> int:
    """Write an availability."""
    return _AVAILABILITY_CODES[availability]


def read_busy(code: int) -> tuple[Busy, bool]:
    """Read a busyStatus: whether it is used, and whether it is reserved; ValueError for a number of no meaning."""
    return _read(_USES, code, "busyStatus")


def write_busy(status: EvseStatus) -> int:
    """Write how an EVSE is used; a blocked one is no more free than one in use."""
    if status.busy is Busy.OCCUPIED or status.blocked:
        return 2
    if status.reserved:
        return 3
    return 1 if status.busy is Busy.FREE else UNSPECIFIED


def halves(status: EvseStatus, now: datetime) -> Halves:
    """Return both halves of a status as they are now, whatever protocol it came in (EMIP-60)."""
    known = lapsed(status, now)
    one_by_one = status.availability_at is not None or status.busy_at is not None or not status.word
    return Halves(
        availability=write_availability(known.availability),
        availability_at=status.availability_at if one_by_one else status.at,
        availability_until=known.until,
        busy=write_busy(known),
        busy_at=status.busy_at if one_by_one else status.at,
        busy_until=known.busy_until,
    )


def _read(table: dict[int, Meaning], code: int, name: str) -> Meaning:
    try:
        return table[code]
    except KeyError:
        raise ValueError(f"{code} is no {name}") from None


# -- what is stated ----------------------------------------------------------------------------------------------------


def availability_change(key: Key, code: int, at: datetime, until: datetime | None = None) -> Change:
    """Make a change of one half: whether an EVSE is in service. What is older than that half changes nothing."""
    availability = read_availability(code)
    return _of_evse(key, at, lambda known: with_availability(known, availability, at, until))


def busy_change(key: Key, code: int, at: datetime, until: datetime | None = None) -> Change:
    """Make a change of the other half: whether an EVSE is used."""
    busy, reserved = read_busy(code)
    return _of_evse(key, at, lambda known: with_busy(known, busy, at, until, reserved=reserved))


def _of_evse(key: Key, at: datetime, change: Callable[[EvseStatus], EvseStatus]) -> Change:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Evse):
            return body, wire
        status = change(body.status)
        return (body if status is body.status else replace(body, status=status)), wire

    return Change(key, _STATUS, at, merge, own_time=True)


def element_status(
    known: EvseStatus | None, element: Element, code: int, at: datetime, until: datetime | None = None
) -> EvseStatus | None:
    """Return the status of a pool, a station or a connector: the newer of what is known and what is said."""
    if known is not None and known.at is not None and at < known.at:
        return known
    return EvseStatus(word=str(code), availability=read_availability(code), element=element, until=until, at=at)


def pool_change(key: Key, code: int, at: datetime, until: datetime | None = None) -> Change:
    """Make a change of what is said of a whole pool; its EVSEs keep their own statuses."""
    read_availability(code)

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Location):
            return body, wire
        return replace(body, status=element_status(body.status, Element.LOCATION, code, at, until)), wire

    return Change(key, _STATUS, at, merge, own_time=True)


def station_change(key: Key, code: int, at: datetime, until: datetime | None = None) -> Change:
    """Make a change of what is said of the station that an EVSE is part of."""
    read_availability(code)

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Evse):
            return body, wire
        return replace(body, station_status=element_status(body.station_status, Element.STATION, code, at, until)), wire

    return Change(key, _STATION, at, merge, own_time=True)


def connector_change(key: Key, connector: str, code: int, at: datetime, until: datetime | None = None) -> Change:
    """Make a change of what is said of one connector of an EVSE."""
    read_availability(code)
    wanted = connector.casefold()

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Evse):
            return body, wire
        connectors = tuple(
            replace(each, status=element_status(each.status, Element.CONNECTOR, code, at, until))
            if each.id.casefold() == wanted
            else each
            for each in body.connectors
        )
        return replace(body, connectors=connectors), wire

    return Change(key, _CONNECTORS, at, merge, own_time=True)


# -- what is shown -----------------------------------------------------------------------------------------------------


def usability(location: Location, evse: Evse, now: datetime) -> tuple[int, datetime | None] | None:
    """Return whether an EVSE can be used with all that is said of its pool, station and connectors, and until when.

    None where nothing is said of anything but the EVSE. Of its connectors one that can be used is enough.
    """
    around = [one for one in (location.status, evse.station_status, _best(evse, now)) if one is not None]
    if not around:
        return None
    told = [lapsed(one, now) for one in (*around, evse.status)]
    for worst in _WORST:
        ends = [one.until for one in told if one.availability is worst]
        if ends:
            return write_availability(worst), (None if None in ends else max(end for end in ends if end is not None))
    return write_availability(told[-1].availability), told[-1].until


def _best(evse: Evse, now: datetime) -> EvseStatus | None:
    """Return the status of the connector that can be used best, where every one of them has one."""
    told = [lapsed(one.status, now) for one in evse.connectors if one.status is not None]
    if not told or len(told) < len(evse.connectors):
        return None
    return min(told, key=_badness)


def _badness(status: EvseStatus) -> int:
    return _WORST[::-1].index(status.availability) if status.availability in _WORST else -1
