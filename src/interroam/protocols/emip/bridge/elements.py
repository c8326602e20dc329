"""Pools, stations, EVSEs and connectors by the ids that eMIP has for them (EMIP-20, EMIP-59).

A pool is a location and an EVSE an EVSE. A station is not an object of its own here, a connector is part of its EVSE:
what is stated of a station, and where a connector is, are kept in the register under their ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import msgspec

from interroam.core.documents import Documents
from interroam.core.hub import Hub
from interroam.core.ports import Query
from interroam.core.prompt import at_once
from interroam.core.refs import evse_ref, location_ref
from interroam.model.facts import Stored
from interroam.model.ids import Key, Kind, PartyId, evse_key, location_key
from interroam.model.places import Evse, EvseStatus
from interroam.protocols.emip.bridge.evses import evses_called, foremost, is_gone
from interroam.protocols.emip.rules.codes import ELEMENT_UNKNOWN, FOREIGN, MALFORMED, Declined
from interroam.protocols.emip.rules.ids import ElementId, Letter, element, named
from interroam.protocols.emip.translate.attributes import Attributes

STATIONS = "emip-station"
CONNECTORS = "emip-connector"
_MOST = 200
_PAGE = 500
_REMEMBERED = 100_000
"""So many ids of EVSEs as partners spell them are remembered with what they mean."""


class Station(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A station as its CPO stated it."""

    owner: PartyId
    id: str
    pool: str
    """The id of its location."""
    attributes: Attributes = ()
    status: EvseStatus | None = None

    @property
    def site(self) -> Key:
        """The key of its location."""
        return location_key(self.owner, self.pool)


class Spot(msgspec.Struct, frozen=True):
    """Where a connector is."""

    owner: PartyId
    pool: str
    evse: str

    @property
    def key(self) -> Key:
        """The key of its EVSE."""
        return evse_key(self.owner, self.pool, self.evse)


_S = TypeVar("_S", Station, Spot)


class _Made:
    """EVSEs of one operator whose own ids are none of eMIP, by those that we made of their names.

    They are read once, in order of creation, and whoever asks later goes on from there.
    """

    def __init__(self, hub: Hub, owner: PartyId) -> None:
        self._hub = hub
        self._owner = owner
        self._after = 0
        self._keys: dict[str, Key] = {}
        self._reading = asyncio.Lock()

    async def key(self, evse: ElementId) -> Key | None:
        """Return the key of the EVSE with this id."""
        async with self._reading:
            while evse.compared not in self._keys and await self._read():
                pass
        return self._keys.get(evse.compared)

    async def _read(self) -> bool:
        """Read one page; false when it held nothing."""
        owners = frozenset({self._owner})
        query = Query(kind=Kind.EVSE, owners=owners, after=self._after, total=0, limit=_PAGE)
        rows = (await self._hub.store.page(query)).items
        for row in rows:
            if isinstance(row.body, Evse):
                made = named(self._owner, Letter.EVSE, row.body.evse_id or row.body.uid)
                if not row.body.evse_id or evse_ref(str(made)) != evse_ref(row.body.evse_id):
                    self._keys[made.compared] = row.key
        if rows:
            self._after = rows[-1].no
        return bool(rows)


class Elements:
    """Finds what ids mean; whoever changes the register holds ``writing``."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stations = Documents(hub.store, STATIONS, Station)
        self._connectors = Documents(hub.store, CONNECTORS, Spot)
        self._made: dict[PartyId, _Made] = {}
        self._known: dict[tuple[PartyId, str], tuple[Key, str | None]] = {}
        self.writing = asyncio.Lock()

    # -- locations and EVSEs ---------------------------------------------------------------------------------------

    async def pool(self, owner: PartyId, text: str) -> Stored:
        """Return the location of a CPO that a pool's id means; Declined when there is none, or it is another's."""
        pool = parsed(text, Letter.POOL)
        for name in (pool.compared, str(pool), text.strip(), pool.instance):
            row = await self._hub.store.get(location_key(owner, name))
            if row is not None and not row.withdrawn:
                return row
        others = await self._hub.store.by_ref(location_ref(pool.compared), Kind.LOCATION, _MOST)
        raise _absent(f"pool {text}", owner, others, pool)

    async def evse(self, owner: PartyId, text: str) -> Stored:
        """Return the EVSE of a CPO with this id; Declined when there is none, or it is another's."""
        known = await self._same(owner, text)
        if known is not None:
            return known
        evse = parsed(text, Letter.EVSE)
        rows = [row for row in await self.evses(evse) if not row.withdrawn]
        own = sorted((row for row in rows if isinstance(row.body, Evse) and row.body.owner == owner), key=is_gone)
        if own:
            self._remember(owner, text, own[0])
            return own[0]
        raise _absent(f"EVSE {text}", owner, rows, evse)

    def known(self, owner: PartyId, text: str) -> Key | None:
        """Return the key of an EVSE that was found by this id, without waiting; None when it has to be looked for."""
        row = self._remembered(owner, text)
        if row is None and self._hub.store.prompt:
            row = at_once(self._same(owner, text))
        return None if row is None else row.key

    def at_hand(self, text: str) -> Evse | None:
        """Return the EVSE that an id means, where it was found by it before and memory holds it; else look for it."""
        try:
            wanted = element(text, Letter.EVSE)
        except ValueError:
            return None
        row = self._remembered(wanted.operator, text)
        return row.body if row is not None and isinstance(row.body, Evse) else None

    def _remembered(self, owner: PartyId, text: str) -> Stored | None:
        found = self._known.get((owner, text))
        row = None if found is None else self._hub.store.at_hand(found[0])
        return None if found is None or row is None or not _is_called(row, found[1]) else row

    async def _same(self, owner: PartyId, text: str) -> Stored | None:
        """Return the EVSE that was found by this id of this CPO, while it is still called the same."""
        found = self._known.get((owner, text))
        row = None if found is None else await self._hub.store.get(found[0])
        return None if found is None or row is None or not _is_called(row, found[1]) else row

    def _remember(self, owner: PartyId, text: str, row: Stored) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if isinstance(row.body, Evse):
            self._known[owner, text] = row.key, row.body.evse_id

    async def evses(self, evse: ElementId) -> list[Stored]:
        """Return the EVSEs with this id, whoever owns them: their own, or one that we made of their names."""
        found = await evses_called(self._hub, evse)
        if found:
            return found
        key = await self._made.setdefault(evse.operator, _Made(self._hub, evse.operator)).key(evse)
        row = await self._hub.store.get(key) if key is not None else None
        return [row] if row is not None else []

    async def named(self, text: str) -> Evse | None:
        """Return the EVSE that an id means, its operator's where several have it; None when there is none."""
        try:
            wanted = element(text, Letter.EVSE)
        except ValueError:
            return None
        same = await self._same(wanted.operator, text)
        if same is not None and isinstance(same.body, Evse):
            return same.body
        found = foremost(await self.evses(wanted), wanted)
        if found is None or not isinstance(found.body, Evse):
            return None
        if found.key.party == wanted.operator:
            self._remember(wanted.operator, text, found)
        return found.body

    # -- stations and connectors -----------------------------------------------------------------------------------

    async def station(self, owner: PartyId, text: str) -> Station:
        """Return a station of a CPO; Declined when there is none, or it is another's."""
        return await _own(parsed(text, Letter.STATION), owner, self.find_station)

    async def find_station(self, station: ElementId) -> Station | None:
        """Return a station, when there is one of this id."""
        return await self._stations.load(station.compared)

    async def connector(self, owner: PartyId, text: str) -> Spot:
        """Return where a connector of a CPO is; Declined when nowhere, or it is another's."""
        return await _own(parsed(text, Letter.CONNECTOR), owner, self.find_connector)

    async def find_connector(self, connector: ElementId) -> Spot | None:
        """Return where a connector is, when there is one of this id."""
        return await self._connectors.load(connector.compared)

    async def keep_station(self, station: Station) -> None:
        """Write a station."""
        await self._stations.save(station.id, station)

    async def keep_connector(self, connector: ElementId, spot: Spot) -> None:
        """Write where a connector is."""
        await self._connectors.save(connector.compared, spot)

    async def forget(self, element: ElementId) -> None:
        """Forget a station or a connector."""
        kept = self._stations if element.letter is Letter.STATION else self._connectors
        await kept.remove(element.compared)

    async def at_station(self, station: Station) -> list[Stored]:
        """Return the EVSEs of a station."""
        (rows,) = await self._hub.store.evses([station.site])
        return [
            row
            for row in rows
            if not row.withdrawn and isinstance(row.body, Evse) and row.body.station_id == station.id
        ]


async def _own(wanted: ElementId, owner: PartyId, find: Callable[[ElementId], Awaitable[_S | None]]) -> _S:
    found = await find(wanted)
    if found is None:
        raise Declined(ELEMENT_UNKNOWN, f"there is no {wanted.letter.name.lower()} {wanted} here")
    if found.owner != owner:
        raise Declined(FOREIGN, f"{wanted} is not of {owner}")
    return found


def _is_called(row: Stored, evse_id: str | None) -> bool:
    """Whether a row is that of an EVSE with this id; one that is gone may have left it to another."""
    return isinstance(row.body, Evse) and row.body.evse_id == evse_id and not is_gone(row)


def parsed(text: str, letter: Letter) -> ElementId:
    """Read the id of an element; Declined when it is none."""
    try:
        return element(text, letter)
    except ValueError as error:
        raise Declined(MALFORMED, str(error)) from None


async def each(rows: Iterable[Stored], tell: Callable[[Stored], Awaitable[object]]) -> None:
    """Tell something of each of these objects, side by side."""
    await asyncio.gather(*map(tell, rows))


def _absent(name: str, owner: PartyId, others: Iterable[Stored], wanted: ElementId) -> Declined:
    """Say why an element cannot be spoken of: it is another operator's, or nobody knows it (EMIP-20)."""
    if any(not row.withdrawn and row.key.party != owner for row in others):
        return Declined(FOREIGN, f"{name} is not of {owner}")
    return Declined(ELEMENT_UNKNOWN, f"there is no {name} here ({wanted})")
