"""What becomes of a place on its way to the platform: descriptions and statuses, each only where something is new.

- A status goes as soon as it is known, one message for each half that changed (EMIP-53). Of pools, stations and
  connectors no statuses are sent, so an outage of a whole site is one status for each of its EVSEs (EMIP-54).
- Descriptions go where the platform takes them: what is new from the pool down to the connectors, what changed from
  the connectors up to the pool, and so what is gone (EMIP-57, EMIP-129).
- A message that is refused does not keep the others back; the first refusal is reported at the end (EMIP-48).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.errors import Refused
from interroam.model.facts import Act, Entry, Stored
from interroam.model.ids import Key, Kind
from interroam.model.places import Availability, Evse, EvseStatus, Location
from interroam.protocols.emip.bridge.evses import namesakes, successors
from interroam.protocols.emip.cpo.ledger import Ledger, Said, Site
from interroam.protocols.emip.cpo.sending import Message, Sending
from interroam.protocols.emip.rules.ids import Letter
from interroam.protocols.emip.translate.descriptions import Described, described, digest
from interroam.protocols.emip.translate.evses import evse_id
from interroam.protocols.emip.translate.statuses import UNSPECIFIED, halves
from interroam.protocols.emip.translate.tokens import DELETE, INSERT, UPDATE
from interroam.protocols.emip.wire import to_iop
from interroam.protocols.emip.wire.types import EMI3, ToIop

_STATUS = frozenset({"status"})
_STATIC: Mapping[Letter, tuple[type[ToIop], str]] = {
    Letter.POOL: (to_iop.SetChargingPoolStaticData, "charging_pool_id"),
    Letter.STATION: (to_iop.SetChargingStationStaticData, "charging_station_id"),
    Letter.EVSE: (to_iop.SetEVSEStaticData, "evse_id"),
    Letter.CONNECTOR: (to_iop.SetChargingConnectorStaticData, "charging_connector_id"),
}
_INSIDE = frozenset({Letter.EVSE, Letter.CONNECTOR})
_DOWN = (Letter.POOL, Letter.STATION, Letter.EVSE, Letter.CONNECTOR)


class Places:
    """Tells one platform of the places of this node's CPOs."""

    def __init__(self, hub: Hub, ledger: Ledger, sending: Sending, *, descriptions: bool) -> None:
        self._hub = hub
        self._ledger = ledger
        self._sending = sending
        self._descriptions = descriptions

    async def deliver(self, entry: Entry) -> None:
        """Deliver what an entry says of a place."""
        refusals: list[Refused] = []
        if entry.key.kind is Kind.EVSE and entry.act is Act.CHANGE and entry.fields == _STATUS:
            refusals += await self._status(entry, await self._evse(entry))
        else:
            refusals += await self._site(entry)
        if refusals:
            raise refusals[0]

    async def _evse(self, entry: Entry) -> Stored:
        """Return an EVSE as the entry has it, else as it is now."""
        stored = await self._known(entry.key)
        return replace(stored, body=entry.body, version=entry.seq) if isinstance(entry.body, Evse) else stored

    async def _known(self, key: Key) -> Stored:
        stored = await self._hub.store.get(key)
        if stored is None:  # an entry is never without its row
            raise LookupError(str(key))
        return stored

    # -- a site with all that is in it -----------------------------------------------------------------------------

    async def _site(self, entry: Entry) -> list[Refused]:
        site = await self._known(Key(Kind.LOCATION, entry.key.owner, entry.key.id))
        (rows,) = await self._hub.store.evses([site.key])
        refusals = await self._describe(entry, site, rows) if self._descriptions else []
        wanted = rows if entry.key.kind is Kind.LOCATION else [row for row in rows if row.key == entry.key]
        for row in wanted:
            if row.key == entry.key and isinstance(entry.body, Evse):
                row = await self._evse(entry)  # noqa: PLW2901  as it was stated then
            refusals += await self._status(entry, row, gone=site.withdrawn or row.withdrawn)
        return refusals

    async def _describe(self, entry: Entry, site: Stored, rows: Sequence[Stored]) -> list[Refused]:
        """Upload what is new of a description, element by element; what was taken is remembered at once."""
        known = await self._ledger.site(self._sending.partner, site.hub_id)
        evses = [row.body for row in rows if isinstance(row.body, Evse) and not row.withdrawn and not row.body.removed]
        gone = [row.body for row in rows if isinstance(row.body, Evse) and (row.withdrawn or row.body.removed)]
        place = site.body if isinstance(site.body, Location) and not site.withdrawn else None
        elements = described(place, evses) if place is not None else ()
        at = entry.at
        if place is not None:
            at = max([place.last_updated, *(one.rest_at or one.last_updated for one in evses)])
            at = max([at, *(one.last_updated for one in gone)])  # nothing goes before it was there
        new = {one.id for one in elements} - known.elements.keys()
        refusals = await self._leave(entry, site, [one for one in evses if evse_id(one) in new], new, at)
        return refusals + await self._upload(entry, site, known, _steps(known, elements), at)

    async def _leave(
        self, entry: Entry, site: Stored, comers: Iterable[Evse], new: Collection[str], at: datetime
    ) -> list[Refused]:
        """Delete from other sites what is in this one now: an element moves by being deleted and inserted."""
        refusals: list[Refused] = []
        for evse in comers:
            for row in await namesakes(self._hub, evse):
                if row.key.id != site.key.id:
                    former = await self._known(Key(Kind.LOCATION, row.key.owner, row.key.id))
                    left = await self._ledger.site(self._sending.partner, former.hub_id)
                    moved = [Described.gone(name) for name in left.elements if name in new]
                    steps = [(DELETE, one) for one in _upward(moved) if one.letter in _INSIDE]
                    refusals += await self._upload(entry, former, left, steps, at)
        return refusals

    async def _upload(
        self, entry: Entry, site: Stored, known: Site, steps: Iterable[tuple[int, Described]], at: datetime
    ) -> list[Refused]:
        refusals: list[Refused] = []
        for action, element in steps:
            message = _statement(action, element, at)
            try:
                await self._sending.send(entry, message)
            except Refused as no:
                refusals.append(no)
                continue
            kept = {name: value for name, value in known.elements.items() if name != element.id}
            known = Site(kept if action == DELETE else {**kept, element.id: digest(element)})
            await self._ledger.keep_site(self._sending.partner, site.hub_id, known)
        return refusals

    # -- statuses --------------------------------------------------------------------------------------------------

    async def _status(self, entry: Entry, row: Stored, *, gone: bool = False) -> list[Refused]:
        """Send the halves of a status that the platform was not told of; both when all is to be told anew."""
        evse = row.body
        if not isinstance(evse, Evse):
            return []
        if (gone or evse.removed) and await successors(self._hub, evse):
            return []  # its id is another's now, and what is said of that is no end
        if gone:
            evse = replace(evse, status=EvseStatus("REMOVED", Availability.REMOVED, at=entry.at))
        anew = bool(not entry.seq and entry.correlation)
        known = await self._ledger.said_of(self._sending.partner, row.hub_id)
        refusals: list[Refused] = []
        for message, said in _halves(evse, known, entry.at, anew=anew):
            try:
                await self._sending.send(entry, message)
            except Refused as no:
                refusals.append(no)
                continue
            known = msgspec.structs.replace(known, **said)
            await self._ledger.keep_said(self._sending.partner, row.hub_id, known)
        return refusals


def _halves(evse: Evse, known: Said, now: datetime, *, anew: bool) -> Iterable[tuple[Message, Mapping[str, Any]]]:
    """Return the messages of the halves that are new, each with what the platform knows after it."""
    status = halves(evse.status, now)
    at = evse.status.at or now
    name = evse_id(evse)
    availability = {"availability": status.availability, "availability_until": status.availability_until}
    if anew or (known.availability, known.availability_until) != tuple(availability.values()):
        yield (
            Message(
                to_iop.SetEVSEAvailabilityStatus,
                evse.owner,
                evse_id=name,
                status_event_date=status.availability_at or at,
                availability_status=status.availability,
                availability_status_until=status.availability_until,
            ),
            availability,
        )
    busy = {"busy": status.busy, "busy_until": status.busy_until}
    # Out of order says nothing of the use: there is no message about what nobody said.
    told = status.busy != UNSPECIFIED or (status.availability == UNSPECIFIED and known.busy is not None)
    if anew or (told and (known.busy, known.busy_until) != tuple(busy.values())):
        yield (
            Message(
                to_iop.SetEVSEBusyStatus,
                evse.owner,
                evse_id=name,
                status_event_date=status.busy_at or at,
                busy_status=status.busy,
                busy_status_until=status.busy_until,
            ),
            busy,
        )


def _steps(known: Site, elements: Sequence[Described]) -> Iterable[tuple[int, Described]]:
    """Return what is to be uploaded, in the order it has to go (EMIP-57)."""
    down = sorted(elements, key=lambda one: _DOWN.index(one.letter))
    yield from ((INSERT, one) for one in down if one.id not in known.elements)
    up = down[::-1]
    yield from ((UPDATE, one) for one in up if known.elements.get(one.id, digest(one)) != digest(one))
    named_now = {one.id for one in elements}
    gone = [Described.gone(name) for name in known.elements if name not in named_now]
    yield from ((DELETE, one) for one in _upward(gone))


def _upward(elements: Iterable[Described]) -> list[Described]:
    return sorted(elements, key=lambda one: -_DOWN.index(one.letter))


def _statement(action: int, element: Described, at: datetime) -> Message:
    form, name = _STATIC[element.letter]
    parent = {"parent_id_type": EMI3, "parent_id": element.parent} if element.parent and action != DELETE else {}
    told = tuple(one for one in element.attributes if one.attribute_value or action == UPDATE)
    return Message(
        form,
        element.owner,
        **{name: element.id},
        action_type=action,
        action_date_time=at,
        attribute_list=told if action != DELETE else None,
        **parent,
    )
